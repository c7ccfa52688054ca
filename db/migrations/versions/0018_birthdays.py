"""Whose birthday a touch is"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

OF_SOMEBODY = sa.text('contact_person_id IS NOT NULL')


def upgrade() -> None:
    op.add_column('touch', sa.Column('contact_person_id', sa.Integer(), nullable=True))
    op.create_index(
        'ix_touch_contact_person',
        'touch',
        ['contact_person_id'],
        sqlite_where=OF_SOMEBODY,
        postgresql_where=OF_SOMEBODY,
    )


def downgrade() -> None:
    # SQLite migrates without foreign keys, so that nothing goes with the touches by itself.
    for name in ('touch_message', 'touch_act'):
        op.execute(f"DELETE FROM {name} WHERE touch_id IN (SELECT id FROM touch WHERE kind = 'birthday')")
    op.execute("DELETE FROM touch WHERE kind = 'birthday'")
    op.drop_index('ix_touch_contact_person', 'touch')
    op.drop_column('touch', 'contact_person_id')
