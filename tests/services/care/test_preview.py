"""A preview of care plans shows what planning then does, and writes nothing."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import event, inspect, text
from sqlmodel import select

from bot.services.care import schedule
from bot.services.care.plan_file import FOLDER, parse_plan
from bot.services.care.plan_versions import in_force, lifecycle
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.plan_versions.lifecycle import PlanFile
from bot.services.care.schedule import CareRules
from bot.services.care.views import preview
from bot.services.care.views.preview import DueOn, Preview
from bot.services.traits.fields import shipped_fields
from db.care.touches import OPEN, Touch
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, rules
from tests.services.care.planned_book import CONDITIONS, DAY, NOW, open_steps, planned_book

OPERATOR = factories.operator()


@pytest.fixture
def book(database: Database) -> Database:
    return planned_book(database)


def content(database: Database) -> dict[str, list[str]]:
    """Every row of every table."""
    with database.reader.connect() as connection:
        return {
            table: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{table}"'))))  # noqa: S608
            for table in inspect(connection).get_table_names()
        }


def seen(database: Database, under: CareRules, days: int = 30, instead: CarePlans | None = None) -> Preview:
    return preview.preview(database, under, owners=None, days=days, today=MONDAY, now=NOW, instead=instead)


# For every scheme, as the customers are graded by another one than theirs.
PLANS = {"own": CONDITIONS} | {
    path.stem: re.sub("^(schemes:|by:)", r"# \1", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for path in sorted(FOLDER.glob("*.yaml"))
}


@on_sqlite
@pytest.mark.parametrize("name", PLANS)
def test_what_a_plan_would_change_is_what_planning_changes_once_it_is_in_force(
    book: Database, name: str
) -> None:
    plan = parse_plan(PLANS[name], name)
    file = PlanFile(plan=plan, text=PLANS[name], source=name)
    present = rules()
    with book.read() as session:
        instead = lifecycle.with_approved(session, present.plans, plan, MONDAY)
    before, untouched = open_steps(book), content(book)
    found = seen(book, present, instead=instead)
    assert content(book) == untouched
    lifecycle.approve(
        book,
        OPERATOR,
        file,
        files=present.plans,
        fields=shipped_fields(),
        start=MONDAY,
        today=MONDAY,
        now=NOW,
    )
    with book.read() as session:
        approved = in_force.with_files(in_force.approved(session, MONDAY), present.plans)
    assert approved == instead
    schedule.plan_all(book, replace(present, plans=approved), NOW)
    after = open_steps(book)
    both = before.keys() & after.keys()
    assert {what: found.total(what) for what in ("added", "moved", "dropped", "kept")} == {
        "added": len(after.keys() - before.keys()),
        "moved": sum(before[key] != after[key] for key in both),
        "dropped": len(before.keys() - after.keys()),
        "kept": sum(before[key] == after[key] for key in both),
    }
    assert sum(found.due.values()) == sum(due <= MONDAY + 30 * DAY for due, _ in after.values())
    # Once it is planned, nothing is left to change.
    settled = seen(book, replace(present, plans=approved), instead=approved)
    assert (settled.total("kept"), settled.due) == (len(after), found.due)


@on_sqlite
def test_a_preview_counts_what_is_due_by_day_person_and_occasion(book: Database) -> None:
    found = seen(book, rules(), days=60)
    with book.read() as session:
        touches = session.exec(select(Touch).where(Touch.state.in_(OPEN))).all()  # type: ignore[attr-defined]
        who = dict(
            session.execute(
                text(
                    "SELECT touch.id, coalesce(given.name, owner.name, 'owner') FROM touch"
                    " LEFT JOIN ownership ON ownership.customer_id = touch.customer_id"
                    " LEFT JOIN person AS owner ON owner.id = ownership.person_id"
                    " LEFT JOIN person AS given ON given.id = touch.assignee_id"
                )
            ).all()
        )
    expected: Counter[DueOn] = Counter()
    for touch in touches:
        latest = touch.latest_on or touch.due_on
        day = None if latest < MONDAY else max(touch.due_on, MONDAY)
        if touch.due_on <= MONDAY + 60 * DAY:
            expected[DueOn(day, who[touch.id], touch.kind, touch.occasion)] += 1
    assert found.due == expected
    assert {due.who for due in found.due} == {"Anna", "Ben", "owner"}
    assert min(due.day for due in found.due if due.day) >= MONDAY


@on_sqlite
def test_examples_name_customers_with_the_days_before_and_after(book: Database) -> None:
    plan = parse_plan(CONDITIONS, "own")
    found = seen(book, rules(), instead=CarePlans((plan,)))
    moved = next(step for step in found.changes or () if step.step == "revisit" and step.moved)
    assert (moved.plan, moved.tier, moved.names.en) == ("own", "A", "Visit")
    assert 1 <= len(moved.examples["moved"]) <= preview.MOST_EXAMPLES
    before = open_steps(book)
    with book.read() as session:
        ids = dict(session.execute(text("SELECT code, id FROM customer")).all())
    for example in moved.examples["moved"]:
        assert example.before == before[ids[example.code], "revisit", ""]
        assert example.after not in (None, example.before)


@on_sqlite
def test_the_number_of_queries_does_not_depend_on_that_of_the_customers(
    book: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    event.listen(book.reader, "before_cursor_execute", lambda *given: queries.append(given[2]))
    instead = CarePlans((parse_plan(CONDITIONS, "own"),))

    def count(customers: int) -> int:
        monkeypatch.setattr(preview, "CHUNK", customers)
        queries.clear()
        seen(book, rules(), instead=instead)
        return len(queries)

    whole, halves, quarters = count(60), count(30), count(15)
    assert quarters - halves <= 2 * (halves - whole) + 4, "more only for more chunks"
    assert whole < 50
