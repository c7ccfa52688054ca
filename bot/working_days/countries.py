"""Countries by code and by what people call them, and the country of a time zone."""

import re
import unicodedata
from functools import cache, lru_cache

LONGEST_CODE = 3  # letters: DE or DEU
# Names of customers' countries are read in these; each takes some milliseconds to load.
_LANGUAGES = ("en", "zh", "zh_Hant", "de", "es", "fr", "it", "pt", "ja", "ko", "ru", "ar")
_NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "ZZ"}  # that Unicode's tables hold as well
# What people write and Unicode's tables do not have.
_ALSO = {
    "AE": "UAE, Emirates, Dubai, 阿联酋, 迪拜",
    "BA": "Bosnia, 波黑",
    "CI": "Ivory Coast",
    "CN": "PRC, PR China, PRChina, People's Republic of China, Mainland China, 中国大陆, 中國大陸, 中华人民共和国",
    "CZ": "Czech Republic",
    "DE": "Federal Republic of Germany",
    "GB": "Great Britain, Britain, England, Scotland, Wales, Northern Ireland, 英格兰, 苏格兰",
    "HK": "Hong Kong, Hongkong, Hong Kong China, Hong Kong SAR, 香港, 中国香港, 中國香港, 홍콩, Гонконг",
    "KR": "Korea, Republic of Korea, South Korea, 南韩, 大韩民国, 한국",
    "MK": "Macedonia, 马其顿",
    "MM": "Burma",
    "MO": "Macau, Macao, Macau China, Macao SAR, Macau SAR, 澳门, 澳門, 中国澳门, 中國澳門, マカオ, 마카오",
    "NL": "Holland, The Netherlands",
    "PS": "Palestine",
    "RU": "Russian Federation, 俄国",
    "SA": "KSA, Kingdom of Saudi Arabia, 沙特",
    "TR": "Turkey",
    "TW": "台灣, 臺灣, 中国台湾, 中國台灣, Taiwan China",
    "US": "United States of America, America, 美利坚合众国",
    "VN": "Viet Nam",
}


def code_of(country: str | None) -> str | None:
    """The two letters of ISO 3166 for a code ("CN", "CHN"), or a name in one of a dozen languages ("China", "中国")."""
    return _code_of(country) if country else None


@lru_cache(maxsize=4_000)
def _code_of(country: str) -> str | None:
    code = country.strip().upper()
    return code if code in _zones() else _codes().get(_folded(country))  # names take long to load


def country_named(text: str) -> str | None:
    """The ISO code of a country, also with a region as DE-BY, by its code or name; None for another text."""
    country, _, region = text.strip().upper().partition("-")
    if not 0 < len(region) <= LONGEST_CODE and (code := code_of(text)):  # a name may have a hyphen too
        return code
    code = code_of(country) if region and len(country) <= LONGEST_CODE else None
    return f"{code}-{region}" if code else None


def country_of_zone(zone: str) -> str | None:
    """The country in which a time zone lies; None for those of no country, as UTC."""
    from babel.core import get_global

    zone = get_global("zone_aliases").get(zone, zone)
    country = get_global("zone_territories").get(zone)
    return country if country in _zones() else None


def shares_clock(zone: str, country: str) -> bool:
    """Whether people of a country call their time as those of a zone: Germany's is Amsterdam's, Central European Time."""
    from babel.core import get_global

    names, aliases = get_global("meta_zones"), get_global("zone_aliases")
    name = names.get(aliases.get(zone, zone))
    return name is not None and any(names.get(one) == name for one in _zones().get(country[:2], ()))


@cache
def _zones() -> dict[str, tuple[str, ...]]:
    """Country -> its time zones."""
    from babel.core import get_global

    found: dict[str, tuple[str, ...]] = {}
    for zone, country in get_global("zone_territories").items():
        if country.isalpha() and country != "ZZ":
            found[country] = (*found.get(country, ()), zone)
    return found


@cache
def _codes() -> dict[str, str]:
    """Folded name or code -> ISO code."""
    from babel import Locale
    from babel.core import get_global

    locales = [Locale.parse(language) for language in _LANGUAGES]
    names = [{str(code): name for code, name in locale.territories.items()} for locale in locales]
    known = {code for code in names[0] if re.fullmatch("[A-Z]{2}", code)} - _NO_COUNTRIES
    codes: dict[str, str] = {}
    for named in names:
        codes.update({_folded(name): code for code, name in named.items() if code in known} | codes)
    for alias, now in get_global("territory_aliases").items():  # CHN, UK, and countries with a new code
        if len(now) == 1 and alias.isalpha():
            codes.setdefault(_folded(alias), now[0])
    codes.update({_folded(word): code for code, words in _ALSO.items() for word in words.split(",")})
    codes.update({code.casefold(): code for code in known})
    return codes


def _folded(word: str) -> str:
    """Without case, accents' forms, points and hyphens."""
    text = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", word).replace(".", "")).strip().casefold()
    return text.removeprefix("the ")
