"""Graded with the shipped preset, the demo's book has the tiers of a real one and its stories come true."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from bot.demo.book.files import DemoBook, write_book
from bot.demo.book.stories import write_new_orders
from grading.diagnose.proposal import with_constants
from grading.engine.scoring import grade
from grading.indicators.orders import window_start
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests.grading.frames import gates_hit, order_indicators

TODAY = date(2026, 3, 5)
TIERS = ["A", "B", "C"]
Regrade = Callable[[date, Path | None], pd.DataFrame]


def read(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8", newline="") as file:
        return pd.DataFrame(list(csv.DictReader(file)))


def aggregates(customers: pd.DataFrame, orders: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The order totals that the product computes in its database, here from the files."""
    edges = [pd.Timestamp(window_start(as_of, 3 * quarter)) for quarter in range(5)]
    orders = orders[orders["date"] <= edges[0]]
    codes = pd.Index(customers["code"])
    current, bought = orders[orders["date"] > edges[4]], orders[orders["amount"] > 0]
    before = orders[orders["date"] <= edges[4]]
    before = before[before["date"] > pd.Timestamp(window_start(as_of, 24))]
    costed = current[current["cost"].notna()]
    days = bought[["customer", "date"]].drop_duplicates().sort_values("date").groupby("customer")["date"]

    def by_customer(column: str, rows: pd.DataFrame) -> pd.Series:
        return rows.groupby("customer")[column].sum().reindex(codes)

    def active(start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
        inside = bought[(bought["date"] > start) & (bought["date"] <= end)]
        return pd.Series(codes.isin(inside["customer"]), index=codes).astype(float)

    return pd.DataFrame(
        {
            "net_12m": by_customer("amount", current),
            "net_prev_12m": by_customer("amount", before),
            "orders_12m": bought[bought["date"] > edges[4]].groupby("customer").size().reindex(codes),
            "net_with_cost_12m": by_customer("amount", costed),
            "cost_12m": by_customer("cost", costed),
            "active_quarters": sum(active(start, end) for end, start in pairwise(edges)),
            "first_order": days.min().reindex(codes),
            "last_order": days.max().reindex(codes),
            "order_days": days.size().reindex(codes),
            "median_gap_days": days.apply(lambda day: day.diff().dt.days.median()).reindex(codes),
            "since": pd.to_datetime(customers.set_index("code")["since"]),
            "returns_without_cost": current[(current["amount"] < 0) & current["cost"].isna()]
            .groupby("customer")
            .size()
            .reindex(codes),
        },
        index=codes,
    )


def known_facts(facts: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The newest value and day of each field, one row per customer."""
    newest = facts[facts["date"] <= as_of.isoformat()].sort_values("date")
    newest = newest.drop_duplicates(["customer", "field"], keep="last")
    values = newest.pivot(index="customer", columns="field", values="value")
    days = newest.pivot(index="customer", columns="field", values="date").add_suffix("@date")
    return pd.concat([values, days], axis=1)


def typed(orders: pd.DataFrame) -> pd.DataFrame:
    return orders.assign(
        date=pd.to_datetime(orders["date"]),
        amount=orders["amount"].astype(float),
        cost=pd.to_numeric(orders["cost"], errors="coerce"),
    )


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> DemoBook:
    return write_book(tmp_path_factory.mktemp("book"), today=TODAY)


@pytest.fixture(scope="module")
def scheme(book: DemoBook) -> Scheme:
    """The preset with the gross margin of the whole book, as the demo puts it in force."""
    year = aggregates(read(book.file("customers")), typed(read(book.file("orders"))), TODAY)
    margin = float((year["net_with_cost_12m"] - year["cost_12m"]).sum())
    text = with_constants(preset_text("b2b_accounts"), {"our_gross_margin_12m": margin})
    return parse_scheme(text, source="b2b_accounts")


@pytest.fixture(scope="module")
def regrade(book: DemoBook, scheme: Scheme) -> Regrade:
    """Grade the whole book as of a day, with further orders if given: tier, score and gates by code."""
    customers, orders, facts = (
        read(book.file("customers")),
        typed(read(book.file("orders"))),
        read(book.file("facts")),
    )

    def run(as_of: date, more: Path | None = None) -> pd.DataFrame:
        every = orders if more is None else pd.concat([orders, typed(read(more))])
        table = order_indicators(aggregates(customers, every, as_of), as_of, scheme)
        graded = grade(table.join(known_facts(facts, as_of)), scheme, as_of)
        return graded.results.join(gates_hit(graded))

    return run


@pytest.fixture(scope="module")
def today(regrade: Regrade) -> pd.DataFrame:
    return regrade(TODAY, None)


def moved(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Customers whose tier was a letter before and is another letter after."""
    rated = before["tier"].isin(TIERS) & after["tier"].isin(TIERS)
    return list(before.index[rated & (before["tier"] != after["tier"])])


def test_tiers_are_distributed_as_in_a_real_book(today: pd.DataFrame) -> None:
    shares = today["tier"].value_counts(normalize=True)
    assert 0.10 <= shares["A"] <= 0.15
    assert 0.35 <= shares["B"] <= 0.45
    assert 0.35 <= shares["C"] <= 0.45
    assert 0.03 <= shares["new"] <= 0.07
    assert 0.03 <= shares["unrated"] <= 0.08


def test_a_few_are_capped_by_each_kind_of_gate(today: pd.DataFrame) -> None:
    gates = ["credit_stop", "credit_weak", "overdue", "loss_making", "operational_risk", "market_risk"]
    assert today[gates].sum().between(3, 25).all()
    assert 4 <= today["capped_by"].notna().sum() <= 20


def test_a_few_customers_move_from_one_month_end_to_the_next(regrade: Regrade) -> None:
    ends = [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]
    moves = [len(moved(one, other)) for one, other in pairwise([regrade(end, None) for end in ends])]
    assert all(3 <= count <= 15 for count in moves), moves


def test_big_orders_lift_acme_from_b_to_a(regrade: Regrade, today: pd.DataFrame, tmp_path: Path) -> None:
    after = regrade(TODAY, write_new_orders(tmp_path, today=TODAY, seed=1, story="acme_wins"))
    assert (today.loc["C-0001", "tier"], after.loc["C-0001", "tier"]) == ("B", "A")
    assert today["score"].loc["C-0001"] < 75 - 3  # not by a hair, so that the story works on any day
    assert after["score"].loc["C-0001"] > 75 + 2
    assert moved(today, after) == ["C-0001"]


def test_returned_goods_bring_a_customer_from_a_down_to_c(
    regrade: Regrade, today: pd.DataFrame, tmp_path: Path
) -> None:
    after = regrade(TODAY, write_new_orders(tmp_path, today=TODAY, seed=1, story="big_return"))
    assert (today.loc["C-0002", "tier"], after.loc["C-0002", "tier"]) == ("A", "C")
    assert after.loc["C-0002", "capped_by"] == "loss_making"
    assert moved(today, after) == ["C-0002"]


def test_a_rush_of_orders_moves_several(regrade: Regrade, today: pd.DataFrame, tmp_path: Path) -> None:
    after = regrade(TODAY, write_new_orders(tmp_path, today=TODAY, seed=1, story="quarter_rush"))
    assert 4 <= len(moved(today, after)) <= 20
    assert (after["score"] >= today["score"] - 5).all()


def test_the_stories_work_on_another_day_too(scheme: Scheme, tmp_path: Path) -> None:
    day = TODAY + timedelta(days=301)
    book = write_book(tmp_path, today=day)
    customers, orders, facts = (
        read(book.file("customers")),
        typed(read(book.file("orders"))),
        read(book.file("facts")),
    )
    files = [
        write_new_orders(tmp_path, today=day, seed=2, story=name) for name in ("acme_wins", "big_return")
    ]
    for story, tiers in (([], ["B", "A"]), (files, ["A", "C"])):
        every = pd.concat([orders, *(typed(read(path)) for path in story)])
        table = order_indicators(aggregates(customers, every, day), day, scheme).join(known_facts(facts, day))
        cast = grade(table.loc[["C-0001", "C-0002"]], scheme, day)
        assert list(cast.results["tier"]) == tiers
