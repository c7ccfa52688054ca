"""Languages by code and by what people call them."""

import unicodedata
from functools import cache

_NAMED_IN = ("en", "zh", "zh_Hant", "de", "es", "fr", "it", "pt", "ja", "ko", "ru", "ar")
# What people write and Unicode's tables do not have.
_ALSO = {"zh": "汉语, 漢語, 普通话, 普通話, 国语, 國語, mandarin, cn", "ja": "日文", "ko": "韩文, 韓文"}


def language_named(text: str) -> str | None:
    """The two letters of ISO 639 for a code ("de", "zh-CN") or a name ("German", "德语"); None for another text."""
    folded = _folded(text)
    known = _codes()
    return known.get(folded) or known.get(folded.partition("-")[0] if "-" in folded[2:4] else folded)


@cache
def _codes() -> dict[str, str]:
    """Folded name or code -> code."""
    from babel import Locale  # names take long to load

    codes: dict[str, str] = {}
    for locale in _NAMED_IN:
        for code, name in Locale.parse(locale).languages.items():
            language = code.partition("_")[0]
            if len(language) == 2:
                codes.setdefault(_folded(name), language)
                codes.setdefault(language, language)
    for code, words in _ALSO.items():
        codes.update({_folded(word): code for word in words.split(",")})
    return codes


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip().casefold().replace("_", "-")
