"""An import killed at a named step leaves the book as it was, or done; importing again finishes it."""

import signal
import subprocess
import sys

import pytest

from tests.conftest import all_on_postgresql
from tests.services.imports.conftest import Book

# The steps of a process that dies: while it reads, before its one transaction is committed, and right after.
DYING = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from bot.clock import FixedClock
from bot.services.imports import ImportOptions, import_file, run
from db.engine import open_database

url, folder, step = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if step == "before the commit":
    publish = run._Import._write
    run._Import._write = lambda *given: (publish(*given), die())
if step == "after the commit":
    run.Rejects.keep = die
import_file(
    open_database(url), kind="orders", path=folder / "orders.csv", clock=FixedClock(datetime(2026, 6, 15, tzinfo=UTC)),
    actor=None, options=ImportOptions(currency="EUR"), rejects_dir=folder / "rejects",
    progress=die if step == "reading" else None,
)
"""
ROWS = 6_000  # more than one chunk


@all_on_postgresql
@pytest.mark.parametrize(
    ("step", "published"), [("reading", False), ("before the commit", False), ("after the commit", True)]
)
def test_a_killed_import_is_all_or_nothing(
    filled: Book, database_url: str, step: str, published: bool
) -> None:
    lines = ["order_no,customer,date,amount", *(f"{n},C{1 + n % 2},2026-01-02,{n}" for n in range(ROWS))]
    content = "\n".join([*lines, "bad,C9,2026-01-02,1"])
    (filled.folder / "orders.csv").write_text(content)
    before = filled.everything()
    killed = subprocess.run(
        [sys.executable, "-c", DYING, database_url, str(filled.folder), step], timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert filled.rows("SELECT count(*) FROM customer_order") == [(ROWS if published else 0,)]
    if not published:
        assert filled.everything() == before
    report = filled.bring("orders", content, name="orders.csv")
    assert (report.created, report.unchanged, report.rejected) == (
        (0, ROWS, 1) if published else (ROWS, 0, 1)
    )
    assert filled.rows("SELECT count(*) FROM customer_order") == [(ROWS,)]
