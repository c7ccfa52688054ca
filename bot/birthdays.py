"""Birthdays by the solar or the Chinese lunar calendar: how people write them, and their day in each year."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from bot.errors import N_, BadInput, BilingualName, Phrase, sentences

FIRST_YEAR, LAST_YEAR = 1900, 2100
_A_LEAP_YEAR = 2000
_LEAP_MONTHS = range(2, 12)  # no year from 1900 to 2100 has a leap month 1 or 12
# The first and the last lunar day that is in December in some years and in January in others.
_ROUND_THE_YEAR_END = ((11, 11), (12, 10))
_DAY_2000_01_01, _JULIAN_DAY_2000_01_01 = date(2000, 1, 1).toordinal(), 2451545


@dataclass(frozen=True, kw_only=True)
class Birthday:
    """A month and a day, with the year of birth where it is known; `year` and `month` are lunar if `lunar`."""

    month: int
    day: int
    year: int | None = None
    lunar: bool = False
    leap: bool = False  # in a leap month of the lunar calendar

    def __str__(self) -> str:
        """The text that is stored: `1985-03-08`, `--03-08`, `lunar leap 1960-06-30`."""
        calendar = "lunar leap " if self.leap else "lunar " if self.lunar else ""
        year = "-" if self.year is None else f"{self.year:04}"
        return f"{calendar}{year}-{self.month:02}-{self.day:02}"

    def day_in(self, year: int) -> date:
        """The day on which it is kept in a year, which is a lunar year for a lunar birthday: always exactly one."""
        if self.lunar:
            months = _lunar_months(year)
            first, length = months.get((self.month, self.leap)) or months[self.month, False]
            return date.fromordinal(first + min(self.day, length) - 1)
        if (self.month, self.day) == (2, 29) and not _is_leap_year(year):
            return date(year, 2, 28)
        return date(year, self.month, self.day)

    def coming(self, today: date) -> tuple[int, date]:
        """Today, or the next day on which it is kept, and the year of which it is, as `day_in` counts years."""
        for year in range(today.year - self.lunar, today.year + 1):
            if (day := self.day_in(year)) >= today:
                return year, day
        return today.year + 1, self.day_in(today.year + 1)

    @property
    def born(self) -> date | None:
        """The solar day of birth; None when the year is not known."""
        return None if self.year is None else self.day_in(self.year)

    @property
    def shown(self) -> Phrase:
        """Its month and day, and its calendar where that is the lunar one; as it can be written, too."""
        if not self.lunar:
            return Phrase(N_("%(month)s-%(day)s"), month=f"{self.month:02}", day=f"{self.day:02}")
        words = N_("lunar leap %(month)s-%(day)s") if self.leap else N_("lunar %(month)s-%(day)s")
        return Phrase(words, month=str(self.month), day=str(self.day))

    def rule(self, today: date) -> Phrase:
        """What is said where it is entered: its next day, and the days it is kept on in years that lack its own."""
        parts = [Phrase(N_("The next birthday is on %(day)s."), day=self.coming(today)[1])]
        if self.lunar and (born := self.born):
            parts.append(Phrase(N_("%(lunar)s was %(day)s."), lunar=self._date_of_birth(), day=born))
        return sentences([*parts, *self._exceptions()])

    def _date_of_birth(self) -> Phrase:
        words = N_("Lunar leap %(day)s") if self.leap else N_("Lunar %(day)s")
        english = f"{self.year}-{self.month:02}-{self.day:02}"
        return Phrase(words, day=BilingualName(english, f"{self.year}年{self.month}月{self.day}日"))

    def _exceptions(self) -> Iterator[Phrase]:
        month = str(self.month)
        if (self.month, self.day, self.lunar) == (2, 29, False):
            yield Phrase(N_("In years without February 29 it is kept on February 28."))
        if not self.lunar:
            return
        if self.leap:
            yield Phrase(
                N_("In years without a leap month %(month)s it is kept in month %(month)s."), month=month
            )
        elif self.month in _LEAP_MONTHS:
            yield Phrase(
                N_("In years with a leap month %(month)s it is kept in the regular month %(month)s only."),
                month=month,
            )
        if self.day == 30:
            yield Phrase(N_("Where that month has 29 days it is kept on the 29th."))
        first, last = _ROUND_THE_YEAR_END
        if first <= (self.month, self.day) <= last:
            yield Phrase(
                N_(
                    "It is in December or in January, so a calendar year can have it twice or not at all;"
                    " it is greeted once in every lunar year."
                )
            )


def _is_leap_year(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@lru_cache(maxsize=400)
def _lunar_months(year: int) -> dict[tuple[int, bool], tuple[int, int]]:
    """The months of a lunar year, by number and whether they are leap: the ordinal of the first day, and the length."""
    from lunar_python import LunarYear

    return {
        (abs(month.getMonth()), month.isLeap()): (
            _DAY_2000_01_01 + int(month.getFirstJulianDay()) - _JULIAN_DAY_2000_01_01,
            month.getDayCount(),
        )
        for month in LunarYear(year).getMonthsInYear()
    }


_STORED = re.compile(r"(?P<lunar>lunar )?(?P<leap>leap )?(?P<year>\d{4}|-)-(?P<month>\d\d)-(?P<day>\d\d)")
_LUNAR_WORDS = re.compile(r"^(农历|農曆|农曆|阴历|陰曆|旧历|舊曆|夏历|夏曆|lunar)\s*", re.IGNORECASE)
_SOLAR_WORDS = re.compile(r"^(公历|公曆|阳历|陽曆|新历|新曆|国历|國曆|solar)\s*", re.IGNORECASE)
_LEAP_WORDS = re.compile(r"(闰|閏|\bleap\b)\s*", re.IGNORECASE)
_NUMERAL = "〇零一二三四五六七八九十廿卅初正冬腊臘两0-9"
_CHINESE = re.compile(
    rf"(?:(?P<year>[〇零一二三四五六七八九0-9]{{4}})年)?(?P<month>[{_NUMERAL}]{{1,2}})月(?P<day>[{_NUMERAL}]{{1,3}})(?P<end>[日号號]?)"
)
_ONLY_LUNAR = re.compile(r"^[正冬腊臘]月|月初|月廿")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})|(?P<all>\d{8})")
_MONTH_FIRST = re.compile(r"(?:--)?(?P<month>\d\d)-(?P<day>\d\d)")
_MONTH_DASH_DAY = re.compile(r"(?:--)?(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})?")
_EITHER = re.compile(r"(?P<one>\d{1,2})([-/.])(?P<other>\d{1,2})(?:\2(?P<year>\d{4}))?")
_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_ORDINAL = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_IN_WORDS = (
    re.compile(rf"{_ORDINAL}\s*(?:of\s+)?{_MONTH_NAME}(?:,?\s*(?P<year>\d{{4}}))?", re.IGNORECASE),
    re.compile(rf"{_MONTH_NAME}\s*{_ORDINAL}(?:,?\s+(?P<year>\d{{4}}))?", re.IGNORECASE),
)
_DIGITS = {"〇": 0, "零": 0} | {sign: number for number, sign in enumerate("一二三四五六七八九", start=1)}
_MONTHS_BY_NAME = {"正": 1, "冬": 11, "腊": 12, "臘": 12}


@lru_cache(maxsize=50_000)
def read_birthday(text: str) -> Birthday:
    """A birthday as people write it, or as it is stored. Raises BadInput with what to write."""
    given = text.strip()
    if stored := _STORED.fullmatch(given):
        return _real(given, _of_numbers(stored, lunar=bool(stored["lunar"]), leap=bool(stored["leap"])))
    plain = unicodedata.normalize("NFKC", given)
    lunar = bool(_LUNAR_WORDS.match(plain))
    solar = bool(_SOLAR_WORDS.match(plain))
    plain = _SOLAR_WORDS.sub("", _LUNAR_WORDS.sub("", plain))
    plain, leaps = _LEAP_WORDS.subn("", plain)
    lunar = lunar or bool(leaps) or bool(not solar and _ONLY_LUNAR.search(plain))
    plain = plain.strip()
    if solar and lunar:
        raise _not_understood(given)
    birthday = _in_chinese(given, plain, lunar=lunar, solar=solar) or (
        _lunar_in_numbers(plain) if lunar else _solar_in_numbers(given, plain)
    )
    if birthday is None:
        raise _not_understood(given)
    return _real(given, replace(birthday, leap=bool(leaps)))


def _of_numbers(found: re.Match[str], *, lunar: bool = False, leap: bool = False) -> Birthday:
    year = found.groupdict().get("year")
    return Birthday(
        year=int(year) if year and year != "-" else None,
        month=int(found["month"]),
        day=int(found["day"]),
        lunar=lunar,
        leap=leap,
    )


def _in_chinese(given: str, plain: str, *, lunar: bool, solar: bool) -> Birthday | None:
    """八月十五, 3月8日, 一九八五年三月八日; None when it is not written so."""
    found = _CHINESE.fullmatch(plain.replace(" ", ""))
    if not found:
        return None
    in_digits = (found["month"] + found["day"]).isdigit()
    if not (lunar or solar or in_digits or found["end"]):
        raise BadInput(N_("%(text)s can be lunar or solar; write 农历%(text)s or 公历%(text)s"), text=given)
    month, day = _MONTHS_BY_NAME.get(found["month"]) or _number(found["month"]), _number(found["day"])
    if month is None or day is None:
        return None
    year = found["year"] and int("".join(str(_DIGITS.get(sign, sign)) for sign in found["year"]))
    return Birthday(year=year or None, month=month, day=day, lunar=lunar)


def _number(numeral: str) -> int | None:
    """The number of a Chinese numeral up to 39, or of digits; None when it is neither."""
    if numeral.isdigit() and numeral.isascii():
        return int(numeral)
    numeral = numeral.removeprefix("初").replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = numeral.rpartition("十")
    if (tens and tens not in _DIGITS) or (ones and ones not in _DIGITS) or not numeral:
        return None
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


def _lunar_in_numbers(plain: str) -> Birthday | None:
    """8-15, 1960-08-15: the month is always first."""
    found = _YEAR_FIRST.fullmatch(plain) or _MONTH_DASH_DAY.fullmatch(plain)
    if not found or found.groupdict().get("all"):
        return None
    return _of_numbers(found, lunar=True)


def _solar_in_numbers(given: str, plain: str) -> Birthday | None:
    if found := _YEAR_FIRST.fullmatch(plain):
        if together := found["all"]:
            return Birthday(year=int(together[:4]), month=int(together[4:6]), day=int(together[6:]))
        return _of_numbers(found)
    if found := _MONTH_FIRST.fullmatch(plain) or _DAY_FIRST.fullmatch(plain):
        return _of_numbers(found)
    for pattern in _IN_WORDS:
        if found := pattern.fullmatch(plain):
            month = _MONTH_NAMES.index(found["name"][:3].lower()) + 1
            year = found["year"]
            return Birthday(year=int(year) if year else None, month=month, day=int(found["day"]))
    return _with_one_reading(given, plain)


def _with_one_reading(given: str, plain: str) -> Birthday | None:
    """25/3 and 3/25 are both March 25; 8/3 is refused, because it is March 8 to some and August 3 to others."""
    found = _EITHER.fullmatch(plain)
    if not found:
        return None
    one, other = int(found["one"]), int(found["other"])
    year = int(found["year"]) if found["year"] else None
    readings = {(month, day) for month, day in ((one, other), (other, one)) if 1 <= month <= 12}
    if len(readings) > 1:
        first, second = (
            str(Birthday(year=year, month=month, day=day)).removeprefix("--")
            for month, day in ((other, one), (one, other))
        )
        raise BadInput(
            N_("%(text)s can be two days; write %(first)s or %(second)s, the month before the day"),
            text=given,
            first=first,
            second=second,
        )
    return next((Birthday(year=year, month=month, day=day) for month, day in readings), None)


def _not_understood(given: str) -> BadInput:
    return BadInput(
        N_(
            "%(text)s is not understood; write 1985-03-08, or 03-08 without the year, or lunar 08-15,"
            " or lunar leap 06-30 for a leap month"
        ),
        text=repr(given),
    )


def _real(given: str, birthday: Birthday) -> Birthday:
    """The birthday, if its calendar has that day. Raises BadInput where it has not."""
    year, month, day = birthday.year, birthday.month, birthday.day
    if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput(
            N_("%(text)s: the year must be from %(first)s to %(last)s"),
            text=given,
            first=str(FIRST_YEAR),
            last=str(LAST_YEAR),
        )
    if not birthday.lunar:
        try:
            date(year or _A_LEAP_YEAR, month, day)
        except ValueError:
            raise BadInput(N_("%(text)s: the calendar has no such day"), text=given) from None
        return birthday
    if not (1 <= month <= 12 and 1 <= day <= 30):
        raise BadInput(N_("%(text)s: a lunar month is from 1 to 12, and its day from 1 to 30"), text=given)
    if birthday.leap and month not in _LEAP_MONTHS:
        raise BadInput(N_("%(text)s: no year has a leap month %(month)s"), text=given, month=str(month))
    if year is not None:
        _check_lunar_year(given, birthday, year)
    return birthday


def _check_lunar_year(given: str, birthday: Birthday, year: int) -> None:
    found = _lunar_months(year).get((birthday.month, birthday.leap))
    if found is None:
        raise BadInput(
            N_("%(text)s: lunar year %(year)s has no leap month %(month)s"),
            text=given,
            year=str(year),
            month=str(birthday.month),
        )
    if birthday.day > found[1]:
        raise BadInput(
            N_("%(text)s: that month of lunar year %(year)s has 29 days"), text=given, year=str(year)
        )
