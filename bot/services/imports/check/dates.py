"""What only a whole column of dates can show: placeholders, and days and months that a spreadsheet has swapped."""

from collections.abc import Mapping

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.read.dates import Dates, ShapeCount
from bot.services.imports.read.ends import Ends
from bot.services.imports.read.terms import DueDays, PaidDays

PLACEHOLDER_DATES = FindingType(
    name="placeholder-dates",
    level=Level.NOTE,
    sentence=N_(
        "Cells of the column %(column)s that stand for no date count as empty: %(count)d (line %(line)d: %(example)s)."
    ),
)
SWAPPED_DATES = FindingType(
    name="swapped-dates",
    level=Level.QUESTION,
    sentence=N_(
        "In the column %(column)s every date such as %(low)s has a day up to 12, and every date such as %(high)s has a"
        " later one: a spreadsheet seems to have swapped day and month where it could read them."
    ),
    answer=N_(
        "Export the file again without opening it in a spreadsheet, or take the dates as they are:"
        " --yes swapped-dates."
    ),
    accept=True,
)
YEAR_DAY_MONTH = FindingType(
    name="year-day-month",
    level=Level.REFUSAL,
    sentence=N_(
        "In the column %(column)s the day stands before the month after the year (%(example)s), and no other date shows"
        " that the month comes first."
    ),
    answer=N_("Write the dates of the column %(column)s as 2026-03-05, with the month before the day."),
)
# Of the days of a month 12 in 30 are up to 12, so a few of them are all so by chance.
_ENOUGH = 2


class DateColumns:
    """Counts placeholders while the rows are read, and knows each column's shapes at the end."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        parsers = {
            name: one.days if isinstance(one, Ends | DueDays | PaidDays) else one
            for name, one in job.parsers.items()
        }
        self._parsers = {name: one for name, one in parsers.items() if isinstance(one, Dates)}
        self._found: dict[str, tuple[int, int, str]] = {}  # field -> count, first line and cell

    def count(self, chunk: Chunk) -> None:
        """Count the placeholders of a chunk."""
        for name, parser in self._parsers.items():
            place = self._job.layout.places.get(name)
            if place is None or not parser.placeholders:
                continue
            rows = [
                row for row, cells in enumerate(chunk.cells) if cells[place].strip() in parser.placeholders
            ]
            if rows:
                first = chunk.lines[rows[0]], chunk.cells[rows[0]][place].strip()
                many, *earlier = self._found.get(name, (0, *first))
                self._found[name] = (many + len(rows), *(earlier or first))

    def add_findings(self) -> None:
        """Add what the columns show to the findings."""
        columns = self._job.layout.columns
        for name, (many, line, cell) in self._found.items():
            self._job.findings.add(
                PLACEHOLDER_DATES, count=many, column=repr(columns[name]), line=line, example=cell
            )
        for name, parser in self._parsers.items():
            if name in columns:
                ask_about_days(parser, columns[name], self._job.findings)


def ask_about_days(parser: Dates, column: str, findings: FileFindings) -> None:
    """Ask what the shapes of the dates of a column, which the parser has read, leave open."""
    whole = parser.shapes.get("year first", ShapeCount())
    if parser.year_day_month and not whole.high:
        findings.add(YEAR_DAY_MONTH, column=repr(column), example=parser.year_day_month)
    swapped = find_swapped(parser.shapes)
    if swapped is not None:
        findings.add(SWAPPED_DATES, column=repr(column), low=swapped[0], high=swapped[1])


def find_swapped(shapes: Mapping[str, ShapeCount]) -> tuple[str, str] | None:
    """A date of the shape that has only days up to 12 and one of the shape that has only later days, if all are so.

    A spreadsheet that expects 05/13/2026 reads 03/05/2026 as the 5th of March and leaves 13/05/2026 as text. When it
    writes the column, the two look different: year first or without zeros, and as they were.
    """
    whole: dict[str, ShapeCount] = {}
    for shape, found in shapes.items():
        sign = shape.removesuffix("bare").removesuffix("padded")
        styles = [style for style in ("bare", "padded") if sign + style in shapes]
        if shape == sign and len(styles) == 2:
            continue  # without a number below 10, it has either style
        joined = whole.setdefault(sign + styles[0] if shape == sign and styles else shape, ShapeCount())
        joined.low, joined.high = joined.low or found.low, joined.high or found.high
        joined.lows += found.lows
    if any(found.low and found.high for found in whole.values()):
        return None
    low = next((found.low for found in whole.values() if found.low), None)
    high = next((found.high for found in whole.values() if found.high), None)
    enough = sum(found.lows for found in whole.values()) >= _ENOUGH
    return (low, high) if low and high and enough else None
