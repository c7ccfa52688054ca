"""Which cases of a test run on PostgreSQL in `make test`: what is left out there runs elsewhere."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import all_on_postgresql, first_on_postgresql, none_on_postgresql, repeated_on_postgresql

TESTS = Path("/project/tests")
BOTH_OF_TWO = ["sqlite", "postgresql", "sqlite", "postgresql"]


def case(database: str, mark: pytest.MarkDecorator | None = None, file: str = "services/test_a.py") -> Any:
    return SimpleNamespace(
        path=TESTS / file,
        cls=None,
        originalname="test_it",
        callspec=SimpleNamespace(params={"database_url": database}),
        get_closest_marker=lambda name: mark.mark if mark and mark.name == name else None,
    )


@pytest.mark.parametrize(
    ("mark", "file", "left_out"),
    [
        (None, "services/test_a.py", [3]),
        (first_on_postgresql, "db/test_a.py", [3]),
        (all_on_postgresql, "services/test_a.py", []),
        (None, "db/book/test_a.py", []),
        (none_on_postgresql, "services/test_a.py", [1, 3]),
    ],
)
def test_on_postgresql_a_test_runs_with_its_first_case_or_as_its_mark_says(
    mark: pytest.MarkDecorator | None, file: str, left_out: list[int]
) -> None:
    cases = [case(database, mark, file) for database in BOTH_OF_TWO]
    repeated = list(repeated_on_postgresql(cases, TESTS / "db"))
    assert repeated == [cases[number] for number in left_out]


def test_every_test_has_a_first_case_of_its_own() -> None:
    cases = [case("postgresql", file=file) for file in ("services/test_a.py", "services/test_b.py")]
    assert list(repeated_on_postgresql(cases, TESTS / "db")) == []


def test_what_uses_no_database_is_never_left_out() -> None:
    plain = SimpleNamespace(path=TESTS / "test_a.py")
    assert list(repeated_on_postgresql([plain, plain], TESTS / "db")) == []
