"""Promises: what one of us said to a customer that he would do by a day, and how that ended.

A promise of the account manager has no `keeper_id`, so that it goes to the next account manager with the customer; and
so does one of a person who has looked after the customer since, or who has left.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Index, UniqueConstraint, bindparam, case, exists, func, null, or_, text, update
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from db.book.customers import Customer, Ownership, present_owner
from db.book.people import IS_PRESENT, Person
from db.care import redraws
from db.engine import insert
from db.outbox.messages import MessageState, OutboxMessage
from db.types import NumberedRow, UtcDateTime, partial_index

ONE_DAY = timedelta(days=1)
_OPEN = "closed_on IS NULL"
IS_OPEN = text("promise.closed_on IS NULL")  # in the words of the partial indexes


class PromiseOutcome(StrEnum):
    """How a promise ended."""

    KEPT = "kept"
    WITHDRAWN = "withdrawn"


class Promise(NumberedRow, table=True):
    """A promise to a customer. `version` counts its changes, for buttons that point at it."""

    __tablename__ = "promise"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_promise_customer_id", "customer_id"),
        partial_index("ix_promise_open", "customer_id", "due_on", where=_OPEN),
        partial_index("ix_promise_due_on", "due_on", where=_OPEN),
        {"sqlite_autoincrement": True},  # a button of one that was taken back never means another
    )
    customer_id: int = Field(foreign_key="customer.id")
    source: str
    external_id: str
    what: str | None = None  # None: its text is kept no longer
    made_on: date
    made_by: int | None = Field(default=None, foreign_key="person.id")
    keeper_id: int | None = Field(default=None, foreign_key="person.id")  # None: the account manager
    due_on: date
    first_due_on: date  # the day before it was postponed
    reported_for: date | None = None  # the due day of which a manager was told that it had passed
    outcome: str | None = None  # an PromiseOutcome
    closed_on: date | None = None  # the day on which it was kept or withdrawn
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # when that was recorded here
    closed_by: int | None = Field(default=None, foreign_key="person.id")
    closed_for: int | None = Field(default=None, foreign_key="person.id")  # whose it was then
    reason: str | None = None  # why it was withdrawn
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class PromiseDelay(NumberedRow, table=True):
    """A promise was put off, with what the customer was told. `version` is that of the promise since then."""

    __tablename__ = "promise_delay"
    promise_id: int = Field(foreign_key="promise.id", index=True)
    was_due_on: date
    due_on: date
    person_id: int | None = Field(default=None, foreign_key="person.id")
    told: str | None = None
    version: int
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class PromiseRole(StrEnum):
    """What a message says of a promise."""

    DIGEST = "digest"
    BROKEN = "broken"  # to a manager


class PromiseMessage(SQLModel, table=True):
    """A message that names a promise, or counts it."""

    __tablename__ = "promise_message"
    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id", ondelete="CASCADE")
    promise_id: int = Field(primary_key=True, foreign_key="promise.id", index=True, ondelete="CASCADE")
    role: str  # a PromiseRole


class StoredPromise(NamedTuple):
    """A promise with its customer, as far as lists and rights need them. `keeper_id` None: the account manager."""

    id: int
    version: int
    customer_id: int
    customer_version: int
    name: str
    code: str
    owner_id: int | None
    keeper_id: int | None
    what: str | None
    made_on: date
    made_by: int | None
    due_on: date
    first_due_on: date
    reported_for: date | None
    outcome: str | None
    closed_on: date | None
    closed_at: datetime | None
    closed_by: int | None
    closed_for: int | None
    reason: str | None
    recorded_at: datetime

    @property
    def is_open(self) -> bool:
        return self.closed_on is None

    @property
    def whose(self) -> int | None:
        """The person whose it is, or was when it ended."""
        return (self.keeper_id or self.owner_id) if self.is_open else self.closed_for

    def days_over(self, today: date) -> int:
        """How many days its day is past."""
        return max(0, (today - self.due_on).days)


_past: Any = aliased(Ownership)  # statements join the present one
_HAS_LOOKED_AFTER = exists().where(
    _past.customer_id == col(Promise.customer_id),
    _past.person_id == col(Promise.keeper_id),
    or_(_past.ends_on.is_(None), _past.ends_on > col(Promise.made_on)),
)
_HAS_LEFT = exists().where(col(Person.id) == col(Promise.keeper_id), ~IS_PRESENT)
KEEPER = case(
    (col(Promise.keeper_id).is_(None), null()),  # of most: nothing is looked up for these
    (or_(_HAS_LOOKED_AFTER.correlate(Promise), _HAS_LEFT.correlate(Promise)), null()),
    else_=col(Promise.keeper_id),
)
# The sum keeps SQLite from reading every customer and looking for its promises.
_CUSTOMER = col(Promise.customer_id) + 0
_ROWS = (
    sa_select(
        *(col(getattr(Promise, name)) for name in ("id", "version", "customer_id")),
        *(col(getattr(Customer, name)) for name in ("version", "name", "code")),
        col(Ownership.person_id),
        KEEPER,
        *(col(getattr(Promise, name)) for name in StoredPromise._fields[8:]),
    )
    .select_from(Promise)
    .join(Customer, col(Customer.id) == _CUSTOMER)
    .outerjoin(Ownership, present_owner(Promise.customer_id))
)
_ORDER = (col(Promise.due_on), col(Promise.id))
_BY_IDS = _ROWS.where(col(Promise.id).in_(bindparam("ids", expanding=True))).order_by(*_ORDER)
_OF_CUSTOMERS = _ROWS.where(col(Promise.customer_id).in_(bindparam("ids", expanding=True)), IS_OPEN).order_by(
    *_ORDER
)


def rows(session: Session, ids: Collection[int]) -> list[StoredPromise]:
    """These promises, the earliest day first; those that are gone are left out."""
    return _read(session, _BY_IDS, ids)


def row(session: Session, promise_id: int) -> StoredPromise | None:
    return next(iter(rows(session, [promise_id])), None)


def open_of_customers(session: Session, customer_ids: Collection[int]) -> list[StoredPromise]:
    """The open promises to these customers, the earliest day first."""
    return _read(session, _OF_CUSTOMERS, customer_ids)


def made_on(session: Session, customer_id: int, days: Collection[date]) -> list[StoredPromise]:
    """The promises that were made to a customer on these days, open or not, the earliest due day first."""
    made = (col(Promise.customer_id) == customer_id, col(Promise.made_on).in_(days))
    rows = session.connection().execute(_ROWS.where(*made).order_by(*_ORDER))
    return [StoredPromise._make(one) for one in rows]


def _read(session: Session, statement: Any, ids: Collection[int]) -> list[StoredPromise]:
    if not ids:
        return []
    return [StoredPromise._make(one) for one in session.connection().execute(statement, {"ids": sorted(ids)})]


def by_external_id(session: Session, source: str, external_id: str) -> Promise | None:
    statement = select(Promise).where(col(Promise.source) == source, col(Promise.external_id) == external_id)
    return session.execute(statement).scalar()


def same(session: Session, customer_id: int, since: datetime, **content: Any) -> int | None:
    """The open promise to a customer with this content that was recorded since a time."""
    those = (col(getattr(Promise, name)) == value for name, value in content.items())
    recent = col(Promise.recorded_at) > since
    statement = select(Promise.id).where(col(Promise.customer_id) == customer_id, recent, IS_OPEN, *those)
    return session.scalars(statement.limit(1)).first()


class PromiseCount(NamedTuple):
    """How many promises to a customer are open, and the earliest day."""

    number: int
    due_on: date


_OPEN_OF = (
    sa_select(func.count(), func.min(col(Promise.due_on)))
    .select_from(Promise)
    .where(col(Promise.customer_id) == bindparam("customer_id"), IS_OPEN)
)


def open_count(session: Session, customer_id: int) -> PromiseCount | None:
    """The open promises to a customer; None without one."""
    count, due_on = session.connection().execute(_OPEN_OF, {"customer_id": customer_id}).one()
    return PromiseCount(count, due_on) if count else None


class PromiseGroup(NamedTuple):
    """Open promises that go to the same place: by their customers' owner, and who keeps them in the owner's place."""

    owner_id: int | None
    keeper_id: int | None


class NearPromise(NamedTuple):
    """An open promise, as far as it is to be found out whom to ask about it, and when."""

    due_on: date
    id: int


_NEAR = (
    sa_select(col(Ownership.person_id), KEEPER, col(Promise.due_on), col(Promise.id))
    .select_from(Promise)
    .join(Customer, col(Customer.id) == _CUSTOMER)
    .outerjoin(Ownership, present_owner(Promise.customer_id))
    .where(IS_OPEN, col(Promise.due_on) <= bindparam("until"), col(Customer.archived).is_(False))
    .order_by(*_ORDER)
)


def open_until(session: Session, until: date) -> dict[PromiseGroup, list[NearPromise]]:
    """The open promises with a day until then, by where they go, the earliest day first."""
    found: dict[PromiseGroup, list[NearPromise]] = {}
    for owner, keeper, *near in session.connection().execute(_NEAR, {"until": until}):
        found.setdefault(PromiseGroup(owner, keeper), []).append(NearPromise(*near))
    return found


def to_report(session: Session, late_before: date, most: int) -> list[StoredPromise]:
    """The open promises whose day has passed, and of which no manager was told that it had."""
    untold = or_(col(Promise.reported_for).is_(None), col(Promise.reported_for) != col(Promise.due_on))
    statement = _ROWS.where(
        IS_OPEN, col(Promise.due_on) < late_before, col(Customer.archived).is_(False), untold
    )
    found = session.connection().execute(statement.order_by(*_ORDER).limit(most))
    return [StoredPromise._make(one) for one in found]


def set_reported(session: Session, ids: Collection[int]) -> None:
    """Note that a manager was told that the day of these promises has passed."""
    those = update(Promise).where(col(Promise.id).in_(ids)).values(reported_for=col(Promise.due_on))
    session.execute(those.execution_options(synchronize_session=False))


def untell(session: Session, outbox_ids: Collection[int], customers: Collection[int] | None = None) -> None:
    """Have managers told again of the promises of messages that nobody got; only of these customers, if given."""
    named = sa_select(col(PromiseMessage.promise_id)).where(
        col(PromiseMessage.outbox_id).in_(outbox_ids), col(PromiseMessage.role) == PromiseRole.BROKEN
    )
    those = [col(Promise.id).in_(named)]
    if customers is not None:
        those.append(col(Promise.customer_id).in_(customers))
    statement = update(Promise).where(*those).values(reported_for=None)
    session.execute(statement.execution_options(synchronize_session=False))


def first_shown(session: Session, ids: Collection[int]) -> dict[int, datetime]:
    """Promise -> when the first digest with it was written, of those that were in one that was not dropped."""
    found = session.execute(
        sa_select(col(PromiseMessage.promise_id), func.min(col(OutboxMessage.created_at)))
        .join(OutboxMessage, col(OutboxMessage.id) == col(PromiseMessage.outbox_id))
        .where(
            col(PromiseMessage.promise_id).in_(ids),
            col(PromiseMessage.role) == PromiseRole.DIGEST,
            col(OutboxMessage.state) != MessageState.DEAD,
        )
        .group_by(col(PromiseMessage.promise_id))
    )
    return {row[0]: row[1] for row in found}


def listed(
    session: Session,
    *,
    owners: Collection[int] | None,
    customer_id: int | None,
    whose: int | None,
    is_open: bool | None,
    late_before: date | None,
    most: int,
) -> tuple[list[StoredPromise], int]:
    """(promises, how many there are): to the customers of these owners (None: to all)."""
    statement = _ROWS.where(col(Customer.archived).is_(False))
    if owners is not None:
        statement = statement.where(col(Ownership.person_id).in_(owners))
    if customer_id is not None:
        statement = statement.where(col(Promise.customer_id) == customer_id)
    if whose is not None:
        present = func.coalesce(col(Promise.closed_for), KEEPER, col(Ownership.person_id))
        statement = statement.where(present == whose)
    if is_open is not None:
        statement = statement.where(IS_OPEN if is_open else col(Promise.closed_on).is_not(None))
    if late_before is not None:
        statement = statement.where(IS_OPEN, col(Promise.due_on) < late_before)
    total = session.connection().execute(
        statement.with_only_columns(func.count(), maintain_column_froms=True)
    )
    first = (col(Promise.closed_on).is_not(None), *_ORDER)
    found = session.connection().execute(statement.order_by(*first).limit(most))
    return [StoredPromise._make(one) for one in found], total.scalar_one()


def delays(session: Session, ids: Collection[int]) -> dict[int, list[PromiseDelay]]:
    """Promise -> how often it was put off, the oldest first."""
    found: dict[int, list[PromiseDelay]] = {}
    statement = select(PromiseDelay).where(col(PromiseDelay.promise_id).in_(ids))
    for one in session.scalars(statement.order_by(col(PromiseDelay.version), col(PromiseDelay.id))):
        found.setdefault(one.promise_id, []).append(one)
    return found


def count_unattended(session: Session, late_before: date) -> int:
    """How many open promises are past their day and nobody's: of no account manager, and of nobody else."""
    statement = _ROWS.where(
        IS_OPEN,
        col(Promise.due_on) < late_before,
        KEEPER.is_(None),
        col(Ownership.person_id).is_(None),
        col(Customer.archived).is_(False),
    ).with_only_columns(func.count(), maintain_column_froms=True)
    return session.connection().execute(statement).scalar_one()


def move(session: Session, promise_id: int, version: int, **values: Any) -> bool:
    """Change a promise that has this version, which is the next one then; whether it had it.

    The messages that show it are drawn again.
    """
    statement = (
        update(Promise)
        .where(col(Promise.id) == promise_id, col(Promise.version) == version)
        .values(**values, version=version + 1)
        .returning(col(Promise.id))
    )
    if session.execute(statement).first() is None:
        return False
    redraws.mark_promises(session, [promise_id])
    return True


def link(session: Session, outbox_id: int, promise_ids: Collection[int], role: PromiseRole) -> None:
    """Note that a message names promises, or counts them."""
    rows = [{"outbox_id": outbox_id, "promise_id": one, "role": role} for one in sorted(set(promise_ids))]
    if rows:
        session.connection().execute(insert(session.connection(), PromiseMessage), rows)
