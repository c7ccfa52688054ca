"""A step past its limit reaches the manager and then the emergency group, once each, and never in silence."""

import json
import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select, update

from bot.clock import FixedClock, local_instant
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.escalation import escalate_late
from bot.services.care.plan import Escalation
from bot.services.delivery.kinds import EMERGENCY as TO_GROUP
from bot.services.delivery.kinds import ESCALATION
from bot.services.delivery.worker import WorkerOptions
from bot.services.privacy import outgoing
from bot.wording.care.escalations import MOST_ROWS, CareEmergency, CareEscalation
from bot.wording.messages import load
from bot.wording.rendering import Renderer
from bot.working_days.week import Hours, hours_of
from db.book.customers import Customer, Ownership
from db.book.people import Absence, Deputy, Person, Team
from db.care.touches import Touch, TouchMessage, TouchRole
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import OpenAnother, first_on_postgresql, none_on_postgresql, on_sqlite
from tests.services.book import MONDAY, REVISIT_A, Book, at, rules
from tests.services.delivery.outbox_harness import Harness

pytestmark = none_on_postgresql

DAY = timedelta(days=1)
PLAN = rules(escalation=Escalation(manager_days=0, group_days=3))
LIMIT = MONDAY + 15 * DAY  # a Tuesday: the shipped plan asks for a visit of an A customer after 30 to 45 days
TOLD = LIMIT + DAY
EMERGENCY = date(2026, 3, 23)  # the third day after the limit is a Friday
FIRM, GROUP = "C0FIRM", "C0GROUP"


class Office(Book):
    """A book whose owner Anna is in the team of Lin, with the channels of the firm and of its emergency group."""

    lead = owner = 0
    quiet: Hours | None = None

    def sending(self) -> Sending:
        found = super().sending()
        return replace(found, time=replace(found.time, quiet=self.quiet))

    def fill(
        self, customers: int = 1, *, lead: bool = True, owned: bool = True, slack: bool = True
    ) -> list[int]:
        """Customers of Anna, due for a revisit on Monday."""
        with self.database.write() as session:
            team = factories.team(session, "East")
            self.owner = factories.person(session, "Anna", team_id=team, slack=slack)
            if lead:
                self.lead = factories.person(session, "Lin", role="team_lead", team_id=team)
                session.get_one(Team, team).lead_id = self.lead
            owner = self.owner if owned else None
            ids = [
                factories.customer(session, f"Customer {number}", owner_id=owner)
                for number in range(customers)
            ]
            for customer in ids:
                factories.contact(session, customer, MONDAY - REVISIT_A * DAY, "call")
        self.grade(dict.fromkeys(ids, "A"))
        self.go(MONDAY)
        return ids

    def escalate(self, group: str = GROUP) -> int:
        return escalate_late(self.sending(), group)

    def on(self, day: date, hour: int = 9) -> list[tuple[str, CareEscalation | CareEmergency]]:
        """What was reported up to a moment, with two passes in each morning before it from the one of the limit on."""
        if self.clock.now().date() < LIMIT < day:
            self._pass(LIMIT, 9)
        while (passed := self.clock.now().date() + DAY) < day:
            self._pass(passed, 9)
        self._pass(day, hour)
        return self.reported()

    def _pass(self, day: date, hour: int) -> None:
        self.go(day, hour)
        self.escalate()
        self.escalate()

    def reported(self) -> list[tuple[str, CareEscalation | CareEmergency]]:
        return [
            (address, message)
            for address, message in self.sent()
            if isinstance(message, CareEscalation | CareEmergency)
        ]

    def to_manager(self, day: date, hour: int = 9) -> tuple[str, CareEscalation]:
        """Where the one report of a morning went, and what it says."""
        ((address, message),) = self.on(day, hour)
        assert isinstance(message, CareEscalation)
        return address, message

    def levels(self) -> list[int]:
        with self.database.read() as session:
            revisits = select(Touch.escalated).where(Touch.step == "revisit", col(Touch.closed_at).is_(None))
            return list(session.exec(revisits.order_by(col(Touch.id))))

    def change(self, table: type, row: int, **values: object) -> None:
        with self.database.write() as session:
            session.exec(update(table).where(table.id == row).values(**values))  # type: ignore[attr-defined]


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database, rules=PLAN, channel=FIRM, clock=FixedClock(at(MONDAY - DAY)))


