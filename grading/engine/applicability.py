"""Which of several schemes grades a customer: the first that applies to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grading.scheme.model import Scheme

NOBODY = -1


def first_that_applies(customers: pd.DataFrame, schemes: Sequence[Scheme]) -> NDArray[np.int16]:
    """Row by row the place of the first scheme that applies, from 0; `NOBODY` (-1) where none does.

    `customers`: the columns of the book that `applies_to` may name (industry, customer_type, region, country), as words
    or None. A scheme applies to a customer whose columns hold one of its words each, exactly as they are written; one
    without `applies_to` applies to everybody. No row looks at another.
    """
    place = np.full(len(customers), NOBODY, dtype=np.int16)
    for number in reversed(range(len(schemes))):
        fits = np.ones(len(customers), dtype=bool)
        for column, words in schemes[number].applies_to.items():
            fits &= customers[column].isin(words).to_numpy()
        place[fits] = number
    return place
