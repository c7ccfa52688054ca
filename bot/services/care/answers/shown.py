"""What stands in Slack about steps: the messages that show them, as they have to be now."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.services import access
from bot.services.access import Actor
from bot.services.care.answers import steps
from bot.services.care.complaints import reports
from bot.services.care.digest import todo
from bot.services.care.digest.readers import MessageReader
from bot.services.care.escalation import outcomes
from bot.services.care.schedule import CareRules
from bot.services.recipients import FirmDefaults
from bot.services.schemes.store import TierNames
from bot.wording.actions import Pointer
from bot.wording.ask.proposals import ProposalNotice, WaitingProposals
from bot.wording.care.complaints import ComplaintReport
from bot.wording.care.digest import CareDigest
from bot.wording.care.escalations import CareEmergency, CareEscalation
from bot.wording.care.greetings import Greetings
from bot.wording.message_base import Message
from bot.wording.messages import Reminder, ReminderClosed, load
from db.book import customers, facts, people
from db.book.customers import CustomerRow
from db.care import acts, due_touches, redraws, touches
from db.care.redraws import StaleMessage
from db.care.touches import Touch, TouchState
from db.engine import Database


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A message in Slack, what it has to say now, and the marks that this settles."""

    stale: StaleMessage
    message: Message
    language: str | None


def here(
    database: Database,
    touch_ids: Collection[int],
    place: tuple[str, str],
    rules: CareRules,
    now: datetime,
    firm: FirmDefaults,
) -> Drawn | None:
    """The message at a place in Slack that shows one of these touches, as it has to be now; None where there is none."""
    with database.read() as session:
        stale = redraws.at_place(session, touch_ids, *place)
        return drawn(session, rules, stale, firm, now) if stale is not None else None


def sent_to(
    database: Database,
    people: Collection[int],
    place: tuple[str, str],
    rules: CareRules,
    now: datetime,
    firm: FirmDefaults,
) -> Drawn | None:
    """The message about steps at a place in Slack, if it went to one of these people or to a channel."""
    with database.read() as session:
        stale = redraws.sent_to(session, people, *place)
        return drawn(session, rules, stale, firm, now) if stale is not None else None


def drawn(
    session: Session, rules: CareRules, stale: StaleMessage, firm: FirmDefaults, now: datetime
) -> Drawn | None:
    """A message as it has to be now for its reader; None where its text is kept no longer, or it shows no steps."""
    try:
        body = json.loads(stale.body)
        message = load(body)
    except (ValueError, KeyError):
        return None
    current: Message | None = None
    match message:
        case Reminder():
            current = _reminder(session, rules, message, stale.recipient, firm, now)
        case CareDigest():
            undoable = _undoable(session, [row.touch_id for row in message.rows], now)
            current = todo.current(session, rules, message, stale.recipient, firm, now, undoable=undoable)
        case Greetings():
            current = _greetings(session, message, stale.recipient, firm, now)
        case CareEscalation() | CareEmergency():
            undoable = _undoable(session, [row.touch_id for row in message.rows], now)
            current = outcomes.current(session, rules, message, stale.recipient, firm, now, undoable=undoable)
        case ComplaintReport():
            current = reports.current(session, message, stale.recipient, firm, now)
        case ProposalNotice() | WaitingProposals():  # what has become of them is stored in the message
            rows = (message.row,) if isinstance(message, ProposalNotice) else message.rows
            named = {row.customer_id for row in rows}
            read_by = MessageReader(session, stale.recipient, named, (), firm, now)
            current = message if all(map(read_by.sees, named)) else None
    if current is None:
        return None
    reader = people.get(session, stale.recipient)
    language = reader.language if reader is not None else None
    return Drawn(stale=stale, message=current, language=language or body.get("language"))


def todo_list(
    session: Session,
    rules: CareRules,
    book: TierNames,
    actor: Actor,
    firm: FirmDefaults,
    now: datetime,
    touch_ids: Collection[int],
    complaint_ids: Collection[int] = (),
    promise_ids: Collection[int] = (),
) -> CareDigest:
    """The list of what the actor has to do, with what has just become of some steps, complaints and promises."""
    also = _undoable(session, touch_ids, now)
    return todo.todo(
        session, rules, book, actor, firm, now, also=also, complained=complaint_ids, promised=promise_ids
    )


