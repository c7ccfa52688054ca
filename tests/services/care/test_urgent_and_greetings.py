"""What comes in messages of its own: a step that becomes overdue for a tier with an emergency group, and greetings."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select, update

from bot.clock import FixedClock
from bot.services.care.plan import Escalation
from bot.wording.care.digest import CareDigest
from bot.wording.care.greetings import Greetings
from bot.wording.rendering import Renderer
from db.book.people import Person, Team
from db.care.touches import Touch, TouchMessage
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import all_on_postgresql, first_on_postgresql, none_on_postgresql
from tests.services.book import MONDAY, Book, at, plan_of_tests, rules
from tests.services.delivery.outbox_harness import Harness

pytestmark = none_on_postgresql

DAY = timedelta(days=1)
LIMIT = 45  # of tier A, in days after the last contact


@pytest.fixture
def book(database: Database) -> Book:
    found = Book(database, clock=FixedClock(at(MONDAY - DAY)))
    found.rules = rules(escalation=Escalation(manager_days=0, group_days=3))
    return found


def late_on(book: Book, day: date, name: str = "ACME", **values: Any) -> int:
    """A customer of tier A whose limit was the day before."""
    with book.database.write() as session:
        owner = factories.person(session, f"Anna{name}", **values)
        customer = factories.customer(session, name, owner_id=owner)
        factories.contact(session, customer, day - (LIMIT + 1) * DAY, "call")
    book.grade({customer: "A"})
    return customer


def kinds(book: Book) -> list[tuple[date, bool]]:
    return [(digest.day, digest.urgent) for _, digest in book.digests()]


def test_a_step_that_becomes_overdue_is_said_alone_at_once_and_only_once(book: Book) -> None:
    customer = late_on(book, MONDAY + DAY)
    book.go(MONDAY)  # its last day: in the digest
    for hour in (9, 10):
        book.go(MONDAY + DAY, hour)
    assert kinds(book) == [(MONDAY, False), (MONDAY + DAY, True)]
    urgent = book.digests()[-1][1]
    assert [(row.name, row.over) for row in urgent.rows] == [("ACME", 1)]
    slots = Renderer().slots(urgent, "en")
    assert (slots.header, slots.fallback) == ("This cannot wait", "Revisit: ACME")
    for day in range(2, 12):
        book.go(MONDAY + day * DAY)
    assert [urgent for _, urgent in kinds(book)].count(True) == 1
    assert [urgent for _, urgent in kinds(book)].count(False) > 2  # it comes back in digests
    with book.database.read() as session:
        roles = {
            row.role for row in session.exec(select(TouchMessage)) if row.touch_id == book.touch(customer).id
        }
    assert roles == {"digest", "urgent"}


def test_what_becomes_overdue_at_night_or_on_a_weekend_waits_for_the_working_morning(book: Book) -> None:
    saturday = MONDAY + 5 * DAY
    late_on(book, saturday + DAY)  # Saturday is its last day
    book.go(saturday + DAY, 12)
    book.go(saturday + 2 * DAY, 8, 59)
    assert True not in [urgent for _, urgent in kinds(book)]
    book.go(saturday + 2 * DAY)
    assert kinds(book)[-1] == (saturday + 2 * DAY, True)


@all_on_postgresql
@pytest.mark.parametrize("case", ["no emergency group", "overdue for long", "done"])
def test_nothing_else_is_urgent(book: Book, case: str) -> None:
    if case == "no emergency group":
        book.rules = rules(escalation=Escalation())
    customer = late_on(book, MONDAY - (9 if case == "overdue for long" else 0) * DAY)
    book.plan()
    if case == "done":
        with book.database.write() as session:
            session.exec(update(Touch).values(state="done"))
    book.clock.advance(at(MONDAY) - book.clock.now())
    book.remind()
    assert [urgent for _, urgent in kinds(book)] == ([] if case == "done" else [False])
    assert book.touches(customer)


NEW_YEAR = date(2027, 1, 1)


def to_greet(book: Book, *names: str, owner: int | None = None, **values: Any) -> list[int]:
    """Greetings of customers for New Year, due the day before, a Thursday."""
    fixed: dict[str, Any] = {
        "step": "greeting", "kind": "greeting", "occasion": "new_year", "tier": "A", "due_on": NEW_YEAR - DAY,
        "latest_on": NEW_YEAR, "anchor": NEW_YEAR, "remind_at": at(NEW_YEAR - DAY), "state": "planned",
        "created_at": at(MONDAY),
    }  # fmt: skip
    with book.database.write() as session:
        owner = owner or factories.person(session, "Anna")
        ids = []
        for name in names:
            customer = factories.customer(session, name, owner_id=owner)
            key = f"greeting:{customer}"
            touch = Touch(customer_id=customer, dedupe_key=key, **fixed | values)
            session.add(touch)
            session.flush()
            ids.append(touch.id or 0)
    return ids


def remind(book: Book, day: date, hour: int = 9) -> None:
    book.clock = FixedClock(at(day, hour))
    book.remind()


def greetings(book: Book) -> list[Greetings]:
    return [message for _, message in book.sent() if isinstance(message, Greetings)]


def states(book: Book) -> set[str]:
    with book.database.read() as session:
        return {touch.state for touch in session.exec(select(Touch))}


def test_an_occasion_is_one_message_with_all_customers_however_many_the_cap_allows(book: Book) -> None:
    book.rules = rules(at_most_per_day=1)
    ids = to_greet(book, *(f"C{number}" for number in range(12)))
    for hour in (8, 9, 10):
        remind(book, NEW_YEAR - DAY, hour)
    (message,) = greetings(book)
    assert sorted(one.touch_id for one in message.customers) == ids
    assert (message.day, message.occasion.en) == (NEW_YEAR, "New Year")
    assert (states(book), len(book.sent())) == ({"reminded"}, 1)
    with book.database.read() as session:
        assert {row.role for row in session.exec(select(TouchMessage))} == {"greeting"}
        row = session.exec(select(OutboxMessage)).one()
    assert (row.dedupe_key, row.not_after) == ("greeting:person:1:new_year:2027", at(NEW_YEAR, 0))


def test_a_greeting_that_does_not_arrive_in_the_readers_hours_comes_on_their_next_morning(book: Book) -> None:
    (touch,) = to_greet(book, "ACME")
    with book.database.write() as session:
        session.exec(update(Person).values(works_from="08:00", works_until="18:00"))
    remind(book, NEW_YEAR - DAY)
    book.clock.advance(timedelta(hours=11))  # Slack could not be reached until the evening
    harness = Harness(book.database, clock=book.clock)
    harness.deliver()
    book.remind()
    assert (harness.states(), len(greetings(book))) == (["dead"], 1)
    book.clock.advance(at(NEW_YEAR) - book.clock.now())
    book.remind()
    assert [[one.touch_id for one in message.customers] for message in greetings(book)] == [[touch], [touch]]


def test_customers_that_come_later_get_a_message_of_their_own(book: Book) -> None:
    to_greet(book, "first")
    remind(book, NEW_YEAR - DAY)
    to_greet(book, "second", owner=1)
    remind(book, NEW_YEAR - DAY, 11)
    assert [[one.name for one in message.customers] for message in greetings(book)] == [["first"], ["second"]]


def test_more_customers_than_a_message_takes_come_in_several(book: Book) -> None:
    ids = to_greet(book, *(f"C{number}" for number in range(130)))
    remind(book, NEW_YEAR - DAY)
    found = greetings(book)
    assert sorted(one.touch_id for message in found for one in message.customers) == ids


def test_a_greeting_for_a_day_off_is_said_on_that_day_when_no_working_day_is_left(book: Book) -> None:
    sunday = date(2027, 1, 3)
    to_greet(book, "ACME", anchor=sunday, due_on=sunday, latest_on=sunday, remind_at=at(sunday))
    remind(book, sunday, 8)
    assert greetings(book) == []
    remind(book, sunday)
    assert len(greetings(book)) == 1


@first_on_postgresql
def test_a_greeting_that_came_too_late_is_missed_and_the_next_digest_says_so(book: Book) -> None:
    to_greet(book, "A", "B")
    remind(book, NEW_YEAR + 3 * DAY)  # a Monday
    assert (greetings(book), states(book)) == ([], {"missed"})
    with book.database.write() as session:
        customer = factories.customer(session, "ACME", owner_id=1)
        factories.contact(session, customer, NEW_YEAR - 26 * DAY, "call")
    book.grade({customer: "A"}, as_of=date(2026, 12, 1))
    book.clock = FixedClock(at(NEW_YEAR + 3 * DAY, 10))
    for day in (4, 7):
        book.go(NEW_YEAR + day * DAY)
    assert [digest.missed for _, digest in book.digests()] == [2, 0]
    text = Renderer().slots(book.digests()[0][1], "en").body[0]
    assert "2 greetings were missed: their days went by." in text


def test_a_digest_counts_who_is_still_to_be_greeted(book: Book) -> None:
    to_greet(book, "A", "B", due_on=NEW_YEAR - 3 * DAY, remind_at=at(NEW_YEAR - 3 * DAY))
    with book.database.write() as session:
        customer = factories.customer(session, "ACME", owner_id=1)
        session.add(
            Touch(
                customer_id=customer, dedupe_key="k", step="revisit", kind="revisit", tier="A", due_on=NEW_YEAR - 3 * DAY,
                remind_at=at(NEW_YEAR - 3 * DAY), state="planned", created_at=at(MONDAY),
            )
        )  # fmt: skip
    remind(book, NEW_YEAR - 3 * DAY)
    (digest,) = [message for _, message in book.sent() if isinstance(message, CareDigest)]
    assert [(one.occasion.en, one.day, one.count) for one in digest.greetings] == [("New Year", NEW_YEAR, 2)]
    assert "New Year on Jan 1, 2027: 2 customers still to greet" in Renderer().slots(digest, "en").body[0]


def test_a_lead_is_not_told_of_the_greetings_of_the_team(book: Book) -> None:
    with book.database.write() as session:
        team = factories.team(session, "East")
        lead = factories.person(session, "Lea", role="team_lead", team_id=team)
        anna = factories.person(session, "Anna", team_id=team)
        session.get_one(Team, team).lead_id = lead
        customer = factories.customer(session, "ACME", owner_id=anna)
        session.add(
            Touch(
                customer_id=customer, dedupe_key="k", step="review", kind="revisit", tier="A", due_on=NEW_YEAR - 3 * DAY,
                remind_at=at(NEW_YEAR - 3 * DAY), state="planned", created_at=at(MONDAY), who="lead",
            )
        )  # fmt: skip
    to_greet(book, "A", owner=anna, due_on=NEW_YEAR - 3 * DAY, remind_at=at(NEW_YEAR - 3 * DAY))
    remind(book, NEW_YEAR - 3 * DAY)
    ((address, digest),) = book.digests()
    assert (address, digest.due, digest.greetings) == (f"person:{lead}", 1, ())


def test_two_occasions_on_one_day_are_both_greeted(database: Database) -> None:
    """In 2031 the Mid-Autumn Festival is on National Day."""
    both = date(2031, 10, 1)
    greeting = (
        plan_of_tests()
        .tiers["B"]
        .steps[1]
        .model_copy(update={"occasions": ("mid_autumn", "national_day_cn")})
    )
    care = plan_of_tests().tiers["B"].model_copy(update={"steps": (greeting,)})
    book = Book(database, clock=FixedClock(at(both - 30 * DAY))).with_rules(tiers={"B": care})
    with database.write() as session:
        customer = factories.customer(session, owner_id=factories.person(session, "Anna"), country="CN")
    book.grade({customer: "B"})
    book.go(both - 5 * DAY)
    for days in (3, 2, 1):
        book.go(both - days * DAY)
    assert {(one.occasion.en, one.day) for one in greetings(book)} == {
        ("Mid-Autumn Festival", both),
        ("China's National Day", both),
    }
