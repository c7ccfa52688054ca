"""What moved a tier: the customer, another rule, or a person. Decided by trying the move without the others."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.services import sources
from db import grading as db
from db.grading import GradingRun
from grading.scheme import Scheme

if TYPE_CHECKING:
    import pandas as pd

BEHAVIOUR, RULE, OVERRIDE = "behaviour", "rule", "override"
MOST_NAMED = 5_000  # customers a query names; beyond, it reads the book and keeps what it needs


def find_causes(
    session: Session,
    moved: Mapping[int, str],
    columns: Mapping[str, Sequence[Any]],
    before: "pd.DataFrame",
    *,
    old_scheme: Scheme,
    scheme: Scheme,
    last: GradingRun | None,
    as_of: date,
    snapshot: int,
    interim: bool,
    chosen: Mapping[int, str],
) -> dict[int, str]:
    """Customer -> what moved it, of customers with the tiers they had (`moved`); left out is their own behaviour.

    `columns` are the new assessments, `before` the standing frame they started from, `chosen` the tiers set by hand.
    """
    if not moved:
        return {}
    found = dict.fromkeys(_decided(moved, columns, before, chosen), OVERRIDE)
    others = {customer: tier for customer, tier in moved.items() if customer not in found}
    if others and last is not None and old_scheme.identity != scheme.identity:
        by_rule = _moved_by_rule(
            session, others, old_scheme, last, as_of=as_of, snapshot=snapshot, interim=interim, chosen=chosen
        )
        found |= dict.fromkeys(by_rule, RULE)
    return found


def _moved_by_rule(
    session: Session,
    before: Mapping[int, str],
    old_scheme: Scheme,
    last: GradingRun,
    *,
    as_of: date,
    snapshot: int,
    interim: bool,
    chosen: Mapping[int, str],
) -> set[int]:
    """Of customers with the tiers they had, those whom the old rules would have left there on the data of now."""
    import pandas as pd

    from bot.frames import standing_frame
    from grading.movement import move, state_for
    from grading.scoring import grade

    named: Sequence[int] | None = list(before) if len(before) <= MOST_NAMED else None
    index = pd.Index(list(before))
    facts = sources.load_facts(session, old_scheme, as_of, named).facts.reindex(index)
    behind = db.runs_behind(session, last.purpose, last.id)
    state = standing_frame(db.standings_at(session, behind, named), old_scheme)
    moved = move(
        grade(facts, old_scheme, as_of),
        old_scheme,
        state_for(state, index, old_scheme),
        snapshot=snapshot,
        interim=interim,
        overrides=pd.Series(dict(chosen), dtype=object) if chosen else None,
    )
    tiers = moved.results["tier"].tolist()
    return {customer for customer, tier in zip(before, tiers, strict=True) if tier == before[customer]}


def _decided(
    moved: Mapping[int, str],
    columns: Mapping[str, Sequence[Any]],
    before: "pd.DataFrame",
    chosen: Mapping[int, str],
) -> set[int]:
    """Of those who moved, whom a person's decision, or its end, has moved."""
    by_hand = dict(zip(before.index.tolist(), before["overridden"].tolist(), strict=True))
    found = set()
    rows = zip(*(columns[name] for name in ("customer_id", "tier", "overridden")), strict=True)
    for customer, tier, overridden in rows:
        if customer not in moved:
            continue
        begun = overridden and chosen.get(customer) == tier
        if begun or (by_hand.get(customer) and not overridden):
            found.add(customer)
    return found