def what_became(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime
) -> ReminderClosed:
    """What to show in the place of a step that can no longer be answered. Raises NotFound."""
    with database.read() as session:
        customer, touch = steps.seen(session, actor, pointer)
        return _outcome(session, rules, customer, touch, now)


def _greetings(
    session: Session, message: Greetings, reader: int | None, firm: FirmDefaults, now: datetime
) -> Greetings:
    """The message about an occasion with who is still to be greeted, and the last answer that may be taken back."""
    ids = [one.touch_id for one in message.customers]
    named = {one.customer_id for one in message.customers}
    read_by = MessageReader(session, reader, named, ids, firm, now)
    message = message.without({one for one in named if not read_by.sees(one)})
    loaded = due_touches.load(session, ids)
    versions = {touch.id or 0: touch.version for touch in loaded if touch.state in touches.OPEN}
    undoable = acts.standing(session, ids, now - steps.UNDO).values()
    done = [(act.at, act.touch_id, act.version) for act in undoable if act.act == acts.CareAct.DONE]
    _, *undo = max(done, default=(now, 0, 0))
    return message.as_open(versions, (undo[0], undo[1]))


def _undoable(session: Session, touch_ids: Collection[int], now: datetime) -> dict[int, int | None]:
    """Which of these touches can be taken back, and by whom."""
    standing = acts.standing(session, touch_ids, now - steps.UNDO)
    return {touch_id: act.person_id for touch_id, act in standing.items()}


def _reminder(
    session: Session,
    rules: CareRules,
    message: Reminder,
    reader: int | None,
    firm: FirmDefaults,
    now: datetime,
) -> Message | None:
    """A reminder of one step, as earlier versions sent it."""
    touch = touches.get(session, message.touch_id)
    customer = customers.get_row(session, message.customer_id)
    if touch is None or customer is None:
        return None
    read_by = MessageReader(session, reader, [customer.id], [message.touch_id], firm, now)
    if not read_by.sees(customer.id):
        over = steps.outcome_of(session, rules, customer, touch, "over")
        return replace(over, next_due=None)
    act = acts.newest(session, touch.id or 0)
    if touch.state == TouchState.REMINDED and act is None:
        return replace(message, version=touch.version)
    return _outcome(session, rules, customer, touch, now)


def _outcome(
    session: Session, rules: CareRules, customer: CustomerRow, touch: Touch, now: datetime
) -> ReminderClosed:
    """What a step has become, by whom, and whether it can be taken back."""
    act = acts.standing(session, [touch.id or 0], now - steps.UNDO).get(touch.id or 0)
    contact = session.get(facts.Activity, touch.activity_id or 0)
    by = touch.closed_by or (act.person_id if act else contact.person_id if contact else None)
    fields: dict[str, Any] = {
        "by": access.mentioned(people.get(session, by)),
        "may_undo": act is not None,
    }
    match touch.state:
        case TouchState.DONE:
            outcome, fields["kind"] = "done", contact.kind if contact else None
        case TouchState.SKIPPED:
            outcome, fields["reason"] = "skipped", touch.reason
        case TouchState.SNOOZED:
            outcome, fields["until"] = "snoozed", _shown_again(session, rules, customer, touch, now)
        case _ if act is not None and act.act == acts.CareAct.REASSIGNED:
            outcome = "reassigned"
            fields["to"] = access.mentioned(steps.doer(session, customer, touch, now))
        case _:
            outcome, fields = "over", {}
    return replace(steps.outcome_of(session, rules, customer, touch, outcome), **fields)


def _shown_again(
    session: Session, rules: CareRules, customer: CustomerRow, touch: Touch, now: datetime
) -> date:
    doer = steps.doer(session, customer, touch, now)
    return local_date(touch.remind_at, zone_named(doer.timezone if doer else None, rules.zone))
