"""Message -> escaped slots, through Jinja2.

Every value is escaped for Slack: strings become `Markup` before a template reads them, everything else that a template
prints goes through `finalize`, and only the filters `mention` and `bold` make markup. Slack has no way to write a
formatting character as itself, so `escape` puts one in its place that looks like it.
"""

import dataclasses
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar

import structlog
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import get_decimal_symbol, get_group_symbol
from babel.support import Translations
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.bccache import Bucket
from markupsafe import Markup

from bot.errors import BotError, translated
from bot.masking import looks_personal, mask_text
from bot.settings import ROOT
from bot.wording import catalogue, greeting_texts
from bot.wording.limits import LimitedEnvironment, TooMuch, limited, measured, printed
from bot.wording.message_base import Message, Slots
from bot.wording.parts import GreetingText, TierPart, Who
from bot.wording.service_parts import ServicePromise
from grading.scheme.model import BLOCKED, NEW, UNRATED, Name

log = structlog.get_logger()

SHIPPED = ROOT / "templates" / "messages"
FOLDERS = [SHIPPED, greeting_texts.SHIPPED]
BLOCKS = ("fallback", "header", "body", "rows", "table", "facts", "footer")
CELL = "\x1f"  # between the cells of a table: `escape` leaves none in a value
MINUS = "\u2212"
LONGEST_VALUE = 80
# What was understood of a question; the hint of a step, as plans allow; what is known of a contact person; in a contact of
# a brief, a list of notes, a note that was found.
LONGEST_FIELDS = {
    "asked": 130,
    "hint": 200,
    "birthday_rule": 600,
    "interests": 120,
    "note": 200,
    "said": 300,
    "written": 2000,
    "excerpt": 220,
}
MOST_SCORE_DECIMALS = 6  # that a scheme may show
MOST_DECIMALS = 20  # of a number that must be printed as it is
LONGEST_IN_PROBLEM = 200
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")
# Bidirectional controls could make a name read as another one; lone surrogates cannot be sent at all.
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
_PLAIN = frozenset({float, int, bool, type(None), date})
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
# What Slack formats -> what looks the same and is never formatted.
_LOOKALIKES = {"*": "∗", "_": "＿", "~": "∼", "`": "｀", ":": "∶", ">": "›"}
# The way back: for a terminal, and for Slack's plain text, which makes emoji.
AS_WRITTEN = str.maketrans({new: old for old, new in _LOOKALIKES.items()})
AS_WRITTEN_IN_PLAIN_TEXT = str.maketrans({new: old for old, new in _LOOKALIKES.items() if old not in ":>"})
# An underscore within a word and a colon before a space are left: codes stay as they are, and Slack shows both.
_FORMATTED = re.compile(r"[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=[^\s:]*(?::|$))|^>")


def escape(value: object, longest: int = LONGEST_VALUE, *, mask: bool = True) -> Markup:
    """A value as Slack text: one line without control characters or formatting, `&`, `<`, `>` as entities, clipped.

    E-mail addresses, telephone and identity card numbers in it are masked, unless `mask` is off.
    """
    if isinstance(value, Markup):
        return value
    text = str(value)[: longest * 10].translate(_BIDI)
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text)
    text = " ".join(text.split())
    if mask and looks_personal(text):
        text = mask_text(text)
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    text = _FORMATTED.sub(lambda found: _LOOKALIKES[found[0]], text)
    if not text.isascii() and any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
        text = f"\u2068{text}\u2069"  # isolated, so that an Arabic name does not turn the line around it
    return _entities(text)


