"""Hostile files: every row of every one is accepted or rejected with its reason, and nothing moves.

The files are in tests/corpus/imports; manifest.toml there says what must become of each.
"""

import csv
import io
import random
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.services.imports import ImportOptions, ImportReport, import_file
from bot.services.imports.check.findings import OpenFindings
from tests import factories
from tests.conftest import all_on_postgresql, on_sqlite
from tests.services.imports.conftest import Book

FOLDER = Path(__file__).parents[2] / "corpus" / "imports"
FILES: list[dict[str, Any]] = tomllib.loads((FOLDER / "manifest.toml").read_text(encoding="utf-8"))["file"]
# A file of each kind, and values that databases store in different ways.
ON_BOTH = {"nul-bytes.csv", "eighteen-digits.csv", "amounts.csv", "activities.csv", "facts.csv"}
CASES = [
    pytest.param(one, id=one["name"], marks=[all_on_postgresql] if one["name"] in ON_BOTH else [])
    for one in FILES
]
STORED = {
    "customers": "SELECT code, name, coalesce(region, '') FROM customer WHERE batch_id > 1",
    "orders": (
        "SELECT external_id, code, ordered_on, amount / 100 FROM customer_order o JOIN customer c ON c.id = o.customer_id"
    ),
    "activities": (
        "SELECT code, happened_on, kind, note FROM activity a JOIN customer c ON c.id = a.customer_id"
    ),
    "facts": "SELECT code, field, value, measured_on FROM fact f JOIN customer c ON c.id = f.customer_id",
}


def bring(book: Book, path: Path, kind: str, *, dry_run: bool, **options: Any) -> ImportReport:
    given = ImportOptions(currency="CNY") if kind == "orders" else ImportOptions()
    return import_file(
        book.database,
        kind=kind,
        path=path,
        clock=book.clock,
        actor=factories.operator("mia@example.com"),
        options=replace(given, dry_run=dry_run, **options),
        rejects_dir=book.folder / "rejects",
    )


def outcome(report: ImportReport) -> dict[str, Any]:
    """All that a preview and its import must agree on."""
    without = ("batch_id", "rejects_file", "dry_run", "preview")
    return {name: value for name, value in vars(report).items() if name not in without}


def kept_rejects(report: ImportReport) -> list[list[str]]:
    if report.rejects_file is None:
        return []
    limit = csv.field_size_limit(1 << 24)
    try:
        with report.rejects_file.open(encoding="utf-8-sig", newline="") as handle:
            return list(csv.reader(handle))[1:]
    finally:
        csv.field_size_limit(limit)


def check_sums(report: ImportReport) -> None:
    assert report.accepted + report.rejected + report.skipped == report.rows
    assert report.created + report.changed + report.unchanged == report.accepted
    kept = kept_rejects(report)
    assert len(kept) == report.rejected
    assert all(row[0].isdigit() and row[3] for row in kept)


def test_every_file_of_the_corpus_is_in_its_manifest() -> None:
    listed = [entry["name"] for entry in FILES]
    assert sorted(listed) == sorted(path.name for path in FOLDER.iterdir() if path.name != "manifest.toml")
    assert len(listed) >= 60


@pytest.mark.parametrize("entry", CASES)
def test_a_hostile_file_ends_as_its_manifest_says(filled: Book, entry: dict[str, Any]) -> None:
    path, kind, options = FOLDER / entry["name"], entry["kind"], entry.get("options", {})
    if "refused" in entry:
        before = filled.everything()
        preview = previewed(filled, path, kind, **options)
        with pytest.raises(BadInput) as refused:
            bring(filled, path, kind, dry_run=False, **options)
        assert preview == refused.value.text()
        assert [part for part in entry["refused"] if part not in preview] == []
        assert filled.everything() == before
        return
    wanted = entry.get("rejected", [])
    preview = bring(filled, path, kind, dry_run=True, **options)
    report = bring(filled, path, kind, dry_run=False, expected_sha256=preview.file_sha256, **options)
    assert outcome(preview) == outcome(report)
    check_sums(report)
    assert (report.accepted, report.rejected, report.blank_rows) == (
        entry["accepted"],
        len(wanted),
        entry.get("blank", 0),
    )
    assert report.skipped == entry.get("skipped", 0)
    reported = sorted((reject.line, reject.reason) for reject in report.first_rejects)
    assert [line for line, _ in reported] == [line for line, _ in wanted]
    assert [
        reason for (_, reason), (_, part) in zip(reported, wanted, strict=True) if part not in reason
    ] == []
    assert sorted(list(map(str, row)) for row in filled.rows(STORED[kind])) == sorted(entry["stored"])
    again = bring(filled, path, kind, dry_run=False, **options)
    assert (again.created, again.changed, again.unchanged) == (0, 0, report.accepted)


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["C1", "C2", "C9", "", " ", "NA", "5", "-5", "1,234.5", "1e400", "inf", "nan", "=1+1"]),
    st.sampled_from(["2026-01-02", "2026-02-30", "45000", "2026年3月5日", "１２", "call", "EUR", "a@b.co"]),
    st.sampled_from(['"', '""', "\0", "\r", "\n", ",", "a\tb"]),
)
HEADERS = {
    "customers": ("code", "name", "region", "since", "parent", "aliases"),
    "orders": ("order_no", "customer", "date", "amount", "currency"),
    "activities": ("customer", "date", "kind", "note", "id"),
    "facts": ("customer", "field", "value", "date", "evidence"),
    "people": ("email", "name", "role", "team", "timezone", "active"),
    "teams": ("name", "lead", "channel"),
}


