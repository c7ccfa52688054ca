"""Touches: one due step of a care plan for one customer."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Date, Index, and_, bindparam, delete, func, literal_column, or_, text, true
from sqlalchemy import select as sa_select
from sqlalchemy import update as sa_update
from sqlmodel import Field, Session, SQLModel, col, select, update

from db.book.customers import Customer, Ownership, of_customers, present_owner
from db.book.facts import TALKS, Activity
from db.book.people import Person
from db.care import redraws
from db.care.records import complaints, promises
from db.care.weekly import reports as weekly
from db.engine import insert
from db.outbox.messages import OutboxMessage
from db.types import NumberedRow, UtcDateTime, partial_index


class TouchState(StrEnum):
    """The state of a touch."""

    PLANNED = "planned"
    REMINDED = "reminded"
    SNOOZED = "snoozed"
    DONE = "done"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # by a person, who gave a reason
    MISSED = "missed"  # a greeting whose day is past


class StepKind(StrEnum):
    """What a step of a care plan asks for."""

    REVISIT = "revisit"
    FOLLOW_UP = "follow_up"
    GREETING = "greeting"
    ANNIVERSARY = "anniversary"
    ONCE = "once"
    BIRTHDAY = "birthday"
    LOW_SCORE = "low_score"  # of a survey; it is in no plan


GREETINGS = (
    StepKind.GREETING,
    StepKind.BIRTHDAY,
)  # what is shown in messages of its own, not as a row that is due
OPEN = (TouchState.PLANNED, TouchState.REMINDED, TouchState.SNOOZED)
WAITING = (TouchState.PLANNED, TouchState.SNOOZED)
_OPEN = "state IN ('planned', 'reminded', 'snoozed')"
IS_OPEN = text(f"touch.{_OPEN}")  # in the words of the partial indexes


class Touch(NumberedRow, table=True):
    """A step of a care plan that is due on a day; the columns are the schedule."""

    __tablename__ = "touch"
    __table_args__ = (
        partial_index("ix_touch_due", "remind_at", where=_OPEN),
        partial_index("ix_touch_late", "latest_on", where=_OPEN),
        partial_index("ix_touch_assignee", "assignee_id", where="assignee_id IS NOT NULL"),
        partial_index("ix_touch_contact_person", "contact_person_id", where="contact_person_id IS NOT NULL"),
        partial_index("ix_touch_closed", "closed_at", where="closed_at IS NOT NULL"),
        Index("ix_touch_customer", "customer_id", "step"),
        # One open touch of a step and occasion, however many processes plan at the same time.
        partial_index("uq_touch_open", "customer_id", "step", "occasion", where=_OPEN, unique=True),
    )
    # kind:customer:intended local date:step — one per day whatever clocks and zones do. Of a birthday
    # birthday:contact person:year, whichever step greets.
    dedupe_key: str = Field(unique=True)
    customer_id: int = Field(foreign_key="customer.id")
    plan: str | None = None  # its id; None in rows written when there was one plan
    step: str
    occasion: str = ""  # of a greeting; `person:` and their id of a birthday; when low scores were recorded
    contact_person_id: int | None = None  # whose birthday it is; planning closes it when they are removed
    kind: str  # a StepKind
    tier: str
    who: str = "owner"  # who does it: the account manager, the lead, or the holder of a role
    assignee_id: int | None = None  # the person who does it instead of them
    due_on: date
    latest_on: date | None = None  # the last day on which it is in time
    anchor: date | None = None  # what due_on is counted from: the last contact or Done; the holiday
    remind_at: datetime = Field(sa_type=UtcDateTime)  # when it is shown next
    state: str  # a TouchState
    reason: str | None = None
    version: int = 1
    escalated: int = 0  # 1 = the manager was told that it is late, 2 = the emergency group too
    activity_id: int | None = None  # the contact that fulfilled it
    outbox_id: int | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: int | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class TouchRole(StrEnum):
    """What a message says of a touch, or to whom."""

    DIGEST = "digest"
    URGENT = "urgent"
    GREETING = "greeting"
    MANAGER = "manager"
    GROUP = "group"


_SHOWN = (TouchRole.DIGEST, TouchRole.URGENT, TouchRole.GREETING)  # what tells the person who does it


class TouchMessage(SQLModel, table=True):
    """A message that names a touch: who was told of it when, and which rows a digest has."""

    __tablename__ = "touch_message"
    __table_args__ = (
        partial_index("ix_touch_message_reported", "outbox_id", where="role IN ('manager', 'group')"),
    )
    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id", ondelete="CASCADE")
    touch_id: int = Field(primary_key=True, foreign_key="touch.id", index=True, ondelete="CASCADE")
    role: str  # a TouchRole


def get(session: Session, touch_id: int) -> Touch | None:
    return session.get(Touch, touch_id)


def lock(session: Session, customer_ids: Sequence[int]) -> None:
    """Lock customers, so that one process at a time plans for each; SQLite has only one writer anyway."""
    session.execute(
        sa_select(col(Customer.id))
        .where(col(Customer.id).in_(customer_ids))
        .order_by(col(Customer.id))
        .with_for_update()
    )


class LastContactRow(NamedTuple):
    """The last contact in which somebody talked with a customer, and who did."""

    kind: str
    happened_on: date
    note: str | None
    name: str | None
    slack_user_id: str | None


_LAST_CONTACT = (
    sa_select(
        col(Activity.kind),
        col(Activity.happened_on),
        col(Activity.note),
        col(Person.name),
        col(Person.slack_user_id),
    )
    .select_from(Activity)
    .outerjoin(Person, col(Person.id) == col(Activity.person_id))
    .where(col(Activity.customer_id) == bindparam("customer_id"), col(Activity.kind).in_(TALKS))
    .order_by(col(Activity.happened_on).desc(), col(Activity.id).desc())
    .limit(1)
)


def last_contact(session: Session, customer_id: int) -> LastContactRow | None:
    """The last contact with a customer; None before the first one."""
    row: Any = session.connection().execute(_LAST_CONTACT, {"customer_id": customer_id}).first()
    return None if row is None else LastContactRow._make(row)


_IDS: Any = bindparam("customers", expanding=True)
_CONTACTS = (
    sa_select(col(Activity.customer_id), col(Activity.kind), func.max(col(Activity.happened_on)))
    .where(col(Activity.customer_id).in_(_IDS))
    .group_by(col(Activity.customer_id), col(Activity.kind))
)


def last_contacts(session: Session, customer_ids: Sequence[int]) -> dict[int, dict[str, date]]:
    """Customer -> kind of contact -> its latest day."""
    found: dict[int, dict[str, date]] = {}
    for customer, kind, day in session.connection().execute(_CONTACTS, {"customers": list(customer_ids)}):
        found.setdefault(customer, {})[kind] = day
    return found


_OPEN_TOUCHES = (
    select(Touch)
    .where(col(Touch.state).in_(OPEN), col(Touch.customer_id).in_(bindparam("customers", expanding=True)))
    .order_by(col(Touch.due_on), col(Touch.id))
)


def open_touches(session: Session, customer_ids: Sequence[int]) -> list[Touch]:
    """Open touches, next first."""
    return list(session.exec(_OPEN_TOUCHES, params={"customers": list(customer_ids)}))


# Columns, because creating ORM objects takes longer than the rest of the query.
_OPEN_STEPS = _OPEN_TOUCHES.with_only_columns(
    *(col(Touch.customer_id), col(Touch.plan), col(Touch.tier)),
    *(col(Touch.step), col(Touch.due_on), col(Touch.latest_on)),
)
# For a card: one parameter, because a list is expanded at each call, and the condition of the partial index.
_FIRST_STEP = (
    sa_select(col(Touch.plan), col(Touch.tier), col(Touch.step), col(Touch.due_on), col(Touch.latest_on))
    .where(text(_OPEN), col(Touch.customer_id) == bindparam("customer_id"))
    .order_by(col(Touch.due_on), col(Touch.id))
    .limit(1)
)


def first_step(session: Session, customer_id: int) -> tuple[str | None, str, str, date, date | None] | None:
    """(plan, tier, step, due on, limit) of a customer's next open touch."""
    row: Any = session.connection().execute(_FIRST_STEP, {"customer_id": customer_id}).first()
    return None if row is None else (row[0], row[1], row[2], row[3], row[4])


