"""Credit assessments: what they propose, who approves, and how they reach the grading of accounts."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session

from bot.errors import BadInput, NotFound, NotReady
from bot.services import alerts
from bot.services.access import Actor
from bot.services.grade import regrades, runs
from bot.services.reports import credit
from bot.services.reports.credit import ApprovalRequest, Credit
from bot.services.schemes.store import SchemeCache
from db.book.trade.invoices import Invoice
from db.engine import Database
from db.graded import assessments
from db.graded.runs import Purpose
from grading.engine.inputs import unpack
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.recorded import recorded

MARCH, TODAY = date(2026, 3, 31), date(2026, 4, 7)
NOW = datetime(2026, 4, 7, 8, tzinfo=UTC)
CREDIT_SCHEME = f"""\
scheme: simple_credit
version: 1
name: {{en: Credit, zh: 信用}}
record_type: account
currency: EUR
as_of: quarter_end
min_coverage: 0.6
dimensions:
  - id: standing
    name: {{en: Standing, zh: 状况}}
    weight: 100
    indicators:
      - {{id: standing, name: {{en: Standing, zh: 状况}}, weight: 100, score: {{fn: points, knots: [[0, 0], [100, 100]]}}}}
tiers:
  - {{id: A, at: 70, name: {{en: A, zh: A}}, policy: {{terms_days: 60, limit_factor: 1.2}}}}
  - {{id: B, at: 40, name: {{en: B, zh: B}}, policy: {{terms_days: 30, limit_factor: 0.5}}}}
  - {{id: D, at: 0, name: {{en: D, zh: D}}, policy: {{terms_days: 0, limit_factor: 0}}}}
{preset_text("credit_assessment")[preset_text("credit_assessment").index("credit_limit:") :]}"""
ACCOUNTS = factories.PLAIN_SCHEME.replace("field: credit, in: [D]", "field: credit_grade, in: [D]")


def person(role: str = "admin", person_id: int = 0) -> Actor:
    return Actor(
        person_id=person_id,
        name="Lin Wei",
        role=role,
        team_id=None,
        led_teams=frozenset(),
        slack_user_id="U1",
        language="en",
        timezone="UTC",
    )


def run(database: Database, purpose: str, as_of: date, today: date = TODAY) -> runs.RunReport:
    return runs.grade_book(
        database, SchemeCache(), for_purpose=purpose, as_of=as_of, today=today, now=NOW, notify=None
    )


def tier(database: Database, customer: int, purpose: str = "account") -> tuple[str, str | None]:
    with database.read() as session:
        row, _ = assessments.newest(session, customer, purpose)[0]
        return row.tier, row.capped_by


def graded_by(database: Database, customer: int) -> tuple[str, date] | None:
    """The credit grade that the newest assessment of an account went by, and its day."""
    with database.read() as session:
        row, _ = assessments.newest(session, customer, "account")[0]
    columns = unpack([row.inputs], parse_scheme(ACCOUNTS, source="accounts"))
    if "credit_grade" not in columns:
        return None
    return columns["credit_grade"][0], columns["credit_grade@date"][0].item()


def invoice(session: Session, customer: int, due: date, amount: int, paid: date | None = None) -> None:
    session.add(
        Invoice(
            customer_id=customer,
            source="test",
            external_id=f"I{due}{amount}",
            invoiced_on=due - timedelta(days=30),
            due_on=due,
            paid_on=paid,
            amount=Decimal(amount),
            currency="EUR",
        )
    )


@pytest.fixture
def acme(database: Database) -> int:
    """A customer that bought for 12,000 in the year to the end of March, with schemes for credit and accounts."""
    with database.write() as session:
        factories.scheme(session, CREDIT_SCHEME)
        factories.scheme(session, ACCOUNTS)
        customer = factories.customer(session, "ACME", code="ACME")
        for amount in (9_000, 4_000, -1_000):
            factories.order(session, customer, date(2026, 1, 15), amount)
        factories.fact(session, customer, "quality", 90)
        factories.fact(session, customer, "standing", 80)
    return customer


def look(database: Database, customer: int, today: date = TODAY, actor: Actor | None = None) -> Credit:
    return credit.show(database, SchemeCache(), actor or person(), customer, today=today)


def decide(
    database: Database, customer: int, *, limit: str | None = None, terms: int | None = None, **options: Any
) -> Credit:
    asked = ApprovalRequest(
        limit=None if limit is None else Decimal(limit),
        terms_days=terms,
        reason=options.pop("reason", "long known"),
    )
    values: dict[str, Any] = {"today": TODAY, "now": NOW} | options
    return credit.approve(database, SchemeCache(), values.pop("actor", person()), customer, asked, **values)


def test_a_grade_proposes_terms_and_a_limit_and_shows_what_is_owed(database: Database, acme: int) -> None:
    with database.write() as session:
        invoice(session, acme, date(2026, 4, 30), 700)
        invoice(session, acme, date(2026, 3, 31), 300)
        invoice(session, acme, date(2026, 2, 28), 5_000, paid=date(2026, 3, 1))
    report = run(database, "credit", MARCH)
    assert (report.scheme, report.tiers) == ("simple_credit", {"A": 1})
    found = look(database, acme)
    assert (found.grade, found.assessed_on, found.valid, found.terms_days) == ("A", MARCH, True, 60)
    assert found.avg_monthly_purchases == Decimal(9_000 + 4_000 - 1_000) / 12
    assert found.limit == Decimal("1.2") * 1_000 * 60 / 30
    assert (found.behaviour_only, found.net_worth) == (True, None)
    assert (found.exposure, found.overdue, found.approved) == (Decimal(700 + 300), Decimal(300), ())


def test_net_worth_caps_the_limit_until_it_is_18_months_old(database: Database, acme: int) -> None:
    with database.write() as session:
        factories.fact(session, acme, "net_worth", 15_000, MARCH - timedelta(days=548))
    run(database, "credit", MARCH)
    found = look(database, acme)
    assert (found.limit, found.behaviour_only, found.net_worth) == (
        Decimal(15_000) / 10,
        False,
        Decimal(15_000),
    )
    run(database, "credit", MARCH + timedelta(days=1))
    found = look(database, acme)
    assert (found.limit, found.behaviour_only, found.net_worth) == (Decimal(2_400), True, None)


def test_a_named_person_approves_and_history_is_kept(database: Database, acme: int) -> None:
    run(database, "credit", MARCH)
    decide(database, acme)
    found = decide(database, acme, limit="1500.50", terms=45, reason="asked for less")
    first, last = found.approved[1], found.approved[0]
    assert (first.limit, first.terms_days, first.reason) == (Decimal(2_400), 60, "long known")
    assert (last.limit, last.terms_days, last.reason) == (Decimal("1500.50"), 45, "asked for less")
    assert (last.proposed_limit, last.proposed_terms) == (Decimal(2_400), 60)
    assert (last.approved_by, last.approved_on, last.grade, last.assessed_on) == (
        "Lin Wei",
        TODAY,
        "A",
        MARCH,
    )
    first_row, last_row = recorded(database, "credit_approved")
    assert (first_row.before, first_row.object) == (None, f"customer {acme}")
    assert json.loads(last_row.before or "") == {"limit": "2400", "terms": 60}
    assert json.loads(last_row.after or "")["limit"] == "1500.5000"


def test_nothing_is_approved_by_an_assessment_older_than_120_days(database: Database, acme: int) -> None:
    run(database, "credit", MARCH)
    last_day = MARCH + timedelta(days=120)
    decide(database, acme, today=last_day)
    with pytest.raises(NotReady, match="as of 2026-03-31, older than 120 days"):
        decide(database, acme, today=last_day + timedelta(days=1))
    assert len(look(database, acme).approved) == 1
    assert not look(database, acme, today=last_day + timedelta(days=1)).valid


def test_only_finance_and_admins_approve_and_others_see_only_their_own(database: Database, acme: int) -> None:
    run(database, "credit", MARCH)
    for actor in (person("account_manager", 1), person("team_lead", 1), person("viewer", 1)):
        with pytest.raises(NotFound, match="whose credit you may decide"):
            decide(database, acme, actor=actor)
        with pytest.raises(NotFound):
            look(database, acme, actor=actor)
    with pytest.raises(NotFound, match="whose credit you may decide"):
        decide(database, acme, actor=person("sales_ops", 1))
    assert look(database, acme, actor=person("sales_ops", 1)).approved == ()
    assert len(decide(database, acme, actor=person("finance", 1)).approved) == 1


def test_what_cannot_be_approved_is_refused_with_the_reason(database: Database, acme: int) -> None:
    with pytest.raises(NotReady, match=r"no credit assessment yet.*credit_assessment"):
        decide(database, acme)
    run(database, "credit", MARCH)
    for words, options in (
        ("needs a reason", {"reason": " "}),
        ("The limit -1 is not possible; give an amount of 0 or more", {"limit": "-1"}),
        ("The limit NaN is not possible; give an amount of 0 or more", {"limit": "NaN"}),
        ("The terms in days cannot be -1; give 0 to 3650", {"terms": -1}),
    ):
        with pytest.raises(BadInput, match=words):
            decide(database, acme, **options)


def test_where_nothing_is_proposed_both_must_be_given(database: Database, acme: int) -> None:
    with database.write() as session:
        stranger = factories.customer(session, "Zenith")
    run(database, "credit", MARCH)
    assert (look(database, stranger).grade, look(database, stranger).limit) == ("unrated", None)
    with pytest.raises(BadInput, match="unrated of Zenith proposes no limit and terms"):
        decide(database, stranger, limit="100")
    assert decide(database, stranger, limit="100", terms=7).approved[0].proposed_limit is None


def test_the_newest_grade_of_120_days_caps_accounts(database: Database, acme: int) -> None:
    run(database, "account", MARCH)
    assert tier(database, acme) == ("A", None)
    with database.write() as session:
        factories.fact(session, acme, "standing", 10, MARCH)
    run(database, "credit", MARCH)
    assert tier(database, acme, "credit")[0] == "D"
    last_day = MARCH + timedelta(days=120)
    run(database, "account", last_day, today=last_day)
    assert tier(database, acme) == ("C", "credit")
    assert graded_by(database, acme) == ("D", MARCH)
    # A day later it counts no more: not assessed, which pauses the clearing of the cap and keeps it.
    book_day = last_day + timedelta(days=1)
    run(database, "account", book_day, today=book_day)
    assert graded_by(database, acme) is None


def test_an_assessment_of_a_later_day_than_the_grading_of_accounts_does_not_count(
    database: Database, acme: int
) -> None:
    with database.write() as session:
        factories.fact(session, acme, "standing", 10, date(2026, 2, 1))
        factories.fact(session, acme, "standing", 80, date(2026, 3, 15))
    run(database, "credit", date(2026, 2, 28))
    run(database, "credit", MARCH)
    run(database, "account", MARCH - timedelta(days=1))
    assert graded_by(database, acme) == ("D", date(2026, 2, 28))
    assert tier(database, acme) == ("C", "credit")


@pytest.mark.parametrize(("day", "stands"), [(MARCH + timedelta(days=1), "C"), (MARCH, "A")])
def test_a_recorded_grade_counts_only_when_it_is_newer(
    database: Database, acme: int, day: date, stands: str
) -> None:
    run(database, "credit", MARCH)
    with database.write() as session:
        factories.fact(session, acme, "credit_grade", "D", day)
    run(database, "account", TODAY)
    assert tier(database, acme)[0] == stands


def test_news_of_credit_reach_the_account_in_one_interim_pass(database: Database, acme: int) -> None:
    with database.write() as session:
        other = factories.customer(session, "Zenith")
        factories.fact(session, other, "quality", 90)
        factories.fact(session, other, "standing", 80)
    run(database, "credit", MARCH)
    run(database, "account", MARCH)
    with database.write() as session:
        factories.fact(session, acme, "standing", 10, TODAY)
    for purpose in (Purpose.CREDIT, Purpose.ACCOUNT):
        report = regrades.regrade(
            database,
            SchemeCache(),
            [acme, other],
            for_purpose=purpose,
            today=TODAY,
            now=NOW,
            notify=partial(
                alerts.enqueue_alerts, scheme_cache=SchemeCache(), default_channel="C0", language="en"
            ),
        )
        assert report is not None
        assert ([change.customer_id for change in report.changes], report.told) == ([acme], 1)
    assert (tier(database, acme, "credit")[0], tier(database, acme)) == ("D", ("C", "credit"))
    assert tier(database, other) == ("A", None)
    assert look(database, acme).assessed_on == TODAY


def test_a_new_credit_grade_reaches_the_account_without_waiting_for_its_snapshot(
    database: Database, acme: int
) -> None:
    def follow() -> list[int]:
        reports = regrades.follow_credit(
            database, SchemeCache(), today=TODAY, now=NOW, notify=lambda session, changes, run: len(changes)
        )
        return [report.customers for report in reports]

    run(database, "account", MARCH)
    assert follow() == []
    run(database, "credit", MARCH)
    assert (follow(), tier(database, acme)) == ([], ("A", None))
    with database.write() as session:
        factories.fact(session, acme, "standing", 10, MARCH)
    run(database, "credit", TODAY - timedelta(days=1))
    assert (follow(), tier(database, acme)) == ([1], ("C", "credit"))
    assert follow() == []


def test_a_prospect_has_no_credit_yet(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session, "Hope", record_type="prospect")
    with pytest.raises(NotReady, match="Hope is a prospect"):
        look(database, customer)
