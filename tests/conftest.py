"""What tests in every folder share: a fresh database, on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection

from db.engine import Database, open_database
from db.schema import HEAD, upgrade
from tests import postgres

OpenAnother = Callable[[], Database]
BOTH = ("sqlite", "postgresql")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file brought up to date once, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "tierbot.db"
    database = open_database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A PostgreSQL server, started when the first test asks for it."""
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


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh, migrated database: each test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "tierbot.db"
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
    """Opens the test's database once more, as another process would."""
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(open_database(database_url))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


@pytest.fixture
def database(open_another: OpenAnother) -> Database:
    """A fresh, migrated database of its own."""
    return open_another()
