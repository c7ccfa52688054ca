"""Columns of units and currencies that no field holds: what they say must be what the values are stored in."""

from collections.abc import Callable, Collection, Sequence

from bot.errors import N_, Phrase
from bot.services.imports.check.fields import KnownFields
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.check.meaning.forms import says_scale, scale_in_title
from bot.services.imports.conversion import CURRENCY
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.amounts import Amounts, number_in
from bot.services.imports.read.cells.word_lists import NOTHING
from bot.services.imports.read.currencies import possible
from bot.services.imports.read.filters import spell
from bot.services.imports.read.headers import names
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
        "Convert the values, such as to whole amounts of %(currency)s; --yes unit-column takes them as they stand."
    ),
    accept=True,
)
PERIOD_COLUMN = FindingType(
    name="period-column",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s says for which period values hold, and the book has one value of a field for each day:"
        " %(field)s for %(period)s (line %(line)d)."
    ),
    answer=N_(
        "Give the rows of the period that the field means, such as --only %(option)s, or convert the values;"
        " --yes period-column takes them as they stand."
    ),
    accept=True,
)
COLUMN, FIRM_CURRENCY = Phrase(N_("The column")), Phrase(N_("the firm's currency"))
_UNIT_HEADERS = names(
    "unit, units, unit of measure, measure unit, uom, 单位, 计量单位, 数值单位, 金额单位, 指标单位, 單位",
    "Einheit, Einheiten, Maßeinheit, Masseinheit, Mengeneinheit, ME",
)
_SCALE_HEADERS = names(
    "scale, scaling, scale factor, factor, multiplier, magnitude, order of magnitude, unit scale, value scale, exponent",
    "倍数, 倍率, 系数, 换算系数, 数量级, 放大倍数, 量纲, Skalierung, Faktor, Größenordnung, Multiplikator, échelle, escala",
)
_PERIOD_HEADERS = names(
    "period, period type, per, basis, frequency, interval, time basis, reporting frequency, period length, time unit",
    "周期, 期间, 期间类型, 口径, 统计口径, 统计周期, 频率, 时间口径, Periode, Zeitraum, Turnus, Bezugszeitraum, Basis, période",
)
_PERIODS = names(
    "month, monthly, per month, m, mtd, quarter, quarterly, per quarter, q, qtr, qtd, week, weekly, per week, day, daily",
    "per day, half-year, half year, half-yearly, semi-annual, h1, h2, q1, q2, q3, q4, ytd, year to date",
    "月, 每月, 月度, 按月, 当月, 本月, 季, 季度, 每季度, 按季, 当季, 本季, 周, 每周, 日, 每日, 天, 半年, 半年度, 上半年, 下半年, 年初至今",
    "Monat, monatlich, pro Monat, Quartal, quartalsweise, pro Quartal, Woche, wöchentlich, Tag, täglich, Halbjahr",
    "halbjährlich, lfd. Jahr, mensuel, trimestriel, hebdomadaire, mensual, trimestral, semanal",
)
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

# (field, cell, whether the value is in percent) -> whether they agree
_Check = Callable[[str, str, bool], bool]


def _is_scale(cell: str) -> bool:
    """Whether a cell says thousands or the like, or is a number to multiply by; -1 is a sign."""
    return says_scale(cell) or number_in(cell, "point") not in (None, 1, -1)


