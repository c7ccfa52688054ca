"""What is known of the demo's customers besides figures: needs, what they value, problems, opportunities, competitors."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from bot.demo.book.profiles import ACME, FALLING, Profile

COLUMNS = "customer as_of needs benefits problems opportunities competitors author"
_EVERY = 3  # of so many customers one has a profile
_OPEN = 0.5  # of the profiles name an opportunity
_ONLY_BEHIND = {ACME, FALLING}  # nothing of them stands on the card: examples of the documentation show it
_VALUED = ("price", "quality", "speed", "service", "safety")
_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "needs": ("spare parts within two days", "drawings in PDF", "one contact for all sites", "seals for hot water"),
        "problems": ("long lead times", "stock of spare parts too small", "changes of order come by telephone"),
        "opportunities": ("second line in planning", "service contract ends next year", "a sister company in Ghent"),
        "competitors": ("Pumpwell", "Nordventil", "a local dealer"),
    },
    "zh": {
        "needs": ("两天内供应备件", "图纸提供 PDF 版", "各厂区统一对接人", "耐高温密封件"),
        "problems": ("交期偏长", "备件库存不足", "订单变更靠电话通知"),
        "opportunities": ("正在规划第二条产线", "服务合同明年到期", "兄弟公司有采购计划"),
        "competitors": ("甲乙泵业", "北辰阀门", "本地经销商"),
    },
}  # fmt: skip


class DemoTraits(NamedTuple):
    """A row of the file, by COLUMNS."""

    customer: str
    as_of: date
    needs: str
    benefits: str
    problems: str
    opportunities: str
    competitors: str
    author: str


def draw_customer_profiles(profiles: Sequence[Profile], *, today: date, seed: int) -> list[DemoTraits]:
    """What is known of every third customer, with the account manager as author."""
    rng = np.random.default_rng([seed, 6])
    return [_draw(rng, profile, today) for profile in profiles[::_EVERY]]


def _draw(rng: np.random.Generator, profile: Profile, today: date) -> DemoTraits:
    words = _WORDS[profile.owner.language]
    drawn = {field: str(rng.choice(texts)) for field, texts in words.items()}
    is_open, behind = rng.random() < _OPEN, profile.code in _ONLY_BEHIND
    valued = [str(one) for one in rng.choice(_VALUED, size=2, replace=False)]
    return DemoTraits(
        customer=profile.code,
        as_of=today - timedelta(days=int(rng.integers(20, 400))),
        needs="" if behind else drawn["needs"],
        benefits=";".join(valued),
        problems=drawn["problems"],
        opportunities=drawn["opportunities"] if is_open and not behind else "",
        competitors=drawn["competitors"],
        author=profile.owner.name,
    )
