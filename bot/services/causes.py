"""What moved a tier: the customer, another rule, or a person. Decided by trying the move without the others."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.services import sources
from bot.services.schemes import Shelf
from db import grading as db
from db.grading import GradingRun
from grading.scheme import Scheme

if TYPE_CHECKING:
    from bot.frames import Standings

BEHAVIOUR, RULE, OVERRIDE = "behaviour", "rule", "override"


def find_causes(
    session: Session,
    shelf: Shelf,
    moved: Mapping[int, str],
    columns: Mapping[str, Sequence[Any]],
    before: "Standings",
    *,
    version_id: int,
    last: GradingRun | None,
    as_of: date,
    snapshot: int,
    interim: bool,
    chosen: Mapping[int, str],
) -> dict[int, str]:
    """Customer -> what moved it, of customers with the tiers they had (`moved`); left out is their own behaviour.

    `columns` are the new assessments, all by one version; `before` is what they started from, `chosen` the
    tiers set by hand. To fall to another scheme is another rule.
    """
    if not moved:
        return {}
    found = dict.fromkeys(_decided(moved, columns, before, chosen), OVERRIDE)
    if last is None:
        return found
    by_version: dict[int, dict[int, str]] = {}
    graded_by = zip(before["customer_id"].tolist(), before["scheme_version_id"].tolist(), strict=True)
    for customer, old in graded_by:
        if customer in moved and customer not in found and old is not None and old != version_id:
            by_version.setdefault(old, {})[customer] = moved[customer]
    for old, others in by_version.items():
        by_rule = _moved_by_rule(
            session,
            others,
            shelf.scheme(session, old),
            last,
            as_of=as_of,
            snapshot=snapshot,
            interim=interim,
            chosen=chosen,
        )
        found |= dict.fromkeys(by_rule, RULE)
    return found


def is_other_scheme(session: Session, shelf: Shelf, version_id: int | None, scheme: Scheme) -> bool:
    """Whether a version is one of a scheme of another name."""
    return version_id is not None and shelf.scheme(session, version_id).scheme != scheme.scheme


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

    index = pd.Index(list(before))
    facts = sources.load_facts(session, old_scheme, as_of, list(before)).facts.reindex(index)
    named: Sequence[int] | None = list(before) if len(before) <= sources.MOST_NAMED else None
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
    before: "Standings",
    chosen: Mapping[int, str],
) -> set[int]:
    """Of those who moved, whom a person's decision, or its end, has moved."""
    by_hand = dict(zip(before["customer_id"].tolist(), before["overridden"].tolist(), strict=True))
    found = set()
    rows = zip(*(columns[name] for name in ("customer_id", "tier", "overridden")), strict=True)
    for customer, tier, overridden in rows:
        if customer not in moved:
            continue
        begun = overridden and chosen.get(customer) == tier
        if begun or (by_hand.get(customer) and not overridden):
            found.add(customer)
    return found
