"""Customers, their other names and keys, and who owns them when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint, bindparam, func, select, text, true
from sqlalchemy.sql.expression import ColumnElement
from sqlmodel import Field, Session, SQLModel, col, delete, insert

from db.book.people import Person
from db.types import UtcDateTime


class Customer(SQLModel, table=True):
    """A company we sell to (account) or would like to (prospect)."""

    __tablename__ = "customer"
    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(index=True)
    name: str
    record_type: str = "account"
    industry: str | None = None
    customer_type: str | None = None
    region: str | None = None
    country: str | None = None
    since: date | None = None
    parent_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    language: str | None = None
    archived: bool = False
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime)
    batch_id: int | None = Field(default=None, index=True)


class CustomerKey(SQLModel, table=True):
    """What another system calls a customer; unique per source."""

    __tablename__ = "customer_key"
    __table_args__ = (UniqueConstraint("source", "external_id"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    source: str
    external_id: str
    batch_id: int | None = Field(default=None, index=True)


class CustomerName(SQLModel, table=True):
    """A name to be found by, as written and as compared (`key`)."""

    __tablename__ = "customer_name"
    __table_args__ = (
        UniqueConstraint("customer_id", "kind", "key"),
        Index("ix_customer_name_key", "key"),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    kind: str  # code | name | alias | pinyin | initials
    name: str
    key: str
    batch_id: int | None = Field(default=None, index=True)


class NameToken(SQLModel, table=True):
    """One searchable piece of a name: a word or a pair of Chinese characters."""

    __tablename__ = "name_token"
    token: str = Field(primary_key=True)
    customer_id: int = Field(primary_key=True, foreign_key="customer.id", index=True)


class Ownership(SQLModel, table=True):
    """Who looks after a customer, from when to when; one open primary owner at a time."""

    __tablename__ = "ownership"
    __table_args__ = (
        Index(
            "uq_ownership_open_primary",
            "customer_id",
            unique=True,
            sqlite_where=text("ends_on IS NULL AND role = 'primary'"),
            postgresql_where=text("ends_on IS NULL AND role = 'primary'"),
        ),
        Index("ix_ownership_person_open", "person_id", "ends_on"),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    role: str = "primary"
    starts_on: date
    ends_on: date | None = None
    batch_id: int | None = Field(default=None, index=True)


def get(session: Session, customer_id: int) -> Customer | None:
    return session.get(Customer, customer_id)


def anybody(session: Session) -> int | None:
    """The id of some customer; None in an empty book."""
    return session.scalars(select(col(Customer.id)).limit(1)).first()


# Put together once: for every answer that took longer than asking.
_OWNER = (
    select(Person)
    .join(Ownership, col(Ownership.person_id) == Person.id)
    .where(
        col(Ownership.customer_id) == bindparam("customer_id"),
        col(Ownership.role) == "primary",
        col(Ownership.ends_on).is_(None),
    )
)


@dataclass(frozen=True, kw_only=True)
class CustomerRow:
    """Who a customer is and whose, as every answer needs it: no object of the ORM, which takes longer to make."""

    id: int
    code: str
    name: str
    record_type: str
    version: int
    owner_id: int | None
    owner_name: str | None
    owner_team_id: int | None
    owner_slack_user_id: str | None


_HEAD: Any = (
    select(
        col(Customer.id),
        col(Customer.code),
        col(Customer.name),
        col(Customer.record_type),
        col(Customer.version),
        col(Person.id).label("owner_id"),
        col(Person.name).label("owner_name"),
        col(Person.team_id).label("owner_team_id"),
        col(Person.slack_user_id).label("owner_slack_user_id"),
    )
    .outerjoin(
        Ownership,
        (col(Ownership.customer_id) == col(Customer.id))
        & (col(Ownership.role) == "primary")
        & col(Ownership.ends_on).is_(None),
    )
    .outerjoin(Person, col(Person.id) == Ownership.person_id)
    .where(col(Customer.id) == bindparam("customer_id"))
)


def head(session: Session, customer_id: int) -> CustomerRow | None:
    """A customer and its present primary owner, active or not."""
    row = session.connection().execute(_HEAD, {"customer_id": customer_id}).first()
    return None if row is None else CustomerRow(**row._mapping)


def owner(session: Session, customer_id: int) -> Person | None:
    """The present primary owner, active or not."""
    return session.scalars(_OWNER, {"customer_id": customer_id}).first()


def get_many(session: Session, customer_ids: Sequence[int]) -> dict[int, Customer]:
    found = session.scalars(select(Customer).where(col(Customer.id).in_(customer_ids)))
    return {customer.id: customer for customer in found if customer.id is not None}


COLUMNS = ("industry", "customer_type", "region", "country")


def columns_of(
    session: Session, record_type: str, customer_ids: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """(customer, and its `COLUMNS`) of the unarchived customers of a type, by id; a handful when they are named."""
    statement = (
        select(col(Customer.id), *(col(getattr(Customer, name)) for name in COLUMNS))
        .where(col(Customer.record_type) == record_type, col(Customer.archived).is_(False))
        .order_by(col(Customer.id))
    )
    if customer_ids is not None:
        statement = statement.where(col(Customer.id).in_(customer_ids))
    return [tuple(row) for row in session.execute(statement)]


_OWNERS = select(col(Ownership.customer_id), col(Ownership.person_id)).where(
    col(Ownership.customer_id).in_(bindparam("customers", expanding=True)),
    col(Ownership.role) == "primary",
    col(Ownership.ends_on).is_(None),
)


def owner_ids(session: Session, customer_ids: Sequence[int]) -> dict[int, int]:
    """Customer -> present primary owner, for any number of customers."""
    found: dict[int, int] = {}
    for start in range(0, len(customer_ids), 5_000):  # databases limit the parameters of one statement
        rows = session.connection().execute(_OWNERS, these(customer_ids[start : start + 5_000]))
        found.update((row[0], row[1]) for row in rows)
    return found


Owners = frozenset[int] | None  # None: whoever owns them, or nobody


def owned_by(session: Session, owners: Owners) -> list[int]:
    """Ids of the unarchived customers these people own now."""
    statement = _within(select(col(Customer.id)), owners).where(col(Customer.archived).is_(False))
    return [row[0] for row in session.execute(statement)]


def with_key(session: Session, key: str, owners: Owners, limit: int = 20) -> list[int]:
    """Customers one of whose names compares equal to `key`; the strongest kind of name only."""
    wanted = {"key": key, "most": limit * 4} | {f"owner_{n}": owner for n, owner in enumerate(owners or ())}
    rows = session.connection().execute(_keyed(None if owners is None else len(owners)), wanted)
    return _best_kind([(customer, kind) for customer, kind in rows])[:limit]


@lru_cache(maxsize=200)
def _keyed(owners: int | None) -> Any:
    # A place for each: a list that SQLAlchemy writes out anew each time took a third of the question.
    named = _named(
        None if owners is None else [bindparam(f"owner_{n}", type_=Integer()) for n in range(owners)]
    )
    return named.where(col(CustomerName.key) == bindparam("key")).limit(bindparam("most", type_=Integer()))


def with_prefix(session: Session, prefix: str, owners: Owners, limit: int = 20) -> list[int]:
    """Customers one of whose names starts with `prefix`, by a range the index serves."""
    key = col(CustomerName.key)
    statement = _named(owners).where(key >= prefix, key < prefix + "\U0010ffff").order_by(key)
    rows = session.execute(statement.limit(limit * 4))
    return list(dict.fromkeys(customer for customer, _ in rows))[:limit]


def with_tokens(
    session: Session, tokens: Sequence[str], owners: Owners, limit: int = 500
) -> list[tuple[int, int]]:
    """(customer, how many of the tokens its names hold), most first."""
    hits = func.count().label("hits")
    statement = _within(
        select(col(NameToken.customer_id), hits).join(Customer, col(Customer.id) == NameToken.customer_id),
        owners,
    )
    rows = session.execute(
        statement.where(col(NameToken.token).in_(tokens), col(Customer.archived).is_(False))
        .group_by(col(NameToken.customer_id))
        .order_by(hits.desc(), col(NameToken.customer_id))
        .limit(limit)
    )
    return [(customer, count) for customer, count in rows]


def names_of(session: Session, customer_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(customer, compared name) for every findable name of these customers."""
    rows = session.execute(
        select(col(CustomerName.customer_id), col(CustomerName.key)).where(
            col(CustomerName.customer_id).in_(customer_ids)
        )
    )
    return [(customer, key) for customer, key in rows]


