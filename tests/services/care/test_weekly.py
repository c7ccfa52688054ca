"""A manager is told of the week of the team once, in the first morning in which it can be read."""

import re
import threading
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select, update

from bot.clock import FixedClock, local_instant
from bot.services.care.weekly import tell_weeks
from bot.services.care.weekly.counted import AWAY_DAYS
from bot.services.care.weekly.period import WeeklyOptions
from bot.services.delivery.kinds import WEEKLY
from bot.services.delivery.worker import WorkerOptions
from bot.services.recipients import FirmDefaults
from bot.settings import ROOT, Settings
from bot.wording.care.weekly import MOST_OF_A_KIND, MOST_REASONS, CareWeekly, WeekFigures
from db.book import personal_settings
from db.book.people import Absence, Deputy, Person, Team
from db.care.touches import Touch
from db.care.weekly import reports as weekly
from db.care.weekly.reports import WeeklyReport
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import OpenAnother, first_on_postgresql, none_on_postgresql
from tests.services.book import Book, at
from tests.services.delivery.outbox_harness import Harness

pytestmark = none_on_postgresql

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MONDAY = date(2026, 3, 9)
LAST = MONDAY - WEEK  # the first day of the week that is told on MONDAY
FIRM = "C0FIRM"


class Killed(BaseException):
    """The process ends."""


@dataclass
class Office(Book):
    """A book whose owner Anna is in the team of Lin, with steps that are given their states at once."""

    options: WeeklyOptions = field(default_factory=WeeklyOptions)
    admins: tuple[str, ...] = ()
    team = lead = owner = customer = 0
    made = 0

    def fill(self, *, zone: str = "UTC", team: str = "East", lead: str = "Lin", owner: str = "Anna") -> None:
        """A team with a lead, an account manager and a customer of theirs."""
        with self.database.write() as session:
            self.team = factories.team(session, team)
            self.owner = factories.person(session, owner, team_id=self.team)
            self.lead = factories.person(session, lead, role="team_lead", team_id=self.team, timezone=zone)
            session.get_one(Team, self.team).lead_id = self.lead
            self.customer = factories.customer(session, f"ACME {team}", owner_id=self.owner)

    def step(self, state: str, day: date, *, limit: date | None = None, **values: Any) -> None:
        """A step of the customer that got its state on a day, at noon."""
        self.made += 1
        closed = None if state in ("planned", "reminded", "snoozed") else at(day, 12)
        with self.database.write() as session:
            session.add(
                Touch(
                    **{
                        "dedupe_key": f"step:{self.customer}:{self.made}", "customer_id": self.customer, "plan": "standard",
                        "step": f"s{self.made}", "kind": "revisit", "tier": "A", "due_on": limit or day,
                        "latest_on": limit or day, "remind_at": at(day), "state": state, "closed_at": closed,
                        "created_at": at(LAST - 30 * DAY), **values,
                    }
                )
            )  # fmt: skip

    def on(self, day: date, hour: int = 9, zone: str = "UTC") -> list[tuple[str, CareWeekly]]:
        """What managers were told up to a local moment, with two passes in it."""
        self.clock.advance(local_instant(day, hour, 0, ZoneInfo(zone)) - self.clock.now())
        self.tell()
        self.tell()
        return self.told()

    def tell(self) -> int:
        sending = self.sending()
        firm = FirmDefaults(channel=self.channel, language="en", admins=self.admins)
        return tell_weeks(replace(sending, firm=firm), self.options)

    def told(self) -> list[tuple[str, CareWeekly]]:
        return [(address, message) for address, message in self.sent() if isinstance(message, CareWeekly)]

    def places(self) -> list[str]:
        return [address for address, _ in self.told()]

    def change(self, table: Any, row: int, **values: object) -> None:
        with self.database.write() as session:
            session.exec(update(table).where(table.id == row).values(**values))

    def away(self, person: int, first: date, last: date, deputy: int | None = None) -> None:
        with self.database.write() as session:
            session.add(Absence(person_id=person, first_day=first, last_day=last))
            if deputy is not None:
                session.add(
                    Deputy(
                        person_id=person, deputy_id=deputy, starts_at=at(first, 0), ends_at=at(last + DAY, 0)
                    )
                )

    def deliver(self, hours: int = 0) -> None:
        """Send what is written, some hours later."""
        options = WorkerOptions(pace=None, fallback_channel=self.channel)
        Harness(self.database, options, self.clock).deliver(timedelta(hours=hours))


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database, clock=FixedClock(at(MONDAY - 3 * DAY)))


