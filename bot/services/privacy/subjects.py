"""Who is to be erased or exported: their numbers in the database, and everything that they are called there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, select
from sqlmodel import Session, col

from bot.errors import N_, Conflict, NotFound
from bot.services.imports.joins.pairs import BookReferences
from bot.services.imports.read.refusal import RefusedValue
from db import traces
from db.book import contact_people, customers, people
from db.book.customers import Customer, CustomerKey, CustomerName, NameKind
from db.book.tombstones import Subject

_WRITTEN = (NameKind.CODE, NameKind.NAME, NameKind.ALIAS)
_CHANGE = traces.CHANGE.c


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A customer with all that were joined into it, a person or a contact person, as they are in the book."""

    subject: Subject
    ids: tuple[int, ...]
    code: str  # the code or the address, as it is typed to confirm
    name: str
    codes: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()  # (source, code there)
    names: tuple[str, ...] = ()
    address: str = ""
    slack_user_id: str | None = None
    phone: str = ""
    of_customers: tuple[str, ...] = ()  # what files call the customer of a contact person

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that they are called."""
        external = (code for _, code in self.keys)
        found = (*self.names, *self.codes, *external, self.address, self.slack_user_id or "", self.phone)
        return tuple(dict.fromkeys(word for word in found if word))


def customer_named(session: Session, text: str) -> Identity:
    """A customer by SOURCE:CODE or by a code that only one has, also one that has ended. Raises NotFound."""
    references = BookReferences(session.connection())
    reference = references.split(text)
    found = references.find([reference])[reference]
    if isinstance(found, RefusedValue):
        raise NotFound(N_("No customer is meant by %(code)s: %(problem)s."), code=text, problem=found.reason)
    return customer(session, found)


def customer(session: Session, customer_id: int) -> Identity:
    """A customer by its number, or by that of one that was joined into it. Raises NotFound."""
    row = customers.get_row(session, customer_id)
    if row is None:
        raise NotFound(N_("There is no such customer any more."))
    joined = customers.joined(session, row.id)
    ids = (row.id, *(number for number, _ in joined))
    keys = session.execute(
        select(col(CustomerKey.source), col(CustomerKey.external_id)).where(
            col(CustomerKey.customer_id).in_(ids)
        )
    )
    written = session.scalars(
        select(col(CustomerName.name)).where(
            col(CustomerName.customer_id).in_(ids), col(CustomerName.kind).in_(_WRITTEN)
        )
    )
    present = session.scalars(select(col(Customer.name)).where(col(Customer.id).in_(ids)))
    codes = (row.code, *(code for _, code in joined))
    earlier = _earlier(session, traces.CUSTOMER.name, ids, "name")
    return Identity(
        subject=Subject.CUSTOMER,
        ids=ids,
        code=row.code,
        name=row.name,
        codes=tuple(dict.fromkeys(codes)),
        keys=tuple((source, code) for source, code in keys),
        names=tuple(dict.fromkeys([*present, *(name for name in written if name not in codes), *earlier])),
    )


def person(session: Session, email: str) -> Identity:
    """A person by e-mail address. Raises NotFound, and Conflict for one who was erased."""
    row = people.by_email(session, email)
    if row is not None and people.is_erased(row):
        raise Conflict(N_("%(name)s was erased already."), name=row.name)
    if row is None or row.id is None:
        raise NotFound(N_("There is no person with the e-mail address %(email)s."), email=email)
    return Identity(
        subject=Subject.PERSON,
        ids=(row.id,),
        code=row.email,
        name=row.name,
        names=tuple(dict.fromkeys([row.name, *_earlier(session, traces.PERSON.name, (row.id,), "name")])),
        address=row.email,
        slack_user_id=row.slack_user_id,
    )


def contact_person(session: Session, contact_person_id: int) -> Identity:
    """A contact person by number. Raises NotFound."""
    row = contact_people.get(session, contact_person_id)
    if row is None:
        raise NotFound(
            N_("There is no contact person %(number)s. See: tierbot contact-person list CUSTOMER"),
            number=contact_person_id,
        )
    of = customer(session, row.customer_id)
    ids, table = (contact_person_id,), traces.CONTACT.name
    names = dict.fromkeys([row.name, *_earlier(session, table, ids, "name")])
    return Identity(
        subject=Subject.CONTACT_PERSON,
        ids=ids,
        code=row.name,
        name=f"{of.code} {of.name}",
        keys=((row.source, row.external_id),) if row.external_id else (),
        names=tuple(names),
        address=row.email or "",
        phone=row.phone or "",
        of_customers=(*map(str, of.ids), *of.codes, *(code for _, code in of.keys), *of.names),
    )


def about(identity: Identity, table: Table) -> ColumnElement[bool]:
    """Condition: rows of a table that are about them, or refer to them."""
    if identity.subject is Subject.CUSTOMER:
        return traces.about_customers(table, identity.ids)
    if identity.subject is Subject.CONTACT_PERSON:
        return traces.about_contact_person(table, identity.ids[0])
    return traces.about_person(table, identity.ids[0])


def tables_of(identity: Identity) -> list[Table]:
    """The tables with rows that are about them, or refer to them."""
    if identity.subject is Subject.CUSTOMER:
        found: Sequence[Table] = traces.customer_tables()
    elif identity.subject is Subject.CONTACT_PERSON:
        found = traces.contact_tables()
    else:
        found = traces.person_tables()
    return [*found, traces.CHANGE, traces.AUDIT]


def _earlier(session: Session, table: str, ids: tuple[int, ...], column: str) -> list[str]:
    """What imports have replaced in a column of these rows."""
    stored = session.scalars(
        select(_CHANGE.before).where(_CHANGE.table_name == table, _CHANGE.row_id.in_(ids))
    )
    found = (json.loads(before).get(column) for before in stored)
    return [value for value in found if isinstance(value, str) and value]
