"""Message -> escaped slots, through Jinja2.

Every value is escaped for Slack by construction: strings become `Markup` before a template sees them, whatever else a
template prints goes through `finalize`, and mentions and bold are the only ways to make markup.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import structlog
from babel.lists import format_list
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from bot.errors import BotError
from bot.settings import ROOT
from bot.wording import catalogue as words
from bot.wording.messages import Message, Slots
from bot.wording.numbers import Figures
from bot.wording.parts import Names, TierPart, Who

log = structlog.get_logger()

SHIPPED = ROOT / "templates" / "messages"
BLOCKS = ("fallback", "header", "body", "facts", "footer")
LONGEST_VALUE = 80
LONGEST_IN_PROBLEM = 200
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")
# Bidirectional controls could make a name read as another one; lone surrogates cannot be sent at all.
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
_PLAIN = frozenset({float, int, bool, type(None), date})
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")


def escape(value: object, longest: int = LONGEST_VALUE) -> Markup:
    """A value as Slack text: one line, no controls, `&`, `<` and `>` as entities, clipped."""
    if isinstance(value, Markup):
        return value
    text = str(value)[: longest * 10].translate(_BIDI)
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text)
    text = " ".join(text.split())
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    if not text.isascii() and any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
        text = f"\u2068{text}\u2069"  # isolated, so that an Arabic name does not turn the line around it
    return _entities(text)


class Renderer:
    """Templates compiled once per language and way of naming people; a firm's own folder wins over the shipped one."""

    def __init__(self, own: Path | None = None) -> None:
        self.own = own
        self._environments: dict[tuple[str, bool, bool], Environment] = {}
        self._reported: set[str] = set()

    def slots(self, message: Message, language: str | None = None, *, mentions: bool = True) -> Slots:
        """The message's words in one language; without `mentions`, people are named.

        What a firm's own template cannot say, the shipped one says, and the log tells once.
        """
        language = language if language in words.LANGUAGES else "en"
        if self.own is not None:
            try:
                return render(self.environment(language, own=True, mentions=mentions), message)
            except Exception as error:
                if message.template() not in self._reported:
                    self._reported.add(message.template())
                    log.warning("template.broken", template=f"{message.template()}.jinja", error=str(error))
        return render(self.environment(language, own=False, mentions=mentions), message)

    def environment(self, language: str, *, own: bool, mentions: bool = True) -> Environment:
        """The templates of a language: the firm's own before the shipped ones, or the shipped ones alone."""
        key = (language, own and self.own is not None, mentions)
        if key not in self._environments:
            folders = [self.own, SHIPPED] if key[1] and self.own else [SHIPPED]
            self._environments[key] = _build(language, folders, mentions)
        return self._environments[key]


def render(environment: Environment, message: Message) -> Slots:
    """The message's words. Raises what a broken template raises, with the template's file and line in the traceback."""
    template = environment.get_template(f"{message.template()}.jinja")
    if "fallback" not in template.blocks:
        raise TemplateError("has no block named fallback; add {% block fallback %}.")
    context = template.new_context(_escaped(message))
    try:
        texts = {name: "".join(template.blocks[name](context)) for name in BLOCKS if name in template.blocks}
    except Exception:
        environment.handle_exception()
    return Slots(
        fallback=" ".join(texts["fallback"].split()),
        header=" ".join(texts.get("header", "").split()),
        body=_paragraphs(texts.get("body", "")),
        facts=_paragraphs(texts.get("facts", "")),
        footer=_lines(texts.get("footer", "")),
    )


def problem_text(error: BotError, language: str | None) -> Markup:
    """A BotError's sentence in a language as Slack text, its values made harmless."""
    sentence = _entities(words.gettext(language)(error.msgid))
    if not error.values:
        return sentence
    numbers = (int, float)
    return sentence % {
        key: value if isinstance(value, numbers) else escape(value, LONGEST_IN_PROBLEM)
        for key, value in error.values.items()
    }


