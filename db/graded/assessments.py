"""What customers are, and were, by their stored assessments."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import bindparam, inspect
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from db.book.customers import Customer
from db.graded.runs import Assessment, GradingRun, newest_in, runs_behind

PREVIOUS_STATE = (
    "customer_id",
    "tier",
    "score",
    "tier_since",
    "overridden",
    "standing",
    "since",
    "rising_since",
    "falling_since",
    "clean",
    "scheme_version_id",
)


_ASSESSMENTS = (
    select(Assessment)
    .where(
        col(Assessment.run_id).in_(bindparam("runs", expanding=True)),
        col(Assessment.customer_id).in_(bindparam("customers", expanding=True)),
    )
    .order_by(col(Assessment.run_id))
)


FEW = 100  # customers that are asked for by name, in all runs at once
_STANDINGS = (
    sa_select(*(col(getattr(Assessment, name)) for name in PREVIOUS_STATE))
    .where(
        col(Assessment.customer_id).in_(bindparam("customers", expanding=True)),
        col(Assessment.run_id).in_(bindparam("runs", expanding=True)),
    )
    .order_by(col(Assessment.run_id))
)


def previous_rows_at(
    session: Session, run_ids: Sequence[int], customer_ids: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """Rows of the columns `PREVIOUS_STATE`, one per customer, as these runs of one purpose left them."""
    newest: dict[int, tuple[Any, ...]] = {}
    if customer_ids is not None and len(customer_ids) <= FEW:
        wanted = {"customers": list(customer_ids), "runs": list(run_ids)}
        return list({row[0]: tuple(row) for row in session.connection().execute(_STANDINGS, wanted)}.values())
    statement = sa_select(*(col(getattr(Assessment, name)) for name in PREVIOUS_STATE))
    if customer_ids is not None:
        statement = statement.where(col(Assessment.customer_id).in_(customer_ids))
    for run_id in run_ids:  # oldest first: what comes later stands
        for row in _plain_rows(session, statement.where(col(Assessment.run_id) == run_id)):
            newest[row[0]] = row
    if session.get_bind().dialect.name != "sqlite":
        return list(newest.values())
    days = {day: date.fromisoformat(day) for day in {row[3] for row in newest.values()}}
    return [(*row[:3], days[row[3]], bool(row[4]), *row[5:]) for row in newest.values()]


def _plain_rows(session: Session, statement: Any) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them: SQLAlchemy's take three times as long to make as to read."""
    connection = session.connection()
    cursor = cast(Any, connection.connection.dbapi_connection).cursor()
    cursor.execute(str(statement.compile(connection, compile_kwargs={"literal_binds": True})))
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    cursor.close()
    return rows


CONTENT = ("customer_id", "scheme_version_id", "tier", "overridden", "inputs")


def contents_at(session: Session, run_ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Customer -> its columns `CONTENT`, as these runs of one purpose left it: with the day, all that decides the rest."""
    statement = sa_select(*[inspect(Assessment).columns[name] for name in CONTENT])
    rows: dict[int, tuple[Any, ...]] = {}
    for run_id in run_ids:  # oldest first: what comes later stands
        for row in session.connection().execute(statement.where(col(Assessment.run_id) == run_id)):
            rows[row[0]] = tuple(row)
    return rows


def assessments_at(
    session: Session, run_ids: Sequence[int], customer_ids: Iterable[int]
) -> dict[int, Assessment]:
    """Customer -> assessment, as these runs of one purpose left it."""
    rows = session.exec(_ASSESSMENTS, params={"runs": list(run_ids), "customers": list(customer_ids)})
    return {row.customer_id: row for row in rows}


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


def standings_of(
    session: Session, run_ids: Sequence[int], customer_ids: Sequence[int]
) -> list[tuple[Customer, Assessment, GradingRun]]:
    """These customers' newest assessments in these runs, each with the run it is of."""
    if not run_ids:
        return []
    rows = session.exec(
        select(Customer, Assessment, GradingRun)
        .join(Assessment, col(Assessment.customer_id) == Customer.id)
        .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
        .where(newest_in(run_ids), col(Assessment.customer_id).in_(customer_ids))
    ).all()
    return [(customer, assessment, run) for customer, assessment, run in rows]


def standings_before(
    session: Session, latest: Sequence[tuple[Customer, Assessment, GradingRun]]
) -> dict[int, tuple[str, float | None, date]]:
    """Customer -> (tier, score, as of) of an earlier day than its newest assessment."""
    found: dict[int, tuple[str, float | None, date]] = {}
    for run in {run.id: run for _, _, run in latest}.values():
        before = session.exec(
            select(GradingRun)
            .where(
                GradingRun.purpose == run.purpose,
                GradingRun.status == "published",
                GradingRun.as_of < run.as_of,
            )
            .order_by(col(GradingRun.id).desc())
        ).first()
        if before is None or before.id is None:
            continue
        ids = [row.customer_id for _, row, of_run in latest if of_run.id == run.id]
        behind = runs_behind(session, run.purpose, before.id)
        for customer, row in assessments_at(session, behind, ids).items():
            found[customer] = (row.tier, row.score, before.as_of)
    return found
