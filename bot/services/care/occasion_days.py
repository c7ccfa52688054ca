"""When each occasion is: fixed days, rules of the Gregorian year, and the tables of the holidays library.

The tables of moons are read where the library keeps them by calendar: the names under which it lists a country's public
holidays change from year to year, and a name that is missed is a greeting that is missed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, kw_only=True)
class OccasionDay:
    """A day of an occasion; an estimated one may turn out a day earlier or later."""

    day: date
    estimated: bool = False


Rule = Callable[[int], Iterable[OccasionDay]]
THURSDAY, MONDAY = 3, 0
WESTERN, ORTHODOX = 3, 2  # dateutil's numbers of the ways to compute Easter
# The library's Diwali for India ends in 2035, and its other table is a month late in four of the years from then on.
# These are computed: the evening of the new moon between October 17 and November 15 in India.
_DIWALI = {
    2036: (10, 18),
    2037: (11, 6),
    2038: (10, 27),
    2039: (10, 17),
    2040: (11, 4),
    2041: (10, 24),
    2042: (11, 12),
    2043: (11, 1),
    2044: (10, 20),
    2045: (11, 8),
    2046: (10, 28),
    2047: (10, 18),
    2048: (11, 5),
    2049: (10, 26),
    2050: (11, 14),
}


def days(occasion_id: str, year: int) -> tuple[OccasionDay, ...]:
    """The days of an occasion in a year, in order; none where the tables end. Raises KeyError for an unknown id."""
    return tuple(sorted(_RULES[occasion_id](year), key=lambda found: found.day))


def _fixed(month: int, day: int) -> Rule:
    return lambda year: [OccasionDay(day=date(year, month, day))]


def _weekday(month: int, weekday: int, place: int) -> Rule:
    """The first, second … of a weekday in a month."""

    def rule(year: int) -> Iterable[OccasionDay]:
        first = date(year, month, 1)
        days = (weekday - first.weekday()) % 7 + 7 * (place - 1)
        return [OccasionDay(day=first + timedelta(days=days))]

    return rule


def _easter(method: int) -> Rule:
    def rule(year: int) -> Iterable[OccasionDay]:
        from dateutil.easter import easter

        return [OccasionDay(day=easter(year, method))]

    return rule


def _lunar(holiday: str, calendar: str = "CHINESE", later: int = 0) -> Rule:
    """A day of the Chinese calendar, as it is counted in China, Korea or Vietnam, and some days later."""

    def rule(year: int) -> Iterable[OccasionDay]:
        from holidays.calendars.chinese import _ChineseLunisolar

        found, _ = getattr(_ChineseLunisolar(f"{calendar}_CALENDAR"), f"{holiday}_date")(year)
        return _known(found and found + timedelta(days=later))

    return rule


def _eid(name: str) -> Rule:
    """As the United Arab Emirates have it, which is also the day of most other countries."""

    def rule(year: int) -> Iterable[OccasionDay]:
        import holidays

        for day, names in holidays.country_holidays("AE", years=year, language="en_US").items():
            for found in names.split("; "):
                if found in (name, f"{name} (estimated)"):
                    yield OccasionDay(day=day, estimated=found != name)

    return rule


def _diwali(year: int) -> Iterable[OccasionDay]:
    from holidays.calendars.hindu import _HinduLunisolar

    if year in _DIWALI:
        return [OccasionDay(day=date(year, *_DIWALI[year]), estimated=True)]
    return _known(_HinduLunisolar().diwali_india_date(year)[0])


def _nowruz(year: int) -> Iterable[OccasionDay]:
    from holidays.calendars.persian import _Persian

    return _known(_Persian().new_year_date(year))


def _rosh_hashanah(year: int) -> Iterable[OccasionDay]:
    from holidays.calendars.hebrew import _HebrewLunisolar

    return _known(_HebrewLunisolar().rosh_hashanah_date(year))


def _known(day: date | None) -> Iterable[OccasionDay]:
    return [OccasionDay(day=day)] if day else []


_RULES: dict[str, Rule] = {
    "new_year": _fixed(1, 1),
    "spring_festival": _lunar("lunar_new_year"),
    "lantern": _lunar("lunar_new_year", later=14),
    "dragon_boat": _lunar("dragon_boat"),
    "mid_autumn": _lunar("mid_autumn"),
    "national_day_cn": _fixed(10, 1),
    "seollal": _lunar("lunar_new_year", "KOREAN"),
    "chuseok": _lunar("mid_autumn", "KOREAN"),
    "tet": _lunar("lunar_new_year", "VIETNAMESE"),
    "songkran": _fixed(4, 13),
    "nowruz": _nowruz,
    "eid_al_fitr": _eid("Eid al-Fitr"),
    "eid_al_adha": _eid("Eid al-Adha"),
    "diwali": _diwali,
    "rosh_hashanah": _rosh_hashanah,
    "easter": _easter(WESTERN),
    "orthodox_easter": _easter(ORTHODOX),
    "thanksgiving_ca": _weekday(10, MONDAY, 2),
    "thanksgiving_us": _weekday(11, THURSDAY, 4),
    "christmas": _fixed(12, 25),
    "orthodox_christmas": _fixed(1, 7),
}
