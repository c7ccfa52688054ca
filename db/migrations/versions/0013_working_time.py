"""When people work: their country, working days and hours, and their days off"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

COLUMNS = ('country', 'working_days', 'works_from', 'works_until')


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column('person', sa.Column(name, sa.String(), nullable=True))
    op.create_table(
        'absence',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('first_day', sa.Date(), nullable=False),
        sa.Column('last_day', sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_absence_person_id_person')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_absence')),
    )
    op.create_index(op.f('ix_absence_person_id'), 'absence', ['person_id'])
    op.create_index(op.f('ix_absence_last_day'), 'absence', ['last_day'])


def downgrade() -> None:
    op.drop_table('absence')
    with op.batch_alter_table('person', schema=None) as batch_op:
        for name in COLUMNS:
            batch_op.drop_column(name)
