"""Customer profiles: what is known of a customer besides figures. A value that counts no more stays as history."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, text, update
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, col, delete, select

from db.book.customers import Customer, Ownership, present_owner
from db.types import ImportedRow, UtcDateTime, partial_index

BY_HAND = "tierbot"  # the source of what somebody entered
_PRESENT = "superseded_at IS NULL"
IS_PRESENT = text("trait.superseded_at IS NULL")  # in the words of the partial indexes
_AT_ONCE = 5_000  # databases limit a statement's parameters


class Trait(ImportedRow, table=True):
    """A value of a field of a customer's profile. A field with several values has a row for each."""

    __tablename__ = "trait"
    __table_args__ = (partial_index("ix_trait_value", "field", "value", "customer_id", where=_PRESENT),)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    field: str
    value: str  # the id of a value of a choice, else as it was written
    as_of: date
    source: str  # the system that a file came from, or BY_HAND
    author: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    superseded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    superseded_by_batch: int | None = Field(default=None, index=True)


class WantedTrait(NamedTuple):
    """What customers are looked for by: a value of a field, or any (None)."""

    field: str
    value: str | None


class PresentTrait(NamedTuple):
    """A value that counts, as far as a new statement is compared with it."""

    id: int
    customer_id: int
    field: str
    value: str
    as_of: date
    batch_id: int | None


def present(session: Session, customer_id: int) -> list[Trait]:
    """The values of a customer that count, in the order in which they came."""
    found = select(Trait).where(col(Trait.customer_id) == customer_id, IS_PRESENT)
    return list(session.exec(found.order_by(col(Trait.id))))


def history(session: Session, customer_id: int, fields: Collection[str] | None = None) -> list[Trait]:
    """All values that a customer has or had, the newest first; only of these fields, if given."""
    found = select(Trait).where(col(Trait.customer_id) == customer_id)
    if fields is not None:
        found = found.where(col(Trait.field).in_(fields))
    newest = (col(Trait.field), col(Trait.superseded_at).is_not(None), col(Trait.as_of).desc())
    return list(session.exec(found.order_by(*newest, col(Trait.id))))


_VALUES = (
    sa_select(col(Trait.field), col(Trait.value))
    .where(col(Trait.customer_id) == bindparam("customer_id"), IS_PRESENT)
    .order_by(col(Trait.id))
)


def values_of(session: Session, customer_id: int) -> list[tuple[str, str]]:
    """(field, value) of all that counts of one customer."""
    found = session.connection().execute(_VALUES, {"customer_id": customer_id})
    return [(row[0], row[1]) for row in found]


def values_of_many(
    session: Session, fields: Collection[str], customer_ids: Sequence[int]
) -> dict[int, dict[str, set[str]]]:
    """Customer -> field -> its values that count, of these fields; only customers that have some."""
    found: dict[int, dict[str, set[str]]] = {}
    columns = sa_select(col(Trait.customer_id), col(Trait.field), col(Trait.value))
    for start in range(0, len(customer_ids), _AT_ONCE):
        some = customer_ids[start : start + _AT_ONCE]
        rows = columns.where(IS_PRESENT, col(Trait.customer_id).in_(some), col(Trait.field).in_(fields))
        for customer, field, value in session.connection().execute(rows):
            found.setdefault(customer, {}).setdefault(field, set()).add(value)
    return found


def present_of(connection: Any, customer_ids: Sequence[int]) -> list[PresentTrait]:
    """The values of these customers that count."""
    columns = sa_select(*(col(getattr(Trait, name)) for name in PresentTrait._fields))
    rows = columns.where(IS_PRESENT, col(Trait.customer_id).in_(customer_ids)).order_by(col(Trait.id))
    return [PresentTrait._make(row) for row in connection.execute(rows)]


def with_value(wanted: WantedTrait) -> Any:
    """The ids of the customers that have this."""
    found = sa_select(col(Trait.customer_id)).where(IS_PRESENT, col(Trait.field) == wanted.field)
    return found if wanted.value is None else found.where(col(Trait.value) == wanted.value)


def customers_with(
    session: Session, wanted: WantedTrait, owners: Collection[int] | None, most: int
) -> tuple[int, list[tuple[int, str, str]]]:
    """(how many unarchived customers of these owners, None being all, have this; id, code and name of the first)."""
    columns = sa_select(col(Customer.id), col(Customer.code), col(Customer.name))
    found = columns.where(col(Customer.archived).is_(False), col(Customer.id).in_(with_value(wanted)))
    if owners is not None:
        owned = found.join(Ownership, present_owner(Customer.id))
        found = owned.where(col(Ownership.person_id).in_(owners))
    total = session.execute(found.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one()
    rows = session.execute(found.order_by(col(Customer.name), col(Customer.id)).limit(most))
    return total, [(row[0], row[1], row[2]) for row in rows]


def last_change(session: Session, customer_id: int) -> datetime | None:
    """When the profile of a customer was changed last."""
    columns = func.max(col(Trait.recorded_at)), func.max(col(Trait.superseded_at))
    moments = session.execute(sa_select(*columns).where(col(Trait.customer_id) == customer_id)).one()
    return max((moment for moment in moments if moment is not None), default=None)


def add(session: Session, rows: Iterable[Trait]) -> None:
    session.add_all(rows)
    session.flush()


def end(session: Session, ids: Collection[int], now: datetime) -> None:
    """Let these values count no more."""
    if ids:
        session.execute(update(Trait).where(col(Trait.id).in_(ids)).values(superseded_at=now))


def changed_at(session: Session, customer_id: int, moment: datetime) -> tuple[list[Trait], list[Trait]]:
    """(values that were recorded at a moment, earlier ones that were ended then)."""
    rows = select(Trait).where(col(Trait.customer_id) == customer_id)
    recorded = list(session.exec(rows.where(col(Trait.recorded_at) == moment)))
    ended = rows.where(col(Trait.superseded_at) == moment, col(Trait.recorded_at) != moment)
    return recorded, list(session.exec(ended))


def take_back(session: Session, recorded: Collection[int], ended: Collection[int]) -> None:
    """Delete values that were recorded, and let those count again that were ended then."""
    if recorded:
        session.execute(delete(Trait).where(col(Trait.id).in_(recorded)))
    if ended:
        session.execute(update(Trait).where(col(Trait.id).in_(ended)).values(superseded_at=None))
