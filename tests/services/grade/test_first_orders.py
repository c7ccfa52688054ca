"""With the first order a prospect becomes an account: graded as new, cared for as one, and nothing is lost."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from bot.services.ask import history
from bot.services.care import schedule
from bot.services.grade import first_orders, runs
from bot.services.grade.runs import RunReport
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer
from db.care.touches import Touch
from db.engine import Database
from db.graded import assessments, overrides
from db.graded import first_orders as db
from db.graded.first_orders import RecordChange
from db.graded.overrides import Override
from tests import factories
from tests.services.book import rules
from tests.services.reports.test_credit import person

MARCH, TODAY = date(2026, 3, 31), date(2026, 4, 7)
NOW = datetime(2026, 4, 7, 8, tzinfo=UTC)
PROSPECTS = factories.PLAIN_SCHEME.replace("scheme: plain", "scheme: hopes").replace(
    "record_type: account", "record_type: prospect"
)
RULE = "on_first_order: {move_to: plain, as: new}\n"
ACCOUNTS = factories.PLAIN_SCHEME.replace("min_coverage: 0.6", "min_coverage: 0.6\nmin_history_months: 3")


def follow(database: Database, today: date = TODAY) -> list[RunReport]:
    return first_orders.follow_first_orders(
        database, SchemeCache(), today=today, now=NOW, notify=lambda session, changes, run: len(changes)
    )


def run(database: Database, purpose: str) -> None:
    runs.grade_book(
        database, SchemeCache(), for_purpose=purpose, as_of=MARCH, today=TODAY, now=NOW, notify=None
    )


def record(database: Database, customer: int) -> Customer:
    with database.read() as session:
        return session.get_one(Customer, customer)


@pytest.fixture
def hope(database: Database) -> int:
    """A prospect known since 2022 and graded A, beside an account that was graded too."""
    with database.write() as session:
        factories.scheme(session, PROSPECTS + RULE)
        factories.scheme(session, ACCOUNTS)
        customer = factories.customer(session, "Hope", record_type="prospect", since=date(2022, 5, 1))
        factories.fact(session, customer, "quality", 90)
        factories.fact(session, factories.customer(session, "ACME", since=date(2020, 1, 1)), "quality", 60)
    run(database, "prospect")
    run(database, "account")
    return customer


def test_the_first_order_makes_it_an_account_that_is_new(database: Database, hope: int) -> None:
    with database.write() as session:
        factories.order(session, hope, date(2026, 4, 2), 100)
        factories.order(session, hope, date(2026, 4, 5), 50)
    (report,) = follow(database)
    assert (report.purpose, report.kind, report.customers, report.tiers) == (
        "account",
        "interim",
        1,
        {"new": 1},
    )
    assert (report.changes, report.told) == ((), 0)
    customer = record(database, hope)
    assert (customer.record_type, customer.since, customer.version) == ("account", date(2026, 4, 2), 2)
    with database.read() as session:
        (change,) = session.exec(select(RecordChange).where(RecordChange.customer_id == hope)).all()
    assert (change.before, change.after, change.effective_on) == ("prospect", "account", date(2026, 4, 2))
    assert (change.since_before, change.tier_before) == (date(2022, 5, 1), "A")
    found = history.history(database, SchemeCache(), person(), hope)
    assert [(entry.scheme, entry.tier, entry.change) for entry in found] == [
        ("hopes", "A", None),
        ("plain", "new", None),
    ]
    assert follow(database) == []


@pytest.mark.parametrize(("day", "amount"), [(TODAY, 0), (TODAY, -5), (TODAY + timedelta(days=1), 100)])
def test_returns_and_orders_to_come_are_no_first_order(
    database: Database, hope: int, day: date, amount: int
) -> None:
    with database.write() as session:
        factories.order(session, hope, day, amount)
    assert follow(database) == []
    assert record(database, hope).record_type == "prospect"


def test_an_order_to_come_counts_on_its_day(database: Database, hope: int) -> None:
    with database.write() as session:
        factories.order(session, hope, TODAY + timedelta(days=1), 100)
    assert follow(database) == []
    assert len(follow(database, TODAY + timedelta(days=1))) == 1


def test_without_the_rule_or_a_scheme_for_accounts_it_stays_a_prospect(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session, "Hope", record_type="prospect")
        factories.fact(session, customer, "quality", 90)
        factories.order(session, customer, date(2026, 4, 2), 100)

    def kind() -> str:
        assert follow(database) == []
        return record(database, customer).record_type

    assert kind() == "prospect"  # no scheme at all
    with database.write() as session:
        factories.scheme(session, PROSPECTS)
        factories.scheme(session, ACCOUNTS)
    assert kind() == "prospect"  # a scheme without the rule
    with database.write() as session:
        factories.scheme(session, PROSPECTS.replace("version: 1", "version: 2") + RULE)
    assert kind() == "account"


def test_while_accounts_have_no_scheme_it_waits(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session, "Hope", record_type="prospect")
        factories.scheme(session, PROSPECTS + RULE)
        factories.order(session, customer, date(2026, 4, 2), 100)
    assert follow(database) == []
    assert record(database, customer).record_type == "prospect"
    with database.write() as session:
        factories.scheme(session, ACCOUNTS)
    follow(database)
    assert record(database, customer).record_type == "account"


def test_it_is_graded_once_there_is_a_grading_of_accounts(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session, "Hope", record_type="prospect")
        factories.scheme(session, PROSPECTS + RULE)
        factories.scheme(session, ACCOUNTS)
        factories.order(session, customer, date(2026, 4, 2), 100)
    assert follow(database) == []
    with database.read() as session:
        assert db.waiting(session) == [customer]
    run(database, "account")
    with database.read() as session:
        assert db.waiting(session) == []
        assert assessments.newest(session, customer, "account")[0][0].tier in ("new", "unrated")


def test_a_source_that_still_calls_it_a_prospect_leaves_one_row(database: Database, hope: int) -> None:
    with database.write() as session:
        factories.order(session, hope, date(2026, 4, 2), 100)
    follow(database)
    with database.write() as session:
        session.get_one(Customer, hope).record_type = "prospect"
    follow(database, TODAY + timedelta(days=1))
    assert record(database, hope).record_type == "account"
    with database.read() as session:
        assert len(session.exec(select(RecordChange).where(RecordChange.customer_id == hope)).all()) == 1


def test_an_override_of_the_prospect_ends(database: Database, hope: int) -> None:
    with database.write() as session:
        session.add(
            Override(
                customer_id=hope,
                purpose="prospect",
                tier="B",
                reason="why",
                set_by="x",
                set_at=NOW,
                starts_on=MARCH,
            )
        )
        factories.order(session, hope, date(2026, 4, 2), 100)
    follow(database)
    with database.read() as session:
        assert overrides.open_override(session, hope, "prospect") is None
        assert session.exec(select(Override.ended_by)).one() == "first order"


def test_touches_follow_the_new_standing(database: Database, hope: int) -> None:
    def steps() -> dict[str, tuple[str, str]]:
        schedule.plan_all(database, rules(), NOW)
        with database.read() as session:
            touches = session.exec(select(Touch).where(Touch.customer_id == hope))
            return {touch.step: (touch.tier, touch.state) for touch in touches}

    assert steps() == {"revisit": ("A", "planned"), "greeting": ("A", "planned")}
    with database.write() as session:
        factories.order(session, hope, date(2026, 4, 2), 100)
    follow(database)
    assert steps() == {"revisit": ("new", "planned"), "greeting": ("A", "cancelled")}
