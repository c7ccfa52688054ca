"""Columns of units and currencies that no field holds: what they say must be what the values are stored in."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from bot.errors import N_, Phrase
from bot.services.imports.check.fields import KnownFields
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.check.meaning.forms import says_scale, scale_in_title
from bot.services.imports.conversion import COST, CURRENCY
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.amounts import Amounts, number_in
from bot.services.imports.read.cells.word_lists import NOTHING
from bot.services.imports.read.currencies import possible
from bot.services.imports.read.date_shapes import written
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
    answer=N_("Convert the values to %(stored)s; --yes unit-column takes them as they stand."),
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
        "Leave out the rows of other periods than a field means, such as --skip %(option)s, or convert their values;"
        " --yes period-column takes them as they stand."
    ),
    accept=True,
)
COLUMN, FIRM_CURRENCY = Phrase(N_("The column")), Phrase(N_("the firm's currency"))
_SHOWN = 8  # periods
_UNIT_HEADERS = names(
    "unit, units, unit of measure, measure unit, uom, 单位, 计量单位, 数值单位, 金额单位, 指标单位, 單位",
    "Einheit, Einheiten, Maßeinheit, Masseinheit, Mengeneinheit, ME",
)
_SCALE_HEADERS = names(
    "scale, scaling, scale factor, factor, multiplier, magnitude, order of magnitude, unit scale, value scale",
    "倍数, 倍率, 系数, 换算系数, 数量级, 量级, 放大倍数, 量纲, Skalierung, Faktor, Größenordnung, Multiplikator, échelle, escala",
)
_NO_SCALE = names("1, one, ones, unit, units, x1, 1x, none, single, 个, 元, 件, Einheit, Einheiten, Stück")
_PERIOD_HEADERS = names(
    "period, period type, per, basis, frequency, interval, time basis, reporting frequency, period length, time unit",
    "fiscal period, accounting period, reporting period, 会计期间, 报告期, 账期, 所属期, Periode, Zeitraum, Turnus, Bezugszeitraum",
    "周期, 期间, 期间类型, 口径, 统计口径, 统计周期, 频率, 时间口径, Basis, Buchungsperiode, période, período",
)
_PART_HEADERS = names(
    "month, months, number of months, quarter, half-year, week, 月份, 月数, 季度, 半年度, Monat, Monate, Quartal, Halbjahr, Woche"
)
_FROM_HEADERS = names(
    "from, period start, period from, start date, start, 起始日期, 开始日期, 期间起, von, Beginn"
)
_TO_HEADERS = names("to, period end, period to, end date, end, 结束日期, 截止日期, 期间止, bis, Ende")
_PERIODS = names(
    "month, monthly, per month, m, mtd, quarter, quarterly, per quarter, q, qtr, qtd, week, weekly, per week, day, daily",
    "per day, half-year, half year, half-yearly, semi-annual, ytd, year to date",
    "月, 每月, 月度, 按月, 当月, 本月, 季, 季度, 每季度, 按季, 当季, 本季, 周, 每周, 日, 每日, 天, 半年, 半年度, 上半年, 下半年, 年初至今",
    "Monat, monatlich, pro Monat, Quartal, quartalsweise, pro Quartal, Woche, wöchentlich, Tag, täglich, Halbjahr",
    "halbjährlich, lfd. Jahr, mensuel, trimestriel, hebdomadaire, mensual, trimestral, semanal",
)
_YEARS = names("12m, 12 months, 12 month, last 12 months, rolling 12 months, 12个月, 近12个月, 12 Monate, 12")
_YEAR = re.compile(
    r"(?:fy|gj|cy)?\s*((?:19|20)?[0-9]{2})(?:\s*[-/]\s*((?:19|20)?[0-9]{2}))?\s*(?:年度?|财年)?",
    re.IGNORECASE,
).fullmatch
_ENDS = (_FROM_HEADERS, _TO_HEADERS)
_YEAR_DAYS = range(350, 380)
_BETWEEN = " – "  # the first and the last day of a period
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
# Field of amounts -> what a header of its unit or currency may call it.
_NAMES_OF = {"amount": names("amount, sales, 金额, 销售额, Betrag, Umsatz"), COST.name: COST.known_headers}


def _is_scale(cell: str) -> bool:
    """Whether a cell is a number to multiply by, or a word for one; -1 is a sign."""
    text = cell.strip()
    is_none = text in NOTHING or plain(text) in _NO_SCALE or number_in(text, "point") in (1, -1)
    return bool(text) and not is_none and (says_scale(text) or not possible(text))


def _is_whole_year(period: str) -> bool:
    """Whether a period is a year, or a word that says nothing of time."""
    word, year = plain(period), _YEAR(period.strip())
    if year is not None:
        return year[2] is None or (int(year[2]) - int(year[1])) % 100 == 1
    return word in _YEARS or (word not in _PERIODS and not any(map(str.isdigit, word)))


def _is_year_between(days: str) -> bool:
    """Whether there is a year between two days, written from the year or from the day on."""
    first, last = (written.dissect(day) for day in days.split(_BETWEEN))
    if first is None or last is None:
        return False
    spans = [
        (date(*first.arranged(order)), date(*last.arranged(order)))
        for order in first.orders
        if order in last.orders and first.shape == last.shape
    ]
    return any((last_day - first_day).days in _YEAR_DAYS for first_day, last_day in spans)


class AmountUnits:
    """Looks for thousands, and for other currencies of one amount, in the columns of units and currencies next to amounts."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        fields = [name for name, parser in job.parsers.items() if isinstance(parser, Amounts)]
        self._columns: dict[
            int, tuple[str, Callable[[str, str], bool]]
        ] = {}  # place -> field, whether a cell differs
        for field in (name for name in fields if name in job.layout.places):
            words = _NAMES_OF.get(field, frozenset()) | {plain(job.layout.columns[field])}
            for place, name in job.layout.unused.items():
                said = _without(plain(name), words)
                if said in _UNIT_HEADERS:
                    self._columns.setdefault(place, (field, lambda cell, _: says_scale(cell)))
                elif said in _SCALE_HEADERS:
                    self._columns.setdefault(place, (field, lambda cell, _: _is_scale(cell)))
                elif said in CURRENCY.known_headers and said != plain(name):
                    self._columns.setdefault(place, (field, _is_other_currency))

    def count(self, chunk: Chunk, rows: Sequence[int]) -> None:
        """Ask about the first accepted row of each column that says another unit or currency than the amount is in."""
        taken = chunk.values.get("currency"), chunk.values.get("original_currency")
        for place, (field, differs) in list(self._columns.items()):
            cells = chunk.columns[place]
            own = [next((one[row] for one in reversed(taken) if one and one[row]), "") for row in rows]
            odd = {
                pair for pair in set(zip((cells[row] for row in rows), own, strict=True)) if differs(*pair)
            }
            row = next((row for row, code in zip(rows, own, strict=True) if (cells[row], code) in odd), None)
            if row is not None:
                del self._columns[place]
                self._job.findings.add(
                    UNIT_COLUMN,
                    what=COLUMN,
                    column=repr(self._job.layout.header[place]),
                    field=field,
                    stored=Phrase(N_("whole amounts of %(currency)s"), currency=FIRM_CURRENCY),
                    unit=repr(clip(cells[row].strip())),
                    line=chunk.lines[row],
                )


