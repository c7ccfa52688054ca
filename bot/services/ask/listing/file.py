"""A list as a file: all its customers up to a bound, masked as in Slack, and recorded as an export."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from bot.errors import N_
from bot.masking import mask_text
from bot.services.access import Actor
from bot.services.ask.listing import listed, selection, values
from bot.services.ask.questions.query import Listing
from bot.services.care.schedule import CareRules
from bot.services.imports.read.cells.guards import harmless
from bot.services.schemes.store import SchemeCache
from bot.wording import catalogue
from bot.wording.answers.listing import FileSent, ListRow, ListValue
from bot.wording.rendering import tier_words
from bot.workbooks.sheets import Sheet, SheetColumn, Value, csv_file, workbook
from db.audit import AuditAction, ObjectKind
from db.engine import Database
from db.listed import rows, said
from db.listed.rows import MOST_COUNTED
from db.listed.said import Named
from grading.scheme.model import Name

MOST_IN_FILE = 5_000  # customers
AT_ONCE = 500  # customers whose values are read with one query
XLSX, CSV = "xlsx", "csv"
_TITLES = {
    "contact": N_("Last contact"),
    "visit": N_("Last visit"),
    "call": N_("Last call"),
    "order": N_("Last order"),
    "boundary": N_("Points to the next tier"),
    "moved": N_("Tier before"),
    "overdue_step": N_("Care overdue, days"),
    "complaint": N_("Open complaints"),
    "value_at_risk": N_("Value at risk"),
    "revenue": N_("Orders of 12 months"),
    "overdue_invoice": N_("Overdue invoices"),
    "over_limit": N_("Owed, over its limit"),
    "profile": N_("Profile"),
}
_DAYS = ("contact", "visit", "call", "order")
_MONEY = ("value_at_risk", "revenue", "overdue_invoice", "over_limit")


@dataclass(frozen=True, kw_only=True)
class ListFile:
    """A file of a list."""

    name: str
    content: bytes
    message: FileSent  # what its reader is told


@dataclass(frozen=True, kw_only=True)
class FileRows:
    """The customers of a file, in the order of the list, and how many the list has."""

    rows: Sequence[ListRow]
    named: Mapping[int, Named]
    total: int
    counted_out: bool

    @property
    def ids(self) -> list[int]:
        return [row.customer_id for row in self.rows]


def rows_for(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    query: Listing,
    today: date,
) -> FileRows:
    """The customers that a file may have, and what it says of them."""
    book = scheme_cache.tier_names(session)
    chosen = selection.select(session, rules, book, actor, query, today)
    total = rows.count(session, chosen.runs, chosen.wanted)
    counted_out = total > MOST_COUNTED and query.limit is None
    if query.limit is not None:
        total = min(total, query.limit)
    found = listed.page(session, chosen, 0, min(total, MOST_IN_FILE))
    shown: list[ListRow] = []
    named: dict[int, Named] = {}
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        shown += listed.rows_of(session, rules, book, actor, query, some, today)
        named |= said.named(session, [row.customer_id for row in some])
    return FileRows(rows=shown, named=named, total=min(total, MOST_COUNTED), counted_out=counted_out)


def record(database: Database, actor: Actor, count: int, kind: str) -> None:
    """Record that a list is given out as a file, before it is."""
    with database.write() as session:
        actor.record(
            session, AuditAction.EXPORTED, ObjectKind.BOOK, "list", after={"customers": count, "format": kind}
        )


def made(
    found: FileRows,
    query: Listing,
    *,
    allowed: int,
    kind: str,
    language: str,
    asked: str,
    now: datetime,
    today: date,
) -> ListFile:
    """The file of the first `allowed` customers, named by the day that it is for who gets it."""
    gettext = catalogue.gettext(language)
    shown = found.rows[:allowed]
    left_out = found.total - len(shown)
    name = gettext(N_("customers")) + f"-{today}.{kind}"
    columns = _columns(query, gettext)
    cells = [_cells(row, found.named[row.customer_id], query, language) for row in shown]
    message = FileSent(
        name=name,
        count=len(shown),
        left_out=left_out,
        counted_out=found.counted_out,
        by_day=len(shown) < len(found.rows),
    )
    if kind == CSV:
        return ListFile(name=name, content=csv_file(columns, cells, harmless), message=message)
    sheet = Sheet(name=gettext(N_("customers")), columns=columns, rows=cells, notes=[asked] if asked else [])
    return ListFile(name=name, content=workbook([sheet], created=now), message=message)


def _columns(query: Listing, gettext: Callable[[str], str]) -> list[SheetColumn]:
    found = [
        SheetColumn(title=gettext(N_("Code"))),
        SheetColumn(title=gettext(N_("Customer")), width=36),
        SheetColumn(title=gettext(N_("Tier")), width=18),
        SheetColumn(title=gettext(N_("Score")), kind="number", width=8),
        SheetColumn(title=gettext(N_("Account manager")), width=22),
        SheetColumn(title=gettext(N_("Region"))),
        SheetColumn(title=gettext(N_("Industry")), width=18),
        SheetColumn(title=gettext(N_("Country")), width=9),
    ]
    for kind in values.kinds_of(query):
        shown = "date" if kind in _DAYS else "money" if kind in _MONEY else "text"
        if kind in ("boundary", "overdue_step", "complaint"):
            shown = "number"
        found.append(SheetColumn(title=gettext(_TITLES[kind]), kind=shown, width=16))
        if kind in _MONEY:
            found.append(SheetColumn(title=gettext(N_("Currency")), width=9))
    return found


def _cells(row: ListRow, named: Named, query: Listing, language: str) -> list[Value]:
    by_kind = {value.kind: value for value in reversed(row.said)}
    cells: list[Value] = [
        mask_text(row.code),
        mask_text(row.name),
        None if row.tier is None else tier_words(row.tier, language),
        row.score,
        row.owner.name if row.owner else None,
        *(text and mask_text(text) for text in (named.region, named.industry, named.country)),
    ]
    for kind in values.kinds_of(query):
        value = by_kind.get(kind)
        cells.append(None if value is None else _cell(value, language))
        if kind in _MONEY:
            cells.append(None if value is None else value.currency)
    return cells


def _cell(value: ListValue, language: str) -> Value:
    if value.kind in _DAYS:
        return value.day
    if value.kind == "moved":
        return None if value.tier is None else tier_words(value.tier, language)
    if value.kind == "profile":
        return "; ".join(_local(name, language) for name in value.names)
    return value.figure


def _local(name: Name, language: str) -> str:
    return name.zh if language == "zh" else name.en
