"""What imports have corrected, or added about an earlier period."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, or_, select
from sqlmodel import Session, col

from db.book.customers import Customer
from db.book.facts import Activity, Fact
from db.book.imports import ImportBatch, ImportChange, table
from db.book.trade.invoices import Invoice
from db.book.trade.order_lines import OrderLine
from db.book.trade.orders import Order

MOST_NAMED = 5_000  # customers that a query names; for more the news about all of them are read
_customer, _order, _line, _fact = (table(one) for one in (Customer, Order, OrderLine, Fact))
_change = table(ImportChange)
_DATED = {  # table -> the day that a row is about
    _order: _order.c.ordered_on,
    table(Invoice): table(Invoice).c.invoiced_on,
    _fact: _fact.c.measured_on,
    table(Activity): table(Activity).c.happened_on,
}


def corrected_since(
    session: Session, moment: datetime, through: date, customer_ids: Collection[int]
) -> set[int]:
    """Those customers of whom a row was corrected after a moment, or added that is about a day up to `through`.

    Counts what imports have published, and facts that were superseded or recorded in any other way.
    """
    newest = select(func.max(col(ImportBatch.id))).where(col(ImportBatch.published_at) <= moment)
    known = session.scalar(newest) or 0
    few = sorted(customer_ids) if len(customer_ids) <= MOST_NAMED else None
    lines = _line.join(_order, _line.c.order_id == _order.c.id)
    superseded = or_(_fact.c.superseded_by_batch > known, _fact.c.superseded_at > moment)
    conditions = [
        (lines, _order.c.customer_id, and_(_line.c.batch_id > known, _order.c.ordered_on <= through)),
        (_fact, _fact.c.customer_id, superseded),
        *(_changed(one, one, one.c.customer_id, known) for one in _DATED),
        _changed(_line, lines, _order.c.customer_id, known),
        _changed(_customer, _customer, _customer.c.id, known),
    ]
    for one, day in _DATED.items():
        later: ColumnElement[bool] = one.c.batch_id > known
        if one is _fact:
            later = or_(later, one.c.batch_id.is_(None) & (one.c.recorded_at > moment))
        conditions.append((one, one.c.customer_id, and_(later, day <= through)))
    found: set[int] = set()
    for rows, customer, condition in conditions:
        theirs = condition if few is None else and_(condition, customer.in_(few))
        found.update(session.scalars(select(customer).select_from(rows).where(theirs).distinct()))
    return found.intersection(customer_ids)


def _changed(changed: Table, rows: Any, customer: Any, known: int) -> tuple[Any, Any, ColumnElement[bool]]:
    """(rows, their customer, condition): rows of a table that imports after one of them have changed."""
    together = rows.join(_change, _change.c.row_id == changed.c.id)
    return together, customer, and_(_change.c.table_name == changed.name, _change.c.batch_id > known)
