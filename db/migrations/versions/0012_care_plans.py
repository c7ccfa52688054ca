"""Several care plans, limits and occasions of touches, and the messages that name them"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('planned', 'reminded', 'snoozed')")
WAITING = sa.text("state IN ('planned', 'snoozed')")
ASSIGNED = sa.text('assignee_id IS NOT NULL')


def upgrade() -> None:
    op.add_column('touch', sa.Column('plan', sa.String(), nullable=True))
    op.add_column('touch', sa.Column('occasion', sa.String(), nullable=False, server_default=''))
    op.add_column('touch', sa.Column('who', sa.String(), nullable=False, server_default='owner'))
    op.add_column('touch', sa.Column('assignee_id', sa.Integer(), nullable=True))
    op.add_column('touch', sa.Column('latest_on', sa.Date(), nullable=True))
    op.add_column('touch', sa.Column('escalated', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('touch', sa.Column('activity_id', sa.Integer(), nullable=True))
    op.drop_index('uq_touch_open', 'touch')
    op.drop_index('ix_touch_due', 'touch')
    op.create_index(
        'uq_touch_open',
        'touch',
        ['customer_id', 'step', 'occasion'],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index('ix_touch_due', 'touch', ['remind_at'], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index('ix_touch_late', 'touch', ['latest_on'], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(
        'ix_touch_assignee', 'touch', ['assignee_id'], sqlite_where=ASSIGNED, postgresql_where=ASSIGNED
    )
    op.create_table(
        'touch_message',
        sa.Column('outbox_id', sa.Integer(), nullable=False),
        sa.Column('touch_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['outbox_id'],
            ['outbox.id'],
            name=op.f('fk_touch_message_outbox_id_outbox'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['touch_id'], ['touch.id'], name=op.f('fk_touch_message_touch_id_touch'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('outbox_id', 'touch_id', name=op.f('pk_touch_message')),
    )
    op.create_index(op.f('ix_touch_message_touch_id'), 'touch_message', ['touch_id'])
    # Who was reminded of what before: it is shown, and nobody is reported as never asked.
    op.execute(
        'INSERT INTO touch_message (outbox_id, touch_id, role)'
        " SELECT outbox.id, touch.id, 'digest' FROM touch JOIN outbox ON outbox.id = touch.outbox_id"
        " WHERE touch.state IN ('reminded', 'snoozed')"
    )


def downgrade() -> None:
    op.drop_table('touch_message')
    # Of several open greetings of a customer only one can stay open.
    op.execute(
        "UPDATE touch SET state = 'cancelled', reason = 'an earlier version knows one greeting at a time'"
        " WHERE state IN ('planned', 'reminded', 'snoozed') AND EXISTS (SELECT 1 FROM touch AS other"
        " WHERE other.customer_id = touch.customer_id AND other.step = touch.step AND other.id < touch.id"
        " AND other.state IN ('planned', 'reminded', 'snoozed'))"
    )
    # An earlier version counts from what a person closed, and asks at once for what was cancelled.
    op.execute("UPDATE touch SET state = 'done' WHERE state = 'skipped'")
    for name in ('ix_touch_assignee', 'ix_touch_late', 'ix_touch_due', 'uq_touch_open'):
        op.drop_index(name, 'touch')
    for name in ('activity_id', 'escalated', 'latest_on', 'assignee_id', 'who', 'occasion', 'plan'):
        op.drop_column('touch', name)
    op.create_index(
        'uq_touch_open',
        'touch',
        ['customer_id', 'step'],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index('ix_touch_due', 'touch', ['remind_at'], sqlite_where=WAITING, postgresql_where=WAITING)
