"""What is enough for the next tier, as Why says it: acts with their last day and the day that gives the tier."""

import re
from datetime import date
from decimal import Decimal

import pytest

from bot.cli.output import presentation
from bot.services.ask import explanation
from bot.services.grade import overrides
from bot.services.grade.overrides import OverrideRequest
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.messages import Why
from bot.wording.rendering import Renderer
from bot.wording.why_parts import ActPart
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_lookup import ADMIN
from tests.services.book import SETTINGS
from tests.services.grade.test_runs import NOW, grade
from tests.services.ways.drawn_book import invoice, regrade

pytestmark = on_sqlite

MARCH, APRIL, MAY, TODAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31), date(2026, 5, 4)
MONEY = "unit: EUR, score: {fn: points, knots: [[0, 0], [10000, 100]]}"
COUNT = "unit: count, score: {fn: points, knots: [[0, 0], [10, 100]]}"
MOVEMENT = (
    "movement: {margin_up: 2, margin_down: 3, confirm_up: %d, confirm_down: 1, min_dwell: %d, max_step: 1}\n"
)


def book(database: Database, scheme: str, **orders: int) -> int:
    """A customer with one order on the first day of each month named, graded at the ends of March and April."""
    with database.write() as session:
        factories.scheme(session, scheme)
        customer = factories.customer(session, "ACME", code="C-1")
        for month, amount in orders.items():
            day = date(2026, ["jan", "feb", "mar", "apr"].index(month) + 1, 1)
            factories.order(session, customer, day, amount)
    grade(database, MARCH)
    grade(database, APRIL)
    return customer


def why(database: Database, customer: int) -> Why:
    return explanation.why(database, SchemeCache(), ADMIN, Pointer(id=customer), TODAY).message


def text(message: Why, language: str = "en") -> str:
    return presentation.as_text(Renderer().slots(message, language, mentions=False))


def acts(message: Why) -> list[list[ActPart]]:
    return [list(way.acts) for way in message.ways]


def test_one_order_moves_amount_and_count_at_once_and_is_enough_by_its_last_day(database: Database) -> None:
    # 4,000 in one order: 0.5 × 40 + 0.5 × 10 = 25; B needs 44.95. Another order of x gives 0.5 × (40 + x / 100) + 0.5 × 20,
    # so x = 100 × (2 × 44.95 - 20 - 40) = 2,990: 3,000 in round figures.
    scheme = factories.scheme_text({"net_revenue_12m": MONEY, "order_frequency_12m": COUNT})
    message = why(database, book(database, scheme, mar=4000))
    (one, *_) = acts(message)
    assert [(act.kind, act.count, act.amount) for act in one] == [("order", 1, 3000)]
    assert "one order of about EUR 3,000 · by May 31, 2026 → in force once imported" in text(message)
    assert "再下1笔约EUR 3,000的订单 · 2026年5月31日前完成 → 导入后即生效" in text(message, "zh")


def test_the_day_that_gives_the_tier_is_named_where_confirmations_are_needed(database: Database) -> None:
    scheme = factories.scheme_text({"net_revenue_12m": MONEY}) + MOVEMENT % (2, 0)
    message = why(database, book(database, scheme, mar=4000))
    ((act,),) = acts(message)
    assert act.amount == 700  # 47 for B with its margin; 4,695 is shown as 47.0
    (way,) = message.ways
    assert (way.by, way.reached) == (MAY, date(2026, 6, 30))
    assert "Up to Important from 47 points on" in text(message)


def test_an_order_of_any_size_is_called_so(database: Database) -> None:
    scheme = factories.scheme_text({"order_frequency_12m": COUNT})
    message = why(database, book(database, scheme, jan=100, feb=100, mar=100, apr=100))
    assert acts(message)[0] == [ActPart(kind="order", amount=None, currency="EUR")]
    assert "one order of any size" in text(message)


def test_overdue_invoices_that_cap_the_tier_are_to_be_paid_and_the_clean_gradings_counted(
    database: Database,
) -> None:
    gate = "when: {field: overdue_90d_share, ge: 0.2}, cap: C, clear_after: 3"
    scheme = factories.scheme_text({"net_revenue_12m": MONEY}, [gate])
    with database.write() as session:
        factories.scheme(session, scheme)
        customer = factories.customer(session, "ACME")
        factories.order(session, customer, date(2026, 1, 1), 8000)
        invoice(session, customer, date(2025, 12, 1), date(2026, 1, 1), None, Decimal(500), currency="EUR")
    grade(database, APRIL)
    message = why(database, customer)
    (way,) = message.ways
    assert [(act.kind, act.amount, act.since) for act in way.acts] == [("settle", 500.0, date(2026, 1, 1))]
    assert (way.by, way.reached) == (MAY, date(2026, 7, 31))  # May, June and July are clean
    assert "have the invoices paid that are overdue since Jan 1, 2026 (EUR 500)" in text(message)


