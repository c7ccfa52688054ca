"""What is due becomes one message a morning: for whom, with what in it, what waits, and what comes back."""

import json
import random
import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select, update

from bot.clock import FixedClock
from bot.services.care.conditions import Traits
from bot.services.care.digest import morning
from bot.services.care.plan import Also
from bot.services.schemes.store import tier_names
from bot.wording.care.digest import MOST_ROWS, CareRow
from bot.wording.rendering import Renderer
from db.book.customers import Customer
from db.book.people import Absence, Deputy, Person, Team
from db.care import due_touches, marks
from db.care.touches import Touch, TouchMessage
from db.engine import Database
from db.outbox.messages import OutboxMessage
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.conftest import (
    OpenAnother,
    all_on_postgresql,
    first_on_postgresql,
    none_on_postgresql,
    on_sqlite,
)
from tests.services.book import MONDAY, REVISIT_A, REVISIT_B, Book, at
from tests.services.delivery.outbox_harness import Harness

pytestmark = none_on_postgresql

DAY = timedelta(days=1)
CAP = 8  # of the shipped plan
LIMIT_A = 45  # days after the last contact
GAPS = {"A": REVISIT_A, "B": REVISIT_B, "C": 120}


@pytest.fixture
def book(database: Database) -> Book:
    return Book(database, clock=FixedClock(at(MONDAY - DAY)))


def due_on(
    book: Book, day: date, tiers: str, *, owner_id: int | None, country: str | None = None
) -> list[int]:
    """Customers of these tiers, one a letter, named after it and a number, due for a revisit on a day."""
    with book.database.write() as session:
        customers = []
        for number, tier in enumerate(tiers):
            customer = factories.customer(session, f"{tier}{number}", owner_id=owner_id, country=country)
            factories.contact(session, customer, day - GAPS[tier] * DAY, "call")
            customers.append(customer)
    book.grade(dict(zip(customers, tiers, strict=True)))
    return customers


def due_on_monday(book: Book, tiers: str, *, owner_id: int | None) -> list[int]:
    return due_on(book, MONDAY, tiers, owner_id=owner_id)


def person(book: Book, *args: object, **values: object) -> int:
    with book.database.write() as session:
        return factories.person(session, *args, **values)  # type: ignore[arg-type]


def names(book: Book) -> list[str]:
    return [name for _, name in book.reminded_of()]


def rows(book: Book) -> list[CareRow]:
    """The rows of the newest digest."""
    return list(book.digests()[-1][1].rows)


def change(book: Book, customer: int, **values: Any) -> None:
    with book.database.write() as session:
        session.exec(update(Touch).where(Touch.customer_id == customer).values(**values))  # type: ignore[arg-type]


def test_a_row_says_what_is_known(book: Book) -> None:
    (customer,) = due_on_monday(book, "A", owner_id=person(book, language="zh"))
    book.go(MONDAY)
    ((address, digest),) = book.digests()
    (row,) = digest.rows
    touch = book.touch(customer)
    assert (address, digest.day, digest.due, digest.overdue, digest.more) == ("person:1", MONDAY, 1, 0, 0)
    assert (row.name, row.tier.id, row.step.zh, row.kind, row.section) == (
        "A0",
        "A",
        "回访",
        "revisit",
        "due",
    )
    assert (row.due_on, row.left, row.over) == (MONDAY, LIMIT_A - REVISIT_A, 0)
    assert (row.touch_id, row.version, row.customer_id) == (touch.id, touch.version, customer)
    assert set(row.options) == {"visit", "meeting", "call"}
    assert (row.reminded, row.owner) == (0, None)
    assert (touch.state, touch.outbox_id) == ("reminded", 1)


