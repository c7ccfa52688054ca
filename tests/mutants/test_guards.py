"""The table of guards fits the code: each text is found once, each test exists."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.table import ROOT, Guard, faults, guards


def test_the_table_fits_the_code() -> None:
    assert faults(guards()) == []


ASKED = re.compile(
    r"(?:access\.(?:require|customer_for|visible_owners|list_scope|can)|(?<![\w.])can|\.may_see)\("
)


def test_every_place_that_asks_for_a_right_is_a_guard() -> None:
    """Whoever adds one adds the test that misses it."""
    known = guards()
    unguarded = []
    for path in sorted((ROOT / "bot").rglob("*.py")):
        text, file = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        spans = [
            range(text.index(one.find), text.index(one.find) + len(one.find))
            for one in known
            if one.file == file
        ]
        for call in ASKED.finditer(text):
            line = text[: call.start()].count("\n") + 1
            if not text[: call.start()].endswith("def ") and not any(call.start() in span for span in spans):
                unguarded.append(f"{file}:{line}")
    assert unguarded == []


SMALL = Guard(
    name="a positive number",
    file="count.py",
    find="n > int(0)",
    replace="True",
    tests=("test_count.py::test_none",),
)


def write_product(folder: Path) -> Path:
    """A product of one file and its tests."""
    (folder / "count.py").write_text("def counted(n: int) -> bool:\n    return n > int(0)\n")
    (folder / "test_count.py").write_text(
        "from count import counted\n\ndef test_none():\n    assert not counted(0)\n\ndef test_one():\n    assert counted(1)\n"
    )
    return folder


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"find": "n >= 0"}, "its text is 0 times in count.py"),
        ({"find": "int", "replace": "bool"}, "its text is 2 times in count.py"),
        ({"file": "gone.py"}, "there is no file gone.py"),
        ({"replace": "n > int(0)"}, "it removes nothing"),
        ({"replace": "n >"}, "is no Python"),
        ({"tests": ()}, "names no test"),
        ({"tests": ("test_count.py::test_two",)}, "there is no test test_count.py::test_two"),
    ],
)
def test_a_row_that_no_longer_fits_is_named(tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    product = write_product(tmp_path)
    assert faults([SMALL], product) == []
    (problem,) = faults([replace(SMALL, **wrong)], product)  # type: ignore[arg-type]
    assert said in problem
