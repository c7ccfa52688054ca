"""What a press on Done or Snooze or a logged contact does."""

from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.clock import FixedClock
from bot.errors import BadInput, Conflict, NotFound
from bot.services import access
from bot.services.access import Actor
from bot.services.ask import lists
from bot.services.care.answers import contacts, shown
from bot.services.recipients import FirmDefaults
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest
from db.book.customers import Ownership
from db.book.facts import Activity
from db.book.people import Person
from db.care import touches
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import first_on_postgresql, none_on_postgresql
from tests.recorded import recorded as audited
from tests.services.book import FOLLOW_UP, MONDAY, REVISIT_A, Book, at

pytestmark = none_on_postgresql

DAY = timedelta(days=1)


@pytest.fixture
def book(database: Database) -> Book:
    """Anna in Shanghai, her lead Olga in Berlin, and ACME of tier A: reminded of on Monday at nine."""
    book = Book(database, clock=FixedClock(at(MONDAY - DAY)))
    with database.write() as session:
        team = factories.team(session)
        anna = factories.person(session, "Anna", team_id=team, timezone="Asia/Shanghai")
        factories.person(session, "Olga", role="team_lead", team_id=team, timezone="Europe/Berlin")
        factories.person(session, "Ben", team_id=team)
        acme = factories.customer(session, "ACME", owner_id=anna)
        factories.contact(session, acme, MONDAY - REVISIT_A * DAY, "call")
    assert acme == ACME
    book.grade({acme: "A"})
    book.go(MONDAY, zone="Asia/Shanghai")
    assert book.reminded_of() == [(f"person:{anna}", "ACME")]
    return book


ACME = 1


@pytest.fixture
def anna(book: Book) -> Actor:
    return book.actor("U0ANNA")


def shown_now(book: Book) -> list[shown.Drawn]:
    """The messages in Slack about ACME, as they have to be now."""
    changed = [touch.id or 0 for touch in book.touches(ACME)]
    found = (
        shown.here(book.database, changed, place, book.rules, book.clock.now(), FirmDefaults())
        for place in book.places()
    )
    return [one for one in found if one is not None]


def test_done_closes_the_reminder_and_restarts_the_clock_on_the_owners_day(book: Book, anna: Actor) -> None:
    book.clock.advance(at(MONDAY, 17) - book.clock.now())  # Tuesday, one in the morning, in Shanghai
    closed = book.done(anna)
    due = MONDAY + DAY + REVISIT_A * DAY
    assert book.states(ACME) == [("done", MONDAY), ("planned", due)]
    assert (closed.outcome, closed.by.name, closed.next_due) == ("done", "Anna", due)
    assert book.touches(ACME)[0].closed_by == anna.person_id
    (row,) = audited(book.database, "step_done")
    assert (row.actor, row.after) == (
        f"person:{anna.person_id}",
        '{"activity":2,"due_on":"2026-03-02","kind":"visit","step":"revisit"}',
    )


def test_pressing_done_twice_changes_nothing_more(book: Book, anna: Actor) -> None:
    button = book.button()
    book.done(anna, button)
    before = book.touches(ACME)
    for press in (book.done, book.snooze):
        with pytest.raises(Conflict, match="dealt with this reminder already"):
            press(anna, button)
    assert book.touches(ACME) == before


def test_snooze_brings_the_same_reminder_back_exactly_once_in_the_owners_morning(
    book: Book, anna: Actor
) -> None:
    olga = book.actor("U0OLGA")
    closed = book.snooze(olga)
    until = MONDAY + 3 * DAY
    assert (closed.outcome, closed.until, closed.by.name) == ("snoozed", until, "Olga")
    assert book.touch(ACME).remind_at == at(until, 1)  # nine in Shanghai, though Olga pressed in Berlin
    book.go(until, 8, 59, "Asia/Shanghai")
    assert len(book.reminded_of()) == 1
    for minute in (0, 1, 2):
        book.go(until, 9, minute, "Asia/Shanghai")
        assert len(book.reminded_of()) == 2
    assert book.states(ACME) == [("reminded", MONDAY)]
    book.done(anna)


