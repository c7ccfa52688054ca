"""The steps, customers and complaints behind the figures of a week; see `db.care.weekly.counts`."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, true
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, present_owner
from db.book.facts import Activity
from db.care.planning import CustomerCare
from db.care.records.complaints import Complaint
from db.care.records.promises import Promise
from db.care.touches import GREETINGS, Touch, TouchState
from db.care.weekly import counts as weekly_counts
from db.care.weekly.counts import Span


class CustomerScope(NamedTuple):
    """Whose customers are listed: of some account managers (None: of all), and those without one."""

    owners: Collection[int] | None
    unowned: bool

    @property
    def condition(self) -> ColumnElement[bool]:
        owner = col(Ownership.person_id)
        if self.owners is None:
            return true() if self.unowned else owner.is_not(None)
        return or_(owner.in_(self.owners), owner.is_(None) if self.unowned else false())


class DoerFilter(NamedTuple):
    """Only what a person does: who was given it, whose customer it is, or who leads the account manager's team."""

    person_id: int
    led: Collection[int]  # the people whose lead it is

    def of_steps(self) -> ColumnElement[bool]:
        by_part = or_(
            and_(col(Touch.who) == "owner", col(Ownership.person_id) == self.person_id),
            and_(col(Touch.who) == "lead", col(Ownership.person_id).in_(self.led)),
        )
        assignee = col(Touch.assignee_id)
        return or_(assignee == self.person_id, and_(assignee.is_(None), by_part))

    def of_complaints(self) -> ColumnElement[bool]:
        handler = col(Complaint.handler_id)
        return or_(
            handler == self.person_id, and_(handler.is_(None), col(Ownership.person_id) == self.person_id)
        )

    def of_customers(self) -> ColumnElement[bool]:
        return col(Ownership.person_id) == self.person_id


class WeeklyRow(NamedTuple):
    """A customer, with a step or a complaint of it where it is about one."""

    customer_id: int
    version: int
    name: str
    code: str
    owner_id: int | None
    tier: str | None
    who: str = "owner"
    doer_id: int | None = None
    plan: str | None = None
    step: str | None = None
    day: date | None = None
    text: str | None = None


_CUSTOMER = (
    *(col(Customer.id), col(Customer.version), col(Customer.name), col(Customer.code)),
    col(Ownership.person_id),
)
_STEP = (
    *_CUSTOMER,
    col(Touch.tier),
    col(Touch.who),
    col(Touch.assignee_id),
    col(Touch.plan),
    col(Touch.step),
)


