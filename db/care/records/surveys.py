"""Scores of satisfaction surveys, and the dated facts of the grading's indicator that follow from them.

The fact of a customer and day is the mean of all scores that were given on it, whichever way they came in.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Index, UniqueConstraint, and_, bindparam, exists, func
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, col, select

from db.book.contact_people import ContactPerson
from db.book.customers import Customer, Ownership, present_owner
from db.book.facts import Activity, Fact
from db.book.imports import table
from db.care.touches import StepKind, Touch
from db.types import ImportedRow, partial_index

FIELD = "satisfaction"  # the grading's indicator
FACT_SOURCE = "survey-scores"  # of its facts that follow from scores
_CENT = Decimal("0.01")
_PAGE = 400  # customers to a statement


class SurveyScore(ImportedRow, table=True):
    """What a customer answered in a satisfaction survey; its activity is the contact. `version` counts its changes."""

    __tablename__ = "survey_score"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("uq_survey_score_activity_id", "activity_id", unique=True),
        Index("ix_survey_score_customer_day", "customer_id", "answered_on"),
        partial_index("ix_survey_score_low", "customer_id", where="follow_up_from IS NOT NULL"),
        partial_index(
            "ix_survey_score_contact_person", "contact_person_id", where="contact_person_id IS NOT NULL"
        ),
    )
    customer_id: int = Field(foreign_key="customer.id")
    activity_id: int = Field(foreign_key="activity.id")
    source: str
    external_id: str
    answered_on: date
    score: str  # as it was given, on its scale
    scale: str
    value: str  # on the scale of the indicator
    contact_person_id: int | None = Field(  # who answered
        default=None, foreign_key="contact_person.id", ondelete="SET NULL"
    )
    follow_up_from: date | None = None  # of a low score: when it was recorded
    follow_up_until: date | None = None  # and until when it is to be followed up
    version: int = 1


_score, _fact, _activity = table(SurveyScore), table(Fact), table(Activity)
CustomerDay = tuple[int, date]


class StoredScore(NamedTuple):
    """A score with its contact and customer, as far as lists and rights need them."""

    id: int
    version: int
    customer_id: int
    name: str
    code: str
    answered_on: date
    score: str
    scale: str
    value: str
    contact_person_id: int | None
    answered_by: str | None
    follow_up_from: date | None
    follow_up_until: date | None
    activity_id: int
    recorded_by: int | None
    recorded_at: datetime
    note: str | None
    batch_id: int | None
    source: str
    external_id: str


_ROWS = (
    sa_select(
        *(col(getattr(SurveyScore, name)) for name in ("id", "version", "customer_id")),
        col(Customer.name),
        col(Customer.code),
        *(
            col(getattr(SurveyScore, name))
            for name in ("answered_on", "score", "scale", "value", "contact_person_id")
        ),
        col(ContactPerson.name),
        *(col(getattr(SurveyScore, name)) for name in ("follow_up_from", "follow_up_until", "activity_id")),
        col(Activity.person_id),
        col(Activity.recorded_at),
        col(Activity.note),
        *(col(getattr(SurveyScore, name)) for name in ("batch_id", "source", "external_id")),
    )
    .select_from(SurveyScore)
    .join(Activity, col(Activity.id) == col(SurveyScore.activity_id))
    .join(Customer, col(Customer.id) == col(SurveyScore.customer_id))
    .outerjoin(ContactPerson, col(ContactPerson.id) == col(SurveyScore.contact_person_id))
)
_NEWEST_FIRST = (col(SurveyScore.answered_on).desc(), col(SurveyScore.id).desc())


def row(session: Session, score_id: int) -> StoredScore | None:
    found = session.connection().execute(_ROWS.where(col(SurveyScore.id) == score_id)).first()
    return None if found is None else StoredScore._make(found)


def by_external_id(session: Session, source: str, external_id: str) -> SurveyScore | None:
    statement = select(SurveyScore).where(
        col(SurveyScore.source) == source, col(SurveyScore.external_id) == external_id
    )
    return session.execute(statement).scalar()


def of_activity(session: Session, activity_id: int) -> SurveyScore | None:
    return session.exec(select(SurveyScore).where(SurveyScore.activity_id == activity_id)).first()


class LastScore(NamedTuple):
    """A score as a customer's card shows it."""

    score: str
    scale: str
    value: str
    answered_on: date


_LAST = (
    sa_select(*(col(getattr(SurveyScore, name)) for name in LastScore._fields))
    .where(col(SurveyScore.customer_id) == bindparam("customer_id"))
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("most"))
)


