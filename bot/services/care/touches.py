"""Care as people see it: the next step, and what a press on Done or Snooze or a logged contact does."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.errors import N_, BadInput, Conflict, NotFound
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.plan import CONTACTS, CarePlan, Hint, StepName
from bot.services.care.schedule import CareRules, plan_customers, workday
from bot.services.delivery import inbound
from bot.services.delivery.inbound import InboundKey
from bot.wording.messages import Pointer, ReminderClosed, VisitLogged
from bot.wording.parts import Names, NextStep, Who
from db.book import customers, facts
from db.care import touches
from db.care.touches import Touch
from db.engine import Database

SNOOZE_DAYS = 3


def next_step(session: Session, rules: CareRules, customer_id: int, today: date) -> NextStep | None:
    """A customer's earliest open touch."""
    found = touches.first_step(session, customer_id)
    return None if found is None else _next(rules, found, today)


def next_steps(
    session: Session, rules: CareRules, customer_ids: list[int], today: date
) -> dict[int, NextStep]:
    """Customer -> its earliest open touch."""
    found: dict[int, NextStep] = {}
    for customer, tier, step, due_on in touches.open_steps(session, customer_ids):
        if customer not in found:
            found[customer] = _next(rules, (tier, step, due_on), today)
    return found


def _next(rules: CareRules, found: tuple[str, str, date], today: date) -> NextStep:
    tier, step, due_on = found
    return NextStep(names=_step_names(rules.plan, tier, step), due_on=due_on, overdue=due_on < today)


def finish(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime, delivery: InboundKey
) -> ReminderClosed:
    """Done: closes the touch and restarts its clock. Raises Repeated."""
    with database.write() as session:
        inbound.take(session, delivery, now)
        touch = _touch_for(session, actor, pointer)
        _close(session, touch, "done", actor.person_id, now)
        plan_customers(session, rules, [touch.customer_id], now)
        return _closed(session, rules, actor, touch, "done", until=None)


def snooze(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime, delivery: InboundKey
) -> ReminderClosed:
    """Snooze: the same touch comes back in some days, in its owner's morning; a greeting not after the holiday.

    Raises Repeated.
    """
    with database.write() as session:
        inbound.take(session, delivery, now)
        touch = _touch_for(session, actor, pointer)
        owner = customers.owner(session, touch.customer_id)
        zone = zone_named(owner.timezone if owner else None, rules.zone)
        today = local_date(now, zone)
        until = workday(today + timedelta(days=SNOOZE_DAYS))
        if touch.kind == "greeting" and touch.anchor is not None and touch.anchor > today:
            until = min(until, touch.anchor)
        moved = touches.move(
            session,
            pointer.id,
            pointer.version,
            state="snoozed",
            remind_at=local_instant(until, rules.remind_at.hour, rules.remind_at.minute, zone),
        )
        if not moved:
            raise Conflict(N_("Somebody has dealt with this reminder already."))
        return _closed(session, rules, actor, touch, "snoozed", until=until)


def check_contact(actor: Actor, kind: str, happened_on: date, now: datetime) -> None:
    """Raise BadInput for a contact that cannot be written down. Reads nothing, so that it can be said at once."""
    if kind not in CONTACTS:
        raise BadInput(N_("%(kind)s is not a kind of contact."), kind=kind)
    if happened_on > local_date(now, ZoneInfo(actor.timezone)):
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day."))


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
    check_contact(actor, kind, happened_on, now)
    today = local_date(now, ZoneInfo(actor.timezone))
    with database.write() as session:
        customer = customers.get(session, customer_id)
        if customer is None or not access.can(actor, Act.LOG_CONTACT, access.scope_of(session, customer_id)):
            raise NotFound(N_("There is no such customer in your book."))
        touches.lock(
            session, [customer_id]
        )  # so that of two deliveries of one form the second sees the first
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
            plan_customers(session, rules, [customer_id], now)
        return VisitLogged(
            name=customer.name,
            kind=kind,
            happened_on=happened_on,
            next_step=next_step(session, rules, customer_id, today),
        )


def step_names(plan: CarePlan, touch: Touch) -> Names:
    """A touch's step by name; a step the plan no longer has, by its id."""
    return _step_names(plan, touch.tier, touch.step)


def _step_names(plan: CarePlan, tier: str, step_id: str) -> Names:
    step = plan.step(tier, step_id)
    return names(step.name) if step else Names(en=step_id, zh=step_id)


def names(name: StepName | Hint) -> Names:
    return Names(en=name.en, zh=name.zh)


def _touch_for(session: Session, actor: Actor, pointer: Pointer) -> Touch:
    """The touch a button points at, if the actor may close it and nobody has."""
    touch = touches.get(session, pointer.id)
    if touch is None or not access.can(actor, Act.CLOSE_TOUCH, access.scope_of(session, touch.customer_id)):
        raise NotFound(N_("This reminder is no longer there, or no longer yours."))
    touches.lock(session, [touch.customer_id])
    if touch.version != pointer.version or touch.state not in touches.OPEN:
        raise Conflict(N_("Somebody has dealt with this reminder already."))
    return touch


def _close(session: Session, touch: Touch, state: str, person_id: int, now: datetime) -> None:
    if not touches.move(
        session, touch.id or 0, touch.version, state=state, closed_at=now, closed_by=person_id
    ):
        raise Conflict(N_("Somebody has dealt with this reminder already."))


def _closed(
    session: Session, rules: CareRules, actor: Actor, touch: Touch, outcome: str, until: date | None
) -> ReminderClosed:
    customer = customers.get(session, touch.customer_id)
    again = next(
        (t for t in touches.open_touches(session, [touch.customer_id]) if t.step == touch.step), None
    )
    return ReminderClosed(
        name=customer.name if customer else "",
        step=step_names(rules.plan, touch),
        by=Who(name=actor.name, slack_user_id=actor.slack_user_id),
        outcome=outcome,
        until=until,
        next_due=again.due_on if again else None,
    )


def settled(database: Database, actor: Actor, pointer: Pointer, rules: CareRules) -> ReminderClosed | None:
    """What a reminder becomes when a logged contact closed it; None while it is still open."""
    with database.read() as session:
        touch = touches.get(session, pointer.id)
        if touch is None or not access.can(actor, Act.SEE, access.scope_of(session, touch.customer_id)):
            return None
        if touch.state != "done":
            return None
        return _closed(session, rules, actor, touch, "contact", until=None)
