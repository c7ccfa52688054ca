"""A list that was asked for -> what the database is to look for, within what the asker may see."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from bot.errors import N_, BadInput, NotAllowed
from bot.services import access
from bot.services.access import Actor
from bot.services.ask.questions.query import Direction, Excluded, Listing, MovedSince, Silence, Sort
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import TierNames
from bot.services.traits.search import PERSONAL
from db.book import people
from db.book.traits import WantedTrait
from db.graded import runs
from db.graded.runs import Purpose
from db.listed.conditions import (
    ChangedTier,
    MoveLimit,
    Near,
    Silent,
    UnwantedCustomers,
    WantedCustomers,
)
from db.listed.rows import ListOrder, PresentRuns

NEAR_POINTS = 5.0  # a score at most so far from its next move is near it
CONTACT_KINDS: dict[Silence, tuple[str, ...]] = {  # kinds of activities; an order is none
    Silence.CONTACT: ("visit", "call", "meeting", "training", "review", "survey"),
    Silence.VISIT: ("visit",),
    Silence.CALL: ("call",),
    Silence.ORDER: (),
}
_ORDERS = {
    Sort.TIER: ListOrder.TIER,
    Sort.SCORE: ListOrder.SCORE,
    Sort.NAME: ListOrder.NAME,
    Sort.LAST_CONTACT: ListOrder.LAST_CONTACT,
    Sort.LAST_VISIT: ListOrder.LAST_CONTACT,
    Sort.LAST_CALL: ListOrder.LAST_CONTACT,
    Sort.LAST_ORDER: ListOrder.LAST_ORDER,
    Sort.BOUNDARY: ListOrder.BOUNDARY,
    Sort.VALUE_AT_RISK: ListOrder.VALUE_AT_RISK,
    Sort.REVENUE: ListOrder.REVENUE,
    Sort.OVERDUE_INVOICE: ListOrder.OVERDUE_INVOICE,
    Sort.OVERDUE_STEP: ListOrder.OVERDUE_STEP,
    Sort.OVER_LIMIT: ListOrder.OVER_LIMIT,
}
_CONTACTS = {Sort.LAST_VISIT: Silence.VISIT, Sort.LAST_CALL: Silence.CALL}


@dataclass(frozen=True, kw_only=True)
class ListSelection:
    """What to look for, in which order, and in which grading runs."""

    wanted: WantedCustomers
    order: ListOrder
    reverse: bool
    contacts: tuple[str, ...]  # the kinds of activities of which `order` takes the last
    runs: PresentRuns


def select(
    session: Session, rules: CareRules, book: TierNames, actor: Actor, query: Listing, today: date
) -> ListSelection:
    """Raises NotAllowed for a personal field of the profile, and BadInput for one that there is not."""
    filters = query.filters
    visible = access.visible_owners(session, actor)
    asked: frozenset[int] | None = None
    if filters.owners or filters.teams:
        asked = frozenset({*filters.owners, *people.in_teams(session, filters.teams)})
    wanted = WantedCustomers(
        owners=visible,
        of_people=asked,
        tiers=filters.tiers,
        regions=filters.regions,
        industries=filters.industries,
        countries=filters.countries,
        versions=_versions(book, filters.schemes),
        record_types=filters.record_types,
        traits=tuple(_trait(rules, field, value) for field, value in filters.profile),
        silent=tuple(
            Silent(kinds=CONTACT_KINDS[one.what], since=today - timedelta(days=one.days))
            for one in filters.silent_for
        ),
        near=near_of(filters.near),
        changed=_changed(filters.moved),
        unattended=filters.unattended,
        risks=tuple(map(str, filters.risks)),
        complained_since=filters.complained_since,
        without=_without(session, filters.without),
        limits=move_limits(book),
        ranks=ranks_of(book),
        today=today,
    )
    return ListSelection(
        wanted=wanted,
        order=_ORDERS[query.sort],
        reverse=query.descending,
        contacts=CONTACT_KINDS[_CONTACTS.get(query.sort, Silence.CONTACT)],
        runs=present_runs(session),
    )


def present_runs(session: Session) -> PresentRuns:
    """The runs with the present tiers."""
    accounts, prospects = (
        runs.runs_behind(session, purpose) for purpose in (Purpose.ACCOUNT, Purpose.PROSPECT)
    )
    return PresentRuns(accounts, prospects)


def ranks_of(book: TierNames) -> dict[str, int]:
    """Tier -> its place, 0 the best."""
    return {tier: book.rank(tier) for tier in book.best_first}


def move_limits(book: TierNames) -> tuple[MoveLimit, ...]:
    """At which scores the tiers of the schemes of the present tiers move."""
    from grading.explain.boundaries import limits_of

    return tuple(
        MoveLimit(
            version_id=version,
            tier=tier,
            standing=standing,
            rises_at=rises_at,
            falls_below=falls_below,
            least_coverage=scheme.min_coverage - 1e-9,
        )
        for version, scheme in book.schemes.items()
        for (tier, standing), (rises_at, falls_below) in limits_of(scheme).items()
    )


def near_of(direction: Direction | None) -> Near | None:
    """What is near a move in a direction."""
    if direction is None:
        return None
    return Near(up=direction == Direction.UP, down=direction == Direction.DOWN, points=NEAR_POINTS)


def _changed(moved: MovedSince | None) -> ChangedTier | None:
    if moved is None:
        return None
    return ChangedTier(
        up=None if moved.direction is None else moved.direction == Direction.UP,
        since=moved.since,
        until=moved.until,
    )


def _without(session: Session, excluded: Excluded) -> UnwantedCustomers:
    return UnwantedCustomers(
        people=frozenset({*excluded.owners, *people.in_teams(session, excluded.teams)})
        if excluded.owners or excluded.teams
        else frozenset(),
        tiers=excluded.tiers,
        regions=excluded.regions,
        industries=excluded.industries,
        countries=excluded.countries,
        risks=tuple(map(str, excluded.risks)),
    )


def _versions(book: TierNames, schemes: tuple[str, ...]) -> tuple[int, ...] | None:
    if not schemes:
        return None
    return tuple(version for version, scheme in book.schemes.items() if scheme.scheme in schemes)


def _trait(rules: CareRules, name: str, value: str) -> WantedTrait:
    field = rules.traits.find(name)
    if field is None:
        raise BadInput(N_("The customer profile has no field %(field)s."), field=name)
    if field.personal:
        raise NotAllowed(PERSONAL, field=field.id)
    return WantedTrait(field.id, value or None)
