"""Planning care: which step is due when, as rows.

Planning compares the plan with the rows and writes the difference, so it can run any number of times;
`touch.dedupe_key` holds the intended local date, so no clock or zone change makes two for one day.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.services.care.plan import CarePlan, FollowUp, Greeting, Revisit, Step, first_morning_before
from db.care import touches as care
from db.care.touches import PlannedCustomer, Touch
from db.engine import Database
from db.graded import runs

CHUNK = 500  # customers to a transaction: short enough that a button pressed meanwhile does not wait
STALE = timedelta(days=21)  # a follow-up that is later than this when it is first heard of is not begun
GREETING_OPEN = timedelta(days=7)  # after the holiday: time to press Done


@dataclass(frozen=True, kw_only=True)
class CareRules:
    """The plan with what an installation sets around it."""

    plan: CarePlan
    zone: ZoneInfo
    remind_at: time


@dataclass(frozen=True, kw_only=True)
class Due:
    """When a step is due, what that is counted from, and the key that makes it one occurrence."""

    on: date
    anchor: date | None
    key: str


def plan_all(database: Database, rules: CareRules, now: datetime) -> int:
    """Bring every graded customer's touches in line with the plan; how many rows changed."""
    with database.read() as session:
        customers = care.graded_customers(session, runs.latest_run_ids(session))
    with database.write() as session:
        changed = care.cancel_archived(session, now)
    for start in range(0, len(customers), CHUNK):
        chunk = customers[start : start + CHUNK]
        changed += database.retry(partial(_plan_chunk, database, rules, chunk, now))
    return changed


def _plan_chunk(database: Database, rules: CareRules, customer_ids: list[int], now: datetime) -> int:
    with database.write() as session:
        return plan_customers(session, rules, customer_ids, now)


def plan_customers(session: Session, rules: CareRules, customer_ids: list[int], now: datetime) -> int:
    """The same for some customers, inside the caller's transaction: what is read cannot change meanwhile."""
    care.lock(session, customer_ids)
    contacts = care.last_contacts(session, customer_ids)
    done = care.last_done(session, customer_ids)
    touches: dict[int, dict[str, Touch]] = {}
    for touch in care.open_touches(session, customer_ids):
        touches.setdefault(touch.customer_id, {})[touch.step] = touch
    changed, new = 0, list[dict[str, Any]]()
    for graded in care.planned_customers(session, runs.latest_run_ids(session), customer_ids):
        planner = _Planner(session, rules, graded, now)
        changed += planner.plan(
            touches.get(graded.customer_id, {}), contacts.get(graded.customer_id, {}), done
        )
        new += planner.new
    return changed + care.add(session, new)


def morning(rules: CareRules, kind: str, day: date, zone: ZoneInfo, now: datetime) -> datetime:
    """The first morning from a day on that is yet to come; all but greetings wait for a working day."""
    day = max(day, local_date(now, zone))
    while True:
        day = day if kind == "greeting" else workday(day)
        at = local_instant(day, rules.remind_at.hour, rules.remind_at.minute, zone)
        if at > now:
            return at
        day += timedelta(days=1)


def workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


