"""The Socket Mode connections of running processes"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'slack_connection',
        sa.Column('boot_id', sa.String(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('connected', sa.Boolean(), nullable=False),
        sa.Column('counted', sa.Integer(), nullable=True),
        sa.Column('others', sa.Integer(), nullable=False),
        sa.Column('problem', sa.String(), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        sa.Column('last_request_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('boot_id', name=op.f('pk_slack_connection')),
    )


def downgrade() -> None:
    op.drop_table('slack_connection')
