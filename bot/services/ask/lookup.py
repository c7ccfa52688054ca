"""Answering /tier: from what was typed to a card, a choice, or the nearest names. Only within the asker's book."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from bot.errors import N_, NotFound
from bot.services import access
from bot.services.access import Act, Actor, Scope
from bot.services.ask import breakdown, holds, lists, search
from bot.services.ask.breakdown import Breakdown
from bot.services.care import touches
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache, names, starter, tiers_of
from bot.wording.messages import Choice, Help, Message, NoMatch, Pointer, SharedCard, TierCard, Ungraded
from bot.wording.parts import Since, Who
from db.book import customers
from db.book.customers import Customer, CustomerRow
from db.engine import Database
from db.graded import results, schemes
from db.graded.results import AssessmentRow, RunRow
from grading.scheme.model import Scheme

MOST_HITS = 8
NOT_YOURS = N_("There is no such customer in your book.")
HELP = frozenset({"help", "帮助", "?", "？"})


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A customer's newest assessment, the one before, and the rules behind the newest."""

    assessment: AssessmentRow
    run: RunRow
    scheme: Scheme
    previous: AssessmentRow | None
    previous_run: RunRow | None
    previous_scheme: Scheme | None
    parts: Breakdown


def answer(
    database: Database, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, text: str, today: date
) -> Message:
    """The message for /tier with this text."""
    with database.read() as session:
        return look_up(session, scheme_cache, rules, actor, text, today)


def look_up(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, text: str, today: date
) -> Message:
    """`answer` within a transaction that is open already."""
    query = " ".join(text.split())[:100]
    if query.casefold() in HELP:
        return Help(role=actor.role)
    owners = access.visible_owners(session, actor)
    if not query:
        return lists.my_customers(session, scheme_cache, rules, actor, today)
    found = search.find(session, owners, query)
    if found.sure and len(found.ids) == 1:
        return card(session, scheme_cache, rules, actor, found.ids[0], today)
    book = scheme_cache.book(session)
    if found.sure:
        hits = lists.hits_of(session, book, found.ids[:MOST_HITS])
        return Choice(query=query, hits=hits, more=len(found.ids) - len(hits))
    return NoMatch(query=query, hits=lists.hits_of(session, book, found.ids[:5]))


def one(database: Database, actor: Actor, text: str) -> int:
    """The one customer that is meant by a text. Raises NotFound with the nearest names when it is not clear which."""
    query = " ".join(text.split())[:100]
    with database.read() as session:
        found = search.find(session, access.visible_owners(session, actor), query)
        if found.sure and len(found.ids) == 1:
            return found.ids[0]
        near = [customers.get(session, customer_id) for customer_id in found.ids[:5]]
    labels = [f"{customer.code} {customer.name}" for customer in near if customer is not None]
    if not labels:
        raise NotFound(N_("There is no customer %(query)s."), query=query)
    raise NotFound(
        N_("It is not clear who %(query)s is. Name the code: %(near)s."), query=query, near="; ".join(labels)
    )


def open_card(
    database: Database,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    pointer: Pointer,
    today: date,
) -> TierCard | Ungraded:
    """The card of the customer a button or choice points at."""
    with database.read() as session:
        return card(session, scheme_cache, rules, actor, pointer.id, today)


def card(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, customer_id: int, today: date
) -> TierCard | Ungraded:
    """A customer's card. Raises NotFound when there is none, or it is not for this person."""
    customer = customers.get_row(session, customer_id)
    if customer is None or not access.can(actor, Act.SEE, _scope(customer)):
        raise NotFound(NOT_YOURS)
    who = (
        None
        if customer.owner_name is None
        else Who(name=customer.owner_name, slack_user_id=customer.owner_slack_user_id)
    )
    graded = graded_of(session, scheme_cache, customer_id, customer.record_type)
    if graded is None:
        return Ungraded(
            customer_id=customer_id,
            version=customer.version,
            name=customer.name,
            code=customer.code,
            owner=who,
            preset=_starter(session, customer.record_type, today),
            no_scheme=bool(results.newest(session, customer_id, customer.record_type)),
        )
    row, scheme, book = graded.assessment, graded.scheme, tiers_of(graded.scheme)
    gates = {gate.id: names(gate.name) for gate in scheme.gates}
    return TierCard(
        customer_id=customer_id,
        version=customer.version,
        name=customer.name,
        code=customer.code,
        tier=book.tier(row.tier),
        score=row.score,
        coverage=row.coverage,
        provisional=row.score is not None and row.coverage < scheme.min_coverage - 1e-9,
        certain=row.certain,
        low=row.low,
        high=row.high,
        held=row.held,
        capped_by=gates.get(row.capped_by or ""),
        by_hand=holds.by_hand(session, row, graded.run.purpose, book),
        pending=holds.pending(row, graded.run, scheme, book),
        tier_since=row.tier_since,
        up=graded.parts.up,
        down=graded.parts.down,
        before=_since(graded),
        scheme=names(scheme.name) if graded.run.beside else None,
        as_of=graded.run.as_of,
        orders_through=graded.run.orders_through,
        next_step=touches.next_step(session, rules, customer_id, today),
        owner=who,
    )


