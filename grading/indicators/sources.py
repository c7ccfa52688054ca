"""Where the value of a field comes from: which fields are computed, from what, over which window, in which unit.

Every other field comes as a dated fact; those in JUDGED are somebody's opinion, so their facts need an author and
evidence. A recorded fact is used wherever nothing can be computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grading.scheme.model import ZONE, Scheme
from grading.scheme.presets import lacks_constant

EDITION = 2
"""The number of the rules by which fields are computed. A grading run stores it, so that its inputs are verified by them.

1: a window began on the same day of an earlier month, also at a month's end: 31 March was in the quarter to 31 March and
in the one to 30 June. A fact replaced every count that may be short, however old it was.
2: `orders.window_start` and `events.replaces_count`.
"""

Source = Literal["orders", "order lines", "invoices", "activities"]
Origin = Literal[Source, "order costs", "financial statements", "scheme constants"]


@dataclass(frozen=True, slots=True)
class Computed:
    """How a field is computed; windows end on the day graded."""

    source: Source
    window: str
    unit: str


COMPUTED = {
    "net_revenue_12m": Computed("orders", "12 months", "money"),
    "order_frequency_12m": Computed("orders", "12 months", "count"),
    "avg_monthly_purchases": Computed("orders", "12 months", "money"),
    "avg_order_amount": Computed("orders", "12 months", "money"),
    "gross_margin_rate": Computed("orders", "12 months", "ratio"),
    "margin_contribution": Computed("orders", "12 months", "ratio"),
    "revenue_growth_yoy": Computed("orders", "12 months against the 12 before", "ratio"),
    "active_quarter_rate": Computed("orders", "4 quarters", "ratio"),
    "silence_ratio": Computed("orders", "since the last order", "ratio"),
    "years_with_us": Computed("orders", "since the first order", "years"),
    "product_types_12m": Computed("order lines", "12 months", "count"),
    "cross_sell_headroom": Computed("order lines", "12 months", "ratio"),
    "on_time_payment_rate": Computed("invoices", "due in 12 months", "ratio"),
    "avg_days_late": Computed("invoices", "due in 12 months", "days"),
    "overdue_share": Computed("invoices", "open on the day", "ratio"),
    "overdue_90d_share": Computed("invoices", "open on the day", "ratio"),
    "max_days_overdue": Computed("invoices", "open on the day", "days"),
    "training_sessions_12m": Computed("activities", "12 months", "count"),
    "complaints_per_100_orders": Computed("activities", "12 months", "per 100 orders"),
    "referrals_24m": Computed("activities", "24 months", "count"),
    "contacts_12m": Computed("activities", "12 months", "count"),
    "contact_points": Computed("activities", "24 months, fading", "points"),
    "complaint_points": Computed("activities", "24 months, fading", "points"),
}

_BY_UNIT = {
    "money": """annual_sales aum card_spend_12m deposit_balance ebit equity loan_balance net_worth potential_annual_spend
        retained_earnings total_assets total_liabilities working_capital""",
    "ratio": """aum_growth_yoy current_ratio debt_ratio ebit_to_assets equity_to_liabilities headcount_growth market_share
        net_margin ocf_to_current_liabilities retained_earnings_to_assets sales_growth sales_growth_3y
        working_capital_to_assets""",
    "count": "lawsuits_24m products_held",
    "days": "loan_days_overdue",
    "years": "years_in_business",
    "1-5": """customisation_level fit industry_outlook industry_risk management_quality market_standing
        satisfaction""",
    "yes or no": "blacklisted dishonest_list insolvency",
    "word": """buying_stage company_kind contact_permission credit_grade expansion_plan identity_check industry_position
        market_risk operational_risk security z_zone""",
}
RECORDED = {field: unit for unit, fields in _BY_UNIT.items() for field in fields.split()}
"""Unit of each field of the presets that comes as facts only."""

_FROM_COSTS = ("gross_margin_rate", "margin_contribution")

CREDIT_GRADE = "credit_grade"
"""The grade of the newest credit assessment, or one that was recorded later."""

JUDGED = frozenset(
    [
        "buying_stage",
        "customisation_level",
        "expansion_plan",
        "fit",
        "industry_outlook",
        "industry_position",
        "industry_risk",
        "management_quality",
        "market_standing",
    ]
)


def origin_of(field: str, scheme: Scheme) -> Origin | None:
    """What a missing field is computed from; None for a fact, which a person can collect."""
    if lacks_constant(scheme, field):
        return "scheme constants"
    if field == ZONE:
        return "financial statements"
    if field in _FROM_COSTS:
        return "order costs"
    return COMPUTED[field].source if field in COMPUTED else None
