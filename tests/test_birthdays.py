"""Birthdays: what people write is read or refused, and each has exactly one day in every year."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from borax.calendars.lunardate import LCalendars, LunarDate

from bot import birthdays
from bot.birthdays import Birthday, read_birthday
from bot.errors import BadInput
from bot.wording import catalogue

TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1985-03-08", "1985-03-08"),
        ("1985/3/8", "1985-03-08"),
        ("1985.3.8", "1985-03-08"),
        ("19850308", "1985-03-08"),
        ("8.3.1985", "1985-03-08"),
        ("8. 3. 1985", "1985-03-08"),
        ("8.3.", "--03-08"),
        ("03-08", "--03-08"),
        ("--03-08", "--03-08"),
        ("8 March", "--03-08"),
        ("8th of March 1985", "1985-03-08"),
        ("March 8, 1985", "1985-03-08"),
        ("Sept. 9", "--09-09"),
        ("3/25", "--03-25"),
        ("25/3/1985", "1985-03-25"),
        ("5/5", "--05-05"),
        ("3月8日", "--03-08"),
        ("３月８号", "--03-08"),
        ("1985 年 3 月 8 日", "1985-03-08"),
        ("一九八五年三月八日", "1985-03-08"),
        ("公历三月八", "--03-08"),
        ("农历八月十五", "lunar --08-15"),
        ("農曆八月十五", "lunar --08-15"),
        ("农历8月15日", "lunar --08-15"),
        ("阴历一九六〇年八月十五", "lunar 1960-08-15"),
        ("正月初一", "lunar --01-01"),
        ("腊月三十", "lunar --12-30"),
        ("冬月廿三", "lunar --11-23"),
        ("八月初十", "lunar --08-10"),
        ("农历二月二十一", "lunar --02-21"),
        ("农历闰六月三十", "lunar leap --06-30"),
        ("闰六月初五", "lunar leap --06-05"),
        ("lunar 8-15", "lunar --08-15"),
        ("Lunar 1960-08-15", "lunar 1960-08-15"),
        ("lunar --06-30", "lunar --06-30"),
        ("lunar leap 6-30", "lunar leap --06-30"),
        ("lunar leap 1960-06-29", "lunar leap 1960-06-29"),
        ("02-29", "--02-29"),
        ("1984-02-29", "1984-02-29"),
    ],
)
def test_a_birthday_is_read_as_people_write_it(written: str, stored: str) -> None:
    assert str(read_birthday(f" {written} ")) == stored
    assert str(read_birthday(stored)) == stored


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("8/3", "8/3 can be two days; write 03-08 or 08-03"),
        ("8.3", "write 03-08 or 08-03"),
        ("8-3", "write 03-08 or 08-03"),
        ("08/03/1985", "write 1985-03-08 or 1985-08-03"),
        ("八月十五", "write 农历八月十五 or 公历八月十五"),
        ("85-03-08", "is not understood; write 1985-03-08"),
        ("8.3.85", "is not understood"),
        ("lunar", "is not understood"),
        ("公历正月初一月", "is not understood"),
        ("solar leap 6-3", "is not understood"),
        ("农历八月十五十", "is not understood"),
        ("", "is not understood"),
        ("1985-02-29", "the calendar has no such day"),
        ("02-30", "the calendar has no such day"),
        ("1985-13-01", "the calendar has no such day"),
        ("lunar 13-01", "a lunar month is from 1 to 12, and its day from 1 to 30"),
        ("lunar 8-31", "its day from 1 to 30"),
        ("lunar leap 12-01", "no year has a leap month 12"),
        ("lunar leap 1961-06-01", "lunar year 1961 has no leap month 6"),
        ("lunar leap 1960-06-30", "that month of lunar year 1960 has 29 days"),
        ("1850-01-01", "the year must be from 1900 to 2100"),
    ],
)
def test_what_is_unclear_or_in_no_calendar_is_refused_with_what_to_write(written: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_birthday(written)
    assert said in str(refused.value)


def test_what_a_refusal_proposes_is_understood() -> None:
    for proposed in (
        "03-08",
        "08-03",
        "1985-03-08",
        "lunar 08-15",
        "lunar leap 06-30",
        "农历八月十五",
        "公历八月十五",
    ):
        read_birthday(proposed)


@pytest.mark.parametrize(
    ("birthday", "year", "day"),
    [
        ("1985-03-08", 2027, date(2027, 3, 8)),
        ("--02-29", 2027, date(2027, 2, 28)),
        ("--02-29", 2028, date(2028, 2, 29)),
        ("--02-29", 2100, date(2100, 2, 28)),
        ("lunar --08-15", 2026, date(2026, 9, 25)),
        # 2025 has a leap month 6 of 29 days, after a month 6 of 30.
        ("lunar leap --06-01", 2025, date(2025, 7, 25)),
        ("lunar leap --06-30", 2025, date(2025, 8, 22)),
        ("lunar --06-01", 2025, date(2025, 6, 25)),
        ("lunar --06-30", 2025, date(2025, 7, 24)),
        ("lunar leap --06-01", 2026, date(2026, 7, 14)),
        # Month 12 of lunar year 2025 has 29 days, and ends in 2026.
        ("lunar --12-30", 2025, date(2026, 2, 16)),
        ("lunar --12-05", 2026, date(2027, 1, 12)),
    ],
)
def test_a_year_without_the_day_has_another_by_the_rule(birthday: str, year: int, day: date) -> None:
    assert read_birthday(birthday).day_in(year) == day


def by_another_calendar(birthday: Birthday, year: int) -> date:
    """The rule over borax: the leap month where the year has it, else the month; the last day where it is short."""
    if not birthday.lunar:
        try:
            return date(year, birthday.month, birthday.day)
        except ValueError:
            return date(year, 3, 1) - timedelta(days=1)
    leap = birthday.leap and LCalendars.leap_month(year) == birthday.month
    length = LCalendars.ndays(year, birthday.month, leap)
    return LunarDate(year, birthday.month, min(birthday.day, length), int(leap)).to_solar_date()


def every_birthday() -> Iterator[Birthday]:
    for ordinal in range(366):
        day = date(2000, 1, 1) + timedelta(days=ordinal)
        yield Birthday(month=day.month, day=day.day)
    for month in range(1, 13):
        for day in range(1, 31):
            yield Birthday(month=month, day=day, lunar=True)
            if 2 <= month <= 11:
                yield Birthday(month=month, day=day, lunar=True, leap=True)


# A leap month in 2020, 2023, 2025, 2028, 2031 and 2033, whose leap month 11 many calendars have wrong.
@pytest.mark.parametrize("year", range(2020, 2036))
def test_every_birthday_is_where_another_calendar_has_it(year: int) -> None:
    for birthday in every_birthday():
        assert birthday.day_in(year) == by_another_calendar(birthday, year), birthday


@pytest.mark.parametrize(
    "first", [date(2027, 1, 1), date(2027, 2, 16), date(2028, 2, 29), date(2033, 12, 20)]
)
def test_the_coming_day_is_the_first_that_has_not_passed(first: date) -> None:
    for birthday in every_birthday():
        years = range(first.year - 1, first.year + 3)
        assert birthday.coming(first) == min(
            ((year, day) for year in years if (day := birthday.day_in(year)) >= first), key=lambda one: one[1]
        )


def test_day_by_day_each_year_of_a_birthday_comes_once() -> None:
    """Some calendar years have a lunar birthday twice and some none, but no lunar year does."""
    for birthday in every_birthday():
        year, day = birthday.coming(date(2020, 1, 1))
        for following in range(year + 1, year + 16):
            found = birthday.coming(day + timedelta(days=1))
            assert found == (following, birthday.day_in(following))
            day = found[1]


@pytest.mark.parametrize(
    ("birthday", "said"),
    [
        ("03-08", ["The next birthday is on 2027-03-08."]),
        ("02-29", ["2027-02-28.", "In years without February 29 it is kept on February 28."]),
        ("lunar 1960-01-05", ["Lunar 1960-01-05 was 1960-02-01."]),
        ("lunar 8-15", ["In years with a leap month 8 it is kept in the regular month 8 only."]),
        ("lunar leap 6-10", ["In years without a leap month 6 it is kept in month 6."]),
        ("lunar 1-30", ["Where that month has 29 days it is kept on the 29th."]),
        (
            "lunar 12-05",
            ["so a calendar year can have it twice or not at all; it is greeted once in every lunar year."],
        ),
    ],
)
def test_the_rule_says_what_is_done_in_years_without_the_day(birthday: str, said: list[str]) -> None:
    rule = read_birthday(birthday).rule(TODAY)
    for sentence in said:
        assert sentence in rule


@pytest.mark.parametrize(
    ("birthday", "crosses"),
    [("lunar 11-10", False), ("lunar 11-11", True), ("lunar 12-10", True), ("lunar 12-11", False)],
)
def test_the_rule_warns_of_the_turn_of_the_year_only_where_a_birthday_can_cross_it(
    birthday: str, crosses: bool
) -> None:
    read = read_birthday(birthday)
    years = range(birthdays.FIRST_YEAR, birthdays.LAST_YEAR + 1)
    assert (len({by_another_calendar(read, year).year - year for year in years}) > 1) == crosses
    assert ("twice or not at all" in read.rule(TODAY)) == crosses


def test_the_months_that_can_be_leap_are_those_that_another_calendar_has() -> None:
    years = range(birthdays.FIRST_YEAR, birthdays.LAST_YEAR + 1)
    assert {LCalendars.leap_month(year) for year in years} - {0} == set(birthdays._LEAP_MONTHS)


def test_a_birthday_of_a_known_year_was_born_on_its_solar_day() -> None:
    assert read_birthday("lunar 1960-12-20").born == date(1961, 2, 5)
    assert read_birthday("1985-03-08").born == date(1985, 3, 8)
    assert read_birthday("03-08").born is None


def test_a_chinese_reader_reads_the_lunar_date_of_birth_as_it_is_written_there() -> None:
    rule = read_birthday("lunar 1985-08-20").rule(TODAY).text(catalogue.of_reader("zh"))
    assert "农历1985年8月20日是公历 1985年10月4日。" in rule
