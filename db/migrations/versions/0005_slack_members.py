"""What Slack says of people: their workspace, whether they are members, their time zone and language"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

WORDS = ('slack_team', 'slack_status', 'slack_timezone', 'slack_language')


def upgrade() -> None:
    # Nobody has been checked yet: each person is, before the binding counts.
    for name in WORDS:
        op.add_column('person', sa.Column(name, sa.String(), nullable=True))
    op.add_column('person', sa.Column('slack_checked_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        for name in (*WORDS, 'slack_checked_at'):
            batch_op.drop_column(name)
