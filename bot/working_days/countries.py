"""Countries by code and name, and the country of a time zone."""

import re
from functools import cache

_CODE = re.compile(r"([A-Za-z]{2})(?:-([A-Za-z0-9]{1,3}))?").fullmatch
_ALIASES = {"UK": "GB", "EL": "GR"}


def country_named(text: str) -> str | None:
    """The ISO code of a country, also with a region as DE-BY, by its code or name; None for another text."""
    found = _CODE(text.strip())
    if found is not None:
        country = _ALIASES.get(found[1].upper(), found[1].upper())
        if country in _zones():
            return f"{country}-{found[2].upper()}" if found[2] else country
    return _by_name().get(text.strip().casefold())


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
def _by_name() -> dict[str, str]:
    from babel import Locale

    names = {}
    for language in ("en", "zh", "de"):
        for code, name in Locale(language).territories.items():
            if code in _zones():
                names[name.casefold()] = code
    return names