@first_on_postgresql
def test_on_monday_morning_the_lead_is_told_of_the_week_that_is_over(office: Office) -> None:
    office.fill()
    office.step("done", LAST)
    office.step("done", LAST + 6 * DAY)
    office.step("done", LAST + 2 * DAY, limit=LAST + DAY)
    office.step("skipped", LAST + DAY, reason="They are away")
    office.step("skipped", LAST + DAY, reason="they are  away")
    office.step("skipped", LAST + 2 * DAY, reason="No need")
    office.step("missed", LAST + DAY, kind="greeting")
    office.step("reminded", LAST, limit=LAST + 3 * DAY)
    office.step("done", LAST - DAY)
    office.step("skipped", MONDAY, reason="This week")
    assert office.on(MONDAY - DAY) == []
    assert office.on(MONDAY, 8) == []
    ((address, week),) = office.on(MONDAY)
    assert address == f"person:{office.lead}"
    assert (week.teams, week.first_day, week.last_day) == (("East",), LAST, MONDAY - DAY)
    # The skip of this Monday morning was open past its limit at no time.
    assert week.figures == WeekFigures(kept=2, late=1, skipped=3, missed=1, overdue=1, not_visited=1)
    assert week.before == WeekFigures(kept=1)
    assert [(one.text, one.count) for one in week.reasons] == [("They are away", 2), ("No need", 1)]
    assert [(one.who and one.who.name, one.figures) for one in week.people] == [("Anna", week.figures)]
    # A customer is counted in the tier by which its care is planned now.
    assert [(one.tier.id, one.figures.not_visited) for one in week.tiers] == [("A", 0), ("unrated", 1)]
    assert len(office.on(MONDAY + 6 * DAY)) == 1
    _, (_, second) = office.on(MONDAY + WEEK)
    assert second.before == replace(week.figures, not_visited=0)
    assert second.unattended_before == 1


def test_where_there_is_nothing_to_manage_nothing_is_sent(office: Office) -> None:
    office.fill()
    office.step("done", LAST)
    assert office.on(MONDAY) == []
    office.step("skipped", LAST, reason="Told too late")  # the week is done with
    assert office.on(MONDAY + DAY) == []


def test_each_lead_is_told_in_their_own_morning_of_their_own_team(office: Office) -> None:
    office.fill(zone="America/New_York")
    east = office.lead
    office.step("skipped", MONDAY - DAY, reason="Away", closed_at=at(MONDAY, 3))  # Sunday evening in New York
    office.fill(zone="Asia/Shanghai", team="West", lead="Wu", owner="Bo")
    office.step("skipped", LAST, reason="Away")
    assert [address for address, _ in office.on(MONDAY, 8, "Asia/Shanghai")] == []
    ((address, week),) = office.on(MONDAY, 9, "Asia/Shanghai")
    assert (address, week.teams, week.figures.skipped) == (f"person:{office.lead}", ("West",), 1)
    assert len(office.on(MONDAY, 8, "America/New_York")) == 1
    _, (address, week) = office.on(MONDAY, 9, "America/New_York")
    assert (address, week.teams, week.figures.skipped) == (f"person:{east}", ("East",), 1)


