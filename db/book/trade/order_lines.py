"""Lines of orders: what was bought, and sums of it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Index, UniqueConstraint, bindparam, case, exists, func, select, true
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, and_, col

from db.book.customers import Customer, of_list, of_type
from db.book.trade.orders import Order, ordered_in
from db.types import ImportedRow, Money, in_currency, units


class OrderLine(ImportedRow, table=True):
    """One position of an order: what was bought, for how much; returns are negative."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line"),
        Index("ix_order_line_cover", "order_id", "product_type", "amount", "cost"),
    )
    order_id: int = Field(foreign_key="customer_order.id")
    line: str
    product: str | None = None
    product_type: str
    amount: Decimal = Field(sa_type=Money)
    cost: Decimal | None = Field(default=None, sa_type=Money)


_ANY_LINE = select(col(OrderLine.id)).limit(1)


def line_aggregates(
    session: Session, *, as_of: date, start: date, customer_ids: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """One row per customer with order lines in (start, as_of].

    Columns: customer id; product types with a positive net; net and cost of the lines with a cost in orders without
    one, in currency units, or None without such a line; returns without a cost whose lines all have one; returned lines
    without a cost in orders of which other lines have one, unless sales of their type without a cost outweigh them.
    """
    if session.connection().execute(_ANY_LINE).first() is None:
        return []  # without reading all orders first
    given = {"as_of": as_of, "start": start} | ({} if customer_ids is None else {"customers": customer_ids})
    statement = _line_sums(named=customer_ids is not None)
    return [tuple(row) for row in session.connection().execute(statement, given)]


@cache
def _line_sums(*, named: bool) -> Any:
    amount, cost = units(OrderLine.amount), units(OrderLine.cost)
    costed = and_(cost.is_not(None), units(Order.cost).is_(None))
    other = aliased(OrderLine)
    of_order = select(1).where(col(other.order_id) == col(Order.id)).correlate(Order, OrderLine)
    # Asked only of the few returns: whether one is the first line of its order, and what its other lines have.
    is_first = ~exists(of_order.where(col(other.id) < col(OrderLine.id)))
    all_costed = ~exists(of_order.where(units(other.cost).is_(None)))
    some_costed = exists(of_order.where(units(other.cost).is_not(None)))
    uncosted = and_(units(other.cost).is_(None), col(other.product_type) == col(OrderLine.product_type))
    of_type = select(func.sum(units(other.amount))).where(col(other.order_id) == col(Order.id), uncosted)
    outweighed = of_type.correlate(Order, OrderLine).scalar_subquery() >= 0
    returned = and_(units(Order.amount) < 0, units(Order.cost).is_(None))
    line_returned = and_(amount < 0, cost.is_(None), units(Order.cost).is_(None))
    types = (
        select(
            col(Order.customer_id),
            func.sum(amount).label("net"),
            func.sum(case((costed, amount))).label("net_with_cost"),
            func.sum(case((costed, cost))).label("cost"),
            func.sum(case((returned, case((and_(is_first, all_costed), 1), else_=0)), else_=0)).label(
                "known"
            ),
            func.sum(
                case((line_returned, case((and_(some_costed, ~outweighed), 1), else_=0)), else_=0)
            ).label("unknown"),
        )
        .select_from(Order)
        .join(OrderLine, col(OrderLine.order_id) == col(Order.id))
        .where(
            col(Order.ordered_on) > bindparam("start"),
            col(Order.ordered_on) <= bindparam("as_of"),
            of_list(Order.customer_id) if named else true(),
        )
        .group_by(col(Order.customer_id), col(OrderLine.product_type))
        .subquery()
    )
    return select(
        types.c.customer_id,
        func.sum(case((types.c.net > 0, 1), else_=0)),
        in_currency(func.sum(types.c.net_with_cost)),
        in_currency(func.sum(types.c.cost)),
        func.sum(types.c.known),
        func.sum(types.c.unknown),
    ).group_by(types.c.customer_id)


def product_types(session: Session, *, as_of: date, start: date) -> int:
    """How many product types were sold in (start, as_of]."""
    statement = (
        select(func.count(col(OrderLine.product_type).distinct()))
        .select_from(OrderLine)
        .join(Order, col(OrderLine.order_id) == col(Order.id))
        .where(ordered_in(start, as_of))
    )
    return int(session.execute(statement).scalar_one())


def product_amounts(
    session: Session, *, start: date, as_of: date
) -> list[tuple[int, str, float, str | None]]:
    """(account, product type, net amount, its peers) over order lines in (start, as_of].

    Peers are customers of one industry and customer type; None without an industry.
    """
    by = (
        col(Order.customer_id),
        col(OrderLine.product_type),
        col(Customer.industry),
        col(Customer.customer_type),
    )
    statement = (
        select(
            *by[:2],
            in_currency(func.sum(units(OrderLine.amount))),
            by[2] + " / " + func.coalesce(by[3], "-"),
        )
        .select_from(OrderLine)
        .join(Order, col(Order.id) == col(OrderLine.order_id))
        .join(Customer, col(Customer.id) == col(Order.customer_id))
        .where(ordered_in(start, as_of), of_type("account"))
        .group_by(*by)
    )
    return [(row[0], row[1], float(row[2]), row[3]) for row in session.execute(statement)]
