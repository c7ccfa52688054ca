"""Answering /tier: from what was typed to a card, a choice, or the nearest names. Only within the asker's customers.

Only a whole code or name of one customer is certain; everything else is a choice, and nothing is opened or changed by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session

from bot.errors import N_, NotFound
from bot.services import access
from bot.services.access import NOT_YOURS, Act, Actor, can
from bot.services.ask import lists
from bot.services.ask.boundaries import assessed, boundaries, coming
from bot.services.ask.graded import graded_of, is_provisional
from bot.services.care.complaints.rows import open_complaints
from bot.services.care.promises.views import open_promises
from bot.services.care.schedule import CareRules
from bot.services.care.surveys.views import last_scores
from bot.services.name_keys import fold, fold_code, spellings, tokens_of_key
from bot.services.schemes.cadence import next_gradings
from bot.services.schemes.ladder import ladders
from bot.services.schemes.store import SchemeCache, starter, tiers_of
from bot.services.traits.card import on_card
from bot.wording.actions import Pointer
from bot.wording.ask.notes import MentionedContact
from bot.wording.message_base import Message
from bot.wording.messages import Choice, Help, NoMatch, TierCard, Ungraded
from bot.wording.parts import Who
from bot.wording.profiles import CardTrait
from db.book import customers, near_names, traits
from db.book.customers import NameHit, NameKind, Owners
from db.care import touches
from db.engine import Database
from db.graded import assessments, schemes
from db.graded.runs import Purpose

MOST_HITS, MOST_NEAR = 8, 5
HELP = frozenset({"help", "帮助", "?", "？"})
TODO = frozenset({"todo", "待办"})
CALENDAR = frozenset({"calendar", "日历"})
NEW_PROSPECT = ("add prospect", "new prospect", "添加潜在客户", "新增潜在客户")  # a name may follow
_QUOTES = ('""', "“”", "''", "‘’", "「」")  # around a name that is also one of these words
_TO_CHANGE = frozenset({NameKind.CODE, NameKind.NAME})


class Match(StrEnum):
    """How a text matches the customers that it finds."""

    EXACT = "exact"  # it is their code, name, another name or full pinyin
    PART = "part"  # it is a part of their names
    NEAR = "near"  # it is only similar to their names or codes


@dataclass(frozen=True, kw_only=True)
class Found:
    """Customers that a text may mean, best first."""

    ids: list[int]
    match: Match

    @property
    def only(self) -> int | None:
        """The one customer that the text certainly means."""
        return self.ids[0] if self.match is Match.EXACT and len(self.ids) == 1 else None


def certain(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, text: str, today: date
) -> Message | None:
    """The message for help, for no text, and for a whole code or name of customers; None for any other text."""
    query = _normal(text)
    if query.casefold() in HELP:
        return Help(
            role=actor.role,
            sees_teams=bool(actor.seen_teams),
            is_deputy=bool(actor.absent),
            ladders=ladders(session, scheme_cache, today),
        )
    query = _unquoted(query)
    if not query:
        return lists.my_customers(session, scheme_cache, rules, actor, today)
    found = exactly(session, actor, query)
    return None if found is None else _shown(session, scheme_cache, rules, actor, query, found, today)


def answer(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, text: str, today: date
) -> Message:
    """The message for a text that names a customer: a card, a choice, or the nearest names."""
    known = certain(session, scheme_cache, rules, actor, text, today)
    if known is not None:
        return known
    query = _unquoted(_normal(text))
    found = find_for(session, actor, query)
    return _shown(session, scheme_cache, rules, actor, query, found, today)


def _shown(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    query: str,
    found: Found,
    today: date,
) -> Message:
    if found.only is not None:
        return card(session, scheme_cache, rules, actor, found.only, today)
    book = scheme_cache.tier_names(session)
    hits = lists.hits_of(session, book, found.ids[:MOST_HITS])
    if found.match is Match.NEAR:
        return NoMatch(query=query, hits=hits)
    return Choice(query=query, hits=hits, more=len(found.ids) - len(hits))


def asks_for(text: str) -> frozenset[str] | None:
    """`TODO` or `CALENDAR` when /tier with this text asks for the asker's own, and not for a customer."""
    word = _normal(text).casefold()
    return TODO if word in TODO else CALENDAR if word in CALENDAR else None


def new_prospect(text: str) -> str | None:
    """The name of the prospect that /tier with this text asks to add, perhaps empty; None for any other text."""
    query = _normal(text)
    asked = next((one for one in NEW_PROSPECT if query.casefold().startswith(one)), None)
    if asked is None or (asked.isascii() and query[len(asked) : len(asked) + 1] not in ("", " ", ":")):
        return None
    return query[len(asked) :].strip(" :：")


