"""What the program writes can be read by its own account only, whatever the shell's umask; `check` says where not."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The places in a folder that somebody else may read, and their modes."""
    found = {place: stat.S_IMODE(place.stat().st_mode) for place in folder.rglob("*")}
    return {str(place.relative_to(folder)): f"{mode:04o}" for place, mode in found.items() if mode & 0o077}


def test_every_file_and_folder_of_the_program_is_private(program: Program, tmp_path: Path) -> None:
    given = tmp_path / "customers.csv"
    given.write_text("code,name\nC-1,ACME\nC-2,\n", encoding="utf-8")
    given.chmod(0o600)
    assert program("override", "list").code == 0
    with closing(
        sqlite3.connect(tmp_path / "data/tierbot.db")
    ) as reader:  # keeps the log beside the database
        reader.execute("SELECT count(*) FROM customer").fetchall()
        assert "rejects" in program("import", "customers", "customers.csv").out
        assert {"tierbot.db-wal", "tierbot.db-shm"} <= {place.name for place in (tmp_path / "data").iterdir()}
        assert modes(tmp_path) == {}
    for command in (
        ("grade", "--as-of", "2026-03-31"),
        ("db", "backup", "copy.db"),
        ("db", "restore", "copy.db", "--yes"),
    ):
        assert program(*command).code in (0, 6), command
    written = {place.name for place in (tmp_path / "data").rglob("*")}
    assert written >= {"tierbot.db", "tierbot.db.import-lock", "tierbot.db.before-restore", "rejects"}
    assert modes(tmp_path) == {}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize("place", ["data", "data/tierbot.db", "data/rejects/1.csv"])
def test_check_names_what_others_may_read_and_its_remedy_works(
    program: Program, tmp_path: Path, place: str
) -> None:
    assert program("override", "list").code == 0
    (tmp_path / "data/rejects").mkdir(mode=0o700)
    (tmp_path / "data/rejects/1.csv").touch(mode=0o600)
    assert "has mode" not in program("check").out
    (tmp_path / place).chmod(0o740)
    shown = program("check").out
    assert f"{place} has mode 0740" in shown
    remedy = next(line.partition("Run: ")[2] for line in shown.splitlines() if "has mode" in line)
    assert os.system(remedy) == 0
    assert "has mode" not in program("check").out


def test_check_looks_at_a_database_elsewhere_and_its_backups(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{tmp_path}/book.db")
    assert program("override", "list").code == 0
    for name in ("book.db.before-0002", "bookkeeping.txt"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    shown = program("check").out
    assert f"{tmp_path}/book.db.before-0002 has mode 0644" in shown
    assert "bookkeeping" not in shown
