"""The pages about briefs and notes say what the product does, in both languages."""

import re
from pathlib import Path

import pytest

from bot.services.ask.brief import chart, evening, known, pack
from bot.services.ask.notes.search import MOST_FOUND
from bot.settings import Settings
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.ask.notes import MOST_NOTES

DOCS = Path(__file__).parents[3] / "docs"
BUTTONS = {
    "brief": (Action.BRIEF, Action.BRIEF_IN_FULL, Action.BRIEFS_ON, Action.BRIEFS_OFF, Action.SCORE_CHART),
    "notes": (Action.NOTES, Action.CHANGE_NOTE, Action.TAKE_BACK_NOTE),
}
PARTS = 13  # rows of the table of what a brief says


@pytest.mark.parametrize("page", BUTTONS)
@pytest.mark.parametrize(("language", "ending"), [("en", ".md"), ("zh", ".zh.md")])
def test_a_page_names_the_buttons_as_they_are_labelled(page: str, language: str, ending: str) -> None:
    text = (DOCS / f"{page}{ending}").read_text(encoding="utf-8")
    gettext = catalogue.gettext(language)
    assert [one for one in BUTTONS[page] if gettext(one.label) not in text] == []


def test_both_pages_have_the_same_parts() -> None:
    english, chinese = ((DOCS / f"brief{ending}").read_text(encoding="utf-8") for ending in (".md", ".zh.md"))
    assert len(re.findall(r"(?m)^\| ", english)) == len(re.findall(r"(?m)^\| ", chinese)) == PARTS + 1
    assert len(re.findall(r"(?m)^## ", english)) == len(re.findall(r"(?m)^## ", chinese))


def test_the_numbers_of_the_pages_are_those_of_the_product() -> None:
    brief, notes = ((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in BUTTONS)
    said = {"three": 3, "four": 4, "five": 5, "eight": 8, "ten": 10}
    assert f"at most {_word(said, known.MOST)} rows" in brief
    assert f"last {chart.MOST_POINTS} scores" in brief
    assert f"orders of {_word(said, pack.QUARTERS)} quarters" in brief
    assert evening.BEFORE_THE_END.seconds == 30 * 60
    assert Settings.model_fields["brief_at"].default == "17:30"
    assert f"{_word(said, MOST_NOTES)} to a page" in notes
    assert f"At most {_word(said, MOST_FOUND)} notes" in notes


def _word(said: dict[str, int], number: int) -> str:
    return next(word for word, value in said.items() if value == number)
