"""Planning care: which step is due when, as rows.

Planning compares the plan with the rows and writes the difference, so it can run any number of times. A touch's
`dedupe_key` holds the intended local date, so a change of clock or time zone makes no second touch for one day.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.services.care.plan import CarePlan, FollowUp, Greeting, Revisit, Step, first_morning_before
from db.care import touches
from db.care.touches import PlannedCustomer, Touch, TouchState
from db.engine import Database
from db.graded import runs

CHUNK = 500  # customers to a transaction: short enough that a press at the same time does not wait
STALE = timedelta(days=21)  # a follow-up that is found later than this is not begun
GREETING_OPEN = timedelta(days=7)  # after the holiday: time to press Done
SPREAD = 7919  # a prime, so that neighbouring customers get distant days


@dataclass(frozen=True, kw_only=True)
class CareRules:
    """The care plan, and the settings it runs under."""

    plan: CarePlan
    zone: ZoneInfo
    remind_at: time

    def morning(self, day: date, zone: ZoneInfo) -> datetime:
        """When people of a time zone are reminded on a day."""
        return local_instant(day, self.remind_at.hour, self.remind_at.minute, zone)


@dataclass(frozen=True, kw_only=True)
class Due:
    """When a step is due, the day that is counted from, and the key that makes it one occurrence."""

    on: date
    anchor: date | None
    key: str


def plan_all(database: Database, rules: CareRules, now: datetime) -> int:
    """Bring every graded customer's touches in line with the plan; how many rows changed."""
    with database.read() as session:
        customers = touches.graded_customers(session, runs.latest_run_ids(session))
    with database.write() as session:
        changed = touches.cancel_archived(session, now)
    for start in range(0, len(customers), CHUNK):
        chunk = customers[start : start + CHUNK]
        changed += database.retry(partial(_plan_chunk, database, rules, chunk, now))
    return changed


def _plan_chunk(database: Database, rules: CareRules, customer_ids: list[int], now: datetime) -> int:
    with database.write() as session:
        return plan_customers(session, rules, customer_ids, now)


def plan_customers(session: Session, rules: CareRules, customer_ids: list[int], now: datetime) -> int:
    """The same for some customers, which are locked, in the caller's transaction."""
    touches.lock(session, customer_ids)
    contacts = touches.last_contacts(session, customer_ids)
    done = touches.last_done(session, customer_ids)
    present: dict[int, dict[str, Touch]] = {}
    for touch in touches.open_touches(session, customer_ids):
        present.setdefault(touch.customer_id, {})[touch.step] = touch
    changed, new = 0, list[dict[str, Any]]()
    for customer in touches.planned_customers(session, runs.latest_run_ids(session), customer_ids):
        planner = _Planner(session, rules, customer, now)
        changed += planner.plan(
            present.get(customer.customer_id, {}), contacts.get(customer.customer_id, {}), done
        )
        new += planner.new
    return changed + touches.add(session, new)


def morning(rules: CareRules, day: date, zone: ZoneInfo, now: datetime, *, any_day: bool) -> datetime:
    """The first morning to come from a day on, of a working day unless it may be any day."""
    day = max(day, local_date(now, zone))
    while True:
        day = day if any_day else workday(day)
        at = rules.morning(day, zone)
        if at > now:
            return at
        day += timedelta(days=1)


def workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


