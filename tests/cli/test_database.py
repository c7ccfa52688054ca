"""`tierbot db upgrade`, `backup`, `restore` and `restored` on real files."""

import errno
import json
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.tree import app
from bot.clock import SystemClock
from bot.errors import BadInput, Conflict, NotReady
from bot.services.delivery import restore, time_jump
from bot.services.delivery.worker import doubted_since
from bot.wording.catalogue import catalogue
from db import backup, processes, schema
from db.book.imports import ImportBatch
from db.engine import open_database
from db.outbox import channels
from db.processes import HeartbeatRole
from tests.cli.conftest import Command, Output
from tests.cli.test_chinese import english
from tests.db import scratch_revision
from tests.full_disk import files_of_at_most
from tests.services.delivery.outbox_harness import EAST, Harness


def write(file: Path, *texts: str) -> list[str]:
    """Write messages to the file's outbox; returns the states of all its messages."""
    harness = Harness(open_database(f"sqlite:///{file}"))
    for text in texts:
        harness.write(EAST, text)
    time_jump.note(harness.database, SystemClock().now())
    states = harness.states()
    harness.database.close()
    return states


def test_a_backup_is_complete_and_private_and_overwrites_no_file(
    tierbot: Output, file: Path, tmp_path: Path
) -> None:
    using = open_database(f"sqlite:///{file}")  # a running process
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    using.close()
    copy = tmp_path / "copy.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
    with pytest.raises(BadInput, match="exists already"):
        tierbot("db", "backup", "copy.db")


def test_unsettled_messages_of_a_restored_file_are_unknown_and_the_old_file_is_kept(
    tierbot: Output, file: Path, tmp_path: Path
) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    write(file, "b")
    shown = tierbot("db", "restore", "copy.db", "--yes")
    assert "1 message was not settled" in shown
    assert write(file) == ["unknown"]
    assert write(tmp_path / "tierbot.db.before-restore") == ["pending", "pending"]
    assert not list(tmp_path.glob("*.restoring*"))


def test_a_restore_says_of_when_the_newest_thing_in_the_backup_is(
    tierbot: Output, file: Path, tmp_path: Path
) -> None:
    """No process ever ran: the last thing is an import of 3 May."""
    database = open_database(f"sqlite:///{file}")
    day = datetime(2026, 5, 3, 8, 30, tzinfo=UTC)
    with database.write() as session:
        session.add(
            ImportBatch(
                kind="orders",
                source="file",
                file_name="a.csv",
                file_sha256="",
                actor="x",
                started_at=day,
                published_at=day,
                rows=1,
                accepted=1,
                created=1,
            )
        )
    database.close()
    tierbot("db", "backup", "copy.db")
    assert "The newest thing in the backup is of 2026-05-03 08:30 UTC." in tierbot(
        "db", "restore", "copy.db", "--yes"
    )


def test_nothing_changes_when_the_question_is_answered_with_no(tierbot: Output, file: Path) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    write(file, "b")
    result = CliRunner().invoke(app, ["db", "restore", "copy.db"], input="n\n")
    assert result.exit_code == 1
    assert write(file) == ["pending", "pending"]


