"""The edition of the rules that computed the inputs of a grading run"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Runs from before are of the first edition.
    op.add_column('grading_run', sa.Column('edition', sa.Integer(), nullable=False, server_default='1'))


def downgrade() -> None:
    with op.batch_alter_table('grading_run', schema=None) as batch_op:
        batch_op.drop_column('edition')
