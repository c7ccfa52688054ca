"""The answer to /tier value at risk: the sum of what is at risk, whose customers it is, and the largest with what to do next."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from sqlmodel import Session

from bot.services import access
from bot.services.access import Act, Actor, OwnedBy
from bot.services.ask.risk.parts import part_of
from bot.services.schemes.store import SchemeCache
from bot.wording.answers.risk import AtRisk, GroupAtRisk, RiskRow, RiskTotal
from bot.wording.parts import TierPart, Who
from db.book import people
from db.graded import runs, tier_rows
from db.graded.risk import sums as stored
from db.graded.risk.sums import RiskCustomer, RiskSum
from db.types import MONEY_UNITS

MOST = 10
MOST_OWNERS = 10


def at_risk(
    session: Session, scheme_cache: SchemeCache, actor: Actor, today: date, scope: str | None = None
) -> AtRisk:
    """What is at risk of the customers that lists show to the actor by default, or of a `scope` of `access`.

    `OWN` are the actor's own, `BOOK` all that the actor may see. The number of queries does not depend on that of the
    customers, and names are read only of those shown.
    """
    shown, owners = owners_of(session, actor, scope)
    by_owner = shown != access.OWN
    found = stored.sums(session, today, owners, by_owner=by_owner)
    totals = totals_of(found)
    known = stored.known(session, owners)
    groups, more = _groups(session, found) if by_owner else ((), 0)
    return AtRisk(
        scope=shown,
        totals=totals,
        by_owner=groups,
        owners_more=more,
        rows=_rows(session, scheme_cache, actor, largest(session, today, owners, totals), today, shown),
        accounts=known.accounts,
        one_time=known.one_time,
        unknown=known.unknown,
        as_of=known.as_of,
    )


def owners_of(session: Session, actor: Actor, scope: str | None) -> tuple[str, Collection[int] | None]:
    """(scope, ids of the people whose customers it is; None for the whole book), never more than the actor may see."""
    visible = access.visible_owners(session, actor)
    if scope is None:
        return (access.BOOK, None) if visible is None else access.list_scope(session, actor)
    if scope == access.OWN:
        mine = frozenset({actor.person_id})
        return access.OWN, mine if visible is None else mine & visible
    return (access.BOOK if visible is None else access.TEAM), visible


def largest(
    session: Session, today: date, owners: Collection[int] | None, totals: Sequence[RiskTotal]
) -> list[RiskCustomer]:
    """The customers with the most at risk; of each currency as many, because amounts of two cannot be compared."""
    currencies = list(dict.fromkeys(total.currency for total in totals))
    if len(currencies) < 2:
        return stored.largest(session, today, owners, limit=MOST)
    most = max(1, MOST // len(currencies))
    return [
        one
        for currency in currencies[:MOST]
        for one in stored.largest(session, today, owners, limit=most, currency=currency, any_currency=False)
    ]


def totals_of(found: Iterable[RiskSum]) -> tuple[RiskTotal, ...]:
    """Sums by currency and basis, those with the most customers first."""
    added: dict[tuple[str | None, str], list[int]] = {}
    for one in found:
        numbers = added.setdefault((one.currency, one.basis), [0, 0, 0, 0])
        for place, number in enumerate(one[3:]):
            numbers[place] += number
    totals = [
        RiskTotal(
            currency=currency,
            basis=basis,
            silent=silent,
            silent_amount=silent_units / MONEY_UNITS,
            falling=falling,
            falling_amount=falling_units / MONEY_UNITS,
        )
        for (currency, basis), (silent, silent_units, falling, falling_units) in added.items()
    ]
    return tuple(sorted(totals, key=lambda one: (-one.customers, one.currency or "", one.basis)))


def by_group(found: Iterable[RiskSum]) -> dict[int | None, tuple[RiskTotal, ...]]:
    """Owner -> what is at risk of the customers; the most in the currency and basis of most customers first."""
    sums = list(found)
    order = [(total.currency, total.basis) for total in totals_of(sums)]
    groups = {
        owner: totals_of(one for one in sums if one.owner_id == owner) for owner in {s.owner_id for s in sums}
    }

    def place(owner: int | None) -> tuple[float | int, ...]:
        amounts = {(total.currency, total.basis): total.amount for total in groups[owner]}
        return (*(-amounts.get(key, 0.0) for key in order), owner or 0)

    return {owner: groups[owner] for owner in sorted(groups, key=place)}


def _groups(session: Session, found: Sequence[RiskSum]) -> tuple[tuple[GroupAtRisk, ...], int]:
    groups = by_group(found)
    shown = list(groups)[:MOST_OWNERS]
    names = people.get_many(session, [owner for owner in shown if owner is not None])
    return (
        tuple(
            GroupAtRisk(who=access.mentioned(names.get(owner or 0)), totals=groups[owner]) for owner in shown
        ),
        len(groups) - len(shown),
    )


def _rows(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    found: Sequence[RiskCustomer],
    today: date,
    scope: str,
) -> tuple[RiskRow, ...]:
    book = scheme_cache.tier_names(session)
    ids = [one.customer_id for one in found]
    tiers: dict[int, TierPart] = {
        row.customer_id: book.tier(row.tier, row.scheme_version_id)
        for row in tier_rows.tier_rows(session, runs.latest_run_ids(session), customer_ids=ids)
    }
    rows = []
    for one in found:
        risk = part_of(one.figures, today)
        if risk is None:  # nothing is at risk any more by the rounding of a day
            continue
        rows.append(
            RiskRow(
                customer_id=one.customer_id,
                version=one.version,
                name=one.name,
                code=one.code,
                tier=tiers.get(one.customer_id),
                risk=risk,
                owner=_owner(one) if scope != access.OWN else None,
                may_log=access.can(actor, Act.LOG_CONTACT, OwnedBy(one.owner_id, one.owner_team_id)),
            )
        )
    return tuple(rows)


def _owner(one: RiskCustomer) -> Who | None:
    return Who(name=one.owner_name, slack_user_id=one.owner_slack_user_id) if one.owner_name else None
