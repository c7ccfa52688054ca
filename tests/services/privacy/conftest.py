"""The full book, made once for each kind of database, and a small one."""

from pathlib import Path

import pytest

from db.engine import Database
from tests.services.imports.conftest import Snapshot
from tests.services.privacy import world as book
from tests.services.privacy.world import World

_kept: dict[bool, Snapshot] = {}


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> World:
    """An empty book on a database that keeps deleted bytes."""
    book.keep_deleted_bytes(database)
    (tmp_path / "files").mkdir()
    (tmp_path / "data").mkdir()
    return World(database=database, folder=tmp_path / "files", data_dir=tmp_path / "data")


@pytest.fixture
def world(empty: World) -> World:
    """A book in which everybody is named everywhere."""
    kind = empty.database.is_sqlite
    if kind in _kept:
        _kept[kind].put_into(empty.database)
        book.reject(empty)
    else:
        book.fill(empty)
        _kept[kind] = Snapshot.of(empty.database)
        for rows in _kept[kind].rows.values():  # PostgreSQL returns changed rows last; others refer to them
            rows.sort(key=lambda row: row.get("id", 0))
    return empty


@pytest.fixture
def small(empty: World) -> World:
    """Two customers and a person."""
    empty.bring("people", "email,name", "anna.quist@example.com,Anna Quist")
    empty.bring("customers", "code,name,owner", "K1,Zephyr Quill,anna.quist@example.com", "K2,Birch,")
    return empty
