"""What lifts a customer: the strongest test is to grade again with what was proposed."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest

from grading.engine.scoring import Grading, grade
from grading.explain.boundaries import needed_score
from grading.explain.headroom import Lift, find_lift
from grading.explain.targets import Target
from grading.scheme.model import Scheme
from grading.scheme.reader import parse_scheme
from tests.grading.engine.test_properties import PRESETS, random_book
from tests.grading.factories import AS_OF, NAME, dimension, grade_one, indicator, make_scheme, scheme_text
from tests.grading.frames import effective_weights, empty_state, move
from tests.grading.reference import grade_slowly, score_of, shown


def with_movement(text: str, movement: str = "margin_up: 2") -> Scheme:
    return parse_scheme(f"{text}movement: {{{movement}}}\n", source="small.yaml")


XY = with_movement(scheme_text(dimension("only", indicator("x", 60), indicator("y", 40))))

STEPS = "{fn: bands, bands: [[0, 100], [30, 60], [60, 80], [90, 0]]}"
JUDGED = "{fn: scale, min: 5, max: 1}"
WORDS = "{fn: map, values: {low: 5, middle: 60, high: 90}}"
HILL = "{fn: points, knots: [[0, 0], [10, 90], [20, 90], [40, 30]]}"

MIXED = with_movement(
    scheme_text(
        dimension(
            "one",
            indicator("steps", 50, STEPS),
            indicator("judged", 50, JUDGED),
            weight=50,
        ),
        dimension(
            "two",
            indicator("word", 30, WORDS),
            indicator("hill", 40, HILL),
            indicator("fixed", 30, extra="influence: false"),
            weight=50,
        ),
    ),
    "margin_up: 1.5",
)


def lift_of(scheme: Scheme, tier: str | None = None, active: tuple[str, ...] = (), **values: Any) -> Lift:
    return find_lift(grade_one(scheme, **values), scheme, 0, tier=tier, active=active)


def regrade(scheme: Scheme, **values: Any) -> dict[str, Any]:
    return dict(grade_one(scheme, **values).results.iloc[0])


def test_headroom_is_what_the_weight_still_leaves_and_the_largest_comes_first() -> None:
    lift = lift_of(XY, x=70, y=30)  # 0.6 x 70 + 0.4 x 30 = 54: tier B; A begins at 75, with the margin 77
    assert (lift["tier"], lift["goal"], lift["score"], lift["needed"]) == ("B", "A", 54.0, 77.0)
    # 76.95 is shown as 77.0.
    assert lift["lacking"] == pytest.approx(76.95 - 54)
    y, x = lift["levers"]
    assert (y["indicator"], x["indicator"]) == ("y", "x")
    assert y["headroom"] == pytest.approx(0.4 * (100 - 30))
    assert x["headroom"] == pytest.approx(0.6 * (100 - 70))
    assert y["alone"]
    assert y["target"] is not None
    assert y["target"]["relation"] == "at_least"
    assert y["target"]["value"] == pytest.approx(30 + (76.95 - 54) / 0.4)  # 87.375
    assert y["target"]["shown"] == 87.4
    assert (x["alone"], x["target"]) == (False, None)  # 18 points at most, 22.95 are lacking
    assert lift["enough"]
    assert [step["indicator"] for step in lift["combination"]] == ["y"]
    assert lift["combination"][0]["target"] == pytest.approx(y["target"])
    assert json.loads(json.dumps(lift)) == lift


def test_the_smallest_combination_closes_the_same_share_of_each() -> None:
    lift = lift_of(XY, x=50, y=50)  # 50: B; each gives 30 and 20 at most, 26.95 are lacking
    assert [step["indicator"] for step in lift["combination"]] == ["x"]
    lift = lift_of(XY, x=60, y=40)  # 52; 24 each at most, 24.95 are lacking
    share = (76.95 - 52) / (24 + 24)
    assert [line["alone"] for line in lift["levers"]] == [False, False]
    assert lift["enough"]
    assert {step["indicator"]: step["points"] for step in lift["combination"]} == pytest.approx(
        {"x": share * 24, "y": share * 24}
    )
    values = {step["indicator"]: step["target"]["value"] for step in lift["combination"]}
    assert values == pytest.approx({"x": 60 + share * 40, "y": 40 + share * 60})
    assert regrade(XY, **values)["score"] == 77.0


def test_when_not_even_everything_is_enough_it_is_reported() -> None:
    scheme = with_movement(
        scheme_text(dimension("only", indicator("x", 30), indicator("y", 70, extra="influence: false")))
    )
    lift = lift_of(scheme, x=50, y=60)  # 57; x gives 15 more, 19.95 are lacking
    assert [line["indicator"] for line in lift["levers"]] == ["x"]
    assert (lift["enough"], lift["combination"], lift["levers"][0]["alone"]) == (False, [], False)


def test_what_is_missing_or_decides_nothing_is_no_lever() -> None:
    scheme = make_scheme(
        dimension("one", indicator("x", 50), indicator("y", 50), weight=50),
        dimension("two", indicator("u", 40), indicator("v", 60), weight=50, min_coverage=0.5),
    )
    lift = lift_of(scheme, x=50, u=10)  # y is missing, and two is known to 0.4 only
    assert [line["indicator"] for line in lift["levers"]] == ["x"]
    assert lift["levers"][0]["effective_weight"] == 1
    assert lift_of(scheme, x=100, y=20)["levers"][0]["indicator"] == "y"  # x has nothing left to give


@pytest.mark.parametrize("policy", ["neutral", "worst"])
def test_the_substitute_of_a_missing_fact_is_no_lever(policy: str) -> None:
    scheme = make_scheme(dimension("only", indicator("x", 60), indicator("y", 40)), policy=policy)
    assert [line["indicator"] for line in lift_of(scheme, x=50)["levers"]] == ["x"]


@pytest.mark.parametrize(
    ("score", "value", "beside", "relation", "target"),
    [
        # (0 + 90)/2 = 45 is 4.95 short of B, so 9.9 is wanted: any band will do, and this is the nearest.
        (STEPS, 95, 90, "below", 90),
        (STEPS, 65, 66, "below", 30),  # (80 + 66)/2 = 73 is 1.95 short of A: 83.9, and only the first has it
        (STEPS, 50, 80, "at_least", 60),  # 60 + 9.9: 80 or 100, and 60 is nearer than 30
        (STEPS, 35, 80, "below", 30),  # the same, and here 30 is nearer
        (JUDGED, 3, 90, "at_most", 5 - 4 * 0.599),  # (50 + 90)/2 = 70: 50 + 9.9
        (WORDS, "low", 85, "is", "middle"),  # 5 + 9.9
        (WORDS, "middle", 60, "is", "high"),  # 60 + 29.9
        (HILL, 30, 80, "at_most", 30 - 9.9 / 3),  # from the far side of the hill, 3 points a unit
        (HILL, 5, 95, "at_least", 5 + 9.9 / 9),  # from the near side, 9 points a unit
    ],
)
def test_each_score_function_is_turned_round(
    score: str, value: Any, beside: float, relation: str, target: Any
) -> None:
    scheme = make_scheme(dimension("only", indicator("v", 50, score), indicator("x", 50)))
    found = next(line for line in lift_of(scheme, v=value, x=beside)["levers"] if line["indicator"] == "v")
    assert found["target"] is not None
    assert found["target"]["relation"] == relation
    assert found["target"]["value"] == (target if isinstance(target, str) else pytest.approx(target))


def test_a_curve_that_ends_below_100_promises_no_more_than_it_gives() -> None:
    scheme = make_scheme(dimension("only", indicator("v", 50, WORDS), indicator("x", 50)))
    found = next(line for line in lift_of(scheme, v="middle", x=50)["levers"] if line["indicator"] == "v")
    assert found["headroom"] == pytest.approx(0.5 * (90 - 60))  # 19.95 are lacking, and 20 would be a lie
    assert (found["alone"], found["target"]) == (False, None)


def test_targets_are_shown_in_round_figures_that_never_ask_for_less() -> None:
    knots = "{fn: points, knots: [[0, 0], [1000000, 100]]}"
    scheme = make_scheme(dimension("only", indicator("x", score=knots)))
    count = make_scheme(dimension("only", indicator("x", score=knots, extra="unit: count")))
    judged = make_scheme(dimension("only", indicator("x", score="{fn: scale, min: 1, max: 5}")))
    falling = make_scheme(
        dimension("only", indicator("x", score="{fn: points, knots: [[0, 100], [0.7, 0]]}"))
    )
    found = [
        lift_of(s, x=x)["levers"][0]["target"]
        for s, x in ((scheme, 600_000), (count, 600_000), (judged, 3.5), (falling, 0.3))
    ]
    assert [(t["relation"], t["shown"]) for t in found if t] == [
        ("at_least", 750_000),  # 749,500 is shown as 75.0; three digits say 750,000
        ("at_least", 749_501),  # a whole number of things, up
        ("at_least", 4),  # 3.998 on a scale of judgements
        ("at_most", 0.17),  # 0.7 x (1 - 0.7495) = 0.17535, down to what is printed
    ]
    for s, target in zip((scheme, count, judged, falling), found, strict=True):
        assert target is not None
        assert regrade(s, x=target["shown"])["tier"] == "A"
        assert regrade(s, x=target["value"])["tier"] == "A"


GATES = (
    f"[{{id: weak, {NAME}, when: {{field: credit, in: [C]}}, cap: B, clear_after: 3}}, "
    f"{{id: stop, {NAME}, when: {{field: overdue, ge: 0.2}}, cap: C}}, "
    f"{{id: gap, {NAME}, when: {{dimension: two, missing: true}}, cap: B}}, "
    f"{{id: watch, {NAME}, when: {{field: risk, in: [true]}}, flag: watch}}, "
    f"{{id: banned, {NAME}, when: {{field: banned, in: [true]}}, block: true}}]"
)
GATED = with_movement(
    scheme_text(
        dimension("one", indicator("x"), weight=50), dimension("two", indicator("y"), weight=50), gates=GATES
    )
)


def test_gates_that_cap_below_the_goal_are_named_strictest_first() -> None:
    lift = lift_of(GATED, x=90, y=90, credit="C", overdue=0.3, risk=True)
    # The score is good for A: only the gate that holds it at C must end for B.
    assert (lift["tier"], lift["goal"], lift["lacking"], lift["levers"]) == ("C", "B", None, [])
    assert lift["gates"] == [
        {
            "gate": "stop",
            "cap": "C",
            "block": False,
            "hit": True,
            "clear_after": 0,
            "field": "overdue",
            "value": 0.3,
            "comparison": "ge",
            "limit": 0.2,
            "words": None,
            "dimension": None,
        }
    ]
    lift = lift_of(GATED, x=60, credit="C")  # B by 60, and B is all that two gates allow
    assert (lift["tier"], lift["goal"], lift["enough"]) == ("B", "A", True)
    assert lift["lacking"] == pytest.approx(76.95 - 60)
    assert [(gate["gate"], gate["words"], gate["dimension"]) for gate in lift["gates"]] == [
        ("weak", ["C"], None),
        ("gap", None, "two"),
    ]


def test_a_cap_that_only_waits_for_clean_snapshots_still_holds() -> None:
    lift = lift_of(GATED, x=90, y=90, credit="A", active=("weak",))
    assert (lift["tier"], lift["goal"]) == ("B", "A")
    assert [(gate["gate"], gate["hit"], gate["clear_after"]) for gate in lift["gates"]] == [
        ("weak", False, 3)
    ]


def test_blocked_new_and_unrated_are_not_lifted_by_points() -> None:
    lift = lift_of(GATED, x=60, y=60, banned=True, credit="C")
    assert (lift["tier"], lift["goal"], lift["enough"], lift["levers"]) == ("blocked", None, False, [])
    assert [gate["gate"] for gate in lift["gates"]] == ["banned"]
    lift = lift_of(GATED, x=60, y=60, banned=False, active=("banned",))  # no longer, but not yet cleared
    assert (lift["tier"], lift["goal"], [gate["hit"] for gate in lift["gates"]]) == ("blocked", None, [False])
    assert lift_of(GATED)["tier"] == "unrated"
    young = make_scheme(min_history_months=3)
    assert lift_of(young, x=60, months_with_us=1)["tier"] == "new"


def test_the_tier_that_movement_holds_is_what_is_lifted_from() -> None:
    # 76 is an A by the boundary, but B is held and 77 is wanted.
    lift = lift_of(XY, x=76, y=76, tier="B")
    assert (lift["tier"], lift["goal"], lift["needed"]) == ("B", "A", 77.0)
    assert lift["lacking"] == pytest.approx(0.95)
    # 80 is enough: what is wanting is time, not points.
    lift = lift_of(XY, x=80, y=80, tier="B")
    assert (lift["lacking"], lift["enough"], lift["combination"]) == (0, True, [])
    assert [line["target"] for line in lift["levers"]] == [None, None]
    assert lift_of(XY, x=76, y=76)["goal"] is None


@pytest.mark.parametrize(
    ("tier", "active", "message"),
    [("D", (), 'has no tier "D"; it has A, B, C'), (None, ("stop",), 'has no gate "stop"; it has ')],
)
def test_an_unknown_tier_or_gate_is_refused(tier: str | None, active: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lift_of(XY, x=1, y=1, tier=tier, active=active)


def test_a_grading_of_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="but explained by"):
        find_lift(grade_one(XY, x=1), MIXED, 0)


@pytest.mark.parametrize(
    ("bound", "decimals", "score", "exact"),
    [(75, 1, 75.0, 74.95), (75, 0, 75, 74.5), (33.33, 1, 33.4, 33.35), (50.1 + 2.2, 1, 52.3, 52.25)],
)
def test_the_needed_score_is_the_one_people_see(
    bound: float, decimals: int, score: float, exact: float
) -> None:
    scheme = make_scheme(display_decimals=decimals)
    assert needed_score(bound, scheme) == pytest.approx((score, exact), abs=1e-12)
    assert regrade(scheme, x=needed_score(bound, scheme)[1])["score"] == score


def reaching(target: Target) -> list[Any]:
    """The values that a target promises to suffice."""
    if target["relation"] == "below":
        return [math.nextafter(float(target["value"]), -math.inf)]
    return [target["value"], target["shown"]]


@pytest.mark.parametrize("name", [*PRESETS, "mixed"])
def test_graded_again_with_what_is_proposed_the_boundary_is_reached_and_not_by_less(name: str) -> None:
    scheme = MIXED if name == "mixed" else PRESETS[name]
    people, _ = random_book(scheme, 300, seed=11)
    for place, person in enumerate(people):
        if person.get("steps") is not None:
            person["steps"] = float(place % 12 * 10)
    graded = grade(pd.DataFrame(people), scheme, AS_OF)
    tries: list[dict[str, Any]] = []
    wanted: list[tuple[Lift, bool]] = []
    kinds = set()
    for row, person in enumerate(people):
        lift = find_lift(graded, scheme, row)
        if lift["goal"] is None or not lift["lacking"]:
            continue
        check_against_fractions(lift, person, scheme, graded, row)
        for line in lift["levers"]:
            if line["target"] is None:
                continue
            kinds.add(line["target"]["relation"])
            id = line["indicator"]
            for value in reaching(line["target"]):
                tries.append(person | {id: value})
                wanted.append((lift, True))
            if line["target"]["relation"] in ("at_least", "at_most"):
                way = person[id] + 0.99 * (line["target"]["value"] - person[id])
                tries.append(person | {id: way})
                wanted.append((lift, False))
        if lift["combination"]:
            for place in (0, -1):
                values = {step["indicator"]: reaching(step["target"])[place] for step in lift["combination"]}
                tries.append(person | values)
                wanted.append((lift, True))
    again = grade(pd.DataFrame(tries), scheme, AS_OF).results
    order = [tier.id for tier in scheme.tiers]
    for (lift, reached), found, tier in zip(wanted, again["score"], again["computed_tier"], strict=True):
        assert lift["needed"] is not None
        assert lift["goal"] is not None
        assert (found >= lift["needed"] - 1e-12) == reached
        if reached:
            assert order.index(tier) <= order.index(lift["goal"])
    assert sum(reached for _, reached in wanted) > 30
    expected = {"prospects": {"is"}, "mixed": {"at_least", "at_most", "below", "is"}}
    assert kinds >= expected.get(name, {"at_least"})


@pytest.mark.parametrize("name", ["b2b_accounts", "orders_only", "credit_assessment"])
def test_movement_lifts_a_customer_that_reaches_the_proposal_and_no_other(name: str) -> None:
    scheme = PRESETS[name]
    people, frame = random_book(scheme, 200, seed=13)
    graded = grade(frame, scheme, AS_OF)
    first = move(graded, scheme, empty_state(frame.index, scheme), snapshot=1)
    tries: list[dict[str, Any]] = []
    rows: list[int] = []
    wanted: list[tuple[str, bool]] = []
    for row, person in enumerate(people):
        standing = first.results["standing"].iloc[row]
        gates = [str(id) for id, on in first.gates_active.iloc[row].items() if on]
        lift = find_lift(graded, scheme, row, tier=standing, active=gates)
        assert lift["tier"] == first.results["tier"].iloc[row]
        if lift["goal"] is None or not lift["lacking"]:
            continue
        steps = [[(line["indicator"], line["target"])] for line in lift["levers"] if line["target"]]
        steps += [[(step["indicator"], step["target"]) for step in lift["combination"]]]
        for targets in filter(None, steps):
            tries.append(person | {id: reaching(target)[-1] for id, target in targets})
            wanted.append((lift["goal"], True))
            rows.append(row)
            if all(target["relation"] in ("at_least", "at_most") for _, target in targets):
                short = {id: person[id] + 0.99 * (float(t["value"]) - person[id]) for id, t in targets}
                tries.append(person | short)
                wanted.append((lift["goal"], False))
                rows.append(row)
    again = grade(pd.DataFrame(tries), scheme, AS_OF)
    state = first.state.iloc[rows].set_axis(again.results.index)
    for snapshot in range(2, 9):
        moved = move(again, scheme, state, snapshot=snapshot)
        state = moved.state
    order = [tier.id for tier in scheme.tiers]
    for (goal, reached), standing in zip(wanted, moved.results["standing"], strict=True):
        assert (order.index(standing) <= order.index(goal)) == reached
    assert sum(reached for _, reached in wanted) > 20
    assert sum(not reached for _, reached in wanted) > 20


def check_against_fractions(
    lift: Lift, person: dict[str, Any], scheme: Scheme, graded: Grading, row: int
) -> None:
    """Headroom, what is lacking and which are alone, once more and exactly."""
    slow = grade_slowly(person, scheme)
    movement = scheme.movement
    bound = Fraction(scheme.tier(str(lift["goal"])).at) + Fraction(movement.margin_up if movement else 0)
    assert lift["needed"] == pytest.approx(float(bound))
    assert shown(Fraction(slow["exact_score"]), scheme.display_decimals) < bound
    unit = Fraction(1, 10**scheme.display_decimals)
    lacking = bound - unit / 2 - Fraction(slow["exact_score"])
    assert lift["lacking"] == pytest.approx(float(lacking), abs=1e-9)
    expected = {}
    for known in scheme.indicators:
        score = score_of(known.score, person.get(known.id))
        weight = effective_weights(graded)[known.id].iloc[row]
        if score is not None and known.influence and weight and score < 100:
            tops = {"steps": 100, "word": 90, "hill": 90}
            most = tops.get(known.id, max(getattr(known.score, "values", {"": 100}).values()))
            if most > score:
                expected[known.id] = float((most - score) * Fraction(weight))
    assert {line["indicator"]: line["headroom"] for line in lift["levers"]} == pytest.approx(
        expected, abs=1e-9
    )
    sizes = sorted(expected.values(), reverse=True)
    assert [line["headroom"] for line in lift["levers"]] == pytest.approx(sizes)
    for line in lift["levers"]:
        assert line["alone"] == (line["headroom"] >= lacking)
        assert (line["target"] is not None) == line["alone"]
    assert lift["enough"] == (sum(sizes) >= lacking)
    fewest = next((n for n in range(len(sizes) + 1) if sum(sizes[:n]) >= lacking), 0)
    assert len(lift["combination"]) == fewest
