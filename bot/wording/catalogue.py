"""The gettext catalogues, read from their .po files: no compiled copies that could be out of date."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from bot.settings import ROOT

LANGUAGES = ("en", "zh")
LOCALES = {"en": "en", "zh": "zh_Hans_CN"}
CATALOGUES = ROOT / "templates" / "locale"


@cache
def catalogue(language: str) -> Translations:
    """The words of one language; an unknown one gets English."""
    language = language if language in LANGUAGES else "en"
    path = CATALOGUES / language / "LC_MESSAGES" / "tierbot.po"
    return _compile(path, language)


def gettext(language: str | None) -> Callable[[str], str]:
    return catalogue(language or "en").gettext


def from_locale(locale: str | None) -> str | None:
    """The language of a Slack locale such as zh-CN, where we have it."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else None


def _compile(path: Path, language: str) -> Translations:
    with path.open("rb") as source:
        words = read_po(source, locale=LOCALES[language])
    compiled = BytesIO()
    write_mo(compiled, words)
    compiled.seek(0)
    return Translations(compiled, domain="tierbot")
