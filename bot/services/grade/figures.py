"""Writes the figures of accounts (`db.graded.figures`): all of them after a grading of the book, some after news.

Each chunk is read, computed and written in one transaction under a lock, so that figures never replace newer ones. What
changes after that marks its customers, or is an import that the next regrade follows.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from bot.services.grade import scheme_choice
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db import processes
from db.book import customers
from db.book.trade import invoices, order_lines, order_totals, orders
from db.engine import Database
from db.graded import credit, figures, runs
from db.graded.figures import CURSOR, Basis
from db.graded.runs import Purpose
from db.types import MONEY_UNITS

DUE = "due:"
CHUNK = 1_000  # customers of one transaction: others write in between
LOCK = "figures"
_MONEY = ("revenue", "revenue_before", "margin", "margin_before", "order_value", "worth", "fall")


def mark_due(session: Session, run_id: int) -> None:
    """Say in the transaction that publishes a run of the whole book that the figures must follow it."""
    processes.set_cursor(session, CURSOR, f"{DUE}{run_id}")


def is_due(session: Session) -> bool:
    """Whether the figures of the whole book are older than its newest grading."""
    written = processes.cursor(session, CURSOR)
    if written is None:
        return runs.last_snapshot(session, Purpose.ACCOUNT) is not None
    return written.startswith(DUE)


def is_written(session: Session) -> bool:
    """Whether the figures of the whole book were ever written."""
    return processes.cursor(session, CURSOR) is not None


def write_book(database: Database, scheme_cache: SchemeCache, today: date) -> int:
    """Write the figures of all accounts as of a day, in chunks; how many differ. If interrupted, call it again."""
    with database.read() as session:
        begun = processes.cursor(session, CURSOR) or ""
        newest = runs.last_published(session, Purpose.ACCOUNT)
    done, after = 0, 0
    while True:
        with database.write(lock=LOCK) as session:
            ids = customers.ids_after(session, Purpose.ACCOUNT, after, CHUNK)
            if not ids:
                break
            done += _write(session, scheme_cache, ids, today, redated=False)
            after = ids[-1]
    with database.write(lock=LOCK) as session:
        figures.delete_foreign(session)
        # A run that was published meanwhile needs another pass.
        if (processes.cursor(session, CURSOR) or "") == begun:
            number = begun.removeprefix(DUE) or str(newest.id if newest else 0)
            processes.set_cursor(session, CURSOR, number)
    return done


def write_some(
    database: Database, scheme_cache: SchemeCache, customer_ids: Sequence[int], today: date
) -> int:
    """Write the figures of some customers; how many differ. Nothing before the first grading, which writes all."""
    done = 0
    for start in range(0, len(customer_ids), CHUNK):
        with database.write(lock=LOCK) as session:
            if not is_written(session):
                return done
            done += write(session, scheme_cache, customer_ids[start : start + CHUNK], today)
    return done


def follow(database: Database, scheme_cache: SchemeCache, today: date) -> int:
    """Write the figures that are due: of the whole book after an interrupted pass, and of marked customers."""
    with database.read() as session:
        due, marked = is_due(session), figures.stale(session, CHUNK)
    done = write_book(database, scheme_cache, today) if due else 0
    while marked:
        with database.write(lock=LOCK) as session:
            done += write(session, scheme_cache, marked, today)
        with database.read() as session:
            marked = figures.stale(session, CHUNK)
    return done


def write(session: Session, scheme_cache: SchemeCache, customer_ids: Sequence[int], today: date) -> int:
    """Write the figures of some customers, and of those that were joined into them, within a transaction."""
    everybody = figures.with_joined(session, customer_ids)
    return _write(session, scheme_cache, everybody, today, redated=True)


def _write(
    session: Session, scheme_cache: SchemeCache, customer_ids: Sequence[int], today: date, *, redated: bool
) -> int:
    accounts = figures.accounts(session, customer_ids)
    rows = compute(session, scheme_cache, accounts, today) if accounts else []
    return figures.write(session, rows, customer_ids, redated=redated)


def compute(
    session: Session, scheme_cache: SchemeCache, customer_ids: Sequence[int], as_of: date
) -> list[dict[str, Any]]:
    """The figures of some unarchived accounts as of a day, as rows of `CustomerFigures`, by id."""
    import numpy as np
    import pandas as pd

    from grading.indicators.orders import usual_gap, window_start
    from grading.views.value_at_risk import at_risk_after, measure_value_at_risk, watch_after

    index = pd.Index(sorted(customer_ids), name="customer")
    start, earlier = window_start(as_of, 12), window_start(as_of, 24)
    days = {row[0]: row[1:] for row in orders.rhythms(session, as_of=as_of, customer_ids=customer_ids)}
    last = [days[customer][0] if customer in days else None for customer in index]
    known = pd.DataFrame(
        [days[customer][1:] if customer in days else (0, None) for customer in index],
        columns=["order_days", "median_gap_days"],
        index=index,
        dtype=np.float64,
    )
    gaps = _book_gaps(session, scheme_cache, customer_ids, as_of)
    median, ever = (known[name].to_numpy(dtype=np.float64) for name in ("median_gap_days", "order_days"))
    gap = np.full(len(index), np.nan)
    book = np.array([gaps.get(customer, np.nan) for customer in index], dtype=np.float64)
    for one in np.unique(book):  # NaN once
        here = np.isnan(book) if np.isnan(one) else book == one
        gap[here] = usual_gap(median[here], ever[here], None if np.isnan(one) else float(one))
    gap = np.where(ever > 0, gap, np.nan)
    years = [
        _year(session, after, until, customer_ids, index)
        for after, until in ((start, as_of), (earlier, start))
    ]
    value = measure_value_at_risk(known.assign(usual_gap_days=gap), *years)
    both = years[0]["order_days"].fillna(0) + years[1]["order_days"].fillna(0)
    columns: dict[str, list[Any]] = {name: value[name].tolist() for name in value.columns}
    columns |= {
        "last_order": last,
        "order_days": ever.tolist(),
        "usual_gap_days": gap.tolist(),
        "order_days_24m": both.tolist(),
        "watch_after": np.where(ever > 1, watch_after(gap), np.nan).tolist(),
        "at_risk_after": np.where(ever > 1, at_risk_after(gap), np.nan).tolist(),
    }
    return _rows(session, as_of, [int(customer) for customer in index], columns)


def _rows(
    session: Session, as_of: date, ids: Sequence[int], value: Mapping[str, list[Any]]
) -> list[dict[str, Any]]:
    currency = order_totals.currencies_of(session, ids)
    owed = {row[0]: row[1:] for row in invoices.owed(session, as_of=as_of, customer_ids=ids)}
    limits = credit.limits(session, ids)
    rows = []
    for place, customer in enumerate(ids):
        several = currency.get(customer, "") is None
        money = {name: None if several else _money(value[name][place]) for name in _MONEY}
        last, gap = value["last_order"][place], value["usual_gap_days"][place]
        owed_currency, exposure, overdue, oldest = owed.get(customer, ("", 0, 0, None))
        debts = [
            None if owed_currency is None else Decimal(int(sum_)) / MONEY_UNITS
            for sum_ in (exposure, overdue)
        ]
        limit, limit_currency = limits.get(customer, (None, None))
        rows.append(
            {
                "customer_id": customer,
                "as_of": as_of,
                "last_order": last,
                "usual_gap_days": None if gap != gap else gap,
                "order_days": int(value["order_days"][place]),
                "order_days_24m": int(value["order_days_24m"][place]),
                "watch_from": _later(last, value["watch_after"][place]),
                "at_risk_from": _later(last, value["at_risk_after"][place]),
                "currency": currency.get(customer),
                **money,
                "worth": money["worth"] or Decimal(0),
                "fall": money["fall"] or Decimal(0),
                "basis": Basis.MARGIN if value["is_margin"][place] else Basis.REVENUE,
                "owed_currency": owed_currency or None,
                "exposure": debts[0],
                "overdue": debts[1],
                "oldest_due": oldest,
                "approved_limit": limit,
                "limit_currency": limit_currency,
                "stale": False,
            }
        )
    return rows


def _year(session: Session, after: date, until: date, customer_ids: Sequence[int], index: Any) -> Any:
    """The sums of (after, until], costs of order lines included, with the columns of `WINDOW`; a row for each customer."""
    import pandas as pd

    from grading.indicators.orders import LINE_AGGREGATES, with_line_costs
    from grading.views.value_at_risk import WINDOW

    bought = orders.purchases(
        session, start=after, earlier=after, as_of=until, customer_ids=customer_ids
    )  # one window: both counts of days are the same
    names = ["customer", "order_days", "same", "net", "net_with_cost_12m", "cost_12m", "returns_without_cost"]
    sums = pd.DataFrame(bought, columns=names).set_index("customer").astype(float).reindex(index)
    sums["returns_without_cost"] = sums["returns_without_cost"].fillna(0.0)
    lines = order_lines.line_aggregates(session, as_of=until, start=after, customer_ids=customer_ids)
    if lines:
        frame = pd.DataFrame(lines, columns=["customer", *LINE_AGGREGATES]).set_index("customer")
        sums = with_line_costs(sums, frame.astype(float))
    return sums.rename(columns={"net_with_cost_12m": "net_with_cost", "cost_12m": "cost"})[list(WINDOW)]


def _book_gaps(
    session: Session, scheme_cache: SchemeCache, customer_ids: Sequence[int], on: date
) -> dict[int, float]:
    """Customer -> the book's usual gap, as the scheme that grades it froze it; without one, its own days decide."""
    rules = store.rules_on(session, scheme_cache, Purpose.ACCOUNT, on)
    if not any("usual_gap_days" in rule.scheme.constants for rule in rules):
        return {}
    return {
        customer: gap
        for rule, theirs in scheme_choice.allot(session, rules, customer_ids).shares
        if (gap := rule.scheme.constants.get("usual_gap_days")) is not None
        for customer in theirs or ()
    }


def _later(day: date | None, days: float) -> date | None:
    """A day so many days later; None for NaN, and beyond the calendar, which nobody reaches."""
    if day is None or days != days or days > (date.max - day).days:
        return None
    return day + timedelta(days=int(days))


def _money(value: float) -> Decimal | None:
    """An amount in units of a currency, rounded to what is stored; None for NaN."""
    return None if value != value else Decimal(round(value * MONEY_UNITS)) / MONEY_UNITS
