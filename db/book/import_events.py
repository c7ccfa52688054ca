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


def imported(
    connection: Connection, batch_id: int, kind: str, written: Collection[str], actor: AuditActor
) -> list[Event]:
    """The events of an import that was written and is still published; `written` names the tables of its kind."""
    joins = _joins(connection, batch_id) if kind == JOINS else []
    return [
        *(
            _event(actor, one, number, before, after)
            for one, number, before, after in _rows(connection, batch_id, written)
        ),
        *(_join(actor, AuditAction.CUSTOMERS_JOINED, customer, into, batch_id) for customer, into in joins),
    ]


def undone(
    connection: Connection, batch_id: int, kind: str, written: Collection[str], actor: AuditActor
) -> list[Event]:
    """The events of taking that import back, read before it is."""
    joins = _joins(connection, batch_id) if kind == JOINS else []
    return [
        *(
            _event(actor, one, number, after, before)
            for one, number, before, after in _rows(connection, batch_id, written)
        ),
        *(
            _join(actor, AuditAction.CUSTOMERS_SEPARATED, customer, into, batch_id)
            for customer, into in joins
        ),
    ]


_Row = tuple[_Audited, int, Mapping[str, Any] | None, Mapping[str, Any] | None]


def _rows(connection: Connection, batch_id: int, written: Collection[str]) -> Iterator[_Row]:
    """The rows that an import created or changed, with the previous and the present values; None before they were."""
    for one in _AUDITED:
        rows = table(one.model)
        if rows.name not in written:
            continue
        of_batch = and_(
            _change.c.batch_id == batch_id, _change.c.table_name == rows.name, _change.c.row_id == rows.c.id
        )
        found = connection.execute(
            select(rows.c.id, rows.c.batch_id, _change.c.before, *(rows.c[name] for name in one.columns))
            .select_from(rows.outerjoin(_change, of_batch))
            .where(or_(rows.c.batch_id == batch_id, _change.c.id.is_not(None)))
            .order_by(rows.c.id)
        )
        for row in found:
            after = {name: row._mapping[name] for name in one.columns}
            if row.batch_id == batch_id:
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


def _event(
    actor: AuditActor,
    one: _Audited,
    number: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> Event:
    return Event(
        actor=actor,
        action=one.action,
        object_kind=one.kind,
        object_id=number,
        door=Door.IMPORT,
        before=before,
        after=after,
    )


def _join(actor: AuditActor, action: AuditAction, customer: int, into: int, batch_id: int) -> Event:
    return Event(
        actor=actor,
        action=action,
        object_kind=ObjectKind.CUSTOMER,
        object_id=into,
        door=Door.IMPORT,
        after={"joined": customer, "import": batch_id},
    )