def _starter(session: Session, purpose: str, today: date) -> str | None:
    """The preset to begin with, where no scheme is in force for a purpose."""
    return None if schemes.in_force(session, purpose, today) else starter(purpose)


def graded(database: Database, scheme_cache: SchemeCache, actor: Actor, customer_id: int) -> Graded:
    """What `graded_of` returns. Raises NotFound before the first assessment, or for a customer that is not the actor's."""
    with database.read() as session:
        customer = customer_for(session, actor, Act.SEE, customer_id)
        found = graded_of(session, scheme_cache, customer_id, customer.record_type)
    if found is None:
        raise NotFound(N_("This customer has not been graded yet."))
    return found


def share(database: Database, scheme_cache: SchemeCache, actor: Actor, pointer: Pointer) -> SharedCard:
    """What may be shown to a whole channel: the tier, and dimensions without figures."""
    with database.read() as session:
        customer = customer_for(session, actor, Act.SHARE, pointer.id)
        graded = graded_of(session, scheme_cache, pointer.id, customer.record_type)
        if graded is None:
            raise NotFound(N_("This customer has not been graded yet."))
        before = _since(graded)
        rated = [part for part in graded.parts.dimensions if part.score is not None]
        ranked = sorted(rated, key=lambda part: -(part.score or 0))
        return SharedCard(
            name=customer.name,
            tier=tiers_of(graded.scheme).tier(graded.assessment.tier),
            before=Since(tier=before.tier, score=None, as_of=before.as_of) if before else None,
            strong=tuple(part.names for part in ranked if (part.score or 0) >= 60)[:3],
            weak=tuple(part.names for part in reversed(ranked) if (part.score or 0) < 40)[:3],
            as_of=graded.run.as_of,
            shared_by=Who(name=actor.name, slack_user_id=actor.slack_user_id),
        )


def visit_form(database: Database, actor: Actor, pointer: Pointer) -> Customer:
    """The customer a contact is about to be logged for."""
    with database.read() as session:
        return customer_for(session, actor, Act.LOG_CONTACT, pointer.id)


def customer_for(session: Session, actor: Actor, act: Act, customer_id: int) -> Customer:
    """The customer, for somebody who may do that to it. Raises NotFound otherwise, as for one that does not exist."""
    customer = customers.get(session, customer_id)
    if customer is None or not access.can(actor, act, access.scope_of(session, customer_id)):
        raise NotFound(NOT_YOURS)
    return customer


def graded_of(
    session: Session, scheme_cache: SchemeCache, customer_id: int, record_type: str, since: date | None = None
) -> Graded | None:
    """The newest assessment, and the one of an earlier day before it: with `since`, the one that stood on that day.

    None before the first, and where no scheme applies to the customer.
    """
    rows = results.newest(session, customer_id, record_type)
    if not rows or rows[0][0].scheme_version_id is None:
        return None
    assessment, run = rows[0]
    previous, previous_run = rows[1] if len(rows) > 1 else (None, None)
    if since is not None:
        past = results.history(session, customer_id, record_type)
        stood = [one for one in past if one[1].as_of <= since and one[1].as_of < run.as_of]
        previous, previous_run = stood[-1] if stood else (None, None)
    old = previous.scheme_version_id if previous else None
    if old is None:
        previous, previous_run = None, None
    scheme = scheme_cache.scheme(session, rows[0][0].scheme_version_id)
    return Graded(
        assessment=assessment,
        run=run,
        scheme=scheme,
        previous=previous,
        previous_run=previous_run,
        previous_scheme=None if old is None else scheme_cache.scheme(session, old),
        parts=breakdown.unpacked({customer_id: assessment.inputs}, run.as_of, scheme)[customer_id],
    )


def _scope(customer: CustomerRow) -> Scope:
    return Scope(owner_id=customer.owner_id, owner_team_id=customer.owner_team_id)


def _since(graded: Graded) -> Since | None:
    if graded.previous is None or graded.previous_run is None or graded.previous_scheme is None:
        return None
    return Since(
        tier=tiers_of(graded.previous_scheme).tier(graded.previous.tier),
        score=graded.previous.score,
        as_of=graded.previous_run.as_of,
    )
