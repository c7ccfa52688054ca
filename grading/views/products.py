"""Product types: what is sold to how many (S3 产品类型销售分析), and what comparable customers buy that one does not.

Headroom is a hint, not a forecast: that most peers buy a product type does not prove that this customer needs it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEAST_PEERS = 10
"""Comparable customers that a share needs: with fewer, one purchase is more than a tenth."""


def product_types(purchases: pd.DataFrame) -> pd.DataFrame:
    """One row per product type, the largest first: `customers` that bought it, `amount`, `share` of all amounts.

    In: `customer`, `product_type`, `amount` (money, returns negative), one row per line or sum of lines. A customer
    bought a type when the net amount is above 0. `share` is NaN unless the total is above 0.
    """
    net = _net(purchases)
    table = (
        net.assign(customers=net["amount"] > 0).groupby("product_type")[["customers", "amount"]].sum()
    ).astype({"customers": int})
    total = float(table["amount"].sum())
    table["share"] = table["amount"] / (total if total > 0 else np.nan)
    return table.sort_values("amount", ascending=False, kind="stable")


def headroom(
    purchases: pd.DataFrame,
    groups: pd.Series[str],
    *,
    least_share: float = 0.5,
    least_peers: int = LEAST_PEERS,
) -> pd.DataFrame:
    """What each customer does not buy and comparable customers do, a customer's largest expectation first.

    In: purchases as in `product_types`; `groups`: customer -> what makes it comparable (industry, type, tier), its
    index holding every customer once; without a group nobody is comparable. Out, one row per customer and product type
    it does not buy: `customer`, `product_type`, `peers` (others of the group that buy anything), `share` of them that
    buys the type, `median_amount` of those that do, and `expected` = share x median_amount (money). Only where the
    share is at least `least_share` and the peers are at least `least_peers`. A customer that buys nothing at all is
    not in it: its gap is not one of product types.
    """
    net = _net(purchases)
    net = net[net["amount"] > 0]
    net = net.assign(group=net["customer"].map(groups)).dropna(subset=["group"])
    buyers = net.groupby("group")["customer"].nunique()
    by_type = net.groupby(["group", "product_type"])["amount"].agg(["count", "median"]).reset_index()
    by_type["peers"] = by_type["group"].map(buyers) - 1  # the customer itself buys something, but not this
    by_type["share"] = by_type["count"] / by_type["peers"].where(by_type["peers"] > 0)
    by_type = by_type[(by_type["peers"] >= least_peers) & (by_type["share"] >= least_share)]
    members = net[["customer", "group"]].drop_duplicates()
    pairs = members.merge(by_type, on="group")
    has = pd.MultiIndex.from_frame(net[["customer", "product_type"]])
    pairs = pairs[~pd.MultiIndex.from_frame(pairs[["customer", "product_type"]]).isin(has)]
    pairs = pairs.assign(expected=pairs["share"] * pairs["median"]).rename(
        columns={"median": "median_amount"}
    )
    columns = ["customer", "product_type", "peers", "share", "median_amount", "expected"]
    return pairs.sort_values(
        ["customer", "expected", "product_type"], ascending=[True, False, True], ignore_index=True
    )[columns]


def _net(purchases: pd.DataFrame) -> pd.DataFrame:
    """Sums by customer and product type; lines without a type or an amount are left out."""
    known = purchases[["customer", "product_type", "amount"]].dropna()
    return known.groupby(["customer", "product_type"])[["amount"]].sum().reset_index()