@first_on_postgresql
def test_the_day_after_its_limit_the_lead_is_told_and_days_later_the_group(office: Office) -> None:
    (customer,) = office.fill()
    for days in range(1, (LIMIT - MONDAY).days + 1):
        assert office.on(MONDAY + days * DAY) == []
    assert office.on(TOLD, 8) == []
    address, told = office.to_manager(TOLD)
    assert address == f"person:{office.lead}"
    (row,) = told.rows
    assert (row.customer_id, row.limit, row.days_over) == (customer, LIMIT, 1)
    assert (row.owner and row.owner.name, row.why, row.since) == ("Anna", "unanswered", MONDAY)
    assert len(office.on(EMERGENCY - 3 * DAY)) == 1
    _, (address, emergency) = office.on(EMERGENCY)
    assert address == f"channel:{GROUP}"
    assert isinstance(emergency, CareEmergency)
    assert (emergency.acts and emergency.acts.name, emergency.told_on) == ("Lin", TOLD)
    assert len(office.on(EMERGENCY + 8 * DAY)) == 2
    with office.database.read() as session:
        roles = session.exec(select(TouchMessage.role).order_by(col(TouchMessage.outbox_id)))
        assert [role for role in roles if role != TouchRole.DIGEST] == [
            TouchRole.URGENT,
            TouchRole.MANAGER,
            TouchRole.GROUP,
        ]


def test_several_steps_come_in_one_message_a_morning(office: Office) -> None:
    office.fill(MOST_ROWS + 2)
    _, told = office.to_manager(TOLD)
    assert (len(told.rows), told.more, told.total) == (MOST_ROWS, 2, MOST_ROWS + 2)
    assert office.levels() == [1] * (MOST_ROWS + 2)


@pytest.mark.parametrize(("customers", "expected"), [(1, 1), (2, 2), (3, 1), (21, 1)])
def test_the_group_gets_a_message_for_each_of_two_customers_but_one_message_about_more(
    office: Office, customers: int, expected: int
) -> None:
    office.fill(customers)
    office.on(TOLD)
    reports = office.on(EMERGENCY)[1:]
    assert len(reports) == expected
    assert office.levels() == [2] * customers


def test_a_step_that_is_done_in_time_is_reported_to_nobody(office: Office) -> None:
    (customer,) = office.fill()
    office.go(LIMIT)
    office.log(office.actor("U0ANNA"), customer, LIMIT)
    assert office.on(TOLD) == []


def test_what_is_done_after_the_report_does_not_reach_the_group_and_the_next_report_says_so(
    office: Office,
) -> None:
    first, second = office.fill(2)
    office.to_manager(TOLD)
    office.log(office.actor("U0ANNA"), first, TOLD)
    with office.database.write() as session:
        third = factories.customer(session, "Late one", owner_id=office.owner)
        factories.contact(session, third, LIMIT + DAY - 45 * DAY, "call")
    office.grade({first: "A", second: "A", third: "A"})
    reports = office.on(EMERGENCY)
    groups = [message for _, message in reports if isinstance(message, CareEmergency)]
    assert [one.customer_id for one in groups] == [second, third]
    news = [message for _, message in reports[1:] if isinstance(message, CareEscalation)]
    assert [(row.customer_id, row.outcome, row.on) for row in news[0].settled] == [(first, "done", TOLD)]
    assert [row.customer_id for row in news[0].rows] == [third]


def test_a_snoozed_step_is_reported_all_the_same_and_says_until_when(office: Office) -> None:
    office.fill()
    office.go(LIMIT)
    until = LIMIT + 7 * DAY
    office.snooze(office.actor("U0ANNA"), office.digests()[-1][1].rows[0].target, until)
    _, told = office.to_manager(TOLD)
    assert (told.rows[0].why, told.rows[0].until) == ("snoozed", until)


