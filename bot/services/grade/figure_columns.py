"""Computes the figures of some accounts (`db.graded.figures`) from what the database has about them, in columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlmodel import Session

from bot.services.grade import scheme_choice
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db.book.trade import invoices, order_lines, order_totals, orders
from db.graded import credit
from db.graded.figures import Basis
from db.graded.runs import Purpose
from db.types import MONEY_UNITS, money_units
from grading.indicators.orders import LINE_AGGREGATES, usual_gap, window_start, with_line_costs
from grading.indicators.single_orders import (
    OrderDays,
    count_by_customer,
    order_days_of,
    rhythm_of,
    sum_by_customer,
)
from grading.views.value_at_risk import at_risk_after, measure_value_at_risk, watch_after

_DAY = len("2026-01-31")
_LAST = np.datetime64(date.max, "D")


@dataclass(frozen=True, kw_only=True)
class _Orders:
    """Single orders of 24 months, and all days with an order; `place`: the row of the customer."""

    place: NDArray[np.int64]
    day: NDArray[np.datetime64]
    amount: NDArray[np.int64]  # ten-thousandths
    cost: NDArray[np.int64]
    days: OrderDays


def compute(
    session: Session, scheme_cache: SchemeCache, customer_ids: Sequence[int], as_of: date
) -> dict[str, list[Any]]:
    """The figures of some unarchived accounts, in the order of their ids, as of a day: the columns of `figures.write`."""
    index = pd.Index(customer_ids, dtype=np.int64, name="customer")
    start, earlier = window_start(as_of, 12), window_start(as_of, 24)
    bought = _orders(session, as_of, earlier, customer_ids)
    last, ever, median = rhythm_of(bought.days, len(index))
    gap = np.where(ever > 0, _usual_gaps(session, scheme_cache, index, as_of, median, ever), np.nan)
    years = [
        _year(session, bought, after, until, index) for after, until in ((start, as_of), (earlier, start))
    ]
    known = pd.DataFrame({"usual_gap_days": gap, "order_days": ever}, index=index)
    value = measure_value_at_risk(known, *years)
    currency = order_totals.currencies_of(session, customer_ids)
    several = np.array([currency.get(customer, "") is None for customer in customer_ids], dtype=bool)
    money = {name: np.where(several, np.nan, value[name]) for name in _MONEY}
    money |= {name: np.nan_to_num(money[name]) for name in ("worth", "fall")}
    both = years[0]["order_days"] + years[1]["order_days"]
    repeated = ever > 1
    return {
        "customer_id": list(customer_ids),
        "last_order": last.tolist(),
        "usual_gap_days": _known(gap, np.isnan(gap)),
        "order_days": ever.astype(np.int64).tolist(),
        "order_days_24m": both.astype(np.int64).tolist(),
        "watch_from": _later(last, np.where(repeated, watch_after(gap), np.nan)),
        "at_risk_from": _later(last, np.where(repeated, at_risk_after(gap), np.nan)),
        "currency": [currency.get(customer) for customer in customer_ids],
        "basis": np.where(value["is_margin"], Basis.MARGIN.value, Basis.REVENUE.value).tolist(),
        **{name: _units(amounts) for name, amounts in money.items()},
        **_debts(session, customer_ids, as_of),
        **_limits(session, customer_ids),
        "stale": [False] * len(index),
    }


_MONEY = ("revenue", "revenue_before", "margin", "margin_before", "order_value", "worth", "fall")


def _orders(session: Session, as_of: date, since: date, customer_ids: Sequence[int]) -> _Orders:
    found = orders.single_orders(session, as_of=as_of, customer_ids=customer_ids)
    who, days, amounts, costs = found or [""] * 4
    place = np.searchsorted(customer_ids, _numbers(who))
    day = np.ndarray((len(place),), f"S{_DAY}", days.encode(), strides=(_DAY + 1,)).astype("datetime64[D]")
    amount, cost = _numbers(amounts), _numbers(costs)
    is_sale = amount > 0
    recent = np.flatnonzero(day > np.datetime64(since, "D"))
    recent = recent[np.argsort(place[recent], kind="stable")]  # the database returns them in any order
    return _Orders(
        place=place[recent],
        day=day[recent],
        amount=amount[recent],
        cost=cost[recent],
        days=order_days_of(place[is_sale], day[is_sale]),
    )


def _numbers(text: str) -> NDArray[np.int64]:
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.zeros(0, dtype=np.int64)


def _year(
    session: Session, bought: _Orders, after: date, until: date, index: "pd.Index[int]"
) -> pd.DataFrame:
    """The sums of (after, until], costs of order lines included, with the columns of `WINDOW`; a row for each customer."""
    place, rows = bought.place, len(index)
    begin, end = (np.datetime64(day, "D") for day in (after, until))
    here = (bought.day > begin) & (bought.day <= end)
    costed = here & (bought.cost != orders.NO_COST)
    has_cost = count_by_customer(place, costed, rows) > 0

    def total(amounts: NDArray[np.int64], which: NDArray[np.bool_]) -> NDArray[np.float64]:
        return sum_by_customer(place, amounts, which, rows) / MONEY_UNITS

    sales = bought.days.place[(bought.days.day > begin) & (bought.days.day <= end)]
    sums = {
        "order_days": np.bincount(sales, minlength=rows).astype(np.float64),
        "net": total(bought.amount, here),
        "net_with_cost_12m": np.where(has_cost, total(bought.amount, costed), np.nan),
        "cost_12m": np.where(has_cost, total(bought.cost, costed), np.nan),
        "returns_without_cost": count_by_customer(place, here & ~costed & (bought.amount < 0), rows),
    }
    lines = order_lines.line_aggregates(session, as_of=until, start=after, customer_ids=index.tolist())
    if lines:
        frame = pd.DataFrame(lines, columns=["customer", *LINE_AGGREGATES]).set_index("customer")
        with_lines = with_line_costs(pd.DataFrame(sums, index=index), frame.astype(float))
        sums = {name: with_lines[name].to_numpy() for name in sums}
    return pd.DataFrame({name.removesuffix("_12m"): values for name, values in sums.items()}, index=index)


def _usual_gaps(
    session: Session,
    scheme_cache: SchemeCache,
    index: "pd.Index[int]",
    on: date,
    median: NDArray[np.float64],
    ever: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The usual gaps, with the book's as the scheme that grades a customer froze it; without one, its own days decide."""
    gap = usual_gap(median, ever, None)
    rules = store.rules_on(session, scheme_cache, Purpose.ACCOUNT, on)
    if any("usual_gap_days" in rule.scheme.constants for rule in rules):
        for rule, theirs in scheme_choice.allot(session, rules, index.tolist()).shares:
            book = rule.scheme.constants.get("usual_gap_days")
            if book is not None:
                here = index.get_indexer(pd.Index(theirs or (), dtype=np.int64))
                gap[here] = usual_gap(median[here], ever[here], book)
    return gap


