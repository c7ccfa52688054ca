"""Due days that are written as terms, so many days after the invoice, and days of payment that are still to come."""

import re
from dataclasses import dataclass

from bot.errors import N_, Phrase
from bot.services.imports.read.dates import Dates
from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.imports.read.text import plain

LONGEST = 366  # days
_DAYS = re.compile(
    r"(?:net|netto|n|within|innerhalb|in)?([0-9]{1,3})(?:days?|d|tagen?|天|日|jours|dias|días)?(?:net|netto|rein)?"
)
_WITH_DISCOUNT = re.compile(r"[0-9.,]+%?/[0-9]{1,2},?\s*(?:net|n)\s*/?\s*([0-9]{1,3})", re.IGNORECASE)
_DISCOUNTS = re.compile(r"[0-9.,]+ ?[%％]")
_NET = re.compile(
    r"(?:net|netto|n)\s*/?\s*([0-9]{1,3})|([0-9]{1,3})\s*(?:days?|d|tagen?|天)?\s*(?:net|netto|rein)\b",
    re.IGNORECASE,
)
_MONTHLY = re.compile(
    r"(?:(?:net)?([0-9]{1,3})(?:days?|d|tage|天)?(?:eom|endofmonth|afterendofmonth|afteremonth|nachmonatsende|abmonatsende)"
    r"|eom\+?([0-9]{1,3})(?:days?|d)?|月结([0-9]{1,3})[天日]?|月末后?([0-9]{1,3})[天日])"
)
_AT_ONCE = frozenset(
    map(
        plain,
        (
            *(
                "due on receipt",
                "upon receipt",
                "on receipt",
                "immediate",
                "immediately",
                "cash",
                "cod",
                "prepaid",
            ),
            *("现结", "现款", "现付", "款到发货", "货到付款", "立即付款"),
            *("sofort", "sofort fällig", "sofort zahlbar", "vorkasse", "bar"),
        ),
    )
)
_HEADERS = re.compile(
    r"term|netdays|duedays|creditdays|paymentdays|账期|信用期|付款条件|付款天数|zahlungsziel|zahlungsbedingung|zahlungsfrist|zieltage"
)


class MonthEnd(int):
    """So many days after the end of the month of the invoice."""


@dataclass(frozen=True, kw_only=True)
class DueDays:
    """Reads a day as ISO text, or the terms as the number of days after the invoice, or after its month."""

    days: Dates

    def __call__(self, text: str) -> str | int | RefusedValue | None:
        found = read_term(text)
        if found is not None:
            return found
        day = self.days(text)
        if isinstance(day, RefusedValue) and not any(sign in text for sign in "-/.年"):
            return RefusedValue(
                Phrase(
                    N_("%(cell)s is neither a day nor terms; write it as 2026-03-05 or as 30 for 30 days"),
                    cell=repr(clip(text)),
                )
            )
        return day


_NOT_YET = frozenset(
    plain(one)
    for one in (
        *(
            "0",
            "open",
            "unpaid",
            "not paid",
            "not yet",
            "not yet paid",
            "outstanding",
            "overdue",
            "past due",
            "pending",
            "due",
        ),
        *(
            "awaiting payment",
            "to be paid",
            "tbd",
            "未付",
            "未付款",
            "未支付",
            "未收",
            "未收款",
            "未回款",
            "未结清",
            "未核销",
            "未到账",
        ),
        *(
            "逾期",
            "已逾期",
            "待付款",
            "待收款",
            "待支付",
            "待回款",
            "欠款",
            "offen",
            "noch offen",
            "unbezahlt",
            "nicht bezahlt",
        ),
        *(
            "ausstehend",
            "überfällig",
            "fällig",
            "impayé",
            "impayée",
            "pendiente",
            "vencida",
            "da pagare",
            "openstaand",
        ),
    )
)


@dataclass(frozen=True, kw_only=True)
class PaidDays:
    """Reads the day of payment as ISO text; a word that it is still to come is an empty cell."""

    days: Dates

    def __call__(self, text: str) -> str | RefusedValue | None:
        return None if plain(text) in _NOT_YET else self.days(text)


def read_term(text: str) -> int | None:
    """The days of terms such as 30, net 30, 2/10 net 30, 30 EOM or due on receipt; None for anything else."""
    said = plain(text)
    monthly = _MONTHLY.fullmatch(said)
    if monthly is not None:
        days = int(next(one for one in monthly.groups() if one))
        return None if days > LONGEST else MonthEnd(days)
    found = _WITH_DISCOUNT.fullmatch(text.strip()) or _DAYS.fullmatch(said)
    if found is None and _DISCOUNTS.search(text):
        found = _NET.search(_DISCOUNTS.sub("", text))
    if found is not None:
        days = int(next(one for one in found.groups() if one))
        return None if days > LONGEST or text.strip() == "0" else days  # a day of 0 is no day
    return 0 if said in _AT_ONCE else None


def of_terms(header: str) -> bool:
    """Whether a header may be that of terms."""
    return _HEADERS.search(plain(header)) is not None
