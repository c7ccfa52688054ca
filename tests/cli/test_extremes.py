"""Days and numbers that nobody means: one sentence, and no error of the program."""

import pytest

from tests.cli.conftest import Program

FAR = "99999999999999999999"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("words", [("weekly", "--week"), ("service", "--from"), ("service", "--to")])
def test_a_day_that_is_too_far_away_is_named(program: Program, words: tuple[str, ...], day: str) -> None:
    done = program("care", *words, day)
    assert done.code == 2
    assert f"{day} is too far away. Choose a day from 1900 to 2199." in done.err


@pytest.mark.parametrize(
    "words",
    [
        *(("gift", "undo"), ("survey", "undo"), ("promise", "kept"), ("promise", "undo")),
        *(("complaint", "show"), ("contact-person", "remove"), ("export", "contact-person")),
    ],
)
def test_a_number_that_no_row_can_have_is_named(program: Program, words: tuple[str, ...]) -> None:
    done = program(*words, FAR)
    assert done.code == 2
    assert "Invalid value for 'NUMBER'" in done.out + done.err
