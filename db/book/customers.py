"""Customers, their other names and keys, and who owns them when."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Index,
    Integer,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    cast,
    func,
    select,
    true,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import ColumnElement
from sqlmodel import Field, Session, SQLModel, col

from db.book.people import Person, SlackStatus
from db.engine import IdList, is_among
from db.types import ImportedRow, UtcDateTime, partial_index


class RecordType(StrEnum):
    """A company that we sell to, or would like to."""

    ACCOUNT = "account"
    PROSPECT = "prospect"


class NameKind(StrEnum):
    """Why a name finds a customer, the strongest first."""

    CODE = "code"
    NAME = "name"
    ALIAS = "alias"
    PINYIN = "pinyin"
    INITIALS = "initials"


class OwnershipRole(StrEnum):
    """How a person owns a customer."""

    PRIMARY = "primary"


class Customer(ImportedRow, table=True):
    """A company: an account or a prospect.

    One that was joined into another is archived, has no keys any more, and its row stays for its history.
    """

    __tablename__ = "customer"
    __table_args__ = (
        partial_index("ix_customer_joined_into", "joined_into", where="joined_into IS NOT NULL"),
        {"sqlite_autoincrement": True},  # the audit names customers by number, also those that were erased
    )
    code: str = Field(index=True)
    name: str
    record_type: str = RecordType.ACCOUNT
    industry: str | None = Field(default=None, index=True)
    customer_type: str | None = None
    region: str | None = Field(default=None, index=True)
    country: str | None = Field(default=None, index=True)
    since: date | None = None
    parent_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    language: str | None = None
    archived: bool = False
    joined_into: int | None = Field(default=None, foreign_key="customer.id")
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime)


class CustomerKey(ImportedRow, table=True):
    """A customer's key in another system; unique per source."""

    __tablename__ = "customer_key"
    __table_args__ = (UniqueConstraint("source", "external_id"),)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    source: str
    external_id: str


class CustomerName(ImportedRow, table=True):
    """A name that finds a customer, as written and as compared (`key`)."""

    __tablename__ = "customer_name"
    __table_args__ = (
        UniqueConstraint("customer_id", "kind", "key"),
        Index("ix_customer_name_key", "key"),
    )
    customer_id: int = Field(foreign_key="customer.id", index=True)
    kind: str  # NameKind
    name: str
    key: str


class NameToken(SQLModel, table=True):
    """One searchable piece of a name: a word or a pair of Chinese characters."""

    __tablename__ = "name_token"
    token: str = Field(primary_key=True)
    customer_id: int = Field(primary_key=True, foreign_key="customer.id", index=True)


