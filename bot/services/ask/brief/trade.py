"""What an account ordered and owes, for its page: from the orders and invoices of the book, as of a day."""

from datetime import date
from itertools import pairwise
from statistics import median
from typing import Any

from sqlmodel import Session

from bot.wording.ask.briefs import CreditPart, LastOrder, OverdueInvoice, TradePart
from db.book.trade import account_sums, orders
from db.graded import credit
from grading.indicators.orders import window_start

LEAST_DAYS = 3  # with an order, for a usual gap
MOST_INVOICES = 3
MOST_CURRENCIES = 3


def trade_parts(session: Session, customer_id: int, today: date) -> tuple[TradePart, ...]:
    """Orders of twelve months and of those before, by currency; none for a customer that never ordered."""
    start, earlier = window_start(today, 12), window_start(today, 24)
    sums = {
        one.currency: one
        for one in account_sums.order_sums(session, customer_id, earlier=earlier, start=start, until=today)
    }
    last = {one.currency: one for one in account_sums.last_orders(session, customer_id, today)}
    gap = usual_gap(orders.order_days(session, customer_id=customer_id, as_of=today)) if last else None
    parts = []
    for currency in list(dict.fromkeys([*sums, *last]))[:MOST_CURRENCIES]:
        year, newest = sums.get(currency), last.get(currency)
        parts.append(
            TradePart(
                currency=currency,
                year=float(year.year) if year else 0.0,
                year_before=float(year.year_before) if year else 0.0,
                orders=year.orders if year else 0,
                last=newest
                and LastOrder(
                    day=newest.day, amount=float(newest.amount), days_ago=(today - newest.day).days
                ),
                usual_gap=gap if newest else None,
            )
        )
    return tuple(parts)


def usual_gap(days: list[date]) -> float | None:
    """The median of the days between one day with an order and the next; None with fewer than three such days."""
    if len(days) < LEAST_DAYS:
        return None
    return float(median((later - earlier).days for earlier, later in pairwise(days)))


def invoice_parts(session: Session, customer_id: int, today: date) -> dict[str, Any]:
    """The fields of a page about invoices past due."""
    found, total = account_sums.overdue_invoices(session, customer_id, today, MOST_INVOICES)
    rows = tuple(
        OverdueInvoice(
            number=one.number,
            due_on=one.due_on,
            over=(today - one.due_on).days,
            amount=float(one.amount),
            currency=one.currency,
        )
        for one in found
    )
    return {"invoices": rows, "more_invoices": total - len(rows)}


def credit_parts(session: Session, customer_id: int, today: date, *, in_full: bool) -> tuple[CreditPart, ...]:
    """What is owed by currency, with the approved limit beside the first; none without invoices and approval."""
    owed = account_sums.open_sums(session, customer_id, today)[:MOST_CURRENCIES]
    approved = next(iter(credit.approvals(session, customer_id)), None)
    terms: dict[str, Any] = {}
    if approved is not None:
        terms = {
            "limited": True,
            "masked": not in_full,
            "limit": float(approved.approved_limit) if in_full else None,
            "limit_currency": approved.currency,
            "terms_days": approved.approved_terms,
            "grade": approved.grade,
            "approved_on": approved.approved_on,
            "approved_by": approved.approved_by,
        }
    if not owed:
        nothing = CreditPart(
            currency=approved.currency if approved else None, exposure=0.0, overdue=0.0, **terms
        )
        return (nothing,) if approved is not None else ()
    return tuple(
        CreditPart(
            currency=one.currency,
            exposure=float(one.exposure),
            overdue=float(one.overdue),
            **(terms if place == 0 else {}),
        )
        for place, one in enumerate(owed)
    )