def test_a_snooze_over_the_weekend_comes_back_on_monday(book: Book, anna: Actor) -> None:
    book.clock.advance(2 * DAY)  # Wednesday, so that three days on is Saturday
    assert book.snooze(anna).until == MONDAY + 7 * DAY


def test_the_old_button_of_a_snoozed_reminder_is_dead(book: Book, anna: Actor) -> None:
    old = book.button()
    book.snooze(anna)
    book.go(MONDAY + 3 * DAY, zone="Asia/Shanghai")
    with pytest.raises(Conflict):
        book.done(anna, old)
    assert book.done(anna).outcome == "done"


def test_a_logged_contact_closes_the_open_reminder_and_restarts_the_clock_from_its_day(
    book: Book, anna: Actor
) -> None:
    with book.database.write() as session:
        session.exec(update(OutboxMessage).values(slack_channel="D1", slack_ts="1.0"))
    logged = book.log(anna, ACME, MONDAY - 2 * DAY, "visit")
    due = MONDAY - 2 * DAY + REVISIT_A * DAY
    assert book.states(ACME) == [("done", MONDAY), ("planned", due)]
    assert book.states(ACME, "vip_follow_up") == [("planned", MONDAY - 2 * DAY + FOLLOW_UP * DAY)]
    assert logged.next_step.due_on == MONDAY - 2 * DAY + FOLLOW_UP * DAY
    (sent,) = shown_now(book)
    assert isinstance(sent.message, CareDigest)
    (row,) = sent.message.rows
    assert (sent.stale.channel, sent.stale.ts, row.state, row.next_due) == ("D1", "1.0", "done", due)
    assert book.plan() == 0


@pytest.mark.parametrize("lost", ["never had it", "lost the customer", "lost the role"])
def test_a_reminder_that_a_contact_closed_is_shown_only_to_those_who_may_see_the_customer(
    book: Book, anna: Actor, lost: str
) -> None:
    button = book.button()
    book.log(anna, ACME, MONDAY)
    asking = anna
    with book.database.write() as session:
        if lost == "never had it":
            asking = book.actor("U0BEN")
        elif lost == "lost the customer":
            session.get_one(Ownership, 1).ends_on = MONDAY
        else:
            session.get_one(Person, anna.person_id).role = "viewer"
    if lost == "lost the role":
        asking = book.actor("U0ANNA")
    with pytest.raises(NotFound, match="no longer there, or no longer yours"):
        shown.what_became(book.database, asking, button, book.rules, book.clock.now())


def test_a_contact_that_does_not_count_leaves_the_reminder_open(book: Book, anna: Actor) -> None:
    with book.database.write() as session:
        session.exec(update(OutboxMessage).values(slack_channel="D1", slack_ts="1.0"))
    book.log(anna, ACME, MONDAY, "gift")
    assert book.states(ACME) == [("reminded", MONDAY)]
    (sent,) = shown_now(book)
    assert isinstance(sent.message, CareDigest)
    assert [row.state for row in sent.message.rows] == ["open"]


def test_a_contact_also_ends_a_snooze(book: Book, anna: Actor) -> None:
    book.snooze(anna)
    book.log(anna, ACME, MONDAY)
    rows = audited(book.database, "step_snoozed", "contact_logged")
    assert [(row.action, row.actor, row.object) for row in rows] == [
        ("step_snoozed", f"person:{anna.person_id}", "customer 1"),
        ("contact_logged", f"person:{anna.person_id}", "customer 1"),
    ]
    book.go(MONDAY + 3 * DAY, zone="Asia/Shanghai")
    assert len(book.reminded_of()) == 1


def recorded(book: Book) -> list[tuple[str, str | None]]:
    with book.database.read() as session:
        found = session.exec(select(Activity).where(Activity.source == "slack").order_by(col(Activity.id)))
        return [(activity.external_id, activity.note) for activity in found]


