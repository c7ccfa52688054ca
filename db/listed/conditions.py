"""What listed customers must be, as conditions over `Customer`, its present `Ownership`, its newest `Assessment` and its `CustomerFigures`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, literal, not_, or_, text
from sqlalchemy import select as sa_select
from sqlmodel import col

from db.book import traits
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.book.people import IS_PRESENT, Person
from db.book.trade.orders import Order
from db.book.traits import WantedTrait
from db.care.records import promises
from db.care.records.complaints import IS_OPEN, Complaint
from db.care.touches import _OPEN, GREETINGS, Touch
from db.graded import figures
from db.graded.changes import StoredTierChange
from db.graded.runs import Assessment
from db.types import units

UNRATED, BLOCKED, ANY, PROMISE = "unrated", "blocked", "any", "promise"
NO_GATE = "{}"  # in `Assessment.clean`
_SAME = 1e-9  # scores that differ by less are the same


@dataclass(frozen=True, kw_only=True)
class MoveLimit:
    """At which shown scores a tier of a scheme version moves, with this standing; None where it does not."""

    version_id: int
    tier: str
    standing: str
    rises_at: float | None
    falls_below: float | None
    least_coverage: float  # with less known the tier is provisional, and does not move by its score


@dataclass(frozen=True, kw_only=True)
class Silent:
    """Without a contact of these kinds, or with none of them without an order, after a day."""

    kinds: tuple[str, ...]
    since: date


@dataclass(frozen=True, kw_only=True)
class Near:
    """At most so many points from the next move up, down, or either."""

    up: bool
    down: bool
    points: float


@dataclass(frozen=True, kw_only=True)
class ChangedTier:
    """With another tier now, or at the end of a period, than before the first change in it; `up` None is either direction."""

    up: bool | None
    since: date
    until: date | None = None  # None: up to now


@dataclass(frozen=True, kw_only=True)
class UnwantedCustomers:
    """What customers must not be: none of these."""

    people: frozenset[int] = frozenset()
    tiers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WantedCustomers:
    """What customers must be. Values of one field are alternatives; None and empty ask for nothing."""

    owners: frozenset[int] | None  # whose customers may be listed; None: all, owned or not
    of_people: frozenset[int] | None = None  # only customers of these
    tiers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    versions: tuple[int, ...] | None = None  # of schemes
    record_types: tuple[str, ...] = ()
    traits: tuple[WantedTrait, ...] = ()
    silent: tuple[Silent, ...] = ()
    near: Near | None = None
    changed: ChangedTier | None = None
    unattended: bool = False
    risks: tuple[str, ...] = ()  # all must hold
    complained_since: date | None = None
    without: UnwantedCustomers = UnwantedCustomers()
    limits: tuple[MoveLimit, ...] = ()
    ranks: Mapping[str, int]  # tier -> its place, 0 the best
    today: date

    @property
    def of_whole_book(self) -> bool:
        """Whether everybody's customers are looked at."""
        return self.owners is None and self.of_people is None


def conditions(wanted: WantedCustomers) -> list[ColumnElement[bool]]:
    """All that must hold."""
    found: list[ColumnElement[bool]] = [col(Customer.archived).is_(False)]
    for people in (wanted.owners, wanted.of_people):
        if people is not None:
            found.append(col(Ownership.person_id).in_(people))
    found += [
        col(column).in_(values)
        for column, values in (
            (Customer.region, wanted.regions),
            (Customer.industry, wanted.industries),
            (Customer.country, wanted.countries),
            (Customer.record_type, wanted.record_types),
        )
        if values
    ]
    if wanted.tiers:
        if wanted.of_whole_book and UNRATED not in wanted.tiers:
            found.append(col(Assessment.tier).in_(wanted.tiers))
        else:
            # A customer that was never graded has no rating either. And the index of tiers is not taken: of the
            # customers of a few people it would read those of everybody.
            found.append(func.coalesce(col(Assessment.tier), UNRATED).in_(wanted.tiers))
    if wanted.versions is not None:
        found.append(col(Assessment.scheme_version_id).in_(wanted.versions))
    found += [col(Customer.id).in_(traits.with_value(trait)) for trait in wanted.traits]
    found += [_is_silent(silent, wanted.today) for silent in wanted.silent]
    if wanted.near is not None:
        found.append(_is_near(wanted.near, wanted.limits))
    if wanted.changed is not None:
        found.append(_has_changed(wanted.changed, wanted.ranks))
    if wanted.unattended:
        found.append(is_unattended())
    if wanted.complained_since is not None:
        found.append(_has_complained(wanted.complained_since, wanted.today))
    found += [_risk(risk, wanted.today) for risk in wanted.risks]
    return found + _exclusions(wanted.without, wanted.today)


