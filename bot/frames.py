"""Rows of the database to columns and frames for grading, and back: the only module that knows both."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
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
from grading.indicators import events, orders
from grading.indicators.altman import with_zone
from grading.indicators.events import WINDOWS, Period
from grading.indicators.orders import LINE_AGGREGATES, ORDER_AGGREGATES, ORDER_DAYS
from grading.indicators.payments import INVOICE_AGGREGATES, payment_indicators
from grading.indicators.sources import COMPUTED, CREDIT_GRADE, EDITION
from grading.scheme.model import ZONE, Scheme

LAST_ORDER = 1 + ORDER_AGGREGATES.index("last_order")  # in a row of orders, after the customer

Rows = Sequence[tuple[Any, ...]]
FactsOfDay = tuple[str, date, str, str, str]  # as db.book.facts.facts_by_day returns them
Grades = Mapping[int, tuple[str, date]]
_is_plain = re.compile(
    f"[-+.0-9{BETWEEN}]*", re.ASCII
).fullmatch  # `float` reads it as `grading.engine.table` does
PreviousState = State  # with the customer, its tier, score and the like (`previous_state_columns`)


@dataclass(frozen=True, kw_only=True)
class SourceRows:
    """Sums per customer, as the queries return them; empty where the scheme has no field for them."""

    orders: Rows
    lines: Rows = ()
    invoices: Rows = ()
    activities: Rows = ()  # customer, and a count for each kind of WINDOWS
    faded: Mapping[str, Rows] = field(default_factory=dict)  # indicator -> customer, points
    periods: Sequence[Period] = ()


@dataclass(frozen=True, kw_only=True)
class FactColumns:
    """The values of a scheme's fields, ready to be graded: a row for each customer."""

    customers: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]
    orders_through: date | None
    unreadable: int  # facts whose value does not fit the field's type

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The columns as a frame, by customer."""
        return pd.DataFrame(self.columns, index=_index(self.customers))


def aggregates_frame(rows: Rows) -> pd.DataFrame:
    """Rows of db.book.trade.orders.order_aggregates -> a frame with ORDER_AGGREGATES."""
    return _frame(rows, ORDER_AGGREGATES, ORDER_DAYS)


def computed_indicators(rows: SourceRows, scheme: Scheme, as_of: date) -> pd.DataFrame:
    """The indicators that follow from orders, their lines, invoices and activities, for every customer."""
    customers, found = _computed(rows, scheme, as_of)
    return pd.DataFrame(found, index=_index(customers))


def _computed(
    rows: SourceRows, scheme: Scheme, as_of: date, edition: int = EDITION
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    customers, sums = _columns(rows.orders, ORDER_AGGREGATES, ORDER_DAYS)
    index = _index(customers)
    parts = []
    if rows.lines:
        lines = _frame(rows.lines, LINE_AGGREGATES)
        with_costs = orders.with_line_costs(pd.DataFrame(sums, index=index), lines)
        sums = {name: with_costs[name].to_numpy() for name in sums}
        parts.append(orders.product_indicators(lines, scheme))
    found: dict[str, Any] = dict(orders.order_indicators(sums, as_of, scheme, edition))
    if rows.invoices:
        parts.append(payment_indicators(_frame(rows.invoices, INVOICE_AGGREGATES), as_of, scheme))
    if rows.activities or rows.periods or any(rows.faded.values()):
        counts = _frame(rows.activities, tuple(WINDOWS))
        points = pd.DataFrame({name: _frame(part, (name,))[name] for name, part in rows.faded.items()})
        bought = pd.Series(found["order_frequency_12m"], index=index)
        parts.append(events.activity_indicators(counts, points, bought, rows.periods, as_of, scheme, edition))
    for part in parts:
        for name in part.columns:
            if name in scheme.fields:
                found[name] = part[name].reindex(index).to_numpy()
    # Without rows to compute from nothing is known; no frames are built for it.
    for name in scheme.fields:
        if name in COMPUTED and name not in found:
            found[name] = np.full(len(customers), np.nan)
    return customers, found


def book_constants_of(rows: SourceRows, as_of: date) -> dict[str, float]:
    """The constants of a scheme from a whole book; one that the book cannot give is left out."""
    sums = aggregates_frame(rows.orders)
    invoices = _frame(rows.invoices, INVOICE_AGGREGATES)
    found = orders.book_constants(orders.with_line_costs(sums, _frame(rows.lines, LINE_AGGREGATES)))
    due, ordered = invoices["due_amount"].sum(), sums["orders_12m"].sum()
    if due > 0:
        found["on_time_rate"] = float(invoices["on_time_amount"].sum() / due)
    if ordered > 0 and events.is_complete(rows.periods, "complaint", as_of, WINDOWS["complaint"]):
        complaints = _frame(rows.activities, tuple(WINDOWS))["complaint"].sum()
        found["complaint_rate"] = min(1.0, float(complaints / ordered))
    return found


def book_of(
    rows: SourceRows,
    found: Iterable[FactsOfDay],
    grades: Grades,
    scheme: Scheme,
    as_of: date,
    edition: int = EDITION,
) -> FactColumns:
    """Computed indicators where there is something to compute them from, recorded facts for the rest.

    Where an indicator is a lower bound, `events.replaces_count` says which of the two counts.
    """
    customers, computed = _computed(rows, scheme, as_of, edition)
    lower_bounds = events.find_incomplete(rows.periods, as_of, edition)
    oldest = {
        one.id: as_of - timedelta(days=one.max_age_days) for one in scheme.indicators if one.max_age_days
    }
    facts, unreadable = read_facts(found, customers, scheme)
    put_grades(facts, CREDIT_GRADE, grades, customers)
    for name, values in computed.items():
        dates = name + DATE_SUFFIX
        if name in scheme.fields and name in facts:
            better = np.isnan(values)
            if name in lower_bounds and edition == 1:
                better = ~np.isnan(facts[name])
            elif name in lower_bounds:
                first = max(lower_bounds[name] + timedelta(days=1), oldest.get(name, date.min))
                better = events.replaces_count(facts[name], facts[dates], values, first=first)
            facts[name] = np.where(better, facts[name], values)
            facts[dates] = np.where(better, facts[dates], np.datetime64("NaT"))
        elif name in scheme.fields or name == MONTHS_WITH_US:
            facts[name] = values
    if ZONE in scheme.fields:
        zoned = with_zone(pd.DataFrame(facts, index=_index(customers)), scheme)
        facts = {str(name): zoned[name].to_numpy() for name in zoned.columns}
    last = max((row[LAST_ORDER] for row in rows.orders if row[LAST_ORDER] is not None), default=None)
    return FactColumns(customers=customers, columns=facts, orders_through=last, unreadable=unreadable)


def stored_frame(inputs: Mapping[int, bytes], scheme: Scheme) -> pd.DataFrame:
    """Stored inputs of assessments -> facts, as `grade` took them then. Raises ValueError for unreadable ones."""
    return pd.DataFrame(unpack(list(inputs.values()), scheme), index=pd.Index(list(inputs), name="customer"))


def previous_state_columns(rows: Rows, scheme: Scheme, left: Rows | None = None) -> PreviousState:
    """Rows of `previous_rows_at` -> previous states: the state of `movement`, and tier, score, tier_since.

    With `left`, the state is that of these rows, and empty where they have none. `moved_by`: the version that left it.
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
    """The row of each customer among those that are known; -1 where it is not."""
    if not len(known):
        return np.full(len(customers), -1, dtype=np.intp)
    order = np.argsort(known, kind="stable")
    found = order[np.minimum(np.searchsorted(known[order], customers), len(known) - 1)]
    return np.where(known[found] == customers, found, -1)


