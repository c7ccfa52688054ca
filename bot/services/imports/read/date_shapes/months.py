"""Names of months and weekdays as people write them in dates, in the languages of CLDR that many files come in."""

import unicodedata
from collections.abc import Iterator
from functools import cache

LANGUAGES = (
    *(
        "en",
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "ca",
        "sv",
        "da",
        "nb",
        "fi",
        "pl",
        "cs",
        "sk",
        "hu",
        "ro",
        "tr",
    ),
    *("ru", "uk", "bg", "sl", "el", "et", "lv", "lt", "id", "hr"),
)
_SPELT_OTHERWISE = {"maerz": 3, "mrz": 3, "fevr": 2, "aout": 8}


def months_named(name: str) -> frozenset[int]:
    """The months that a name or its short form may mean: none for another word, two for the Slavic listopad."""
    return _months().get(fold(name), frozenset())


def is_weekday(name: str) -> bool:
    """Whether a word is a day of the week."""
    return fold(name) in _weekdays()


def fold(name: str) -> str:
    """A name in small letters, without accents and points."""
    spread = unicodedata.normalize("NFKD", name.casefold().replace("ı", "i"))
    return "".join(char for char in spread if not unicodedata.combining(char)).strip(". ")


@cache
def _months() -> dict[str, frozenset[int]]:
    from babel.dates import get_month_names  # a tenth of a second, for files that need it

    names: dict[str, set[int]] = {name: {number} for name, number in _SPELT_OTHERWISE.items()}
    starts: dict[str, set[int]] = {}
    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    folded = fold(name)
                    names.setdefault(folded, set()).add(number)
                    starts.setdefault(folded[:3], set()).add(number)
    short = {start: months for start, months in starts.items() if len(months) == 1}
    return {name: frozenset(months) for name, months in (short | names).items() if name.isalpha()}


@cache
def _weekdays() -> frozenset[str]:
    return frozenset(_weekday_names())


def _weekday_names() -> Iterator[str]:
    from babel.dates import get_day_names

    for language in LANGUAGES:
        for width in ("wide", "abbreviated", "short"):
            yield from map(fold, get_day_names(width, "format", language).values())
