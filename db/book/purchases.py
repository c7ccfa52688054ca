"""What customers bought in a window, summed where the orders live."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, case, distinct, func, select, type_coerce
from sqlmodel import Session, and_, col

from db.book.customers import Customer
from db.book.orders import Order
from db.book.trade import OrderLine
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


def product_amounts(
    session: Session, *, start: date, as_of: date, record_type: str = "account"
) -> list[tuple[int, str, float, str | None]]:
    """(customer, product type, net amount, what makes it comparable) over order lines in (start, as_of].

    Comparable are customers of one industry and customer type; None without an industry.
    """
    statement = (
        select(
            col(Order.customer_id),
            col(OrderLine.product_type),
            func.sum(type_coerce(col(OrderLine.amount), BigInteger)) / float(MONEY_UNITS),
            col(Customer.industry) + " / " + func.coalesce(col(Customer.customer_type), "-"),
        )
        .select_from(OrderLine)
        .join(Order, col(Order.id) == col(OrderLine.order_id))
        .join(Customer, col(Customer.id) == col(Order.customer_id))
        .where(
            col(Order.ordered_on) > start,
            col(Order.ordered_on) <= as_of,
            col(Customer.record_type) == record_type,
            col(Customer.archived).is_(False),
        )
        .group_by(
            col(Order.customer_id),
            col(OrderLine.product_type),
            col(Customer.industry),
            col(Customer.customer_type),
        )
    )
    return [(row[0], row[1], float(row[2]), row[3]) for row in session.execute(statement)]


def net_between(session: Session, *, after: date, until: date) -> list[tuple[int, float]]:
    """(customer id, net amount) of the orders in (after, until]; in units of the currency."""
    statement = (
        select(
            col(Order.customer_id), func.sum(type_coerce(col(Order.amount), BigInteger)) / float(MONEY_UNITS)
        )
        .where(col(Order.ordered_on) > after, col(Order.ordered_on) <= until)
        .group_by(col(Order.customer_id))
    )
    return [(row[0], row[1]) for row in session.execute(statement)]
