"""Contact people as those see them who may see the customer; in full only for who may, and then the audit records it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from bot.birthdays import read_birthday
from bot.errors import Phrase
from bot.masking import MASK, mask_number, mask_text
from bot.services import access
from bot.services.access import Act, Actor, can
from bot.services.contact_people.acts import find, rule_of, state_of, values_of
from bot.wording.actions import Pointer
from bot.wording.private import ContactPeople, ContactPeopleInFull, ContactRow
from db.audit import AuditAction, ObjectKind
from db.book import contact_people
from db.book.contact_people import ContactPerson
from db.engine import Database
from db.privacy import is_masked, of_column

MOST_SHOWN = 18  # in a view
# The name and the role of a contact person are shown to everybody who may see the customer.
_OPEN = frozenset({"name", "role"})
MASKED = (
    frozenset(name for name in ContactPerson.model_fields if is_masked(of_column("contact_person", name)))
    - _OPEN
)


@dataclass(frozen=True, kw_only=True)
class ToChange:
    """A contact person as a form shows them, in full."""

    id: int
    state: int  # as `change` takes it
    customer: str
    code: str
    values: dict[str, Any]
    rule: Phrase | None


def listed(session: Session, actor: Actor, meant: int | Pointer, today: date) -> ContactPeople:
    """The contact people of a customer, with masks. Raises Hidden for a customer that the actor may not see."""
    customer = access.customer_for(session, actor, Act.SEE, meant)
    people = contact_people.of_customer(session, customer.id)
    may_add, may_unmask = can(actor, Act.CHANGE_CONTACT_PEOPLE, customer), can(actor, Act.UNMASK, customer)
    return ContactPeople(
        **access.about(customer),
        people=tuple(
            row(one, today, in_full=False, may_change=may_add and may_unmask) for one in people[:MOST_SHOWN]
        ),
        more=max(0, len(people) - MOST_SHOWN),
        may_add=may_add,
        may_unmask=may_unmask,
    )


def in_full(database: Database, actor: Actor, meant: int | Pointer, today: date) -> ContactPeopleInFull:
    """The same without masks. Raises NotFound and NotAllowed for an actor who may not see that."""
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.UNMASK, meant)
        people = contact_people.of_customer(session, customer.id)
        _record(session, actor, people)
        return ContactPeopleInFull(
            **access.about(customer),
            people=tuple(row(one, today, in_full=True) for one in people[:MOST_SHOWN]),
            more=max(0, len(people) - MOST_SHOWN),
        )


def rows(database: Database, actor: Actor, customer_id: int, today: date, *, full: bool) -> list[ContactRow]:
    """All contact people of a customer, for a list on the command line."""
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.UNMASK if full else Act.SEE, customer_id)
        people = contact_people.of_customer(session, customer.id)
        if full:
            _record(session, actor, people)
        return [row(one, today, in_full=full) for one in people]


def to_change(database: Database, actor: Actor, contact_person_id: int, today: date) -> ToChange:
    """A contact person in full, for somebody who may see and change that."""
    with database.write() as session:
        find(session, actor, Act.CHANGE_CONTACT_PEOPLE, contact_person_id)
        person, customer = find(session, actor, Act.UNMASK, contact_person_id)
        _record(session, actor, [person])
        return ToChange(
            id=contact_person_id,
            state=state_of(person),
            customer=customer.name,
            code=customer.code,
            values=values_of(person),
            rule=rule_of(person.birthday, today),
        )


def row(person: ContactPerson, today: date, *, in_full: bool, may_change: bool = False) -> ContactRow:
    """A contact person in a list; without the right to see more, their wishes and notes are left out."""
    values = values_of(person)
    if not in_full:
        hidden = {
            "email": person.email and mask_text(person.email),
            "phone": person.phone and mask_number(person.phone),
            "birthday": person.birthday and MASK,
        }
        values |= {**dict.fromkeys(MASKED | {"note"}), **hidden}
    known = person.birthday if in_full else None
    return ContactRow(
        id=person.id or 0,
        next_birthday=read_birthday(known).coming(today)[1] if known else None,
        may_change=may_change,
        **values,
    )


def _record(session: Session, actor: Actor, people: Sequence[ContactPerson]) -> None:
    """Record which masked fields of which contact people somebody sees."""
    for person in people:
        fields = [name for name in sorted(_shown_in_full()) if getattr(person, name)]
        if fields:
            actor.record(
                session,
                AuditAction.PERSONAL_SHOWN,
                ObjectKind.CONTACT_PERSON,
                person.id,
                after={"customer": person.customer_id, "fields": fields},
            )


def _shown_in_full() -> Collection[str]:
    return MASKED | {"note"}
