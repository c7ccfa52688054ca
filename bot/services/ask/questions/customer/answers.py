"""What is asked of one customer besides its card: why, history, care, credit.

Each begins with what checks the rights of the actor: `history`, `explain`, `show`.
"""

from datetime import date, datetime

from sqlmodel import Session

from bot.errors import Hidden
from bot.services import access
from bot.services.access import NOT_YOURS, Act, Actor
from bot.services.ask import explanation, history
from bot.services.ask.brief.known import complaint_rows
from bot.services.ask.listing.selection import CONTACT_KINDS
from bot.services.ask.questions.query import Aspect, Silence
from bot.services.care.schedule import CareRules
from bot.services.care.views.explanation import explain
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.answers.questions import (
    MOST_ENTRIES,
    MOST_STEPS,
    CareOwed,
    CustomerCredit,
    CustomerHistory,
    HistoryEntryPart,
    OwedStepPart,
)
from bot.wording.ask.records import CustomerComplaints, LastContacts, LastOfKind
from bot.wording.message_base import Message
from db.book import customers
from db.book.customers import CustomerRow
from db.engine import Database
from db.listed import said


def outside_of_session(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    customer_id: int,
    aspect: Aspect,
    today: date,
    since: date | None = None,
) -> Message:
    """Why, history and credit, which open sessions of their own."""
    match aspect:
        case Aspect.WHY:
            return explanation.why(database, scheme_cache, actor, Pointer(id=customer_id), today).message
        case Aspect.HISTORY:
            return past(database, scheme_cache, actor, customer_id, since)
        case _:
            return credit_of(database, scheme_cache, actor, customer_id, today)


def past(
    database: Database, scheme_cache: SchemeCache, actor: Actor, customer_id: int, since: date | None = None
) -> CustomerHistory:
    """The newest tiers and scores of a customer, all or since a day."""
    entries = history.history(database, scheme_cache, actor, customer_id)
    entries = [entry for entry in entries if since is None or entry.as_of >= since]
    with database.read() as session:
        customer = _row(session, customer_id)
        book = scheme_cache.tier_names(session)
    newest = entries[: -MOST_ENTRIES - 1 : -1]
    return CustomerHistory(
        **access.about(customer),
        entries=tuple(
            HistoryEntryPart(
                as_of=entry.as_of,
                tier=book.tier(entry.tier),
                score=entry.score,
                change=entry.change,
                held=entry.held,
                capped=entry.capped_by is not None,
                by_hand=entry.overridden,
            )
            for entry in newest
        ),
        more=len(entries) - len(newest),
        since=since,
    )


def care(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    customer_id: int,
    now: datetime,
) -> CareOwed:
    """What care a customer is owed, what is due first on top."""
    found = explain(session, actor, rules, customer_id, now)
    customer = _row(session, customer_id)
    steps = sorted(found.owed, key=lambda one: (one.due_on is None, one.due_on or date.max))
    return CareOwed(
        **access.about(customer),
        tier=scheme_cache.tier_names(session).tier(found.tier),
        has_plan=found.plan is not None,
        is_blocked=found.blocked,
        steps=tuple(
            OwedStepPart(
                names=one.step.name,
                due_on=one.due_on,
                latest_on=one.latest_on,
                counted_from=one.clock.day if one.clock else None,
                overdue=one.latest_on is not None and one.latest_on < found.today,
            )
            for one in steps[:MOST_STEPS]
        ),
        more=max(len(steps) - MOST_STEPS, 0),
    )


def contacts(session: Session, actor: Actor, customer_id: int, today: date) -> LastContacts:
    """When a customer was last visited, called …, and when it ordered, the newest first."""
    customer = access.customer_for(session, actor, Act.SEE, customer_id, NOT_YOURS)
    days = {
        kind: day
        for kind in CONTACT_KINDS[Silence.CONTACT]
        for day in said.last_contacts(session, (kind,), today, [customer.id]).values()
    }
    if last_order := said.last_orders(session, today, [customer.id]):
        days["order"] = last_order[customer.id]
    rows = [LastOfKind(kind=kind, day=day, days=(today - day).days) for kind, day in days.items()]
    return LastContacts(**access.about(customer), rows=tuple(sorted(rows, key=lambda one: one.days)))


def complaints(
    session: Session, rules: CareRules, actor: Actor, customer_id: int, today: date
) -> CustomerComplaints:
    """The complaints of a customer: open ones, and those closed within twelve months."""
    customer = access.customer_for(session, actor, Act.SEE, customer_id, NOT_YOURS)
    found = complaint_rows(session, rules.complaints, customer.id, today)
    return CustomerComplaints(**access.about(customer), **found)


def credit_of(
    database: Database, scheme_cache: SchemeCache, actor: Actor, customer_id: int, today: date
) -> CustomerCredit:
    """The credit grade of a customer, what is owed, and what was approved; its limits stay masked."""
    from bot.services.reports import credit

    found = credit.masked(credit.show(database, scheme_cache, actor, customer_id, today=today))
    with database.read() as session:
        customer = _row(session, customer_id)
        book = scheme_cache.tier_names(session)
    approved = next(iter(found.approved), None)
    return CustomerCredit(
        **access.about(customer),
        grade=book.tier(found.grade),
        score=found.score,
        assessed_on=found.assessed_on,
        valid_until=found.valid_until,
        valid=found.valid,
        terms_days=found.terms_days,
        approved_terms=approved.terms_days if approved else None,
        approved_on=approved.approved_on if approved else None,
        currency=found.currency,
        exposure=float(found.exposure),
        overdue=float(found.overdue),
    )


def _row(session: Session, customer_id: int) -> CustomerRow:
    """The customer of whom the actor was told something. Raises Hidden when it was erased in between."""
    customer = customers.get_row(session, customer_id)
    if customer is None:
        raise Hidden(NOT_YOURS)
    return customer
