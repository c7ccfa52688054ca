"""Care: which step is due when, reminding its owner, and what a press on Done or Snooze does.

Due dates are rows. Planning compares the plan with the rows and writes the difference, so it can run any number of
times; `touch.dedupe_key` holds the intended local date, so no clock or zone change makes two for one day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant
from bot.errors import N_, BadInput, Conflict, NotFound
from bot.messages import Names, NextStep, Pointer, ReminderClosed, VisitLogged, Who
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care_plan import CONTACTS, CarePlan, FollowUp, Greeting, Step, first_morning_before
from db import care, customers, facts, grading
from db.care import Standing, Touch
from db.engine import Database

SNOOZE_DAYS = 3
STALE_FOLLOW_UP = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class CareRules:
    """The plan with what an installation sets around it."""

    plan: CarePlan
    zone: ZoneInfo
    remind_at: time


@dataclass(frozen=True, kw_only=True)
class Due:
    """When a step is due, and the key that makes it one occurrence."""

    on: date
    key: str


def plan_all(database: Database, rules: CareRules, now: datetime) -> int:
    """Bring every graded customer's touches in line with the plan; how many rows changed."""
    with database.read() as session:
        runs = grading.latest_run_ids(session)
        known = _Known(session, runs, None)
    changed = 0
    for start in range(0, len(known.standings), 500):
        # Chunks keep each write short, so that a button pressed meanwhile does not wait.
        chunk = known.standings[start : start + 500]
        with database.write() as session:
            changed += sum(_plan(session, rules, standing, known, now) for standing in chunk)
    return changed


def plan_customer(session: Session, rules: CareRules, customer_id: int, now: datetime) -> None:
    """The same for one customer, inside the caller's transaction."""
    known = _Known(session, grading.latest_run_ids(session), [customer_id])
    for standing in known.standings:
        _plan(session, rules, standing, known, now)


def next_step(session: Session, rules: CareRules, customer_id: int) -> NextStep | None:
    """A customer's earliest open touch."""
    for touch in care.open_touches(session, [customer_id]):
        return NextStep(names=step_names(rules.plan, touch), due_on=touch.due_on)
    return None


def next_steps(session: Session, rules: CareRules, customer_ids: list[int]) -> dict[int, NextStep]:
    found: dict[int, NextStep] = {}
    for touch in care.open_touches(session, customer_ids):
        found.setdefault(
            touch.customer_id, NextStep(names=step_names(rules.plan, touch), due_on=touch.due_on)
        )
    return found


def finish(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime
) -> ReminderClosed:
    """Done: closes the touch and restarts its clock."""
    with database.write() as session:
        touch = _touch_for(session, actor, pointer)
        _close(session, touch, "done", actor.person_id, now)
        plan_customer(session, rules, touch.customer_id, now)
        return _closed(session, rules, actor, touch, "done", until=None)


def snooze(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime
) -> ReminderClosed:
    """Snooze: the same touch comes back in some days."""
    with database.write() as session:
        touch = _touch_for(session, actor, pointer)
        zone = ZoneInfo(actor.timezone)
        until = workday(local_date(now, zone) + timedelta(days=SNOOZE_DAYS))
        moved = care.move(
            session,
            pointer.id,
            pointer.version,
            state="snoozed",
            remind_at=local_instant(until, rules.remind_at.hour, rules.remind_at.minute, zone),
        )
        if not moved:
            raise Conflict(N_("Somebody has dealt with this reminder already."))
        return _closed(session, rules, actor, touch, "snoozed", until=until)


