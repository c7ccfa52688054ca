"""Customers, their other names and keys, and who owns them when."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlmodel import Field, Session, SQLModel, col, delete, insert, or_, select

from db.people import Person
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


def owner(session: Session, customer_id: int) -> Person | None:
    """The present primary owner, active or not."""
    return session.exec(
        select(Person)
        .join(Ownership, col(Ownership.person_id) == Person.id)
        .where(
            Ownership.customer_id == customer_id,
            Ownership.role == "primary",
            col(Ownership.ends_on).is_(None),
        )
    ).first()


def owned_by(session: Session, person_ids: Sequence[int]) -> list[int]:
    """Ids of the customers these people own now."""
    return list(
        session.exec(
            select(Ownership.customer_id).where(
                col(Ownership.person_id).in_(person_ids),
                Ownership.role == "primary",
                col(Ownership.ends_on).is_(None),
            )
        )
    )


def with_key(session: Session, key: str, limit: int = 20) -> list[int]:
    """Customers one of whose names compares equal to `key`; codes before names before aliases."""
    rows = session.exec(
        select(CustomerName.customer_id, CustomerName.kind)
        .join(Customer, col(Customer.id) == CustomerName.customer_id)
        .where(CustomerName.key == key, col(Customer.archived).is_(False))
        .limit(limit * 4)
    ).all()
    return _best_kind([(customer, kind) for customer, kind in rows])[:limit]


def with_prefix(session: Session, prefix: str, limit: int = 20) -> list[int]:
    """Customers one of whose names starts with `prefix`, by a range the index serves."""
    rows = session.exec(
        select(CustomerName.customer_id, CustomerName.kind)
        .join(Customer, col(Customer.id) == CustomerName.customer_id)
        .where(
            CustomerName.key >= prefix,
            CustomerName.key < prefix + "\U0010ffff",
            col(Customer.archived).is_(False),
        )
        .order_by(CustomerName.key)
        .limit(limit * 4)
    ).all()
    seen: dict[int, None] = dict.fromkeys(customer for customer, _ in rows)
    return list(seen)[:limit]


def with_tokens(session: Session, tokens: Sequence[str], limit: int = 500) -> list[tuple[int, int]]:
    """(customer, how many of the tokens its names hold), most first."""
    if not tokens:
        return []
    hits = func.count().label("hits")
    rows = session.exec(
        select(NameToken.customer_id, hits)
        .where(col(NameToken.token).in_(tokens))
        .group_by(col(NameToken.customer_id))
        .order_by(hits.desc(), col(NameToken.customer_id))
        .limit(limit)
    ).all()
    return [(customer, count) for customer, count in rows]


def names_of(session: Session, customer_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(customer, compared name) for every findable name of these customers."""
    return [
        (customer, key)
        for customer, key in session.exec(
            select(CustomerName.customer_id, CustomerName.key).where(
                col(CustomerName.customer_id).in_(customer_ids)
            )
        )
    ]


def all_names(session: Session) -> list[tuple[int, str]]:
    """(customer, compared name) of the whole book, for the scan of last resort."""
    return [
        (customer, key)
        for customer, key in session.exec(
            select(CustomerName.customer_id, CustomerName.key).where(
                or_(CustomerName.kind == "name", CustomerName.kind == "alias", CustomerName.kind == "pinyin")
            )
        )
    ]


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
