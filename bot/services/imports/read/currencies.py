"""Signs and words of currencies, and the codes that each may mean."""

import re
import unicodedata
from functools import cache, lru_cache

from babel.core import get_global

_DOLLARS = "USD CAD AUD NZD HKD SGD TWD MXN BRL ARS CLP COP"
_RUPEES = "INR PKR LKR NPR MUR SCR IDR"
_CROWNS = "SEK NOK DKK ISK CZK"
_PESOS = "MXN ARS CLP COP UYU DOP PHP CUP"
_POUNDS = "GBP EGP"
_FRANCS = "CHF XOF XAF"
SIGNS = {
    "$": _DOLLARS,
    "¥": "CNY JPY",
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "฿": "THB",
    "₫": "VND",
    "₪": "ILS",
    "₱": "PHP",
    "₦": "NGN",
    "₴": "UAH",
    "₸": "KZT",
    "₵": "GHS",
    "₡": "CRC",
    "₲": "PYG",
    "円": "JPY",
    "元": "CNY",
    "圆": "CNY",
    "원": "KRW",
}
# Words, in lower case; a code is its own word.
WORDS = {
    **dict.fromkeys(("us$", "usd$", "us dollar", "us dollars", "美元", "美金"), "USD"),
    **dict.fromkeys(("dollar", "dollars"), _DOLLARS),
    **dict.fromkeys(("hk$", "hkd$", "港币", "港元"), "HKD"),
    **dict.fromkeys(("nt$", "ntd", "新台币", "新臺幣"), "TWD"),
    **dict.fromkeys(("s$", "sg$", "新加坡元", "新元"), "SGD"),
    **dict.fromkeys(("a$", "au$", "澳元"), "AUD"),
    **dict.fromkeys(("c$", "ca$", "can$", "加元"), "CAD"),
    **dict.fromkeys(("nz$",), "NZD"),
    **dict.fromkeys(("mx$", "mex$"), "MXN"),
    **dict.fromkeys(("r$",), "BRL"),
    **dict.fromkeys(("rmb", "cn¥", "cnh", "人民币", "人民币元", "人民幣", "元整", "yuan"), "CNY"),
    **dict.fromkeys(("jp¥", "日元", "日圆", "yen"), "JPY"),
    **dict.fromkeys(("欧元", "euro", "euros"), "EUR"),
    **dict.fromkeys(("英镑",), "GBP"),
    **dict.fromkeys(("pound", "pounds"), _POUNDS),
    **dict.fromkeys(("won", "韩元"), "KRW"),
    **dict.fromkeys(("卢布", "руб", "руб.", "rub."), "RUB"),
    **dict.fromkeys(("rs", "rs.", "rupee", "rupees"), _RUPEES),
    **dict.fromkeys(("rp", "rp."), "IDR"),
    **dict.fromkeys(("kr", "kr."), _CROWNS),
    **dict.fromkeys(("zł", "zl"), "PLN"),
    **dict.fromkeys(("kč",), "CZK"),
    **dict.fromkeys(("ft",), "HUF"),
    **dict.fromkeys(("лв", "лв."), "BGN"),
    **dict.fromkeys(("грн", "грн."), "UAH"),
    **dict.fromkeys(("fr", "fr.", "sfr", "sfr."), _FRANCS),
    **dict.fromkeys(("tl",), "TRY"),
    **dict.fromkeys(("rm",), "MYR"),
    **dict.fromkeys(("dh", "dhs"), "AED MAD"),
    **dict.fromkeys(("peso", "pesos"), _PESOS),
}
_HEADER_WORDS = re.compile(r"[^\s()\[\]/_,;:-]+").findall
_NO_HEADER_WORDS = {
    "all",
    "top",
    "net",
    "fr",
    "dh",
    "rs",
    "rm",
    "ft",
    "tl",
    "rp",
    "kr",
}  # words of a header, too
_LETTER = r"[^\W\d_]"


@cache
def codes() -> frozenset[str]:
    """The ISO codes of all currencies."""
    return frozenset(get_global("all_currencies"))


@lru_cache(maxsize=1_000)
def possible(text: str) -> tuple[str, ...]:
    """The codes that a sign, word or code may mean, the likeliest first; none when it is no currency."""
    word = text.strip()
    if word.upper() in codes():
        return (word.upper(),)
    return tuple((SIGNS.get(word) or WORDS.get(word.lower(), "")).split())


def in_header(header: str) -> tuple[str, ...]:
    """The codes of the currency that a header of amounts names: (USD), in TEUR, 万元; none where it names none."""
    text = unicodedata.normalize("NFKC", header)
    for word in reversed(_HEADER_WORDS(text)):
        bare = word.lstrip("十百千万亿萬億").rstrip("0123456789.,'’")
        for one in (bare, bare[1:] if bare[:1] in tuple("kKtTmM") else ""):
            is_code = len(one) == 3 and one.isascii() and one.isalpha()
            if possible(one) and (not is_code or one.isupper()) and one.lower() not in _NO_HEADER_WORDS:
                return possible(one)
    return ()


def _pattern() -> re.Pattern[str]:
    words = "|".join(map(re.escape, sorted(WORDS, key=len, reverse=True)))
    signs = "|".join(map(re.escape, SIGNS))
    # A word of letters is none inside another word.
    return re.compile(rf"(?<!{_LETTER})(?:{words}|[a-z]{{3}})(?!{_LETTER})|{signs}", re.IGNORECASE)


MARK = _pattern()  # finds the sign, word or code in an amount
