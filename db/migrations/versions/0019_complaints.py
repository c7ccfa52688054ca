"""Complaints of customers, and the steps taken about them"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

OPEN = sa.text('closed_on IS NULL')


def upgrade() -> None:
    op.create_table(
        'complaint',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('batch_id', sa.Integer(), nullable=True),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('activity_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('external_id', sa.String(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('reported_by', sa.String(), nullable=True),
        sa.Column('handler_id', sa.Integer(), nullable=True),
        sa.Column('deadline', sa.Date(), nullable=True),
        sa.Column('told', sa.Integer(), nullable=False),
        sa.Column('closed_on', sa.Date(), nullable=True),
        sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('closed_by', sa.Integer(), nullable=True),
        sa.Column('outcome', sa.String(), nullable=True),
        sa.Column('agreed', sa.String(), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'], name=op.f('fk_complaint_customer_id_customer')
        ),
        sa.ForeignKeyConstraint(
            ['activity_id'], ['activity.id'], name=op.f('fk_complaint_activity_id_activity')
        ),
        sa.ForeignKeyConstraint(['handler_id'], ['person.id'], name=op.f('fk_complaint_handler_id_person')),
        sa.ForeignKeyConstraint(['closed_by'], ['person.id'], name=op.f('fk_complaint_closed_by_person')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_complaint')),
        sa.UniqueConstraint('source', 'external_id', name=op.f('uq_complaint_source_external_id')),
    )
    op.create_index(op.f('ix_complaint_batch_id'), 'complaint', ['batch_id'])
    op.create_index('ix_complaint_customer_id', 'complaint', ['customer_id'])
    op.create_index('uq_complaint_activity_id', 'complaint', ['activity_id'], unique=True)
    for name, columns in (
        ('ix_complaint_open', ['customer_id', 'deadline']),
        ('ix_complaint_told', ['told', 'deadline']),
    ):
        op.create_index(name, 'complaint', columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        'complaint_step',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('complaint_id', sa.Integer(), nullable=False),
        sa.Column('taken_on', sa.Date(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=True),
        sa.Column('text', sa.String(), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['complaint_id'], ['complaint.id'], name=op.f('fk_complaint_step_complaint_id_complaint')
        ),
        sa.ForeignKeyConstraint(
            ['person_id'], ['person.id'], name=op.f('fk_complaint_step_person_id_person')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_complaint_step')),
    )
    op.create_index(op.f('ix_complaint_step_complaint_id'), 'complaint_step', ['complaint_id'])


def downgrade() -> None:
    op.drop_table('complaint_step')
    op.drop_table('complaint')
