"""Activities with customers, and dated facts about them that are superseded, never overwritten."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    Date,
    Float,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    values,
)
from sqlmodel import Field, Session, and_, col

from db.book.customers import among, customers_parameter, of_customers
from db.types import ImportedRow, UtcDateTime, partial_index


class ContactKind(StrEnum):
    """The kind of an activity."""

    VISIT = "visit"
    CALL = "call"
    MEETING = "meeting"
    TRAINING = "training"
    REVIEW = "review"
    SURVEY = "survey"
    COMPLAINT = "complaint"
    REFERRAL = "referral"
    GIFT = "gift"
    GREETING = "greeting"
    BIRTHDAY = (
        "birthday"  # a greeting of one contact person, so that it does not count as one of the customer
    )
    OTHER = "other"
    CREDIT_REVIEW = "credit_review"


RECORDED_HERE = frozenset({"slack", "tierbot"})  # the sources of what people enter, in Slack or by command

# Those in which people talk with a customer.
TALKS = (
    *(ContactKind.VISIT, ContactKind.CALL, ContactKind.MEETING, ContactKind.TRAINING, ContactKind.REVIEW),
    *(ContactKind.SURVEY, ContactKind.CREDIT_REVIEW, ContactKind.OTHER),
)


class Activity(ImportedRow, table=True):
    """Something that happened with a customer: a visit, a call, a training session, a complaint."""

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_activity_customer_day", "customer_id", "happened_on", "kind"),
        # Notes of all customers are searched from the newest on.
        partial_index("ix_activity_note_day", "happened_on", "id", where="note IS NOT NULL"),
    )
    customer_id: int = Field(foreign_key="customer.id")
    source: str
    external_id: str
    kind: str  # a ContactKind
    happened_on: date
    person_id: int | None = Field(default=None, foreign_key="person.id")
    note: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ActivityPeriod(ImportedRow, table=True):
    """A period for which all activities of a kind are recorded: no row means that there was none."""

    __tablename__ = "activity_period"
    kind: str
    first_day: date
    last_day: date
    source: str


BETWEEN = "\x1f"  # separates values that the database joins; no value contains it
_CURRENT = "superseded_at IS NULL"


class Fact(ImportedRow, table=True):
    """A field's value on a business date, as recorded then; a correction supersedes the old row."""

    __tablename__ = "fact"
    __table_args__ = (
        Index("ix_fact_lookup", "customer_id", "field", "measured_on"),
        # The facts of all customers are read in this order.
        partial_index("ix_fact_book", "field", "measured_on", "customer_id", where=_CURRENT),
        partial_index(
            "uq_fact_current", "customer_id", "field", "measured_on", "source", where=_CURRENT, unique=True
        ),
    )
    customer_id: int = Field(foreign_key="customer.id")
    field: str
    measured_on: date
    value: str
    source: str
    author: str | None = None
    evidence: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    superseded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    superseded_by_batch: int | None = Field(default=None, index=True)


def facts_by_day(
    session: Session, *, fields: Sequence[str], as_of: date, customer_ids: Sequence[int] | None = None
) -> Iterator[tuple[str, date, str, str, str]]:
    """Valid facts up to a business date, one row per field and day: field, day, customers, ids, values.

    The database joins the last three columns into text, numbers with commas and values with `BETWEEN`, because one
    row object per fact takes ten times as long as reading them.
    """
    asked: dict[str, Any] = {"as_of": as_of, **customers_parameter(customer_ids)}
    if customer_ids is None:
        asked["fields"] = list(fields)
    for name, *row in session.connection().execute(_facts_by_day(customer_ids is not None), asked):
        if name in fields:
            yield name, row[0], row[1], row[2], row[3]


@cache
def _facts_by_day(named: bool) -> Any:
    customer, number = (cast(col(column), String) for column in (Fact.customer_id, Fact.id))
    field, day = col(Fact.field), col(Fact.measured_on)
    statement = (
        select(
            field,
            day,
            func.aggregate_strings(customer, ","),
            func.aggregate_strings(number, ","),
            func.aggregate_strings(col(Fact.value), BETWEEN),
        )
        .where(day <= bindparam("as_of"), col(Fact.superseded_at).is_(None))
        .group_by(field, day)
        .order_by(field, day)
    )
    # With both conditions SQLite would read the fields of all customers.
    return statement.where(
        among(Fact.customer_id, named) if named else field.in_(bindparam("fields", expanding=True))
    )