def log_contact(
    database: Database,
    actor: Actor,
    *,
    customer_id: int,
    kind: str,
    happened_on: date,
    note: str | None,
    delivery: str,
    rules: CareRules,
    now: datetime,
) -> VisitLogged:
    """Write a contact down; the revisit clock restarts from its day. `delivery` makes a second submission harmless."""
    if kind not in CONTACTS:
        raise BadInput(N_("%(kind)s is not a kind of contact."), kind=kind)
    if happened_on > local_date(now, ZoneInfo(actor.timezone)):
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day."))
    with database.write() as session:
        customer = customers.get(session, customer_id)
        if customer is None or not access.can(actor, Act.LOG_CONTACT, access.scope_of(session, customer_id)):
            raise NotFound(N_("There is no such customer in your book."))
        if not facts.activity_known(session, "slack", delivery):
            session.add(
                facts.Activity(
                    customer_id=customer_id,
                    source="slack",
                    external_id=delivery,
                    kind=kind,
                    happened_on=happened_on,
                    person_id=actor.person_id,
                    note=note,
                    recorded_at=now,
                )
            )
            session.flush()
            plan_customer(session, rules, customer_id, now)
        return VisitLogged(
            name=customer.name,
            kind=kind,
            happened_on=happened_on,
            next_step=next_step(session, rules, customer_id),
        )


def step_names(plan: CarePlan, touch: Touch) -> Names:
    """A touch's step by name; a step the plan no longer has, by its id."""
    step = plan.step(touch.tier, touch.step)
    return names(step.name.en, step.name.zh) if step else names(touch.step, touch.step)


def names(en: str, zh: str) -> Names:
    return Names(en=en, zh=zh)


def workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


class _Known:
    """What planning reads once for many customers."""

    def __init__(self, session: Session, runs: list[int], customer_ids: list[int] | None) -> None:
        self.standings = care.standings(session, runs, customer_ids)
        self.contacts = care.last_contacts(session, customer_ids)
        self.done = care.last_done(session, customer_ids)
        self.touches: dict[int, list[Touch]] = {}
        for touch in care.open_touches(session, customer_ids):
            self.touches.setdefault(touch.customer_id, []).append(touch)


def _plan(session: Session, rules: CareRules, standing: Standing, known: _Known, now: datetime) -> int:
    """Write what the plan and the rows of one customer differ in."""
    zone = ZoneInfo(standing.timezone) if standing.timezone else rules.zone
    today = local_date(now, zone)
    contacts = known.contacts.get(standing.customer_id, {})
    touches = known.touches.get(standing.customer_id, [])
    steps = {step.id: step for step in rules.plan.steps(standing.tier)}
    changed = 0
    for touch in touches:
        if touch.step not in steps:
            changed += care.move(
                session,
                touch.id or 0,
                touch.version,
                state="cancelled",
                reason="the tier's plan has no such step",
                closed_at=now,
            )
    for step in steps.values():
        done = known.done.get((standing.customer_id, step.id))
        due = _due(step, standing, contacts, local_date(done, zone) if done else None, today)
        if due is None:
            continue
        existing = next((touch for touch in touches if touch.step == step.id), None)
        if existing is None:
            changed += _add(session, rules, standing, step, due, zone, now)
        elif existing.state == "planned" and (
            due.key != existing.dedupe_key or existing.tier != standing.tier
        ):
            if due.key != existing.dedupe_key and care.exists(session, [due.key]):
                continue
            changed += care.move(
                session,
                existing.id or 0,
                existing.version,
                dedupe_key=due.key,
                tier=standing.tier,
                due_on=due.on,
                remind_at=_morning(rules, step, due.on, zone, now),
            )
        elif (
            existing.state in ("reminded", "snoozed")
            and due.on > existing.due_on
            and due.key != existing.dedupe_key
        ):
            # A contact since then restarted the clock.
            changed += care.move(
                session,
                existing.id or 0,
                existing.version,
                state="done",
                reason="contact logged",
                closed_at=now,
            )
            changed += _add(session, rules, standing, step, due, zone, now)
    return changed


