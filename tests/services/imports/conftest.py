"""An empty book in a real database, and a way to bring text into it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.services.imports import ImportOptions, ImportReport, UndoReport, import_file, undo
from db import tables
from db.engine import Database

CUSTOMERS = "code,name\nC1,Acme\nC2,Birch\n"


@dataclass(frozen=True, kw_only=True)
class Book:
    """A database and a folder, with the words the tests are written in."""

    database: Database
    folder: Path
    clock: FixedClock

    def bring(
        self,
        kind: str,
        content: str | bytes,
        *,
        name: str = "file.csv",
        progress: Callable[[int, int], None] | None = None,
        **options: Any,
    ) -> ImportReport:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        given = ImportOptions(currency="EUR") if kind == "orders" else ImportOptions()
        return import_file(
            self.database,
            kind=kind,
            path=path,
            clock=self.clock,
            actor="mia@example.com",
            options=replace(given, **options),
            rejects_dir=self.folder / "rejects",
            progress=progress,
        )

    def undo(self, batch_id: int | None) -> UndoReport:
        assert batch_id is not None
        return undo(self.database, batch_id, clock=self.clock, actor="mia@example.com")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.reader.connect() as connection:
            return [tuple(map(_plain, row)) for row in connection.execute(text(sql))]

    def everything(self, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        return {
            table.name: sorted(self.rows(str(table.select())), key=repr)
            for table in tables.metadata.sorted_tables
            if table.name not in without
        }


def _plain(value: Any) -> Any:
    """A day as text, on either database."""
    return value.isoformat() if isinstance(value, date) else value


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Book:
    return Book(database=database, folder=tmp_path, clock=FixedClock(datetime(2026, 6, 15, 12, tzinfo=UTC)))


@pytest.fixture
def filled(book: Book) -> Book:
    """Two customers, C1 Acme and C2 Birch, from import 1."""
    assert book.bring("customers", CUSTOMERS).created == 2
    return book
