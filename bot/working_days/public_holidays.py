"""Public holidays of a country or region and its official make-up working days, from the library `holidays`."""

import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from bot.working_days.week import MONDAY_TO_FRIDAY


@dataclass(frozen=True, kw_only=True)
class YearOfPlace:
    """The usual working days of a place, and the days of one year that differ from them."""

    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()  # days of a weekend that are worked on instead of others


NO_PLACE = YearOfPlace()


@cache
def year_of(place: str | None, year: int) -> YearOfPlace:
    """A year in a country (CN) or region (DE-BY); of a place without data, Monday to Friday without holidays.

    A region that is not known has the holidays of its country.
    """
    country, region = _parts(place)
    if country is None:
        return NO_PLACE
    import holidays  # a large package: only when somebody is to be reminded

    # The library warns that India's movable holidays are known to 2035 only.
    warnings.filterwarnings("ignore", "Requested Holidays are available only", UserWarning)
    # With the year after: what was moved from the new year to December is listed with the new year.
    found = holidays.country_holidays(country, subdiv=region, years=(year, year + 1))
    last_week = [date(year, 12, 31) - timedelta(days=back) for back in range(7)]
    weekend = frozenset(day.weekday() for day in last_week if found.is_weekend(day))
    return YearOfPlace(
        weekdays=frozenset(range(7)) - _customary(country, weekend),
        holidays=frozenset(day for day in found if day.year == year),
        make_up_days=frozenset(day for day in found.weekend_workdays if day.year == year),
    )


def _customary(country: str, weekend: frozenset[int]) -> frozenset[int]:
    """A weekend; when it is the one day that the law names, as Hong Kong's Sunday, with the other customary one."""
    if len(weekend) != 1:
        return weekend
    from babel import Locale

    custom = Locale.parse(f"und_{country}")
    return weekend | frozenset(range(custom.weekend_start, custom.weekend_end + 1))


def usual_weekdays(place: str | None, year: int) -> frozenset[int]:
    """The days of the week on which a place works."""
    return year_of(place, year).weekdays


def is_known(place: str) -> bool:
    """Whether there are public holidays of a country, and of its region when one is given."""
    country, region = _parts(place)
    return country is not None and (region is not None) == ("-" in place)


def _parts(place: str | None) -> tuple[str | None, str | None]:
    """Country and region of a place, each None when there is no data of it."""
    country, _, region = (place or "").partition("-")
    regions = _known().get(country)
    if regions is None:
        return None, None
    return country, region if region in regions else None


@cache
def _known() -> dict[str, list[str]]:
    """Country -> its regions."""
    import holidays

    return holidays.list_supported_countries(include_aliases=False)
