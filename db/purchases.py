"""What customers bought in a window, summed where the orders live."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, case, distinct, func, select, type_coerce
from sqlmodel import Session, and_, col

from db.customers import Customer
from db.facts import Order
from db.types import MONEY_UNITS


def purchases(
    session: Session, *, start: date, earlier: date, as_of: date, record_type: str = "account"
) -> list[tuple[Any, ...]]:
    """One row per customer of a record type that ordered in (earlier, as_of].

    Columns: customer id; days with an order in (start, as_of]; the same in (earlier, as_of]; and of that longer
    window the net amount, and net amount and cost of rows that carry a cost, None without any. Money in units.
    """
    day = col(Order.ordered_on)
    amount, cost = (type_coerce(column, BigInteger) for column in (col(Order.amount), col(Order.cost)))
    bought, costed = amount > 0, cost.is_not(None)
    units = float(MONEY_UNITS)
    statement = (
        select(
            col(Order.customer_id),
            func.count(distinct(case((and_(bought, day > start), day)))),
            func.count(distinct(case((bought, day)))),
            func.sum(amount) / units,
            func.sum(case((costed, amount))) / units,
            func.sum(cost) / units,
        )
        .join(Customer, col(Customer.id) == col(Order.customer_id))
        .where(
            day > earlier,
            day <= as_of,
            col(Customer.record_type) == record_type,
            col(Customer.archived).is_(False),
        )
        .group_by(col(Order.customer_id))
        .order_by(col(Order.customer_id))
    )
    return [tuple(row) for row in session.execute(statement)]
