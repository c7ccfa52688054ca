"""The worked example of docs/scheme.md, in both languages, done by the program itself."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.services.ask.graded import break_down
from bot.services.grade import runs
from bot.services.imports import ImportOptions, import_file
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db import schema
from db.engine import open_database
from db.graded import assessments
from tests import factories

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {page: (DOCS / page).read_text(encoding="utf-8") for page in ("scheme.md", "scheme.zh.md")}
NOW = datetime(2026, 5, 2, 8, tzinfo=UTC)


def block(page: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)
    assert found is not None
    return found[1]


def cells(page: str, number: int) -> list[str]:
    """The last column of one of the page's tables of steps, in order."""
    tables = re.findall(r"((?:^\|.*\n)+)", PAGES[page], re.MULTILINE)
    return [line.rstrip(" |").rsplit("|", 1)[1].strip() for line in tables[number].splitlines()[2:]]


def test_both_pages_hold_the_same_scheme_the_same_orders_and_the_same_results() -> None:
    for language in ("yaml", "csv"):
        assert block("scheme.md", language) == block("scheme.zh.md", language)
    march = [cells(page, 0) for page in PAGES]
    assert march[0][:4] == march[1][:4] == ["240,000", "58.67", "0.75", "80"]
    assert march[0][-2:] == march[1][-2:] == ["**67.2**", "**B**"]


@pytest.mark.parametrize("page", PAGES)
def test_the_program_comes_to_the_numbers_of_the_page(page: str, tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'docs.db'}")
    schema.upgrade(database)
    (tmp_path / "customers.csv").write_text("code,name\nK-1,Harbour Tea\n", encoding="utf-8")
    (tmp_path / "orders.csv").write_text(block(page, "csv"), encoding="utf-8")
    (tmp_path / "harbour.yaml").write_text(block(page, "yaml"), encoding="utf-8")
    for kind in ("customers", "orders"):
        report = import_file(
            database,
            kind=kind,
            path=tmp_path / f"{kind}.csv",
            clock=FixedClock(NOW),
            actor=factories.operator("test"),
            options=ImportOptions(source="docs", currency="CNY" if kind == "orders" else None),
            rejects_dir=tmp_path / "rejects",
        )
        assert report.rejected == 0
    file = store.find(str(tmp_path / "harbour.yaml"), None)
    with database.write() as session:
        store.put_in_force(session, file, actor="test", effective_from=date(2026, 3, 31), now=NOW)
    scheme_cache = SchemeCache()
    found = []
    for day in (date(2026, 3, 31), date(2026, 4, 30)):
        runs.grade_book(
            database, scheme_cache, for_purpose="account", as_of=day, today=NOW.date(), now=NOW, notify=None
        )
        with database.read() as session:
            row, run = assessments.newest(session, 1, "account")[0]
        lines = break_down({1: row.inputs}, run.as_of, file.scheme)[1].data["breakdown"]
        found.append((lines, row.score, row.tier))
    (march, *of_march), (april, *of_april) = found
    # As the page writes them: the value with thousands, the score with two digits.
    assert [f"{march[0]['value']:,.0f}", f"{march[0]['score']:.2f}"] == cells(page, 0)[:2]
    assert [f"{march[1]['value']:g}", f"{march[1]['score']:g}"] == cells(page, 0)[2:4]
    assert [f"{line['points']:g}" for line in march] == ["35.2", "32"]
    assert [f"**{value}**" for value in of_march] == cells(page, 0)[-2:]
    assert [f"{april[0]['value']:,.0f}", f"{april[0]['score']:.2f}"] == cells(page, 1)[:2]
    assert [f"**{value}**" for value in of_april] == [cells(page, 1)[2], cells(page, 1)[-1]]
