"""Altman's Z, Z' and Z'': how near to distress a firm's statements are. One item of a credit table, no verdict.

On 7,027 Polish firms failure within five years was 8.9, 3.7 and 2.0 % by the zones of Z'': it ranks, it does not decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from grading.engine.fields import DATE_SUFFIX, Bools, frame_of, matrix_of, read_days
from grading.scheme.model import ZONE, ZONE_RATIOS, ZONE_STATEMENTS, Scheme

# X1 to X4, with equity at market value in Z and at book value in Z' and Z''; then X5.
RATIOS = (*ZONE_RATIOS, "sales_to_assets")


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """Coefficients of X1..X5; below `distress` is distress, above `safe` is safe, the rest is grey."""

    coefficients: tuple[float, ...]
    distress: float
    safe: float


MODELS: Mapping[str, Model] = {
    # Listed manufacturers: Journal of Finance 23(4) 1968, with percentages as fractions.
    "z": Model(coefficients=(1.2, 1.4, 3.3, 0.6, 1.0), distress=1.81, safe=2.99),
    # Private manufacturers: Altman, Corporate Financial Distress (1983).
    "z_private": Model(coefficients=(0.717, 0.847, 3.107, 0.420, 0.998), distress=1.23, safe=2.90),
    # Services and emerging markets: Altman, revision of 2000; no X5.
    "z_services": Model(coefficients=(6.56, 3.26, 6.72, 1.05), distress=1.10, safe=2.60),
}
_ZONES = np.array(["distress", "grey", "safe", None], dtype=object)


def altman(ratios: pd.DataFrame, model: str = "z_services") -> pd.DataFrame:
    """Z and its zone for every firm, on the index of `ratios`.

    In: the first columns of RATIOS, as fractions (0.2, not 20); `model`: z (listed manufacturers), z_private (Z'),
    z_services (Z'', four ratios). Out: `z` and `zone` (distress, grey, safe); any ratio missing or infinite means no Z:
    NaN and None. The cuts themselves are grey. KeyError for an unknown model, ValueError without a column.
    """
    chosen = MODELS[model]
    x = matrix_of(ratios, RATIOS[: len(chosen.coefficients)], model)
    known = np.asarray(np.isfinite(x).all(axis=1))
    z = np.where(known[:, None], x, np.nan) @ np.array(chosen.coefficients)
    shown = np.round(z, 9)  # 1.81 is a sum of binary fractions
    place = np.select([~known, shown < chosen.distress, shown > chosen.safe], [3, 0, 2], 1)
    return frame_of({"z": z, "zone": _ZONES[place]}, ratios.index)


def altman_ratios(statements: pd.DataFrame) -> pd.DataFrame:
    """The columns of RATIOS from statements, on their index.

    In: `working_capital`, `retained_earnings`, `ebit`, `equity`, `sales`, `total_assets`, `total_liabilities`, all in
    one currency, of one year. A ratio is missing when a part of it is, or when assets (for X4: liabilities) are not
    above 0. KeyError without a column.
    """
    amounts = ("working_capital", "retained_earnings", "ebit", "equity", "sales")
    bases = ("total_assets", "total_assets", "total_assets", "total_liabilities", "total_assets")
    money = statements[[*amounts, *set(bases)]].astype(float)
    return pd.DataFrame(
        {
            ratio: money[amount] / money[base].where(money[base] > 0)
            for ratio, amount, base in zip(RATIOS, amounts, bases, strict=True)
        }
    )


def with_zone(facts: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Facts with `z_zone`, where the scheme has that field and the parts of Z'' are known.

    In: the four ratios, or else the six amounts of ZONE_STATEMENTS in one currency, as columns with their `@date`. Parts
    of different days are not mixed: they would be of different years. The zone has the day of its parts; a recorded
    zone of a later day wins.
    """
    if ZONE not in scheme.fields:
        return facts
    facts = facts.copy()
    for names in (ZONE_STATEMENTS, ZONE_RATIOS):  # the ratios last: they win
        if not set(names) <= set(facts.columns):
            continue
        parts = facts[list(names)].astype(float)
        ratios = parts if names == ZONE_RATIOS else altman_ratios(parts.assign(sales=np.nan))
        zones = altman(ratios)["zone"]
        same, days = _one_day(facts, names)
        before = _days(facts, ZONE)
        if ZONE not in facts:
            facts[ZONE] = pd.Series(None, index=facts.index, dtype=object)
        take = zones.notna().to_numpy() & same & ~(facts[ZONE].notna().to_numpy() & (before > days))
        facts[ZONE] = facts[ZONE].astype(object).where(~take, zones)
        facts[ZONE + DATE_SUFFIX] = np.where(take, days, before).astype("datetime64[s]")
    return facts


def _days(facts: pd.DataFrame, name: str) -> Any:
    dates = name + DATE_SUFFIX
    if dates not in facts:
        return np.full(len(facts), np.datetime64("NaT"), dtype="datetime64[D]")
    return read_days(facts[dates])


def _one_day(facts: pd.DataFrame, names: tuple[str, ...]) -> tuple[Bools, Any]:
    """(whether these fields were all measured on one day, or none on a known one; that day), by row."""
    first = _days(facts, names[0])
    same = np.ones(len(facts), dtype=bool)
    for name in names[1:]:
        days = _days(facts, name)
        same &= (days == first) | (np.isnat(days) & np.isnat(first))
    return same, first