def _exclusions(without: UnwantedCustomers, today: date) -> list[ColumnElement[bool]]:
    """What is not known of a customer is none of what is unwanted."""
    columns: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (col(Customer.region), without.regions),
        (col(Customer.industry), without.industries),
        (col(Customer.country), without.countries),
    )
    found = [or_(column.is_(None), column.not_in(values)) for column, values in columns if values]
    if without.tiers:
        found.append(func.coalesce(col(Assessment.tier), UNRATED).not_in(without.tiers))
    if without.people:
        owner = col(Ownership.person_id)
        found.append(or_(owner.is_(None), owner.not_in(without.people)))
    return found + [not_(_risk(risk, today)) for risk in without.risks]


def _risk(risk: str, today: date) -> ColumnElement[bool]:
    if risk == PROMISE:
        return exists().where(col(promises.Promise.customer_id) == col(Customer.id), promises.IS_OPEN)
    at_risk = risks(today)
    return or_(*at_risk.values()) if risk == ANY else at_risk[risk]


def risks(today: date) -> dict[str, ColumnElement[bool]]:
    """Each risk, and when a customer has it."""
    return {
        "silent": func.coalesce(figures.silent(today), false()),
        "falling": or_(
            func.coalesce(figures.falling(today), false()),
            func.coalesce(col(Assessment.falling_since), 0) > 0,
        ),
        "overdue_step": has_overdue_step(today),
        "overdue_invoice": func.coalesce(figures.overdue(today), false()),
        "over_limit": func.coalesce(figures.over_limit(), false()),
        "gate": or_(
            col(Assessment.capped_by).is_not(None),
            func.coalesce(col(Assessment.tier) == BLOCKED, false()),
            func.coalesce(col(Assessment.clean), NO_GATE) != NO_GATE,
        ),
        "complaint": _has_complaint(),
    }


def is_unattended() -> ColumnElement[bool]:
    """Condition: nobody looks after the customer, or somebody who has left."""
    gone = ~exists().where(col(Person.id) == col(Ownership.person_id), IS_PRESENT)
    return or_(col(Ownership.id).is_(None), gone)


def has_overdue_step(today: date) -> ColumnElement[bool]:
    """Condition: a care step of the customer is past its limit."""
    return exists().where(is_overdue_step(today))


def is_overdue_step(today: date) -> ColumnElement[bool]:
    """Condition: a step is one of the customer, and past its limit."""
    return and_(
        col(Touch.customer_id) == col(Customer.id),
        text(f"touch.{_OPEN}"),
        func.coalesce(col(Touch.latest_on), col(Touch.due_on)) < today,
        col(Touch.kind).not_in(GREETINGS),
    )


def _has_complaint() -> ColumnElement[bool]:
    return exists().where(col(Complaint.customer_id) == col(Customer.id), IS_OPEN)


def _has_complained(since: date, today: date) -> ColumnElement[bool]:
    day = col(Activity.happened_on)
    return exists().where(
        col(Complaint.customer_id) == col(Customer.id),
        col(Activity.id) == col(Complaint.activity_id),
        day >= since,
        day <= today,
    )


def _is_silent(silent: Silent, today: date) -> ColumnElement[bool]:
    """What lies in the future, such as a planned visit, breaks no silence."""
    day: Any
    of: tuple[Any, ...]
    if silent.kinds:
        day = col(Activity.happened_on)
        of = (col(Activity.customer_id) == col(Customer.id), col(Activity.kind).in_(silent.kinds))
    else:
        day = col(Order.ordered_on)
        of = (col(Order.customer_id) == col(Customer.id), units(Order.amount) > 0)
    return ~exists().where(*of, day > silent.since, day <= today)


