"""The full book, made once for each kind of database."""

from pathlib import Path

import pytest

from db.engine import Database
from tests.services.privacy import world as book
from tests.services.privacy.world import World


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    """A book in which everybody is named everywhere, on a database that keeps deleted bytes."""
    book.watch_deleted_bytes(database)
    (tmp_path / "files").mkdir()
    (tmp_path / "data").mkdir()
    made = World(database=database, folder=tmp_path / "files", data_dir=tmp_path / "data")
    book.fill(made)
    return made
