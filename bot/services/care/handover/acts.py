"""Handing a customer over, and taking that back."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zlib import crc32

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, BadInput, Conflict, Hidden, NotAllowed
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.answers import steps
from bot.services.care.answers.steps import UNDO
from bot.services.care.answers.taking_back import TOO_LATE
from bot.services.care.handover import telling
from bot.services.care.handover.subject import GONE, GivenHandover, HandoverAct, receiver, said
from bot.services.care.plan import Doer
from bot.services.care.schedule import CareRules, plan_customers
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.actions import Pointer
from db.audit import AuditAction, ObjectKind
from db.book import customers
from db.book.by_hand import handovers
from db.book.by_hand.handovers import Handover, HandoverState
from db.book.customers import CustomerRow
from db.care import redraws, touches
from db.care.records import complaints, promises
from db.care.touches import TouchState
from db.engine import Database
from db.processes import InboundKey, take_request


def hand_over(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    given: GivenHandover,
    *,
    meant: int | Pointer,
    source: str,
    external_id: str,
    rules: CareRules,
    settings: Settings,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> HandoverAct:
    """Give a customer to another account manager with all that is open: today, or by a job on a day to come.

    The same source and id again do nothing: by then it may no longer be the actor's. `before_commit` may raise, to do
    nothing. Raises BadInput, Hidden, NotAllowed, and Conflict while another handover of it is planned.
    """
    today = actor.today(now)
    given = given.checked(today)
    with database.write() as session:
        if (known := _recorded(session, actor, source, external_id, now)) is not None:
            before_commit()
            return known
        customer = _own(session, actor, meant)
        touches.lock(session, [customer.id])  # so that what is done at the same time sees the first
        customer = _own(session, actor, meant)
        if (known := _recorded(session, actor, source, external_id, now)) is not None:
            before_commit()
            return known
        person = receiver(session, given.to, settings, now)
        if person.id == customer.owner_id:
            msgid = N_("%(name)s looks after this customer already. Choose somebody else.")
            raise BadInput(msgid, name=person.name).of("person")
        _refuse_planned(session, customer)
        row = Handover(
            source=source,
            external_id=external_id,
            customer_id=customer.id,
            from_id=customer.owner_id,
            to_id=person.id,
            starts_on=given.starts_on or today,
            note=given.note,
            recorded_by=actor.person_id or None,
            recorded_at=now,
        )
        session.add(row)
        session.flush()
        is_due = row.starts_on <= today
        if is_due:
            begin(session, rules, row, now)
            telling.tell_done(session, scheme_cache, rules, row, settings, now, but=actor.person_id)
        action = AuditAction.CUSTOMER_HANDED_OVER if is_due else AuditAction.HANDOVER_PLANNED
        actor.record(
            session, action, ObjectKind.CUSTOMER, customer.id, before=owner_before(row), after=audited(row)
        )
        before_commit()
        message = said(session, row, customer, now, "done" if is_due else "planned")
        return HandoverAct(message=message, handover_id=row.id or 0)


def begin(session: Session, rules: CareRules, row: Handover, now: datetime) -> None:
    """Let the new account manager look after the customer, with what was to be done by the former one."""
    open_touches = touches.open_touches(session, [row.customer_id])
    handovers.give(session, row.customer_id, row.to_id, row.starts_on)
    # Given by name, they would stay with the person. Without a name they are whose the customer is, also when it is
    # taken back. What the former one was shown is shown to the new one in their next morning.
    working = steps.working_time(session, rules, row.to_id, now)
    morning = working.next_morning(local_date(now, working.zone), now)
    for touch in open_touches:
        if touch.who != Doer.OWNER or touch.assignee_id not in (None, row.from_id):
            continue
        shown = {"remind_at": morning} if touch.state == TouchState.REMINDED else {}
        if shown or touch.assignee_id is not None:
            touches.move(session, touch.id or 0, touch.version, assignee_id=None, **shown)
    for one in complaints.of_customer(session, row.customer_id, row.starts_on):
        if one.is_open and one.handler_id is not None and one.handler_id == row.from_id:
            complaints.move(session, one.id, one.version, handler_id=None)
    for promise in promises.open_of_customers(session, [row.customer_id]):
        if promise.keeper_id is not None and promise.keeper_id == row.from_id:
            promises.move(session, promise.id, promise.version, keeper_id=None)
    row.state, row.done_at = HandoverState.DONE, now
    session.add(row)
    session.flush()
    plan_customers(session, rules, [row.customer_id], now)
    _redraw(session, row.customer_id)


def undo(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    pointer: Pointer,
    *,
    within: timedelta | None = UNDO,
    rules: CareRules,
    settings: Settings,
    now: datetime,
    request: InboundKey,
) -> HandoverAct:
    """Take back a handover: one that is planned until its day, one that was done within minutes by who did it.

    Without `within` it is never too late, for who may hand over the customer as it is now. Raises Repeated, Hidden,
    NotAllowed, and Conflict.
    """
    with database.write() as session:
        take_request(session, request, now)
        row = session.get(Handover, pointer.id)
        if row is None:
            raise Hidden(GONE)
        touches.lock(session, [row.customer_id])
        session.refresh(row)
        customer = _required(session, actor, row, pointer)
        was_done = row.state == HandoverState.DONE
        if row.state not in (HandoverState.DONE, HandoverState.PLANNED):
            raise Conflict(N_("This handover was taken back before, or was not done."))
        if was_done:
            _require_in_time(session, actor, row, customer, within, now)
            handovers.give_back(session, customer.id, row.from_id, row.starts_on)
        row.state = HandoverState.TAKEN_BACK
        session.add(row)
        session.flush()
        if was_done:
            plan_customers(session, rules, [customer.id], now)
            _redraw(session, customer.id)
            telling.tell_taken_back(session, row, actor, settings, now)
        actor.record(
            session, AuditAction.HANDOVER_TAKEN_BACK, ObjectKind.CUSTOMER, customer.id, before=audited(row)
        )
        return HandoverAct(message=said(session, row, customer, now, "taken_back"), handover_id=row.id or 0)


def owner_before(row: Handover) -> dict[str, object]:
    """What the audit says of the account manager before."""
    return {"owner": row.from_id}


def audited(row: Handover) -> dict[str, object]:
    """What the audit says of a handover: not its note."""
    return {"handover": row.id, "owner": row.to_id, "day": row.starts_on}


def _recorded(
    session: Session, actor: Actor, source: str, external_id: str, now: datetime
) -> HandoverAct | None:
    """What was recorded under this id before, if the actor did it."""
    row = handovers.by_external_id(session, source, external_id)
    customer = customers.get_row(session, row.customer_id) if row is not None else None
    if row is None or customer is None:
        return None
    if row.recorded_by != (actor.person_id or None):
        raise Hidden(GONE)
    state = HandoverState(row.state)
    act = "repeated" if state == HandoverState.DONE else state.value
    return HandoverAct(message=said(session, row, customer, now, act), handover_id=row.id or 0)


def _own(session: Session, actor: Actor, meant: int | Pointer) -> CustomerRow:
    """The customer, as it is now, if the actor may hand it over. Raises Hidden and NotAllowed."""
    return access.customer_for(session, actor, Act.HAND_OVER, meant)


def _refuse_planned(session: Session, customer: CustomerRow) -> None:
    planned = handovers.planned(session, customer.id)
    if planned is not None:
        raise Conflict(
            N_("It is planned for %(day)s that this customer is handed over. Take that back first."),
            day=planned.starts_on,
        )


def _required(session: Session, actor: Actor, row: Handover, pointer: Pointer) -> CustomerRow:
    """The customer of a handover that is the actor's to take back. Raises Hidden."""
    customer = customers.get_row(session, row.customer_id)
    is_own = row.recorded_by == (actor.person_id or None)
    if customer is None or not (is_own or access.can(actor, Act.HAND_OVER, customer)):
        raise Hidden(GONE)
    if pointer.mark is not None and crc32(customer.code.encode(errors="replace")) != pointer.mark:
        raise Hidden(GONE)
    return customer


def _require_in_time(
    session: Session,
    actor: Actor,
    row: Handover,
    customer: CustomerRow,
    within: timedelta | None,
    now: datetime,
) -> None:
    """Raise unless a handover that was done may still be taken back by this person."""
    if customer.id != row.customer_id:
        raise Conflict(N_("This customer was joined with another one since. It stays as it is."))
    if not handovers.is_present(session, row):
        raise Conflict(N_("This customer has got another account manager since. It stays as it is."))
    if within is None:
        access.require(actor, Act.HAND_OVER, customer)
        return
    if row.recorded_by != (actor.person_id or None):
        raise NotAllowed(N_("Only the person who did this can take it back."))
    if row.done_at is None or now - row.done_at > within:
        raise Conflict(TOO_LATE)


def _redraw(session: Session, customer_id: int) -> None:
    """Have the messages drawn again that show what is open with a customer: its former owner has it no longer."""
    redraws.mark(session, [one.id for one in touches.open_touches(session, [customer_id])])
    open_ones = complaints.of_customer(session, customer_id, date.max)
    redraws.mark_complaints(session, [one.id for one in open_ones if one.is_open])
    redraws.mark_promises(session, [one.id for one in promises.open_of_customers(session, [customer_id])])
