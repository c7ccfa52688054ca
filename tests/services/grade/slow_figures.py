"""The figures of accounts counted once more, slowly: with pandas and loops over single orders, by docs/value-at-risk.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
from sqlmodel import select

from db.book.customers import Customer
from db.book.trade.invoices import Invoice
from db.book.trade.order_lines import OrderLine
from db.book.trade.orders import Order
from db.engine import Database
from db.graded.credit import CreditApproval
from db.graded.figures import CustomerFigures


@dataclass(frozen=True, kw_only=True)
class Slow:
    """One account's figures, counted slowly; `state` is that of the day."""

    last_order: date | None
    gap: float | None
    order_days: int
    state: str  # silent, falling or fine
    currency: str | None
    revenue: float | None
    margin: float | None
    basis: str
    worth: float
    fall: float
    exposure: float | None
    overdue: float | None
    oldest_due: date | None
    limit: float | None

    @property
    def value_at_risk(self) -> float:
        return self.worth if self.state == "silent" else self.fall


def year_earlier(day: date, years: int) -> date:
    """The same day of an earlier year, and a month's last day of a month's last."""
    last = (day + timedelta(days=1)).day == 1
    if last and day.month == 2:
        return date(day.year - years, 3, 1) - timedelta(days=1)
    return day.replace(year=day.year - years)


def frames(database: Database) -> dict[str, pd.DataFrame]:
    """Every row of the tables that the figures follow from."""
    found = {}
    with database.read() as session:
        for model in (Customer, Order, OrderLine, Invoice, CreditApproval):
            rows = [row.model_dump() for row in session.exec(select(model))]  # type: ignore[var-annotated]
            found[model.__name__] = pd.DataFrame(rows, columns=list(model.model_fields))
    return found


def recount(
    tables: dict[str, pd.DataFrame], as_of: date, today: date, book_gap: float | None = None
) -> dict[int, Slow]:
    """Account -> its figures as of a day, and its state on another."""
    customers = tables["Customer"]
    accounts = customers[(customers["record_type"] == "account") & ~customers["archived"].astype(bool)]
    by_customer = {
        name: dict(list(tables[name].groupby("customer_id")))
        for name in ("Order", "Invoice", "CreditApproval")
    }
    lines = dict(list(tables["OrderLine"].groupby("order_id")))
    return {
        int(who): _one(
            by_customer["Order"].get(who, tables["Order"].head(0)).to_dict("records"),
            lines,
            by_customer["Invoice"].get(who, tables["Invoice"].head(0)).to_dict("records"),
            by_customer["CreditApproval"].get(who, tables["CreditApproval"].head(0)).to_dict("records"),
            as_of,
            today,
            book_gap,
        )
        for who in accounts["id"]
    }


def _one(
    orders: list[Any], lines: dict[int, Any], invoices: list[Any], approvals: list[Any], as_of: date, today: date,
    book_gap: float | None,
) -> Slow:  # fmt: skip
    days = sorted({one["ordered_on"] for one in orders if one["amount"] > 0 and one["ordered_on"] <= as_of})
    gap = _gap(days, book_gap)
    start, earlier = year_earlier(as_of, 1), year_earlier(as_of, 2)
    now = _year([one for one in orders if start < one["ordered_on"] <= as_of], lines)
    before = _year([one for one in orders if earlier < one["ordered_on"] <= start], lines)
    net = now["net"] + before["net"]
    costed = now["costed"] + before["costed"]
    known = now["margin"] is not None and before["margin"] is not None and (now["any"] or before["any"])
    is_margin = known and costed >= 0.5 * net - 1e-6
    value, value_before = (one["margin"] if is_margin else one["net"] for one in (now, before))
    bought = len([day for day in days if day > earlier])
    currencies = {one["currency"] for one in orders}
    worth = fall = 0.0
    if len(currencies) < 2 and len(days) > 1 and bought:
        if gap is not None:
            worth = max(0.0, min(365.25 / gap * (value + value_before) / bought, max(value, value_before)))
        lost = before["net"] - now["net"]
        if before["net"] > 0 and lost >= 0.2 * before["net"] - 1e-6 and lost > net / bought + 1e-6:
            fall = max(0.0, value_before - value)
    silent = len(days) > 1 and gap is not None and (today - days[-1]).days / gap > 2
    state = "silent" if silent else "falling" if fall > 0 else "fine"
    owed = [one for one in invoices if one["invoiced_on"] <= as_of]
    owing = [
        one for one in owed if one["paid_on"] is None or pd.isna(one["paid_on"]) or one["paid_on"] > as_of
    ]
    one_currency = len({one["currency"] for one in owed}) < 2
    newest = max(approvals, key=lambda one: one["id"]) if approvals else None
    return Slow(
        last_order=days[-1] if days else None,
        gap=gap,
        order_days=len(days),
        state=state,
        currency=next(iter(currencies)) if len(currencies) == 1 else None,
        revenue=now["net"] if len(currencies) < 2 else None,
        margin=now["margin"] if len(currencies) < 2 else None,
        basis="margin" if is_margin else "revenue",
        worth=worth,
        fall=fall,
        exposure=float(sum(one["amount"] for one in owing)) if one_currency else None,
        overdue=float(sum(one["amount"] for one in owing if one["due_on"] < as_of)) if one_currency else None,
        oldest_due=min((one["due_on"] for one in owing if one["amount"] > 0), default=None),
        limit=None if newest is None else float(newest["approved_limit"]),
    )


