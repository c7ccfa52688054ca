"""A proposed scheme has knots from the orders of the customers it applies to."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import update

from bot.errors import BadInput
from bot.services.schemes import store
from bot.services.schemes.store import SchemeFile
from bot.services.trial.proposal import propose_scheme
from db.book.customers import Customer
from db.book.trade.invoices import Invoice
from db.engine import Database
from grading.scheme.model import Points
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests import factories

TODAY = date(2026, 7, 1)
NOW = datetime(2026, 7, 1, tzinfo=UTC)
BANKS = preset_text("orders_only").replace(
    "scheme: orders_only", "scheme: banks\napplies_to: {industry: [finance]}"
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "banks.yaml").write_text(BANKS, encoding="utf-8")
    return tmp_path


def highest(database: Database, name: str, own: Path) -> float:
    """The amount that is worth 100 points."""
    scheme = parse_scheme(propose_scheme(database, name, own, as_of=None, today=TODAY), source="proposed")
    score = next(one.score for one in scheme.indicators if one.id == "net_revenue_12m")
    assert isinstance(score, Points)
    return score.knots[-1][0]


def test_knots_are_quantiles_of_those_the_scheme_applies_to(database: Database, own: Path) -> None:
    """Sixty banks buy for 1,000 to 60,000 euro, sixty shops for a hundred times as much."""
    with database.write() as session:
        for number in range(1, 61):
            for industry, times in (("finance", 1_000), ("retail", 100_000)):
                customer = factories.customer(session)
                session.get_one(Customer, customer).industry = industry
                factories.order(session, customer, date(2026, 6, 1), number * times)
    assert 55_000 <= highest(database, "banks", own) <= 60_000
    assert 5_500_000 <= highest(database, "orders_only", own) <= 6_000_000


def test_a_scheme_for_nobody_is_refused(database: Database, own: Path) -> None:
    with database.write() as session:
        factories.order(session, factories.customer(session), date(2026, 6, 1), 1_000)
    with pytest.raises(BadInput, match="no customer has a value above 0"):
        propose_scheme(database, "banks", own, as_of=None, today=TODAY)


def test_invoices_must_be_in_the_currency_of_the_orders_not_of_the_preset(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session)
        factories.order(session, customer, date(2026, 6, 1), 1_000)
        invoice = Invoice(
            customer_id=customer,
            source="test",
            external_id="I1",
            invoiced_on=date(2026, 6, 1),
            due_on=date(2026, 7, 1),
            amount=Decimal(1_000),
            currency="EUR",
        )
        session.add(invoice)
    propose = partial(propose_scheme, database, "manufacturing", None, as_of=None, today=TODAY)
    assert parse_scheme(propose(), source="proposed").currency == "EUR"
    with database.write() as session:
        session.exec(update(Invoice).values(currency="USD"))
    with pytest.raises(BadInput, match="counts in EUR, but there are invoices in USD"):
        propose()


def test_a_proposal_has_a_name_and_a_version_that_nothing_used_has(database: Database, own: Path) -> None:
    """The preset is in force: under its name and version other cut points would be refused."""
    with database.write() as session:
        customer = factories.customer(session)
        factories.order(session, customer, date(2026, 6, 1), 1_000)

    def proposed(name: str) -> tuple[str, int]:
        text = propose_scheme(database, name, own, as_of=None, today=TODAY)
        scheme = parse_scheme(text, source="proposed")
        with database.write() as session:
            store.record(session, SchemeFile(scheme=scheme, text=text, source="proposed"), NOW)
        return scheme.scheme, scheme.version

    assert [proposed("orders_only"), proposed("orders_only")] == [
        ("orders_only_own", 1),
        ("orders_only_own", 2),
    ]


def test_a_proposal_from_a_scheme_of_the_firm_is_its_next_version(database: Database, own: Path) -> None:
    text = BANKS.replace("version: 2", "version: 4")
    (own / "banks.yaml").write_text(text.replace("applies_to: {industry: [finance]}\n", ""), encoding="utf-8")
    with database.write() as session:
        factories.order(session, factories.customer(session), date(2026, 6, 1), 1_000)
    scheme = parse_scheme(propose_scheme(database, "banks", own, as_of=None, today=TODAY), source="proposed")
    assert (scheme.scheme, scheme.version) == ("banks", 4 + 1)
