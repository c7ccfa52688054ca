"""Contact people at customers"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'contact_person',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('batch_id', sa.Integer(), nullable=True),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('external_id', sa.String(), nullable=True),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('role', sa.String(), nullable=True),
        sa.Column('channel', sa.String(), nullable=True),
        sa.Column('email', sa.String(), nullable=True),
        sa.Column('phone', sa.String(), nullable=True),
        sa.Column('language', sa.String(), nullable=True),
        sa.Column('zone', sa.String(), nullable=True),
        sa.Column('country', sa.String(), nullable=True),
        sa.Column('culture', sa.String(), nullable=True),
        sa.Column('birthday', sa.String(), nullable=True),
        sa.Column('greetings', sa.String(), nullable=False),
        sa.Column('do_not_contact', sa.Boolean(), nullable=False),
        sa.Column('interests', sa.String(), nullable=True),
        sa.Column('note', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'], name=op.f('fk_contact_person_customer_id_customer')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_person')),
        sa.UniqueConstraint('source', 'external_id', name=op.f('uq_contact_person_source_external_id')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_contact_person_batch_id'), 'contact_person', ['batch_id'])
    op.create_index(op.f('ix_contact_person_customer_id'), 'contact_person', ['customer_id'])


def downgrade() -> None:
    op.drop_table('contact_person')
