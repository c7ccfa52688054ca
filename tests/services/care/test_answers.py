"""Done, snoozed, skipped, given to somebody else, and taken back: what each does, once, for those who may."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.errors import BadInput, Conflict, NotAllowed, NotFound
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.care import answers
from bot.services.care.answers import shown
from bot.services.recipients import FirmDefaults
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest, CareRow
from bot.wording.messages import Choice, NoMatch, Reminder, TierCard, dump
from bot.wording.parts import TierPart
from db.audit import Door
from db.book.customers import Ownership
from db.book.facts import Activity
from db.book.people import Deputy, Person, TeamView
from db.care import acts
from db.care.touches import Touch
from db.engine import Database
from db.outbox.messages import OutboxMessage
from db.processes import Repeated
from grading.scheme.model import Name
from tests import factories
from tests.conftest import OpenAnother, all_on_postgresql, first_on_postgresql, none_on_postgresql
from tests.recorded import recorded as audited
from tests.services.book import MONDAY, REVISIT_A, Book, at

pytestmark = none_on_postgresql

DAY = timedelta(days=1)
ACME = 1


@pytest.fixture
def book(database: Database) -> Book:
    return due_book(database)


def due_book(database: Database) -> Book:
    """ACME of Anna's, who is in Olga's team East, is due for a revisit on Monday. Vic's team Care sees East, Ben's not."""
    book = Book(database, clock=FixedClock(at(MONDAY - DAY)))
    with database.write() as session:
        east, care, west = (factories.team(session, name) for name in ("East", "Care", "West"))
        session.add(TeamView(team_id=care, seen_team_id=east))
        anna = factories.person(session, "Anna", team_id=east)
        factories.person(session, "Olga", role="team_lead", team_id=east)
        factories.person(session, "Vic", role="viewer", team_id=care, timezone="Asia/Tokyo")
        factories.person(session, "Ben", team_id=west)
        factories.person(session, "Gone", team_id=east, active=False)
        acme = factories.customer(session, "ACME", owner_id=anna)
        factories.contact(session, acme, MONDAY - REVISIT_A * DAY, "call")
    assert acme == ACME
    book.grade({acme: "A"})
    book.go(MONDAY)
    return book


@pytest.fixture
def anna(book: Book) -> Actor:
    return book.actor("U0ANNA")


def button(book: Book, step: str = "revisit") -> Pointer:
    """What the buttons of the newest touch of a step point at."""
    touch = book.touches(ACME, step)[-1]
    return Pointer(id=touch.id or 0, version=touch.version)


def contacts(book: Book) -> list[tuple[str, date, int | None]]:
    """(kind, day, person) of the contacts that answers recorded."""
    with book.database.read() as session:
        found = session.exec(
            select(Activity).where(col(Activity.external_id).startswith("touch:")).order_by(col(Activity.id))
        )
        return [(one.kind, one.happened_on, one.person_id) for one in found]


def as_it_is(book: Book) -> list[dict[str, Any]]:
    """Every open touch, without the version, which only ever rises."""
    with book.database.read() as session:
        found = session.exec(select(Touch).where(col(Touch.state).in_(["planned", "reminded", "snoozed"])))
        rows = [touch.model_dump(exclude={"version"}) for touch in found]
    return sorted(rows, key=lambda row: (row["step"], row["occasion"]))


# --- Done


@pytest.mark.parametrize(("chosen", "recorded"), [("call", "call"), ("meeting", "meeting"), (None, "visit")])
def test_done_records_the_contact_that_it_was_and_the_clock_restarts_from_it(
    book: Book, anna: Actor, chosen: str | None, recorded: str
) -> None:
    book.clock.advance(2 * DAY)
    closed = book.done(anna, kind=chosen)
    today = MONDAY + 2 * DAY
    assert contacts(book) == [(recorded, today, anna.person_id)]
    first, following = book.touches(ACME)
    with book.database.read() as session:
        assert session.get_one(Activity, first.activity_id).kind == recorded
    assert (first.state, first.closed_by) == ("done", anna.person_id)
    assert (following.due_on, following.anchor) == (today + REVISIT_A * DAY, today)
    assert (closed.outcome, closed.kind, closed.next_due) == ("done", recorded, following.due_on)
    assert book.plan() == 0


def test_a_contact_that_does_not_fulfil_the_step_is_refused(book: Book, anna: Actor) -> None:
    with pytest.raises(BadInput, match="gift does not fulfil this step; these do: visit, "):
        book.done(anna, kind="gift")
    assert contacts(book) == []
    assert book.touch(ACME).state == "reminded"


@first_on_postgresql
def test_done_on_a_greeting_records_a_greeting(database: Database) -> None:
    book = Book(database)
    with database.write() as session:
        customer = factories.customer(session, owner_id=factories.person(session))
    book.grade({customer: "B"})
    book.plan()
    with database.read() as session:
        greeting = session.exec(select(Touch).where(Touch.kind == "greeting")).first()
    assert greeting is not None
    book.done(book.actor("U0ANNA"), Pointer(id=greeting.id or 0, version=greeting.version))
    assert [kind for kind, _, _ in contacts(book)] == ["greeting"]


def test_a_press_that_slack_delivers_twice_records_one_contact(book: Book, anna: Actor) -> None:
    pressed = book.pressed()
    answers.finish(book.database, anna, button(book), **pressed)
    with pytest.raises(Repeated):
        answers.finish(book.database, anna, button(book), **pressed)
    assert len(contacts(book)) == 1


def test_a_contact_closes_the_other_steps_that_it_fulfils_and_undo_opens_them_again(
    book: Book, anna: Actor
) -> None:
    book.log(anna, ACME, MONDAY - 10 * DAY, "visit", form_id="before")
    for days in (1, 21):
        book.go(MONDAY + days * DAY)
    open_before = as_it_is(book)
    assert {row["step"] for row in open_before if row["state"] == "reminded"} == {"revisit", "vip_follow_up"}
    book.done(anna, button(book), "visit")
    assert book.touches(ACME, "vip_follow_up")[-1].due_on > MONDAY + 21 * DAY
    done = next(touch for touch in reversed(book.touches(ACME)) if touch.state == "done")
    book.undo(anna, Pointer(id=done.id or 0, version=done.version))
    assert as_it_is(book) == open_before


# --- Snooze


@pytest.mark.parametrize(
    ("until", "shown"),
    [
        (1, MONDAY + DAY),
        (3, MONDAY + 3 * DAY),
        (7, MONDAY + 7 * DAY),
        (5, MONDAY + 7 * DAY),  # Saturday
        (MONDAY + 9 * DAY, MONDAY + 9 * DAY),
        (MONDAY + 60 * DAY, MONDAY + 60 * DAY),
    ],
)
def test_a_step_is_snoozed_for_days_or_until_a_day(
    book: Book, anna: Actor, until: date | int, shown: date
) -> None:
    closed = book.snooze(anna, until=until)
    assert (closed.outcome, closed.until) == ("snoozed", shown)
    assert book.touch(ACME).remind_at == at(shown)


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        (MONDAY, "Choose a day after today"),
        (MONDAY - DAY, "Choose a day after today"),
        (MONDAY + 61 * DAY, "no later than 2026-05-01"),
    ],
)
def test_a_day_in_the_past_or_far_away_is_refused(
    book: Book, anna: Actor, until: date, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        book.snooze(anna, until=until)
    assert book.touch(ACME).state == "reminded"


def test_a_snooze_beyond_the_limit_is_allowed_and_said(book: Book, anna: Actor) -> None:
    limit = book.touch(ACME).latest_on
    assert limit is not None
    assert book.snooze(anna, until=limit).past_limit is None
    assert book.snooze(anna, button(book), until=limit + 3 * DAY).past_limit == limit
    assert book.touch(ACME).latest_on == limit


@first_on_postgresql
def test_a_greeting_is_snoozed_to_its_day_at_the_latest(database: Database) -> None:
    book = Book(database)
    with database.write() as session:
        customer = factories.customer(session, owner_id=factories.person(session))
    book.grade({customer: "B"})
    book.plan()
    anna = book.actor("U0ANNA")

    def greeting() -> Touch:
        with database.read() as session:
            found = session.exec(
                select(Touch).where(Touch.kind == "greeting").order_by(col(Touch.anchor))
            ).first()
        assert found is not None
        return found

    day = greeting().anchor
    assert day is not None
    book.clock.advance(at(day - 2 * DAY) - book.clock.now())
    pointer = Pointer(id=greeting().id or 0, version=greeting().version)
    with pytest.raises(BadInput, match="Choose that day or an earlier one"):
        book.snooze(anna, pointer, until=day + DAY)
    assert book.snooze(anna, pointer, until=7).until == day
    book.clock.advance(2 * DAY)
    with pytest.raises(BadInput, match="The day of this greeting has come"):
        book.snooze(anna, replace(pointer, version=pointer.version + 1))


# --- Skip


def test_a_skipped_step_counts_as_looked_after_for_this_time(book: Book, anna: Actor) -> None:
    book.clock.advance(2 * DAY)
    closed = book.skip(anna, reason="  They are closed in March ")
    first, following = book.touches(ACME)
    assert (first.state, first.reason, first.closed_by) == ("skipped", "They are closed in March", 1)
    assert following.due_on == MONDAY + 2 * DAY + REVISIT_A * DAY
    assert (closed.outcome, closed.reason, closed.next_due) == ("skipped", first.reason, following.due_on)
    assert (contacts(book), book.plan()) == ([], 0)
    (row,) = audited(book.database, "step_skipped")
    assert row.after == '{"due_on":"2026-03-02","step":"revisit"}'  # free text would outlive an erasure


@pytest.mark.parametrize("reason", ["", "  ", "no", " no ", "x" * 501])
def test_a_step_is_not_skipped_without_a_reason(book: Book, anna: Actor, reason: str) -> None:
    with pytest.raises(BadInput, match="Write why, in 3 to 500 characters"):
        book.skip(anna, reason=reason)
    assert book.touch(ACME).state == "reminded"


# --- Reassign


def test_a_reassigned_step_is_closed_by_who_has_it_and_then_the_right_is_gone(
    book: Book, anna: Actor
) -> None:
    given = book.reassign(anna, "U0VIC")
    assert (given.outcome, given.to.name, given.by.name) == ("reassigned", "Vic", "Anna")
    touch, vic = book.touch(ACME), book.actor("U0VIC")
    assert touch.assignee_id == vic.person_id
    assert touch.remind_at == at(MONDAY + DAY, 0)  # nine the next morning in Tokyo
    assert book.done(vic, button(book), "call").outcome == "done"
    assert contacts(book) == [("call", MONDAY, vic.person_id)]
    assert [touch.assignee_id for touch in book.touches(ACME)] == [vic.person_id, None]
    for act in (book.done, book.snooze, book.skip):
        with pytest.raises(NotFound, match="no longer yours"):
            act(vic, button(book))
    (row,) = audited(book.database, "step_reassigned")
    assert (row.before, row.after) == ('{"assignee":null}', '{"assignee":3,"step":"revisit"}')


def test_a_step_comes_back_to_the_account_manager(book: Book, anna: Actor) -> None:
    book.reassign(anna, "vic@example.com")
    book.reassign(book.actor("U0OLGA"), "U0ANNA", button(book))
    assert book.touch(ACME).assignee_id is None


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("U0GONE", "Gone has left or is switched off"),
        ("U0NOBODY", "Tierbot does not know this person"),
        ("nobody@example.com", "Tierbot does not know this person"),
        ("U0ANNA", "Anna does this already"),
    ],
)
def test_a_step_is_given_only_to_somebody_who_is_here(
    book: Book, anna: Actor, to: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        book.reassign(anna, to)
    assert (book.touch(ACME).assignee_id, book.touch(ACME).state) == (None, "reminded")


def may_see(book: Book, who: str) -> bool:
    """Whether a person opens the card of ACME, and finds it by its name."""
    actor = book.actor(who)
    with book.database.read() as session:
        found = lookup.answer(session, book.scheme_cache, book.rules, actor, "ACME", MONDAY)
        try:
            card = lookup.card(session, book.scheme_cache, book.rules, actor, ACME, MONDAY)
        except NotFound:
            assert isinstance(found, NoMatch)
            assert found.hits == ()
            return False
    assert found == card
    assert isinstance(card, TierCard)
    assert (card.may_log, card.may_share, card.may_unmask) == (True, False, False)
    return True


ENDS: dict[str, Callable[[Book, Actor], Any]] = {
    "done": lambda book, anna: book.done(book.actor("U0BEN"), acted(book), "visit"),
    "skipped by the owner": lambda book, anna: book.skip(anna, acted(book)),
    "given to somebody else": lambda book, anna: book.reassign(anna, "U0VIC", acted(book)),
    "the reassignment undone": lambda book, anna: book.undo(anna, acted(book)),
    "a contact of the owner": lambda book, anna: book.log(anna, ACME, MONDAY),
    "a contact of the colleague": lambda book, anna: book.log(book.actor("U0BEN"), ACME, MONDAY),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_colleague_sees_the_customer_of_a_step_that_was_given_to_them_until_it_is_closed(
    book: Book, anna: Actor, end: str
) -> None:
    assert not may_see(book, "U0BEN")
    book.reassign(anna, "U0BEN")
    assert may_see(book, "U0BEN")
    ENDS[end](book, anna)
    assert not may_see(book, "U0BEN")
    with pytest.raises(NotFound):
        book.log(book.actor("U0BEN"), ACME, MONDAY, form_id="2")
    given = audited(book.database, "step_reassigned")[0]
    assert given.after == f'{{"assignee":{book.actor("U0BEN").person_id},"step":"revisit"}}'


def test_who_did_a_step_that_was_given_to_them_may_take_that_back(book: Book, anna: Actor) -> None:
    book.reassign(anna, "U0BEN")
    ben = book.actor("U0BEN")
    book.done(ben, acted(book), "visit")
    assert not may_see(book, "U0BEN")
    book.undo(book.actor("U0BEN"), acted(book))
    assert (book.touches(ACME)[0].state, book.touches(ACME)[0].assignee_id) == ("reminded", ben.person_id)
    assert may_see(book, "U0BEN")


def test_what_somebody_else_did_with_a_given_step_is_not_taken_back(book: Book, anna: Actor) -> None:
    book.reassign(anna, "U0BEN")
    book.done(anna, acted(book), "visit")
    with pytest.raises(NotFound, match="no longer yours"):
        book.undo(book.actor("U0BEN"), acted(book))


def test_the_deputy_of_who_was_given_a_step_sees_the_customer_too(book: Book, anna: Actor) -> None:
    book.reassign(anna, "U0BEN")
    with book.database.write() as session:
        eve = factories.person(session, "Eve")
        deputy = Deputy(
            person_id=book.actor("U0BEN").person_id, deputy_id=eve,
            starts_at=at(MONDAY - DAY), ends_at=at(MONDAY + 30 * DAY),
        )  # fmt: skip
        session.add(deputy)
    assert may_see(book, "U0EVE")
    book.done(book.actor("U0EVE"), acted(book), "call")
    assert not may_see(book, "U0EVE")


def test_a_part_of_the_name_of_a_given_customer_offers_it(book: Book, anna: Actor) -> None:
    book.reassign(anna, "U0BEN")
    with book.database.read() as session:
        found = lookup.answer(session, book.scheme_cache, book.rules, book.actor("U0BEN"), "acm", MONDAY)
    assert isinstance(found, Choice)
    assert [hit.name for hit in found.hits] == ["ACME"]


def test_who_only_sees_a_customer_answers_none_of_its_steps(book: Book) -> None:
    vic = book.actor("U0VIC")
    for act in (book.done, book.snooze, book.skip, lambda who: book.reassign(who, "U0OLGA")):
        with pytest.raises(NotFound, match="no longer yours"):
            act(vic)
    with pytest.raises(NotFound):
        answers.open_step(book.database, vic, button(book), book.rules)


# --- Undo

ACTS: dict[str, Callable[[Book, Actor, Pointer], Any]] = {
    "done": lambda book, who, button: book.done(who, button, "visit"),
    "snoozed": lambda book, who, button: book.snooze(who, button),
    "skipped": lambda book, who, button: book.skip(who, button),
    "reassigned": lambda book, who, button: book.reassign(who, "U0VIC", button),
}


def acted(book: Book) -> Pointer:
    """What Undo points at: the touch that was due on Monday, as it is now."""
    touch = book.touches(ACME)[0]
    return Pointer(id=touch.id or 0, version=touch.version)


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_taken_back_as_if_it_had_not_been(book: Book, anna: Actor, act: str) -> None:
    before, version = as_it_is(book), acted(book).version
    ACTS[act](book, anna, acted(book))
    assert as_it_is(book) != before
    book.clock.advance(timedelta(minutes=10))
    closed = book.undo(anna, acted(book))
    assert (closed.outcome, closed.by.name) == ("undone", "Anna")
    assert as_it_is(book) == before
    assert acted(book).version == version + 2
    assert (contacts(book), book.plan()) == ([], 0)
    (row,) = audited(book.database, "step_undone")
    assert f'"act":"{act}"' in row.before
    assert len(audited(book.database, f"step_{act}")) == 1


@pytest.mark.parametrize("act", ACTS)
def test_only_the_person_who_acted_takes_it_back_and_only_within_minutes(
    book: Book, anna: Actor, act: str
) -> None:
    ACTS[act](book, anna, acted(book))
    state = as_it_is(book)
    with pytest.raises(NotAllowed, match="Only the person who did this"):
        book.undo(book.actor("U0OLGA"), acted(book))
    book.clock.advance(timedelta(minutes=10, seconds=1))
    with pytest.raises(Conflict, match="ten minutes, and they are over"):
        book.undo(anna, acted(book))
    with book.database.write() as session:  # as the job does a week later
        acts.forget(session, book.clock.now())
    with pytest.raises(Conflict, match="ten minutes, and they are over"):
        book.undo(anna, acted(book))
    assert as_it_is(book) == state


@pytest.mark.parametrize("act", ["snoozed", "reassigned"])
def test_what_somebody_else_has_answered_since_is_not_taken_back(book: Book, anna: Actor, act: str) -> None:
    ACTS[act](book, anna, acted(book))
    undo = acted(book)
    book.done(book.actor("U0OLGA"), acted(book), "call")
    with pytest.raises(Conflict, match="dealt with this reminder already"):
        book.undo(anna, undo)
    assert book.touches(ACME)[0].state == "done"


def test_an_act_is_taken_back_once(book: Book, anna: Actor) -> None:
    book.done(anna, kind="visit")
    undo = acted(book)
    book.undo(anna, undo)
    with pytest.raises(Conflict, match="dealt with this reminder already"):
        book.undo(anna, undo)
    book.done(anna, acted(book), "call")
    assert [kind for kind, _, _ in contacts(book)] == ["call"]
    assert [touch.state for touch in book.touches(ACME)] == ["done", "planned"]


def test_the_person_who_was_given_a_step_takes_their_done_back(book: Book, anna: Actor) -> None:
    book.reassign(anna, "U0VIC")
    vic = book.actor("U0VIC")
    book.done(vic, acted(book), "call")
    book.undo(vic, acted(book))
    assert (book.touches(ACME)[0].assignee_id, book.touches(ACME)[0].state) == (vic.person_id, "reminded")


@first_on_postgresql
def test_who_lost_the_customer_takes_nothing_back(book: Book, anna: Actor) -> None:
    book.done(anna, kind="visit")
    with book.database.write() as session:
        session.get_one(Ownership, 1).person_id = 2
        session.get_one(Person, anna.person_id).team_id = 2  # that sees the customer
    with pytest.raises(NotFound, match="no longer yours"):
        book.undo(book.actor("U0ANNA"), acted(book))
    assert len(contacts(book)) == 1


# --- what stands in Slack


def stand(book: Book, *, as_reminder: bool = False) -> None:
    """Everything in the outbox stands in direct messages; as versions before the digest wrote it, if wanted."""
    touch = book.touches(ACME)[0]
    said = Reminder(
        touch_id=touch.id or 0, version=touch.version, customer_id=ACME, customer_version=1, name="ACME", code="C-1",
        tier=TierPart(id="A"), score=None, kind="revisit", step=Name(en="Revisit", zh="回访"), hint=None,
        due_on=touch.due_on, at_latest=touch.latest_on, last_contact=touch.anchor,
    )  # fmt: skip
    with book.database.write() as session:
        for number, row in enumerate(session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))):
            row.slack_channel, row.slack_ts = f"D{row.recipient}", f"{number}.0"
            if as_reminder:
                row.body_json = json.dumps(dump(said))


def now_shown(book: Book) -> list[Any]:
    """What the messages in Slack have to say now; of a digest the rows about ACME."""
    changed = [touch.id or 0 for touch in book.touches(ACME)]
    said: list[Any] = []
    for place in book.places():
        found = shown.here(book.database, changed, place, book.rules, book.clock.now(), FirmDefaults())
        if found is not None:
            said += found.message.rows if isinstance(found.message, CareDigest) else [found.message]
    return said


@all_on_postgresql
@pytest.mark.parametrize("as_reminder", [False, True], ids=["digest", "reminder of an earlier version"])
@pytest.mark.parametrize("act", ACTS)
def test_every_message_shows_what_has_become_of_a_step_and_after_undo_the_step_again(
    book: Book, anna: Actor, act: str, as_reminder: bool
) -> None:
    stand(book, as_reminder=as_reminder)
    ACTS[act](book, anna, acted(book))
    (row,) = now_shown(book)
    assert (row.outcome if as_reminder else row.state) == act
    assert (row.may_undo, row.version) == (True, acted(book).version)
    if act == "done":
        assert (row.by.name, row.kind if as_reminder else row.done_as) == ("Anna", "visit")
        assert row.next_due == book.touches(ACME)[-1].due_on
    book.undo(anna, acted(book))
    (row,) = now_shown(book)
    assert isinstance(row, Reminder if as_reminder else CareRow)
    assert row.version == acted(book).version
    assert as_reminder or (row.state, row.may_undo) == ("open", False)


def test_undo_is_offered_for_ten_minutes(book: Book, anna: Actor) -> None:
    stand(book)
    book.done(anna, kind="call")
    book.clock.advance(timedelta(minutes=10))
    assert [row.may_undo for row in now_shown(book)] == [False]


@all_on_postgresql
@pytest.mark.parametrize("as_reminder", [False, True], ids=["digest", "reminder of an earlier version"])
def test_a_message_of_somebody_who_lost_the_customer_says_nothing_about_it(
    book: Book, anna: Actor, as_reminder: bool
) -> None:
    stand(book, as_reminder=as_reminder)
    with book.database.write() as session:
        session.get_one(Ownership, 1).person_id = 4
    ben = book.actor("U0BEN")
    book.done(ben, acted(book), "call")
    said = now_shown(book)
    if as_reminder:
        assert [(one.outcome, one.by, one.next_due, one.targets()) for one in said] == [
            ("over", None, None, {})
        ]
    else:
        assert said == []


# --- at once


@all_on_postgresql
@pytest.mark.parametrize("act", [*ACTS, "undo"])
def test_two_processes_at_once_have_one_effect(open_another: OpenAnother, act: str) -> None:
    books = [replace(due_book(open_another()), presses=iter(range(10)))]
    books.append(replace(books[0], database=open_another(), presses=iter(range(10, 20))))
    anna = books[0].actor("U0ANNA")
    pointer = acted(books[0])
    if act == "undo":
        books[0].done(anna, pointer, "visit")
        pointer = acted(books[0])
    together, outcomes = threading.Barrier(2), list[str]()

    def press(book: Book) -> None:
        together.wait()
        try:
            if act == "undo":
                book.undo(anna, pointer)
            else:
                ACTS[act](book, anna, pointer)
            outcomes.append("done")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=press, args=[book]) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["conflict", "done"]
    assert len(contacts(books[0])) == (act == "done")
    assert (
        len([touch for touch in books[0].touches(ACME) if touch.state in ("planned", "reminded", "snoozed")])
        == 1
    )


@first_on_postgresql
def test_an_act_that_is_given_up_before_its_commit_changes_nothing(book: Book, anna: Actor) -> None:
    def give_up() -> None:
        raise InterruptedError

    before = as_it_is(book)
    for act, asked in (
        (answers.snooze, {"until": 3}),
        (answers.skip, {"reason": "They are away"}),
    ):
        with pytest.raises(InterruptedError):
            act(book.database, anna, button(book), **asked, **book.pressed(), before_commit=give_up)  # type: ignore[operator]
    assert as_it_is(book) == before
    assert audited(book.database, "step_snoozed", "step_skipped") == []


@first_on_postgresql
def test_what_is_done_on_the_command_line_is_recorded_as_done_there(book: Book, anna: Actor) -> None:
    book.done(replace(anna, door=Door.COMMAND_LINE), kind="visit")
    with book.database.read() as session:
        activity = session.exec(select(Activity).where(Activity.kind == "visit")).one()
    assert activity.source == "tierbot"
