"""Rows <-> columns and DataFrames of graded data: the only place where they meet."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.book.facts import BETWEEN
from db.graded.assessments import PREVIOUS_STATE
from grading.engine.fields import DATE_SUFFIX, MONTHS_WITH_US, factorize
from grading.engine.inputs import unpack
from grading.engine.movement import CLEAN, Moved, State, carry_state
from grading.engine.scoring import Grading
from grading.engine.table import read_cells
from grading.indicators.altman import with_zone
from grading.indicators.events import WINDOWS, Period, activity_indicators, find_incomplete, is_complete
from grading.indicators.orders import (
    LINE_AGGREGATES,
    ORDER_AGGREGATES,
    ORDER_DAYS,
    book_constants,
    order_indicators,
    product_indicators,
    with_line_costs,
)
from grading.indicators.payments import INVOICE_AGGREGATES, payment_indicators
from grading.indicators.sources import COMPUTED, CREDIT_GRADE
from grading.scheme.model import ZONE, Scheme

LAST_ORDER = 1 + ORDER_AGGREGATES.index("last_order")  # of a row of orders, behind the customer

Rows = Sequence[tuple[Any, ...]]
FactsOfDay = tuple[str, date, str, str, str]  # as db.book.facts.facts_by_day gives them
Grades = Mapping[int, tuple[str, date]]
_PLAIN = re.compile(
    f"[-+.0-9{BETWEEN}]*", re.ASCII
).fullmatch  # what `float` reads as `grading.engine.table` does
PreviousState = State  # with the customer, its tier, score and the like (`previous_state_columns`)


@dataclass(frozen=True, kw_only=True)
class SourceRows:
    """What the database sums up per customer, as its queries give it; empty where a scheme has no use for it."""

    orders: Rows
    lines: Rows = ()
    invoices: Rows = ()
    activities: Rows = ()  # customer, and a count for each kind of grading.indicators.events.WINDOWS
    faded: Mapping[str, Rows] = field(default_factory=dict)  # indicator -> customer, points
    periods: Sequence[Period] = ()


@dataclass(frozen=True, kw_only=True)
class FactColumns:
    """What a scheme's fields are for every customer, ready to be graded: a row for each id."""

    customers: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]
    orders_through: date | None
    unreadable: int  # facts whose value does not fit the field's type

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The columns as a frame, by customer."""
        return pd.DataFrame(self.columns, index=_index(self.customers))


def aggregates_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows of db.book.orders.order_aggregates -> the frame grading.indicators.orders takes."""
    return _frame(rows, ORDER_AGGREGATES, ORDER_DAYS)


def computed_indicators(rows: SourceRows, scheme: Scheme, as_of: date) -> pd.DataFrame:
    """Everything that follows from orders, their lines, invoices and activities, for every customer."""
    customers, found = _computed(rows, scheme, as_of)
    return pd.DataFrame(found, index=_index(customers))


def _computed(rows: SourceRows, scheme: Scheme, as_of: date) -> tuple[NDArray[np.int64], dict[str, Any]]:
    customers, orders = _columns(rows.orders, ORDER_AGGREGATES, ORDER_DAYS)
    index = _index(customers)
    lines = _frame(rows.lines, LINE_AGGREGATES) if rows.lines else None
    if lines is not None:
        with_costs = with_line_costs(pd.DataFrame(orders, index=index), lines)
        orders = {name: with_costs[name].to_numpy() for name in orders}
    found: dict[str, Any] = dict(order_indicators(orders, as_of, scheme))
    parts = []
    if lines is not None:
        parts.append(product_indicators(lines, scheme))
    if rows.invoices:
        parts.append(payment_indicators(_frame(rows.invoices, INVOICE_AGGREGATES), as_of, scheme))
    if rows.activities or rows.periods or any(rows.faded.values()):
        counts = _frame(rows.activities, tuple(WINDOWS))
        points = pd.DataFrame({name: _frame(part, (name,))[name] for name, part in rows.faded.items()})
        bought = pd.Series(found["order_frequency_12m"], index=index)
        parts.append(activity_indicators(counts, points, bought, rows.periods, as_of, scheme))
    for part in parts:
        for name in part.columns:
            if name in scheme.fields:
                found[name] = part[name].reindex(index).to_numpy()
    # Where there is nothing to compute from, nothing is known: said without the frames that it would come out of.
    for name in scheme.fields:
        if name in COMPUTED and name not in found:
            found[name] = np.full(len(customers), np.nan)
    return customers, found