def test_nothing_is_restored_while_a_process_has_the_file_open(tierbot: Output, file: Path) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    using = open_database(f"sqlite:///{file}")
    with using.read() as session:
        processes.tallies(session)
    with pytest.raises(BadInput, match="stop every process"):
        tierbot("db", "restore", "copy.db", "--yes")
    using.close()
    tierbot("db", "restore", "copy.db", "--yes")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda copy: copy.write_bytes(copy.read_bytes()[:9000]), "not a whole database|damaged"),
        (lambda copy: copy.write_text("hello" * 1000), "not a whole database"),
        (lambda copy: _set_revision(copy, "9999"), "another version"),
        (lambda copy: copy.write_bytes(copy.read_bytes().replace(b":a", b":b", 1)), "it is damaged"),
        (lambda copy: copy.unlink(), "There is no file"),
    ],
)
def test_a_file_that_is_no_complete_backup_is_refused_and_nothing_changes(
    tierbot: Output, file: Path, tmp_path: Path, change: object, words: str
) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    assert callable(change)
    change(tmp_path / "copy.db")
    with pytest.raises(BadInput, match=words) as refused:
        tierbot("db", "restore", "copy.db", "--yes")
    assert not english(refused.value.text(catalogue("zh")).split("（")[0])  # SQLite's words follow
    assert write(file) == ["pending"]


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_restored_file_keeps_the_mode_and_the_owner_of_the_one_it_replaces(
    tierbot: Output, file: Path, mode: int
) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    file.chmod(mode)
    owner = (12_345, 54_321) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(file, *owner)
    tierbot("db", "restore", "copy.db", "--yes")
    found = file.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (mode, *owner)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_without_a_file_to_replace_the_owner_of_the_folder_gets_the_restored_one(
    tierbot: Output, file: Path, tmp_path: Path
) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    file.unlink()
    os.chown(tmp_path, 12_345, 54_321)
    tierbot("db", "restore", "copy.db", "--yes")
    assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (12_345, 0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_nobody_replaces_a_file_that_its_owner_could_not_use_then(
    tierbot: Output, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    write(file, "a")
    tierbot("db", "backup", "copy.db")
    write(file, "b")
    os.chown(file, 12_345, 54_321)
    monkeypatch.setattr(os, "chown", refuse)  # as for everybody but root
    with pytest.raises(BadInput, match="restore as that user or as root"):
        tierbot("db", "restore", "copy.db", "--yes")
    assert write(file) == ["pending", "pending"]
    assert not list(tmp_path.glob("*.restoring*"))


def test_a_restore_keeps_which_channels_names_meant_in_the_replaced_file(tierbot: Output, file: Path) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        channels.remember(session, "#managers", "C0MANAGERS", SystemClock().now())
    database.close()
    tierbot("db", "restore", "copy.db", "--yes")
    database = open_database(f"sqlite:///{file}")
    with database.read() as session:
        assert channels.ids(session) == {"#managers": "C0MANAGERS"}
    database.close()


def _set_revision(copy: Path, revision: str) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()


def test_a_broken_database_can_be_replaced(tierbot: Output, file: Path) -> None:
    write(file, "a")
    tierbot("db", "backup", "copy.db")
    file.write_bytes(file.read_bytes()[:5000])
    tierbot("db", "restore", "copy.db", "--yes")
    assert write(file) == ["unknown"]


def test_restored_marks_a_database_that_was_restored_by_other_means(tierbot: Output, file: Path) -> None:
    write(file, "a")
    assert "Noted" in tierbot("db", "restored", "--yes")
    assert write(file) == ["unknown"]
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        known = processes.cursor(session, restore.CURSOR)
        assert doubted_since(known, SystemClock().now()) is not None
        processes.beat(session, HeartbeatRole.WORKER, "boot", SystemClock().now())
    database.close()
    with pytest.raises(Conflict, match="Stop every process"):
        tierbot("db", "restored", "--yes")


def test_an_upgrade_backs_up_the_database_first_and_says_where(
    tierbot: Output, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, "a")
    old = schema.HEAD
    assert tierbot("db", "upgrade") == f"Database at revision {old}.\n"
    scratch_revision.add(tmp_path, monkeypatch)
    copy = tmp_path / f"tierbot.db.before-{schema.HEAD}"
    assert (
        tierbot("db", "upgrade").split() == f"Backup written: {copy} Database: {old} → {schema.HEAD}.".split()
    )
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (old,)
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert tierbot("db", "upgrade") == f"Database at revision {schema.HEAD}.\n"
    assert len(list(tmp_path.glob("*.before-*"))) == 1
    tierbot("db", "restore", str(copy), "--yes")  # which brings the copy up to date
    assert write(file) == ["unknown"]


def test_an_older_backup_is_never_overwritten(file: Path, tmp_path: Path) -> None:
    first, second = (backup.write_beside(file, "before-0002") for _ in range(2))
    assert (first.name, second.name) == ("tierbot.db.before-0002", "tierbot.db.before-0002-2")


def test_a_new_database_has_nothing_to_back_up(
    tierbot: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    assert tierbot("db", "upgrade") == f"Database: empty → {schema.HEAD}.\n"
    assert not list(tmp_path.glob("*.before-*"))


def test_without_room_for_the_backup_nothing_is_upgraded(
    tierbot: Output, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = schema.HEAD
    scratch_revision.add(tmp_path, monkeypatch)

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backup, "write", full)
    with pytest.raises(NotReady, match=r"No space left on device.*try again"):
        tierbot("db", "upgrade")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (old,)


def test_a_database_of_a_newer_version_is_not_touched(
    tierbot: Output, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        scratch_revision.add(tmp_path, newer)
        tierbot("db", "upgrade")
    with pytest.raises(
        NotReady, match=rf"revision {scratch_revision.REVISION}, .*newer version has upgraded it"
    ):
        tierbot("db", "upgrade")
    assert len(list(tmp_path.glob("*.before-*"))) == 1


PAGE = 4096


def flip(file: Path, page: int) -> None:
    """Invert every bit of a page, as a dying disk may return it."""
    content = bytearray(file.read_bytes())
    at = (page - 1) * PAGE
    content[at : at + PAGE] = bytes(byte ^ 0xFF for byte in content[at : at + PAGE])
    file.write_bytes(content)


@pytest.mark.parametrize("page", [40, 90])
def test_a_flipped_page_is_found_before_anything_is_written(
    tierbot: Output,
    command: Command,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page: int,
) -> None:
    tierbot("db", "backup", "good.db")
    flip(file, page)
    with pytest.raises(NotReady, match=r"database is damaged: .*tierbot db restore FILE"):
        tierbot("db", "backup", "copy.db")
    found = next(
        item
        for item in json.loads(command("doctor", "--json").stdout)["findings"]
        if item["about"] == "database"
    )
    assert (found["level"], found["found"].startswith("damaged: ")) == ("problem", True)
    assert "tierbot db restore FILE" in found["remedy"]
    with monkeypatch.context() as newer:
        scratch_revision.add(tmp_path, newer)
        with pytest.raises(NotReady, match=r"not upgraded, because it is damaged"):
            tierbot("db", "upgrade")
    assert {path.name for path in tmp_path.glob("*.db*")} == {"tierbot.db", "good.db"}
    tierbot("db", "restore", "good.db", "--yes")
    tierbot("db", "backup", "copy.db")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backup", "copy.db"), "copy.db cannot be written: "),
        (("restore", "good.db", "--yes"), "good.db was not restored: it cannot be copied to "),
    ],
)
def test_without_room_for_a_copy_nothing_of_it_remains(
    tierbot: Output, file: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    tierbot("db", "backup", "good.db")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with files_of_at_most(100_000), pytest.raises(BadInput, match=said):
        tierbot("db", *arguments)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
