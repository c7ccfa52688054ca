"""Rates of few events: pulled towards the mean, so that one complaint on one order is not the worst customer."""

from __future__ import annotations

import numpy as np

from grading.engine.fields import Floats
from grading.scheme.model import Scheme

PSEUDO_COUNT = 20.0
"""How many cases of the average customer are mixed in where the scheme has no `rate_pseudo_count`."""


def shrunken(hits: Floats, cases: Floats, mean: float | None, scheme: Scheme) -> Floats:
    """(hits + m x mean) / (cases + m); NaN where hits or cases are unknown, or the scheme has no mean.

    m is the constant rate_pseudo_count of the scheme; like `mean` it is frozen there, so that no customer's
    rate moves because another's did. Without any case the rate is unknown, not the mean.
    """
    if mean is None:
        return np.full(len(cases), np.nan)
    weight = scheme.constants.get("rate_pseudo_count") or PSEUDO_COUNT
    return np.where(cases > 0, (hits + weight * mean) / (cases + weight), np.nan)
