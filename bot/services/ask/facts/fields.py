"""What can be recorded as a fact: its name, the kind of its values, and which of them are allowed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session

from bot.errors import N_, BadInput, BilingualName, Phrase, joined
from bot.services.ask.graded import unit_as_read
from bot.services.ask.masks import masked_fields
from bot.services.imports.check.fields import KnownFields
from bot.services.imports.read.numbers import Numbers
from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db.privacy import is_masked, of_field
from grading.engine.cells import read_number, read_truth
from grading.indicators.sources import JUDGED
from grading.indicators.units import COUNT, MONEY, RATIO, Extent
from grading.scheme.model import MULTIPLES, Indicator, Map, Name, Scheme

MOST_STEPS = 20  # of a scale whose numbers are chosen
TRUTHS = (("true", Name(en="Yes", zh="是")), ("false", Name(en="No", zh="否")))


class FactValue(StrEnum):
    """What the values of a fact are."""

    NUMBER = "number"
    SHARE = "share"  # written in percent
    SCALE = "scale"  # a judgement, such as 1 to 5
    WORD = "word"
    TRUTH = "truth"


@dataclass(frozen=True, kw_only=True)
class FactField:
    """A fact that can be recorded: `low` and `high` are None where nothing limits it, `choices` stored values and names."""

    id: str
    names: Name
    kind: FactValue
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    whole: bool = False
    choices: tuple[tuple[str, Name], ...] = ()
    judged: bool = False  # needs evidence
    masked: bool = False

    @property
    def name(self) -> BilingualName:
        return BilingualName(self.names.en, self.names.zh)

    @property
    def allowed(self) -> Phrase:
        """Which values can be recorded."""
        low, high = _written(self.low, self.kind), _written(self.high, self.kind)
        if self.choices and self.kind != FactValue.SCALE:
            names = [BilingualName(name.en, name.zh) for _, name in self.choices]
            return Phrase(N_("one of: %(names)s"), names=joined(names, ", "))
        if self.kind == FactValue.WORD:
            return Phrase(N_("a word"))
        if self.kind == FactValue.SHARE:
            if low is None or high is None:
                return Phrase(N_("a number in percent, such as 12.5"))
            return Phrase(N_("a number in percent, from %(low)s to %(high)s"), low=low, high=high)
        if low is not None and high is not None:
            return Phrase(N_("a number from %(low)s to %(high)s"), low=low, high=high)
        if low is not None:
            number = (
                N_("a whole number, at least %(low)s") if self.whole else N_("a number, at least %(low)s")
            )
            return Phrase(number, low=low)
        return Phrase(N_("a number"))

    def shown(self, stored: str) -> Name | float | bool | str:
        """A stored value as messages show it."""
        try:
            if self.kind == FactValue.TRUTH:
                return read_truth(stored)
            if self.kind == FactValue.WORD:
                return dict(self.choices).get(stored, stored)
            return read_number(stored)
        except ValueError:  # what another scheme read
            return stored


class FactFields:
    """The fields of the schemes that are in force or in the shadow on a day."""

    def __init__(self, session: Session, scheme_cache: SchemeCache, today: date) -> None:
        self._schemes = store.at_work(session, scheme_cache, today)
        self._known = KnownFields(self._schemes)

    def require(self, name: str) -> FactField:
        """The field of this id, or of this name in one of the languages. Raises BadInput."""
        field = name if self._is_read(name) else self._known.find(name)
        if not self._is_read(field):
            raise BadInput(
                N_("No scheme in force asks for %(field)s, so it is not recorded."), field=clip(name)
            ).of("field")
        return _field(field, self._known.extents[field], self._schemes)

    def of_stored(self, field: str) -> FactField:
        """The field of a fact that is stored; as a word, where no scheme asks for it any more."""
        if self._is_read(field):
            return self.require(field)
        names, masked = Name(en=field, zh=field), is_masked(of_field(field))
        return FactField(id=field, names=names, kind=FactValue.WORD, masked=masked)

    def _is_read(self, field: str) -> bool:
        return any(field in scheme.fields for scheme in self._schemes) and field in self._known.extents

    def read(self, field: FactField, text: str) -> str:
        """A value as it is stored. Raises BadInput, said below the input `value`, with what is allowed."""
        text = _chosen(field, text.strip())
        if not text:
            raise _refused(field, Phrase(N_("nothing was entered")))
        if field.kind == FactValue.SHARE and not text.endswith(("%", "％")):
            text += "%"
        numbers = Numbers(_refuse_either, self._known.currency(field.id))
        found = self._known.read(field.id, text, numbers)
        if isinstance(found, RefusedValue):
            raise _refused(field, found.reason)
        if field.kind in (FactValue.NUMBER, FactValue.SHARE, FactValue.SCALE):
            number = read_number(found)
            if not (field.low is None or number >= field.low) or not (
                field.high is None or number <= field.high
            ):
                raise _refused(field, Phrase(N_("%(value)s is beyond that"), value=clip(text)))
        elif field.kind == FactValue.TRUTH:
            return str(read_truth(found)).lower()
        return found


def _field(field: str, extent: Extent, schemes: Sequence[Scheme]) -> FactField:
    indicators = [one for scheme in schemes for one in scheme.indicators if one.id == field]
    indicator = indicators[0] if indicators else None
    kind = _kind(field, extent)
    low, high = extent.scale if kind == FactValue.SCALE and extent.scale else (extent.low, extent.high)
    return FactField(
        id=field,
        names=indicator.name if indicator else Name(en=field, zh=field),
        kind=kind,
        unit=RATIO if kind == FactValue.SHARE else _unit(indicator, extent),
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        whole=extent.unit == COUNT,
        choices=_choices(kind, extent, indicators, low, high),
        judged=field in JUDGED or any(one.manual for one in indicators),
        masked=any(field in masked_fields(scheme) for scheme in schemes),
    )


def _kind(field: str, extent: Extent) -> FactValue:
    if "number" in extent.kinds:
        if extent.scale is not None:
            return FactValue.SCALE
        return FactValue.SHARE if extent.unit == RATIO and field not in MULTIPLES else FactValue.NUMBER
    return FactValue.TRUTH if "bool" in extent.kinds else FactValue.WORD


def _unit(indicator: Indicator | None, extent: Extent) -> str | None:
    """The unit as people read it: a currency by its code."""
    if extent.unit == MONEY:
        return extent.currency
    return unit_as_read(indicator) if indicator is not None else extent.unit


def _choices(
    kind: FactValue, extent: Extent, indicators: Sequence[Indicator], low: float, high: float
) -> tuple[tuple[str, Name], ...]:
    if kind == FactValue.TRUTH:
        return TRUTHS
    if kind == FactValue.SCALE:
        is_short = low.is_integer() and high.is_integer() and high - low <= MOST_STEPS
        steps = range(int(low), int(high) + 1) if is_short else ()
        return tuple((str(step), Name(en=str(step), zh=str(step))) for step in steps)
    if kind != FactValue.WORD:
        return ()
    names: dict[str, Name] = {}
    for one in indicators:
        if isinstance(one.score, Map):
            names = {**one.score.names, **names}
    return tuple(
        (word, names.get(word) or Name(en=word.replace("_", " "), zh=word.replace("_", " ")))
        for word in extent.words
    )


def _chosen(field: FactField, text: str) -> str:
    """The stored value of a choice that is written as it is read."""
    folded = text.casefold()
    return next(
        (value for value, name in field.choices if folded in (name.en.casefold(), name.zh.casefold())), text
    )


def _written(number: float | None, kind: FactValue) -> str | None:
    if number is None:
        return None
    return f"{number * 100 if kind == FactValue.SHARE else number:g}"


def _refused(field: FactField, reason: str) -> BadInput:
    return BadInput(
        N_("This cannot be recorded as %(name)s: %(reason)s. Allowed is %(allowed)s."),
        name=field.name,
        reason=reason,
        allowed=field.allowed,
    ).of("value")


def _refuse_either(text: str) -> str:
    raise BadInput(
        N_("%(value)s can be read in two ways; write it without separators of thousands."), value=clip(text)
    ).of("value")
