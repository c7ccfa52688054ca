"""The list of what is to be done at any time, and a digest as it has to be now."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import update

from bot.clock import FixedClock
from bot.services.care.digest import todo
from bot.services.recipients import FirmDefaults
from bot.wording.care.digest import MOST_ROWS, CareDigest
from bot.wording.rendering import Renderer
from db.book.customers import Ownership
from db.book.facts import Activity
from db.book.people import Deputy, Team
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.book import MONDAY, Book, at

DAY = timedelta(days=1)
FIRM = FirmDefaults()


@pytest.fixture
def book(database: Database) -> Book:
    return Book(database, clock=FixedClock(at(MONDAY)))


def touch(book: Book, name: str, owner: int | None, **values: Any) -> int:
    """A touch of a new customer that is due on Monday."""
    fixed: dict[str, Any] = {
        "step": "revisit", "kind": "revisit", "tier": "A", "due_on": MONDAY, "latest_on": MONDAY + 15 * DAY,
        "remind_at": at(MONDAY), "state": "reminded", "created_at": at(MONDAY),
    }  # fmt: skip
    with book.database.write() as session:
        customer = factories.customer(session, name, owner_id=owner)
        row = Touch(customer_id=customer, dedupe_key=f"revisit:{customer}", **fixed | values)
        session.add(row)
        session.flush()
        return row.id or 0


def listed(book: Book, who: str, **how: Any) -> CareDigest:
    with book.database.read() as session:
        names = book.scheme_cache.tier_names(session)
        return todo.todo(session, book.rules, names, book.actor(who), FIRM, book.clock.now(), **how)


def names(digest: CareDigest) -> list[str]:
    return [row.name for row in digest.rows]


def person(book: Book, *args: Any, **values: Any) -> int:
    with book.database.write() as session:
        return factories.person(session, *args, **values)


def test_the_list_has_what_is_due_and_coming_up_whatever_was_shown_before(book: Book) -> None:
    anna, ben = person(book), person(book, "Ben")
    touch(book, "shown", anna)
    touch(book, "waits", anna, state="planned", remind_at=at(MONDAY + 2 * DAY))
    touch(book, "late", anna, latest_on=MONDAY - DAY)
    touch(book, "soon", anna, state="planned", due_on=MONDAY + 2 * DAY, remind_at=at(MONDAY + 2 * DAY))
    touch(book, "far", anna, state="planned", due_on=MONDAY + 20 * DAY, remind_at=at(MONDAY + 20 * DAY))
    touch(book, "put off", anna, state="snoozed", remind_at=at(MONDAY + 3 * DAY))
    touch(book, "done", anna, state="done")
    touch(book, "Ben's", ben)
    found = listed(book, "U0ANNA")
    assert names(found) == ["late", "shown", "waits", "soon"]
    assert (found.overdue, found.due, found.soon, found.listed) == (1, 2, 1, True)
    assert names(listed(book, "U0BEN")) == ["Ben's"]


def test_an_empty_list_says_so(book: Book) -> None:
    person(book)
    text = Renderer().slots(listed(book, "U0ANNA"), "en").body
    assert text == ("Nothing is due for you, and nothing is coming up.",)


def test_the_list_is_of_who_does_a_step(book: Book) -> None:
    with book.database.write() as session:
        east = factories.team(session, "East")
        olga = factories.person(session, "Olga", role="team_lead", team_id=east)
        session.get_one(Team, east).lead_id = olga
        anna = factories.person(session, "Anna", team_id=east)
        left = factories.person(session, "Left", team_id=east, active=False)
        fay = factories.person(session, "Fay", role="finance")
        tom = factories.person(session, "Tom")
        ends = {"starts_at": at(MONDAY, 0), "ends_at": at(MONDAY + DAY)}
        session.add(Deputy(person_id=tom, deputy_id=anna, **ends))
    touch(book, "own", anna)
    touch(book, "lead's", anna, who="lead")
    touch(book, "finance", anna, who="finance")
    touch(book, "given", anna, assignee_id=olga)
    touch(book, "of who left", left)
    touch(book, "deputy's", tom)
    assert fay
    assert sorted(names(listed(book, "U0ANNA"))) == ["deputy's", "own"]
    assert sorted(names(listed(book, "U0OLGA"))) == ["given", "lead's", "of who left"]
    assert names(listed(book, "U0FAY")) == ["finance"]
    assert names(listed(book, "U0TOM")) == []


def test_a_long_list_has_pages(book: Book) -> None:
    anna = person(book)
    for number in range(MOST_ROWS + 3):
        touch(book, f"C{number:02}", anna)
    first = listed(book, "U0ANNA")
    assert (len(first.rows), first.more, first.next_place) == (MOST_ROWS, 3, MOST_ROWS)
    assert first.targets()
    last = listed(book, "U0ANNA", start=first.next_place)
    assert (len(last.rows), last.more, last.targets()) == (3, 0, {})
    assert sorted(names(first) + names(last)) == [f"C{number:02}" for number in range(MOST_ROWS + 3)]
    assert names(listed(book, "U0ANNA", start=10**6)) == []


def test_what_was_answered_a_moment_ago_stays_with_undo(book: Book) -> None:
    anna = person(book)
    number = touch(book, "ACME", anna, state="skipped", closed_by=anna)
    (row,) = listed(book, "U0ANNA", also={number: anna}).rows
    assert (row.state, row.by and row.by.name, row.may_undo) == ("skipped", "Anna", True)


def now(book: Book, shown: CareDigest, reader: int | None, **how: Any) -> CareDigest:
    with book.database.read() as session:
        return todo.current(session, book.rules, shown, reader, FIRM, book.clock.now(), **how)


def change(book: Book, number: int, **values: Any) -> None:
    with book.database.write() as session:
        session.exec(update(Touch).where(Touch.id == number).values(**values))  # type: ignore[arg-type]


def test_a_digest_is_shown_again_with_what_has_become_of_each_row_in_its_place(book: Book) -> None:
    anna, ben = person(book), person(book, "Ben")
    ids = [touch(book, f"C{number}", anna, state="planned") for number in range(6)]
    book.remind()
    (shown,) = [digest for _, digest in book.digests()]
    assert now(book, shown, anna) == shown
    with book.database.write() as session:
        call = {"customer_id": 1, "source": "slack", "external_id": "1", "kind": "call"}
        session.add(Activity(id=9, **call, happened_on=MONDAY, recorded_at=at(MONDAY)))
    change(book, ids[0], state="done", closed_by=anna, activity_id=9, version=2)
    change(book, ids[1], state="snoozed", remind_at=at(MONDAY + 3 * DAY))
    change(book, ids[2], state="skipped", closed_by=ben)
    change(book, ids[3], assignee_id=ben)
    change(book, ids[4], state="cancelled")
    again = now(book, shown, anna, undoable={ids[0]: anna, ids[1]: ben})
    assert names(again) == names(shown)
    assert [(row.state, row.by and row.by.name, row.may_undo) for row in again.rows] == [
        ("done", "Anna", True),
        ("snoozed", "Ben", False),  # only Ben takes it back
        ("skipped", "Ben", False),
        ("reassigned", None, False),
        ("over", None, False),
        ("open", None, False),
    ]
    assert (again.rows[0].version, again.rows[0].done_as, again.rows[1].until) == (
        2,
        "call",
        MONDAY + 3 * DAY,
    )
    assert (again.rows[3].to and again.rows[3].to.name, again.due, shown.due) == ("Ben", 1, 6)
    assert again.minutes == shown.minutes // 6
    lines = [text.splitlines()[-1] for text in Renderer().slots(again, "en").rows]
    assert lines[:5] == [
        ":white_check_mark: Done by <@U0ANNA> (Call)",
        ":zzz: Snoozed by <@U0BEN> until Mar 5, 2026",
        ":heavy_minus_sign: Skipped by <@U0BEN>",
        ":arrow_right: <@U0BEN> does it now",
        "This is over.",
    ]
    change(book, ids[1], state="reminded")
    change(book, ids[3], assignee_id=None)
    undone = now(book, again, anna)  # whatever was shown last
    assert [row.state for row in undone.rows] == ["done", "open", "skipped", "open", "over", "open"]


def test_a_customer_that_the_reader_may_no_longer_see_is_left_out(book: Book) -> None:
    anna, ben = person(book), person(book, "Ben")
    touch(book, "kept", anna, state="planned")
    touch(book, "gone", anna, state="planned")
    book.remind()
    (shown,) = [digest for _, digest in book.digests()]
    with book.database.write() as session:
        session.exec(update(Ownership).where(Ownership.customer_id == 2).values(person_id=ben))  # type: ignore[arg-type]
    again = now(book, shown, anna)
    assert (names(again), again.due) == (["kept"], 1)
    assert names(now(book, replace(shown, rows=()), anna)) == []


@all_on_postgresql
@pytest.mark.parametrize(
    ("tier", "said"), [("B", "Not due any more: next one Apr 1, 2026"), ("P1", "9 days over its limit")]
)
def test_a_row_of_a_digest_follows_a_change_of_tier(book: Book, tier: str, said: str) -> None:
    with book.database.write() as session:
        acme = factories.customer(session, "ACME", owner_id=factories.person(session, "Anna"))
        factories.contact(session, acme, MONDAY - 30 * DAY, "call")
    book.clock = FixedClock(at(MONDAY - 3 * DAY))
    book.grade({acme: "A"})
    book.go(MONDAY)
    (shown,) = [digest for _, digest in book.digests()]
    book.grade({acme: tier})
    book.plan()
    text = str(Renderer().slots(now(book, shown, 1), "en"))
    assert said in text
    assert "days left" not in text


def test_a_row_says_no_past_day_as_the_next_one(book: Book) -> None:
    """An import brings a contact that fulfils the step and is so old that the next one is due already."""
    with book.database.write() as session:
        acme = factories.customer(session, "ACME", owner_id=factories.person(session, "Anna"))
        factories.contact(session, acme, MONDAY - 70 * DAY, "call")
    book.clock = FixedClock(at(MONDAY - 3 * DAY))
    book.grade({acme: "A"})
    book.go(MONDAY)
    (shown,) = [digest for _, digest in book.digests()]
    with book.database.write() as session:
        factories.contact(session, acme, MONDAY - 35 * DAY, "visit")
    book.plan()
    (row,) = now(book, shown, 1).rows
    assert (row.state, row.next_due) == ("done", None)