def open_steps(
    session: Session, customer_ids: Sequence[int]
) -> list[tuple[int, str | None, str, str, date, date | None]]:
    """(customer, plan, tier, step, due on, limit) of open touches, next first."""
    rows: Any = session.connection().execute(_OPEN_STEPS, {"customers": list(customer_ids)})
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


def first_steps(
    session: Session, most: int, *, owners: Collection[int] | None = None
) -> list[tuple[int, str | None, str, str, date]]:
    """The open steps that are due first: of the customers of some owners, or of the whole book."""
    statement = (
        sa_select(
            col(Touch.customer_id), col(Touch.plan), col(Touch.tier), col(Touch.step), col(Touch.due_on)
        )
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .where(text(_OPEN), col(Customer.archived).is_(False))
        .order_by(col(Touch.due_on), col(Touch.id))
        .limit(most)
    )
    if owners is not None:
        statement = statement.join(Ownership, present_owner(Customer.id)).where(
            col(Ownership.person_id).in_(owners)
        )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in session.connection().execute(statement)]


# By name, because the columns of a table would bring all its rows into the query.
_HAS_CONTACT = (
    sa_select(col(Activity.id))
    .where(
        col(Activity.id) == literal_column("touch.activity_id"),
        func.coalesce(col(Activity.happened_on) >= literal_column("touch.anchor", Date), true()),
    )
    .exists()
)
_MAY_OPEN_AGAIN = or_(
    col(Touch.state) == TouchState.CANCELLED,
    and_(col(Touch.state) == TouchState.DONE, col(Touch.activity_id).is_not(None), ~_HAS_CONTACT),
)


