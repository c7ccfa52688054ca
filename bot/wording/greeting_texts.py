"""Texts to greet customers with: a block of a template per occasion and class of tier, a template per language.

The shipped ones are in `templates/care/greetings/`; a firm's own folder of templates may hold `greetings/zh.jinja` with
the blocks that it wants to change, or a language that is not shipped, such as `greetings/de.jinja`.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from jinja2 import Environment, Template, TemplateNotFound
from markupsafe import Markup

from bot.settings import ROOT
from bot.wording.limits import LimitedEnvironment, TooMuch, limited, printed, step
from bot.wording.parts import GreetingText
from grading.scheme.model import Name

if TYPE_CHECKING:
    from opencc import OpenCC

log = structlog.get_logger()

SHIPPED = ROOT / "templates" / "care"
FOLDER = "greetings"
TRADITIONAL = "zh_Hant"  # has no file of its own: its texts are the simplified ones, converted
ANY = "other"  # the texts for a holiday that a plan defines itself
SALUTATION = "salutation"
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?")
VALUES = ("name", "occasion")  # that a text can use
MOST_CHARACTERS = 1_000
_SIMPLIFIED_IN = frozenset({"CN", "SG"})
_TRADITIONAL_IN = frozenset({"HK", "MO", "TW"})

Environments = Callable[
    [str, bool], Environment
]  # language of numbers and names; whether the firm's own come first


def languages(own: Path | None) -> frozenset[str]:
    """The languages that customers can be greeted in."""
    found = {path.stem for path in (*files(SHIPPED), *files(own))}
    return frozenset(one for one in found if LANGUAGE.fullmatch(one)) | {TRADITIONAL}


def files(folder: Path | None) -> list[Path]:
    """The files of texts in a folder of templates."""
    return sorted((folder / FOLDER).glob("*.jinja")) if folder else []


def file_of(language: str) -> str:
    """The template that holds the texts of a language."""
    return f"{FOLDER}/{language}.jinja"


def language_of(code: str | None, known: frozenset[str]) -> str:
    """In which of the known languages customers of a country, by its ISO code, are greeted."""
    if code in _SIMPLIFIED_IN:
        return "zh"
    if code in _TRADITIONAL_IN:
        return TRADITIONAL
    spoken = _spoken(code) if code else "en"
    return spoken if spoken in known else "en"


@lru_cache(maxsize=300)
def _spoken(code: str) -> str:
    """The language that most people of a country speak."""
    from babel.core import get_global

    found: str = get_global("likely_subtags").get(f"und_{code}") or "en"
    return found.partition("_")[0]


def block_name(occasion_id: str, top: bool) -> str:
    """The block of an occasion's text."""
    return f"{occasion_id}_{'top' if top else 'plain'}"


class GreetingTexts:
    """Finds and renders the text for a greeting; a template of the firm's own that fails gives way to the shipped one."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments
        self._broken: set[tuple[str, str]] = set()  # (template, block): each try would take as long again

    def text(self, wanted: GreetingText, occasion: Name, name: str = "") -> Markup:
        """The text to copy, as Slack text; with a name it begins with a salutation."""
        step()  # of the message that asks for it
        for block in (block_name(wanted.occasion_id, wanted.top), block_name(ANY, wanted.top)):
            for language in _chain(wanted.language):
                for own in (True, False):
                    found = self._rendered(language, block, own, occasion, name or wanted.name)
                    if found is not None:
                        return _traditional(found) if self._is_converted(wanted, language) else found
        raise LookupError(f"no text for {ANY}")  # the shipped English one always renders

    def _is_converted(self, wanted: GreetingText, language: str) -> bool:
        return wanted.language == TRADITIONAL and language == "zh"

    def _rendered(self, language: str, block: str, own: bool, occasion: Name, name: str) -> Markup | None:
        """The text of one template; None when it has none, or is broken, which the log says once."""
        environment, file = self._environments(language, own), file_of(language)
        if own and (not isinstance(environment, LimitedEnvironment) or (file, block) in self._broken):
            return None
        try:
            template = environment.get_template(file)
            if block not in template.blocks:
                return None
            return rendered(environment, template, block, occasion, name)
        except TemplateNotFound:
            return None
        except Exception as error:
            if not own:
                raise
            self._broken.add((file, block))
            log.warning("template.broken", template=file, block=block, error=str(error))
            return None


def rendered(environment: Environment, template: Template, block: str, occasion: Name, name: str) -> Markup:
    """A block's text with its salutation. Raises what a broken template raises."""
    local = environment.filters["local"]
    context = template.new_context({"name": name, "occasion": local(occasion)})
    blocks = [SALUTATION, block] if name and SALUTATION in template.blocks else [block]
    if isinstance(environment, LimitedEnvironment):
        with limited():
            parts = ["".join(map(printed, template.blocks[one](context))) for one in blocks]
    else:
        parts = ["".join(template.blocks[one](context)) for one in blocks]
    text = "\n".join(line for part in parts for line in _paragraphs(part))
    if len(text) > MOST_CHARACTERS:
        raise TooMuch(f"is longer than {MOST_CHARACTERS:,} characters.")
    if not text:
        raise TooMuch("is empty.")
    return _harmless(text)


def _chain(language: str) -> Iterator[str]:
    """The languages to look for, the wanted one first."""
    wanted = [language, language.partition("_")[0], "en"]
    yield from dict.fromkeys(one for one in wanted if LANGUAGE.fullmatch(one))


def _paragraphs(text: str) -> Iterator[str]:
    """Each paragraph on one line: an empty line separates two."""
    for part in re.split(r"\n\s*\n", text):
        if line := " ".join(part.split()):
            yield line


def _harmless(text: str) -> Markup:
    """What a template's author typed, too, neither mentions anybody nor ends the block of code that it stands in."""
    text = re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", text)
    return Markup(text.replace("<", "&lt;").replace(">", "&gt;").replace("`", "'"))


def _traditional(text: Markup) -> Markup:
    return Markup(_converter().convert(str(text)))


@cache
def _converter() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("s2tw")
