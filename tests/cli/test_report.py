"""`tierbot report`: the views on value at the command line, in both languages."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import Result

from bot.errors import BadInput
from db.book.customers import Customer
from db.book.trade.order_lines import OrderLine
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Command

AS_OF = date(2026, 3, 31)
Report = Callable[..., Result]


@pytest.fixture
def report(file: Path, command: Command) -> Report:
    """The command over a book of three: ACME as usual, Zenith silent, Once with a single order."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        for name, last, orders, amount, cost in (
            ("ACME", 3, 8, 1000, 400),
            ("Zenith", 200, 4, 500, 700),
            ("Once", 20, 1, 90, 30),
        ):
            customer = factories.customer(session, name)
            for n in range(orders):
                factories.order(session, customer, AS_OF - timedelta(days=last + 30 * n), amount, cost=cost)
    database.close()
    return lambda *arguments: command("report", *arguments)


def test_rfm_shows_its_cut_points_classes_and_customers(report: Report) -> None:
    done = report("rfm", "--as-of", str(AS_OF))
    assert done.exit_code == 0, done.output
    assert "Customers that ever bought: 3, that never did: 0. Money in EUR." in done.output
    assert "Cut points: days" in done.output
    assert "Champion" in done.output
    assert "Important, keep close" in done.output
    assert "8,000" in done.output


def test_value_matrix_and_concentration_name_the_losses(report: Report) -> None:
    matrix = report("value", "--as-of", str(AS_OF)).output
    assert "Value is margin" in matrix
    assert "In no class, because a value is unknown (bought on one day only, or no costs): 1." in matrix
    shares = report("concentration", "--as-of", str(AS_OF)).output
    assert "Below zero: 1 of 3 customers, who take back 800 of 4,860" in shares
    assert "The best 20 % of customers make" in shares


def test_rhythm_lists_silent_customers(report: Report) -> None:
    done = report("rhythm", "--as-of", str(AS_OF)).output
    assert "silent, at risk" in done
    assert "bought on one day only, no rhythm" in done
    assert "6.7" in done  # 200 days / 30


def test_products_refuses_without_order_lines_and_then_shows_what_peers_buy(
    report: Report, tmp_path: Path
) -> None:
    refused = report("products", "--as-of", str(AS_OF))
    assert isinstance(refused.exception, BadInput)
    assert "tierbot import order-lines FILE" in str(refused.exception)
    database = open_database(f"sqlite:///{tmp_path / 'tierbot.db'}")
    with database.write() as session:
        for n in range(12):
            customer = factories.customer(session, f"Peer {n}")
            row = session.get(Customer, customer)
            assert row is not None
            row.industry = "machines"
            order = factories.order(session, customer, AS_OF, 100)
            for line, kind in enumerate(("pumps", "seals") if n else ("pumps",)):
                amount = Decimal(50)
                session.add(OrderLine(order_id=order, line=str(line), product_type=kind, amount=amount))
    database.close()
    done = report("products", "--as-of", str(AS_OF)).output
    assert "pumps" in done
    assert "52.2%" in done  # 12 x 50 of 23 x 50
    assert "100% / 11" in done  # Peer 0 buys no seals, all 11 others do


def test_in_chinese_every_word_is_chinese(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    for view, expected in (
        ("rfm", "重要价值客户"),
        ("value", "白金客户"),
        ("concentration", "基尼系数"),
        ("rhythm", "沉默"),
    ):
        done = report(view, "--as-of", str(AS_OF), "--most", "3")
        assert expected in done.output
        assert "customers" not in done.output


@pytest.mark.parametrize("view", ["rfm", "value", "concentration", "rhythm"])
def test_scripts_get_json_without_nan(report: Report, view: str) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    found = json.loads(report(view, "--as-of", str(AS_OF), "--json").stdout, parse_constant=refuse)
    assert (found["as_of"], found["currency"], found["bought"]) == ("2026-03-31", "EUR", 3)
    assert {row["name"] for row in found["customers"]} >= {"Zenith"}
    assert json.loads(report(view, "--as-of", str(AS_OF), "--json", "--most", "0").stdout)["customers"] == []


def test_frozen_cuts_are_written_once_and_used(report: Report) -> None:
    assert report("freeze", "cuts.json", "--as-of", str(AS_OF)).exit_code == 0
    later = AS_OF + timedelta(days=30)
    done = report("rfm", "--as-of", str(later), "--cuts", "cuts.json")
    assert "Cut points are frozen as of 2026-03-31." in done.output
    again = report("freeze", "cuts.json", "--as-of", str(later))
    assert isinstance(again.exception, BadInput)
    assert "exists already" in str(again.exception)
