"""What a transaction has read stays true until it ends."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from db import processes
from db.engine import Database, open_database
from db.processes import HeartbeatRole, InboundKey, Repeated
from tests.conftest import OpenAnother, on_sqlite

THREADS, ROUNDS = 4, 15


def count_up(databases: list[Database]) -> int:
    """Each thread reads a number and writes it back one higher; the number at the end."""

    def work(database: Database) -> None:
        for _ in range(ROUNDS):
            try:
                with database.write(lock="counting") as session:
                    number = int(processes.cursor(session, "number") or 0)
                    processes.set_cursor(session, "number", str(number + 1))
            except OperationalError:
                pass  # at least it is reported

    in_parallel(work, databases)
    with databases[0].read() as session:
        return int(processes.cursor(session, "number") or 0)


def in_parallel(work: Callable[[Database], None], databases: list[Database]) -> None:
    threads = [threading.Thread(target=work, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_read_modify_write_from_several_processes_loses_nothing(open_another: OpenAnother) -> None:
    assert count_up([open_another() for _ in range(THREADS)]) == THREADS * ROUNDS


@on_sqlite
def test_without_begin_immediate_updates_would_be_lost(open_another: OpenAnother) -> None:
    """The proof that the test above proves something: one commits between another's reading and writing."""
    slow, quick = open_another(), open_another()
    for database in (slow, quick):
        for listener in list(database.writer.dispatch.begin):
            event.remove(database.writer, "begin", listener)
    with slow.write() as session:
        number = int(processes.cursor(session, "number") or 0)
        with quick.write() as between:
            processes.set_cursor(between, "number", str(number + 1))
        processes.set_cursor(session, "number", str(number + 1))
    with slow.read() as session:
        assert processes.cursor(session, "number") == "1"


def test_threads_of_one_process_take_turns_too(database: Database) -> None:
    assert count_up([database] * THREADS) == THREADS * ROUNDS


def test_what_is_raised_rolls_everything_back(database: Database) -> None:
    def fail_half_way() -> None:
        with database.write() as session:
            processes.set_cursor(session, "half", "done")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with database.read() as session:
        assert processes.cursor(session, "half") is None


def test_a_reader_cannot_write_and_sees_one_moment(database: Database) -> None:
    with database.read() as session:
        assert processes.cursor(session, "a") is None
        with database.write() as writing:
            processes.set_cursor(writing, "a", "1")
        assert processes.cursor(session, "a") is None
        with pytest.raises(DBAPIError, match=r"read-?only"):
            session.execute(text("DELETE FROM cursor"))
    with database.read() as session:
        assert processes.cursor(session, "a") == "1"


@on_sqlite
def test_foreign_keys_hold_and_writes_reach_the_disk(database: Database) -> None:
    with database.write() as session:
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("foreign_keys", "journal_mode", "synchronous", "busy_timeout")
        }
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000}


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a' / 'b' / 't.db'}")
    with database.write() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert (tmp_path / "a" / "b" / "t.db").exists()


def request(key: str) -> InboundKey:
    return InboundKey(team_id="T", kind="event", key=key)


def test_a_request_is_new_once_over_all_processes(open_another: OpenAnother) -> None:
    firsts: list[bool] = []

    def receive(database: Database) -> None:
        for key in "abc":
            with database.write() as session:
                try:
                    processes.take_request(session, request(key), datetime(2026, 3, 2, tzinfo=UTC))
                    firsts.append(True)
                except Repeated:
                    firsts.append(False)

    in_parallel(receive, [open_another() for _ in range(3)])
    assert sorted(firsts) == [False] * 6 + [True] * 3


def test_heartbeats_are_one_row_per_boot_and_are_deleted_later(database: Database) -> None:
    early, late = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
    with database.write() as session:
        for boot, at in (("old", early), ("new", early), ("new", late)):
            processes.beat(session, HeartbeatRole.WORKER, boot, at)
        processes.take_request(session, request("old"), early)
        processes.forget_heartbeats(session, late)
        processes.forget_requests(session, late)
        assert session.execute(text("SELECT boot_id FROM heartbeat")).scalars().all() == ["new"]
        assert session.execute(text("SELECT count(*) FROM inbox")).scalar() == 0
