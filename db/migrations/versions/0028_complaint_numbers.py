"""No number of a complaint twice"""

from alembic import op


revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Buttons name complaints by number: SQLite must not give the number of one that was taken back to another.
    if op.get_context().dialect.name == 'sqlite':
        with op.batch_alter_table('complaint', recreate='always', table_kwargs={'sqlite_autoincrement': True}):
            pass


def downgrade() -> None:
    pass
