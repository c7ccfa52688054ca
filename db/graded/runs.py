"""Grading runs, assessments and tier changes."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    inspect,
)
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from db.types import UtcDateTime


class GradingRun(SQLModel, table=True):
    """One pass over a book. Its assessments count once it is published."""

    __tablename__ = "grading_run"
    __table_args__ = (Index("ix_grading_run_published", "purpose", "status", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    purpose: str
    kind: str  # snapshot | interim
    as_of: date
    scheme_version_id: int = Field(foreign_key="scheme_version.id")  # the one that is asked first
    beside: str | None = None  # JSON: the other versions in force, in the order in which they are asked
    status: str  # running | published
    started_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    orders_through: date | None = None
    customers: int = 0
    snapshot: int = 1  # its number among the snapshots of its purpose; an interim run has the next one's
    whole: bool = True  # every customer is in it; otherwise it adds to the whole run before it


class Assessment(SQLModel, table=True):
    """One customer's result in one run, with the inputs that recompute it."""

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("run_id", "customer_id"),
        Index("ix_assessment_customer", "customer_id", "run_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="grading_run.id")
    customer_id: int = Field(foreign_key="customer.id")
    # Whose rules; None where no scheme applies. No foreign key: that would be looked up for every customer of a run.
    scheme_version_id: int | None = None
    tier: str  # effective: a tier, or blocked | new | unrated
    computed_tier: str | None = None
    held: bool = False  # unrated now, so the last tier goes on
    capped_by: str | None = None
    exact_score: float | None = None
    score: float | None = None
    coverage: float
    low: float | None = None
    high: float | None = None
    certain: bool
    tier_since: date
    overridden: bool = False
    # What the next snapshot starts from (grading.engine.movement). In an interim run: as the last snapshot left it.
    standing: str | None = None
    since: int = 0
    rising_since: int = 0
    falling_since: int = 0
    clean: str | None = None  # JSON: gate that is still active -> clean snapshots in a row
    inputs: bytes  # the values it was made of and their days (grading.engine.inputs)


_NEWEST_RUN = sa_select(func.max(col(GradingRun.id))).where(col(GradingRun.status) == "published")
_NEWEST_OF = _NEWEST_RUN.where(col(GradingRun.purpose) == bindparam("purpose"))


# Put together once: for every answer that took longer than asking.
_PUBLISHED = (
    select(GradingRun)
    .where(col(GradingRun.purpose) == bindparam("purpose"), GradingRun.status == "published")
    .order_by(col(GradingRun.id).desc())
    .limit(1)
)
_SNAPSHOT = _PUBLISHED.where(GradingRun.kind == "snapshot")
_RUNNING = (
    sa_select(col(GradingRun.id))
    .where(col(GradingRun.purpose) == bindparam("purpose"), col(GradingRun.status) == "running")
    .limit(1)
)
_BEHIND = (
    sa_select(col(GradingRun.id))
    .where(
        col(GradingRun.purpose) == bindparam("purpose"),
        col(GradingRun.status) == "published",
        col(GradingRun.id) <= bindparam("newest"),
        col(GradingRun.id)
        >= sa_select(func.max(col(GradingRun.id)))
        .where(
            col(GradingRun.purpose) == bindparam("purpose"),
            col(GradingRun.status) == "published",
            col(GradingRun.id) <= bindparam("newest"),
            col(GradingRun.whole).is_(True),
        )
        .scalar_subquery(),
    )
    .order_by(col(GradingRun.id))
)
_SCHEME_VERSIONS = (
    select(GradingRun.scheme_version_id, GradingRun.beside)
    .where(col(GradingRun.id).in_(bindparam("runs", expanding=True)))
    .distinct()
)


def last_published(session: Session, purpose: str) -> GradingRun | None:
    return session.exec(_PUBLISHED, params={"purpose": purpose}).first()


def last_snapshot(session: Session, purpose: str) -> GradingRun | None:
    return session.exec(_SNAPSHOT, params={"purpose": purpose}).first()


def newest_run(session: Session, purpose: str | None = None) -> int:
    """The id of the newest published run, of a purpose or of any; 0 before the first."""
    if purpose is None:
        return session.connection().execute(_NEWEST_RUN).scalar() or 0
    return session.connection().execute(_NEWEST_OF, {"purpose": purpose}).scalar() or 0


def latest_run_ids(session: Session) -> list[int]:
    """The runs that say what customers and prospects are now: per purpose the newest whole one and what adds to it."""
    found: list[int] = []
    for purpose in ("account", "prospect"):
        found += runs_behind(session, purpose)
    return found


def runs_behind(session: Session, purpose: str, run_id: int | None = None) -> list[int]:
    """The newest published whole run (up to one of them) and the published ones since that add to it, oldest first."""
    newest = 2**31 - 1 if run_id is None else run_id
    rows = session.connection().execute(_BEHIND, {"purpose": purpose, "newest": newest})
    return [row[0] for row in rows if row[0] is not None]


def newest_in(run_ids: Sequence[int]) -> ColumnElement[bool]:
    """Condition: of a customer's assessments in these runs, the newest."""
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


def died(purpose: str, before: datetime) -> Any:
    """Select: runs that were begun before a moment and never published."""
    return select(GradingRun.id).where(
        GradingRun.purpose == purpose, GradingRun.status == "running", GradingRun.started_at < before
    )


def drop_unpublished(session: Session, purpose: str, before: datetime) -> None:
    """Throw away runs that were begun before a moment and never published: their process died."""
    stale = died(purpose, before)
    session.exec(delete(Assessment).where(col(Assessment.run_id).in_(stale)))
    session.exec(delete(GradingRun).where(col(GradingRun.id).in_(stale)))


_BINARY = {Integer: "int4", Float: "float8", Boolean: "bool", Date: "date", LargeBinary: "bytea"}  # else text


def add_assessments(session: Session, run_id: int, columns: Mapping[str, list[Any]]) -> None:
    """Put down assessments of a run, given as columns in the order of the customers.

    Past SQLAlchemy's handling of every value, which took most of the time of a large run; by COPY on PostgreSQL.
    """
    connection = session.connection()
    names = ", ".join(["run_id", *columns])
    if connection.dialect.name == "postgresql":
        table = inspect(Assessment).local_table
        kinds = [_BINARY.get(type(table.c[name].type), "text") for name in ("run_id", *columns)]
        cursor = cast(Any, connection.connection.dbapi_connection).cursor()
        with cursor, cursor.copy(f"COPY assessment ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(kinds)
            for row in zip(*columns.values(), strict=True):
                copy.write_row((run_id, *row))
        return
    known = {day: day.isoformat() for day in set(columns["tier_since"])}
    values = ({**columns, "tier_since": [known[day] for day in columns["tier_since"]]}).values()
    connection.exec_driver_sql(
        f"INSERT INTO assessment ({names}) VALUES ({run_id}{', ?' * len(columns)})",  # noqa: S608 - names of columns
        list(zip(*values, strict=True)),
    )


def publish(session: Session, run_id: int, at: datetime, customers: int) -> None:
    session.exec(
        update(GradingRun)
        .where(col(GradingRun.id) == run_id)
        .values(status="published", published_at=at, customers=customers)
    )


def days_of(session: Session, run_ids: Sequence[int]) -> set[date]:
    """The days these runs are as of."""
    return set(session.exec(select(col(GradingRun.as_of)).where(col(GradingRun.id).in_(run_ids))))


def published_runs(session: Session) -> list[GradingRun]:
    """Every run that counts, oldest first."""
    return list(
        session.exec(select(GradingRun).where(GradingRun.status == "published").order_by(col(GradingRun.id)))
    )


def running(session: Session, purpose: str) -> bool:
    """Whether a run has begun and is not published yet."""
    return session.connection().execute(_RUNNING, {"purpose": purpose}).first() is not None


def scheme_versions_of(session: Session, run_ids: Sequence[int]) -> list[int]:
    """The scheme versions behind these runs."""
    rows = session.connection().execute(_SCHEME_VERSIONS, {"runs": list(run_ids)})
    return sorted({version for first, beside in rows for version in (first, *json.loads(beside or "[]"))})


def newest_days(session: Session) -> dict[str, date]:
    """Purpose -> the day its newest published grading is as of."""
    rows = session.exec(
        select(col(GradingRun.purpose), func.max(col(GradingRun.as_of)))
        .where(GradingRun.status == "published")
        .group_by(col(GradingRun.purpose))
    )
    return dict(rows.all())