@on_sqlite
@pytest.mark.parametrize(
    ("asked", "lifecycle", "said"),
    [
        ("lifecycle", "silent", True),
        ("rfm", "lost", True),
        ("lifecycle", "active", False),
        ("region", "silent", False),  # nothing keeps it up to date
    ],
)
def test_a_row_says_that_a_customer_has_not_ordered_for_long(
    database: Database, asked: str, lifecycle: str, said: bool
) -> None:
    value = {"lifecycle": ("lost",), "rfm": ("111",), "region": ("north",)}[asked]
    block = Also(when=Traits.model_validate({asked: value}), steps=())
    book = Book(database, clock=FixedClock(at(MONDAY - DAY))).with_rules(also=(block,))
    first, second = due_on_monday(book, "AA", owner_id=person(book))
    book.plan()
    with database.write() as session:
        marks.set_traits(session, {second: (lifecycle, None, None)})
    book.go(MONDAY)
    reasons = {row.customer_id: row.reasons for row in rows(book)}
    assert reasons == {first: (), second: ("silent",) if said else ()}
    assert [row.customer_id for row in rows(book)] == ([second, first] if said else [first, second])
    words = Renderer().slots(book.digests()[-1][1], "en").rows
    assert ["no order for long" in text for text in words] == ([True, False] if said else [False, False])


def test_one_message_has_everything_that_is_due_or_coming_up(book: Book) -> None:
    owner = person(book)
    with book.database.write() as session:
        found = [factories.customer(session, name, owner_id=owner) for name in ("late", "due", "soon", "far")]
        for customer, days in zip(found, (50, 30, 28, 20), strict=True):
            factories.contact(session, customer, MONDAY - days * DAY, "call")
    book.grade(dict.fromkeys(found, "A"))
    book.go(MONDAY)
    ((_, digest),) = book.digests()
    assert [(row.name, row.section, row.over) for row in digest.rows] == [
        ("late", "overdue", 5),
        ("due", "due", 0),
        ("soon", "soon", 0),
    ]
    assert (digest.overdue, digest.due, digest.soon) == (1, 1, 1)
    assert [book.touch(customer).state for customer in found] == [
        "reminded",
        "reminded",
        "planned",
        "planned",
    ]


def test_what_is_only_coming_up_makes_no_message(book: Book) -> None:
    due_on(book, MONDAY + DAY, "A", owner_id=person(book))
    book.go(MONDAY)
    assert book.sent() == []


def test_nothing_is_said_before_the_morning_and_nothing_twice(book: Book) -> None:
    due_on_monday(book, "A", owner_id=person(book))
    book.go(MONDAY, 8, 59)
    assert names(book) == []
    for hour in (9, 9, 10, 18):
        book.go(MONDAY, hour)
        assert names(book) == ["A0"]


def test_what_becomes_due_after_the_digest_comes_the_next_morning(book: Book) -> None:
    owner = person(book)
    due_on_monday(book, "A", owner_id=owner)
    book.go(MONDAY)
    due_on_monday(book, "B", owner_id=owner)
    book.go(MONDAY, 12)
    assert names(book) == ["A0"]
    book.go(MONDAY + DAY)
    assert [[row.name for row in digest.rows] for _, digest in book.digests()] == [["A0"], ["B0"]]


def test_what_nobody_answers_comes_back_with_its_age(book: Book) -> None:
    (customer,) = due_on_monday(book, "A", owner_id=person(book))
    days = []
    for day in range(12):
        book.go(MONDAY + day * DAY)
        if book.digests()[-1][1].day == MONDAY + day * DAY:
            days.append((day, rows(book)[0].reminded))
    assert days == [(0, 0), (3, 1), (7, 2), (10, 3)]  # every three days, on working days
    (row,) = rows(book)
    assert row.since == MONDAY
    assert "reminded 3 times since Mar 2, 2026" in Renderer().slots(book.digests()[-1][1], "en").rows[0]
    assert book.touch(customer).state == "reminded"


def test_what_comes_back_is_shown_on_its_last_day_at_the_latest(book: Book) -> None:
    (customer,) = due_on_monday(book, "A", owner_id=person(book))
    book.plan()
    change(book, customer, latest_on=MONDAY + DAY)
    book.clock.advance(at(MONDAY) - book.clock.now())
    book.remind()
    assert book.touch(customer).remind_at == at(MONDAY + DAY)


