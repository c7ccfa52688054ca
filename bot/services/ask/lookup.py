"""Answering /tier: from what was typed to a card, a choice, or the nearest names. Only within the asker's customers."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from bot.errors import N_, NotFound
from bot.services import access
from bot.services.access import NOT_YOURS, Act, Actor
from bot.services.ask import lists
from bot.services.ask.boundaries import assessed, boundaries, coming
from bot.services.ask.graded import graded_of, is_provisional
from bot.services.care.schedule import CareRules
from bot.services.name_keys import fold, spellings, tokens_of_key
from bot.services.schemes.cadence import next_gradings
from bot.services.schemes.ladder import ladders
from bot.services.schemes.store import SchemeCache, starter, tiers_of
from bot.wording.messages import Choice, Help, Message, NoMatch, TierCard, Ungraded
from bot.wording.parts import Who
from db.book import customers
from db.book.customers import Owners
from db.care import touches
from db.engine import Database
from db.graded import assessments, schemes

MOST_HITS, MOST_NEAR = 8, 5
HELP = frozenset({"help", "帮助", "?", "？"})


@dataclass(frozen=True, kw_only=True)
class Found:
    """Customers that fit a query, best first; not `sure` when their names are only similar."""

    ids: list[int]
    sure: bool

    @property
    def only(self) -> int | None:
        """The one customer that was meant."""
        return self.ids[0] if self.sure and len(self.ids) == 1 else None


def answer(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, text: str, today: date
) -> Message:
    """The message for /tier with this text."""
    query = _normal(text)
    if query.casefold() in HELP:
        return Help(role=actor.role, ladders=ladders(session, scheme_cache, today))
    if not query:
        return lists.my_customers(session, scheme_cache, rules, actor, today)
    found = find(session, access.visible_owners(session, actor), query)
    if found.only is not None:
        return card(session, scheme_cache, rules, actor, found.only, today)
    book = scheme_cache.tier_names(session)
    hits = lists.hits_of(session, book, found.ids[: MOST_HITS if found.sure else MOST_NEAR])
    if found.sure:
        return Choice(query=query, hits=hits, more=len(found.ids) - len(hits))
    return NoMatch(query=query, hits=hits)


def one(database: Database, actor: Actor, text: str) -> int:
    """The one customer that a text means. Raises NotFound with the nearest names when it is not clear which."""
    query = _normal(text)
    with database.read() as session:
        found = find(session, access.visible_owners(session, actor), query)
        if found.only is not None:
            return found.only
        near = customers.get_many(session, found.ids[:MOST_NEAR])
        labels = [
            f"{near[customer_id].code} {near[customer_id].name}"
            for customer_id in found.ids
            if customer_id in near
        ]
    if not labels:
        raise NotFound(N_("There is no customer %(query)s."), query=query)
    raise NotFound(
        N_("It is not clear who %(query)s is. Name the code: %(near)s."), query=query, near="; ".join(labels)
    )


def find(session: Session, owners: Owners, query: str) -> Found:
    """Customers by code, name, other names and pinyin; then by their beginning; then by words; then by similarity."""
    for key in filter(None, spellings(query)):
        compact = key.replace(" ", "")
        # One after the other, because a common word takes a thousand times as long as a name that is exactly right.
        ids = (
            customers.with_key(session, key, owners)
            or (compact != key and customers.with_key(session, compact, owners))
            or customers.with_prefix(session, key, owners)
            or _with_all_words(session, owners, key)
        )
        if ids:
            return Found(ids=ids, sure=True)
    return _near(session, owners, fold(query))


def card(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    customer_id: int,
    today: date,
    refusal: str = NOT_YOURS,
) -> TierCard | Ungraded:
    """A customer's card. Raises NotFound with the refusal when there is none, or it is not for this person."""
    customer = access.customer_for(session, actor, Act.SEE, customer_id, refusal)
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


def _normal(text: str) -> str:
    return " ".join(text.split())[:100]


def _with_all_words(session: Session, owners: Owners, key: str) -> list[int]:
    words = tokens_of_key(key)
    if not words:
        return []
    return [
        customer for customer, hits in customers.with_tokens(session, words, owners) if hits == len(words)
    ]


def _near(session: Session, owners: Owners, key: str) -> Found:
    from bot.services.ask import near

    codes = near.near_codes(session, owners, key)
    if codes:  # never taken as meant: a wrong code is another customer's
        return Found(ids=codes[:MOST_NEAR], sure=False)
    ids, sure = near.near_customers(session, owners, key)
    return Found(ids=ids[:1] if sure else ids[:MOST_NEAR], sure=sure)
