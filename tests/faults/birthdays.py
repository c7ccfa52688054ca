"""Birthdays on days that many years do not have: F20."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta

from borax.calendars.lunardate import LCalendars, LunarDate
from cnlunar import Lunar

from bot.birthdays import Birthday, read_birthday
from bot.services.care.dues import Calendar, Known, Over, steps_due
from bot.services.care.plan import BirthdayStep
from tests import factories
from tests.faults.installation import Installation
from tests.faults.report import Outcome

FIRST, LAST = 1950, 2050
ONE_DAY = timedelta(days=1)
STEP = BirthdayStep.model_validate(
    {"kind": "birthday", "id": "birthday", "name": {"en": "Birthday", "zh": "生日"}}
)
NO_OCCASIONS = Calendar(lambda step, country: (), lambda occasion, after: None)
Months = Mapping[tuple[int, int, bool], list[date]]  # (lunar year, month, leap) -> its days


def every_year(_: Installation, *, quick: bool) -> Outcome:
    """F20: every birthday must have one day in every year, where two other calendars have it, and one greeting."""
    last = 1955 if quick else LAST
    months, every = months_until(last), list(every_birthday())
    outcome = Outcome(figures={"birthdays": len(every), "years": last - FIRST + 1})
    compared = elsewhere = unread = unlike = 0
    for birthday in every:
        unread += read_birthday(str(birthday)) != birthday
        for year in range(FIRST, last + 1):
            day = birthday.day_in(year)
            elsewhere += day != by_borax(birthday, year)
            elsewhere += day != by_cnlunar(birthday, year, months)
            compared += 2
        greeted = list(greeted_years(birthday, last))
        unlike += greeted != list(range(greeted[0], greeted[0] + len(greeted)))
    outcome.figures |= {"days compared": compared}
    outcome.require(unread == 0, f"{unread} birthdays are read as others than they are stored")
    outcome.require(elsewhere == 0, f"{elsewhere} days where another calendar has another")
    outcome.require(unlike == 0, f"{unlike} people not greeted once in each year")
    return outcome


def every_birthday() -> Iterator[Birthday]:
    """Each day of the solar calendar, and each of each month and leap month of the lunar one."""
    for ordinal in range(366):
        day = date(2000, 1, 1) + ordinal * ONE_DAY
        yield Birthday(month=day.month, day=day.day)
    for month in range(1, 13):
        for day_of_month in range(1, 31):
            yield Birthday(month=month, day=day_of_month, lunar=True)
            if 2 <= month <= 11:
                yield Birthday(month=month, day=day_of_month, lunar=True, leap=True)


def months_until(last: int) -> Months:
    """The lunar months to the end of a lunar year, from the solar days that cnlunar converts."""
    found: dict[tuple[int, int, bool], list[date]] = {}
    day = date(FIRST, 1, 20)
    while day < date(last + 1, 2, 25):
        lunar = Lunar(datetime.combine(day, time(12)))
        found.setdefault((lunar.lunarYear, lunar.lunarMonth, bool(lunar.isLunarLeapMonth)), []).append(day)
        day += ONE_DAY
    return found


def by_borax(birthday: Birthday, year: int) -> date:
    """The day by the rules, counted by borax."""
    if not birthday.lunar:
        return solar(birthday, year)
    leap = birthday.leap and LCalendars.leap_month(year) == birthday.month
    length = LCalendars.ndays(year, birthday.month, leap)
    return LunarDate(year, birthday.month, min(birthday.day, length), int(leap)).to_solar_date()


def by_cnlunar(birthday: Birthday, year: int, months: Months) -> date:
    """The day by the rules, counted by cnlunar."""
    if not birthday.lunar:
        return solar(birthday, year)
    month = months.get((year, birthday.month, birthday.leap)) or months[year, birthday.month, False]
    return month[min(birthday.day, len(month)) - 1]


def solar(birthday: Birthday, year: int) -> date:
    """The day by the rules of the solar calendar."""
    try:
        return date(year, birthday.month, birthday.day)
    except ValueError:
        return date(year, 2, 28)


def greeted_years(birthday: Birthday, last: int) -> Iterator[int]:
    """The years by which a person is greeted, who is looked after from another end of the world each time."""
    person = factories.known_person(birthday=str(birthday))
    over: dict[tuple[str, str], Over] = {}
    today = date(FIRST, 1, 1)
    while today < date(last, 12, 1):
        known = Known(
            customer_id=1,
            country=None,
            today=today,
            soonest=today,
            graded_on=today,
            people=[person],
            over=over,
        )
        (owed,) = steps_due([STEP], known, NO_OCCASIONS)
        assert owed.due is not None
        assert owed.due.anchor is not None
        yield int(owed.due.key.rpartition(":")[2])
        over = {(STEP.id, owed.occasion): Over(anchor=owed.due.anchor, closed_on=owed.due.anchor)}
        today = owed.due.anchor - ONE_DAY  # where it is the day before
