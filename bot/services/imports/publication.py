"""Publishes staged rows to the book, set by set, and stores the previous values of rows that change."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, exists, func, literal, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from db.book.imports import ImportChange, affected, table

PAGE = 5_000
_change = table(ImportChange)
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Upsert:
    """Staged rows that change the row of a table they match, or become new ones. A staged NULL leaves the old value."""

    target: Table
    stage: Table
    identity: Mapping[str, Any]  # columns of the target by which a staged row matches, and their values
    columns: Mapping[str, Any]  # the other columns that a staged row sets, and their values
    clears: Mapping[str, ColumnElement[bool]] = field(
        default_factory=dict
    )  # the columns that a staged row may empty, and whether it does
    also: ColumnElement[bool] | None = None  # what else makes a matched row a changed one

    @property
    def match(self) -> ColumnElement[bool]:
        """Whether a row of the target is the one that a staged row means."""
        return and_(*(self.target.c[name] == value for name, value in self.identity.items()))

    @property
    def differs(self) -> ColumnElement[bool]:
        """Whether a staged row changes the row it matches."""
        columns = [
            and_(new.is_not(None), self.target.c[name].is_distinct_from(new))
            for name, new in self.columns.items()
        ]
        columns += [and_(empties, self.target.c[name].is_not(None)) for name, empties in self.clears.items()]
        return or_(*columns) if self.also is None else or_(*columns, self.also)

    def count(self, connection: Connection) -> tuple[int, int]:
        """(rows that would be created, rows that would change)."""
        total = connection.execute(select(func.count()).select_from(self.stage)).scalar_one()
        joined = select(func.count()).select_from(self.stage.join(self.target, self.match))
        matched = connection.execute(joined).scalar_one()
        return total - matched, connection.execute(joined.where(self.differs)).scalar_one()

    def create(self, connection: Connection, batch_id: int, defaults: Mapping[str, Any]) -> int:
        """Insert the staged rows that match nothing; `defaults` are set in addition."""
        values = {**self.identity, **self.columns, **defaults, "batch_id": batch_id}
        matched = exists(select(1).select_from(self.target).where(self.match))
        return insert_staged(connection, self.target, self.stage, values, ~matched)

    def change(
        self,
        connection: Connection,
        batch_id: int,
        *,
        on_page: Callable[[Rows, Rows], None] | None = None,
        where: ColumnElement[bool] | None = None,
        around: Callable[[list[int]], AbstractContextManager[None]] = lambda ids: nullcontext(),
    ) -> int:
        """Change the matched rows that differ, and store their previous values; how many.

        `on_page` gets each page of rows, old and new; each page changes within `around` its ids.
        """
        target, names = self.target, list(self.columns)
        statement = (
            select(
                self.stage.c.line.label("line_"),
                target.c.id.label("id_"),
                *(target.c[name].label(f"old_{name}") for name in names),
                *(new.label(f"new_{name}") for name, new in self.columns.items()),
                *(empties.label(f"clear_{name}") for name, empties in self.clears.items()),
            )
            .select_from(self.stage.join(target, self.match))
            .where(self.differs, true() if where is None else where)
        )
        update = target.update().where(target.c.id == bindparam("id_"))
        update = update.values({name: bindparam(f"new_{name}", type_=target.c[name].type) for name in names})
        if "version" in target.c:
            update = update.values(version=target.c.version + 1)
        changed = 0
        for page in _pages(connection, statement, self.stage):
            old = [{"id": row["id_"], **{name: row[f"old_{name}"] for name in names}} for row in page]
            new = [
                {
                    name: row[f"old_{name}"] if row[f"new_{name}"] is None else row[f"new_{name}"]
                    for name in names
                }
                | {name: None for name in self.clears if row[f"clear_{name}"]}
                for row in page
            ]
            pairs = list(zip(old, new, strict=True))
            previous = [
                (before["id"], {name: before[name] for name in names if before[name] != after[name]})
                for before, after in pairs
            ]
            store_previous(connection, batch_id, target.name, previous)
            with around([row["id"] for row in old]):
                connection.execute(
                    update,
                    [
                        {"id_": before["id"], **{f"new_{name}": value for name, value in after.items()}}
                        for before, after in pairs
                    ],
                )
            if on_page is not None:
                on_page(old, new)
            changed += len(page)
        return changed


def of_another_customer(target: Table, stage: Table) -> ColumnElement[bool]:
    """Whether a staged row gives a row to another customer and names no contact person: the former one is none of it."""
    moves = target.c.customer_id.is_distinct_from(stage.c.customer_id)
    return and_(moves, stage.c.contact_person_id.is_(None))


def insert_staged(
    connection: Connection, target: Table, stage: Table, values: Mapping[str, Any], where: ColumnElement[bool]
) -> int:
    """Insert staged rows in file order; how many. A value is an expression, or the same for all rows."""
    columns = [
        (value if isinstance(value, ColumnElement) else literal(value, target.c[name].type)).label(name)
        for name, value in values.items()
    ]
    rows = select(*columns).select_from(stage).where(where).order_by(stage.c.line)
    return affected(connection, target.insert().from_select(list(values), rows))


def store_previous(
    connection: Connection, batch_id: int, table_name: str, rows: Sequence[tuple[int, Mapping[str, Any]]]
) -> None:
    """Store the previous values of rows that this import changes."""
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


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _pages(connection: Connection, statement: Any, stage: Table) -> Iterator[Sequence[Any]]:
    """The rows of a statement in file order, some thousand at a time, safe to change between pages."""
    last = 0
    while rows := (
        connection.execute(statement.where(stage.c.line > last).order_by(stage.c.line).limit(PAGE))
        .mappings()
        .all()
    ):
        yield rows
        last = rows[-1]["line_"]
