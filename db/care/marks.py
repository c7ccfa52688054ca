"""Which customers care must be planned for again.

A mark is a time long past in `customer_care.look_at`. It is written in the transaction that notices the change, and the
planning of the customer replaces it, so that no change is lost when a process dies in between.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, literal, or_, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, present_owner
from db.care.planning import CustomerCare
from db.engine import insert, upsert
from db.graded.runs import Assessment, GradingRun, Purpose, RunStatus
from db.types import UtcDateTime

MARKED = datetime(1970, 1, 1, tzinfo=UTC)
TRAITS = ("lifecycle", "quadrant", "rfm")
_AT_ONCE = 5_000  # rows of one statement: an import publishes in between


def mark(connection: Connection, customer_ids: Sequence[int]) -> None:
    """Mark customers."""
    rows = [{"customer_id": customer, "look_at": MARKED} for customer in customer_ids]
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(_marking(connection), rows[start : start + _AT_ONCE])


def mark_planned(connection: Connection, customer_ids: Sequence[int]) -> None:
    """Mark those of the customers for whom care was planned."""
    for start in range(0, len(customer_ids), _AT_ONCE):
        some = col(CustomerCare.customer_id).in_(customer_ids[start : start + _AT_ONCE])
        connection.execute(update(CustomerCare).where(some).values(look_at=MARKED))


def mark_between(session: Session, after: int, until: int) -> None:
    """Mark every unarchived customer whose id is in (after, until]."""
    found = sa_select(col(Customer.id), literal(MARKED, UtcDateTime)).where(
        col(Customer.id) > after, col(Customer.id) <= until, col(Customer.archived).is_(False)
    )
    _mark_selected(session, found)


def mark_owned(session: Session, owners: Sequence[int]) -> None:
    """Mark the customers of some people."""
    found = (
        sa_select(col(Customer.id), literal(MARKED, UtcDateTime))
        .join(Ownership, present_owner(Customer.id))
        .where(col(Ownership.person_id).in_(owners))
    )
    _mark_selected(session, found)


def mark_graded(session: Session, run: GradingRun, after: int, until: int) -> None:
    """Of the customers in (after, until] that a run graded, mark those for whom care was planned by something else."""
    differs: Any
    is_of_purpose: Any
    if run.purpose == Purpose.CREDIT:
        differs = col(CustomerCare.credit).is_distinct_from(col(Assessment.tier))
        is_of_purpose = col(CustomerCare.customer_id).is_not(None)
    else:
        differs = or_(
            col(CustomerCare.tier).is_distinct_from(col(Assessment.tier)),
            col(CustomerCare.scheme_version_id).is_distinct_from(col(Assessment.scheme_version_id)),
            col(CustomerCare.gates).is_distinct_from(col(Assessment.clean)),
        )
        is_of_purpose = col(Customer.record_type) == run.purpose
    found = (
        sa_select(col(Assessment.customer_id), literal(MARKED, UtcDateTime))
        .join(Customer, col(Customer.id) == Assessment.customer_id)
        .outerjoin(CustomerCare, col(CustomerCare.customer_id) == Assessment.customer_id)
        .where(
            col(Assessment.run_id) == run.id,
            col(Assessment.customer_id) > after,
            col(Assessment.customer_id) <= until,
            is_of_purpose,
            differs,
        )
    )
    _mark_selected(session, found)


def set_traits(session: Session, traits: Mapping[int, tuple[str | None, ...]]) -> int:
    """Store the `TRAITS` of customers, and mark those that had others; how many."""
    columns = [col(getattr(CustomerCare, name)) for name in TRAITS]
    known: dict[int, tuple[str | None, ...]] = {}
    ids = sorted(traits)
    for start in range(0, len(ids), _AT_ONCE):
        some = col(CustomerCare.customer_id).in_(ids[start : start + _AT_ONCE])
        rows = session.connection().execute(sa_select(col(CustomerCare.customer_id), *columns).where(some))
        known |= {row[0]: tuple(row[1:]) for row in rows}
    nothing = (None,) * len(TRAITS)
    changed = [
        {"customer_id": customer, "look_at": MARKED, **dict(zip(TRAITS, values, strict=True))}
        for customer, values in traits.items()
        if known.get(customer, nothing) != values
    ]
    upsert(session, CustomerCare, changed)
    return len(changed)


def with_lifecycle(session: Session, customer_ids: Sequence[int], those: Sequence[str]) -> set[int]:
    """Which of these customers have one of some lifecycles."""
    statement = sa_select(col(CustomerCare.customer_id)).where(
        col(CustomerCare.customer_id).in_(customer_ids), col(CustomerCare.lifecycle).in_(those)
    )
    return {*session.connection().scalars(statement)}


def due(session: Session, now: datetime, limit: int) -> list[int]:
    """The customers that are to be looked at by now, marked ones first."""
    look = col(CustomerCare.look_at)
    statement = sa_select(col(CustomerCare.customer_id)).where(look <= now)
    return list(
        session.connection().scalars(statement.order_by(look, col(CustomerCare.customer_id)).limit(limit))
    )


def unmark(session: Session, customer_ids: Sequence[int]) -> None:
    """Look at these no more by themselves: they are archived, or not graded."""
    session.connection().execute(
        update(CustomerCare).where(col(CustomerCare.customer_id).in_(customer_ids)).values(look_at=None)
    )


def put_off(session: Session, customer_id: int, until: datetime, trouble: str) -> None:
    """Look at a customer again later, because planning its care failed."""
    statement = insert(session.connection(), CustomerCare).values(
        customer_id=customer_id, look_at=until, trouble=trouble
    )
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id"], set_={"look_at": until, "trouble": trouble}
        )
    )


def troubled(session: Session) -> int:
    """For how many customers the last planning failed."""
    statement = sa_select(func.count()).where(col(CustomerCare.trouble).is_not(None))
    return session.connection().execute(statement).scalar_one()


def last_customer(session: Session) -> int:
    """The highest id of a customer; 0 in an empty book."""
    return session.connection().execute(sa_select(func.max(col(Customer.id)))).scalar() or 0


def runs_since(session: Session, newest: int, unfinished: Sequence[int]) -> list[GradingRun]:
    """The runs after one, and those of `unfinished`, that are published or still running, by id."""
    statement = (
        sa_select(GradingRun)
        .where(
            or_(col(GradingRun.id) > newest, col(GradingRun.id).in_(unfinished)),
            col(GradingRun.status).in_((RunStatus.PUBLISHED, RunStatus.RUNNING)),
        )
        .order_by(col(GradingRun.id))
    )
    return list(session.scalars(statement))


def _mark_selected(session: Session, found: Any) -> None:
    connection = session.connection()
    statement = insert(connection, CustomerCare).from_select(["customer_id", "look_at"], found)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["customer_id"], set_={"look_at": MARKED})
    )


def _marking(connection: Connection) -> Any:
    statement = insert(connection, CustomerCare)
    return statement.on_conflict_do_update(index_elements=["customer_id"], set_={"look_at": MARKED})
