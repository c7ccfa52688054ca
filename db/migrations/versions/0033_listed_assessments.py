"""Lists of the whole book by tier and score"""

from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_assessment_listed', 'assessment', ['run_id', 'tier', 'score'])


def downgrade() -> None:
    op.drop_index('ix_assessment_listed', table_name='assessment')
