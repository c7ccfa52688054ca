"""docs/customer-profile.md and its Chinese sister are held against the shipped fields and the rights."""

import re
from pathlib import Path

import pytest

from bot.services.access import RIGHTS, Act, Scope
from bot.services.traits.fields import TraitField, TraitFields, load_fields, shipped_fields
from db.book.people import PersonRole

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {"customer-profile.md": "en", "customer-profile.zh.md": "zh"}
TEXTS = {page: (DOCS / page).read_text(encoding="utf-8") for page in PAGES}
WORDS = {
    "en": {
        "several": "several",
        "choice": "choice",
        "number": "number",
        "text": "text",
        "persons": "persons",
    },
    "zh": {"several": "多个", "choice": "选择", "number": "数字", "text": "文字", "persons": "个人"},
}
SCOPES = {
    "en": {
        Scope.OWN: "own",
        Scope.TEAMS: "team",
        Scope.SEEN: "seen",
        Scope.GIVEN: "given",
        Scope.BOOK: "all",
    },
    "zh": {
        Scope.OWN: "自己的",
        Scope.TEAMS: "团队的",
        Scope.SEEN: "可见的",
        Scope.GIVEN: "交办的",
        Scope.BOOK: "全部",
    },
}


def rows(page: str, first: str) -> list[list[str]]:
    """The cells of the table whose head begins with a text."""
    lines = TEXTS[page].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(first)) + 2
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line[1:-1].split("|")])
    return found


@pytest.mark.parametrize(("page", "language"), PAGES.items())
def test_the_table_of_fields_is_that_of_the_shipped_file(page: str, language: str) -> None:
    words = WORDS[language]
    found = rows(page, "| field |" if language == "en" else "| 字段 |")
    assert [row[0].strip("`") for row in found] == [field.id for field in shipped_fields().fields]
    for row, field in zip(found, shipped_fields().fields, strict=True):
        assert row[1].startswith(words[field.type]), field.id
        assert (words["several"] in row[1]) == field.several, field.id
        assert re.findall(r"`(\w+)`", row[1]) == [value.id for value in field.values], field.id
        assert (bool(row[2]), words["persons"] == row[3]) == (
            field.card or field.personal,
            field.of == "persons",
        )


@pytest.mark.parametrize("page", PAGES)
def test_every_key_of_the_file_is_explained_and_the_example_can_be_read(page: str, tmp_path: Path) -> None:
    keys = {row[0].strip("`") for row in rows(page, "| key |" if page == "customer-profile.md" else "| 键 |")}
    known = {*TraitFields.model_fields, *TraitField.model_fields} - {"id", "name", "values"}
    assert keys == known
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXTS[page], re.DOTALL)
    own = tmp_path / "own.yaml"
    own.write_text(example, encoding="utf-8")
    fields = load_fields(own)
    assert [field.id for field in fields.fields] == ["loyalty", "education"]


@pytest.mark.parametrize(("page", "language"), PAGES.items())
def test_the_table_of_rights_is_that_of_the_code(page: str, language: str) -> None:
    table = rows(page, "| | viewer" if language == "en" else "| | 只读人员")
    for row, act in zip(table, (Act.SEE, Act.UNMASK, Act.LOG_CONTACT, Act.IMPORT), strict=True):
        shown = [words(RIGHTS[act][role], language) for role in PersonRole]
        assert row[1:] == shown, act


def words(scope: Scope, language: str) -> str:
    """A scope as the tables write it: team stands for own as well."""
    known = SCOPES[language]
    if Scope.BOOK in scope:
        return known[Scope.BOOK]
    parts = [part for part in (Scope.OWN, Scope.TEAMS, Scope.SEEN, Scope.GIVEN) if part in scope]
    if Scope.TEAMS in parts:
        parts.remove(Scope.OWN)
    return (", " if language == "en" else "、").join(known[part] for part in parts) or "–"