def test_the_buttons_of_an_earlier_digest_work_while_the_step_is_open(book: Book) -> None:
    due_on_monday(book, "A", owner_id=person(book))
    book.go(MONDAY)
    button = book.button()
    book.go(MONDAY + 3 * DAY)
    assert (len(book.digests()), book.button()) == (2, button)


def test_a_row_names_the_account_manager_where_somebody_else_reads_it(book: Book) -> None:
    anna, ben = person(book, "Anna"), person(book, "Ben")
    due_on_monday(book, "A", owner_id=anna)
    with book.database.write() as session:
        ends = {"starts_at": book.clock.now(), "ends_at": at(MONDAY + DAY)}
        session.add(Deputy(person_id=anna, deputy_id=ben, **ends))
    book.go(MONDAY)
    ((address, digest),) = book.digests()
    owner = digest.rows[0].owner
    assert (address, owner and owner.name) == (f"person:{ben}", "Anna")


def test_a_digest_that_cannot_be_delivered_makes_all_its_rows_due_again(book: Book) -> None:
    customers = due_on_monday(book, "AAB", owner_id=person(book))
    book.go(MONDAY)
    with book.database.write() as session:
        session.exec(update(OutboxMessage).values(state="pending"))
    harness = Harness(book.database)
    harness.slack.faults = lambda where, text: "refused"
    harness.clock.advance(at(MONDAY, 9, 5) - harness.clock.now())
    harness.deliver()
    assert harness.states() == ["dead"]
    assert {book.touch(customer).state for customer in customers} == {"planned"}
    book.go(MONDAY, 12)
    assert len(book.digests()) == 1  # the digest of today was written
    book.go(MONDAY + DAY)
    assert sorted(row.name for row in rows(book)) == ["A0", "A1", "B2"]


@pytest.mark.parametrize(
    ("works_until", "taken"), [(None, at(MONDAY + DAY, 0, 1)), ("18:00", at(MONDAY, 22))]
)
def test_a_digest_that_slack_takes_only_after_the_hours_of_the_day_comes_in_the_next_morning(
    book: Book, works_until: str | None, taken: datetime
) -> None:
    book.delivers = False
    due_on_monday(book, "A", owner_id=person(book))
    with book.database.write() as session:
        session.exec(update(Person).values(works_from=works_until and "08:00", works_until=works_until))
    book.go(MONDAY)
    harness = Harness(book.database)
    harness.clock.advance(taken - harness.clock.now())
    harness.deliver()
    assert harness.states() == ["dead"]
    book.go(MONDAY + DAY)
    assert [digest.day for _, digest in book.digests()] == [MONDAY, MONDAY + DAY]


@on_sqlite
def test_chance_decides_in_which_order_digests_are_written_and_nothing_else_does(book: Book) -> None:
    with book.database.write() as session:
        for number in range(9):
            owner = factories.person(session, f"Owner{number}")
            factories.complaint(session, factories.customer(session, owner_id=owner), MONDAY)
    book.clock.advance(at(MONDAY + DAY) - book.clock.now())
    assert morning.send_due(book.sending(), random.Random(7)) == 9
    expected = [f"person:{number}" for number in range(1, 10)]
    random.Random(7).shuffle(expected)
    assert [address for address, _ in book.digests()] == expected