def _without(name: str, words: Collection[str]) -> str:
    """What is left of a header without the name of the amount that it is about: currency of cost currency."""
    for word in sorted(words, key=len, reverse=True):
        if name.startswith(word) and name != word:
            return name[len(word) :]
        if name.endswith(word) and name != word:
            return name[: -len(word)].removesuffix("of")
    return name


def _is_other_currency(cell: str, own: str) -> bool:
    text = cell.strip()
    return bool(text) and text not in NOTHING and own not in possible(text)


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
            (_PERIOD_HEADERS, lambda field, cell, _: _is_whole_year(cell)),
            (_PART_HEADERS, lambda field, cell, _: plain(cell) in _YEARS),
        )
        unused = {place: plain(name) for place, name in layout.unused.items()}
        self._columns: dict[tuple[int, ...], _Check] = {
            (place,): is_fine
            for headers, is_fine in checks
            for place, name in unused.items()
            if name in headers
        }
        ends = [place for headers in _ENDS for place, name in unused.items() if name in headers]
        if len(ends) == len(_ENDS):
            self._columns[tuple(ends)] = lambda field, cell, _: _is_year_between(cell)
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
        for places, is_fine in list(self._columns.items()):
            found: dict[tuple[str, bool], int] = {}  # (cell, whether its value is in percent) -> line
            for line, cells, value in zip(lines, rows, values, strict=True):
                cell = _BETWEEN.join(cells[place].strip() for place in places)
                found.setdefault((cell, value.endswith("%")), line)
            odd = {
                cell: line
                for (cell, in_percent), line in found.items()
                if cell.strip(_BETWEEN) not in ("", *NOTHING) and not is_fine(field, cell, in_percent)
            }
            if odd:
                del self._columns[places]
                self._ask(places, field, odd)

    def _ask(self, places: tuple[int, ...], field: str, odd: Mapping[str, int]) -> None:
        """Ask about cells of one column or of two, with their lines."""
        (cell, line), *_ = odd.items()
        column, last = " – ".join(repr(self._header[place]) for place in places), self._header[places[-1]]
        if len(places) > 1 or plain(last) in _PERIOD_HEADERS | _PART_HEADERS:
            words = dict.fromkeys(cell.split(_BETWEEN)[-1] for cell in list(odd)[:_SHOWN])
            self._findings.add(
                PERIOD_COLUMN,
                column=column,
                field=field,
                period=repr(clip(cell)),
                option=spell(last, list(words)),
                line=line,
            )
            return
        self._findings.add(
            UNIT_COLUMN,
            what=COLUMN,
            column=column,
            field=field,
            stored=self._stored(field),
            unit=repr(clip(cell)),
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
                    stored=self._stored(field),
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

    def _stored(self, field: str) -> Phrase:
        """What values of a field are stored in."""
        extent = self._fields.extents.get(field)
        if extent is None or extent.unit in (None, MONEY):
            return Phrase(
                N_("whole amounts of %(currency)s"), currency=self._currency(field) or FIRM_CURRENCY
            )
        return Phrase(N_("the unit of the field, %(unit)s"), unit=extent.unit)
