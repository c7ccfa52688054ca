"""Scores of satisfaction surveys"""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None

IS_LOW = sa.text('follow_up_from IS NOT NULL')
OF_SOMEBODY = sa.text('contact_person_id IS NOT NULL')


def upgrade() -> None:
    op.create_table(
        'survey_score',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('batch_id', sa.Integer(), nullable=True),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('activity_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('external_id', sa.String(), nullable=False),
        sa.Column('answered_on', sa.Date(), nullable=False),
        sa.Column('score', sa.String(), nullable=False),
        sa.Column('scale', sa.String(), nullable=False),
        sa.Column('value', sa.String(), nullable=False),
        sa.Column('contact_person_id', sa.Integer(), nullable=True),
        sa.Column('follow_up_from', sa.Date(), nullable=True),
        sa.Column('follow_up_until', sa.Date(), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'], name=op.f('fk_survey_score_customer_id_customer')
        ),
        sa.ForeignKeyConstraint(
            ['activity_id'], ['activity.id'], name=op.f('fk_survey_score_activity_id_activity')
        ),
        sa.ForeignKeyConstraint(
            ['contact_person_id'],
            ['contact_person.id'],
            name=op.f('fk_survey_score_contact_person_id_contact_person'),
            ondelete='SET NULL',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_survey_score')),
        sa.UniqueConstraint('source', 'external_id', name=op.f('uq_survey_score_source_external_id')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_survey_score_batch_id'), 'survey_score', ['batch_id'])
    op.create_index('uq_survey_score_activity_id', 'survey_score', ['activity_id'], unique=True)
    op.create_index('ix_survey_score_customer_day', 'survey_score', ['customer_id', 'answered_on'])
    for name, columns, where in (
        ('ix_survey_score_low', ['customer_id'], IS_LOW),
        ('ix_survey_score_contact_person', ['contact_person_id'], OF_SOMEBODY),
    ):
        op.create_index(name, 'survey_score', columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table('survey_score')
