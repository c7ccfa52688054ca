"""What stands in Slack about steps: the messages that show them, as they have to be now."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.answers import steps
from bot.services.care.digest import todo
from bot.services.care.schedule import CareRules
from bot.services.recipients import FirmDefaults, Recipients
from bot.services.schemes.store import TierNames
from bot.wording.actions import Pointer
from bot.wording.care import CareDigest
from bot.wording.greetings import Greetings
from bot.wording.message_base import Message
from bot.wording.messages import Reminder, ReminderClosed, load
from db.book import customers, facts, people
from db.book.customers import CustomerRow
from db.care import acts, due_touches, shown_touches, touches
from db.care.shown_touches import ShownMessage
from db.care.touches import Touch, TouchState
from db.engine import Database

MOST_MESSAGES = (
    10  # that one answer updates: the newest; older ones show it when one of their buttons is pressed
)


@dataclass(frozen=True, kw_only=True)
class StepMessage:
    """A message in Slack, and what it has to say now."""

    channel: str
    ts: str
    language: str
    message: Message


def messages_now(
    database: Database,
    actor: Actor,
    customer_id: int,
    touch_ids: Collection[int],
    rules: CareRules,
    now: datetime,
    firm: FirmDefaults,
) -> list[StepMessage]:
    """The newest messages about a customer's steps, as they have to be now, each in the language of its reader.

    These are the messages that show an open step, one of `touch_ids`, or one that was closed at this instant. One in the direct messages of a person who may not see the customer any more only says that it is over.
    """
    with database.read() as session:
        customer = access.customer_for(session, actor, Act.SEE, customer_id)
        owner = customers.owner(session, customer.id)
        found = shown_touches.messages(session, customer.id, touch_ids, now, MOST_MESSAGES)
        readers = {one.recipient for one in found if one.recipient is not None}
        recipients = Recipients.of(session, readers, firm, now)
        shown = []
        for one in found:
            reader = recipients.people.get(one.recipient or 0)
            may_see = reader is None or recipients.may_see(reader, owner)
            message = _now(session, rules, customer, one, firm, now, may_see=may_see)
            if isinstance(message, ReminderClosed) and message.outcome == "done" and message.by is None:
                message = replace(message, by=steps.who(actor))  # a contact has closed it that they logged
            language = (reader or owner or actor).language or actor.language
            if message is not None:
                shown.append(StepMessage(channel=one.channel, ts=one.ts, language=language, message=message))
        return shown


def todo_list(
    session: Session,
    rules: CareRules,
    book: TierNames,
    actor: Actor,
    firm: FirmDefaults,
    now: datetime,
    touch_ids: Collection[int],
    complaint_ids: Collection[int] = (),
) -> CareDigest:
    """The list of what the actor has to do, with what has just become of some steps and complaints."""
    also = _undoable(session, touch_ids, now)
    return todo.todo(session, rules, book, actor, firm, now, also=also, complained=complaint_ids)


def digest_at(
    database: Database,
    actor: Actor,
    channel: str,
    ts: str,
    rules: CareRules,
    now: datetime,
    firm: FirmDefaults,
) -> StepMessage | None:
    """The digest at a place in Slack as it has to be now, if it is one to the actor or in a channel."""
    with database.read() as session:
        ids = [actor.person_id, *(one.person_id for one in actor.absent)]
        found = shown_touches.message_at(session, channel, ts, ids)
        shown = _stored(found.body) if found is not None else None
        if found is None or not isinstance(shown, CareDigest):
            return None
        undoable = _undoable(session, [row.touch_id for row in shown.rows], now)
        message = todo.current(session, rules, shown, found.recipient, firm, now, undoable=undoable)
        return StepMessage(channel=channel, ts=ts, language=actor.language, message=message)


def what_became(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime
) -> ReminderClosed:
    """What to show in the place of a step that can no longer be answered. Raises NotFound."""
    with database.read() as session:
        customer, touch = steps.seen(session, actor, pointer)
        return _outcome(session, rules, customer, touch, now)


def _now(
    session: Session,
    rules: CareRules,
    customer: CustomerRow,
    shown: ShownMessage,
    firm: FirmDefaults,
    now: datetime,
    *,
    may_see: bool,
) -> Message | None:
    """What a message has to say now; None where its text is kept no longer."""
    message = _stored(shown.body)
    if isinstance(message, Reminder):
        return _reminder(session, rules, customer, message, now, may_see=may_see)
    if isinstance(message, CareDigest):
        undoable = _undoable(session, [row.touch_id for row in message.rows], now)
        return todo.current(session, rules, message, shown.recipient, firm, now, undoable=undoable)
    if isinstance(message, Greetings):
        return _greetings(session, message if may_see else message.without({customer.id}), now)
    return None


def _stored(body: str) -> Message | None:
    try:
        return load(json.loads(body))
    except (ValueError, KeyError):
        return None


def _greetings(session: Session, message: Greetings, now: datetime) -> Greetings:
    """The message about an occasion with who is still to be greeted, and the last answer that may be taken back."""
    ids = [one.touch_id for one in message.customers]
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
    customer: CustomerRow,
    message: Reminder,
    now: datetime,
    *,
    may_see: bool,
) -> Message | None:
    """A reminder of one step, as earlier versions sent it."""
    touch = touches.get(session, message.touch_id)
    if touch is None:
        return None
    if not may_see:
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
    by = access.mentioned(people.get(session, touch.closed_by or (act.person_id if act else None)))
    fields: dict[str, Any] = {"by": by, "may_undo": act is not None}
    match touch.state:
        case TouchState.DONE:
            contact = session.get(facts.Activity, touch.activity_id or 0)
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