def test_a_snooze_after_the_report_reports_nothing_again(office: Office) -> None:
    office.fill()
    office.to_manager(TOLD)
    office.snooze(office.actor("U0ANNA"), office.digests()[-1][1].rows[0].target, TOLD + 7 * DAY)
    office.to_manager(TOLD + DAY)
    assert office.levels() == [1]


def away(office: Office, person: int, first: date, last: date) -> None:
    with office.database.write() as session:
        session.add(Absence(person_id=person, first_day=first, last_day=last))


def deputy_of(office: Office, person: int, name: str) -> int:
    with office.database.write() as session:
        team = session.get_one(Person, person).team_id
        deputy = factories.person(session, name, team_id=team)
        session.add(
            Deputy(person_id=person, deputy_id=deputy, starts_at=at(MONDAY), ends_at=at(EMERGENCY + 60 * DAY))
        )
    return deputy


def test_a_person_on_leave_is_the_reason(office: Office) -> None:
    office.fill()
    away(office, office.owner, TOLD - DAY, TOLD + DAY)
    _, told = office.to_manager(TOLD)
    assert (told.rows[0].why, told.rows[0].until) == ("away", TOLD + DAY)


def test_without_a_lead_the_channel_is_told(office: Office) -> None:
    office.fill(lead=False)
    assert office.to_manager(TOLD)[0] == f"channel:{FIRM}"


def test_a_lead_who_may_not_see_the_customers_is_not_told(office: Office) -> None:
    office.fill()
    office.change(Person, office.lead, role="account_manager")
    assert office.to_manager(TOLD)[0] == f"channel:{FIRM}"


def test_while_the_lead_has_days_off_their_deputy_or_the_channel_is_told(office: Office) -> None:
    office.fill()
    away(office, office.lead, LIMIT, TOLD + 30 * DAY)
    assert office.to_manager(TOLD)[0] == f"channel:{FIRM}"


def test_the_deputy_of_the_lead_is_told(office: Office) -> None:
    office.fill()
    away(office, office.lead, LIMIT, TOLD + 30 * DAY)
    deputy = deputy_of(office, office.lead, "Omar")
    assert office.to_manager(TOLD)[0] == f"person:{deputy}"


def test_without_a_lead_and_a_channel_an_admin_is_told(office: Office) -> None:
    office.channel = ""
    office.fill(lead=False)
    with office.database.write() as session:
        admin = factories.person(session, "Grace", role="admin")
    assert office.to_manager(TOLD)[0] == f"person:{admin}"


def test_who_should_have_done_it_is_not_who_is_told(office: Office) -> None:
    (customer,) = office.fill()
    office.reassign(office.actor("U0LIN"), "U0LIN", office.digests()[-1][1].rows[0].target)
    address, told = office.to_manager(TOLD)
    assert address == f"channel:{FIRM}"
    assert told.rows[0].owner is not None
    assert (told.rows[0].customer_id, told.rows[0].owner.name) == (customer, "Lin")


@first_on_postgresql
@pytest.mark.parametrize(("owned", "why", "act"), [(False, "nobody", None), (True, "left", "Lin")])
def test_a_customer_whom_nobody_looks_after_is_reported_too(
    office: Office, owned: bool, why: str, act: str | None
) -> None:
    office.fill(owned=owned, lead=False)
    office.change(Person, office.owner, active=False)
    address, told = office.to_manager(TOLD)
    assert (address, told.rows[0].why) == (f"channel:{FIRM}", why)
    emergency = office.on(EMERGENCY)[-1][1]
    assert isinstance(emergency, CareEmergency)
    assert emergency.acts is None


def test_nobody_is_told_on_a_day_off_of_the_firm(office: Office) -> None:
    office.fill(lead=False)
    office.go(LIMIT)
    saturday = TOLD + 3 * DAY
    office.go(saturday)
    office.escalate()
    assert office.reported() == []
    office.on(saturday + 2 * DAY)
    assert len(office.reported()) == 1