def assessment_columns(
    graded: Grading, moved: Moved, before: PreviousState, places: NDArray[np.intp], inputs: list[bytes]
) -> dict[str, list[Any]]:
    """Results of a run as columns of `Assessment`, in the order of the customers, without what only the run knows.

    `places`: the row of each customer in `before` (`previous_state_columns`); `tier_since` goes on while the tier stays.
    Columns, because a million rows as dictionaries take gigabytes.
    """
    tier, day = moved.outcome["tier"], np.full(len(places), graded.as_of, dtype=object)
    known = places >= 0
    same = known.copy()
    same[known] = before["tier"][places[known]] == tier[known]
    day[same] = before["tier_since"][places[same]]
    names = {
        "computed_tier exact_score score coverage low high certain": graded.outcome,
        "tier held capped_by overridden": moved.outcome,
        "standing since rising_since falling_since": moved.following,
    }
    return {
        "customer_id": np.asarray(graded.index).tolist(),
        **{name: _plain_list(source[name]) for line, source in names.items() for name in line.split()},
        "tier_since": day.tolist(),
        "clean": _clean_texts(moved.following, len(places)),
        "inputs": inputs,
    }


def _clean_texts(state: State, rows: int) -> list[str | None]:
    """Active gates with their clean snapshots as compact JSON; None for the many rows without any."""
    gates = [name.removeprefix(CLEAN) for name in state if name.startswith(CLEAN)]
    if not gates:
        return [None] * rows
    counts = np.column_stack([state[CLEAN + gate] for gate in gates])
    texts: dict[tuple[int, ...], str] = {}  # few distinct ones
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
    """(customers, sums as float64 and days as datetime64 by name)."""
    customers, *cells = zip(*rows, strict=True) if rows else [()] * (1 + len(columns))
    found = {
        name: np.array(values, dtype="datetime64[s]") if name in days else np.array(values, dtype=np.float64)
        for name, values in zip(columns, cells, strict=True)
    }
    return np.array(customers, dtype=np.int64), found