def rank_of(tier: Any, ranks: Mapping[str, int], otherwise: int | None = None) -> ColumnElement[Any]:
    """The place of a tier in its ladder; of blocked below all, and of other words for no tier `otherwise`."""
    last = max(ranks.values(), default=0) + 1
    return case(
        *((tier == name, rank) for name, rank in ranks.items()),
        (tier == BLOCKED, last),
        else_=literal(otherwise),
    )


def _has_changed(changed: ChangedTier, ranks: Mapping[str, int]) -> ColumnElement[bool]:
    first = first_changes(changed.since, until=changed.until)
    before = (
        sa_select(
            col(StoredTierChange.customer_id), col(StoredTierChange.purpose), col(StoredTierChange.from_tier)
        )
        .join(first, first.c.id == col(StoredTierChange.id))
        .subquery("tier_before")
    )
    of = (before.c.customer_id == col(Customer.id), before.c.purpose == col(Customer.record_type))
    after: Any = col(Assessment.tier) if changed.until is None else _tier_on(changed.until)
    if changed.up is None:
        return exists().where(*of, before.c.from_tier != after)
    was, now = rank_of(before.c.from_tier, ranks), rank_of(after, ranks)
    return exists().where(*of, now < was if changed.up else now > was)


def _tier_on(day: date) -> Any:
    """The tier of a customer after its last change up to a day."""
    return (
        sa_select(col(StoredTierChange.to_tier))
        .where(
            col(StoredTierChange.customer_id) == col(Customer.id),
            col(StoredTierChange.purpose) == col(Customer.record_type),
            col(StoredTierChange.as_of) <= day,
        )
        .order_by(col(StoredTierChange.id).desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )


def first_changes(
    since: date, customer_ids: Sequence[int] | None = None, *, until: date | None = None
) -> Any:
    """A subquery of the first tier change of each customer since a day: `id` of it."""
    found = sa_select(func.min(col(StoredTierChange.id)).label("id")).where(
        col(StoredTierChange.as_of) >= since
    )
    if until is not None:
        found = found.where(col(StoredTierChange.as_of) <= until)
    if customer_ids is not None:
        found = found.where(col(StoredTierChange.customer_id).in_(customer_ids))
    return found.group_by(col(StoredTierChange.customer_id), col(StoredTierChange.purpose)).subquery(
        "first_change"
    )


def _moves_by_score() -> ColumnElement[bool]:
    """Condition: neither a gate nor a person nor missing data decides the tier."""
    return and_(
        col(Assessment.score).is_not(None),
        col(Assessment.capped_by).is_(None),
        col(Assessment.overridden).is_(False),
        col(Assessment.held).is_(False),
    )


def _of_limit(limit: MoveLimit) -> ColumnElement[bool]:
    return and_(
        col(Assessment.scheme_version_id) == limit.version_id,
        col(Assessment.tier) == limit.tier,
        col(Assessment.standing) == limit.standing,
        col(Assessment.coverage) >= limit.least_coverage,
    )


def _is_near(near: Near, limits: Sequence[MoveLimit]) -> ColumnElement[bool]:
    """A score on the other side of a limit, whose move waits for its confirmation, is near too."""
    score = col(Assessment.score)
    sides = [
        and_(_of_limit(limit), side)
        for limit in limits
        for asked, side in (
            (near.up and limit.rises_at is not None, score >= (limit.rises_at or 0) - near.points - _SAME),
            (
                near.down and limit.falls_below is not None,
                score <= (limit.falls_below or 0) + near.points + _SAME,
            ),
        )
        if asked
    ]
    return and_(_moves_by_score(), or_(*sides)) if sides else false()


def distance(near: Near | None, limits: Sequence[MoveLimit]) -> ColumnElement[Any]:
    """How many points a customer is from its next move, up or down as asked, or the nearer one; 0 beyond the limit."""
    score = col(Assessment.score)
    whens = []
    for limit in limits:
        up = limit.rises_at if near is None or near.up else None
        down = limit.falls_below if near is None or near.down else None
        sides = [
            case((points < 0, 0.0), else_=points)
            for points in (
                None if up is None else literal(up) - score,
                None if down is None else score - literal(down),
            )
            if points is not None
        ]
        if len(sides) == 2:
            whens.append((_of_limit(limit), case((sides[0] < sides[1], sides[0]), else_=sides[1])))
        elif sides:
            whens.append((_of_limit(limit), sides[0]))
    return case((_moves_by_score(), case(*whens, else_=None))) if whens else literal(None)
