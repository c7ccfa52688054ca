"""Countries by what people write, and by their time zones."""

from zoneinfo import available_timezones

import pytest

from bot.working_days.countries import country_named, country_of_zone, shares_clock
from bot.working_days.public_holidays import is_known


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("cn", "CN"),
        (" DE-by ", "DE-BY"),
        ("DEU", "DE"),
        ("UK", "GB"),
        ("USA", "US"),
        ("UAE", "AE"),
        ("Germany", "DE"),
        ("中国", "CN"),
        ("沙特阿拉伯", "SA"),
        ("香港", "HK"),
        ("Vereinigte Staaten", "US"),
        ("", None),
        ("XX", None),
        ("ZZ", None),
        ("001", None),
        ("Atlantis", None),
        ("Guinea-Bissau", "GW"),
    ],
)
def test_a_country_is_known_by_its_code_and_its_name_in_three_languages(
    text: str, country: str | None
) -> None:
    assert country_named(text) == country


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Asia/Shanghai", "CN"),
        ("Asia/Chongqing", "CN"),  # an older name
        ("US/Pacific", "US"),
        ("Asia/Riyadh", "SA"),
        ("Asia/Calcutta", "IN"),
        ("Asia/Kolkata", "IN"),
        ("UTC", None),
        ("Etc/GMT+8", None),
        ("Nowhere", None),
    ],
)
def test_a_time_zone_lies_in_one_country_or_in_none(zone: str, country: str | None) -> None:
    assert country_of_zone(zone) == country


def test_every_country_of_a_time_zone_has_public_holidays() -> None:
    countries = {country_of_zone(zone) for zone in available_timezones()} - {None}
    assert len(countries) > 240
    assert [country for country in countries if country and not is_known(country)] == []


@pytest.mark.parametrize(
    ("zone", "country", "shares"),
    [
        ("Europe/Amsterdam", "DE", True),
        ("Europe/Belgrade", "DE", True),
        ("Europe/London", "DE", False),
        ("America/Toronto", "US", True),
        ("Asia/Hong_Kong", "CN", False),
        ("Asia/Singapore", "CN", False),  # the same hours, under another name
        ("Asia/Chongqing", "CN-XX", True),
        ("UTC", "GB", False),
    ],
)
def test_countries_share_a_clock_when_their_time_has_the_same_name(
    zone: str, country: str, shares: bool
) -> None:
    assert shares_clock(zone, country) is shares
