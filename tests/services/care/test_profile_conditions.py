"""Steps of a care plan for customers whose profile has a value: owed, planned again after a change, and checked."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.errors import BadInput
from bot.services.care.plan_file import parse_plan
from bot.services.care.plan_versions import lifecycle
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.plan_versions.lifecycle import PlanFile
from bot.services.care.planning_pass import plan_changed
from bot.services.care.schedule import owed
from bot.services.ops import care_plans
from bot.services.ops.care_plans import CareOfDay
from bot.services.traits import acts
from bot.services.traits.fields import shipped_fields
from db.book.traits import Trait
from db.care.touches import OPEN, Touch
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, Book, rules
from tests.services.care.test_planning_pass import imported

pytestmark = on_sqlite
DAY = timedelta(days=1)
FIELDS = shipped_fields()
STEP = "kind: once, name: {en: Ask, zh: 询问}, after_days: 5, counts: [call]"
PLAN = f"""
plan: ours
version: 1
tiers:
  A: []
also:
  - {{when: {{profile: {{loyalty: [low], problems: [any]}}}}, steps: [{{id: win, {STEP}}}]}}
  - {{when: {{profile: {{needs: [Spare Parts]}}, tier: [B]}}, steps: [{{id: parts, {STEP}}}]}}
"""


def trait(session: Session, customer: int, field: str, value: str, **others: Any) -> None:
    known = {"as_of": MONDAY, "source": "crm", "recorded_at": factories.AT, **others}
    session.add(Trait(customer_id=customer, field=field, value=value, **known))


@pytest.fixture
def book(database: Database) -> Book:
    """Three customers of tier A and one of B, planned for."""
    plan = parse_plan(PLAN, "ours.yaml")
    book = Book(database, rules=replace(rules(), plans=CarePlans((plan,))))
    with database.write() as session:
        ids = [factories.customer(session) for _ in range(4)]
        trait(session, ids[0], "loyalty", "low")
        trait(session, ids[0], "problems", "late deliveries")
        trait(session, ids[1], "loyalty", "low")  # no problem is known
        trait(session, ids[2], "loyalty", "low", superseded_at=factories.AT)
        trait(session, ids[2], "loyalty", "high")
        trait(session, ids[2], "problems", "price")
        trait(session, ids[3], "needs", "spare parts")
    book.grade({**dict.fromkeys(ids[:3], "A"), ids[3]: "B"})
    tick(book)
    return book


def tick(book: Book) -> None:
    plan_changed(book.database, book.rules, book.clock.now())


def planned(book: Book) -> set[tuple[int, str]]:
    with book.database.read() as session:
        found = session.exec(select(Touch)).all()
        return {(one.customer_id, one.step) for one in found if one.state in OPEN}


def test_only_customers_with_a_value_of_each_field_that_counts_are_owed_the_step(book: Book) -> None:
    assert planned(book) == {(1, "win"), (4, "parts")}
    with book.database.read() as session:
        found = owed(session, book.rules, [1, 2], book.clock.now())
    assert [[one.step.id for one in found[customer].steps] for customer in (1, 2)] == [["win"], []]


def test_a_value_that_somebody_sets_or_removes_plans_the_customer_again(book: Book) -> None:
    who, now = factories.operator("test"), book.clock.now()
    acts.save(book.database, who, 2, FIELDS, {"problems": ["prices"]}, now=now)
    acts.save(book.database, who, 1, FIELDS, {"loyalty": ["high"]}, now=now)
    tick(book)
    assert planned(book) == {(2, "win"), (4, "parts")}


def test_an_imported_value_plans_the_customer_again(book: Book) -> None:
    with book.database.write() as session:
        batch = imported(session, book.clock.now())
        trait(session, 2, "problems", "prices", batch_id=batch)
    tick(book)
    assert planned(book) == {(1, "win"), (2, "win"), (4, "parts")}


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("shoes: [big]", "ours@1: the customer profile has no field 'shoes'; use one of needs, benefits"),
        ("loyalty: [extreme]", "ours@1: profile.loyalty: 'extreme' is not one of high, medium, low."),
        ("loyalty: [忠诚]", "ours@1: profile.loyalty: '忠诚' is stored as 'high'; write that."),
        ("web_visits: ['1.50']", "ours@1: profile.web_visits: '1.50' is stored as '1.5'; write that."),
        ("loyalty: [High, any], needs: [Anything]", None),
    ],
)
def test_a_condition_that_can_never_be_met_is_refused_by_check_and_approval(
    database: Database, asked: str, problem: str | None
) -> None:
    when = "profile: {loyalty: [low], problems: [any]}"
    text = PLAN.replace(when, f"profile: {{{asked}}}")
    plan = parse_plan(text, "ours.yaml")
    care = CareOfDay(day=date(2026, 6, 1), plans=CarePlans((plan,)))
    assert care_plans.problems([care], FIELDS) == ([] if problem is None else [*plan.unmet(FIELDS)])
    if problem is None:
        return
    assert any(str(one).startswith(problem) for one in plan.unmet(FIELDS))
    with pytest.raises(BadInput) as refused:
        lifecycle.approve(
            database,
            factories.operator("test"),
            PlanFile(plan=plan, text=text, source="ours.yaml"),
            files=CarePlans(()),
            fields=FIELDS,
            start=MONDAY,
            today=MONDAY,
            now=factories.AT,
        )
    assert str(refused.value).startswith(problem)
