"""Complaints: what a customer complained about, who handles it, the steps taken, and how it ended.

When it was reported, by whom it was recorded and what happened is in its activity, which the grading counts: a
complaint has exactly one, with the same source and external id.
"""

from collections.abc import Collection
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Index, UniqueConstraint, and_, bindparam, func, or_, text, update
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, select

from db.book.customers import Customer, Ownership, present_owner
from db.book.facts import Activity
from db.care import redraws
from db.engine import insert
from db.types import ImportedRow, NumberedRow, UtcDateTime, partial_index

_OPEN = "closed_on IS NULL"
IS_OPEN = text("complaint.closed_on IS NULL")  # in the words of the partial indexes


class Agreed(StrEnum):
    """Whether the customer agrees with how a complaint ended."""

    YES = "yes"
    NO = "no"
    NOT_ASKED = "not_asked"


class Told(IntEnum):
    """How far the manager was told of a complaint."""

    OPENING_DUE = 0  # that it was opened is still to be said
    OPENED = 1  # that was said, or need not be
    LATE = 2  # that its deadline has passed was said


class Complaint(ImportedRow, table=True):
    """A complaint of a customer. `version` counts its changes, for buttons that point at it."""

    __tablename__ = "complaint"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("uq_complaint_activity_id", "activity_id", unique=True),
        Index("ix_complaint_customer_id", "customer_id"),
        partial_index("ix_complaint_open", "customer_id", "deadline", where=_OPEN),
        partial_index("ix_complaint_told", "told", "deadline", where=_OPEN),
        {"sqlite_autoincrement": True},  # a button of one that was taken back never means another
    )
    customer_id: int = Field(foreign_key="customer.id")
    activity_id: int = Field(foreign_key="activity.id")
    source: str
    external_id: str
    kind: str
    reported_by: str | None = None  # who at the customer complained
    handler_id: int | None = Field(default=None, foreign_key="person.id")  # None: the account manager
    deadline: date | None = None
    told: int = Told.OPENED
    closed_on: date | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # when that was recorded here
    closed_by: int | None = Field(default=None, foreign_key="person.id")
    outcome: str | None = None  # what was done
    agreed: str | None = None  # an Agreed
    version: int = 1


class ComplaintStep(NumberedRow, table=True):
    """Something that was done about a complaint. `version` is that of the complaint since then."""

    __tablename__ = "complaint_step"
    complaint_id: int = Field(foreign_key="complaint.id", index=True)
    taken_on: date
    person_id: int | None = Field(default=None, foreign_key="person.id")
    text: str | None = None
    version: int
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ComplaintRole(StrEnum):
    """What a message says of a complaint."""

    DIGEST = "digest"
    OPENED = "opened"  # to a manager
    LATE = "late"  # to a manager


class ComplaintMessage(SQLModel, table=True):
    """A message that names a complaint: which rows a digest has, and what a manager was told."""

    __tablename__ = "complaint_message"
    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id", ondelete="CASCADE")
    complaint_id: int = Field(primary_key=True, foreign_key="complaint.id", index=True, ondelete="CASCADE")
    role: str  # a ComplaintRole


class StoredComplaint(NamedTuple):
    """A complaint with its activity and customer, as far as lists and rights need them."""

    id: int
    version: int
    customer_id: int
    customer_version: int
    name: str
    code: str
    owner_id: int | None
    kind: str
    reported_on: date
    what: str | None
    reported_by: str | None
    recorded_by: int | None
    handler_id: int | None
    deadline: date | None
    told: int
    closed_on: date | None
    closed_at: datetime | None
    closed_by: int | None
    outcome: str | None
    agreed: str | None
    recorded_at: datetime
    batch_id: int | None
    source: str
    external_id: str

    @property
    def is_open(self) -> bool:
        return self.closed_on is None

    def days_late(self, today: date) -> int:
        """How many days its deadline is past."""
        return max(0, (today - self.deadline).days) if self.deadline is not None else 0


