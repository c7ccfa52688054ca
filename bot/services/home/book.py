"""The customers of a Home tab: by tier with their movement, near a boundary, and those asked about last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlmodel import Session

from bot.errors import Hidden
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask import lists
from bot.services.ask.listing.listed import listed
from bot.services.ask.prospects import may_add
from bot.services.ask.questions.query import Direction, Filters, Listing, Risk, Sort
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.ask.home import HomeBook, HomeList, TierMoves
from bot.wording.messages import MyCustomers
from bot.wording.parts import Listed
from db import usage
from db.graded import runs, tier_rows
from db.graded.tier_rows import PastTier, TierRow
from grading.scheme.model import WORDS_FOR_NO_TIER

MOST_NEWS = 5
MOST_ASKED = 6
MOST_LISTED = 3
MOST_COMPARED = lists.MOST_COMPARED
UNRANKED = frozenset(WORDS_FOR_NO_TIER)


def book_of(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, today: date
) -> HomeBook:
    """The customers by tier, and what is new of them. Of more than 2,000 the movement is not counted, as by /tier."""
    mine = lists.my_customers(session, scheme_cache, rules, actor, today)
    book, behind = scheme_cache.tier_names(session), runs.latest_run_ids(session)
    owners = owners_of(session, actor)
    if owners is None or mine.total > MOST_COMPARED:
        return _counted(mine, Counter(), Counter(), may_add(actor))
    rows = tier_rows.tier_rows(session, behind, owners=owners)
    past = tier_rows.past_tiers(session, owners=owners)
    return _counted(mine, *_moves(rows, past, book), may_add(actor))


def _counted(
    mine: MyCustomers, risen: Mapping[str, int], fallen: Mapping[str, int], is_adding: bool
) -> HomeBook:
    return HomeBook(
        scope=mine.scope,
        total=mine.total,
        tiers=tuple(
            TierMoves(tier=tier, customers=count, risen=risen.get(tier.id, 0), fallen=fallen.get(tier.id, 0))
            for tier, count in mine.counts
        ),
        hits=mine.hits[:MOST_NEWS],
        as_of=mine.as_of,
        may_add=is_adding,
    )


def _moves(
    rows: Sequence[TierRow], past: Mapping[int, PastTier], book: TierNames
) -> tuple[Counter[str], Counter[str]]:
    """Tier -> how many came into it from a lower one, and from a higher one; to be new or not rated is neither."""
    risen, fallen = Counter[str](), Counter[str]()
    for row in rows:
        before = past.get(row.customer_id)
        if before is None or before.tier == row.tier or {before.tier, row.tier} & UNRANKED:
            continue
        higher = book.rank(row.tier) < book.rank(before.tier)
        (risen if higher else fallen)[row.tier] += 1
    return risen, fallen


def lists_of(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, today: date
) -> tuple[HomeList, ...]:
    """Who is near a boundary and who is at risk, of the customers of the actor's lists; not for the whole book."""
    owners = owners_of(session, actor)
    if not owners:
        return ()
    found = []
    for kind, filters, sort in (
        ("risk", Filters(risks=(Risk.ANY,)), Sort.VALUE_AT_RISK),
        ("near_up", Filters(near=Direction.UP), Sort.BOUNDARY),
        ("near_down", Filters(near=Direction.DOWN), Sort.BOUNDARY),
    ):
        query = Listing(filters=replace(filters, owners=tuple(sorted(owners))), sort=sort)
        page = listed(session, scheme_cache, rules, actor, query, today)
        if page.rows:
            found.append(
                HomeList(
                    kind=kind,
                    rows=page.rows[:MOST_LISTED],
                    total=page.total,
                    counted_out=page.counted_out,
                    query=page.query,
                )
            )
    return tuple(found)


def owners_of(session: Session, actor: Actor) -> frozenset[int] | None:
    """Whose customers the actor's lists show; None: the whole book."""
    return access.list_scope(session, actor)[1]


def asked_last(session: Session, actor: Actor) -> tuple[Listed, ...]:
    """The customers whose cards the actor looked at last, of those whom they may still see."""
    found: list[Listed] = []
    for customer_id in usage.asked_last(session, actor.person_id):
        if len(found) == MOST_ASKED:
            break
        try:
            customer = access.customer_for(session, actor, Act.SEE, customer_id)
        except Hidden:
            continue
        found.append(Listed(**access.about(customer)))
    return tuple(found)
