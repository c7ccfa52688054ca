"""docs/promises.md and its Chinese sister say what the code does."""

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.cli.tree import COMMANDS
from bot.services.care.answers.steps import UNDO
from bot.services.care.promises.rows import MOST_ASKED, MOST_SHOWN
from bot.services.care.promises.subject import EARLIEST, FURTHEST, asked_from
from bot.services.care.working_time import DaysOff, WorkingTime
from bot.wording import catalogue
from bot.wording.actions import Action

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {"en": "promises.md", "zh": "promises.zh.md"}
BUTTONS = (
    *(Action.PROMISE, Action.PROMISE_KEPT, Action.PROMISE_KEPT_ON, Action.POSTPONE_PROMISE),
    *(Action.WITHDRAW_PROMISE, Action.UNDO_PROMISE, Action.MORE, Action.LOG_VISIT),
)
NUMBERS = {"en": ("ten\nminutes", "five", "three", "a year"), "zh": ("十分钟", "五个", "三个", "一年")}


def page(language: str) -> str:
    return (DOCS / PAGES[language]).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", PAGES)
def test_every_button_and_command_is_named(language: str) -> None:
    text, gettext = page(language), catalogue.gettext(language)
    assert [label for action in BUTTONS if f"*{(label := gettext(action.label))}*" not in text] == []
    commands = set(re.findall(r"tierbot promise (\w+)", text))
    assert commands == set(COMMANDS["promise"])


@pytest.mark.parametrize("language", PAGES)
def test_the_numbers_are_those_of_the_code(language: str) -> None:
    assert (UNDO.seconds, MOST_SHOWN, MOST_ASKED, FURTHEST.days) == (600, 5, 3, 366)
    assert all(number in page(language) for number in NUMBERS[language])
    assert f" {EARLIEST.days} " in page(language)


@pytest.mark.parametrize(
    ("due_on", "asked"),
    [
        ("2026-06-05", "2026-06-04"),  # a Friday: Thursday
        ("2026-06-08", "2026-06-05"),  # a Monday: the Friday before
        ("2026-06-06", "2026-06-05"),  # a Saturday
        ("2026-06-17", "2026-06-12"),  # within days off: the last day of work before them
        ("2026-09-15", "2026-08-15"),  # within days off of months: 31 days before
    ],
)
def test_the_days_of_the_table_are_those_of_the_code(due_on: str, asked: str) -> None:
    off = [("2026-06-15", "2026-06-19"), ("2026-07-01", "2026-10-01")]
    working = WorkingTime(
        zone=ZoneInfo("UTC"),
        days_off=tuple(
            DaysOff(first=date.fromisoformat(first), last=date.fromisoformat(last)) for first, last in off
        ),
    )
    assert asked_from(working, date.fromisoformat(due_on)) == date.fromisoformat(asked)