def all_names(session: Session, owners: Owners) -> list[tuple[int, str]]:
    """(customer, compared name) of everything within reach, for the scan of last resort."""
    rows = session.execute(
        _named(owners).with_only_columns(col(CustomerName.customer_id), col(CustomerName.key))
    )
    return [(customer, key) for customer, key in rows]


def _named(owners: Any) -> Any:
    statement = select(col(CustomerName.customer_id), col(CustomerName.kind)).join(
        Customer, col(Customer.id) == CustomerName.customer_id
    )
    return _within(statement, owners).where(col(Customer.archived).is_(False))


def _within(statement: Any, owners: Any) -> Any:
    """The statement over Customer, kept to what these people own now."""
    if owners is None:
        return statement
    return statement.join(Ownership, col(Ownership.customer_id) == Customer.id).where(
        col(Ownership.person_id).in_(owners),
        col(Ownership.role) == "primary",
        col(Ownership.ends_on).is_(None),
    )


def replace_names(
    session: Session,
    customer_id: int,
    names: Iterable[tuple[str, str, str]],
    tokens: Iterable[str],
    batch_id: int | None,
) -> None:
    """Make these (kind, name, key) and tokens the findable names of one customer."""
    session.exec(delete(CustomerName).where(col(CustomerName.customer_id) == customer_id))
    session.exec(delete(NameToken).where(col(NameToken.customer_id) == customer_id))
    rows = [
        {"customer_id": customer_id, "kind": kind, "name": name, "key": key, "batch_id": batch_id}
        for (kind, key), name in {(kind, key): name for kind, name, key in names}.items()
    ]
    if rows:
        session.exec(insert(CustomerName), params=rows)
    pieces = [{"token": token, "customer_id": customer_id} for token in dict.fromkeys(tokens)]
    if pieces:
        session.exec(insert(NameToken), params=pieces)


def _best_kind(rows: list[tuple[int, str]]) -> list[int]:
    """The customers of the strongest kind of match only: a code beats a name beats an alias."""
    rank = {"code": 0, "name": 1, "alias": 2, "pinyin": 3, "initials": 4}
    if not rows:
        return []
    best = min(rank[kind] for _, kind in rows)
    return list(dict.fromkeys(customer for customer, kind in rows if rank[kind] == best))


def of_customers(column: Any, customer_ids: Sequence[int] | None) -> ColumnElement[bool]:
    """Condition: of these customers; of all when there are none named."""
    return true() if customer_ids is None else col(column).in_(customer_ids)


def among(column: Any, named: bool) -> ColumnElement[bool]:
    """The same for a statement that is kept: the customers come as its parameter `customers` (`these`)."""
    return col(column).in_(bindparam("customers", expanding=True)) if named else true()


def these(customer_ids: Sequence[int] | None) -> dict[str, list[int]]:
    """The parameter of a statement with `among`."""
    return {} if customer_ids is None else {"customers": list(customer_ids)}
