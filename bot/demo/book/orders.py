"""The orders of the demo's customers: rhythm, seasons, growth, silence, returns and losses."""

import math
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bot.demo.book.profiles import Profile

MONTHS = 36
_DAYS = 1096  # three years up to the day
_WOBBLE = 1.25  # SD of the slow swing of a customer's business, in logs
_MEMORY = 12.0  # months after which 1/e of that swing is left
_RETURNED = 0.03
_LUNATION = 29.530588853


class DemoOrder(NamedTuple):
    """One order or, when negative, one return; cost is None where it is unknown."""

    order_no: str
    customer: str
    day: date
    amount: Decimal
    cost: Decimal | None
    currency: str = "CNY"


@lru_cache
def spring_festival(year: int) -> date:
    """The Chinese New Year, by mean lunations: correct to a day, which is enough for a season."""
    new_moon = 0.93  # days after the start of 2000-01-06, in China
    epoch = date(2000, 1, 6)
    turns = math.ceil(((date(year, 1, 21) - epoch).days - new_moon) / _LUNATION)
    return epoch + timedelta(days=int(new_moon + turns * _LUNATION))


def draw_orders(profiles: list[Profile], *, today: date, seed: int) -> list[DemoOrder]:
    """All orders of the 36 months before `today`, oldest first, numbered in that order."""
    found: list[tuple[date, str, float, float | None]] = []
    for profile in profiles:
        rng = np.random.default_rng([seed, 2, profile.number])
        found += _orders_of(rng, profile, today)
    found.sort(key=lambda order: (order[0], order[1]))
    counts: Counter[date] = Counter()
    orders = []
    for day, customer, amount, cost in found:
        counts[day] += 1
        order_no = f"{'SO' if amount > 0 else 'CN'}-{day:%y%m%d}-{counts[day]:02d}"
        paid = None if cost is None else money(cost)
        orders.append(DemoOrder(order_no, customer, day, money(amount), paid))
    return orders


def money(amount: float) -> Decimal:
    """An amount as an invoice shows it: whole tens from 10,000 on, cents below."""
    return Decimal(round(amount, -1)) if abs(amount) >= 10_000 else Decimal(f"{amount:.2f}")


def _orders_of(
    rng: np.random.Generator, profile: Profile, today: date
) -> list[tuple[date, str, float, float | None]]:
    pace = _pace(rng, profile)
    scripted = profile.shape == "scripted"
    gap = 365.25 / profile.orders_per_year
    first = max(0.0, _DAYS - 1 - profile.years * 365.25)
    last = _DAYS - (float(rng.uniform(130, 430)) if profile.shape == "silent" else 1)
    # A new customer has just ordered for the first time, however rarely it will order.
    at = first + 4 + (float(rng.uniform(0, 6)) if profile.years < 1.5 else gap * float(rng.uniform(0, 1)))
    before = at - gap
    found: list[tuple[date, str, float, float | None]] = []
    while at < last:
        day = _workday(today - timedelta(days=_DAYS - int(at)), today)
        level = float(pace[min(int(at / _DAYS * MONTHS), MONTHS - 1)])
        # In good months orders are bigger and, to a smaller degree, more frequent.
        waited = min(max((at - before) / gap, 0.5), 1.8)
        amount = profile.annual / profile.orders_per_year * level**0.65 * waited
        amount *= season(day, profile.company.country) * math.exp(
            rng.normal(-0.04, 0.08 if scripted else 0.3)
        )
        amount = max(amount, 180.0)
        margin = profile.margin + rng.normal(0, 0.01 if scripted else 0.035)
        kept = at > 200 or rng.random() < 0.4
        found.append((day, profile.code, amount, amount * (1 - margin) if kept else None))
        if not scripted and rng.random() < _RETURNED:
            back = _workday(day + timedelta(days=int(rng.integers(4, 35))), today)
            share = float(rng.uniform(0.1, 0.6))
            if back < today:
                found.append(
                    (back, profile.code, -amount * share, -amount * share * (1 - margin) if kept else None)
                )
        before = at
        at += gap / level**0.35 * (rng.gamma(400, 1 / 400) if scripted else rng.gamma(5, 1 / 5))
    return found


def _pace(rng: np.random.Generator, profile: Profile) -> np.ndarray:
    """How busy a customer is in each of the 36 months, 1 being an ordinary month."""
    months = np.arange(MONTHS)
    if profile.shape == "scripted":
        # ACME has not grown for a year; the other scripted customer has grown a little.
        return np.exp((0.0 if profile.number == 1 else 0.10) * (months - 30) / 12)
    keep = np.exp(-1 / _MEMORY)
    swing = np.empty(MONTHS)
    swing[0] = rng.normal(0, _WOBBLE)
    for month in months[1:]:
        swing[month] = keep * swing[month - 1] + rng.normal(0, _WOBBLE * np.sqrt(1 - keep**2))
    trend = {"growing": 0.45, "declining": -0.50, "young": 0.25}.get(profile.shape, 0.0)
    return np.exp(swing - _WOBBLE**2 / 2 + trend * (months - 24) / 12)


def season(day: date, country: str) -> float:
    """A factor by season: lower at the Spring Festival (most in China) and in the European summer."""
    festival = min(
        abs((day - spring_festival(year)).days - 3) for year in (day.year - 1, day.year, day.year + 1)
    )
    dip = 0.55 if country == "CN" else 0.15
    summer = 0.15 if country in ("DE", "AT", "CH", "GB", "IE") and day.month == 8 else 0.0
    return (1 - dip * math.exp(-((festival / 11) ** 2))) * (1 - summer) * 1.03


def _workday(day: date, today: date) -> date:
    """The day itself, or the Friday before a weekend."""
    day = min(day, today - timedelta(days=1))
    return day - timedelta(days=max(0, day.weekday() - 4))
