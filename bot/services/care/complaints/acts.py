"""What people do about a complaint: a step, closing it, opening it again; within minutes taken back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session, col, delete

from bot.errors import N_, BadInput, Conflict
from bot.services.access import Actor
from bot.services.care.answers.steps import UNDO
from bot.services.care.answers.taking_back import require_own
from bot.services.care.complaints import subject
from bot.services.care.complaints.opening import check_text
from bot.services.care.complaints.subject import Acted
from bot.services.care.schedule import CareRules, count_again
from bot.wording.actions import Pointer
from db.audit import AuditAction
from db.book import facts
from db.care import redraws, touches
from db.care.records import complaints
from db.care.records.complaints import Agreed, Complaint, ComplaintStep, StoredComplaint
from db.engine import Database
from db.processes import InboundKey, take_request

Settle = Callable[[], None]


def add_step(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    text: str,
    taken_on: date | None = None,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> Acted:
    """Record something that was done about an open complaint, by default today. Raises Repeated, BadInput."""
    check_text(text)
    taken_on = taken_on or actor.today(now)
    if taken_on > actor.today(now):
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day."))
    with database.write() as session:
        take_request(session, request, now)
        _, found = subject.locked(session, actor, pointer)
        if taken_on < found.reported_on:
            msgid = N_("The complaint was reported on %(day)s. Choose that day or a later one.")
            raise BadInput(msgid, day=found.reported_on)
        subject.move(session, found)
        session.add(
            ComplaintStep(
                complaint_id=found.id,
                taken_on=taken_on,
                person_id=actor.person_id or None,
                text=text.strip(),
                version=found.version + 1,
                recorded_at=now,
            )
        )
        subject.record(session, actor, AuditAction.COMPLAINT_STEP, found, after={"day": taken_on})
        before_commit()
        return subject.changed(rules, actor, found, "step", text=text.strip())


def close(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    outcome: str,
    agreed: str,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> Acted:
    """Close a complaint with what was done and whether the customer agrees. Raises Repeated, BadInput."""
    check_text(outcome)
    if agreed not in tuple(Agreed):
        raise BadInput(N_("%(agreed)s is not known; use yes, no or not_asked."), agreed=agreed)
    with database.write() as session:
        take_request(session, request, now)
        _, found = subject.locked(session, actor, pointer)
        closed_on = max(actor.today(now), found.reported_on)
        closed = {"closed_on": closed_on, "closed_at": now, "closed_by": actor.person_id or None}
        subject.move(session, found, **closed, outcome=outcome.strip(), agreed=agreed)
        after = {"day": closed_on, "agreed": agreed}
        subject.record(session, actor, AuditAction.COMPLAINT_CLOSED, found, after=after)
        before_commit()
        return subject.changed(
            rules, actor, found, "closed", text=outcome.strip(), agreed=agreed, is_open=False
        )


def reopen(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> Acted:
    """Open a closed complaint again, with its deadline and its steps as they were. Raises Repeated."""
    with database.write() as session:
        take_request(session, request, now)
        _, found = subject.locked(session, actor, pointer, is_open=False)
        _open_again(session, actor, found)
        return subject.changed(rules, actor, found, "reopened")


def undo(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> Acted:
    """Take back the last thing that the actor did about a complaint within the last minutes.

    A complaint that was just recorded goes with its activity; a step is deleted; a closed one is open again. Raises
    Repeated, Conflict when it is too late or somebody has acted since, NotAllowed for what somebody else did.
    """
    with database.write() as session:
        take_request(session, request, now)
        actor = _while_own(session, actor, pointer, now)
        customer, _ = subject.handled(session, actor, pointer)
        touches.lock(session, [customer.id])
        _, found = subject.handled(session, actor, pointer)
        if found.version != pointer.version:
            raise Conflict(subject.CHANGED)
        last = _last_step(session, found)
        if not found.is_open:
            require_own(actor, found.closed_by, found.closed_at, now)
            _open_again(session, actor, found)
            return subject.changed(rules, actor, found, "reopened")
        if last is not None:
            require_own(actor, last.person_id, last.recorded_at, now)
            session.delete(last)
            session.flush()
            subject.move(session, found)
            taken = {"day": last.taken_on}
            subject.record(session, actor, AuditAction.COMPLAINT_UNDONE, found, before=taken)
            return subject.changed(rules, actor, found, "step_undone")
        is_new = found.version == 1 and found.batch_id is None
        require_own(actor, found.recorded_by, found.recorded_at if is_new else None, now)
        _delete(session, found)
        count_again(session, rules, customer.id, now)
        before = {"day": found.reported_on, "kind": found.kind}
        subject.record(session, actor, AuditAction.COMPLAINT_UNDONE, found, before=before)
        return subject.changed(rules, actor, found, "taken_back", is_open=False)


def _last_step(session: Session, found: StoredComplaint) -> ComplaintStep | None:
    """The step that was the last change of a complaint."""
    steps = complaints.steps(session, [found.id]).get(found.id, [])
    return next((one for one in steps if one.version == found.version), None)


def _while_own(session: Session, actor: Actor, pointer: Pointer, now: datetime) -> Actor:
    """The actor, who sees the complaint while they may take back what they did about it.

    With a step that was given to them, their right to see its customer has ended.
    """
    found = complaints.row(session, pointer.id)
    if found is None or not actor.person_id:
        return actor
    last = _last_step(session, found)
    did = (found.closed_by, found.closed_at), (found.recorded_by, found.recorded_at)
    by, at = (last.person_id, last.recorded_at) if found.is_open and last is not None else did[found.is_open]
    if by != actor.person_id or at is None or now - at > UNDO:
        return actor
    return replace(actor, given=actor.given | {found.customer_id})


def _open_again(session: Session, actor: Actor, found: StoredComplaint) -> None:
    nothing = dict.fromkeys(("closed_on", "closed_at", "closed_by", "outcome", "agreed"))
    subject.move(session, found, **nothing)
    before = {"day": found.closed_on, "agreed": found.agreed}
    subject.record(session, actor, AuditAction.COMPLAINT_REOPENED, found, before=before)


def _delete(session: Session, found: StoredComplaint) -> None:
    """Delete a complaint and its activity."""
    redraws.mark_complaints(session, [found.id])
    activity = facts.activity(session, found.source, found.external_id)
    session.exec(delete(Complaint).where(col(Complaint.id) == found.id))
    if activity is not None:
        session.delete(activity)
    session.flush()
