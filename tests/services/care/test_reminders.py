"""Due touches become messages: to whom, how many in a morning, and never twice."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import update

from bot.clock import FixedClock
from bot.services.care import reminders
from bot.services.delivery import outbox
from bot.services.schemes.store import tier_names
from bot.wording.messages import Reminder
from bot.wording.rendering import Renderer
from db.book.people import Deputy, Person, Team
from db.care.touches import Touch
from db.engine import Database
from db.outbox.messages import OutboxMessage
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.conftest import OpenAnother
from tests.services.book import MONDAY, REVISIT_A, REVISIT_B, Book, at, rules
from tests.services.delivery.outbox_harness import Harness

DAY = timedelta(days=1)
CAP = 8  # of the shipped plan


@pytest.fixture
def book(database: Database) -> Book:
    return Book(database, clock=FixedClock(at(MONDAY - DAY)))


def due_on_monday(book: Book, tiers: str, *, owner_id: int | None, country: str | None = None) -> list[int]:
    """Customers of these tiers, one a letter, named after it and a number, due for a revisit on Monday."""
    gaps = {"A": REVISIT_A, "B": REVISIT_B, "C": 120}
    with book.database.write() as session:
        customers = []
        for number, tier in enumerate(tiers):
            customer = factories.customer(session, f"{tier}{number}", owner_id=owner_id, country=country)
            factories.contact(session, customer, MONDAY - gaps[tier] * DAY, "call")
            customers.append(customer)
    book.grade(dict(zip(customers, tiers, strict=True)))
    return customers


def person(book: Book, *args: object, **values: object) -> int:
    with book.database.write() as session:
        return factories.person(session, *args, **values)  # type: ignore[arg-type]


def names(book: Book) -> list[str]:
    return [name for _, name in book.reminded_of()]


def test_a_reminder_says_what_is_known(book: Book) -> None:
    (customer,) = due_on_monday(book, "A", owner_id=person(book, language="zh"))
    book.go(MONDAY)
    ((address, message),) = book.sent()
    assert isinstance(message, Reminder)
    assert address == "person:1"
    assert (message.name, message.tier.id, message.step.zh, message.kind) == ("A0", "A", "回访", "revisit")
    assert message.due_on == MONDAY
    assert message.last_contact == MONDAY - REVISIT_A * DAY
    assert message.at_latest == MONDAY - REVISIT_A * DAY + 45 * DAY
    assert (message.touch_id, message.version) == (book.touch(customer).id, book.touch(customer).version)
    assert book.touch(customer).outbox_id == 1


@pytest.mark.parametrize(("days", "overdue"), [(0, False), (1, True)])
def test_a_reminder_that_is_sent_after_its_day_says_that_it_is_overdue(
    book: Book, days: int, overdue: bool
) -> None:
    due_on_monday(book, "A", owner_id=person(book))
    book.go(MONDAY + days * DAY)
    ((_, message),) = book.sent()
    assert isinstance(message, Reminder)
    assert (message.due_on, message.overdue) == (MONDAY, overdue)
    assert ("*overdue*" in Renderer().slots(message, "en").body[0]) == overdue


def test_nothing_is_said_before_the_morning_and_nothing_twice(book: Book) -> None:
    due_on_monday(book, "A", owner_id=person(book))
    book.go(MONDAY, 8, 59)
    assert names(book) == []
    for minute in (0, 0, 1, 30):
        book.go(MONDAY, 9, minute)
        assert names(book) == ["A0"]


def test_a_reminder_that_cannot_be_delivered_is_due_again_the_next_morning(book: Book) -> None:
    (customer,) = due_on_monday(book, "A", owner_id=person(book))
    book.go(MONDAY)
    first = book.touch(customer)
    assert (first.state, first.outbox_id) == ("reminded", 1)
    with book.database.write() as session:
        session.exec(update(OutboxMessage).values(state="pending"))
    harness = Harness(book.database)
    harness.slack.faults = lambda where, text: "refused"
    harness.clock.advance(at(MONDAY, 9, 5) - harness.clock.now())
    harness.deliver()
    assert harness.states() == ["dead"]
    again = book.touch(customer)
    assert (again.state, again.remind_at) == ("planned", first.remind_at + DAY)
    book.go(MONDAY + DAY)
    assert names(book) == ["A0", "A0"]


def test_two_processes_at_once_write_one_reminder_each(open_another: OpenAnother) -> None:
    databases = [open_another() for _ in range(3)]
    book = Book(databases[0], clock=FixedClock(at(MONDAY - DAY)))
    due_on_monday(book, "AAAA", owner_id=person(book))
    book.plan()
    tiers = tier_names({1: parse_scheme(factories.PLAIN_SCHEME, source="t")})
    written: list[int] = []
    together = threading.Barrier(len(databases))

    def remind(database: Database) -> None:
        together.wait()
        written.append(
            reminders.remind_due(
                database, book.rules, tiers, alert_channel="", language="en", now=at(MONDAY, 9)
            )
        )

    threads = [threading.Thread(target=remind, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(written) == [0, 0, 4]
    assert sorted(names(book)) == ["A0", "A1", "A2", "A3"]


def test_a_morning_has_room_for_so_many_best_tiers_first_and_the_rest_comes_the_next_mornings(
    book: Book,
) -> None:
    due_on_monday(book, "C" * 6 + "B" * 6 + "A" * 6, owner_id=person(book))
    book.go(MONDAY)
    assert [name[0] for name in names(book)] == ["A"] * 6 + ["B"] * 2
    book.go(MONDAY, 15)
    assert len(names(book)) == CAP
    book.go(MONDAY + DAY, 8, 59)
    assert len(names(book)) == CAP
    book.go(MONDAY + DAY)
    assert [name[0] for name in names(book)[CAP:]] == ["B"] * 4 + ["C"] * 4
    book.go(MONDAY + 2 * DAY)
    assert [name[0] for name in names(book)[2 * CAP :]] == ["C"] * 2
    assert len(set(names(book))) == 18


def test_the_rest_of_a_friday_comes_on_monday(book: Book) -> None:
    due_on_monday(book, "A" * (CAP + 1), owner_id=person(book))
    friday = MONDAY + 4 * DAY
    book.plan()
    book.clock.advance(at(friday, 8) - book.clock.now())  # the process was down since Sunday
    with book.database.write() as session:
        session.exec(update(Touch).values(remind_at=at(friday)))
    book.go(friday)
    assert len(names(book)) == CAP
    for weekend in (1, 2):
        book.go(friday + weekend * DAY)
        assert len(names(book)) == CAP
    book.go(friday + 3 * DAY)
    assert len(names(book)) == CAP + 1


def test_the_cap_counts_by_the_recipients_day(book: Book) -> None:
    book.rules = rules(at_most_per_day=1)
    due_on_monday(book, "AA", owner_id=person(book, timezone="Asia/Tokyo"))
    # Nine on Monday and on Tuesday in Tokyo are midnight in London: both instants are of different days in both.
    book.go(MONDAY, zone="Asia/Tokyo")
    book.go(MONDAY, 23, zone="Asia/Tokyo")
    assert len(names(book)) == 1
    book.go(MONDAY + DAY, zone="Asia/Tokyo")
    assert len(names(book)) == 2


def test_somebody_who_changes_zones_is_not_reminded_twice_of_one_day(book: Book) -> None:
    owner = person(book, timezone="Asia/Shanghai")
    due_on_monday(book, "A", owner_id=owner)
    book.go(MONDAY, zone="Asia/Shanghai")
    with book.database.write() as session:
        session.get_one(Person, owner).timezone = "America/Los_Angeles"
    for day in (0, 1):
        book.go(MONDAY + day * DAY, zone="America/Los_Angeles")
    assert names(book) == ["A0"]


GONE: dict[str, dict[str, Any]] = {
    "switched off": {"active": False},
    "deactivated": {"slack_status": "left"},
    "a guest": {"slack_status": "guest"},
    "no account manager": {"role": "viewer"},
}


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize(
    ("lead", "channel", "default", "expected"),
    [
        ({"role": "team_lead"}, "#east", "#managers", "person:2"),
        ({"role": "account_manager"}, "#east", "#managers", "channel:#east"),  # may not see them
        ({"role": "team_lead", "active": False}, "#east", "#managers", "channel:#east"),
        ({"role": "team_lead", "slack_status": "left"}, "#east", "#managers", "channel:#east"),
        (None, "#east", "#managers", "channel:#east"),
        (None, None, "#managers", "channel:#managers"),
    ],
)
def test_an_owner_who_left_is_stood_in_for(
    book: Book, gone: str, lead: dict[str, Any] | None, channel: str | None, default: str, expected: str
) -> None:
    book.channel = default
    with book.database.write() as session:
        team = factories.team(session, channel=channel)
        owner = factories.person(session, "Anna", team_id=team)
        changes = {owner: GONE[gone]}
        if lead is not None:
            session.get_one(Team, team).lead_id = factories.person(session, "Olga")
            changes[session.get_one(Team, team).lead_id or 0] = lead
        for person_id, values in changes.items():
            for name, value in values.items():
                setattr(session.get_one(Person, person_id), name, value)
    due_on_monday(book, "A", owner_id=owner)
    book.go(MONDAY)
    assert book.reminded_of() == [(expected, "A0")]


@pytest.mark.parametrize("gone", [{}, {"active": False}, {"slack_status": "left"}], ids=str)
def test_the_deputy_is_reminded_until_the_end_and_then_the_owner_or_the_lead_again(
    book: Book, gone: dict[str, Any]
) -> None:
    with book.database.write() as session:
        team = factories.team(session)
        lead = factories.person(session, "Olga", role="team_lead", team_id=team)
        session.get_one(Team, team).lead_id = lead
        owner, deputy = factories.person(session, "Anna", team_id=team), factories.person(session, "Ben")
        session.get_one(Person, owner).sqlmodel_update(gone)
        ends = {"starts_at": book.clock.now(), "ends_at": at(MONDAY + DAY, 0)}
        session.add(Deputy(person_id=owner, deputy_id=deputy, **ends))
    book.rules = rules(at_most_per_day=1)
    due_on_monday(book, "AA", owner_id=owner)
    book.go(MONDAY)
    book.go(MONDAY + DAY)
    after = lead if gone else owner
    assert book.reminded_of() == [(f"person:{deputy}", "A0"), (f"person:{after}", "A1")]
    assert book.done(book.actor("U0OLGA")).outcome == "done"


def test_nobodys_customer_is_the_default_channels_and_a_channel_has_a_cap_too(book: Book) -> None:
    book.channel = "#managers"
    due_on_monday(book, "A" * (CAP + 2), owner_id=None)
    book.go(MONDAY)
    assert [address for address, _ in book.reminded_of()] == ["channel:#managers"] * CAP
    book.go(MONDAY + DAY)
    assert len(set(names(book))) == CAP + 2


def test_what_has_no_place_stays_due_and_holds_up_nobody(book: Book) -> None:
    lost = due_on_monday(book, "A" * 4, owner_id=None)
    due_on_monday(book, "B", owner_id=person(book))
    book.grade(dict.fromkeys(lost, "A") | {5: "B"})
    book.go(MONDAY)
    assert names(book) == ["B0"]
    assert {book.touch(customer).state for customer in lost} == {"planned"}
    book.channel = "#managers"
    book.remind()
    assert len(names(book)) == 5


def test_a_lead_hears_of_their_own_and_a_former_colleagues_customers_in_one_order(book: Book) -> None:
    book.rules = rules(at_most_per_day=2)
    with book.database.write() as session:
        team = factories.team(session)
        lead = factories.person(session, "Olga", role="team_lead", team_id=team)
        left = factories.person(session, "Anna", team_id=team, active=False)
        session.get_one(Team, team).lead_id = lead
    own = due_on_monday(book, "BB", owner_id=lead)
    taken_over = due_on_monday(book, "AA", owner_id=left)
    book.grade(dict.fromkeys(own, "B") | dict.fromkeys(taken_over, "A"))
    book.go(MONDAY)
    assert book.reminded_of() == [(f"person:{lead}", "A0"), (f"person:{lead}", "A1")]


def test_reminders_nobody_could_receive_yet_do_not_pile_up(book: Book) -> None:
    book.delivers = False
    owner = person(book, slack=False)
    due_on_monday(book, "A" * (CAP + 4), owner_id=owner)
    for day in range(4):
        book.go(MONDAY + day * DAY)
    assert len(names(book)) == CAP
    book.delivers = True
    book.go(MONDAY + 4 * DAY)
    book.go(MONDAY + 7 * DAY)
    assert len(names(book)) == CAP + 4


def test_an_archived_customer_is_not_spoken_of(book: Book) -> None:
    due_on_monday(book, "A", owner_id=person(book))
    book.plan()
    with book.database.write() as session:
        from db.book.customers import Customer

        session.get_one(Customer, 1).archived = True
    book.clock.advance(at(MONDAY) - book.clock.now())
    assert book.remind() == 0


def test_a_failure_half_way_leaves_neither_message_nor_mark(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = due_on_monday(book, "AA", owner_id=person(book))
    book.plan()
    book.clock.advance(at(MONDAY) - book.clock.now())
    enqueue = outbox.enqueue
    calls = []

    def fail_at_the_second(*args: Any, **values: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError
        return enqueue(*args, **values)

    monkeypatch.setattr(outbox, "enqueue", fail_at_the_second)
    with pytest.raises(ConnectionError):
        book.remind()
    assert (names(book), {book.touch(customer).state for customer in customers}) == ([], {"planned"})
    assert book.remind() == 2
