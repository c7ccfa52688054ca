"""Undoes an import: deletes what it created and restores what it changed, unless something depends on it since."""

import json
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, distinct, exists, func, select
from sqlalchemy.schema import sort_tables

from bot.clock import Clock
from bot.errors import N_, Conflict, NotFound, Phrase
from bot.services import access, staff
from bot.services.access import Actor
from bot.services.imports.kind import WrittenTable
from bot.services.imports.kinds import KINDS
from bot.services.imports.report import UndoReport
from db import audit
from db.book import import_events, imports
from db.book.customers import Customer, Ownership
from db.book.imports import ImportBatch, ImportChange, ImportStatus, table
from db.care import marks
from db.engine import Database
from db.graded import figures

_PAGE = 5_000
CARED = (
    "activity",
    "ownership",
    "fact",
    "contact_person",
    "survey_score",
    "trait",
)  # tables by which care is planned
_batch, _change, _customer = table(ImportBatch), table(ImportChange), table(Customer)
_ownership = table(Ownership)


def undo(
    database: Database, batch_id: int, *, clock: Clock, actor: Actor, admins: Collection[str] = ()
) -> UndoReport:
    """Delete what an import created, restore what it changed, revive the facts it superseded.

    `admins` are addresses of people who are admins by the settings. Raises NotAllowed for an actor without the right.
    """
    try:
        with imports.exclusive(database), imports.workspace(database) as connection, connection.begin():
            # Updating the row first takes SQLite's write lock before anything is read.
            connection.execute(_batch.update().where(_batch.c.id == batch_id).values(status=_batch.c.status))
            database.before_write(connection)
            kind = _refuse_unless_published(connection, batch_id)
            access.require(actor, KINDS[kind].right)
            of = import_events.ImportBy(
                batch_id=batch_id,
                kind=kind,
                written=[one.table.name for one in KINDS[kind].writes],
                actor=actor.who,
                door=actor.door,
            )
            events = import_events.undone(connection, of)
            # Before the rows are gone that say whom it was about.
            marks.mark_planned(
                connection, imports.customers_touched(connection, batch_id - 1, until=batch_id, tables=CARED)
            )
            figured = _with_figures(connection, batch_id)
            with staff.kept_in_order(database, connection, KINDS[kind].right, admins, actor):
                removed, restored = _take_back(connection, KINDS[kind].writes, batch_id)
            figures.mark(connection, figured, clock.now().date())
            connection.execute(
                _batch.update()
                .where(_batch.c.id == batch_id)
                .values(status=ImportStatus.UNDONE, undone_at=clock.now(), undone_by=actor.name)
            )
            audit.append(connection, events)
    except imports.ImportRunning:
        raise Conflict(N_("An import is running; try again when it is done.")) from None
    return UndoReport(batch_id=batch_id, kind=kind, removed=removed, restored=restored)


def history(database: Database) -> list[ImportBatch]:
    """Every import, newest first."""
    with database.read() as session:
        return imports.all_batches(session)


def _take_back(connection: Connection, tables: Sequence[WrittenTable], batch_id: int) -> tuple[int, int]:
    """Delete and restore rows; (how many were deleted, how many restored)."""
    written = _by_dependency(tables)
    _refuse_if_changed_since(connection, written, batch_id)
    _refuse_if_erased(connection, batch_id)
    creating = [one for one in written if one.has_batch]
    removed = sum(_count_created(connection, one.table, batch_id) for one in creating if one.counted)
    referred_to = [one for one in creating if one.referring_columns()]
    with ExitStack() as stack:
        for one in written:
            stack.enter_context(one.around_undo(connection, batch_id))
        # Before the restoring: a fact that is valid again must not meet the one that superseded it.
        for one in creating:
            if one not in referred_to:
                connection.execute(one.table.delete().where(one.table.c.batch_id == batch_id))
        restored = _restore(connection, written, batch_id)
        restored += sum(one.revive(connection, batch_id) for one in written)
    # After the restoring: a changed customer may have a parent that the import created.
    for one in referred_to:
        _delete_unless_held(connection, one, batch_id)
    connection.execute(_change.delete().where(_change.c.batch_id == batch_id))
    return removed, restored


