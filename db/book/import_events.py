"""What an import changed that the audit names row by row: people's roles, teams, and customers that became one."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, or_, select
from sqlmodel import SQLModel

from db.audit import AuditAction, AuditActor, Door, Event, ObjectKind
from db.book.customers import Customer
from db.book.imports import JOINS, ImportChange, table
from db.book.people import Person, Team

_change = table(ImportChange)


@dataclass(frozen=True, kw_only=True)
class _Audited:
    """A table, and the columns of it that decide who may do what."""

    model: type[SQLModel]
    kind: ObjectKind
    action: AuditAction
    columns: tuple[str, ...]


_AUDITED = (
    _Audited(
        model=Person,
        kind=ObjectKind.PERSON,
        action=AuditAction.PERSON_CHANGED,
        columns=("role", "team_id", "active"),
    ),
    _Audited(
        model=Team, kind=ObjectKind.TEAM, action=AuditAction.TEAM_CHANGED, columns=("lead_id", "channel")
    ),
)


@dataclass(frozen=True, kw_only=True)
class ImportBy:
    """An import, or its undoing, as the audit names it; `written` are the tables of its kind."""

    batch_id: int
    kind: str
    written: Collection[str]
    actor: AuditActor
    door: Door


def imported(connection: Connection, of: ImportBy, after: Mapping[str, Any]) -> list[Event]:
    """The events of an import that was written; `after` sums it up."""
    return [
        _whole(of, AuditAction.IMPORTED, {"kind": of.kind, **after}),
        *(_event(of, one, number, before, after) for one, number, before, after in _rows(connection, of)),
        *joined(connection, of, Door.IMPORT),
    ]


def undone(connection: Connection, of: ImportBy) -> list[Event]:
    """The events of taking it back, read before it is."""
    return [
        _whole(of, AuditAction.IMPORT_UNDONE, {"kind": of.kind}),
        *(_event(of, one, number, after, before) for one, number, before, after in _rows(connection, of)),
        *joined(connection, of, Door.IMPORT, AuditAction.CUSTOMERS_SEPARATED),
    ]


def joined(
    connection: Connection,
    of: ImportBy,
    door: Door,
    action: AuditAction = AuditAction.CUSTOMERS_JOINED,
) -> list[Event]:
    """An event for each pair of an import of joins, about the customer that stays."""
    return [
        Event(
            actor=of.actor,
            action=action,
            object_kind=ObjectKind.CUSTOMER,
            object_id=into,
            door=door,
            after={"joined": customer, "import": of.batch_id},
        )
        for customer, into in (_joins(connection, of.batch_id) if of.kind == JOINS else [])
    ]


_Row = tuple[_Audited, int, Mapping[str, Any] | None, Mapping[str, Any] | None]


def _rows(connection: Connection, of: ImportBy) -> Iterator[_Row]:
    """The rows that an import created or changed, with the previous and the present values; None before they were."""
    for one in _AUDITED:
        rows = table(one.model)
        if rows.name not in of.written:
            continue
        of_batch = and_(
            _change.c.batch_id == of.batch_id,
            _change.c.table_name == rows.name,
            _change.c.row_id == rows.c.id,
        )
        found = connection.execute(
            select(rows.c.id, rows.c.batch_id, _change.c.before, *(rows.c[name] for name in one.columns))
            .select_from(rows.outerjoin(_change, of_batch))
            .where(or_(rows.c.batch_id == of.batch_id, _change.c.id.is_not(None)))
            .order_by(rows.c.id)
        )
        for row in found:
            after = {name: row._mapping[name] for name in one.columns}
            if row.batch_id == of.batch_id:
                yield one, row.id, None, after
                continue
            previous = json.loads(row.before)
            before = {name: previous[name] for name in one.columns if name in previous}
            if before:
                yield one, row.id, before, {name: after[name] for name in before}


def _joins(connection: Connection, batch_id: int) -> list[tuple[int, int]]:
    """(customer, the one it was joined into) of an import of joins."""
    customer = table(Customer)
    found = connection.execute(
        select(customer.c.id, customer.c.joined_into)
        .join(_change, _change.c.row_id == customer.c.id)
        .where(
            _change.c.batch_id == batch_id,
            _change.c.table_name == customer.name,
            _change.c.before.contains('"joined_into"'),
            customer.c.joined_into.is_not(None),
        )
        .order_by(customer.c.id)
    )
    return [(row[0], row[1]) for row in found]


def _whole(of: ImportBy, action: AuditAction, after: Mapping[str, Any]) -> Event:
    return Event(
        actor=of.actor,
        action=action,
        object_kind=ObjectKind.IMPORT,
        object_id=of.batch_id,
        door=of.door,
        after=after,
    )


def _event(
    of: ImportBy,
    one: _Audited,
    number: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> Event:
    return Event(
        actor=of.actor,
        action=one.action,
        object_kind=one.kind,
        object_id=number,
        door=Door.IMPORT,
        before=before,
        after=after,
    )
