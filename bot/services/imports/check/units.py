"""Whether the values of a field can be of its unit: a ratio written as percent, another scale, thousands.

What one value shows by itself refuses its row; what only many values show is asked, once for each field.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from statistics import median_low
from typing import Any

from bot.errors import N_, BadInput, Phrase
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.imports.read.text import nearest
from grading.engine.cells import READERS, read_number
from grading.indicators.sources import CREDIT_GRADE
from grading.indicators.units import COUNT, MONEY, RATIO, YEARS, Extent, extents, grades_of
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme

PERCENT_OR_RATIO = FindingType(
    name="percent-or-ratio",
    level=Level.QUESTION,
    sentence=N_(
        "%(field)s is a ratio, and most of its values are too large for one, such as %(value)s on line %(line)d."
    ),
    answer=N_(
        "If they are percent, give --percent %(field)s; --yes percent-or-ratio takes %(value)s for %(hundredfold)s%%."
    ),
    accept=True,
)
PERCENT_AMONG_RATIOS = FindingType(
    name="percent-among-ratios",
    level=Level.QUESTION,
    sentence=N_(
        "%(field)s is a ratio, and %(count)d of its %(all)d values are too large for one: line %(line)d has %(value)s"
        " where line %(other_line)d has %(other)s."
    ),
    answer=N_(
        "Write %(value)s%% if it is percent; --yes percent-among-ratios takes %(value)s for %(hundredfold)s%%."
    ),
    accept=True,
)
PERCENT_CONTRADICTED = FindingType(
    name="percent-contradicted",
    level=Level.QUESTION,
    sentence=N_(
        "%(field)s is read as percent, and %(count)d of its values are at most 1, such as %(value)s on line %(line)d."
    ),
    answer=N_(
        "If they are ratios, import the file without --percent %(field)s (--forget drops a remembered one);"
        " --yes percent-contradicted takes them for %(value)s."
    ),
    accept=True,
    once=True,
)
BEYOND_SCALE = FindingType(
    name="beyond-scale",
    level=Level.QUESTION,
    sentence=N_(
        "%(field)s is judged on a scale from %(low)s to %(high)s, and %(count)d of its %(all)d values are beyond it, such"
        " as %(value)s on line %(line)d."
    ),
    answer=N_(
        "Convert the column if its scale is another; --yes beyond-scale stores the values, and they count as the ends"
        " of the scale."
    ),
    accept=True,
)
VALUES_OUT_OF_RANGE = FindingType(
    name="values-out-of-range",
    level=Level.QUESTION,
    sentence=N_(
        "The values of %(field)s are far from what its scheme expects: their median is %(value)s (line %(line)d), and the"
        " scheme distinguishes values from %(low)s to %(high)s."
    ),
    answer=N_(
        "Convert the column if its unit is another, such as thousands (k, 万); --yes values-out-of-range takes the values"
        " as they are."
    ),
    accept=True,
)

_FAR = 10.0  # a median so many times the outermost knot is not of the scheme's unit
_VERY_FAR = 1_000.0  # nor is one so many times smaller than the first knot
_FEW = 2  # values that may well be those of unusual customers
_WITHOUT_CURVE = 5.0  # what stands for the outermost knot of a ratio that no curve scores
_YEARS = range(1800, 2101)


class UnitCheck:
    """Reads the values of fields as their units allow, and collects the numbers among them.

    `fields`: by name, those that are known. `percent`: the fields whose numbers without a percent sign are percent.
    """

    def __init__(self, fields: Mapping[str, Extent], percent: Iterable[str]) -> None:
        self._percent = frozenset(percent)
        for name in self._percent:
            if name not in fields:
                raise BadInput(
                    N_("--percent %(field)s: there is no field of this name%(hint)s."),
                    field=name,
                    hint=nearest(name, fields),
                )
        self._fields = fields
        self._columns: dict[str, _Column] = {}
        self._small: dict[str, set[str]] = {}  # field -> numbers up to 1 that --percent makes percentages
        self._small_lines: dict[str, list[tuple[int, str]]] = {}  # field -> where they are

    def read(self, field: str, text: str, numbers: Callable[[str], str | RefusedValue]) -> str | RefusedValue:
        """A value of a known field as it is stored, or why it cannot be one. `numbers` reads text as a number."""
        extent = self._fields[field]
        reasons = []
        for kind in sorted(extent.kinds):
            read = self._number(field, numbers(text)) if kind == "number" else _word(kind, extent, text)
            if not isinstance(read, RefusedValue):
                return read
            reasons.append(read)
        return reasons[-1]

    def _number(self, field: str, number: str | RefusedValue) -> str | RefusedValue:
        extent = self._fields[field]
        if isinstance(number, RefusedValue):
            return number
        if field in self._percent and not number.endswith("%"):
            small = 0 < abs(float(number)) <= 1
            number += "%"
            if small:
                self._small.setdefault(field, set()).add(number)
        is_percentage = number.endswith("%")
        value = read_number(number) if is_percentage else float(number)
        if is_percentage and (extent.scale or extent.unit in (MONEY, COUNT, YEARS, "days")):
            return RefusedValue(Phrase(N_("%(number)s is a percentage; write how many"), number=repr(number)))
        if value < extent.low:
            return RefusedValue(Phrase(N_("%(number)s is negative"), number=repr(number)))
        if extent.unit == COUNT and value != int(value):
            return RefusedValue(Phrase(N_("%(number)s is not a whole number"), number=repr(number)))
        if extent.unit == YEARS and value in _YEARS:
            return RefusedValue(
                Phrase(N_("%(number)s looks like a calendar year; write how many years"), number=repr(number))
            )
        return number

    def collect(self, field: str, lines: Sequence[int], values: Sequence[str]) -> None:
        """Add values that are to be stored; words are left out."""
        if "number" not in self._fields[field].kinds:
            return
        if field not in self._columns:
            self._columns[field] = _Column(field, self._fields[field])
        self._columns[field].extend(lines, values)
        if small := self._small.get(field):
            found = [at for at in zip(lines, values, strict=True) if at[1] in small]
            self._small_lines.setdefault(field, []).extend(found)

    def ask(self, findings: FileFindings) -> None:
        """Add a finding for each field whose values cannot be of its unit."""
        for column in self._columns.values():
            column.ask(findings)
        for field, found in self._small_lines.items():
            if found:
                line, value = found[0]
                findings.add(PERCENT_CONTRADICTED, field=field, count=len(found), value=value, line=line)


class _Column:
    """The numbers of one field, without zeros, which are the same in every unit; a scale may leave them out."""

    def __init__(self, field: str, extent: Extent) -> None:
        self._field, self._extent = field, extent
        self._values, self._lines = array("d"), array("q")
        self._percentages = 0
        self._percentage: tuple[int, str] | None = None  # the first one

    def extend(self, lines: Sequence[int], values: Sequence[str]) -> None:
        try:
            numbers = list(map(float, values))
        except ValueError:
            plain = [place for place, value in enumerate(values) if self._is_plain(lines[place], value)]
            lines, numbers = [lines[place] for place in plain], [float(values[place]) for place in plain]
        self._values.extend(numbers)
        self._lines.extend(lines)

    def _is_plain(self, line: int, value: str) -> bool:
        """Whether a value is a number as it is; percentages are counted, and words are left out."""
        if value.endswith("%"):
            self._percentages += 1
            self._percentage = self._percentage or (line, value)
            return False
        try:
            read_number(value)
        except ValueError:
            return False
        return True

    def ask(self, findings: FileFindings) -> None:
        if self._extent.scale is None and 0.0 in self._values:
            kept = [place for place, value in enumerate(self._values) if value]
            self._lines = array("q", [self._lines[place] for place in kept])
            self._values = array("d", [self._values[place] for place in kept])
        if not self._values:
            return
        if self._extent.unit == RATIO:
            self._ask_for_percent(findings)
        elif self._extent.scale is not None:
            self._ask_for_scale(findings, *self._extent.scale)
        elif self._extent.knots is not None:
            self._ask_for_range(findings, *self._extent.knots)

    def _ask_for_percent(self, findings: FileFindings) -> None:
        most = max(1.0, self._extent.knots[1] if self._extent.knots else _WITHOUT_CURVE)
        usual, possible = (1.0, 1.0) if self._extent.high == 1 else (2 * most, _FAR * most)
        large = [place for place, value in enumerate(self._values) if abs(value) > usual]
        beyond = [place for place in large if abs(self._values[place]) > possible]
        everything = len(self._values) + self._percentages
        if 2 * len(large) > everything:
            findings.add(PERCENT_OR_RATIO, field=self._field, **self._example(large[0]))
        elif beyond:
            usual_ones = (place for place, value in enumerate(self._values) if abs(value) <= usual)
            other = next(((self._lines[place], _shown(self._values[place])) for place in usual_ones), None)
            line, shown = other or self._percentage or (0, "")  # one of them: most values are not large
            findings.add(
                PERCENT_AMONG_RATIOS,
                field=self._field,
                count=len(beyond),
                all=everything,
                other=shown,
                other_line=line,
                **self._example(beyond[0]),
            )

    def _example(self, place: int) -> dict[str, Any]:
        value = self._values[place]
        return {"value": _shown(value), "hundredfold": _shown(value * 100), "line": self._lines[place]}

    def _ask_for_scale(self, findings: FileFindings, low: float, high: float) -> None:
        beyond = [place for place, value in enumerate(self._values) if not low <= value <= high]
        if beyond:
            findings.add(
                BEYOND_SCALE,
                field=self._field,
                low=_shown(low),
                high=_shown(high),
                count=len(beyond),
                all=len(self._values),
                value=_shown(self._values[beyond[0]]),
                line=self._lines[beyond[0]],
            )

    def _ask_for_range(self, findings: FileFindings, first: float, outermost: float) -> None:
        sizes = list(map(abs, self._values))
        median = median_low(sizes)
        far = _FAR if len(sizes) > _FEW else _VERY_FAR
        is_small = self._extent.unit == MONEY and len(sizes) > 2 * _FEW and median < first / _VERY_FAR
        if median > far * outermost or is_small:
            place = sizes.index(median)
            findings.add(
                VALUES_OUT_OF_RANGE,
                field=self._field,
                low=_shown(first),
                high=_shown(outermost),
                value=_shown(self._values[place]),
                line=self._lines[place],
            )


def _word(kind: str, extent: Extent, text: str) -> str | RefusedValue:
    """A word or a boolean as it is stored: of a word that is scored, the spelling of the scheme."""
    if kind == "bool":
        try:
            READERS[kind](text)
        except ValueError:
            return RefusedValue(
                Phrase(
                    N_(
                        "%(cell)s is neither true nor false; write true or false, yes or no, 是 or 否, 1 or 0"
                    ),
                    cell=repr(clip(text)),
                )
            )
        return text
    if not extent.words or text in extent.words:
        return text
    same = [word for word in extent.words if word.casefold() == text.casefold()]
    if len(same) == 1:
        return same[0]
    return RefusedValue(
        Phrase(
            N_("%(cell)s is not one of %(words)s%(hint)s"),
            cell=repr(clip(text)),
            words=", ".join(extent.words),
            hint=nearest(text, extent.words),
        )
    )


def _shown(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


def extents_of(schemes: Sequence[Scheme]) -> dict[str, Extent]:
    """The extents of the fields that schemes read; a credit grade is a tier of a credit scheme among them."""
    found = extents(schemes)
    if CREDIT_GRADE in found and (grades := grades_of(schemes, CREDIT_GRADE)):
        found[CREDIT_GRADE] = replace(found[CREDIT_GRADE], words=grades)
    return found


@cache
def presets() -> tuple[Scheme, ...]:
    """The shipped schemes."""
    return tuple(parse_scheme(preset_text(name), source=name) for name in preset_names())


@cache
def preset_extents() -> Mapping[str, Extent]:
    """The extents of the presets' fields. Their curves of money say nothing: the firm's currency may be another."""
    return {
        name: replace(extent, knots=None, currency=None) if extent.unit == MONEY else extent
        for name, extent in extents_of(presets()).items()
    }