def _with_figures(connection: Connection, batch_id: int) -> list[int]:
    """The customers whose figures an import changed."""
    since, until = batch_id - 1, batch_id
    return [
        *imports.customers_touched(connection, since, until=until, tables=figures.SOURCES),
        *figures.moved_from(connection, since, until=until),
        *connection.scalars(imports.changed_rows(batch_id, _customer)),
    ]


def _by_dependency(written: Sequence[WrittenTable]) -> list[WrittenTable]:
    """The tables in an order in which their rows can be deleted."""
    by_table = {one.table: one for one in written}
    return [by_table[one] for one in reversed(sort_tables(list(by_table)))]


def _refuse_unless_published(connection: Connection, batch_id: int) -> str:
    """The kind of an import that is not undone yet."""
    found = connection.execute(
        select(_batch.c.kind, _batch.c.status, _batch.c.undone_at).where(_batch.c.id == batch_id)
    ).first()
    if found is None:
        raise NotFound(N_("There is no import %(batch)d."), batch=batch_id)
    if found.status == ImportStatus.UNDONE:
        raise Conflict(
            N_("Import %(batch)d was already undone on %(day)s."), batch=batch_id, day=found.undone_at.date()
        )
    return str(found.kind)


def _refuse_if_changed_since(connection: Connection, written: Sequence[WrittenTable], batch_id: int) -> None:
    """Refuse while a later import changed the same rows: that one must be undone first."""
    mine, later = _change.alias(), _change.alias()
    same_row = exists(
        select(1).where(
            mine.c.batch_id == batch_id,
            mine.c.table_name == later.c.table_name,
            mine.c.row_id == later.c.row_id,
        )
    )
    asked = [select(func.max(later.c.batch_id)).where(later.c.batch_id > batch_id, same_row)]
    asked += [
        select(func.max(_change.c.batch_id))
        .select_from(_change.join(one.table, one.table.c.id == _change.c.row_id))
        .where(
            _change.c.table_name == one.table.name,
            _change.c.batch_id > batch_id,
            one.table.c.batch_id == batch_id,
        )
        for one in written
        if one.has_batch
    ]
    changed = [connection.execute(statement).scalar() for statement in asked]
    dependent = [one.newest_dependent(connection, batch_id) for one in written]
    later_change, later_use = (max((one or 0 for one in found), default=0) for found in (changed, dependent))
    if later_change >= max(later_use, 1):
        raise Conflict(
            N_(
                "Import %(batch)d cannot be undone: import %(later)d changed the same rows. Undo import %(later)d first."
            ),
            batch=batch_id,
            later=later_change,
        )
    if later_use:
        raise Conflict(
            N_(
                "Import %(batch)d cannot be undone: import %(later)d builds on it. Undo import %(later)d first."
            ),
            batch=batch_id,
            later=later_use,
        )


def _refuse_if_erased(connection: Connection, batch_id: int) -> None:
    """Refuse to give rows back to a customer that was erased since."""
    moved = connection.scalars(
        select(_change.c.before).where(
            _change.c.batch_id == batch_id, _change.c.before.contains('"customer_id"')
        )
    )
    before = {json.loads(values)["customer_id"] for values in moved} - {None}
    present: set[int] = set()
    for start in range(0, len(before), _PAGE):
        some = sorted(before)[start : start + _PAGE]
        present.update(connection.scalars(select(_customer.c.id).where(_customer.c.id.in_(some))))
    if before - present:
        raise Conflict(
            N_("Import %(batch)d cannot be undone: a customer whose rows it moved was erased since."),
            batch=batch_id,
        )


