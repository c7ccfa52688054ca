"""Days, periods and numbers in a question: a length, a beginning, a period that is over, the first so many."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from bot.services.ask.questions.phrases import PhrasePart

RECENT_DAYS = 31  # so that a monthly grading is always among them
LONGEST = 36_500  # days
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = [
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {
    **{word: number for number, word in enumerate(["zero", *_ONES, *_TEENS])},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
    **{
        f"{tens}{joint}{ones}": 10 * many + few
        for many, tens in enumerate(_TENS, 2)
        for few, ones in enumerate(_ONES, 1)
        for joint in "- "
    },
    **dict.fromkeys(("a", "an"), 1),
    **dict.fromkeys(("a hundred", "one hundred"), 100),
}
_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_MONTHS = {
    month[:length]: number
    for number, month in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
    for length in (3, len(month))
} | {"sept": 9}
_NUMBER_WORDS = "|".join(sorted(_WORDS, key=len, reverse=True))
_NUMBER = rf"(?P<n>\d{{1,5}}|[零一二两三四五六七八九十]{{1,3}}|{_NUMBER_WORDS})"
_EN_UNIT = r"(?P<unit>days?|weeks?|months?|quarters?|years?)"
_ZH_UNIT = r"(?P<unit>个?工作日|天|日|个?星期|周|个?礼拜|个月|个?季度|年)"
_MORE = r"(?P<more>more than |over |longer than |超过|多于|大于)"
_WITHIN = r"(?:for |in |within |since |during )?(?:at least |the |these )?(?:last |past |previous )?"
_END = r"(?![a-z0-9])"
_MONTH = r"(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
_ISO = r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
_ZH_DAY = r"(?:(?P<y>\d{4})年)?(?P<m>\d{1,2})月(?:(?P<d>\d{1,2})[日号])?"
_SINCE, _FROM = r"since (?:the )?", r"(?:自从|自|从)"
_WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_ONWARD = r" ?(?:以来|起|开始|以后|之后|至今|到现在|到今天|到目前)"


class AskedPeriod(NamedTuple):
    """What a piece of a question says of time or number, and where it ends."""

    end: int
    part: PhrasePart
    meaning: Any


def find(text: str, start: int, today: date) -> list[AskedPeriod]:
    """Every period, day or number that begins there in a lower-case text."""
    found = []
    for pattern, make in _patterns():
        match = pattern.match(text, start)
        if match is not None and (made := make(match, today)) is not None:
            found.append(AskedPeriod(match.end(), *made))
    return found


@cache
def _patterns() -> list[
    tuple[re.Pattern[str], Callable[[re.Match[str], date], tuple[PhrasePart, Any] | None]]
]:
    named = r"(?P<last>上个?星期|上周|上个?月|上个?季度|去年|昨天|last week|last month|last quarter|last year|yesterday)"
    this = r"(?P<this>this week|this month|this quarter|this year|today|本周|这周|这个?星期|本月|这个?月|当月|本季度?|这个?季度|今年|本年|今天)"
    day = rf"(?:(?P<d>\d{{1,2}}|first)(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?(?:,? (?P<y>\d{{4}}))?{_END})"
    day_after = (
        rf"(?:{_MONTH}\.?(?: (?P<d>\d{{1,2}})(?:st|nd|rd|th)?{_END}(?!\d))?(?:,? (?P<y>\d{{4}}))?{_END})"
    )
    table: list[tuple[str, Callable[[re.Match[str], date], tuple[PhrasePart, Any] | None]]] = [
        (rf"{_WITHIN}{_MORE}?{_NUMBER} ?{_EN_UNIT}{_END}", _length),
        (rf"{_WITHIN}half a year{_END}", lambda m, today: _back(today, months=6)),
        (rf"{_WITHIN}half a month{_END}", lambda m, today: (PhrasePart.LENGTH, 15)),
        (
            rf"(?:for |in |within |during )(?:the )?(?P<n>last|past) ?(?P<unit>week|month|quarter|year){_END}",
            _length,
        ),
        (
            rf"(?:最近|近|过去|已经?|有|至少)? ?{_MORE}? ?{_NUMBER} ?{_ZH_UNIT}(?P<least>以上|及以上)?(?:以内|之内|内|来|里)?",
            _length,
        ),
        (
            r"(?:最近|近|过去|已经?|有|至少)? ?(?P<more>超过|多于)?半个?(?P<half>年|月)(?:以上|以内|之内|内|来|里)?",
            _half,
        ),
        *((rf"{_SINCE}{one}(?!\d)", _since_day) for one in (_ISO, _ZH_DAY, day, day_after)),
        (rf"{_SINCE}(?:the year )?(?P<y>\d{{4}}){_END}", _since_day),
        *((rf"{_FROM}?{one}{_ONWARD}", _since_day) for one in (_ISO, _ZH_DAY)),
        *((rf"{_FROM}{one}(?!\d)", _since_day) for one in (_ISO, _ZH_DAY)),
        (rf"{_FROM}?(?P<y>\d{{4}})年{_ONWARD}", _since_day),
        (rf"{_SINCE}(?P<weekday>{_WEEKDAYS}){_END}", _since_weekday),
        (rf"{_FROM}?(?P<week>上|这|本)?(?:周|星期)(?P<weekday>[一二三四五六日天]){_ONWARD}", _since_weekday),
        (rf"{_SINCE}{named}{_END}", _since_last),
        (rf"{_FROM}?{named}{_ONWARD}", _since_last),
        (rf"{_FROM}{named}", _since_last),
        (
            rf"(?:since |in )?(?:the )?(?:start of |beginning of )?{this}{_END}(?:{_ONWARD})?",
            lambda m, today: (PhrasePart.SINCE, _begin(m["this"], today)),
        ),
        (rf"(?:in )?{named}{_END}", lambda m, today: (PhrasePart.OVER, _begin(m["last"], today))),
        *((rf"(?:in |on )?{one}", _over_day) for one in (_ISO, _ZH_DAY, day, day_after)),
        (rf"(?:the )?(?P<top>first|top) {_NUMBER}{_END}", _first),
        (
            rf"(?:the )?{_NUMBER}(?<!a)(?<!an)(?<!one)(?= (?:[a-z]\d? )?(?:customers|clients|companies|accounts){_END})",
            _first,
        ),
        (rf"{_NUMBER}(?<!一)[个家位](?=(?:[a-z]\d?[类级等]?的?)?(?:客户|公司|企业))", _first),
        (r"(?P<top>前) ?(?P<n>\d{1,5}|[一二两三四五六七八九十]{1,3}) ?(?P<big>大)?[个家名位]?", _first),
    ]
    return [(re.compile(pattern), make) for pattern, make in table]


def number_of(text: str) -> int | None:
    """A number in digits, or in English or Chinese words up to 99."""
    if text.isdecimal():
        return int(text)
    if text in _WORDS:
        return _WORDS[text]
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS.get(text)
    if tens not in ("", *_DIGITS) or ones not in ("", *_DIGITS):
        return None
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day."""
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _back(today: date, *, months: int, more: int = 0) -> tuple[PhrasePart, Any] | None:
    if months >= 12 * (today.year - 1):
        return None
    return PhrasePart.LENGTH, (today - months_before(today, months)).days + more


