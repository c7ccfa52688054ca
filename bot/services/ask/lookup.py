"""Answering /tier: from what was typed to a card, a choice, or the nearest names. Only within the asker's customers."""

from datetime import date

from sqlmodel import Session

from bot.services import access
from bot.services.access import NOT_YOURS, Act, Actor
from bot.services.ask import lists
from bot.services.ask.boundaries import assessed, boundaries, coming
from bot.services.ask.graded import graded_of, is_provisional
from bot.services.ask.names import Match, find, normal
from bot.services.care.schedule import CareRules
from bot.services.schemes.cadence import next_gradings
from bot.services.schemes.ladder import ladders
from bot.services.schemes.store import SchemeCache, starter, tiers_of
from bot.wording.actions import Pointer
from bot.wording.messages import Choice, Help, Message, NoMatch, TierCard, Ungraded
from bot.wording.parts import Who
from db.care import touches
from db.graded import assessments, schemes

MOST_HITS = 8
HELP = frozenset({"help", "帮助", "?", "？"})


def answer(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, text: str, today: date
) -> Message:
    """The message for /tier with this text."""
    query = normal(text)
    if query.casefold() in HELP:
        return Help(role=actor.role, ladders=ladders(session, scheme_cache, today))
    if not query:
        return lists.my_customers(session, scheme_cache, rules, actor, today)
    found = find(session, access.visible_owners(session, actor), query)
    if found.only is not None:
        return card(session, scheme_cache, rules, actor, found.only, today)
    book = scheme_cache.tier_names(session)
    hits = lists.hits_of(session, book, found.ids[:MOST_HITS])
    if found.match is Match.NEAR:
        return NoMatch(query=query, hits=hits)
    return Choice(query=query, hits=hits, more=len(found.ids) - len(hits))


def card(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    meant: int | Pointer,
    today: date,
    refusal: str = NOT_YOURS,
) -> TierCard | Ungraded:
    """A customer's card. Raises NotFound with the refusal when there is none, or it is not for this person."""
    customer = access.customer_for(session, actor, Act.SEE, meant, refusal)
    owner = (
        None
        if customer.owner_name is None
        else Who(name=customer.owner_name, slack_user_id=customer.owner_slack_user_id)
    )
    graded = graded_of(session, scheme_cache, customer)
    if graded is None:
        purpose = customer.record_type
        return Ungraded(
            **access.about(customer),
            owner=owner,
            preset=None if schemes.in_force(session, purpose, today) else starter(purpose),
            no_scheme=bool(assessments.newest(session, customer.id, purpose)),
        )
    row, run, scheme = graded.assessment, graded.run, graded.scheme
    book, days = tiers_of(scheme), coming(session, scheme_cache, graded, today)
    up, down = graded.breakdown.up_and_down
    step = touches.first_step(session, customer.id)
    return TierCard(
        **access.about(customer),
        **assessed(session, graded, book, days),
        **boundaries(graded, book, days),
        next_grading=next(iter(days or next_gradings(session, scheme_cache, run.purpose, today)), None),
        provisional=row.score is not None and is_provisional(graded),
        certain=row.certain,
        capped_by=next((gate.name for gate in scheme.gates if gate.id == row.capped_by), None),
        tier_since=row.tier_since,
        up=up,
        down=down,
        before=graded.previous.since if graded.previous else None,
        scheme=scheme.name if run.beside else None,
        orders_through=run.orders_through,
        next_step=step and rules.plan.next_step(*step, today),
        owner=owner,
    )
