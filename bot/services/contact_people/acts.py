"""Adding, changing and removing contact people, by those who look after the customer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zlib import crc32

from sqlmodel import Session

from bot.birthdays import read_birthday
from bot.errors import N_, Conflict, NotFound, Phrase
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.contact_people.values import CHECKS, checked
from bot.services.name_keys import person_key
from bot.wording.actions import Pointer
from db.audit import AuditAction, ObjectKind
from db.book import contact_people, customers
from db.book.contact_people import BY_HAND, ContactPerson
from db.book.customers import CustomerRow
from db.care import marks, touches
from db.engine import Database
from db.processes import InboundKey, take_request

NOBODY = N_("There is no such contact person at your customers. See: tierbot contact-person list CUSTOMER")
MOST = 200  # of one customer
FIELDS = (*CHECKS, "do_not_contact")


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A contact person as they are now, or were until they were removed."""

    id: int
    customer_id: int
    name: str
    customer: str
    rule: Phrase | None  # when the birthday is kept that was entered


def values_of(person: ContactPerson) -> dict[str, Any]:
    """What is known of a contact person."""
    return {name: getattr(person, name) for name in FIELDS}


def state_of(person: ContactPerson) -> int:
    """A number that is another one when anything known of the contact person is."""
    return crc32(repr(values_of(person)).encode(errors="replace"))


def rule_of(birthday: str | None, today: date) -> Phrase | None:
    """When a birthday is kept; None where it is not known."""
    return read_birthday(birthday).rule(today) if birthday else None


def find(
    session: Session, actor: Actor, act: Act, contact_person_id: int
) -> tuple[ContactPerson, CustomerRow]:
    """A contact person and their customer. Raises NotFound where there is none, or not for this actor."""
    person = contact_people.get(session, contact_person_id)
    customer = None if person is None else customers.get_row(session, person.customer_id)
    if person is None or customer is None or not access.can(actor, Act.SEE, customer):
        raise NotFound(NOBODY)
    return person, access.customer_for(session, actor, act, customer.id)


def add(
    database: Database,
    actor: Actor,
    meant: int | Pointer,
    given: Mapping[str, str | None],
    *,
    do_not_contact: bool = False,
    now: datetime,
    request: InboundKey | None = None,
    before_commit: Callable[[], None] = lambda: None,
) -> Saved:
    """Add a contact person to a customer.

    Raises WrongValues, Conflict for a name that the customer has already, NotFound and NotAllowed.
    """
    values = checked({"name": None, "greetings": None, **given})
    with database.write() as session:
        if request is not None:
            take_request(session, request, now)
        customer = access.customer_for(session, actor, Act.CHANGE_CONTACT_PEOPLE, meant)
        touches.lock(session, [customer.id])  # so that a second form at the same time sees the first
        _refuse_same_name(session, customer, values["name"])
        if contact_people.count(session, customer.id) >= MOST:
            raise Conflict(
                N_("%(customer)s has %(most)s contact people, and no more can be added; remove one first."),
                customer=customer.name,
                most=MOST,
            )
        person = ContactPerson(
            customer_id=customer.id, source=BY_HAND, do_not_contact=do_not_contact, **values
        )
        session.add(person)
        session.flush()
        _record(session, actor, person, {"added": sorted(name for name in values if values[name])})
        before_commit()
        return _saved(person, customer, person.birthday, actor.today(now))


def change(
    database: Database,
    actor: Actor,
    contact_person_id: int,
    given: Mapping[str, str | None],
    *,
    do_not_contact: bool | None = None,
    state: int | None = None,
    now: datetime,
    request: InboundKey | None = None,
    before_commit: Callable[[], None] = lambda: None,
) -> Saved:
    """Change what is given of a contact person; an empty text deletes a value.

    Raises the same as `add`, and Conflict when they are not as `state` says any more.
    """
    values = checked(given)
    if do_not_contact is not None:
        values["do_not_contact"] = do_not_contact
    with database.write() as session:
        if request is not None:
            take_request(session, request, now)
        person, customer = find(session, actor, Act.CHANGE_CONTACT_PEOPLE, contact_person_id)
        touches.lock(session, [customer.id])
        session.refresh(person)
        if state is not None and state != state_of(person):
            raise Conflict(
                N_("%(name)s was changed meanwhile. Close this form and open it again."), name=person.name
            )
        changed = {name: value for name, value in values.items() if getattr(person, name) != value}
        if person_key(changed.get("name", person.name)) != person_key(person.name):
            _refuse_same_name(session, customer, changed["name"])
        if changed:
            person.sqlmodel_update(changed)
            session.add(person)
            _record(session, actor, person, {"changed": sorted(changed)})
        before_commit()
        return _saved(person, customer, changed.get("birthday"), actor.today(now))


def remove(database: Database, actor: Actor, contact_person_id: int) -> Saved:
    """Remove a contact person. A file that has them brings them back; an erasure does not let it."""
    with database.write() as session:
        person, customer = find(session, actor, Act.CHANGE_CONTACT_PEOPLE, contact_person_id)
        removed = _saved(person, customer)
        _record(session, actor, person, {"removed": True})
        session.delete(person)
        return removed


def _refuse_same_name(session: Session, customer: CustomerRow, name: str) -> None:
    for known in contact_people.of_customer(session, customer.id):
        if person_key(known.name) == person_key(name):
            raise Conflict(
                N_(
                    "%(customer)s has a contact person %(name)s already. Change that one; for another person of the same"
                    " name, write into the name what distinguishes them."
                ),
                customer=customer.name,
                name=known.name,
            )


def _record(session: Session, actor: Actor, person: ContactPerson, what: Mapping[str, Any]) -> None:
    """Record an act in the audit, and let the care of the customer be planned again."""
    actor.record(
        session,
        AuditAction.CONTACT_PERSON_CHANGED,
        ObjectKind.CONTACT_PERSON,
        person.id,
        after={"customer": person.customer_id, **what},
    )
    marks.mark_planned(session.connection(), [person.customer_id])


def _saved(
    person: ContactPerson, customer: CustomerRow, birthday: str | None = None, today: date = date.min
) -> Saved:
    assert person.id is not None
    return Saved(
        id=person.id,
        customer_id=customer.id,
        name=person.name,
        customer=customer.name,
        rule=rule_of(birthday, today),
    )
