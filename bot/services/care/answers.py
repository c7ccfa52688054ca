"""What people do with a due step: done, postponed, skipped, or given to somebody else; within minutes taken back.

Each answer changes the touch that a button points at, unless somebody changed it since; it plans the customer's steps
anew in the same transaction, and returns what to show in the place of the button.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.errors import N_, BadInput, Conflict, Hidden, NotAllowed
from bot.services import access
from bot.services.access import Act, Actor, OpenStep
from bot.services.care.plan import Step
from bot.services.care.schedule import CareRules, morning, plan_customers, workday
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.messages import ReminderClosed
from bot.wording.parts import Who
from db.audit import AuditAction, Door, ObjectKind
from db.book import customers, facts, people
from db.book.customers import CustomerRow
from db.book.people import PersonRow
from db.care import acts, touches
from db.care.acts import CareAct, TouchBefore
from db.care.touches import StepKind, Touch, TouchState
from db.engine import Database
from db.processes import InboundKey, take_request

SNOOZE_DAYS = 3  # of the button that names none
MOST_SNOOZE_DAYS = 60
SHORTEST_REASON, LONGEST_REASON = 3, 500
UNDO = timedelta(minutes=10)
GONE = N_("This reminder is no longer there, or no longer yours.")
TAKEN_BACK = "what came before it was taken back"
DEALT_WITH = N_("Somebody has dealt with this reminder already.")
Settle = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What an answer has made of a step, and every touch that it changed."""

    closed: ReminderClosed
    customer_id: int
    touch_ids: tuple[int, ...]


def finish(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime, request: InboundKey
) -> Answered:
    """Done: record a contact of the kind that was chosen, today, close the touch, and restart the clocks from it.

    Raises Repeated, and BadInput for a kind that does not fulfil the step.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = _open_touch(session, actor, pointer)
        kind = _contact(rules.plans.step(touch.plan, touch.tier, touch.step), touch, pointer.choice)
        activity = facts.Activity(
            customer_id=customer.id,
            source="slack" if actor.door is Door.SLACK else "tierbot",
            external_id=f"touch:{touch.id}:{touch.version}",
            kind=kind,
            happened_on=actor.today(now),
            person_id=actor.person_id or None,
            recorded_at=now,
        )
        session.add(activity)
        session.flush()
        done = {"state": TouchState.DONE, "reason": None, "activity_id": activity.id}
        changed = _close(session, rules, actor, CareAct.DONE, touch, done, now)
        what = {"step": touch.step, "due_on": touch.due_on, "kind": kind, "activity": activity.id}
        _record(session, actor, AuditAction.STEP_DONE, touch, after=what)
        closed = replace(
            outcome_of(session, rules, customer, touch, "done"), by=_who(actor), kind=kind, may_undo=True
        )
        return Answered(closed=closed, customer_id=customer.id, touch_ids=changed)


def skip(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    reason: str,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> Answered:
    """Skip this occurrence with a reason: the next one comes as if it had been done today. Raises Repeated, BadInput."""
    reason = checked_reason(reason)
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = _open_touch(session, actor, pointer)
        skipped = {"state": TouchState.SKIPPED, "reason": reason}
        changed = _close(session, rules, actor, CareAct.SKIPPED, touch, skipped, now)
        what = {"step": touch.step, "due_on": touch.due_on}
        _record(session, actor, AuditAction.STEP_SKIPPED, touch, after=what)
        closed = replace(
            outcome_of(session, rules, customer, touch, "skipped"), by=_who(actor), reason=reason, may_undo=True
        )
        before_commit()
        return Answered(closed=closed, customer_id=customer.id, touch_ids=changed)


def checked_reason(reason: str) -> str:
    """A reason to skip, without spaces around it. Raises BadInput."""
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise BadInput(
            N_("Write why, in %(least)s to %(most)s characters."), least=SHORTEST_REASON, most=LONGEST_REASON
        )
    return reason


def snooze(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    until: date | int,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> Answered:
    """Snooze for some days, or until a day: it is shown again in the working morning of the person who does it.

    A greeting comes no later than on the day of its occasion. Raises Repeated, BadInput for a day that cannot be.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = _open_touch(session, actor, pointer)
        zone = _zone_of_doer(session, rules, customer, touch)
        until = _snoozed_until(touch, until, local_date(now, zone))
        snoozed = {"state": TouchState.SNOOZED, "remind_at": rules.morning(until, zone)}
        changed = _change(session, actor, CareAct.SNOOZED, touch, snoozed, now)
        _record(session, actor, AuditAction.STEP_SNOOZED, touch, after={"step": touch.step, "until": until})
        limit = touch.latest_on if touch.latest_on and until > touch.latest_on else None
        closed = outcome_of(session, rules, customer, touch, "snoozed")
        closed = replace(closed, by=_who(actor), until=until, past_limit=limit, may_undo=True)
        before_commit()
        return Answered(closed=closed, customer_id=customer.id, touch_ids=changed)


