"""Days and numbers that nobody means: one sentence, and no error of the program."""

from pathlib import Path

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


@pytest.mark.parametrize(
    ("setting", "missing"),
    [
        *(("TIERBOT_GIFTS", "limits"), ("TIERBOT_SURVEYS", "scales")),
        *(("TIERBOT_COMPLAINTS", "kinds"), ("TIERBOT_CUSTOMER_PROFILE", "fields")),
    ],
)
@pytest.mark.usefixtures("file")
def test_check_and_doctor_name_what_is_wrong_in_a_file_of_the_firm(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, missing: str
) -> None:
    (tmp_path / "own.yaml").write_text("colour: red\n", encoding="utf-8")
    monkeypatch.setenv(setting, str(tmp_path / "own.yaml"))
    checked, examined = program("check"), program("doctor")
    for sentence in (f"own.yaml line 1, {missing}: is missing", "own.yaml line 1, colour: is not a key"):
        assert sentence in checked.err
        assert f"problem rules: {sentence}" in examined.out
