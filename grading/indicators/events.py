"""From a customer's activities to indicators.

| indicator | formula | missing when |
|---|---|---|
| training_sessions_12m (count) | training in 12 months | unknown |
| contacts_12m (count) | visits, calls and meetings in 12 months | unknown |
| referrals_24m (count) | referrals in 24 months | unknown |
| complaints_per_100_orders | 100 x (x + m x r0) / (n + m); complaints and orders of 12 months | unknown, no order in the window, no constants.complaint_rate |
| contact_points (points) | sum of 0.5 ^ (age / constants.event_half_life_days) over visits, calls, meetings of 24 months | unknown, no constant |
| complaint_points (points) | the same over complaints | unknown, no constant |

Unknown: the customer has no such activity in the window, and no import declared the window complete: no rows mean zero
only where the source says that it has them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grading.engine.fields import Bools, Floats, floats_of, frame_of
from grading.indicators.orders import shrink_rate, window_start
from grading.indicators.sources import EDITION
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd

CONTACTS = ("visit", "call", "meeting")
WINDOWS = {"training": 12, "complaint": 12, "referral": 24} | dict.fromkeys(CONTACTS, 12)
"""Kinds of activity that are counted, and over how many months."""

FADING_MONTHS = 24
FADING = {"contact_points": CONTACTS, "complaint_points": ("complaint",)}

_COUNTED = {
    "training_sessions_12m": (("training",), 12),
    "contacts_12m": (CONTACTS, 12),
    "referrals_24m": (("referral",), 24),
    "complaints_per_100_orders": (("complaint",), 12),
} | {name: (kinds, FADING_MONTHS) for name, kinds in FADING.items()}

Period = tuple[str, date, date]  # kind, first day, last day for which every activity is on record


def fading_weights(as_of: date, scheme: Scheme, edition: int = EDITION) -> list[tuple[date, float]]:
    """(day, 0.5 ^ (age / half-life)) of each day of the 24 months up to a day; empty without a half-life."""
    half_life = scheme.constants.get("event_half_life_days")
    if not half_life:
        return []
    days = (as_of - window_start(as_of, FADING_MONTHS, edition)).days
    return [(as_of - timedelta(days=age), 0.5 ** (age / half_life)) for age in range(days)]


def is_complete(
    periods: Sequence[Period], kind: str, as_of: date, months: int, edition: int = EDITION
) -> bool:
    """Whether the declared periods of a kind cover the whole window of months up to a day."""
    day = window_start(as_of, months, edition) + timedelta(days=1)
    for first, last in sorted((first, last) for name, first, last in periods if name == kind):
        if first <= day:
            day = max(day, last + timedelta(days=1))
    return day > as_of


def find_incomplete(periods: Sequence[Period], as_of: date, edition: int = EDITION) -> dict[str, date]:
    """Indicator -> the start of its window, for those whose activities are not all on record: they are lower bounds."""
    return {
        name: window_start(as_of, months, edition)
        for name, (kinds, months) in _COUNTED.items()
        if not all(is_complete(periods, kind, as_of, months, edition) for kind in kinds)
    }


def replaces_count(facts: Floats, measured: NDArray[np.datetime64], counts: Floats, *, first: date) -> Bools:
    """Where a recorded fact counts instead of a lower bound: where nothing was counted, or a recent fact is higher.

    In: rows of customers; `first`: the first day on which a fact counts as recent. An older fact says nothing about the
    window, and one below the count has missed some.
    """
    recent = measured >= np.datetime64(first, "D")  # NaT is not
    found: Bools = ~np.isnan(facts) & (np.isnan(counts) | (recent & (facts > counts)))
    return found


def activity_indicators(
    counts: pd.DataFrame,
    faded: pd.DataFrame,
    orders_12m: pd.Series[float],
    periods: Sequence[Period],
    as_of: date,
    scheme: Scheme,
    edition: int = EDITION,
) -> pd.DataFrame:
    """Indicators from activities, on the index of `orders_12m`.

    In: `counts` with a column per kind of WINDOWS and `faded` with columns of FADING, for customers that have any;
    `orders_12m`, every customer's orders in the window. Out: the indicators above, NaN where unknown.
    """
    lower_bounds = find_incomplete(periods, as_of, edition)
    constants, index = scheme.constants, orders_12m.index
    count = {
        kind: _known(counts, kind, index, is_complete(periods, kind, as_of, months, edition))
        for kind, months in WINDOWS.items()
    }
    contacts = counts.reindex(columns=list(CONTACTS)).sum(axis=1).to_frame("contacts")
    rate = shrink_rate(count["complaint"], floats_of(orders_12m), constants.get("complaint_rate"), scheme)
    values = {
        "training_sessions_12m": count["training"],
        "contacts_12m": _known(contacts, "contacts", index, "contacts_12m" not in lower_bounds),
        "referrals_24m": count["referral"],
        "complaints_per_100_orders": 100.0 * rate,
    }
    for name in FADING:
        known = bool(constants.get("event_half_life_days")) and name not in lower_bounds
        values[name] = _known(faded, name, index, known)
    return frame_of(values, index)


def _known(frame: pd.DataFrame, column: str, index: pd.Index, all_recorded: bool) -> Floats:
    """A column for all of `index`: without a value 0 where all activities are on record, else NaN."""
    values = floats_of(frame[column].reindex(index)) if column in frame else np.zeros(len(index))
    found: Floats = np.nan_to_num(values, nan=0.0)
    return found if all_recorded else np.where(found > 0, found, np.nan)
