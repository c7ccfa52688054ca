"""What people wrote about customers: the notes of activities, and the evidence of facts, read again."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, literal
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, col, select

from db.book.customers import Customer, Ownership, present_owner
from db.book.facts import TALKS, Activity, Fact
from db.types import NumberedRow, UtcDateTime


class NoteVersion(NumberedRow, table=True):
    """A contact as it was before somebody changed it or took it back."""

    __tablename__ = "note_version"
    activity_id: int = Field(index=True)  # of a contact that was taken back there is no row any more
    customer_id: int = Field(foreign_key="customer.id", index=True)
    kind: str
    happened_on: date
    note: str | None = None
    person_id: int | None = Field(default=None, foreign_key="person.id")
    changed_by: int | None = Field(default=None, foreign_key="person.id")
    changed_at: datetime = Field(sa_type=UtcDateTime)
    taken_back: bool = False


class StoredNote(NamedTuple):
    """A contact or a stated fact, with what was written about it. A fact has a field and a value."""

    activity_id: int | None
    fact_id: int | None
    customer_id: int
    kind: str | None
    field: str | None
    value: str | None
    day: date
    person_id: int | None
    author: str | None
    text: str | None
    source: str
    external_id: str | None
    recorded_at: datetime

    @property
    def place(self) -> tuple[date, int, int]:
        """By which notes are sorted, the newest last."""
        return self.day, self.activity_id or 0, self.fact_id or 0


_none = literal(None)
_ACTIVITY = (
    col(Activity.id),
    _none,
    col(Activity.customer_id),
    col(Activity.kind),
    _none,
    _none,
    col(Activity.happened_on),
    col(Activity.person_id),
    _none,
    col(Activity.note),
    col(Activity.source),
    col(Activity.external_id),
    col(Activity.recorded_at),
)
_FACT = (
    _none,
    col(Fact.id),
    col(Fact.customer_id),
    _none,
    col(Fact.field),
    col(Fact.value),
    col(Fact.measured_on),
    _none,
    col(Fact.author),
    col(Fact.evidence),
    col(Fact.source),
    _none,
    col(Fact.recorded_at),
)
_NEWEST = (col(Activity.happened_on).desc(), col(Activity.id).desc())
_OF = col(Activity.customer_id) == bindparam("customer_id")
_TALKS = sa_select(*_ACTIVITY).where(_OF, col(Activity.kind).in_(TALKS)).order_by(*_NEWEST)
_NOTED = sa_select(*_ACTIVITY).where(_OF, col(Activity.note).is_not(None)).order_by(*_NEWEST)
_STATED = (
    sa_select(*_FACT)
    .where(
        col(Fact.customer_id) == bindparam("customer_id"),
        col(Fact.superseded_at).is_(None),
        col(Fact.evidence).is_not(None),
    )
    .order_by(col(Fact.measured_on).desc(), col(Fact.id).desc())
)


def talks(session: Session, customer_id: int, most: int) -> list[StoredNote]:
    """The last contacts in which somebody talked with a customer, the newest first, with or without a note."""
    return _read(session, _TALKS.limit(most), customer_id)


def count_talks(session: Session, customer_id: int) -> int:
    """How many such contacts there are."""
    return _count(session, _TALKS, customer_id)


def stated(session: Session, customer_id: int, most: int) -> list[StoredNote]:
    """The newest facts that somebody stated with evidence, the newest first."""
    return _read(session, _STATED.limit(most), customer_id)


def count_stated(session: Session, customer_id: int) -> int:
    """How many facts `stated` gives in all."""
    return _count(session, _STATED, customer_id)


def between(session: Session, customer_id: int, first: date, last: date, most: int) -> list[StoredNote]:
    """The contacts in which somebody talked with a customer from a day to another, the newest first."""
    those = (col(Activity.happened_on) >= first, col(Activity.happened_on) <= last)
    return _read(session, _TALKS.where(*those).limit(most), customer_id)


def page(session: Session, customer_id: int, start: int, most: int) -> list[StoredNote]:
    """What was written about a customer, the newest first, from a place on."""
    upto = start + most
    both = [
        *_read(session, _NOTED.limit(upto), customer_id),
        *_read(session, _STATED.limit(upto), customer_id),
    ]
    return sorted(both, key=lambda one: one.place, reverse=True)[start:upto]


def count(session: Session, customer_id: int) -> int:
    """How many notes `page` gives in all."""
    return _count(session, _NOTED, customer_id) + _count(session, _STATED, customer_id)


def versions(session: Session, activity_ids: Collection[int]) -> dict[int, list[NoteVersion]]:
    """Contact -> what it was before each change, the newest change first."""
    found: dict[int, list[NoteVersion]] = {}
    statement = select(NoteVersion).where(col(NoteVersion.activity_id).in_(activity_ids))
    for one in session.exec(statement.order_by(col(NoteVersion.id).desc())):
        found.setdefault(one.activity_id, []).append(one)
    return found


def search(
    session: Session,
    words: Sequence[str],
    *,
    owners: Collection[int] | None,
    given: Collection[int],
    most: int,
    since: date | None = None,
    customer_id: int | None = None,
) -> list[StoredNote]:
    """Contacts whose notes contain every word, the newest first, of customers of these owners, or of the whole book.

    Only since a day, or of one customer, where these are given.

    Of some owners the notes of their customers are read (`ix_activity_customer_day`); of the whole book all notes by day
    until enough are found (`ix_activity_note_day`).
    """
    holds: list[Any] = [col(Activity.note).is_not(None)]
    holds += [col(Activity.note).icontains(word, autoescape=True) for word in words]
    if since is not None:
        holds.append(col(Activity.happened_on) >= since)
    if customer_id is not None:
        holds.append(col(Activity.customer_id) == customer_id)
    statement: Any = sa_select(*_ACTIVITY).join(Customer, col(Customer.id) == col(Activity.customer_id))
    statement = statement.where(col(Customer.archived).is_(False), *holds)
    if owners is not None:
        owner = (present_owner(Customer.id), col(Ownership.person_id).in_(owners))
        mine = sa_select(col(Customer.id)).join(Ownership, owner[0]).where(owner[1])
        statement = statement.where(
            col(Activity.customer_id).in_(mine) | col(Activity.customer_id).in_(list(given))
        )
    rows = session.connection().execute(statement.order_by(*_NEWEST).limit(most))
    return [StoredNote._make(row) for row in rows]


def _read(session: Session, statement: Any, customer_id: int) -> list[StoredNote]:
    return [
        StoredNote._make(row) for row in session.connection().execute(statement, {"customer_id": customer_id})
    ]


def _count(session: Session, statement: Any, customer_id: int) -> int:
    counted = statement.with_only_columns(func.count()).order_by(None)
    found: int = session.connection().execute(counted, {"customer_id": customer_id}).scalar_one()
    return found
