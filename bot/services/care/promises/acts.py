"""What people do about a promise: it was kept, put off or withdrawn; within minutes taken back."""

from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import Session, col, delete

from bot.errors import N_, BadInput, Conflict
from bot.services.access import Actor
from bot.services.care.answers.taking_back import require_own
from bot.services.care.complaints.opening import check_text
from bot.services.care.promises import subject
from bot.services.care.promises.subject import PromiseAct
from bot.wording.actions import Pointer
from db.audit import AuditAction
from db.care import redraws, touches
from db.care.records import promises
from db.care.records.promises import Promise, PromiseDelay, PromiseOutcome, StoredPromise
from db.engine import Database
from db.processes import InboundKey, take_request

Settle = Callable[[], None]


def keep(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    kept_on: date | None = None,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> PromiseAct:
    """Record that a promise was kept, by default today. Raises Repeated, BadInput."""
    kept_on = kept_on or actor.today(now)
    if kept_on > actor.today(now):
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day.")).of("day")
    with database.write() as session:
        take_request(session, request, now)
        _, found = subject.locked(session, actor, pointer)
        if kept_on < found.made_on:
            msgid = N_("It was promised on %(day)s. Choose that day or a later one.")
            raise BadInput(msgid, day=found.made_on).of("day")
        _close(session, actor, found, PromiseOutcome.KEPT, kept_on, now)
        subject.record(session, actor, AuditAction.PROMISE_KEPT, found, after={"day": kept_on})
        before_commit()
        return subject.changed(actor, found, "kept", kept_on=kept_on, is_open=False, may_undo=True)


def postpone(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    due_on: date,
    told: str,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> PromiseAct:
    """Give a promise a later day, with what the customer was told. Raises Repeated, BadInput."""
    check_text(told, "told")
    subject.check_day(due_on, actor.today(now))
    with database.write() as session:
        take_request(session, request, now)
        _, found = subject.locked(session, actor, pointer)
        if due_on <= found.due_on:
            msgid = N_("It is promised for %(day)s. Choose a later day.")
            raise BadInput(msgid, day=found.due_on).of("due")
        subject.move(session, found, due_on=due_on)
        session.add(
            PromiseDelay(
                promise_id=found.id,
                was_due_on=found.due_on,
                due_on=due_on,
                person_id=actor.person_id or None,
                told=told.strip(),
                version=found.version + 1,
                recorded_at=now,
            )
        )
        before, after = {"day": found.due_on}, {"day": due_on}
        subject.record(session, actor, AuditAction.PROMISE_POSTPONED, found, before=before, after=after)
        before_commit()
        return subject.changed(actor, found, "postponed", due_on=due_on, text=told.strip(), may_undo=True)


def withdraw(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    reason: str,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> PromiseAct:
    """Record that a promise holds no more, with the reason. Raises Repeated, BadInput."""
    check_text(reason, "reason")
    with database.write() as session:
        take_request(session, request, now)
        _, found = subject.locked(session, actor, pointer)
        today = max(actor.today(now), found.made_on)
        _close(session, actor, found, PromiseOutcome.WITHDRAWN, today, now, reason=reason.strip())
        subject.record(session, actor, AuditAction.PROMISE_WITHDRAWN, found, after={"day": today})
        before_commit()
        return subject.changed(actor, found, "withdrawn", text=reason.strip(), is_open=False, may_undo=True)


def undo(
    database: Database, actor: Actor, pointer: Pointer, *, now: datetime, request: InboundKey
) -> PromiseAct:
    """Take back the last thing that the actor did about a promise within the last minutes.

    One that was just recorded is deleted; one that was put off has its day again; one that is over is open again. Raises
    Repeated, Conflict when it is too late or somebody has acted since, NotAllowed for what somebody else did.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, _ = subject.handled(session, actor, pointer)
        touches.lock(session, [customer.id])
        _, found = subject.handled(session, actor, pointer)
        if found.version != pointer.version:
            raise Conflict(subject.CHANGED)
        last = _last_delay(session, found)
        before = {"day": found.closed_on or found.due_on}
        if not found.is_open:
            require_own(actor, found.closed_by, found.closed_at, now)
            columns = ("outcome", "closed_on", "closed_at", "closed_by", "closed_for", "reason")
            subject.move(session, found, **dict.fromkeys(columns))
            done = subject.changed(actor, found, "undone")
        elif last is not None:
            require_own(actor, last.person_id, last.recorded_at, now)
            due_on = last.was_due_on
            session.delete(last)
            session.flush()
            subject.move(session, found, due_on=due_on)
            done = subject.changed(actor, found, "undone", due_on=due_on)
        else:
            is_new = found.version == 1
            require_own(actor, found.made_by, found.recorded_at if is_new else None, now)
            redraws.mark_promises(session, [found.id])
            session.exec(delete(Promise).where(col(Promise.id) == found.id))
            done = subject.changed(actor, found, "taken_back", is_open=False)
        subject.record(session, actor, AuditAction.PROMISE_UNDONE, found, before=before)
        return done


def _close(
    session: Session,
    actor: Actor,
    found: StoredPromise,
    outcome: PromiseOutcome,
    day: date,
    now: datetime,
    reason: str | None = None,
) -> None:
    subject.move(
        session,
        found,
        outcome=outcome,
        closed_on=day,
        closed_at=now,
        closed_by=actor.person_id or None,
        closed_for=found.whose,
        reason=reason,
    )


def _last_delay(session: Session, found: StoredPromise) -> PromiseDelay | None:
    """How an open promise was put off, if that was the last act about it."""
    delays = promises.delays(session, [found.id]).get(found.id, [])
    return next((one for one in delays if one.version == found.version), None)
