"""Staged rows become rows of the book: set-based where they are new, with a note of what was there where they change."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Date, Table, and_, bindparam, exists, func, literal, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from db.book.imports import ImportChange, affected, table
from db.types import Money

PAGE = 5_000
_change = table(ImportChange)


@dataclass(frozen=True, kw_only=True)
class Upsert:
    """Which target row a staged row means, and which columns it brings. A staged NULL leaves the old value."""

    target: Table
    stage: Table
    match: ColumnElement[bool]
    columns: Mapping[str, ColumnElement[Any]]
    also: ColumnElement[bool] | None = None  # what else makes a matched row a changed one

    @property
    def differs(self) -> ColumnElement[bool]:
        columns = [
            and_(new.is_not(None), self.target.c[name].is_distinct_from(new))
            for name, new in self.columns.items()
        ]
        return or_(*columns) if self.also is None else or_(*columns, self.also)


def count(connection: Connection, upsert: Upsert) -> tuple[int, int]:
    """(rows that would be created, rows that would change)."""
    total = connection.execute(select(func.count()).select_from(upsert.stage)).scalar_one()
    joined = select(func.count()).select_from(upsert.stage.join(upsert.target, upsert.match))
    matched = connection.execute(joined).scalar_one()
    return total - matched, connection.execute(joined.where(upsert.differs)).scalar_one()


def create(connection: Connection, upsert: Upsert, **values: Any) -> int:
    """Insert the staged rows that match nothing; `values` are the columns the file does not bring."""
    brought = {**upsert.columns, **{name: _expression(value) for name, value in values.items()}}
    target, stage = upsert.target, upsert.stage
    rows = (
        select(*(column.label(name) for name, column in brought.items()))
        .select_from(stage)
        .where(~exists(select(1).select_from(target).where(upsert.match)))
        .order_by(stage.c.line)
    )
    return affected(connection, target.insert().from_select(list(brought), rows))


def change(
    connection: Connection,
    upsert: Upsert,
    batch_id: int,
    seen: Callable[[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]], None] | None = None,
    where: ColumnElement[bool] | None = None,
    around: Callable[[list[int]], AbstractContextManager[None]] | None = None,
) -> int:
    """Change the matched rows that differ, keeping a note of each as it was; `seen` gets each page, old and new.

    Each page changes within `around` its ids, for what is kept of the rows elsewhere.
    """
    target, names = upsert.target, list(upsert.columns)
    statement = (
        select(
            upsert.stage.c.line.label("line_"),
            target.c.id.label("id_"),
            *(target.c[name].label(f"old_{name}") for name in names),
            *(new.label(f"new_{name}") for name, new in upsert.columns.items()),
        )
        .select_from(upsert.stage.join(target, upsert.match))
        .where(upsert.differs, true() if where is None else where)
    )
    update = target.update().where(target.c.id == bindparam("id_"))
    update = update.values({name: bindparam(f"new_{name}", type_=target.c[name].type) for name in names})
    if "version" in target.c:
        update = update.values(version=target.c.version + 1)
    changed = 0
    for page in _pages(connection, statement, upsert.stage):
        old = [{"id": row["id_"], **{name: row[f"old_{name}"] for name in names}} for row in page]
        new = [
            {name: row[f"old_{name}"] if row[f"new_{name}"] is None else row[f"new_{name}"] for name in names}
            for row in page
        ]
        note(
            connection,
            batch_id,
            target.name,
            [
                (before["id"], {name: before[name] for name in names if before[name] != after[name]})
                for before, after in zip(old, new, strict=True)
            ],
        )
        with nullcontext() if around is None else around([row["id"] for row in old]):
            connection.execute(
                update,
                [
                    {"id_": before["id"], **{f"new_{name}": value for name, value in after.items()}}
                    for before, after in zip(old, new, strict=True)
                ],
            )
        if seen is not None:
            seen(old, new)
        changed += len(page)
    return changed


def note(
    connection: Connection, batch_id: int, table_name: str, rows: Sequence[tuple[int, Mapping[str, Any]]]
) -> None:
    """Keep what rows were like before this import."""
    if rows:
        connection.execute(
            _change.insert(),
            [
                {
                    "batch_id": batch_id,
                    "table_name": table_name,
                    "row_id": row_id,
                    "before": json.dumps(
                        {name: _plain(value) for name, value in before.items()}, ensure_ascii=False
                    ),
                }
                for row_id, before in rows
            ],
        )


def restored(column_type: Any, value: Any) -> Any:
    """A noted value as its column takes it."""
    if value is None:
        return None
    if isinstance(column_type, Money):
        return Decimal(value)
    if isinstance(column_type, Date):
        return date.fromisoformat(value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _expression(value: Any) -> ColumnElement[Any]:
    return value if isinstance(value, ColumnElement) else literal(value)


def _pages(connection: Connection, statement: Any, stage: Table) -> Iterator[list[Mapping[str, Any]]]:
    """The rows of a statement in file order, some thousand at a time, safe to change between pages."""
    last = 0
    while True:
        rows: Sequence[Any] = (
            connection.execute(statement.where(stage.c.line > last).order_by(stage.c.line).limit(PAGE))
            .mappings()
            .all()
        )
        if not rows:
            return
        yield list(rows)
        last = rows[-1]["line_"]