@pytest.mark.parametrize(
    ("first", "days", "channel", "told_on", "place"),
    [
        (MONDAY, 2, FIRM, MONDAY + 2 * DAY, "lead"),
        (MONDAY - 5 * DAY, 12, FIRM, MONDAY, f"channel:{FIRM}"),
        (MONDAY, 5, FIRM, MONDAY, f"channel:{FIRM}"),  # back on a Saturday, which is no working day
        (MONDAY, 5, "", MONDAY, "admin"),
    ],
)
def test_a_lead_who_is_away_is_told_on_the_first_day_back_or_somebody_else_is(
    office: Office, first: date, days: int, channel: str, told_on: date, place: str
) -> None:
    office.channel, office.admins = channel, ("ada@example.com",)
    office.fill()
    with office.database.write() as session:
        admin = factories.person(session, "Ada")
    office.step("skipped", LAST, reason="Away")
    office.away(office.lead, first, first + (days - 1) * DAY)
    place = {"lead": f"person:{office.lead}", "admin": f"person:{admin}"}.get(place, place)
    day = MONDAY
    while day < told_on:
        assert office.on(day) == []
        day += DAY
    assert [address for address, _ in office.on(told_on)] == [place]
    assert [address for address, _ in office.on(MONDAY + 6 * DAY)] == [place]


def test_a_lead_who_may_not_see_the_customers_of_the_team_is_not_told_of_them(office: Office) -> None:
    office.channel = FIRM
    office.fill()
    office.change(Person, office.lead, role="account_manager")
    office.step("skipped", LAST, reason="Away")
    assert [address for address, _ in office.on(MONDAY)] == [f"channel:{FIRM}"]


def test_the_deputy_of_a_lead_is_told_and_knows_in_whose_place(office: Office) -> None:
    office.fill()
    office.step("skipped", LAST, reason="Away")
    office.away(office.lead, MONDAY, MONDAY + 3 * DAY, deputy=office.owner)
    ((address, week),) = office.on(MONDAY)
    assert (address, week.absent and week.absent.name) == (f"person:{office.owner}", "Lin")
    assert len(office.on(MONDAY + 4 * DAY)) == 1  # the lead is back


def test_it_goes_to_the_channel_of_the_team_where_the_firm_wants_that(office: Office) -> None:
    office.options, office.channel = WeeklyOptions(to="channel"), FIRM
    office.fill()
    office.change(Team, office.team, channel="C0EAST", language="zh")
    office.step("skipped", LAST, reason="Away")
    assert [address for address, _ in office.on(MONDAY)] == ["channel:C0EAST"]
    with office.database.read() as session:
        assert '"language": "zh"' in session.exec(select(OutboxMessage.body_json)).one()


def test_without_a_channel_it_goes_to_the_lead_all_the_same(office: Office) -> None:
    office.options = WeeklyOptions(to="channel")
    office.fill()
    office.step("skipped", LAST, reason="Away")
    assert [address for address, _ in office.on(MONDAY)] == [f"person:{office.lead}"]


@pytest.mark.parametrize("weekday", range(7))
def test_the_firm_chooses_the_day_and_the_week_is_the_seven_days_before_it(
    office: Office, weekday: int
) -> None:
    office.options = WeeklyOptions(weekday=weekday)
    office.fill()
    for days in range(-7, 7):
        office.step("skipped", MONDAY + days * DAY, reason="Away")
    with office.database.write() as session:  # everybody works on all days
        session.exec(update(Person).values(working_days="Mon-Sun"))
    ((_, week),) = office.on(MONDAY + weekday * DAY)
    assert week.first_day == LAST + weekday * DAY
    assert week.figures.skipped == 7


def test_a_lead_who_wants_no_weekly_report_gets_none_and_nobody_else_does(office: Office) -> None:
    office.fill()
    office.channel = "#firm"
    office.step("skipped", LAST)
    with office.database.write() as session:
        personal_settings.store(session, office.lead, remind_at=None, muted=["weekly"])
    assert office.on(MONDAY) == []
    with office.database.write() as session:
        personal_settings.store(session, office.lead, remind_at="10:30", muted=["tier_changes"])
    assert office.on(MONDAY, 10) == []  # their own morning begins later
    assert [address for address, _ in office.on(MONDAY, 11)] == [f"person:{office.lead}"]