class WeeklyRows:
    """Reads what is behind the figures of a week: at most so many rows of each kind."""

    def __init__(
        self, session: Session, span: Span, scope: CustomerScope, done_by: DoerFilter | None, most: int
    ) -> None:
        self._session, self._span, self._most = session, span, most
        self._scope, self._done_by = scope.condition, done_by

    def late(self) -> list[WeeklyRow]:
        """Steps that were done after their limits; the day is that of the contact, else when it was closed."""
        done = col(Touch.state) == TouchState.DONE, ~weekly_counts.is_in_time(self._span)
        return self._closed(*done)

    def skipped(self) -> list[WeeklyRow]:
        return self._closed(col(Touch.state) == TouchState.SKIPPED)

    def missed(self) -> list[WeeklyRow]:
        """Greetings that were not said; the day is their last one."""
        missed = weekly_counts.closed_in(self._span), col(Touch.state) == TouchState.MISSED
        return self._steps(col(Touch.latest_on), None, *missed)

    def escalated(self) -> list[WeeklyRow]:
        """Steps that were reported as late; the day is their limit."""
        reported = col(Touch.id).in_(weekly_counts.reported(self._span))
        return self._steps(col(Touch.latest_on), None, reported)

    def overdue(self, day: date) -> list[WeeklyRow]:
        """Steps that were open past their limits when a day began; the day is their limit."""
        end = self._span.end
        since = and_(
            col(Touch.closed_at) >= end, col(Touch.latest_on) < day, col(Touch.kind).not_in(GREETINGS)
        )
        open_then = or_(weekly_counts.is_past_limit(day), since), col(Touch.created_at) < end
        return self._steps(col(Touch.latest_on), None, *open_then)

    def complaints(self) -> list[WeeklyRow]:
        """Complaints that were open at the end of the week; the day is their deadline."""
        columns: tuple[Any, ...] = (*_CUSTOMER, col(CustomerCare.tier), col(Complaint.handler_id))
        columns += (col(Complaint.deadline), col(Complaint.kind))
        statement = (
            sa_select(*columns)
            .select_from(Complaint)
            .join(Activity, col(Activity.id) == col(Complaint.activity_id))
            .join(Customer, col(Customer.id) == col(Complaint.customer_id))
            .outerjoin(Ownership, present_owner(Complaint.customer_id))
            .outerjoin(CustomerCare, col(CustomerCare.customer_id) == col(Complaint.customer_id))
            .where(weekly_counts.was_open(self._span.end), col(Customer.archived).is_(False))
            .order_by(col(Complaint.deadline).is_(None), col(Complaint.deadline), col(Complaint.id))
        )
        by = self._done_by.of_complaints() if self._done_by else true()
        rows = self._session.execute(statement.where(self._scope, by).limit(self._most))
        return [
            WeeklyRow._make((*customer, "owner", handler, None, None, deadline, kind))
            for *customer, handler, deadline, kind in rows
        ]

    def broken_promises(self) -> list[WeeklyRow]:
        """Promises that were not kept by their day; the day is that one."""
        whose = weekly_counts.WHOSE_PROMISE.label("whose")
        columns = (*_CUSTOMER, col(CustomerCare.tier), whose, col(Promise.due_on), col(Promise.what))
        broken = or_(weekly_counts.was_kept_late(self._span), weekly_counts.was_past_its_day(self._span))
        statement = weekly_counts.of_promises(*columns).where(self._scope, broken)
        if self._done_by is not None:
            present = func.coalesce(weekly_counts.WHOSE_PROMISE, col(Ownership.person_id))
            statement = statement.where(present == self._done_by.person_id)
        found = statement.order_by(col(Promise.due_on), col(Promise.id)).limit(self._most)
        return [
            WeeklyRow._make((*customer, "owner", keeper, None, None, day, what))
            for *customer, keeper, day, what in self._session.execute(found)
        ]

    def without_owner(self) -> list[WeeklyRow]:
        return self._customers(weekly_counts.has_nobody())

    def owned_by(self, owners: Collection[int]) -> list[WeeklyRow]:
        return self._customers(col(Ownership.person_id).in_(owners)) if owners else []

    def not_visited(self, today: date, gone: Collection[int]) -> list[WeeklyRow]:
        owner = col(Ownership.person_id)
        return self._customers(weekly_counts.has_no_visit(today), owner.is_not(None), owner.not_in(gone))

    def _closed(self, *conditions: Any) -> list[WeeklyRow]:
        day = weekly_counts.done_on(self._span)
        return self._steps(day, col(Touch.reason), weekly_counts.closed_in(self._span), *conditions)

    def _steps(self, day: Any, reason: Any, *conditions: Any) -> list[WeeklyRow]:
        columns = (*_STEP, day, *(() if reason is None else (reason,)))
        by = self._done_by.of_steps() if self._done_by else true()
        statement = weekly_counts.of_steps(*columns).where(self._scope, by, *conditions)
        return self._read(statement.order_by(day, col(Touch.id)))

    def _customers(self, *conditions: Any) -> list[WeeklyRow]:
        statement = weekly_counts.attended_by(*_CUSTOMER, col(CustomerCare.tier))
        by = self._done_by.of_customers() if self._done_by else true()
        found = statement.where(self._scope, by, *conditions)
        return self._read(found.order_by(col(CustomerCare.tier), col(Customer.code), col(Customer.id)))

    def _read(self, statement: Select[Any]) -> list[WeeklyRow]:
        return [WeeklyRow(*row) for row in self._session.execute(statement.limit(self._most))]