def _gap(days: list[date], book_gap: float | None) -> float | None:
    gaps = sorted((b - a).days for a, b in pairwise(days))
    if not days:
        return None
    own = None
    if gaps:
        middle = len(gaps) // 2
        own = gaps[middle] if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2
    if book_gap is not None:
        return (len(gaps) * (own or 0) + 3 * book_gap) / (len(gaps) + 3)
    return None if len(gaps) < 2 or own is None else float(own)


def _year(orders: list[Any], lines: dict[int, Any]) -> dict[str, Any]:
    """What was bought in a year, order by order: an order counts with its own cost, else its lines with theirs."""
    net = costed = margin = 0.0
    any_cost = unknown = False
    for order in orders:
        amount, cost = float(order["amount"]), order["cost"]
        net += amount
        own = lines.get(order["id"])
        if cost is not None and not _nan(cost):
            costed, margin, any_cost = costed + amount, margin + amount - float(cost), True
            continue
        rows = [] if own is None else own.to_dict("records")
        with_cost = [one for one in rows if one["cost"] is not None and not _nan(one["cost"])]
        for one in with_cost:
            costed += float(one["amount"])
            margin += float(one["amount"]) - float(one["cost"])
            any_cost = True
        if amount < 0 and not (rows and len(with_cost) == len(rows)):
            unknown = True
    if unknown:
        return {"net": net, "costed": costed, "margin": None, "any": any_cost}
    return {
        "net": net,
        "costed": costed,
        "margin": margin if any_cost or not orders else None,
        "any": any_cost,
    }


def _nan(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NaT


def differences(database: Database, today: date, book_gap: float | None = None) -> list[str]:
    """Where the stored figures differ from the slow count as of their own days; each row by its own."""
    tables, found = frames(database), []
    with database.read() as session:
        stored = {row.customer_id: row for row in session.exec(select(CustomerFigures))}
    days = {row.as_of for row in stored.values()} | {today}
    slow = {day: recount(tables, day, today, book_gap) for day in days}
    if stored.keys() != slow[today].keys():
        found.append(f"rows of {sorted(stored)}, accounts {sorted(slow[today])}")
    for who, row in stored.items():
        wanted = slow[row.as_of].get(who)
        if wanted is None:
            continue
        same = {
            "last_order": (row.last_order, wanted.last_order),
            "order_days": (row.order_days, wanted.order_days),
            "currency": (row.currency, wanted.currency),
            "basis": (row.basis, wanted.basis),
            "oldest_due": (row.oldest_due, wanted.oldest_due),
            "stale": (row.stale, False),
        }
        near = {
            "gap": (row.usual_gap_days, wanted.gap),
            "revenue": (row.revenue, wanted.revenue),
            "margin": (row.margin, wanted.margin),
            "worth": (row.worth, wanted.worth),
            "fall": (row.fall, wanted.fall),
            "exposure": (row.exposure, wanted.exposure),
            "overdue": (row.overdue, wanted.overdue),
            "limit": (row.approved_limit, wanted.limit),
        }
        silent = row.watch_from is not None and row.watch_from <= today
        same["silent"] = (silent, wanted.state == "silent")
        found += [f"{who} {name}: {one} {other}" for name, (one, other) in same.items() if one != other]
        found += [
            f"{who} {name}: {one} {other}"
            for name, (one, other) in near.items()
            if (one is None) != (other is None)
            or (
                one is not None
                and other is not None
                and not math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=2e-4)
            )
        ]
    return found
