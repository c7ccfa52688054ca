"""The table of guards fits the code: each text is found once, each test exists."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.__main__ import Outcome, run
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


@pytest.fixture
def product(tmp_path: Path) -> Path:
    (tmp_path / "count.py").write_text("def counted(n: int) -> bool:\n    return n > int(0)\n")
    (tmp_path / "test_count.py").write_text(
        "from count import counted\n\ndef test_none():\n    assert not counted(0)\n\ndef test_one():\n    assert counted(1)\n"
    )
    return tmp_path


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
def test_a_row_that_no_longer_fits_is_named(product: Path, wrong: dict[str, object], said: str) -> None:
    assert faults([SMALL], product) == []
    (problem,) = faults([replace(SMALL, **wrong)], product)  # type: ignore[arg-type]
    assert said in problem


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, Outcome.KILLED),
        ({"tests": ("test_count.py::test_one",)}, Outcome.GREEN),
        ({"replace": "unknown_name"}, Outcome.KILLED),
        ({"find": "def counted", "replace": "def renamed"}, Outcome.BROKEN),
    ],
)
def test_a_guard_is_killed_when_its_test_fails_and_the_file_is_as_it_was(
    product: Path, changed: dict[str, object], outcome: Outcome
) -> None:
    before = (product / "count.py").read_text()
    assert run(replace(SMALL, **changed), product).outcome == outcome  # type: ignore[arg-type]
    assert (product / "count.py").read_text() == before
