"""Words that are no values: for an empty cell, for a total, for customers without a name; errors of spreadsheets."""

import re
import unicodedata
from collections.abc import Iterable

_EMPTY = (
    *(
        "null",
        "[null]",
        "<null>",
        "(null)",
        "none",
        "<none>",
        "nil",
        "NaN",
        "na",
        "<na>",
        "n/a",
        "n.a.",
        "n. a.",
    ),
    *("\\N", "\\n", "(blank)", "(leer)", "blank", "not available", "not applicable", "undefined"),
    *("无", "空", "空值", "暂无", "无数据", "未填写", "不详", "(空白)", "(空)", "(无)"),
    *("k.A.", "k. A.", "keine", "keine Angabe", "ohne Angabe", "entfällt"),
    *("-", "--", "---", "----", "—", "——", "–", "－", "/", "//", "?", "??", "???", ".", "..."),
)
_MARKS = ("\\N", "[null]", "<null>", "(null)", "<na>", "<none>", "(blank)", "(leer)", "(空白)", "(空)")
_ERRORS = (
    *("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!"),
    *(
        "#NV",
        "#BEZUG!",
        "#WERT!",
        "#ZAHL!",
        "#NAME!",
        "#ÜBERLAUF!",
        "#NOM?",
        "#VALEUR!",
        "#NOMBRE!",
        "#EVALUE!",
    ),
    *("#¡REF!", "#¡VALOR!", "#¿NOMBRE?", "#¡DIV/0!", "#¡NUM!", "#GETTING_DATA", "#ERROR!", "#ERROR", "#N/V"),
    *(
        "Err:501",
        "Err:502",
        "Err:504",
        "Err:508",
        "Err:509",
        "Err:511",
        "Err:512",
        "Err:519",
        "Err:522",
        "Err:523",
    ),
    *("#" * width for width in range(3, 41)),  # of a column that is too narrow
)
_TOTAL = (
    *("total", "totals", "grand total", "grand totals", "subtotal", "subtotals", "sub total", "sub-total"),
    *("overall total", "report total", "page total", "net total", "total amount", "sum", "running total"),
    *("opening balance", "closing balance", "balance forward", "carried forward", "brought forward"),
    *("合计", "总计", "小计", "共计", "累计", "总和", "汇总", "总合计", "合计数", "合計", "總計", "小計"),
    *("本页小计", "本页合计", "本月合计", "本月累计", "本年累计", "本年合计", "本期合计", "本季合计"),
    *("期初余额", "期末余额", "上年结转", "承前页", "过次页", "転記", "総計", "합계", "소계", "총계"),
    *(
        "summe",
        "summen",
        "gesamt",
        "gesamtsumme",
        "zwischensumme",
        "endsumme",
        "teilsumme",
        "übertrag",
        "insgesamt",
    ),
    *("gesamtergebnis", "ergebnis", "saldo", "saldovortrag", "anfangsbestand"),
    *("somme", "sous-total", "total général", "report à nouveau", "totale", "subtotale", "totale generale"),
    *("suma", "total general", "razem", "итого", "всего", "итог", "totaal", "subtotaal", "toplam", "celkem"),
)
_NAMELESS = (
    *("0", "00", "000", "0000", "99999", "999999", "walk-in", "walk in", "walkin", "walk-in customer"),
    *(
        "cash",
        "cash sale",
        "cash sales",
        "cash customer",
        "counter sale",
        "counter sales",
        "guest",
        "anonymous",
    ),
    *(
        "unknown",
        "unknown customer",
        "various",
        "miscellaneous",
        "misc",
        "other",
        "others",
        "sundry",
        "default",
    ),
    *("散客", "零散客户", "零售客户", "零售", "现金客户", "普通客户", "默认客户", "其他", "其它", "其他客户"),
    *("未知", "未知客户", "匿名", "路人", "门店散客", "游客", "个人", "个人客户"),
    *(
        "diverse",
        "divers",
        "diverse kunden",
        "laufkundschaft",
        "barverkauf",
        "bar",
        "barkunde",
        "sonstige",
        "unbekannt",
    ),
    *("comptoir", "client divers", "clients divers", "varios", "cliente final", "público en general"),
)


def spellings(words: Iterable[str]) -> frozenset[str]:
    """Words in the cases that people and programs write them in, so that a lookup needs no folding."""
    return frozenset(
        spelt
        for word in words
        for spelt in (word, word.lower(), word.upper(), word.capitalize(), word.title())
    )


# Of every field, but for the next two. A customer, a person or a team may have such a word for its name.
NOTHING = spellings(_EMPTY)
# Of a name: only what no person writes.
NOTHING_IN_NAMES = spellings(_MARKS)
# Of a code, a country, a region: NA is Namibia, and North America.
NOTHING_BUT_NA = NOTHING - {"NA"}
# Of a fact's value: none is a word that a scheme may score.
NOTHING_IN_FACTS = NOTHING - spellings(("none", "nil", "无", "空", "keine"))
SPREADSHEET_ERRORS = spellings(_ERRORS)
TOTALS = spellings(_TOTAL)
NAMELESS = spellings(_NAMELESS)
_TOTAL_LETTERS = frozenset("".join(word.casefold().split()) for word in _TOTAL)
_AMOUNT_AFTER = re.compile(r"[\s:]+[-+($€£¥0-9.,)\s]*$")
_BRACKETS = re.compile(r"\(.*?\)")
_TOTAL_OF = re.compile(
    r"(?:grand |sub-?)?(?:totals?|summe|zwischensumme|somme|totale) (?:for|of|by|für|von|de|pour|per|di) .+"
)
_BEFORE = re.compile(r"(?:sub-?)?(?:total|summe|gesamt|zwischensumme|ergebnis)\s+(.+)")
_AFTER = re.compile(r"(.+?)\s*(?:[-:]\s*)?(?:total|summe|gesamt|ergebnis|合计|小计|总计|汇总|合計|小計|計)")


def is_total(text: str) -> bool:
    """Whether a cell says no more than that a total follows, such as `Total:`, `合 计` or `Total for C1`."""
    folded = _folded(text)
    word = _AMOUNT_AFTER.sub("", _BRACKETS.sub("", folded))
    return "".join(word.split()) in _TOTAL_LETTERS or bool(_TOTAL_OF.fullmatch(folded))


def total_of(text: str) -> str | None:
    """What a cell such as `Total C1` or `C1 合计` would be the total of, if it is one; in lower case."""
    folded = _folded(text)
    found = _BEFORE.fullmatch(folded) or _AFTER.fullmatch(folded)
    return found.group(1) if found else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip(" *=-.:")
