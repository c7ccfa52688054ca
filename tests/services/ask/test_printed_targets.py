"""Targets as they are read: the value that a reader takes from the line is enough."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from bot.services.ask.explanation import _levers
from bot.services.ask.graded import unit_as_read
from bot.services.ways.acts import Plan
from bot.services.ways.possible_acts import _better_values
from bot.wording.rendering import Renderer
from bot.wording.why_parts import ActPart
from grading.engine.scoring import grade
from grading.explain.headroom import find_lift
from grading.explain.targets import extremes
from grading.scheme.model import Indicator, Map, Scheme
from tests.grading.engine.test_properties import PRESETS, random_book
from tests.grading.factories import AS_OF

CUSTOMERS = 60  # of each preset
ENVIRONMENT = Renderer().environment("en", own=False)
PARTS: Any = ENVIRONMENT.get_template("_parts.jinja").module
NUMBER = re.compile(r"→ (?:at least |at most )?(?:[A-Z]{3} )?([\u2212\d.,]+)(%?)")


def read(line: str) -> float:
    """The number behind the arrow, as a reader takes it."""
    found = NUMBER.search(line)
    assert found is not None, line
    number = float(found[1].replace(",", "").replace("\u2212", "-"))
    return round(number / 100, 12) if found[2] else number


def figures_of(scheme: Scheme, row: pd.DataFrame) -> tuple[float, list[tuple[Indicator, float]]]:
    """The score that is needed, and each indicator that is enough alone with the value that is printed for it."""
    lift = find_lift(grade(row, scheme, AS_OF), scheme, 0)
    by_name = {one.name: one for one in scheme.indicators}
    levers = [one for one in lift["levers"] if one["alone"] and one["target"]]
    targets = _levers({**lift, "levers": levers}, scheme)
    return lift["needed"] or 0.0, [
        (by_name[part.names], read(PARTS.lever_line(part)))
        for part in targets
        if part.relation in ("at_least", "at_most")
    ]


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_customer_with_the_value_that_is_printed_has_the_score_that_is_needed(preset: str) -> None:
    scheme = PRESETS[preset]
    _, frame = random_book(scheme, CUSTOMERS, seed=11)
    short, tried = [], 0
    for place in range(len(frame)):
        row = frame.iloc[[place]].reset_index(drop=True)
        needed, targets = figures_of(scheme, row)
        for indicator, value in targets:
            tried += 1
            score = float(grade(row.assign(**{indicator.id: value}), scheme, AS_OF).outcome["score"][0])
            if score < needed - 1e-9:
                short.append((indicator.id, value, score, needed))
    assert tried or preset == "prospects"  # whose figures are words and bands
    assert short == []


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_figure_that_would_be_enough_is_printed_as_it_was_counted(preset: str) -> None:
    other = []
    for indicator in PRESETS[preset].indicators:
        if not indicator.influence or isinstance(indicator.score, Map):
            continue
        (worst, _), _ = extremes(indicator.score)
        act = _better_values(indicator, worst)
        assert act is not None
        for plan in act.plans(Plan()):
            value = plan.facts[indicator.id]
            part = ActPart(
                kind="fact", names=indicator.name, unit=unit_as_read(indicator), value=worst, target=value
            )
            if read(PARTS.act_words(part)) != value:
                other.append((indicator.id, value, PARTS.act_words(part)))
    assert other == []


@pytest.mark.parametrize(
    ("value", "unit", "few", "all_digits"),
    [
        (0.00733, "ratio", "0.7%", "0.733%"),
        (0.00848, None, "0.01", "0.00848"),
        (1234.5, None, "1,234", "1,234.5"),
        (438_000.0, "EUR", "EUR 438,000", "EUR 438,000"),
    ],
)
def test_a_target_is_printed_with_all_its_digits(
    value: float, unit: str | None, few: str, all_digits: str
) -> None:
    filters: Any = ENVIRONMENT.filters
    assert (filters["quantity"](value, unit), filters["target"](value, unit)) == (few, all_digits)