@st.composite
def rows_of_a_file(draw: st.DrawFn) -> tuple[str, str, list[list[str]]]:
    """A kind, a separator, and rows under its header; one in some is ragged."""
    kind = draw(st.sampled_from(sorted(HEADERS)))
    width = len(HEADERS[kind])
    widths = st.sampled_from([width] * 6 + [width - 1, width + 1])
    rows = draw(
        st.lists(widths.flatmap(lambda many: st.lists(CELLS, min_size=many, max_size=many)), max_size=8)
    )
    return kind, draw(st.sampled_from([",", ";", "\t"])), rows


def previewed(book: Book, path: Path, kind: str, **options: Any) -> ImportReport | str:
    """The report of a dry run, or the sentences that refuse the file."""
    try:
        preview = bring(book, path, kind, dry_run=True, **options)
    except BadInput as refused:
        return refused.text()
    if preview.open_findings:
        return OpenFindings(path.name, list(preview.open_findings)).text()
    return preview


@on_sqlite
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=rows_of_a_file())
def test_whatever_is_in_well_quoted_cells_the_sum_is_right(
    filled: Book, file: tuple[str, str, list[list[str]]]
) -> None:
    kind, separator, rows = file
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADERS[kind], *rows])
    path = filled.folder / "drawn.csv"
    path.write_bytes(written.getvalue().encode("utf-8", "surrogatepass"))
    preview = previewed(filled, path, kind)
    if isinstance(preview, str):
        assert "drawn.csv" in preview or "--" in preview
        return
    report = bring(filled, path, kind, dry_run=False)
    assert outcome(preview) == outcome(report)
    check_sums(report)
    assert report.rows == sum(any(cell.strip() for cell in row) for row in rows)
    assert report.rows + report.blank_rows == len(rows)
    filled.undo(report.batch_id)


@on_sqlite
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text(alphabet='C12,;"\t ab\r\0é', max_size=20), max_size=12))
def test_whatever_is_in_a_file_its_rows_add_up(filled: Book, lines: list[str]) -> None:
    path = filled.folder / "drawn.csv"
    path.write_bytes("\n".join(["code,name", *lines]).encode())
    preview = previewed(filled, path, "customers")
    if isinstance(preview, str):
        assert "drawn.csv" in preview
        return
    report = bring(filled, path, "customers", dry_run=False)
    assert outcome(preview) == outcome(report)
    check_sums(report)
    filled.undo(report.batch_id)


def test_a_hundred_thousand_rows_with_every_seventh_broken_add_up(filled: Book) -> None:
    """The seed fixes which row is broken in which way."""
    rng = random.Random(29)
    ways = [
        ("{n},C1,2026-01-02,{n}.5,extra", "cells where the header has"),
        ("{n},C1,2026-01-02", "cells where the header has"),
        ("{n},C99,2026-01-02,{n}.5", "no customer"),
        ("{n},C1,2026-02-30,{n}.5", "not a day of the calendar"),
        ("{n},C1,2026-01-02,1e400", "scientific notation"),
        ("1,C1,2026-01-02,7", "already on line 2"),
        (",C1,2026-01-02,{n}.5", "is empty"),
        ("{n},C1,2026-01-02,nan", "'nan' is no value"),
    ]
    many, lines, wanted = 100_000, ["order_no,customer,date,amount"], {}
    for n in range(1, many + 1):
        if n % 7:
            lines.append(f"{n},C{1 + n % 2},2026-01-02,{n}.5")
        else:
            form, reason = rng.choice(ways)
            lines.append(form.format(n=n))
            wanted[n + 1] = reason
    path = filled.folder / "many.csv"
    path.write_text("\n".join(lines) + "\n")
    report = bring(filled, path, "orders", dry_run=False, accepted=("amounts-not-understood",))
    check_sums(report)
    assert (report.rows, report.rejected) == (many, many // 7)
    kept = {int(row[0]): row[3] for row in kept_rejects(report)}
    assert kept.keys() == wanted.keys()
    assert [line for line, part in wanted.items() if part not in kept[line]] == []
    # Nothing has moved: the amount says the number, and the number says the customer.
    assert filled.rows(
        "SELECT count(*) FROM customer_order o JOIN customer c ON c.id = o.customer_id WHERE"
        " amount = cast(external_id AS bigint) * 10000 + 5000 AND code = 'C' || (1 + cast(external_id AS bigint) % 2)"
    ) == [(many - many // 7,)]
