"""What all answers to due steps share: who may answer, what is closed and planned anew, and what is shown then."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.errors import N_, Conflict, Hidden
from bot.services import access
from bot.services.access import Act, Actor, OpenStep
from bot.services.care.schedule import CareRules, plan_customers
from bot.services.care.working_people import times_asked
from bot.services.care.working_time import WorkingTime
from bot.services.recipients import FirmDefaults, Recipients
from bot.wording.actions import Pointer
from bot.wording.messages import ReminderClosed
from bot.wording.parts import Who
from db.audit import AuditAction, ObjectKind
from db.book import customers
from db.book.customers import CustomerRow
from db.book.people import Person
from db.care import acts, touches
from db.care.acts import CareAct, TouchBefore
from db.care.touches import Touch, TouchState
from db.engine import Database
from db.processes import InboundKey, take_request
from grading.scheme.model import Name

UNDO = timedelta(minutes=10)
GONE = N_("This reminder is no longer there, or no longer yours.")
OVER = N_("This step is over: the customer is not owed it any more, or its day is past.")
CHANGED = N_("This step has changed since this was shown. This is how it is now: please answer again.")
DEALT_WITH = N_("Somebody has dealt with this reminder already.")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What an answer has made of a step, and every touch that it changed."""

    closed: ReminderClosed
    customer_id: int
    touch_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class StepTitle:
    """An open step, as a form about it is headed."""

    step: Name
    name: str
    code: str
    customer_id: int


def pointers(session: Session, customer_id: int, *, is_open: bool) -> dict[str, Pointer]:
    """Step -> what its buttons point at: the open touch that is due first, or the last one that somebody acted on."""
    found = touches.open_touches(session, [customer_id]) if is_open else acts.acted_on(session, customer_id)
    return {touch.step: Pointer(id=touch.id or 0, version=touch.version) for touch in reversed(found)}


def open_step(database: Database, actor: Actor, pointer: Pointer, rules: CareRules) -> StepTitle:
    """The step of a button that the actor may answer. Raises Hidden, and Conflict when somebody has dealt with it."""
    with database.read() as session:
        customer, touch = open_touch(session, actor, pointer)
        name = rules.plans.step_name(touch.plan, touch.tier, touch.step)
        return StepTitle(step=name, name=customer.name, code=customer.code, customer_id=customer.id)


def seen(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, Touch]:
    """The touch that a button points at with its customer, if the actor may see it. Raises Hidden."""
    touch = touches.get(session, pointer.id)
    if touch is None:
        raise Hidden(GONE)
    meant = replace(pointer, id=touch.customer_id)
    return access.customer_for(session, actor, Act.SEE, meant, GONE), touch


def open_touch(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, Touch]:
    """The touch that a button points at with its customer, if the actor may close it and nobody has."""
    customer, touch = seen(session, actor, pointer)
    require_close(actor, customer, touch)
    if touch.state in (TouchState.CANCELLED, TouchState.MISSED):
        raise Conflict(OVER)
    if touch.version != pointer.version or touch.state not in touches.OPEN:
        act = acts.newest(session, touch.id or 0)
        by_planning = touch.state in touches.OPEN and (act is None or act.version != touch.version)
        raise Conflict(CHANGED if by_planning else DEALT_WITH)
    return customer, touch


def require_close(actor: Actor, customer: CustomerRow, touch: Touch) -> None:
    """Raise Hidden unless the actor may close this touch; who was given it may only while it is open."""
    is_open = touch.state in touches.OPEN
    thing = as_open(customer, touch.who, touch.assignee_id) if is_open else customer
    if not access.can(actor, Act.CLOSE_TOUCH, thing):
        raise Hidden(GONE)