class _Planner:
    """One customer's plan, compared with its rows; `new` collects the rows it lacks."""

    def __init__(self, session: Session, rules: CareRules, graded: PlannedCustomer, now: datetime) -> None:
        self.session = session
        self.rules = rules
        self.graded = graded
        self.now = now
        self.zone = zone_named(graded.timezone, rules.zone)
        self.today = local_date(now, self.zone)
        self.new: list[dict[str, Any]] = []

    def plan(
        self,
        touches: dict[str, Touch],
        contacts: dict[str, date],
        done: dict[tuple[int, str], datetime],
    ) -> int:
        steps = {step.id: step for step in self.rules.plan.steps(self.graded.tier)}
        changed = sum(
            self._close(touch, "cancelled", "not a step of this tier")
            for touch in touches.values()
            if touch.step not in steps
        )
        for step in steps.values():
            pressed = done.get((self.graded.customer_id, step.id))
            due = self._due(step, contacts, local_date(pressed, self.zone) if pressed else None)
            existing = touches.get(step.id)
            if existing is None:
                self._add(step, due)
            else:
                changed += self._compare(step, existing, due)
        return changed

    def _due(self, step: Step, contacts: dict[str, date], done: date | None) -> Due | None:
        customer = self.graded.customer_id
        if isinstance(step, Greeting):
            occasion = step.occasion(self.graded.country)
            if occasion is None:
                return None
            soonest = local_date(morning(self.rules, step.kind, self.today, self.zone, self.now), self.zone)
            day, holiday = first_morning_before(occasion, step.days_before, soonest)
            return Due(on=day, anchor=holiday, key=f"greeting:{customer}:{holiday}:{step.id}")
        if isinstance(step, FollowUp):
            last = max((contacts[kind] for kind in step.after if kind in contacts), default=None)
            if last is None or last + timedelta(days=step.after_days) + STALE < self.today:
                return None
            on = last + timedelta(days=step.after_days)
            return Due(on=on, anchor=last, key=f"follow_up:{customer}:{on}:{step.id}")
        known = [contacts[kind] for kind in step.counts if kind in contacts] + ([done] if done else [])
        last = max(known, default=None)
        if last is not None:
            on = last + timedelta(days=step.every_days)
        else:
            # Nobody on record: spread over one gap, so that a new book does not fall due on one morning.
            on = self.graded.as_of + timedelta(days=1 + customer * 7919 % step.every_days)
        return Due(on=on, anchor=last, key=f"revisit:{customer}:{on}:{step.id}")

    def _compare(self, step: Step, existing: Touch, due: Due | None) -> int:
        if isinstance(step, Greeting) and self._greeting_is_over(existing):
            self._add(step, due)
            return self._close(existing, "missed", "the holiday is past")
        if existing.state != "planned":
            if due is None or isinstance(step, Greeting) or not _later(due.anchor, existing.anchor):
                return 0
            # A contact since then restarted the clock.
            self._add(step, due)
            return self._close(existing, "done", "contact logged")
        if due is None:
            return self._close(existing, "cancelled", "no longer due")
        return self._adjust(step, existing, due)

    def _greeting_is_over(self, existing: Touch) -> bool:
        open_for = timedelta() if existing.state == "planned" else GREETING_OPEN
        return existing.anchor is not None and existing.anchor + open_for < self.today

    def _adjust(self, step: Step, existing: Touch, due: Due) -> int:
        """Bring a touch nobody was reminded of in line."""
        wanted: dict[str, Any] = {"tier": self.graded.tier, "kind": step.kind}
        if not self._stands(step, existing, due):
            if care.taken(self.session, due.key):
                return 0
            wanted |= {"dedupe_key": due.key, "due_on": due.on, "anchor": due.anchor}
        elif due.key == existing.dedupe_key and existing.due_on > self.today:
            wanted["due_on"] = due.on
        if "dedupe_key" in wanted or existing.remind_at > self.now:  # what is due now is about to be said
            day = wanted.get("due_on", existing.due_on)
            wanted["remind_at"] = morning(self.rules, step.kind, day, self.zone, self.now)
        if all(getattr(existing, name) == value for name, value in wanted.items()):
            return 0
        return care.move(self.session, existing.id or 0, existing.version, **wanted)

    def _stands(self, step: Step, existing: Touch, due: Due) -> bool:
        """Whether a planned touch is still the right occurrence."""
        if due.key == existing.dedupe_key:
            return True
        if isinstance(step, Greeting) and existing.anchor is not None:
            # On the day of the holiday the next one is a year away, but this one may still be waiting its turn.
            occasion = step.occasion(self.graded.country)
            return occasion is not None and occasion.day(existing.anchor) == existing.anchor
        # Nobody on record: the day stays as it was spread, or each grading would push it on.
        within = self.graded.as_of + timedelta(days=step.every_days if isinstance(step, Revisit) else 0)
        return due.anchor is None and existing.anchor is None and existing.due_on <= within

    def _add(self, step: Step, due: Due | None) -> None:
        if due is None:
            return
        self.new.append(
            {
                "dedupe_key": due.key,
                "customer_id": self.graded.customer_id,
                "step": step.id,
                "kind": step.kind,
                "tier": self.graded.tier,
                "due_on": due.on,
                "anchor": due.anchor,
                "remind_at": morning(self.rules, step.kind, due.on, self.zone, self.now),
                "state": "planned",
                "version": 1,
                "created_at": self.now,
            }
        )

    def _close(self, touch: Touch, state: str, reason: str) -> int:
        return care.move(
            self.session, touch.id or 0, touch.version, state=state, reason=reason, closed_at=self.now
        )


def _later(day: date | None, than: date | None) -> bool:
    return day is not None and (than is None or day > than)
