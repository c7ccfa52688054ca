"""An empty book in a real database, and a way to bring text into it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.services.imports import ImportOptions, ImportReport, UndoReport, import_file, undo
from bot.services.imports.check.findings import OpenFindings
from db import tables
from db.engine import Database
from tests import factories

CUSTOMERS = "code,name\nC1,Acme\nC2,Birch\n"


@dataclass(frozen=True, kw_only=True)
class Book:
    """A database and a folder, with what the tests do to them."""

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
            actor=factories.operator("mia@example.com"),
            options=replace(given, **options),
            rejects_dir=self.folder / "rejects",
            progress=progress,
        )

    def ask(self, kind: str, content: str | bytes, **options: Any) -> dict[str, str]:
        """Name -> text of the findings that refuse a file, the same in a dry run; nothing may be stored."""
        preview = self.bring(kind, content, dry_run=True, **options)
        before = self.everything()
        with pytest.raises(OpenFindings) as refused:
            self.bring(kind, content, **options)
        assert self.everything() == before
        asked = [(one.type.name, one.text()) for one in refused.value.findings]
        assert asked == [(one.type.name, one.text()) for one in preview.open_findings]
        return dict(asked)

    def undo(self, batch_id: int | None) -> UndoReport:
        assert batch_id is not None
        return undo(self.database, batch_id, clock=self.clock, actor=factories.operator("mia@example.com"))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.reader.connect() as connection:
            return [tuple(map(_plain, row)) for row in connection.execute(text(sql))]

    def everything(self, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        with self.database.reader.connect() as connection:
            return {
                name: sorted((tuple(map(_plain, row)) for row in connection.exec_driver_sql(query)), key=repr)
                for name, query in _selects().items()
                if name not in without
            }


@cache
def _selects() -> dict[str, str]:
    """A SELECT for each table, compiled once."""
    return {table.name: str(table.select()) for table in tables.metadata.sorted_tables}


def _plain(value: Any) -> Any:
    """A day as text, on either database."""
    return value.isoformat() if isinstance(value, date) else value


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Book:
    return Book(database=database, folder=tmp_path, clock=FixedClock(datetime(2026, 6, 15, 12, tzinfo=UTC)))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Every row of every table as imports left it, to be inserted into an empty database again."""

    rows: dict[str, list[dict[str, Any]]]
    numbers: list[tuple[str, int]]  # PostgreSQL's sequences

    @classmethod
    def of(cls, database: Database) -> "Snapshot":
        with database.reader.connect() as connection:
            rows = {
                table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
                for table in tables.metadata.sorted_tables
            }
            used = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
            numbers = [] if database.is_sqlite else [(n, v) for n, v in connection.execute(text(used))]
        return cls(rows={name: found for name, found in rows.items() if found}, numbers=numbers)

    def put_into(self, database: Database) -> None:
        with database.writer.begin() as connection:
            for name, rows in self.rows.items():
                connection.execute(tables.metadata.tables[name].insert(), rows)
            for name, last in self.numbers:
                connection.execute(_GO_ON, {"name": name, "last": last})


_GO_ON = text("SELECT setval(quote_ident(:name), :last)")


class Snapshots:
    """Books as imports left them: imported for the first test that needs one, restored for all others."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bool], Snapshot] = {}

    def fetch(self, name: str, book: Book, bring: Callable[[Book], None]) -> Book:
        place = name, book.database.is_sqlite
        if place in self._kept:
            self._kept[place].put_into(book.database)
        else:
            bring(book)
            self._kept[place] = Snapshot.of(book.database)
        return book


@pytest.fixture(scope="session")
def snapshots() -> Snapshots:
    return Snapshots()


@pytest.fixture
def filled(book: Book, snapshots: Snapshots) -> Book:
    """Two customers, C1 Acme and C2 Birch, from import 1."""

    def bring(book: Book) -> None:
        assert book.bring("customers", CUSTOMERS).created == 2

    return snapshots.fetch("filled", book, bring)
