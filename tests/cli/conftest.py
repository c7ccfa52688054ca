"""The command line over a database of its own."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from bot.cli.tree import app

Command = Callable[..., Result]
Output = Callable[..., str]


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Commands configure the log: its captured stream is closed after a test, and nobody may write to it then."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
def file(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_restored: None) -> Path:
    """The file of an empty database that the settings name, in the working folder."""
    path = tmp_path / "tierbot.db"
    path.write_bytes(migrated.read_bytes())
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def command(file: Path) -> Command:
    """A command of the program, over that database."""
    return lambda *arguments: CliRunner().invoke(app, arguments)


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