def find_for(session: Session, actor: Actor, query: str) -> Found:
    """The customers that an actor may mean: of the owners whom they see, and those of whom a step was given to them."""
    found = find(session, access.visible_owners(session, actor), query)
    if not (actor.given or actor.absent):
        return found
    names, keys = _given_names(session, actor), _keys(query)
    own = found.ids if found.match is Match.EXACT else []
    if exact := _ids(_equal(names, query)):
        return Found(ids=list(dict.fromkeys((*exact, *own))), match=Match.EXACT)
    part = _ids([hit for hit in names if any(key in hit.key for key in keys)])
    if own or not part:
        return found
    also = found.ids if found.match is Match.PART else []
    return Found(ids=list(dict.fromkeys((*part, *also))), match=Match.PART)


def exactly(session: Session, actor: Actor, query: str) -> Found | None:
    """The customers of whom a text is a whole code or name, among those that an actor may see; None when there are none."""
    exact, ids = _with_name(session, access.visible_owners(session, actor), query)
    found = ids if exact else []
    if actor.given or actor.absent:
        found = list(dict.fromkeys((*_ids(_equal(_given_names(session, actor), query)), *found)))
    return Found(ids=found, match=Match.EXACT) if found else None


def is_within(session: Session, actor: Actor, text: str) -> bool:
    """Whether the words of a text are in the name of a customer whom an actor may see."""
    owners = access.visible_owners(session, actor)
    if any(_with_all_words(session, owners, key) for key in _keys(_normal(text))):
        return True
    names = _given_names(session, actor) if actor.given or actor.absent else []
    return any(key in hit.key for hit in names for key in _keys(_normal(text)))


def labels(session: Session, ids: Sequence[int]) -> list[str]:
    """What means each of some customers and no other: its code, or its source and code where others have that too."""
    near = customers.get_many(session, ids)
    codes = [customer.code for customer in near.values()]
    shared = [customer_id for customer_id, customer in near.items() if codes.count(customer.code) > 1]
    sources = customers.sources_of(session, shared)
    return [sources.get(one, near[one].code) for one in ids if one in near]


def _given_names(session: Session, actor: Actor) -> list[NameHit]:
    """The names of the few customers of whom a step was given to the actor; initials, which many share, are none."""
    found = near_names.names_of(session, access.given_customers(actor))
    return [hit for hit in found if hit.kind != NameKind.INITIALS]


def _equal(names: list[NameHit], query: str) -> list[NameHit]:
    """Those of the names that a text equals."""
    keys = _keys(query)
    wanted = {*keys, *(key.replace(" ", "") for key in keys)}
    return [hit for hit in names if hit.key in wanted and _is_exact(hit, query, keys)]


def find(session: Session, owners: Owners, query: str) -> Found:
    """Customers by code, name, other names and pinyin; then by their beginning; then by words; then by similarity."""
    exact, ids = _with_name(session, owners, query)
    if ids:
        return Found(ids=ids, match=Match.EXACT if exact else Match.PART)
    # One after the other, because a common word takes a thousand times as long as a name that is exactly right.
    for key in _keys(query):
        ids = customers.with_prefix(session, key, owners) or _with_all_words(session, owners, key)
        if ids:
            return Found(ids=ids, match=Match.PART)
    return Found(ids=_near(session, owners, fold(query)), match=Match.NEAR)


def one(database: Database, actor: Actor, text: str) -> int:
    """The one customer that a text certainly means. Raises NotFound with those that it may mean."""
    query = _normal(text)
    with database.read() as session:
        found = find_for(session, actor, query)
        if found.only is None:
            raise _unclear(session, query, found.ids)
        return found.only