def activity_counts(
    session: Session,
    *,
    as_of: date,
    windows: Mapping[str, date],
    customer_ids: Sequence[int] | None = None,
) -> list[tuple[Any, ...]]:
    """(customer, count per kind): activities of the kinds, each after its own day and up to `as_of`."""
    statement = _activity_counts(as_of, tuple(windows.items()), customer_ids is not None)
    return [tuple(row) for row in session.connection().execute(statement, customers_parameter(customer_ids))]


@lru_cache(maxsize=8)
def _activity_counts(as_of: date, windows: tuple[tuple[str, date], ...], named: bool) -> Any:
    kind, day = col(Activity.kind), col(Activity.happened_on)
    counts = [func.sum(case((and_(kind == name, day > start), 1), else_=0)) for name, start in windows]
    return (
        select(col(Activity.customer_id), *counts)
        .where(
            kind.in_([name for name, _ in windows]),
            day > min(start for _, start in windows),
            day <= as_of,
            among(Activity.customer_id, named),
        )
        .group_by(col(Activity.customer_id))
    )


def faded_activities(
    session: Session,
    *,
    kinds: Sequence[str],
    weights: Sequence[tuple[date, float]],
    customer_ids: Sequence[int] | None = None,
) -> list[tuple[int, float]]:
    """(customer, sum of the weights of the days on which activities of the kinds happened)."""
    fading = values(column("day", Date), column("weight", Float), name="fading").data(list(weights)).cte()
    statement = (
        select(col(Activity.customer_id), func.sum(fading.c.weight))
        .select_from(Activity)
        .join(fading, fading.c.day == col(Activity.happened_on))
        .where(col(Activity.kind).in_(kinds), of_customers(Activity.customer_id, customer_ids))
        .group_by(col(Activity.customer_id))
    )
    return [(row[0], float(row[1])) for row in session.execute(statement)]


_PERIODS = select(col(ActivityPeriod.kind), col(ActivityPeriod.first_day), col(ActivityPeriod.last_day))


def activity_periods(session: Session) -> list[tuple[str, date, date]]:
    """(kind, first day, last day) of every period declared complete, in order."""
    return sorted((row[0], row[1], row[2]) for row in session.connection().execute(_PERIODS))


def activity(session: Session, source: str, external_id: str) -> Activity | None:
    statement = select(Activity).where(
        col(Activity.source) == source, col(Activity.external_id) == external_id
    )
    return session.execute(statement).scalar()


def kinds_of(session: Session, activity_ids: Sequence[int]) -> dict[int, str]:
    """Activity -> its kind."""
    wanted = select(col(Activity.id), col(Activity.kind)).where(col(Activity.id).in_(activity_ids))
    return {row[0]: row[1] for row in session.execute(wanted)}


def current(session: Session, customer_id: int) -> list[tuple[str, str, date]]:
    """(field, value, day) of a customer's valid facts, by field and the newest first."""
    rows = session.execute(
        select(col(Fact.field), col(Fact.value), col(Fact.measured_on))
        .where(col(Fact.customer_id) == customer_id, col(Fact.superseded_at).is_(None))
        .order_by(col(Fact.field), col(Fact.measured_on).desc(), col(Fact.id).desc())
    )
    return [(row[0], row[1], row[2]) for row in rows]


def newest(session: Session, customer_id: int, field: str) -> Fact | None:
    """The fact of a field that counts: the valid one of the latest day."""
    statement = (
        select(Fact)
        .where(
            col(Fact.customer_id) == customer_id,
            col(Fact.field) == field,
            col(Fact.superseded_at).is_(None),
        )
        .order_by(col(Fact.measured_on).desc(), col(Fact.id).desc())
    )
    return session.scalars(statement.limit(1)).first()


def stated(session: Session, customer_id: int, field: str, day: date, source: str) -> list[Fact]:
    """What a source said of a field on a day, also what holds no more; the newest first."""
    statement = select(Fact).where(
        col(Fact.customer_id) == customer_id,
        col(Fact.field) == field,
        col(Fact.measured_on) == day,
        col(Fact.source) == source,
    )
    return list(session.scalars(statement.order_by(col(Fact.id).desc())))


def recorded_since(session: Session, customer_id: int, since: datetime, **content: Any) -> bool:
    """Whether an activity with this content was recorded for a customer after a time."""
    statement = select(col(Activity.id)).where(
        col(Activity.customer_id) == customer_id,
        col(Activity.recorded_at) > since,
        *(getattr(Activity, name) == value for name, value in content.items()),
    )
    return session.execute(statement).first() is not None
