"""The gettext catalogues, read from their .po files, so that no compiled copy can be out of date."""

from collections.abc import Callable
from functools import cache
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from bot.settings import ROOT

LANGUAGES = ("en", "zh")
LOCALES = {"en": "en", "zh": "zh_Hans_CN"}
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


@cache
def gettext(language: str | None) -> Callable[[str], str]:
    """Msgid -> its translation into one language."""
    return catalogue(language or "en").gettext


def from_locale(locale: str | None) -> str | None:
    """The language of a Slack locale such as zh-CN, if there is a catalogue for it."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else None
