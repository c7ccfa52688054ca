"""The book as it was known at a moment, from which an old grading can be computed again.

Rows of some customers are copied to temporary tables, and what was imported later is taken back there. The copies have
the names of the real tables and hide them on their connection: a query on the book reads the past.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select
from sqlmodel import Session, col

from db.book.customers import Customer
from db.book.facts import Activity, ActivityPeriod, Fact
from db.book.imports import ImportBatch, ImportChange, previous_values, table
from db.book.trade.invoices import Invoice
from db.book.trade.order_lines import OrderLine
from db.book.trade.orders import Order
from db.graded.first_orders import RecordChange
from db.graded.runs import Assessment, GradingRun, Purpose

_customer, _order, _line, _invoice = (table(one) for one in (Customer, Order, OrderLine, Invoice))
_fact, _activity, _period = (table(one) for one in (Fact, Activity, ActivityPeriod))
_change = table(ImportChange)
COPIED = (_customer, _order, _line, _invoice, _fact, _activity, _period)
_INDEXED = {  # columns by which the queries of a grading find a customer's rows
    _order: "customer_id, ordered_on, amount, cost",
    _line: "order_id",
    _invoice: "customer_id",
    _fact: "customer_id, field, measured_on",
    _activity: "customer_id",
}
BY_HAND = "a contact recorded by hand"
FIRST_ORDER = "a first order"
CREDIT_GRADING = "a later credit grading"


@dataclass(frozen=True, kw_only=True)
class PastBook:
    """A session on the past, and what has changed since: customer -> imports by number, or words for other news."""

    session: Session
    news: dict[int, set[int | str]]


def has_news(session: Session, kind: str, since: datetime) -> bool:
    """Whether a file of a kind has been imported or undone since a moment."""
    when = or_(col(ImportBatch.published_at) > since, col(ImportBatch.undone_at) > since)
    statement = select(col(ImportBatch.id)).where(col(ImportBatch.kind) == kind, when)
    return session.scalars(statement.limit(1)).first() is not None


def turning_points(
    session: Session, start: datetime, end: datetime, customer_ids: Collection[int]
) -> list[datetime]:
    """The moments in a period at which an import, or a contact of these customers recorded by hand, began to count."""
    published = select(col(ImportBatch.published_at)).where(col(ImportBatch.published_at).between(start, end))
    recorded = select(col(Activity.recorded_at)).where(
        col(Activity.customer_id).in_(customer_ids),
        col(Activity.batch_id).is_(None),
        col(Activity.recorded_at).between(start, end),
    )
    return sorted({*session.scalars(published), *session.scalars(recorded)})


def recorded_by_hand(session: Session, customer_id: int, since: datetime) -> bool:
    """Whether a contact with a customer has been recorded by hand since a moment."""
    statement = select(col(Activity.id)).where(
        col(Activity.customer_id) == customer_id,
        col(Activity.batch_id).is_(None),
        col(Activity.recorded_at) > since,
    )
    return session.scalars(statement.limit(1)).first() is not None


@contextmanager
def as_known(connection: Connection, moment: datetime, customer_ids: Collection[int]) -> Iterator[PastBook]:
    """The book of some customers as it was known at a moment; the temporary tables are dropped at the end.

    The connection is one of `db.book.imports.workspace`. What an undone import had brought cannot be restored.
    """
    ids = sorted(customer_ids)
    with connection.begin() as transaction:
        newest = select(func.max(col(ImportBatch.id))).where(col(ImportBatch.published_at) <= moment)
        known = connection.execute(newest).scalar() or 0
        moved = _moved_rows(connection, known, set(ids))
        news = _find_new_rows(connection, ids, known, moment)
        for one in COPIED:
            _copy(connection, one, _was_there(one, ids, known, moment, moved.get(one.name, [])))
        _copy(connection, table(GradingRun), col(GradingRun.published_at) <= moment)
        _restore(connection, known, news)
        _restore_prospects(connection, ids, moment, news)
        later = or_(_fact.c.superseded_by_batch > known, _fact.c.superseded_at > moment)
        connection.execute(_fact.update().where(later).values(superseded_at=None, superseded_by_batch=None))
        with Session(bind=connection) as session:
            yield PastBook(session=session, news=news)
        transaction.rollback()


def _moved_rows(connection: Connection, known: int, ids: set[int]) -> dict[str, list[int]]:
    """Table -> rows that belonged to one of these customers until a later import gave them to another."""
    statement = select(_change.c.table_name, _change.c.row_id, _change.c.before).where(
        _change.c.batch_id > known, _change.c.before.like('%"customer_id"%')
    )
    found: dict[str, list[int]] = {}
    for name, row_id, before in connection.execute(statement):
        if json.loads(before).get("customer_id") in ids:
            found.setdefault(name, []).append(row_id)
    return found


def _find_new_rows(
    connection: Connection, ids: list[int], known: int, moment: datetime
) -> dict[int, set[int | str]]:
    """Customer -> what brought rows about it after a moment: imports, contacts recorded by hand, credit gradings."""
    news: dict[int, set[int | str]] = {}
    for one in (_customer, _order, _invoice, _fact, _activity):
        who = one.c.id if one is _customer else one.c.customer_id
        brought = select(who, one.c.batch_id).where(who.in_(ids), one.c.batch_id > known).distinct()
        for customer, batch in connection.execute(brought):
            news.setdefault(customer, set()).add(batch)
    lines = select(_order.c.customer_id, _line.c.batch_id).join(_line, _line.c.order_id == _order.c.id)
    for customer, batch in connection.execute(
        lines.where(_order.c.customer_id.in_(ids), _line.c.batch_id > known).distinct()
    ):
        news.setdefault(customer, set()).add(batch)
    for batch in connection.scalars(select(_period.c.batch_id).where(_period.c.batch_id > known).distinct()):
        for customer in ids:
            news.setdefault(customer, set()).add(batch)
    by_hand = select(_activity.c.customer_id).where(
        _activity.c.customer_id.in_(ids), _activity.c.batch_id.is_(None), _activity.c.recorded_at > moment
    )
    for customer in connection.scalars(by_hand.distinct()):
        news.setdefault(customer, set()).add(BY_HAND)
    graded = (
        select(col(Assessment.customer_id))
        .join(GradingRun, col(GradingRun.id) == col(Assessment.run_id))
        .where(
            col(Assessment.customer_id).in_(ids),
            col(GradingRun.purpose) == Purpose.CREDIT,
            col(GradingRun.published_at) > moment,
        )
    )
    for customer in connection.scalars(graded.distinct()):
        news.setdefault(customer, set()).add(CREDIT_GRADING)
    return news


def _was_there(
    one: Table, ids: list[int], known: int, moment: datetime, moved: list[int]
) -> ColumnElement[bool]:
    """Whether a row of a table existed at a moment and belongs to these customers."""
    there = or_(one.c.batch_id.is_(None), one.c.batch_id <= known)
    if "recorded_at" in one.c:
        there = and_(there, or_(one.c.batch_id.is_not(None), one.c.recorded_at <= moment))
    if one is _period:
        return there
    if one is _line:  # the copy of the orders is there already
        return and_(there, one.c.order_id.in_(select(_order.c.id)))
    who = one.c.id if one is _customer else one.c.customer_id
    return and_(there, or_(who.in_(ids), one.c.id.in_(moved)) if moved else who.in_(ids))


def _copy(connection: Connection, one: Table, which: ColumnElement[bool]) -> None:
    """Make a temporary table with the name of a table and some of its rows."""
    rows = select(one).where(which).compile(connection, compile_kwargs={"literal_binds": True})
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {one.name} AS {rows}")
    if connection.dialect.name == "postgresql":  # which groups by a key only where it knows it
        connection.exec_driver_sql(f"ALTER TABLE {one.name} ADD PRIMARY KEY (id)")
    if one in _INDEXED:
        connection.exec_driver_sql(f"CREATE INDEX past_{one.name} ON {one.name} ({_INDEXED[one]})")


def _restore(connection: Connection, known: int, news: dict[int, set[int | str]]) -> None:
    """Give the copied rows the values they had before later imports changed them, newest change first."""
    for one in COPIED:
        owner = None if one in (_line, _period) else one.c.id if one is _customer else one.c.customer_id
        columns = [_change.c.row_id, _change.c.before, _change.c.batch_id]
        if owner is not None:
            columns.append(owner)
        changes = (
            select(*columns)
            .join(one, and_(one.c.id == _change.c.row_id, _change.c.table_name == one.name))
            .where(_change.c.batch_id > known)
            .order_by(_change.c.id.desc())
        )
        for row_id, before, batch, *who in connection.execute(changes).all():
            values = previous_values(one, before)
            if values:
                connection.execute(one.update().where(one.c.id == row_id).values(values))
            for customer in (*who, values.get("customer_id")):
                if customer is not None:
                    news.setdefault(customer, set()).add(batch)
    lines = (
        select(_order.c.customer_id, _change.c.batch_id)
        .select_from(_order)
        .join(_line, _line.c.order_id == _order.c.id)
        .join(_change, and_(_change.c.row_id == _line.c.id, _change.c.table_name == _line.name))
        .where(_change.c.batch_id > known)
    )
    for customer, batch in connection.execute(lines.distinct()):
        news.setdefault(customer, set()).add(batch)


def _restore_prospects(
    connection: Connection, ids: list[int], moment: datetime, news: dict[int, set[int | str]]
) -> None:
    """Make prospects again of the customers that became accounts with their first order."""
    changed = table(RecordChange)
    became = (
        select(changed.c.customer_id, changed.c.before, changed.c.since_before)
        .where(changed.c.customer_id.in_(ids), changed.c.changed_at > moment)
        .order_by(changed.c.id.desc())
    )
    for customer, record_type, since in connection.execute(became).all():
        values = {"record_type": record_type, "since": since}
        connection.execute(_customer.update().where(_customer.c.id == customer).values(values))
        news.setdefault(customer, set()).add(FIRST_ORDER)
