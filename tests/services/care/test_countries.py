"""Countries as people write them."""

import pytest

from bot.services.care.countries import _ALSO, _NO_COUNTRIES, _codes, _folded, code_of


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
