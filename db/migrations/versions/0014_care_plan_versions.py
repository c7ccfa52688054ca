"""Versions of care plans, and the decisions about them"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'care_plan_version',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.Column('content', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_care_plan_version')),
        sa.UniqueConstraint('name', 'version', name=op.f('uq_care_plan_version_name_version')),
    )
    op.create_table(
        'care_plan_decision',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('care_plan_version_id', sa.Integer(), nullable=False),
        sa.Column('plan', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('effective_from', sa.Date(), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['care_plan_version_id'],
            ['care_plan_version.id'],
            name=op.f('fk_care_plan_decision_care_plan_version_id_care_plan_version'),
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_care_plan_decision')),
    )
    op.create_index(
        op.f('ix_care_plan_decision_care_plan_version_id'), 'care_plan_decision', ['care_plan_version_id']
    )


def downgrade() -> None:
    op.drop_table('care_plan_decision')
    op.drop_table('care_plan_version')
