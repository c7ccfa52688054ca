"""How a name is compared and found: folded text, words, Chinese bigrams, pinyin and initials."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from db.book.customers import NameKind

if TYPE_CHECKING:
    from opencc import OpenCC

HAN = re.compile(r"[㐀-鿿]+")
_APART = re.compile(r"[^\w]+|_")

# They do not distinguish one company from another.
LEGAL_FORMS = frozenset({
    "ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "kg", "limited", "llc", "llp",
    "ltd", "nv", "oy", "plc", "pte", "pty", "sa", "sarl", "sas", "spa", "srl",
})  # fmt: skip

# The end of a folded name that is its legal form, the longest first.
LEGAL_ENDINGS = tuple(sorted((
    *(f" {form}" for form in (
        *LEGAL_FORMS, "mbh", "kgaa", "ohg", "gbr", "ug", "se", "ek", "oyj", "ab", "aps", "asa", "sro", "doo", "kft",
        "gmbh co kg", "ag co kg", "gmbh co ohg", "gmbh co kgaa", "ug haftungsbeschrankt", "ug co kg", "e k",
        "co ltd", "co limited", "company limited", "pte ltd", "pty ltd", "pvt ltd", "private limited", "co inc",
        "s a", "s a r l", "s a s", "s p a", "s r l", "s r o", "d o o", "sp z o o", "b v", "n v", "l l c", "l l p",
    )),
    *(space + form for space in ("", " ") for form in (
        "有限公司", "有限责任公司", "股份有限公司", "集团有限公司", "集团股份有限公司", "株式会社", "有限会社",
    )),
), key=len, reverse=True))  # fmt: skip


class _Simplified(dict[int, str]):
    """Traditional characters -> simplified ones, each converted once; all others -> themselves.

    One by one, not by phrases: part of a name must become the same as in the whole name.
    """

    def __missing__(self, place: int) -> str:
        character = chr(place)
        self[place] = _converter("t2s").convert(character) if HAN.match(character) else character
        return self[place]


_simplified = _Simplified()


@cache
def _converter(name: str) -> "OpenCC":
    from opencc import OpenCC  # 30 ms of dictionaries, for Chinese names only

    return OpenCC(name)


@lru_cache(maxsize=1_000)  # a name is folded for its key, and again for its tokens
def fold(name: str) -> str:
    """A name as it is compared: NFKC, case folded, without accents, simplified, punctuation as single spaces."""
    text = _fold_as_written(name)
    return text.translate(_simplified) if HAN.search(text) else text


def _fold_as_written(name: str) -> str:
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    return _APART.sub(" ", unicodedata.normalize("NFKC", text)).strip()


@lru_cache(maxsize=1_000)
def spellings(name: str) -> tuple[str, ...]:
    """The keys a name may have: `fold` first, then those of names that were stored before characters were simplified."""
    key = fold(name)
    if not HAN.search(key):
        return (key,)
    return tuple(dict.fromkeys([key, _fold_as_written(name), _converter("s2t").convert(key)]))


def fold_code(code: str) -> str:
    """A code as it is compared with a typed one: NFKC, case folded, single spaces. Its punctuation distinguishes it."""
    return " ".join(unicodedata.normalize("NFKC", code).casefold().split())


def person_key(name: str) -> str:
    """A person's name as it is compared: `Lee, Mia` is Mia Lee, and 张 三 is 张三, but Wang Li is not Li Wang."""
    if HAN.search(name):
        return "".join(fold(name).split())
    last, comma, first = name.partition(",")
    return fold(f"{first} {last}" if comma else name)


def tokens(name: str) -> list[str]:
    """The words of a name and its overlapping pairs of Chinese characters, each once."""
    return tokens_of_key(fold(name))


def tokens_of_key(key: str) -> list[str]:
    """The tokens of a folded name."""
    found: dict[str, None] = {}
    for word in key.split():
        for part in re.split(f"({HAN.pattern})", word):
            if not part:
                continue
            if HAN.fullmatch(part):
                found.update(dict.fromkeys([part[i : i + 2] for i in range(len(part) - 1)] or [part]))
            elif part not in LEGAL_FORMS:
                found[part] = None
    return list(found)


def pinyin(name: str) -> tuple[str, str] | None:
    """(full pinyin, initials) of a name with Chinese characters, both without tones or spaces."""
    if not HAN.search(name):
        return None
    from pypinyin import Style, lazy_pinyin  # 60 ms of dictionaries, for Chinese names only

    full = "".join(lazy_pinyin(name))
    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return fold(full).replace(" ", ""), fold(initials).replace(" ", "")


def derive_keys(
    code: str, name: str, aliases: Iterable[str] = ()
) -> tuple[list[tuple[str, str, str]], list[str]]:
    """What finds a customer: rows of (kind, as written, as compared), and tokens."""
    rows: list[tuple[str, str, str]] = []
    pieces: dict[str, None] = {}
    written_as = [(NameKind.CODE, code), (NameKind.NAME, name)]
    for kind, written in [*written_as, *((NameKind.ALIAS, alias) for alias in aliases)]:
        key = fold(written)
        if not key:
            continue
        rows.append((kind.value, written, key))
        if kind == NameKind.CODE:
            continue
        pieces.update(dict.fromkeys(tokens(written)))
        sound = pinyin(written)
        if sound:
            rows += [
                (NameKind.PINYIN.value, written, sound[0]),
                (NameKind.INITIALS.value, written, sound[1]),
            ]
    return rows, list(pieces)