def _index(customers: NDArray[np.int64]) -> "pd.Index[int]":
    return pd.Index(customers, name="customer")


def value_frame(
    aggregate_rows: Rows, purchase_rows: Rows, as_of: date, *, has_costs: bool | None = None
) -> pd.DataFrame:
    """Rows of order_aggregates and of purchases -> the frame for the views on value, customers that ever bought.

    `has_costs`: whether the book has costs, where the rows are of a part of it.

    Columns: recency_days, frequency, monetary (12 months), profit (12 months; NaN without costs), relationship
    (years), median_gap_days, order_days; order_days_24m, net_24m, profit_24m.
    """
    known = aggregates_frame(aggregate_rows)
    known = known[known["last_order"].notna()]
    names = ["customer", "days_12m", "days_24m", "net_24m", "net_with_cost_24m", "cost_24m", "returns_24m"]
    bought = pd.DataFrame(purchase_rows, columns=names).set_index("customer").astype(float)
    bought = bought.reindex(known.index)
    today = pd.Timestamp(as_of)
    # A customer that bought nothing in a window made nothing in it: zero. Purchases without costs are unknown, and so is
    # everything in a book without any costs.
    costs = has_costs
    if costs is None:
        costs = bool(known["cost_12m"].notna().any() or bought["cost_24m"].notna().any())
    idle_12m = known["orders_12m"].eq(0) & known["net_12m"].eq(0) & costs
    idle_24m = bought["days_24m"].isna() & costs
    profit = pd.Series(orders.margins_of(known), index=known.index).mask(idle_12m, 0.0)
    profit_24m = (bought["net_with_cost_24m"] - bought["cost_24m"]).mask(bought["returns_24m"] > 0)
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
            "profit_24m": profit_24m.mask(idle_24m, 0.0),
        }
    )


def only_returned(aggregate_rows: Rows) -> pd.DataFrame:
    """Rows of order_aggregates -> `monetary` and `profit` as in `value_frame`, of customers with returns and no order."""
    known = aggregates_frame(aggregate_rows)
    known = known[known["last_order"].isna() & (known["net_12m"] < 0)]
    return pd.DataFrame({"monetary": known["net_12m"], "profit": orders.margins_of(known)}, index=known.index)


def read_facts(
    found: Iterable[FactsOfDay], customers: NDArray[np.int64], scheme: Scheme
) -> tuple[dict[str, NDArray[Any]], int]:
    """(columns by field and `FIELD@date`, how many values could not be read), a row for each customer, in ascending order.

    The newest fact of each field counts; of two of one day the one recorded last. One that cannot be read is missing: an
    older one does not replace it.
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
        columns[name + DATE_SUFFIX] = _no_days(customers)
        columns[name + DATE_SUFFIX][place[newest]] = day[newest]
    return columns, unreadable


def put_grades(
    columns: dict[str, NDArray[Any]], field: str, grades: Grades, customers: NDArray[np.int64]
) -> None:
    """Write grades of assessments into a field, where no later one was recorded."""
    if not grades:
        return
    who = np.array(list(grades), dtype=np.int64)
    words = np.array([grade for grade, _ in grades.values()], dtype=object)
    days = np.array([day for _, day in grades.values()], dtype="datetime64[D]")
    here = np.isin(who, customers)
    place = np.searchsorted(customers, who[here])
    dates = columns.setdefault(field + DATE_SUFFIX, _no_days(customers))
    values = columns.setdefault(field, np.full(len(customers), None, dtype=object))
    later = ~(dates[place] > days[here])  # NaT is not later
    values[place[later]] = words[here][later]
    dates[place[later]] = days[here][later]


def _no_days(customers: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return np.full(len(customers), np.datetime64("NaT"), dtype="datetime64[D]")


def _numbers(text: str) -> NDArray[np.int64]:
    return np.fromstring(text, dtype=np.int64, sep=",")


def _newest(place: Any, day: Any, ids: Any, wanted: Any) -> NDArray[np.intp]:
    """Rows of the newest fact of each wanted customer."""
    order = np.lexsort((ids, day))
    order = order[wanted[order]]
    last = np.full(int(place.max(initial=0)) + 1, -1, dtype=np.intp)
    last[place[order]] = order  # a later one replaces an earlier one
    return last[last >= 0]


def _typed(cells: list[str], kind: str) -> tuple[NDArray[Any], int]:
    """(values of a kind, NaN or None where there is none; how many could not be read)."""
    if kind == "number" and _is_plain("".join(cells)):
        try:
            numbers = np.array(list(map(float, cells)))
        except ValueError:
            numbers = np.array([np.inf])
        if np.isfinite(numbers).all():
            return numbers, 0
    return read_cells(cells, kind)
