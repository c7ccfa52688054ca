"""A guard is killed when its test fails without it, and the file is as it was afterwards."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.__main__ import Outcome, run
from tests.mutants.test_guards import SMALL, write_product


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, Outcome.KILLED),
        ({"tests": ("test_count.py::test_one",)}, Outcome.GREEN),
        ({"find": "def counted", "replace": "def renamed"}, Outcome.BROKEN),
    ],
)
def test_a_guard_is_killed_when_its_test_fails_and_the_file_is_as_it_was(
    tmp_path: Path, changed: dict[str, object], outcome: Outcome
) -> None:
    product = write_product(tmp_path)
    before = (product / "count.py").read_text()
    assert run(replace(SMALL, **changed), product).outcome == outcome  # type: ignore[arg-type]
    assert (product / "count.py").read_text() == before
