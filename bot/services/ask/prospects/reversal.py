"""Taking back a prospect that was added a moment ago: it is deleted, unless something was recorded about it since."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from bot.errors import N_, Conflict, Hidden
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask.prospects.adding import LEAD_SOURCE, SOURCE, UNDO, AddedProspect, said
from bot.services.care.answers.taking_back import TOO_LATE
from bot.wording.actions import Pointer
from db import traces
from db.audit import AuditAction, ObjectKind
from db.book import customers
from db.book.by_hand import prospects
from db.book.customers import RecordType
from db.book.facts import Fact
from db.book.imports import table
from db.care import touches
from db.engine import Database
from db.graded import due_regrades
from db.processes import InboundKey, take_request

# What comes with a prospect, or by itself: everything else was recorded about it.
_ITS_OWN = frozenset(
    {
        *("customer", "customer_key", "customer_name", "name_token", "ownership", "asked_customer"),
        *("customer_care", "customer_figures", "touch", "touch_message"),
        *("assessment", "tier_change", "shadow_move"),
    }
)
_fact = table(Fact)


def undo(
    database: Database, actor: Actor, pointer: Pointer, *, now: datetime, request: InboundKey
) -> AddedProspect:
    """Delete a prospect that was added by hand within the last minutes. Raises Repeated, Hidden, NotAllowed, Conflict."""
    with database.write() as session:
        take_request(session, request, now)
        row = access.customer_for(session, actor, Act.ADD_PROSPECT, pointer)
        touches.lock(session, [row.id])
        found = customers.get(session, row.id)
        if found is None or found.joined_into is not None:
            raise Hidden(access.NOT_YOURS)
        if found.record_type != RecordType.PROSPECT or prospects.source_of(session, row.id) != SOURCE:
            raise Conflict(N_("This customer was not added by hand, so it is not taken back here."))
        if now - found.created_at > UNDO:
            raise Conflict(TOO_LATE)
        _refuse_used(session, row.id)
        answer = said(session, row.id, now, "taken_back")
        marked = due_regrades.marked(session).get(row.id)
        due_regrades.unmark(session, {row.id: marked} if marked is not None else {})
        for one in traces.customer_tables():
            session.execute(one.delete().where(traces.about_customers(one, [row.id])))
        actor.record(session, AuditAction.PROSPECT_TAKEN_BACK, ObjectKind.CUSTOMER, row.id)
        return answer


def _refuse_used(session: Session, customer_id: int) -> None:
    """Raise Conflict where something was recorded about a prospect since."""
    for one in traces.customer_tables():
        if one.name in _ITS_OWN:
            continue
        about = traces.about_customers(one, [customer_id])
        counted = select(func.count()).select_from(one).where(about)
        if one is _fact:
            counted = counted.where(_fact.c.field != LEAD_SOURCE)
        if session.execute(counted).scalar_one():
            raise Conflict(N_("Something was recorded about this prospect since. It stays."))
