"""Acts that may lift a customer, and what its records are once they are done.

An act changes the records, never a figure: one order changes amount, count, average, growth, rhythm and silence at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Any

from bot.frames import FactColumns, FactsOfDay, Grades, Rows, SourceRows, book_of
from db.book.facts import BETWEEN
from grading.indicators.events import FADING, WINDOWS, fading_weights
from grading.indicators.orders import ORDER_AGGREGATES, window_start
from grading.scheme.model import Scheme

NEWEST = 2**62  # the number of a fact that is recorded after all others

Value = float | str | bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done for a customer on one day.

    `orders` of `amount` each, in currency units, with costs of `cost_share` times the amount where that is known;
    `activities`: kind -> how many; `settles`: whether the invoices that are overdue are paid; `facts`: field -> the value
    that is recorded.
    """

    orders: int = 0
    amount: float = 0.0
    cost_share: float | None = None
    activities: Mapping[str, int] = field(default_factory=dict)
    settles: bool = False
    facts: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DayRecords:
    """The records of one customer that a grading as of a day reads.

    `rows` has this customer alone, and `settled` its invoices with the overdue ones paid.
    """

    day: date
    rows: SourceRows
    settled: Rows
    order_days: Sequence[date]
    facts: Sequence[FactsOfDay]
    grades: Grades


def facts_after(records: DayRecords, plans: Sequence[Plan], done_on: date, scheme: Scheme) -> FactColumns:
    """The fields of a scheme on the day of the records, a row for each plan, as if it had been done on `done_on`."""
    done = plans if done_on <= records.day else [Plan()] * len(plans)
    customers = range(1, len(done) + 1)
    (customer,) = (row[0] for row in records.rows.orders)
    rows = SourceRows(
        orders=[
            (number, *_orders_after(records, plan, done_on))
            for number, plan in zip(customers, done, strict=True)
        ],
        lines=[(number, *row[1:]) for number in customers for row in records.rows.lines],
        invoices=[
            (number, *row[1:])
            for number, plan in zip(customers, done, strict=True)
            for row in (records.settled if plan.settles else records.rows.invoices)
        ],
        activities=_counts_after(records, done),
        faded={
            name: _points_after(records, name, done, done_on, scheme)
            for name in FADING
            if name in scheme.fields and scheme.constants.get("event_half_life_days")
        },
        periods=records.rows.periods,
    )
    grades = {number: records.grades[customer] for number in customers if customer in records.grades}
    return book_of(rows, _facts_after(records, done), grades, scheme, records.day)


def _orders_after(records: DayRecords, plan: Plan, done_on: date) -> tuple[Any, ...]:
    """The row of ORDER_AGGREGATES with the orders of a plan."""
    ((_, *cells),) = records.rows.orders
    if not plan.orders:
        return tuple(cells)
    day, total = records.day, plan.orders * plan.amount
    known = dict(zip(ORDER_AGGREGATES, cells, strict=True))
    edges = [window_start(day, months) for months in (12, 9, 6, 3)] + [day]
    counted = ("net_12m", "net_prev_12m", "orders_12m", "active_quarters", "returns_without_cost")
    known.update({name: known[name] or 0 for name in counted})
    days = sorted({*records.order_days, done_on})
    if done_on > edges[0]:
        known["net_12m"] += total
        known["orders_12m"] += plan.orders
        if plan.cost_share is not None:
            known["net_with_cost_12m"] = (known["net_with_cost_12m"] or 0.0) + total
            known["cost_12m"] = (known["cost_12m"] or 0.0) + plan.cost_share * total
    known["active_quarters"] = sum(
        any(after < day <= until for day in days) for after, until in pairwise(edges)
    )
    known["first_order"], known["last_order"] = days[0], days[-1]
    known["order_days"] = len(days)
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    known["median_gap_days"] = float(median(gaps)) if gaps else None
    return tuple(known[name] for name in ORDER_AGGREGATES)


def _counts_after(records: DayRecords, plans: Sequence[Plan]) -> Rows:
    known = [row[1:] for row in records.rows.activities] or [(0,) * len(WINDOWS)]
    counts = dict(zip(WINDOWS, known[0], strict=True))
    if not records.rows.activities and not any(plan.activities for plan in plans):
        return ()
    return [
        (number, *((counts[kind] or 0) + plan.activities.get(kind, 0) for kind in WINDOWS))
        for number, plan in enumerate(plans, start=1)
    ]


def _points_after(
    records: DayRecords, name: str, plans: Sequence[Plan], done_on: date, scheme: Scheme
) -> Rows:
    """Fading points of an indicator with the activities of each plan."""
    weight = dict(fading_weights(records.day, scheme)).get(done_on, 0.0)
    (known,) = [row[1] for row in records.rows.faded.get(name, ())] or [0.0]
    points = [known + weight * sum(plan.activities.get(kind, 0) for kind in FADING[name]) for plan in plans]
    return [(number, value) for number, value in enumerate(points, start=1) if value]


def _facts_after(records: DayRecords, plans: Sequence[Plan]) -> list[FactsOfDay]:
    """The recorded facts for each plan, and those that the plans record, ordered by field."""
    customers = range(1, len(plans) + 1)
    found: list[FactsOfDay] = [
        (
            name,
            day,
            ",".join(who.replace(old, str(number)) for number in customers),
            ",".join([ids] * len(plans)),
            BETWEEN.join([cells] * len(plans)),
        )
        for name, day, who, ids, cells in records.facts
        for old in [who.partition(",")[0]]
    ]
    for name in {name for plan in plans for name in plan.facts}:
        theirs = [
            (number, plan.facts[name])
            for number, plan in zip(customers, plans, strict=True)
            if name in plan.facts
        ]
        found.append(
            (
                name,
                records.day,
                ",".join(str(number) for number, _ in theirs),
                ",".join([str(NEWEST)] * len(theirs)),
                BETWEEN.join(_cell(value) for _, value in theirs),
            )
        )
    return sorted(found, key=lambda row: row[0])


def _cell(value: Value) -> str:
    """A value as a fact stores it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


ACTIVITIES = {
    "visit": {"contacts_12m", "contact_points"},
    "training": {"training_sessions_12m"},
    "referral": {"referrals_24m"},
}
"""Kinds of activity that an account manager can bring about, and the indicators that they raise."""
