"""Turns what a file calls customers and people into their ids, or refuses it with what was probably meant."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from bot.errors import N_, Phrase
from bot.services.imports.check.codes import similar_code
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.layout.columns import FileField, Layout
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.read.refusal import Parser, RefusedValue, clip
from bot.services.imports.read.text import email, nearest, plain
from bot.services.name_keys import HAN, person_key, spellings
from db.book.customers import Customer, CustomerKey, CustomerName, NameKind
from db.book.imports import table
from db.book.people import Person

CUSTOMER = FileField(
    name="customer",
    synonyms="customer id, customer code, customer no, code, 客户编号, 客户代码, 客户编码, 客户号, 客户ID, 客户, "
    "Kunde, Kundennummer, Kunden-Nr, Kundennr, KdNr, Kd-Nr, Debitor, Debitorennummer, Debitorenkonto",
    weak="code",
    required=True,
    read=ImportJob.codes,
    nothing=NOTHING_BUT_NA,
)
PEOPLE_ERASED = FindingType(
    name="erased-people-named",
    level=Level.NOTE,
    sentence=N_("Cells of the column %(column)s name people who were erased; they were read as empty."),
)
LAST_NAMES = "last name, surname, family name, 姓, 姓氏, Nachname, Familienname"  # headers
_LAST_NAMES = frozenset(map(plain, LAST_NAMES.split(", ")))
_CACHED = 100_000
_ADDRESS = re.compile(r"<([^<>]+)>")
_HINTS = 50  # how many did-you-means one import queries

_customer, _key, _name = table(Customer), table(CustomerKey), table(CustomerName)
# Built once: wrapping each reference of an IN by itself took as long as reading the file.
_BY_KEY = select(_key.c.external_id, _key.c.customer_id).where(
    _key.c.source == bindparam("source"), _key.c.external_id.in_(bindparam("references", expanding=True))
)
# A customer that was joined into another one keeps its code and its names for its history; they mean the other one now.
_NOW = func.coalesce(_customer.c.joined_into, _customer.c.id)
_BY_CODE = select(_customer.c.code, _NOW).where(_customer.c.code.in_(bindparam("references", expanding=True)))
_BY_ALIAS = (
    select(_name.c.name, _NOW)
    .join(_customer, _customer.c.id == _name.c.customer_id)
    .where(
        _name.c.key.in_(bindparam("keys", expanding=True)),
        _name.c.kind == NameKind.ALIAS,
        _name.c.name.in_(bindparam("references", expanding=True)),
    )
)
Found = dict[str, int | RefusedValue | None]


def find_by_code(connection: Connection, references: Sequence[str]) -> dict[str, set[int]]:
    """Code -> the customers that have it."""
    return _ids(connection.execute(_BY_CODE, {"references": list(references)}))


def find_by_alias(connection: Connection, references: Sequence[str]) -> dict[str, set[int]]:
    """Alias -> the customers that have it, written just so."""
    keys = [key for reference in references for key in spellings(reference) if key]
    return _ids(connection.execute(_BY_ALIAS, {"references": list(references), "keys": keys}))


def _ids(rows: Iterable[Any]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for code, customer in rows:
        found.setdefault(code, set()).add(customer)
    return found


class CustomerReferences:
    """Finds customers by the external ids of one source, then by code, then by another name."""

    def __init__(self, connection: Connection, source: str) -> None:
        self._connection = connection
        self._source = source
        self._known: Found = {}
        self._hints = 0

    def resolve(self, chunk: Chunk, *, refuse_unknown: bool = True) -> None:
        """Set the column `customer_id` by the field `customer`; None where an unknown customer is not refused."""
        references = chunk.values["customer"]
        found = self._find(value for value in references if isinstance(value, str))
        if refuse_unknown:
            found = {
                reference: self.unknown(reference) if customer is None else customer
                for reference, customer in found.items()
            }
        chunk.set_column("customer_id", [found.get(reference) for reference in references], "customer")

    def ids(self, references: Iterable[str]) -> dict[str, int]:
        """Reference -> customer id, of those that mean one customer of the book."""
        found = self._find(references)
        return {reference: one for reference, one in found.items() if isinstance(one, int)}

    def not_in_book(self, references: Iterable[str]) -> set[str]:
        """Which of some references mean no customer of the book."""
        return {reference for reference, customer in self._find(references).items() if customer is None}

    def unknown(self, reference: str) -> RefusedValue:
        """The refusal of an unknown customer, with what was probably meant for the first few."""
        hint = ""
        if self._hints < _HINTS:
            self._hints += 1
            hint = self._hint(reference)
        return RefusedValue(
            Phrase(N_("there is no customer %(cell)s%(hint)s"), cell=repr(clip(reference)), hint=hint)
        )

    def _find(self, references: Iterable[str]) -> Found:
        """Reference -> customer id, RefusedValue when it means several, None when it is unknown."""
        wanted = set(references)
        if len(self._known) > _CACHED:
            self._known.clear()
        missing = sorted(wanted - self._known.keys())
        for start in range(0, len(missing), AT_ONCE):
            self._query(missing[start : start + AT_ONCE])
        return {reference: self._known[reference] for reference in wanted}

    def _query(self, references: list[str]) -> None:
        found: Found = dict.fromkeys(references)
        of_source = {"source": self._source, "references": references}
        for external_id, customer in self._connection.execute(_BY_KEY, of_source):
            found[external_id] = customer
        for find, means in (
            (
                find_by_code,
                N_("%(cell)s is the code of %(count)s customers; use %(option)s to say which system's"),
            ),
            (
                find_by_alias,
                N_(
                    "%(cell)s is another name of %(count)s customers; write the code of the one that is meant"
                ),
            ),
        ):
            rest = [reference for reference, customer in found.items() if customer is None]
            for reference, customers in find(self._connection, rest).items() if rest else ():
                found[reference] = (
                    customers.pop()
                    if len(customers) == 1
                    else RefusedValue(
                        Phrase(means, cell=repr(clip(reference)), count=len(customers), option="--source")
                    )
                )
        self._known.update(found)

    def _hint(self, reference: str) -> str:
        same = similar_code(self._connection, _key, self._source, reference)
        if same is not None:
            return Phrase(N_("; did you mean %(meant)s?"), meant=same)
        named = self._connection.execute(
            select(_customer.c.code, _customer.c.name)
            .join(_name, _name.c.customer_id == _customer.c.id)
            .where(
                _name.c.key.in_(spellings(reference)),
                _name.c.kind.in_((NameKind.NAME, NameKind.ALIAS)),
                _customer.c.joined_into.is_(None),
            )
            .limit(1)
        ).first()
        if named is not None:
            return Phrase(N_("; %(name)s has the code %(code)s"), name=named[1], code=named[0])
        start = reference[: max(1, len(reference) // 2)]
        near = self._connection.scalars(
            select(_customer.c.code)
            .where(_customer.c.code >= start, _customer.c.code < start + "\U0010ffff")
            .limit(AT_ONCE)
        )
        return nearest(reference, near)


def full_names(layout: Layout, chunk: Chunk) -> list[Any]:
    """The names of contact people: of a file with two columns, the first name and the last one."""
    names, first = chunk.values["name"], chunk.values["first_name"]
    if plain(layout.columns.get("name", "")) not in _LAST_NAMES:
        return names
    return [
        _joined(one, other) if isinstance(one, str) and isinstance(other, str) else other
        for one, other in zip(first, names, strict=True)
    ]


def _joined(first: str, last: str) -> str:
    return f"{last}{first}" if HAN.search(last) else f"{first} {last}"


def find_person(job: ImportJob, name: str) -> Parser:
    """A parser of people, by e-mail address or by a name that only one person has, that gives their ids."""
    person = table(Person)
    known: dict[str, int] = {}
    named: dict[str, list[str]] = {}
    for person_id, address, called in job.connection.execute(
        select(person.c.id, person.c.email, person.c.name)
    ):
        known[address] = person_id
        named.setdefault(person_key(called), []).append(address)

    def parse(text: str) -> int | RefusedValue | None:
        found = find(text)
        if type(found) is RefusedValue and job.tombstones.of_person(text):
            job.findings.tally(PEOPLE_ERASED, column=repr(job.layout.columns.get(name, name)))
            return None
        return found

    def find(text: str) -> int | RefusedValue:
        if "@" not in text:
            return find_by_name(text)
        bracketed = _ADDRESS.search(text)
        address = email(bracketed[1] if bracketed else text)
        if isinstance(address, RefusedValue):
            return address
        found = known.get(address)
        if found is not None:
            return found
        return RefusedValue(
            Phrase(
                N_("there is no person with the e-mail %(cell)s%(hint)s"),
                cell=repr(clip(address)),
                hint=nearest(address, known),
            )
        )

    def find_by_name(text: str) -> int | RefusedValue:
        addresses = named.get(person_key(text), [])
        if len(addresses) == 1:
            return known[addresses[0]]
        if addresses:
            both = ", ".join(sorted(addresses)[:3])
            return RefusedValue(
                Phrase(
                    N_("%(count)s people are named %(cell)s; write the e-mail: %(both)s"),
                    count=len(addresses),
                    cell=repr(clip(text)),
                    both=both,
                )
            )
        return RefusedValue(Phrase(N_("there is no person named %(cell)s"), cell=repr(clip(text))))

    return parse
