"""Contact people are greeted on their birthdays, once a year, and once where occasions overlap."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from bot.clock import FixedClock
from bot.services.care import occasions
from bot.services.care.digest import morning
from bot.services.care.dues import NotDue
from bot.services.care.plan import CarePlan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.services.care.views import explanation, preview
from bot.services.privacy import outgoing
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest
from bot.wording.care.greetings import Greetings
from bot.wording.messages import dump, load
from bot.wording.rendering import Renderer
from db.book.contact_people import ContactPerson
from db.book.facts import Activity
from db.care.touches import OPEN, Touch
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, Book, at, rules

pytestmark = on_sqlite

DAY = timedelta(days=1)
BIRTHDAY = {"id": "birthday", "kind": "birthday", "name": {"en": "Birthday greeting", "zh": "生日祝福"}}
GREETING = {
    "id": "greeting",
    "kind": "greeting",
    "name": {"en": "Holiday greeting", "zh": "节日问候"},
    "occasions": ["new_year", "spring_festival", "seollal", "mid_autumn", "christmas"],
    "days_before": 3,
}
PLAN = {
    "plan": "people",
    "version": 1,
    "tiers": {"A": [BIRTHDAY, GREETING], "B": [{**BIRTHDAY, "id": "congratulate"}], "C": [GREETING]},
}


def under(plan: dict[str, Any] = PLAN, zone: str = "UTC") -> CareRules:
    base = rules(zone)
    return CareRules(
        plans=CarePlans((CarePlan.model_validate(plan),)), zone=base.zone, remind_at=base.remind_at
    )


@pytest.fixture
def book(database: Database) -> Iterator[Book]:
    yield Book(database, rules=under(), clock=FixedClock(at(MONDAY - DAY)))
    for cached in (occasions.days, occasions.next_day):
        cached.cache_clear()


def customer(book: Book, tier: str = "A", country: str | None = "DE", **owner: Any) -> int:
    with book.database.write() as session:
        anna = factories.person(session, "Anna", **owner)
        found = factories.customer(session, "ACME", owner_id=anna, country=country)
    book.grade({found: tier})
    return found


def person(book: Book, customer_id: int, name: str = "Wang Li", **known: Any) -> int:
    with book.database.write() as session:
        return factories.contact_person(session, customer_id, name, **known)


def change(book: Book, person_id: int, **known: Any) -> None:
    with book.database.write() as session:
        session.exec(update(ContactPerson).where(col(ContactPerson.id) == person_id).values(**known))
    book.plan()


def days(book: Book, first: date, number: int) -> None:
    for day in range(number):
        book.go(first + day * DAY)


def said(book: Book) -> list[tuple[str, date, list[str]]]:
    """What was sent: coming up in a digest, or to be greeted, on which day, and whom."""
    found = []
    with book.database.read() as session:
        for row in session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))):
            message = load(json.loads(row.body_json))
            if isinstance(message, Greetings):
                people = [one.name for of in message.customers for one in of.people]
                found.append((f"greet {message.occasion.en}", row.created_at.date(), people))
            elif isinstance(message, CareDigest):
                coming = [one.person.name for one in message.rows if one.person]
                found.append(("coming up", row.created_at.date(), coming))
    return found


def birthdays(book: Book, **also: Any) -> list[Touch]:
    with book.database.read() as session:
        return list(session.exec(select(Touch).where(Touch.kind == "birthday").order_by(col(Touch.id))))


def test_a_birthday_entered_on_its_own_day_is_greeted_the_same_day(book: Book) -> None:
    acme = customer(book)
    book.go(MONDAY)
    person(book, acme, birthday=f"1985-{MONDAY:%m-%d}")
    book.go(MONDAY, 11)
    assert said(book) == [("greet Birthday", MONDAY, ["Wang Li"])]


@pytest.mark.parametrize("born", [1, 12], ids=["one", "more than find a place"])
def test_a_birthday_is_said_in_the_week_before_however_much_else_is_to_be_done(book: Book, born: int) -> None:
    revisit = {"id": "revisit", "kind": "revisit", "name": {"en": "Visit", "zh": "拜访"}, "counts": ["visit"]}
    steps = [BIRTHDAY, {**revisit, "every_days": 1, "at_most_days": 60, "again_days": 1}]
    book.rules = under({**PLAN, "tiers": {"A": steps}, "at_most_per_day": 50})
    acme = customer(book)
    with book.database.write() as session:
        others = [factories.customer(session, f"C{number}", owner_id=1) for number in range(25)]
        for other in (*others, acme):
            factories.contact(session, other, MONDAY - 5 * DAY)
    book.grade(dict.fromkeys([*others, acme], "A"))
    for number in range(born):
        person(book, acme, f"P{number}", birthday=f"--{MONDAY + 9 * DAY:%m-%d}")
    days(book, MONDAY, 9)
    coming = {name for what, _, names in said(book) if what == "coming up" for name in names}
    assert coming == {f"P{number}" for number in range(born)}


def test_of_more_birthdays_than_a_digest_announces_the_soonest_come_first(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(morning, "MOST_SOON", 1)
    acme = customer(book)
    person(book, acme, "Later", birthday=f"--{MONDAY + 6 * DAY:%m-%d}")
    person(book, acme, "Sooner", birthday=f"--{MONDAY + 4 * DAY:%m-%d}")
    book.go(MONDAY)
    assert said(book) == [("coming up", MONDAY, ["Sooner"])]


def test_an_occasion_on_which_nobody_is_greeted_any_more_is_not_missed(book: Book) -> None:
    """New Year is a week after Christmas: only who does not keep Christmas is greeted on it."""
    acme = customer(book)
    person(book, acme, "Hans")
    wang = person(book, acme, "Wang Li", culture="CN")
    new_year = date(2027, 1, 1)
    book.clock.advance(at(new_year - 20 * DAY) - book.clock.now())
    book.plan()
    change(book, wang, do_not_contact=True)
    days(book, new_year - 19 * DAY, 25)
    assert [what for what, _, _ in said(book)] == ["greet Christmas"]
    (touch,) = (one for one in book.touches(acme, "greeting") if one.anchor == new_year)
    assert (touch.state, touch.reason) == ("cancelled", "not an occasion of this customer any more")


@pytest.mark.parametrize(("entered", "birthday"), [((4, 11), 5), ((4, 20), 6), ((5, 11), 6), ((6, 20), 6)])
def test_a_birthday_on_a_day_off_that_is_entered_after_the_last_working_morning_is_said_on_the_day(
    book: Book, entered: tuple[int, int], birthday: int
) -> None:
    acme = customer(book)
    book.go(MONDAY + entered[0] * DAY, entered[1])
    person(book, acme, birthday=f"--{MONDAY + birthday * DAY:%m-%d}")
    for day in range(entered[0], 12):
        book.go(MONDAY + day * DAY, 21)
    assert said(book) == [("greet Birthday", MONDAY + birthday * DAY, ["Wang Li"])]


def test_a_birthday_is_said_a_week_before_and_greeted_on_its_day(book: Book) -> None:
    acme = customer(book)
    person(book, acme, role="CFO", birthday=f"1985-{MONDAY + 9 * DAY:%m-%d}")
    days(book, MONDAY, 12)
    assert said(book) == [
        ("coming up", MONDAY + 2 * DAY, ["Wang Li"]),
        ("greet Birthday", MONDAY + 9 * DAY, ["Wang Li"]),
    ]
    digest, greeting = (message for _, message in book.sent())
    assert isinstance(digest, CareDigest)
    slots = Renderer().slots(digest, "en")
    assert " · Birthday greeting: *Wang Li* (CFO)" in slots.rows[0]
    assert f"birthday on {MONDAY + 9 * DAY:%b} {(MONDAY + 9 * DAY).day}" in slots.rows[0]
    english, chinese = Renderer().slots(greeting, "en"), Renderer().slots(greeting, "zh")
    assert english.header.startswith("Birthday · ")
    assert chinese.header.startswith("生日 · ")
    body = "\n".join(english.body)
    assert "*Wang Li* (CFO)" in body
    assert "Dear Wang Li,\nHappy birthday!" in body
    assert load(dump(greeting)) == greeting


def test_who_is_greeted_is_answered_by_their_own_button(book: Book) -> None:
    acme = customer(book)
    for name in ("Wang Li", "Zoe"):
        person(book, acme, name, birthday=f"--{MONDAY + DAY:%m-%d}")
    days(book, MONDAY, 2)
    greeting = book.sent()[-1][1]
    assert isinstance(greeting, Greetings)
    assert [one.label for one in greeting.customers] == ["Wang Li", "Zoe"]
    wang, _ = greeting.customers
    book.done(book.actor("U0ANNA"), Pointer(id=wang.touch_id, version=wang.touch_version))
    states = [touch.state for touch in birthdays(book) if touch.due_on == MONDAY + DAY]
    assert states == ["done", "reminded"]
    with book.database.read() as session:
        (contact,) = session.exec(select(Activity)).all()
    assert contact.kind == "birthday"
    days(book, MONDAY + 2 * DAY, 12)
    assert [touch.state for touch in birthdays(book) if touch.due_on == MONDAY + DAY] == ["done", "missed"]
    following = [touch.due_on.year for touch in birthdays(book) if touch.state in OPEN]
    assert following == [MONDAY.year + 1] * 2


@pytest.mark.parametrize(
    ("known", "is_greeted"),
    [
        ({}, True),
        ({"greetings": "birthday"}, True),
        ({"greetings": "none"}, False),
        ({"do_not_contact": True}, False),
    ],
)
def test_only_those_are_greeted_who_want_it(book: Book, known: dict[str, Any], is_greeted: bool) -> None:
    acme = customer(book)
    person(book, acme, birthday=f"--{MONDAY + DAY:%m-%d}", **known)
    days(book, MONDAY, 3)
    assert bool(said(book)) == is_greeted
    assert bool(birthdays(book)) == is_greeted


def test_who_does_not_want_it_any_more_is_not_greeted_though_it_was_announced(book: Book) -> None:
    acme = customer(book)
    number = person(book, acme, birthday=f"--{MONDAY + 2 * DAY:%m-%d}")
    book.go(MONDAY)
    change(book, number, do_not_contact=True)
    days(book, MONDAY + DAY, 5)
    assert [kind for kind, _, _ in said(book)] == ["coming up"]
    (touch,) = birthdays(book)
    assert (touch.state, touch.reason) == (
        "cancelled",
        "the contact person is not greeted on their birthday any more",
    )
    change(book, number, do_not_contact=False)
    assert [touch.state for touch in birthdays(book)][-1] == "planned"


def test_who_is_erased_goes_from_the_messages_in_slack_that_name_others_too(book: Book) -> None:
    acme = customer(book)
    wang, _ = (person(book, acme, name, birthday=f"--{MONDAY + DAY:%m-%d}") for name in ("Wang Li", "Zoe"))
    days(book, MONDAY, 2)
    book.stand()
    with book.database.write() as session:
        outgoing.forget_contact_person(session, wang)
    drawn = [str(message) for message in book.redrawn()]
    assert [("Wang Li" in one, "Zoe" in one) for one in drawn] == [(False, True)] * 2


def test_a_birthday_on_a_day_off_is_greeted_on_the_last_working_day_before(book: Book) -> None:
    acme = customer(book)
    saturday, sunday = MONDAY + 5 * DAY, MONDAY + 6 * DAY
    person(book, acme, "Sam", birthday=f"--{saturday:%m-%d}")
    person(book, acme, "Sun", birthday=f"--{sunday:%m-%d}")
    days(book, MONDAY, 9)
    greeted = [one for one in said(book) if one[0] == "greet Birthday"]
    assert sorted(greeted, key=lambda one: one[2]) == [
        ("greet Birthday", MONDAY + 4 * DAY, ["Sam"]),
        ("greet Birthday", MONDAY + 4 * DAY, ["Sun"]),
    ]
    greeting = book.sent()[-1][1]
    first, *_ = Renderer().slots(greeting, "en").body
    assert "is a day off for you, so this comes on your last working day before it." in first


def test_a_lunar_birthday_comes_once_in_each_lunar_year_with_its_lunar_day(book: Book) -> None:
    """Over four years, of which one has none of the later birthday and one has two."""
    acme = customer(book)
    number = person(book, acme, birthday="lunar leap --06-30")
    late = person(book, acme, "Late", birthday="lunar --12-05")
    for year in range(2026, 2030):
        for month in range(1, 13):
            book.clock.advance(max(at(date(year, month, 1)) - book.clock.now(), timedelta()))
            book.plan()
    for whose in (number, late):
        anchors = [touch.anchor or date.min for touch in birthdays(book) if touch.contact_person_id == whose]
        keys = [touch.dedupe_key for touch in birthdays(book) if touch.contact_person_id == whose]
        assert keys == [f"birthday:{whose}:{year}" for year in range(2026, 2026 + len(keys))]
        assert 4 <= len(keys) <= 5
        assert all(350 < (later - earlier).days < 390 for earlier, later in pairwise(anchors))


def test_one_is_greeted_once_a_year_when_the_tier_and_with_it_the_step_changes(book: Book) -> None:
    acme = customer(book)
    person(book, acme, birthday=f"--{MONDAY + 5 * DAY:%m-%d}")  # a Saturday, so it is greeted on Friday
    days(book, MONDAY, 5)
    greeting = book.sent()[-1][1]
    assert isinstance(greeting, Greetings)
    (wang,) = greeting.customers
    book.done(book.actor("U0ANNA"), Pointer(id=wang.touch_id, version=wang.touch_version))
    book.grade({acme: "B"}, as_of=MONDAY + DAY)
    days(book, MONDAY + 5 * DAY, 10)
    assert [kind for kind, _, _ in said(book)].count("greet Birthday") == 1
    done, following = birthdays(book)
    assert (done.state, following.due_on.year) == ("done", MONDAY.year + 1)


def test_a_step_of_another_tier_takes_over_a_birthday_that_is_not_greeted_yet(book: Book) -> None:
    acme = customer(book)
    person(book, acme, birthday=f"--{MONDAY + 2 * DAY:%m-%d}")
    book.go(MONDAY)
    book.grade({acme: "B"}, as_of=MONDAY + DAY)
    days(book, MONDAY + DAY, 3)
    assert [kind for kind, _, _ in said(book)].count("greet Birthday") == 1
    (touch,) = birthdays(book)
    assert (touch.step, touch.state) == ("congratulate", "reminded")


@pytest.mark.parametrize("greeted", [False, True])
def test_a_corrected_birthday_is_greeted_once_in_its_year(book: Book, greeted: bool) -> None:
    acme = customer(book)
    number = person(book, acme, birthday=f"--{MONDAY + DAY:%m-%d}")
    days(book, MONDAY, 1 + greeted)
    change(book, number, birthday=f"--{MONDAY + 8 * DAY:%m-%d}")
    days(book, MONDAY + 2 * DAY, 20)
    times = [day for kind, day, _ in said(book) if kind == "greet Birthday"]
    assert times == [MONDAY + (1 if greeted else 8) * DAY]
    assert len({touch.dedupe_key for touch in birthdays(book)}) == len(birthdays(book))


def test_a_contact_of_a_birthday_does_not_count_as_the_greeting_of_an_occasion(book: Book) -> None:
    """Nor does a greeting on record answer a birthday: it does not say whom it greeted."""
    acme = customer(book, country="CN")
    person(book, acme, birthday=f"--{MONDAY + DAY:%m-%d}")
    book.plan()
    with book.database.write() as session:
        factories.contact(session, acme, MONDAY, "greeting")
    days(book, MONDAY, 2)
    assert [kind for kind, _, _ in said(book)] == ["coming up", "greet Birthday"]


def greeted_on(book: Book) -> dict[str, list[str]]:
    """Occasion -> whom its messages name."""
    found: dict[str, list[str]] = {}
    for kind, _, people in said(book):
        if kind.startswith("greet"):
            found.setdefault(kind.removeprefix("greet "), []).extend(people)
    return found


def test_people_of_two_cultures_are_greeted_each_once_on_overlapping_occasions(book: Book) -> None:
    """Christmas and New Year are a week apart: who has both is greeted on the first."""
    acme = customer(book, tier="C", country=None)
    person(book, acme, "Anna", culture="DE")
    person(book, acme, "Li", culture="CN", country="DE")
    person(book, acme, "Min", country="KR", culture="KR", greetings="birthday")
    book.clock.advance(at(date(2026, 12, 20)) - book.clock.now())
    days(book, date(2026, 12, 21), 14)
    assert greeted_on(book) == {"Christmas": ["Anna"], "New Year": ["Li"]}
    days(book, date(2027, 1, 30), 9)
    assert greeted_on(book)["Spring Festival"] == ["Li"]
    assert "Seollal (Korean New Year)" not in greeted_on(book)


def test_a_customer_with_contact_people_is_greeted_through_nobody_when_none_wants_it(book: Book) -> None:
    acme = customer(book, tier="C")
    person(book, acme, greetings="none")
    book.clock.advance(at(date(2026, 12, 20)) - book.clock.now())
    days(book, date(2026, 12, 21), 5)
    assert said(book) == []
    with book.database.read() as session:
        found = explanation.explain(session, factories.operator(), book.rules, acme, book.clock.now())
    assert [one.why_not for one in found.owed] == [NotDue.NOBODY]


def test_a_customer_without_contact_people_is_greeted_as_before(book: Book) -> None:
    customer(book, tier="C")
    book.clock.advance(at(date(2026, 12, 20)) - book.clock.now())
    days(book, date(2026, 12, 21), 14)
    assert greeted_on(book) == {"Christmas": [], "New Year": []}


def test_people_who_speak_several_languages_have_a_text_each_and_one_button(book: Book) -> None:
    acme = customer(book, tier="C")
    person(book, acme, "Anna", language="en")
    person(book, acme, "Li", country="DE", language="zh")
    book.clock.advance(at(date(2026, 12, 20)) - book.clock.now())
    days(book, date(2026, 12, 21), 5)
    ((_, greeting),) = book.sent()
    assert isinstance(greeting, Greetings)
    assert [(one.text.language, one.tiers[0].customers[0].people[0].name) for one in greeting.sections] == [
        ("en", "Anna"),
        ("zh", "Li"),
    ]
    assert len(greeting.open_customers) == 1
    rest = greeting.without_contact_person(1)
    assert [one.text.language for one in rest.sections] == ["zh"]
    assert rest.without_contact_person(2).is_empty


def test_a_person_who_was_removed_is_not_greeted(book: Book) -> None:
    acme = customer(book)
    number = person(book, acme, birthday=f"--{MONDAY + 2 * DAY:%m-%d}")
    later = person(book, acme, "Zoe", birthday=f"--{MONDAY + 9 * DAY:%m-%d}")
    book.go(MONDAY)
    with book.database.write() as session:
        for gone in (number, later):
            session.delete(session.get(ContactPerson, gone))
    book.clock.advance(DAY)
    book.remind()  # before planning has seen it
    days(book, MONDAY + 2 * DAY, 9)
    assert [(kind, people) for kind, _, people in said(book)] == [("coming up", ["Wang Li"])]
    assert {touch.state for touch in birthdays(book)} == {"cancelled"}


def test_a_call_says_the_hours_of_people_in_other_time_zones(book: Book) -> None:
    call = {
        "id": "call",
        "kind": "once",
        "name": {"en": "Call", "zh": "电话"},
        "after_days": 0,
        "what": "call",
        "channel": "phone",
        "counts": ["call"],
    }
    book.rules = under({**PLAN, "tiers": {"A": [call]}})
    acme = customer(book)
    person(book, acme, "Li", zone="Asia/Shanghai")
    person(book, acme, "Near", zone="UTC")
    person(book, acme, "Unknown")
    person(book, acme, "Never", zone="Asia/Tokyo", do_not_contact=True)
    book.go(MONDAY)
    (row,) = book.digests()[-1][1].rows
    assert [(one.name, one.there, one.here) for one in row.hours] == [("Li", "09:00–18:00", "01:00–10:00")]
    shown = Renderer().slots(book.digests()[-1][1], "en").rows[0]
    assert "Li: 09∶00–18∶00 there is 01∶00–10∶00 for you" in shown


def test_explanation_and_preview_say_what_planning_does(book: Book) -> None:
    acme = customer(book)
    person(book, acme, birthday="lunar --08-30")
    person(book, acme, "Unknown")
    for is_planned in (False, True):
        with book.database.read() as session:
            found = explanation.explain(session, factories.operator(), book.rules, acme, book.clock.now())
        birthday = next(one for one in found.owed if one.step.kind == "birthday")
        assert birthday.person == "Wang Li"
        assert "Where that month has 29 days it is kept on the 29th." in (birthday.rule or "")
        seen = preview.preview(
            book.database,
            book.rules,
            owners=None,
            days=366,
            today=MONDAY,
            now=book.clock.now(),
        )
        assert [count for due, count in seen.due.items() if due.kind == "birthday"] == [1]
        if is_planned:
            assert birthday.due_on == birthdays(book)[0].due_on
        book.plan()


def test_a_planned_book_is_not_changed_by_planning_it_again(book: Book) -> None:
    acme = customer(book)
    for number in range(3):
        person(book, acme, f"Person {number}", birthday=f"lunar --0{number + 1}-30")
    days(book, MONDAY, 3)
    assert book.plan() == 0
    with book.database.read() as session:
        assert looks_again(session) is not None


def looks_again(session: Session) -> Any:
    from db.care.planning import CustomerCare

    return session.exec(select(CustomerCare.look_at)).one()
