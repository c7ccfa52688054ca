"""The occasions of greetings: whose customers are greeted, and when each one is.

A care plan names them by these ids. Their days come from `bot.services.care.occasion_days`.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import structlog

from bot.errors import N_, Phrase
from bot.services.care import occasion_days
from bot.services.care.occasion_days import OccasionDay
from bot.working_days.countries import code_of
from grading.scheme.model import Name

log = structlog.get_logger()

EVERYWHERE = "*"
_FOR_THE_DEAD = re.compile(
    r"qing\s?ming|c[hq]eng\s?ming|ching\s?ming|tomb.?sweeping|grave.?sweeping|清明", re.IGNORECASE
)
_CHINESE = "CN HK MO TW"
_CHRISTMAS = """
AD AO AR AT AU BB BE BO BR BS BW BZ CA CH CL CO CR CY CZ DE DK DM DO EC EE ES FI FJ FO FR GB GD GL GR GT GY HK HN HR HT
HU IE IS IT JM KE KR LI LS LT LU LV MC MO MT MW MX NA NI NL NO NZ PA PE PG PH PL PR PT PY RO RW SE SG SI SK SM SR SV SZ
TL TO TT UG US UY VA VE WS ZA ZM ZW BG
"""
_EASTER = """
AD AR AT AU BE BR CA CH CL CO CR CZ DE DK EE ES FI FO FR GB GT HN HR HU IE IS IT LI LT LU LV MC MT NA NI NL NO NZ PA PE
PH PL PR PT PY SE SI SK SM SV VA ZA
"""
_MUSLIM = "AE AF AZ BD BH BN DZ EG ID IQ JO KW LY MA MV MY OM PK PS QA SA SD SY TN TR UZ YE"


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """An occasion, and the ISO codes of the countries whose customers are greeted; "*" is every country."""

    id: str
    name: Name
    countries: frozenset[str]

    def suits(self, code: str | None) -> bool:
        """Whether customers of a country, by its ISO code, are greeted."""
        return EVERYWHERE in self.countries or code in self.countries


def _all(*rows: tuple[str, str, str, str]) -> dict[str, Occasion]:
    return {
        occasion_id: Occasion(id=occasion_id, name=Name(en=en, zh=zh), countries=frozenset(countries.split()))
        for occasion_id, en, zh, countries in rows
    }


OCCASIONS = _all(
    ("new_year", "New Year", "元旦", EVERYWHERE),
    ("spring_festival", "Spring Festival", "春节", f"{_CHINESE} SG MY"),
    ("lantern", "Lantern Festival", "元宵节", _CHINESE),
    ("dragon_boat", "Dragon Boat Festival", "端午节", _CHINESE),
    ("mid_autumn", "Mid-Autumn Festival", "中秋节", f"{_CHINESE} SG"),
    ("national_day_cn", "China's National Day", "国庆节", "CN"),
    ("seollal", "Seollal (Korean New Year)", "韩国春节", "KR"),
    ("chuseok", "Chuseok", "韩国中秋节", "KR"),
    ("tet", "Tết (Vietnamese New Year)", "越南春节", "VN"),
    ("songkran", "Songkran (Thai New Year)", "泼水节", "TH"),
    ("nowruz", "Nowruz", "诺鲁孜节", "AZ IR KG KZ TJ TM UZ"),
    ("eid_al_fitr", "Eid al-Fitr", "开斋节", f"{_MUSLIM} IR KG"),
    ("eid_al_adha", "Eid al-Adha", "宰牲节", f"{_MUSLIM} IR KG KZ"),
    ("diwali", "Diwali", "排灯节", "IN MU"),
    ("rosh_hashanah", "Rosh Hashanah", "犹太新年", "IL"),
    ("easter", "Easter", "复活节", _EASTER),
    ("orthodox_easter", "Orthodox Easter", "东正教复活节", "BG CY GE GR MD ME MK RO RS UA"),
    ("thanksgiving_ca", "Thanksgiving (Canada)", "加拿大感恩节", "CA"),
    ("thanksgiving_us", "Thanksgiving (United States)", "美国感恩节", "PR US"),
    ("christmas", "Christmas", "圣诞节", f"{_CHRISTMAS} UA"),
    ("orthodox_christmas", "Orthodox Christmas", "东正教圣诞节", "BY GE MD ME MK RS RU"),
)


@lru_cache(maxsize=4_000)
def days(occasion_id: str, year: int) -> tuple[OccasionDay, ...]:
    """Its days in a year, which are two where an Islamic year ends within it; none when nothing is known. Never raises."""
    try:
        return occasion_days.days(occasion_id, year)
    except Exception as error:  # so that one occasion never stops the care of all customers
        log.warning("occasion.undated", occasion=occasion_id, year=year, error=repr(error))
        return ()


def day(occasion_id: str, year: int) -> OccasionDay | None:
    """Its first day in a year; None when it is not known."""
    return next(iter(days(occasion_id, year)), None)


@lru_cache(maxsize=20_000)
def next_day(occasion_id: str, after: date) -> OccasionDay | None:
    """Its first day that is not before `after`; None when none is known within two years."""
    for year in range(after.year, after.year + 3):
        for found in days(occasion_id, year):
            if found.day >= after:
                return found
    return None


def suiting(ids: Iterable[str], country: str | None) -> list[str]:
    """Those of the occasions for which a customer of a country is greeted, in their order."""
    return list(_suiting(tuple(ids), country))


@lru_cache(maxsize=10_000)
def _suiting(ids: tuple[str, ...], country: str | None) -> tuple[str, ...]:
    code = code_of(country)
    return tuple(one for one in ids if one in OCCASIONS and OCCASIONS[one].suits(code))


def refusal(*words: str) -> Phrase | None:
    """Why a plan may not greet on a holiday that these words name; None when it may."""
    if any(_FOR_THE_DEAD.search(word) for word in words):
        return Phrase(
            N_("Qingming (Tomb-Sweeping Day) is for the dead of a family: nobody is greeted then; remove it")
        )
    return None


def id_refusal(occasion_id: str) -> Phrase | None:
    """Why a plan may not name this id; None when it may."""
    if (found := refusal(occasion_id)) is not None:
        return found
    if occasion_id in OCCASIONS:
        return None
    near = difflib.get_close_matches(occasion_id, OCCASIONS, n=1)
    if near:
        return Phrase(
            N_("there is no occasion %(given)s; did you mean %(near)s?"),
            given=repr(occasion_id),
            near=near[0],
        )
    return Phrase(
        N_("there is no occasion %(given)s; use one of %(known)s"),
        given=repr(occasion_id),
        known=", ".join(OCCASIONS),
    )


def undated(ids: Iterable[str], today: date) -> list[Phrase]:
    """A sentence for each occasion that has no day in this year or in one of the next five."""
    problems = []
    for occasion_id in dict.fromkeys(ids):
        years = [year for year in range(today.year, today.year + 6) if not days(occasion_id, year)]
        if years:
            problems.append(
                Phrase(
                    N_(
                        "occasion %(occasion)s has no date in %(years)s, so nobody would be greeted;"
                        " install a newer Tierbot, or remove it from the plan"
                    ),
                    occasion=occasion_id,
                    years=", ".join(map(str, years)),
                )
            )
    return problems