def _length(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    parts = match.groupdict()
    count = 1 if parts["n"] in ("last", "past") else number_of(parts["n"])
    more = 1 if parts.get("more") else 0
    unit = parts["unit"].removeprefix("个").rstrip("s")
    if not count or unit == "工作日":
        return None
    months = {"month": 1, "月": 1, "quarter": 3, "季度": 3, "year": 12, "年": 12}.get(unit)
    if months is not None:
        return _back(today, months=months * count, more=more)
    days = count * {"day": 1, "天": 1, "日": 1}.get(unit, 7) + more
    return (PhrasePart.LENGTH, days) if days <= LONGEST else None


def _half(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    more = 1 if match["more"] else 0
    return _back(today, months=6, more=more) if match["half"] == "年" else (PhrasePart.LENGTH, 15 + more)


def _day(match: re.Match[str], today: date) -> date | None:
    """The day that is written; without a year the last one that is not in the future."""
    parts = match.groupdict()
    year, written = parts.get("y"), parts.get("d") or "first"
    day = 1 if written == "first" else int(written)
    named = parts.get("month")
    month = _MONTHS[named] if named else int(parts.get("m") or 1)
    try:
        if year:
            return date(int(year), month, day)
        found = date(today.year, month, day)
        return found if found <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


def _since_day(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    day = _day(match, today)
    return None if day is None else (PhrasePart.FUTURE if day > today else PhrasePart.SINCE, day)


def _over_day(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    day = _day(match, today)
    return None if day is None else (PhrasePart.FUTURE if day > today else PhrasePart.OVER, day)


def _since_weekday(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    """Since Friday: the last one before today. 上周一以来 is that of the week before, 周一以来 that of this week."""
    named, week = match["weekday"], match.groupdict().get("week", "")
    if named in _WEEKDAYS:
        back = (today.weekday() - _WEEKDAYS.split("|").index(named)) % 7
        return (PhrasePart.SINCE, today - timedelta(days=back)) if back else None  # today, or a week ago
    place = "一二三四五六日".find(named.replace("天", "日"))
    day = today - timedelta(days=today.weekday() - place + (7 if week == "上" else 0))
    return (PhrasePart.SINCE, day) if day <= today else None


def _since_last(match: re.Match[str], today: date) -> tuple[PhrasePart, Any]:
    return PhrasePart.SINCE, _begin(match["last"], today)


def _begin(word: str, today: date) -> date:
    """The first day of the named period."""
    before = word.startswith(("last", "上", "去")) or word in ("yesterday", "昨天")
    if word in ("yesterday", "昨天", "today", "今天"):
        return today - timedelta(days=before)
    if "week" in word or "周" in word or "星期" in word:
        return today - timedelta(days=today.weekday() + 7 * before)
    if "quarter" in word or "季" in word:
        return months_before(today.replace(day=1), (today.month - 1) % 3 + 3 * before)
    if "month" in word or "月" in word:
        return months_before(today.replace(day=1), int(before))
    return date(today.year - before, 1, 1)


def _first(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    count = number_of(match["n"])
    if not count:
        return None
    named = match.groupdict()
    is_top = named.get("top", "top") == "top" or named.get("big")
    return PhrasePart.TOP if is_top else PhrasePart.FIRST, count