class _Planner:
    """One customer's plan, compared with its rows; `new` collects the missing rows."""

    def __init__(self, session: Session, rules: CareRules, customer: PlannedCustomer, now: datetime) -> None:
        self.session = session
        self.rules = rules
        self.customer = customer
        self.now = now
        self.zone = zone_named(customer.timezone, rules.zone)
        self.today = local_date(now, self.zone)
        self.new: list[dict[str, Any]] = []

    def plan(
        self,
        present: dict[str, Touch],
        contacts: dict[str, date],
        done: dict[tuple[int, str], datetime],
    ) -> int:
        """Compare the steps of the customer's tier with its open touches; how many of these changed."""
        steps = {step.id: step for step in self.rules.plan.steps(self.customer.tier)}
        changed = sum(
            self._close(touch, TouchState.CANCELLED, "not a step of this tier")
            for touch in present.values()
            if touch.step not in steps
        )
        for step in steps.values():
            pressed = done.get((self.customer.customer_id, step.id))
            due = self._due(step, contacts, local_date(pressed, self.zone) if pressed else None)
            existing = present.get(step.id)
            if existing is None:
                self._add(step, due)
            else:
                changed += self._compare(step, existing, due)
        return changed

    def _due(self, step: Step, contacts: dict[str, date], done: date | None) -> Due | None:
        customer_id = self.customer.customer_id
        if isinstance(step, Greeting):
            occasion = step.occasion(self.customer.country)
            if occasion is None:
                return None
            soonest = local_date(self._morning(step, self.today), self.zone)
            day, holiday = first_morning_before(occasion, step.days_before, soonest)
            return Due(on=day, anchor=holiday, key=f"greeting:{customer_id}:{holiday}:{step.id}")
        if isinstance(step, FollowUp):
            last = max((contacts[kind] for kind in step.after if kind in contacts), default=None)
            if last is None or last + timedelta(days=step.after_days) + STALE < self.today:
                return None
            on = last + timedelta(days=step.after_days)
            return Due(on=on, anchor=last, key=f"follow_up:{customer_id}:{on}:{step.id}")
        known = [contacts[kind] for kind in step.counts if kind in contacts] + ([done] if done else [])
        last = max(known, default=None)
        if last is not None:
            on = last + timedelta(days=step.every_days)
        else:
            # No contact on record: spread over one gap, so that a new book is not due on one morning.
            on = self.customer.as_of + timedelta(days=1 + customer_id * SPREAD % step.every_days)
        return Due(on=on, anchor=last, key=f"revisit:{customer_id}:{on}:{step.id}")

    def _compare(self, step: Step, existing: Touch, due: Due | None) -> int:
        if isinstance(step, Greeting) and self._greeting_is_over(existing):
            self._add(step, due)
            return self._close(existing, TouchState.MISSED, "the holiday is past")
        if existing.state != TouchState.PLANNED:
            if due is None or isinstance(step, Greeting) or not _is_later(due.anchor, existing.anchor):
                return 0
            # A contact since then restarted the clock.
            self._add(step, due)
            return self._close(existing, TouchState.DONE, "contact logged")
        if due is None:
            return self._close(existing, TouchState.CANCELLED, "no longer due")
        return self._adjust(step, existing, due)

    def _greeting_is_over(self, existing: Touch) -> bool:
        open_for = timedelta() if existing.state == TouchState.PLANNED else GREETING_OPEN
        return existing.anchor is not None and existing.anchor + open_for < self.today

    def _adjust(self, step: Step, existing: Touch, due: Due) -> int:
        """Bring a planned touch in line."""
        wanted: dict[str, Any] = {"tier": self.customer.tier, "kind": step.kind}
        if not self._is_same_occurrence(step, existing, due):
            if touches.taken(self.session, due.key):
                return 0
            wanted |= {"dedupe_key": due.key, "due_on": due.on, "anchor": due.anchor}
        elif due.key == existing.dedupe_key and existing.due_on > self.today:
            wanted["due_on"] = due.on
        if "dedupe_key" in wanted or existing.remind_at > self.now:  # what is due now is about to be sent
            wanted["remind_at"] = self._morning(step, wanted.get("due_on", existing.due_on))
        if all(getattr(existing, name) == value for name, value in wanted.items()):
            return 0
        return touches.move(self.session, existing.id or 0, existing.version, **wanted)

    def _is_same_occurrence(self, step: Step, existing: Touch, due: Due) -> bool:
        if due.key == existing.dedupe_key:
            return True
        if isinstance(step, Greeting) and existing.anchor is not None:
            # On the day of the holiday the next one is a year away, but the touch of this one may still be waiting.
            occasion = step.occasion(self.customer.country)
            return occasion is not None and occasion.day(existing.anchor) == existing.anchor
        # No contact on record: the day stays where it was spread to, or each grading would move it on.
        within = self.customer.as_of + timedelta(days=step.every_days if isinstance(step, Revisit) else 0)
        return due.anchor is None and existing.anchor is None and existing.due_on <= within

    def _add(self, step: Step, due: Due | None) -> None:
        if due is None:
            return
        self.new.append(
            {
                "dedupe_key": due.key,
                "customer_id": self.customer.customer_id,
                "step": step.id,
                "kind": step.kind,
                "tier": self.customer.tier,
                "due_on": due.on,
                "anchor": due.anchor,
                "remind_at": self._morning(step, due.on),
                "state": TouchState.PLANNED,
                "version": 1,
                "created_at": self.now,
            }
        )

    def _morning(self, step: Step, day: date) -> datetime:
        return morning(self.rules, day, self.zone, self.now, any_day=isinstance(step, Greeting))

    def _close(self, touch: Touch, state: TouchState, reason: str) -> int:
        return touches.move(
            self.session, touch.id or 0, touch.version, state=state, reason=reason, closed_at=self.now
        )


def _is_later(day: date | None, than: date | None) -> bool:
    return day is not None and (than is None or day > than)