def _debts(session: Session, customer_ids: Sequence[int], as_of: date) -> dict[str, list[Any]]:
    owed = {row[0]: row[1:] for row in invoices.owed(session, as_of=as_of, customer_ids=customer_ids)}
    found = [owed.get(customer, ("", 0, 0, None)) for customer in customer_ids]
    return {
        "owed_currency": [row[0] or None for row in found],
        "exposure": [None if row[0] is None else int(row[1]) for row in found],
        "overdue": [None if row[0] is None else int(row[2]) for row in found],
        "oldest_due": [row[3] for row in found],
    }


def _limits(session: Session, customer_ids: Sequence[int]) -> dict[str, list[Any]]:
    limits = credit.limits(session, customer_ids)
    found = [limits.get(customer, (None, None)) for customer in customer_ids]
    return {
        "approved_limit": [None if limit is None else money_units(limit) for limit, _ in found],
        "limit_currency": [currency for _, currency in found],
    }


def _later(day: NDArray[np.datetime64], days: NDArray[np.float64]) -> list[date | None]:
    """Days so many days later; None for NaN, and beyond the calendar, which nobody reaches."""
    known = ~np.isnat(day) & (days <= (_LAST - day).astype(np.float64))
    found = np.full(len(day), np.datetime64("NaT"), dtype="datetime64[D]")
    found[known] = day[known] + days[known].astype(np.int64)
    return found.tolist()


def _units(amounts: NDArray[np.float64]) -> list[int | None]:
    """Amounts in units of a currency as they are stored; None for NaN."""
    unknown = np.isnan(amounts)
    return _known(np.rint(np.where(unknown, 0.0, amounts) * MONEY_UNITS).astype(np.int64), unknown)


def _known(values: NDArray[Any], unknown: NDArray[np.bool_]) -> list[Any]:
    if not unknown.any():
        return values.tolist()  # type: ignore[no-any-return]
    found = values.astype(object)
    found[unknown] = None
    return found.tolist()  # type: ignore[no-any-return]
