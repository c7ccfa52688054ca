"""Takes an import back: what it made goes, what it changed returns, unless something was built on it since."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, and_, distinct, exists, func, select

from bot.clock import Clock
from bot.errors import N_, Conflict, NotFound
from bot.services.imports import aliases
from bot.services.imports.publication import restored
from bot.services.imports.report import UndoReport
from db.book import imports, order_totals
from db.book.customers import Customer, CustomerKey, CustomerName, NameToken, Ownership
from db.book.facts import Activity, ActivityPeriod, Fact
from db.book.imports import ImportBatch, ImportChange, table
from db.book.orders import Order
from db.book.people import Person, Team
from db.book.trade import ExchangeRate, Invoice, OrderLine
from db.engine import Database

_PAGE = 5_000
_batch, _change = table(ImportBatch), table(ImportChange)
_customer, _name, _fact, _token = table(Customer), table(CustomerName), table(Fact), table(NameToken)
_order, _activity = table(Order), table(Activity)
# What nothing hangs on goes first; what other tables hold of orders, customers, people and teams stands in the way.
_LEAVES: tuple[Table, ...] = (
    _activity,
    table(ActivityPeriod),
    _fact,
    table(OrderLine),
    table(Invoice),
    table(ExchangeRate),
    table(Ownership),
    _name,
    table(CustomerKey),
)
_ROOTS: tuple[Table, ...] = (_order, _customer, table(Person), table(Team))
_COUNTED: dict[str, tuple[Table, ...]] = {
    "customers": (_customer,),
    "rates": (table(ExchangeRate),),
    "orders": (_order, _customer),
    "order-lines": (table(OrderLine),),
    "invoices": (table(Invoice),),
    "activities": (_activity,),
    "facts": (_fact,),
    "people": (table(Person),),
    "teams": (table(Team),),
}


def undo(database: Database, batch_id: int, *, clock: Clock, actor: str) -> UndoReport:
    """Remove what an import created, restore what it changed, revive the facts it superseded."""
    try:
        with imports.exclusive(database), imports.workspace(database) as connection, connection.begin():
            # Touching the row first takes SQLite's write lock before anything is read.
            connection.execute(_batch.update().where(_batch.c.id == batch_id).values(status=_batch.c.status))
            kind = _refuse_unless_published(connection, batch_id)
            _refuse_if_changed_since(connection, batch_id)
            counted = sum(_count_made(connection, made, batch_id) for made in _COUNTED[kind])
            for leaf in _LEAVES:
                connection.execute(leaf.delete().where(leaf.c.batch_id == batch_id))
            order_totals.add(connection, _order.c.batch_id == batch_id, -1)
            with order_totals.moving(connection, _order.c.id.in_(_changed_orders(batch_id))):
                back = _restore(connection, batch_id)
            for root in _ROOTS:
                _remove(connection, root, batch_id)
            connection.execute(_change.delete().where(_change.c.batch_id == batch_id))
            connection.execute(
                _batch.update()
                .where(_batch.c.id == batch_id)
                .values(status="undone", undone_at=clock.now(), undone_by=actor)
            )
    except imports.ImportRunning:
        raise Conflict(N_("An import is running; try again when it is done.")) from None
    return UndoReport(batch_id=batch_id, kind=kind, removed=counted, restored=back)


def history(database: Database) -> list[ImportBatch]:
    """Every import, newest first."""
    with database.read() as session:
        return imports.batches(session)


def _refuse_unless_published(connection: Connection, batch_id: int) -> str:
    found = connection.execute(
        select(_batch.c.kind, _batch.c.status, _batch.c.undone_at).where(_batch.c.id == batch_id)
    ).first()
    if found is None:
        raise NotFound(N_("There is no import %(batch)d."), batch=batch_id)
    if found.status == "undone":
        raise Conflict(
            N_("Import %(batch)d was already undone on %(day)s."), batch=batch_id, day=found.undone_at.date()
        )
    return str(found.kind)


def _refuse_if_changed_since(connection: Connection, batch_id: int) -> None:
    """A later import changed the same rows: that one must go first."""
    mine, later = _change.alias(), _change.alias()
    changed_both = select(func.max(later.c.batch_id)).where(
        later.c.batch_id > batch_id,
        exists(
            select(1).where(
                mine.c.batch_id == batch_id,
                mine.c.table_name == later.c.table_name,
                mine.c.row_id == later.c.row_id,
            )
        ),
    )
    found = [connection.execute(changed_both).scalar()]
    for made in (*_LEAVES, *_ROOTS):
        found.append(
            connection.execute(
                select(func.max(_change.c.batch_id))
                .select_from(_change.join(made, made.c.id == _change.c.row_id))
                .where(
                    _change.c.table_name == made.name,
                    _change.c.batch_id > batch_id,
                    made.c.batch_id == batch_id,
                )
            ).scalar()
        )
    found.append(
        connection.execute(
            select(func.max(_fact.c.superseded_by_batch)).where(
                _fact.c.batch_id == batch_id, _fact.c.superseded_by_batch > batch_id
            )
        ).scalar()
    )
    blocking = max((number for number in found if number is not None), default=None)
    if blocking is not None:
        raise Conflict(
            N_(
                "Import %(batch)d cannot be undone: import %(later)d changed the same rows. Undo import %(later)d first."
            ),
            batch=batch_id,
            later=blocking,
        )
    if connection.execute(
        select(1)
        .where(
            _fact.c.batch_id == batch_id,
            _fact.c.superseded_at.is_not(None),
            _fact.c.superseded_by_batch.is_(None),
        )
        .limit(1)
    ).first():
        raise Conflict(
            N_("Import %(batch)d cannot be undone: some of its facts were corrected by hand since."),
            batch=batch_id,
        )


def _restore(connection: Connection, batch_id: int) -> int:
    """Put changed rows back as they were; how many."""
    touched: set[int] = set()
    rows_back = 0
    last = 0
    while page := connection.execute(
        select(_change.c.id, _change.c.table_name, _change.c.row_id, _change.c.before)
        .where(_change.c.batch_id == batch_id, _change.c.id > last)
        .order_by(_change.c.id)
        .limit(_PAGE)
    ).all():
        for _, table_name, row_id, before in page:
            target = Customer.metadata.tables[table_name]
            values = {
                name: restored(target.c[name].type, value) for name, value in json.loads(before).items()
            }
            if target is _customer:
                touched.add(row_id)
                values["version"] = target.c.version + 1
            if values:
                connection.execute(target.update().where(target.c.id == row_id).values(values))
            # An ownership that ended is part of its customer's change, not one more.
            rows_back += target.name != "ownership"
        last = page[-1].id
    revived = imports.affected(
        connection,
        _fact.update()
        .where(_fact.c.superseded_by_batch == batch_id)
        .values(superseded_at=None, superseded_by_batch=None),
    )
    for start in range(0, len(touched), 500):
        aliases.rebuild(connection, sorted(touched)[start : start + 500], batch_id)
    return rows_back + revived


def _changed_orders(batch_id: int) -> Select[tuple[int]]:
    return select(_change.c.row_id).where(_change.c.batch_id == batch_id, _change.c.table_name == _order.name)


def _remove(connection: Connection, root: Table, batch_id: int) -> None:
    """Delete the orders, customers, people or teams of an import, unless something else holds on to them."""
    made = select(root.c.id).where(root.c.batch_id == batch_id)
    if connection.execute(made.limit(1)).first() is None:
        return
    if root is _customer:
        connection.execute(_token.delete().where(_token.c.customer_id.in_(made)))
    for holder, column in _holders(root):
        _refuse_if_held(connection, root, holder, column, batch_id)
    connection.execute(root.delete().where(root.c.batch_id == batch_id))


def _holders(root: Table) -> Iterator[tuple[Table, Column[Any]]]:
    """Every column of the book that points at a table."""
    for holder in root.metadata.sorted_tables:
        for column in holder.c:
            if column.references(root.c.id) or (root.name == "person" and column.key == "lead_id"):
                yield holder, column


def _refuse_if_held(
    connection: Connection, root: Table, holder: Table, column: Column[Any], batch_id: int
) -> None:
    made = select(root.c.id).where(root.c.batch_id == batch_id)
    held: ColumnElement[bool] = column.in_(made)
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
    what = {"customer_order": "orders", "customer": "customers", "person": "people", "team": "teams"}[
        root.name
    ]
    if later is not None:
        raise Conflict(
            N_(
                "Import %(batch)d cannot be undone: import %(later)d builds on %(number)d of its %(what)s. "
                "Undo import %(later)d first."
            ),
            batch=batch_id,
            later=later,
            number=number,
            what=what,
        )
    raise Conflict(
        N_("Import %(batch)d cannot be undone: %(number)d of its %(what)s are already in use (%(table)s)."),
        batch=batch_id,
        number=number,
        what=what,
        table=holder.name.replace("_", " "),
    )


def _count_made(connection: Connection, made: Table, batch_id: int) -> int:
    return int(
        connection.execute(
            select(func.count()).select_from(made).where(made.c.batch_id == batch_id)
        ).scalar_one()
    )