class Renderer:
    """Compiles each template once per language. A firm's own folder of templates comes before the shipped one."""

    def __init__(self, own: Path | None = None) -> None:
        self.own = own
        self._environments: dict[tuple[str, bool, bool], Environment] = {}
        self._greetings = greeting_texts.GreetingTexts(
            lambda language, own: self.environment(language, own=own)
        )
        self._reported: set[str] = set()
        self._too_much: set[str] = (
            set()
        )  # own templates that reached a limit: each try would take as long again

    def slots(self, message: Message, language: str | None = None, *, mentions: bool = True) -> Slots:
        """The rendered message in one language; without `mentions`, people are named.

        Where a firm's own template fails, the shipped one is used, and the log says so once.
        """
        language = language if language in catalogue.LANGUAGES else "en"
        if self.own is not None and message.template not in self._too_much:
            try:
                return render(self.environment(language, own=True, mentions=mentions), message)
            except Exception as error:
                if isinstance(error, TooMuch):
                    self._too_much.add(message.template)
                if message.template not in self._reported:
                    self._reported.add(message.template)
                    log.warning("template.broken", template=f"{message.template}.jinja", error=str(error))
        return render(self.environment(language, own=False, mentions=mentions), message)

    def greeting_text(
        self, occasion_id: str, language: str, *, top: bool, name: str = "", occasion: Name | None = None
    ) -> Markup:
        """A text to greet a customer with, as Slack text; `occasion` is the name of one that a plan defines itself."""
        wanted = GreetingText(occasion_id=occasion_id, language=language, top=top)
        return self._greetings.text(wanted, occasion or Name(en=occasion_id, zh=occasion_id), name)

    def promise_text(self, promise: ServicePromise, language: str) -> Markup:
        """What a tier is promised, as its card says it."""
        parts: Any = self.environment(language, own=False).get_template("_service.jinja").module
        return Markup(parts.listed(promise.terms))

    def environment(self, language: str, *, own: bool, mentions: bool = True) -> Environment:
        """The templates of a language: the firm's own before the shipped ones, or only the shipped ones.

        One without a catalogue has the English words.
        """
        language = language if language in catalogue.LANGUAGES else "en"
        folders = [self.own, *FOLDERS] if own and self.own else FOLDERS
        key = (language, len(folders) > len(FOLDERS), mentions)
        if key not in self._environments:
            self._environments[key] = _build(language, folders, mentions)
            self._environments[key].filters["greeting"] = self._greetings.text
        return self._environments[key]


def render(environment: Environment, message: Message) -> Slots:
    """The message's texts. Raises what a broken template raises, with its file and line in the traceback."""
    template = environment.get_template(f"{message.template}.jinja")
    if "fallback" not in template.blocks:
        raise TemplateError("has no block named fallback; add {% block fallback %}.")
    kind: Any = type(message)
    escaped = _escaped(message, mask=not kind.unmasked)
    context = template.new_context(
        {name: getattr(escaped, name) for name in (*_fields(kind), *kind.properties)}
    )
    blocks = [(name, template.blocks[name]) for name in BLOCKS if name in template.blocks]
    try:
        if isinstance(environment, LimitedEnvironment):
            with limited():
                texts = {name: "".join(map(printed, block(context))) for name, block in blocks}
        else:
            texts = {name: "".join(block(context)) for name, block in blocks}
    except Exception:
        environment.handle_exception()
    rows = _paragraphs(texts.get("rows", ""))
    if kind.rows_of and len(rows) != len(getattr(message, kind.rows_of)):
        raise TemplateError(
            "prints another number of rows than the message has; end each row in block rows with a line of ---."
        )
    return Slots(
        fallback=" ".join(texts["fallback"].split()),
        header=" ".join(texts.get("header", "").split()),
        body=_paragraphs(texts.get("body", "")),
        rows=rows,
        table=tuple(
            tuple(cell.strip() for cell in line.split(CELL)) for line in _lines(texts.get("table", ""))
        ),
        facts=_paragraphs(texts.get("facts", "")),
        footer=_lines(texts.get("footer", "")),
    )


def problem_text(error: BotError, language: str | None) -> Markup:
    """A BotError's sentence in a language as Slack text, its values escaped."""
    sentence = _entities(catalogue.gettext(language)(error.msgid))
    if not error.values:
        return sentence
    numbers = (int, float)
    return sentence % {
        # Not masked: it is said only to the person who typed it, or whose own address it is.
        key: value if isinstance(value, numbers) else escape(value, LONGEST_IN_PROBLEM, mask=False)
        for key, value in translated(error.values, catalogue.of_reader(language)).items()
    }


