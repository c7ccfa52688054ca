"""Links to the calendars of people's care steps"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'calendar_feed',
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('token_hash', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('person_id', name=op.f('pk_calendar_feed')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_calendar_feed_token_hash')),
    )
    op.create_table(
        'calendar_entry',
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('touch_id', sa.Integer(), nullable=False),
        sa.Column('uid', sa.String(), nullable=False),
        sa.Column('shown', sa.String(), nullable=False),
        sa.Column('sequence', sa.Integer(), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['touch_id'], ['touch.id'], name=op.f('fk_calendar_entry_touch_id_touch'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('person_id', 'touch_id', name=op.f('pk_calendar_entry')),
    )
    op.create_index(op.f('ix_calendar_entry_touch_id'), 'calendar_entry', ['touch_id'])


def downgrade() -> None:
    op.drop_table('calendar_entry')
    op.drop_table('calendar_feed')
