"""Whatever shape a file has, its import asks or stores exactly what the plain file stores; never a third thing.

`make shapes` draws thousands of books and shapes; the suite draws some. Seeds are fixed.
"""

import csv
import io
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, event, given, seed, settings
from hypothesis import strategies as st

from bot.clock import FixedClock
from bot.errors import BadInput
from bot.services.imports import KINDS
from bot.services.imports.check.findings import OpenFindings
from db.engine import open_database
from tests.services.imports.conftest import Book

EXAMPLES = int(os.environ.get("SHAPES", "25"))
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
# What tells how something was stored, not what.
ABOUT_IMPORTS = ("audit_entry", "import_batch", "import_change", "column_mapping", "import_answer")
Value = str | date | Decimal | None
Row = dict[str, Value]

CODES = st.from_regex(r"0{0,3}[1-9][0-9]{1,5}|[A-Z]{1,2}-?[0-9]{1,4}", fullmatch=True)
NAMES = st.sampled_from(
    [
        *("Alder Works", "Müller & Söhne GmbH", "Société Éclair", "杭州甲公司", "上海乙贸易有限公司", "NA"),
        *("O'Brien, Ltd", 'The "Best" Shop', "Total Energies", "Smith; Jones", "ÅNGSTRÖM AB", "None"),
    ]
)
DAYS = st.dates(date(2024, 1, 1), date(2026, 6, 14))
AMOUNTS = st.decimals(Decimal("-9999.99"), Decimal(2500000), places=2)
SHARES = st.decimals(Decimal("0.3"), Decimal("0.9"), places=2)
TEXTS = st.sampled_from([None, None, "first visit", "客户很满意", "sehr zufrieden, weiter so", "a;b\tc"])


