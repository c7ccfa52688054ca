"""Which field a name means, what its values can be, and what no scheme knows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.check.units import UnitCheck, extents_of, preset_extents, presets
from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.imports.read.text import nearest, plain
from grading.indicators.sources import CREDIT_GRADE
from grading.indicators.units import MONEY, Extent, grades_of
from grading.scheme.model import Scheme

UNKNOWN_FIELD = FindingType(
    name="unknown-field",
    level=Level.QUESTION,
    sentence=N_("No scheme knows these fields: %(fields)s."),
    answer=N_(
        "Correct the name, or put the scheme that reads it in force first; --yes unknown-field stores the values, which"
        " count in no scheme."
    ),
    accept=True,
)
UNKNOWN_WORD = FindingType(
    name="unknown-word",
    level=Level.QUESTION,
    sentence=N_(
        "No scheme in force says what these values can be, and the presets do not know them: %(values)s."
    ),
    answer=N_(
        "Correct the values, or put your scheme in force first; --yes unknown-word stores them as they are."
    ),
    accept=True,
)
UNUSED_FIELD = FindingType(
    name="unused-field",
    level=Level.NOTE,
    sentence=N_("These fields count in no scheme in force: %(fields)s."),
)

_EXAMPLES = 5


class KnownFields:
    """The fields of the schemes at work, and for other names those of the presets.

    Reads values as their fields allow, and collects what nobody knows. `percent`: see `UnitCheck`.
    """

    def __init__(self, at_work: Sequence[Scheme], percent: Collection[str] = ()) -> None:
        own, others = extents_of(at_work), preset_extents()
        if CREDIT_GRADE in own and not own[CREDIT_GRADE].words:
            # Gates read it, but no credit scheme at work says which grades there are.
            words = grades_of([*at_work, *presets()], CREDIT_GRADE)
            others = {**others, CREDIT_GRADE: replace(own.pop(CREDIT_GRADE), words=words)}
        self.extents: Mapping[str, Extent] = {**others, **own}
        self._units = UnitCheck(self.extents, percent)
        self._own = frozenset(own)
        self._at_work = {name for scheme in at_work for name in scheme.fields}
        self._names = {**_by_name(others), **_by_name(own)}
        self._unknown: dict[str, int] = {}  # field -> the first line
        self._unread: dict[str, tuple[int, str]] = {}  # field -> the first line, and why
        self._unused: dict[str, None] = {}

    def find(self, name: str) -> str:
        """The field of this name, in any case and spacing and in both languages; the name itself when there is none."""
        return name if name in self.extents else self._names.get(plain(name), name)

    def find_number(self, name: str) -> str | None:
        """The field of this name unless its values are words."""
        field = self.find(name)
        return field if field not in self.extents or "number" in self.extents[field].kinds else None

    def names_of(self, field: str) -> list[str]:
        """The names that mean this field and no other, as `plain` compares them."""
        return [name for name, meant in self._names.items() if meant == field]

    def currency(self, field: str) -> str | None:
        """The currency of a field whose values are money, where a scheme says it."""
        extent = self.extents.get(field)
        return extent.currency if extent is not None and extent.unit == MONEY else None

    def read(
        self, field: str, text: str, line: int, numbers: Callable[[str], str | RefusedValue]
    ) -> str | RefusedValue:
        """A value of a field as it is stored, or why it cannot be one. `numbers` reads text as a number.

        A value is stored as it is if no scheme at work reads its field.
        """
        if field not in self.extents:
            number = numbers(text)
            return text if isinstance(number, RefusedValue) else number
        value = self._units.read(field, text, numbers)
        if isinstance(value, RefusedValue) and field not in self._own:
            self._unread.setdefault(field, (line, value.reason))
            return text
        return value

    def collect(self, field: str, line: int, value: str) -> None:
        """Add a value that is to be stored."""
        if field in self.extents:
            self._units.collect(field, line, value)
            if self._at_work and field not in self._at_work:
                self._unused[field] = None
        else:
            self._unknown.setdefault(field, line)

    def ask(self, findings: FileFindings) -> None:
        """Add findings for what nobody knows, and for values that cannot be of their unit."""
        if self._unknown:
            named = [
                f"{clip(field)} (line {line}{nearest(field, self.extents)})"
                for field, line in self._unknown.items()
            ]
            findings.add(UNKNOWN_FIELD, fields=_first(named))
        if self._unread:
            named = [f"{field} (line {line}: {reason})" for field, (line, reason) in self._unread.items()]
            findings.add(UNKNOWN_WORD, values=_first(named))
        if self._unused:
            findings.add(UNUSED_FIELD, fields=_first(list(self._unused)))
        self._units.ask(findings)


def _by_name(extents: Mapping[str, Extent]) -> dict[str, str]:
    """Name as `plain` compares it -> field, where it is the name of one field only."""
    found: dict[str, set[str]] = {}
    for field, extent in extents.items():
        for name in (field, *extent.names):
            found.setdefault(plain(name), set()).add(field)
    return {name: fields.pop() for name, fields in found.items() if len(fields) == 1}


def _first(examples: Sequence[str]) -> str:
    more = len(examples) - _EXAMPLES
    return ", ".join(examples[:_EXAMPLES]) + (f" and {more} more" if more > 0 else "")
