"""Answers to a step after something else has happened to it: another answer, a contact, a new tier, a new plan."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.services.access import Actor
from bot.wording.actions import Pointer
from bot.wording.messages import ReminderClosed
from bot.wording.rendering import Renderer
from db.care import touches
from db.engine import Database
from tests import factories
from tests.conftest import none_on_postgresql
from tests.services.book import MONDAY, REVISIT_A, REVISIT_B, Book, plan_of_tests
from tests.services.care.test_answers import contacts, due_book

pytestmark = none_on_postgresql

DAY = timedelta(days=1)
ACME = 1


@pytest.fixture
def book(database: Database) -> Book:
    return due_book(database)


@pytest.fixture
def anna(book: Book) -> Actor:
    return book.actor("U0ANNA")


# --- Several answers on one day


@pytest.mark.parametrize(
    "acts", [("done", "done"), ("done", "skip"), ("skip", "skip"), ("done", "done", "skip", "done")]
)
def test_a_step_that_is_answered_again_on_one_day_still_comes_again(
    book: Book, anna: Actor, acts: Sequence[str]
) -> None:
    for act in acts:
        getattr(book, act)(anna, open_button(book))
    (following,) = [touch for touch in book.touches(ACME) if touch.state == "planned"]
    assert (following.due_on, following.anchor) == (MONDAY + REVISIT_A * DAY, MONDAY)
    assert book.plan() == 0
    book.go(MONDAY + REVISIT_A * DAY)
    assert book.touches(ACME)[-1].state == "reminded"


def test_each_of_several_answers_on_one_day_can_be_taken_back(book: Book, anna: Actor) -> None:
    book.done(anna, open_button(book))
    first = button_of(book, "done")
    book.skip(anna, open_button(book))
    book.done(anna, open_button(book))
    for state in ("skipped", "done"):
        book.undo(anna, button_of(book, state))
        assert len([touch for touch in book.touches(ACME) if touch.state in touches.OPEN]) == 1
        book.skip(anna, open_button(book))
    assert first.id == book.touches(ACME)[0].id
    (following,) = [touch for touch in book.touches(ACME) if touch.state in touches.OPEN]
    assert following.due_on == MONDAY + REVISIT_A * DAY


def open_button(book: Book) -> Pointer:
    """What the buttons of the open revisit point at."""
    (touch,) = [one for one in book.touches(ACME) if one.state in touches.OPEN]
    return Pointer(id=touch.id or 0, version=touch.version)


def button_of(book: Book, state: str) -> Pointer:
    """What the buttons of the first revisit in a state point at."""
    touch = next(one for one in book.touches(ACME) if one.state == state)
    return Pointer(id=touch.id or 0, version=touch.version)


# --- What is taken back is not always open again


def printed(closed: ReminderClosed) -> str:
    return str(Renderer().slots(closed, "en").body)


def test_a_step_that_is_taken_back_says_when_something_else_has_closed_it(book: Book, anna: Actor) -> None:
    book.done(anna, open_button(book))
    with book.database.write() as session:
        factories.contact(session, ACME, MONDAY, "visit")
    closed = book.undo(anna, button_of(book, "done"))
    assert "Taken back by <@U0ANNA>. It is not open again: another contact fulfils it" in printed(closed)
    assert book.states(ACME) == [("done", MONDAY), ("planned", MONDAY + REVISIT_A * DAY)]


def test_a_step_that_is_taken_back_says_when_it_is_due_only_later(book: Book, anna: Actor) -> None:
    book.done(anna, open_button(book))
    book.grade({ACME: "B"})
    book.plan()
    due = MONDAY + (REVISIT_B - REVISIT_A) * DAY
    closed = book.undo(anna, button_of(book, "done"))
    assert "Taken back by <@U0ANNA>: it is due on Apr 1, 2026." in printed(closed)
    assert book.states(ACME)[0] == ("planned", due)


def test_a_step_that_is_taken_back_is_open_again(book: Book, anna: Actor) -> None:
    book.done(anna, open_button(book))
    assert "it is open again" in printed(book.undo(anna, button_of(book, "done")))


# --- Buttons that are older than the plan


def test_a_step_that_the_plan_has_dropped_is_answered_until_planning_closes_it(
    book: Book, anna: Actor
) -> None:
    dropped = book.with_rules(tiers={"B": plan_of_tests().tiers["B"]})
    pressed = open_button(book)
    assert dropped.done(anna, pressed, kind="call").outcome == "done"
    assert contacts(book) == [("call", MONDAY, anna.person_id)]
    dropped.undo(anna, button_of(book, "done"))
    dropped.plan()
    with pytest.raises(Conflict, match="This step is over: the customer is not owed it any more"):
        dropped.done(anna, pressed, kind="call")
    assert contacts(book) == []


def test_a_snoozed_step_that_a_new_tier_makes_due_later_is_quiet_until_then(book: Book, anna: Actor) -> None:
    book.snooze(anna, open_button(book), until=3)
    book.grade({ACME: "B"})
    asked = len(book.digests())
    for days in range(1, 29):
        book.go(MONDAY + days * DAY)
    due = MONDAY + (REVISIT_B - REVISIT_A) * DAY
    assert [row.section for _, digest in book.digests()[asked:] for row in digest.rows] in ([], ["soon"])
    assert book.states(ACME) == [("planned", due)]


def test_a_reassigned_step_is_given_for_this_time_only(book: Book, anna: Actor) -> None:
    book.reassign(anna, "U0VIC")
    book.done(book.actor("U0VIC"), open_button(book), kind="call")
    assert [touch.assignee_id for touch in book.touches(ACME)] == [3, None]


def test_a_button_from_before_a_change_of_tier_says_that_the_step_has_changed(
    book: Book, anna: Actor
) -> None:
    pressed = open_button(book)
    book.grade({ACME: "B"})
    book.plan()
    with pytest.raises(Conflict, match="This step has changed since this was shown"):
        book.done(anna, pressed, kind="call")
    assert book.done(anna, open_button(book), kind="call").outcome == "done"