def book_constants_of(rows: SourceRows, as_of: date) -> dict[str, float]:
    """The constants of a scheme out of a whole book; one that the book cannot give is left out."""
    orders = aggregates_frame(rows.orders)
    lines, invoices = _frame(rows.lines, LINE_AGGREGATES), _frame(rows.invoices, INVOICE_AGGREGATES)
    found = book_constants(with_line_costs(orders, lines))
    due, counts = invoices["due_amount"].sum(), _frame(rows.activities, tuple(WINDOWS))
    if due > 0:
        found["on_time_rate"] = float(invoices["on_time_amount"].sum() / due)
    ordered = orders["orders_12m"].sum()
    if ordered > 0 and is_complete(rows.periods, "complaint", as_of, WINDOWS["complaint"]):
        found["complaint_rate"] = min(1.0, float(counts["complaint"].sum() / ordered))
    return found


def book_of(
    rows: SourceRows, found: Iterable[FactsOfDay], grades: Grades, scheme: Scheme, as_of: date
) -> FactColumns:
    """Computed indicators where there is something to compute them from, recorded facts for the rest."""
    customers, computed = _computed(rows, scheme, as_of)
    unsure = find_incomplete(rows.periods, as_of)
    recorded = read_recorded(found, customers, scheme)
    facts = recorded.columns
    put_grades(facts, CREDIT_GRADE, grades, customers)
    for name, values in computed.items():
        dates = f"{name}@date"
        if name in scheme.fields and name in facts:
            better = ~np.isnan(facts[name]) if name in unsure else np.isnan(values)
            facts[name] = np.where(better, facts[name], values)
            facts[dates] = np.where(better, facts[dates], np.datetime64("NaT"))
        elif name in scheme.fields or name == MONTHS_WITH_US:
            facts[name] = values
    if ZONE in scheme.fields:
        zoned = with_zone(pd.DataFrame(facts, index=_index(customers)), scheme)
        facts = {str(name): zoned[name].to_numpy() for name in zoned.columns}
    last = max((row[LAST_ORDER] for row in rows.orders if row[LAST_ORDER] is not None), default=None)
    return FactColumns(
        customers=customers, columns=facts, orders_through=last, unreadable=recorded.unreadable
    )


def stored_frame(inputs: Mapping[int, bytes], scheme: Scheme) -> pd.DataFrame:
    """Stored inputs of assessments -> facts, as `grade` took them then. Raises ValueError when they are not readable."""
    return pd.DataFrame(unpack(list(inputs.values()), scheme), index=pd.Index(list(inputs), name="customer"))


def previous_state_columns(rows: Rows, scheme: Scheme, left: Rows | None = None) -> PreviousState:
    """Rows of db.graded.assessments.standings_at -> what customers were: the state of `movement`, and tier, score, tier_since.

    With `left`, the state is that of these rows, and an empty one where they have none. `moved_by`: the version it is by.
    """
    columns = _previous_state_columns(rows, scheme)
    if left is None:
        return {**columns, "moved_by": columns["scheme_version_id"]}
    state = _previous_state_columns(left, scheme)
    places = places_of(columns["customer_id"], state["customer_id"])
    by = np.array([*state["scheme_version_id"], None], dtype=object)[places]
    return {**columns, **carry_state(state, places, scheme), "moved_by": by}


