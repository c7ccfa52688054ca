"""Days off and working hours: who may record them, how they fit together, and who acts meanwhile."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.errors import BadInput, NotAllowed, NotFound
from bot.services import access, presence, staff
from bot.services.access import Act
from bot.services.care.working_people import FirmTime, working_times
from db.book import deputies
from db.book.people import Person
from db.engine import Database
from tests.conftest import on_sqlite
from tests.recorded import recorded
from tests.services.test_staff import ALLOWED, NOW, SETTINGS, Firm, email

pytestmark = on_sqlite
MONDAY, TUESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 6)  # NOW is Monday at nine
FIRM = FirmTime.of(SETTINGS)
Period = tuple[date, date]


@pytest.fixture
def firm(database: Database, tmp_path: Path) -> Firm:
    return Firm(database, tmp_path)


def away(
    firm: Firm,
    last: date,
    first: date | None = None,
    *,
    by: str = "Anna",
    whose: str = "Anna",
    deputy: str | None = None,
) -> presence.Away:
    return presence.go_away(
        firm.database,
        firm.actor(by),
        email(whose),
        first=first,
        last=last,
        deputy=email(deputy) if deputy else None,
        settings=SETTINGS,
        now=NOW,
    )


def back(firm: Firm, day: date | None = None, *, by: str = "Anna", whose: str = "Anna") -> presence.Back:
    return presence.come_back(
        firm.database, firm.actor(by), email(whose), day=day, settings=SETTINGS, now=NOW
    )


def hours(firm: Firm, *, by: str = "Anna", whose: str = "Anna", **given: str) -> Person:
    return presence.set_hours(firm.database, firm.actor(by), email(whose), given, settings=SETTINGS, now=NOW)


def days_off(firm: Firm, name: str = "Anna") -> list[Period]:
    with firm.database.read() as session:
        found = working_times(session, [firm.id(name)], FIRM, NOW)[firm.id(name)]
    return [(one.first, one.last) for one in found.days_off]


def test_people_record_their_own_time_leads_that_of_their_account_managers_admins_everybodys(
    firm: Firm,
) -> None:
    for by, whose, allowed in ALLOWED:
        acts: list[Callable[[], object]] = [
            lambda by=by, whose=whose: away(firm, FRIDAY, by=by, whose=whose),  # type: ignore[misc]
            lambda by=by, whose=whose: back(firm, by=by, whose=whose),  # type: ignore[misc]
            lambda by=by, whose=whose: hours(firm, by=by, whose=whose, working_days="Mon-Thu"),  # type: ignore[misc]
        ]
        for act in acts:
            if allowed:
                act()
                continue
            with pytest.raises(NotAllowed) as caught:
                act()
            assert caught.value.msgid == access.REFUSALS[Act.SET_WORKING_TIME], (by, whose)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (None, MONDAY - timedelta(days=1)),
        (FRIDAY, TUESDAY),
        (None, MONDAY + timedelta(days=732)),
    ],
)
def test_days_off_are_to_come_in_order_and_two_years_at_most(
    firm: Firm, first: date | None, last: date
) -> None:
    with pytest.raises(BadInput):
        away(firm, last, first)
    assert days_off(firm) == []


def test_days_off_that_have_begun_are_recorded_with_those_that_are_past(firm: Firm) -> None:
    begun = MONDAY - timedelta(days=3)
    away(firm, TUESDAY, begun)
    assert days_off(firm) == [(begun, TUESDAY)]


def test_days_off_that_overlap_become_one_and_others_stay(firm: Firm) -> None:
    later = MONDAY + timedelta(days=100)
    away(firm, later, later)
    away(firm, TUESDAY)
    joined = away(firm, FRIDAY, TUESDAY)
    assert (joined.first_day, joined.last_day) == (MONDAY, FRIDAY)
    assert days_off(firm) == [(MONDAY, FRIDAY), (later, later)]
    assert days_off(firm, "Ben") == []


def test_whoever_comes_back_early_works_from_that_day_on(firm: Firm) -> None:
    away(firm, FRIDAY)
    assert (back(firm, TUESDAY).back, days_off(firm)) == (TUESDAY, [(MONDAY, MONDAY)])
    back(firm)
    assert days_off(firm) == []
    with pytest.raises(NotFound, match="Anna has no day off on"):
        back(firm)
    away(firm, FRIDAY, TUESDAY)
    back(firm, TUESDAY)  # days off to come are cancelled
    assert days_off(firm) == []


def test_a_deputy_named_for_days_off_acts_in_the_absent_persons_days_and_ends_with_them(firm: Firm) -> None:
    firm.change("Anna", timezone="Pacific/Auckland")  # 13 hours ahead of the firm
    zone = ZoneInfo("Pacific/Auckland")
    away(firm, FRIDAY, TUESDAY, deputy="Ben")
    with firm.database.read() as session:
        (named,) = deputies.not_over(session, NOW)
    begins = datetime(2026, 3, 3, tzinfo=zone).astimezone(UTC)
    assert (named.starts_at, named.ends_at) == (begins, datetime(2026, 3, 7, tzinfo=zone).astimezone(UTC))
    back(firm, FRIDAY)
    with firm.database.read() as session:
        (named,) = deputies.not_over(session, NOW)
    assert (named.starts_at, named.ends_at) == (begins, datetime(2026, 3, 6, tzinfo=zone).astimezone(UTC))
    back(firm, TUESDAY)
    with firm.database.read() as session:
        assert deputies.not_over(session, NOW) == []
    assert len(recorded(firm.database, "deputy_changed")) == 3


def test_a_deputy_who_acts_for_longer_than_the_days_off_goes_on(firm: Firm) -> None:
    firm.name_deputy("Anna", "Anna", "Ben", days=30)
    away(firm, FRIDAY)
    back(firm)
    assert firm.acting_for(1) == [("Anna", "Ben")]


@pytest.mark.parametrize("deputy", ["Anna", "Nobody", "Gone"])
def test_days_off_with_a_deputy_who_cannot_act_are_not_recorded(firm: Firm, deputy: str) -> None:
    with firm.database.write() as session:
        session.add(Person(email=email("Gone"), name="Gone", active=False))
    with pytest.raises((BadInput, NotFound)):
        away(firm, FRIDAY, deputy=deputy)
    assert days_off(firm) == []


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"working_days": "sunday - thursday", "country": "Saudi Arabia"}, ("SA", "Sun-Thu", None, None)),
        ({"works_from": "9:30", "works_until": "18:00:00"}, (None, None, "09:30", "18:00")),
        ({"country": "de-by"}, ("DE-BY", None, None, None)),
        ({"works_from": "22:00", "works_until": "08:00"}, (None, None, "22:00", "08:00")),
    ],
)
def test_hours_are_stored_in_one_form_and_taken_back(
    firm: Firm, given: dict[str, str], stored: tuple[str | None, ...]
) -> None:
    def of(person: Person) -> tuple[str | None, ...]:
        return (person.country, person.working_days, person.works_from, person.works_until)

    assert of(hours(firm, **given)) == stored
    assert of(hours(firm)) == stored
    assert of(hours(firm, **dict.fromkeys(given, ""))) == (None,) * 4
    assert len(recorded(firm.database, "working_time_changed")) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"country": "Mordor"}, "--country: 'Mordor' is not a country"),
        ({"country": "DE-XX"}, "--country: DE has no region 'XX'; use one of BB, BE, BW, BY"),
        ({"country": "CN-BJ"}, "--country: CN has no region 'BJ'; leave it out"),
        ({"working_days": "weekdays"}, "--days: 'weekdays' are not days of the week"),
        ({"works_from": "nine"}, "--from: 'nine' is not a time of day"),
        ({"works_until": "24:00"}, "--until: '24:00' is not a time of day"),
        ({"works_from": "09:00", "works_until": "9:00"}, "must not end when they begin"),
        (
            {"works_from": "22:00", "works_until": "06:00"},
            "The hours 22:00-06:00 lie within the quiet hours 20:00-07:00",
        ),
    ],
)
def test_hours_that_make_no_sense_are_refused(firm: Firm, given: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        hours(firm, **given)
    assert said in caught.value.text()
    assert recorded(firm.database, "working_time_changed") == []


def test_the_audit_names_what_was_and_what_is(firm: Firm) -> None:
    away(firm, FRIDAY)
    back(firm, TUESDAY)
    hours(firm, working_days="Mon-Thu")
    found = recorded(firm.database, "working_time_changed")
    assert [(one.before, one.after) for one in found] == [
        (None, '{"from":"2026-03-02","until":"2026-03-06"}'),
        ('{"from":"2026-03-02","until":"2026-03-06"}', '{"from":"2026-03-02","until":"2026-03-02"}'),
        ('{"working_days":null}', '{"working_days":"Mon-Thu"}'),
    ]


def test_a_deputy_does_not_change_the_absent_persons_time(firm: Firm) -> None:
    firm.name_deputy("Anna", "Anna", "Vic")
    assert [one.person_id for one in firm.actor("Vic").absent] == [firm.id("Anna")]
    with pytest.raises(NotAllowed):
        hours(firm, by="Vic", working_days="Mon")


def test_everybodys_days_off_and_hours_are_listed(firm: Firm) -> None:
    away(firm, FRIDAY)
    hours(firm, working_days="Mon-Thu")
    listed = {one.name: one for one in staff.everybody(firm.database, firm.actor("Ada"), SETTINGS, NOW)}
    assert [(one.first_day, one.last_day) for one in listed["Anna"].away] == [(MONDAY, FRIDAY)]
    assert (listed["Anna"].working_days, listed["Ben"].working_days) == ("Mon-Thu", None)
    assert listed["Ben"].away == ()
