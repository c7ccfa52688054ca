"""Rhythms and sums of single orders equal loops over them."""

from datetime import date, timedelta
from itertools import pairwise
from statistics import median

import numpy as np

from grading.indicators.single_orders import (
    count_by_customer,
    order_days_of,
    rhythm_of,
    sum_by_customer,
)

FIRST = date(1960, 1, 1)
CUSTOMERS = 50


def orders(seed: int) -> list[tuple[int, date]]:
    """(place, day) in no order, several on one day, customers without any."""
    rng = np.random.default_rng(seed)
    places = rng.choice(rng.permutation(CUSTOMERS)[:40], 400)
    return [
        (int(place), FIRST + timedelta(days=int(age)))
        for place, age in zip(places, rng.integers(0, 30_000, 400) // 40 * 40, strict=True)
    ]


def test_the_rhythm_equals_a_loop_over_the_days_of_each_customer() -> None:
    for seed in range(5):
        rows = orders(seed)
        place, day = (np.array(column) for column in zip(*rows, strict=True))
        found = rhythm_of(order_days_of(place, day.astype("datetime64[D]")), CUSTOMERS)
        for customer in range(CUSTOMERS):
            days = sorted({one for who, one in rows if who == customer})
            gaps = [(b - a).days for a, b in pairwise(days)]
            assert found.last_order[customer].item() == (days[-1] if days else None)
            assert found.order_days[customer] == len(days)
            if gaps:
                assert found.median_gap_days[customer] == median(gaps)
            else:
                assert np.isnan(found.median_gap_days[customer])


def test_nobody_has_ordered() -> None:
    none = np.zeros(0, dtype=np.int64)
    found = rhythm_of(order_days_of(none, none.astype("datetime64[D]")), 2)
    assert np.isnat(found.last_order).all()
    assert found.order_days.tolist() == [0, 0]
    assert np.isnan(found.median_gap_days).all()
    assert sum_by_customer(none, none, none > 0, 2).tolist() == [0, 0]


def test_sums_are_exact_beyond_what_floating_point_holds() -> None:
    place = np.array([0, 0, 2, 2])
    amounts = np.array([2**53, 1, 2**62, -5])
    which = np.array([True, True, True, False])
    assert sum_by_customer(place, amounts, which, 4).tolist() == [2**53 + 1, 0, 2**62, 0]
    assert count_by_customer(place, which, 4).tolist() == [2, 0, 1, 0]
