"""The contacts with the demo's customers: visits, calls, surveys, training, complaints, greetings, gifts."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from bot.demo.book.knowledge import DemoFact
from bot.demo.book.orders import spring_festival
from bot.demo.book.profiles import Profile

_DAYS = 730


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

    # Bigger customers are visited more often; some visits are overdue, so that reminders are due.
    gap = float(np.clip(120 * np.exp(-0.45 * profile.size + rng.normal(0, 0.35)), 25, 400))
    back = gap * float(rng.uniform(0.1, 1.35))
    while back < oldest:
        happened("visit", back)
        back += gap * float(rng.gamma(6, 1 / 6))
    back = gap * float(rng.uniform(0.05, 1.0))
    while back < oldest:
        happened("call" if rng.random() < 0.8 else "meeting", back)
        back += gap * 1.3 * float(rng.gamma(4, 1 / 4))
    training = known.get((profile.code, "training_sessions_12m"))
    for _ in range(min(int(training.value), 6) if training else 0):
        happened("training", float(rng.uniform(5, 360)))
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
    return found
