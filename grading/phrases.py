"""Text that is translated where it is shown: grading writes it too, and knows no language but English."""

from collections.abc import Iterable, Sequence
from functools import reduce
from gettext import NullTranslations
from typing import Any, Self

ENGLISH = NullTranslations()


def N_(msgid: str) -> str:  # noqa: N802 - the gettext name
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return msgid


class Phrase(str):
    """English text that knows its msgid and values, so that it can be shown in another language."""

    __slots__ = ("many", "msgid", "number", "values")
    msgid: str
    many: str  # the msgid for several; empty where nothing is counted
    number: int
    values: dict[str, Any]

    def __new__(cls, msgid: str, /, **values: Any) -> Self:
        """`msgid` has %(name)s placeholders; `values` may be phrases themselves."""
        return cls._made(msgid, "", 1, values)

    @classmethod
    def _made(cls, msgid: str, many: str, number: int, values: dict[str, Any]) -> Self:
        one = ENGLISH.ngettext(msgid, many, number) if many else msgid
        phrase = super().__new__(cls, one % values if values else one)
        phrase.msgid, phrase.many, phrase.number, phrase.values = msgid, many, number, values
        return phrase

    def __reduce__(self) -> Any:
        return Phrase._made, (self.msgid, self.many, self.number, self.values)

    def text(self, words: NullTranslations = ENGLISH) -> str:
        """The text in a language."""
        found = words.ngettext(self.msgid, self.many, self.number) if self.many else words.gettext(self.msgid)
        return found % translated(self.values, words) if self.values else found


class BilingualName(Phrase):
    """A name that is there in both languages, as a value of a phrase."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Self:
        named = super().__new__(cls, "%(name)s", name=en)
        named.zh = zh
        return named

    def __reduce__(self) -> Any:
        return BilingualName, (str(self), self.zh)

    def text(self, words: NullTranslations = ENGLISH) -> str:
        """The name in a language."""
        return self.zh if words.info().get("language", "").startswith("zh") else str(self)


class Localised(NullTranslations):
    """Translations that also write other values than phrases as their readers do."""

    def localised(self, value: Any) -> Any:
        """A value of a phrase as it is read."""
        return value


def ngettext(one: str, many: str, number: int, /, **values: Any) -> Phrase:
    """A phrase for one or for several; both have `%(count)s`, the number with separators."""
    return Phrase._made(one, many, number, {"count": f"{number:,}", **values})


def sentences(parts: Sequence[str]) -> Phrase:
    """Sentences one after the other, with a space between them where the language has one."""
    return reduce(
        lambda first, second: Phrase(N_("%(first)s %(second)s"), first=first, second=second),
        parts[1:],
        Phrase("%(first)s", first=parts[0]),
    )


def joined(parts: Sequence[str], between: str) -> Phrase:
    """Phrases in a row."""
    places = {f"part_{place}": part for place, part in enumerate(parts)}
    return Phrase(between.join(f"%({name})s" for name in places), **places)


def one_of(parts: Iterable[str]) -> str:
    """Phrases of which one is meant: "dmy or mdy"."""
    return reduce(
        lambda first, second: Phrase(N_("%(first)s or %(second)s"), first=first, second=second), parts
    )


def translated(value: Any, words: NullTranslations) -> Any:
    """A phrase, or the phrases of a mapping, in a language; any other value as the translations write it."""
    if isinstance(value, Phrase):
        return value.text(words)
    if isinstance(value, dict):
        return {name: translated(one, words) for name, one in value.items()}
    return words.localised(value) if isinstance(words, Localised) else value