# The sum keeps SQLite from reading every customer and looking for its complaints.
_CUSTOMER = col(Complaint.customer_id) + 0
_ROWS = (
    sa_select(
        col(Complaint.id),
        col(Complaint.version),
        col(Complaint.customer_id),
        col(Customer.version),
        col(Customer.name),
        col(Customer.code),
        col(Ownership.person_id),
        col(Complaint.kind),
        col(Activity.happened_on),
        col(Activity.note),
        col(Complaint.reported_by),
        col(Activity.person_id),
        *(
            col(getattr(Complaint, name))
            for name in (
                *("handler_id", "deadline", "told", "closed_on"),
                *("closed_at", "closed_by", "outcome", "agreed"),
            )
        ),
        col(Activity.recorded_at),
        *(col(getattr(Complaint, name)) for name in ("batch_id", "source", "external_id")),
    )
    .select_from(Complaint)
    .join(Activity, col(Activity.id) == col(Complaint.activity_id))
    .join(Customer, col(Customer.id) == _CUSTOMER)
    .outerjoin(Ownership, present_owner(Complaint.customer_id))
)
# What is pressing comes first: the earliest deadline, then those without one.
_ORDER = (col(Complaint.deadline).is_(None), col(Complaint.deadline), col(Complaint.id))
_BY_IDS = _ROWS.where(col(Complaint.id).in_(bindparam("ids", expanding=True)))


def rows(session: Session, ids: Collection[int]) -> list[StoredComplaint]:
    """These complaints, the most pressing first; those that are gone are left out."""
    if not ids:
        return []
    found = session.connection().execute(_BY_IDS.order_by(*_ORDER), {"ids": sorted(ids)})
    return [StoredComplaint._make(row) for row in found]


def row(session: Session, complaint_id: int) -> StoredComplaint | None:
    return next(iter(rows(session, [complaint_id])), None)


def by_external_id(session: Session, source: str, external_id: str) -> Complaint | None:
    statement = select(Complaint).where(
        col(Complaint.source) == source, col(Complaint.external_id) == external_id
    )
    return session.execute(statement).scalar()


def of_customer(session: Session, customer_id: int, closed_since: date) -> list[StoredComplaint]:
    """A customer's complaints that are open, the most pressing first, then those closed since a day, the newest first."""
    recent = or_(IS_OPEN, col(Complaint.closed_on) >= closed_since)
    first = (col(Complaint.closed_on).is_not(None), col(Complaint.closed_on).desc(), *_ORDER)
    found = session.connection().execute(
        _ROWS.where(col(Complaint.customer_id) == customer_id, recent).order_by(*first)
    )
    return [StoredComplaint._make(row) for row in found]


class OpenCount(NamedTuple):
    """How many complaints of a customer are open, since when, and the earliest deadline."""

    number: int
    since: date
    deadline: date | None


_OPEN_OF = (
    sa_select(func.count(), func.min(col(Activity.happened_on)), func.min(col(Complaint.deadline)))
    .select_from(Complaint)
    .join(Activity, col(Activity.id) == col(Complaint.activity_id))
    .where(col(Complaint.customer_id) == bindparam("customer_id"), IS_OPEN)
)


def open_count(session: Session, customer_id: int) -> OpenCount | None:
    """The open complaints of a customer; None without one."""
    count, since, deadline = session.connection().execute(_OPEN_OF, {"customer_id": customer_id}).one()
    return OpenCount(count, since, deadline) if count else None


class ComplaintGroup(NamedTuple):
    """Open complaints that go to the same place: by their customers' owner, and who handles them."""

    owner_id: int | None
    handler_id: int | None


_GROUPS = (
    sa_select(col(Ownership.person_id), col(Complaint.handler_id))
    .select_from(Complaint)
    .join(Customer, col(Customer.id) == _CUSTOMER)
    .outerjoin(Ownership, present_owner(Complaint.customer_id))
    .where(IS_OPEN, col(Customer.archived).is_(False))
    .group_by(col(Ownership.person_id), col(Complaint.handler_id))
)


def open_groups(session: Session) -> list[ComplaintGroup]:
    """Whose complaints are open, and who handles them."""
    return [ComplaintGroup._make(one) for one in session.connection().execute(_GROUPS)]


def open_of(session: Session, groups: Collection[ComplaintGroup]) -> list[StoredComplaint]:
    """The open complaints of these groups, the most pressing first."""
    if not groups:
        return []
    owners = {group.owner_id for group in groups}
    handlers = {group.handler_id for group in groups if group.handler_id is not None}
    whose = [col(Ownership.person_id).in_([one for one in owners if one is not None])]
    if None in owners:
        whose.append(col(Ownership.person_id).is_(None))
    if handlers:
        whose.append(col(Complaint.handler_id).in_(handlers))
    statement = _ROWS.where(IS_OPEN, col(Customer.archived).is_(False), or_(*whose)).order_by(*_ORDER)
    found = [StoredComplaint._make(one) for one in session.connection().execute(statement)]
    wanted = set(groups)
    return [one for one in found if ComplaintGroup(one.owner_id, one.handler_id) in wanted]


