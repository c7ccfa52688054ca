"""What imports have corrected, or added about an earlier period."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, func, or_, select
from sqlmodel import Session, col

from db.book.customers import Customer
from db.book.facts import Activity, Fact
from db.book.imports import ImportBatch, ImportChange, table
from db.book.invoices import Invoice
from db.book.order_lines import OrderLine
from db.book.orders import Order

_customer, _order, _line, _change = (table(one) for one in (Customer, Order, OrderLine, ImportChange))
_DATED = {  # table -> the day that a row is about
    _order: _order.c.ordered_on,
    table(Invoice): table(Invoice).c.invoiced_on,
    table(Fact): table(Fact).c.measured_on,
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
    found: set[int] = set()
    for one, day in _DATED.items():
        later: ColumnElement[bool] = one.c.batch_id > known
        if one.name == Fact.__tablename__:
            later = or_(later, one.c.batch_id.is_(None) & (one.c.recorded_at > moment))
        found.update(session.scalars(select(one.c.customer_id).where(later, day <= through).distinct()))
        found.update(session.scalars(_changed(one, one, one.c.customer_id, known)))
    lines = _line.join(_order, _line.c.order_id == _order.c.id)
    late = select(_order.c.customer_id).select_from(lines)
    found.update(session.scalars(late.where(_line.c.batch_id > known, _order.c.ordered_on <= through)))
    found.update(session.scalars(_changed(_line, lines, _order.c.customer_id, known)))
    found.update(session.scalars(_changed(_customer, _customer, _customer.c.id, known)))
    superseded = or_(col(Fact.superseded_by_batch) > known, col(Fact.superseded_at) > moment)
    found.update(session.scalars(select(col(Fact.customer_id)).where(superseded).distinct()))
    return found.intersection(customer_ids)


def _changed(changed: Table, rows: Any, customer: Any, known: int) -> Any:
    """The customers of the rows of a table that imports after one of them have changed."""
    return (
        select(customer)
        .select_from(rows.join(_change, _change.c.row_id == changed.c.id))
        .where(_change.c.table_name == changed.name, _change.c.batch_id > known)
        .distinct()
    )
