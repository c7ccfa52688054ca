"""Why a customer has its tier: what changed and by what, what the tier waits for, and what would lift it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bot.errors import N_, NotFound
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask import ways
from bot.services.ask.boundaries import assessed, boundaries, coming
from bot.services.ask.facts.rights import recording_of
from bot.services.ask.graded import (
    Graded,
    as_read,
    cap,
    clean_counts,
    graded_for,
    shown,
    standing_now,
    unit_as_read,
)
from bot.services.ask.known_data import KnownData, news_day, read_known
from bot.services.ask.masks import masked_fields
from bot.services.ask.missing import find_missing, missing_parts
from bot.services.ask.share import sides
from bot.services.schemes.store import SchemeCache, rule_change, tier_names
from bot.wording.actions import Pointer
from bot.wording.messages import Why
from bot.wording.private import ExactFigures
from bot.wording.why_parts import ChangePart, LeverPart, ScoreChange
from db.engine import Database
from db.graded.runs import RunKind
from grading.scheme.model import WORDS_FOR_NO_TIER, Gate, Indicator, Scheme

if TYPE_CHECKING:
    from grading.explain.attribution import ExplainedChange
    from grading.explain.headroom import Lift
    from grading.explain.missing_facts import MissingFact

NO_EARLIER = "no_earlier"  # there is no earlier grading to compare with
NO_DATA_OF_THEN = "no_data_of_then"  # what the newest grading knew cannot be restored


@dataclass(frozen=True, kw_only=True)
class Explained:
    """The message for people, and the exact numbers that it was made from."""

    message: Why
    change: "ExplainedChange | None"
    lift: "Lift"
    missing: "list[MissingFact]"
    masked: frozenset[str]  # fields


def why(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    pointer: Pointer,
    today: date,
    since: date | None = None,
) -> Explained:
    """Everything behind a tier, with the change since the grading before, or since the one in force on a day.

    The change is split on the data that the newest grading knew; what has come since is only announced.
    Raises NotFound for a customer that is not the actor's, is not graded yet, or was not on that day.
    """
    with database.read() as session:
        customer, graded = graded_for(session, scheme_cache, actor, Act.SEE, pointer, since)
        if since is not None and graded.previous is None:
            raise NotFound(
                N_("%(name)s has no earlier grading of %(day)s or before to compare with."),
                name=customer.name,
                day=since,
            )
        known = read_known(database, session, graded, today)
        change = _change(graded, known)
        scheme = graded.scheme
        old_scheme = graded.previous.scheme if graded.previous else scheme
        book = tier_names({0: old_scheme, 1: scheme})
        future = ways.future_of(session, scheme_cache, graded, today)
        lift, missing = lift_of(graded), find_missing(session, graded, future)
        indicators = {indicator.id: indicator for indicator in (*old_scheme.indicators, *scheme.indicators)}
        strong, weak = sides(graded)
        days = coming(session, scheme_cache, graded, today)
        message = Why(
            **access.about(customer),
            **assessed(session, graded, book, days),
            **boundaries(graded, book, days),
            strong=strong,
            weak=weak,
            cap=cap(graded),
            change=_score_change(graded, change, indicators),
            news=known.has_news,
            news_count_on=news_day(session, scheme_cache, graded, today) if known.has_news else None,
            goal=book.tier(lift["goal"]) if lift["goal"] else None,
            needed=lift["needed"],
            **vars(ways.rise_of(graded, future, lift)) if lift["goal"] else {},
            **missing_parts(missing, graded, book, recording_of(actor, customer, scheme)),
            scheme=scheme.name,
            scheme_version=scheme.version,
            dimensions=graded.breakdown.dimensions,
            gates=graded.breakdown.gates("gates"),
            gates_not_assessed=graded.breakdown.gates("gates_not_assessed"),
        )
    return Explained(message=message, change=change, lift=lift, missing=missing, masked=masked_fields(scheme))


def exact_figures(
    database: Database, scheme_cache: SchemeCache, actor: Actor, pointer: Pointer
) -> ExactFigures:
    """What each figure would have to be for the tier above, all others as they are.

    Raises NotFound for a customer that is not the actor's or is not graded yet.
    """
    with database.read() as session:
        customer, graded = graded_for(session, scheme_cache, actor, Act.SEE, pointer)
        lift = lift_of(graded)
        book = tier_names({0: graded.scheme})
        return ExactFigures(
            name=customer.name,
            tier=book.tier(graded.assessment.tier),
            score=graded.assessment.score,
            goal=book.tier(lift["goal"]) if lift["goal"] else None,
            needed=lift["needed"] if lift["lacking"] else None,
            levers=tuple(_levers(lift, graded.scheme)),
            together=bool(lift["levers"]) and not any(lever["alone"] for lever in lift["levers"]),
            enough=lift["enough"],
            as_of=graded.run.as_of,
            no_tier=lift["tier"] if lift["tier"] in WORDS_FOR_NO_TIER else None,
        )


def _change(graded: Graded, known: KnownData) -> "ExplainedChange | None":
    """The split of the change since the grading before; None when there was none, or no data of then."""
    from bot.frames import stored_frame  # pandas: only when something is explained
    from grading.explain.attribution import attribute, explain_change

    old = graded.previous
    if old is None or known.earlier is None:
        return None
    customer_id = graded.assessment.customer_id
    new = stored_frame({customer_id: graded.assessment.inputs}, graded.scheme)
    return explain_change(
        attribute(
            stored_frame({customer_id: old.assessment.inputs}, old.scheme),
            known.earlier,
            new if known.by_old_rule is None else new.join(known.by_old_rule),
            old_scheme=old.scheme,
            new_scheme=graded.scheme,
            old_day=old.run.as_of,
            new_day=graded.run.as_of,
        ),
        0,
    )


def lift_of(graded: Graded) -> "Lift":
    """What lies between a customer and the tier above, one indicator at a time and together."""
    from grading.explain.headroom import find_lift

    row, scheme, breakdown = graded.assessment, graded.scheme, graded.breakdown
    active = [gate.id for gate in scheme.gates if gate.id in clean_counts(row) and _may_hold(gate, graded)]
    return find_lift(breakdown.graded, scheme, breakdown.position, tier=standing_now(row), active=active)


def _may_hold(gate: Gate, graded: Graded) -> bool:
    """Whether a gate of the last snapshot may still be in force: an interim run since may have ended it."""
    places = {tier.id: place for place, tier in enumerate(graded.scheme.tiers)}
    tier = graded.assessment.tier
    interim = graded.run.kind == RunKind.INTERIM
    return not interim or gate.cap is None or tier not in places or places[gate.cap] <= places[tier]


def _score_change(
    graded: Graded, change: "ExplainedChange | None", indicators: dict[str, Indicator]
) -> ScoreChange:
    from grading.explain.breakdown import round_parts

    if graded.previous is None:
        return ScoreChange(since=None, points=None, parts=(), reason=NO_EARLIER, rules=None)
    if change is None:
        return ScoreChange(
            since=graded.previous.since, points=None, parts=(), reason=NO_DATA_OF_THEN, rules=None
        )
    decimals = graded.scheme.display_decimals
    total = None if change["change"] is None else round(change["change"], decimals)
    shown_parts = (
        round_parts(change["exact"], total, decimals) if change["exact"] and total is not None else {}
    )
    parts = []
    for kind, points in shown_parts.items():
        exact: dict[str, float] = {line["indicator"]: line[kind] for line in change["indicators"]}  # type: ignore[literal-required]
        shown = round_parts(exact, points, decimals)
        named = [(indicators[name].name, value) for name, value in shown.items() if value]
        if points or named:
            named.sort(key=lambda item: -abs(item[1]))
            parts.append(ChangePart(kind=kind, points=points, indicators=tuple(named)))
    return ScoreChange(
        since=graded.previous.since,
        points=total,
        parts=tuple(parts),
        reason=change["reason"],
        rules=rule_change(graded.previous.scheme, graded.scheme),
    )


def _levers(lift: "Lift", scheme: Scheme) -> Iterator[LeverPart]:
    """Each with the value that suffices by itself, else the value it needs in the combination; the strongest first."""
    indicators = {indicator.id: indicator for indicator in scheme.indicators}
    together = {step["indicator"]: step for step in lift["combination"]}
    for lever in lift["levers"] if lift["lacking"] else ():
        step = together.get(lever["indicator"])
        target = lever["target"] or (step["target"] if step else None)
        indicator = indicators[lever["indicator"]]
        yield LeverPart(
            names=indicator.name,
            unit=unit_as_read(indicator),
            value=shown(scheme, indicator, lever["value"]),
            relation=target["relation"] if target else None,
            target=as_read(indicator, target["shown"]) if target else None,
            points=round(lever["headroom"], 1),
        )
