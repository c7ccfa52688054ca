"""Finding customers by their profile: one field and a value, as lists are narrowed down to it."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session

from bot.errors import N_, BadInput, NotAllowed
from bot.services import access
from bot.services.access import Actor
from bot.services.traits.fields import TraitField, TraitFields
from bot.services.traits.values import check_value
from bot.services.traits.views import shown_value
from db.book import traits
from db.book.traits import WantedTrait
from grading.scheme.model import Name

PERSONAL = N_("%(field)s is personal: customers are not listed by it.")


class ListedCustomer(NamedTuple):
    """A customer in a list by profile."""

    id: int
    code: str
    name: str
    values: tuple[Name, ...]


@dataclass(frozen=True, kw_only=True)
class ListedCustomers:
    """The first customers of a list, and how many it has."""

    total: int
    customers: tuple[ListedCustomer, ...]


def wanted(fields: TraitFields, text: str) -> WantedTrait:
    """What `FIELD=VALUE` asks for; `FIELD`: any value of it. Raises BadInput, and NotAllowed for a personal field."""
    name, given, value = text.partition("=")
    field = fields.require(name.strip())
    if field.personal:
        raise NotAllowed(PERSONAL, field=field.id)
    return WantedTrait(field.id, _value(field, value) if given else None)


def find(
    session: Session, actor: Actor, fields: TraitFields, what: WantedTrait, most: int
) -> ListedCustomers:
    """The customers with this value among those that the actor may see, by name."""
    total, rows = traits.customers_with(session, what, access.visible_owners(session, actor), most)
    values = traits.values_of_many(session, [what.field], [row[0] for row in rows])
    field = fields.find(what.field)
    return ListedCustomers(
        total=total,
        customers=tuple(
            ListedCustomer(
                number,
                code,
                name,
                tuple(shown_value(field, value) for value in sorted(values[number][what.field])),
            )
            for number, code, name in rows
        ),
    )


def _value(field: TraitField, text: str) -> str:
    try:
        return check_value(field, text)
    except ValueError as error:
        raise BadInput(N_("%(field)s: %(problem)s."), field=field.id, problem=error.args[0]) from None