def _previous_state_columns(rows: Rows, scheme: Scheme) -> PreviousState:
    cells = zip(*rows, strict=True) if rows else [()] * len(PREVIOUS_STATE)
    columns: PreviousState = {
        name: np.array(values, dtype=object) for name, values in zip(PREVIOUS_STATE, cells, strict=True)
    }
    columns["customer_id"] = columns["customer_id"].astype(np.int64)
    codes, texts = factorize(columns.pop("clean"))
    active = [json.loads(text) for text in texts]
    for gate in scheme.gates:
        counts = np.array([*(one.get(gate.id, -1) for one in active), -1], dtype=np.int16)
        columns[CLEAN + gate.id] = counts[codes]
    return columns


def places_of(customers: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each customer is among those that are known; -1 where it is not."""
    if not len(known):
        return np.full(len(customers), -1, dtype=np.intp)
    order = np.argsort(known, kind="stable")
    found = order[np.minimum(np.searchsorted(known[order], customers), len(known) - 1)]
    return np.where(known[found] == customers, found, -1)


def assessment_columns(
    graded: Grading, moved: Moved, before: PreviousState, places: NDArray[np.intp], inputs: list[bytes]
) -> dict[str, list[Any]]:
    """Results of a run as columns for db.graded.runs, in the order of the customers, without what only the run knows.

    `before` are `previous_state_columns`, `places` where in them the customers are: the day since when a tier holds goes on
    while the tier does. Columns, because a million rows as dictionaries take gigabytes.
    """
    tier, day = moved.outcome["tier"], np.full(len(places), graded.as_of, dtype=object)
    known = places >= 0
    goes_on = known.copy()
    goes_on[known] = before["tier"][places[known]] == tier[known]
    day[goes_on] = before["tier_since"][places[goes_on]]
    return {
        "customer_id": np.asarray(graded.index).tolist(),
        **{
            name: _plain_list(graded.outcome[name])
            for name in ("computed_tier", "exact_score", "score", "coverage", "low", "high", "certain")
        },
        **{name: _plain_list(moved.outcome[name]) for name in ("tier", "held", "capped_by", "overridden")},
        **{
            name: _plain_list(moved.following[name])
            for name in ("standing", "since", "rising_since", "falling_since")
        },
        "tier_since": day.tolist(),
        "clean": _clean_texts(moved.following, len(places)),
        "inputs": inputs,
    }


def _clean_texts(state: State, rows: int) -> list[str | None]:
    """Gates that are still active, as compact JSON; None for the many without any."""
    gates = [name.removeprefix(CLEAN) for name in state if name.startswith(CLEAN)]
    if not gates:
        return [None] * rows
    counts = np.column_stack([state[CLEAN + gate] for gate in gates])
    texts: dict[tuple[int, ...], str] = {}  # few are distinct
    found: list[str | None] = [None] * rows
    active = np.flatnonzero((counts >= 0).any(axis=1))
    for row, numbers in zip(active.tolist(), map(tuple, counts[active].tolist()), strict=True):
        if numbers not in texts:
            clean = {gate: number for gate, number in zip(gates, numbers, strict=True) if number >= 0}
            texts[numbers] = json.dumps(clean, separators=(",", ":"))
        found[row] = texts[numbers]
    return found


def _plain_list(column: NDArray[Any]) -> list[Any]:
    """A column as SQL takes it: NaN is NULL."""
    if column.dtype.kind == "f":
        unknown = np.isnan(column)
        if unknown.any():
            column = column.astype(object)
            column[unknown] = None
    found: list[Any] = column.tolist()
    return found


def _frame(rows: Rows, columns: Sequence[str], days: Sequence[str] = ("oldest_due",)) -> pd.DataFrame:
    customers, found = _columns(rows, columns, days)
    return pd.DataFrame(found, index=_index(customers))


def _columns(
    rows: Rows, columns: Sequence[str], days: Sequence[str]
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    """Sums per customer as numbers, days as days."""
    customers, *cells = zip(*rows, strict=True) if rows else [()] * (1 + len(columns))
    found = {
        name: np.array(values, dtype="datetime64[s]") if name in days else np.array(values, dtype=np.float64)
        for name, values in zip(columns, cells, strict=True)
    }
    return np.array(customers, dtype=np.int64), found


def _index(customers: NDArray[np.int64]) -> "pd.Index[int]":
    return pd.Index(customers, name="customer")


def value_frame(
    aggregate_rows: Sequence[tuple[Any, ...]], purchase_rows: Sequence[tuple[Any, ...]], as_of: date
) -> pd.DataFrame:
    """Rows of order_aggregates and of purchases -> what the views on value take, customers that ever bought.

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


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Columns by field and `FIELD@date`, a row for each customer asked for; how many values could not be read."""

    columns: dict[str, NDArray[Any]]
    unreadable: int


def read_recorded(found: Iterable[FactsOfDay], customers: NDArray[np.int64], scheme: Scheme) -> Recorded:
    """The newest fact of each field; of two of one day the one recorded last. `customers` are in ascending order.

    One that cannot be read is missing: an older one does not stand in for it.
    """
    columns: dict[str, NDArray[Any]] = {}
    unreadable = 0
    for name, days in groupby(found, key=lambda row: row[0]):
        parts = list(days)
        cells = BETWEEN.join(part[4] for part in parts).split(BETWEEN)
        who = _numbers(",".join(part[2] for part in parts))
        ids = _numbers(",".join(part[3] for part in parts))
        counts = [part[2].count(",") + 1 for part in parts]
        day = np.repeat(np.array([part[1] for part in parts], dtype="datetime64[D]"), counts)
        place = np.minimum(np.searchsorted(customers, who), len(customers) - 1)
        newest = _newest(place, day, ids, customers[place] == who) if len(customers) else ids[:0]
        values, wrong = _typed([cells[row] for row in newest.tolist()], scheme.fields[name].kind)
        unreadable += wrong
        empty = np.nan if values.dtype.kind == "f" else None
        columns[name] = np.full(len(customers), empty, dtype=values.dtype)
        columns[name][place[newest]] = values
        columns[name + DATE_SUFFIX] = np.full(len(customers), np.datetime64("NaT"), dtype="datetime64[D]")
        columns[name + DATE_SUFFIX][place[newest]] = day[newest]
    return Recorded(columns=columns, unreadable=unreadable)


def put_grades(
    columns: dict[str, NDArray[Any]], field: str, grades: Grades, customers: NDArray[np.int64]
) -> None:
    """Let grades of assessments stand where no later one was recorded."""
    if not grades:
        return
    who = np.array(list(grades), dtype=np.int64)
    words = np.array([grade for grade, _ in grades.values()], dtype=object)
    days = np.array([day for _, day in grades.values()], dtype="datetime64[D]")
    here = np.isin(who, customers)
    place = np.searchsorted(customers, who[here])
    dates = columns.setdefault(
        field + DATE_SUFFIX, np.full(len(customers), np.datetime64("NaT"), dtype="datetime64[D]")
    )
    values = columns.setdefault(field, np.full(len(customers), None, dtype=object))
    later = ~(dates[place] > days[here])  # nothing is later than no day
    values[place[later]] = words[here][later]
    dates[place[later]] = days[here][later]


def _numbers(text: str) -> NDArray[np.int64]:
    return np.fromstring(text, dtype=np.int64, sep=",")


def _newest(place: Any, day: Any, ids: Any, wanted: Any) -> NDArray[np.intp]:
    """Rows of the newest fact of each customer that is wanted."""
    order = np.lexsort((ids, day))
    order = order[wanted[order]]
    last = np.full(int(place.max(initial=0)) + 1, -1, dtype=np.intp)
    last[place[order]] = order  # what comes later stands
    return last[last >= 0]


def _typed(cells: list[str], kind: str) -> tuple[NDArray[Any], int]:
    """Values of a kind, NaN or None where there is none; how many could not be read."""
    if kind == "number" and _PLAIN("".join(cells)):
        try:
            numbers = np.array(list(map(float, cells)))
        except ValueError:
            numbers = np.array([np.inf])
        if np.isfinite(numbers).all():
            return numbers, 0
    return read_cells(cells, kind)
