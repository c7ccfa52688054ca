"""Gifts to customers and contact people"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

TO_SOMEBODY = sa.text('contact_person_id IS NOT NULL')


def upgrade() -> None:
    op.create_table(
        'gift',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('batch_id', sa.Integer(), nullable=True),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('contact_person_id', sa.Integer(), nullable=True),
        sa.Column('activity_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('external_id', sa.String(), nullable=False),
        sa.Column('given_on', sa.Date(), nullable=False),
        sa.Column('what', sa.String(), nullable=True),
        sa.Column('value', sa.BigInteger(), nullable=False),
        sa.Column('currency', sa.String(), nullable=False),
        sa.Column('occasion', sa.String(), nullable=True),
        sa.Column('giver_id', sa.Integer(), nullable=True),
        sa.Column('owner_id', sa.Integer(), nullable=True),
        sa.Column('recorded_by', sa.Integer(), nullable=True),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_gift_customer_id_customer')),
        sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_gift_activity_id_activity')),
        sa.ForeignKeyConstraint(['giver_id'], ['person.id'], name=op.f('fk_gift_giver_id_person')),
        sa.ForeignKeyConstraint(['owner_id'], ['person.id'], name=op.f('fk_gift_owner_id_person')),
        sa.ForeignKeyConstraint(['recorded_by'], ['person.id'], name=op.f('fk_gift_recorded_by_person')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_gift')),
        sa.UniqueConstraint('source', 'external_id', name=op.f('uq_gift_source_external_id')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_gift_batch_id'), 'gift', ['batch_id'])
    op.create_index('uq_gift_activity_id', 'gift', ['activity_id'], unique=True)
    op.create_index('ix_gift_customer_day', 'gift', ['customer_id', 'given_on'])
    op.create_index('ix_gift_owner_day', 'gift', ['owner_id', 'given_on'])
    op.create_index(
        'ix_gift_contact_person',
        'gift',
        ['contact_person_id'],
        sqlite_where=TO_SOMEBODY,
        postgresql_where=TO_SOMEBODY,
    )


def downgrade() -> None:
    op.drop_table('gift')
