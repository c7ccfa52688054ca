"""Rows <-> DataFrames of graded data: the only place where the two meet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from grading.indicators import ORDER_AGGREGATES, order_indicators
from grading.scheme import Scheme
from grading.scoring import Grading
from grading.table import read_fields

FactRow = tuple[int, str, date, str]


@dataclass(frozen=True, kw_only=True)
class Book:
    """What a scheme's fields are for every customer, ready to be graded; indexed by customer id."""

    facts: pd.DataFrame
    orders_through: date | None
    unreadable: int  # facts whose value does not fit the field's type


def aggregates_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows of db.facts.order_aggregates -> the frame grading.indicators takes."""
    frame = pd.DataFrame(rows, columns=["customer", *ORDER_AGGREGATES]).set_index("customer")
    for column in frame.columns:
        if column in ("first_order", "last_order", "since"):
            frame[column] = pd.to_datetime(frame[column])
        else:
            frame[column] = pd.to_numeric(frame[column]).astype(float)
    return frame


def book_frame(
    aggregate_rows: Sequence[tuple[Any, ...]], fact_rows: Iterable[FactRow], scheme: Scheme, as_of: date
) -> Book:
    """Order indicators where orders give them, recorded facts for the rest."""
    aggregates = aggregates_frame(aggregate_rows)
    computed = order_indicators(aggregates, as_of, scheme)
    recorded, unreadable = _recorded(fact_rows, aggregates.index, scheme)
    facts = recorded
    for name in computed.columns:
        if name in scheme.fields:
            dates = f"{name}@date"
            given = facts[name] if name in facts else pd.Series(index=facts.index, dtype=float)
            facts[name] = computed[name].where(computed[name].notna(), given.astype(float))
            if dates in facts:
                facts[dates] = facts[dates].where(computed[name].isna())
    facts["months_with_us"] = computed["months_with_us"]
    last = aggregates["last_order"].max()
    return Book(facts=facts, orders_through=None if pd.isna(last) else last.date(), unreadable=unreadable)


def stored_frame(inputs: Mapping[int, str], scheme: Scheme) -> pd.DataFrame:
    """Stored inputs of assessments -> facts, as `grade` took them then."""
    columns: dict[str, dict[int, Any]] = {}
    for customer, text in inputs.items():
        for name, entry in json.loads(text).items():
            value, measured = entry if isinstance(entry, list) else (entry, None)
            columns.setdefault(name, {})[customer] = value
            if measured:
                columns.setdefault(f"{name}@date", {})[customer] = pd.Timestamp(measured)
    frame = pd.DataFrame(index=pd.Index(list(inputs), name="customer"))
    for name, values in columns.items():
        kind = scheme.fields[name].kind if name in scheme.fields else "number"
        dtype = "datetime64[s]" if name.endswith("@date") else float if kind == "number" else object
        frame[name] = pd.Series(values, dtype=dtype).reindex(frame.index)
    return frame


def input_texts(facts: pd.DataFrame, scheme: Scheme) -> list[str]:
    """Each customer's inputs as compact JSON: field -> value, or [value, day it was measured]."""
    names = [*scheme.fields, "months_with_us"]
    inputs: list[dict[str, Any]] = [{} for _ in range(len(facts))]
    for name in names:
        if name not in facts:
            continue
        dates = facts[f"{name}@date"].tolist() if f"{name}@date" in facts else [None] * len(facts)
        for row, (value, day) in enumerate(zip(facts[name].tolist(), dates, strict=True)):
            if value is None or value is pd.NA or value != value:
                continue
            known = day is not None and day == day
            inputs[row][name] = [value, str(pd.Timestamp(day).date())] if known else value
    return [json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in inputs]


def assessment_rows(grading: Grading) -> list[dict[str, Any]]:
    """A grading's results as rows for db.grading, without what only the run knows."""
    results = grading.results
    columns = {name: results[name].tolist() for name in results.columns}
    rows = []
    for place, customer in enumerate(results.index.tolist()):
        row = {name: _plain(values[place]) for name, values in columns.items()}
        rows.append(
            {
                "customer_id": customer,
                "tier": row["tier"],
                "computed_tier": row["computed_tier"],
                "capped_by": row["capped_by"],
                "exact_score": row["exact_score"],
                "score": row["score"],
                "coverage": row["coverage"],
                "low": row["low"],
                "high": row["high"],
                "certain": bool(row["certain"]),
            }
        )
    return rows


def _recorded(rows: Iterable[FactRow], index: pd.Index, scheme: Scheme) -> tuple[pd.DataFrame, int]:
    """Newest facts in long form -> one typed row per customer."""
    long = pd.DataFrame(list(rows), columns=["customer", "field", "measured_on", "value"])
    long = long[long["customer"].isin(index)]
    values = long.pivot(index="customer", columns="field", values="value").reindex(index)
    dates = long.pivot(index="customer", columns="field", values="measured_on").reindex(index)
    wide = pd.DataFrame(index=index)
    for name in values.columns:
        wide[name] = values[name].fillna("").astype(object)
        wide[f"{name}@date"] = dates[name].map(lambda day: "" if day is None or day != day else str(day))
    facts, rejects, _ = read_fields(wide, scheme, keep_rejected=True)
    return facts.reindex(index), len(rejects)


def _plain(value: Any) -> Any:
    """A cell as SQL takes it: NaN and NA are NULL."""
    return None if value is None or value is pd.NA or value != value else value
