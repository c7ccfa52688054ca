"""Message -> escaped slots, through Jinja2.

Every value is escaped for Slack by construction: strings become `Markup` before a template sees them, whatever else a
template prints goes through `finalize`, and links, mentions and bold are the only ways to make markup.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from bot import words
from bot.errors import BotError
from bot.messages import Message, Names, Slots, Tier, Who
from bot.settings import ROOT

BLOCKS = ("fallback", "header", "body", "facts", "footer")
LONGEST_VALUE = 80
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")
# Bidirectional controls could make a name read as another one.
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])


def escape(value: object, longest: int = LONGEST_VALUE) -> Markup:
    """A value as Slack text: one line, no controls, `&`, `<` and `>` as entities, clipped."""
    if isinstance(value, Markup):
        return value
    text = str(value).translate(_BIDI)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    text = " ".join(text.split())
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


class Renderer:
    """Templates compiled once per language; a firm's own folder wins over the shipped one."""

    def __init__(self, own: Path | None = None) -> None:
        shipped = ROOT / "templates" / "messages"
        self._loader = FileSystemLoader([str(own), str(shipped)] if own else [str(shipped)])
        self._environments: dict[str, Environment] = {}

    def slots(self, message: Message, language: str | None = None) -> Slots:
        """The message's words in one language. Raises TemplateError when a template is broken."""
        environment = self._environment(language or "en")
        template = environment.get_template(f"{message.template()}.jinja")
        context = template.new_context(_escaped(message))
        texts = {name: "".join(template.blocks[name](context)) for name in BLOCKS if name in template.blocks}
        return Slots(
            fallback=" ".join(texts["fallback"].split()),
            header=" ".join(texts.get("header", "").split()),
            body=_paragraphs(texts.get("body", "")),
            facts=_paragraphs(texts.get("facts", "")),
            footer=_lines(texts.get("footer", "")),
        )

    def check(self) -> list[str]:
        """A sentence for every template that cannot be used."""
        problems = []
        environment = self._environment("en")
        for cls in Message.__subclasses__():
            name = f"{cls.template()}.jinja"
            try:
                template = environment.get_template(name)
                if "fallback" not in template.blocks:
                    problems.append(f"{name}: has no block named fallback; add {{% block fallback %}}.")
                extra = sorted(set(template.blocks) - set(BLOCKS))
                if extra:
                    problems.append(f"{name}: unknown block {extra[0]!r}; use {', '.join(BLOCKS)}.")
            except TemplateError as error:
                line = getattr(error, "lineno", None)
                problems.append(f"{name}{f' line {line}' if line else ''}: {error.message or error}")
        return problems

    def _environment(self, language: str) -> Environment:
        if language not in self._environments:
            self._environments[language] = self._build(language)
        return self._environments[language]

    def _build(self, language: str) -> Environment:
        environment = Environment(
            loader=self._loader,
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            finalize=escape,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        environment.policies["ext.i18n.trimmed"] = True
        catalogue = words.catalogue(language)
        # Old style: its `Markup % values` leaves our already escaped values alone.
        environment.install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=False)  # type: ignore[attr-defined]
        locale = words.LOCALES.get(language, "en")
        environment.filters.update(
            local=partial(_local, language),
            tier=partial(_tier, language, catalogue.gettext),
            day=lambda value: Markup(format_date(value, "medium", locale=locale)),
            points=lambda value: Markup(format_decimal(round(value, 1), "+#,##0.0;-#,##0.0", locale=locale)),
            score=lambda value: Markup(
                "–" if value is None else format_decimal(value, "#,##0.0", locale=locale)
            ),
            percent=lambda value: Markup(format_percent(value, "#,##0%", locale=locale)),
            quantity=partial(_quantity, locale, catalogue.gettext),
            bold=lambda value: Markup("*{}*").format(escape(value)),
            mention=_mention,
        )
        return environment


def problem_text(error: BotError, language: str | None) -> str:
    """A BotError's sentence in a language, its values made harmless."""
    safe = {key: escape(value, 200) for key, value in error.values.items()}
    sentence = words.gettext(language)(error.msgid)
    return sentence % safe if safe else sentence


def _escaped(value: Any) -> Any:
    """A message's fields as template context: the same shapes with every string escaped."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _escaped(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return fields if isinstance(value, Message) else dataclasses.replace(value, **fields)
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape(value)
    if isinstance(value, tuple):
        return tuple(_escaped(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    return value


def _local(language: str, names: Names | None) -> Markup:
    if names is None:
        return Markup("")
    return escape(names.zh if language == "zh" else names.en)


def _tier(language: str, gettext: Any, tier: Tier) -> Markup:
    if tier.names is not None:
        return _local(language, tier.names)
    words_for = {"new": gettext("New"), "unrated": gettext("Not rated"), "blocked": gettext("Blocked")}
    return escape(words_for.get(str(tier.id), tier.id))


def _quantity(locale: str, gettext: Any, value: Any, unit: str | None) -> Markup:
    """An indicator's value with its unit, short enough to read in passing."""
    if value is None:
        return Markup(gettext("not known"))
    if isinstance(value, bool):
        return Markup(gettext("yes") if value else gettext("no"))
    if isinstance(value, str):
        return escape(value.replace("_", " "), 40)
    if unit == "ratio":
        return Markup(format_percent(value, "#,##0.#%", locale=locale))
    pattern = "#,##0" if abs(value) >= 100 or float(value).is_integer() else "#,##0.##"
    number = format_decimal(value, pattern, locale=locale)
    if unit == "years":
        return Markup(gettext("%(number)s years")) % {"number": Markup(number)}
    if unit and unit.isupper():
        return Markup("{} {}").format(Markup(unit), Markup(number))
    return Markup(number)


def _mention(who: Who | None) -> Markup:
    if who is None:
        return Markup("–")
    if who.slack_user_id and _SLACK_ID.fullmatch(who.slack_user_id):
        return Markup("<@{}>").format(Markup(who.slack_user_id))
    return escape(who.name)


def _paragraphs(text: str) -> tuple[str, ...]:
    # Empty lines say nothing, because tags leave them behind: a line of --- parts paragraphs.
    parts = ("\n".join(_lines(part)) for part in re.split(r"(?m)^[ \t]*---[ \t]*$", text))
    return tuple(part for part in parts if part)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
