"""One word for one thing: the glossary is held against the code."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "grading", "db")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in GLOSSARY.splitlines()
    if line.startswith("| ") and not line.startswith("| word")
]


def product_files() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "versions" not in path.parts:
                yield path


def classes_in(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


@cache
def modules() -> set[str]:
    parts = (path.relative_to(ROOT).with_suffix("").parts for path in product_files())
    return {".".join(name[:-1] if name[-1] == "__init__" else name) for name in parts}


def homonyms(defined: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: places for name, places in defined.items() if len(places) > 1}


@cache
def defined_classes() -> dict[str, list[str]]:
    found = defaultdict(list)
    for path in product_files():
        for name in classes_in(path):
            found[name].append(str(path.relative_to(ROOT)))
    return dict(found)


def test_no_class_name_is_defined_twice() -> None:
    assert homonyms(defined_classes()) == {}


def test_a_class_name_that_is_defined_twice_is_found() -> None:
    assert homonyms({"Change": ["bot/a.py", "grading/b.py"], "Tier": ["bot/a.py"]}) == {
        "Change": ["bot/a.py", "grading/b.py"]
    }


def test_every_word_has_a_meaning_and_a_translation() -> None:
    assert len(ROWS) > 40
    for word, chinese, meaning, *_ in ROWS:
        assert all((word, meaning)), word
        assert re.search("[\u4e00-\u9fff]", chinese), word


@pytest.mark.parametrize("row", [row for row in ROWS if row[3]], ids=lambda row: row[0])
def test_every_name_in_the_glossary_exists(row: tuple[str, ...]) -> None:
    known = defined_classes().keys() | modules()
    assert [name for name in re.findall(r"`([\w.]+)`", row[3]) if name not in known] == []


def banned_words() -> dict[str, str]:
    """Word that is not used -> the word that is."""
    return {other.strip(): row[0] for row in ROWS for other in row[4].split(",") if other.strip()}


def misnamed(names: set[str]) -> dict[str, str]:
    """Modules and classes that are named by a word that is not used -> the word to use."""
    banned = banned_words()
    plain = {name: name.rsplit(".", 1)[-1].lstrip("_").lower() for name in names}
    return {
        name: banned[word]
        for name, whole in plain.items()
        for word in (whole, *whole.split("_"))
        if word in banned
    }


def test_no_module_or_class_is_named_by_a_word_that_is_not_used() -> None:
    assert misnamed(modules() | defined_classes().keys()) == {}


def test_a_module_that_is_named_by_a_synonym_is_found() -> None:
    assert misnamed({"bot.services.scheme_comparing", "Desk", "bot.app"}) == {
        "bot.services.scheme_comparing": "diff",
        "Desk": "dependencies",
    }


def test_no_folder_holds_more_than_fifteen_modules() -> None:
    counts: dict[str, int] = defaultdict(int)
    for path in product_files():
        if path.name != "__init__.py":
            counts[str(path.parent.relative_to(ROOT))] += 1
    assert {folder: count for folder, count in counts.items() if count > 15} == {}
