"""Card and Why as they are read: what is printed adds up, and no line says what the numbers beside it deny."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.services.ask.graded import Breakdown
from bot.wording.message_base import Slots
from bot.wording.messages import TierCard, Why
from bot.wording.parts import TierPart
from bot.wording.rendering import Renderer
from bot.wording.why_parts import ScoreChange
from grading.engine.scoring import Grading, grade
from grading.explain.breakdown import lines_of, reasons
from grading.scheme.model import Scheme
from tests.grading.engine.test_properties import POLICIES, PRESETS, random_book
from tests.grading.factories import AS_OF, NAME, dimension, grade_one, indicator, make_scheme

CUSTOMERS = int(os.environ.get("CLAIMS", "65"))  # of each preset
OTHERS = 20  # of each scheme made from a preset
RENDERER = Renderer()
SILENCE = "name: {en: silence, zh: 静默}"
LINE = re.compile(r" → [\d.]+ · ([\d.]+)\D+([\d.]+)")
HEAD = re.compile(r"^\*[^*]+\* · ([\d.]+)\D+([\d.]+)")
LEFT_OUT = {"en": "left out: ", "zh": "未计入：数据|未计入：没有"}
OF = {
    "en": r"\((?P<points>[\d.]+) of (?P<most>[\d.]+) points\)",
    "zh": r"（(?P<most>[\d.]+) 分中得 (?P<points>[\d.]+) 分）",
}


def breakdown(graded: Grading, scheme: Scheme, row: int = 0) -> Breakdown:
    return Breakdown(graded=graded, position=row, scheme=scheme)


def assessment_of(graded: Grading, row: int) -> dict[str, Any]:
    found = {name: graded.outcome[name][row] for name in ("tier", "score", "coverage", "low", "high")}
    return {
        "tier": TierPart(id=found["tier"]),
        "score": None if found["score"] != found["score"] else float(found["score"]),
        **{name: float(found[name]) for name in ("coverage", "low", "high")},
        "held": False,
        "as_of": AS_OF,
        "name": "ACME",
        "code": "C-1",
    }


def why_of(graded: Grading, scheme: Scheme, row: int = 0) -> Why:
    return Why(
        customer_id=1,
        version=1,
        **assessment_of(graded, row),
        cap=None,
        change=ScoreChange(since=None, points=None, parts=(), reason=None, rules=None),
        goal=None,
        needed=None,
        wanted=(),
        scheme=scheme.name,
        scheme_version=1,
        dimensions=breakdown(graded, scheme, row).dimensions,
        gates=(),
        gates_not_assessed=(),
    )


def card_of(graded: Grading, scheme: Scheme, row: int = 0) -> TierCard:
    up, down = breakdown(graded, scheme, row).up_and_down
    return TierCard(
        **assessment_of(graded, row),
        customer_id=1,
        version=1,
        provisional=bool(graded.outcome["provisional"][row]),
        certain=bool(graded.outcome["certain"][row]),
        capped_by=None,
        tier_since=AS_OF,
        up=up,
        down=down,
        before=None,
        orders_through=None,
        next_step=None,
        owner=None,
    )


def text(slots: Slots) -> str:
    return "\n".join((slots.fallback, slots.header, *slots.body, *slots.facts, *slots.footer))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", [*PRESETS, *POLICIES, "whole points", "two decimals"])
def test_printed_points_add_up_to_the_printed_score(name: str, language: str) -> None:
    schemes = {
        **PRESETS,
        **POLICIES,
        "whole points": replace(PRESETS["services"], display_decimals=0),
        "two decimals": replace(PRESETS["services"], display_decimals=2),
    }
    scheme, customers = schemes[name], CUSTOMERS if name in PRESETS else OTHERS
    _, frame = random_book(scheme, customers, seed=35)
    graded = grade(frame, scheme, AS_OF)
    counted = named = 0
    for row in range(customers):
        message = why_of(graded, scheme, row)
        why = RENDERER.slots(message, language)
        score = Decimal(0 if message.score is None else why.header.rsplit(" · ", 1)[1])
        parts = [part for part in why.body if part.startswith("*") and "\n•" in part]
        assert len(parts) == len(scheme.dimensions)
        points = all_most = Decimal(0)
        for part, item in zip(parts, message.dimensions, strict=True):
            head, *lines = part.splitlines()
            found = [LINE.search(line) for line in lines]
            if item.left_out:
                assert re.search(LEFT_OUT[language], head)
                assert not any(found)
                assert "0.0" not in head
                continue
            match = HEAD.search(head)
            assert match, head
            inner = [(Decimal(one[1]), Decimal(one[2])) for one in found if one]
            assert sum(one for one, _ in inner) == Decimal(match[1]), (name, row, part)
            assert all(one <= most for one, most in [*inner, (Decimal(match[1]), Decimal(match[2]))])
            assert sum(most for _, most in inner) == Decimal(match[2]), (name, row, part)
            points += Decimal(match[1])
            all_most += Decimal(match[2])
        assert points == score, (name, row)
        assert all_most in (0, 100), (name, row)
        counted += score > 0
        both = text(why) + text(card := RENDERER.slots(card_of(graded, scheme, row), language))
        assert not re.search(r"(?<![\w-])-\d", both)
        on_card = {match.group("points", "most") for match in re.finditer(OF[language], text(card))}
        assert on_card <= {match.groups() for match in LINE.finditer(text(why))}
        named += len(on_card)
    assert counted > customers / 2
    assert named > customers


def left_out_scheme() -> Scheme:
    return make_scheme(
        dimension("one", indicator("x", extra="unit: ratio"), weight=60),
        dimension("two", indicator("u", 30), indicator("v", 70), weight=40, min_coverage=0.5),
    )


def test_a_dimension_of_which_too_little_is_known_says_so_and_has_no_points() -> None:
    scheme = left_out_scheme()
    why = text(RENDERER.slots(why_of(grade_one(scheme, x=73.2, u=100.0), scheme), "en"))
    assert (
        "left out: 30% of it is known, 50% is needed\n• a name: 100 (not counted)\n• a name: not known" in why
    )
    assert "73.2 of 100.0 points, weight 60%" in why
    assert "so the most differs between customers" in why
    nothing = text(RENDERER.slots(why_of(grade_one(scheme, x=73.2), scheme), "en"))
    assert "left out: nothing of it is known\n• a name: not known" in nothing


def test_weights_that_nobody_took_over_need_no_word_about_them() -> None:
    scheme = left_out_scheme()
    why = text(RENDERER.slots(why_of(grade_one(scheme, x=73.2, u=100.0, v=50.0), scheme), "en"))
    # 0.6 x 73.2 = 43.92 and 0.4 x (30 + 35) = 26: the score is 69.92
    assert "73.2 · 43.9 of 60.0" in why
    assert "26.0 of 40.0 points, weight 40%" in why
    assert "differs between customers" not in why


@pytest.mark.parametrize(("language", "said"), [("en", "silence: 2.3×"), ("zh", "静默：2.3 倍")])
def test_a_multiple_is_no_percentage_and_a_share_is_one(language: str, said: str) -> None:
    curve = "{fn: points, knots: [[1, 100], [5, 0]]}"
    scheme = make_scheme(
        dimension(
            "only",
            indicator("silence_ratio", 50, curve, "unit: ratio").replace(NAME, SILENCE),
            indicator("revenue_growth_yoy", 50, "{fn: points, knots: [[-1, 0], [3, 100]]}", "unit: ratio"),
        )
    )
    graded = grade_one(scheme, silence_ratio=2.3, revenue_growth_yoy=-0.26)
    for slots in (
        RENDERER.slots(why_of(graded, scheme), language),
        RENDERER.slots(card_of(graded, scheme), language),
    ):
        assert said in text(slots)
        assert "−26%" in text(slots)


@pytest.mark.parametrize(
    ("low", "high", "said"), [(73.2, 73.2, None), (73.21, 73.24, None), (73.2, 73.3, "73.2 to 73.3")]
)
def test_a_range_is_named_only_where_it_is_one(low: float, high: float, said: str | None) -> None:
    scheme = left_out_scheme()
    graded = grade_one(scheme, x=73.2)
    why = replace(why_of(graded, scheme), low=low, high=high)
    card = replace(card_of(graded, scheme), low=low, high=high, certain=False)
    for message in (why, card):
        footer = text(RENDERER.slots(message, "en"))
        assert ("with all data" in footer) == (said is not None)
        assert said is None or said in footer


@pytest.mark.parametrize(
    ("coverage", "said"),
    [(0.996, "99%"), (0.5999, "59%"), (0.6 - 1e-12, "60%"), (1.0, "100%"), (0.29, "29%")],
)
def test_data_are_complete_only_where_nothing_is_missing(coverage: float, said: str) -> None:
    scheme = left_out_scheme()
    graded = grade_one(scheme, x=73.2)
    for message in (why_of(graded, scheme), card_of(graded, scheme)):
        assert f"data {said} complete" in text(RENDERER.slots(replace(message, coverage=coverage), "en"))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"x": 98.0, "y": 98.0}, []),  # 0.6 x 2 = 1.2 points, but not a tenth of 60
        ({"x": 100.0, "y": 70.0}, ["y"]),  # 0.4 x 30 = 12 of 40
        ({"x": 100.0, "y": 89.0}, ["y"]),  # 4.4 of 40
        ({"x": 100.0, "y": 91.0}, []),  # 3.6 of 40: less than a tenth
    ],
)
def test_what_holds_a_score_back_lacks_a_point_and_a_tenth_of_what_it_could_bring(
    values: dict[str, float], named: list[str]
) -> None:
    scheme = make_scheme(dimension("only", indicator("x", 60), indicator("y", 40)))
    assert held_back(scheme, **values) == named


def test_less_than_a_point_holds_nothing_back() -> None:
    scheme = make_scheme(dimension("only", indicator("x", 99), indicator("y", 1)))
    assert held_back(scheme, x=100.0, y=10.0) == []  # 0.9 points
    assert held_back(scheme, x=100.0, y=0.0) == ["y"]


def held_back(scheme: Scheme, **values: float) -> list[str]:
    lines = lines_of(grade_one(scheme, **values), scheme, 0)
    return [line["indicator"] for line in reasons(lines, up=0)[1]]