def test_after_a_standstill_the_manager_has_a_day_before_the_group_is_told(office: Office) -> None:
    office.fill()
    office.go(LIMIT)
    office.go(EMERGENCY + 7 * DAY)
    office.escalate()
    office.escalate()
    assert len(office.reported()) == 1
    assert len(office.on(EMERGENCY + 8 * DAY)) == 2


def test_a_step_that_was_shown_only_after_its_limit_leaves_a_day_to_do_it(office: Office) -> None:
    with office.database.write() as session:
        team = factories.team(session, "East")
        owner = factories.person(session, "Anna", team_id=team)
        late = factories.customer(session, owner_id=owner)
        factories.contact(session, late, MONDAY - 300 * DAY, "call")
    office.grade({late: "A"})
    assert office.on(MONDAY) == []
    assert len(office.on(MONDAY + DAY)) == 1


@first_on_postgresql
def test_what_was_late_from_the_beginning_is_not_reported_before_the_first_digest(office: Office) -> None:
    with office.database.write() as session:
        owner = factories.person(session, "Anna", team_id=factories.team(session, "East"))
        late = factories.customer(session, owner_id=owner)
        factories.contact(session, late, MONDAY - 300 * DAY, "call")
    office.grade({late: "A"})
    office.plan()  # on Sunday
    office.clock.advance(local_instant(MONDAY, 9, 0, ZoneInfo("UTC")) - office.clock.now())
    office.escalate()  # in the same second as the job that writes the digests
    assert office.reported() == []
    office.remind()
    assert len(office.on(MONDAY + DAY)) == 1


@first_on_postgresql
def test_after_a_standstill_a_person_is_asked_before_their_manager_is_told(office: Office) -> None:
    office.fill()
    with office.database.write() as session:
        another = factories.customer(session, "Another", owner_id=office.owner)
        factories.contact(session, another, MONDAY + DAY - REVISIT_A * DAY, "call")
    office.grade({another: "A"})
    office.plan()
    office.change(Person, office.owner, timezone="America/New_York")  # where it is night at nine
    office.clock.advance(at(TOLD + 21 * DAY) - office.clock.now())
    office.remind()
    office.escalate()

    def told() -> list[list[str]]:
        messages = (message for _, message in office.reported() if isinstance(message, CareEscalation))
        return [[row.name for row in message.rows] for message in messages]

    assert told() == [["Customer 0"]]  # who was shown it weeks ago
    office.on(TOLD + 21 * DAY, 15)
    assert told() == [["Customer 0"]]
    office.on(TOLD + 22 * DAY, 15)
    assert told() == [["Customer 0"], ["Another"]]


def test_what_a_new_tier_makes_due_is_shown_on_the_next_morning(office: Office) -> None:
    with office.database.write() as session:
        owner = factories.person(session, "Anna")
        risen = factories.customer(session, owner_id=owner)
        factories.contact(session, risen, MONDAY - 35 * DAY, "call")
    office.grade({risen: "B"})  # due in 25 days
    office.on(MONDAY)
    assert office.reminded_of() == []
    office.grade({risen: "A"}, as_of=MONDAY + DAY)  # due 5 days ago
    office.on(MONDAY + 2 * DAY)
    assert office.reminded_of() == [(f"person:{owner}", "ACME")]


def test_without_days_in_the_plan_nobody_is_told(office: Office) -> None:
    office.rules = rules(escalation=Escalation(manager_days=None))
    office.fill()
    assert office.on(EMERGENCY + 8 * DAY) == []


def test_a_plan_may_go_to_the_group_without_the_manager(office: Office) -> None:
    office.rules = rules(escalation=Escalation(manager_days=None, group_days=3))
    office.fill()
    ((address, emergency),) = office.on(EMERGENCY)
    assert address == f"channel:{GROUP}"
    assert isinstance(emergency, CareEmergency)
    assert (emergency.told_on, emergency.acts and emergency.acts.name) == (None, "Anna")


