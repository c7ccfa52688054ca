"""The regions, industries and countries of customers, each by an index"""

from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ('region', 'industry', 'country'):
        op.create_index(f'ix_customer_{column}', 'customer', [column])


def downgrade() -> None:
    for column in ('region', 'industry', 'country'):
        op.drop_index(f'ix_customer_{column}', table_name='customer')
