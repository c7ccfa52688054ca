"""However a contact comes in, every surface shows the dates that planning computes from it, and none an older one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.services import imports
from bot.services.access import Actor
from bot.services.ask import lists, lookup
from bot.services.care import planning_pass, schedule
from bot.services.care.answers import shown
from bot.services.care.digest import todo
from bot.services.care.dues import NotDue
from bot.services.recipients import FirmDefaults
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest
from bot.wording.messages import ReminderClosed
from db.audit import Door
from db.care import touches
from db.care.touches import OPEN, Touch
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, REVISIT_A, Book, at

pytestmark = on_sqlite
DAY = timedelta(days=1)
ACME = 1


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Book:
    """ACME, of tier A, was visited: its follow-up and then its revisit are due on Monday, and stand in a digest."""
    book = Book(database, clock=FixedClock(at(MONDAY - 22 * DAY)))
    with database.write() as session:
        anna = factories.person(session, "Anna")
        acme = factories.customer(session, "ACME", code="ACME", owner_id=anna)
        factories.contact(session, acme, MONDAY - REVISIT_A * DAY, "visit")
    book.grade({acme: "A"}, as_of=MONDAY - 40 * DAY)
    book.go(MONDAY - 22 * DAY)
    book.go(MONDAY)
    with database.write() as session:
        for number, row in enumerate(session.exec(select(OutboxMessage))):
            row.slack_channel, row.slack_ts = "D1", f"{number}.0"
    return book


def button(book: Book, step: str) -> Pointer:
    touch = book.touches(ACME, step)[-1]
    return Pointer(id=touch.id or 0, version=touch.version)


def bring_in(book: Book, actor: Actor, kind: str, day: date) -> None:
    file = Path("contacts.csv")
    file.write_text(f"customer,date,kind,id\nACME,{day},{kind},A1\n")
    imports.import_file(
        book.database, kind="activities", path=file, clock=book.clock, actor=replace(actor, role="admin"),
        options=imports.ImportOptions(), rejects_dir=Path("rejects"),
    )  # fmt: skip
    planning_pass.plan_changed(book.database, book.rules, book.clock.now())


WAYS: dict[str, Callable[[Book, Actor], object]] = {
    "Done on the revisit": lambda book, who: book.done(who, button(book, "revisit"), "visit"),
    "Done on the follow-up": lambda book, who: book.done(who, button(book, "vip_follow_up"), "call"),
    "a call from the form": lambda book, who: book.log(who, ACME, MONDAY, "call"),
    "a visit of last week from the form": lambda book, who: book.log(who, ACME, MONDAY - 7 * DAY, "visit"),
    "a contact that counts for nothing": lambda book, who: book.log(who, ACME, MONDAY, "gift"),
    "an import": lambda book, who: bring_in(book, who, "visit", MONDAY - DAY),
    "a command": lambda book, who: book.done(
        replace(who, door=Door.COMMAND_LINE), button(book, "revisit"), "meeting"
    ),
    "skipped": lambda book, who: book.skip(who, button(book, "revisit")),
    "done and taken back": lambda book, who: (
        book.done(who, button(book, "revisit"), "visit"),
        book.undo(who, Pointer(id=book.touches(ACME)[0].id or 0, version=book.touches(ACME)[0].version)),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_surface_shows_the_dates_that_planning_computes(
    book: Book, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    anna, now = book.actor("U0ANNA"), book.clock.now()
    answer = WAYS[way](book, anna)
    with book.database.read() as session:
        owed = schedule.owed(session, book.rules, [ACME], now)[ACME]
        computed = {(one.step.id, one.occasion): one.due.on for one in owed.steps if one.due is not None}
        stored = {
            (touch.step, touch.occasion): touch
            for touch in session.exec(select(Touch).where(col(Touch.state).in_(OPEN)))
        }
        contacts = touches.last_contacts(session, [ACME])[ACME]
        card = lookup.card(session, book.scheme_cache, book.rules, anna, ACME, MONDAY)
        mine = lists.my_customers(session, book.scheme_cache, book.rules, anna, MONDAY)
        listed = todo.todo(
            session, book.rules, book.scheme_cache.tier_names(session), anna, FirmDefaults(), now
        )
    # A follow-up that was begun stays open until it is answered, although it would not be begun so late.
    begun = {(one.step.id, one.occasion) for one in owed.steps if one.why is NotDue.TOO_OLD}
    assert {key: touch.due_on for key, touch in stored.items() if key not in begun} == computed
    first = min(touch.due_on for touch in stored.values())
    (hit,) = mine.hits
    for step in (card.next_step, hit.next_step, getattr(answer, "next_step", None) or card.next_step):
        assert step is not None
        assert step.due_on == first, way
    by_step = {touch.step: touch for touch in stored.values() if not touch.occasion}
    due_of = {touch.id: touch.due_on for touch in stored.values()}
    assert [row.due_on for row in listed.rows] == [due_of[row.touch_id] for row in listed.rows]
    step_of = {touch.id: touch.step for touch in all_touches(book)}
    touch_ids = [t.id or 0 for t in book.touches(ACME)]
    found = (
        shown.here(book.database, touch_ids, place, book.rules, now, FirmDefaults())
        for place in book.places()
    )
    digests = [one.message for one in found if one and isinstance(one.message, CareDigest)]
    assert digests
    for message in digests:
        for row in message.rows:
            if row.is_open or row.next_due is not None:
                shown_on = row.due_on if row.is_open else row.next_due
                assert shown_on == by_step[step_of[row.touch_id]].due_on
    if isinstance(answer, ReminderClosed):
        assert answer.next_due in (None, *(touch.due_on for touch in by_step.values()))
    for step_id, touch in by_step.items():
        plan = book.rules.plans.step(touch.plan, touch.tier, step_id)
        assert plan is not None
        fulfilled = [contacts[kind] for kind in plan.fulfilled_by if kind in contacts]
        if fulfilled and touch.kind == "revisit":
            assert touch.due_on > max(fulfilled)
            assert touch.anchor is None or touch.anchor >= max(fulfilled)
    assert book.plan() == 0


def all_touches(book: Book) -> list[Touch]:
    with book.database.read() as session:
        return list(session.exec(select(Touch)))


def test_a_call_from_a_vip_follow_up_closes_it_and_the_next_step_lies_ahead(book: Book) -> None:
    """Only what follows the visit, which the call is, and not the visit itself, had restarted its clock."""
    logged = book.log(book.actor("U0ANNA"), ACME, MONDAY, "call")
    assert [touch.state for touch in book.touches(ACME, "vip_follow_up")] == ["done"]
    assert logged.next_step is not None
    assert logged.next_step.due_on > MONDAY
