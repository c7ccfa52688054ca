"""Customers in lists: those that fit a query, and those of the asker, of a team or of the whole book."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.ask.boundaries import coming, pending
from bot.services.ask.graded import Graded
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.messages import Hit, MyCustomers
from bot.wording.parts import NextStep, OwnerCounts, PendingPart, Since, TierPart
from db.book import customers, people
from db.book.people import Person
from db.care import touches
from db.graded import assessments, runs, tier_rows
from db.graded.tier_rows import PastTier, TierRow
from grading.scheme.model import BLOCKED, UNRATED

MOST_OWN = 10
MOST_OWNERS = 10
MOST_STEPS = 500  # the first that are due: overdue ones come before all others
MOST_COMPARED = 2_000  # customers; of more only those with news are compared with the grading before
MOST_NEWS = 5_000  # customers with news of each kind
LEAST_LOSS = 0.05  # points; less is shown as 0.0
FELL, IS_BLOCKED, OVERDUE, FALLING, LOST, OTHER = range(6)  # news, the worst first


def hits_of(session: Session, book: TierNames, customer_ids: Sequence[int]) -> tuple[Hit, ...]:
    """These customers with their tiers, in their order; those that are gone are left out."""
    found = []
    known = customers.get_many(session, customer_ids)
    for customer_id in customer_ids:
        if customer_id not in known:
            continue
        customer = known[customer_id]
        row = next((row for row, _ in assessments.newest(session, customer_id, customer.record_type)), None)
        found.append(
            Hit(
                **access.about(customer),
                tier=book.tier(row.tier, row.scheme_version_id) if row else None,
                score=row.score if row else None,
                capped=bool(row and row.capped_by),
            )
        )
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class News:
    """What is new of one customer, and its place in a list."""

    row: TierRow
    past: PastTier | None
    place: tuple[Any, ...]


def my_customers(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, today: date
) -> MyCustomers:
    """The answer to /tier alone: one's own customers, a team's or the whole book, worst news first.

    The number of queries does not depend on that of the customers, and names are read only of those shown.
    """
    scope, owners = access.list_scope(session, actor)
    book, behind = scheme_cache.tier_names(session), runs.latest_run_ids(session)
    due: dict[int, date] = {}
    for customer_id, _, _, _, due_on in touches.first_steps(session, MOST_STEPS, owners=owners):
        due.setdefault(customer_id, due_on)
    total = customers.count(session, owners)
    counts = tier_rows.tier_counts(session, behind, owners)
    for owner, count in tier_rows.ungraded_counts(session, counts, owners).items():
        counts[owner, UNRATED] = counts.get((owner, UNRATED), 0) + count
    which: dict[str, Collection[int]]
    if owners is not None and total <= MOST_COMPARED:
        which = {"owners": owners}
    else:
        which = {"customer_ids": {*tier_rows.with_news(session, behind, owners, MOST_NEWS), *due}}
    latest = tier_rows.tier_rows(session, behind, **which)
    past = tier_rows.past_tiers(session, **which)
    ranked = sorted(
        (_news(row, past.get(row.customer_id), due.get(row.customer_id), book, today) for row in latest),
        key=lambda news: news.place,
    )
    if scope == access.BOOK:  # nobody's list to work through: only news
        ranked = [news for news in ranked if news.place[0] < OTHER]
    shown = ranked[:MOST_OWN]
    who = {news.row.owner_id for news in shown} if owners is None else owners
    names = people.get_many(session, [person for person in who if person is not None])
    return MyCustomers(
        hits=_hits(session, scheme_cache, rules, book, shown, names if scope != access.OWN else {}, today),
        total=total,
        counts=_best_first(_summed(counts), book),
        as_of=max((row.as_of for row in latest), default=None),
        scope=scope,
        by_owner=_by_owner(counts, names, book) if scope not in (access.OWN, access.BOOK) else (),
    )


def _news(row: TierRow, past: PastTier | None, due: date | None, book: TierNames, today: date) -> News:
    other = past is not None and past.tier != row.tier
    fell = book.rank(row.tier) - book.rank(past.tier) if past is not None and other else 0
    lost = past.score - row.score if past and past.score is not None and row.score is not None else 0.0
    if fell > 0:
        kind = FELL
    elif row.tier == BLOCKED:
        kind = IS_BLOCKED
    elif due is not None and due < today:
        kind = OVERDUE
    elif row.falling_since:
        kind = FALLING
    else:
        kind = LOST if lost >= LEAST_LOSS else OTHER
    place = (kind, -max(fell, 0), due or date.max, -max(lost, 0.0), row.customer_id)
    if kind == LOST:
        place = (kind, 0, date.min, -lost, row.customer_id)
    return News(row=row, past=past if other or abs(lost) >= LEAST_LOSS else None, place=place)


def _hits(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    book: TierNames,
    shown: Sequence[News],
    owners: Mapping[int, Person],
    today: date,
) -> tuple[Hit, ...]:
    ids = [news.row.customer_id for news in shown]
    named = customers.get_many(session, ids)
    steps: dict[int, NextStep] = {}
    for customer_id, plan, tier, step, due_on, limit in touches.open_steps(session, ids):  # soonest first
        steps.setdefault(customer_id, rules.plans.next_step(plan, tier, step, due_on, limit, today))
    falls = _pending_falls(session, scheme_cache, book, [news.row for news in shown], today)
    return tuple(
        Hit(
            **access.about(named[news.row.customer_id]),
            tier=book.tier(news.row.tier, news.row.scheme_version_id),
            score=news.row.score,
            capped=news.row.capped_by is not None,
            before=news.past
            and Since(tier=book.tier(news.past.tier), score=news.past.score, as_of=news.past.as_of),
            next_step=steps.get(news.row.customer_id),
            pending=falls.get(news.row.customer_id),
            owner=access.mentioned(owners.get(news.row.owner_id or 0)),
        )
        for news in shown
    )


def _pending_falls(
    session: Session, scheme_cache: SchemeCache, book: TierNames, rows: Sequence[TierRow], today: date
) -> dict[int, PendingPart]:
    """Customer -> the move down that it waits for."""
    falling = [row.customer_id for row in rows if row.falling_since]
    if not falling:
        return {}
    found, days = {}, dict[tuple[str, int], tuple[date, ...]]()
    stored = assessments.assessments_at(session, runs.latest_run_ids(session), falling)
    by_id = runs.get_many(session, {row.run_id for row in stored.values()})
    for customer_id, row in stored.items():
        if row.scheme_version_id is None:
            continue
        run = by_id[row.run_id]
        scheme = scheme_cache.scheme(session, row.scheme_version_id)
        graded, key = Graded(assessment=row, run=run, scheme=scheme), (run.purpose, row.scheme_version_id)
        if key not in days:
            days[key] = coming(session, scheme_cache, graded, today)
        waits = pending(graded, book, days[key])
        if waits is not None and not waits.up:
            found[customer_id] = waits
    return found


def _by_owner(
    found: Mapping[tuple[int | None, str], int], names: Mapping[int, Person], book: TierNames
) -> tuple[OwnerCounts, ...]:
    """Who looks after how many of which tier; those with the most customers first."""
    counts: dict[int, dict[str, int]] = {}
    for (person, tier), count in found.items():
        if person is not None:
            counts.setdefault(person, {})[tier] = count
    most_first = sorted(counts, key=lambda person: (-sum(counts[person].values()), names[person].name))
    return tuple(
        OwnerCounts(who=access.mentioned(names[person]), counts=_best_first(counts[person], book))
        for person in most_first[:MOST_OWNERS]
    )


def _summed(found: Mapping[tuple[int | None, str], int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (_, tier), count in found.items():
        counts[tier] += count
    return counts


def _best_first(counts: Mapping[str, int], book: TierNames) -> tuple[tuple[TierPart, int], ...]:
    return tuple(
        (book.tier(tier), counts[tier]) for tier in sorted(counts, key=lambda tier: (book.rank(tier), tier))
    )
