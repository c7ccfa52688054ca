"""Proposals of tiers and credit limits, and who decided about them"""

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None

WAITS = sa.text("state = 'waiting'")


def upgrade() -> None:
    waiting = {'sqlite_where': WAITS, 'postgresql_where': WAITS}
    op.create_table(
        'proposal',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('tier', sa.String(), nullable=True),
        sa.Column('until', sa.Date(), nullable=True),
        sa.Column('credit_limit', sa.BigInteger(), nullable=True),
        sa.Column('terms', sa.Integer(), nullable=True),
        sa.Column('currency', sa.String(), nullable=True),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('proposer_id', sa.Integer(), nullable=True),
        sa.Column('proposed_by', sa.String(), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('escalated_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('decider_id', sa.Integer(), nullable=True),
        sa.Column('decided_by', sa.String(), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('answer', sa.String(), nullable=True),
        sa.Column('approved_alone', sa.Boolean(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'], name=op.f('fk_proposal_customer_id_customer')
        ),
        sa.ForeignKeyConstraint(['proposer_id'], ['person.id'], name=op.f('fk_proposal_proposer_id_person')),
        sa.ForeignKeyConstraint(['decider_id'], ['person.id'], name=op.f('fk_proposal_decider_id_person')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal')),
        sqlite_autoincrement=True,
    )
    op.create_index('uq_proposal_waiting', 'proposal', ['customer_id', 'kind'], unique=True, **waiting)
    op.create_index('ix_proposal_expires', 'proposal', ['expires_at'], **waiting)
    op.create_index('ix_proposal_customer_id', 'proposal', ['customer_id'])
    op.create_table(
        'proposal_message',
        sa.Column('outbox_id', sa.Integer(), nullable=False),
        sa.Column('proposal_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['outbox_id'],
            ['outbox.id'],
            name=op.f('fk_proposal_message_outbox_id_outbox'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['proposal_id'],
            ['proposal.id'],
            name=op.f('fk_proposal_message_proposal_id_proposal'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('outbox_id', 'proposal_id', name=op.f('pk_proposal_message')),
    )
    op.create_index(op.f('ix_proposal_message_proposal_id'), 'proposal_message', ['proposal_id'])


def downgrade() -> None:
    op.drop_table('proposal_message')
    op.drop_table('proposal')