def one_to_change(database: Database, actor: Actor, text: str) -> int:
    """The one customer with this code or name. Raises NotFound with those that the text may mean.

    For what changes something: other names and pinyin, which may be those of another customer too, will not do.
    """
    query = _normal(text)
    with database.read() as session:
        exact, ids = _with_name(session, access.visible_owners(session, actor), query)
        given = _equal(_given_names(session, actor), query)
        ids = _ids([*given, *exact]) if given else ids
        if len(ids) != 1 or not any(hit.kind in _TO_CHANGE for hit in (*given, *exact)):
            raise _unclear(session, query, ids or find_for(session, actor, query).ids)
        return ids[0]


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
            may_log=can(actor, Act.LOG_CONTACT, customer),
            may_complain=can(actor, Act.HANDLE_COMPLAINT, customer),
            may_propose=False,
            may_propose_credit=False,
            may_hand_over=can(actor, Act.HAND_OVER, customer),
            complaints=open_complaints(session, customer.id, today),
            scores=last_scores(session, rules.surveys, customer.id),
            promises=open_promises(session, customer.id, today),
            profile=_profile(session, rules, customer.id),
            last_contact=_last_contact(session, customer.id),
        )
    row, run, scheme = graded.assessment, graded.run, graded.scheme
    book, days = tiers_of(scheme), coming(session, scheme_cache, graded, today)
    up, down = graded.breakdown.up_and_down
    step = touches.first_step(session, customer.id)
    may_unmask = can(actor, Act.UNMASK, customer)
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
        next_step=step and rules.plans.next_step(*step, today),
        owner=owner,
        may_share=can(actor, Act.SHARE, customer),
        may_unmask=may_unmask,
        may_log=can(actor, Act.LOG_CONTACT, customer),
        may_complain=can(actor, Act.HANDLE_COMPLAINT, customer),
        may_propose=scheme.override is not None
        and scheme.override.allowed
        and can(actor, Act.PROPOSE, customer),
        may_propose_credit=may_unmask and assessments.is_assessed(session, customer.id, Purpose.CREDIT),
        may_hand_over=can(actor, Act.HAND_OVER, customer),
        complaints=open_complaints(session, customer.id, today),
        service=book.promise(row.tier),
        scores=last_scores(session, rules.surveys, customer.id),
        promises=open_promises(session, customer.id, today),
        profile=_profile(session, rules, customer.id),
        last_contact=_last_contact(session, customer.id),
    )


def _last_contact(session: Session, customer_id: int) -> MentionedContact | None:
    """What the card says of the last contact; None before the first one."""
    found = touches.last_contact(session, customer_id)
    if found is None:
        return None
    who = Who(name=found.name, slack_user_id=found.slack_user_id) if found.name is not None else None
    return MentionedContact(kind=found.kind, day=found.happened_on, who=who, said=found.note)


def _profile(session: Session, rules: CareRules, customer_id: int) -> tuple[CardTrait, ...]:
    """What the card says of the customer profile. The fields are read only where something is known."""
    known = traits.values_of(session, customer_id)
    return on_card(rules.traits, known) if known else ()


def _normal(text: str) -> str:
    return " ".join(text.split())[:100]


def _unquoted(query: str) -> str:
    """A text without the quotation marks around it."""
    is_quoted = len(query) > 2 and any((query[0], query[-1]) == tuple(pair) for pair in _QUOTES)
    return query[1:-1].strip() if is_quoted else query


def _with_name(session: Session, owners: Owners, query: str) -> tuple[list[NameHit], list[int]]:
    """(the names that the text equals, every customer that may be meant by it). A code comes before names."""
    keys = _keys(query)
    hits = customers.with_keys(session, [*keys, *(key.replace(" ", "") for key in keys)], owners)
    exact = [hit for hit in hits if _is_exact(hit, query, keys)]
    source, colon, code = query.partition(":")
    if colon:
        exact = [*customers.with_external_id(session, source.strip(), code.strip(), owners), *exact]
    codes = [hit for hit in exact if hit.kind == NameKind.CODE]
    if codes:
        return codes, _ids(codes)
    return exact, _ids([*exact, *hits])


def _is_exact(hit: NameHit, query: str, keys: list[str]) -> bool:
    """Not so where only punctuation in a code, or a space in a name, is another one: that may be another customer."""
    if hit.kind == NameKind.CODE:
        return fold_code(hit.name) == fold_code(query)
    return hit.key in keys or hit.kind == NameKind.PINYIN


def _ids(hits: list[NameHit]) -> list[int]:
    return list(dict.fromkeys(hit.customer_id for hit in hits))[: customers.MOST]


def _keys(query: str) -> list[str]:
    return [key for key in spellings(query) if key]


def _with_all_words(session: Session, owners: Owners, key: str) -> list[int]:
    words = tokens_of_key(key)
    if not words:
        return []
    found = customers.with_tokens(session, words, owners)
    return [customer for customer, hits in found if hits == len(words)]


def _near(session: Session, owners: Owners, key: str) -> list[int]:
    from bot.services.ask import near

    found = near.near_codes(session, owners, key) or near.near_customers(session, owners, key)
    return found[:MOST_NEAR]


def _unclear(session: Session, query: str, ids: list[int]) -> NotFound:
    """The error that names the customers which a text may mean, each by what means only that one."""
    near = customers.get_many(session, ids[:MOST_NEAR])
    if not near:
        return NotFound(N_("There is no customer %(query)s."), query=query)
    codes = [customer.code for customer in near.values()]
    shared = [customer_id for customer_id, customer in near.items() if codes.count(customer.code) > 1]
    sources = customers.sources_of(session, shared)
    labels = [
        f"{sources.get(customer_id, near[customer_id].code)} {near[customer_id].name}"
        for customer_id in ids
        if customer_id in near
    ]
    return NotFound(
        N_("It is not clear who %(query)s is. Name the code: %(near)s."), query=query, near="; ".join(labels)
    )
