"""Messages that show complaints"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'complaint_message',
        sa.Column('outbox_id', sa.Integer(), nullable=False),
        sa.Column('complaint_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['complaint_id'],
            ['complaint.id'],
            name=op.f('fk_complaint_message_complaint_id_complaint'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['outbox_id'], ['outbox.id'], name=op.f('fk_complaint_message_outbox_id_outbox'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('outbox_id', 'complaint_id', name=op.f('pk_complaint_message')),
    )
    op.create_index(op.f('ix_complaint_message_complaint_id'), 'complaint_message', ['complaint_id'])


def downgrade() -> None:
    op.drop_table('complaint_message')
