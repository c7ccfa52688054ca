"""Promises: recorded, asked about on the days on which people work, kept or not, and told to managers once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.clock import FixedClock
from bot.errors import BadInput, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.care import promises
from bot.services.care.digest import todo
from bot.services.care.plan import Escalation
from bot.services.care.promises import Given
from bot.services.ops import doctor
from bot.services.recipients import FirmDefaults
from bot.wording.actions import Pointer
from bot.wording.care.promises import PromiseChanged, PromiseReport
from bot.wording.messages import TierCard
from bot.wording.parts import Who
from db.audit import AuditEntry
from db.book.customers import Ownership
from db.book.people import Absence, Deputy, Person, Team
from db.care.records.promises import Promise, PromiseDelay
from db.engine import Database
from db.processes import Repeated
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, Book, at, rules
from tests.services.delivery.outbox_harness import Harness

DAY = timedelta(days=1)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + n * DAY for n in range(1, 5))
NEXT_MONDAY = MONDAY + 7 * DAY
FIRM = "C0FIRM"
NOBODY = FirmDefaults()


@dataclass
class Office(Book):
    """A book in which Anna looks after ACME in the team of Lin; Tom is of her team, Ben of another one."""

    acme: int = 0

    def fill(self, tier: str = "C", *, owned: bool = True) -> int:
        with self.database.write() as session:
            team = factories.team(session, "East")
            anna = factories.person(session, "Anna", team_id=team)
            lin = factories.person(session, "Lin", role="team_lead", team_id=team)
            session.get_one(Team, team).lead_id = lin
            factories.person(session, "Tom", role="team_lead", team_id=team)
            factories.person(session, "Ben", team_id=factories.team(session, "West"))
            self.acme = factories.customer(session, "ACME", owner_id=anna if owned else None)
        self.grade({self.acme: tier})
        return self.acme

    def who(self, name: str) -> Actor:
        return self.actor(f"U0{name.upper()}")

    def person(self, name: str) -> str:
        """Where messages to a person go."""
        return f"person:{self.who(name).person_id}"

    def promise(
        self, due_on: date = FRIDAY, *, by: str = "Anna", form: str = "view:1", what: str = "The offer"
    ) -> PromiseChanged:
        return promises.record_promise(
            self.database,
            self.who(by),
            Given(what=what, due_on=due_on),
            meant=self.acme,
            source="slack",
            external_id=form,
            rules=self.rules,
            now=self.clock.now(),
        ).message

    def act(self, how: Callable[..., Any], by: str = "Anna", version: int | None = None, **given: Any) -> Any:
        target = self.only()
        pointer = Pointer(id=target.id or 0, version=target.version if version is None else version)
        besides = {"now": self.clock.now(), "request": self.press()}
        return how(self.database, self.who(by), pointer, **(besides | given)).message

    def keep(self, **how: Any) -> Any:
        return self.act(promises.keep, **how)

    def postpone(self, due_on: date, **how: Any) -> Any:
        return self.act(promises.postpone, due_on=due_on, **({"told": "It comes on Monday."} | how))

    def withdraw(self, **how: Any) -> Any:
        return self.act(promises.withdraw, **({"reason": "They bought elsewhere."} | how))

    def undo(self, **how: Any) -> Any:
        return self.act(promises.undo, **how)

    def only(self) -> Promise:
        (one,) = self.all(Promise)
        return one

    def all(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(col(table.id))))

    def acts(self) -> list[str]:
        return [one.action for one in self.all(AuditEntry) if one.action.startswith("promise")]

    def shown(self, day: date) -> list[tuple[str, str | None, int]]:
        """(where, what, days over) of the promises in the digests that were written until the morning of a day."""
        self.go(day)
        return [(where, row.what, row.over) for where, one in self.digests() for row in one.promises]

    def listed(self, name: str, promised: tuple[int, ...] = ()) -> Any:
        """The promises of what a person has to do now."""
        with self.database.read() as session:
            book, now = self.scheme_cache.tier_names(session), self.clock.now()
            found = todo.todo(session, self.rules, book, self.who(name), NOBODY, now, promised=promised)
            return found.promises

    def told(self, day: date, hour: int = 10) -> list[tuple[str, list[str | None]]]:
        """(where, what) of the promises that managers were told of up to a moment, with two passes at it."""
        self.clock.advance(at(day, hour) - self.clock.now())
        for _ in range(2):
            promises.tell_managers(self.sending())
        return [
            (where, [row.what for row in one.rows])
            for where, one in self.sent()
            if isinstance(one, PromiseReport)
        ]

    def hand_over(self, to: str) -> None:
        """Another person looks after ACME from now on."""
        day, person = self.clock.now().date(), self.who(to).person_id
        with self.database.write() as session:
            session.exec(update(Ownership).where(col(Ownership.ends_on).is_(None)).values(ends_on=day))
            session.add(Ownership(customer_id=self.acme, person_id=person, starts_on=day))

    def change(self, name: str, **values: Any) -> None:
        with self.database.write() as session:
            session.exec(update(Person).where(col(Person.name) == name).values(**values))

    def away(self, name: str, first: date, last: date, deputy: str | None = None) -> None:
        person = self.who(name).person_id
        with self.database.write() as session:
            session.add(Absence(person_id=person, first_day=first, last_day=last))
            if deputy is not None:
                stands_in = self.who(deputy).person_id
                session.add(
                    Deputy(
                        person_id=person,
                        deputy_id=stands_in,
                        starts_at=at(first, 0),
                        ends_at=at(last + DAY, 0),
                    )
                )


@pytest.fixture
def office(database: Database) -> Office:
    book = Office(database, rules=rules(), channel=FIRM, clock=FixedClock(at(MONDAY, 10)))
    book.fill()
    return book


def test_a_promise_is_recorded_and_said_from_when_on_it_is_asked_about(office: Office) -> None:
    said = office.promise(FRIDAY)
    assert (said.act, said.due_on, said.asked_on, said.may_undo) == ("made", FRIDAY, THURSDAY, True)
    assert said.keeper == Who(name="Anna", slack_user_id="U0ANNA")
    assert (office.only().made_on, office.only().keeper_id) == (MONDAY, None)
    assert office.shown(WEDNESDAY) == []
    assert office.shown(THURSDAY) == [(office.person("Anna"), "The offer", 0)]
    assert office.acts() == ["promise_made"]


@pytest.mark.parametrize(
    ("due_on", "asked"),
    [
        (NEXT_MONDAY, FRIDAY),  # the day before is a Sunday
        (FRIDAY + DAY, FRIDAY),  # the day itself is a Saturday
        (MONDAY, None),
        (TUESDAY, None),
    ],
)
def test_a_promise_is_asked_about_on_the_last_working_day_before_its_day(
    office: Office, due_on: date, asked: date | None
) -> None:
    assert office.promise(due_on).asked_on == asked
    rows = office.listed("Anna")
    assert [row.due_on for row in rows] == ([] if asked else [due_on])
    if asked:
        assert office.shown(asked - DAY) == []
        assert len(office.shown(asked)) == 1


def test_before_days_off_a_promise_is_asked_about_on_the_last_day_of_work(office: Office) -> None:
    office.away("Anna", WEDNESDAY, NEXT_MONDAY)
    assert office.promise(FRIDAY).asked_on == TUESDAY
    assert office.shown(TUESDAY) == [(office.person("Anna"), "The offer", 0)]


def test_a_late_promise_comes_back_each_morning_with_its_age(office: Office) -> None:
    office.promise(TUESDAY)
    for day in (TUESDAY, WEDNESDAY, THURSDAY):
        office.go(day)
    assert [over for _, _, over in office.shown(FRIDAY)] == [0, 1, 2, 3]


@pytest.mark.parametrize("form", ["view:1", "view:2"])
def test_the_same_promise_sent_twice_is_one(office: Office, form: str) -> None:
    office.promise()
    assert office.promise(form=form).act == "repeated"
    assert office.only().version == 1
    assert office.acts() == ["promise_made"]


def test_the_same_form_corrects_until_something_has_become_of_the_promise(office: Office) -> None:
    office.promise()
    assert office.promise(THURSDAY, what="The offer, signed").act == "corrected"
    assert (office.only().due_on, office.only().first_due_on) == (THURSDAY, THURSDAY)
    with pytest.raises(Conflict, match="id of another promise"):
        office.promise(by="Lin")
    office.keep()
    with pytest.raises(Conflict, match="Something has become of this promise"):
        office.promise(FRIDAY)
    assert office.acts() == ["promise_made", "promise_corrected", "promise_kept"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"due_on": MONDAY - DAY}, "The day is past"),
        ({"due_on": MONDAY + 367 * DAY}, "more than a year away"),
        ({"what": " x "}, "Write 3 to 2,000 characters"),
    ],
)
def test_what_cannot_be_promised_is_refused_with_what_to_do(
    office: Office, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        office.promise(**wrong)
    assert office.all(Promise) == []


WRONG_ACTS: dict[str, tuple[Callable[[Office], object], str]] = {
    "kept tomorrow": (lambda office: office.keep(kept_on=TUESDAY), "lies in the future"),
    "kept before": (lambda office: office.keep(kept_on=MONDAY - DAY), "It was promised on 2026-03-02"),
    "put forward": (lambda office: office.postpone(THURSDAY), "It is promised for 2026-03-06"),
    "untold": (lambda office: office.postpone(NEXT_MONDAY, told=""), "Write 3 to 2,000"),
    "for no reason": (lambda office: office.withdraw(reason=""), "Write 3 to 2,000"),
}


@pytest.mark.parametrize("act", WRONG_ACTS)
def test_an_act_with_wrong_input_changes_nothing(office: Office, act: str) -> None:
    office.promise()
    how, sentence = WRONG_ACTS[act]
    with pytest.raises(BadInput, match=sentence):
        how(office)
    assert (office.only().version, office.acts()) == (1, ["promise_made"])


def test_kept_postponed_and_withdrawn_are_stored_with_who_and_what_was_said(office: Office) -> None:
    office.promise()
    assert office.postpone(NEXT_MONDAY).due_on == NEXT_MONDAY
    (delay,) = office.all(PromiseDelay)
    assert (delay.was_due_on, delay.due_on, delay.told) == (FRIDAY, NEXT_MONDAY, "It comes on Monday.")
    assert (office.only().first_due_on, office.only().due_on) == (FRIDAY, NEXT_MONDAY)
    office.withdraw(by="Lin")
    ended = office.only()
    assert (ended.outcome, ended.reason, ended.closed_on) == ("withdrawn", "They bought elsewhere.", MONDAY)
    assert (ended.closed_by, ended.closed_for) == (office.who("Lin").person_id, office.who("Anna").person_id)
    with pytest.raises(Conflict, match="This promise is over"):
        office.keep()
    assert office.acts() == ["promise_made", "promise_postponed", "promise_withdrawn"]
    assert office.listed("Anna") == ()


def test_an_act_that_is_sent_twice_is_done_once_and_an_old_button_changes_nothing(office: Office) -> None:
    office.promise()
    press = office.press()
    office.postpone(NEXT_MONDAY, request=press)
    with pytest.raises(Repeated):
        office.postpone(NEXT_MONDAY, request=press, version=1)
    with pytest.raises(Conflict, match="Somebody has changed this promise"):
        office.keep(version=1)
    assert len(office.all(PromiseDelay)) == 1


UNDONE: dict[str, tuple[Callable[[Office], object], tuple[date, str | None]]] = {
    "kept": (lambda office: office.keep(), (FRIDAY, None)),
    "withdrawn": (lambda office: office.withdraw(), (FRIDAY, None)),
    "postponed": (lambda office: office.postpone(NEXT_MONDAY), (FRIDAY, None)),
}


@pytest.mark.parametrize("act", UNDONE)
def test_undo_takes_the_last_act_back_once_for_ten_minutes_and_only_for_who_did_it(
    office: Office, act: str
) -> None:
    office.promise()
    how, before = UNDONE[act]
    how(office)
    with pytest.raises(NotAllowed, match="Only the person who did this"):
        office.undo(by="Lin")
    assert office.undo().act == "undone"
    left = office.only()
    assert (left.due_on, left.outcome, left.closed_on, left.reason) == (*before, None, None)
    with pytest.raises(Conflict, match="ten minutes"):
        office.undo()
    how(office)
    office.clock.advance(timedelta(minutes=11))
    with pytest.raises(Conflict, match="ten minutes"):
        office.undo()


def test_a_promise_that_was_just_recorded_is_taken_back_whole(office: Office) -> None:
    office.promise()
    assert office.undo().act == "taken_back"
    assert office.all(Promise) == []
    assert office.acts() == ["promise_made", "promise_undone"]


def test_nobody_else_acts_or_learns_that_there_is_one(office: Office) -> None:
    with pytest.raises(Hidden):
        office.promise(by="Ben")
    office.promise()
    for act in (office.keep, office.withdraw, office.undo):
        with pytest.raises(Hidden, match="no longer there, or not for you"):
            act(by="Ben")


def test_what_has_just_become_of_a_promise_stays_in_the_list_with_undo(office: Office) -> None:
    office.promise(TUESDAY)
    number = office.only().id or 0
    (row,) = office.listed("Anna")
    assert (row.is_open, row.left, row.may_undo) == (True, 1, False)
    office.postpone(FRIDAY)
    assert office.listed("Anna") == ()
    (row,) = office.listed("Anna", (number,))
    assert (row.state, row.due_on, row.told, row.may_undo) == (
        *("postponed", FRIDAY, "It comes on Monday.", True),
    )
    office.keep()
    (row,) = office.listed("Anna", (number,))
    assert (row.state, row.kept_on, row.may_undo) == ("kept", MONDAY, True)


def test_a_digest_in_slack_says_what_has_become_of_its_promises_whoever_acted(office: Office) -> None:
    office.promise(TUESDAY)
    office.go(TUESDAY)
    office.stand()

    def drawn() -> tuple[str, date]:
        (message,) = office.redrawn()
        (row,) = message.promises  # type: ignore[attr-defined]
        return row.state, row.due_on

    assert office.redrawn() == []
    office.postpone(FRIDAY, by="Lin")
    assert drawn() == ("postponed", FRIDAY)
    office.keep()
    assert drawn() == ("kept", FRIDAY)
    office.undo()
    assert drawn() == ("postponed", FRIDAY)


def test_the_card_says_how_many_are_open_and_the_earliest_day(office: Office) -> None:
    def card() -> Any:
        with office.database.read() as session:
            anna, day = office.who("Anna"), WEDNESDAY
            found = lookup.card(session, office.scheme_cache, office.rules, anna, office.acme, day)
        assert isinstance(found, TierCard)
        return found.promises

    assert card() is None
    office.promise(TUESDAY)
    office.promise(form="view:2", what="The samples")
    assert (card().count, card().due_on, card().over) == (2, TUESDAY, 1)


def test_the_row_of_a_follow_up_asks_about_all_open_promises_to_its_customer(database: Database) -> None:
    office = Office(database, rules=rules(), clock=FixedClock(at(MONDAY, 10)))
    office.fill("A")
    office.log(office.who("Anna"), office.acme, MONDAY)
    office.promise(NEXT_MONDAY + 14 * DAY)
    office.go(NEXT_MONDAY)
    _, digest = office.digests()[-1]
    asked = {row.kind: [one.what for one in row.promises] for row in digest.rows}
    assert asked["follow_up"] == ["The offer"]
    assert all(not what for kind, what in asked.items() if kind != "follow_up")
    office.stand()
    office.keep()
    message = office.redrawn()[0]
    assert all(not row.promises for row in message.rows)  # type: ignore[attr-defined]


def test_a_new_account_manager_has_the_promises_of_the_last_one_and_reads_who_made_them(
    office: Office,
) -> None:
    office.promise(FRIDAY)
    office.hand_over("Tom")
    assert office.shown(THURSDAY) == [(office.person("Tom"), "The offer", 0)]
    (row,) = office.listed("Tom")
    assert (row.made_by and row.made_by.name, row.keeper) == ("Anna", None)
    assert office.listed("Anna") == ()
    office.keep(by="Tom")


def test_who_promised_before_they_looked_after_the_customer_hands_that_over_too(office: Office) -> None:
    office.promise(NEXT_MONDAY, by="Tom")
    assert office.only().keeper_id == office.who("Tom").person_id
    office.go(TUESDAY)
    office.hand_over("Tom")
    office.go(WEDNESDAY)
    office.hand_over("Lin")
    assert office.shown(FRIDAY) == [(office.person("Lin"), "The offer", 0)]


@pytest.mark.parametrize(
    "gone", [{"active": False}, {"slack_status": "left"}, {"team_id": None, "role": "account_manager"}]
)
def test_a_promise_of_a_colleague_goes_to_the_account_manager_when_they_leave_or_may_see_it_no_more(
    office: Office, gone: dict[str, Any]
) -> None:
    office.promise(FRIDAY, by="Tom")
    office.go(THURSDAY)
    assert office.shown(THURSDAY) == [(office.person("Tom"), "The offer", 0)]
    office.change("Tom", **gone)
    assert office.shown(FRIDAY)[1:] == [(office.person("Anna"), "The offer", 0)]
    (row,) = office.listed("Anna")
    assert (row.made_by and row.made_by.name, row.keeper) == ("Tom", None)


def test_while_a_person_is_away_their_deputy_is_asked_and_may_act(office: Office) -> None:
    office.promise(FRIDAY)
    office.away("Anna", WEDNESDAY, NEXT_MONDAY, deputy="Ben")
    assert office.shown(THURSDAY) == [(office.person("Ben"), "The offer", 0)]
    (row,) = office.listed("Ben")
    assert row.keeper == Who(name="Anna", slack_user_id="U0ANNA")
    office.keep(by="Ben")
    assert office.only().closed_for == office.who("Anna").person_id


def test_a_customer_without_anybody_is_asked_about_in_the_channel(database: Database) -> None:
    office = Office(database, rules=rules(), channel=FIRM, clock=FixedClock(at(MONDAY, 10)))
    office.fill(owned=False)
    with database.write() as session:
        factories.person(session, "Mia", role="admin")
    office.promise(TUESDAY, by="Mia")
    office.change("Mia", active=False)
    assert office.shown(TUESDAY) == [(f"channel:{FIRM}", "The offer", 0)]


def test_the_manager_is_told_once_when_the_day_has_passed_and_again_only_for_another_day(
    office: Office,
) -> None:
    office.promise(TUESDAY)
    office.go(TUESDAY)
    assert office.told(TUESDAY) == []
    lin = (office.person("Lin"), ["The offer"])
    assert office.told(WEDNESDAY) == [lin]
    assert office.told(THURSDAY) == [lin]
    office.postpone(FRIDAY)
    office.undo()
    assert office.told(FRIDAY) == [lin]
    office.postpone(NEXT_MONDAY)
    assert office.told(NEXT_MONDAY) == [lin]
    assert office.told(NEXT_MONDAY + DAY) == [lin, lin]


def test_a_promise_that_is_kept_is_reported_to_nobody(office: Office) -> None:
    office.promise(TUESDAY)
    office.keep()
    assert office.told(FRIDAY) == []


@pytest.mark.parametrize(("days", "told_on"), [(0, WEDNESDAY), (2, FRIDAY), (None, None)])
def test_the_care_plan_says_how_many_days_after_its_day_the_manager_is_told(
    database: Database, days: int | None, told_on: date | None
) -> None:
    by_plan = rules(escalation=Escalation(manager_days=days))
    office = Office(database, rules=by_plan, clock=FixedClock(at(MONDAY, 10)))
    office.fill()
    office.promise(TUESDAY)
    office.go(TUESDAY)
    first = next((day for day in (WEDNESDAY, THURSDAY, FRIDAY) if office.told(day)), None)
    assert first == told_on


def test_the_manager_is_not_told_before_the_person_had_it_in_a_digest(office: Office) -> None:
    office.promise(TUESDAY)
    assert office.told(WEDNESDAY) == []  # no process has written a digest
    office.go(WEDNESDAY, hour=11)
    assert office.told(WEDNESDAY, 12) == []
    assert len(office.told(THURSDAY)) == 1


def test_while_nobody_is_asked_the_manager_is_told_at_once(office: Office) -> None:
    office.promise(FRIDAY)
    office.away("Anna", TUESDAY, NEXT_MONDAY + 7 * DAY)
    assert len(office.told(NEXT_MONDAY)) == 1


def test_without_a_manager_the_channel_is_told(office: Office) -> None:
    with office.database.write() as session:
        session.exec(update(Team).values(lead_id=None))
    office.promise(TUESDAY)
    office.go(TUESDAY)
    assert office.told(WEDNESDAY) == [(f"channel:{FIRM}", ["The offer"])]


def test_a_report_that_slack_did_not_take_is_written_again(office: Office) -> None:
    office.promise(TUESDAY)
    office.go(TUESDAY)
    assert len(office.told(WEDNESDAY)) == 1
    harness = Harness(office.database, clock=office.clock)
    harness.slack.faults = lambda where, text: "refused"
    harness.deliver()
    assert office.only().reported_for is None
    assert len(office.told(THURSDAY)) == 2


def test_a_report_goes_to_who_may_read_it_when_it_is_sent(office: Office) -> None:
    office.promise(TUESDAY)
    office.go(TUESDAY)
    assert len(office.told(WEDNESDAY)) == 1
    with office.database.write() as session:
        new = factories.person(session, "Mia", role="team_lead", team_id=2)
        session.exec(update(Team).where(col(Team.name) == "West").values(lead_id=new))
    office.hand_over("Ben")
    Harness(office.database, clock=office.clock).deliver()
    assert office.told(THURSDAY)[-1] == (f"person:{new}", ["The offer"])


@on_sqlite
def test_the_doctor_counts_promises_past_their_day_of_customers_that_nobody_looks_after(
    office: Office,
) -> None:
    office.promise(TUESDAY)
    with office.database.write() as session:
        session.exec(update(Ownership).values(starts_on=MONDAY - DAY, ends_on=MONDAY))
    with office.database.read() as session:
        early = list(doctor._promises(session, TUESDAY))
        (finding,) = doctor._promises(session, WEDNESDAY)
    assert early == []
    assert finding.level == "problem"
    assert "1 promise is past its day" in str(finding.found)
