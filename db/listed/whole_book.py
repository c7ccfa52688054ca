"""The first customers of the whole book in an order that an index has: nothing is sorted, and what comes after is not read."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, present_owner
from db.graded import figures
from db.graded.figures import CustomerFigures
from db.graded.runs import Assessment
from db.listed.conditions import BLOCKED, WantedCustomers, conditions
from db.types import units


def best_tiers_first(
    session: Session,
    columns: Sequence[Any],
    run_ids: Sequence[int],
    present: Any,
    wanted: WantedCustomers,
    most: int,
) -> list[Any] | None:
    """Tier by tier, the highest score first, by the index of run, tier and score; None of fewer than `most`."""
    score, found = col(Assessment.score), list[Any]()
    ranks = sorted(set(wanted.ranks.values()))  # tiers of several schemes can have the same place
    groups = [[tier for tier, place in wanted.ranks.items() if place == rank] for rank in ranks]
    for group in (*groups, [BLOCKED]):
        tiers = [tier for tier in group if not wanted.tiers or tier in wanted.tiers]
        if not tiers:
            continue
        for known, order in ((score.is_not(None), score.desc()), (score.is_(None), None)):
            statement = _from(Assessment, columns, present).where(
                col(Assessment.run_id).in_(run_ids),
                col(Assessment.tier).in_(tiers),
                known,
                *conditions(wanted),
            )
            order_by = (col(Customer.id),) if order is None else (order, col(Customer.id))
            rows = session.connection().execute(statement.order_by(*order_by).limit(most - len(found)))
            found += rows
            if len(found) == most:
                return found
    return None


def most_first(
    session: Session,
    columns: Sequence[Any],
    present: Any,
    wanted: WantedCustomers,
    most: int,
    *,
    at_risk: bool,
) -> list[Any] | None:
    """The most revenue, or value at risk, first, by the indexes of figures; None of fewer than `most`."""
    found: list[tuple[int, int, Any]] = []
    for amount, condition in _amounts(wanted, at_risk):
        statement = _from(CustomerFigures, (*columns, amount), present).where(condition, *conditions(wanted))
        rows = session.connection().execute(statement.order_by(amount.desc(), col(Customer.id)).limit(most))
        found += [(-row[-1], row[0], row[:-1]) for row in rows]
    return [row for _, _, row in sorted(found)[:most]] if len(found) >= most else None


def _amounts(wanted: WantedCustomers, at_risk: bool) -> Iterator[tuple[Any, ColumnElement[bool]]]:
    if not at_risk:
        yield units(CustomerFigures.revenue), col(CustomerFigures.revenue).is_not(None)
        return
    worth = units(CustomerFigures.worth)
    yield worth, figures.silent(wanted.today) & (worth > 0)
    yield units(CustomerFigures.fall), figures.falling(wanted.today)


def _from(first: Any, columns: Sequence[Any], present: Any) -> Any:
    """The rows of a list, beginning with the table whose index has the order."""
    of_figures = col(CustomerFigures.customer_id) == col(Customer.id)
    statement = sa_select(*columns).select_from(first)
    if first is Assessment:
        statement = statement.join(Customer, present).outerjoin(CustomerFigures, of_figures)
    else:
        statement = statement.join(Customer, of_figures).outerjoin(Assessment, present)
    return statement.outerjoin(Ownership, present_owner(Customer.id))
