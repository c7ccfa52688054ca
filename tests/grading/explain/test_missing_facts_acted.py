"""What is said of missing facts, acted out: they are answered, the next snapshots are run, and the tier does as said.

The gradings come from `grade`, the snapshots from the slow book-keeper of the movement tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grading.engine.movement import CLEAN, State
from grading.engine.scoring import Grading, grade
from grading.explain.destination import Standing
from grading.explain.missing_facts import MissingFact, find_missing_facts, select_facts
from grading.scheme.model import Map, Points, Scale, Scheme
from tests.grading.engine.movement_reference import Memory, Seen, step
from tests.grading.engine.test_properties import PRESETS, random_book
from tests.grading.factories import AS_OF
from tests.grading.reference import grade_slowly

CUSTOMERS = int(os.environ.get("CLAIMS", "70"))  # of each preset
TRIED = 4  # facts of each customer that are acted out
LATER = 6  # snapshots after which the tier is still the one that was said
LAST = 30  # number of the last snapshot


def drawn_memory(scheme: Scheme, rng: np.random.Generator) -> Memory:
    """What an earlier life may have left: a tier or none, time in it, confirmations either way, caps that wait."""
    if rng.random() < 0.15:
        return Memory()
    dwell = int(rng.integers(1, 8))
    up, down = ((int(rng.integers(0, dwell + 1)), 0), (0, int(rng.integers(0, dwell + 1))))[rng.integers(2)]
    caps = {
        gate.id: int(rng.integers(0, gate.clear_after))
        for gate in scheme.gates
        if gate.clear_after and rng.random() < 0.2
    }
    return Memory(str(rng.choice([tier.id for tier in scheme.tiers])), dwell, up, down, caps)


def as_standing(memory: Memory, scheme: Scheme, override: str | None) -> Standing:
    """The same as the state that is stored: numbers of snapshots in place of counts."""
    state: State = {
        "standing": np.array([memory.tier], dtype=object),
        "since": np.array([LAST + 1 - memory.dwell if memory.tier else 0]),
        "rising_since": np.array([LAST + 1 - memory.up if memory.up else 0]),
        "falling_since": np.array([LAST + 1 - memory.down if memory.down else 0]),
        **{CLEAN + gate.id: np.array([memory.caps.get(gate.id, -1)]) for gate in scheme.gates},
    }
    return Standing(state=state, snapshot=LAST + 1, override=override)


def seen(graded: Grading, scheme: Scheme, row: int) -> Seen:
    outcome, (hit, assessed) = graded.outcome, graded.gated
    word = "new" if outcome["young"][row] else "unrated" if outcome["provisional"][row] else None
    return Seen(
        score=float(outcome["score"][row]),
        word=word,
        hit=tuple(g.id for place, g in enumerate(scheme.gates) if hit[place, row]),
        unknown=tuple(g.id for place, g in enumerate(scheme.gates) if not assessed[place, row]),
    )


def tiers_from(memory: Memory, day: Seen, scheme: Scheme, override: str | None, count: int) -> list[str]:
    """The effective tiers of so many snapshots, all with the same facts."""
    found = []
    for _ in range(count):
        tier, memory = step(memory, day, scheme, interim=False, override=override)
        found.append(tier)
    return found


def between(fact: MissingFact, scheme: Scheme, rng: np.random.Generator) -> Any:
    """Any answer to a missing fact."""
    score = next(i.score for i in scheme.indicators if i.id == fact["indicator"])
    match score:
        case Map():
            return rng.choice(np.array([*score.values], dtype=object))
        case Points():
            return float(rng.uniform(score.knots[0][0], score.knots[-1][0]))
        case Scale():
            low, high = sorted((score.minimum, score.maximum))
            return float(rng.uniform(low, high))
    return float(rng.choice([bound for bound, _ in score.bands]))


def book_of(people: Sequence[dict[str, Any]], frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([p[name] for p in people], dtype=frame[name].dtype) for name in frame.columns}
    )


def customers(
    name: str, seed: int
) -> Iterator[tuple[dict[str, Any], pd.DataFrame, Grading, int, np.random.Generator]]:
    scheme = PRESETS[name]
    people, frame = random_book(scheme, CUSTOMERS, seed=seed)
    graded, rng = grade(frame, scheme, AS_OF), np.random.default_rng(seed)
    for row, person in enumerate(people):
        yield person, frame, graded, row, rng


@pytest.mark.parametrize("name", PRESETS)
def test_an_answer_moves_the_tier_as_said_and_when_it_is_said_or_it_does_not_move(name: str) -> None:
    scheme = PRESETS[name]
    ranks = [*(tier.id for tier in scheme.tiers), "new", "unrated", "blocked"]
    deciding = 0
    for person, frame, graded, row, rng in customers(name, seed=33):
        memory = drawn_memory(scheme, rng)
        override = str(rng.choice([t.id for t in scheme.tiers])) if rng.random() < 0.05 else None
        facts = find_missing_facts(graded, scheme, row, as_standing(memory, scheme, override))
        picked = facts[: TRIED - 1] + facts[-1:]
        answers = [(fact, [*fact["answers"], between(fact, scheme, rng)]) for fact in picked]
        acted = [person] + [
            person | {fact["indicator"]: value} for fact, values in answers for value in values
        ]
        tried = grade(book_of(acted, frame), scheme, AS_OF)
        for place, (fact, _) in enumerate(answers):
            count = fact["snapshots"]
            without, worst, best, other = (
                tiers_from(memory, seen(tried, scheme, at), scheme, override, count + LATER)
                for at in (0, *range(1 + 3 * place, 4 + 3 * place))
            )
            for ran, said in zip((worst, best, without), (*fact["tiers"], fact["without"]), strict=True):
                assert set(ran[count - 1 :]) == {said}, (name, row, fact)
            if count > 1:  # and not before
                assert any(ran[count - 2] != ran[-1] for ran in (worst, best, without)), (name, row, fact)
            assert fact["decides"] == ({worst[-1], best[-1]} != {without[-1]})
            assert ranks.index(best[-1]) <= ranks.index(other[-1]) <= ranks.index(worst[-1])
            deciding += fact["decides"]
    assert deciding > CUSTOMERS / 10


@pytest.mark.parametrize("name", PRESETS)
def test_the_facts_that_are_named_make_a_customer_rated_or_so_many_more_do(name: str) -> None:
    scheme = PRESETS[name]
    for person, _, graded, row, rng in customers(name, seed=34):
        facts = find_missing_facts(graded, scheme, row)
        chosen = select_facts(facts, graded, scheme, row, most=3)
        assert all(fact["origin"] is None for fact in chosen["facts"])
        assert len(chosen["facts"]) <= 3
        unrated = graded.outcome["tier"][row] == "unrated"
        assert chosen["unrated"] == unrated
        if not unrated:
            assert chosen["more"] is None
            continue
        collectable = [fact for fact in facts if fact["origin"] is None]
        others = sorted(
            (fact for fact in collectable if fact not in chosen["facts"]), key=lambda f: -f["share"]
        )
        needed = len(others) if chosen["more"] is None else chosen["more"]
        for count in range(needed + 1):
            answered = [*chosen["facts"], *others[:count]]
            values = {fact["indicator"]: between(fact, scheme, rng) for fact in answered}
            rated = grade_slowly(person | values, scheme)["tier"] != "unrated"
            assert rated == (count == chosen["more"]), (name, row, count, chosen)
