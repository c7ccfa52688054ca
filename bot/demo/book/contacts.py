"""The contacts with the demo's customers: visits, calls, reviews, training, surveys, complaints, greetings, gifts."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from bot.demo.book.knowledge import DemoFact
from bot.demo.book.orders import spring_festival
from bot.demo.book.profiles import FALLING, Profile

_DAYS = 730
_LATE_EVERY = 15  # of so many customers one has been neglected
_NO_REVISIT = (
    "training",
    "review",
    "survey",
    "complaint",
    "greeting",
    "gift",
)  # contacts that are no revisit


class DemoActivity(NamedTuple):
    """A contact with a customer, or something that happened with it."""

    customer: str
    day: date
    kind: str
    person: str
    note: str


_NOTES: dict[str, dict[str, tuple[str, ...]]] = {
    "visit": {
        "en": (
            "Walked the line with the plant manager",
            "Annual review on site",
            "Discussed next year's volumes",
            "New buyer introduced",
        ),
        "zh": ("走访车间，了解新产线进度", "年度回顾会谈", "讨论明年用量", "认识新任采购经理"),
    },
    "call": {
        "en": (
            "Delivery dates confirmed",
            "Asked about the open quotation",
            "Follow-up after delivery",
            "Price list sent",
        ),
        "zh": ("确认交期", "跟进报价", "到货后回访", "发送新价目表"),
    },
    "meeting": {
        "en": ("Quarterly meeting, online", "Technical meeting with both engineers"),
        "zh": ("季度线上会议", "双方工程师技术交流"),
    },
    "training": {
        "en": ("Operator training", "Maintenance workshop"),
        "zh": ("操作培训", "维护保养培训"),
    },
    "review": {
        "en": ("Went through orders and deliveries of the quarter", "Reviewed results and plans"),
        "zh": ("逐项回顾本季订货与交付", "回顾成果，商定计划"),
    },
    "credit_review": {"en": ("Limit and terms checked",), "zh": ("复核信用额度与账期",)},
    "survey": {"en": ("Satisfaction survey answered",), "zh": ("已回收满意度问卷",)},
    "complaint": {
        "en": ("Wrong parts delivered, replaced", "Surface damage in transit", "Late delivery"),
        "zh": ("发错型号，已更换", "运输中表面划伤", "交货延迟"),
    },
    "greeting": {"en": ("New Year's greetings sent",), "zh": ("春节问候",)},
    "gift": {"en": ("Year-end gift delivered",), "zh": ("送达年节礼品",)},
}


def draw_activities(
    profiles: list[Profile], facts: list[DemoFact], *, today: date, seed: int
) -> list[DemoActivity]:
    """Two years of contacts, oldest first: good customers are seen often, some visits are overdue."""
    known = {(fact.customer, fact.field): fact for fact in facts}  # the newest of each is the last
    found = {}
    for profile in profiles:
        rng = np.random.default_rng([seed, 4, profile.number])
        for day, kind in _contacts(rng, profile, known, today):
            notes = _NOTES[kind][profile.owner.language]
            note = notes[int(rng.integers(len(notes)))]
            found[day, profile.code, kind] = DemoActivity(profile.code, day, kind, profile.owner.email, note)
    return [found[key] for key in sorted(found)]


def _contacts(
    rng: np.random.Generator, profile: Profile, known: dict[tuple[str, str], DemoFact], today: date
) -> list[tuple[date, str]]:
    oldest = min(_DAYS, int(profile.years * 365.25))
    found: list[tuple[date, str]] = []

    def happened(kind: str, back: float) -> None:
        day = today - timedelta(days=max(1, int(back)))
        day -= timedelta(days=max(0, day.weekday() - 4))
        if (today - day).days <= oldest:
            found.append((day, kind))

    values = {field: fact.value for (code, field), fact in known.items() if code == profile.code}
    # Most are in time, some are due. A few have not been contacted for so long that their manager hears of it.
    late = profile.number % _LATE_EVERY == 0
    for kind, gap in _gaps(profile, values).items():
        back = gap * float(rng.uniform(0.02, 1.03))
        if late and kind in ("visit", "call"):
            back = gap * float(rng.uniform(1.55, 1.75) if kind == "call" else rng.uniform(0.8, 1.2))
        while back < oldest:
            happened(kind, back)
            if kind == "visit" and not late and back > 7:
                happened("call", back - 6)  # whether everything was done that was agreed
            back += gap * float(rng.gamma(6, 1 / 6))
    survey = known.get((profile.code, "satisfaction"))
    if survey:
        happened("survey", (today - survey.day).days)
    complaints = known.get((profile.code, "complaints_per_100_orders"))
    if complaints and float(complaints.value) > 2.5:
        happened("complaint", float(rng.uniform(5, 350)))
    for year in (today.year - 1, today.year):
        festival = spring_festival(year) if profile.company.country == "CN" else date(year, 1, 3)
        if festival < today and profile.size > -0.3:
            happened("greeting", (today - festival).days)
            if profile.size > 1.0:
                happened("gift", (today - festival).days + 12)
    if profile.code == FALLING:
        # Its revisit is at its limit today, the 45th day, and nothing else of it is due.
        quiet = today - timedelta(days=45)
        found = [
            (day, kind) for day, kind in found if day < quiet - timedelta(days=20) or kind in _NO_REVISIT
        ]
        found += [(quiet, "call"), (quiet - timedelta(days=12), "visit")]
    return found


def _gaps(profile: Profile, values: dict[str, str]) -> dict[str, float]:
    """Days between two contacts of a kind, about as the care plan asks: more for big customers and for risks."""
    best, good = profile.size > 0.6, profile.size > -1.0
    gaps: dict[str, float] = {
        "visit": 85 if best else 170 if good else 330,
        "call": 29 if best else 58 if good else 115,
    }
    if good:
        gaps |= {"review": 88, "training": 175, "survey": 175}
    if float(values.get("overdue_90d_share", 0)) >= 0.2:
        gaps |= {"call": 14, "credit_review": 29}
    if values.get("credit_grade") in ("C", "D"):
        gaps |= {"call": 14}
    if values.get("operational_risk") == "high":
        gaps |= {"review": 58}
    if profile.shape == "new":
        gaps |= {"call": 14, "meeting": 30}
    if profile.thin:
        gaps |= {"call": 44}
    if values.get("market_risk") == "high":
        gaps |= {"call": min(gaps["call"], 44)}
    return gaps
