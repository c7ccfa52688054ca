"""Prospects that people add by hand: their rows, and the codes that they have."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from db.book.customers import (
    Customer,
    CustomerKey,
    CustomerName,
    NameKind,
    NameToken,
    Ownership,
    RecordType,
    present_owner,
)


def insert(
    session: Session,
    prospect: Customer,
    source: str,
    names: Iterable[tuple[str, str, str]],
    tokens: Iterable[str],
) -> int:
    """Add a prospect with its key and what finds it; its id. Raises IntegrityError for a code that the source has."""
    session.add(prospect)
    session.flush()
    customer_id = prospect.id or 0
    session.add(CustomerKey(customer_id=customer_id, source=source, external_id=prospect.code))
    by_key = {(kind, key): name for kind, name, key in names}
    session.add_all(
        CustomerName(customer_id=customer_id, kind=kind, name=name, key=key)
        for (kind, key), name in by_key.items()
    )
    session.add_all(NameToken(token=token, customer_id=customer_id) for token in dict.fromkeys(tokens))
    session.flush()
    return customer_id


def is_code_taken(session: Session, source: str, key: str, code: str) -> bool:
    """Whether a customer has this code, as codes compare, or the source has it."""
    named = select(CustomerName.id).where(
        col(CustomerName.key) == key, col(CustomerName.kind) == NameKind.CODE
    )
    held = select(CustomerKey.id).where(
        col(CustomerKey.source) == source, col(CustomerKey.external_id) == code
    )
    return session.exec(named.limit(1)).first() is not None or session.exec(held.limit(1)).first() is not None


def code_keys(session: Session, prefix: str) -> list[str]:
    """The folded codes of all customers, also archived ones, that begin with a prefix, by a range of the index."""
    key = col(CustomerName.key)
    within = key >= prefix, key < prefix + "\U0010ffff", col(CustomerName.kind) == NameKind.CODE
    return list(session.exec(select(key).where(*within)))


def named_since(session: Session, key: str, owner_id: int | None, since: datetime) -> int | None:
    """The prospect with this name that came into the book since, and is looked after by this person."""
    statement = (
        select(Customer.id)
        .join(CustomerName, col(CustomerName.customer_id) == Customer.id)
        .outerjoin(Ownership, present_owner(Customer.id))
        .where(
            col(CustomerName.key) == key,
            col(CustomerName.kind) == NameKind.NAME,
            col(Customer.created_at) >= since,
            col(Customer.record_type) == RecordType.PROSPECT,
            col(Customer.archived).is_(False),
            col(Ownership.person_id).is_(None) if owner_id is None else col(Ownership.person_id) == owner_id,
        )
    )
    return session.exec(statement.order_by(col(Customer.id).desc()).limit(1)).first()


def source_of(session: Session, customer_id: int) -> str | None:
    """The source of a customer's first key."""
    statement = select(CustomerKey.source).where(col(CustomerKey.customer_id) == customer_id)
    return session.exec(statement.order_by(col(CustomerKey.id)).limit(1)).first()
