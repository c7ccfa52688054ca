"""Taking back what was done to a step a moment ago."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.errors import N_, Conflict, Hidden, NotAllowed
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.answers import steps
from bot.services.care.answers.steps import Answered
from bot.services.care.schedule import CareRules, plan_customers
from bot.wording.actions import Pointer
from db.audit import AuditAction
from db.book import facts
from db.care import acts, touches
from db.care.records import surveys
from db.care.touches import Touch, TouchState
from db.engine import Database
from db.graded import due_regrades
from db.processes import InboundKey, take_request

TAKEN_BACK = "what came before it was taken back"


def undo(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> Answered:
    """Take back what the actor did to a step within the last minutes: the contact is deleted, the step open as before.

    Raises Repeated, Conflict when it is too late or somebody has acted since, NotAllowed for what somebody else did.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = steps.seen(session, _as_before(session, actor, pointer), pointer)
        # Its customer may have been joined into this one since, and the contact be moved to it.
        concerned = sorted({customer.id, touch.customer_id})
        touches.lock(session, concerned)
        act = acts.newest(session, pointer.id)
        first, *others = acts.changed(act) if act else (None,)
        given = first.assignee_id if first else touch.assignee_id
        if not access.can(actor, Act.CLOSE_TOUCH, steps.as_open(customer, touch.who, given)):
            raise Hidden(steps.GONE)
        if touch.version != pointer.version:
            raise Conflict(steps.DEALT_WITH)
        if act is None or first is None or act.version != pointer.version or now - act.at > steps.UNDO:
            raise Conflict(
                N_("This could be taken back for ten minutes, and they are over. It stays as it is.")
            )
        if act.person_id != (actor.person_id or None):
            raise NotAllowed(N_("Only the person who did this can take it back."))
        if act.activity_id is not None and (contact := session.get(facts.Activity, act.activity_id)):
            score = surveys.delete_of_activity(session, act.activity_id, now)
            if score is not None:  # the grading has counted it
                due_regrades.mark(session, customer.id, now)
                taken = {"survey_score": score.id, "day": score.answered_on}
                steps.record(session, actor, AuditAction.SURVEY_UNDONE, touch, before=taken)
            session.delete(contact)
        for one in (first, *others):
            acts.cancel_next(session, session.get_one(Touch, one.id), TAKEN_BACK, now)
        steps.move(session, touch, **first.values)
        reopened = [one.id for one in others if touches.move(session, one.id, one.version, **one.values)]
        acts.drop(session, act)
        session.expire_all()
        plan_customers(session, rules, concerned, now)
        what = {"step": touch.step, "act": act.act, "activity": act.activity_id}
        steps.record(session, actor, AuditAction.STEP_UNDONE, touch, before=what)
        session.refresh(touch)
        is_open = touch.state in touches.OPEN
        later = (
            touch.due_on if touch.state == TouchState.PLANNED and touch.due_on > actor.today(now) else None
        )
        closed = steps.outcome_of(session, rules, customer, touch, "undone")
        closed = replace(closed, by=steps.who(actor), is_open=is_open, next_due=later)
        return Answered(closed=closed, customer_id=customer.id, touch_ids=(touch.id or 0, *reopened))


def _as_before(session: Session, actor: Actor, pointer: Pointer) -> Actor:
    """The actor with the right to see the customer that a step gave to them until they answered it."""
    act = acts.newest(session, pointer.id)
    if act is None or act.person_id != actor.person_id:
        return actor
    touch = session.get_one(Touch, pointer.id)
    mine = {actor.person_id, *(absent.person_id for absent in actor.absent)}
    was_given = acts.changed(act)[0].assignee_id in mine
    return replace(actor, given=actor.given | {touch.customer_id}) if was_given else actor