class ScaleColumns:
    """Looks for thousands and the like in the columns of units and scales next to amounts."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        fields = [name for name, parser in job.parsers.items() if isinstance(parser, Amounts)]
        self._field = next((name for name in fields if name in job.layout.places), None)
        checks = dict.fromkeys(_UNIT_HEADERS, says_scale) | dict.fromkeys(_SCALE_HEADERS, _is_scale)
        unused = job.layout.unused if self._field else {}
        self._columns = {
            place: checks[plain(name)] for place, name in unused.items() if plain(name) in checks
        }

    def count(self, chunk: Chunk, rows: Sequence[int]) -> None:
        """Ask about the first accepted row of each column whose unit is one of thousands."""
        for place, is_scale in list(self._columns.items()):
            scales = {cell for cell in set(chunk.columns[place]) if is_scale(cell)}
            row = next((row for row in rows if chunk.cells[row][place] in scales), None) if scales else None
            if row is not None:
                del self._columns[place]
                self._job.findings.add(
                    UNIT_COLUMN,
                    what=COLUMN,
                    column=repr(self._job.layout.header[place]),
                    field=self._field,
                    currency=FIRM_CURRENCY,
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
        checks: tuple[tuple[Collection[str], _Check], ...] = (
            (_UNIT_HEADERS, self._is_unit),
            (CURRENCY.known_headers, self._is_currency),
            (_SCALE_HEADERS, lambda field, cell, _: not _is_scale(cell)),
            (_PERIOD_HEADERS, lambda field, cell, _: plain(cell) not in _PERIODS),
        )
        self._columns = {
            place: is_fine
            for headers, is_fine in checks
            for place, name in layout.unused.items()
            if plain(name) in headers
        }
        self._first_currency: dict[str, tuple[str, ...]] = {}  # of fields of which nobody says their currency

    @property
    def is_needed(self) -> bool:
        """Whether anything is still compared."""
        return bool(self._columns or self._titles)

    def collect(
        self, field: str, lines: Sequence[int], rows: Sequence[Sequence[str]], values: Sequence[str]
    ) -> None:
        """Ask about the first row of each column that says another unit; the rows and values are those of one field."""
        self._compare_titles(field)
        for place, is_fine in list(self._columns.items()):
            fine: dict[tuple[str, bool], bool] = {}
            for line, cells, value in zip(lines, rows, values, strict=True):
                key = cells[place].strip(), value.endswith("%")
                if key not in fine:
                    fine[key] = not key[0] or key[0] in NOTHING or is_fine(field, *key)
                if not fine[key]:
                    del self._columns[place]
                    self._ask(place, field, key[0], line)
                    break

    def _ask(self, place: int, field: str, cell: str, line: int) -> None:
        header, said = self._header[place], repr(clip(cell))
        if plain(header) in _PERIOD_HEADERS:
            option = spell(header, ["WORD"])
            self._findings.add(
                PERIOD_COLUMN, column=repr(header), field=field, period=said, option=option, line=line
            )
            return
        self._findings.add(
            UNIT_COLUMN,
            what=COLUMN,
            column=repr(header),
            field=field,
            currency=self._currency(field) or FIRM_CURRENCY,
            unit=said,
            line=line,
        )

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
                    UNIT_COLUMN,
                    what=TITLE,
                    column=repr(clip(title)),
                    field=field,
                    currency=self._currency(field) or FIRM_CURRENCY,
                    unit=repr(unit),
                    line=line,
                )

    def _is_unit(self, field: str, cell: str, is_percentage: bool) -> bool:
        """Whether a unit is that of a field."""
        extent = self._fields.extents.get(field)
        unit = extent.unit if extent is not None else None
        if says_scale(cell):
            return False
        word = plain(cell)
        if word in _PERCENT:
            return is_percentage or field in self._percent or plain(unit or "") in _PERCENT
        if found := possible(cell):
            return (extent is None or unit == MONEY) and self._is_own(field, found)
        if extent is None or "number" not in extent.kinds:
            return True  # a field that nobody knows is asked about by itself
        return unit is not None and (word == plain(unit) or word in _PLAIN_WORDS.get(unit, ()))

    def _is_currency(self, field: str, cell: str, _: bool) -> bool:
        """Whether a currency is that of a field of money; of others it says nothing."""
        extent = self._fields.extents.get(field)
        if extent is not None and extent.unit != MONEY:
            return True
        found = possible(cell)
        return bool(found) and not says_scale(cell) and self._is_own(field, found)

    def _is_own(self, field: str, found: tuple[str, ...]) -> bool:
        """Whether one of these currencies is that of a field; without one, they all must be alike."""
        own = self._currency(field)
        if own is not None:
            return own in found
        return bool(set(self._first_currency.setdefault(field, found)) & set(found))

    def _currency(self, field: str) -> str | None:
        """The currency that amounts of a field are in: that of its scheme, else the firm's."""
        return self._fields.currency(field) or self._firm_currency
