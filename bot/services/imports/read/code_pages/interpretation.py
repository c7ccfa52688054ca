"""What the bytes of a file say in each code page, and how likely such words are in a language that it was made for.

The likelihood is the probability of the letters (`letters.py`), given that they are not ASCII, and of how they stand
together: no Cyrillic within a Latin word, no capital after a small letter. It is compared between readings of the same
bytes, so a reading must be better than the others, and better than chance.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import exp, log

from bot.services.imports.read.code_pages import letters
from bot.services.imports.read.refusal import clip

MOST_CELLS = 400  # distinct ones that are compared
CHANCE = -log(128)  # of one byte that is not ASCII, in a text without meaning
CLOSE = 14.0  # a reading that is e^14 times less likely than the best is not shown
_SLACK = 8.0  # a few bytes prove little
ASCII = -3.3  # of a letter that a multi-byte reading may swallow
_BROKEN = -15.0  # of bytes that the code page does not have
_UNEXPECTED = -16.0  # of a character that no language of the code page uses
_PUNCTUATION = "\u00a0“”„‘’–—…€£©®°§«»·ºª½¿¡´№™"
_FULL_WIDTH = "（），。、“”‘’《》：；！？·—…　【】．－／＆「」『』・ー〜～" + "".join(
    map(chr, (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)))
)
_SEPARATORS = re.compile(rb'[,;\t\r\n"]+')
# What no word does, and how much less likely it makes a reading.
_FAULTS: tuple[tuple[re.Pattern[str], float], ...] = (
    # a letter of another script in a Latin word
    (
        re.compile(r"[A-Za-z](?=[\u0370-\u06ff\u0e00-\u0e7f])|(?<=[\u0370-\u06ff\u0e00-\u0e7f])[A-Za-z]"),
        -10.0,
    ),
    # a sign between two letters
    (re.compile(r"[^\W\d_](?![’'·.&´`-])[^\w\s\x00-\x7f\u0e31-\u0e4e](?=[^\W\d_])"), -6.0),
    # a control character, or one that is not assigned
    (re.compile(r"[\x80-\x9f\ue000-\uf8ff]"), -12.0),
    # a capital after a small letter, or only as the second letter
    (re.compile(r"(?<=[a-zß-öø-ÿα-ωа-яё])[À-ÖØ-ÞΑ-ΩА-ЯЁІЇЄ](?!\.)"), -5.0),
    (re.compile(r"(?<=[A-Z])[À-ÖØ-ÞĀ-Ž](?=[a-z])"), -5.0),
    # a final sigma within a word, a hard sign at its end
    (re.compile(r"ς(?=\w)|ъ(?=\W)"), -6.0),
    # scripts that do not meet within a word
    (re.compile(r"[a-z](?=[\u3400-\u9fff\uac00-\ud7a3])|(?<=[\u3400-\u9fff\uac00-\ud7a3])[a-z]"), -3.0),
    (re.compile(r"[\uff61-\uff9f](?=[^\uff61-\uff9f\s\d])|(?<=[^\uff61-\uff9f\s\d])[\uff61-\uff9f]"), -3.0),
    (re.compile(r"[\uac00-\ud7a3](?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff])[\uac00-\ud7a3]"), -3.0),
    # three letters with accents, four consonants
    (re.compile(r"(?<=[À-ÖØ-öø-žſ-ɏ]{2})[À-ÖØ-öø-žſ-ɏ]"), -3.0),
    (re.compile(r"(?<=[бвгджзклмнпрстфхцчшщ]{3})[бвгджзклмнпрстфхцчшщ]", re.IGNORECASE), -2.0),
)


@dataclass(frozen=True, kw_only=True)
class CodePage:
    """A code page, the languages it is made for, and how much rarer it is than the others for them."""

    name: str  # as --encoding takes it
    codec: str
    language: str
    rarity: float = 0.0


CODE_PAGES = (
    CodePage(name="gb18030", codec="gb18030", language="simplified"),
    CodePage(name="gb18030", codec="gb18030", language="traditional", rarity=3),
    CodePage(name="big5", codec="cp950", language="traditional"),
    CodePage(name="cp949", codec="cp949", language="korean"),
    CodePage(name="cp932", codec="cp932", language="japanese"),
    CodePage(name="cp932", codec="cp932", language="half-width", rarity=3),
    CodePage(name="euc-jp", codec="euc_jp", language="japanese", rarity=2),
    CodePage(name="cp1251", codec="cp1251", language="cyrillic"),
    CodePage(name="koi8-r", codec="koi8_r", language="cyrillic", rarity=2),
    CodePage(name="cp866", codec="cp866", language="cyrillic", rarity=2),
    CodePage(name="cp1252", codec="cp1252", language="western"),
    CodePage(name="mac-roman", codec="mac_roman", language="western", rarity=2),
    CodePage(name="cp850", codec="cp850", language="western", rarity=2),
    CodePage(name="cp437", codec="cp437", language="western", rarity=3),
    CodePage(name="cp1250", codec="cp1250", language="central", rarity=1.5),
    CodePage(name="iso8859-2", codec="iso8859_2", language="central", rarity=2),
    CodePage(name="cp852", codec="cp852", language="central", rarity=2),
    CodePage(name="cp1253", codec="cp1253", language="greek"),
    CodePage(name="cp1254", codec="cp1254", language="turkish", rarity=1),
    CodePage(name="cp1257", codec="cp1257", language="baltic", rarity=2),
    CodePage(name="cp1255", codec="cp1255", language="hebrew", rarity=2),
    CodePage(name="cp1256", codec="cp1256", language="arabic", rarity=2),
    CodePage(name="cp874", codec="cp874", language="thai", rarity=2),
)


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """What a code page makes of some cells."""

    page: CodePage
    cells: Sequence[str]
    likelihood: float  # natural logarithm
    chance: float  # the likelihood of the same bytes without meaning

    @property
    def has_meaning(self) -> bool:
        """Whether the words are better than chance."""
        return self.likelihood > self.chance - _SLACK


def distinct_cells(sample: bytes | bytearray) -> list[bytes]:
    """The different cells of a sample that are not ASCII; no code page has a separator within a character."""
    cells = dict.fromkeys(cell.strip() for cell in _SEPARATORS.split(bytes(sample)) if not cell.isascii())
    return list(cells)[:MOST_CELLS]


def interpret(page: CodePage, cells: Iterable[bytes]) -> Interpretation:
    """What a code page makes of cells."""
    cells = list(cells)
    texts = [cell.decode(page.codec, "replace") for cell in cells]
    high = sum(len(cell) - len(cell.decode("ascii", "ignore")) for cell in cells)
    plain = sum(len(cell.decode("ascii", "ignore")) for cell in cells)
    return Interpretation(
        page=page,
        cells=texts,
        likelihood=likelihood(texts, page.language) - page.rarity,
        chance=high * CHANCE + plain * ASCII,
    )


def ranked(cells: Sequence[bytes]) -> list[Interpretation]:
    """All readings, the most likely first; one of each where several read the same."""
    different: dict[tuple[str, ...], Interpretation] = {}
    for one in (interpret(page, cells) for page in CODE_PAGES):
        # The first code page is the usual one of those that read the same.
        same = different.setdefault(tuple(one.cells), one)
        if one.likelihood > same.likelihood:
            different[tuple(one.cells)] = replace(same, likelihood=one.likelihood)
    return sorted(different.values(), key=lambda one: -one.likelihood)


def plausible(found: Sequence[Interpretation]) -> list[Interpretation]:
    """Those of ranked readings that make words, and are not much less likely than the first."""
    return [one for one in found if one.has_meaning and one.likelihood > found[0].likelihood - CLOSE]


def examples(found: Sequence[Interpretation]) -> list[str]:
    """Of each reading, the same one or two cells: those that the readings differ in most."""
    places = sorted(
        range(len(found[0].cells)),
        key=lambda place: (-len({one.cells[place] for one in found}), abs(len(found[0].cells[place]) - 12)),
    )[:2]
    return [", ".join(repr(clip(one.cells[place])) for place in sorted(places)) for one in found]


def meaning(texts: Iterable[str]) -> float:
    """The logarithm of the probability of texts, each in the language that it fits best."""
    return sum(max(likelihood([text], language) for language in _models()) for text in texts)


def likelihood(texts: Iterable[str], language: str) -> float:
    """The logarithm of the probability of texts in a language."""
    model = _models()[language]
    text = "\n".join(texts)
    total = sum(
        (ASCII if char.isascii() else (model.get(char) or model.get(char.lower(), _UNEXPECTED))) * many
        for char, many in Counter(text).items()
        if char != "\n"
    )
    total += sum(weight * len(pattern.findall(text)) for pattern, weight in _FAULTS)
    return total + (_BROKEN - _UNEXPECTED) * text.count("\ufffd")


@cache
def _models() -> Mapping[str, Mapping[str, float]]:
    """Language -> character in small letters -> the logarithm of its probability among those that are not ASCII."""
    hanzi, kana = _rows("gb2312", 0xB0, 0xF7), [chr(code) for code in range(0x3041, 0x30FF)]
    half_width = [chr(code) for code in range(0xFF61, 0xFFA0)]
    rare_hanzi = [chr(code) for code in range(0x4E00, 0x9FA6)]
    hangul = [chr(code) for code in range(0xAC00, 0xD7A4)]
    wide = (_FULL_WIDTH, 0.05)
    return {
        "simplified": _model(
            (letters.SIMPLIFIED_CHINESE, 0.78),
            (hanzi[:3755], 0.15),
            wide,
            (hanzi[3755:], 0.012),
            (rare_hanzi, 0.005),
            (kana, 0.001),
        ),
        "traditional": _model(
            (letters.TRADITIONAL_CHINESE, 0.78),
            (_rows("big5", 0xA4, 0xC6), 0.15),
            wide,
            (rare_hanzi, 0.01),
            (kana, 0.001),
        ),
        "korean": _model(
            (letters.KOREAN, 0.82),
            (_rows("euc_kr", 0xB0, 0xC8), 0.13),
            wide,
            (hangul, 0.002),
            (rare_hanzi, 0.002),
        ),
        "japanese": _model(
            (kana, 0.42),
            (letters.KANJI, 0.35),
            (_rows("shift_jis", 0x88, 0x97), 0.14),
            wide,
            (half_width, 0.01),
            (rare_hanzi, 0.01),
        ),
        "half-width": _model((half_width, 0.97), (kana, 0.01), (letters.KANJI, 0.01)),
        "cyrillic": _alphabet(letters.CYRILLIC),
        "greek": _alphabet(letters.GREEK),
        "western": _alphabet(letters.WESTERN),
        "central": _alphabet(letters.CENTRAL_EUROPEAN),
        "turkish": _alphabet(letters.TURKISH),
        "baltic": _alphabet(letters.BALTIC),
        "hebrew": _alphabet(letters.HEBREW),
        "arabic": _alphabet(letters.ARABIC),
        "thai": _alphabet(letters.THAI),
    }


def _rows(codec: str, first: int, last: int) -> list[str]:
    """The characters of a multi-byte code page whose first byte is in a range."""
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    texts = (pair.decode(codec, "ignore") for pair in pairs)
    return [text for text in texts if len(text) == 1]


def _model(*groups: tuple[Sequence[str], float]) -> dict[str, float]:
    """Character -> logarithm of its probability; each group shares its part evenly among its characters."""
    model: dict[str, float] = {}
    for characters, share in groups:
        each = log(share / len(characters))
        for character in characters:
            model.setdefault(character, each)
    return model


def _alphabet(order: str) -> dict[str, float]:
    """Character -> logarithm of its probability, which halves about every seven places."""
    weights = [exp(-place / 9) for place in range(len(order))]
    model = _model((_PUNCTUATION, 0.06))
    model |= {
        letter: log(0.94 * weight / sum(weights)) for letter, weight in zip(order, weights, strict=True)
    }
    return model
