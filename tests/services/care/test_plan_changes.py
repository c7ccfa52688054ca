"""Another care plan comes into force while steps are open, snoozed, with somebody else, or just being answered."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.errors import Conflict
from bot.services.access import Actor
from bot.services.care.plan import TierCare
from bot.wording.actions import Pointer
from db.care.touches import OPEN, Touch
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, REVISIT_A, Book, at, plan_of_tests, rules

pytestmark = on_sqlite
DAY = timedelta(days=1)
NAMES = ("open", "snoozed", "given")


@pytest.fixture
def book(database: Database) -> Book:
    """Three customers of Anna's due on Monday: she left one open, snoozed one, and gave one to Lea."""
    book = Book(database, clock=FixedClock(at(MONDAY - DAY)))
    with database.write() as session:
        team = factories.team(session)
        owner = factories.person(session, "Anna", team_id=team)
        factories.person(session, "Lea", role="team_lead", team_id=team)
        for name in NAMES:
            customer = factories.customer(session, name, owner_id=owner)
            factories.contact(session, customer, MONDAY - REVISIT_A * DAY, "call")
    book.grade(dict.fromkeys((1, 2, 3), "A"))
    book.go(MONDAY)
    book.snooze(anna(book), button(book, 2), until=7)
    book.reassign(anna(book), "lea@example.com", button(book, 3))
    return book


def anna(book: Book) -> Actor:
    return book.actor("U0ANNA")


def button(book: Book, customer: int) -> Pointer:
    touch = book.touches(customer)[0]
    return Pointer(id=touch.id or 0, version=touch.version)


def another_plan(book: Book, **revisit: Any) -> None:
    """Bring a plan into force in which the revisit of A is another; without values it is gone."""
    steps = plan_of_tests().tiers["A"].steps
    rest = tuple(step for step in steps if step.id != "revisit")
    if revisit:
        rest = (steps[0].model_copy(update=revisit), *rest)
    changed = {**plan_of_tests().tiers, "A": TierCare(steps=rest)}
    if not revisit:
        changed = {tier: care for tier, care in changed.items() if tier == "A"}
    book.rules = rules(tiers=changed)


def open_of(book: Book, customer: int) -> list[tuple[str, str]]:
    with book.database.read() as session:
        found = session.exec(select(Touch).where(Touch.customer_id == customer, col(Touch.state).in_(OPEN)))
        return sorted((touch.step, touch.state) for touch in found if touch.step != "greeting")


def test_a_step_that_is_removed_is_over_for_everybody_who_has_it(book: Book) -> None:
    before = {customer: button(book, customer) for customer in (1, 2, 3)}
    another_plan(book)
    book.plan()
    for customer, pressed in before.items():
        touch = book.touch(customer)
        assert (touch.state, touch.reason) == ("cancelled", "not in the plan any more")
        for act in (book.done, book.snooze, book.skip):
            with pytest.raises(Conflict, match="This step is over"):
                act(anna(book), pressed)
    for day in range(1, 12):
        book.go(MONDAY + day * DAY)
    assert [address for address, _ in book.digests()] == ["person:1"]


def test_a_step_with_another_id_takes_its_place_at_once(book: Book) -> None:
    another_plan(book, id="visit")
    book.plan()
    assert [open_of(book, customer) for customer in (1, 2, 3)] == [[("visit", "planned")]] * 3
    book.go(MONDAY + DAY)
    assert [open_of(book, customer) for customer in (1, 2, 3)] == [[("visit", "reminded")]] * 3
    address, digest = book.digests()[-1]
    assert (address, sorted(row.name for row in digest.rows)) == ("person:1", sorted(NAMES))


def test_a_step_with_another_name_or_window_keeps_who_does_it_and_when(book: Book) -> None:
    before = {customer: book.touch(customer) for customer in (1, 2, 3)}
    another_plan(book, name={"en": "Plant visit", "zh": "走访"}, at_most_days=60)
    book.plan()
    for customer, touch in before.items():
        now = book.touch(customer)
        assert (now.id, now.state, now.version, now.remind_at, now.assignee_id) == (
            touch.id,
            touch.state,
            touch.version,
            touch.remind_at,
            touch.assignee_id,
        )
        assert now.latest_on == MONDAY + (60 - REVISIT_A) * DAY


@pytest.mark.parametrize("act", ["done", "snooze", "skip", "reassign"])
def test_a_press_that_comes_after_the_new_plan_and_before_its_planning_counts(book: Book, act: str) -> None:
    pressed = button(book, 1)
    another_plan(book)
    how = {"to": "lea@example.com"} if act == "reassign" else {}
    getattr(book, act)(anna(book), button=pressed, **how)
    book.plan()
    state = book.touch(1).state
    assert state == {"done": "done", "skip": "skipped"}.get(act, "cancelled")
    assert open_of(book, 1) == []


@pytest.mark.parametrize("act", ["done", "skip", "snooze"])
def test_an_undo_after_the_step_was_removed_takes_the_contact_back_and_opens_nothing(
    book: Book, act: str
) -> None:
    getattr(book, act)(anna(book), button(book, 1))
    another_plan(book)
    if act == "snooze":
        book.plan()
        with pytest.raises(Conflict):
            book.undo(anna(book), button(book, 1))
    else:
        undone = book.undo(anna(book), button(book, 1))
        assert not undone.is_open
    assert open_of(book, 1) == []
    assert book.touches(1)[0].state == "cancelled"
