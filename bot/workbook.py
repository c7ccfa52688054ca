"""Excel workbooks and CSV files of tables: what a cell holds is shown, and never run or followed."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

Value = str | float | int | date | None

MOST_ROWS = 1_000_000  # of a sheet; Excel has room for 1,048,576
LONGEST_TEXT = 32_000  # characters of a cell; Excel has room for 32,767
LONGEST_NAME = 31  # of a sheet
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_UNTIL = date(1900, 3, 1)  # before it, days of a workbook are counted in different ways
_FORMATS = {"date": "yyyy-mm-dd", "number": "#,##0.##", "money": "#,##0.00", "whole": "0"}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its title, how its cells are shown (text, whole, number, money, date), and its width in characters."""

    title: str
    kind: str = "text"
    width: int = 14


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table of a workbook, and sentences above it."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    notes: Sequence[str] = ()


def workbook(sheets: Sequence[Sheet], *, created: datetime) -> bytes:
    """The file. The same sheets make the same bytes."""
    import xlsxwriter  # 60 ms, only where a file is made

    file = io.BytesIO()
    # Formulas, links and numbers only where they are written as such: a name that begins with = stays a name.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": created.replace(tzinfo=None)})
        formats = {kind: book.add_format({"num_format": shown}) for kind, shown in _FORMATS.items()}
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        taken: set[str] = set()
        for sheet in sheets:
            _add(book, sheet, formats, bold, taken)
    return file.getvalue()


def _add(book: Any, sheet: Sheet, formats: dict[str, Any], bold: Any, taken: set[str]) -> None:
    page = book.add_worksheet(_sheet_name(sheet.name, taken))
    top = len(sheet.notes)
    for line, note in enumerate(sheet.notes):
        page.write_string(line, 0, _text(note))
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width, formats.get(column.kind))
        page.write_string(top, place, _text(column.title), bold)
    for line, row in enumerate(sheet.rows[:MOST_ROWS], top + 1):
        for place, (value, column) in enumerate(zip(row, sheet.columns, strict=True)):
            _write(page, line, place, value, formats.get(column.kind))
    page.freeze_panes(top + 1, 0)
    if sheet.rows and sheet.columns:
        page.autofilter(top, 0, top + len(sheet.rows[:MOST_ROWS]), len(sheet.columns) - 1)


def _write(page: Any, line: int, place: int, value: Value, shown: Any) -> None:
    match value:
        case None:
            return
        case str():
            page.write_string(line, place, _text(value))
        case date() if value >= _UNTIL:
            page.write_datetime(line, place, datetime.combine(value, time()), shown)
        case date():
            page.write_string(line, place, value.isoformat())
        case _:
            page.write_number(line, place, value, shown)


def _text(value: str) -> str:
    """Without what XML cannot hold, and not longer than a cell."""
    whole = value.encode("utf-8", "replace").decode()
    return "".join(one if one.isprintable() or one == "\n" else " " for one in whole)[:LONGEST_TEXT]


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel takes and that no other sheet has."""
    base = " ".join(_text(name).translate(_NOT_IN_NAMES).split())[:LONGEST_NAME] or "1"
    found, number = base, 2
    while found.casefold() in taken or found.casefold() == "history":  # a name that Excel keeps for itself
        ending = f" {number}"
        found, number = base[: LONGEST_NAME - len(ending)] + ending, number + 1
    taken.add(found.casefold())
    return found


def csv_file(
    columns: Sequence[Column], rows: Iterable[Sequence[Value]], harmless: Callable[[str], str]
) -> bytes:
    """The rows as UTF-8 with the mark by which Excel knows it; `harmless` makes a text that no spreadsheet runs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([harmless(_text(column.title)) for column in columns])
    writer.writerows([harmless(_text(one)) if isinstance(one, str) else one for one in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
