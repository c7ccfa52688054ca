"""What people did to touches, so that it can be taken back"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'touch_act',
        sa.Column('touch_id', sa.Integer(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('act', sa.String(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=True),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('activity_id', sa.Integer(), nullable=True),
        sa.Column('before', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['touch_id'], ['touch.id'], name=op.f('fk_touch_act_touch_id_touch'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('touch_id', 'version', name=op.f('pk_touch_act')),
    )
    op.create_index(op.f('ix_touch_act_at'), 'touch_act', ['at'])


def downgrade() -> None:
    op.drop_table('touch_act')
