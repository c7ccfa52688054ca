"""Values of customer profiles: how they are checked, and what a statement changes."""

import re
from datetime import date, timedelta

import pytest

from bot.services.traits.fields import shipped_fields
from bot.services.traits.values import PresentValue, check_values, compare, split

DAY = date(2026, 6, 1)
BEFORE, AFTER = DAY - timedelta(days=9), DAY + timedelta(days=9)
LONG = "x" * 201


@pytest.mark.parametrize(
    ("field", "cell", "stored"),
    [
        ("benefits", "品质；price / fast delivery, PRICE", ("quality", "price", "speed")),
        ("benefits", "Brand and prestige", ("prestige",)),
        ("needs", "spare parts, fast; manuals\nseals", ("spare parts, fast", "manuals", "seals")),
        ("needs", "Seals; seals", ("seals",)),
        ("loyalty", "hoch", ("high",)),
        ("web_visits", "12.50", ("12.5",)),
        ("web_visits", "100", ("100",)),
        ("web_visits", "0.0", ("0",)),
        ("occupation", "doctor; surgeon", ("doctor; surgeon",)),
        ("needs", " ; ", ()),
    ],
)
def test_values_are_stored_in_one_form(field: str, cell: str, stored: tuple[str, ...]) -> None:
    known = shipped_fields().require(field)
    assert check_values(known, split(known, cell)) == stored


@pytest.mark.parametrize(
    ("field", "values", "problem"),
    [
        ("benefits", ["beauty"], "'beauty' is not one of price, quality, speed"),
        ("loyalty", ["high", "low"], "has one value, not 2"),
        ("web_visits", ["many"], "'many' is not a number; write it as 1234.5"),
        ("web_visits", ["NaN"], "is not a number"),
        ("web_visits", ["1e99"], "is not a number"),
        ("needs", ["a\x07b"], "holds a line break or a control character"),
        ("needs", [LONG], "has 201 characters; at most 200 are taken"),
        ("needs", [str(n) for n in range(51)], "has at most 50 values, not 51"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_reason(
    field: str, values: list[str], problem: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        check_values(shipped_fields().require(field), values)


PRESENT = [PresentValue(1, "price", DAY), PresentValue(2, "quality", DAY)]


@pytest.mark.parametrize(
    ("stated", "day", "added", "ended", "is_past"),
    [
        (["price", "quality"], DAY, (), (), False),
        (["price", "quality"], None, (), (), False),
        (["Price"], None, (), (2,), False),
        (["price", "speed"], DAY, ("speed",), (2,), False),
        ([], DAY, (), (1, 2), False),
        (["price", "quality"], AFTER, ("price", "quality"), (1, 2), False),  # dated anew
        (["speed"], BEFORE, ("speed",), (), True),
    ],
)
def test_a_statement_changes_only_what_is_another_value_or_a_later_day(
    stated: list[str], day: date | None, added: tuple[str, ...], ended: tuple[int, ...], is_past: bool
) -> None:
    assert compare(PRESENT, stated, day, AFTER) == (added, ended, is_past)
