"""The weeks of which managers were told, and indexes to count a week by"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'weekly_report',
        sa.Column('team_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('first_day', sa.Date(), nullable=False),
        sa.Column('outbox_id', sa.Integer(), nullable=True),
        sa.Column('unattended', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['outbox_id'], ['outbox.id'], name=op.f('fk_weekly_report_outbox_id_outbox'), ondelete='SET NULL'
        ),
        sa.PrimaryKeyConstraint('team_id', 'first_day', name=op.f('pk_weekly_report')),
    )
    op.create_index(op.f('ix_weekly_report_outbox_id'), 'weekly_report', ['outbox_id'])
    for name, table, column, where in INDEXES:
        condition = sa.text(where)
        op.create_index(name, table, [column], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table)
    op.drop_table('weekly_report')


INDEXES = (
    ('ix_touch_closed', 'touch', 'closed_at', 'closed_at IS NOT NULL'),
    ('ix_touch_message_reported', 'touch_message', 'outbox_id', "role IN ('manager', 'group')"),
)