def test_the_same_form_sent_twice_is_one_contact(book: Book, anna: Actor) -> None:
    for _ in range(2):
        assert not book.log(anna, ACME, MONDAY, form_id="view:V1").repeated
    assert len(book.touches(ACME)) == 2
    assert recorded(book) == [("view:V1", None)]


@first_on_postgresql
def test_the_same_form_sent_with_another_text_corrects_the_first(book: Book, anna: Actor) -> None:
    book.log(anna, ACME, MONDAY - 2 * DAY, form_id="view:V1", note="They want")
    book.log(anna, ACME, MONDAY - DAY, form_id="view:V1", note="They want a discount")
    assert recorded(book) == [("view:V1", "They want a discount")]
    assert book.states(ACME)[-1] == ("planned", MONDAY - DAY + REVISIT_A * DAY)


def test_a_form_filled_in_once_more_within_minutes_is_one_contact_and_says_so(
    book: Book, anna: Actor
) -> None:
    book.log(anna, ACME, MONDAY, form_id="view:V1", note="They want a discount")
    assert book.log(anna, ACME, MONDAY, form_id="view:V2", note="They want a discount").repeated
    assert not book.log(anna, ACME, MONDAY, form_id="view:V3", note="They want two").repeated
    book.clock.advance(contacts.SAME_CONTACT)
    assert not book.log(anna, ACME, MONDAY, form_id="view:V4", note="They want a discount").repeated
    assert [form for form, _ in recorded(book)] == ["view:V1", "view:V3", "view:V4"]


def test_a_contact_that_is_given_up_before_its_commit_is_not_recorded(book: Book, anna: Actor) -> None:
    def give_up() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        book.log(anna, ACME, MONDAY, before_commit=give_up)
    assert recorded(book) == []
    assert book.states(ACME) == [("reminded", MONDAY)]


def test_a_contact_tomorrow_or_of_an_unknown_kind_is_refused(book: Book, anna: Actor) -> None:
    book.clock.advance(at(MONDAY, 17) - book.clock.now())  # one in the morning in Shanghai
    book.log(anna, ACME, MONDAY + DAY, form_id="in Shanghai it is Tuesday already")
    with pytest.raises(BadInput, match="lies in the future"):
        book.log(anna, ACME, MONDAY + 2 * DAY, form_id="2")
    with pytest.raises(BadInput, match="telepathy is not a kind of contact"):
        book.log(anna, ACME, MONDAY, "telepathy", form_id="3")


def test_a_button_works_for_those_who_may_and_looks_gone_to_all_others(book: Book) -> None:
    with pytest.raises(NotFound, match="no longer there, or no longer yours"):
        book.done(book.actor("U0BEN"))
    with pytest.raises(NotFound):
        book.log(book.actor("U0BEN"), ACME, MONDAY)
    with pytest.raises(NotFound, match="no longer there"):
        book.done(book.actor("U0ANNA"), Pointer(id=999, version=1))
    assert book.done(book.actor("U0OLGA")).by.name == "Olga"


def test_what_a_contact_closed_is_shown_to_those_only_who_may_see_the_customer(
    book: Book, anna: Actor
) -> None:
    button = book.button()
    book.log(anna, ACME, MONDAY)
    assert shown.what_became(book.database, anna, button, book.rules, book.clock.now()).outcome == "done"
    with pytest.raises(NotFound, match="no longer there, or no longer yours"):
        shown.what_became(book.database, book.actor("U0BEN"), button, book.rules, book.clock.now())


