"""Marks of erased customers and people"""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The audit names customers by number: SQLite must not give the number of an erased one to another.
    if op.get_context().dialect.name == 'sqlite':
        with op.batch_alter_table('customer', recreate='always', table_kwargs={'sqlite_autoincrement': True}):
            pass
    op.create_table(
        'tombstone',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('hash', sa.String(), nullable=False),
        sa.Column('salt', sa.String(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('erasure', sa.String(), nullable=False),
        sa.Column('what', sa.String(), nullable=False),
        sa.Column('erased_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_tombstone')),
        sa.UniqueConstraint('hash', name=op.f('uq_tombstone_hash')),
    )
    op.create_index(op.f('ix_tombstone_erasure'), 'tombstone', ['erasure'])


def downgrade() -> None:
    op.drop_table('tombstone')
