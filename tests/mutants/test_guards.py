"""The table of guards fits the code: each text is found once, each test exists."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.table import Guard, faults, guards


def test_the_table_fits_the_code() -> None:
    assert faults(guards()) == []


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