def to_tell(session: Session, late_before: date, most: int) -> list[StoredComplaint]:
    """The open complaints of which a manager is to be told: of the opening, or that the deadline has passed."""
    wanted = or_(
        col(Complaint.told) == Told.OPENING_DUE,
        and_(col(Complaint.told) == Told.OPENED, col(Complaint.deadline) < late_before),
    )
    statement = _ROWS.where(IS_OPEN, col(Customer.archived).is_(False), wanted).order_by(*_ORDER).limit(most)
    return [StoredComplaint._make(one) for one in session.connection().execute(statement)]


def set_told(session: Session, ids: Collection[int], told: Told) -> None:
    """Store how far the manager was told of these complaints."""
    if ids:
        session.execute(update(Complaint).where(col(Complaint.id).in_(ids)).values(told=told))


def untell(session: Session, outbox_ids: Collection[int], customers: Collection[int] | None = None) -> None:
    """Have managers told again of the complaints of messages that nobody got; only of these customers, if given."""
    steps = (
        (ComplaintRole.OPENED, Told.OPENED, Told.OPENING_DUE),
        (ComplaintRole.LATE, Told.LATE, Told.OPENED),
    )
    for role, was, again in steps:
        named = sa_select(col(ComplaintMessage.complaint_id)).where(
            col(ComplaintMessage.outbox_id).in_(outbox_ids), col(ComplaintMessage.role) == role
        )
        those = [col(Complaint.id).in_(named), col(Complaint.told) == was]
        if customers is not None:
            those.append(col(Complaint.customer_id).in_(customers))
        statement = update(Complaint).where(*those).values(told=again)
        session.execute(statement.execution_options(synchronize_session=False))


def listed(
    session: Session,
    *,
    owners: Collection[int] | None,
    customer_id: int | None,
    is_open: bool | None,
    late_before: date | None,
    most: int,
) -> tuple[list[StoredComplaint], int]:
    """(complaints, how many there are): of the customers of these owners (None: of all)."""
    statement = _ROWS.where(col(Customer.archived).is_(False))
    if owners is not None:
        statement = statement.where(col(Ownership.person_id).in_(owners))
    if customer_id is not None:
        statement = statement.where(col(Complaint.customer_id) == customer_id)
    if is_open is not None:
        statement = statement.where(IS_OPEN if is_open else col(Complaint.closed_on).is_not(None))
    if late_before is not None:
        statement = statement.where(IS_OPEN, col(Complaint.deadline) < late_before)
    total = session.connection().execute(
        statement.with_only_columns(func.count(), maintain_column_froms=True)
    )
    first = (col(Complaint.closed_on).is_not(None), *_ORDER)
    found = session.connection().execute(statement.order_by(*first).limit(most))
    return [StoredComplaint._make(one) for one in found], total.scalar_one()


def steps(session: Session, ids: Collection[int]) -> dict[int, list[ComplaintStep]]:
    """Complaint -> its steps, the oldest first."""
    found: dict[int, list[ComplaintStep]] = {}
    statement = select(ComplaintStep).where(col(ComplaintStep.complaint_id).in_(ids))
    for one in session.scalars(statement.order_by(col(ComplaintStep.taken_on), col(ComplaintStep.id))):
        found.setdefault(one.complaint_id, []).append(one)
    return found


def count_unattended(session: Session, late_before: date) -> int:
    """How many open complaints are past their deadline and have nobody: no account manager, and no handler."""
    statement = _ROWS.where(
        IS_OPEN,
        col(Complaint.deadline) < late_before,
        col(Complaint.handler_id).is_(None),
        col(Ownership.person_id).is_(None),
        col(Customer.archived).is_(False),
    ).with_only_columns(func.count(), maintain_column_froms=True)
    return session.connection().execute(statement).scalar_one()


def move(session: Session, complaint_id: int, version: int, **values: Any) -> bool:
    """Change a complaint that has this version, which is the next one then; whether it had it.

    The messages that show it are drawn again.
    """
    statement = (
        update(Complaint)
        .where(col(Complaint.id) == complaint_id, col(Complaint.version) == version)
        .values(**values, version=version + 1)
        .returning(col(Complaint.id))
    )
    if session.execute(statement).first() is None:
        return False
    redraws.mark_complaints(session, [complaint_id])
    return True


def link(session: Session, outbox_id: int, complaint_ids: Collection[int], role: ComplaintRole) -> None:
    """Note that a message names complaints."""
    rows = [{"outbox_id": outbox_id, "complaint_id": one, "role": role} for one in complaint_ids]
    if rows:
        session.connection().execute(insert(session.connection(), ComplaintMessage), rows)
