"""The shape of a file: where its header is, and reports that are no list of rows."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.check.rows import is_note
from bot.services.imports.layout.columns import FileField, known_headers
from bot.services.imports.layout.header import Header
from bot.services.imports.read.amounts import dissect, read_decimal
from bot.services.imports.read.cells.word_lists import is_total, total_of
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain

HEADER_LINE = FindingType(
    name="header-line",
    level=Level.NOTE,
    sentence=N_(
        "The header is line %(line)d; lines above it that are left out: %(count)d (line %(first)d: %(text)s)."
        " If that is wrong, give --header-line."
    ),
)
GROUPED_REPORT = FindingType(
    name="grouped-report",
    level=Level.REFUSAL,
    sentence=N_(
        "This is a report with groups, not a list: line %(line)d (%(text)s) is the title of the rows below it, and in"
        " them %(column)s is empty."
    ),
    answer=N_(
        "Export a plain list in which every row is complete; or fill the titles down in a spreadsheet, and delete the"
        " title lines and the totals."
    ),
)
PIVOT_TABLE = FindingType(
    name="pivot-table",
    level=Level.REFUSAL,
    sentence=N_("This is a pivot table: it has a column for each period (%(columns)s)."),
    answer=N_("Export the list that it was made from, with a row for each entry and its date."),
)
WIDE_FACTS = FindingType(
    name="wide-facts",
    level=Level.REFUSAL,
    sentence=N_(
        "This is a wide table: it has a column for each field (%(columns)s) instead of a column of fields and a column"
        " of values."
    ),
    answer=N_(
        "Write a row for each value, with the columns customer, field, value and date (a spreadsheet calls this"
        " unpivoting columns). To grade such a table without storing it: tierbot score FILE."
    ),
)
_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    *("january", "february", "march", "april", "june", "july", "august", "september", "october", "november"),
    *(
        "december",
        "jän",
        "mär",
        "mrz",
        "mai",
        "okt",
        "dez",
        "januar",
        "jänner",
        "februar",
        "märz",
        "juni",
        "juli",
    ),
    *("oktober", "dezember", "janvier", "février", "mars", "avril", "juin", "juillet", "août", "septembre"),
    *(
        "octobre",
        "novembre",
        "décembre",
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
    ),
    *("septiembre", "octubre", "noviembre", "diciembre"),
)
_YEAR = r"(?:19|20)[0-9]{2}"
_PERIOD = re.compile(
    rf"(?:{'|'.join(_MONTHS)})\.?[\s/'-]*(?:{_YEAR}|[0-9]{{2}})?|{_YEAR}[\s/'-]*(?:{'|'.join(_MONTHS)})"
    rf"|{_YEAR}[-/.](?:0?[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])[-/.]{_YEAR}|(?:{_YEAR}\s*年\s*)?(?:0?[1-9]|1[0-2])\s*月份?"
    rf"|(?:{_YEAR}[\s-]*)?q[1-4](?:[\s/-]*{_YEAR})?|{_YEAR}\s*年?|[一二三四五六七八九十]{{1,2}}月"
).fullmatch


def note_header(header: Header, findings: FileFindings) -> None:
    """Note lines with text above the header."""
    if header.titles:
        first, text = header.titles[0]
        findings.add(HEADER_LINE, line=header.line, count=header.line - 1, first=first, text=clip(text))


def find_reports(
    header: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    fields: Sequence[FileField],
    findings: FileFindings,
) -> None:
    """Add a finding when the first rows of a file are those of a report."""
    names = [unicodedata.normalize("NFKC", cell).strip() for cell in header]
    known = {plain(name) for name in names}
    periods = [name for name in names if _PERIOD(name.casefold())]
    days = [field for field in fields if field.required and field.name == "date"]
    if len(periods) >= 2 and days and not any(known & field.known_headers for field in days):
        findings.add(PIVOT_TABLE, columns=_listed(periods))
    elif {"field", "value"} <= {one.name for one in fields}:
        measured = _measured(names, [cells for _, cells in rows], fields)
        if measured:
            findings.add(WIDE_FACTS, columns=_listed(measured))
    required = known_headers(field for field in fields if field.required)
    title = _find_title([one for one in rows if any(map(str.strip, one[1]))], names, required)
    if title is not None:
        line, text, place = title
        column = repr(names[place]) if names[place] else Phrase(N_("column %(number)s"), number=place + 1)
        findings.add(GROUPED_REPORT, line=line, text=clip(text), column=column)


def _measured(names: Sequence[str], rows: Sequence[Sequence[str]], fields: Sequence[FileField]) -> list[str]:
    """The headers of columns of numbers where no column says of which field a number is."""
    by_name = {one.name: one.known_headers for one in fields}
    known = {plain(name) for name in names}
    if known & by_name["field"]:
        return []
    others = known_headers(one for one in fields if one.name != "value")
    found = [
        name
        for place, name in enumerate(names)
        if name
        and plain(name) not in others
        and _is_of_numbers([row[place] for row in rows if place < len(row)])
    ]
    return found if len(found) > 1 or not known & by_name["value"] else []


def _is_of_numbers(cells: Sequence[str]) -> bool:
    texts = [cell.strip().removesuffix("%") for cell in cells]
    filled = [text for text in texts if text]
    numbers = [text for text in filled if read_decimal(dissect(text)[0], lambda: "point") is not None]
    return 2 * len(numbers) > len(filled)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def _find_title(
    rows: Sequence[tuple[int, Sequence[str]]], names: Sequence[str], required: frozenset[str]
) -> tuple[int, str, int] | None:
    """The line, text and column of a title that stands above rows which are empty in its column, if most rows are so.

    In a column that holds nothing required, one such line proves nothing unless there are totals.
    """
    titles: dict[int, list[tuple[int, str]]] = {}
    for (line, cells), (_, below) in pairwise(rows):
        (place, *more) = _filled(cells)
        if more or place >= len(names) or is_total(cells[place]) or is_note(cells[place]):
            continue
        if place not in _filled(below) and len(_filled(below)) > 1:
            titles.setdefault(place, []).append((line, cells[place].strip()))
    if not titles:
        return None
    totals = [cells for _, cells in rows if any(is_total(cell) or total_of(cell) for cell in cells)]
    entries = [filled for _, cells in rows if len(filled := _filled(cells)) > 1 and cells not in totals]
    for place, found in titles.items():
        sure = totals or len(found) > 1 or plain(names[place]) in required
        if sure and 2 * sum(place in filled for filled in entries) < len(entries):
            return *found[0], place
    return None


def _filled(cells: Sequence[str]) -> list[int]:
    return [place for place, cell in enumerate(cells) if cell.strip()]
