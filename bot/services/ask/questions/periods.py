"""Days, periods and numbers in a question: a length, a beginning, a period that is over, the first so many."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.grammar.written_days import (
    MONTHS,
    EndedPeriod,
    day_of,
    months_before,
    months_from,
    over_day,
    since_day,
    since_end,
    since_holiday,
    since_week,
    since_written,
)

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
_NUMBER_WORDS = "|".join(sorted(_WORDS, key=len, reverse=True))
_SHORT_UNITS = {"d": "day", "wk": "week", "mo": "month", "mth": "month", "yr": "year", "qtr": "quarter"}
_NUMBER = rf"(?P<n>\d{{1,5}}|[零一二两三四五六七八九十]{{1,3}}|{_NUMBER_WORDS})"
_EN_UNIT = r"(?P<unit>days?|weeks?|months?|quarters?|years?|d|wks?|mos?|mths?|yrs?|qtrs?)"
_ZH_UNIT = r"(?P<unit>个?工作日|天|日|个?星期|周|个?礼拜|个多?月|个?季度|年)"
_MORE = r"(?P<more>> ?(?!=)|more than |over |longer than |超过了?|多于|大于|超)"
_WITHIN = (
    r"(?:for |in |within |since |during |over |4 )?(?:at least |the |these |a good |about |around |some )?"
    r"(?:like )?(?:last |past |previous )?"
)
_END = r"(?![a-z0-9])"
_MONTH = r"(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + ")"
_ISO = r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
_ZH_DAY = r"(?:(?P<y>\d{4})年)?(?P<m>\d{1,2})月(?:份|(?P<d>\d{1,2})[日号])?"
_SINCE, _FROM = r"since (?:the )?", r"(?:自从|自|从)"
_WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_WEEK = r"(?:cw|kw|wk|week|calendar week) ?(?P<week>\d{1,2})(?: (?P<y>20\d{2}))?"
_OF_LIST = r"(?= ?(?:$|[,;.!?/|。,]|customers|clients|companies|accounts|rows|of them|客户|公司|就))"
_ONWARD = r" ?(?:以来|起|开始|以后|之后|至今|到现在|到今天|到目前)"


HOUR = re.compile(
    r"(?:at |around |by )?\d{1,2}(?::\d\d)? ?(?:am|pm|a\.m\.|p\.m\.|o'?clock)(?![a-z0-9])|\d{1,2}点半?"
)


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
    named = (
        r"(?P<last>上个?星期|上个?礼拜|上周|上个?月|上个?季度|上一季度|去年|昨天|昨儿|last week|last wk|last month|last quarter|last qtr|last year|last yr|"
        r"previous week|previous month|previous quarter|previous year|yesterday)"
    )
    this = (
        r"(?P<this>this week|this wk|this month|this quarter|this qtr|this year|this yr|year to date|ytd|month to date|quarter to date|today|"
        r"本周|这周|这个?星期|这个?礼拜|本月|这个?月|当月|本季度?|这个?季度|当季|今年以来|今年|本年度?|年初以来|年初至今|今天|今儿个?|今日)"
    )
    day = rf"(?:(?P<d>\d{{1,2}}|first)(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?(?:,? (?P<y>\d{{4}}))?{_END})"
    day_after = (
        rf"(?:{_MONTH}\.?(?: (?P<d>\d{{1,2}})(?:st|nd|rd|th)?{_END}(?!\d))?(?:,? (?P<y>\d{{4}}))?{_END})"
    )
    table: list[tuple[str, Callable[[re.Match[str], date], tuple[PhrasePart, Any] | None]]] = [
        (rf"{_WITHIN}{_MORE}?{_NUMBER}\+?[ -]?{_EN_UNIT}(?:\+| or more| or longer)?{_END}", _length),
        (rf"{_MORE}?{_NUMBER} ?{_EN_UNIT}(?:\+| or more)? ago{_END}", _ago),
        (rf"{_MORE}?{_NUMBER} ?{_ZH_UNIT}(?P<least>以?前)", _ago),
        (rf"{_WITHIN}half (?:a )?year{_END}", lambda m, today: _back(today, months=6)),
        (rf"{_WITHIN}half (?:a )?month{_END}", lambda m, today: (PhrasePart.LENGTH, 15)),
        (
            rf"(?:for |in |within |during )(?:the )?(?P<n>last|past) ?(?P<unit>week|month|quarter|year){_END}",
            _length,
        ),
        (
            rf"(?:最近|近|过去|前|已经?|有|至少|起码|快)? ?(?:这)?{_MORE}? ?{_NUMBER} ?{_ZH_UNIT}(?P<least>以上|及以上|多|开外|往上)?(?:以内|之内|内|来|里)?",
            _length,
        ),
        (
            r"(?:最近|近|过去|已经?|有|至少|快)? ?(?P<more>超过|多于)?(?:大)?半个?(?P<half>年|月)(?:以上|以内|之内|内|来|里)?",
            _half,
        ),
        *((rf"{_SINCE}{one}(?!\d)", since_day) for one in (_ISO, _ZH_DAY, day, day_after)),
        (rf"{_SINCE}(?:the year )?(?P<y>\d{{4}}){_END}", since_day),
        *((rf"{_FROM}?{one}{_ONWARD}", since_day) for one in (_ISO, _ZH_DAY)),
        *((rf"{_FROM}{one}(?!\d)", since_day) for one in (_ISO, _ZH_DAY)),
        (rf"{_FROM}?(?P<y>\d{{4}})年{_ONWARD}", since_day),
        (rf"{_SINCE}(?P<weekday>{_WEEKDAYS}){_END}", _since_weekday),
        (rf"{_FROM}?(?P<week>上|这|本)?(?:周|星期)(?P<weekday>[一二三四五六日天]){_ONWARD}", _since_weekday),
        (rf"{_SINCE}(?:the )?end of {_MONTH}(?: (?P<y>\d{{4}}))?{_END}", since_end),
        (
            rf"{_SINCE}(?P<d>\d{{1,2}})[/.](?P<m>\d{{1,2}})(?:[/.](?P<y>\d{{4}}))?\.?{_END}(?![/.\d])",
            since_written,
        ),
        (rf"{_SINCE}(?P<holiday>new year)(?:'s)?(?: day)?{_END}", since_holiday),
        (rf"{_FROM}?(?P<holiday>国庆节?|元旦|五一)(?:以来|起|至今|到现在)", since_holiday),
        (rf"{_SINCE}{_WEEK}{_END}", since_week),
        (rf"{_FROM}?(?:(?P<y>20\d{{2}})年)?第(?P<week>\d{{1,2}})周{_ONWARD}", since_week),
        (rf"{_SINCE}{named}{_END}", _since_last),
        (rf"{_FROM}?{named}{_ONWARD}", _since_last),
        (rf"{_FROM}{named}", _since_last),
        (
            rf"(?:since |in |during |so far )?(?:the )?(?:start of |beginning of )?{this}{_END}(?:{_ONWARD})?",
            lambda m, today: (PhrasePart.SINCE, _begin(m["this"], today)),
        ),
        (
            rf"(?:in |during |over )?(?:the )?{named}(?:期间|里|内)?{_END}",
            lambda m, today: (PhrasePart.OVER, _span(m["last"], today)),
        ),
        (
            rf"(?:since |from )(?:the )?(?:start|beginning) of (?:the )?(?P<this>week|month|quarter|year){_END}",
            _since_start,
        ),
        (
            rf"(?:in |during )?(?:the )?(?P<half>first|second) half (?:of )?(?:the year|this year|20\d{{2}}){_END}",
            _half_year,
        ),
        (r"(?:今年)?(?P<half>上|下)半年", _half_year),
        (rf"(?:in |during |over )(?:the year )?(?P<y>20\d{{2}}){_END}(?!-)", _over_year),
        (r"(?P<y>20\d{2})年(?!\d)", _over_year),
        (r"(?:(?P<y>20\d{2})年)?第(?P<q>[一二三四1-4])季度", _quarter),
        (r"(?P<y>20\d{2})年(?P<q>[一二三四1-4])季度", _quarter),
        (rf"(?:in |during )?(?P<since>since )?q(?P<q>[1-4])(?: (?P<y>20\d{{2}}))?{_END}", _quarter),
        *(
            (rf"(?:from|between) {_again(one, 'a')} (?:to|and|until|till) {_again(one, 'b')}", _between)
            for one in (_ISO, day, day_after)
        ),
        *(
            (rf"(?:从)?{_again(one, 'a')}(?:到|至|-|~){_again(one, 'b')}(?:之间|期间)?", _between)
            for one in (_ISO, _ZH_DAY)
        ),
        *((rf"(?:in |on )?{one}", over_day) for one in (_ISO, _ZH_DAY, day, day_after)),
        (rf"(?:the )?(?P<top>first|top)(?: {_NUMBER}|(?P<digits>\d{{1,5}})){_END}", _first),
        (
            rf"(?:at most|no more than|max\.?|maximum|up to|limit|rows|limited to) ?=? ?(?P<n>\d{{1,5}})(?P<at_most>){_OF_LIST}",
            _first,
        ),
        (
            rf"(?:取|只取|限|最多|至多|不超过|只要|列) ?(?P<n>\d{{1,5}}|[一二两三四五六七八九十]{{1,3}}) ?[个家条位](?P<at_most>){_OF_LIST}",
            _first,
        ),
        (
            rf"(?:the )?{_NUMBER}(?<!a)(?<!an)(?<!one)(?= (?:[a-z]\d? )?(?:customers|clients|companies|accounts){_END})",
            _first,
        ),
        (rf"{_NUMBER}(?<!一)[个家位](?=(?:[a-z]\d?[类级等]?的?)?(?:客户|公司|企业))", _first),
        (rf"{_NUMBER}(?<![a-z])[个家位名](?![a-z]?月|工作日|星期|礼拜|季度|月)", _count),
        (rf"{_NUMBER}{_END}(?<!a)(?<!an)(?<!one)", _count),
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


def _back(today: date, *, months: int, more: int = 0) -> tuple[PhrasePart, Any] | None:
    if months >= 12 * (today.year - 1):
        return None
    days = (today - months_before(today, months)).days + more
    return (PhrasePart.LENGTH, days) if days <= LONGEST else None


def _length(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    parts = match.groupdict()
    count = 1 if parts["n"] in ("last", "past") else number_of(parts["n"])
    more = 1 if parts.get("more") else 0
    unit = parts["unit"].removeprefix("个").removeprefix("多").rstrip("s")
    unit = _SHORT_UNITS.get(unit, unit)
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
    before = word.startswith(("last", "previous", "上", "去")) or word in ("yesterday", "昨天", "昨儿")
    if word in ("yesterday", "昨天", "昨儿", "today", "今天", "今儿", "今儿个", "今日"):
        return today - timedelta(days=before)
    if any(one in word for one in ("week", "wk", "周", "星期", "礼拜")):
        return today - timedelta(days=today.weekday() + 7 * before)
    if any(one in word for one in ("quarter", "qtr", "季")):
        return months_before(today.replace(day=1), (today.month - 1) % 3 + 3 * before)
    if "month" in word or "月" in word:
        return months_before(today.replace(day=1), int(before))
    return date(today.year - before, 1, 1)


def _span(word: str, today: date) -> EndedPeriod:
    """The named period, which is over."""
    begin = _begin(word, today)
    if any(one in word for one in ("yesterday", "昨")):
        return EndedPeriod(begin, begin)
    if any(one in word for one in ("week", "wk", "周", "星期", "礼拜")):
        return EndedPeriod(begin, begin + timedelta(days=6))
    if any(one in word for one in ("quarter", "qtr", "季")):
        return months_from(begin, 3)
    return months_from(begin, 1 if "month" in word or "月" in word else 12)


def _over_year(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    begin = date(int(match["y"]), 1, 1)
    if begin > today:
        return PhrasePart.FUTURE, begin
    return (
        (PhrasePart.SINCE, begin) if begin.year == today.year else (PhrasePart.OVER, months_from(begin, 12))
    )


def _since_start(match: re.Match[str], today: date) -> tuple[PhrasePart, Any]:
    return PhrasePart.SINCE, _begin(f"this {match['this']}", today)


def _half_year(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    """A half of this year."""
    if match[0][-4:].isdecimal() and match[0][-4:] != str(today.year):
        return None
    begin = date(today.year, 1 if match["half"] in ("first", "上") else 7, 1)
    span = months_from(begin, 6)
    if begin > today:
        return PhrasePart.FUTURE, begin
    return (PhrasePart.SINCE, begin) if span.until >= today else (PhrasePart.OVER, span)


def _quarter(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    """A quarter; without a year the last one that has begun."""
    place = "一二三四".find(match["q"]) + 1 or int(match["q"])
    year = int(match["y"]) if match["y"] else today.year
    begin = date(year, 3 * place - 2, 1)
    if begin > today and not match["y"]:
        begin = date(year - 1, 3 * place - 2, 1)
    if begin > today:
        return PhrasePart.FUTURE, begin
    span = months_from(begin, 3)
    if match.groupdict().get("since") or span.until >= today:
        return PhrasePart.SINCE, begin
    return PhrasePart.OVER, span


def _again(pattern: str, name: str) -> str:
    """A pattern of a day under other names of its groups."""
    return re.sub(r"\(\?P<(\w+)>", rf"(?P<{name}_\1>", pattern)


def _between(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    ends = []
    for name in "ab":
        parts = {
            key.removeprefix(f"{name}_"): value
            for key, value in match.groupdict().items()
            if key.startswith(f"{name}_")
        }
        ends.append((day_of(parts, today), parts.get("d")))
    (begin, _), (end, written) = ends
    if begin is None or end is None:
        return None
    until = end if written else months_from(end, 1).until
    if begin > until or begin > today:
        return None
    return (PhrasePart.SINCE, begin) if until >= today else (PhrasePart.OVER, EndedPeriod(begin, until))


def _ago(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    """More than 60 days ago: as long is it since the last one."""
    found = _length(match, today)
    return None if found is None else (PhrasePart.AGO, found[1])


def _count(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    count = number_of(match["n"])
    return (PhrasePart.COUNT, count) if count else None


def _first(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    named = match.groupdict()
    count = number_of(named.get("digits") or match["n"])
    if not count:
        return None
    is_top = ("at_most" not in named and named.get("top", "top") == "top") or named.get("big")
    return PhrasePart.TOP if is_top else PhrasePart.FIRST, count