def reassign(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    to: str,
    rules: CareRules,
    settings: Settings,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> Answered:
    """Give a step to another person, by their Slack user or e-mail address: they are asked in their next working morning.

    Raises Repeated, and BadInput for somebody who is not here or may not see the customer.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = _open_touch(session, actor, pointer)
        person = _assignee(session, customer, to, settings, now)
        if (touch.assignee_id or customer.owner_id) == person.id:
            raise BadInput(N_("%(name)s does this already. Choose somebody else."), name=person.name)
        given: dict[str, object] = {"assignee_id": None if person.id == customer.owner_id else person.id}
        if touch.state != TouchState.PLANNED:  # what is planned for later is shown when it is due
            zone = zone_named(person.timezone, rules.zone)
            any_day = touch.kind == StepKind.GREETING
            at = morning(rules, local_date(now, zone), zone, now, any_day=any_day)
            given |= {"state": TouchState.REMINDED, "remind_at": at}
        changed = _change(session, actor, CareAct.REASSIGNED, touch, given, now)
        _record(
            session,
            actor,
            AuditAction.STEP_REASSIGNED,
            touch,
            before={"assignee": touch.assignee_id},
            after={"step": touch.step, "assignee": person.id},
        )
        closed = replace(
            outcome_of(session, rules, customer, touch, "reassigned"),
            by=_who(actor),
            to=Who(name=person.name, slack_user_id=person.slack_user_id),
            may_undo=True,
        )
        before_commit()
        return Answered(closed=closed, customer_id=customer.id, touch_ids=changed)


def undo(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime, request: InboundKey
) -> Answered:
    """Take back what the actor did to a step within the last minutes: the contact is deleted, the step open as before.

    Raises Repeated, Conflict when it is too late or somebody has acted since, NotAllowed for what somebody else did.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = seen(session, actor, pointer)
        touches.lock(session, [customer.id])
        act = acts.newest(session, pointer.id)
        if act is None or not touch.version == act.version == pointer.version:
            raise Conflict(DEALT_WITH)
        first, *others = acts.changed(act)
        if act.person_id != (actor.person_id or None):
            raise NotAllowed(N_("Only the person who did this can take it back."))
        if not access.can(actor, Act.CLOSE_TOUCH, _as_open(customer, touch.who, first.assignee_id)):
            raise Hidden(GONE)
        if now - act.at > UNDO:
            raise Conflict(N_("This could be taken back for ten minutes, and they are over. It stays as it is."))
        if act.activity_id is not None and (contact := session.get(facts.Activity, act.activity_id)):
            session.delete(contact)
        for one in (first, *others):
            acts.cancel_next(session, session.get_one(Touch, one.id), TAKEN_BACK, now)
        _move(session, touch, **first.values)
        reopened = [one.id for one in others if touches.move(session, one.id, one.version, **one.values)]
        acts.drop(session, act)
        session.expire_all()
        plan_customers(session, rules, [customer.id], now)
        what = {"step": touch.step, "act": act.act, "activity": act.activity_id}
        _record(session, actor, AuditAction.STEP_UNDONE, touch, before=what)
        closed = replace(outcome_of(session, rules, customer, touch, "undone"), by=_who(actor))
        return Answered(closed=closed, customer_id=customer.id, touch_ids=(touch.id or 0, *reopened))


def seen(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, Touch]:
    """The touch that a button points at with its customer, if the actor may see it. Raises Hidden."""
    touch = touches.get(session, pointer.id)
    if touch is None:
        raise Hidden(GONE)
    meant = replace(pointer, id=touch.customer_id)
    return access.customer_for(session, actor, Act.SEE, meant, GONE), touch


def outcome_of(
    session: Session, rules: CareRules, customer: CustomerRow, touch: Touch, outcome: str
) -> ReminderClosed:
    """What a step has become; the caller adds by whom and until when."""
    same = (touch.step, touch.occasion)
    following = (one for one in touches.open_touches(session, [customer.id]) if one.id != touch.id)
    return ReminderClosed(
        touch_id=touch.id or 0,
        version=touch.version,
        name=customer.name,
        code=customer.code,
        step=rules.plans.step_name(touch.plan, touch.tier, touch.step),
        outcome=outcome,
        next_due=next((one.due_on for one in following if (one.step, one.occasion) == same), None),
    )


def _open_touch(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, Touch]:
    """The touch that a button points at with its customer, if the actor may close it and nobody has."""
    customer, touch = seen(session, actor, pointer)
    touches.lock(session, [customer.id])
    is_open = touch.state in touches.OPEN
    thing = _as_open(customer, touch.who, touch.assignee_id) if is_open else customer
    if not access.can(actor, Act.CLOSE_TOUCH, thing):
        raise Hidden(GONE)
    if touch.version != pointer.version or not is_open:
        raise Conflict(DEALT_WITH)
    return customer, touch


def _as_open(customer: CustomerRow, who: str, assignee_id: int | None) -> OpenStep:
    return OpenStep(customer.owner_id, customer.owner_team_id, assignee_id, who)


def _contact(step: Step | None, touch: Touch, chosen: str | None) -> str:
    """The kind of contact that Done records: the chosen one; in a button without a choice what the step asks for."""
    kinds = step.fulfilled_by if step else (touch.kind if touch.kind == StepKind.GREETING else "other",)
    if chosen is None:
        return step.what if step and step.what in kinds else kinds[0]
    if chosen not in kinds:
        raise BadInput(
            N_("%(kind)s does not fulfil this step; these do: %(kinds)s."), kind=chosen, kinds=", ".join(kinds)
        )
    return chosen


def _zone_of_doer(session: Session, rules: CareRules, customer: CustomerRow, touch: Touch) -> ZoneInfo:
    """Whose mornings count: those of the person to whom the step was reassigned, else the account manager's."""
    doer = people.get(session, touch.assignee_id or customer.owner_id)
    return zone_named(doer.timezone if doer else None, rules.zone)


def _snoozed_until(touch: Touch, until: date | int, today: date) -> date:
    """The day of a snooze. Raises BadInput for one that cannot be."""
    occasion = touch.anchor if touch.kind == StepKind.GREETING else None
    if occasion is not None and occasion <= today:
        raise BadInput(N_("The day of this greeting has come. Greet the customer today, or skip it."))
    if isinstance(until, int):
        day = workday(today + timedelta(days=until))
        return min(day, occasion) if occasion else day
    check_snooze(until, today)
    if occasion is not None and until > occasion:
        raise BadInput(N_("The greeting is for %(day)s. Choose that day or an earlier one."), day=occasion)
    return until if occasion else workday(until)


def check_snooze(until: date, today: date) -> None:
    """Raise BadInput for a day until which nothing can be snoozed."""
    if until <= today:
        raise BadInput(N_("Choose a day after today."))
    if until > today + timedelta(days=MOST_SNOOZE_DAYS):
        raise BadInput(N_("Choose a day within the next %(days)s days."), days=MOST_SNOOZE_DAYS)


def _assignee(
    session: Session, customer: CustomerRow, to: str, settings: Settings, now: datetime
) -> PersonRow:
    """The person to whom a customer's step may be given. Raises BadInput with what to do."""
    found = people.row_by_email(session, to, now) if "@" in to else people.by_slack_id(session, to, now)
    if found is None:
        raise BadInput(N_("Tierbot does not know this person. Choose somebody else, or ask your admin to add them."))
    try:
        colleague = access.actor_of(found, settings)
    except NotAllowed:
        raise BadInput(
            N_("%(name)s has left or is switched off. Choose somebody else."), name=found.name
        ) from None
    if not access.can(colleague, Act.SEE, customer):
        raise BadInput(
            N_(
                "%(name)s may not see this customer. Choose somebody of the account manager's team, or ask your"
                " admin to let %(name)s see its customers."
            ),
            name=found.name,
        )
    return found


def _close(
    session: Session,
    rules: CareRules,
    actor: Actor,
    act: CareAct,
    touch: Touch,
    values: dict[str, Any],
    now: datetime,
) -> tuple[int, ...]:
    """Close a touch and plan its customer's steps anew; the touches that are closed now, this one first."""
    opened = touches.open_touches(session, [touch.customer_id])
    _move(session, touch, **values, closed_at=now, closed_by=actor.person_id)
    plan_customers(session, rules, [touch.customer_id], now)
    versions = acts.closed_with(session, opened)
    closed = [touch, *(one for one in opened if one.id in versions and one.id != touch.id)]
    before = [_before(one, versions[one.id or 0]) for one in closed]
    _remember(session, actor, act, touch, before, now, activity_id=values.get("activity_id"))
    return tuple(one.id for one in before)


def _change(
    session: Session, actor: Actor, act: CareAct, touch: Touch, values: dict[str, Any], now: datetime
) -> tuple[int, ...]:
    """Change a touch that stays open."""
    _move(session, touch, **values)
    _remember(session, actor, act, touch, [_before(touch, touch.version + 1)], now)
    return (touch.id or 0,)


def _remember(
    session: Session,
    actor: Actor,
    act: CareAct,
    touch: Touch,
    before: Sequence[TouchBefore],
    now: datetime,
    activity_id: int | None = None,
) -> None:
    """Keep what taking an act back needs."""
    person_id = actor.person_id or None
    acts.record(session, act, touch, before=before, person_id=person_id, activity_id=activity_id, now=now)


def _before(touch: Touch, version: int) -> TouchBefore:
    return TouchBefore.model_validate({**touch.model_dump(), "version": version})


def _move(session: Session, touch: Touch, **values: object) -> None:
    if not touches.move(session, touch.id or 0, touch.version, **values):
        raise Conflict(DEALT_WITH)


def _record(
    session: Session,
    actor: Actor,
    action: AuditAction,
    touch: Touch,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    actor.record(session, action, ObjectKind.CUSTOMER, touch.customer_id, before=before, after=after)


def _who(actor: Actor) -> Who:
    return Who(name=actor.name, slack_user_id=actor.slack_user_id)
