"""Changes of effective tiers, each notified once."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint, bindparam, func, insert
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, select, update

ALERT, OWN_ALERT = "tier_change", "own_tier_change"  # kinds of the messages to a channel, and to an owner


class StoredTierChange(SQLModel, table=True):
    """A change of a customer's effective tier, with the outbox message that notified of it."""

    __tablename__ = "tier_change"
    __table_args__ = (UniqueConstraint("customer_id", "purpose", "as_of", "from_tier", "to_tier"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    purpose: str
    run_id: int = Field(foreign_key="grading_run.id", index=True)
    as_of: date
    from_tier: str
    to_tier: str
    score_before: float | None = None
    score_after: float | None = None
    outbox_id: int | None = Field(default=None, index=True)


_KNOWN = sa_select(
    col(StoredTierChange.customer_id), col(StoredTierChange.from_tier), col(StoredTierChange.to_tier)
).where(
    col(StoredTierChange.purpose) == bindparam("purpose"), col(StoredTierChange.as_of) == bindparam("day")
)


def known_changes(session: Session, purpose: str, as_of: date) -> set[tuple[int, str, str]]:
    """(customer, from, to) of the stored changes of a day."""
    rows = session.connection().execute(_KNOWN, {"purpose": purpose, "day": as_of})
    return {(customer, before, after) for customer, before, after in rows}


def newest_change(session: Session) -> int:
    """The id of the newest tier change; 0 before the first."""
    return session.exec(select(func.max(StoredTierChange.id))).one() or 0


def changes_after(session: Session, change_id: int) -> int:
    """How many tier changes are newer than one of them."""
    return session.exec(select(func.count()).where(col(StoredTierChange.id) > change_id)).one()


def recorded(session: Session, customer_id: int | None = None) -> list[StoredTierChange]:
    """Every stored change, or one customer's, oldest first."""
    statement = select(StoredTierChange).order_by(col(StoredTierChange.id))
    if customer_id is not None:
        statement = statement.where(StoredTierChange.customer_id == customer_id)
    return list(session.exec(statement))


def alert_key(purpose: str, customer_id: int, as_of: date, before: str, after: str) -> str:
    """The key of the message that notifies of one change."""
    return f"tier_change:{purpose}:{customer_id}:{as_of}:{before}>{after}"


def digest_key(run_id: int, channel: str) -> str:
    """The key of the message that notifies a channel of many changes of a run."""
    return f"tier_digest:{run_id}:{channel}"


def owner_key(purpose: str, customer_id: int, as_of: date, before: str, after: str) -> str:
    """The key of the direct message that notifies an owner of one change: once, whoever owns the customer later."""
    return f"own_{alert_key(purpose, customer_id, as_of, before, after)}"


def owner_digest_key(run_id: int, person_id: int) -> str:
    """The key of the direct message that notifies an owner of many changes of a run."""
    return f"{owner_digests(run_id)}{person_id}"


def owner_digests(run_id: int) -> str:
    """How the keys begin of the direct messages that notify owners of many changes of a run."""
    return f"own_{digest_key(run_id, 'person:')}"


def relink(session: Session, outbox_id: int, customer_ids: Collection[int], to: int) -> None:
    """Store that another message notifies of some of the changes that one message notified of."""
    session.exec(
        update(StoredTierChange)
        .where(
            col(StoredTierChange.outbox_id) == outbox_id, col(StoredTierChange.customer_id).in_(customer_ids)
        )
        .values(outbox_id=to)
    )


def add_changes(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of `StoredTierChange`, without the ORM: that took half of a transaction with ten thousand changes."""
    if rows:
        session.connection().execute(insert(StoredTierChange), rows)
