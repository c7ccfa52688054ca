"""Values of a customer profile: each checked and as it is stored, however it came in; and what a statement changes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from bot.errors import N_, BadInput, Phrase, joined
from bot.services.contact_people.values import check_line
from bot.services.traits.fields import TraitField, folded

MOST_VALUES = 50  # of one field of a customer
_BETWEEN = re.compile(r"[;；、|\n]")
_BETWEEN_CHOICES = re.compile(r"[;；、|\n,，/]")


class WrongTraits(BadInput):
    """Values of a customer profile that cannot be stored: field -> what is wrong, in `problems`."""

    def __init__(self, problems: Mapping[str, Phrase]) -> None:
        self.problems = dict(problems)
        lines = [
            Phrase(N_("%(field)s: %(problem)s."), field=name, problem=problem)
            for name, problem in self.problems.items()
        ]
        super().__init__(N_("%(problems)s"), problems=joined(lines, "\n"))


def split(field: TraitField, cell: str) -> list[str]:
    """The values that a cell or an input holds: of a field with several they are separated by semicolons or lines."""
    if not field.several:
        return [cell.strip()] if cell.strip() else []
    between = _BETWEEN_CHOICES if field.type == "choice" and field.find(cell) is None else _BETWEEN
    return [part.strip() for part in between.split(cell) if part.strip()]


def check_values(field: TraitField, given: Iterable[str]) -> tuple[str, ...]:
    """Values as they are stored, each once. Raises ValueError with a phrase."""
    found = {folded(value): value for value in (check_value(field, text) for text in given)}
    values = tuple(found.values())
    if len(values) > 1 and not field.several:
        raise ValueError(Phrase(N_("has one value, not %(count)d"), count=len(values)))
    if len(values) > MOST_VALUES:
        raise ValueError(
            Phrase(N_("has at most %(most)d values, not %(count)d"), most=MOST_VALUES, count=len(values))
        )
    return values


def check_value(field: TraitField, text: str) -> str:
    """One value as it is stored. Raises ValueError with a phrase."""
    text = text.strip()
    if field.type == "number":
        return _number(text)
    if field.type == "text":
        return check_line(text)
    if (found := field.find(text)) is None:
        raise ValueError(
            Phrase(
                N_("%(value)s is not one of %(words)s"),
                value=repr(text[:60]),
                words=", ".join(value.id for value in field.values),
            )
        )
    return found.id


def _number(text: str) -> str:
    """A number with a decimal point, in its shortest form."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 15:
        raise ValueError(Phrase(N_("%(cell)s is not a number; write it as 1234.5"), cell=repr(text[:60])))
    return f"{number.normalize():f}" if number else "0"


class PresentValue(NamedTuple):
    """A value of a field that counts."""

    id: int
    value: str
    as_of: date


class Difference(NamedTuple):
    """What a statement about a field changes."""

    added: tuple[str, ...]
    ended: tuple[int, ...] = ()  # ids of values that count no more
    is_past: bool = False  # whether what is added counts no more either, because a later statement is known


def compare(
    present: Sequence[PresentValue], stated: Sequence[str], day: date | None, today: date
) -> Difference:
    """What a statement changes that a field has exactly these values on a day (None: it names no day).

    A value that stays is dated anew only by a statement that names a later day.
    """
    newest = max((one.as_of for one in present), default=None)
    if newest is not None and (day or today) < newest:
        return Difference(added=tuple(stated), is_past=True)
    said = {folded(value) for value in stated}
    kept = {folded(one.value): one for one in present if folded(one.value) in said}
    kept = {word: one for word, one in kept.items() if day is None or one.as_of >= day}
    stays = {one.id for one in kept.values()}
    return Difference(
        added=tuple(value for value in stated if folded(value) not in kept),
        ended=tuple(one.id for one in present if one.id not in stays),
    )