@first_on_postgresql
def test_two_processes_report_once(office: Office, open_another: OpenAnother) -> None:
    office.fill(3)
    office.go(TOLD)
    gate = threading.Barrier(2)
    written: list[int] = []

    def tick(database: Database) -> None:
        other = Office(database, rules=PLAN, channel=FIRM, clock=office.clock)
        gate.wait(10)
        written.append(other.escalate())

    both = [threading.Thread(target=tick, args=(database,)) for database in (office.database, open_another())]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert sorted(written) == [0, 1]
    assert len(office.reported()) == 1


def test_a_clock_that_goes_back_a_day_and_on_again_reports_once(office: Office) -> None:
    office.fill()
    office.to_manager(TOLD)
    office.clock.advance(-DAY)
    office.to_manager(TOLD - DAY)
    office.to_manager(TOLD + DAY)


def deliver_reports(office: Office) -> None:
    """Send the reports that are written, whoever they are for by now."""
    reports = OutboxMessage.kind == ESCALATION
    with office.database.write() as session:
        session.exec(update(OutboxMessage).where(reports).values(state="pending"))
    Harness(office.database, WorkerOptions(pace=None, fallback_channel=FIRM), office.clock).deliver()


def test_a_report_to_a_lead_who_has_left_goes_to_the_next_one(office: Office) -> None:
    office.fill()
    office.to_manager(TOLD)
    office.change(Person, office.lead, active=False)
    deliver_reports(office)
    assert office.levels() == [0]
    office.escalate()
    assert office.reported()[-1][0] == f"channel:{FIRM}"


@first_on_postgresql
def test_a_customer_that_another_team_got_before_sending_is_left_out_and_reported_there(
    office: Office,
) -> None:
    first, second = office.fill(2)
    office.to_manager(TOLD)
    with office.database.write() as session:
        west = factories.team(session, "West", channel="C0WEST")
        omar = factories.person(session, "Omar", team_id=west)
        session.exec(update(Ownership).where(col(Ownership.customer_id) == first).values(person_id=omar))
    deliver_reports(office)
    ((_, left), *_rest) = office.reported()
    assert isinstance(left, CareEscalation)
    assert [row.customer_id for row in left.rows] == [second]
    assert sorted(office.levels()) == [0, 1]
    office.escalate()
    address, news = office.reported()[-1]
    assert (address, news.rows[0].customer_id) == ("channel:C0WEST", first)


@first_on_postgresql
def test_an_erased_customer_leaves_a_report(office: Office) -> None:
    first, second = office.fill(2)
    office.to_manager(TOLD)
    with office.database.write() as session:
        outgoing.forget_customers(session, [first])
    with office.database.read() as session:
        body = session.exec(select(OutboxMessage.body_json).where(OutboxMessage.kind == ESCALATION)).one()
    left = load(json.loads(body))
    assert isinstance(left, CareEscalation)
    assert [row.customer_id for row in left.rows] == [second]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_says_who_what_and_why(office: Office, language: str) -> None:
    office.fill()
    _, told = office.to_manager(TOLD)
    slots = Renderer().slots(told, language)
    said = "\n".join(slots.rows)
    assert "Customer 0" in said
    assert "<@U0ANNA>" in said
    assert ("1 day over its limit" if language == "en" else "已超期限 1 天") in said


# --- what its reader decides, and what a report says then


def reported_rows(office: Office) -> list[CareEscalation | CareEmergency]:
    """The reports that a worker draws again."""
    office.stand()
    return [one for one in office.redrawn() if isinstance(one, CareEscalation | CareEmergency)]


