"""Rows of a customer file under a code that was joined into another customer.

The customer's own system decides: such rows fill what is empty, and add names. Otherwise each import from one of two
systems would overwrite what the other one says.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, func, or_, select

from db.book.customers import Customer, CustomerKey
from db.book.imports import table

_customer, _key = table(Customer), table(CustomerKey)


def mark_joined(connection: Connection, source: str, stage: Table) -> int:
    """Number the staged rows of joined codes in the column `joined`, from 1 for each customer; the highest number.

    A customer's own key is the one that it was created with.
    """
    own = _customer.alias()
    moved = or_(_key.c.external_id != own.c.code, _key.c.batch_id.is_distinct_from(own.c.batch_id))
    into = select(_customer.c.joined_into).where(_customer.c.joined_into.is_not(None))
    number = func.row_number().over(partition_by=_key.c.customer_id, order_by=stage.c.line)
    rows = connection.execute(
        select(stage.c.line, number)
        .select_from(_key)
        .join(own, own.c.id == _key.c.customer_id)
        .join(stage, stage.c.key == _key.c.external_id)
        .where(_key.c.source == source, _key.c.customer_id.in_(into), moved)
    ).all()
    if rows:
        update = stage.update().where(stage.c.line == bindparam("line_")).values(joined=bindparam("number_"))
        connection.execute(update, [{"line_": line, "number_": number} for line, number in rows])
    return max((number for _, number in rows), default=0)


def fill_only(columns: Mapping[str, Any], stage: Table) -> dict[str, Any]:
    """The values that staged rows set, so that those of joined codes change only what is empty."""
    return {
        name: case((stage.c.joined.is_(None), value), else_=func.coalesce(_customer.c[name], value))
        for name, value in columns.items()
    }
