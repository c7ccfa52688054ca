"""A slow, obvious book-keeper of one customer: counters in plain Python, written from the semantics only."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from grading.engine.scoring import Grading
from grading.scheme.model import Movement, Scheme
from tests.grading.frames import gates_hit, gates_not_assessed


@dataclass
class Memory:
    """What is known of a customer after its last snapshot, in counters."""

    tier: str | None = None
    dwell: int = 0  # snapshots spent in the tier, the first one included
    up: int = 0
    down: int = 0
    caps: dict[str, int] = field(default_factory=dict)  # active gate -> clean snapshots in a row


@dataclass(frozen=True)
class Seen:
    """One day of one customer: the shown score, and the states of the gates."""

    score: float
    word: str | None  # blocked, new or unrated when the day itself gives no tier
    hit: tuple[str, ...]
    unknown: tuple[str, ...]


def step(
    memory: Memory, seen: Seen, scheme: Scheme, *, interim: bool, override: str | None
) -> tuple[str, Memory]:
    """(effective tier, memory after): one snapshot or interim re-grade."""
    caps = _gates(memory, seen, scheme, interim)
    order = [tier.id for tier in scheme.tiers]
    word = "blocked" if any(gate.block and gate.id in caps for gate in scheme.gates) else seen.word
    after = Memory(memory.tier, memory.dwell + 1, 0, 0, caps)
    if word is None:
        after = _rate(memory, seen, scheme, caps, interim)
    tier = after.tier if word in (None, "unrated") else None
    if override in order and word != "blocked":
        tier = override
    if tier is not None:
        worst = max(
            [order.index(tier), *(order.index(g.cap) for g in scheme.gates if g.cap and g.id in caps)]
        )
        tier = order[worst]
    effective = tier or word
    assert effective is not None
    return effective, memory if interim else after


def _rate(memory: Memory, seen: Seen, scheme: Scheme, caps: dict[str, int], interim: bool) -> Memory:
    rules = scheme.movement or Movement(max_step=99)
    order = [tier.id for tier in scheme.tiers]
    at = [Fraction(str(tier.at)) for tier in scheme.tiers]
    score = Fraction(str(seen.score))
    if memory.tier is None:
        first = next(tier for tier, bound in zip(order, at, strict=True) if score >= bound)
        return Memory(first, 1, 0, 0, caps)
    here = order.index(memory.tier)
    margin_up, margin_down = Fraction(str(rules.margin_up)), Fraction(str(rules.margin_down))
    above = [k for k in range(here) if score >= at[k] + margin_up]
    up = down = 0
    target = here
    if above:
        target = max(above[0], here - rules.max_step)
        up = memory.up + (0 if interim else 1)
    elif score < at[here] - margin_down:
        below = next(k for k in range(len(order)) if score >= at[k] - margin_down)
        target = min(below, here + rules.max_step)
        down = memory.down + (0 if interim else 1)
    enough = (above and (up >= rules.confirm_up or (interim and rules.confirm_up == 1))) or (
        not above and target != here and (down >= rules.confirm_down or (interim and rules.confirm_down == 1))
    )
    if enough and memory.dwell >= rules.min_dwell:
        return Memory(order[target], 1, 0, 0, caps)
    return Memory(memory.tier, memory.dwell + 1, up, down, caps)


def _gates(memory: Memory, seen: Seen, scheme: Scheme, interim: bool) -> dict[str, int]:
    caps: dict[str, int] = {}
    for gate in scheme.gates:
        if gate.id in seen.hit:
            caps[gate.id] = 0
        elif gate.id in memory.caps:
            clean = memory.caps[gate.id]
            if gate.id in seen.unknown:
                caps[gate.id] = clean
            else:
                clean += 0 if interim else 1
                if clean < gate.clear_after:
                    caps[gate.id] = clean
    return caps


def one_day(grading: Grading, row: int) -> Seen:
    """The result of `grade` for one customer on one day."""
    result = grading.results.iloc[row]
    word = "new" if result["young"] else "unrated" if result["provisional"] else None
    hit = tuple(g for g in gates_hit(grading).columns if gates_hit(grading)[g].iloc[row])
    unknown = tuple(
        g for g in gates_not_assessed(grading).columns if gates_not_assessed(grading)[g].iloc[row]
    )
    return Seen(score=float(result["score"]), word=word, hit=hit, unknown=unknown)