def _restore(connection: Connection, written: Sequence[WrittenTable], batch_id: int) -> int:
    """Give changed rows their previous values, the last change first; how many of the counted tables."""
    by_name = {one.table.name: one for one in written}
    restored, last = 0, 2**63 - 1
    while page := connection.execute(
        select(_change.c.id, _change.c.table_name, _change.c.row_id, _change.c.before)
        .where(_change.c.batch_id == batch_id, _change.c.id < last)
        .order_by(_change.c.id.desc())
        .limit(_PAGE)
    ).all():
        for _, table_name, row_id, before in page:
            target = by_name[table_name].table
            previous = imports.previous_values(target, before)
            values = {name: _still_there(target.c[name], value) for name, value in previous.items()}
            if "version" in target.c:
                values["version"] = target.c.version + 1
            if values:
                connection.execute(target.update().where(_may_change(target, row_id, values)).values(values))
            restored += by_name[table_name].counted
        last = page[-1].id
    return restored


def _may_change(target: Table, row_id: int, values: Collection[str]) -> ColumnElement[bool]:
    """Condition: the row; not one that would make a second account manager of a customer that was handed over since."""
    if target is not _ownership or "ends_on" not in values:
        return target.c.id == row_id
    present = _ownership.alias()
    elsewhere = exists(
        select(1).where(
            present.c.customer_id == _ownership.c.customer_id,
            present.c.role == _ownership.c.role,
            present.c.ends_on.is_(None),
            present.c.id != row_id,
        )
    )
    return and_(target.c.id == row_id, ~elsewhere)


def _still_there(column: Column[Any], value: Any) -> Any:
    """A previous value, where what it refers to is still there.

    Nothing for a row elsewhere that is gone, if that empties the column; for a customer that was joined since, the one
    that it was joined into.
    """
    if column.name == "customer_id" and value is not None:
        into = select(_customer.c.joined_into).where(_customer.c.id == value)
        return func.coalesce(into.scalar_subquery(), value)
    referred = next((key.column for key in column.foreign_keys if key.ondelete == "SET NULL"), None)
    if value is None or referred is None:
        return value
    return select(referred).where(referred == value).scalar_subquery()


def _delete_unless_held(connection: Connection, written: WrittenTable, batch_id: int) -> None:
    """Delete the rows of an import from a table, unless rows of something else refer to them."""
    if _count_created(connection, written.table, batch_id):
        for column in written.referring_columns():
            _refuse_if_held(connection, written, column, batch_id)
        connection.execute(written.table.delete().where(written.table.c.batch_id == batch_id))


def _refuse_if_held(
    connection: Connection, written: WrittenTable, column: Column[Any], batch_id: int
) -> None:
    holder = column.table
    created = select(written.table.c.id).where(written.table.c.batch_id == batch_id)
    held: ColumnElement[bool] = column.in_(created)
    if "batch_id" in holder.c:
        held = and_(held, holder.c.batch_id.is_distinct_from(batch_id))
    number = connection.execute(select(func.count(distinct(column))).where(held)).scalar_one()
    if not number:
        return
    later = None
    if "batch_id" in holder.c:
        changed = (
            select(func.max(_change.c.batch_id))
            .where(_change.c.table_name == holder.name, _change.c.row_id == holder.c.id)
            .scalar_subquery()
        )
        later = connection.execute(
            select(func.max(func.coalesce(changed, holder.c.batch_id))).where(held)
        ).scalar()
    values = {"batch": batch_id, "number": number, "what": Phrase(written.called)}
    if later is not None:
        raise Conflict(
            N_(
                "Import %(batch)d cannot be undone: import %(later)d builds on %(number)d of its %(what)s. "
                "Undo import %(later)d first."
            ),
            later=later,
            **values,
        )
    raise Conflict(
        N_("Import %(batch)d cannot be undone: %(number)d of its %(what)s are already in use (%(table)s)."),
        table=holder.name.replace("_", " "),
        **values,
    )


def _count_created(connection: Connection, created: Table, batch_id: int) -> int:
    statement = select(func.count()).select_from(created).where(created.c.batch_id == batch_id)
    return int(connection.execute(statement).scalar_one())