def _due(
    step: Step, standing: Standing, contacts: dict[str, date], done: date | None, today: date
) -> Due | None:
    customer = standing.customer_id
    if isinstance(step, Greeting):
        occasion = step.occasion(standing.country)
        if occasion is None:
            return None
        day, holiday = first_morning_before(occasion, step.days_before, today)
        return Due(on=day, key=f"greeting:{customer}:{holiday}:{step.id}")
    if isinstance(step, FollowUp):
        last = max((contacts[kind] for kind in step.after if kind in contacts), default=None)
        if last is None or last + STALE_FOLLOW_UP < today:
            return None
        on = last + timedelta(days=step.after_days)
        return Due(on=on, key=f"follow_up:{customer}:{on}:{step.id}")
    known = [contacts[kind] for kind in step.counts if kind in contacts] + ([done] if done else [])
    if known:
        on = max(known) + timedelta(days=step.every_days)
    else:
        # Nobody on record: spread over one gap, so that a new book does not fall due on one morning.
        on = standing.as_of + timedelta(days=1 + customer * 7919 % step.every_days)
    return Due(on=on, key=f"revisit:{customer}:{on}:{step.id}")


def _add(
    session: Session,
    rules: CareRules,
    standing: Standing,
    step: Step,
    due: Due,
    zone: ZoneInfo,
    now: datetime,
) -> int:
    if care.exists(session, [due.key]):
        return 0
    session.add(
        Touch(
            dedupe_key=due.key,
            customer_id=standing.customer_id,
            step=step.id,
            kind=step.kind,
            tier=standing.tier,
            due_on=due.on,
            remind_at=_morning(rules, step, due.on, zone, now),
            state="planned",
            created_at=now,
        )
    )
    return 1


def _morning(rules: CareRules, step: Step, due: date, zone: ZoneInfo, now: datetime) -> datetime:
    """The owner's next morning from the due day on; revisits and follow-ups wait for a working day."""
    day = max(due, local_date(now, zone))
    while True:
        if not isinstance(step, Greeting):
            day = workday(day)
        at = local_instant(day, rules.remind_at.hour, rules.remind_at.minute, zone)
        if at > now or day < due:
            return at
        day += timedelta(days=1)


def _touch_for(session: Session, actor: Actor, pointer: Pointer) -> Touch:
    """The touch a button points at, if the actor may close it and nobody has."""
    touch = care.get(session, pointer.id)
    if touch is None or not access.can(actor, Act.CLOSE_TOUCH, access.scope_of(session, touch.customer_id)):
        raise NotFound(N_("This reminder is no longer there, or no longer yours."))
    if touch.version != pointer.version or touch.state not in care.OPEN:
        raise Conflict(N_("Somebody has dealt with this reminder already."))
    return touch


def _close(session: Session, touch: Touch, state: str, person_id: int, now: datetime) -> None:
    if not care.move(session, touch.id or 0, touch.version, state=state, closed_at=now, closed_by=person_id):
        raise Conflict(N_("Somebody has dealt with this reminder already."))


def _closed(
    session: Session, rules: CareRules, actor: Actor, touch: Touch, outcome: str, until: date | None
) -> ReminderClosed:
    customer = customers.get(session, touch.customer_id)
    again = next((t for t in care.open_touches(session, [touch.customer_id]) if t.step == touch.step), None)
    return ReminderClosed(
        name=customer.name if customer else "",
        step=step_names(rules.plan, touch),
        by=Who(name=actor.name, slack_user_id=actor.slack_user_id),
        outcome=outcome,
        until=until,
        next_due=again.due_on if again else None,
    )


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the local day of `now` began."""
    return local_instant(local_date(now, zone), 0, 0, zone).astimezone(UTC)


def settled(database: Database, actor: Actor, pointer: Pointer, rules: CareRules) -> ReminderClosed | None:
    """What a reminder becomes when a logged contact closed it; None while it is still open."""
    with database.read() as session:
        touch = care.get(session, pointer.id)
        if touch is None or not access.can(actor, Act.SEE, access.scope_of(session, touch.customer_id)):
            return None
        if touch.state in care.OPEN:
            return None
        return _closed(session, rules, actor, touch, "contact", until=None)
