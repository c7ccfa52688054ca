"""Years that are not counted from the birth of Christ, and dates that stand for no date."""

import re
from datetime import date

from bot.errors import N_, Phrase

# Where programs keep "no date": the first day of Excel, SQL Server, Unix, .NET, Windows and MySQL, and the last day.
PLACEHOLDERS = frozenset(
    {
        (0, 0, 0),
        (1, 1, 1),
        (1000, 1, 1),
        (1601, 1, 1),
        (1753, 1, 1),
        (1899, 12, 30),
        (1899, 12, 31),
        (1900, 1, 1),
        (1970, 1, 1),
        (9999, 12, 31),
    }
)
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_ERAS |= {"M": 1867, "T": 1911, "S": 1925, "H": 1988, "R": 2018}
_ERA = re.compile(
    r"(明治|大正|昭和|平成|令和|[MTSHR](?=\.?\s?\d{1,2}[./-]))\.?\s*(元|\d{1,2})\s*[年./-]"
).match
_REPUBLIC = re.compile(
    r"(?:中華民國|中华民国|民國|民国|R\.?O\.?C\.?)\s*(\d{1,3})|0?(1\d{2})(?:[./-]\d{1,2}[./-]\d{1,2}|年.*)"
    r"|\d{1,2}[./-]\d{1,2}[./-](1\d{2})$"
).match
_REPUBLIC_COMPACT = re.compile(r"(1[0-2]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])").fullmatch
_BUDDHIST = re.compile(r"(?:พ\.?\s?ศ\.?|佛曆|佛历|B\.?E\.?)", re.IGNORECASE).search
_LUNAR = re.compile(r"农历|農曆|阴历|陰曆|腊月|臘月|正月|初[一二三四五六七八九十]|廿").search
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)").search


def is_placeholder(year: int, month: int, day: int) -> bool:
    """Whether a day stands for no date; Excel shows the number 0 as day 0 of January 1900."""
    return (year, month, day) in PLACEHOLDERS or (day == 0 and month <= 1 and year in (0, 1900))


def other_calendar(year: int, today: date) -> str | None:
    """Why a year of four digits cannot be meant as it stands, where another calendar explains it."""
    if 100 <= year <= 199:
        return _say(Phrase(N_("of the Republic of China")), year, year + 1911)
    if 1300 <= year <= 1500:
        if year <= today.year - 621 + 10:
            return _say(Phrase(N_("of the Persian or the Islamic calendar")), year, year + 621)
        return _say(Phrase(N_("of the Islamic calendar")), year, round(year * 0.970229 + 621.5774))
    if 2443 <= year <= 2700:
        return _say(Phrase(N_("of the Buddhist calendar")), year, year - 543)
    if 5660 <= year <= 5860:
        return _say(Phrase(N_("of the Hebrew calendar")), year, year - 3760)
    return None


def calendar_of(text: str, today: date) -> str | None:
    """Why a text that is no Gregorian date is a date of another calendar; None when it is none."""
    if era := _ERA(text):
        years = 1 if era[2] == "元" else int(era[2])
        return _say(Phrase(N_("of the era %(era)s"), era=era[1]), era[2], _ERAS[era[1]] + years)
    if republic := (_REPUBLIC(text) or _REPUBLIC_COMPACT(text)):
        years = int(next(filter(None, republic.groups())))
        return _say(Phrase(N_("of the Republic of China")), years, years + 1911)
    if _LUNAR(text):
        return Phrase(
            N_("is a day of the Chinese lunar calendar; write the Gregorian date, such as 2026-03-05")
        )
    year = _YEAR(text)
    if year is None:
        return None
    if _BUDDHIST(text):
        return _say(Phrase(N_("of the Buddhist calendar")), year[1], int(year[1]) - 543)
    return other_calendar(int(year[1]), today)


def _say(calendar: str, year: int | str, gregorian: int) -> str:
    return Phrase(
        N_(
            "counts years %(calendar)s (%(year)s is %(gregorian)s); write the Gregorian date, such "
            "as %(gregorian)s-03-05"
        ),
        calendar=calendar,
        year=year,
        gregorian=gregorian,
    )
