"""The dated facts about the demo's customers, some missing and some stale."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from bot.demo.book.orders import DemoOrder
from bot.demo.book.profiles import Profile
from bot.demo.staff import GRACE

Draw = Callable[[np.random.Generator, Profile, float], str]


class DemoFact(NamedTuple):
    """One reading of a field of a customer, true on its day."""

    customer: str
    field: str
    value: str
    day: date
    author: str
    evidence: str


@dataclass(frozen=True)
class _Field:
    """How the values of a field are drawn, and how often."""

    draw: Draw
    evidence: str
    every: int  # days between two readings
    missing: float  # share of the customers without a reading
    stale: float = 0.0  # share of the customers whose reading is too old
    by_finance: bool = False


def _stepped(values: tuple[str, ...], edges: tuple[float, ...], pull: float) -> Draw:
    """A value by quality and luck: the first below edges[0], the last above all edges."""

    def draw(rng: np.random.Generator, profile: Profile, luck: float) -> str:
        place = pull * profile.quality + np.sqrt(1 - pull**2) * luck
        return values[int(np.searchsorted(edges, place))]

    return draw


def _measured(
    middle: float, spread: float, low: float, high: float, *, pull: float = 0.8, digits: int = 3
) -> Draw:
    """A number around `middle` that rises with quality (falls when `spread` is negative)."""

    def draw(rng: np.random.Generator, profile: Profile, luck: float) -> str:
        value = middle + spread * (pull * profile.quality + np.sqrt(1 - pull**2) * luck)
        return f"{min(max(value, low), high):.{digits}f}"

    return draw


def _counted(mean: float, pull: float, most: int) -> Draw:
    """A count that rises with quality; `luck` is the same for all readings, so that they are alike."""

    def draw(rng: np.random.Generator, profile: Profile, luck: float) -> str:
        return str(min(most, max(0, round(mean * float(np.exp(pull * profile.quality)) + 0.8 * luck))))

    return draw


def _company_sales(rng: np.random.Generator, profile: Profile, luck: float) -> str:
    return f"{round(1.1e8 * float(np.exp(1.5 * (0.75 * profile.size + 0.66 * luck))), -5):.0f}"


def _share_of_market(rng: np.random.Generator, profile: Profile, luck: float) -> str:
    share = 0.028 * float(np.exp(0.9 * (0.75 * profile.size + 0.66 * luck)))
    return f"{min(share, 0.45):.3f}"


def _overdue(rng: np.random.Generator, profile: Profile, luck: float) -> str:
    share = 0.035 * float(np.exp(0.95 * (-0.5 * profile.quality + 0.87 * luck))) - 0.02
    return f"{min(max(share, 0.0), 0.9):.3f}"


_PLANS = ("none", "considering", "approved", "under_way")
_POSITIONS = ("ordinary", "regional", "top10", "leader")
_GRADES = ("D", "C", "B", "A", "AA", "AAA")
_RISKS = ("high", "medium", "low")
_REPORT: dict[str, Any] = {"evidence": "annual report", "every": 365, "stale": 0.06, "by_finance": True}
_FIELDS = {
    "customisation_level": _Field(_measured(2.9, 1.15, 1, 5, digits=0), "review", 182, 0.08, stale=0.08),
    "training_sessions_12m": _Field(_counted(1.4, 0.75, 9), "service log", 91, 0.10),
    "industry_outlook": _Field(
        _measured(3.1, 1.0, 1, 5, pull=0.6, digits=0), "review", 182, 0.06, stale=0.08
    ),
    "expansion_plan": _Field(_stepped(_PLANS, (-0.35, 0.5, 1.1), 0.75), "visit", 182, 0.15, stale=0.10),
    "cross_sell_headroom": _Field(
        _measured(0.46, 0.19, 0.02, 0.95, pull=0.35, digits=2), "product review", 182, 0.15
    ),
    "referrals_24m": _Field(_counted(0.5, 0.9, 5), "CRM", 91, 0.15),
    "satisfaction": _Field(_measured(3.6, 0.75, 1, 5, digits=1), "survey", 182, 0.15, stale=0.12),
    "debt_ratio": _Field(_measured(0.54, -0.16, 0.08, 0.97), missing=0.16, **_REPORT),
    "ocf_to_current_liabilities": _Field(_measured(0.13, 0.15, -0.25, 0.8), missing=0.20, **_REPORT),
    "net_margin": _Field(_measured(0.045, 0.06, -0.15, 0.28), missing=0.16, **_REPORT),
    "annual_sales": _Field(_company_sales, missing=0.08, **_REPORT),
    "market_share": _Field(_share_of_market, "industry report", 365, 0.25, stale=0.06),
    "industry_position": _Field(_stepped(_POSITIONS, (-0.5, 0.6, 1.4), 0.75), "review", 365, 0.08),
    "on_time_payment_rate": _Field(_measured(0.90, 0.075, 0.4, 1), "ledger", 91, 0.05, by_finance=True),
    "credit_grade": _Field(
        _stepped(_GRADES, (-2.15, -1.5, -0.6, 0.4, 1.3), 0.7), "credit review", 365, 0.12, by_finance=True
    ),
    "overdue_90d_share": _Field(_overdue, "ledger", 91, 0.05, by_finance=True),
    "operational_risk": _Field(_stepped(_RISKS, (-1.7, -0.6), 0.6), "risk review", 365, 0.25),
    "market_risk": _Field(_stepped(_RISKS, (-1.7, -0.4), 0.3), "risk review", 365, 0.25),
}


def draw_facts(profiles: list[Profile], orders: list[DemoOrder], *, today: date, seed: int) -> list[DemoFact]:
    """Two readings of most fields, so that an earlier day can be graded too."""
    year_ago = today - timedelta(days=365)
    recent = Counter(order.customer for order in orders if order.day > year_ago and order.amount > 0)
    facts = []
    for profile in profiles:
        rng = np.random.default_rng([seed, 3, profile.number])
        since = today - timedelta(days=int(profile.years * 365.25))
        for name, field in _FIELDS.items():
            facts += _readings(rng, profile, name, field, today, since)
        facts += _complaints(rng, profile, recent[profile.code], today, since)
    return facts


def _readings(
    rng: np.random.Generator, profile: Profile, name: str, field: _Field, today: date, since: date
) -> list[DemoFact]:
    luck, known = float(rng.standard_normal()), float(rng.random())
    drift, stale, age = float(rng.normal(0, 0.3)), float(rng.random()), float(rng.random())
    scripted = profile.shape == "scripted"
    if scripted:
        luck, drift = 0.0, 0.0
    elif known < 1 - (1 - field.missing) * (1 - profile.thin):
        return []
    newest = 5 + age * (min(field.every, 200) - 15)
    if stale < field.stale and not scripted:
        newest += 560  # days: older than any limit of the scheme
    author = (GRACE if field.by_finance else profile.owner).email
    found = []
    for back, at in ((max(field.every, 182), luck + drift), (0, luck)):
        day = today - timedelta(days=int(newest) + back)
        if day >= since:
            value = field.draw(rng, profile, at)
            found.append(DemoFact(profile.code, name, value, day, author, field.evidence))
    return found


def _complaints(
    rng: np.random.Generator, profile: Profile, orders: int, today: date, since: date
) -> list[DemoFact]:
    """Complaints per 100 orders, shrunk towards 2, so that one on a single order is not the worst rate."""
    rate = min(0.12, 0.03 * float(np.exp(-0.8 * profile.quality)))
    count, luck, age = int(rng.poisson(rate * orders)), float(rng.random()), int(rng.integers(5, 80))
    if profile.shape == "scripted":
        count, luck = round(rate * orders), 1.0
    day = today - timedelta(days=age)
    if luck < 1 - 0.92 * (1 - profile.thin) or day < since:
        return []
    value = 100 * (count + 20 * 0.02) / (orders + 20)
    days = [past for past in (day - timedelta(days=182), day) if past >= since]
    return [
        DemoFact(
            profile.code,
            "complaints_per_100_orders",
            f"{value:.1f}",
            past,
            profile.owner.email,
            "service log",
        )
        for past in days
    ]
