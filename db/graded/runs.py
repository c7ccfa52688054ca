"""Grading runs and their assessments."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_, bindparam, func, inspect
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from db.types import UtcDateTime


class Purpose(StrEnum):
    """What a run grades, in the order in which the purposes build on each other."""

    CREDIT = "credit"  # the credit of accounts
    ACCOUNT = "account"
    PROSPECT = "prospect"


class RunKind(StrEnum):
    """A snapshot is a step of movement; an interim run shows what is new until the next one."""

    SNAPSHOT = "snapshot"
    INTERIM = "interim"


class RunStatus(StrEnum):
    """Only the assessments of a published run count; those of a dropped run are deleted, its changes stay."""

    RUNNING = "running"
    PUBLISHED = "published"
    DROPPED = "dropped"


class GradingRun(SQLModel, table=True):
    """One pass over a book. Its assessments count once it is published."""

    __tablename__ = "grading_run"
    __table_args__ = (Index("ix_grading_run_published", "purpose", "status", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    purpose: str  # Purpose
    kind: str  # RunKind
    as_of: date
    scheme_version_id: int = Field(foreign_key="scheme_version.id")  # the first in order
    beside: str | None = None  # JSON: the other versions in force, in order
    status: str  # RunStatus
    started_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    orders_through: date | None = None
    customers: int = 0
    snapshot: int = (
        1  # its number among the snapshots of its purpose; an interim run has the number of the next
    )
    whole: bool = True  # it holds every customer; otherwise it adds to the whole run before it
    edition: int = 1  # of the rules that computed its inputs (grading.indicators.sources)


class Assessment(SQLModel, table=True):
    """One customer's result in one run, with the inputs that recompute it."""

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("run_id", "customer_id"),
        Index("ix_assessment_customer", "customer_id", "run_id"),
        Index("ix_assessment_listed", "run_id", "tier", "score"),  # lists of the whole book
    )
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="grading_run.id")
    customer_id: int = Field(foreign_key="customer.id")
    # None where no scheme applies. No foreign key: it would be checked for every customer of a run.
    scheme_version_id: int | None = None
    tier: str  # effective: a tier, or blocked | new | unrated
    computed_tier: str | None = None
    held: bool = False  # unrated now, so the last tier stays
    capped_by: str | None = None
    exact_score: float | None = None
    score: float | None = None
    coverage: float
    low: float | None = None
    high: float | None = None
    certain: bool
    tier_since: date
    overridden: bool = False
    # The state the next snapshot starts from (grading.engine.movement); an interim run keeps the last snapshot's.
    standing: str | None = None
    since: int = 0
    rising_since: int = 0
    falling_since: int = 0
    clean: str | None = None  # JSON: active gate -> clean snapshots in a row
    inputs: bytes  # the values graded and their days (grading.engine.inputs)


# Statements are built once: building one took longer than executing it.
_PUBLISHED = col(GradingRun.status) == RunStatus.PUBLISHED
_OF_PURPOSE = col(GradingRun.purpose) == bindparam("purpose")
_NEWEST_ID = sa_select(func.max(col(GradingRun.id))).where(_PUBLISHED)
_NEWEST = select(GradingRun).where(_OF_PURPOSE, _PUBLISHED).order_by(col(GradingRun.id).desc()).limit(1)
_NEWEST_SNAPSHOT = _NEWEST.where(col(GradingRun.kind) == RunKind.SNAPSHOT)
_RUNNING = (
    sa_select(col(GradingRun.id)).where(_OF_PURPOSE, col(GradingRun.status) == RunStatus.RUNNING).limit(1)
)
_UP_TO = (_OF_PURPOSE, _PUBLISHED, col(GradingRun.id) <= bindparam("newest"))
_NEWEST_WHOLE = sa_select(func.max(col(GradingRun.id))).where(*_UP_TO, col(GradingRun.whole).is_(True))
_BEHIND = (
    sa_select(col(GradingRun.id))
    .where(*_UP_TO, col(GradingRun.id) >= _NEWEST_WHOLE.scalar_subquery())
    .order_by(col(GradingRun.id))
)
_SCHEME_VERSIONS = (
    select(GradingRun.scheme_version_id, GradingRun.beside)
    .where(col(GradingRun.id).in_(bindparam("runs", expanding=True)))
    .distinct()
)


def last_published(session: Session, purpose: str) -> GradingRun | None:
    """The newest published run of a purpose."""
    return session.exec(_NEWEST, params={"purpose": purpose}).first()


def last_snapshot(session: Session, purpose: str) -> GradingRun | None:
    """The newest published snapshot of a purpose."""
    return session.exec(_NEWEST_SNAPSHOT, params={"purpose": purpose}).first()


def get_many(session: Session, run_ids: Iterable[int]) -> dict[int, GradingRun]:
    found = session.exec(select(GradingRun).where(col(GradingRun.id).in_(list(run_ids))))
    return {run.id: run for run in found if run.id is not None}


def snapshot_at(session: Session, purpose: str, number: int) -> GradingRun | None:
    """The published snapshot of a number."""
    statement = select(GradingRun).where(
        GradingRun.purpose == purpose,
        GradingRun.kind == RunKind.SNAPSHOT,
        GradingRun.snapshot == number,
        col(GradingRun.published_at).is_not(None),
    )
    return session.exec(statement.order_by(col(GradingRun.id).desc())).first()


