"""The brief in the evening before a planned visit: for who wants it, once, and only to who may see the customer."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.errors import NotAllowed
from bot.services.ask.brief import evening
from bot.services.delivery import rights
from bot.services.delivery.kinds import BRIEF
from bot.services.recipients import FirmDefaults
from bot.settings import Settings
from bot.wording.ask.briefs import VisitBrief
from db.book.customers import Ownership
from db.book.people import Person
from db.care.touches import Touch, TouchState
from db.engine import Database
from db.outbox.claims import Claimed
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.services.book import MONDAY, SETTINGS, Book, at

ONE_DAY = timedelta(days=1)
FIRM = FirmDefaults(language="en")


class Visits:
    """Anna's revisit of ACME, due on a day; she wants briefs."""

    def __init__(self, database: Database) -> None:
        self.book = Book(database)
        with database.write() as session:
            self.anna = factories.person(session, "Anna")
            self.ben = factories.person(session, "Ben")
            self.acme = factories.customer(session, "ACME", owner_id=self.anna)
        self.book.grade({self.acme: "A"})
        self.book.plan()
        self.switch(True)

    def switch(self, wanted: bool, name: str = "Anna") -> str:
        actor, now = self.book.actor(f"U0{name.upper()}"), self.book.clock.now()
        return evening.want(self.book.database, actor, None, wanted, settings=SETTINGS, now=now)

    def due(self, day: date, **values: Any) -> None:
        with self.book.database.write() as session:
            session.exec(update(Touch).values(due_on=day, **values))

    def send(self, now: datetime, settings: Settings = SETTINGS) -> int:
        return evening.send_due(self.book.database, self.book.scheme_cache, self.book.rules, settings, now)

    def written(self) -> list[OutboxMessage]:
        with self.book.database.read() as session:
            return list(session.exec(select(OutboxMessage).where(col(OutboxMessage.kind) == BRIEF)))

    def may_go(self) -> bool:
        (row,) = self.written()
        claimed = Claimed(**{name: getattr(row, name, None) for name in Claimed._fields})
        with self.book.database.read() as session:
            return rights.may_still_go(session, claimed, FIRM, self.book.clock.now())


@pytest.fixture
def visits(database: Database) -> Visits:
    return Visits(database)


def test_the_brief_comes_once_in_the_evening_before_the_due_day(visits: Visits) -> None:
    visits.due(MONDAY + ONE_DAY)
    assert visits.send(at(MONDAY, 17, 29)) == 0
    assert visits.send(at(MONDAY, 17, 30)) == 1
    assert visits.send(at(MONDAY, 17, 35)) == 0
    assert visits.send(at(MONDAY, 23, 0)) == 0
    ((address, message),) = visits.book.sent()
    assert (address, type(message)) == (f"person:{visits.anna}", VisitBrief)
    assert isinstance(message, VisitBrief)
    assert message.visit is not None
    assert message.visit.due_on == MONDAY + ONE_DAY
    assert visits.written()[0].not_after == at(MONDAY + 2 * ONE_DAY, 0)


def test_the_brief_of_a_monday_s_visit_comes_on_friday(visits: Visits) -> None:
    visits.due(MONDAY + 7 * ONE_DAY)
    friday = MONDAY + 4 * ONE_DAY
    assert visits.send(at(friday - ONE_DAY, 18)) == 0
    assert visits.send(at(friday, 18)) == 1
    assert visits.send(at(friday + ONE_DAY, 18)) == 0


def test_a_snoozed_visit_is_planned_for_the_day_until_which_it_was_snoozed(visits: Visits) -> None:
    day = MONDAY + 3 * ONE_DAY
    visits.due(MONDAY + ONE_DAY, state=TouchState.SNOOZED, remind_at=at(day))
    assert visits.send(at(MONDAY, 18)) == 0
    assert visits.send(at(day - ONE_DAY, 18)) == 1


def test_nobody_gets_briefs_who_does_not_want_them(visits: Visits) -> None:
    visits.due(MONDAY + ONE_DAY)
    assert visits.switch(False) == "Anna"
    visits.switch(True, "Ben")  # who does not make this visit
    assert visits.send(at(MONDAY, 18)) == 0
    with visits.book.database.read() as session:
        assert session.exec(select(Person.briefs).where(Person.name == "Ben")).one() is True
        assert Person(email="new@example.com", name="New").briefs is False


def test_only_oneself_the_lead_and_admins_switch_briefs(visits: Visits) -> None:
    actor, now = visits.book.actor("U0BEN"), visits.book.clock.now()
    with pytest.raises(NotAllowed):
        evening.want(visits.book.database, actor, "anna@example.com", False, settings=SETTINGS, now=now)


def test_the_firm_s_time_of_day_counts(visits: Visits) -> None:
    visits.due(MONDAY + ONE_DAY)
    settings = SETTINGS.model_copy(update={"brief_at": "19:00"})
    assert visits.send(at(MONDAY, 18, 59), settings) == 0
    assert visits.send(at(MONDAY, 19, 0), settings) == 1


def test_who_works_shorter_gets_it_half_an_hour_before_the_end(visits: Visits) -> None:
    visits.due(MONDAY + ONE_DAY)
    with visits.book.database.write() as session:
        session.exec(update(Person).values(works_from="08:00", works_until="16:00"))
    assert visits.send(at(MONDAY, 15, 29)) == 0
    assert visits.send(at(MONDAY, 15, 30)) == 1


def test_a_call_is_no_visit(visits: Visits) -> None:
    visits.due(MONDAY + ONE_DAY, step="unknown")
    assert visits.send(at(MONDAY, 18)) == 0


def test_a_brief_goes_to_nobody_who_may_not_see_the_customer_when_it_is_sent(visits: Visits) -> None:
    visits.due(MONDAY + ONE_DAY)
    assert visits.send(at(MONDAY, 18)) == 1
    assert visits.may_go()
    with visits.book.database.write() as session:
        session.exec(update(Ownership).values(person_id=visits.ben))
    assert not visits.may_go()


def test_a_brief_of_a_customer_who_is_theirs_no_more_is_not_written(visits: Visits) -> None:
    visits.due(MONDAY + ONE_DAY)
    with visits.book.database.write() as session:
        session.exec(update(Ownership).values(person_id=visits.ben))
    assert visits.send(at(MONDAY, 18)) == 0
    assert replace(visits.book).sent() == []
