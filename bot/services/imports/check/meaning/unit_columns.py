"""Columns of units and currencies that no field holds: what they say must be what the values are stored in."""

from collections.abc import Collection, Sequence

from bot.errors import N_, Phrase
from bot.services.imports.check.fields import KnownFields
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.check.meaning.forms import says_scale, scale_in_title
from bot.services.imports.conversion import CURRENCY
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.cells.word_lists import NOTHING
from bot.services.imports.read.currencies import possible
from bot.services.imports.read.refusal import clip
from bot.services.imports.read.text import plain
from bot.services.imports.read.titles import TITLE, currencies_in_title
from grading.indicators.units import COUNT, MONEY, RATIO, YEARS

UNIT_COLUMN = FindingType(
    name="unit-column",
    level=Level.QUESTION,
    sentence=N_(
        "%(what)s %(column)s says another unit than values are stored in: %(field)s in %(unit)s (line %(line)d)."
    ),
    answer=N_(
        "Convert the values, such as to whole amounts of the firm's currency; --yes unit-column takes them as they stand."
    ),
    accept=True,
)
COLUMN = Phrase(N_("The column"))
_WORDS = (
    "unit, units, unit of measure, measure unit, uom, 单位, 计量单位, 数值单位, 金额单位, 指标单位, 單位"
    ", Einheit, Einheiten, Maßeinheit, Masseinheit, Mengeneinheit, ME"
)
_HEADERS = frozenset(map(plain, _WORDS.split(", ")))
_PERCENT = frozenset(map(plain, ["%", "percent", "per cent", "pct", "Prozent", "百分比", "百分数", "百分点"]))
_PLAIN = {
    COUNT: "count, number, pcs, pc, piece, pieces, times, persons, people, orders, 个, 次, 人, 名, 件, 家, 笔, 单, 项"
    ", Stk, Stk., Stück, Anzahl, Personen, Mitarbeiter, mal",
    YEARS: "year, years, yrs, 年, Jahr, Jahre",
    "days": "day, d, 天, 日, Tag, Tage",
    RATIO: "share, 1, 比率, 比例, Anteil, Quote",
    "points": "point, pts, score, 分, Punkt, Punkte",
}
_PLAIN_WORDS = {unit: frozenset(map(plain, words.split(", "))) for unit, words in _PLAIN.items()}


def columns_of_units(layout: Layout) -> list[int]:
    """The places of the columns of units that no field uses."""
    return [place for place, name in layout.unused.items() if plain(name) in _HEADERS]


class ScaleColumns:
    """Looks for thousands and the like in the columns of units next to amounts."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        fields = [name for name, parser in job.parsers.items() if isinstance(parser, Amounts)]
        self._field = next((name for name in fields if name in job.layout.places), None)
        self._places = columns_of_units(job.layout) if self._field else []

    def count(self, chunk: Chunk, rows: Sequence[int]) -> None:
        """Ask about the first accepted row of each column whose unit is one of thousands."""
        for place in list(self._places):
            scales = {cell for cell in set(chunk.columns[place]) if says_scale(cell)}
            row = next((row for row in rows if chunk.cells[row][place] in scales), None) if scales else None
            if row is not None:
                self._places.remove(place)
                self._job.findings.add(
                    UNIT_COLUMN,
                    what=COLUMN,
                    column=repr(self._job.layout.header[place]),
                    field=self._field,
                    unit=repr(clip(chunk.cells[row][place].strip())),
                    line=chunk.lines[row],
                )


class FactUnits:
    """Compares the columns of units and currencies of a file of facts with what each field is stored in."""

    def __init__(
        self,
        layout: Layout,
        findings: FileFindings,
        fields: KnownFields,
        *,
        percent: Collection[str],
        firm_currency: str | None,
        titles: Sequence[tuple[int, str]],
    ) -> None:
        self._header = layout.header
        self._findings = findings
        self._fields = fields
        self._firm_currency = firm_currency
        self._percent = frozenset(map(fields.find, percent))
        self._titles = list(titles)
        self._units = columns_of_units(layout)
        headers = CURRENCY.known_headers
        self._currencies = [place for place, name in layout.unused.items() if plain(name) in headers]
        self._first_currency: dict[str, tuple[str, ...]] = {}  # of fields of which nobody says their currency

    @property
    def is_needed(self) -> bool:
        """Whether anything is still compared."""
        return bool(self._units or self._currencies or self._titles)

    def collect(
        self, field: str, lines: Sequence[int], rows: Sequence[Sequence[str]], values: Sequence[str]
    ) -> None:
        """Ask about the first row of each column that says another unit; the rows and values are those of one field."""
        self._compare_titles(field)
        for places in (self._units, self._currencies):
            for place in list(places):
                fine: dict[tuple[str, bool], bool] = {}
                for line, cells, value in zip(lines, rows, values, strict=True):
                    key = cells[place].strip(), value.endswith("%")
                    if key not in fine:
                        fine[key] = self._is_fine(field, *key, is_currency=places is self._currencies)
                    if not fine[key]:
                        places.remove(place)
                        self._findings.add(
                            UNIT_COLUMN,
                            what=COLUMN,
                            column=repr(self._header[place]),
                            field=field,
                            unit=repr(clip(key[0])),
                            line=line,
                        )
                        break

    def _compare_titles(self, field: str) -> None:
        """Ask once about each line above the header that says another unit than a field of money is stored in."""
        extent = self._fields.extents.get(field)
        if extent is None or extent.unit != MONEY:
            return
        for line, title in list(self._titles):
            codes = currencies_in_title(title)
            unit = scale_in_title(title) or (codes[0] if codes and not self._is_own(field, codes) else "")
            if unit:
                self._titles.remove((line, title))
                self._findings.add(
                    UNIT_COLUMN, what=TITLE, column=repr(clip(title)), field=field, unit=repr(unit), line=line
                )

    def _is_fine(self, field: str, cell: str, is_percentage: bool, *, is_currency: bool) -> bool:
        extent = self._fields.extents.get(field)
        unit = extent.unit if extent is not None else None
        if not cell or cell in NOTHING:
            return True
        if is_currency and extent is not None and unit != MONEY:
            return True
        if says_scale(cell):
            return False
        word = plain(cell)
        if word in _PERCENT:
            return is_percentage or field in self._percent or plain(unit or "") in _PERCENT
        if found := possible(cell):
            return (extent is None or unit == MONEY) and self._is_own(field, found)
        if is_currency:
            return False
        if extent is None or "number" not in extent.kinds:
            return True  # a field that nobody knows is asked about by itself
        return unit is not None and (word == plain(unit) or word in _PLAIN_WORDS.get(unit, ()))

    def _is_own(self, field: str, found: tuple[str, ...]) -> bool:
        """Whether one of these currencies is that of a field; without one, they all must be alike."""
        own = self._fields.currency(field) or self._firm_currency
        if own is not None:
            return own in found
        return bool(set(self._first_currency.setdefault(field, found)) & set(found))
