"""Transactions that PostgreSQL aborts are repeated; the database's clock, its URL and errors."""

import random
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.services.ops.addresses import why_unusable
from db import processes
from db.engine import Database, Unusable, db_clock, open_database
from tests.conftest import OpenAnother, on_postgresql


@on_postgresql
@pytest.mark.parametrize("retry", [True, False])
def test_two_transactions_in_a_deadlock_are_both_done(open_another: OpenAnother, retry: bool) -> None:
    first = open_another()
    with first.write() as session:
        for name in "ab":
            processes.set_cursor(session, name, "0")
    meeting = threading.Barrier(2, timeout=10)
    broken: list[str | None] = []

    def work(database: Database, names: str) -> None:
        tries = 0

        def unit() -> None:
            nonlocal tries
            tries += 1
            with database.write() as session:
                processes.set_cursor(session, names[0], names)
                if tries == 1:
                    meeting.wait()
                processes.set_cursor(session, names[1], names)

        try:
            database.retry(unit, random.Random(1)) if retry else unit()
        except OperationalError as error:
            broken.append(getattr(error.orig, "sqlstate", None))

    threads = [
        threading.Thread(target=work, args=[database, names])
        for database, names in ((first, "ab"), (open_another(), "ba"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert broken == ([] if retry else ["40P01"])


def test_other_failures_are_raised_at_once(database: Database) -> None:
    tries = []

    def unit() -> None:
        tries.append(1)
        with database.write() as session:
            for _ in range(2):
                session.add(processes.Cursor(name="same", value=""))
                session.flush()
                session.expunge_all()

    with pytest.raises(IntegrityError):
        database.retry(unit)
    assert len(tries) == 1


def test_the_clock_of_the_database_is_in_utc_and_runs_on_within_a_transaction(database: Database) -> None:
    with database.write() as session:
        first, second = (session.scalars(select(db_clock())).one() for _ in range(2))
    assert first.tzinfo is UTC
    assert first <= second
    assert abs(second - datetime.now(UTC)) < timedelta(seconds=60)  # noqa: TID251 - the same machine's clock


@on_postgresql
def test_the_limits_on_waiting_are_ours(database: Database) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    with database.write() as session:
        connection = session.connection()
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    assert found == ["30s", "10min", "2min", "UTC"]


@on_postgresql
@pytest.mark.parametrize(("said", "limit"), [("", "30000"), ("tcp_user_timeout=5000", "5000")])
def test_a_server_that_vanishes_is_not_waited_for_without_end(
    database: Database, said: str, limit: str
) -> None:
    url = make_url(database.url)
    asked = dict(part.split("=") for part in [said] if part)
    other = open_database(url.update_query_dict(asked).render_as_string(hide_password=False))
    with other.reader.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        found = driver.info.get_parameters()
    other.close()
    assert found["tcp_user_timeout"] == limit
    assert (found["keepalives_idle"], found["keepalives_interval"], found["keepalives_count"]) == (
        "15",
        "5",
        "3",
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("geheim", "not a database URL"),
        ("mysql://bob:geheim@localhost/x", "mysql is not supported"),
        ("postgresql+psycopg2://bob:geheim@localhost/x", "postgresql+psycopg2 is not supported"),
    ],
)
def test_an_unusable_url_is_refused_without_showing_its_password(url: str, said: str) -> None:
    with pytest.raises(Unusable) as caught:
        open_database(url)
    assert said in why_unusable(caught.value)
    assert "geheim" not in f"{caught.value} {why_unusable(caught.value)}"


def test_without_psycopg_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unusable) as caught:
        open_database("postgresql://localhost/x")
    assert "pip install 'tierbot[postgres]'" in why_unusable(caught.value)


def test_a_file_that_was_opened_read_only_is_opened_again(tmp_path: Path) -> None:
    """After a disk was read-only for a while the process must be able to write again."""
    database = open_database(f"sqlite:///{tmp_path / 'one.db'}")
    with database.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=1")  # as when the disk is read-only
    with pytest.raises(OperationalError, match="readonly"), database.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    with database.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    database.close()


def test_after_a_read_only_disk_every_connection_is_closed_even_while_reading(tmp_path: Path) -> None:
    """One that stays open keeps the shared index of SQLite's log read-only for all later connections."""
    database = open_database(f"sqlite:///{tmp_path / 'one.db'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE t (x)"))
    with database.read() as idle, database.read() as busy:
        busy.execute(text("SELECT * FROM t"))
        idle.execute(text("SELECT * FROM t"))
        idle.close()
        with database.writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only=1")
        with pytest.raises(OperationalError, match="readonly"), database.write() as session:
            session.execute(text("CREATE TABLE u (x)"))
    # SQLite deletes the index when the last connection is closed.
    assert not (tmp_path / "one.db-shm").exists()
    with database.write() as session:
        session.execute(text("CREATE TABLE u (x)"))
    database.close()


def test_after_a_read_only_disk_no_connection_stays_in_a_pool_that_was_replaced(tmp_path: Path) -> None:
    """As when a thread asks the pool for a connection and the write of another thread fails meanwhile."""
    database = open_database(f"sqlite:///{tmp_path / 'one.db'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE t (x)"))
    asked = database.reader.pool
    with database.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=1")
    with pytest.raises(OperationalError, match="readonly"), database.write() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
    connected = asked.connect()
    connected.cursor().execute("SELECT * FROM t")
    connected.close()
    assert not (tmp_path / "one.db-shm").exists()
    with database.write() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
    with database.read() as session:
        session.execute(text("SELECT * FROM t"))
    assert database.reader.pool.status().startswith("Pool size: 4  Connections in pool: 1")  # kept again
    database.close()