def last(session: Session, customer_id: int, most: int) -> list[LastScore]:
    """The last scores of a customer, the newest first."""
    found = session.connection().execute(_LAST, {"customer_id": customer_id, "most": most})
    return [LastScore._make(one) for one in found]


def listed(
    session: Session,
    *,
    owners: Collection[int] | None,
    customer_id: int | None,
    low: bool,
    most: int,
) -> tuple[list[StoredScore], int]:
    """(scores, how many there are): of the customers of these owners (None: of all), the newest first."""
    statement = _ROWS.where(col(Customer.archived).is_(False))
    if owners is not None:
        statement = statement.join(Ownership, present_owner(SurveyScore.customer_id)).where(
            col(Ownership.person_id).in_(owners)
        )
    if customer_id is not None:
        statement = statement.where(col(SurveyScore.customer_id) == customer_id)
    if low:
        statement = statement.where(col(SurveyScore.follow_up_from).is_not(None))
    total = session.connection().execute(
        statement.with_only_columns(func.count(), maintain_column_froms=True)
    )
    found = session.connection().execute(statement.order_by(*_NEWEST_FIRST).limit(most))
    return [StoredScore._make(one) for one in found], total.scalar_one()


_LOW = (
    sa_select(
        col(SurveyScore.customer_id),
        col(SurveyScore.follow_up_from),
        func.min(col(SurveyScore.follow_up_until)),
    )
    .where(
        col(SurveyScore.customer_id).in_(bindparam("customers", expanding=True)),
        col(SurveyScore.follow_up_from).is_not(None),
    )
    .group_by(col(SurveyScore.customer_id), col(SurveyScore.follow_up_from))
    .order_by(col(SurveyScore.customer_id), col(SurveyScore.follow_up_from))
)


def low_scores(session: Session, customer_ids: Collection[int]) -> dict[int, dict[date, date]]:
    """Customer -> the days on which low scores were recorded -> until when they are to be followed up."""
    found: dict[int, dict[date, date]] = {}
    rows: Any = session.connection().execute(_LOW, {"customers": list(customer_ids)})
    for customer, begun, until in rows:
        found.setdefault(customer, {})[begun] = until
    return found


def delete_of_activity(session: Session, activity_id: int, now: datetime) -> StoredScore | None:
    """Delete the score that a contact brought, so that it counts no more; None where it brought none."""
    found = of_activity(session, activity_id)
    if found is None:
        return None
    stored = row(session, found.id or 0)
    session.delete(found)
    session.flush()
    write_facts(session.connection(), [(found.customer_id, found.answered_on)], now)
    return stored


def days_of(connection: Connection, condition: ColumnElement[bool]) -> list[CustomerDay]:
    """The customers and days of some scores."""
    found = sa_select(_score.c.customer_id, _score.c.answered_on).where(condition)
    return [(customer, day) for customer, day in connection.execute(found)]


def write_facts(
    connection: Connection, days: Iterable[CustomerDay], now: datetime, batch_id: int | None = None
) -> None:
    """Bring the facts of some customers and days in line with the scores; what does not hold is superseded."""
    for part in _parts(days):
        wanted, current = _means(connection, part), _current(connection, part)
        over = [
            number for key, (number, value) in current.items() if key in part and value != wanted.get(key)
        ]
        superseded = {"superseded_at": now, "superseded_by_batch": batch_id}
        for some in _some(over):
            connection.execute(_fact.update().where(_fact.c.id.in_(some)).values(**superseded))
        new = [key for key, value in wanted.items() if key not in current or current[key][1] != value]
        _insert(connection, {key: wanted[key] for key in new}, dict.fromkeys(new, now), batch_id)


def restore_facts(connection: Connection, days: Iterable[CustomerDay], batch_id: int) -> None:
    """The same after the scores of an import were taken back: what it superseded holds again where that is still so."""
    for part in _parts(days):
        wanted, current = _means(connection, part), _current(connection, part)
        over = [
            number for key, (number, value) in current.items() if key in part and value != wanted.get(key)
        ]
        for some in _some(over):
            connection.execute(_fact.delete().where(_fact.c.id.in_(some)))
        new = {key: value for key, value in wanted.items() if key not in current or current[key][1] != value}
        _revive(connection, new, batch_id)
        _insert(connection, new, _recorded(connection, part), None)
    left = _fact.c.superseded_by_batch == batch_id, _fact.c.source == FACT_SOURCE
    connection.execute(_fact.update().where(*left).values(superseded_by_batch=None))


