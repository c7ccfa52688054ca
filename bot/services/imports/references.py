"""Turns what a file calls customers, people and teams into their ids, or says what was probably meant."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, func, select

from bot.services.imports.read.amounts import clip
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.read.text import email, nearest
from bot.services.name_keys import fold
from db.book.customers import Customer, CustomerKey, CustomerName
from db.book.imports import table
from db.book.people import Person

_AT_ONCE = 500  # parameters of one query
_CACHED = 100_000
_HINTS = 50  # how many did-you-means one import looks for

_customer, _key, _name = table(Customer), table(CustomerKey), table(CustomerName)
# Built once: wrapping each reference of an IN by itself took as long as reading the file.
_BY_KEY = select(_key.c.external_id, _key.c.customer_id).where(
    _key.c.source == bindparam("source"), _key.c.external_id.in_(bindparam("references", expanding=True))
)
_BY_CODE = (
    select(_customer.c.code, func.min(_customer.c.id), func.count())
    .where(_customer.c.code.in_(bindparam("references", expanding=True)))
    .group_by(_customer.c.code)
)


class CustomerBook:
    """Customers by the external ids of one source, then by code."""

    def __init__(self, connection: Connection, source: str) -> None:
        self._connection = connection
        self._source = source
        self._known: dict[str, int | RefusedValue | None] = {}
        self._hints = 0

    def find(self, references: Iterable[str]) -> dict[str, int | RefusedValue | None]:
        """Reference -> customer id, Refused when it means several, None when it is unknown."""
        wanted = set(references)
        if len(self._known) > _CACHED:
            self._known.clear()
        missing = sorted(wanted - self._known.keys())
        for start in range(0, len(missing), _AT_ONCE):
            self._look_up(missing[start : start + _AT_ONCE])
        return {reference: self._known[reference] for reference in wanted}

    def _look_up(self, references: list[str]) -> None:
        found: dict[str, int | RefusedValue | None] = {}
        of_source = {"source": self._source, "references": references}
        for external_id, customer in self._connection.execute(_BY_KEY, of_source):
            found[external_id] = customer
        rest = [reference for reference in references if reference not in found]
        if rest:
            for code, customer, count in self._connection.execute(_BY_CODE, {"references": rest}):
                found[code] = (
                    customer
                    if count == 1
                    else RefusedValue(
                        f"{clip(code)!r} is the code of {count} customers; use --source to say which system's"
                    )
                )
        for reference in references:
            self._known[reference] = found.get(reference)

    def unknown(self, reference: str) -> RefusedValue:
        """Why an unknown customer is refused, with what was probably meant for the first few."""
        hint = ""
        if self._hints < _HINTS:
            self._hints += 1
            hint = self._hint(reference)
        return RefusedValue(f"there is no customer {clip(reference)!r}{hint}")

    def _hint(self, reference: str) -> str:
        named = self._connection.execute(
            select(_customer.c.code, _customer.c.name)
            .join(_name, _name.c.customer_id == _customer.c.id)
            .where(_name.c.key == fold(reference), _name.c.kind.in_(("name", "alias")))
            .limit(1)
        ).first()
        if named is not None:
            return f"; {named[1]} has the code {named[0]}"
        start = reference[: max(1, len(reference) // 2)]
        near = self._connection.execute(
            select(_customer.c.code)
            .where(_customer.c.code >= start, _customer.c.code < start + "\U0010ffff")
            .limit(_AT_ONCE)
        )
        return nearest(reference, [row[0] for row in near])


def people(connection: Connection) -> dict[str, int]:
    """E-mail -> id of everybody."""
    person = table(Person)
    return {row[0]: row[1] for row in connection.execute(select(person.c.email, person.c.id))}


def person_with(known: dict[str, int]) -> Parser:
    """A look-up of people by e-mail address."""
    find = one_of(known, "person with the e-mail")

    def parse(text: str) -> int | RefusedValue:
        address = email(text)
        return address if isinstance(address, RefusedValue) else find(address)

    return parse


def one_of(known: dict[str, int], what: str) -> Parser:
    """A look-up that gives an id, or Refused with what was probably meant."""

    def find(text: str) -> int | RefusedValue:
        found = known.get(text)
        if found is not None:
            return found
        return RefusedValue(f"there is no {what} {clip(text)!r}{nearest(text, list(known))}")

    return find