@pytest.mark.parametrize(
    ("extra", "field", "value", "reason", "said"),
    [
        ("", "credit", "D", "gates", "Key is out of reach while this holds: Bad credit."),
        ("", None, None, "not_enough", "Nothing that an account manager can do is enough for Key yet."),
    ],
)
def test_where_nothing_is_enough_the_reason_is_said(
    database: Database, extra: str, field: str | None, value: str | None, reason: str, said: str
) -> None:
    scheme = factories.PLAIN_SCHEME.replace("cap: C}", "cap: B}")
    scheme = re.sub(r"weight: 100, score", "weight: 100, influence: false, score", scheme)
    with database.write() as session:
        factories.scheme(session, scheme + extra)
        customer = factories.customer(session, "ACME")
        factories.fact(session, customer, "quality", 60)
        factories.fact(session, customer, "service", 60)
        if field:
            factories.fact(session, customer, field, value)
    grade(database, APRIL)
    message = why(database, customer)
    assert (message.ways, message.no_way) == ((), reason)
    assert said in text(message)
    if reason == "not_enough":
        assert "not theirs to change: Quality and Service." in text(message)


def test_while_a_person_has_set_the_tier_no_act_is_suggested(database: Database) -> None:
    scheme = factories.PLAIN_SCHEME + "override: {allowed: true, needs: [reason], max_days: 90}\n"
    with database.write() as session:
        factories.scheme(session, scheme)
        customer = factories.customer(session, "ACME")
        factories.fact(session, customer, "quality", 60)
        factories.fact(session, customer, "service", 60)
    grade(database, APRIL)
    request = OverrideRequest(tier="C", reason="slow payer", expires_on=date(2026, 6, 30))
    overrides.set_override(
        database,
        SchemeCache(),
        ADMIN,
        customer,
        request,
        settings=SETTINGS,
        today=TODAY,
        now=NOW,
        notify=None,
    )
    message = why(database, customer)
    assert (message.ways, message.no_way) == ((), "by_hand")
    assert "While the tier is set by hand, nothing that is done changes it." in text(message)


def test_a_tier_that_comes_by_itself_needs_no_act(database: Database) -> None:
    extra = MOVEMENT.replace("margin_up: 2", "margin_up: 0") % (2, 0)
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME + extra)
        customer = factories.customer(session, "ACME")
        factories.fact(session, customer, "quality", 60, date(2026, 3, 1))
        factories.fact(session, customer, "service", 60, date(2026, 3, 1))
    grade(database, MARCH)
    with database.write() as session:
        factories.fact(session, customer, "quality", 90, APRIL)
    grade(database, APRIL)
    message = why(database, customer)
    assert (message.by_itself, message.ways) == (MAY, ())
    assert "Key comes on May 31, 2026 if the score stays at 70.0 or above." in text(message)


def test_once_a_cap_has_ended_the_tier_above_the_present_one_is_the_goal(database: Database) -> None:
    scheme = factories.PLAIN_SCHEME.replace("cap: C}", "cap: C, clear_after: 0}")
    with database.write() as session:
        factories.scheme(session, scheme)
        customer = factories.customer(session, "ACME")
        for field, value in {"quality": 60, "service": 60, "credit": "D"}.items():
            factories.fact(session, customer, field, value, date(2026, 3, 1))
    grade(database, MARCH)
    with database.write() as session:
        factories.fact(session, customer, "credit", "A", date(2026, 4, 2))
    regrade(database, "account", [customer], date(2026, 4, 10))
    message = why(database, customer)
    assert (message.tier.id, message.goal and message.goal.id) == ("B", "A")
    assert message.by_itself is None
    assert "Each of these is enough for Key" in text(message)


def test_a_tier_that_only_waits_for_somebody_to_grade_it_comes_with_the_next_snapshot(
    database: Database,
) -> None:
    extra = MOVEMENT % (1, 0)
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME + extra)
        customer = factories.customer(session, "ACME")
        factories.fact(session, customer, "quality", 30, date(2026, 3, 1))
        factories.fact(session, customer, "service", 30, date(2026, 3, 1))
    grade(database, MARCH)
    with database.write() as session:
        factories.fact(session, customer, "quality", 95, APRIL)
        factories.fact(session, customer, "service", 95, APRIL)
    grade(database, APRIL)  # one step: C to B
    message = why(database, customer)
    assert (message.tier.id, message.by_itself, message.or_by_import) == ("B", MAY, True)
    said = text(message)
    assert "Key comes on May 31, 2026 if the score stays at 72.0 or above." in said
    assert "The next import about it does the same at once." in said


def test_an_override_that_ends_before_the_next_grading_hides_no_act(database: Database) -> None:
    scheme = factories.PLAIN_SCHEME + "override: {allowed: true, needs: [reason], max_days: 30}\n"
    with database.write() as session:
        factories.scheme(session, scheme)
        customer = factories.customer(session, "ACME")
        factories.fact(session, customer, "quality", 60)
        factories.fact(session, customer, "service", 60)
    grade(database, APRIL)
    request = OverrideRequest(tier="B", reason="new site", expires_on=date(2026, 5, 20))
    overrides.set_override(
        database,
        SchemeCache(),
        ADMIN,
        customer,
        request,
        settings=SETTINGS,
        today=TODAY,
        now=NOW,
        notify=None,
    )
    message = why(database, customer)
    assert message.no_way is None
    assert [way.reached for way in message.ways] == [MAY] * len(message.ways) != []
