"""Which step of the care plan is due when, as rows."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, delete, update

from bot.services.care import schedule
from bot.wording.actions import Pointer
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.book.people import Person
from db.care import touches
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.conftest import OpenAnother, first_on_postgresql, none_on_postgresql
from tests.services.book import FOLLOW_UP, MONDAY, REVISIT_A, REVISIT_B, Book, at, rules

pytestmark = none_on_postgresql

DAY = timedelta(days=1)
FRIDAY = MONDAY - 3 * DAY


@pytest.fixture
def book(database: Database) -> Book:
    return Book(database)


def owned(book: Book, tier: str = "A", *, timezone: str | None = "UTC", **values: object) -> int:
    """A graded customer with an owner of its own."""
    with book.database.write() as session:
        owner = factories.person(session, f"Owner{next(factories._numbers)}", timezone=timezone)
        customer = factories.customer(session, owner_id=owner, **values)  # type: ignore[arg-type]
    book.grade({customer: tier})
    return customer


def visit(book: Book, customer: int, day: date, kind: str = "visit") -> None:
    with book.database.write() as session:
        factories.contact(session, customer, day, kind)


def test_a_revisit_is_due_its_days_after_the_last_contact_that_counts(book: Book) -> None:
    customer = owned(book)
    visit(book, customer, FRIDAY, "call")
    visit(book, customer, MONDAY, "gift")  # does not count
    book.plan()
    due = FRIDAY + REVISIT_A * DAY
    assert book.states(customer) == [("planned", due)]
    assert due.weekday() == 6
    assert book.touch(customer).remind_at == at(due + DAY)


@pytest.mark.parametrize(
    ("zone", "hour_in_utc"), [("Asia/Shanghai", 1), ("Europe/Berlin", 7), ("America/New_York", 13)]
)
def test_a_revisit_comes_at_nine_where_its_owner_is(book: Book, zone: str, hour_in_utc: int) -> None:
    customer = owned(book, timezone=zone)
    visit(book, customer, MONDAY)
    book.plan()
    # By then it is the first of April, summer time in Berlin and New York.
    assert book.touch(customer).remind_at == at(MONDAY + REVISIT_A * DAY, hour_in_utc)


def test_without_an_owner_or_with_an_unknown_zone_the_firms_time_counts(database: Database) -> None:
    book = Book(database, rules=rules("Asia/Tokyo"))
    with database.write() as session:
        orphan = factories.customer(session)
    odd = owned(book, timezone="Moon/Crater")
    book.grade({orphan: "A", odd: "A"})
    for customer in (orphan, odd):
        visit(book, customer, MONDAY)
    book.plan()
    assert {book.touch(customer).remind_at for customer in (orphan, odd)} == {at(MONDAY + REVISIT_A * DAY, 0)}


def test_planning_twice_changes_nothing(book: Book) -> None:
    customers = [owned(book, tier, country="CN") for tier in ("A", "B", "C", "new", "unrated", "X")]
    book.grade(dict(zip(customers, ("A", "B", "C", "new", "unrated", "X"), strict=True)))
    visit(book, customers[0], MONDAY - 3 * DAY)
    # A revisit each; for A and B greetings on the Spring Festival and New Year; a follow-up for A.
    assert book.plan() == 6 + 2 * 2 + 1
    assert [book.plan() for _ in range(2)] == [0, 0]
    for later in (1, 9, 40):
        book.clock.advance(later * DAY)
        book.plan()
        assert book.plan() == 0


def test_a_blocked_customer_gets_nothing_and_all_of_it_again_when_unblocked(book: Book) -> None:
    customer = owned(book, "blocked")
    visit(book, customer, MONDAY)
    assert book.plan() == 0
    book.grade({customer: "A"})
    book.plan()
    planned = [book.touch(customer, step).dedupe_key for step in ("revisit", "vip_follow_up", "greeting")]
    book.grade({customer: "blocked"})
    assert book.plan() == 3
    assert {book.touch(customer, step).state for step in ("revisit", "vip_follow_up", "greeting")} == {
        "cancelled"
    }
    book.grade({customer: "A"})
    assert book.plan() == 3
    for step, key in zip(("revisit", "vip_follow_up", "greeting"), planned, strict=True):
        again = book.touch(customer, step)
        assert (again.state, again.dedupe_key, again.closed_at, again.reason) == ("planned", key, None, None)


def test_a_tier_change_moves_what_is_planned_and_cancels_what_the_new_tier_lacks(book: Book) -> None:
    customer = owned(book, "A")
    visit(book, customer, MONDAY)
    book.plan()
    book.grade({customer: "B"})
    book.plan()
    moved = book.touch(customer)
    assert (moved.state, moved.due_on, moved.tier) == ("planned", MONDAY + REVISIT_B * DAY, "B")
    follow_up = book.touch(customer, "vip_follow_up")
    assert (follow_up.state, follow_up.reason) == ("cancelled", "not a step of this tier")


def test_what_was_shown_gets_the_window_of_a_new_tier_and_does_not_pass_for_done(book: Book) -> None:
    customer = owned(book, "A")
    visit(book, customer, MONDAY - REVISIT_A * DAY)
    book.go(MONDAY)
    shown = book.touch(customer)
    assert shown.state == "reminded"
    book.grade({customer: "B"})
    book.plan()
    moved = book.touch(customer)
    due = MONDAY + (REVISIT_B - REVISIT_A) * DAY
    assert (moved.id, moved.state, moved.due_on, moved.latest_on) == (
        shown.id,
        "planned",
        due,
        due + 30 * DAY,
    )
    assert moved.remind_at == at(due)
    assert book.plan() == 0


@first_on_postgresql
def test_so_does_a_plan_with_longer_gaps(book: Book) -> None:
    customer = owned(book, "A")
    visit(book, customer, MONDAY - REVISIT_A * DAY)
    book.go(MONDAY)
    plan = book.rules.plans.plans[0]
    longer = plan.tiers["A"].steps[0].model_copy(update={"every_days": 45})
    tiers = {**plan.tiers, "A": plan.tiers["A"].model_copy(update={"steps": (longer,)})}
    changed = book.with_rules(tiers=tiers)
    changed.plan()
    assert book.states(customer) == [("planned", MONDAY + 15 * DAY)]
    assert book.touch(customer).latest_on == MONDAY + 15 * DAY  # at_most_days is 45 too


def test_a_new_book_is_spread_over_one_gap_and_stays_there_when_graded_again(book: Book) -> None:
    with book.database.write() as session:
        customers = [factories.customer(session) for _ in range(60)]
    book.grade(dict.fromkeys(customers, "A"))
    book.plan()
    due = {customer: book.touch(customer).due_on for customer in customers}
    assert {(day - MONDAY).days for day in due.values()} == set(range(1, REVISIT_A + 1))
    book.grade(dict.fromkeys(customers, "A"), as_of=MONDAY + 5 * DAY)
    book.plan()
    assert {customer: book.touch(customer).due_on for customer in customers} == due


def test_nobody_on_record_and_a_better_tier_means_sooner(book: Book) -> None:
    with book.database.write() as session:
        customers = [factories.customer(session) for _ in range(40)]
    book.grade(dict.fromkeys(customers, "C"))
    book.plan()
    book.grade(dict.fromkeys(customers, "A"))
    book.plan()
    assert all(book.touch(customer).due_on <= MONDAY + REVISIT_A * DAY for customer in customers)


def test_only_the_run_of_what_a_customer_is_now_counts(book: Book) -> None:
    with book.database.write() as session:
        customer = factories.customer(session)
    book.grade({customer: "P1"}, purpose="prospect")
    book.grade({customer: "A"})
    book.plan()
    assert book.touch(customer).tier == "A"
    assert book.plan() == 0


def test_archiving_a_customer_cancels_what_is_open(book: Book) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY - REVISIT_A * DAY)
    book.go(MONDAY)
    with book.database.write() as session:
        session.get_one(Customer, customer).archived = True
    book.plan()
    assert {book.touch(customer, step).state for step in ("revisit", "greeting")} == {"cancelled"}
    assert book.plan() == 0


def test_a_contact_moves_what_is_planned_and_closes_what_is_reminded(book: Book) -> None:
    planned, reminded = owned(book), owned(book)
    book.grade({planned: "A", reminded: "A"})
    visit(book, planned, MONDAY - 5 * DAY)
    visit(book, reminded, MONDAY - REVISIT_A * DAY)
    book.go(MONDAY)
    for customer in (planned, reminded):
        visit(book, customer, MONDAY - DAY, "call")
    book.plan()
    due = MONDAY - DAY + REVISIT_A * DAY
    assert book.states(planned) == [("planned", due)]
    assert book.states(reminded) == [("done", MONDAY), ("planned", due)]
    assert book.plan() == 0


def test_a_contact_that_was_taken_back_takes_its_dates_along(book: Book) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY - 5 * DAY)
    with book.database.write() as session:
        wrong = factories.contact(session, customer, MONDAY)
    book.plan()
    with book.database.write() as session:
        session.delete(session.get_one(Activity, wrong))
    book.plan()
    assert book.states(customer) == [("planned", MONDAY - 5 * DAY + REVISIT_A * DAY)]
    assert book.states(customer, "vip_follow_up") == [("planned", MONDAY - 5 * DAY + FOLLOW_UP * DAY)]


def test_a_follow_up_whose_contact_was_taken_back_is_open_again(book: Book) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY - FOLLOW_UP * DAY)
    book.go(MONDAY)
    visit(book, customer, MONDAY, "call")
    book.plan()
    done = book.touch(customer, "vip_follow_up")
    assert (done.state, done.reason) == ("done", "contact logged")
    with book.database.write() as session:
        session.delete(session.get_one(Activity, done.activity_id))
    book.plan()
    again = book.touch(customer, "vip_follow_up")
    assert (again.id, again.state, again.activity_id, again.closed_at) == (done.id, "planned", None, None)


def test_a_follow_up_of_a_visit_that_was_taken_back_is_over_whatever_visits_there_were_before(
    book: Book,
) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY - 60 * DAY)  # too long ago to come back to
    with book.database.write() as session:
        wrong = factories.contact(session, customer, MONDAY)
    book.plan()
    assert book.states(customer, "vip_follow_up") == [("planned", MONDAY + FOLLOW_UP * DAY)]
    with book.database.write() as session:
        session.delete(session.get_one(Activity, wrong))
    book.plan()
    assert book.states(customer, "vip_follow_up") == [("cancelled", MONDAY + FOLLOW_UP * DAY)]


def test_a_revisit_whose_contact_was_taken_back_is_open_again_whatever_other_contacts_there_are(
    book: Book,
) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY - 2 * REVISIT_A * DAY, "call")
    for day in (MONDAY - REVISIT_A * DAY, MONDAY):
        book.plan()
        visit(book, customer, day, "call")
    book.plan()
    _, second, third = book.touches(customer)
    assert [second.state, third.state] == ["done", "planned"]
    with book.database.write() as session:
        session.delete(session.get_one(Activity, second.activity_id))
    book.plan()
    first, again, cancelled = book.touches(customer)
    assert [first.state, again.state, cancelled.state] == ["done", "planned", "cancelled"]
    assert (again.id, again.anchor, again.activity_id) == (second.id, MONDAY - REVISIT_A * DAY, None)


def test_a_call_fulfils_a_follow_up_that_nobody_was_shown(book: Book) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY)
    book.plan()
    visit(book, customer, MONDAY + DAY, "call")
    book.clock.advance(DAY)
    book.plan()
    assert book.states(customer, "vip_follow_up") == [("done", MONDAY + FOLLOW_UP * DAY)]
    assert book.states(customer) == [("planned", MONDAY + DAY + REVISIT_A * DAY)]


@first_on_postgresql
def test_a_skipped_revisit_is_asked_for_again_one_gap_after_the_skip(book: Book) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY - REVISIT_A * DAY)
    book.go(MONDAY)
    shown = book.touch(customer)
    with book.database.write() as session:
        values = {"state": "skipped", "closed_at": book.clock.now(), "closed_by": 1}
        touches.move(session, shown.id or 0, shown.version, **values)
    book.plan()
    assert book.states(customer) == [("skipped", MONDAY), ("planned", MONDAY + REVISIT_A * DAY)]


def test_a_greeting_for_a_day_off_is_shown_on_the_working_day_before(book: Book) -> None:
    """Three days before the first of January 2028 is a Wednesday, and of 2030 a Saturday."""
    for year, shown in ((2028, date(2027, 12, 29)), (2030, date(2029, 12, 28))):
        book.clock.advance(at(date(year - 1, 12, 1)) - book.clock.now())
        customer = owned(book, "B", country="DE")
        book.plan()
        assert book.touch(customer, "greeting").due_on == date(year, 1, 1) - 3 * DAY
        assert book.touch(customer, "greeting").remind_at == at(shown)


def test_a_follow_up_comes_after_each_visit_but_not_weeks_late(book: Book) -> None:
    fresh, stale = owned(book), owned(book)
    book.grade({fresh: "A", stale: "A"})
    visit(book, fresh, MONDAY - (FOLLOW_UP + 21) * DAY)
    visit(book, stale, MONDAY - (FOLLOW_UP + 22) * DAY)
    book.plan()
    assert book.states(fresh, "vip_follow_up") == [("planned", MONDAY - 21 * DAY)]
    assert book.touch(fresh, "vip_follow_up").remind_at == at(MONDAY)
    assert book.touches(stale, "vip_follow_up") == []
    visit(book, fresh, MONDAY, "meeting")
    book.plan()
    assert book.states(fresh, "vip_follow_up") == [
        ("done", MONDAY - 21 * DAY),
        ("planned", MONDAY + FOLLOW_UP * DAY),
    ]


def test_greetings_follow_the_calendar_once_an_occasion_and_come_again_next_year(database: Database) -> None:
    book = Book(database)
    book.clock.advance(at(date(2026, 1, 20)) - book.clock.now())
    chinese, german, unknown = (owned(book, "B", country=country) for country in ("China", "DE", None))
    book.grade({chinese: "B", german: "B", unknown: "B"}, as_of=date(2026, 1, 19))
    book.plan()
    festival, new_year = ("planned", date(2026, 2, 17) - 3 * DAY), ("planned", date(2027, 1, 1) - 3 * DAY)
    assert book.states(chinese, "greeting") == [festival, new_year]
    for customer in (german, unknown):
        assert book.states(customer, "greeting") == [new_year]
    book.go(date(2026, 2, 13))  # the 14th is a Saturday
    assert book.states(chinese, "greeting")[0] == ("reminded", date(2026, 2, 14))
    (greeting,) = (touch for touch in book.touches(chinese, "greeting") if touch.state == "reminded")
    book.done(book.actor(owner_of(book, chinese)), Pointer(id=greeting.id or 0, version=greeting.version))
    for day in (date(2026, 2, 15), date(2026, 2, 16), date(2026, 2, 18)):
        book.go(day)
        assert book.states(chinese, "greeting") == [
            ("done", date(2026, 2, 14)),
            new_year,
            ("planned", date(2027, 2, 6) - 3 * DAY),
        ]


def test_a_greeting_nobody_pressed_done_on_is_missed_a_week_after_and_the_next_one_planned(
    book: Book,
) -> None:
    customer = owned(book, "B", country="DE")
    book.go(date(2026, 12, 29))
    for day, state in ((date(2027, 1, 8), "reminded"), (date(2027, 1, 9), "missed")):
        book.go(day)
        assert book.touches(customer, "greeting")[0].state == state
    assert book.states(customer, "greeting")[1:] == [("planned", date(2028, 1, 1) - 3 * DAY)]


def test_a_greeting_that_found_no_place_is_missed_with_its_reason(book: Book) -> None:
    with book.database.write() as session:
        customer = factories.customer(session, country="DE")
    book.grade({customer: "B"})
    book.go(date(2026, 12, 29))
    book.go(date(2027, 1, 3))  # until then it could still be said
    assert book.touch(customer, "greeting").state == "planned"
    book.go(date(2027, 1, 4))
    missed, following = book.touches(customer, "greeting")
    assert (missed.state, missed.reason, following.state) == ("missed", "the holiday is past", "planned")


def test_a_customer_graded_shortly_before_a_holiday_is_greeted_in_time_or_next_year(book: Book) -> None:
    new_year = date(2027, 1, 1)
    book.clock.advance(at(new_year, 8) - book.clock.now())
    early = owned(book, "B")
    book.plan()
    book.clock.advance(2 * timedelta(hours=1))  # ten o'clock on the day itself: nine has passed
    late = owned(book, "B")
    book.grade({early: "B", late: "B"})
    book.plan()
    assert book.touch(early, "greeting").remind_at == at(new_year)
    assert book.touch(late, "greeting").due_on == date(2028, 1, 1) - 3 * DAY


def test_a_greeting_waiting_its_turn_on_the_holiday_is_not_moved_a_year(book: Book) -> None:
    customer = owned(book, "B")
    book.plan()
    book.clock.advance(at(date(2027, 1, 1), 9, 5) - book.clock.now())
    book.plan()
    assert book.states(customer, "greeting") == [("planned", date(2027, 1, 1) - 3 * DAY)]


@first_on_postgresql
def test_a_customer_that_moves_abroad_is_greeted_on_the_other_holiday(book: Book) -> None:
    customer = owned(book, "B", country="CN")
    book.plan()
    with book.database.write() as session:
        session.get_one(Customer, customer).country = "FR"
    book.plan()
    new_year, festival = book.touches(customer, "greeting")
    assert (new_year.state, new_year.due_on) == ("planned", date(2027, 1, 1) - 3 * DAY)
    assert (festival.state, festival.reason) == ("cancelled", "not an occasion of this customer any more")


def test_an_owner_who_moves_or_is_replaced_is_reminded_in_the_new_morning(book: Book) -> None:
    customer = owned(book, timezone="Asia/Shanghai")
    visit(book, customer, MONDAY)
    book.plan()
    due = MONDAY + REVISIT_A * DAY
    assert book.touch(customer).remind_at == at(due, 1)
    with book.database.write() as session:
        owner = session.get_one(Ownership, 1)
        session.get_one(Person, owner.person_id).timezone = "America/New_York"
    assert book.plan() == 3  # the revisit, the follow-up, the greeting
    assert book.touch(customer).remind_at == at(due, 13)


def test_what_is_due_right_now_is_left_to_be_said(book: Book) -> None:
    customer = owned(book)
    visit(book, customer, MONDAY - REVISIT_A * DAY)
    book.plan()
    book.clock.advance(at(MONDAY, 9, 1) - book.clock.now())
    assert book.plan() == 0
    assert book.remind() == 1


@first_on_postgresql
def test_two_processes_planning_at_once_make_one_touch(open_another: OpenAnother) -> None:
    databases = [open_another() for _ in range(3)]
    book = Book(databases[0])
    with book.database.write() as session:
        customers = [factories.customer(session, country="CN") for _ in range(30)]
    book.grade(dict.fromkeys(customers, "A"))
    changed: list[int] = []
    together = threading.Barrier(len(databases))

    def plan(database: Database) -> None:
        together.wait()
        changed.append(schedule.plan_all(database, book.rules, book.clock.now()))

    threads = [threading.Thread(target=plan, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(changed) == [0, 0, 30 * 3]  # a revisit and two greetings each


@first_on_postgresql
def test_a_second_open_touch_of_a_step_is_refused_by_the_database(book: Book) -> None:
    customer = owned(book)
    book.plan()
    row = book.touch(customer).model_dump(exclude={"id", "reason", "outbox_id", "closed_at", "closed_by"})
    with (
        pytest.raises(
            Exception, match=r"uq_touch_open|UNIQUE constraint failed: touch\.customer_id, touch\.step"
        ),
        book.database.write() as session,
    ):
        touches.add(session, [{**row, "dedupe_key": "another day"}])


def owner_of(book: Book, customer: int) -> str:
    from db.book import customers

    with book.database.read() as session:
        owner = customers.owner(session, customer)
        assert owner is not None
        assert owner.slack_user_id is not None
        return owner.slack_user_id


def as_an_earlier_version_had_it(book: Book, customer: int, **values: Any) -> Touch:
    """Make of a customer's greetings the one that a version had which knew one at a time, by its day."""
    first, *others = book.touches(customer, "greeting")
    key = f"greeting:{customer}:{first.anchor}:greeting"
    earlier = {"occasion": "", "latest_on": None, "plan": None, "dedupe_key": key, **values}
    with book.database.write() as session:
        session.exec(delete(Touch).where(col(Touch.id).in_([one.id for one in others])))
        session.exec(update(Touch).where(col(Touch.id) == first.id).values(**earlier))
    return first


