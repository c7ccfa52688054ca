"""Customers that have something in common which is usually one customer's only."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import CTE, String, case, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FunctionElement
from sqlmodel import Session, col

from db.book.customers import Customer, CustomerKey, CustomerName, NameKind
from db.book.facts import Fact
from db.book.order_totals import OrderTotal

SHORTEST = 3  # characters of a name that says something


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


class Member(NamedTuple):
    """A customer among those that share a value."""

    value: str
    customer_id: int


class Candidate(NamedTuple):
    """What a person needs to know of a customer to join it."""

    customer_id: int
    code: str
    name: str
    source: str | None  # of the key that it was created with
    orders: int


def bare_name(key: Any, endings: Sequence[str]) -> ColumnElement[str]:
    """A compared name without its legal form; `endings` are the forms, the longest first."""
    return case(
        *(
            (last_characters(key, literal(len(ending))) == ending, func.substr(key, 1, func.length(key) - len(ending)))
            for ending in endings
        ),
        else_=key,
    )


def same_names(session: Session, endings: Sequence[str]) -> Iterator[Member]:
    """Customers with the same name or alias, but for the legal form; by name."""
    names = select(
        bare_name(col(CustomerName.key), endings).label("value"), col(CustomerName.customer_id)
    ).where(col(CustomerName.kind).in_((NameKind.NAME, NameKind.ALIAS)))
    named = names.cte("named")
    return _shared(session, named, func.length(named.c.value) >= SHORTEST)