def kept_as_they_are(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the occurrences whose rows `add` would not change."""
    if not keys:
        return set()
    statement = sa_select(col(Touch.dedupe_key)).where(col(Touch.dedupe_key).in_(list(keys)))
    return set(session.scalars(statement.where(~_MAY_OPEN_AGAIN)))


def add(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Insert planned touches; how many are new.

    A cancelled occurrence opens again, and so does one whose contact was taken back. Others stay as they are.
    """
    if not rows:
        return 0
    statement = insert(session.connection(), Touch)
    again = (
        *("customer_id", "plan", "tier", "step", "who", "occasion"),
        *("due_on", "latest_on", "anchor", "remind_at", "state"),
    )
    emptied = dict.fromkeys(("reason", "closed_at", "closed_by", "activity_id"))
    statement = statement.on_conflict_do_update(
        index_elements=["dedupe_key"],
        set_={name: statement.excluded[name] for name in again}
        | emptied
        | {"version": col(Touch.version) + 1, "escalated": 0},
        where=_MAY_OPEN_AGAIN,
    )
    # Otherwise SQLAlchemy drops psycopg's row count of an INSERT.
    done = session.connection().execute(statement, list(rows), execution_options={"preserve_rowcount": True})
    redraws.mark_occurrences(session, [row["dedupe_key"] for row in rows])
    return done.rowcount


_DRAWN = frozenset({"state", "anchor", "due_on", "latest_on"})  # what messages show of a touch


def change(session: Session, changes: Sequence[tuple[Any, Mapping[str, Any]]]) -> int:
    """Change touches that have not changed since they were read, each to values of its own; how many.

    The version of one that stays open for the same occurrence stays, so that the buttons in Slack still work.
    """
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for touch, values in changes:
        own = {f"to_{name}": value for name, value in values.items()}
        by_columns.setdefault(tuple(sorted(values)), []).append(
            {"touch_id": touch.id, "touch_version": touch.version, **own}
        )
    redraws.mark(session, [touch.id for touch, values in changes if not _DRAWN.isdisjoint(values)])
    return sum(_change(session, columns, rows) for columns, rows in by_columns.items())


def _change(session: Session, columns: Sequence[str], rows: list[dict[str, Any]]) -> int:
    values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in columns}
    if not values.keys().isdisjoint({"state", "anchor"}):
        values["version"] = col(Touch.version) + 1
    statement = (
        sa_update(Touch)
        .where(col(Touch.id) == bindparam("touch_id"), col(Touch.version) == bindparam("touch_version"))
        .values(values)
    )
    done = session.connection().execute(statement, rows, execution_options={"preserve_rowcount": True})
    return int(done.rowcount)


def move(session: Session, touch_id: int, version: int, **values: object) -> bool:
    """Change a touch unless it has changed since `version` was read. A loaded touch keeps its old values."""
    result = session.exec(
        update(Touch)
        .where(col(Touch.id) == touch_id, col(Touch.version) == version)
        .values(version=version + 1, **values)
        # Synchronising all loaded rows took 16 ms per update.
        .execution_options(synchronize_session=False)
    )
    if result.rowcount:
        redraws.mark(session, [touch_id])
    return bool(result.rowcount)


