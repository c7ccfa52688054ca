"""Every row is accounted for, whatever the table and whatever happens to the process."""

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from bot.clock import FixedClock
from bot.services.imports import ImportReport
from bot.services.imports.check.findings import OpenFindings
from db.engine import open_database
from tests.services.imports.conftest import CUSTOMERS, Book

CELLS = st.one_of(
    st.sampled_from(
        ["C1", "C2", "2026-01-02", "2026-02-30", "45000", "", " ", "NA", "1,234.50", "-7.25", "inf", "=1"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=8),
)
GOOD = st.tuples(
    st.integers(0, 30).map(lambda number: f"N{number}"),
    st.sampled_from(["C1", "C2", "C3"]),
    st.dates(datetime(2000, 1, 1).date(), datetime(2026, 6, 1).date()).map(str),
    st.decimals(-(10**9), 10**9, places=4, allow_nan=False).map(str),
).map(list)
ROWS = st.lists(st.one_of(GOOD, GOOD, st.lists(CELLS, min_size=1, max_size=6)), min_size=1, max_size=25)

KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from bot.clock import FixedClock
from bot.services.imports import ImportOptions, import_file
from db import tables
from db.engine import open_database
from tests import factories

folder = Path(sys.argv[1])
chunks = 0

def die(done, total):
    global chunks
    chunks += 1
    if chunks == 2:
        os.kill(os.getpid(), signal.SIGKILL)

import_file(
    open_database(sys.argv[2]), kind="orders", path=folder / "big.csv",
    clock=FixedClock(datetime(2026, 6, 15, tzinfo=UTC)), actor=factories.operator("x"),
    options=ImportOptions(currency="EUR", kind_options={"create_customers": True}), rejects_dir=folder / "rejects", progress=die,
)
"""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with two customers, copied for each example."""
    folder = tmp_path_factory.mktemp("begun")
    database = open_database(f"sqlite:///{folder / 'book.db'}")
    SQLModel.metadata.create_all(database.writer)
    book = Book(database=database, folder=folder, clock=FixedClock(datetime(2026, 6, 15, tzinfo=UTC)))
    assert book.bring("customers", CUSTOMERS).created == 2
    database.close()
    return folder / "book.db"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    separator=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_accepted_and_rejected_rows_add_up_and_accepted_amounts_are_exact(
    tmp_path_factory: pytest.TempPathFactory,
    begun: Path,
    rows: list[list[str]],
    separator: str,
    encoding: str,
) -> None:
    folder = tmp_path_factory.mktemp("book")
    database = open_database(f"sqlite:///{shutil.copy(begun, folder / 'book.db')}")
    book = Book(database=database, folder=folder, clock=FixedClock(datetime(2026, 6, 15, tzinfo=UTC)))
    rows = [["1", "C1", "2026-01-02", "5"], *rows]  # so that there is one, whatever the others are
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator)
    writer.writerows([["order_no", "customer", "date", "amount"], *rows])
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    content = buffer.getvalue().encode(encoding)
    report = _brought_unless_asked(book, content)
    if report is None:
        assert book.rows("SELECT id FROM customer_order") == []
        database.close()
        return
    assert report.rows == len(filled)
    assert report.accepted + report.rejected + report.skipped == report.rows
    assert report.created + report.changed + report.unchanged == report.accepted
    expected: dict[str, Decimal] = {}
    for row in filled:
        if len(row) == 4 and row[1] in ("C1", "C2") and row[2] <= "2026-06-01" and row[0].startswith("N"):
            expected.setdefault(row[0], Decimal(row[3]))
    known = dict(book.rows("SELECT external_id, amount FROM customer_order WHERE external_id LIKE 'N%'"))
    assert {key: known[key] for key in expected} == {
        key: int(value * 10_000) for key, value in expected.items()
    }
    assert report.created == len(book.rows("SELECT id FROM customer_order"))
    database.close()


def _brought_unless_asked(book: Book, content: bytes) -> ImportReport | None:
    """The report; None where the rows look like something else, such as a report with groups."""
    try:
        accepted = ("mojibake", "lost-letters")
        return book.bring("orders", content, decimal="point", date_order="dmy", accepted=accepted)
    except OpenFindings:
        return None


def test_an_import_killed_half_way_leaves_the_book_as_it_was_and_runs_again(filled: Book) -> None:
    lines = [f"N{number},X{number % 50},2026-01-02,1.25" for number in range(20_000)] + ["bad"]
    (filled.folder / "big.csv").write_text("order_no,customer,date,amount\n" + "\n".join(lines) + "\n")
    before = filled.everything()
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(filled.folder), filled.database.url],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        timeout=60,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert filled.everything() == before
    report = filled.bring(
        "orders",
        (filled.folder / "big.csv").read_bytes(),
        name="big.csv",
        kind_options={"create_customers": True},
    )
    assert (report.rows, report.accepted, report.rejected, report.customers_created) == (
        20_001,
        20_000,
        1,
        50,
    )
    assert filled.rows("SELECT sum(amount) FROM customer_order") == [(20_000 * 12_500,)]
    if filled.database.is_sqlite:
        assert filled.rows("PRAGMA integrity_check") == [("ok",)]