class Ownership(ImportedRow, table=True):
    """Who owns a customer, from when to when; one open primary owner at a time."""

    __tablename__ = "ownership"
    __table_args__ = (
        partial_index(
            "uq_ownership_open_primary",
            "customer_id",
            where="ends_on IS NULL AND role = 'primary'",
            unique=True,
        ),
        Index("ix_ownership_person_open", "person_id", "ends_on"),
    )
    customer_id: int = Field(foreign_key="customer.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    role: str = OwnershipRole.PRIMARY
    starts_on: date
    ends_on: date | None = None


_PRESENT = and_(col(Ownership.role) == OwnershipRole.PRIMARY, col(Ownership.ends_on).is_(None))


def present_owner(customer_id: Any) -> ColumnElement[bool]:
    """Condition: the ownership is the present primary one of this customer."""
    return and_(col(Ownership.customer_id) == customer_id, _PRESENT)


def get(session: Session, customer_id: int) -> Customer | None:
    return session.get(Customer, customer_id)


def any_id(session: Session) -> int | None:
    """The id of some customer; None in an empty book."""
    return session.scalars(select(col(Customer.id)).limit(1)).first()


# Built once, like the other statements of an answer: building one takes longer than running it.
_OWNER = (
    select(Person)
    .join(Ownership, col(Ownership.person_id) == Person.id)
    .where(present_owner(bindparam("customer_id")))
)


class CustomerRow(NamedTuple):
    """A customer with its owner, read for every answer; the same as ORM objects takes 2 times as long."""

    id: int
    code: str
    name: str
    record_type: str
    version: int
    owner_id: int | None
    owner_name: str | None
    owner_team_id: int | None
    owner_slack_user_id: str | None


_CUSTOMER_ROW: Any = (
    select(
        *(col(getattr(Customer, name)) for name in CustomerRow._fields[:5]),
        *(col(getattr(Person, name.removeprefix("owner_"))) for name in CustomerRow._fields[5:]),
        col(Customer.joined_into),
    )
    .outerjoin(Ownership, present_owner(Customer.id))
    .outerjoin(Person, col(Person.id) == Ownership.person_id)
    .where(col(Customer.id) == bindparam("customer_id"))
)


def get_row(session: Session, customer_id: int) -> CustomerRow | None:
    """A customer and its present primary owner, active or not; of one that was joined, the customer it is now."""
    found = session.connection().execute(_CUSTOMER_ROW, {"customer_id": customer_id}).first()
    if found is None:
        return None
    *row, joined_into = found
    return CustomerRow._make(row) if joined_into is None else get_row(session, joined_into)


def joined(session: Session, customer_id: int) -> list[tuple[int, str]]:
    """(id, code) of the customers that were joined into one."""
    rows = session.execute(
        select(col(Customer.id), col(Customer.code))
        .where(col(Customer.joined_into) == customer_id)
        .order_by(col(Customer.id))
    )
    return [(row[0], row[1]) for row in rows]


def owner(session: Session, customer_id: int) -> Person | None:
    """The present primary owner, active or not."""
    return session.scalars(_OWNER, {"customer_id": customer_id}).first()


def get_many(session: Session, customer_ids: Sequence[int]) -> dict[int, Customer]:
    """Customers by id, any number of them."""
    found: dict[int, Customer] = {}
    for start in range(0, len(customer_ids), 5_000):  # databases limit a statement's parameters
        some = col(Customer.id).in_(customer_ids[start : start + 5_000])
        found |= {one.id: one for one in session.scalars(select(Customer).where(some)) if one.id is not None}
    return found


COLUMNS = ("industry", "customer_type", "region", "country")


def types_of(session: Session | Connection, customer_ids: Collection[int]) -> dict[int, str | None]:
    """Customer -> its type."""
    columns = select(col(Customer.id), col(Customer.customer_type))
    rows = session.execute(columns.where(col(Customer.id).in_(customer_ids)))
    return dict(map(tuple, rows))


def columns_of(
    session: Session, record_type: str, customer_ids: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """(customer, and its `COLUMNS`) of the unarchived customers of a type, or of some of them, by id."""
    statement = (
        select(col(Customer.id), *(col(getattr(Customer, name)) for name in COLUMNS))
        .where(of_type(record_type), of_customers(Customer.id, customer_ids))
        .order_by(col(Customer.id))
    )
    return [tuple(row) for row in session.execute(statement)]


_OWNERS = select(col(Ownership.customer_id), col(Ownership.person_id)).where(
    col(Ownership.customer_id).in_(bindparam("customers", expanding=True)), _PRESENT
)


def owner_ids(session: Session, customer_ids: Sequence[int]) -> dict[int, int]:
    """Customer -> present primary owner, for any number of customers."""
    found: dict[int, int] = {}
    for start in range(0, len(customer_ids), 5_000):  # databases limit a statement's parameters
        rows = session.connection().execute(_OWNERS, customers_parameter(customer_ids[start : start + 5_000]))
        found.update((row[0], row[1]) for row in rows)
    return found


class NameHit(NamedTuple):
    """A name that a text compares equal to."""

    customer_id: int
    kind: str  # NameKind
    name: str  # as written
    key: str


_HITS: Any = select(*(col(getattr(CustomerName, name)) for name in NameHit._fields))


def present_owners(session: Session, customer_ids: Sequence[int]) -> dict[int, int | None]:
    """Customer -> its present owner, or None; of one that was joined, the owner of what it is now. Erased ones are not there."""
    rows = session.execute(
        select(col(Customer.id), col(Customer.joined_into), col(Ownership.person_id))
        .outerjoin(Ownership, present_owner(Customer.id))
        .where(col(Customer.id).in_(customer_ids))
    ).all()
    joined_into = {row[0]: row[1] for row in rows if row[1] is not None}
    now = present_owners(session, sorted(set(joined_into.values()))) if joined_into else {}
    return {row[0]: now.get(row[1]) if row[1] is not None else row[2] for row in rows}


def codes_of_owner(session: Session, person_id: int) -> list[str]:
    """Codes of the unarchived customers that a person looks after at present."""
    return list(
        session.scalars(of_owners(select(col(Customer.code)), [person_id]).order_by(col(Customer.code)))
    )


def end_ownerships(session: Session, person_id: int, today: date) -> None:
    """Let a person own no customer any more."""
    theirs = col(Ownership.person_id) == person_id, col(Ownership.ends_on).is_(None)
    session.execute(update(Ownership).where(*theirs).values(ends_on=today))


def absent_owners(session: Session) -> list[str]:
    """Names of active people who look after customers but are no longer members of the workspace."""
    owned = select(col(Ownership.person_id)).where(_PRESENT)
    gone = select(col(Person.name)).where(
        col(Person.active).is_(True),
        col(Person.slack_status) != SlackStatus.MEMBER,
        col(Person.id).in_(owned),
    )
    return list(session.scalars(gone.order_by(col(Person.id))))


_KINDS = select(col(CustomerName.customer_id), col(CustomerName.kind))
_STRENGTH = {str(kind): place for place, kind in enumerate(NameKind)}
MOST = 20  # customers found by a name
Owners = frozenset[int] | None  # None: any customer, owned or not


def ids_after(session: Session, record_type: str, after: int, limit: int) -> list[int]:
    """The first ids of unarchived customers of a type that are higher than one, in order."""
    found = select(col(Customer.id)).where(of_type(record_type), col(Customer.id) > after)
    first = found.order_by(col(Customer.id)).limit(limit).subquery()
    joined = select(func.aggregate_strings(cast(first.c.id, String), ","))
    text = session.connection().scalar(joined)
    return sorted(map(int, text.split(","))) if text else []


def owned_by(session: Session, owners: Owners) -> list[int]:
    """Ids of the unarchived customers of these owners."""
    return list(session.scalars(of_owners(select(col(Customer.id)), owners)))


def count(session: Session, owners: Owners) -> int:
    """How many unarchived customers these owners have."""
    return session.scalar(of_owners(select(func.count(col(Customer.id))), owners)) or 0


def with_keys(session: Session, keys: Sequence[str], owners: Owners) -> list[NameHit]:
    """Names that compare equal to one of the keys, the strongest kind first; initials, which many share, are none."""
    wanted = dict.fromkeys(keys)
    if not wanted:
        return []
    parameters = {"most": 4 * MOST} | {f"key_{n}": key for n, key in enumerate(wanted)}
    parameters |= {f"owner_{n}": owner for n, owner in enumerate(owners or ())}
    statement = _keyed(len(wanted), None if owners is None else len(owners))
    hits = [NameHit(*row) for row in session.connection().execute(statement, parameters)]
    return sorted(hits, key=lambda hit: _STRENGTH[hit.kind])


@lru_cache(maxsize=200)
def _keyed(keys: int, owners: int | None) -> Any:
    # One parameter for each: expanding a list at each call took a third of the query's time.
    key_of: list[Any] = [bindparam(f"key_{n}") for n in range(keys)]
    owner_of = None if owners is None else [bindparam(f"owner_{n}", type_=Integer()) for n in range(owners)]
    statement = _HITS.join(Customer, col(Customer.id) == CustomerName.customer_id)
    return (
        of_owners(statement, owner_of)
        .where(col(CustomerName.key).in_(key_of), col(CustomerName.kind) != NameKind.INITIALS)
        .limit(bindparam("most", type_=Integer()))
    )


def with_external_id(session: Session, source: str, code: str, owners: Owners) -> list[NameHit]:
    """The customer that has this code in a source: one at most."""
    statement = (
        select(col(CustomerKey.customer_id), col(CustomerKey.external_id))
        .join(Customer, col(Customer.id) == CustomerKey.customer_id)
        .where(col(CustomerKey.source) == source, col(CustomerKey.external_id) == code)
    )
    rows = session.execute(of_owners(statement, owners))
    return [NameHit(customer_id, NameKind.CODE, found, found) for customer_id, found in rows]


def sources_of(session: Session, customer_ids: Sequence[int]) -> dict[int, str]:
    """Customer -> SOURCE:CODE, which means no other customer, by its first source."""
    rows = session.execute(
        select(col(CustomerKey.customer_id), col(CustomerKey.source), col(CustomerKey.external_id))
        .where(col(CustomerKey.customer_id).in_(customer_ids))
        .order_by(col(CustomerKey.id).desc())
    )
    return {customer_id: f"{source}:{code}" for customer_id, source, code in rows}


def with_prefix(session: Session, prefix: str, owners: Owners) -> list[int]:
    """Customers one of whose names starts with `prefix`, by a range of the index."""
    key = col(CustomerName.key)
    statement = _named(owners).where(key >= prefix, key < prefix + "\U0010ffff").order_by(key)
    rows = session.execute(statement.limit(4 * MOST))
    return list(dict.fromkeys(customer for customer, _ in rows))[:MOST]


FEW = 5_000  # customers of the asker, whose names are looked at one by one
COMMON = 2_000  # customers with a token, from which on it alone tells nobody apart


def with_tokens(
    session: Session, tokens: Sequence[str], owners: Owners, limit: int = 500
) -> list[tuple[int, int]]:
    """(customer, how many of the tokens its names hold), most first.

    In a large book a customer that has only common tokens counts where it has all of the common ones: reading every row
    of a word that each tenth name has took half a second among a million customers.
    """
    hits = func.count().label("hits")
    counted = (
        select(col(NameToken.customer_id), hits)
        .where(col(NameToken.token).in_(tokens), of_list(NameToken.customer_id))
        .group_by(col(NameToken.customer_id))
        .order_by(hits.desc(), col(NameToken.customer_id))
        .limit(limit)
    )
    found = few_of(session, owners)
    if found is None:
        rare, common = _by_frequency(session, tokens)
        found = [*_with_any(session, rare, owners), *_with_all(session, common, owners, limit)]
    rows = session.execute(counted, {"customers": sorted(set(found))})
    return [(customer, count) for customer, count in rows]


def few_of(session: Session, owners: Owners) -> list[int] | None:
    """The customers of these owners; None where they are many, or anybody's. Of a session that only reads."""
    if owners is None:
        return None
    kept: dict[Owners, list[int]] = session.info.setdefault("few", {})  # a question asks several times
    if owners not in kept:
        statement = of_owners(select(col(Customer.id)), owners).limit(FEW + 1)
        kept[owners] = list(session.execute(statement).scalars())
    return kept[owners] if len(kept[owners]) <= FEW else None


def holders(owners: Owners) -> Any:
    """Select: the customers of these owners that have a token; which one is left to the caller."""
    named = select(col(NameToken.customer_id)).join(Customer, col(Customer.id) == NameToken.customer_id)
    return of_owners(named, owners)


def _by_frequency(session: Session, tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tokens that fewer than COMMON customers have, and the others; each time the rarest first."""
    counts = {}
    for token in dict.fromkeys(tokens):
        some = (
            select(col(NameToken.customer_id)).where(col(NameToken.token) == token).limit(COMMON).subquery()
        )
        counts[token] = session.scalar(select(func.count()).select_from(some)) or 0
    ranked = sorted(counts, key=lambda token: (counts[token], token))
    return [t for t in ranked if counts[t] < COMMON], [t for t in ranked if counts[t] == COMMON]


def _with_any(session: Session, tokens: Sequence[str], owners: Owners) -> list[int]:
    """Customers with one of some rare tokens."""
    if not tokens:
        return []
    return list(session.execute(holders(owners).where(col(NameToken.token).in_(tokens))).scalars())


def _with_all(session: Session, tokens: Sequence[str], owners: Owners, most: int) -> list[int]:
    """The first customers with all of some common tokens."""
    if not tokens:
        return []
    statement = holders(owners).where(col(NameToken.token) == tokens[0])
    for token in tokens[1:]:
        other = aliased(NameToken)
        same = select(col(other.customer_id)).where(
            col(other.token) == token, col(other.customer_id) == col(NameToken.customer_id)
        )
        statement = statement.where(same.exists())
    return list(session.execute(statement.order_by(col(NameToken.customer_id)).limit(most)).scalars())


def holding(session: Session, token: str, owners: Owners, most: int) -> list[int]:
    """The customers in whose names a token is; none where they are more than `most`."""
    few = few_of(session, owners)
    if few is None:
        statement = holders(owners)
    else:
        statement = select(col(NameToken.customer_id)).where(of_list(NameToken.customer_id))
    statement = statement.where(col(NameToken.token) == token).limit(most + 1)
    found = list(session.execute(statement, {"customers": few or []}).scalars())
    return found if len(found) <= most else []


def _named(owners: Any) -> Any:
    joined = _KINDS.join(Customer, col(Customer.id) == CustomerName.customer_id)
    return of_owners(joined, owners)


def of_owners(statement: Any, owners: Any) -> Any:
    """A statement over Customer, limited to the unarchived customers of these owners."""
    if owners is not None:
        statement = statement.join(Ownership, present_owner(Customer.id)).where(
            col(Ownership.person_id).in_(owners)
        )
    return statement.where(col(Customer.archived).is_(False))


def of_type(record_type: str) -> ColumnElement[bool]:
    """Condition: unarchived customers of a record type."""
    return and_(col(Customer.record_type) == record_type, col(Customer.archived).is_(False))


def of_customers(column: Any, customer_ids: Sequence[int] | None) -> ColumnElement[bool]:
    """Condition: of these customers; of all when None are given."""
    return true() if customer_ids is None else col(column).in_(customer_ids)


def among(column: Any, named: bool) -> ColumnElement[bool]:
    """The same condition for a cached statement, which takes the customers as a parameter (`customers_parameter`)."""
    return col(column).in_(bindparam("customers", expanding=True)) if named else true()


def of_list(column: Any) -> ColumnElement[bool]:
    """Condition: of the customers in the parameter `customers`, of which a chunk may have a thousand."""
    return is_among(col(column), bindparam("customers", type_=IdList()))


def customers_parameter(customer_ids: Sequence[int] | None) -> dict[str, list[int]]:
    """The parameter of a statement with `among`."""
    return {} if customer_ids is None else {"customers": list(customer_ids)}
