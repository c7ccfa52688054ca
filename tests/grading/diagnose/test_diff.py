"""Two schemes over one book: who would move, and that the rules named for it add up to the change."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from grading.diagnose.diff import BookDiff, RuleDifference, compare, find_differences
from grading.engine.scoring import grade
from grading.scheme.model import Scheme
from grading.scheme.reader import parse_scheme
from tests.factories import PLAIN_SCHEME

DAY = date(2026, 3, 31)
SWAPPED = (
    PLAIN_SCHEME.replace("weight: 60", "weight: 41")
    .replace("weight: 40", "weight: 60")
    .replace("weight: 41", "weight: 40")
    .replace("version: 1", "version: 2")
)
BOOK = pd.DataFrame(
    {"quality": [80.0, 90.0, 20.0], "service": [50.0, 40.0, 20.0]}, index=["STAYS", "FALLS", "LOW"]
)


def scheme(text: str = PLAIN_SCHEME) -> Scheme:
    return parse_scheme(text, source="test")


def compared(new_text: str, book: pd.DataFrame = BOOK) -> BookDiff:
    old, new = scheme(), scheme(new_text)
    return compare(grade(book, old, DAY), old, grade(book, new, DAY), new)


def test_other_weights_move_a_customer_and_the_indicators_add_up_to_the_change() -> None:
    found = compared(SWAPPED)
    # FALLS: 0.6 x 90 + 0.4 x 40 = 70 is A; 0.4 x 90 + 0.6 x 40 = 60 is B.
    assert found.movers.index.tolist() == ["FALLS"]
    row = found.movers.loc["FALLS"]
    assert (row["before"], row["after"], row["old_score"], row["new_score"]) == ("A", "B", 70.0, 60.0)
    assert found.points.loc["FALLS"].to_dict() == pytest.approx(
        {"quality": (0.4 - 0.6) * 90, "service": (0.6 - 0.4) * 40}
    )
    assert found.points.sum(axis=1).tolist() == pytest.approx(found.results["change"].tolist())
    causes = find_differences(found, 1)
    assert [cause.points for cause in causes] == pytest.approx([-18.0, 8.0])
    assert [replace(cause, points=None) for cause in causes] == [
        RuleDifference(kind="points", name="quality", how="weight", before=60.0, after=40.0),
        RuleDifference(kind="points", name="service", how="weight", before=40.0, after=60.0),
    ]
    assert found.matrix.loc["A", "B"] == 1
    assert found.matrix.loc["B", "B"] == 1
    assert found.matrix.loc["C", "C"] == 1
    assert int(found.matrix.to_numpy().sum()) == len(BOOK)
    assert found.drift is not None
    # 70, 68 and 60, 62 lie in one band of scores, 20 in another: two bands, three customers on either side.
    assert found.drift.psi == 0.0
    assert found.drift.by_chance == pytest.approx((2 - 1) * (1 / 3 + 1 / 3))


def test_another_boundary_is_named_without_any_indicator() -> None:
    found = compared(PLAIN_SCHEME.replace("at: 70", "at: 65"))
    assert found.movers[["before", "after"]].to_numpy().tolist() == [["B", "A"]]  # 0.6 x 80 + 0.4 x 50 = 68
    assert find_differences(found, 0) == [RuleDifference(kind="boundary", name="A", before=70.0, after=65.0)]
    assert find_differences(found, 2) == []


def test_an_indicator_of_only_one_scheme_counts_with_all_its_points() -> None:
    text = PLAIN_SCHEME.replace("id: service, name", "id: speed, name")
    found = compared(text, BOOK.assign(speed=100.0))
    causes = find_differences(found, 2)
    assert [(cause.name, cause.how) for cause in causes] == [("speed", "new"), ("service", "gone")]
    assert [cause.points for cause in causes] == pytest.approx([0.4 * 100, -0.4 * 20])


def test_another_curve_and_another_policy_for_missing_facts_are_distinguished() -> None:
    bent = PLAIN_SCHEME.replace("[100, 100]", "[100, 50]", 1)
    assert [(c.name, c.how) for c in find_differences(compared(bent), 0)] == [("quality", "curve")]
    neutral = PLAIN_SCHEME + "missing: {policy: neutral}\n"
    gap = BOOK.assign(service=[np.nan, 40.0, 20.0])
    points = [cause for cause in find_differences(compared(neutral, gap), 0) if cause.kind == "points"]
    # Redistributed, quality alone is all of the score: 80; neutral it is 0.6 x 80 beside 0.4 x 50.
    assert [cause.name for cause in points] == ["quality", "service"]
    assert [cause.points for cause in points] == pytest.approx([0.6 * 80 - 80, 0.4 * 50])


def test_caps_blocks_and_coverage_are_named() -> None:
    uncapped = PLAIN_SCHEME.replace("cap: C", "cap: B")
    bad = BOOK.assign(credit="D")
    assert find_differences(compared(uncapped, bad), 1) == [RuleDifference(kind="cap", name="credit")]
    strict = PLAIN_SCHEME.replace("min_coverage: 0.6", "min_coverage: 0.9")
    gap = BOOK.assign(service=[np.nan, 40.0, 20.0])
    found = compared(strict, gap)
    assert found.movers["after"].tolist() == ["unrated"]
    assert find_differences(found, 0) == [RuleDifference(kind="coverage", before=0.6, after=0.6)]
    free = PLAIN_SCHEME[: PLAIN_SCHEME.index("  - {id: sanctions")]
    assert find_differences(compared(free, BOOK.assign(sanctions=True)), 0) == [RuleDifference(kind="block")]


def test_a_book_without_any_score_has_no_drift_and_an_empty_one_no_movers() -> None:
    nothing = pd.DataFrame(index=["A1"])
    assert compared(SWAPPED, nothing).drift is None
    assert compared(SWAPPED, BOOK.iloc[:0]).movers.empty


def test_gradings_of_other_books_are_refused() -> None:
    old, new = scheme(), scheme(SWAPPED)
    by_new = grade(BOOK, new, DAY)
    with pytest.raises(ValueError, match="other customers"):
        compare(grade(BOOK.iloc[:1], old, DAY), old, by_new, new)
    with pytest.raises(ValueError, match="another scheme"):
        compare(by_new, old, by_new, new)
