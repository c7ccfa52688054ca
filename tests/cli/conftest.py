"""The command line over a database of its own."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from bot import cli
from bot.cli.tree import app
from bot.clock import SystemClock
from db.engine import open_database
from tests import factories

Command = Callable[..., Result]
Output = Callable[..., str]


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Program = Callable[..., Done]


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Commands configure the log: its captured stream is closed after a test, and nobody may write to it then."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
def program(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    logging_restored: None,
) -> Program:
    """The whole program, with its exit codes, in an empty folder and without any setting."""
    for name in [*os.environ]:
        if name.startswith(("TIERBOT_", "SLACK_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tierbot", *arguments])
        capsys.readouterr()
        code: object = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return Done(code=code if isinstance(code, int) else 0, out=shown.out, err=shown.err)

    return call


@pytest.fixture
def file(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_restored: None) -> Path:
    """The file of an empty database that the settings name, in the working folder."""
    path = tmp_path / "tierbot.db"
    path.write_bytes(migrated.read_bytes())
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def firm(program: Program, file: Path) -> Program:
    """ACME of Anna's, tier A; Ben's team does not see it."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        anna = factories.person(session, "Anna", team_id=factories.team(session, "East"))
        factories.person(session, "Ben", team_id=factories.team(session, "West"))
        acme = factories.customer(session, "ACME", code="K1", owner_id=anna)
        factories.graded(session, {acme: "A"}, as_of=SystemClock().now().date())
    database.close()
    return program


@pytest.fixture
def command(file: Path) -> Command:
    """A command of the program, over that database."""
    return lambda *arguments, **how: CliRunner().invoke(app, arguments, **how)


@pytest.fixture
def tierbot(command: Command) -> Output:
    """What a command prints. It must end well: its error is raised."""

    def run(*arguments: str) -> str:
        result = command(*arguments)
        if result.exception:
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run
