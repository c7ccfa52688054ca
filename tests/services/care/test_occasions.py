"""The occasions of greetings: every one has its day in every year, and reaches the customers that it is for."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import holidays
import pytest
from borax.calendars import LunarDate
from lunar_python import Lunar, Solar
from structlog.testing import capture_logs

from bot.services.care import occasion_days, occasions
from bot.services.care.occasions import OCCASIONS
from bot.working_days.countries import code_of

YEARS = range(2015, 2051)
EIDS = ("eid_al_fitr", "eid_al_adha")
CHINESE = {"spring_festival": (1, 1), "lantern": (1, 15), "dragon_boat": (5, 5), "mid_autumn": (8, 15)}


@pytest.fixture(autouse=True)
def _nothing_cached() -> Iterator[None]:
    yield
    for cached in (occasions.days, occasions.next_day):
        cached.cache_clear()


def day_of(occasion_id: str, year: int) -> date:
    found = occasions.day(occasion_id, year)
    assert found is not None, (occasion_id, year)
    return found.day


@pytest.mark.parametrize("occasion_id", [one for one in OCCASIONS if one not in EIDS])
def test_an_occasion_has_one_day_in_every_year(occasion_id: str) -> None:
    found = {year: occasions.days(occasion_id, year) for year in YEARS}
    assert {year: len(days) for year, days in found.items() if len(days) != 1} == {}
    assert all(days[0].day.year == year for year, days in found.items())


@pytest.mark.parametrize("occasion_id", EIDS)
def test_an_eid_returns_after_an_islamic_year_and_so_falls_twice_in_some_years(occasion_id: str) -> None:
    found = {year: [one.day for one in occasions.days(occasion_id, year)] for year in YEARS}
    assert {len(days) for days in found.values()} == {1, 2}
    every = [day for days in found.values() for day in days]
    # A lunar year has 354 or 355 days; what was seen and what is computed may be a day apart.
    gaps = [(later - earlier).days for earlier, later in pairwise(every)]
    assert all(353 <= gap <= 356 for gap in gaps)
    twice = {"eid_al_fitr": {2033: ["01-02", "12-23"]}, "eid_al_adha": {2039: ["01-05", "12-26"]}}
    assert {year: [f"{day:%m-%d}" for day in days] for year, days in found.items() if len(days) > 1} == twice[
        occasion_id
    ]


def test_eid_al_adha_comes_two_months_and_nine_days_after_eid_al_fitr() -> None:
    for year in YEARS:
        for fitr in occasions.days("eid_al_fitr", year):
            adha = occasions.next_day("eid_al_adha", fitr.day)
            assert adha is not None
            assert 67 <= (adha.day - fitr.day).days <= 70


def test_an_eid_to_come_is_estimated_and_a_past_one_is_not() -> None:
    assert [one.estimated for one in occasions.days("eid_al_fitr", 2025)] == [False]
    assert [one.estimated for one in occasions.days("eid_al_fitr", 2035)] == [True]


@pytest.mark.parametrize(("occasion_id", "month_and_day"), CHINESE.items())
def test_a_lunar_occasion_is_where_two_other_calendars_have_it(
    occasion_id: str, month_and_day: tuple[int, int]
) -> None:
    for year in YEARS:
        month, day = month_and_day
        solar = Lunar.fromYmd(year, month, day).getSolar()
        assert day_of(occasion_id, year) == date(solar.getYear(), solar.getMonth(), solar.getDay())
        assert day_of(occasion_id, year) == LunarDate(year, month, day).to_solar_date()


@pytest.mark.parametrize(
    ("occasion_id", "chinese"),
    [("seollal", "spring_festival"), ("tet", "spring_festival"), ("chuseok", "mid_autumn")],
)
def test_korea_and_vietnam_count_the_same_moon_by_their_own_clock(occasion_id: str, chinese: str) -> None:
    apart = {(day_of(occasion_id, year) - day_of(chinese, year)).days for year in YEARS}
    assert apart <= {-1, 0, 1}


def test_diwali_is_at_the_new_moon_that_ends_the_month_after_mid_october() -> None:
    for year in YEARS:
        diwali = day_of("diwali", year)
        assert date(year, 10, 17) <= diwali <= date(year, 11, 15)
        # The first day of a Chinese month is the day of the new moon in China, two and a half hours ahead of India.
        new_moons = [
            diwali + timedelta(days=ahead)
            for ahead in (0, 1)
            if Solar.fromYmd(*(diwali + timedelta(days=ahead)).timetuple()[:3]).getLunar().getDay() == 1
        ]
        assert len(new_moons) == 1, (year, diwali)


@pytest.mark.parametrize(("occasion_id", "country"), [("easter", "DE"), ("orthodox_easter", "GR")])
def test_easter_is_the_day_before_easter_monday(occasion_id: str, country: str) -> None:
    for year in YEARS:
        monday = day_of(occasion_id, year) + timedelta(days=1)
        names = holidays.country_holidays(country, years=year, language="en_US").get(monday, "")
        assert "Easter Monday" in names, year


@pytest.mark.parametrize(
    ("occasion_id", "expected"),
    [
        ("thanksgiving_us", [date(2025, 11, 27), date(2026, 11, 26), date(2028, 11, 23)]),
        ("thanksgiving_ca", [date(2025, 10, 13), date(2026, 10, 12), date(2028, 10, 9)]),
        ("nowruz", [date(2024, 3, 20), date(2025, 3, 21), date(2026, 3, 21)]),
        ("rosh_hashanah", [date(2025, 9, 23), date(2026, 9, 12), date(2028, 9, 21)]),
        ("tet", [date(2025, 1, 29), date(2026, 2, 17), date(2030, 2, 2)]),
        ("diwali", [date(2025, 10, 20), date(2026, 11, 8), date(2028, 10, 17)]),
    ],
)
def test_days_that_are_known_from_calendars(occasion_id: str, expected: list[date]) -> None:
    assert [day_of(occasion_id, one.year) for one in expected] == expected


def test_the_next_day_is_the_day_itself_or_a_later_one() -> None:
    for occasion_id in OCCASIONS:
        every = [one.day for year in (2032, 2033, 2034) for one in occasions.days(occasion_id, year)]
        for after in (date(2032, 1, 1), date(2033, 1, 2), date(2033, 1, 3), date(2033, 12, 24)):
            found = occasions.next_day(occasion_id, after)
            assert found is not None
            assert found.day == min(day for day in every if day >= after)


def test_a_customer_is_greeted_on_every_occasion_of_its_country() -> None:
    assert occasions.suiting(OCCASIONS, "中国") == [
        "new_year",
        "spring_festival",
        "lantern",
        "dragon_boat",
        "mid_autumn",
        "national_day_cn",
    ]
    assert occasions.suiting(OCCASIONS, "Germany") == ["new_year", "easter", "christmas"]
    assert occasions.suiting(["christmas", "new_year"], "GB") == ["christmas", "new_year"]
    assert occasions.suiting(OCCASIONS, "UAE") == ["new_year", *EIDS]


@pytest.mark.parametrize("country", [None, "", "Atlantis"])
def test_a_customer_without_a_known_country_is_greeted_in_the_new_year(country: str | None) -> None:
    assert occasions.suiting(OCCASIONS, country) == ["new_year"]


def test_every_country_of_an_occasion_is_a_country() -> None:
    countries = {code for one in OCCASIONS.values() for code in one.countries} - {occasions.EVERYWHERE}
    assert {code: code_of(code) for code in countries} == {code: code for code in countries}


# Where it is kept without a public holiday, or the library lacks it.
NO_HOLIDAY = {
    "dragon_boat": {"MO"},
    "mid_autumn": {"HK", "MO", "SG"},
    "easter": {"CH"},
    "orthodox_easter": {"ME", "UA"},
    "orthodox_christmas": {"ME"},
    "christmas": {"MO", "UA"},
    "thanksgiving_ca": {"CA"},
}


@pytest.mark.parametrize("occasion_id", [one for one in OCCASIONS if one not in ("new_year", "lantern")])
def test_an_occasion_is_a_public_holiday_where_customers_are_greeted(occasion_id: str) -> None:
    # Countries do not begin an Islamic feast on the same day; Easter is a Sunday, with a holiday before or after it.
    around = 2 if occasion_id in EIDS or "easter" in occasion_id else 0
    day = day_of(occasion_id, 2026)
    without = set()
    for country in sorted(OCCASIONS[occasion_id].countries - {"YE", "SD", "SY", "LY", "IQ"}):
        known = holidays.country_holidays(country, years=2026)
        if not any(day + timedelta(days=ahead) in known for ahead in range(-around, around + 1)):
            without.add(country)
    assert without == NO_HOLIDAY.get(occasion_id, set())


@pytest.mark.parametrize(
    "word",
    [
        "qingming",
        "Qing Ming",
        "清明",
        "清明节",
        "Tomb-Sweeping Day",
        "Tomb Sweeping Day",
        "Ching Ming Festival",
    ],
)
def test_qingming_is_refused_with_its_reason(word: str) -> None:
    for refused in (occasions.refusal("Day off", word), occasions.id_refusal(word)):
        assert str(refused) == (
            "Qingming (Tomb-Sweeping Day) is for the dead of a family: nobody is greeted then; remove it"
        )


def test_no_occasion_is_a_day_for_the_dead() -> None:
    assert [one.id for one in OCCASIONS.values() if occasions.refusal(one.id, one.name.en, one.name.zh)] == []


def test_an_unknown_id_is_refused_with_a_near_one_or_all() -> None:
    assert occasions.id_refusal("christmas") is None
    assert str(occasions.id_refusal("chrismas")) == (
        "there is no occasion 'chrismas'; did you mean christmas?"
    )
    assert str(occasions.id_refusal("xyz")).startswith("there is no occasion 'xyz'; use one of new_year, ")


def test_an_occasion_that_the_library_no_longer_knows_is_named_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(occasion_days._RULES, "dragon_boat", occasion_days._lunar("boats"))
    with capture_logs() as logged:
        assert [occasions.day("dragon_boat", 2027) for _ in range(3)] == [None] * 3
        assert occasions.next_day("dragon_boat", date(2027, 1, 1)) is None
    assert day_of("mid_autumn", 2027) == date(2027, 9, 15)
    assert [line["event"] for line in logged] == ["occasion.undated"] * 3  # once for each year
    (problem,) = occasions.undated(["mid_autumn", "dragon_boat", "dragon_boat"], date(2026, 12, 1))
    assert str(problem).startswith("occasion dragon_boat has no date in 2026, 2027, 2028, 2029, 2030, 2031, ")


def test_check_names_an_occasion_whose_table_ends_within_five_years() -> None:
    assert occasions.undated(OCCASIONS, date(2026, 1, 1)) == []
    assert occasions.undated(OCCASIONS, date(2045, 12, 31)) == []
    (problem,) = occasions.undated(OCCASIONS, date(2046, 1, 1))
    assert str(problem).startswith("occasion diwali has no date in 2051, ")


def test_an_id_that_no_longer_exists_has_no_day() -> None:
    assert occasions.day("jubilee", 2027) is None
    assert occasions.suiting(["jubilee", "new_year"], "CN") == ["new_year"]
