"""Deputies of absent people, and teams that see the customers of other teams"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'deputy',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('deputy_id', sa.Integer(), nullable=False),
        sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_deputy_person_id_person')),
        sa.ForeignKeyConstraint(['deputy_id'], ['person.id'], name=op.f('fk_deputy_deputy_id_person')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_deputy')),
    )
    op.create_index(op.f('ix_deputy_person_id'), 'deputy', ['person_id'])
    op.create_index(op.f('ix_deputy_deputy_id'), 'deputy', ['deputy_id'])
    op.create_table(
        'team_view',
        sa.Column('team_id', sa.Integer(), nullable=False),
        sa.Column('seen_team_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_team_view_team_id_team')),
        sa.ForeignKeyConstraint(['seen_team_id'], ['team.id'], name=op.f('fk_team_view_seen_team_id_team')),
        sa.PrimaryKeyConstraint('team_id', 'seen_team_id', name=op.f('pk_team_view')),
    )


def downgrade() -> None:
    op.drop_table('team_view')
    op.drop_table('deputy')
