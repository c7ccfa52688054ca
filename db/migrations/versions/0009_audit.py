"""The audit, and who approved an override"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'audit_entry',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('operator', sa.String(), nullable=True),
        sa.Column('door', sa.String(), nullable=False),
        sa.Column('action', sa.String(), nullable=False),
        sa.Column('object_kind', sa.String(), nullable=False),
        sa.Column('object_id', sa.String(), nullable=True),
        sa.Column('before', sa.String(), nullable=True),
        sa.Column('after', sa.String(), nullable=True),
        sa.Column('hash', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry')),
    )
    op.create_index('ix_audit_entry_actor', 'audit_entry', ['actor'])
    op.create_index('ix_audit_entry_object', 'audit_entry', ['object_kind', 'object_id'])
    op.add_column('tier_override', sa.Column('approver_id', sa.Integer(), nullable=True))
    op.add_column(
        'tier_override', sa.Column('approved_alone', sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column('tier_override', 'approved_alone')
    op.drop_column('tier_override', 'approver_id')
    op.drop_table('audit_entry')
