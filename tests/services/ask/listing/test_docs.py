"""docs/lists.md in both languages against the code: bounds, orders, risks."""

import re

import pytest

from bot.services.ask.listing import selection, team
from bot.services.ask.listing.file import MOST_IN_FILE
from bot.services.ask.questions.query import Risk, Silence, Sort
from bot.settings import ROOT
from bot.wording.answers.listing import ON_PAGE
from db.listed.rows import MOST_COUNTED


@pytest.mark.parametrize("page", ["lists.md", "lists.zh.md"])
def test_the_page_names_every_order_every_risk_and_every_bound(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for word in (*Sort, *Risk):
        assert f"`{word}`" in text
    bounds = (
        ON_PAGE,
        MOST_COUNTED,
        MOST_IN_FILE,
        team.MOST_MEMBERS,
        team.MOST_COUNTED_HOURS,
        team.MOVED_DAYS,
    )
    for number in (*bounds, int(selection.NEAR_POINTS)):
        assert re.search(rf"(?<![\d,]){number:,}(?!,?\d)", text), number


def test_a_contact_is_what_the_pages_say() -> None:
    kinds = selection.CONTACT_KINDS[Silence.CONTACT]
    english = (ROOT / "docs" / "lists.md").read_text(encoding="utf-8")
    assert f"A contact is a {', '.join(kinds[:-1])} or {kinds[-1]}." in english
