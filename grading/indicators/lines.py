"""From a customer's order lines to what it buys.

| indicator | formula | missing when |
|---|---|---|
| product_types_12m (count) | product types with a positive net in the window | no order line in the window |
| cross_sell_headroom (ratio) | 1 - product_types_12m / constants.product_types_sold, at least 0 | the same, no constant |

Costs of lines stand in where the order itself carries none (`with_line_costs`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grading.scheme.model import Scheme

LINE_AGGREGATES = (
    "product_types",  # types with a net above 0: a type that was all returned was not bought
    "line_net_with_cost",  # sum of lines that carry a cost while their order carries none; NULL without any
    "line_cost",  # sum of those costs
)


def product_indicators(lines: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """What customers buy, on the index of `lines`: one row per customer with an order line in the window."""
    types = pd.to_numeric(lines["product_types"]).to_numpy(dtype=np.float64, na_value=np.nan)
    sold = scheme.constants.get("product_types_sold") or np.nan
    return pd.DataFrame(
        {"product_types_12m": types, "cross_sell_headroom": np.maximum(0.0, 1.0 - types / sold)},
        index=lines.index,
    )


def with_line_costs(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Order aggregates whose margin also counts lines with a cost where the order has none.

    In: columns of indicators.ORDER_AGGREGATES, and LINE_AGGREGATES on the same kind of index.
    """
    found = orders.copy()
    for total, part in (("net_with_cost_12m", "line_net_with_cost"), ("cost_12m", "line_cost")):
        own, added = pd.to_numeric(orders[total]), pd.to_numeric(lines[part]).reindex(orders.index)
        found[total] = own.fillna(0).add(added.fillna(0)).where(own.notna() | added.notna())
    return found