@first_on_postgresql
@pytest.mark.parametrize("state", ["planned", "reminded", "snoozed"])
def test_a_greeting_of_an_earlier_version_gets_its_occasion_and_stays_the_same_row(
    book: Book, state: str
) -> None:
    customer = owned(book, "A", country="CN")
    book.grade({customer: "A"})
    book.plan()
    planned = len(book.touches(customer, "greeting"))
    first = as_an_earlier_version_had_it(book, customer, state=state)
    book.plan()
    after = book.touches(customer, "greeting")
    assert [one.state for one in after] == [state, *["planned"] * (planned - 1)]
    assert (after[0].id, after[0].occasion, after[0].version) == (first.id, first.occasion, first.version)
    assert first.occasion
    assert book.plan() == 0


@pytest.mark.parametrize("state", ["done", "skipped"])
def test_a_greeting_that_was_answered_in_an_earlier_version_is_not_asked_for_again(
    book: Book, state: str
) -> None:
    customer = owned(book, "A", country="CN")
    book.grade({customer: "A"})
    book.plan()
    first = as_an_earlier_version_had_it(book, customer, state=state, closed_at=at(MONDAY), closed_by=1)
    book.plan()
    coming = [(one.occasion, one.anchor) for one in book.touches(customer, "greeting") if one.id != first.id]
    assert first.anchor not in [day for _, day in coming]
    assert {occasion for occasion, _ in coming} == {"spring_festival", "new_year"}


def test_a_greeting_of_an_earlier_version_for_a_holiday_that_the_plan_has_no_more_says_so(book: Book) -> None:
    customer = owned(book, "A", country="CN")
    book.plan()
    first = as_an_earlier_version_had_it(book, customer, anchor=MONDAY + DAY)
    book.plan()
    (row,) = [one for one in book.touches(customer, "greeting") if one.id == first.id]
    assert (row.state, row.reason) == ("cancelled", "not an occasion of this customer any more")


@first_on_postgresql
def test_the_buttons_of_a_step_work_after_its_window_has_changed(book: Book) -> None:
    customer = owned(book, "A")
    with book.database.write() as session:
        factories.contact(session, customer, MONDAY - 30 * DAY, "call")
    book.grade({customer: "A"})
    book.go(MONDAY)
    button = book.button()
    with book.database.write() as session:  # as an earlier version stored it
        session.exec(update(Touch).where(col(Touch.step) == "revisit").values(latest_on=None, plan=None))
    book.plan()
    assert book.touch(customer).latest_on is not None
    assert book.done(book.actor(owner_of(book, customer)), button, "call").outcome == "done"