def test_it_can_be_switched_off(office: Office) -> None:
    office.options = WeeklyOptions(weekday=None)
    office.fill()
    office.step("skipped", LAST, reason="Away")
    assert office.on(MONDAY) == []


def test_customers_that_no_team_looks_after_are_told_of_in_the_channel_of_the_firm(office: Office) -> None:
    office.channel = FIRM
    office.fill()
    with office.database.write() as session:
        factories.customer(session, "Nobody's")
        factories.customer(session, "Cy's", owner_id=factories.person(session, "Cy", active=False))
        factories.customer(session, "Lead", record_type="prospect")  # a prospect may be nobody's
    ((address, week),) = office.on(MONDAY)
    assert (address, week.teams, week.rest) == (f"channel:{FIRM}", (), True)
    assert week.figures == WeekFigures(no_owner=1, owner_left=1)


@pytest.mark.parametrize(
    ("days", "with_deputy", "counted"), [(5, False, 1), (4, False, 0), (30, False, 1), (30, True, 0)]
)
def test_customers_of_who_is_away_for_long_without_a_deputy_are_unattended(
    office: Office, days: int, with_deputy: bool, counted: int
) -> None:
    office.fill()
    office.step("skipped", LAST, reason="Away")
    deputy = office.lead if with_deputy else None
    office.away(office.owner, MONDAY - DAY, MONDAY + (days - 1) * DAY, deputy)
    ((_, week),) = office.on(MONDAY)
    assert week.figures.owner_away == counted


def test_complaints_that_are_open_and_past_their_deadlines_are_counted(office: Office) -> None:
    office.fill()
    with office.database.write() as session:
        for day in (LAST - 20 * DAY, LAST):  # due ten days later
            factories.complaint(session, office.customer, day)
        factories.complaint(session, office.customer, LAST, closed_on=LAST + DAY, closed_at=at(LAST + DAY))
        factories.complaint(session, office.customer, LAST, closed_on=MONDAY, closed_at=at(MONDAY, 8))
    ((_, week),) = office.on(MONDAY)
    assert (week.figures.complaints, week.figures.complaints_late) == (3, 1)


@first_on_postgresql
def test_two_processes_tell_once(office: Office, open_another: OpenAnother) -> None:
    office.fill()
    office.step("skipped", LAST, reason="Away")
    office.clock.advance(at(MONDAY) - office.clock.now())
    gate = threading.Barrier(2)
    written: list[int] = []

    def tell(database: Database) -> None:
        other = Office(database, clock=office.clock)
        gate.wait(10)
        written.append(other.tell())

    both = [threading.Thread(target=tell, args=(database,)) for database in (office.database, open_another())]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert sorted(written) == [0, 1]
    assert len(office.told()) == 1


def test_a_process_that_is_killed_before_the_commit_has_told_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.fill()
    office.step("skipped", LAST, reason="Away")
    office.clock.advance(at(MONDAY) - office.clock.now())
    with monkeypatch.context() as broken:
        broken.setattr(weekly, "note", Mock(side_effect=Killed))
        with pytest.raises(Killed):
            office.tell()
    assert office.told() == []
    assert [office.tell(), office.tell()] == [1, 0]


@pytest.mark.parametrize("back", [1, 3, 8])
def test_a_clock_that_goes_back_and_on_again_tells_once(office: Office, back: int) -> None:
    office.fill()
    office.step("skipped", LAST, reason="Away")
    assert len(office.on(MONDAY)) == 1
    # Eight days back the week before is due, and the steps of that week are yet to be skipped.
    assert len(office.on(MONDAY - back * DAY)) == 1
    assert len(office.on(MONDAY + DAY)) == 1


def test_a_firm_that_changes_the_place_in_the_week_is_told_once(office: Office) -> None:
    office.channel = FIRM
    office.fill()
    office.step("skipped", LAST, reason="Away")
    assert len(office.on(MONDAY)) == 1
    office.options = WeeklyOptions(to="channel")
    assert len(office.on(MONDAY + DAY)) == 1


