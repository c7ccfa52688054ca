"""Sums of what is at risk, and the customers with the most of it."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, union_all
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, of_type, present_owner
from db.book.people import Person
from db.graded import figures
from db.graded.figures import FIGURES, CustomerFigures
from db.graded.runs import Purpose
from db.types import units

Owners = Collection[int] | None  # None: the whole book


class RiskSum(NamedTuple):
    """What is at risk of the customers of an owner (None: of nobody), in one currency and of one basis; ten-thousandths."""

    owner_id: int | None
    currency: str | None
    basis: str  # figures.Basis
    silent: int
    silent_units: int
    falling: int
    falling_units: int


class RiskCustomer(NamedTuple):
    """A customer at risk."""

    customer_id: int
    version: int
    code: str
    name: str
    owner_id: int | None
    owner_team_id: int | None
    owner_name: str | None
    owner_slack_user_id: str | None
    figures: CustomerFigures


class Known(NamedTuple):
    """Of how many accounts there are figures, and of how many of these no rhythm is known."""

    accounts: int
    one_time: int
    unknown: int
    as_of: date | None  # the newest day of one of these


def sums(session: Session, today: date, owners: Owners, *, by_owner: bool = False) -> list[RiskSum]:
    """What is at risk, by currency and basis, and by owner where that is wanted."""
    worth, fall = units(CustomerFigures.worth), units(CustomerFigures.fall)
    silent = _of(owners, by_owner, and_(worth > 0, figures.silent(today)), worth, None)
    falling = _of(owners, by_owner, figures.falling(today), None, fall)
    both = union_all(silent, falling).subquery()
    person, currency, basis, *numbers = both.c
    summed = sa_select(person, currency, basis, *map(func.sum, numbers)).group_by(person, currency, basis)
    rows = session.connection().execute(summed)
    return [RiskSum(*row[:3], *(int(number or 0) for number in row[3:])) for row in rows]


def _of(owners: Owners, by_owner: bool, condition: ColumnElement[bool], silent: Any, falling: Any) -> Any:
    """Rows of (owner, currency, basis, and how many and how much of silent and falling ones) under a condition."""
    nothing, person = literal(0), col(Ownership.person_id) if by_owner else literal(None)
    numbers: list[Any] = []
    for amount in (silent, falling):
        numbers += [nothing, nothing] if amount is None else [func.count(), func.sum(amount)]
    statement = sa_select(
        person.label("person"),
        FIGURES.c.currency,
        FIGURES.c.basis,
        *(one.label(f"n{n}") for n, one in enumerate(numbers)),
    ).where(condition)
    groups = [FIGURES.c.currency, FIGURES.c.basis, *([person] if by_owner else [])]
    return _narrowed(statement, owners, owned=by_owner).group_by(*groups)


def largest(
    session: Session,
    today: date,
    owners: Owners,
    *,
    limit: int | None,
    currency: str | None = None,
    any_currency: bool = True,
) -> list[RiskCustomer]:
    """The customers with the most at risk, the most first; of one currency unless of any."""
    wanted = [] if any_currency else [FIGURES.c.currency.is_not_distinct_from(currency)]
    if owners is None and limit is not None:
        # Each from the end of an index: the whole book is not sorted.
        parts = []
        for amount, condition in (
            (FIGURES.c.worth, figures.silent(today)),
            (FIGURES.c.fall, figures.falling(today)),
        ):
            part = sa_select(FIGURES.c.customer_id).where(_some(amount), condition, *wanted)
            part = _narrowed(part, None, owned=False)
            parts.append(sa_select(part.order_by(amount.desc()).limit(limit).subquery()))
        ids = list(session.connection().scalars(union_all(*parts)))
        chosen: ColumnElement[bool] = FIGURES.c.customer_id.in_(ids)
    else:
        chosen = figures.has_value_at_risk(today)
    columns = (
        *(col(getattr(Customer, name)) for name in ("id", "version", "code", "name")),
        *(col(getattr(Person, name)) for name in ("id", "team_id", "name", "slack_user_id")),
    )
    statement = sa_select(*columns, *FIGURES.c).select_from(FIGURES).where(chosen, *wanted)
    statement = statement.join(
        Customer, and_(col(Customer.id) == FIGURES.c.customer_id, of_type(Purpose.ACCOUNT))
    )
    statement = statement.outerjoin(Ownership, present_owner(FIGURES.c.customer_id))
    statement = statement.outerjoin(Person, col(Person.id) == col(Ownership.person_id))
    if owners is not None:
        statement = statement.where(col(Ownership.person_id).in_(owners))
    order = (figures.value_at_risk(today).desc(), FIGURES.c.customer_id)
    rows = session.connection().execute(statement.order_by(*order).limit(limit))
    return [
        RiskCustomer._make((*row[:8], CustomerFigures(**dict(zip(figures.COLUMNS, row[8:], strict=True)))))
        for row in rows
    ]


def _some(amount: Any) -> ColumnElement[bool]:
    """Condition: there is something of an amount."""
    return units(amount) > 0


def known(session: Session, owners: Owners) -> Known:
    """Of how many accounts of these owners there are figures."""
    ever = FIGURES.c.order_days
    counted = sa_select(
        func.count(),
        func.sum(case((ever == 1, 1), else_=0)),
        func.sum(case((or_(ever == 0, and_(ever > 1, FIGURES.c.usual_gap_days.is_(None))), 1), else_=0)),
        func.max(FIGURES.c.as_of),
    ).select_from(FIGURES)
    row = session.connection().execute(_narrowed(counted, owners, owned=False)).one()
    return Known(row[0], row[1] or 0, row[2] or 0, row[3])


def _narrowed(statement: Any, owners: Owners, *, owned: bool) -> Any:
    """A statement over figures, limited to unarchived accounts, and to those of some owners."""
    account = and_(col(Customer.id) == FIGURES.c.customer_id, of_type(Purpose.ACCOUNT))
    statement = statement.join_from(FIGURES, Customer, account)
    if owners is not None:
        mine = and_(present_owner(FIGURES.c.customer_id), col(Ownership.person_id).in_(owners))
        return statement.join(Ownership, mine)
    return statement.outerjoin(Ownership, present_owner(FIGURES.c.customer_id)) if owned else statement
