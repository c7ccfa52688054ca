"""Rows <-> DataFrames of graded data: the only place where the two meet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from bot.recorded import FactsOfDay, Grades, put_grades, read
from db.grading import STANDING
from grading.altman import with_zone
from grading.events import WINDOWS, Period, activity_indicators, at_least, complete
from grading.indicators import ORDER_AGGREGATES, book_constants, order_indicators
from grading.inputs import unpack
from grading.lines import LINE_AGGREGATES, product_indicators, with_line_costs
from grading.movement import CLEAN, Moved
from grading.payments import INVOICE_AGGREGATES, payment_indicators
from grading.scheme import Scheme
from grading.scoring import MONTHS_WITH_US, Grading
from grading.sources import COMPUTED, CREDIT_GRADE

LAST_ORDER = 1 + ORDER_AGGREGATES.index("last_order")  # of a row of orders, behind the customer

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class SourceRows:
    """What the database sums up per customer, as its queries give it; empty where a scheme has no use for it."""

    orders: Rows
    lines: Rows = ()
    invoices: Rows = ()
    activities: Rows = ()  # customer, and a count for each kind of grading.events.WINDOWS
    faded: Mapping[str, Rows] = field(default_factory=dict)  # indicator -> customer, points
    periods: Sequence[Period] = ()


@dataclass(frozen=True, kw_only=True)
class Book:
    """What a scheme's fields are for every customer, ready to be graded; indexed by customer id."""

    facts: pd.DataFrame
    orders_through: date | None
    unreadable: int  # facts whose value does not fit the field's type