@st.composite
def books(draw: st.DrawFn) -> dict[str, list[Row]]:
    """The rows of a few customers, by import kind, with the values that they mean."""
    codes = draw(st.lists(CODES, min_size=2, max_size=5, unique_by=lambda code: code.strip("0-").upper()))
    customer = st.sampled_from(codes)
    region = st.sampled_from([None, "North", "华东"])
    customers: list[Row] = [
        {"code": code, "name": draw(NAMES), "region": draw(region), "since": draw(st.none() | DAYS)}
        for code in codes
    ]
    orders: list[Row] = [
        {
            "order_no": f"A{number:04}",
            "customer": draw(customer),
            "date": draw(DAYS),
            "amount": draw(AMOUNTS),
            "cost": draw(st.none() | SHARES),
            "currency": "EUR",
        }
        for number in range(draw(st.integers(1, 8)))
    ]
    for order in orders:
        if isinstance(order["cost"], Decimal) and isinstance(order["amount"], Decimal):
            order["cost"] = round(
                order["cost"] * order["amount"], 2
            )  # others than usual ones would be asked about
    invoices: list[Row] = []
    for number in range(draw(st.integers(1, 5))):
        day = draw(st.dates(date(2025, 1, 1), date(2025, 12, 31)))
        due = day.replace(year=2026) if day.month < 3 else date.fromordinal(day.toordinal() + 30)
        paid = draw(st.none() | st.dates(day, date(2026, 6, 14)))
        invoices.append(
            {
                "invoice_no": f"R{number:04}",
                "customer": draw(customer),
                "date": day,
                "due": due,
                "paid": paid,
                "amount": draw(AMOUNTS),
                "currency": "EUR",
            }
        )
    activities: list[Row] = [
        {
            "customer": draw(customer),
            "date": draw(DAYS),
            "kind": draw(st.sampled_from(["visit", "call", "complaint"])),
            "note": draw(TEXTS),
            "id": f"T{number}",
        }
        for number in range(draw(st.integers(1, 5)))
    ]
    return {"customers": customers, "orders": orders, "invoices": invoices, "activities": activities}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a file writes its values."""

    separator: str
    encoding: str
    decimal: str  # point or comma
    grouped: bool
    day: str  # a format of strftime
    guard: str  # around a code
    quoting: Literal[0, 1]
    newline: str
    total: str  # the word of a totals row at the end; none when empty
    short: bool  # trailing empty cells are left out
    repeated_header: bool
    title: bool  # lines above the header
    spare: bool  # a column that no field reads
    nothing: str  # what stands for no value

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        """Finding -> the options that answer it truly."""
        return {
            "decimal-sign": {"decimal": self.decimal},
            "date-order": {"date_order": "mdy" if self.day.startswith("%m") else "dmy"},
            "two-digit-years": {"century": 2000},
        }

    def write(self, value: Value, field: str) -> str:
        if value is None:
            return self.nothing
        if isinstance(value, date):
            return value.strftime(self.day)
        if isinstance(value, Decimal):
            text = f"{value:,.2f}" if self.grouped else f"{value:.2f}"
            return text.translate(str.maketrans(",.", ".,")) if self.decimal == "comma" else text
        return self.guard.format(value) if field in ("code", "customer", "order_no", "invoice_no") else value


SHAPES = st.builds(
    Shape,
    separator=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    decimal=st.sampled_from(["point", "comma"]),
    grouped=st.booleans(),
    day=st.sampled_from(
        [
            *("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d"),
            *("%d-%b-%Y", "%d. %B %Y", "%d/%m/%y", "%m/%d/%y", "%Y-%m-%d 09:30"),
        ]
    ),
    guard=st.sampled_from(["{}", "{}", '="{}"', "'{}"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    newline=st.sampled_from(["\n", "\r\n"]),
    total=st.sampled_from(["", "", "Total", "合计", "Summe"]),
    short=st.booleans(),
    repeated_header=st.booleans(),
    title=st.booleans(),
    spare=st.booleans(),
    nothing=st.sampled_from(["", "", "NULL", "N/A", "-", "无"]),
)


@st.composite
def headers(draw: st.DrawFn, kind: str) -> dict[str, str]:
    """Field -> a header that it is known by, in a drawn order of the columns."""
    fields = draw(st.permutations([field.name for field in KINDS[kind].fields]))
    known = {
        field.name: [field.name, *filter(None, field.synonyms.split(", "))] for field in KINDS[kind].fields
    }
    return {name: draw(st.sampled_from(known[name])) for name in fields}


def written(rows: Sequence[Row], columns: Mapping[str, str], shape: Shape) -> bytes:
    """A file in a shape."""
    fields = [name for name in columns if name in rows[0]]
    lines = [[shape.write(row[name], name) for name in fields] for row in rows]
    header = [columns[name] for name in fields]
    if shape.spare:
        header.append("Fax 2")
        lines = [[*line, "555-0100"] for line in lines]
    if shape.repeated_header and len(lines) > 1:
        lines.insert(1, header)
    if shape.total:
        amounts = [name for name in fields if isinstance(rows[0][name], Decimal)]
        label = next(place for place, name in enumerate(fields) if name not in amounts)
        total = [""] * len(header)
        total[label] = shape.total
        for name in amounts:
            summed = sum((row[name] or Decimal(0) for row in rows), Decimal(0))
            total[fields.index(name)] = shape.write(summed, name)
        lines.append(total)
    if shape.short:
        lines = [line[: max(len(line) - _trailing_empty(line), 1)] for line in lines]
    out = io.StringIO(newline="")
    if shape.title:
        out.write(f"Export of Harbour Supplies{shape.newline}{shape.newline}")
    writer = csv.writer(out, delimiter=shape.separator, quoting=shape.quoting, lineterminator=shape.newline)
    writer.writerows([header, *lines])
    return out.getvalue().encode(shape.encoding)


def _trailing_empty(line: Sequence[str]) -> int:
    return next((place for place, cell in enumerate(reversed(line)) if cell), len(line))


PLAIN = Shape(
    separator=",",
    encoding="utf-8",
    decimal="point",
    grouped=False,
    day="%Y-%m-%d",
    guard="{}",
    quoting=csv.QUOTE_MINIMAL,
    newline="\n",
    total="",
    short=False,
    repeated_header=False,
    title=False,
    spare=False,
    nothing="",
)


def bring(book: Book, kind: str, content: bytes, shape: Shape) -> str:
    """Import a file; what it asks is answered truly. "as it is", "asked", or "refused" when a question stays open."""
    options: dict[str, Any] = {}
    for _ in range(4):
        try:
            report = book.bring(kind, content, **options)
        except OpenFindings as open_findings:
            known = [shape.answers.get(one.type.name) for one in open_findings.findings]
            if None in known:
                return "refused"
            for answer in known:
                options |= answer or {}
        except BadInput as question:
            if "--encoding" not in question.text() or "encoding" in options:
                return "refused"
            options["encoding"] = shape.encoding
        else:
            assert report.first_rejects == (), [vars(one) for one in report.first_rejects]
            return "asked" if options else "as it is"
    return "refused"


def fresh_book(folder: Path, migrated: Path, name: str) -> Book:
    """An empty book in a database of its own."""
    path = folder / f"{name}.db"
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    shutil.copy(migrated, path)
    return Book(database=open_database(f"sqlite:///{path}"), folder=folder, clock=FixedClock(NOW))


def test_a_file_in_any_shape_is_stored_as_its_plain_file_or_asked_about(
    migrated: Path, tmp_path: Path
) -> None:
    outcomes: Counter[str] = Counter()

    @seed(20261129)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(rows=books(), shape=SHAPES, data=st.data())
    def check(rows: dict[str, list[Row]], shape: Shape, data: st.DataObject) -> None:
        plain = fresh_book(tmp_path, migrated, "plain")
        shaped = fresh_book(tmp_path, migrated, "shaped")
        try:
            for kind, of_kind in rows.items():
                columns = data.draw(headers(kind), label=kind)
                outcome = bring(shaped, kind, written(of_kind, columns, shape), shape)
                outcomes[outcome] += 1
                event(outcome)
                if outcome == "refused":
                    return
                names = {field.name: field.name for field in KINDS[kind].fields}
                assert bring(plain, kind, written(of_kind, names, PLAIN), PLAIN) == "as it is"
                assert shaped.everything(without=ABOUT_IMPORTS) == plain.everything(without=ABOUT_IMPORTS)
        finally:
            plain.database.close()
            shaped.database.close()

    check()
    print(dict(outcomes))
    assert outcomes["refused"] <= sum(outcomes.values()) / 4, outcomes
