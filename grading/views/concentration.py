"""How much of the value few customers make (S3 20/80法则): reported as it is, never assumed.

Values may be negative: a customer sold to at a loss. Then shares of the net total mean little (the best customers can
make 300 % of it), so the shares are of what the profitable ones make, and the losses are reported next to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from grading.engine.fields import Floats, floats_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Concentration:
    """The concentration of one value over customers; shares are fractions of 1, None where nothing was made.

    `customers` have a value, `missing` have none and are left out. `gini`, `top_share`, `customers_for` are over the
    customers at 0 and above: `gains` is their sum. `losing` customers bring `losses` (<= 0). `net` = gains + losses.
    """

    customers: int
    missing: int
    net: float
    gains: float
    losses: float
    losing: int
    gini: float | None
    top: float  # the share of customers that `top_share` is about
    top_share: float | None
    part: float  # the share of the value that `customers_for` is about
    customers_for: int | None
    share_for: float | None


def measure_concentration(values: pd.Series[float], *, top: float = 0.2, part: float = 0.8) -> Concentration:
    """Gini, what the best `top` of the customers make, and how many customers make `part` of it all.

    In: one number per customer (money of one currency); missing and infinite ones are counted and left out. Gini =
    (2 sum i x_i)/(n sum x) - (n + 1)/n over ascending x (without the small-sample factor n/(n - 1)). `top_share` is
    read off the Lorenz curve, so that a fifth of 7 customers is 1.4 of them; `customers_for` is the least whole number.
    ValueError unless `top` and `part` are between 0 and 1.
    """
    if not 0 < top < 1 or not 0 < part < 1:
        raise ValueError("top and part are shares between 0 and 1, such as 0.2 and 0.8")
    known, missing = _known(values)
    gains, losses = known[known >= 0], known[known < 0]
    total = float(gains.sum())
    gini = top_share = share_for = None
    count = None
    if total > 0:
        n = len(gains)
        rank = np.arange(1, n + 1)
        gini = max(0.0, float(2 * (rank * (gains / total)).sum() / n - (n + 1) / n))
        curve = np.concatenate([[0.0], np.cumsum(gains)]) / total
        top_share = float(1.0 - np.interp(1.0 - top, np.arange(n + 1) / n, curve))
        made = np.cumsum(gains[::-1]) / total
        count = min(int(np.searchsorted(made, part - 1e-12, side="left")) + 1, n)
        share_for = count / n
    return Concentration(
        customers=len(known),
        missing=missing,
        net=total + float(losses.sum()),
        gains=total,
        losses=float(losses.sum()),
        losing=len(losses),
        gini=gini,
        top=top,
        top_share=top_share,
        part=part,
        customers_for=count,
        share_for=share_for,
    )


def lorenz(values: pd.Series[float], *, points: int = 20) -> pd.DataFrame:
    """The Lorenz curve at `points` even steps: `customers` (the least valuable share) and `value` (what they make).

    In and left out as in `measure_concentration`. Shares of the net total as it is, so with losses the curve dips below 0 and
    is no basis of a Gini. Empty when the net total is not above 0.
    Source: Lorenz 1905; in profit, the whale curve of Kaplan & Narayanan 2001 read from the other end.
    """
    known, _ = _known(values)
    total = float(known.sum())
    if not len(known) or total <= 0:
        return pd.DataFrame({"customers": [], "value": []}, dtype=float)
    shares = np.arange(points + 1) / points
    curve = np.concatenate([[0.0], np.cumsum(known)]) / total
    made = np.interp(shares, np.arange(len(known) + 1) / len(known), curve)
    return pd.DataFrame({"customers": shares, "value": made})


def _known(values: pd.Series[float]) -> tuple[Floats, int]:
    """(the finite values in ascending order, how many are not)."""
    column = floats_of(values)
    finite = np.isfinite(column)
    return np.sort(column[finite]), int((~finite).sum())
