"""The guide lists every finding and every option, in both languages, with what it does and what to do."""

import re
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from bot.cli.imports import command_group
from bot.services.grade.score_file import UNREAD_COLUMN
from bot.services.imports import KINDS
from bot.services.imports.check.findings import FINDINGS, Level

DOCS = Path(__file__).parents[4] / "docs"
LEVELS = {
    "importing.md": {level: str(level) for level in Level},
    "importing.zh.md": {Level.NOTE: "提示", Level.QUESTION: "询问", Level.REFUSAL: "拒绝"},
}
OPTION = r"(?<![\w-])--[a-z]+(?:-[a-z]+)*"


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def rows(page: str) -> dict[str, tuple[str, str]]:
    """Finding -> its level and what to do, as the tables of a page say."""
    level = "|".join(LEVELS[page].values())
    found = re.findall(rf"^\| `([a-z-]+)` \| ({level}) \| [^|]+ \| ([^|]+) \|$", text_of(page), re.MULTILINE)
    names = [name for name, _, _ in found]
    assert sorted(names) == sorted(set(names)), "a finding is listed twice"
    return {name: (level, answer) for name, level, answer in found}


def options() -> set[str]:
    """The options of the import of a file; those of all kinds are the same."""
    group = get_command(command_group())
    command = group.get_command(typer.Context(group), "orders")  # type: ignore[attr-defined]
    return {option for one in command.params for option in one.opts if option.startswith("--")} - {"--help"}


@pytest.mark.parametrize("page", LEVELS)
def test_every_finding_is_listed_with_its_level_and_no_other(page: str) -> None:
    assert KINDS  # they and `score` declare findings of their own
    assert UNREAD_COLUMN.name in FINDINGS
    expected = {name: LEVELS[page][one.level] for name, one in FINDINGS.items()}
    assert {name: level for name, (level, _) in rows(page).items()} == expected


@pytest.mark.parametrize("page", LEVELS)
def test_what_to_do_names_the_options_that_answer(page: str) -> None:
    listed = rows(page)
    for name, one in FINDINGS.items():
        accepting = re.findall(r"--yes ([a-z-]+)", listed[name][1])
        assert accepting == ([name] if one.accept else []), name
        missing = set(re.findall(OPTION, one.answer)) - set(re.findall(OPTION, listed[name][1]))
        assert not missing, f"{name}: {missing}"


@pytest.mark.parametrize("page", LEVELS)
def test_the_table_of_flags_has_every_option_and_no_page_names_another(page: str) -> None:
    flags = re.findall(rf"^\| `({OPTION})[^|]*(?:\\\|[^|]*)?\| [^|]+ \|$", text_of(page), re.MULTILINE)
    assert sorted(flags) == sorted(options())
    assert set(re.findall(OPTION, text_of(page))) == options()


@pytest.mark.parametrize(
    ("page", "title"), [("importing.md", "A column that is missing"), ("importing.zh.md", "缺少某一列时")]
)
def test_every_optional_column_is_listed_with_what_it_means_where_it_is_missing(
    page: str, title: str
) -> None:
    section = text_of(page).split(f"### {title}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z_, ]+) \| [^|]+ \|$", section, re.MULTILINE)
    listed = [(kind, name) for kind, names in rows for name in names.split(", ")]
    optional = [(kind, one.name) for kind, made in KINDS.items() for one in made.fields if not one.required]
    assert sorted(listed) == sorted(optional)
