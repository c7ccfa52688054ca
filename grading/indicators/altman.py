"""Altman's Z, Z' and Z'': how near to distress a firm's statements look. One item of a credit table, no verdict.

On 7,027 Polish firms failure within five years was 8.9, 3.7 and 2.0 % by the zones of Z'': it ranks, it does not decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from grading.engine.fields import DATE_SUFFIX, Bools, read_days
from grading.scheme.model import ZONE, ZONE_RATIOS, ZONE_STATEMENTS, Scheme

# X1 to X4, with equity at market value in Z and at book value in Z' and Z''; then X5.
RATIOS = (*ZONE_RATIOS, "sales_to_assets")


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """Coefficients of X1..X5; below `distress` is distress, above `safe` is safe, between lies grey."""

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


_ZONES = ("distress", "grey", "safe", None)


def altman(ratios: pd.DataFrame, model: str = "z_services") -> pd.DataFrame:
    """Z and its zone for every firm, on the index of `ratios`.

    In: the first columns of RATIOS, as fractions (0.2, not 20); `model`: z (listed manufacturers), z_private (Z'), z_services (Z'', four
    ratios). Out: `z` and `zone` (distress, grey, safe); any ratio missing or infinite means no Z: NaN and None. The
    cuts themselves are grey. KeyError for an unknown model, ValueError without a column.
    """
    chosen = MODELS[model]
    names = RATIOS[: len(chosen.coefficients)]
    absent = [name for name in names if name not in ratios.columns]
    if absent:
        raise ValueError(f"no column {', '.join(absent)}; {model} needs {', '.join(names)}")
    x = np.column_stack([ratios[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names])
    known = np.isfinite(x).all(axis=1)
    z = np.where(known[:, None], x, np.nan) @ np.array(chosen.coefficients)
    shown = np.round(z, 9)  # 1.81 is a sum of binary fractions
    place = np.select([~known, shown < chosen.distress, shown > chosen.safe], [3, 0, 2], 1)
    zones = pd.Series(np.array(_ZONES, dtype=object)[place], index=ratios.index, dtype=object)
    return pd.DataFrame({"z": z, "zone": zones}, index=ratios.index)


def altman_ratios(statements: pd.DataFrame) -> pd.DataFrame:
    """The columns of RATIOS out of statements, on their index.

    In: `working_capital`, `retained_earnings`, `ebit`, `equity`, `sales`, `total_assets`, `total_liabilities`, all in
    the same money, of one year. A ratio is missing when a part of it is, or when assets (for X4: liabilities) are not
    above 0. KeyError without a column.
    """
    assets = statements["total_assets"].astype(float)
    liabilities = statements["total_liabilities"].astype(float)
    assets, liabilities = assets.where(assets > 0), liabilities.where(liabilities > 0)
    parts = (
        ("working_capital", assets),
        ("retained_earnings", assets),
        ("ebit", assets),
        ("equity", liabilities),
        ("sales", assets),
    )
    return pd.DataFrame(
        {
            ratio: statements[name].astype(float) / base
            for ratio, (name, base) in zip(RATIOS, parts, strict=True)
        }
    )


def with_zone(facts: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Facts with `z_zone`, where the scheme asks for it and the parts of Z'' are there.

    In: the four ratios, or else the six amounts of ZONE_STATEMENTS in one currency, as columns with their `@date`. Parts
    of different days are not mixed: they would be of different years. The zone bears the day of its parts; a recorded
    zone of a later day stays.
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
        known = facts[ZONE].notna().to_numpy() if ZONE in facts else np.zeros(len(facts), dtype=bool)
        take = zones.notna().to_numpy() & same & ~(known & (before > days))
        old = (
            facts[ZONE].astype(object) if ZONE in facts else pd.Series(None, index=facts.index, dtype=object)
        )
        facts[ZONE] = old.where(~take, zones)
        facts[ZONE + DATE_SUFFIX] = np.where(take, days, before).astype("datetime64[s]")
    return facts


def _days(facts: pd.DataFrame, name: str) -> Any:
    dates = name + DATE_SUFFIX
    if dates not in facts:
        return np.full(len(facts), np.datetime64("NaT"), dtype="datetime64[D]")
    return read_days(facts[dates])


def _one_day(facts: pd.DataFrame, names: tuple[str, ...]) -> tuple[Bools, Any]:
    """Whether these fields were all measured on one day, or none of them on a known one; and that day."""
    first = _days(facts, names[0])
    same = np.ones(len(facts), dtype=bool)
    for name in names[1:]:
        days = _days(facts, name)
        same &= (days == first) | (np.isnat(days) & np.isnat(first))
    return same, first
