"""`explain` says of each step why it is owed, when it is due, what became of it, and why others are not due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from bot.errors import Hidden, NotFound
from bot.services.care import schedule
from bot.services.care.dues import NotDue
from bot.services.care.plan_file import parse_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.services.care.views import explanation
from bot.services.care.views.explanation import CareExplanation, NotOwed, OwedNow
from db.book.facts import Activity
from db.care.touches import OPEN, Touch, TouchMessage
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, Book, at, rules
from tests.services.care.planned_book import CONDITIONS, DAY, NOW, open_steps, planned_book

pytestmark = on_sqlite
VISITED = MONDAY - 10 * DAY
OWN = replace(rules(), plans=CarePlans((parse_plan(CONDITIONS, "own"),)))


def explained(
    database: Database, customer_id: int, under: CareRules = OWN, actor: Any = None, day: date = MONDAY
) -> CareExplanation:
    with database.read() as session:
        return explanation.explain(session, actor or factories.operator(), under, customer_id, at(day, 8))


def step(found: CareExplanation, step_id: str, occasion: str = "") -> OwedNow:
    (only,) = [one for one in found.owed if (one.step.id, one.occasion) == (step_id, occasion)]
    return only


def customer(
    database: Database, tier: str = "A", country: str | None = "DE", visits: Sequence[date] = (VISITED,)
) -> int:
    """A customer of Anna, whose team Lea leads; it was visited on these days, and its care is planned."""
    with database.write() as session:
        anna = factories.person(session, "Anna")
        acme = factories.customer(session, "ACME", owner_id=anna, country=country, code="C-1")
        for visited in visits:
            factories.contact(session, acme, visited, "visit")
        for activity in session.exec(select(Activity)):
            activity.person_id = anna
            session.add(activity)
        factories.graded(session, {acme: tier}, as_of=MONDAY - DAY)
    schedule.plan_all(database, OWN, NOW)
    return acme


def change(database: Database, step_id: str, **values: Any) -> int:
    with database.write() as session:
        touch = session.exec(select(Touch).where(Touch.step == step_id)).one()
        touch.sqlmodel_update(values)
        session.add(touch)
        return touch.id or 0


def test_a_step_is_explained_by_its_tier_its_last_contact_and_its_days(database: Database) -> None:
    found = explained(database, customer(database))
    assert (found.code, found.owner, found.tier, found.plan, found.plan_version) == (
        "C-1",
        "Anna",
        "A",
        "own",
        1,
    )
    revisit = step(found, "revisit")
    assert revisit.because is None
    assert revisit.clock is not None
    assert revisit.clock.contact is not None
    assert (revisit.clock.contact.kind, revisit.clock.contact.day, revisit.clock.contact.by) == (
        "visit",
        VISITED,
        "Anna",
    )
    assert (revisit.due_on, revisit.latest_on) == (VISITED + 20 * DAY, VISITED + 60 * DAY)
    assert (revisit.state, revisit.who, revisit.assignee) == ("planned", "owner", None)
    assert revisit.next_at == at(VISITED + 20 * DAY)


def test_a_step_with_a_condition_is_explained_by_it_and_not_owed_to_others(database: Database) -> None:
    chinese = explained(database, customer(database, country="CN"))
    because = step(chinese, "training").because
    assert because is not None
    assert because.country == ("CN",)
    german = explained(database, customer_in(database, "DE"))
    (not_owed,) = german.not_owed
    assert (not_owed.step.id, not_owed.why, not_owed.condition) == ("training", NotOwed.CONDITION, because)


def customer_in(database: Database, country: str) -> int:
    with database.write() as session:
        globex = factories.customer(session, "Globex", country=country, code="C-2")
        factories.graded(session, {globex: "A"}, as_of=MONDAY)
    return globex


@pytest.mark.parametrize(
    ("tier", "country", "visits", "step_id", "why"),
    [
        ("A", "DE", [], "vip_follow_up", NotDue.NO_CONTACT),
        ("A", "DE", [MONDAY - 60 * DAY], "vip_follow_up", NotDue.TOO_OLD),
        ("B", "SA", [], "greeting", NotDue.NO_OCCASION),
    ],
)
def test_a_step_that_is_not_due_says_why(
    database: Database, tier: str, country: str, visits: list[date], step_id: str, why: NotDue
) -> None:
    found = step(explained(database, customer(database, tier, country, visits)), step_id)
    assert (found.why_not, found.due_on, found.state) == (why, None, None)


def test_occasions_of_other_countries_are_named(database: Database) -> None:
    found = explained(database, customer(database, "B", "DE"))
    assert step(found, "greeting", "easter").clock is not None
    assert [(one.occasion, one.why) for one in found.not_owed if one.occasion] == [
        ("spring_festival", NotOwed.COUNTRY)
    ]


def test_a_blocked_customer_is_owed_nothing(database: Database) -> None:
    found = explained(database, customer(database, "blocked"))
    assert (found.blocked, found.owed, found.not_owed) == (True, (), ())


def test_a_customer_without_a_tier_is_refused_with_what_to_do(database: Database) -> None:
    with database.write() as session:
        acme = factories.customer(session, "ACME", code="C-1")
    with pytest.raises(NotFound, match=r"no tier yet.*tierbot tier C-1"):
        explained(database, acme)


def test_what_was_skipped_is_shown_with_its_reason_and_restarts_the_clock(database: Database) -> None:
    acme = customer(database)
    change(database, "revisit", state="skipped", reason="on holiday", closed_at=NOW)
    schedule.plan_all(database, OWN, NOW)
    revisit = step(explained(database, acme), "revisit")
    assert revisit.last is not None
    assert (revisit.last.state, revisit.last.reason, revisit.last.at) == ("skipped", "on holiday", NOW)
    assert revisit.clock is not None
    assert (revisit.clock.day, revisit.clock.contact) == (MONDAY, None)
    assert revisit.due_on == MONDAY + 20 * DAY


def test_what_a_contact_fulfilled_names_it(database: Database) -> None:
    acme = customer(database)
    day = VISITED + 21 * DAY
    with database.write() as session:
        factories.contact(session, acme, day, "visit")
    schedule.plan_all(database, OWN, at(day, 12))
    found = step(explained(database, acme, day=day), "revisit")
    assert found.last is not None
    assert found.last.contact is not None
    assert (found.last.state, found.last.contact.kind, found.last.contact.day) == ("done", "visit", day)
    assert found.due_on == day + 20 * DAY


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"state": "sent", "slack_ts": "1772442000.000100"}, ("Anna", at(MONDAY), "sent", None)),
        ({"state": "pending"}, ("Anna", None, "pending", None)),
        ({"state": "dead", "error": "account_inactive"}, ("Anna", None, "dead", "account_inactive")),
        ({"state": "pending", "recipient": None, "channel": "east"}, ("east", None, "pending", None)),
    ],
    ids=["sent", "waits", "dead", "channel"],
)
def test_what_was_sent_is_shown_to_whom_and_when_or_why_not(
    database: Database, message: dict[str, Any], told: tuple[Any, ...]
) -> None:
    acme = customer(database)
    touch = change(database, "revisit", state="reminded")
    with database.write() as session:
        anna = factories.person(session, "Anna2")
        recipient = session.exec(select(Activity.person_id)).first()
        row = OutboxMessage(
            dedupe_key="digest", kind="digest", address="person:1", recipient=recipient, body_json="{}",
            body_hash="", next_at=NOW, created_at=NOW,
        )  # fmt: skip
        row.sqlmodel_update(message)
        session.add(row)
        session.flush()
        session.add(TouchMessage(outbox_id=row.id or 0, touch_id=touch, role="digest"))
    assert anna
    (sent,) = step(explained(database, acme), "revisit").sent
    to, at_, state, why = told
    assert (sent.role, sent.to, sent.state, sent.why) == ("digest", to, state, why)
    assert (sent.at and sent.at.replace(microsecond=0)) == at_


def test_the_days_on_which_an_open_step_reaches_others_follow_its_limit(database: Database) -> None:
    plan = OWN.plans.plans[0].model_copy(
        update={
            "escalation": OWN.plans.plans[0].escalation.model_copy(
                update={"manager_days": 2, "group_days": 5}
            )
        }
    )
    acme = customer(database)
    found = step(explained(database, acme, replace(OWN, plans=CarePlans((plan,)))), "revisit")
    assert found.latest_on is not None
    assert (found.manager_on, found.group_on) == (found.latest_on + 3 * DAY, found.latest_on + 6 * DAY)


def test_a_step_that_another_plan_no_longer_has_is_shown_as_superseded(database: Database) -> None:
    acme = customer(database)
    schedule.plan_all(database, rules(), NOW)
    found = explained(database, acme, rules())
    assert [(one.step, one.state, one.reason) for one in found.superseded] == []
    schedule.plan_all(database, OWN, NOW)
    found = explained(database, acme, OWN)
    assert {(one.step, one.state, one.reason) for one in found.superseded} == {
        ("greeting", "cancelled", "not a step of this tier")
    }


def test_every_explained_day_and_state_is_that_of_the_open_step(database: Database) -> None:
    book = planned_book(database)
    for change_to in (rules(), OWN):
        schedule.plan_all(book, change_to, NOW)
        expected = open_steps(book)
        found = {}
        with book.read() as session:
            states = {
                (touch.customer_id, touch.step, touch.occasion): touch.state
                for touch in session.exec(select(Touch).where(Touch.state.in_(OPEN)))  # type: ignore[attr-defined]
            }
            customers = sorted(set(session.exec(select(Touch.customer_id))))
        for number in customers:
            for one in explained(book, number, change_to).owed:
                if one.due_on is not None:
                    key = (number, one.step.id, one.occasion)
                    found[key] = (one.due_on, one.latest_on)
                    assert one.state == states[key]
                else:
                    assert one.why_not is not None
        assert found == expected


def test_an_explanation_takes_the_same_queries_however_much_happened(database: Database) -> None:
    queries: list[str] = []
    event.listen(database.reader, "before_cursor_execute", lambda *given: queries.append(given[2]))
    acme = customer(database)
    explained(database, acme)
    few = len(queries)
    queries.clear()
    with database.write() as session:
        for days in range(40):
            factories.contact(session, acme, MONDAY - days * DAY, "call")
    explained(database, acme)
    assert len(queries) <= few <= 22


def test_only_those_who_may_see_the_customer_read_its_care(database: Database) -> None:
    acme = customer(database)
    with database.write() as session:
        factories.person(session, "Ben")
    book = Book(database)
    assert explained(database, acme, actor=book.actor("U0ANNA")).code == "C-1"
    with pytest.raises(Hidden):
        explained(database, acme, actor=book.actor("U0BEN"))
