"""Customers that have something in common which is usually one customer's only."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import String, case, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FunctionElement
from sqlmodel import Session, col

from db.book.customers import Customer, CustomerKey, CustomerName, NameKind
from db.book.facts import Fact
from db.book.trade.order_totals import OrderTotal

SHORTEST, SHORTEST_NUMBER = 3, 6  # characters of a name or domain, and of a number, that says something
PAGE = 2_000  # rows fetched at once


class last_characters(FunctionElement[str]):  # noqa: N801 - reads as SQL
    """The last characters of a text, as many as the second argument says."""

    type = String()
    inherit_cache = True
    name = "last_characters"


@compiles(last_characters, "sqlite")
def _last_characters_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    text, number = (compiler.process(part, **keywords) for part in element.clauses)
    return f"substr({text}, -{number})"


@compiles(last_characters)
def _last_characters(element: Any, compiler: Any, **keywords: Any) -> str:
    text, number = (compiler.process(part, **keywords) for part in element.clauses)
    return f"right({text}, {number})"


class after_at(FunctionElement[str]):  # noqa: N801 - reads as SQL
    """What follows the @ of an address."""

    type = String()
    inherit_cache = True
    name = "after_at"


@compiles(after_at, "sqlite")
def _after_at_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    (text,) = (compiler.process(part, **keywords) for part in element.clauses)
    return f"substr({text}, instr({text}, '@') + 1)"


@compiles(after_at)
def _after_at(element: Any, compiler: Any, **keywords: Any) -> str:
    (text,) = (compiler.process(part, **keywords) for part in element.clauses)
    return f"split_part({text}, '@', 2)"


class Shared(NamedTuple):
    """A value that several customers have, and one of them."""

    value: str
    customer_id: int


class Candidate(NamedTuple):
    """What tells a person which customer it is, and which of several should stay."""

    customer_id: int
    code: str
    name: str
    source: str  # of the key that it was created with; empty without one
    orders: int


def bare_name(key: Any, endings: Sequence[str]) -> ColumnElement[str]:
    """A compared name without its legal form; `endings` are the forms, the longest first."""
    cut = (
        (
            last_characters(key, literal(len(ending))) == ending,
            func.substr(key, 1, func.length(key) - len(ending)),
        )
        for ending in endings
    )
    return case(*cut, else_=key)


def same_names(session: Session, endings: Sequence[str]) -> Iterator[Shared]:
    """Customers with the same name or alias, but for its legal form."""
    key = col(CustomerName.key)
    value = bare_name(key, endings)
    named = col(CustomerName.kind).in_((NameKind.NAME, NameKind.ALIAS))
    return _shared(
        session, select(value.label("value"), col(CustomerName.customer_id)).where(named), SHORTEST
    )


def same_facts(session: Session, fields: Sequence[str]) -> Iterator[Shared]:
    """Customers with the same value, but for case, spaces and punctuation, in one of some fields: a number."""
    value: Any = func.upper(col(Fact.value))
    for sign in " -./":
        value = func.replace(value, sign, "")
    current = col(Fact.field).in_(fields), col(Fact.superseded_at).is_(None)
    rows = select(value.label("value"), col(Fact.customer_id)).where(*current)
    return _shared(session, rows, SHORTEST_NUMBER)


def same_domains(session: Session, fields: Sequence[str], public: Sequence[str]) -> Iterator[Shared]:
    """Customers with the same domain of an e-mail address in one of some fields, unless it is everybody's."""
    domain = after_at(func.lower(col(Fact.value)))
    rows = select(domain.label("value"), col(Fact.customer_id)).where(
        col(Fact.field).in_(fields),
        col(Fact.superseded_at).is_(None),
        col(Fact.value).contains("@"),
        domain.not_in(public),
    )
    return _shared(session, rows, SHORTEST)


def _shared(session: Session, rows: Any, shortest: int) -> Iterator[Shared]:
    """(value, customer) rows whose value several unarchived customers have, by value."""
    # Grouped once, so that a million names are sorted and not compared with each other.
    found = rows.cte("found")
    live = (
        select(found.c.value, found.c.customer_id)
        .join(Customer, col(Customer.id) == found.c.customer_id)
        .where(col(Customer.archived).is_(False), func.length(found.c.value) >= shortest)
        .distinct()
        .cte("live")
    )
    several = select(live.c.value).group_by(live.c.value).having(func.count() > 1)
    statement = (
        select(live.c.value, live.c.customer_id)
        .where(live.c.value.in_(several))
        .order_by(live.c.value, live.c.customer_id)
        .execution_options(yield_per=PAGE)
    )
    for value, customer in session.connection().execute(statement):
        yield Shared(value=value, customer_id=customer)


def candidates(session: Session, customer_ids: Sequence[int]) -> dict[int, Candidate]:
    """These customers, for a person to choose from."""
    orders = (
        select(func.coalesce(func.sum(OrderTotal.orders), 0))
        .where(col(OrderTotal.customer_id) == col(Customer.id))
        .correlate(Customer)
        .scalar_subquery()
    )
    own_key = (
        select(func.min(CustomerKey.source))
        .where(
            col(CustomerKey.customer_id) == col(Customer.id),
            col(CustomerKey.external_id) == col(Customer.code),
            col(CustomerKey.batch_id).is_not_distinct_from(col(Customer.batch_id)),
        )
        .correlate(Customer)
        .scalar_subquery()
    )
    columns = col(Customer.id), col(Customer.code), col(Customer.name), func.coalesce(own_key, ""), orders
    rows = session.execute(select(*columns).where(col(Customer.id).in_(customer_ids)))
    return {row[0]: Candidate(*row) for row in rows}
