"""Notes that are read again, and briefs the evening before a visit"""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

NOTED = sa.text('note IS NOT NULL')


def upgrade() -> None:
    op.create_table(
        'note_version',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('activity_id', sa.Integer(), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('happened_on', sa.Date(), nullable=False),
        sa.Column('note', sa.String(), nullable=True),
        sa.Column('person_id', sa.Integer(), nullable=True),
        sa.Column('changed_by', sa.Integer(), nullable=True),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('taken_back', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'], name=op.f('fk_note_version_customer_id_customer')
        ),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_note_version_person_id_person')),
        sa.ForeignKeyConstraint(
            ['changed_by'], ['person.id'], name=op.f('fk_note_version_changed_by_person')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_note_version')),
    )
    op.create_index(op.f('ix_note_version_activity_id'), 'note_version', ['activity_id'])
    op.create_index(op.f('ix_note_version_customer_id'), 'note_version', ['customer_id'])
    noted = {'sqlite_where': NOTED, 'postgresql_where': NOTED}
    op.create_index('ix_activity_note_day', 'activity', ['happened_on', 'id'], **noted)
    # Not in a batch: SQLite would copy the table.
    op.add_column('person', sa.Column('briefs', sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column('person', 'briefs')
    op.drop_index('ix_activity_note_day', 'activity')
    op.drop_table('note_version')