@contextmanager
def answering(
    database: Database, actor: Actor, pointer: Pointer, request: InboundKey, now: datetime
) -> Iterator[tuple[Session, CustomerRow, Touch]]:
    """A transaction that answers the step of a button, with its customer locked until the end.

    Raises Repeated for a request that came before, and as `open_touch`.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = open_touch(session, actor, pointer)
        touches.lock(session, [customer.id])
        yield session, customer, touch


def may_close(session: Session, actor: Actor, touch: Touch) -> bool:
    """Whether a touch is open, and the actor may close it."""
    customer = customers.get_row(session, touch.customer_id)
    if customer is None or touch.state not in touches.OPEN:
        return False
    return access.can(actor, Act.CLOSE_TOUCH, as_open(customer, touch.who, touch.assignee_id))


def as_open(customer: CustomerRow, role: str, assignee_id: int | None) -> OpenStep:
    return OpenStep(customer.owner_id, customer.owner_team_id, assignee_id, role)


def answered(
    session: Session,
    rules: CareRules,
    actor: Actor,
    customer: CustomerRow,
    touch: Touch,
    outcome: str,
    changed: tuple[int, ...],
    **more: Any,
) -> Answered:
    """What an answer that can be taken back has made of a step, and every touch that it changed."""
    closed = outcome_of(session, rules, customer, touch, outcome)
    closed = replace(closed, by=who(actor), may_undo=True, **more)
    return Answered(closed=closed, customer_id=customer.id, touch_ids=changed)


def outcome_of(
    session: Session, rules: CareRules, customer: CustomerRow, touch: Touch, outcome: str
) -> ReminderClosed:
    """What a step has become; the caller adds by whom and until when."""
    same = (touch.step, touch.occasion)
    following = (one for one in touches.open_touches(session, [customer.id]) if one.id != touch.id)
    return ReminderClosed(
        touch_id=touch.id or 0,
        version=touch.version,
        customer_id=customer.id,
        name=customer.name,
        code=customer.code,
        step=rules.plans.step_name(touch.plan, touch.tier, touch.step),
        outcome=outcome,
        next_due=next((one.due_on for one in following if (one.step, one.occasion) == same), None),
    )


def close(
    session: Session,
    rules: CareRules,
    actor: Actor,
    act: CareAct,
    closing: Sequence[tuple[Touch, dict[str, Any]]],
    now: datetime,
) -> tuple[int, ...]:
    """Close touches and plan their customers' steps anew; all that are closed now. Raises Conflict."""
    customer_ids = sorted({touch.customer_id for touch, _ in closing})
    opened = touches.open_touches(session, customer_ids)
    for touch, values in closing:
        move(session, touch, **values, closed_at=now, closed_by=actor.person_id)
    plan_customers(session, rules, customer_ids, now)
    versions = acts.closed_with(session, opened)
    chosen = {touch.id for touch, _ in closing}
    for touch, values in closing:
        besides = (one for one in opened if one.customer_id == touch.customer_id and one.id not in chosen)
        closed = [touch, *(one for one in besides if one.id in versions)]
        before = [_before(one, versions[one.id or 0]) for one in closed]
        _remember(session, actor, act, touch, before, now, activity_id=values.get("activity_id"))
    return tuple(versions)


def change(
    session: Session, actor: Actor, act: CareAct, touch: Touch, values: dict[str, Any], now: datetime
) -> tuple[int, ...]:
    """Change a touch that stays open."""
    move(session, touch, **values)
    _remember(session, actor, act, touch, [_before(touch, touch.version + 1)], now)
    return (touch.id or 0,)


def move(session: Session, touch: Touch, **values: object) -> None:
    if not touches.move(session, touch.id or 0, touch.version, **values):
        raise Conflict(DEALT_WITH)


def record(
    session: Session,
    actor: Actor,
    action: AuditAction,
    touch: Touch,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    actor.record(session, action, ObjectKind.CUSTOMER, touch.customer_id, before=before, after=after)


def doer(session: Session, customer: CustomerRow, touch: Touch, now: datetime) -> Person | None:
    """Who does a step, also while a deputy is asked in their place."""
    meant = [one for one in (customer.owner_id, touch.assignee_id) if one is not None]
    recipients = Recipients.of(session, meant, FirmDefaults(), now, {touch.who})
    owner = recipients.people.get(customer.owner_id or 0)
    return recipients.doer(touch.who, touch.assignee_id, owner, deputies_too=False)


def working_time(session: Session, rules: CareRules, person_id: int | None, now: datetime) -> WorkingTime:
    """When a person or their deputy is asked; of nobody, when the firm works."""
    known = times_asked(session, [person_id], rules.times, now) if person_id is not None else {}
    return known.get(person_id or 0) or rules.times.working_time(now)


def who(actor: Actor) -> Who:
    return Who(name=actor.name, slack_user_id=actor.slack_user_id)


def _before(touch: Touch, version: int) -> TouchBefore:
    return TouchBefore.model_validate({**touch.model_dump(), "version": version})


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
