"""Customer profiles"""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0027'
branch_labels = None
depends_on = None

PRESENT = sa.text('superseded_at IS NULL')


def upgrade() -> None:
    op.create_table(
        'trait',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('batch_id', sa.Integer(), nullable=True),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('field', sa.String(), nullable=False),
        sa.Column('value', sa.String(), nullable=False),
        sa.Column('as_of', sa.Date(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('author', sa.String(), nullable=True),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('superseded_by_batch', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_trait_customer_id_customer')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_trait')),
    )
    op.create_index(op.f('ix_trait_batch_id'), 'trait', ['batch_id'])
    op.create_index(op.f('ix_trait_customer_id'), 'trait', ['customer_id'])
    op.create_index(op.f('ix_trait_superseded_by_batch'), 'trait', ['superseded_by_batch'])
    present = {'sqlite_where': PRESENT, 'postgresql_where': PRESENT}
    op.create_index('ix_trait_value', 'trait', ['field', 'value', 'customer_id'], **present)


def downgrade() -> None:
    op.drop_table('trait')
