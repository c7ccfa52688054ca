"""What colleagues know of the demo's customers beyond orders: dated facts, with gaps and stale ones."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bot.demo.book.orders import DemoOrder
from bot.demo.book.profiles import GRACE, Character

Draw = Callable[[np.random.Generator, Character, float], str]


@dataclass(frozen=True, kw_only=True)
class DemoFact:
    """One statement about a customer, true on its day."""

    customer: str
    field: str
    value: str
    day: date
    author: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How a field is learned: by what, how often, how often not at all, how often too long ago."""

    draw: Draw
    evidence: str
    every: int  # days between two readings
    missing: float
    stale: float = 0.0
    by_finance: bool = False


def _stepped(words: tuple[str, ...], edges: tuple[float, ...], pull: float) -> Draw:
    """A word by how far quality and luck carry: the first below edges[0], the last above them all."""

    def draw(rng: np.random.Generator, profile: Character, luck: float) -> str:
        place = pull * profile.quality + np.sqrt(1 - pull**2) * luck
        return words[int(np.searchsorted(edges, place))]

    return draw


def _measured(
    middle: float, spread: float, low: float, high: float, *, pull: float = 0.8, digits: int = 3
) -> Draw:
    """A number around `middle`, pulled by quality (downwards when `spread` is negative)."""

    def draw(rng: np.random.Generator, profile: Character, luck: float) -> str:
        value = middle + spread * (pull * profile.quality + np.sqrt(1 - pull**2) * luck)
        return f"{min(max(value, low), high):.{digits}f}"

    return draw


def _counted(mean: float, pull: float, most: int) -> Draw:
    """A count that good customers have more of; luck keeps two readings alike."""

    def draw(rng: np.random.Generator, profile: Character, luck: float) -> str:
        return str(min(most, max(0, round(mean * float(np.exp(pull * profile.quality)) + 0.8 * luck))))

    return draw


def _company_sales(rng: np.random.Generator, profile: Character, luck: float) -> str:
    return f"{round(1.1e8 * float(np.exp(1.5 * (0.75 * profile.size + 0.66 * luck))), -5):.0f}"


def _share_of_market(rng: np.random.Generator, profile: Character, luck: float) -> str:
    share = 0.028 * float(np.exp(0.9 * (0.75 * profile.size + 0.66 * luck)))
    return f"{min(share, 0.45):.3f}"


def _overdue(rng: np.random.Generator, profile: Character, luck: float) -> str:
    share = 0.035 * float(np.exp(0.95 * (-0.5 * profile.quality + 0.87 * luck))) - 0.02
    return f"{min(max(share, 0.0), 0.9):.3f}"


_PLANS = ("none", "considering", "approved", "under_way")
_PLACES = ("ordinary", "regional", "top10", "leader")
_GRADES = ("D", "C", "B", "A", "AA", "AAA")
_RISKS = ("high", "medium", "low")
_FIELDS = {
    "customisation_level": _Kind(
        draw=_measured(2.9, 1.15, 1, 5, digits=0), evidence="review", every=182, missing=0.08, stale=0.08
    ),
    "training_sessions_12m": _Kind(
        draw=_counted(1.4, 0.75, 9), evidence="service log", every=91, missing=0.10
    ),
    "industry_outlook": _Kind(
        draw=_measured(3.1, 1.0, 1, 5, pull=0.6, digits=0),
        evidence="review",
        every=182,
        missing=0.06,
        stale=0.08,
    ),
    "expansion_plan": _Kind(
        draw=_stepped(_PLANS, (-0.35, 0.5, 1.1), 0.75), evidence="visit", every=182, missing=0.15, stale=0.10
    ),
    "cross_sell_headroom": _Kind(
        draw=_measured(0.46, 0.19, 0.02, 0.95, pull=0.35, digits=2),
        evidence="product review",
        every=182,
        missing=0.15,
    ),
    "referrals_24m": _Kind(draw=_counted(0.5, 0.9, 5), evidence="CRM", every=91, missing=0.15),
    "satisfaction": _Kind(
        draw=_measured(3.6, 0.75, 1, 5, digits=1), evidence="survey", every=182, missing=0.15, stale=0.12
    ),
    "debt_ratio": _Kind(
        draw=_measured(0.54, -0.16, 0.08, 0.97),
        evidence="annual report",
        every=365,
        missing=0.16,
        stale=0.06,
        by_finance=True,
    ),
    "ocf_to_current_liabilities": _Kind(
        draw=_measured(0.13, 0.15, -0.25, 0.8),
        evidence="annual report",
        every=365,
        missing=0.20,
        stale=0.06,
        by_finance=True,
    ),
    "net_margin": _Kind(
        draw=_measured(0.045, 0.06, -0.15, 0.28),
        evidence="annual report",
        every=365,
        missing=0.16,
        stale=0.06,
        by_finance=True,
    ),
    "annual_sales": _Kind(
        draw=_company_sales, evidence="annual report", every=365, missing=0.08, stale=0.06, by_finance=True
    ),
    "market_share": _Kind(
        draw=_share_of_market, evidence="industry report", every=365, missing=0.25, stale=0.06
    ),
    "industry_position": _Kind(
        draw=_stepped(_PLACES, (-0.5, 0.6, 1.4), 0.75), evidence="review", every=365, missing=0.08
    ),
    "on_time_payment_rate": _Kind(
        draw=_measured(0.90, 0.075, 0.4, 1), evidence="ledger", every=91, missing=0.05, by_finance=True
    ),
    "credit_grade": _Kind(
        draw=_stepped(_GRADES, (-2.15, -1.5, -0.6, 0.4, 1.3), 0.7),
        evidence="credit review",
        every=365,
        missing=0.12,
        by_finance=True,
    ),
    "overdue_90d_share": _Kind(draw=_overdue, evidence="ledger", every=91, missing=0.05, by_finance=True),
    "operational_risk": _Kind(
        draw=_stepped(_RISKS, (-1.7, -0.6), 0.6), evidence="risk review", every=365, missing=0.25
    ),
    "market_risk": _Kind(
        draw=_stepped(_RISKS, (-1.7, -0.4), 0.3), evidence="risk review", every=365, missing=0.25
    ),
}


