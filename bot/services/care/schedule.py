"""Planning care: which step is due when, as rows.

Planning compares the plan with the rows and writes the difference, so it can run any number of times. A touch's
`dedupe_key` holds the intended local date, so a change of clock or time zone makes no second touch for one day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.services.care.holiday import Holiday
from bot.services.care.plan import CareOf, CarePlans, FollowUp, Greeting, Revisit, Step
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
    """The care plans in force, and the settings they run under."""

    plans: CarePlans
    zone: ZoneInfo
    remind_at: time

    def morning(self, day: date, zone: ZoneInfo) -> datetime:
        """When people of a time zone are reminded on a day."""
        return local_instant(day, self.remind_at.hour, self.remind_at.minute, zone)


@dataclass(frozen=True, kw_only=True)
class Due:
    """When a step is due, the day that is counted from, and the key that makes it one occurrence."""

    on: date
    latest: date
    anchor: date | None
    key: str
    occasion: str = ""


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
    present: dict[int, dict[tuple[str, str], Touch]] = {}
    for touch in touches.open_touches(session, customer_ids):
        present.setdefault(touch.customer_id, {})[touch.step, touch.occasion] = touch
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
        present: dict[tuple[str, str], Touch],
        contacts: dict[str, date],
        done: dict[tuple[int, str], datetime],
    ) -> int:
        """Compare the steps of the customer's tier with its open touches; how many of these changed."""
        customer_id = self.customer.customer_id
        owed: dict[tuple[str, str], tuple[Step, Due | None]] = {}
        for step in self._steps():
            pressed = done.get((customer_id, step.id))
            last_done = local_date(pressed, self.zone) if pressed else None
            for one in self._dues(step, contacts, last_done):
                owed[step.id, one.occasion] = (step, one)
            if not isinstance(step, Greeting):
                owed.setdefault((step.id, ""), (step, None))
        changed = sum(
            self._close(touch, TouchState.CANCELLED, "not a step of this tier")
            for key, touch in present.items()
            if key not in owed
        )
        for key, (step, due) in owed.items():
            existing = present.get(key)
            if existing is None:
                self._add(step, due)
            else:
                changed += self._compare(step, existing, due)
        return changed

    def _steps(self) -> Sequence[Step]:
        plan = self.rules.plans.of_scheme(self.customer.scheme)
        if plan is None:
            return ()
        return plan.steps(CareOf(tier=self.customer.tier, scheme=self.customer.scheme, traits={}))

    def _dues(self, step: Step, contacts: dict[str, date], done: date | None) -> list[Due]:
        """The next occurrence of a step; of a greeting one for each occasion."""
        customer_id = self.customer.customer_id
        if isinstance(step, Greeting):
            return [self._greeting_due(step, occasion) for occasion in self._occasions(step)]
        if isinstance(step, FollowUp):
            last = max((contacts[kind] for kind in step.after if kind in contacts), default=None)
            if last is None or last + timedelta(days=step.after_days) + STALE < self.today:
                return []
            on = last + timedelta(days=step.after_days)
            latest = on + timedelta(days=step.within_days)
            return [Due(on=on, latest=latest, anchor=last, key=f"follow_up:{customer_id}:{on}:{step.id}")]
        if not isinstance(step, Revisit):
            return []
        known = [contacts[kind] for kind in step.counts if kind in contacts] + ([done] if done else [])
        last = max(known, default=None)
        if last is not None:
            on = last + timedelta(days=step.every_days)
        else:
            # No contact on record: spread over one gap, so that a new book is not due on one morning.
            on = self.customer.as_of + timedelta(days=1 + customer_id * SPREAD % step.every_days)
        latest = on + timedelta(days=step.at_most_days - step.every_days)
        return [Due(on=on, latest=latest, anchor=last, key=f"revisit:{customer_id}:{on}:{step.id}")]

    def _occasions(self, step: Greeting) -> list[Holiday]:
        return [
            one for one in step.occasions if isinstance(one, Holiday) and one.suits(self.customer.country)
        ]

    def _greeting_due(self, step: Greeting, occasion: Holiday) -> Due:
        soonest = local_date(self._morning(step, self.today), self.zone)
        holiday = occasion.day(soonest)
        return Due(
            on=max(soonest, holiday - timedelta(days=step.days_before)),
            latest=holiday,
            anchor=holiday,
            key=f"greeting:{self.customer.customer_id}:{holiday}:{step.id}",
            occasion=occasion.id,
        )

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
        wanted: dict[str, Any] = {"tier": self.customer.tier, "kind": step.kind, "who": step.who}
        if not self._is_same_occurrence(step, existing, due):
            if touches.taken(self.session, due.key):
                return 0
            wanted |= {"dedupe_key": due.key, "due_on": due.on, "anchor": due.anchor, "latest_on": due.latest}
        elif due.key == existing.dedupe_key and existing.due_on > self.today:
            wanted |= {"due_on": due.on, "latest_on": due.latest}
        if "dedupe_key" in wanted or existing.remind_at > self.now:  # what is due now is about to be sent
            wanted["remind_at"] = self._morning(step, wanted.get("due_on", existing.due_on))
        if all(getattr(existing, name) == value for name, value in wanted.items()):
            return 0
        return self._move(existing, wanted)

    def _is_same_occurrence(self, step: Step, existing: Touch, due: Due) -> bool:
        if due.key == existing.dedupe_key:
            return True
        if isinstance(step, Greeting) and existing.anchor is not None:
            # On the day of the holiday the next one is a year away, but the touch of this one may still be waiting.
            same = (one for one in self._occasions(step) if one.id == existing.occasion)
            return any(one.day(existing.anchor) == existing.anchor for one in same)
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
                "plan": plan.plan if (plan := self.rules.plans.of_scheme(self.customer.scheme)) else None,
                "step": step.id,
                "occasion": due.occasion,
                "kind": step.kind,
                "who": step.who,
                "tier": self.customer.tier,
                "due_on": due.on,
                "latest_on": due.latest,
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
        return self._move(touch, {"state": state, "reason": reason, "closed_at": self.now})

    def _move(self, touch: Touch, values: dict[str, Any]) -> int:
        return touches.move(self.session, touch.id or 0, touch.version, **values)


def _is_later(day: date | None, than: date | None) -> bool:
    return day is not None and (than is None or day > than)
