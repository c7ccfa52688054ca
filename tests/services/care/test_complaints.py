"""Complaints: recorded with the activity that counts, handled, closed, and told to whom they concern, once each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.clock import FixedClock
from bot.errors import BadInput, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.care import complaints
from bot.services.care.complaints import Report
from bot.services.care.digest import todo
from bot.services.ops import doctor
from bot.services.recipients import FirmDefaults
from bot.wording.actions import Pointer
from bot.wording.care.complaints import ComplaintLogged, ComplaintReport
from bot.wording.messages import TierCard
from db.audit import AuditEntry
from db.book.customers import Ownership
from db.book.facts import Activity
from db.book.people import Person, Team
from db.care.complaints import Complaint, ComplaintStep, StoredComplaint, Told, rows
from db.care.touches import Touch
from db.engine import Database
from db.graded import due_regrades
from db.processes import Repeated
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, SETTINGS, Book, at, rules
from tests.services.delivery.outbox_harness import Harness

DAY = timedelta(days=1)
FIRM = "C0FIRM"
REPORT = Report(kind="quality", reported_on=MONDAY, what="The pumps leak.")
NOBODY = FirmDefaults()


@dataclass
class Office(Book):
    """A book in which Anna looks after ACME in the team of Lin; Ben is of another team, Ops of sales operations."""

    acme: int = 0

    def fill(self, tier: str = "C", *, owned: bool = True) -> int:
        with self.database.write() as session:
            team = factories.team(session, "East")
            anna = factories.person(session, "Anna", team_id=team)
            lin = factories.person(session, "Lin", role="team_lead", team_id=team)
            session.get_one(Team, team).lead_id = lin
            factories.person(session, "Ben", team_id=factories.team(session, "West"))
            factories.person(session, "Ops", role="sales_ops")
            self.acme = factories.customer(session, "ACME", owner_id=anna if owned else None)
        self.grade({self.acme: tier})
        return self.acme

    def who(self, name: str) -> Actor:
        return self.actor(f"U0{name.upper()}")

    def record(self, by: str = "Anna", form: str = "view:1", **changes: Any) -> ComplaintLogged:
        acted = complaints.record_complaint(
            self.database,
            self.who(by),
            replace(REPORT, **changes),
            meant=self.acme,
            source="slack",
            external_id=form,
            rules=self.rules,
            settings=SETTINGS,
            now=self.clock.now(),
        )
        assert isinstance(acted.message, ComplaintLogged)
        return acted.message

    def act(
        self,
        how: Callable[..., Any],
        by: str = "Anna",
        version: int | None = None,
        of: int | None = None,
        **given: Any,
    ) -> Any:
        target = self.complaint() if of is None else self.all(Complaint)[of - 1]
        pointer = Pointer(id=target.id or 0, version=target.version if version is None else version)
        return how(self.database, self.who(by), pointer, **(self.pressed() | given)).message

    def step(self, text: str = "New seals are on the way.", **how: Any) -> Any:
        return self.act(complaints.add_step, text=text, **how)

    def close(self, **how: Any) -> Any:
        return self.act(complaints.close, **({"outcome": "Replaced.", "agreed": "yes"} | how))

    def undo(self, **how: Any) -> Any:
        return self.act(complaints.undo, **how)

    def complaint(self) -> Complaint:
        (only,) = self.all(Complaint)
        return only

    def left(self) -> list[tuple[StoredComplaint, int]]:
        """Each complaint that is stored, and its number of steps."""
        with self.database.read() as session:
            found = rows(session, [one.id or 0 for one in self.all(Complaint)])
        return [(one, len(self.all(ComplaintStep))) for one in found]

    def all(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(col(table.id))))

    def days_counted(self) -> list[date]:
        """The days of the activities that the grading counts as complaints."""
        return [one.happened_on for one in self.all(Activity) if one.kind == "complaint"]

    def marked(self) -> set[int]:
        with self.database.read() as session:
            return set(due_regrades.marked(session))

    def acts(self) -> list[str]:
        return [one.action for one in self.all(AuditEntry) if one.action.startswith("complaint")]

    def told(self, day: date, hour: int = 10) -> list[tuple[str, ComplaintReport]]:
        """What managers were told up to a moment, with two passes at it."""
        self.clock.advance(at(day, hour) - self.clock.now())
        for _ in range(2):
            complaints.tell_managers(self.sending())
        return [(where, one) for where, one in self.sent() if isinstance(one, ComplaintReport)]

    def digest(self, day: date) -> Any:
        self.go(day)
        return self.digests()[-1] if self.digests() else None


@pytest.fixture
def office(database: Database) -> Office:
    book = Office(database, rules=rules(), channel=FIRM, clock=FixedClock(at(MONDAY, 9)))
    book.fill()
    return book


def test_a_complaint_is_also_the_activity_that_the_grading_counts_and_has_its_customer_graded_again(
    office: Office,
) -> None:
    said = office.record(reported_by="Mr Wu")
    assert (said.deadline, said.handler and said.handler.name) == (MONDAY + 10 * DAY, "Anna")
    assert office.days_counted() == [MONDAY]
    assert office.complaint().reported_by == "Mr Wu"
    assert office.marked() == {office.acme}
    assert office.acts() == ["complaint_opened"]


def test_the_same_form_corrects_and_a_new_day_moves_the_activity_too(office: Office) -> None:
    office.record()
    said = office.record(reported_on=MONDAY - DAY, kind="delivery")
    assert said.corrected
    assert office.days_counted() == [MONDAY - DAY]
    assert (office.complaint().kind, office.complaint().deadline) == ("delivery", MONDAY + 9 * DAY)
    assert office.acts() == ["complaint_opened", "complaint_corrected"]


@pytest.mark.parametrize("form", ["view:1", "view:2"])
def test_the_same_complaint_sent_twice_counts_once(office: Office, form: str) -> None:
    office.record()
    assert office.record(form=form).repeated
    assert office.days_counted() == [MONDAY]
    assert office.acts() == ["complaint_opened"]


@pytest.mark.parametrize(
    ("tier", "kind", "days"),
    [("A", "quality", 3), ("C", "quality", 10), ("A", "safety", 1), ("A", "invoice", 3)],
)
def test_the_deadline_is_that_of_kind_and_tier(database: Database, tier: str, kind: str, days: int) -> None:
    office = Office(database, clock=FixedClock(at(MONDAY, 9)))
    office.fill(tier)
    assert office.record(kind=kind).deadline == MONDAY + days * DAY


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": "gossip"}, "gossip is not a kind of complaint; use one of Product quality, Delivery"),
        ({"reported_on": MONDAY + DAY}, "lies in the future"),
        ({"what": " "}, "Write 3 to 2,000 characters"),
        ({"deadline": MONDAY - DAY}, "not before it"),
        ({"handler": "U0NOBODY"}, "does not know this person"),
        ({"handler": "U0BEN"}, "Ben may not see this customer"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_what_to_do(
    office: Office, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        office.record(**wrong)
    assert office.days_counted() == []


def test_steps_and_the_end_are_kept_with_who_and_when(office: Office) -> None:
    office.record()
    office.step()
    office.close(by="Lin", agreed="no")
    (step,) = office.all(ComplaintStep)
    assert (step.taken_on, step.text) == (MONDAY, "New seals are on the way.")
    closed = office.complaint()
    assert (closed.closed_on, closed.outcome, closed.agreed) == (MONDAY, "Replaced.", "no")
    assert closed.closed_by == office.who("Lin").person_id
    assert office.days_counted() == [MONDAY]
    assert office.acts() == ["complaint_opened", "complaint_step", "complaint_closed"]


def test_an_act_that_is_sent_twice_is_done_once_and_an_old_button_changes_nothing(office: Office) -> None:
    office.record()
    press = office.press()
    office.step(request=press)
    with pytest.raises(Repeated):
        office.step(request=press, version=1)
    with pytest.raises(Conflict, match="Somebody has changed this complaint"):
        office.close(version=1)
    office.close()
    with pytest.raises(Conflict, match="This complaint is closed"):
        office.step()
    assert len(office.all(ComplaintStep)) == 1


def test_taking_back_removes_the_last_act_and_of_a_new_complaint_the_activity_too(office: Office) -> None:
    office.record()
    office.step()
    office.close()
    assert office.undo().act == "reopened"
    assert office.complaint().outcome is None
    with pytest.raises(Conflict, match="ten minutes"):
        office.undo()  # the step is no longer the last act
    with office.database.write() as session:
        session.exec(update(ComplaintStep).values(version=office.complaint().version))
    assert office.undo().act == "step_undone"
    assert office.all(ComplaintStep) == []
    with office.database.write() as session:
        session.exec(update(Complaint).values(version=1))
    assert office.undo().act == "taken_back"
    assert (office.all(Complaint), office.days_counted()) == ([], [])


def test_only_who_did_it_takes_it_back_and_only_for_ten_minutes(office: Office) -> None:
    office.record()
    with pytest.raises(NotAllowed, match="Only the person who did this"):
        office.undo(by="Lin")
    office.clock.advance(timedelta(minutes=11))
    with pytest.raises(Conflict, match="ten minutes"):
        office.undo()
    assert office.days_counted() == [MONDAY]


@pytest.mark.parametrize("name", ["Anna", "Lin", "Ops"])
def test_owner_lead_and_sales_operations_act(office: Office, name: str) -> None:
    office.record(by=name)
    office.step(by=name)
    office.close(by=name)
    assert office.complaint().closed_on == MONDAY


def test_nobody_else_acts_or_learns_that_there_is_one(office: Office) -> None:
    with pytest.raises(Hidden):
        office.record(by="Ben")
    office.record()
    for act in (office.step, office.close, office.undo):
        with pytest.raises(Hidden, match="no longer there, or not for you"):
            act(by="Ben")


def test_the_handler_acts_too_and_has_it_in_their_digest_in_the_owners_place(office: Office) -> None:
    with office.database.write() as session:
        factories.person(session, "Fin", role="finance")
    office.record(handler="U0FIN")
    address, digest = office.digest(MONDAY + DAY)
    assert address == f"person:{office.who('Fin').person_id}"
    assert [row.name for row in digest.complaints] == ["ACME"]
    office.step(by="Fin")
    office.close(by="Fin")


def test_a_complaint_goes_back_to_the_account_manager_when_its_handler_may_see_the_customer_no_more(
    office: Office,
) -> None:
    with office.database.write() as session:
        fin = factories.person(session, "Fin", role="finance")
    office.record(handler="U0FIN")
    with office.database.write() as session:
        session.get_one(Person, fin).role = "viewer"
    address, digest = office.digest(MONDAY + DAY)
    assert address == f"person:{office.who('Anna').person_id}"
    assert [row.name for row in digest.complaints] == ["ACME"]


def test_a_step_that_was_given_to_somebody_does_not_make_them_a_handler(office: Office) -> None:
    office.grade({office.acme: "A"})
    office.plan()
    with office.database.write() as session:
        session.exec(update(Touch).values(assignee_id=office.who("Ben").person_id))
    assert office.acme in office.who("Ben").given
    with pytest.raises(BadInput, match="Ben may not see this customer"):
        office.record(handler="U0BEN")
    said = office.record(by="Ben")
    assert said.may_undo
    office.undo(by="Ben")
    assert office.days_counted() == []


@pytest.mark.parametrize("act", ["record", "step", "close"])
def test_what_was_done_with_a_step_that_was_given_is_taken_back_also_when_the_step_is_over(
    office: Office, act: str
) -> None:
    office.grade({office.acme: "A"})
    office.plan()
    with office.database.write() as session:
        session.exec(update(Touch).values(assignee_id=office.who("Ben").person_id))
    office.record(by="Ben" if act == "record" else "Anna")
    if act != "record":
        getattr(office, act)(by="Ben")
    with office.database.write() as session:
        session.exec(update(Touch).values(state="done", closed_at=office.clock.now()))
    assert office.who("Ben").given == frozenset()
    with pytest.raises(Hidden):
        office.step(by="Ben") if act != "close" else office.act(complaints.reopen, by="Ben")
    office.undo(by="Ben")
    assert [(one.is_open, steps) for one, steps in office.left()] == ([] if act == "record" else [(True, 0)])


def test_what_was_done_with_a_step_that_was_given_is_not_taken_back_by_others_or_later(
    office: Office,
) -> None:
    office.record()
    with pytest.raises(Hidden):
        office.undo(by="Ben")
    office.clock.advance(timedelta(minutes=11))
    with pytest.raises(Conflict, match="ten minutes"):
        office.undo()


def test_the_morning_digest_shows_open_complaints_with_age_and_deadline_overdue_first(office: Office) -> None:
    office.record(kind="other", what="It was too loud.")
    office.record(form="view:2", deadline=MONDAY + DAY)
    address, digest = office.digest(MONDAY + 2 * DAY)
    assert address == f"person:{office.who('Anna').person_id}"
    late, open_one = digest.complaints
    assert (late.what, late.over, late.days) == ("The pumps leak.", 1, 2)
    assert (open_one.kind.en, open_one.over, open_one.left) == ("Other", 0, 8)
    assert digest.rows == ()


def test_there_is_no_digest_once_nothing_is_open(office: Office) -> None:
    office.record()
    office.close()
    assert office.digest(MONDAY + DAY) is None


def test_the_list_of_what_is_to_be_done_shows_them_and_what_has_just_become_of_one(office: Office) -> None:
    office.record()
    number = office.complaint().id or 0

    def listed(complained: tuple[int, ...] = ()) -> Any:
        with office.database.read() as session:
            book = office.scheme_cache.tier_names(session)
            anna, now = office.who("Anna"), office.clock.now()
            return todo.todo(session, office.rules, book, anna, NOBODY, now, complained=complained)

    (row,) = listed().complaints
    assert (row.is_open, row.may_undo) == (True, False)
    office.close()
    assert listed().complaints == ()
    (row,) = listed((number,)).complaints
    assert (row.state, row.outcome, row.agreed, row.may_undo) == ("closed", "Replaced.", "yes", True)


def test_a_digest_redrawn_says_what_has_become_of_its_complaints(office: Office) -> None:
    office.record()
    _, digest = office.digest(MONDAY + DAY)
    office.step(by="Lin")
    with office.database.read() as session:
        reader = office.who("Anna").person_id
        (row,) = todo.current(session, office.rules, digest, reader, NOBODY, office.clock.now()).complaints
    assert (row.steps, row.last_step, row.may_undo) == (1, "New seals are on the way.", False)


def test_the_card_says_how_many_are_open_since_when_and_until_when(office: Office) -> None:
    def card() -> TierCard:
        with office.database.read() as session:
            anna = office.who("Anna")
            found = lookup.card(
                session, office.scheme_cache, office.rules, anna, office.acme, MONDAY + 11 * DAY
            )
        assert isinstance(found, TierCard)
        return found

    assert card().complaints is None
    office.record()
    office.record(form="view:2", kind="other", deadline=MONDAY + 20 * DAY)
    found = card().complaints
    assert found is not None
    assert (found.count, found.since, found.deadline, found.over) == (2, MONDAY, MONDAY + 10 * DAY, 1)


def test_the_manager_is_told_once_of_the_opening_where_tier_or_kind_say_so_and_once_when_the_deadline_passes(
    office: Office,
) -> None:
    office.record(kind="safety")
    office.record(form="view:2", what="Late again.", kind="delivery", deadline=MONDAY + DAY)
    ((address, opened),) = office.told(MONDAY)
    assert address == f"person:{office.who('Lin').person_id}"
    assert [(row.kind.en, row.late) for row in opened.rows] == [("Safety or compliance", False)]
    assert len(office.told(MONDAY + DAY)) == 1
    _, (_, late) = office.told(MONDAY + 2 * DAY)
    assert [(row.kind.en, row.over) for row in late.rows] == [("Safety or compliance", 1), ("Delivery", 1)]
    assert len(office.told(MONDAY + 9 * DAY)) == 2


def test_many_complaints_make_one_message(office: Office) -> None:
    for number in range(40):
        office.record(form=f"view:{number}", kind="safety", what=f"Case {number}")
    ((_, opened),) = office.told(MONDAY)
    assert (len(opened.rows), opened.more) == (30, 10)


def test_managers_are_told_from_their_morning_on(office: Office) -> None:
    office.record(kind="safety")
    assert office.told(MONDAY + DAY, 8) == []
    assert len(office.told(MONDAY + DAY, 9)) == 1


def test_without_a_manager_the_channel_is_told(office: Office) -> None:
    with office.database.write() as session:
        session.exec(update(Team).values(lead_id=None))
    office.record(kind="safety")
    ((address, _),) = office.told(MONDAY)
    assert address == f"channel:{FIRM}"


def test_a_message_that_nobody_may_read_any_more_is_written_again_for_who_may(office: Office) -> None:
    office.record(kind="safety")
    assert len(office.told(MONDAY)) == 1
    with office.database.write() as session:
        new = factories.person(session, "Mia", role="team_lead", team_id=1)
        session.exec(update(Team).where(col(Team.name) == "East").values(lead_id=new))
        session.exec(update(Ownership).values(person_id=office.who("Ben").person_id))
        session.exec(update(Team).where(col(Team.name) == "West").values(lead_id=new))
    Harness(office.database, clock=office.clock).deliver()
    told = office.told(MONDAY, 12)
    assert told[-1][0] == f"person:{new}"


@pytest.mark.parametrize(("refused", "hour"), [(True, 10), (False, 22)], ids=["refused", "after the hours"])
def test_the_manager_is_told_again_when_slack_did_not_take_the_message_in_time(
    office: Office, refused: bool, hour: int
) -> None:
    with office.database.write() as session:
        session.exec(update(Person).values(works_from="08:00", works_until="18:00"))
    for number in range(31):  # one more than a message names
        office.record(form=f"view:{number}", kind="safety", what=f"Case {number}")
    assert len(office.told(MONDAY)) == 1
    harness = Harness(office.database, clock=office.clock)
    if refused:
        harness.slack.faults = lambda where, text: "refused"
    office.clock.advance(at(MONDAY, hour) - office.clock.now())
    harness.deliver()
    assert harness.states() == ["dead"]
    assert {one.told for one in office.all(Complaint)} == {Told.OPENING_DUE}
    assert len(office.told(MONDAY + DAY)[-1][1].rows) == 30


@on_sqlite
def test_the_doctor_counts_complaints_past_their_deadline_that_nobody_handles(office: Office) -> None:
    office.record()
    with office.database.write() as session:
        session.exec(update(Ownership).values(starts_on=MONDAY - DAY, ends_on=MONDAY))
    with office.database.read() as session:
        early = list(doctor._complaints(session, MONDAY + 10 * DAY))
        (finding,) = doctor._complaints(session, MONDAY + 11 * DAY)
    assert early == []
    assert finding.level == "problem"
    assert "1 complaint is past its deadline, and nobody handles it" in str(finding.found)