@on_sqlite
def test_the_manager_hands_a_late_step_on_from_the_report_which_follows_and_takes_that_back(
    office: Office,
) -> None:
    office.fill(2)
    with office.database.write() as session:
        ben = factories.person(session, "Ben")
    _, told = office.to_manager(TOLD)
    first, second = told.rows
    office.stand()
    office.reassign(office.actor("U0LIN"), "U0BEN", first.touch)
    (drawn,) = reported_rows(office)
    became, still = drawn.rows
    assert (became.state, became.to and became.to.name, became.may_undo) == ("reassigned", "Ben", True)
    assert (still.is_open, still.touch) == (True, second.touch)
    assert office.touches(first.customer_id)[0].assignee_id == ben
    office.undo(office.actor("U0LIN"), became.touch)
    (drawn,) = reported_rows(office)
    assert [row.state for row in drawn.rows] == ["open", "open"]


LATER = TOLD + 3 * DAY  # a Saturday


@on_sqlite
@pytest.mark.parametrize(
    ("act", "state"),
    [
        (lambda office, row: office.log(office.actor("U0ANNA"), row.customer_id, TOLD), "done"),
        (lambda office, row: office.skip(office.actor("U0LIN"), row.touch), "skipped"),
        (lambda office, row: office.snooze(office.actor("U0LIN"), row.touch, LATER + 2 * DAY), "snoozed"),
        (
            lambda office, row: office.change(Customer, row.customer_id, archived=True) or office.plan(),
            "over",
        ),
    ],
    ids=["a contact", "skipped", "snoozed", "archived"],
)
def test_a_report_shows_what_has_become_of_its_steps(office: Office, act: Any, state: str) -> None:
    office.fill()
    _, told = office.to_manager(TOLD)
    office.stand()
    act(office, told.rows[0])
    ((row,),) = [drawn.rows for drawn in reported_rows(office)]
    assert row.state == state


@on_sqlite
def test_a_step_that_was_snoozed_and_given_away_before_the_report_can_still_be_decided_about(
    office: Office,
) -> None:
    """What the report says is no news: only what happens afterwards takes the place of its menu."""
    office.fill(2)
    with office.database.write() as session:
        factories.person(session, "Ben", team_id=1)
    office.go(LIMIT)
    given, other = office.digests()[-1][1].rows
    office.reassign(office.actor("U0ANNA"), "U0BEN", given.target)
    pointer = replace(given.target, version=office.touches(given.customer_id)[0].version)
    office.snooze(office.actor("U0ANNA"), pointer, LIMIT + 7 * DAY)
    office.to_manager(TOLD)
    office.stand()
    office.done(office.actor("U0ANNA"), other.target, "visit")
    (drawn,) = reported_rows(office)
    assert {row.customer_id: row.state for row in drawn.rows} == {
        given.customer_id: "open",
        other.customer_id: "done",
    }


@on_sqlite
@pytest.mark.parametrize("customers", [1, 3])
def test_what_the_emergency_group_was_told_of_follows_its_steps(office: Office, customers: int) -> None:
    ids = office.fill(customers)
    office.on(EMERGENCY)
    office.stand()
    office.log(office.actor("U0ANNA"), ids[0], EMERGENCY)
    drawn = reported_rows(office)
    assert isinstance(drawn[0], CareEmergency if customers == 1 else CareEscalation)
    for one in drawn:
        assert [row.state for row in one.rows] == ["done", *["open"] * (customers - 1)]


def test_what_the_emergency_group_is_told_of_waits_for_its_morning_when_it_does_not_arrive_by_day(
    office: Office,
) -> None:
    office.fill()
    office.quiet = hours_of("20:00-07:00")
    office.on(EMERGENCY - DAY)
    office._pass(EMERGENCY, 9)
    assert [address for address, _ in office.reported()][1:] == [f"channel:{GROUP}"]
    with office.database.write() as session:  # Slack could not be reached until the evening
        session.exec(update(OutboxMessage).where(OutboxMessage.kind == TO_GROUP).values(state="pending"))
    office.clock.advance(timedelta(hours=12))
    Harness(office.database, clock=office.clock).deliver()
    office.escalate()
    assert len(office.reported()) == 2
    office._pass(EMERGENCY + DAY, 9)
    assert [address for address, _ in office.reported()][2:] == [f"channel:{GROUP}"]
