"""A step past its limit reaches the manager and then the emergency group, once each, and never in silence."""

from datetime import date, timedelta

import pytest
from sqlmodel import col, select, update

from bot.clock import FixedClock
from bot.services.care.escalation import escalate_late
from bot.services.care.plan import Escalation
from bot.services.recipients import FirmDefaults
from bot.wording.escalations import CareEmergency, CareEscalation
from db.book.people import Deputy, Person, Team
from db.care.touches import Touch, TouchMessage, TouchRole
from db.engine import Database
from tests import factories
from tests.services.book import MONDAY, REVISIT_A, Book, at, rules

DAY = timedelta(days=1)
GROUP_DAYS = 3
PLAN = rules(escalation=Escalation(manager_days=0, group_days=GROUP_DAYS))
LIMIT = MONDAY + 15 * DAY  # the shipped plan: a visit of an A customer after 30 days, at the latest after 45
GROUP_MORNING = date(2026, 3, 23)  # the third day after the limit is a Friday
FIRM, GROUP = "C0FIRM", "C0GROUP"


class Office(Book):
    """A book whose owners have a lead, with the channels of the firm and of its emergency group."""

    lead = owner = 0

    def fill(self, customers: int = 1, *, lead: bool = True) -> list[int]:
        """Customers of Anna, whose team Lin leads, due for a revisit on Monday."""
        with self.database.write() as session:
            team = factories.team(session, "East")
            self.owner = factories.person(session, "Anna", team_id=team)
            if lead:
                self.lead = factories.person(session, "Lin", role="team_lead", team_id=team)
                session.get_one(Team, team).lead_id = self.lead
            ids = [
                factories.customer(session, f"Customer {number}", owner_id=self.owner)
                for number in range(customers)
            ]
            for customer in ids:
                factories.contact(session, customer, MONDAY - REVISIT_A * DAY, "call")
        self.grade(dict.fromkeys(ids, "A"))
        self.plan()
        return ids

    def escalate(self) -> int:
        with self.database.read() as session:
            tiers = self.scheme_cache.tier_names(session)
        firm = FirmDefaults(channel=self.channel, language="en")
        return escalate_late(
            self.database, self.rules, tiers, firm, emergency_channel=GROUP, now=self.clock.now()
        )

    def on(self, day: date, hour: int = 9) -> list[tuple[str, CareEscalation | CareEmergency]]:
        """What was reported up to a moment, whose pass runs twice."""
        self.go(day, hour)
        self.escalate()
        self.escalate()
        return self.reported()

    def reported(self) -> list[tuple[str, CareEscalation | CareEmergency]]:
        return [one for one in self.sent() if isinstance(one[1], CareEscalation | CareEmergency)]  # type: ignore[misc]

    def levels(self) -> list[int]:
        with self.database.read() as session:
            return list(session.exec(select(Touch.escalated).order_by(col(Touch.id))))


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database, rules=PLAN, channel=FIRM, clock=FixedClock(at(MONDAY - DAY)))


def test_the_day_after_its_limit_the_lead_is_told_and_days_later_the_group(office: Office) -> None:
    (customer,) = office.fill()
    assert office.on(LIMIT) == []
    assert office.on(LIMIT + DAY, 8) == []
    ((address, told),) = office.on(LIMIT + DAY)
    assert address == f"person:{office.lead}"
    assert isinstance(told, CareEscalation)
    (row,) = told.rows
    assert (row.customer_id, row.limit, row.days_over, row.owner.name) == (customer, LIMIT, 1, "Anna")
    assert len(office.on(GROUP_MORNING - 3 * DAY)) == 1
    _, (address, emergency) = office.on(GROUP_MORNING)
    assert address == f"channel:{GROUP}"
    assert isinstance(emergency, CareEmergency)
    assert (emergency.acts.name, emergency.told_on) == ("Lin", LIMIT + DAY)
    assert len(office.on(GROUP_MORNING + 30 * DAY)) == 2
    with office.database.read() as session:
        assert session.exec(
            select(TouchMessage.role)
            .where(col(TouchMessage.role).in_(["manager", "group"]))
            .order_by(col(TouchMessage.outbox_id))
        ).all() == [TouchRole.MANAGER, TouchRole.GROUP]
