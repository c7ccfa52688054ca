"""Views on value: RFM, current x potential value, concentration and silence, over the customers somebody may see.

Cut points are computed over the whole book and can be frozen in a file, so that a customer's class changes only when
the customer does; lists and counts are of the customers the asker may see.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from sqlmodel import Session

from bot.errors import N_, BadInput, NotAllowed
from bot.frames import only_returned, value_frame
from bot.services import access
from bot.services.access import Actor
from bot.services.reports import calibration
from bot.services.reports.calibration import Calibration
from bot.services.schemes.currency import common_currency
from db.book import customers
from db.book.trade import order_lines, orders
from db.engine import Database
from grading.indicators.orders import book_gap, window_start
from grading.views.concentration import lorenz, measure_concentration
from grading.views.products import headroom, product_types
from grading.views.rfm import improved_rfm, rfm_scores, standardise
from grading.views.rhythm import AT_RISK, SILENT, STATES, WATCH, measure_rhythm
from grading.views.value_matrix import CELLS, annuity, value_matrix

RATE = 0.12  # a year: the discount of values to come
YEARS = 3
MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class ValueBook:
    """The customers that ever bought, the numbers to compare them with, and those the asker may see."""

    as_of: date
    currency: str
    frozen: Calibration
    own_cuts: bool  # the numbers are of this very book, not from a file
    everybody: pd.DataFrame
    visible: pd.DataFrame
    only_returned: (
        pd.DataFrame
    )  # of the asker's customers, those with returns in the window and no order ever
    never_bought: int


def load(database: Database, actor: Actor, *, as_of: date, cuts: Path | None = None) -> ValueBook:
    """The book as of a day. Raises NotAllowed for a role that sees no customers, BadInput without orders."""
    with database.read() as session:
        owners = access.visible_owners(session, actor)
        if owners is not None and not owners:
            raise NotAllowed(N_("Your role sees no customers, so there is nothing to report."))
        currency = common_currency(session)
        aggregates, frame = _bought(session, as_of)
        own = None if owners is None else customers.owned_by(session, owners)
    frozen = calibration.read(cuts, currency) if cuts else None
    frame, frozen = _measured(frame, as_of, currency, frozen)
    # Only accounts: prospects, which somebody may own too, have not bought.
    accounts = {row[0] for row in aggregates}
    mine = accounts if own is None else accounts & set(own)
    visible = frame if own is None else frame[frame.index.isin(mine)]
    returned = only_returned(aggregates)
    return ValueBook(
        as_of=as_of,
        currency=currency,
        frozen=frozen,
        own_cuts=cuts is None,
        everybody=frame,
        visible=visible,
        only_returned=returned[returned.index.isin(mine)],
        never_bought=len(mine) - len(visible),
    )


def learn(session: Session, as_of: date) -> Calibration:
    """The numbers of the whole book as of a day. Raises BadInput without orders, or when they are of several currencies."""
    return _measured(_bought(session, as_of)[1], as_of, common_currency(session), None)[1]


def classes(
    session: Session, customer_ids: Sequence[int], frozen: Calibration | None, as_of: date
) -> pd.DataFrame:
    """By the views on value: `state`, `order_days_24m` and `relationship`; with frozen numbers `cell`, `class8`, `segment`.

    Of those among some customers that ever bought.
    """
    has_costs = frozen is not None and frozen.basis == "margin"
    frame = _bought(session, as_of, customer_ids, has_costs=has_costs)[1]
    basis, gap = (frozen.basis, frozen.usual_gap_days) if frozen else ("revenue", None)
    frame = _with_values(frame, basis, gap)
    if frozen is not None:
        cells = value_matrix(frame.assign(silent=frame["state"].isin(SILENT)), frozen.value)
        frame = frame.join(cells).join(rfm_scores(frame, frozen.rfm)[["class8", "segment"]])
    return frame


def _bought(
    session: Session,
    as_of: date,
    customer_ids: Sequence[int] | None = None,
    *,
    has_costs: bool | None = None,
) -> tuple[list[tuple[Any, ...]], pd.DataFrame]:
    """The sums over the orders of each account, and the frame of those that ever bought."""
    start, earlier = window_start(as_of, MONTHS), window_start(as_of, 2 * MONTHS)
    quarters = [window_start(as_of, months) for months in (12, 9, 6, 3)] + [as_of]
    aggregates = orders.order_aggregates(
        session, as_of=as_of, quarters=quarters, previous_start=earlier, customer_ids=customer_ids
    )
    bought = orders.purchases(session, start=start, earlier=earlier, as_of=as_of, customer_ids=customer_ids)
    return aggregates, value_frame(aggregates, bought, as_of, has_costs=has_costs)


def _measured(
    frame: pd.DataFrame, as_of: date, currency: str, frozen: Calibration | None
) -> tuple[pd.DataFrame, Calibration]:
    """The frame with rhythm and values, and the numbers to compare with: the frozen ones, or its own."""
    basis = frozen.basis if frozen else ("margin" if frame["profit"].notna().any() else "revenue")
    frame = _with_values(frame, basis, frozen.usual_gap_days if frozen else book_gap(frame))
    return frame, frozen or calibration.learn(frame, as_of=as_of, currency=currency, basis=basis)


def rfm(database: Database, book: ValueBook, most: int) -> dict[str, Any]:
    """Classes and segments with their customers and money, and the customers by money."""
    scores = rfm_scores(book.visible, book.frozen.rfm)
    parts = {name: standard for name, standard in book.frozen.standards.items() if name in calibration.PARTS}
    weights = {name: weight for name, weight in calibration.improved_weights().items() if name in parts}
    improved = improved_rfm(standardise(book.visible, parts), weights)
    table = book.visible.join(scores).join(improved)
    listed = table.sort_values(["monetary", "recency_days"], ascending=[False, True]).head(most)
    columns = ["recency_days", "frequency", "monetary", "r", "f", "m", "fm", "class8", "segment", "score"]
    return _head(book) | {
        "cut_points": asdict(book.frozen.rfm),
        "improved_weights": weights,
        "scores": {name: _counts(scores[name], range(1, 6)) for name in ("r", "f", "m")},
        "classes": _shares(table, "class8", "monetary"),
        "segments": _shares(table, "segment", "monetary"),
        "customers": _listed(database, listed[columns].rename(columns={"score": "improved"})),
    }


def value(database: Database, book: ValueBook, most: int) -> dict[str, Any]:
    """The cells of current x potential value, and the customers by both."""
    known = book.visible.assign(silent=book.visible["state"].isin(SILENT))
    table = book.visible.join(value_matrix(known, book.frozen.value))
    worth = table["current"].fillna(0) + table["potential"].fillna(0)
    listed = table.loc[worth.sort_values(ascending=False, kind="stable").index].head(most)
    return _head(book) | {
        "basis": book.frozen.basis,
        "cuts": asdict(book.frozen.value),
        "rate": RATE,
        "years": YEARS,
        "cells": _shares(table, "cell", "current", "potential", keys=CELLS),
        "unknown": int(table["cell"].isna().sum()),
        "customers": _listed(database, listed[["current", "potential", "k", "state", "cell"]]),
    }


def concentration(database: Database, book: ValueBook, most: int) -> dict[str, Any]:
    """The shares of sales and of margin that few customers make."""

    table = pd.concat([book.visible[["monetary", "profit"]], book.only_returned])

    def view(column: str) -> dict[str, Any] | None:
        values = table[column]
        if not values.notna().any():
            return None
        return asdict(measure_concentration(values)) | {"lorenz": lorenz(values).values.tolist()}

    best = table.sort_values("monetary", ascending=False, kind="stable")
    net = float(table["monetary"].sum())
    together = best["monetary"].cumsum() / (net if net > 0 else float("nan"))
    listed = best[["monetary", "profit"]].assign(together=together).head(most)
    return _head(book) | {
        "revenue": view("monetary"),
        "margin": view("profit"),
        "customers": _listed(database, listed),
    }


def rhythm(database: Database, book: ValueBook, most: int) -> dict[str, Any]:
    """The customers that are silent by their own rhythm, most money of the last 24 months first."""
    table = book.visible
    silent = table[table["state"].isin(SILENT)]
    listed = silent.sort_values("net_24m", ascending=False, kind="stable").head(most)
    columns = ["state", "k", "recency_days", "usual_gap_days", "own_gaps", "net_24m"]
    return _head(book) | {
        "usual_gap_days": book.frozen.usual_gap_days,
        "watch_above": WATCH,
        "at_risk_above": AT_RISK,
        "states": _shares(table, "state", "net_24m", keys=STATES),
        "customers": _listed(database, listed[columns]),
    }


def products(database: Database, book: ValueBook, most: int) -> dict[str, Any]:
    """Product types of 12 months, and what comparable customers buy that one does not, the most money first.

    Peers are of the whole book; sums and lists are of the customers the asker may see. Raises BadInput without order
    lines.
    """
    with database.read() as session:
        start = window_start(book.as_of, MONTHS)
        rows = order_lines.product_amounts(session, start=start, as_of=book.as_of)
    if not rows:
        raise BadInput(
            N_(
                "No order of these 12 months has lines with a product type. Bring them in: tierbot import order-lines FILE"
            )
        )
    lines = pd.DataFrame(rows, columns=["customer", "product_type", "amount", "group"])
    groups = lines.drop_duplicates("customer").set_index("customer")["group"]
    room = headroom(lines, groups)
    room = room[room["customer"].isin(book.visible.index)].sort_values(
        "expected", ascending=False, kind="stable"
    )
    types = product_types(lines[lines["customer"].isin(book.visible.index)])
    return _head(book) | {
        "product_types": [
            {"product_type": kind, "customers": int(count), "amount": amount, "share": _plain(share)}
            for kind, count, amount, share in types.itertuples(name=None)
        ],
        "customers": _listed(database, room.head(most).set_index("customer")),
    }


def _with_values(frame: pd.DataFrame, basis: str, gap: float | None) -> pd.DataFrame:
    """The frame with the rhythm, and current and potential value.

    Potential: the value of an order day of the last 24 months, at the customer's usual rhythm, for three years to come,
    discounted: behaviour assumed unchanged. Unknown for a customer with one order day: it has no rhythm.
    """
    silence = measure_rhythm(frame.assign(days_since_last=frame["recency_days"]), gap)
    made, per_day = ("profit", "profit_24m") if basis == "margin" else ("monetary", "net_24m")
    a_day = frame[per_day] / frame["order_days_24m"].where(frame["order_days_24m"] > 0)
    yearly = a_day * 365.25 / silence["usual_gap_days"]
    # Without an order in two years the old rhythm has ended: zero.
    yearly = yearly.mask(frame["order_days_24m"].eq(0) & frame[per_day].eq(0), 0.0)
    potential = (yearly * annuity(RATE, YEARS)).mask(silence["state"].isin(["one_time", "unknown"]))
    return frame.join(silence).assign(rhythm=silence["k"], current=frame[made], potential=potential)


def _head(book: ValueBook) -> dict[str, Any]:
    return {
        "as_of": str(book.as_of),
        "currency": book.currency,
        "cuts_as_of": str(book.frozen.as_of),
        "own_cuts": book.own_cuts,
        "bought": len(book.visible),
        "never_bought": book.never_bought,
    }


def _shares(
    table: pd.DataFrame, group: str, *money: str, keys: Iterable[str] | None = None
) -> dict[str, dict[str, float]]:
    """Customers and sums of money by group; `keys`: the groups to list, else those that occur."""
    found = table.groupby(group)[list(money)].sum().assign(customers=table.groupby(group).size())
    found = found if keys is None else found.reindex(list(keys), fill_value=0)
    return {
        str(key): {"customers": int(row["customers"]), **{name: float(row[name]) for name in money}}
        for key, row in found.iterrows()
    }


def _counts(column: "pd.Series[Any]", keys: Iterable[int]) -> dict[str, int]:
    found = column.value_counts()
    return {str(key): int(found.get(key, 0)) for key in keys}


def _listed(database: Database, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with the customer's code and name in front; unknown cells are None."""
    ids = [int(customer) for customer in table.index]
    with database.read() as session:
        known: dict[int, Any] = {}
        for start in range(0, len(ids), 5_000):
            known |= customers.get_many(session, ids[start : start + 5_000])
    return [
        {"code": known[customer].code, "name": known[customer].name}
        | {column: _plain(cell) for column, cell in zip(table.columns, cells, strict=True)}
        for customer, (_, *cells) in zip(ids, table.itertuples(name=None), strict=True)
    ]


def _plain(cell: Any) -> Any:
    """A cell as JSON has it."""
    if cell is None or cell != cell or str(cell) == "<NA>":
        return None
    return cell.item() if hasattr(cell, "item") else cell
