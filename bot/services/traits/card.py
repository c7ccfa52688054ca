"""The line of a customer's card about its profile."""

from collections.abc import Iterable

from bot.services.traits.fields import TraitFields
from bot.wording.profiles import CardTrait
from grading.scheme.model import Name

MOST_VALUES = 3  # of a field
LONGEST = 60  # characters of a value


def on_card(fields: TraitFields, known: Iterable[tuple[str, str]]) -> tuple[CardTrait, ...]:
    """Of what is known, (field, value), the values of the fields that the firm wants on the card."""
    values: dict[str, list[str]] = {}
    for name, value in known:
        values.setdefault(name, []).append(value)
    return tuple(
        CardTrait(
            field=field.name,
            values=tuple(map(_clipped, map(field.shown, values[field.id][:MOST_VALUES]))),
            more=max(0, len(values[field.id]) - MOST_VALUES),
        )
        for field in fields.on_card
        if field.id in values
    )


def _clipped(name: Name) -> Name:
    return Name(en=_cut(name.en), zh=_cut(name.zh))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
