"""Done, skipped or snoozed: what people do with a due step."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, BadInput, Conflict
from bot.services.access import Actor
from bot.services.care.answers import steps
from bot.services.care.answers.steps import Answered
from bot.services.care.plan import CONTACTS, Step
from bot.services.care.schedule import CareRules
from bot.services.care.working_time import WorkingTime
from bot.wording.actions import Pointer
from db.audit import AuditAction, Door
from db.book import facts
from db.book.customers import CustomerRow
from db.care import shown_touches, touches
from db.care.acts import CareAct
from db.care.touches import Touch, TouchState
from db.engine import Database
from db.processes import InboundKey, take_request

MOST_SNOOZE_DAYS = 60
SHORTEST_REASON, LONGEST_REASON = 3, 500
Settle = Callable[[], None]


def finish(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    then: Callable[[Session, CustomerRow, int], None] = lambda session, customer, activity_id: None,
    before_commit: Settle = lambda: None,
) -> Answered:
    """Done: record a contact of the kind that was chosen, today, close the touch, and restart the clocks from it.

    `then` records in the same transaction what else the contact brought. Raises Repeated, and BadInput for a kind that
    does not fulfil the step.
    """
    with steps.answering(database, actor, pointer, request, now) as (session, customer, touch):
        kind = _contact(rules.plans.step(touch.plan, touch.tier, touch.step), touch, pointer.choice)
        done = _as_done(session, actor, touch, kind, request, now)
        changed = steps.close(session, rules, actor, CareAct.DONE, [(touch, done)], now)
        _record_done(session, actor, touch, kind, done)
        then(session, customer, done["activity_id"])
        before_commit()
        return steps.answered(session, rules, actor, customer, touch, "done", changed, kind=kind)


def greet_all(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> Answered:
    """Done for every open greeting of the message that shows this one, as far as the actor may close them.

    Raises Repeated, Hidden, and Conflict when none of them is open.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, first = steps.seen(session, actor, pointer)
        found = shown_touches.greeted_with(session, first.id or 0)
        touches.lock(session, sorted({touch.customer_id for touch in found}))
        closing = [
            (touch, _as_done(session, actor, touch, touch.kind, request, now))
            for touch in found
            if steps.may_close(session, actor, touch)
        ]
        if not closing:
            steps.require_close(actor, customer, first)
            raise Conflict(steps.DEALT_WITH)
        changed = steps.close(session, rules, actor, CareAct.DONE, closing, now)
        for touch, done in closing:
            _record_done(session, actor, touch, touch.kind, done)
        closed = replace(steps.outcome_of(session, rules, customer, first, "done"), by=steps.who(actor))
        return Answered(closed=closed, customer_id=customer.id, touch_ids=changed)


def skip(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    reason: str,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> Answered:
    """Skip this occurrence with a reason: the next one comes as if it had been done today. Raises Repeated, BadInput."""
    reason = checked_reason(reason)
    with steps.answering(database, actor, pointer, request, now) as (session, customer, touch):
        skipped = {"state": TouchState.SKIPPED, "reason": reason}
        changed = steps.close(session, rules, actor, CareAct.SKIPPED, [(touch, skipped)], now)
        what = {"step": touch.step, "due_on": touch.due_on}
        steps.record(session, actor, AuditAction.STEP_SKIPPED, touch, after=what)
        before_commit()
        return steps.answered(session, rules, actor, customer, touch, "skipped", changed, reason=reason)


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
    *,
    until: date | int,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> Answered:
    """Snooze for some days, or until a day: it is shown again in the working morning of the person who does it.

    A greeting comes no later than on the day of its occasion. Raises Repeated, BadInput for a day that cannot be.
    """
    with steps.answering(database, actor, pointer, request, now) as (session, customer, touch):
        doer = steps.doer(session, customer, touch, now)
        working = steps.working_time(session, rules, doer.id if doer else None, now)
        until = _snoozed_until(touch, until, working, now)
        snoozed = {"state": TouchState.SNOOZED, "remind_at": working.morning(until)}
        changed = steps.change(session, actor, CareAct.SNOOZED, touch, snoozed, now)
        steps.record(
            session, actor, AuditAction.STEP_SNOOZED, touch, after={"step": touch.step, "until": until}
        )
        limit = touch.latest_on if touch.latest_on and until > touch.latest_on else None
        before_commit()
        shown = {"until": until, "past_limit": limit}
        return steps.answered(session, rules, actor, customer, touch, "snoozed", changed, **shown)


def check_snooze(until: date, today: date) -> None:
    """Raise BadInput for a day until which nothing can be snoozed."""
    if until <= today:
        raise BadInput(N_("Choose a day after today."))
    latest = today + timedelta(days=MOST_SNOOZE_DAYS)
    if until > latest:
        raise BadInput(N_("Choose a day no later than %(day)s."), day=latest)


def _as_done(
    session: Session, actor: Actor, touch: Touch, kind: str, request: InboundKey, now: datetime
) -> dict[str, Any]:
    """Record the contact that fulfils a touch; what closing the touch by it changes."""
    activity = facts.Activity(
        customer_id=touch.customer_id,
        source="slack" if actor.door is Door.SLACK else "tierbot",
        external_id=f"touch:{touch.id}:{request.key}",
        kind=kind,
        happened_on=actor.today(now),
        person_id=actor.person_id or None,
        recorded_at=now,
    )
    session.add(activity)
    session.flush()
    return {"state": TouchState.DONE, "reason": None, "activity_id": activity.id}


def _record_done(session: Session, actor: Actor, touch: Touch, kind: str, done: Mapping[str, Any]) -> None:
    what = {"step": touch.step, "due_on": touch.due_on, "kind": kind, "activity": done["activity_id"]}
    steps.record(session, actor, AuditAction.STEP_DONE, touch, after=what)


def _contact(step: Step | None, touch: Touch, chosen: str | None) -> str:
    """The kind of contact that Done records: the chosen one; in a button without a choice what the step asks for."""
    # Of a step that the plan has dropped since it was shown, whatever was done is recorded.
    kinds = step.fulfilled_by if step else CONTACTS
    if chosen is None:
        if step is None:
            return touch.kind if touch.kind in touches.GREETINGS else "other"
        return step.what if step.what in kinds else kinds[0]
    if chosen not in kinds:
        raise BadInput(
            N_("%(kind)s does not fulfil this step; these do: %(kinds)s."),
            kind=chosen,
            kinds=", ".join(kinds),
        )
    return chosen


def _snoozed_until(touch: Touch, until: date | int, working: WorkingTime, now: datetime) -> date:
    """The day of a snooze. Raises BadInput for one that cannot be."""
    today = local_date(now, working.zone)
    occasion = touch.anchor if touch.kind in touches.GREETINGS else None
    if occasion is not None and occasion <= today:
        raise BadInput(N_("The day of this greeting has come. Greet the customer today, or skip it."))
    if isinstance(until, int):
        day = working.next_working_day(today + timedelta(days=until))
        return min(day, occasion) if occasion else day
    check_snooze(until, today)
    if occasion is not None and until > occasion:
        raise BadInput(N_("The greeting is for %(day)s. Choose that day or an earlier one."), day=occasion)
    return until if occasion else working.next_working_day(until)
