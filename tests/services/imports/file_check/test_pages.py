"""The guide lists every finding by its name, in both languages, with what it does and what to do."""

import re
from pathlib import Path

import pytest

from bot.services.imports import KINDS
from bot.services.imports.check.findings import FINDINGS, Level

DOCS = Path(__file__).parents[4] / "docs"
LEVELS = {
    "importing.md": {level: str(level) for level in Level},
    "importing.zh.md": {Level.NOTE: "提示", Level.QUESTION: "询问", Level.REFUSAL: "拒绝"},
}


def rows(page: str) -> dict[str, tuple[str, str]]:
    """Finding -> its level and what to do, as the table of a page says."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(
        r"^\| `([a-z-]+)` \| (\w+) \| [^|]+ \| ([^|]+) \|$", text.replace(r"\|", "/"), re.MULTILINE
    )
    names = [name for name, _, _ in found]
    assert sorted(names) == sorted(set(names)), "a finding is listed twice"
    return {name: (level, answer) for name, level, answer in found}


@pytest.mark.parametrize("page", LEVELS)
def test_every_finding_is_listed_with_its_level_and_no_other(page: str) -> None:
    assert KINDS  # they declare findings of their own
    expected = {name: LEVELS[page][one.level] for name, one in FINDINGS.items()}
    assert {name: level for name, (level, _) in rows(page).items()} == expected


@pytest.mark.parametrize("page", LEVELS)
def test_what_to_do_names_the_options_that_answer(page: str) -> None:
    listed = rows(page)
    for name, one in FINDINGS.items():
        told = set(re.findall(r"--[a-z-]+", listed[name][1]))
        assert (f"--yes {name}" in listed[name][1]) == one.accept, name
        missing = set(re.findall(r"--[a-z-]+", one.answer)) - told
        assert not missing, f"{name}: {missing}"
