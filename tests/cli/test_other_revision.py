"""Commands over a database that a newer version has upgraded: a sentence that says what to do, and no change."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Program
from tests.cli.test_tree import commands

SENTENCE = (
    "The database is at revision 9999, which this version of Tierbot does not know: a newer version has upgraded it."
    " Install that version again, or restore the backup from before its upgrade.\n"
)
# These use no database, put another one in its place, or say it among other things.
# One of several options must be given.
CHOICES = {"care snooze": ["--days", "1"], "contact-person change": ["--phone", "1"]}
WORDS = {"what": "link", "quarter": "2026Q1", "switch": "on"}  # what takes one of some words
OTHERS = {"demo", "score", "manifest", "scheme check", "db restore", "check", "doctor"}


def needed(command: Any) -> list[str]:
    """The least that a command must be given."""
    given = []
    for parameter in command.params:
        if parameter.required:
            given += [] if parameter.param_type_name == "argument" else [parameter.opts[0]]
            number = parameter.type_descriptor.annotation in (int, list[int])
            word = "2026-06-01" if parameter.metavar == "DATE" else WORDS.get(parameter.name, "customers.csv")
            given.append("1" if number else word)
    return given


def test_every_command_says_in_one_sentence_that_a_newer_version_is_needed(
    program: Program, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "customers.csv").write_text("code,name\n1,ACME\n")
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setenv("TIERBOT_HEALTH_PORT", "0")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-local")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-local")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        before = list(connection.iterdump())
        leaves = {
            " ".join(path): command
            for path, _, command in commands()
            if not hasattr(command, "list_commands")
        }
        assert set(leaves) > OTHERS
        for name in leaves.keys() - OTHERS:
            done = program(*name.split(), *needed(leaves[name]), *CHOICES.get(name, []))
            assert (done.code, done.out, done.err) == (6, "", SENTENCE), (name, done)
        checked = program("check")
        assert (checked.code, SENTENCE in checked.err) == (2, True), checked
        assert list(connection.iterdump()) == before
