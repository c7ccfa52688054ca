"""The gettext catalogues, read from their .po files, so that no compiled copy can be out of date."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from io import BytesIO
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from bot.settings import ROOT
from grading.phrases import Localised

LANGUAGES = ("en", "zh")
LOCALES = {"en": "en", "zh": "zh_Hans_CN"}
PUNCTUATION = {
    "en": {"comma": ", ", "gap": " ", "colon": ": "},
    "zh": {"comma": "、", "gap": "", "colon": "："},
}
CATALOGUES = ROOT / "templates" / "locale"


@cache
def catalogue(language: str) -> Translations:
    """The translations into one language; an unknown language gets English."""
    language = language if language in LANGUAGES else "en"
    with (CATALOGUES / language / "LC_MESSAGES" / "tierbot.po").open("rb") as source:
        messages = read_po(source, locale=LOCALES[language])
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled, domain="tierbot")


class ReaderWords(Localised):
    """The translations into one language, with days as its readers write them."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._locale = LOCALES.get(language, "en")
        words = catalogue(language)
        self.add_fallback(words)
        self._info = words.info()

    def localised(self, value: Any) -> Any:
        """A day as it is written in the language."""
        is_day = isinstance(value, date) and not isinstance(value, datetime)
        return format_date(value, format="medium", locale=self._locale) if is_day else value


@cache
def of_reader(language: str | None) -> ReaderWords:
    """What sentences in Slack are translated with."""
    return ReaderWords(language or "en")


@cache
def gettext(language: str | None) -> Callable[[str], str]:
    """Msgid -> its translation into one language."""
    return catalogue(language or "en").gettext


def from_locale(locale: str | None) -> str | None:
    """The language of a Slack locale such as zh-CN, if there is a catalogue for it."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else None


def language_name(locale: str, code: str | None) -> str:
    """What a language is called in a locale; a code that is not known stays as it is."""
    try:
        return Locale.parse(code).get_display_name(locale) or code if code else ""
    except (ValueError, UnknownLocaleError):
        return code or ""


def country_name(locale: str, code: str | None) -> str:
    """What a country is called in a locale; a code that is not known, as of a region, stays as it is."""
    return Locale.parse(locale).territories.get(str(code), code) if code else ""