def release_undelivered(session: Session, outbox_ids: Collection[int], now: datetime) -> int:
    """Make touches due again whose reminders could not be delivered; how many.

    They are shown in the next morning for which no digest was written yet. What managers were to be told of steps,
    complaints, promises and the week is told again.
    """
    if not outbox_ids:
        return 0
    named = select(TouchMessage.touch_id).where(
        col(TouchMessage.outbox_id).in_(outbox_ids), col(TouchMessage.role).in_(_SHOWN)
    )
    old = select(OutboxMessage.id).where(
        col(OutboxMessage.id).in_(outbox_ids), OutboxMessage.kind == "reminder"
    )
    ids: set[int | None] = set(session.scalars(named))
    # Messages of versions before the digest are named by their touch only, which no index helps to find.
    if before := list(session.scalars(old)):
        ids |= set(session.scalars(select(Touch.id).where(col(Touch.outbox_id).in_(before))))
    untell(session, outbox_ids)
    complaints.untell(session, outbox_ids)
    promises.untell(session, outbox_ids)
    weekly.untell(session, outbox_ids)
    return release(session, ids, now)


class ShownTouch(NamedTuple):
    """A touch that a message names, and what decides whose it is."""

    outbox_id: int
    touch_id: int
    customer_id: int
    who: str
    assignee_id: int | None


def shown_in(session: Session, outbox_ids: Collection[int]) -> list[ShownTouch]:
    """The touches that messages to those who do them name, of customers that are still there."""
    statement = (
        sa_select(
            col(TouchMessage.outbox_id),
            col(Touch.id),
            col(Touch.customer_id),
            col(Touch.who),
            col(Touch.assignee_id),
        )
        .join(Touch, col(Touch.id) == col(TouchMessage.touch_id))
        .where(col(TouchMessage.outbox_id).in_(outbox_ids), col(TouchMessage.role).in_(_SHOWN))
    )
    return [ShownTouch._make(row) for row in session.execute(statement)]


def given_to(session: Session, people: Collection[int], touch_ids: Collection[int]) -> frozenset[int]:
    """The customers of those touches that were given to one of these people."""
    theirs = col(Touch.assignee_id).in_(people), col(Touch.id).in_(touch_ids)
    return frozenset(session.scalars(sa_select(col(Touch.customer_id)).where(*theirs)))


def unlink(session: Session, outbox_id: int, touch_ids: Collection[int]) -> None:
    """Note that a message no longer names touches."""
    session.execute(
        delete(TouchMessage).where(
            col(TouchMessage.outbox_id) == outbox_id, col(TouchMessage.touch_id).in_(touch_ids)
        )
    )


def release(session: Session, touch_ids: Collection[int | None], now: datetime) -> int:
    """Make touches due again that were shown to nobody; how many."""
    released = session.scalars(
        update(Touch)
        .where(col(Touch.id).in_(touch_ids), col(Touch.state) == TouchState.REMINDED)
        .values(
            state=TouchState.PLANNED,
            reason="the last reminder could not be delivered",
            remind_at=now,
            version=col(Touch.version) + 1,
        )
        .returning(col(Touch.id))
        .execution_options(synchronize_session=False)
    ).all()
    redraws.mark(session, released)
    return len(released)


def untell(session: Session, outbox_ids: Collection[int], customers: Collection[int] | None = None) -> None:
    """Make the open touches of messages that nobody got unreported again: to the manager, or to the emergency group.

    Only those of some customers when they are given.
    """
    theirs = [col(Touch.customer_id).in_(customers)] if customers is not None else []
    for role, before in ((TouchRole.MANAGER, 0), (TouchRole.GROUP, 1)):
        linked = select(TouchMessage.touch_id).where(
            col(TouchMessage.outbox_id).in_(outbox_ids), TouchMessage.role == role
        )
        session.exec(
            update(Touch)
            .where(
                col(Touch.id).in_(linked),
                col(Touch.escalated) == before + 1,
                col(Touch.state).in_(OPEN),
                *theirs,
            )
            .values(escalated=before)
            .execution_options(synchronize_session=False)
        )


def cancel_archived(session: Session, now: datetime, customer_ids: Sequence[int] | None = None) -> int:
    """Cancel the open touches of archived customers, or of those among some; how many."""
    archived = select(Customer.id).where(
        col(Customer.archived).is_(True), of_customers(Customer.id, customer_ids)
    )
    cancelled = session.scalars(
        update(Touch)
        .where(col(Touch.state).in_(OPEN), col(Touch.customer_id).in_(archived))
        .values(
            state=TouchState.CANCELLED,
            reason="customer archived",
            closed_at=now,
            version=col(Touch.version) + 1,
        )
        .returning(col(Touch.id))
        .execution_options(synchronize_session=False)
    ).all()
    redraws.mark(session, cancelled)
    return len(cancelled)


def open_counts(session: Session) -> dict[str, int]:
    """How many touches are in each open state."""
    rows = session.exec(
        select(col(Touch.state), func.count()).where(col(Touch.state).in_(OPEN)).group_by(col(Touch.state))
    )
    return dict(rows.all())
