"""The customers of a Home tab: by tier with their movement, near a boundary, and those asked about last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session

from bot.errors import Hidden
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask import lists
from bot.services.ask.boundaries import boundaries, coming
from bot.services.ask.graded import graded_of
from bot.services.care.schedule import CareRules
from bot.services.schemes.ladder import ladder
from bot.services.schemes.store import SchemeCache, TierNames, tiers_of
from bot.wording.home import HomeBook, HomeNear, NearBoundary, TierMoves
from bot.wording.messages import MyCustomers
from bot.wording.parts import BoundaryPart, LadderPart, Listed
from db import asked
from db.graded import runs, tier_rows
from db.graded.tier_rows import PastTier, TierRow

MOST_NEWS = 5
MOST_ASKED = 6
NEAR = 3.0  # points
MOST_NEAR = 5
MOST_CHECKED = 10  # customers whose exact boundaries are computed
MOST_COMPARED = lists.MOST_COMPARED


def book_of(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, today: date
) -> tuple[HomeBook, HomeNear]:
    """The customers by tier, and those near a boundary. Of more than 2,000 only the numbers are said, as by /tier."""
    mine = lists.my_customers(session, scheme_cache, rules, actor, today)
    book, behind = scheme_cache.tier_names(session), runs.latest_run_ids(session)
    _, owners = access.list_scope(session, actor)
    if owners is None or mine.total > MOST_COMPARED:
        return _counted(mine, Counter(), Counter()), HomeNear(points=NEAR, hits=())
    rows = tier_rows.tier_rows(session, behind, owners=owners)
    past = tier_rows.past_tiers(session, owners=owners)
    near = _near(session, scheme_cache, actor, rows, today)
    return _counted(mine, *_moves(rows, past, book)), near


def _counted(mine: MyCustomers, risen: Mapping[str, int], fallen: Mapping[str, int]) -> HomeBook:
    return HomeBook(
        scope=mine.scope,
        total=mine.total,
        tiers=tuple(
            TierMoves(tier=tier, customers=count, risen=risen.get(tier.id, 0), fallen=fallen.get(tier.id, 0))
            for tier, count in mine.counts
        ),
        hits=mine.hits[:MOST_NEWS],
        as_of=mine.as_of,
    )


def _moves(
    rows: Sequence[TierRow], past: Mapping[int, PastTier], book: TierNames
) -> tuple[Counter[str], Counter[str]]:
    """Tier -> how many came into it from a lower one, and from a higher one."""
    risen, fallen = Counter[str](), Counter[str]()
    for row in rows:
        before = past.get(row.customer_id)
        if before is None or before.tier == row.tier:
            continue
        higher = book.rank(row.tier) < book.rank(before.tier)
        (risen if higher else fallen)[row.tier] += 1
    return risen, fallen


def _near(
    session: Session, scheme_cache: SchemeCache, actor: Actor, rows: Sequence[TierRow], today: date
) -> HomeNear:
    """Who is near a boundary: first by the stored scores, then exactly, as the card says it."""
    ladders: dict[int, LadderPart] = {}
    found: list[tuple[float, int]] = []
    for row in rows:
        if row.score is None or row.scheme_version_id is None or row.capped_by is not None:
            continue
        if row.scheme_version_id not in ladders:
            ladders[row.scheme_version_id] = ladder(scheme_cache.scheme(session, row.scheme_version_id))
        apart = _apart(ladders[row.scheme_version_id], row.tier, row.score)
        if apart is not None and apart <= NEAR:
            found.append((apart, row.customer_id))
    found.sort()
    hits: list[NearBoundary] = []
    for _, customer_id in found[:MOST_CHECKED]:
        if len(hits) < MOST_NEAR and (hit := _exactly(session, scheme_cache, actor, customer_id, today)):
            hits.append(hit)
    hits.sort(key=lambda hit: (hit.points, hit.code))
    return HomeNear(points=NEAR, hits=tuple(hits), more=max(0, len(found) - MOST_CHECKED))


def _apart(of: LadderPart, tier: str, score: float) -> float | None:
    """How far a score is from the nearest one at which the tier moves; None of a tier that is on no rung."""
    places = [place for place, rung in enumerate(of.rungs) if rung.tier.id == tier]
    if not places:
        return None
    here, above = of.rungs[places[0]], of.rungs[: places[0]]
    limits = [here.falls_below, above[-1].rises_at if above else None]
    return min((abs(score - limit) for limit in limits if limit is not None), default=None)


def _exactly(
    session: Session, scheme_cache: SchemeCache, actor: Actor, customer_id: int, today: date
) -> NearBoundary | None:
    """The nearer boundary of a customer as its card says it; None where no score moves the tier, or it is not near."""
    customer = access.customer_for(session, actor, Act.SEE, customer_id)
    graded = graded_of(session, scheme_cache, customer)
    if graded is None or graded.assessment.score is None:
        return None
    book = tiers_of(graded.scheme)
    known = boundaries(graded, book, coming(session, scheme_cache, graded, today))
    sides: list[tuple[BoundaryPart, bool]] = [
        (side, up) for side, up in ((known.get("higher"), True), (known.get("lower"), False)) if side
    ]
    if not sides:
        return None
    nearest, up = min(sides, key=lambda one: one[0].points)
    if nearest.points > NEAR:
        return None
    return NearBoundary(
        **access.about(customer),
        tier=book.tier(graded.assessment.tier),
        to=nearest.tier,
        up=up,
        score=graded.assessment.score,
        points=nearest.points,
        limit=nearest.limit,
    )


def asked_last(session: Session, actor: Actor) -> tuple[Listed, ...]:
    """The customers whose cards the actor looked at last, of those whom they may still see."""
    found: list[Listed] = []
    for customer_id in asked.newest(session, actor.person_id):
        if len(found) == MOST_ASKED:
            break
        try:
            customer = access.customer_for(session, actor, Act.SEE, customer_id)
        except Hidden:
            continue
        found.append(Listed(**access.about(customer)))
    return tuple(found)
