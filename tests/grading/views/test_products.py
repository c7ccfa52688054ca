"""Product types, and what comparable customers buy that one does not."""

from __future__ import annotations

import random
import statistics

import pandas as pd
import pytest

from grading.views.products import headroom, product_types


def lines(*rows: tuple[str, str | None, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer", "product_type", "amount"])


def test_product_types_by_customers_amount_and_share() -> None:
    found = product_types(
        lines(
            ("a", "pumps", 300),
            ("a", "valves", 100),
            ("b", "pumps", 500),
            ("b", "valves", 100),
            ("b", "valves", -100),
        )
    )
    assert found.index.tolist() == ["pumps", "valves"]
    assert found["customers"].tolist() == [2, 1]  # what b bought of valves came back
    assert found["amount"].tolist() == [800, 100]
    assert found["share"].tolist() == [800 / 900, 100 / 900]


def test_lines_without_a_type_or_an_amount_are_left_out() -> None:
    assert product_types(lines(("a", None, 300), ("a", "pumps", None), ("a", "seals", 5))).index.tolist() == [
        "seals"
    ]
    assert product_types(lines()).empty


def test_shares_of_a_total_that_is_not_above_zero_are_unknown() -> None:
    assert product_types(lines(("a", "pumps", -5)))["share"].isna().all()


def test_headroom_is_what_the_peers_buy() -> None:
    peers = [(f"p{n}", "pumps", 100.0) for n in range(12)] + [
        (f"p{n}", "valves", 10.0 * n) for n in range(1, 10)
    ]
    groups = pd.Series("machines", index=[f"p{n}" for n in range(12)])
    found = headroom(lines(*peers), groups)
    # p0, p10 and p11 buy pumps but no valves; 9 of the 11 others do, the median of 10..90 is 50
    assert found["customer"].tolist() == ["p0", "p10", "p11"]
    assert set(found["product_type"]) == {"valves"}
    assert found["peers"].tolist() == [11] * 3
    assert found["share"].tolist() == [9 / 11] * 3
    assert found["median_amount"].tolist() == [50] * 3
    assert found["expected"].tolist() == [9 / 11 * 50] * 3


def test_few_peers_other_groups_and_no_group_give_no_headroom() -> None:
    rows = [(f"p{n}", "pumps", 1.0) for n in range(10)] + [("x", "seals", 1.0)]
    alone = pd.Series({**{f"p{n}": "machines" for n in range(10)}, "x": "bakery"})
    assert headroom(lines(*rows), alone).empty  # x has no peers, and nobody else's peers buy seals
    together = pd.Series({**{f"p{n}": "machines" for n in range(10)}, "x": "machines"})
    assert headroom(lines(*rows), together)[["customer", "product_type"]].values.tolist() == [["x", "pumps"]]
    assert headroom(lines(*rows), together, least_peers=11).empty
    assert headroom(lines(*rows), together.drop("x")).empty


def test_headroom_agrees_with_asking_customer_by_customer() -> None:
    rng = random.Random(3)
    customers = [f"c{n}" for n in range(60)]
    groups = {name: rng.choice(["north", "south", None]) for name in customers}
    rows = [(rng.choice(customers), rng.choice("pqrst"), float(rng.randint(-20, 80))) for _ in range(260)]
    found = headroom(lines(*rows), pd.Series(groups), least_share=0.3, least_peers=5)
    net: dict[tuple[str, str], float] = {}
    for customer, kind, amount in rows:
        net[customer, kind] = net.get((customer, kind), 0) + amount
    bought = {key: amount for key, amount in net.items() if amount > 0}
    buyers = {customer for customer, _ in bought}
    expected = {}
    for customer in buyers:
        peers = [other for other in buyers - {customer} if groups[other] == groups[customer] is not None]
        for kind in "pqrst":
            amounts = [bought[other, kind] for other in peers if (other, kind) in bought]
            if (customer, kind) in bought or len(peers) < 5 or len(amounts) < 0.3 * len(peers):
                continue
            expected[customer, kind] = len(amounts) / len(peers) * statistics.median(amounts)
    assert len(expected) > 20
    assert dict(
        zip(zip(found["customer"], found["product_type"], strict=True), found["expected"], strict=True)
    ) == pytest.approx(expected)
    shuffled = headroom(
        lines(*rng.sample(rows, len(rows))), pd.Series(groups), least_share=0.3, least_peers=5
    )
    pd.testing.assert_frame_equal(shuffled, found)
