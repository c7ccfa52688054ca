"""Which field a name means, what its values can be, and what no scheme knows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from bot.errors import N_, Phrase, joined
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
        self._at_work = at_work
        self._counted = frozenset(name for scheme in at_work for name in scheme.fields)
        self.extents = extents_of(at_work)
        if CREDIT_GRADE in self.extents and not self.extents[CREDIT_GRADE].words:
            del self.extents[CREDIT_GRADE]  # gates read it, but no credit scheme says which grades there are
        self._own = frozenset(self.extents)
        self._names = _by_name(self.extents)
        self._has_presets = False  # they take 0.3 s to read
        self._unknown: dict[str, int] = {}  # field -> the first line
        self._doubted: dict[str, dict[str, str]] = {}  # field -> value that the presets cannot read -> why
        self._unread: dict[
            str, tuple[int, str]
        ] = {}  # field -> the first line that has such a value, and why
        self._unused: dict[str, None] = {}
        self._units = UnitCheck(self.extents, map(self.find, percent))

    def find(self, name: str) -> str:
        """The field of this name, in any case and spacing and in both languages; the name itself when there is none."""
        if name in self.extents:
            return name
        found = self._names.get(plain(name))
        if found is None and not self._has_presets:
            self._add_presets()
            return self.find(name)
        return found or name

    def _add_presets(self) -> None:
        self._has_presets = True
        others = preset_extents()
        self._names = {**_by_name(others), **self._names}
        self.extents |= {name: extent for name, extent in others.items() if name not in self._own}
        grades = grades_of([*self._at_work, *presets()], CREDIT_GRADE)
        if CREDIT_GRADE not in self._own:
            self.extents[CREDIT_GRADE] = replace(self.extents[CREDIT_GRADE], words=grades)

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

    def read(self, field: str, text: str, numbers: Callable[[str], str | RefusedValue]) -> str | RefusedValue:
        """A value of a field as it is stored, or why it cannot be one. `numbers` reads text as a number.

        A value that is refused for a field that no scheme at work reads is stored all the same, but asked about; text is
        never stored for a field of numbers.
        """
        if field not in self.extents:
            number = numbers(text)
            return text if isinstance(number, RefusedValue) else number
        value = self._units.read(field, text, numbers)
        if isinstance(value, RefusedValue) and field not in self._own:
            if self.extents[field].kinds == {"number"}:
                number = numbers(text)
                if isinstance(number, RefusedValue):
                    return value
                text = number
            if field not in self._unread:
                self._doubted.setdefault(field, {})[text] = value.reason
            return text
        return value

    def collect(self, field: str, lines: Sequence[int], values: Sequence[str]) -> None:
        """Add values of one field that are to be stored, with their lines."""
        if field not in self.extents:
            self._unknown.setdefault(field, lines[0])
            return
        self._units.collect(field, lines, values)
        if self._at_work and field not in self._counted:
            self._unused[field] = None
        if field in self._doubted:
            reasons = self._doubted[field]
            found = next((at for at in zip(lines, values, strict=True) if at[1] in reasons), None)
            if found is not None:
                self._unread[field] = found[0], reasons[found[1]]
                del self._doubted[field]

    def ask(self, findings: FileFindings) -> None:
        """Add findings for what nobody knows, and for values that cannot be of their unit."""
        if self._unknown:
            named = [
                Phrase(
                    N_("%(field)s (line %(line)s%(hint)s)"),
                    field=clip(field),
                    line=line,
                    hint=nearest(field, self.extents),
                )
                for field, line in self._unknown.items()
            ]
            findings.add(UNKNOWN_FIELD, fields=_first(named), about=", ".join(sorted(self._unknown)))
        if self._unread:
            named = [
                Phrase(N_("%(field)s (line %(line)s: %(reason)s)"), field=field, line=line, reason=reason)
                for field, (line, reason) in self._unread.items()
            ]
            findings.add(UNKNOWN_WORD, values=_first(named), about=", ".join(sorted(self._unread)))
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
    shown = joined(examples[:_EXAMPLES], ", ")
    more = len(examples) - _EXAMPLES
    return Phrase(N_("%(shown)s and %(count)s more"), shown=shown, count=more) if more > 0 else shown
