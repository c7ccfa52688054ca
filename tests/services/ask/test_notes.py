"""What was logged is read again by those who may see the customer, found by words, changed and taken back."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.errors import BadInput, BotError, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.ask import notes
from bot.services.ask.notes.search import excerpt, words_of
from bot.services.privacy import retention
from bot.wording.actions import Pointer
from bot.wording.ask.notes import CustomerNotes, NotesFound
from db.audit import AuditEntry
from db.book.facts import Activity, Fact
from db.book.notes import NoteVersion
from db.book.people import Team
from db.engine import Database
from db.graded import due_regrades
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, Book

FRIDAY = MONDAY - timedelta(days=3)
ONE_DAY = timedelta(days=1)
THURSDAY = FRIDAY - ONE_DAY
LAST_YEAR = MONDAY - timedelta(days=365)


@dataclass
class NoteBook:
    """Anna and Olga, who leads her, Ben of another team, and Ada, an admin. Anna looks after ACME, Ben after Globex."""

    book: Book
    acme: int = 0
    globex: int = 0

    def __post_init__(self) -> None:
        with self.book.database.write() as session:
            east, west = factories.team(session, "East"), factories.team(session, "West")
            anna = factories.person(session, "Anna", team_id=east)
            olga = factories.person(session, "Olga", role="team_lead", team_id=east)
            ben = factories.person(session, "Ben", team_id=west)
            factories.person(session, "Ada", role="admin")
            session.get_one(Team, east).lead_id = olga
            self.acme = factories.customer(session, "ACME", owner_id=anna)
            self.globex = factories.customer(session, "Globex", owner_id=ben)
        self.book.grade({self.acme: "A", self.globex: "B"})
        self.book.plan()

    def who(self, name: str) -> Actor:
        return self.book.actor(f"U0{name.upper()}")

    def log(self, name: str, customer: int, note: str | None, day: date = FRIDAY, form: str = "1") -> int:
        self.book.log(self.who(name), customer, day, form_id=f"view:{form}", note=note)
        with self.book.database.read() as session:
            found = session.exec(select(Activity.id).where(Activity.external_id == f"view:{form}")).one()
        return found or 0

    def page(self, name: str, customer: int, start: int = 0) -> CustomerNotes:
        with self.book.database.read() as session:
            return notes.notes(session, self.book.scheme_cache, self.who(name), customer, start)

    def found(self, name: str, words: str) -> NotesFound:
        with self.book.database.read() as session:
            return notes.search(session, self.who(name), words)

    def change(self, name: str, pointer: Pointer, **values: Any) -> Any:
        given = {"kind": "visit", "happened_on": FRIDAY, "note": "They agree"} | values
        return notes.change(self.book.database, self.who(name), pointer, **given, **self.book.pressed())

    def take_back(self, name: str, pointer: Pointer) -> Any:
        return notes.take_back(self.book.database, self.who(name), pointer, **self.book.pressed())


@pytest.fixture
def desk(database: Database) -> NoteBook:
    return NoteBook(Book(database))


def refused(work: Any) -> type[BotError] | None:
    try:
        work()
    except BotError as error:
        return type(error)
    return None


def test_notes_are_read_by_who_may_see_the_customer(desk: NoteBook) -> None:
    desk.log("Anna", desk.acme, "They want a second line")
    assert [row.written for row in desk.page("Anna", desk.acme).notes] == ["They want a second line"]
    assert desk.page("Olga", desk.acme).notes[0].who.name == "Anna"  # type: ignore[union-attr]
    with pytest.raises(Hidden):
        desk.page("Ben", desk.acme)


def test_notes_come_in_pages_the_newest_first_with_the_evidence_of_facts_among_them(desk: NoteBook) -> None:
    for number in range(6):
        desk.log("Anna", desk.acme, f"note {number}", FRIDAY - timedelta(days=number), str(number))
    with desk.book.database.write() as session:
        session.add(
            Fact(
                customer_id=desk.acme, field="credit_limit", measured_on=MONDAY, value="90000", source="tierbot",
                author="Finn", evidence="bank letter", recorded_at=factories.AT,
            )
        )  # fmt: skip
    first, second = desk.page("Anna", desk.acme), desk.page("Anna", desk.acme, 5)
    assert [row.written for row in first.notes] == ["bank letter", *(f"note {n}" for n in range(4))]
    assert [row.written for row in second.notes] == ["note 4", "note 5"]
    assert (first.total, second.start, second.last) == (7, 5, 7)
    assert first.notes[0].value is None  # a credit limit is masked
    assert desk.page("Anna", desk.acme, 9_000).start == 5


def test_only_the_author_their_lead_and_admins_change_a_note(desk: NoteBook) -> None:
    number = desk.log("Anna", desk.acme, "They want a second line")
    with desk.book.database.write() as session:  # Ben sees the customer now, and does not own what Anna wrote
        ben = desk.who("Ben").person_id
        factories.own(session, factories.customer(session, "Initech"), ben)
    pointer = Pointer(id=number)
    assert refused(lambda: desk.change("Ben", pointer)) is Hidden
    may = {name: desk.page(name, desk.acme).notes[0].may_change for name in ("Anna", "Olga", "Ada")}
    assert may == {"Anna": True, "Olga": True, "Ada": True}
    assert desk.change("Olga", pointer, note="They want two lines").outcome == "changed"
    assert desk.page("Anna", desk.acme).notes[0].written == "They want two lines"


def test_who_sees_a_customer_does_not_change_what_a_colleague_wrote(desk: NoteBook) -> None:
    with desk.book.database.write() as session:
        mate = factories.person(session, "Mia", role="finance")
        assert mate
    number = desk.log("Anna", desk.acme, "They want a second line")
    shown = desk.page("Mia", desk.acme)
    assert (shown.notes[0].may_change, shown.may_log) == (False, False)
    assert refused(lambda: desk.change("Mia", Pointer(id=number))) is NotAllowed
    assert refused(lambda: desk.take_back("Mia", Pointer(id=number))) is NotAllowed


def test_what_a_note_was_is_kept_and_the_audit_says_that_it_changed_but_not_what_it_says(
    desk: NoteBook,
) -> None:
    number = desk.log("Anna", desk.acme, "secret words")
    desk.change("Anna", Pointer(id=number), note="other words", kind="call")
    with desk.book.database.read() as session:
        (kept,) = session.exec(select(NoteVersion)).all()
        (entry,) = session.exec(select(AuditEntry).where(col(AuditEntry.action) == "contact_changed")).all()
    assert (kept.note, kept.kind, kept.taken_back) == ("secret words", "visit", False)
    assert "note_changed" in str(entry.after)
    assert "words" not in f"{entry.before}{entry.after}"
    row = desk.page("Anna", desk.acme).notes[0]
    assert (row.kind, row.version, row.changed_on) == ("call", 1, MONDAY)


def test_a_note_that_somebody_changed_since_it_was_shown_stays(desk: NoteBook) -> None:
    number = desk.log("Anna", desk.acme, "first")
    desk.change("Anna", Pointer(id=number), note="second")
    with pytest.raises(Conflict):
        desk.change("Olga", Pointer(id=number), note="third")
    assert desk.page("Anna", desk.acme).notes[0].written == "second"


def test_care_and_grading_follow_a_contact_that_is_moved_or_taken_back(desk: NoteBook) -> None:
    before = desk.book.states(desk.acme)
    number = desk.log("Anna", desk.acme, "They want a second line", THURSDAY)
    logged = desk.book.states(desk.acme)
    assert logged != before
    desk.change("Anna", Pointer(id=number), happened_on=FRIDAY)
    assert dict(desk.book.states(desk.acme))["planned"] == dict(logged)["planned"] + ONE_DAY
    assert desk.take_back("Anna", Pointer(id=number, version=1)).outcome == "taken_back"
    is_open = [one for one in desk.book.states(desk.acme) if one[0] in ("planned", "reminded")]
    assert is_open == [one for one in before if one[0] in ("planned", "reminded")]
    with desk.book.database.read() as session:
        assert desk.acme in due_regrades.marked(session)
        assert session.get(Activity, number) is None


@pytest.mark.parametrize("record", ["complaint", "gift", "survey"])
def test_what_belongs_to_a_record_is_changed_there(desk: NoteBook, record: str) -> None:
    with desk.book.database.write() as session:
        if record == "complaint":
            factories.complaint(session, desk.acme, FRIDAY)
        elif record == "gift":
            factories.gift(session, desk.acme, FRIDAY)
        else:
            factories.survey_score(session, desk.acme, FRIDAY)
        (activity,) = session.exec(select(Activity)).all()
        activity.note, activity.source = "of a record", "slack"
        number = activity.id or 0
    assert desk.page("Ada", desk.acme).notes[0].may_change is False
    with pytest.raises(Conflict, match=record):
        desk.take_back("Ada", Pointer(id=number))


def test_what_was_imported_is_corrected_where_it_came_from(desk: NoteBook) -> None:
    with desk.book.database.write() as session:
        number = factories.contact(session, desk.acme, FRIDAY)
        session.get_one(Activity, number).note = "from a file"
    assert desk.page("Ada", desk.acme).notes[0].may_change is False
    with pytest.raises(Conflict, match="import it again"):
        desk.change("Ada", Pointer(id=number))


def test_a_visit_does_not_become_a_complaint_by_a_change(desk: NoteBook) -> None:
    number = desk.log("Anna", desk.acme, "They want a second line")
    with pytest.raises(BadInput):
        desk.change("Anna", Pointer(id=number), kind="complaint")


def test_notes_are_found_by_words_and_by_parts_of_chinese_ones_among_the_own_customers(
    desk: NoteBook,
) -> None:
    desk.log("Anna", desk.acme, "They want a SECOND line of pumps", form="1")
    desk.log("Anna", desk.acme, "客户希望缩短交货周期", FRIDAY - timedelta(days=1), "2")
    desk.log("Ben", desk.globex, "No second line here", form="3")
    assert [one.name for one in desk.found("Anna", "second LINE").found] == ["ACME"]
    assert [one.excerpt for one in desk.found("Anna", "交货").found] == ["客户希望缩短交货周期"]
    assert [one.name for one in desk.found("Ben", "second").found] == ["Globex"]
    assert {one.name for one in desk.found("Ada", "second").found} == {"ACME", "Globex"}
    assert desk.found("Anna", "second here").found == ()
    assert desk.found("Anna", "100%").found == ()  # a percent sign is one, and no wildcard
    assert desk.found("Ben", "交货").found == ()


def test_the_newest_notes_are_found_first_and_that_there_are_more_is_said(desk: NoteBook) -> None:
    for number in range(12):
        desk.log("Anna", desk.acme, f"pump {number}", FRIDAY - timedelta(days=number), str(number))
    found = desk.found("Anna", "pump")
    assert [one.excerpt for one in found.found] == [f"pump {number}" for number in range(10)]
    assert found.more


def test_telephone_numbers_in_what_is_found_are_masked() -> None:
    assert excerpt("call 13812345678 about pumps", ["pumps"]) == "call 13•••78 about pumps"


def test_what_is_masked_is_not_found_by_guessing_it(desk: NoteBook) -> None:
    desk.log("Anna", desk.acme, "call 13812345678 or max@example.org about pumps", form="1")
    assert [one.excerpt for one in desk.found("Anna", "pumps").found] == [
        "call 13•••78 or m•••@example.org about pumps"
    ]
    for hidden in ("1234", "13812345678", "max@"):
        assert desk.found("Anna", hidden).found == ()


@pytest.mark.parametrize(
    "words", ["", " ", "a", '""', "?", "x" * 201, "one two three four five six seven eight nine"]
)
def test_words_that_tell_nothing_apart_are_refused(words: str) -> None:
    with pytest.raises(BadInput):
        words_of(words)


def test_words_in_quotation_marks_stay_together() -> None:
    assert words_of('"second line" pumps “泵 站”') == ["second line", "pumps", "泵 站"]


@on_sqlite
def test_what_a_note_was_is_deleted_with_old_notes(desk: NoteBook) -> None:
    number = desk.log("Anna", desk.acme, "old words", LAST_YEAR)
    desk.change("Anna", Pointer(id=number), note="newer words", happened_on=LAST_YEAR)
    assert retention._delete_notes(desk.book.database, MONDAY - timedelta(days=30)) == 2
    with desk.book.database.read() as session:
        assert [one.note for one in session.exec(select(NoteVersion))] == [None]
