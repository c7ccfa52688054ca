"""A revision that exists only in a test, with which the code seems one version newer than it is."""

from pathlib import Path

import pytest

from db import schema

REVISION = f"{int(schema.HEAD) + 1:04}"

# Adds a column that is filled and then required, which rebuilds the table on SQLite, and moves rows to a new table.
MOVES_DATA = """
def upgrade():
    op.add_column("customer", sa.Column("short_name", sa.String()))
    op.execute("UPDATE customer SET short_name = substr(name, 1, 4)")
    with op.batch_alter_table("customer") as customer:
        customer.alter_column("short_name", existing_type=sa.String(), nullable=False)
    op.create_table("outbox_error", sa.Column("outbox_id", sa.Integer(), primary_key=True), sa.Column("error", sa.String()))
    op.execute("INSERT INTO outbox_error SELECT id, error FROM outbox")
"""
FAILS = """
def upgrade():
    op.add_column("customer", sa.Column("short_name", sa.String()))
    op.execute("UPDATE customer SET no_such_column = 1")
"""
ORPHANS = """
def upgrade():
    op.execute("DELETE FROM customer")
"""


def add(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str = MOVES_DATA) -> None:
    """Make it the code's newest revision until the end of the test."""
    head = f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision, down_revision = {REVISION!r}, {schema.HEAD!r}\n"
    (folder / f"{REVISION}_scratch.py").write_text(head + body)
    monkeypatch.setattr(schema, "VERSIONS", [*schema.VERSIONS, folder])
    monkeypatch.setattr(schema, "HEAD", REVISION)
