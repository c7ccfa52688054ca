"""What people set for themselves, and whom they asked about last"""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'personal_setting',
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('remind_at', sa.String(), nullable=True),
        sa.Column('muted', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('person_id', name=op.f('pk_personal_setting')),
    )
    op.create_table(
        'asked_customer',
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['customer_id'],
            ['customer.id'],
            name=op.f('fk_asked_customer_customer_id_customer'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('person_id', 'customer_id', name=op.f('pk_asked_customer')),
    )
    op.create_index(op.f('ix_asked_customer_customer_id'), 'asked_customer', ['customer_id'])


def downgrade() -> None:
    op.drop_table('asked_customer')
    op.drop_table('personal_setting')
