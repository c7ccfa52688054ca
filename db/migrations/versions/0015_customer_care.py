"""What care was planned for each customer by, and when to look at it again"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

LOOK = sa.text('look_at IS NOT NULL')
TROUBLE = sa.text('trouble IS NOT NULL')


def upgrade() -> None:
    op.create_table(
        'customer_care',
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('tier', sa.String(), nullable=True),
        sa.Column('scheme_version_id', sa.Integer(), nullable=True),
        sa.Column('gates', sa.String(), nullable=True),
        sa.Column('credit', sa.String(), nullable=True),
        sa.Column('lifecycle', sa.String(), nullable=True),
        sa.Column('quadrant', sa.String(), nullable=True),
        sa.Column('rfm', sa.String(), nullable=True),
        sa.Column('owed_since', sa.String(), nullable=True),
        sa.Column('look_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('trouble', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ['customer_id'],
            ['customer.id'],
            name=op.f('fk_customer_care_customer_id_customer'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_customer_care')),
    )
    op.create_index(
        'ix_customer_care_look_at', 'customer_care', ['look_at'], sqlite_where=LOOK, postgresql_where=LOOK
    )
    op.create_index(
        'ix_customer_care_trouble',
        'customer_care',
        ['customer_id'],
        sqlite_where=TROUBLE,
        postgresql_where=TROUBLE,
    )


def downgrade() -> None:
    op.drop_table('customer_care')
