"""The line of a customer's card about its profile."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.wording.profiles import CardTrait
from db.book import traits
from grading.scheme.model import Name

if TYPE_CHECKING:  # read only for a customer of whom something is known
    from bot.services.traits.fields import TraitFields

MOST_VALUES = 3  # of a field
LONGEST = 60  # characters of a value


def on_card(session: Session, fields: Callable[[], "TraitFields"], customer_id: int) -> tuple[CardTrait, ...]:
    """The values of the fields that the firm wants on the card; `fields` is called only where something is known."""
    known = traits.values_of(session, customer_id)
    if not known:
        return ()
    values: dict[str, list[str]] = {}
    for name, value in known:
        values.setdefault(name, []).append(value)
    return tuple(
        CardTrait(
            field=field.name,
            values=tuple(map(_clipped, map(field.shown, values[field.id][:MOST_VALUES]))),
            more=max(0, len(values[field.id]) - MOST_VALUES),
        )
        for field in fields().on_card
        if field.id in values
    )


def _clipped(name: Name) -> Name:
    return Name(en=_cut(name.en), zh=_cut(name.zh))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
