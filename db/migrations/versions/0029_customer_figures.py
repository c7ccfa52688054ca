"""Figures of each account: rhythm, money, value at risk, what it owes"""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'customer_figures',
        sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('as_of', sa.Date(), nullable=False),
        sa.Column('last_order', sa.Date(), nullable=True),
        sa.Column('usual_gap_days', sa.Float(), nullable=True),
        sa.Column('order_days', sa.Integer(), nullable=False, server_default='0'),
        sa.Column('order_days_24m', sa.Integer(), nullable=False, server_default='0'),
        sa.Column('watch_from', sa.Date(), nullable=True),
        sa.Column('at_risk_from', sa.Date(), nullable=True),
        sa.Column('currency', sa.String(), nullable=True),
        sa.Column('revenue', sa.BigInteger(), nullable=True),
        sa.Column('revenue_before', sa.BigInteger(), nullable=True),
        sa.Column('margin', sa.BigInteger(), nullable=True),
        sa.Column('margin_before', sa.BigInteger(), nullable=True),
        sa.Column('basis', sa.String(), nullable=False, server_default='revenue'),
        sa.Column('order_value', sa.BigInteger(), nullable=True),
        sa.Column('worth', sa.BigInteger(), nullable=False, server_default='0'),
        sa.Column('fall', sa.BigInteger(), nullable=False, server_default='0'),
        sa.Column('owed_currency', sa.String(), nullable=True),
        sa.Column('exposure', sa.BigInteger(), nullable=True),
        sa.Column('overdue', sa.BigInteger(), nullable=True),
        sa.Column('oldest_due', sa.Date(), nullable=True),
        sa.Column('approved_limit', sa.BigInteger(), nullable=True),
        sa.Column('limit_currency', sa.String(), nullable=True),
        sa.Column('stale', sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.ForeignKeyConstraint(
            ['customer_id'],
            ['customer.id'],
            name=op.f('fk_customer_figures_customer_id_customer'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_customer_figures')),
    )
    table = 'customer_figures'
    op.create_index('ix_customer_figures_worth', table, ['worth', 'watch_from'])
    op.create_index('ix_customer_figures_last_order', table, ['last_order'])
    op.create_index('ix_customer_figures_revenue', table, ['revenue'])
    for name, columns, where in (
        ('ix_customer_figures_fall', ['fall', 'watch_from'], sa.text('fall > 0')),
        ('ix_customer_figures_stale', ['customer_id'], sa.text('stale')),
    ):
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table('customer_figures')