@first_on_postgresql
def test_a_reminder_of_somebody_who_lost_the_customer_says_no_more_than_that_it_is_over(
    book: Book, anna: Actor
) -> None:
    """The message stands in Anna's direct messages; who does what for the customer now is not for her."""
    with book.database.write() as session:
        session.exec(update(OutboxMessage).values(slack_channel="D1", slack_ts="1.0"))
        session.exec(update(Ownership).values(person_id=3))
        session.exec(update(Person).where(col(Person.id) == 1).values(language="de"))
        session.exec(update(Person).where(col(Person.id) == 3).values(language="zh"))
    ben = book.actor("U0BEN")
    book.log(ben, ACME, MONDAY)
    (sent,) = shown_now(book)
    assert (sent.stale.channel, sent.language) == ("D1", "de")
    assert isinstance(sent.message, CareDigest)
    assert sent.message.rows == ()


@first_on_postgresql
def test_an_old_button_is_dead_after_losing_the_role(book: Book) -> None:
    button = book.button()
    with book.database.write() as session:
        session.get_one(Person, 1).role = "viewer"
    with pytest.raises(NotFound):
        book.done(book.actor("U0ANNA"), button)


def test_an_old_button_is_dead_after_the_customer_went_to_somebody_else(book: Book, anna: Actor) -> None:
    button = book.button()
    with book.database.write() as session:
        session.get_one(Ownership, 1).ends_on = MONDAY
        session.flush()
        factories.own(session, ACME, book.actor("U0BEN").person_id, since=MONDAY)
    for act in (book.done, book.snooze):
        with pytest.raises(NotFound):
            act(anna, button)
    assert access.can(book.actor("U0BEN"), access.Act.CLOSE_TOUCH, factories.customer_row(3, 1))
    assert book.done(book.actor("U0BEN"), button).outcome == "done"


def became(book: Book, actor: Actor, button: Pointer) -> tuple[str, str | None]:
    closed = shown.what_became(book.database, actor, button, book.rules, book.clock.now())
    return closed.outcome, None if closed.by is None else closed.by.name


def test_a_reminder_that_was_answered_shows_what_became_of_it(book: Book, anna: Actor) -> None:
    button = book.button()
    book.done(book.actor("U0OLGA"), button)
    with pytest.raises(Conflict):
        book.done(anna, button)
    assert became(book, anna, button) == ("done", "Olga")


def test_a_reminder_that_was_snoozed_shows_until_when(book: Book, anna: Actor) -> None:
    button = book.button()
    until = book.snooze(anna, button).until
    assert shown.what_became(book.database, anna, button, book.rules, book.clock.now()).until == until
    book.go(until, zone="Asia/Shanghai")  # there is a newer reminder with buttons
    assert became(book, anna, button) == ("over", None)


def test_a_reminder_that_a_contact_has_closed_shows_that_it_is_done(book: Book, anna: Actor) -> None:
    button = book.button()
    book.log(anna, ACME, MONDAY)
    assert became(book, anna, button) == ("done", "Anna")  # whose contact it was


def test_a_cancelled_reminder_is_not_shown_as_done(book: Book, anna: Actor) -> None:
    button = book.button()
    book.grade({ACME: "blocked"})
    book.plan()
    with pytest.raises(Conflict):
        book.done(anna, button)
    assert became(book, anna, button) == ("over", None)


def test_the_next_step_is_the_earliest_open_one(book: Book, anna: Actor) -> None:
    book.log(anna, ACME, MONDAY)
    with book.database.read() as session:
        first = touches.first_step(session, ACME)
        assert first is not None
        assert touches.first_step(session, 99) is None
        mine = lists.my_customers(session, book.scheme_cache, book.rules, anna, MONDAY)
    step = book.rules.plans.next_step(*first, MONDAY)
    assert (step.names.en, step.due_on) == ("VIP follow-up", MONDAY + FOLLOW_UP * DAY)
    assert {hit.customer_id: hit.next_step for hit in mine.hits}[ACME] == step
    limit = step.due_on + 7 * DAY
    days = (step.due_on, step.due_on + DAY, limit, limit + DAY)
    late = [book.rules.plans.next_step(*first, day) for day in days]
    assert [found.overdue for found in late] == [False, False, False, True]
    assert [found.since for found in late] == [None, step.due_on, step.due_on, limit + DAY]
