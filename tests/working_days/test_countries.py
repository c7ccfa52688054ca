"""Countries by what people write, and by their time zones."""

from zoneinfo import available_timezones

import pytest

from bot.working_days.countries import (
    _ALSO,
    _NO_COUNTRIES,
    _codes,
    _folded,
    code_of,
    country_named,
    country_of_zone,
    shares_clock,
)
from bot.working_days.public_holidays import is_known


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("CN", "CN cn CHN China CHINA 中国 中國 中华人民共和国 PRC P.R.China Chine"),
        ("HK", "HK HKG Hongkong 香港"),
        ("TW", "TW Taiwan 台湾 台灣 臺灣"),
        ("SG", "SG Singapore 新加坡 Singapur"),
        ("US", "US USA U.S. U.S.A. 美国 America"),
        ("GB", "GB UK U.K. 英国 England"),
        ("DE", "DE DEU Germany Deutschland 德国 Allemagne"),
        ("AE", "AE UAE 阿联酋"),
        ("KR", "KR Korea 韩国 한국 대한민국"),
    ],
)
def test_a_country_is_understood_by_code_and_by_name(code: str, words: str) -> None:
    assert {word: code_of(word) for word in words.split()} == dict.fromkeys(words.split(), code)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        (" Hong Kong ", "HK"),
        ("Hong-Kong", "HK"),
        ("People’s Republic of China", "CN"),
        ("United States of America", "US"),
        ("The Netherlands", "NL"),
        ("Czech Republic", "CZ"),
        ("Saudi Arabia", "SA"),
        ("Côte d'Ivoire", "CI"),
        ("ＣＨＩＮＡ", "CN"),
    ],
)
def test_spaces_hyphens_points_and_wide_letters_make_no_difference(word: str, code: str) -> None:
    assert code_of(word) == code


@pytest.mark.parametrize("word", [None, "", " ", "Atlantis", "EU", "UN", "*", "x" * 10_000, "DACH"])
def test_what_names_no_country_is_not_guessed(word: str | None) -> None:
    assert code_of(word) is None


def test_no_additional_word_takes_the_place_of_another_country() -> None:
    assert {
        word: code for word, code in _codes().items() if word in {c.casefold() for c in _NO_COUNTRIES}
    } == {}
    words = [_folded(word) for words in _ALSO.values() for word in words.split(",")]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("cn", "CN"),
        (" DE-by ", "DE-BY"),
        ("DEU-BY", "DE-BY"),
        ("PR-China", "CN"),
        ("Germany-BY", None),
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
def test_the_country_of_a_place_is_known_by_code_or_name_also_with_a_region(
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
