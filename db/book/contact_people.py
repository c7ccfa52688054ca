"""Contact people: whom one speaks to at a customer, and what is to be known to greet and call them."""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, col, func, select

from db.types import ImportedRow

BY_HAND = "tierbot"  # the source of those whom somebody entered


class ContactChannel(StrEnum):
    """How a contact person prefers to be reached."""

    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    WECHAT = "wechat"
    WHATSAPP = "whatsapp"
    SOCIAL = "social"  # another social network
    POST = "post"
    VISIT = "visit"


class WantedGreetings(StrEnum):
    """What a contact person is greeted on."""

    ALL = "all"
    BIRTHDAY = "birthday"
    NONE = "none"


class ContactPerson(ImportedRow, table=True):
    """A person at a customer. What is not known is None, and then what is known of the customer counts."""

    __tablename__ = "contact_person"
    # The audit names contact people by number, also those who were erased: no number is given twice.
    __table_args__ = (UniqueConstraint("source", "external_id"), {"sqlite_autoincrement": True})
    customer_id: int = Field(foreign_key="customer.id", index=True)
    source: str  # the system that a file came from, or BY_HAND
    external_id: str | None = None  # the number that this system knows them by
    name: str
    role: str | None = None
    channel: str | None = None  # a ContactChannel
    email: str | None = None
    phone: str | None = None
    language: str | None = None  # in which they are greeted
    zone: str | None = None  # IANA name
    country: str | None = None  # ISO code, where they are
    culture: str | None = None  # ISO code of the country whose occasions they celebrate, if it is another one
    birthday: str | None = None  # as `str(Birthday)` writes it: 1985-03-08, --03-08, lunar leap 1960-06-30
    greetings: str = WantedGreetings.ALL
    do_not_contact: bool = False
    interests: str | None = None
    note: str | None = None


def get(session: Session, contact_person_id: int) -> ContactPerson | None:
    return session.get(ContactPerson, contact_person_id)


def get_one(session: Session, contact_person_id: int) -> ContactPerson:
    return session.get_one(ContactPerson, contact_person_id)


def of_customer(session: Session, customer_id: int) -> list[ContactPerson]:
    """The contact people of a customer, in the order in which they came."""
    found = select(ContactPerson).where(ContactPerson.customer_id == customer_id)
    return list(session.exec(found.order_by(col(ContactPerson.id))))


def of_customers(session: Session, customer_ids: Collection[int]) -> dict[int, list[ContactPerson]]:
    """Customer -> its contact people, of those that have some."""
    found: dict[int, list[ContactPerson]] = {}
    rows = select(ContactPerson).where(col(ContactPerson.customer_id).in_(customer_ids))
    for person in session.exec(rows.order_by(col(ContactPerson.id))):
        found.setdefault(person.customer_id, []).append(person)
    return found


def count(session: Session, customer_id: int) -> int:
    """How many contact people a customer has."""
    found = select(func.count()).select_from(ContactPerson).where(ContactPerson.customer_id == customer_id)
    return session.exec(found).one()
