"""Customers in lists: those that fit a question, and the asker's own."""

from datetime import date

from sqlmodel import Session

from bot.services.access import Actor
from bot.services.care import touches
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.messages import Hit, MyCustomers
from bot.wording.parts import Since
from db.book import customers
from db.graded import assessments, results, runs

MOST_OWN = 10


def hits_of(session: Session, book: TierNames, ids: list[int]) -> tuple[Hit, ...]:
    """These customers with their tiers, in their order; those that are gone are left out."""
    found = []
    for customer_id in ids:
        customer = customers.get(session, customer_id)
        if customer is None:
            continue
        rows = results.newest(session, customer_id, customer.record_type)
        found.append(
            Hit(
                customer_id=customer_id,
                version=customer.version,
                name=customer.name,
                code=customer.code,
                tier=book.tier(rows[0][0].tier, rows[0][0].scheme_version_id) if rows else None,
                score=rows[0][0].score if rows else None,
                capped=bool(rows and rows[0][0].capped_by),
            )
        )
    return tuple(found)


def my_customers(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, actor: Actor, today: date
) -> MyCustomers:
    """Downgrades first, then losses of score, then what is due soonest."""
    mine = customers.owned_by(session, frozenset({actor.person_id}))
    book = scheme_cache.book(session)
    steps = touches.next_steps(session, rules, mine, today)
    latest = assessments.standings_of(session, runs.latest_run_ids(session), mine)
    earlier = assessments.standings_before(session, latest)
    counts: dict[str, int] = {}
    as_of: date | None = None
    ranked = []
    for customer, row, run in latest:
        counts[row.tier] = counts.get(row.tier, 0) + 1
        as_of = run.as_of
        past = earlier.get(row.customer_id)
        fell = book.rank(row.tier) - book.rank(past[0]) if past and past[0] != row.tier else 0
        lost = (past[1] - row.score) if past and past[1] is not None and row.score is not None else 0.0
        step = steps.get(row.customer_id)
        worse = past is not None and (past[0] != row.tier or abs(lost) >= 0.05)
        hit = Hit(
            customer_id=row.customer_id,
            version=customer.version,
            name=customer.name,
            code=customer.code,
            tier=book.tier(row.tier, row.scheme_version_id),
            score=row.score,
            capped=row.capped_by is not None,
            before=Since(tier=book.tier(past[0]), score=past[1], as_of=past[2]) if past and worse else None,
            next_step=step,
        )
        due = step.due_on if step else date.max
        ranked.append(((-max(fell, 0), -max(lost, 0.0), due, customer.name), hit))
    ranked.sort(key=lambda item: item[0])
    ordered = sorted(counts.items(), key=lambda item: (book.rank(item[0]), item[0]))
    return MyCustomers(
        hits=tuple(hit for _, hit in ranked[:MOST_OWN]),
        total=len(mine),
        counts=tuple((book.tier(tier), count) for tier, count in ordered),
        as_of=as_of,
    )
