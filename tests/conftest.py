"""Fixtures of all tests: a fresh database, on SQLite and on PostgreSQL."""

import gc
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import URL, Connection

from db.engine import Database, open_database
from db.schema import HEAD, upgrade
from tests import postgres

OpenAnother = Callable[[], Database]
BOTH = ("sqlite", "postgresql")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
# A test costs three times as much on PostgreSQL as on SQLite, and most cases of most tests run the same statements. So
# `make test` runs there the first case of a test, and in tests/db all; a mark of the test, or of its file, says otherwise:
# all where the database decides what becomes of each case, none where other tests run the same statements.
# `make databases` runs every case on both.
all_on_postgresql = pytest.mark.cases_on_postgresql("all")
first_on_postgresql = pytest.mark.cases_on_postgresql("first")
none_on_postgresql = pytest.mark.cases_on_postgresql("none")
ON_ALL_DATABASES = os.environ.get("DATABASES") == "all"


# About the longest first, so that both workers end at about the same time. The two that start a bot and a browser are
# not neighbours: together they have more processes than the machine has processors.
LONGEST = (
    "e2e/test_story.py",
    "services/imports/test_corpus.py",
    "slack/test_presses.py",
    "slack/test_blocks.py",
    "cli/test_cli.py",
    "grading/engine/test_properties.py",
    "e2e/test_demo_page.py",
    "test_broken_settings.py",
    "services/imports/test_killed.py",
    "services/imports/test_book.py",
    "demo/workspace/test_page.py",
    "simulation/test_simulation.py",
    "services/imports/test_accounts.py",
    "test_jobs.py",
    "services/care/test_escalation.py",
    "services/privacy/test_erasure.py",
    "test_loaded_modules.py",
    "test_walks.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    if not ON_ALL_DATABASES:
        repeated = dict.fromkeys(repeated_on_postgresql(items, here / "db"))
        config.hook.pytest_deselected(items=list(repeated))
        items[:] = [item for item in items if item not in repeated]
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def repeated_on_postgresql(items: Iterable[Any], folder_of_all: Path) -> Iterator[Any]:
    """The cases whose statements other cases run on PostgreSQL."""
    seen = set()
    for item in items:
        case = getattr(item, "callspec", None)
        if case is None or "postgresql" not in (
            case.params.get("database_url"),
            case.params.get("empty_url"),
        ):
            continue
        mark = item.get_closest_marker("cases_on_postgresql")
        cases = mark.args[0] if mark else "all" if folder_of_all in item.path.parents else "first"
        test = (item.path, item.cls, item.originalname)
        if cases == "none" or (cases == "first" and test in seen):
            yield item
        seen.add(test)


def pytest_collection_finish() -> None:
    """Exclude all loaded modules from garbage collection, which took about a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


settings.register_profile("any machine", deadline=None)  # an example may take long on a slow machine
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "tierbot.db"
    database = open_database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A PostgreSQL server, started for the first test that needs it."""
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgres_database(postgres_server: URL) -> Iterator[Connection]:
    """A connection to a migrated PostgreSQL database, emptied before each test that uses it."""
    with postgres.new_database(postgres_server) as url:
        database = open_database(postgres.text_of(url))
        upgrade(database)
        database.close()
        with postgres.connected(url) as connection:
            yield connection


@pytest.fixture(scope="session")
def sqlite_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The path of the tests' SQLite file, in memory where possible."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path_factory.mktemp("database") / "tierbot.db"
        return
    with TemporaryDirectory(prefix="tierbot-", dir=memory) as folder:
        yield Path(folder) / "tierbot.db"


@pytest.fixture(scope="session")
def opened() -> Iterator[dict[str, Database]]:
    """Databases by URL, kept over all tests, so that each statement is compiled once."""
    by_url: dict[str, Database] = {}
    yield by_url
    for database in by_url.values():
        database.close()


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database; each test that uses it runs on both kinds."""
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("sqlite_path")
        for suffix in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        shutil.copy(request.getfixturevalue("migrated"), path)
        return f"sqlite:///{path}"
    connection: Connection = request.getfixturevalue("postgres_database")
    connection.exec_driver_sql(postgres.cleaner(HEAD))
    return postgres.text_of(connection.engine.url)


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table, of both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    with postgres.new_database(request.getfixturevalue("postgres_server")) as url:
        yield postgres.text_of(url)


@pytest.fixture
def open_another(database_url: str) -> Iterator[OpenAnother]:
    """Opens the test's database again, as another process would."""
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(open_database(database_url))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


@pytest.fixture
def database(database_url: str, opened: dict[str, Database]) -> Iterator[Database]:
    """A fresh, migrated database."""
    if database_url not in opened:
        opened[database_url] = open_database(database_url)
    database = opened[database_url]
    yield database
    database.close()
