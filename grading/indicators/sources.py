"""Where the value of a field comes from: which are computed, from what, over which window, in which unit.

Every other field comes as a dated fact; those in JUDGED are what somebody thinks, so their facts need an
author and evidence. A recorded fact stands in wherever nothing can be computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["orders", "order lines", "invoices", "activities"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Computed:
    """How a field is computed; windows end on the day graded."""

    source: Source
    window: str
    unit: str


def _from(source: Source, window: str, unit: str) -> Computed:
    return Computed(source=source, window=window, unit=unit)


COMPUTED = {
    "net_revenue_12m": _from("orders", "12 months", "money"),
    "order_frequency_12m": _from("orders", "12 months", "count"),
    "avg_monthly_purchases": _from("orders", "12 months", "money"),
    "avg_order_amount": _from("orders", "12 months", "money"),
    "gross_margin_rate": _from("orders", "12 months", "ratio"),
    "margin_contribution": _from("orders", "12 months", "ratio"),
    "revenue_growth_yoy": _from("orders", "12 months against the 12 before", "ratio"),
    "active_quarter_rate": _from("orders", "4 quarters", "ratio"),
    "silence_ratio": _from("orders", "since the last order", "ratio"),
    "years_with_us": _from("orders", "since the first order", "years"),
    "product_types_12m": _from("order lines", "12 months", "count"),
    "cross_sell_headroom": _from("order lines", "12 months", "ratio"),
    "on_time_payment_rate": _from("invoices", "due in 12 months", "ratio"),
    "avg_days_late": _from("invoices", "due in 12 months", "days"),
    "overdue_share": _from("invoices", "open on the day", "ratio"),
    "overdue_90d_share": _from("invoices", "open on the day", "ratio"),
    "max_days_overdue": _from("invoices", "open on the day", "days"),
    "training_sessions_12m": _from("activities", "12 months", "count"),
    "complaints_per_100_orders": _from("activities", "12 months", "per 100 orders"),
    "referrals_24m": _from("activities", "24 months", "count"),
    "contacts_12m": _from("activities", "12 months", "count"),
    "contact_points": _from("activities", "24 months, fading", "points"),
    "complaint_points": _from("activities", "24 months, fading", "points"),
}

CREDIT_GRADE = "credit_grade"
"""The grade of the newest credit assessment, or one that was recorded later."""

JUDGED = frozenset(
    {
        "buying_stage",
        "customisation_level",
        "expansion_plan",
        "fit",
        "industry_outlook",
        "industry_position",
        "industry_risk",
        "management_quality",
        "market_standing",
    }
)