def _parts(days: Iterable[CustomerDay]) -> list[set[CustomerDay]]:
    """Customers and days in parts, a customer in one of them."""
    by_customer: dict[int, set[CustomerDay]] = defaultdict(set)
    for key in days:
        by_customer[key[0]].add(key)
    customers = sorted(by_customer)
    return [
        set().union(*(by_customer[one] for one in customers[start : start + _PAGE]))
        for start in range(0, len(customers), _PAGE)
    ]


def _some(numbers: list[int]) -> Iterable[list[int]]:
    return (numbers[start : start + _PAGE] for start in range(0, len(numbers), _PAGE))


def _about(part: set[CustomerDay], customer: Any, day: Any) -> Any:
    days = [one for _, one in part]
    return and_(customer.in_({one for one, _ in part}), day >= min(days), day <= max(days))


def _means(connection: Connection, part: set[CustomerDay]) -> dict[CustomerDay, str]:
    """The mean of the scores of each customer and day, to two decimals."""
    found: dict[CustomerDay, list[Decimal]] = defaultdict(list)
    columns = (_score.c.customer_id, _score.c.answered_on, _score.c.value)
    for customer, day, value in connection.execute(
        sa_select(*columns).where(_about(part, _score.c.customer_id, _score.c.answered_on))
    ):
        if (customer, day) in part:
            found[customer, day].append(Decimal(value))
    means = {key: (sum(values, Decimal()) / len(values)).quantize(_CENT) for key, values in found.items()}
    return {key: f"{mean.normalize():f}" for key, mean in means.items()}


def _current(connection: Connection, part: set[CustomerDay]) -> dict[CustomerDay, tuple[int, str]]:
    """The facts that hold now, of scores."""
    columns = (_fact.c.customer_id, _fact.c.measured_on, _fact.c.id, _fact.c.value)
    holds = (_fact.c.field == FIELD, _fact.c.source == FACT_SOURCE, _fact.c.superseded_at.is_(None))
    rows = connection.execute(
        sa_select(*columns).where(_about(part, _fact.c.customer_id, _fact.c.measured_on), *holds)
    )
    return {(customer, day): (number, value) for customer, day, number, value in rows}


def _recorded(connection: Connection, part: set[CustomerDay]) -> dict[CustomerDay, datetime]:
    """When the newest score of each customer and day was recorded."""
    key = (_score.c.customer_id, _score.c.answered_on)
    rows = connection.execute(
        sa_select(*key, func.max(_activity.c.recorded_at))
        .join(_activity, _activity.c.id == _score.c.activity_id)
        .where(_about(part, *key))
        .group_by(*key)
    )
    return {(customer, day): at for customer, day, at in rows}


def _revive(connection: Connection, new: dict[CustomerDay, str], batch_id: int) -> None:
    """Make facts valid again that an import superseded, and take them out of those to write."""
    if not new:
        return
    columns = (_fact.c.customer_id, _fact.c.measured_on, _fact.c.id, _fact.c.value)
    by = (_fact.c.superseded_by_batch == batch_id, _fact.c.source == FACT_SOURCE)
    of = _about(set(new), _fact.c.customer_id, _fact.c.measured_on)
    for customer, day, number, value in connection.execute(
        sa_select(*columns).where(of, *by).order_by(_fact.c.id.desc())
    ).all():
        if new.get((customer, day)) == value:
            del new[customer, day]
            valid = {"superseded_at": None, "superseded_by_batch": None}
            connection.execute(_fact.update().where(_fact.c.id == number).values(**valid))


def _insert(
    connection: Connection,
    values: Mapping[CustomerDay, str],
    recorded: Mapping[CustomerDay, datetime],
    batch_id: int | None,
) -> None:
    rows = [
        {
            "customer_id": customer,
            "field": FIELD,
            "measured_on": day,
            "value": value,
            "source": FACT_SOURCE,
            "recorded_at": recorded[customer, day],
            "batch_id": batch_id,
        }
        for (customer, day), value in sorted(values.items())
    ]
    if rows:
        connection.execute(_fact.insert(), rows)


def count_unfollowed(session: Session, before: date) -> int:
    """How many low scores recorded before a day have no follow-up: their customers are not graded, or blocked."""
    followed = exists().where(
        col(Touch.customer_id) == col(SurveyScore.customer_id),
        col(Touch.kind) == StepKind.LOW_SCORE,
        col(Touch.anchor) == col(SurveyScore.follow_up_from),
    )
    statement = (
        sa_select(func.count())
        .select_from(SurveyScore)
        .join(Customer, col(Customer.id) == col(SurveyScore.customer_id))
        .where(col(SurveyScore.follow_up_from) < before, col(Customer.archived).is_(False), ~followed)
    )
    return session.connection().execute(statement).scalar_one()