def aggregates_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows of db.orders.order_aggregates -> the frame grading.indicators takes."""
    days = ("first_order", "last_order", "since")
    return _frame(rows, ORDER_AGGREGATES, days)


def computed_indicators(rows: SourceRows, scheme: Scheme, as_of: date) -> pd.DataFrame:
    """Everything that follows from orders, their lines, invoices and activities, for every customer."""
    orders, lines = aggregates_frame(rows.orders), _frame(rows.lines, LINE_AGGREGATES)
    found = order_indicators(with_line_costs(orders, lines) if rows.lines else orders, as_of, scheme)
    parts = []
    if rows.lines:
        parts.append(product_indicators(lines, scheme))
    if rows.invoices:
        parts.append(payment_indicators(_frame(rows.invoices, INVOICE_AGGREGATES), as_of, scheme))
    if rows.activities or rows.periods or any(rows.faded.values()):
        counts = _frame(rows.activities, tuple(WINDOWS))
        points = pd.DataFrame({name: _frame(part, (name,))[name] for name, part in rows.faded.items()})
        bought = found["order_frequency_12m"]
        parts.append(activity_indicators(counts, points, bought, rows.periods, as_of, scheme))
    for part in parts:
        wanted = [name for name in part.columns if name in scheme.fields]
        found[wanted] = part[wanted].reindex(found.index)
    # Where there is nothing to compute from, nothing is known: said without the frames that it would come out of.
    for name in scheme.fields:
        if name in COMPUTED and name not in found:
            found[name] = np.nan
    return found


def book_constants_of(rows: SourceRows, as_of: date) -> dict[str, float]:
    """The constants of a scheme out of a whole book; one that the book cannot give is left out."""
    orders = aggregates_frame(rows.orders)
    lines, invoices = _frame(rows.lines, LINE_AGGREGATES), _frame(rows.invoices, INVOICE_AGGREGATES)
    found = book_constants(with_line_costs(orders, lines))
    due, counts = invoices["due_amount"].sum(), _frame(rows.activities, tuple(WINDOWS))
    if due > 0:
        found["on_time_rate"] = float(invoices["on_time_amount"].sum() / due)
    ordered = orders["orders_12m"].sum()
    if ordered > 0 and complete(rows.periods, "complaint", as_of, WINDOWS["complaint"]):
        found["complaint_rate"] = min(1.0, float(counts["complaint"].sum() / ordered))
    return found


def book_frame(
    rows: SourceRows, found: Iterable[FactsOfDay], grades: Grades, scheme: Scheme, as_of: date
) -> Book:
    """Computed indicators where there is something to compute them from, recorded facts for the rest."""
    computed = computed_indicators(rows, scheme, as_of)
    unsure = at_least(rows.periods, as_of)
    customers = computed.index.to_numpy(dtype=np.int64)
    recorded = read(found, customers, scheme)
    facts = recorded.columns
    put_grades(facts, CREDIT_GRADE, grades, customers)
    for name in computed.columns:
        values, dates = computed[name].to_numpy(), f"{name}@date"
        if name in scheme.fields and name in facts:
            better = ~np.isnan(facts[name]) if name in unsure else np.isnan(values)
            facts[name] = np.where(better, facts[name], values)
            facts[dates] = np.where(better, facts[dates], np.datetime64("NaT"))
        elif name in scheme.fields or name == MONTHS_WITH_US:
            facts[name] = values
    last = max((row[LAST_ORDER] for row in rows.orders if row[LAST_ORDER] is not None), default=None)
    frame = pd.DataFrame(facts, index=computed.index)
    return Book(facts=with_zone(frame, scheme), orders_through=last, unreadable=recorded.unreadable)


def stored_frame(inputs: Mapping[int, bytes], scheme: Scheme) -> pd.DataFrame:
    """Stored inputs of assessments -> facts, as `grade` took them then. Raises ValueError when they are not readable."""
    return pd.DataFrame(unpack(list(inputs.values()), scheme), index=pd.Index(list(inputs), name="customer"))


def standing_frame(rows: Sequence[tuple[Any, ...]], scheme: Scheme) -> pd.DataFrame:
    """Rows of db.grading.standings_at -> what customers were: the state of `movement`, and tier, score, tier_since."""
    cells = zip(*rows, strict=True) if rows else [()] * len(STANDING)
    # As objects: left to itself pandas turns the None of a text column into NaN.
    columns = {name: pd.Series(values, dtype=object) for name, values in zip(STANDING, cells, strict=True)}
    customers, clean = columns.pop("customer_id").astype("int64"), columns.pop("clean")
    frame = pd.DataFrame(columns).set_axis(pd.Index(customers, name="customer_id"))
    codes, texts = pd.factorize(clean)
    active = [json.loads(text) for text in texts]
    for gate in scheme.gates:
        counts = np.array([*(one.get(gate.id, -1) for one in active), -1], dtype=np.int16)
        frame[CLEAN + gate.id] = counts[codes]
    return frame


def assessment_columns(
    graded: Grading, moved: Moved, before: pd.DataFrame, inputs: list[bytes]
) -> dict[str, list[Any]]:
    """Results of a run as columns for db.grading, in the order of the customers, without what only the run knows.

    `before` is a `standing_frame`: the day since when a tier holds goes on while the tier does. Columns, because a
    million rows as dictionaries take gigabytes.
    """
    earlier = before.reindex(moved.results.index)
    goes_on = (earlier["tier"] == moved.results["tier"]).tolist()
    since = earlier["tier_since"].tolist()
    return {
        "customer_id": graded.results.index.tolist(),
        **{
            name: _plain_list(graded.results[name])
            for name in ("computed_tier", "exact_score", "score", "coverage", "low", "high", "certain")
        },
        **{name: _plain_list(moved.results[name]) for name in ("tier", "held", "capped_by", "overridden")},
        **{
            name: _plain_list(moved.state[name])
            for name in ("standing", "since", "rising_since", "falling_since")
        },
        "tier_since": [day if same else graded.as_of for day, same in zip(since, goes_on, strict=True)],
        "clean": _clean_texts(moved.state),
        "inputs": inputs,
    }


def _clean_texts(state: pd.DataFrame) -> list[str | None]:
    """Gates that are still active, as compact JSON; None for the many without any."""
    gates = [name.removeprefix(CLEAN) for name in state.columns if name.startswith(CLEAN)]
    if not gates:
        return [None] * len(state)
    counts = np.column_stack([state[CLEAN + gate].to_numpy() for gate in gates])
    texts: dict[tuple[int, ...], str] = {}  # few are distinct
    found: list[str | None] = [None] * len(state)
    active = np.flatnonzero((counts >= 0).any(axis=1))
    for row, numbers in zip(active.tolist(), map(tuple, counts[active].tolist()), strict=True):
        if numbers not in texts:
            clean = {gate: number for gate, number in zip(gates, numbers, strict=True) if number >= 0}
            texts[numbers] = json.dumps(clean, separators=(",", ":"))
        found[row] = texts[numbers]
    return found


def _plain_list(column: "pd.Series[Any]") -> list[Any]:
    """A column as SQL takes it: NaN and NA are NULL."""
    if column.hasnans:
        column = column.astype(object).where(column.notna(), None)
    return column.tolist()


def _frame(rows: Rows, columns: Sequence[str], days: Sequence[str] = ("oldest_due",)) -> pd.DataFrame:
    """Sums per customer as numbers, days as days."""
    customers, *cells = zip(*rows, strict=True) if rows else [()] * (1 + len(columns))
    found = {
        name: np.array(values, dtype="datetime64[s]") if name in days else np.array(values, dtype=np.float64)
        for name, values in zip(columns, cells, strict=True)
    }
    return pd.DataFrame(found, index=pd.Index(customers, name="customer", dtype=np.int64))


def value_frame(
    aggregate_rows: Sequence[tuple[Any, ...]], purchase_rows: Sequence[tuple[Any, ...]], as_of: date
) -> pd.DataFrame:
    """Rows of order_aggregates and of db.purchases -> what the views on value take, customers that ever bought.

    Columns: recency_days, frequency, monetary (12 months), profit (12 months; NaN without costs), relationship
    (years), median_gap_days, order_days; order_days_24m, net_24m, profit_24m.
    """
    known = aggregates_frame(aggregate_rows)
    known = known[known["last_order"].notna()]
    names = ["customer", "days_12m", "days_24m", "net_24m", "net_with_cost_24m", "cost_24m"]
    bought = pd.DataFrame(purchase_rows, columns=names).set_index("customer").astype(float)
    bought = bought.reindex(known.index)
    today = pd.Timestamp(as_of)
    # Whoever bought nothing in a window made nothing in it: a zero, where purchases without costs are unknown -
    # and everything is, in a book without any costs.
    costs = bool(known["cost_12m"].notna().any() or bought["cost_24m"].notna().any())
    idle_12m = known["orders_12m"].eq(0) & known["net_12m"].eq(0) & costs
    idle_24m = bought["days_24m"].isna() & costs
    profit = (known["net_with_cost_12m"] - known["cost_12m"]).mask(idle_12m, 0.0)
    begin = known["since"].fillna(known["first_order"])
    return pd.DataFrame(
        {
            "recency_days": (today - known["last_order"]).dt.days.astype(float),
            "frequency": bought["days_12m"].fillna(0.0),
            "monetary": known["net_12m"].fillna(0.0),
            "profit": profit,
            "relationship": (today - begin).dt.days / 365.25,
            "median_gap_days": known["median_gap_days"],
            "order_days": known["order_days"],
            "order_days_24m": bought["days_24m"].fillna(0.0),
            "net_24m": bought["net_24m"].fillna(0.0),
            "profit_24m": (bought["net_with_cost_24m"] - bought["cost_24m"]).mask(idle_24m, 0.0),
        }
    )
