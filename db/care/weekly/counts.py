"""What became of care in a week, counted by the database: steps, reports to managers, complaints, who is attended to.

The customers are those of today's account managers, as rights are; archived ones are left out.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, Select, and_, case, func, literal, or_, text, union_all
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, RecordType, present_owner
from db.book.facts import Activity
from db.care.planning import CustomerCare
from db.care.records.complaints import Complaint
from db.care.records.promises import KEEPER, Promise, PromiseOutcome
from db.care.touches import _OPEN, GREETINGS, StepKind, Touch, TouchMessage, TouchState
from db.outbox.messages import MessageState, OutboxMessage

REPORTED = text("touch_message.role IN ('manager', 'group')")  # in the words of the partial index
BLOCKED = "blocked"  # the tier of customers that are owed nothing


class Span(NamedTuple):
    """A week where its reader is: its first instant, and the end of each of its days."""

    start: datetime
    ends: Sequence[tuple[datetime, date]]

    @property
    def end(self) -> datetime:
        return self.ends[-1][0]

    @property
    def last_day(self) -> date:
        return self.ends[-1][1]


class Whose(NamedTuple):
    """By what figures are divided: the customer's account manager, who does it in their place, and the tier."""

    owner_id: int | None
    who: str
    doer_id: int | None
    tier: str | None


def closing_day(span: Span, at: Any) -> ColumnElement[date]:
    """On which day of a week an instant lies."""
    *before, (_, last) = span.ends
    return case(*((at < end, literal(day, Date)) for end, day in before), else_=literal(last, Date))


def done_on(span: Span) -> ColumnElement[date]:
    """When a step that was closed in a week was done: on the day of its contact, else when it was closed."""
    return func.coalesce(col(Activity.happened_on), closing_day(span, col(Touch.closed_at)))


def is_in_time(span: Span) -> ColumnElement[bool]:
    """Whether a step that was done in a week was done by its limit."""
    return done_on(span) <= func.coalesce(col(Touch.latest_on), col(Touch.due_on))


_OF_STEP = (col(Ownership.person_id), col(Touch.who), col(Touch.assignee_id), col(Touch.tier))


def of_steps(*columns: Any) -> Select[Any]:
    """A query of the steps of customers that are not archived, with their account managers and contacts."""
    return (
        sa_select(*columns)
        .select_from(Touch)
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .outerjoin(Ownership, present_owner(Touch.customer_id))
        .outerjoin(Activity, col(Activity.id) == col(Touch.activity_id))
        .where(col(Customer.archived).is_(False))
    )


def closed_in(span: Span) -> ColumnElement[bool]:
    return and_(col(Touch.closed_at) >= span.start, col(Touch.closed_at) < span.end)


