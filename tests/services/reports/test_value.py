"""Views on value from a real database: what is read, what is counted, and who sees what."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadInput, NotAllowed
from bot.services.access import Actor
from bot.services.reports import calibration, value
from db.book.customers import Customer
from db.book.trade.order_lines import OrderLine
from db.book.trade.orders import purchases
from db.engine import Database
from tests import factories

AS_OF = date(2026, 3, 31)
BOSS = Actor(
    person_id=0,
    name="console",
    role="admin",
    team_id=None,
    led_teams=frozenset(),
    slack_user_id="",
    language="en",
    timezone="UTC",
)


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def book(database: Database) -> dict[str, int]:
    """ACME buys every 30 days at a profit, Zenith stopped 200 days ago, Once bought once, Loss costs money."""
    with database.write() as session:
        anna = factories.person(session)
        ids = {
            name: factories.customer(session, name, owner_id=anna if name == "ACME" else None)
            for name in ("ACME", "Zenith", "Once", "Loss", "Never")
        }
        for n in range(10):
            factories.order(session, ids["ACME"], ago(30 * n), 1000, cost=600)
        for n in range(5):
            factories.order(session, ids["Zenith"], ago(200 + 30 * n), 500, cost=400)
        factories.order(session, ids["Once"], ago(10), 90, cost=60)
        for n in range(4):
            factories.order(session, ids["Loss"], ago(15 + 30 * n), 100, cost=150)
        factories.order(session, ids["ACME"], ago(1), -100, cost=-60)  # a return, netted
        return ids | {"Anna": anna}


def by_name(found: dict[str, object]) -> dict[str, dict[str, Any]]:
    rows = found["customers"]
    assert isinstance(rows, list)
    return {row["name"]: row for row in rows}


def test_purchases_are_summed_where_the_orders_live(database: Database) -> None:
    ids = book(database)
    with database.write() as session:
        factories.order(session, ids["Once"], ago(400), 10)  # before the window, without a cost
        factories.order(session, ids["Once"], ago(10), 5)  # the same day as another: one order day
        prospect = factories.customer(session, "Hope", record_type="prospect")
        factories.order(session, prospect, ago(5), 5)
    with database.read() as session:
        rows = purchases(session, start=ago(365), earlier=ago(730), as_of=AS_OF)
    found = {row[0]: (row[1], row[2], *map(float, row[3:])) for row in rows}
    assert found == {
        ids["ACME"]: (10, 10, 10 * 1000 - 100, 10 * 1000 - 100, 10 * 600 - 60, 0),
        ids["Zenith"]: (5, 5, 5 * 500, 5 * 500, 5 * 400, 0),
        ids["Once"]: (1, 2, 90 + 10 + 5, 90, 60, 0),
        ids["Loss"]: (4, 4, 4 * 100, 4 * 100, 4 * 150, 0),
    }


def test_rfm_counts_days_order_days_and_net_money(database: Database) -> None:
    book(database)
    found = value.rfm(database, value.load(database, BOSS, as_of=AS_OF), 10)
    rows = by_name(found)
    assert [rows["ACME"][column] for column in value_columns] == [0, 10, 10 * 1000 - 100]
    assert [rows["Zenith"][column] for column in value_columns] == [200, 5, 5 * 500]
    assert (rows["ACME"]["r"], rows["ACME"]["f"], rows["ACME"]["m"]) == (5, 5, 5)
    assert (rows["ACME"]["segment"], rows["ACME"]["class8"]) == ("champion", "111")
    assert sum(part["customers"] for part in found["segments"].values()) == 4
    assert (found["bought"], found["never_bought"]) == (4, 1)
    assert rows["ACME"]["improved"] > rows["Loss"]["improved"]
    assert len(value.rfm(database, value.load(database, BOSS, as_of=AS_OF), 2)["customers"]) == 2


value_columns = ("recency_days", "frequency", "monetary")


def test_current_and_potential_value(database: Database) -> None:
    book(database)
    found = value.value(database, value.load(database, BOSS, as_of=AS_OF), 10)
    rows = by_name(found)
    assert found["basis"] == "margin"
    made = 10 * 400 - 40
    assert rows["ACME"]["current"] == made
    # all gaps are 30 days, so the usual gap is 30 however much of the book's is mixed in
    annuity = sum(1.12**-year for year in (1, 2, 3))
    assert rows["ACME"]["potential"] == pytest.approx(made / 10 * 365.25 / 30 * annuity)
    assert (rows["ACME"]["cell"], rows["Loss"]["cell"], rows["Zenith"]["cell"]) == (
        "platinum",
        "negative",
        "gold",
    )
    assert (rows["Once"]["current"], rows["Once"]["potential"], rows["Once"]["cell"]) == (30, None, None)
    assert found["unknown"] == 1
    assert found["cells"]["negative"] == {
        "customers": 1,
        "current": -200,
        "potential": pytest.approx(-50 * 365.25 / 30 * annuity),
    }


def test_a_customer_silent_beyond_its_rhythm_is_to_be_won_back_and_has_no_high_potential(
    database: Database,
) -> None:
    book(database)
    with database.write() as session:
        for name, last in (("Beyond", 70), ("Within", 50)):  # days; the usual gap is 30
            customer = factories.customer(session, name)
            for n in range(5):
                factories.order(session, customer, ago(last + 30 * n), 9000, cost=100)
    found = value.value(database, value.load(database, BOSS, as_of=AS_OF), 10)
    rows = by_name(found)
    assert [(rows[name]["state"], rows[name]["cell"]) for name in ("Beyond", "Within")] == [
        ("watch", "silent"),  # 70 / 30 > 2
        ("regular", "platinum"),
    ]
    assert found["cells"]["silent"]["customers"] == 1


def test_a_customer_who_stopped_long_ago_is_worth_nothing_now_and_nothing_to_come(database: Database) -> None:
    ids = book(database)
    with database.write() as session:
        gone = factories.customer(session, "Gone")
        for n in range(3):
            factories.order(session, gone, ago(900 + 30 * n), 5000, cost=100)
    rows = by_name(value.value(database, value.load(database, BOSS, as_of=AS_OF), 10))
    assert (rows["Gone"]["current"], rows["Gone"]["potential"], rows["Gone"]["cell"]) == (0, 0, "lead")
    assert len(ids) == 6


def test_without_costs_value_is_revenue_and_margin_is_unknown(database: Database) -> None:
    with database.write() as session:
        for name, last in (("ACME", 5), ("Old", 500)):
            customer = factories.customer(session, name)
            for n in range(3):
                factories.order(session, customer, ago(last + 30 * n), 100)
    loaded = value.load(database, BOSS, as_of=AS_OF)
    assert value.value(database, loaded, 5)["basis"] == "revenue"
    assert by_name(value.value(database, loaded, 5))["ACME"]["current"] == 300
    assert value.concentration(database, loaded, 5)["margin"] is None


def test_concentration_of_sales_and_of_margin(database: Database) -> None:
    book(database)
    found = value.concentration(database, value.load(database, BOSS, as_of=AS_OF), 1)
    total = 9900 + 2500 + 90 + 400
    assert found["revenue"]["net"] == total
    assert found["revenue"]["top_share"] == pytest.approx(0.8 * 9900 / total)  # a fifth of four customers
    assert found["revenue"]["customers_for"] == 2
    assert (found["margin"]["losing"], found["margin"]["losses"]) == (1, -200)
    assert found["customers"][0]["name"] == "ACME"
    assert found["customers"][0]["together"] == pytest.approx(9900 / total)


def test_a_customer_with_nothing_but_returns_counts_in_net_sales(database: Database) -> None:
    ids = book(database)
    with database.write() as session:
        factories.order(session, ids["Never"], ago(20), -250)
        factories.order(session, ids["Once"], ago(5), -9)  # and nobody knows its cost
    loaded = value.load(database, BOSS, as_of=AS_OF)
    found = value.concentration(database, loaded, 5)
    assert found["revenue"]["net"] == 9900 + 2500 + 90 + 400 - 250 - 9
    assert (found["revenue"]["losing"], found["revenue"]["losses"]) == (1, -250)
    assert by_name(found)["Never"]["monetary"] == -250
    assert (by_name(found)["Once"]["monetary"], by_name(found)["Once"]["profit"]) == (90 - 9, None)
    assert found["margin"]["missing"] == 2
    assert len(value.rfm(database, loaded, 9)["customers"]) == 4  # it never bought


def test_silence_by_the_own_rhythm(database: Database) -> None:
    book(database)
    found = value.rhythm(database, value.load(database, BOSS, as_of=AS_OF), 10)
    assert {state: part["customers"] for state, part in found["states"].items()} == {
        "regular": 2,
        "watch": 0,
        "at_risk": 1,
        "one_time": 1,
        "unknown": 0,
    }
    row = by_name(found)["Zenith"]
    assert (row["k"], row["own_gaps"], row["net_24m"]) == (pytest.approx(200 / 30), 4, 2500)
    assert found["usual_gap_days"] == 30


def test_an_account_manager_sees_the_own_customers_against_the_whole_books_cuts(database: Database) -> None:
    ids = book(database)
    anna = replace(BOSS, person_id=ids["Anna"], role="account_manager")
    whole, own = (value.load(database, actor, as_of=AS_OF) for actor in (BOSS, anna))
    assert own.frozen == whole.frozen
    for view in (value.rfm, value.value, value.concentration):
        assert list(by_name(view(database, own, 10))) == ["ACME"]
    assert by_name(value.rhythm(database, own, 10)) == {}
    assert (len(own.visible), own.never_bought) == (1, 0)
    with pytest.raises(NotAllowed, match="sees no customers"):
        value.load(database, replace(BOSS, role="guest"), as_of=AS_OF)


def test_headroom_is_what_comparable_customers_buy(database: Database) -> None:
    ids = book(database)
    anna = replace(BOSS, person_id=ids["Anna"], role="account_manager")
    with pytest.raises(BadInput, match="has lines"):
        value.products(database, value.load(database, BOSS, as_of=AS_OF), 9)
    with database.write() as session:
        acme = session.get(Customer, ids["ACME"])
        assert acme is not None
        acme.industry = "machines"
        names = [*[(f"Peer {n}", n) for n in range(12)], ("Baker", 0)]
        for name, n in names:
            peer = factories.customer(session, name)
            row = session.get(Customer, peer)
            assert row is not None
            row.industry = "bread" if name == "Baker" else "machines"
            order = factories.order(session, peer, ago(5), 100)
            session.add(OrderLine(order_id=order, line="1", product_type="pumps", amount=Decimal(100)))
            if n >= 4:
                session.add(OrderLine(order_id=order, line="2", product_type="seals", amount=Decimal(10 * n)))
        bought = factories.order(session, ids["ACME"], ago(3), 100)
        session.add(OrderLine(order_id=bought, line="1", product_type="pumps", amount=Decimal(70)))
    found = value.products(database, value.load(database, BOSS, as_of=AS_OF), 9)
    assert [(row["name"], row["product_type"]) for row in found["customers"]] == [
        (name, "seals") for name in ("ACME", "Peer 0", "Peer 1", "Peer 2", "Peer 3")
    ]
    seals = by_name(found)["ACME"]
    assert (seals["peers"], seals["share"], seals["median_amount"]) == (12, 8 / 12, 75)  # 40 to 110
    assert found["product_types"][0] == {
        "product_type": "pumps",
        "customers": 14,
        "amount": 13 * 100 + 70,
        "share": pytest.approx(1370 / (1370 + 600)),
    }
    own = value.products(database, value.load(database, anna, as_of=AS_OF), 9)
    assert list(by_name(own)) == ["ACME"]
    assert own["product_types"] == [{"product_type": "pumps", "customers": 1, "amount": 70, "share": 1}]


def test_frozen_cuts_hold_when_the_book_changes(database: Database, tmp_path: Path) -> None:
    ids = book(database)
    file = tmp_path / "cuts.json"
    first = value.load(database, BOSS, as_of=AS_OF)
    calibration.write(first.frozen, file)
    with database.write() as session:
        for n in range(9):
            giant = factories.customer(session, f"Giant {n}")
            for day in range(0, 60, 5):
                factories.order(session, giant, ago(day), 1_000_000, cost=10)
    free = value.load(database, BOSS, as_of=AS_OF)
    held = value.load(database, BOSS, as_of=AS_OF, cuts=file)
    assert held.frozen == first.frozen
    assert (held.own_cuts, free.own_cuts) == (False, True)
    before = by_name(value.rfm(database, first, 50))["ACME"]
    assert by_name(value.rfm(database, held, 50))["ACME"] == before
    assert by_name(value.rfm(database, free, 50))["ACME"]["m"] < before["m"]
    assert held.everybody.loc[ids["ACME"], "usual_gap_days"] == 30
    with pytest.raises(BadInput, match="exists already"):
        calibration.write(first.frozen, file)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"rfm": 3}', '{"rfm": {"x": [1]}, "as_of": "soon"}'])
def test_a_file_that_holds_no_frozen_numbers_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cuts.json"
    with pytest.raises(BadInput, match="no frozen numbers"):
        calibration.read(file, "EUR")
    file.write_text(text)
    with pytest.raises(BadInput, match="no frozen numbers"):
        calibration.read(file, "EUR")


def test_a_report_that_is_impossible_names_the_reason(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no orders"):
        value.load(database, BOSS, as_of=AS_OF)
    book(database)
    with pytest.raises(BadInput, match="Nobody bought in the 12 months up to 2029-01-01"):
        value.load(database, BOSS, as_of=date(2029, 1, 1))
    file = tmp_path / "cuts.json"
    calibration.write(replace(value.load(database, BOSS, as_of=AS_OF).frozen, currency="USD"), file)
    with pytest.raises(BadInput, match="is in USD, the orders are in EUR"):
        value.load(database, BOSS, as_of=AS_OF, cuts=file)
    with database.write() as session:
        other = factories.customer(session, "Other")
        factories.order(session, other, AS_OF, Decimal(5), currency="USD")
    with pytest.raises(BadInput, match="several currencies"):
        value.load(database, BOSS, as_of=AS_OF)


def test_the_weights_of_the_improved_rfm_are_consistent_judgements() -> None:
    weights = calibration.improved_weights()
    assert sum(weights.values()) == pytest.approx(1)
    assert sorted(weights, key=lambda part: -weights[part])[:2] == ["profit", "monetary"]
    assert min(weights, key=lambda part: weights[part]) == "relationship"
