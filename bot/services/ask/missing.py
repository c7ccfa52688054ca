"""The facts that a customer's score lacks, as Why names them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from sqlmodel import Session

from bot.services.ask.graded import Graded, clean_counts
from bot.services.schemes.store import TierNames
from bot.wording.why_parts import NotComputed, RatingGap, Wanted
from db.graded import overrides
from db.graded.runs import RunKind

if TYPE_CHECKING:
    from bot.services.ways.future import Future
    from grading.explain.missing_facts import MissingFact

MOST_WANTED = 3


def find_missing(session: Session, graded: Graded, future: "Future") -> "list[MissingFact]":
    """What each missing fact could change, from where the last snapshot has left the customer.

    Which tiers the answers lead to is found by the gradings to come.
    """
    import numpy as np

    from grading.engine.movement import CLEAN
    from grading.explain.destination import Standing
    from grading.explain.missing_facts import find_missing_facts, urgency

    row, run = graded.assessment, graded.run
    decision = overrides.open_override(session, row.customer_id, run.purpose) if row.overridden else None
    values: dict[str, Any] = {
        name: getattr(row, name) for name in ("standing", "since", "rising_since", "falling_since")
    } | {CLEAN + gate: count for gate, count in clean_counts(row).items()}
    standing = Standing(
        state={
            name: np.array([value], dtype=object if name == "standing" else int)
            for name, value in values.items()
        },
        snapshot=run.snapshot + (run.kind == RunKind.SNAPSHOT),  # an interim run has the number of the next
        override=decision.tier if decision else None,
    )
    breakdown = graded.breakdown
    found = find_missing_facts(breakdown.graded, graded.scheme, breakdown.position, standing)
    return sorted(_acted(found, future), key=urgency)


def _acted(missing: "Sequence[MissingFact]", future: "Future") -> "list[MissingFact]":
    """The facts with the tiers that their answers lead to in the gradings to come."""
    from bot.services.ways.acts import Plan

    if not future.days:
        return list(missing)
    facts = [fact for fact in missing if fact["origin"] is None]
    plans = [Plan(facts={fact["indicator"]: answer}) for fact in facts for answer in fact["answers"]]
    without, *tiers = future.tiers([Plan(), *plans])
    acted = {}
    for fact, worst, best in zip(facts, tiers[::2], tiers[1::2], strict=True):
        ends = [worst, best, without]
        last = max(
            (place for place in range(1, len(without)) if any(end[place] != end[place - 1] for end in ends)),
            default=0,
        )
        acted[fact["indicator"]] = {
            "tiers": (worst[-1], best[-1]),
            "without": without[-1],
            "decides": {worst[-1], best[-1]} != {without[-1]},
            "snapshots": last + 1,
        }
    return [cast("MissingFact", {**fact, **acted.get(fact["indicator"], {})}) for fact in missing]


def missing_parts(
    missing: "Sequence[MissingFact]",
    graded: Graded,
    book: TierNames,
    may_record: Callable[[str], bool] = lambda field: False,
) -> dict[str, Any]:
    """The fields of Why about what is missing. `may_record` says which facts the reader may record."""
    from grading.explain.missing_facts import select_facts

    breakdown, scheme = graded.breakdown, graded.scheme
    names = {indicator.id: indicator.name for indicator in scheme.indicators}
    dimensions = {dimension.id: dimension.name for dimension in scheme.dimensions}
    chosen = select_facts(missing, breakdown.graded, scheme, breakdown.position, MOST_WANTED)
    origins = dict.fromkeys(fact["origin"] for fact in missing if fact["origin"] is not None)
    return {
        "wanted": tuple(
            Wanted(
                names=names[fact["indicator"]],
                field=fact["indicator"] if may_record(fact["indicator"]) else "",
                reason=fact["reason"],
                judgement=fact["judgement"],
                narrows=fact["narrows"],
                decides=fact["decides"],
                worst=book.tier(fact["tiers"][0]),
                best=book.tier(fact["tiers"][1]),
                gradings=fact["snapshots"],
                counts_with=None if fact["counts"] else dimensions[fact["dimension"]],
            )
            for fact in chosen["facts"]
        ),
        "rating_gap": RatingGap(more=chosen["more"]) if chosen["unrated"] else None,
        "not_computed": tuple(
            NotComputed(
                origin=origin,
                names=tuple(names[fact["indicator"]] for fact in missing if fact["origin"] == origin),
            )
            for origin in origins
        ),
    }