def _number(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


class ClosedSteps(NamedTuple):
    """How many steps were done in time and late, skipped, and greetings missed."""

    whose: Whose
    kept: int
    late: int
    skipped: int
    missed: int


_CLOSED = (TouchState.DONE, TouchState.SKIPPED, TouchState.MISSED)


def closed(session: Session, span: Span) -> list[ClosedSteps]:
    """What became of the steps that were closed in a week."""
    done, in_time = col(Touch.state) == TouchState.DONE, is_in_time(span)
    counted = (
        _number(and_(done, in_time)),
        _number(and_(done, ~in_time)),
        _number(col(Touch.state) == TouchState.SKIPPED),
        _number(col(Touch.state) == TouchState.MISSED),
    )
    statement = of_steps(*_OF_STEP, *counted).where(closed_in(span), col(Touch.state).in_(_CLOSED))
    rows = session.execute(statement.group_by(*_OF_STEP))
    return [ClosedSteps(Whose(*row[:4]), *row[4:]) for row in rows]


def reasons(session: Session, span: Span) -> list[tuple[Whose, str, int]]:
    """Why steps were skipped in a week, and how often each reason was given."""
    reason = func.coalesce(col(Touch.reason), "")
    statement = of_steps(*_OF_STEP, reason, func.count()).where(
        closed_in(span), col(Touch.state) == TouchState.SKIPPED
    )
    rows = session.execute(statement.group_by(*_OF_STEP, reason))
    return [(Whose(*row[:4]), row[4], row[5]) for row in rows]


def reported(span: Span) -> Select[Any]:
    """The steps that were reported to a manager or to the emergency group in a week."""
    return (
        sa_select(col(TouchMessage.touch_id))
        .join(OutboxMessage, col(OutboxMessage.id) == col(TouchMessage.outbox_id))
        .where(
            REPORTED,
            col(OutboxMessage.created_at) >= span.start,
            col(OutboxMessage.created_at) < span.end,
            col(OutboxMessage.state) != MessageState.DEAD,
        )
    )


def escalated(session: Session, span: Span) -> list[tuple[Whose, int]]:
    """How many steps were reported in a week."""
    statement = of_steps(*_OF_STEP, func.count()).where(col(Touch.id).in_(reported(span)))
    return [(Whose(*row[:4]), row[4]) for row in session.execute(statement.group_by(*_OF_STEP))]


def is_past_limit(before: date) -> ColumnElement[bool]:
    """Condition: open now, and its limit was before a day."""
    return and_(text(f"touch.{_OPEN}"), col(Touch.latest_on) < before, col(Touch.kind).not_in(GREETINGS))


def overdue(session: Session, at: datetime, day: date) -> list[tuple[Whose, int]]:
    """How many steps were open past their limits when a day began."""
    there = col(Touch.created_at) < at
    still = of_steps(*_OF_STEP, func.count()).where(is_past_limit(day), there)
    since = of_steps(*_OF_STEP, func.count()).where(
        col(Touch.closed_at) >= at, col(Touch.latest_on) < day, col(Touch.kind).not_in(GREETINGS), there
    )
    both = union_all(still.group_by(*_OF_STEP), since.group_by(*_OF_STEP))
    return [(Whose(*row[:4]), row[4]) for row in session.execute(both)]


class ComplaintCount(NamedTuple):
    """How many complaints were open, and how many of them past their deadlines."""

    whose: Whose
    open: int
    late: int


_COMPLAINT = (col(Ownership.person_id), col(Complaint.handler_id), col(CustomerCare.tier))


def was_open(at: datetime) -> ColumnElement[bool]:
    """Condition: a complaint was recorded before an instant, and not closed then."""
    return and_(
        col(Activity.recorded_at) < at,
        or_(col(Complaint.closed_on).is_(None), col(Complaint.closed_at) >= at),
    )


def open_complaints(session: Session, at: datetime, day: date) -> list[ComplaintCount]:
    """The complaints that were open when a day began."""
    statement = (
        sa_select(*_COMPLAINT, func.count(), _number(col(Complaint.deadline) < day))
        .select_from(Complaint)
        .join(Activity, col(Activity.id) == col(Complaint.activity_id))
        .join(Customer, col(Customer.id) == col(Complaint.customer_id))
        .outerjoin(Ownership, present_owner(Complaint.customer_id))
        .outerjoin(CustomerCare, col(CustomerCare.customer_id) == col(Complaint.customer_id))
        .where(was_open(at), col(Customer.archived).is_(False))
        .group_by(*_COMPLAINT)
    )
    return [
        ComplaintCount(Whose(row[0], "owner", row[1], row[2]), row[3], row[4])
        for row in session.execute(statement)
    ]


def was_kept_late(span: Span) -> ColumnElement[bool]:
    """Condition: a promise was kept after its day, and that was recorded in the week."""
    recorded = and_(col(Promise.closed_at) >= span.start, col(Promise.closed_at) < span.end)
    return and_(
        recorded, col(Promise.outcome) == PromiseOutcome.KEPT, col(Promise.closed_on) > col(Promise.due_on)
    )


def was_past_its_day(span: Span) -> ColumnElement[bool]:
    """Condition: a promise was open at the end of the week, and its day was over."""
    still = or_(col(Promise.closed_at).is_(None), col(Promise.closed_at) >= span.end)
    return and_(still, col(Promise.recorded_at) < span.end, col(Promise.due_on) <= span.last_day)


WHOSE_PROMISE = func.coalesce(col(Promise.closed_for), KEEPER)  # None: the account manager's


def of_promises(*columns: Any) -> Select[Any]:
    """A query of promises to customers that are not archived, with their account managers and tiers."""
    return (
        sa_select(*columns)
        .select_from(Promise)
        # The sum keeps SQLite from reading every customer and looking for its promises.
        .join(Customer, col(Customer.id) == col(Promise.customer_id) + 0)
        .outerjoin(Ownership, present_owner(Promise.customer_id))
        .outerjoin(CustomerCare, col(CustomerCare.customer_id) == col(Promise.customer_id))
        .where(col(Customer.archived).is_(False))
    )


def broken_promises(session: Session, span: Span) -> list[tuple[Whose, int]]:
    """How many promises were not kept by their day."""
    of = col(Ownership.person_id), WHOSE_PROMISE.label("whose"), col(CustomerCare.tier)
    # Read one by one within: grouped by the expression, PostgreSQL would have it twice.
    each = of_promises(*of).where(or_(was_kept_late(span), was_past_its_day(span))).subquery()
    rows = session.execute(sa_select(*each.c, func.count()).group_by(*each.c))
    return [(Whose(owner, "owner", whose, tier), count) for owner, whose, tier, count in rows]


def attended_by(*columns: Any) -> Select[Any]:
    """A query of customers that are owed something, with their account managers and tiers."""
    return (
        sa_select(*columns)
        .select_from(Customer)
        .outerjoin(Ownership, present_owner(Customer.id))
        .outerjoin(CustomerCare, col(CustomerCare.customer_id) == col(Customer.id))
        .where(col(Customer.archived).is_(False), col(CustomerCare.tier).is_distinct_from(literal(BLOCKED)))
    )


def has_nobody() -> ColumnElement[bool]:
    """Condition: an account without an account manager."""
    return and_(col(Customer.record_type) == RecordType.ACCOUNT, col(Ownership.id).is_(None))


def has_no_visit(today: date) -> ColumnElement[bool]:
    """Condition: a revisit of the customer is past its limit."""
    late = sa_select(col(Touch.customer_id)).where(is_past_limit(today), col(Touch.kind) == StepKind.REVISIT)
    return col(Customer.id).in_(late)


class CustomerCount(NamedTuple):
    """How many customers of an account manager and a tier."""

    owner_id: int | None
    tier: str | None
    customers: int


def without_owner(session: Session) -> list[CustomerCount]:
    """How many accounts have no account manager."""
    return _customers(session, has_nobody())


def owned_by(session: Session, owners: Collection[int]) -> list[CustomerCount]:
    """How many customers these people have."""
    return _customers(session, col(Ownership.person_id).in_(owners)) if owners else []


def not_visited(session: Session, today: date, gone: Collection[int]) -> list[CustomerCount]:
    """How many customers of others than those who are gone were not contacted by the limit."""
    there = col(Ownership.person_id).is_not(None), col(Ownership.person_id).not_in(gone)
    return _customers(session, has_no_visit(today), *there)


def _customers(session: Session, *conditions: Any) -> list[CustomerCount]:
    of = col(Ownership.person_id), col(CustomerCare.tier)
    statement = attended_by(*of, func.count()).where(*conditions).group_by(*of)
    return [CustomerCount._make(row) for row in session.execute(statement)]