def test_after_some_weeks_off_only_the_last_one_is_told(office: Office) -> None:
    office.fill()
    for weeks in range(4):
        office.step("skipped", LAST + weeks * WEEK, reason="Away")
    ((_, week),) = office.on(MONDAY + 3 * WEEK + 2 * DAY)
    assert week.first_day == LAST + 3 * WEEK


def test_what_could_not_be_sent_in_the_hours_is_told_on_the_next_day(office: Office) -> None:
    office.fill()
    office.step("skipped", LAST, reason="Away")
    office.on(MONDAY)
    office.deliver(hours=16)
    assert len(office.on(MONDAY + DAY)) == 2
    office.deliver()
    assert len(office.on(MONDAY + 2 * DAY)) == 2


def test_a_lead_who_has_left_before_sending_gets_nothing_and_the_next_one_does(office: Office) -> None:
    office.channel = FIRM
    office.fill()
    office.step("skipped", LAST, reason="Away")
    office.on(MONDAY)
    office.change(Person, office.lead, active=False)
    office.deliver()
    office.tell()
    assert office.places() == [f"person:{office.lead}", f"channel:{FIRM}"]


@first_on_postgresql
def test_who_leads_the_team_no_more_before_sending_does_not_read_its_figures(office: Office) -> None:
    office.fill()
    office.step("skipped", LAST, reason="Away")
    office.on(MONDAY)
    with office.database.write() as session:
        new = factories.person(session, "Mei", role="team_lead", team_id=office.team)
        session.get_one(Team, office.team).lead_id = new
    office.deliver()
    office.tell()
    assert office.places() == [f"person:{office.lead}", f"person:{new}"]
    with office.database.read() as session:
        states = session.exec(select(OutboxMessage.state).order_by(col(OutboxMessage.id)))
        assert list(states) == ["dead", "pending"]


def test_what_a_channel_refuses_is_not_told_again_every_day(office: Office) -> None:
    office.options, office.channel = WeeklyOptions(to="channel"), FIRM
    office.fill()
    office.change(Team, office.team, channel="C0OUTSIDE")
    office.step("skipped", LAST, reason="Away")
    office.on(MONDAY)
    with office.database.write() as session:
        number = session.exec(select(OutboxMessage.id).where(OutboxMessage.kind == WEEKLY)).one()
        session.exec(update(OutboxMessage).values(state="dead", error_class="external"))
        weekly.untell(session, [number or 0])
        assert session.exec(select(WeeklyReport.outbox_id).where(WeeklyReport.team_id != 0)).one() == number
    assert len(office.on(MONDAY + DAY)) == 1


@pytest.mark.parametrize(
    ("page", "reasons", "away", "rows"),
    [
        ("weekly.md", "the three reasons", "five days or more", "eight of each kind"),
        ("weekly.zh.md", "最常见的三个原因", "休假五天或更久", "每一类显示八条"),
    ],
)
def test_the_page_has_the_settings_and_numbers_of_the_code(
    page: str, reasons: str, away: str, rows: str
) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert (MOST_REASONS, AWAY_DAYS, MOST_OF_A_KIND) == (3, 5, 8)
    assert [one for one in (reasons, away, rows) if one not in text] == []
    cells = re.findall(r"(?m)^\| (?:`(TIERBOT_\w+)`)? ?\| `(\w+)` \|", text)
    assert cells == [("TIERBOT_WEEKLY_DAY", "Mon"), ("TIERBOT_WEEKLY_TO", "manager"), ("", "channel")]
    defaults = Settings(_env_file=None)
    assert (defaults.weekly_day, defaults.weekly_to) == ("Mon", "manager")
    assert WeeklyOptions.of(defaults) == WeeklyOptions(weekday=0, to="manager")


@pytest.mark.parametrize(("day", "weekday"), [("Mon", 0), ("Fri", 4), ("off", None)])
def test_the_day_of_the_settings_is_the_day_on_which_it_is_told(day: str, weekday: int | None) -> None:
    assert WeeklyOptions.of(Settings(_env_file=None, TIERBOT_WEEKLY_DAY=day)).weekday == weekday
