"""Customers that are handed over"""

import sqlalchemy as sa
from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None

PLANNED = sa.text("state = 'planned'")


def upgrade() -> None:
    op.create_table(
        'handover',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('external_id', sa.String(), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('from_id', sa.Integer(), nullable=True),
        sa.Column('to_id', sa.Integer(), nullable=False),
        sa.Column('starts_on', sa.Date(), nullable=False),
        sa.Column('note', sa.String(), nullable=True),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('recorded_by', sa.Integer(), nullable=True),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'], name=op.f('fk_handover_customer_id_customer')
        ),
        sa.ForeignKeyConstraint(['from_id'], ['person.id'], name=op.f('fk_handover_from_id_person')),
        sa.ForeignKeyConstraint(['to_id'], ['person.id'], name=op.f('fk_handover_to_id_person')),
        sa.ForeignKeyConstraint(['recorded_by'], ['person.id'], name=op.f('fk_handover_recorded_by_person')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_handover')),
        sa.UniqueConstraint('source', 'external_id', name=op.f('uq_handover_source_external_id')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_handover_customer_id'), 'handover', ['customer_id'])
    planned = {'sqlite_where': PLANNED, 'postgresql_where': PLANNED}
    op.create_index('uq_handover_planned', 'handover', ['customer_id'], unique=True, **planned)


def downgrade() -> None:
    op.drop_table('handover')