class _Compiled(BytecodeCache):
    """Templates that this process has compiled. Their code holds what is constant in them, in one language."""

    _code: ClassVar[dict[tuple[object, ...], CodeType | None]] = {}

    def __init__(self, *kind: object) -> None:
        self._kind = kind

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((self._kind, bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[self._kind, bucket.key, bucket.checksum] = bucket.code


def _build(language: str, folders: list[Path], mentions: bool) -> Environment:
    is_own = folders != FOLDERS
    kind = LimitedEnvironment if is_own else Environment
    environment = kind(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        finalize=(lambda value: printed(escape(measured(value)))) if is_own else escape,
        undefined=StrictUndefined,
        auto_reload=False,
        bytecode_cache=_Compiled(language, is_own, mentions),
    )
    environment.policies["ext.i18n.trimmed"] = True
    translations = catalogue.catalogue(language)
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # values come to our own two functions
    environment.globals.update(
        # As Markup: `escape` would take the spaces at the ends of a text.
        {name: Markup(mark) for name, mark in catalogue.PUNCTUATION[language].items()},
        cell=Markup(CELL),
        gettext=_translator(translations.gettext),
        ngettext=_plural_translator(translations.ngettext),
    )
    locale = catalogue.LOCALES[language]
    figures = Figures(locale)
    environment.filters.update(
        local=partial(_local, language),
        listed=lambda names: Markup(format_list([_local(language, name) for name in names], locale=locale)),
        tier=partial(_tier, language),
        day=lambda value: Markup(figures.day(value)),
        points=lambda value: Markup(figures.signed(value, MOST_SCORE_DECIMALS)),
        # A score is rounded already as its scheme shows it.
        score=lambda value: Markup("–" if value is None else figures.number(value, 1, MOST_SCORE_DECIMALS)),
        percent=lambda value: Markup(figures.percent(value, 1)),
        coverage=lambda value: Markup(figures.percent(rounded_down(value))),
        quantity=partial(_quantity, language, figures, translations, few=True),
        target=partial(_quantity, language, figures, translations, few=False),
        bold=_bold,
        mention=partial(_mention, mentions),
        language=lambda code: escape(catalogue.language_name(locale, code)),
        country=lambda code: escape(catalogue.country_name(locale, code)),
    )
    if isinstance(environment, LimitedEnvironment):
        environment.limit_filters()
    return environment


def rounded_down(share: float) -> float:
    """A share of 1 in whole percent: 99.6 % is not all, and what is below the least share never reads as it."""
    return math.floor(share * 100 + 1e-7) / 100


class Figures:
    """Numbers and days as Babel writes them in one locale, halves rounded to the even digit; a minus is U+2212.

    Babel reads locale and pattern anew for each, which for the twenty numbers of a card took as long as all its words.
    """

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self.day = lru_cache(maxsize=1_000)(partial(format_date, format="medium", locale=locale))

    def number(self, value: Any, least: int, most: int) -> str:
        """With at least and at most so many decimals: (0, 2) is Babel's #,##0.##. What rounds to 0 has no sign."""
        text = format(Decimal(str(value)), f"z,.{most}f")
        if most > least:
            whole, _, decimals = text.partition(".")
            kept = decimals[:least] + decimals[least:].rstrip("0")
            text = f"{whole}.{kept}" if kept else whole
        return text.translate(self._symbols)

    def signed(self, value: Any, most: int = 1) -> str:
        """With a sign, also a plus, and one to `most` decimals."""
        text = self.number(value, 1, most)
        return text if text.startswith(MINUS) else "+" + text

    def percent(self, share: Any, most: int = 0) -> str:
        """A fraction of 1 as a percentage with at most so many decimals."""
        return self.number(Decimal(str(share)).scaleb(2), 0, most) + "%"

    @cached_property
    def _symbols(self) -> dict[int, str]:
        """Separator or sign -> the locale's own."""
        separators = {",": get_group_symbol(self._locale), ".": get_decimal_symbol(self._locale)}
        return str.maketrans({**separators, "-": MINUS})


def _translator(gettext: Callable[[str], str]) -> Callable[..., Markup]:
    """gettext that fills in the escaped values. `Markup % values` would wrap each value again and take twice the time."""
    cached = lru_cache(maxsize=2_000)(gettext)
    return lambda msgid, /, **values: _filled(cached(msgid), values)


def _plural_translator(ngettext: Callable[[str, str, int], str]) -> Callable[..., Markup]:
    return lambda one, many, number, /, **values: _filled(ngettext(one, many, number), values)


def _filled(sentence: str, values: Mapping[str, Any]) -> Markup:
    if not values:
        return Markup(sentence.replace("%%", "%"))
    return Markup(sentence % {name: escape(value) for name, value in values.items()})


def _entities(text: str) -> Markup:
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _escaped(value: Any, *, mask: bool, longest: int = LONGEST_VALUE) -> Any:
    """A message, or a value in it, with every string escaped."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is Name:
        return _escaped_name(value.en, value.zh, longest)
    if names := _fields(kind):
        escaped = {
            name: _escaped(getattr(value, name), mask=mask, longest=LONGEST_FIELDS.get(name, LONGEST_VALUE))
            for name in names
        }
        return dataclasses.replace(value, **escaped)
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape(value, longest, mask=mask)
    if isinstance(value, tuple):
        return tuple(_escaped(item, mask=mask) for item in value)
    return value


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass; none of another class."""
    return tuple(f.name for f in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()


# Typed, because an escaped text equals one that is not escaped yet. The names of a scheme come again with each card.
@lru_cache(maxsize=2_000, typed=True)
def _escaped_name(en: str, zh: str, longest: int) -> Name:
    return Name(en=escape(en, longest), zh=escape(zh, longest))


def _local(language: str, name: Name | None) -> Markup:
    return Markup("") if name is None else escape(name.zh if language == "zh" else name.en)


def _tier(language: str, tier: TierPart) -> Markup:
    return _local(language, tier.names) if tier.names is not None else escape(tier_words(tier, language))


def tier_words(tier: TierPart, language: str) -> str:
    """A tier as its scheme names it, as text for a file."""
    if tier.names is not None:
        return tier.names.zh if language == "zh" else tier.names.en
    gettext = catalogue.gettext(language)
    return {NEW: gettext("New"), UNRATED: gettext("Not rated"), BLOCKED: gettext("Blocked")}.get(
        tier.id, tier.id
    )


def _quantity(
    language: str, figures: Figures, translations: Translations, value: Any, unit: str | None, *, few: bool
) -> Markup:
    """An indicator's value with its unit, with few digits or with all that it has."""
    gettext, ngettext = translations.gettext, translations.ngettext
    if value is None:
        return Markup(gettext("not known"))
    if isinstance(value, bool):
        return Markup(gettext("yes") if value else gettext("no"))
    if isinstance(value, Name):
        return _local(language, value)
    if isinstance(value, str):
        return escape(value.replace("_", " "), 40)
    if unit == "ratio":
        return Markup(figures.percent(value, 1 if few else MOST_DECIMALS))
    decimals = 0 if abs(value) >= 100 or float(value).is_integer() else 2
    number = figures.number(value, 0, decimals if few else MOST_DECIMALS)
    if unit == "times":
        return Markup(gettext("%(number)s×")) % {"number": Markup(number)}
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
    # Empty lines do not count, because tags leave some behind: a line of --- separates paragraphs.
    parts = ("\n".join(_lines(part)) for part in re.split(r"(?m)^[ \t]*---[ \t]*$", text))
    return tuple(part for part in parts if part)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
