"""Which of several schemes grades a customer: the first that applies to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd


def first_that_applies(customers: pd.DataFrame, schemes: Sequence[Scheme]) -> NDArray[np.int16]:
    """By row the place of the first scheme that applies, from 0; -1 where none does.

    `customers`: the columns that `applies_to` may name (industry, customer_type, region, country), as words or None. A
    scheme applies to a customer whose columns each hold one of its words, exactly as written; one without `applies_to`
    applies to everybody.
    """
    place = np.full(len(customers), -1, dtype=np.int16)
    for number in reversed(range(len(schemes))):
        fits = np.ones(len(customers), dtype=bool)
        for column, words in schemes[number].applies_to.items():
            fits &= customers[column].isin(words).to_numpy()
        place[fits] = number
    return place
