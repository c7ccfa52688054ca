"""Customers in lists: those that fit a query, and the asker's own."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.messages import Hit, MyCustomers
from bot.wording.parts import NextStep, Since
from db.book import customers
from db.care import touches
from db.graded import assessments, runs

MOST_OWN = 10
LEAST_LOSS = 0.05  # points; less is shown as 0.0


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


def my_customers(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, today: date
) -> MyCustomers:
    """Downgrades first, then losses of score, then what is due soonest."""
    mine = customers.owned_by(session, frozenset({actor.person_id}))
    book = scheme_cache.tier_names(session)
    steps: dict[int, NextStep] = {}
    for customer_id, tier, step_id, due_on in touches.open_steps(session, mine):  # the earliest first
        steps.setdefault(customer_id, rules.plan.next_step(tier, step_id, due_on, today))
    latest = assessments.newest_of(session, runs.latest_run_ids(session), mine)
    earlier = assessments.previous_tiers(session, latest)
    ranked = []
    for customer, row, _ in latest:
        step, past = steps.get(row.customer_id), earlier.get(row.customer_id)
        fell, lost, before = 0, 0.0, None
        if past is not None:
            tier, score, as_of = past
            other = tier != row.tier
            fell = book.rank(row.tier) - book.rank(tier) if other else 0
            lost = score - row.score if score is not None and row.score is not None else 0.0
            if other or abs(lost) >= LEAST_LOSS:
                before = Since(tier=book.tier(tier), score=score, as_of=as_of)
        hit = Hit(
            **access.about(customer),
            tier=book.tier(row.tier, row.scheme_version_id),
            score=row.score,
            capped=row.capped_by is not None,
            before=before,
            next_step=step,
        )
        due = step.due_on if step else date.max
        ranked.append(((-max(fell, 0), -max(lost, 0.0), due, customer.name), hit))
    ranked.sort(key=lambda item: item[0])
    counts = Counter(row.tier for _, row, _ in latest)
    return MyCustomers(
        hits=tuple(hit for _, hit in ranked[:MOST_OWN]),
        total=len(mine),
        counts=tuple(
            (book.tier(tier), counts[tier])
            for tier in sorted(counts, key=lambda tier: (book.rank(tier), tier))
        ),
        as_of=latest[-1][2].as_of if latest else None,
    )