def newest_run(session: Session) -> int:
    """The id of the newest published run; 0 before the first."""
    return session.connection().execute(_NEWEST_ID).scalar() or 0


def latest_run_ids(session: Session) -> list[int]:
    """The runs with the present tiers of accounts and prospects (`runs_behind`)."""
    return [run for purpose in (Purpose.ACCOUNT, Purpose.PROSPECT) for run in runs_behind(session, purpose)]


def runs_behind(session: Session, purpose: str, run_id: int | None = None) -> list[int]:
    """The newest published whole run (up to one of them) and the published ones since that add to it, oldest first."""
    newest = 2**31 - 1 if run_id is None else run_id
    rows = session.connection().execute(_BEHIND, {"purpose": purpose, "newest": newest})
    return [cast(int, row[0]) for row in rows]


def newest_in(run_ids: Sequence[int]) -> ColumnElement[bool]:
    """Condition: an assessment is its customer's newest in these runs."""
    if len(run_ids) == 1:
        return col(Assessment.run_id) == run_ids[0]
    other = aliased(Assessment)
    newest = (
        sa_select(func.max(col(other.run_id)))
        .where(col(other.customer_id) == col(Assessment.customer_id), col(other.run_id).in_(run_ids))
        .correlate(Assessment)
        .scalar_subquery()
    )
    return and_(col(Assessment.run_id).in_(run_ids), col(Assessment.run_id) == newest)


def abandoned(purpose: str, before: datetime) -> Any:
    """Select: ids of runs that were started before a moment and never published, because their process died."""
    return select(GradingRun.id).where(
        GradingRun.purpose == purpose,
        GradingRun.status == RunStatus.RUNNING,
        GradingRun.started_at < before,
    )


def delete_abandoned(session: Session, purpose: str, before: datetime) -> None:
    """Delete runs that were started before a moment and never published."""
    stale = abandoned(purpose, before)
    session.exec(delete(Assessment).where(col(Assessment.run_id).in_(stale)))
    session.exec(delete(GradingRun).where(col(GradingRun.id).in_(stale)))


_BINARY = {int: "int4", float: "float8", bool: "bool", date: "date", bytes: "bytea"}  # else text


def add_assessments(session: Session, run_id: int, columns: Mapping[str, list[Any]]) -> None:
    """Insert assessments of a run, given as columns in the order of the customers.

    Without SQLAlchemy, whose handling of every value took most of the time of a large run; by COPY on PostgreSQL.
    """
    connection = session.connection()
    names = ", ".join(["run_id", *columns])
    if connection.dialect.name == "postgresql":
        table = inspect(Assessment).local_table
        kinds = [_BINARY.get(table.c[name].type.python_type, "text") for name in ("run_id", *columns)]
        cursor = cast(Any, connection.connection.dbapi_connection).cursor()
        with cursor, cursor.copy(f"COPY assessment ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(kinds)
            for row in zip(*columns.values(), strict=True):
                copy.write_row((run_id, *row))
        return
    texts = {day: day.isoformat() for day in set(columns["tier_since"])}
    values = ({**columns, "tier_since": [texts[day] for day in columns["tier_since"]]}).values()
    connection.exec_driver_sql(
        f"INSERT INTO assessment ({names}) VALUES ({run_id}{', ?' * len(columns)})",  # noqa: S608 - names of columns
        list(zip(*values, strict=True)),
    )


def publish(session: Session, run_id: int, at: datetime, customers: int) -> None:
    """Make a run count."""
    session.exec(
        update(GradingRun)
        .where(col(GradingRun.id) == run_id)
        .values(status=RunStatus.PUBLISHED, published_at=at, customers=customers)
    )


def days_of(session: Session, run_ids: Sequence[int]) -> set[date]:
    """The days these runs are as of."""
    return set(session.exec(select(col(GradingRun.as_of)).where(col(GradingRun.id).in_(run_ids))))


def published_runs(session: Session) -> list[GradingRun]:
    """Every published run, oldest first."""
    return list(session.exec(select(GradingRun).where(_PUBLISHED).order_by(col(GradingRun.id))))


def every_run(session: Session) -> list[GradingRun]:
    """Every run whatever its status, oldest first."""
    return list(session.exec(select(GradingRun).order_by(col(GradingRun.id))))


def stored_counts(session: Session) -> dict[int, int]:
    """Run id -> how many assessments are stored with it; also of a run that does not exist."""
    counted = sa_select(col(Assessment.run_id), func.count()).group_by(col(Assessment.run_id))
    return {row[0]: row[1] for row in session.execute(counted)}


def is_running(session: Session, purpose: str) -> bool:
    """Whether a run has started and is not published yet."""
    return session.connection().execute(_RUNNING, {"purpose": purpose}).first() is not None


def scheme_versions_of(session: Session, run_ids: Sequence[int]) -> list[int]:
    """The scheme versions that these runs went by."""
    rows = session.connection().execute(_SCHEME_VERSIONS, {"runs": list(run_ids)})
    return sorted({version for first, beside in rows for version in (first, *json.loads(beside or "[]"))})


def newest_days(session: Session) -> dict[str, date]:
    """Purpose -> the day its newest published run is as of."""
    columns = (col(GradingRun.purpose), func.max(col(GradingRun.as_of)))
    return dict(session.exec(select(*columns).where(_PUBLISHED).group_by(col(GradingRun.purpose))).all())