@first_on_postgresql
def test_two_processes_at_once_write_one_digest(open_another: OpenAnother) -> None:
    databases = [open_another() for _ in range(3)]
    book = Book(databases[0], clock=FixedClock(at(MONDAY - DAY)))
    due_on_monday(book, "AAAA", owner_id=person(book))
    book.plan()
    tiers = tier_names({1: parse_scheme(factories.PLAIN_SCHEME, source="t")})
    written: list[int] = []
    together = threading.Barrier(len(databases))

    def remind(database: Database) -> None:
        other = Book(database, rules=book.rules, clock=FixedClock(at(MONDAY)))
        sending = other.sending()
        together.wait()
        written.append(morning.send_due(sending))

    threads = [threading.Thread(target=remind, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert tiers
    assert sorted(written) == [0, 0, 1]
    assert sorted(names(book)) == ["A0", "A1", "A2", "A3"]


def test_a_morning_has_room_for_so_many_best_tiers_first_and_the_rest_comes_the_next_mornings(
    book: Book,
) -> None:
    customers = due_on_monday(book, "C" * 6 + "B" * 6 + "A" * 6, owner_id=person(book))
    book.go(MONDAY)
    assert [name[0] for name in names(book)] == ["A"] * 6 + ["B"] * 2
    assert (book.digests()[0][1].more, book.digests()[0][1].due) == (0, CAP)
    book.go(MONDAY, 15)
    book.go(MONDAY + DAY, 8, 59)
    assert len(book.digests()) == 1
    book.go(MONDAY + DAY)
    assert sorted(row.name[0] for row in rows(book)) == ["B"] * 4 + ["C"] * 4
    book.go(MONDAY + 2 * DAY)
    assert [row.name[0] for row in rows(book)] == ["C"] * 2
    assert {book.touch(customer).state for customer in customers} == {"reminded"}


@first_on_postgresql
def test_the_days_of_who_does_some_steps_are_not_filled_by_the_steps_of_others(book: Book) -> None:
    anna, fay = person(book), person(book, "Fay", role="finance")
    annas = due_on(book, MONDAY + DAY, "A" * CAP, owner_id=anna)
    fays = due_on_monday(book, "B" * (CAP + 2), owner_id=anna)
    book.grade(dict.fromkeys(annas, "A") | dict.fromkeys(fays, "B"))
    book.plan()
    for customer in fays:
        change(book, customer, who="finance")
    book.clock.advance(at(MONDAY) - book.clock.now())
    book.remind()
    book.clock.advance(DAY)
    book.remind()
    shown = [
        (address, digest.day, sum(row.section != "soon" for row in digest.rows))
        for address, digest in book.digests()
    ]
    expected = [("person", anna, CAP, 1), ("person", fay, CAP, 0), ("person", fay, 2, 1)]
    assert sorted(shown) == sorted(
        (f"{kind}:{reader}", MONDAY + day * DAY, many) for kind, reader, many, day in expected
    )


@first_on_postgresql
def test_those_at_their_limit_stay_however_many_there_are(book: Book) -> None:
    customers = due_on_monday(book, "C" * (CAP + 12), owner_id=person(book))
    book.plan()
    for customer in customers:
        change(book, customer, latest_on=MONDAY)
    book.clock.advance(at(MONDAY) - book.clock.now())
    book.remind()
    ((_, digest),) = book.digests()
    assert (len(digest.rows), digest.due, digest.more) == (MOST_ROWS, CAP + 12, CAP + 12 - MOST_ROWS)
    assert {book.touch(customer).state for customer in customers} == {"reminded"}
    with book.database.read() as session:
        assert len(session.exec(select(TouchMessage)).all()) == CAP + 12
    assert Renderer().slots(digest, "en").footer == ("and 2 more: `/tier todo`",)


def test_what_a_digest_has_no_room_for_is_not_read_again_before_the_next_one(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(morning, "MOST_DUE", 3)
    customers = due_on_monday(book, "C" * 8, owner_id=person(book))
    for day, shown, read in ((MONDAY, 3, 0), (MONDAY + DAY, 6, 0), (MONDAY + 2 * DAY, 8, 0)):
        book.go(day)
        states = [book.touch(customer).state for customer in customers]
        with book.database.read() as session:
            due = due_touches.groups(session, at(day + DAY, 0))
        assert (states.count("reminded"), len(due)) == (shown, read)
    assert [digest.more for _, digest in book.digests()] == [5, 2, 0]


def test_the_rest_of_a_friday_comes_on_monday(book: Book) -> None:
    due_on_monday(book, "A" * (CAP + 1), owner_id=person(book))
    friday = MONDAY + 4 * DAY
    book.plan()
    book.clock.advance(at(friday, 8) - book.clock.now())  # the process was down since Sunday
    for day in range(4):
        book.go(friday + day * DAY)
    (first_day, first), (second_day, second) = [(digest.day, digest.rows) for _, digest in book.digests()]
    assert (first_day, second_day, len(first), len(second)) == (friday, friday + 3 * DAY, CAP, CAP)
    new = {row.name for row in second} - {row.name for row in first}
    assert len(new) == 1  # the others come back, and do not keep it out


def test_a_morning_is_that_of_the_readers_zone(book: Book) -> None:
    due_on_monday(book, "A", owner_id=person(book, timezone="Asia/Tokyo"))
    book.go(MONDAY, 8, 59, zone="Asia/Tokyo")
    assert names(book) == []
    book.go(MONDAY, 9, zone="Asia/Tokyo")
    assert names(book) == ["A0"]


def test_somebody_who_changes_zones_gets_one_digest_for_one_day(book: Book) -> None:
    owner = person(book, timezone="Asia/Shanghai")
    due_on_monday(book, "A", owner_id=owner)
    book.go(MONDAY, zone="Asia/Shanghai")
    with book.database.write() as session:
        session.get_one(Person, owner).timezone = "America/Los_Angeles"
    due_on_monday(book, "B", owner_id=owner)
    book.go(MONDAY, zone="America/Los_Angeles")
    assert names(book) == ["A0"]
    book.go(MONDAY + DAY, zone="America/Los_Angeles")
    assert names(book) == ["A0", "B0"]


@first_on_postgresql
def test_a_clock_that_is_set_back_makes_no_second_digest(book: Book) -> None:
    (customer,) = due_on_monday(book, "A", owner_id=person(book))
    book.go(MONDAY)
    change(book, customer, state="planned", remind_at=at(MONDAY))
    book.clock = FixedClock(at(MONDAY, 9, 30))
    book.remind()
    assert len(book.digests()) == 1


@on_sqlite
def test_a_clock_that_is_set_back_by_a_day_says_nothing_twice_and_forgets_nothing(database: Database) -> None:
    book = Book(database, clock=FixedClock(at(MONDAY - DAY)))
    tuesday = MONDAY + DAY
    owner = person(book)
    first, second = due_on(book, tuesday, "AA", owner_id=owner)
    book.go(MONDAY)
    book.go(tuesday)
    assert [digest.day for _, digest in book.digests()] == [tuesday]
    pressed = next(row.target for row in rows(book) if row.customer_id == first)
    book.done(book.actor("U0ANNA"), pressed, "call")

    def states() -> list[list[tuple[str, date, datetime]]]:
        return [
            [(touch.state, touch.due_on, touch.remind_at) for touch in book.touches(customer)]
            for customer in (first, second)
        ]

    before = states()
    book.clock = FixedClock(at(MONDAY, 10))
    for hour in (10, 12, 15):
        book.go(MONDAY, hour)
    for hour in (9, 12):
        book.go(tuesday, hour)
    assert [digest.day for _, digest in book.digests()] == [tuesday]
    assert states() == before
    (third,) = due_on(book, tuesday, "A", owner_id=owner)
    book.go(tuesday, 13)
    assert len(book.digests()) == 1
    book.go(tuesday + DAY)
    assert [row.customer_id for row in rows(book) if row.section != "soon"] == [third]


GONE: dict[str, dict[str, Any]] = {
    "switched off": {"active": False},
    "deactivated": {"slack_status": "left"},
    "a guest": {"slack_status": "guest"},
    "no account manager": {"role": "viewer"},
}


@all_on_postgresql
@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize(
    ("lead", "channel", "default", "expected"),
    [
        ({"role": "team_lead"}, "#east", "#managers", "person:2"),
        ({"role": "account_manager"}, "#east", "#managers", "channel:#east"),  # may not see them
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


WHO = {
    "the owner": ({}, "Anna"),
    "the lead": ({"who": "lead"}, "Olga"),
    "a role, in the owner's team first": ({"who": "sales_ops"}, "Tom"),
    "a role, in the firm": ({"who": "finance"}, "Fay"),
    "a role that nobody has": ({"who": "admin"}, "Anna"),
    "to whom it was given": ({"assignee_id": "Tom"}, "Tom"),
    "to whom it was given, whose team does not see the customer": ({"assignee_id": "Ben"}, "Ben"),
    "to whom it was given, who has left": ({"assignee_id": "Gus"}, "Anna"),
}


@all_on_postgresql
@pytest.mark.parametrize("case", WHO)
def test_a_step_is_shown_to_who_does_it(book: Book, case: str) -> None:
    values, expected = WHO[case]
    with book.database.write() as session:
        east, west = factories.team(session, "East"), factories.team(session, "West")
        people = {
            "Sam": factories.person(session, "Sam", role="sales_ops", team_id=west),
            "Anna": factories.person(session, "Anna", team_id=east),
            "Ben": factories.person(session, "Ben", team_id=west),
            "Olga": factories.person(session, "Olga", role="team_lead", team_id=east),
            "Tom": factories.person(session, "Tom", role="sales_ops", team_id=east),
            "Fay": factories.person(session, "Fay", role="finance"),
            "Gus": factories.person(session, "Gus", team_id=east, active=False),
        }
        session.get_one(Team, east).lead_id = people["Olga"]
    (customer,) = due_on_monday(book, "A", owner_id=people["Anna"])
    book.plan()
    change(book, customer, version=1, **{n: people.get(str(value), value) for n, value in values.items()})
    book.clock.advance(at(MONDAY) - book.clock.now())
    book.remind()
    assert book.reminded_of() == [(f"person:{people[expected]}", "A0")]


@first_on_postgresql
def test_nobodys_customers_come_in_one_message_of_the_default_channel(book: Book) -> None:
    book.channel = "#managers"
    due_on_monday(book, "A" * (CAP + 2), owner_id=None)
    book.go(MONDAY)
    ((address, digest),) = book.digests()
    assert (address, len(digest.rows)) == ("channel:#managers", CAP)
    book.go(MONDAY + DAY)
    assert len(set(names(book))) == CAP + 2


@on_sqlite
def test_a_channel_of_several_teams_has_the_language_of_the_first_of_their_people(book: Book) -> None:
    with book.database.write() as session:
        for number in range(20):
            language = "en" if number else "zh"
            team = factories.team(session, f"Team {number}", channel="#shared", language=language)
            gone = factories.person(session, f"Gone{number}", team_id=team, active=False)
            customer = factories.customer(session, owner_id=gone)
            factories.complaint(session, customer, MONDAY)
    book.go(MONDAY + DAY)
    with book.database.read() as session:
        ((address, body),) = session.exec(select(OutboxMessage.address, OutboxMessage.body_json))
    assert (address, json.loads(body)["language"]) == ("channel:#shared", "zh")


def test_what_has_no_place_stays_due_and_holds_up_nobody(book: Book) -> None:
    lost = due_on_monday(book, "A" * 4, owner_id=None)
    (other,) = due_on_monday(book, "B", owner_id=person(book))
    book.grade(dict.fromkeys(lost, "A") | {other: "B"})
    book.go(MONDAY)
    assert names(book) == ["B0"]
    assert {book.touch(customer).state for customer in lost} == {"planned"}
    book.channel = "#managers"
    book.remind()
    assert len(names(book)) == 5


def test_a_lead_hears_of_their_own_and_a_former_colleagues_customers_in_one_message(book: Book) -> None:
    with book.database.write() as session:
        team = factories.team(session)
        lead = factories.person(session, "Olga", role="team_lead", team_id=team)
        left = factories.person(session, "Anna", team_id=team, active=False)
        session.get_one(Team, team).lead_id = lead
    own = due_on_monday(book, "BB", owner_id=lead)
    taken_over = due_on_monday(book, "AA", owner_id=left)
    book.grade(dict.fromkeys(own, "B") | dict.fromkeys(taken_over, "A"))
    book.go(MONDAY)
    assert book.reminded_of() == [(f"person:{lead}", name) for name in ("A0", "A1", "B0", "B1")]
    assert len(book.digests()) == 1


@pytest.mark.parametrize("deputy", [True, False])
def test_nobody_is_asked_on_a_day_off(book: Book, deputy: bool) -> None:
    anna, ben = person(book, "Anna"), person(book, "Ben")
    due_on_monday(book, "A", owner_id=anna)
    with book.database.write() as session:
        session.add(Absence(person_id=anna, first_day=MONDAY, last_day=MONDAY + DAY))
        if deputy:
            ends = {"starts_at": at(MONDAY, 0), "ends_at": at(MONDAY + 2 * DAY, 0)}
            session.add(Deputy(person_id=anna, deputy_id=ben, **ends))
    for day in range(3):
        book.go(MONDAY + day * DAY)
    expected = (ben, MONDAY) if deputy else (anna, MONDAY + 2 * DAY)
    assert [(address, digest.day) for address, digest in book.digests()] == [
        (f"person:{expected[0]}", expected[1])
    ]


def test_an_archived_customer_is_not_spoken_of(book: Book) -> None:
    due_on_monday(book, "A", owner_id=person(book))
    book.plan()
    with book.database.write() as session:
        session.get_one(Customer, 1).archived = True
    book.clock.advance(at(MONDAY) - book.clock.now())
    assert book.remind() == 0


def test_a_failure_half_way_leaves_neither_message_nor_mark(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = due_on_monday(book, "AA", owner_id=person(book))
    book.plan()
    book.clock.advance(at(MONDAY) - book.clock.now())

    def fail(*args: Any, **values: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("db.care.due_touches.link", fail)
        with pytest.raises(ConnectionError):
            book.remind()
    assert (book.sent(), {book.touch(customer).state for customer in customers}) == ([], {"planned"})
    assert book.remind() == 1


def late_book(book: Book, customers: int) -> tuple[int, list[int]]:
    """A person with customers whose last contact was a year ago, as a first import brings them."""
    owner = person(book)
    return owner, due_on(book, MONDAY - 300 * DAY, "A" * customers, owner_id=owner)


def shown_each_morning(book: Book, days: int) -> list[int]:
    found = []
    for day in range(days):
        before = len(book.digests())
        book.go(MONDAY + day * DAY)
        found.append(sum(one.overdue for _, one in book.digests()[before:]))
    return found


def test_what_was_late_before_it_was_ever_shown_begins_with_some_each_morning(book: Book) -> None:
    _, customers = late_book(book, 2 * CAP + 3)
    assert shown_each_morning(book, 3) == [CAP, CAP, 3]
    assert {book.touch(customer).state for customer in customers} == {"reminded"}


@first_on_postgresql
def test_what_an_earlier_version_reminded_of_comes_back_with_some_each_morning(book: Book) -> None:
    _, customers = late_book(book, 2 * CAP + 3)
    book.plan()
    for customer in customers:  # once, and never again
        change(book, customer, state="reminded", remind_at=at(MONDAY - 100 * DAY), latest_on=None, plan=None)
    assert shown_each_morning(book, 3) == [CAP, CAP, 3]


def test_what_was_shown_and_is_late_comes_back_all_together(book: Book) -> None:
    late_book(book, CAP + 4)
    assert shown_each_morning(book, 5) == [CAP, 4, 0, CAP, 4]


@pytest.mark.parametrize(
    "zone", ["Pacific/Auckland", "Pacific/Kiritimati", "Asia/Shanghai", "UTC", "Pacific/Pago_Pago"]
)
def test_a_digest_counts_the_reminders_of_a_step_by_the_days_of_its_reader(
    database: Database, zone: str
) -> None:
    book = Book(database, clock=FixedClock(at(MONDAY - 4 * DAY)))
    with database.write() as session:
        acme = factories.customer(session, "ACME", owner_id=factories.person(session, "Anna", timezone=zone))
        factories.contact(session, acme, MONDAY - REVISIT_A * DAY, "call")
    book.grade({acme: "A"})
    for days in range(4):
        book.go(MONDAY + days * DAY, zone=zone)
    shown = [(digest.day, row.reminded, row.since) for _, digest in book.digests() for row in digest.rows]
    assert shown == [(MONDAY, 0, None), (MONDAY + 3 * DAY, 1, MONDAY)]