def draw_facts(
    profiles: list[Character], orders: list[DemoOrder], *, today: date, seed: int
) -> list[DemoFact]:
    """Two readings of most fields, so that an earlier day can be graded too."""
    year_ago = today - timedelta(days=365)
    recent = Counter(order.customer for order in orders if order.day > year_ago and order.amount > 0)
    facts = []
    for profile in profiles:
        rng = np.random.default_rng([seed, 3, profile.number])
        since = today - timedelta(days=int(profile.years * 365.25))
        for field, kind in _FIELDS.items():
            facts += _readings(rng, profile, field, kind, today, since)
        facts += _complaints(rng, profile, recent[profile.code], today, since)
    return facts


def _readings(
    rng: np.random.Generator, profile: Character, field: str, kind: _Kind, today: date, since: date
) -> list[DemoFact]:
    luck, known = float(rng.standard_normal()), float(rng.random())
    drift, stale, age = float(rng.normal(0, 0.3)), float(rng.random()), float(rng.random())
    scripted = profile.shape == "scripted"
    if scripted:
        luck, drift = 0.0, 0.0
    elif known < 1 - (1 - kind.missing) * (1 - profile.thin):
        return []
    newest = 5 + age * (min(kind.every, 200) - 15)
    if stale < kind.stale and not scripted:
        newest += 560  # older than any limit of the scheme
    author = (GRACE if kind.by_finance else profile.owner).email
    found = []
    for back, at in ((max(kind.every, 182), luck + drift), (0, luck)):
        day = today - timedelta(days=int(newest) + back)
        if day >= since:
            value = kind.draw(rng, profile, at)
            found.append(
                DemoFact(
                    customer=profile.code,
                    field=field,
                    value=value,
                    day=day,
                    author=author,
                    evidence=kind.evidence,
                )
            )
    return found


def _complaints(
    rng: np.random.Generator, profile: Character, orders: int, today: date, since: date
) -> list[DemoFact]:
    """Complaints per 100 orders, pulled towards 2 so that one complaint on one order is not the worst customer."""
    rate = min(0.12, 0.03 * float(np.exp(-0.8 * profile.quality)))
    count, luck, age = int(rng.poisson(rate * orders)), float(rng.random()), int(rng.integers(5, 80))
    if profile.shape == "scripted":
        count, luck = round(rate * orders), 1.0
    day = today - timedelta(days=age)
    if luck < 1 - 0.92 * (1 - profile.thin) or day < since:
        return []
    value = 100 * (count + 20 * 0.02) / (orders + 20)
    return [
        DemoFact(
            customer=profile.code,
            field="complaints_per_100_orders",
            value=f"{value:.1f}",
            day=past,
            author=profile.owner.email,
            evidence="service log",
        )
        for past in (day - timedelta(days=182), day)
        if past >= since
    ]
