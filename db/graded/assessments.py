"""Queries on stored assessments: present and previous states of customers."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import bindparam, inspect
from sqlalchemy import select as sa_select
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from db.graded.runs import Assessment, GradingRun, RunStatus

_MOVEMENT = ("standing", "since", "rising_since", "falling_since", "clean")
PREVIOUS_STATE = ("customer_id", "tier", "score", "tier_since", "overridden", *_MOVEMENT, "scheme_version_id")
CONTENT = ("customer_id", "scheme_version_id", "tier", "overridden", "inputs")
FEW = 100  # customers that one query for all runs names

# Statements are built once: building one took longer than executing it.
_OF_CUSTOMER = (
    col(Assessment.customer_id) == bindparam("customer_id"),
    col(GradingRun.purpose) == bindparam("purpose"),
    col(GradingRun.status) == RunStatus.PUBLISHED,
)
_PUBLISHED = (
    select(Assessment, GradingRun)
    .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
    .where(*_OF_CUSTOMER)
    .order_by(col(Assessment.run_id))
)
_NEWEST_ID = (
    sa_select(col(Assessment.run_id))
    .join(GradingRun, col(GradingRun.id) == col(Assessment.run_id))
    .where(*_OF_CUSTOMER)
    .order_by(col(Assessment.run_id).desc())
    .limit(1)
)
_DAY = sa_select(col(GradingRun.as_of)).where(col(GradingRun.id) == _NEWEST_ID.scalar_subquery())
_PREVIOUS_ID = _NEWEST_ID.where(col(GradingRun.as_of) < _DAY.scalar_subquery())
# Both ids are found from the end of the index by customer and run: the length of a history does not matter.
_NEWEST_TWO = (
    _PUBLISHED.where(
        col(Assessment.run_id).in_([_NEWEST_ID.scalar_subquery(), _PREVIOUS_ID.scalar_subquery()])
    )
    .order_by(None)
    .order_by(col(Assessment.run_id).desc())
    .options(defer(cast(Any, GradingRun).started_at), defer(cast(Any, GradingRun).published_at))
)
_STATES = sa_select(*(inspect(Assessment).columns[name] for name in PREVIOUS_STATE))
_IN_RUNS = (
    col(Assessment.customer_id).in_(bindparam("customers", expanding=True)),
    col(Assessment.run_id).in_(bindparam("runs", expanding=True)),
)
_STATES_OF_FEW = _STATES.where(*_IN_RUNS).order_by(col(Assessment.run_id))
_ASSESSMENTS = select(Assessment).where(*_IN_RUNS).order_by(col(Assessment.run_id))


def newest(session: Session, customer_id: int, purpose: str) -> list[tuple[Assessment, GradingRun]]:
    """A customer's newest published assessment and the one before it on an earlier day, newest first."""
    wanted = {"customer_id": customer_id, "purpose": purpose}
    return [(row, run) for row, run in session.exec(_NEWEST_TWO, params=wanted)]


def is_assessed(session: Session, customer_id: int, purpose: str) -> bool:
    """Whether a customer has a published assessment."""
    wanted = {"customer_id": customer_id, "purpose": purpose}
    return session.connection().execute(_NEWEST_ID, wanted).first() is not None


def history(session: Session, customer_id: int, purpose: str) -> list[tuple[Assessment, GradingRun]]:
    """A customer's published assessments, oldest first."""
    wanted = {"customer_id": customer_id, "purpose": purpose}
    return [(row, run) for row, run in session.exec(_PUBLISHED, params=wanted)]


def previous_rows_at(
    session: Session, run_ids: Sequence[int], customer_ids: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """Rows of the columns `PREVIOUS_STATE`, one per customer, as these runs of one purpose left them."""
    states: dict[int, tuple[Any, ...]] = {}
    if customer_ids is not None and len(customer_ids) <= FEW:
        wanted = {"customers": list(customer_ids), "runs": list(run_ids)}
        rows = session.connection().execute(_STATES_OF_FEW, wanted)
        return list({row[0]: tuple(row) for row in rows}.values())
    statement = _STATES
    if customer_ids is not None:
        statement = statement.where(col(Assessment.customer_id).in_(customer_ids))
    for run_id in run_ids:  # oldest first: a later row replaces an earlier one
        for row in _plain_rows(session, statement.where(col(Assessment.run_id) == run_id)):
            states[row[0]] = row
    if session.get_bind().dialect.name != "sqlite":
        return list(states.values())
    days = {day: date.fromisoformat(day) for day in {row[3] for row in states.values()}}
    return [(*row[:3], days[row[3]], bool(row[4]), *row[5:]) for row in states.values()]


def _plain_rows(session: Session, statement: Any) -> list[tuple[Any, ...]]:
    """Rows as the driver returns them: making SQLAlchemy's takes three times as long as reading them."""
    connection = session.connection()
    cursor = cast(Any, connection.connection.dbapi_connection).cursor()
    cursor.execute(str(statement.compile(connection, compile_kwargs={"literal_binds": True})))
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    cursor.close()
    return rows


def contents_at(session: Session, run_ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Customer -> its columns `CONTENT`, as these runs of one purpose left it; with the day they decide all others."""
    statement = sa_select(*(inspect(Assessment).columns[name] for name in CONTENT))
    rows: dict[int, tuple[Any, ...]] = {}
    for run_id in run_ids:  # oldest first: a later row replaces an earlier one
        for row in session.connection().execute(statement.where(col(Assessment.run_id) == run_id)):
            rows[row[0]] = tuple(row)
    return rows


def assessments_at(
    session: Session, run_ids: Sequence[int], customer_ids: Iterable[int]
) -> dict[int, Assessment]:
    """Customer -> assessment, as these runs of one purpose left it."""
    rows = session.exec(_ASSESSMENTS, params={"runs": list(run_ids), "customers": list(customer_ids)})
    return {row.customer_id: row for row in rows}


def customers_of(session: Session, run_id: int) -> list[int]:
    """The customers of a run, by id."""
    who = sa_select(col(Assessment.customer_id)).where(col(Assessment.run_id) == run_id)
    return list(session.scalars(who.order_by(col(Assessment.customer_id))))


def assessments_of(
    session: Session, run_id: int, *, after: int, limit: int, customer_id: int | None = None
) -> list[dict[str, Any]]:
    """Rows of one run as they are stored, by customer; `after` is the last customer of the rows before."""
    statement = sa_select(*inspect(Assessment).columns).where(
        col(Assessment.run_id) == run_id, col(Assessment.customer_id) > after
    )
    if customer_id is not None:
        statement = statement.where(col(Assessment.customer_id) == customer_id)
    rows = session.execute(statement.order_by(col(Assessment.customer_id)).limit(limit))
    return [dict(row) for row in rows.mappings()]
