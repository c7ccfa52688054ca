"""The pages about occasions, held against the code."""

import re

import pytest
from jinja2 import Template

from bot.services.care import occasions
from bot.services.care.occasions import OCCASIONS, Occasion
from bot.settings import ROOT
from bot.wording.greeting_texts import MOST_CHARACTERS
from bot.wording.rendering import Renderer

PAGES = pytest.mark.parametrize("page", ["occasions.md", "occasions.zh.md"])


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def days_of(occasion: Occasion, year: int) -> str:
    return " ".join(
        f"{'~' if one.estimated else ''}{one.day:%m-%d}" for one in occasions.days(occasion.id, year)
    )


@PAGES
def test_the_table_has_every_occasion_with_its_countries_and_days(page: str) -> None:
    rows = [line.strip("| ").split(" | ") for line in text_of(page).splitlines() if line.startswith("| `")]
    chinese = page.endswith("zh.md")
    every = "所有国家和地区" if chinese else "every country"
    assert [(row[0], row[1], row[2], row[4], row[5]) for row in rows] == [
        (
            f"`{one.id}`",
            one.name.zh if chinese else one.name.en,
            " ".join(sorted(one.countries)).replace(occasions.EVERYWHERE, every),
            days_of(one, 2027),
            days_of(one, 2028),
        )
        for one in OCCASIONS.values()
    ]
    assert all(row[3].strip() for row in rows)


@PAGES
def test_the_example_of_an_own_text_changes_a_text_that_is_there(page: str) -> None:
    (example,) = re.findall(r"```jinja\n(.*?)```", text_of(page), re.DOTALL)
    (block,) = Template(example).blocks
    shipped = Renderer().environment("en", own=False).get_template("greetings/en.jinja")
    assert block in shipped.blocks


@PAGES
def test_the_names_of_blocks_and_the_longest_text_are_as_the_page_says(page: str) -> None:
    shipped = Renderer().environment("en", own=False).get_template("greetings/en.jinja")
    assert {"other_top", "other_plain", "salutation"} <= set(shipped.blocks)
    assert f"{MOST_CHARACTERS:,}" in text_of(page)
    assert "`other_top`" in text_of(page)
    assert "`salutation`" in text_of(page)
