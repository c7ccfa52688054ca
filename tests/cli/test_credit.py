"""`tierbot credit`: what is proposed, owed and approved, at the command line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import BadInput, NotReady
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Command
from tests.services.reports.test_credit import CREDIT_SCHEME


@pytest.fixture(autouse=True)
def book(file: Path) -> None:
    """One customer that bought for 12,000 last month, and a scheme for credit."""
    Path("credit.yaml").write_text(CREDIT_SCHEME, encoding="utf-8")
    day = datetime.fromtimestamp(file.stat().st_mtime, UTC).date() - timedelta(days=30)
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        customer = factories.customer(session, "ACME", code="ACME")
        factories.order(session, customer, day, 12_000)
        factories.fact(session, customer, "standing", 80)
    database.close()


def test_show_prints_what_is_proposed_and_owed_and_approve_stores_a_limit(command: Command) -> None:
    graded = command("grade", "--scheme", "credit.yaml")
    assert graded.exit_code == 0, graded.output
    assert "Proposed: ••• EUR, terms of 60 days." in command("credit", "show", "ACME").output
    shown = command("credit", "show", "ACME", "--show-personal")
    assert "ACME ACME: A (80), as of" in shown.output
    # 1.2 x 12,000 / 12 x 60 / 30 = 2,400
    assert (
        "Proposed: 2,400.00 EUR, terms of 60 days.\nBy behaviour only: there is no net worth" in shown.output
    )
    assert "Owed today: 0.00 EUR, of it past due 0.00." in shown.output
    assert "Nothing is approved yet." in shown.output
    approved = command(
        "credit", "approve", "ACME", "--limit", "1,500", "--terms", "30", "--reason", "first year"
    )
    assert approved.exit_code == 0, approved.output
    assert "1,500.00" in approved.output
    found = json.loads(command("credit", "show", "ACME", "--json", "--show-personal").output)
    (row,) = found["approved"]
    assert (row["limit"], row["terms_days"], row["reason"]) == ("1500", 30, "first year")
    assert (row["proposed_limit"], row["proposed_terms"]) == ("2400", 60)
    assert row["approved_by"].startswith("operator:")


@pytest.mark.parametrize("limit", ["250000,50", "1.500,00", "1,50", "15,00,000", "250.000", "1,5.5", "1_500"])
def test_a_limit_that_may_be_read_in_two_ways_is_refused(command: Command, limit: str) -> None:
    command("grade", "--scheme", "credit.yaml")
    for what in ("approve", "propose"):
        done = command("credit", what, "ACME", "--limit", limit, "--terms", "30", "--reason", "first year")
        with pytest.raises(BadInput, match="Write it as 250000"):
            raise done.exception or AssertionError
    assert "Nothing is approved yet." in command("credit", "show", "ACME").output


def test_a_customer_without_a_grade_and_a_wrong_amount_are_refused(command: Command) -> None:
    with pytest.raises(NotReady, match="no credit assessment yet"):
        raise command("credit", "show", "ACME").exception or AssertionError
    with pytest.raises(BadInput, match="many is not an amount"):
        raise (
            command("credit", "approve", "ACME", "--limit", "many", "--reason", "x").exception
            or AssertionError
        )