def _build(language: str, folders: list[Path], mentions: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        finalize=escape,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    catalogue = words.catalogue(language)
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # values come to our own two functions
    environment.globals.update(gettext=_one(catalogue.gettext), ngettext=_one_or_many(catalogue.ngettext))
    locale = words.LOCALES[language]
    figures = Figures(locale)
    environment.filters.update(
        local=partial(_local, language),
        listed=lambda many: Markup(format_list([_local(language, names) for names in many], locale=locale)),
        tier=partial(_tier, language, catalogue.gettext),
        day=lambda value: Markup(figures.day(value)),
        # Adding zero turns -0.0 into 0.0.
        points=lambda value: Markup(figures.signed(round(value, 1) + 0.0)),
        score=lambda value: Markup("–" if value is None else figures.number(value, 1, 1)),
        percent=lambda value: Markup(figures.percent(value)),
        quantity=partial(_quantity, figures, catalogue),
        bold=_bold,
        mention=partial(_mention, mentions),
    )
    return environment


def _one(gettext: Callable[[str], str]) -> Callable[..., Markup]:
    """A sentence in place of its msgid, with its values: half the time of `Markup % values`, which wraps each again."""
    known = lru_cache(maxsize=2_000)(gettext)
    return lambda msgid, /, **values: _filled(known(msgid), values)


def _one_or_many(ngettext: Callable[[str, str, int], str]) -> Callable[..., Markup]:
    return lambda one, many, number, /, **values: _filled(ngettext(one, many, number), values)


def _filled(sentence: str, values: Mapping[str, Any]) -> Markup:
    if not values:
        return Markup(sentence.replace("%%", "%"))
    return Markup(sentence % {name: escape(value) for name, value in values.items()})


def _entities(text: str) -> Markup:
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _escaped(value: Any) -> Any:
    """A message's fields as template context: the same shapes with every string escaped."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is Names:
        return _escaped_names(value.en, value.zh)
    if (names := _fields(kind)) is not None:
        fields = {name: _escaped(getattr(value, name)) for name in names}
        return fields if isinstance(value, Message) else dataclasses.replace(value, **fields)
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape(value)
    if isinstance(value, tuple):
        return tuple(_escaped(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    return value


@cache
def _fields(kind: type) -> tuple[str, ...] | None:
    """The fields of a kind of dataclass; None for what is not one."""
    return tuple(f.name for f in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


# Typed: what is escaped already equals a text that is to be escaped yet. A scheme's names come again with each card.
@lru_cache(maxsize=2_000, typed=True)
def _escaped_names(en: str, zh: str) -> Names:
    return Names(en=_escaped(en), zh=_escaped(zh))


def _local(language: str, names: Names | None) -> Markup:
    if names is None:
        return Markup("")
    return escape(names.zh if language == "zh" else names.en)


def _tier(language: str, gettext: Any, tier: TierPart) -> Markup:
    if tier.names is not None:
        return _local(language, tier.names)
    words_for = {"new": gettext("New"), "unrated": gettext("Not rated"), "blocked": gettext("Blocked")}
    return escape(words_for.get(str(tier.id), tier.id))


def _quantity(figures: Figures, catalogue: Translations, value: Any, unit: str | None) -> Markup:
    """An indicator's value with its unit, short enough to read in passing."""
    gettext, ngettext = catalogue.gettext, catalogue.ngettext
    if value is None:
        return Markup(gettext("not known"))
    if isinstance(value, bool):
        return Markup(gettext("yes") if value else gettext("no"))
    if isinstance(value, str):
        return escape(value.replace("_", " "), 40)
    if unit == "ratio":
        return Markup(figures.percent(value, 1))
    number = figures.number(value, 0, 0 if abs(value) >= 100 or float(value).is_integer() else 2)
    if unit == "years":
        years = ngettext("%(number)s year", "%(number)s years", 1 if value == 1 else 2)
        return Markup(years) % {"number": Markup(number)}
    if unit and unit.isupper():
        return Markup("{} {}").format(escape(unit), Markup(number))
    return Markup(number)


def _bold(value: object) -> Markup:
    text = escape(value)
    return Markup("*{}*").format(text) if text else text


def _mention(mentions: bool, who: Who | None) -> Markup:
    if who is None:
        return Markup("–")
    if mentions and who.slack_user_id and _SLACK_ID.fullmatch(who.slack_user_id):
        return Markup("<@{}>").format(Markup(who.slack_user_id))
    return escape(who.name)


def _paragraphs(text: str) -> tuple[str, ...]:
    # Empty lines say nothing, because tags leave them behind: a line of --- parts paragraphs.
    parts = ("\n".join(_lines(part)) for part in re.split(r"(?m)^[ \t]*---[ \t]*$", text))
    return tuple(part for part in parts if part)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
