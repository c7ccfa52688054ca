"""What tests in every folder share: a fresh database, and logs that cost nothing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from db.engine import Database, open_database
from db.schema import upgrade

OpenAnother = Callable[[], Database]


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Without this a logged exception is drawn with every local variable, which takes seconds."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.LogfmtRenderer()]
    )


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file brought up to date once, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "tierbot.db"
    database = open_database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture
def open_another(migrated: Path, tmp_path: Path) -> Iterator[OpenAnother]:
    """Opens the test's database once more, as another process would."""
    path = tmp_path / "tierbot.db"
    shutil.copy(migrated, path)
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(open_database(f"sqlite:///{path}"))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


@pytest.fixture
def database(open_another: OpenAnother) -> Database:
    """A fresh, migrated SQLite database of its own."""
    return open_another()
