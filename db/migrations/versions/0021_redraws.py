"""Messages in Slack that have to be drawn again"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'redraw',
        sa.Column('outbox_id', sa.Integer(), nullable=False),
        sa.Column('mark', sa.String(), nullable=False),
        sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['outbox_id'], ['outbox.id'], name=op.f('fk_redraw_outbox_id_outbox'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('outbox_id', 'mark', name=op.f('pk_redraw')),
    )


def downgrade() -> None:
    op.drop_table('redraw')
