"""Planned handovers on their day: done if they may still be, else the person who planned them is told."""

from datetime import date, datetime

from sqlmodel import Session

from bot.errors import BadInput, NotAllowed
from bot.services import access
from bot.services.access import Act
from bot.services.care.handover import acts, telling
from bot.services.care.handover.subject import require_owner
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from db import audit
from db.audit import AuditAction, AuditActor, Door, ObjectKind
from db.book import customers, people
from db.book.by_hand import handovers
from db.book.by_hand.handovers import Handover, HandoverState
from db.book.customers import CustomerRow
from db.care import touches
from db.engine import Database


def begin_due(
    database: Database,
    scheme_cache: SchemeCache,
    rules: CareRules,
    settings: Settings,
    *,
    today: date,
    now: datetime,
) -> int:
    """Do the planned handovers whose day has come, each in a transaction of its own; how many."""
    with database.read() as session:
        found = handovers.due(session, today)
    for number in found:
        with database.write() as session:
            row = session.get_one(Handover, number)
            touches.lock(session, [row.customer_id])
            session.refresh(row)
            if row.state == HandoverState.PLANNED:  # another process may have been faster
                _begin(session, scheme_cache, rules, row, settings, now)
    return len(found)


def _begin(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    row: Handover,
    settings: Settings,
    now: datetime,
) -> None:
    customer = customers.get_row(session, row.customer_id)
    action = AuditAction.CUSTOMER_HANDED_OVER
    if customer is not None and _still_may(session, row, customer, settings, now):
        acts.begin(session, rules, row, now)
        telling.tell_done(session, scheme_cache, rules, row, settings, now)
    else:
        action = AuditAction.HANDOVER_LAPSED
        row.state = HandoverState.LAPSED
        session.add(row)
        telling.tell_lapsed(session, row, settings, now)
    audit.record(
        session,
        actor=AuditActor(),
        action=action,
        object_kind=ObjectKind.CUSTOMER,
        object_id=row.customer_id,
        door=Door.JOB,
        before=acts.owner_before(row),
        after=acts.audited(row),
    )


def _still_may(
    session: Session, row: Handover, customer: CustomerRow, settings: Settings, now: datetime
) -> bool:
    """Whether it is still the customer that was meant, for somebody who may have it, by somebody who may give it."""
    if customer.id != row.customer_id or customer.owner_id != row.from_id:
        return False
    planner = people.row_by_id(session, row.recorded_by, now) if row.recorded_by is not None else None
    receiver = people.row_by_id(session, row.to_id, now)
    try:
        if receiver is None or (planner is None and row.recorded_by is not None):
            return False
        require_owner(receiver, settings)
        return planner is None or access.can(access.actor_of(planner, settings), Act.HAND_OVER, customer)
    except (BadInput, NotAllowed):
        return False
