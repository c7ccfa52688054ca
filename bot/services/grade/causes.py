"""What moved a tier: the customer, another rule, or a person. Decided by trying the move without the others."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.services.grade import computed, previous
from bot.services.grade.previous import PreviousRows
from bot.services.schemes.store import SchemeCache
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    from bot.frames import PreviousState

BEHAVIOUR, RULE, OVERRIDE = "behaviour", "rule", "override"


def find_causes(
    session: Session,
    scheme_cache: SchemeCache,
    moved: Mapping[int, str],
    columns: Mapping[str, Sequence[Any]],
    before: "PreviousState",
    *,
    version_id: int,
    past: PreviousRows,
    as_of: date,
    snapshot: int,
    interim: bool,
    chosen: dict[int, str],
) -> dict[int, str]:
    """Customer -> what moved it, of customers with the tiers they had (`moved`); left out is their own behaviour.

    `columns` are the new assessments, all by one version; `before` is what they started from, out of `past`; `chosen`
    the tiers set by hand. To fall to another scheme is another rule.
    """
    if not moved:
        return {}
    found = dict.fromkeys(_decided(moved, columns, before, chosen), OVERRIDE)
    by_version: dict[int, dict[int, str]] = {}
    graded_by = zip(before["customer_id"].tolist(), before["scheme_version_id"].tolist(), strict=True)
    for customer, old in graded_by:
        if customer in moved and customer not in found and old is not None and old != version_id:
            by_version.setdefault(old, {})[customer] = moved[customer]
    for old, others in by_version.items():
        by_rule = _moved_by_rule(
            session,
            others,
            scheme_cache.scheme(session, old),
            old,
            past,
            as_of=as_of,
            snapshot=snapshot,
            interim=interim,
            chosen=chosen,
        )
        found |= dict.fromkeys(by_rule, RULE)
    return found


def is_other_scheme(
    session: Session, scheme_cache: SchemeCache, version_id: int | None, scheme: Scheme
) -> bool:
    """Whether a version is one of a scheme of another name."""
    return version_id is not None and scheme_cache.scheme(session, version_id).scheme != scheme.scheme


def _moved_by_rule(
    session: Session,
    before: Mapping[int, str],
    old_scheme: Scheme,
    version_id: int,
    past: PreviousRows,
    *,
    as_of: date,
    snapshot: int,
    interim: bool,
    chosen: dict[int, str],
) -> set[int]:
    """Of customers with the tiers they had, those whom the old rules would have left there on the data of now."""
    from bot.frames import places_of
    from grading.engine.scoring import grade_columns

    book = computed.load_facts(session, old_scheme, as_of, list(before))
    were = previous.columns_of(past, old_scheme, list(before))
    moved = previous.moved_on(
        grade_columns(book.columns, book.customers, old_scheme, as_of),
        old_scheme,
        were,
        places_of(book.customers, were["customer_id"]),
        version_id,
        snapshot=snapshot,
        interim=interim,
        chosen=chosen,
    )
    tiers = zip(book.customers.tolist(), moved.outcome["tier"].tolist(), strict=True)
    return {customer for customer, tier in tiers if tier == before[customer]}


def _decided(
    moved: Mapping[int, str],
    columns: Mapping[str, Sequence[Any]],
    before: "PreviousState",
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
