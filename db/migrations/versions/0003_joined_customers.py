"""Customers that were joined into another one"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In SQL, because a batch would copy the table on SQLite; both databases take this.
    op.execute('ALTER TABLE customer ADD COLUMN joined_into INTEGER'
        ' CONSTRAINT fk_customer_joined_into_customer REFERENCES customer (id)')
    op.create_index('ix_customer_joined_into', 'customer', ['joined_into'], unique=False,
        sqlite_where=sa.text('joined_into IS NOT NULL'), postgresql_where=sa.text('joined_into IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('ix_customer_joined_into', table_name='customer')
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_column('joined_into')
