"""The ids of channels that are written by name"""

import re
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = op.create_table('channel_name',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('channel_id', sa.String(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_channel_name'))
    )
    connection = op.get_bind()
    _write_with_number_sign(connection)
    # A name means the channel that its newest message went to.
    sent = connection.execute(sa.text(
        "SELECT channel, slack_channel, max(id) AS newest FROM outbox WHERE channel LIKE '#%'"
        " AND slack_channel IS NOT NULL GROUP BY channel, slack_channel ORDER BY newest"))
    known = {row.channel: row.slack_channel for row in sent}
    now = datetime.now(UTC).replace(tzinfo=None if connection.dialect.name == 'sqlite' else UTC)
    if known:
        connection.execute(names.insert(), [
            {'name': name, 'channel_id': channel, 'recorded_at': now} for name, channel in known.items()])


def _write_with_number_sign(connection: sa.Connection) -> None:
    """#managers for managers, Managers and #Managers, as the code writes a channel's name from now on."""
    for table in ('team', 'outbox'):
        for (old,) in connection.execute(sa.text(f'SELECT DISTINCT channel FROM {table} WHERE channel IS NOT NULL')).all():
            name = '#' + old.strip().lstrip('#').lower()
            if name == old or re.fullmatch('[A-Z][A-Z0-9]+', old.strip()):
                continue
            connection.execute(sa.text(f'UPDATE {table} SET channel = :name WHERE channel = :old'), {'name': name, 'old': old})
    connection.execute(sa.text(
        "UPDATE outbox SET address = 'channel:' || channel WHERE channel LIKE '#%' AND address <> 'channel:' || channel"))


def downgrade() -> None:
    op.drop_table('channel_name')
