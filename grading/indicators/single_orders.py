"""The rhythm of customers and the sums of a window, from single orders: for the few customers of a chunk.

Orders are columns: `place`, the row of the customer that an order belongs to, ascending; its day; and its amounts as whole
numbers, of which sums are exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grading.engine.fields import Bools, Floats

Days = NDArray[np.datetime64]
Numbers = NDArray[np.int64]
_BITS = 22  # of a day counted from the year 0
_FIRST = np.datetime64("0000-01-01", "D").astype(np.int64)


class OrderDays(NamedTuple):
    """The distinct days with an order of each customer, by customer and day."""

    place: Numbers
    day: Days


class Rhythm(NamedTuple):
    """A row for each customer; NaT and NaN where there is none."""

    last_order: Days
    order_days: Floats
    median_gap_days: Floats


def order_days_of(place: Numbers, day: Days) -> OrderDays:
    """The distinct days of orders, in any order within a customer."""
    packed = np.sort(
        (place << _BITS) + day.astype(np.int64) - _FIRST, kind="stable"
    )  # fast when nearly sorted
    packed = packed[np.diff(packed, prepend=-1) > 0]
    return OrderDays(packed >> _BITS, (packed % (1 << _BITS) + _FIRST).astype("datetime64[D]"))


def rhythm_of(days: OrderDays, customers: int) -> Rhythm:
    """The last day with an order, how many there are, and the median of the days from one to the next."""
    counts = np.bincount(days.place, minlength=customers)
    last = np.full(customers, np.datetime64("NaT"), dtype="datetime64[D]")
    last[counts > 0] = days.day[np.cumsum(counts)[counts > 0] - 1]
    same = days.place[1:] == days.place[:-1]
    lengths = np.diff(days.day).astype(np.int64)[same]
    gaps = np.sort((days.place[1:][same] << _BITS) + lengths) % (1 << _BITS)
    number = np.maximum(counts - 1, 0)
    begin, known = np.cumsum(number) - number, number > 0
    median = np.full(customers, np.nan)
    low, high = ((begin + (number - odd) // 2)[known] for odd in (1, 0))
    median[known] = (gaps[low] + gaps[high]) / 2
    return Rhythm(last, counts.astype(np.float64), median)


def count_by_customer(place: Numbers, which: Bools, customers: int) -> Floats:
    """How many rows of each customer meet a condition."""
    return np.bincount(place[which], minlength=customers).astype(np.float64)


def sum_by_customer(place: Numbers, amounts: Numbers, which: Bools, customers: int) -> Numbers:
    """The exact sum of the rows of each customer that meet a condition; 0 without any."""
    edges = np.searchsorted(place, np.arange(customers + 1))
    total = np.concatenate(([0], np.cumsum(np.where(which, amounts, 0))))
    found: Any = np.diff(total[edges])
    return found  # type: ignore[no-any-return]
