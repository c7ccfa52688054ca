"""Promises to customers, how they were put off, and the messages that show them"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

OPEN = sa.text('closed_on IS NULL')


def _references(table: str, column: str, to: str, **options: str) -> sa.ForeignKeyConstraint:
    name = op.f(f'fk_{table}_{column}_{to}')
    return sa.ForeignKeyConstraint([column], [f'{to}.id'], name=name, **options)


def upgrade() -> None:
    op.create_table(
        'promise',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('external_id', sa.String(), nullable=False),
        sa.Column('what', sa.String(), nullable=True),
        sa.Column('made_on', sa.Date(), nullable=False),
        sa.Column('made_by', sa.Integer(), nullable=True),
        sa.Column('keeper_id', sa.Integer(), nullable=True),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('first_due_on', sa.Date(), nullable=False),
        sa.Column('reported_for', sa.Date(), nullable=True),
        sa.Column('outcome', sa.String(), nullable=True),
        sa.Column('closed_on', sa.Date(), nullable=True),
        sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('closed_by', sa.Integer(), nullable=True),
        sa.Column('closed_for', sa.Integer(), nullable=True),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        _references('promise', 'customer_id', 'customer'),
        _references('promise', 'made_by', 'person'),
        _references('promise', 'keeper_id', 'person'),
        _references('promise', 'closed_by', 'person'),
        _references('promise', 'closed_for', 'person'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_promise')),
        sa.UniqueConstraint('source', 'external_id', name=op.f('uq_promise_source_external_id')),
        sqlite_autoincrement=True,
    )
    op.create_index('ix_promise_customer_id', 'promise', ['customer_id'])
    for name, columns in (('ix_promise_open', ['customer_id', 'due_on']), ('ix_promise_due_on', ['due_on'])):
        op.create_index(name, 'promise', columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        'promise_delay',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('promise_id', sa.Integer(), nullable=False),
        sa.Column('was_due_on', sa.Date(), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=True),
        sa.Column('told', sa.String(), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        _references('promise_delay', 'promise_id', 'promise'),
        _references('promise_delay', 'person_id', 'person'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_promise_delay')),
    )
    op.create_index(op.f('ix_promise_delay_promise_id'), 'promise_delay', ['promise_id'])
    op.create_table(
        'promise_message',
        sa.Column('outbox_id', sa.Integer(), nullable=False),
        sa.Column('promise_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        _references('promise_message', 'promise_id', 'promise', ondelete='CASCADE'),
        _references('promise_message', 'outbox_id', 'outbox', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('outbox_id', 'promise_id', name=op.f('pk_promise_message')),
    )
    op.create_index(op.f('ix_promise_message_promise_id'), 'promise_message', ['promise_id'])


def downgrade() -> None:
    op.drop_table('promise_message')
    op.drop_table('promise_delay')
    op.drop_table('promise')
