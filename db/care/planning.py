"""What planning care reads, for some customers at a time, and what it keeps of each customer it has planned for."""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, false, func, null, or_
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

from db.book.contact_people import ContactPerson
from db.book.customers import Customer, Ownership, present_owner
from db.book.facts import Activity, Fact
from db.care import touches
from db.care.touches import OPEN, StepKind, Touch, TouchState
from db.engine import upsert
from db.graded.runs import Assessment, GradingRun, newest_in
from db.graded.schemes import SchemeVersion
from db.types import UtcDateTime, partial_index


class CustomerCare(SQLModel, table=True):
    """What care was planned for a customer by, and when to look at it again."""

    __tablename__ = "customer_care"
    __table_args__ = (
        partial_index("ix_customer_care_look_at", "look_at", where="look_at IS NOT NULL"),
        partial_index("ix_customer_care_trouble", "customer_id", where="trouble IS NOT NULL"),
    )
    customer_id: int = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE")
    tier: str | None = None
    scheme_version_id: int | None = None
    gates: str | None = None  # of the assessment: JSON as `clean`
    credit: str | None = None  # the credit grade
    lifecycle: str | None = None  # new, active, silent, lost
    quadrant: str | None = None  # a cell of the value matrix
    rfm: str | None = None  # an RFM class
    owed_since: str | None = (
        None  # JSON: step that comes once -> the day since which it is owed without a break
    )
    look_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime
    )  # when time alone changes what is owed
    trouble: str | None = None  # why the last planning failed


class PlannedCustomer(NamedTuple):
    """What care planning needs of a graded customer."""

    customer_id: int
    country: str | None
    industry: str | None
    region: str | None
    customer_type: str | None
    since: date | None
    owner_id: int | None
    tier: str
    as_of: date
    scheme_version_id: int | None
    scheme: str | None  # the id of the scheme that graded it
    gates: str | None
    credit: str | None
    lifecycle: str | None
    quadrant: str | None
    rfm: str | None
    owed_since: str | None
    look_at: datetime | None
    trouble: str | None
    planned_by: tuple[Any, ...]  # `PLANNED_BY` when care was planned last


class OpenTouch(NamedTuple):
    """The columns of an open touch that planning compares or changes."""

    id: int
    version: int
    customer_id: int
    dedupe_key: str
    plan: str | None
    step: str
    occasion: str
    kind: str
    tier: str
    who: str
    due_on: date
    latest_on: date | None
    anchor: date | None
    remind_at: datetime
    state: str
    escalated: int
    created_at: datetime


class OverRow(NamedTuple):
    """Of a customer's step and occasion, the newest occurrence that was answered or missed, and when it was closed.

    `answered_at`: when one was closed last by a person, without a contact that came after its anchor.
    """

    customer_id: int
    step: str
    occasion: str
    anchor: date | None
    closed_at: datetime
    answered_at: datetime | None


class KnownPerson(NamedTuple):
    """What planning needs of a contact person."""

    customer_id: int
    id: int
    birthday: str | None
    country: str | None
    culture: str | None
    greetings: str
    do_not_contact: bool


_IDS: Any = bindparam("customers", expanding=True)


def planned_customers(
    session: Session, run_ids: Sequence[int], credit_runs: Sequence[int], customer_ids: Sequence[int]
) -> list[PlannedCustomer]:
    """Graded, unarchived customers among these."""
    credit = _credit_of(credit_runs)
    statement: Any = (
        sa_select(
            col(Customer.id),
            col(Customer.country),
            col(Customer.industry),
            col(Customer.region),
            col(Customer.customer_type),
            col(Customer.since),
            col(Ownership.person_id),
            col(Assessment.tier),
            col(GradingRun.as_of),
            col(Assessment.scheme_version_id),
            col(SchemeVersion.name),
            col(Assessment.clean),
            credit,
            col(CustomerCare.lifecycle),
            col(CustomerCare.quadrant),
            col(CustomerCare.rfm),
            col(CustomerCare.owed_since),
            col(CustomerCare.look_at),
            col(CustomerCare.trouble),
            col(CustomerCare.tier),
            col(CustomerCare.scheme_version_id),
            col(CustomerCare.gates),
            col(CustomerCare.credit),
        )
        .join(Assessment, col(Assessment.customer_id) == Customer.id)
        .join(GradingRun, _counts_for(Customer))
        .outerjoin(SchemeVersion, col(SchemeVersion.id) == Assessment.scheme_version_id)
        .outerjoin(Ownership, present_owner(Customer.id))
        .outerjoin(CustomerCare, col(CustomerCare.customer_id) == Customer.id)
        .where(
            newest_in(run_ids) if run_ids else false(),
            col(Customer.archived).is_(False),
            col(Customer.id).in_(_IDS),
        )
        .order_by(col(Customer.id))
    )
    rows = session.connection().execute(statement, {"customers": list(customer_ids)})
    own = len(PlannedCustomer._fields) - 1
    return [PlannedCustomer._make((*row[:own], tuple(row[own:]))) for row in rows]


def _counts_for(customer: Any) -> Any:
    # A prospect that became an account is still in the last run of prospects.
    return and_(col(GradingRun.id) == Assessment.run_id, col(GradingRun.purpose) == customer.record_type)


def _credit_of(run_ids: Sequence[int]) -> Any:
    if not run_ids:
        return null()
    newest = (
        sa_select(col(Assessment.tier))
        .where(col(Assessment.customer_id) == col(Customer.id), col(Assessment.run_id).in_(run_ids))
        .order_by(col(Assessment.run_id).desc())
        .limit(1)
        .correlate(Customer)
    )
    return newest.scalar_subquery()


def graded_customers(
    session: Session, run_ids: Sequence[int], *, after: int = 0, limit: int | None = None
) -> list[int]:
    """Ids of the unarchived customers that have a tier in these runs, from the one after `after` on."""
    statement = (
        sa_select(col(Customer.id))
        .join(Assessment, col(Assessment.customer_id) == Customer.id)
        .join(GradingRun, _counts_for(Customer))
        .where(
            newest_in(run_ids) if run_ids else false(),
            col(Customer.archived).is_(False),
            col(Customer.id) > after,
        )
        .order_by(col(Customer.id))
        .limit(limit)
    )
    return list(session.connection().scalars(statement))


def contacts_on(
    session: Session, wanted: Collection[tuple[int, str, date]]
) -> dict[tuple[int, str, date], int]:
    """(customer, kind, day) -> the newest contact of that kind on that day."""
    if not wanted:
        return {}
    customers, kinds, days = (sorted(set(column)) for column in zip(*wanted, strict=True))
    key = (col(Activity.customer_id), col(Activity.kind), col(Activity.happened_on))
    statement = (
        sa_select(*key, func.max(col(Activity.id)))
        .where(key[0].in_(customers), key[1].in_(kinds), key[2].in_(days))
        .group_by(*key)
    )
    rows: Any = session.connection().execute(statement)
    return {(customer, kind, day): number for customer, kind, day, number in rows}


_PEOPLE: Any = (
    sa_select(*(col(getattr(ContactPerson, name)) for name in KnownPerson._fields))
    .where(col(ContactPerson.customer_id).in_(_IDS))
    .order_by(col(ContactPerson.id))
)


def contact_people(session: Session, customer_ids: Sequence[int]) -> dict[int, list[KnownPerson]]:
    """Customer -> its contact people, of those that have some."""
    found: dict[int, list[KnownPerson]] = {}
    for row in session.connection().execute(_PEOPLE, {"customers": list(customer_ids)}):
        found.setdefault(row[0], []).append(KnownPerson._make(row))
    return found


_COLUMNS = [col(getattr(Touch, name)) for name in OpenTouch._fields]
_OPEN = sa_select(*_COLUMNS).where(col(Touch.state).in_(OPEN), col(Touch.customer_id).in_(_IDS))


def open_touches(session: Session, customer_ids: Sequence[int], *, lock: bool = False) -> list[OpenTouch]:
    """Open touches; with `lock` nobody else changes them until the transaction ends."""
    statement = _OPEN.with_for_update().order_by(col(Touch.id)) if lock else _OPEN
    rows = session.connection().execute(statement, {"customers": list(customer_ids)})
    return [OpenTouch._make(row) for row in rows]


# Done by a contact that is there no more, or that was corrected to a day before the one it is counted from.
_WITHOUT_CONTACT = and_(
    col(Touch.state) == TouchState.DONE,
    col(Touch.activity_id).is_not(None),
    or_(
        col(Activity.id).is_(None),
        and_(
            col(Touch.kind).in_((StepKind.REVISIT, StepKind.FOLLOW_UP)),
            func.coalesce(col(Activity.happened_on) < col(Touch.anchor), false()),
        ),
    ),
)
_ANSWERED = or_(
    col(Touch.state) == TouchState.SKIPPED,
    # Rows of earlier versions, in which Done was no contact.
    and_(
        col(Touch.state) == TouchState.DONE,
        col(Touch.activity_id).is_(None),
        col(Touch.closed_by).is_not(None),
    ),
    and_(col(Touch.state) == TouchState.DONE, col(Activity.happened_on) <= col(Touch.anchor)),
)
_OVER: Any = (
    sa_select(
        col(Touch.customer_id),
        col(Touch.step),
        col(Touch.occasion),
        func.max(col(Touch.anchor)),
        func.max(col(Touch.closed_at)),
        func.max(case((_ANSWERED, col(Touch.closed_at)))),
    )
    .outerjoin(Activity, col(Activity.id) == Touch.activity_id)
    .where(
        col(Touch.customer_id).in_(_IDS),
        col(Touch.state).in_((TouchState.DONE, TouchState.SKIPPED, TouchState.MISSED)),
        ~_WITHOUT_CONTACT,
    )
    .group_by(col(Touch.customer_id), col(Touch.step), col(Touch.occasion))
)


def over(session: Session, customer_ids: Sequence[int]) -> list[OverRow]:
    """What was answered or missed, of each step and occasion."""
    rows = session.connection().execute(_OVER, {"customers": list(customer_ids)})
    return [OverRow._make(row) for row in rows]


def taken(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the occurrences that have a row already."""
    if not keys:
        return set()
    statement = sa_select(col(Touch.dedupe_key)).where(col(Touch.dedupe_key).in_(list(keys)))
    return set(session.scalars(statement))


def numbered(session: Session, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows to add, those of revisits with keys that are free.

    When a revisit is answered twice on one day, the next one is counted from the same day as the one before it.
    """
    named = [
        row["dedupe_key"] for row in rows if row["kind"] == StepKind.REVISIT and row["anchor"] is not None
    ]
    kept = touches.kept_as_they_are(session, named)
    return [{**row, "dedupe_key": _free_key(session, row["dedupe_key"], kept)} for row in rows]


def _free_key(session: Session, key: str, kept: Collection[str]) -> str:
    if key not in kept:
        return key
    free, number = key, 1
    while touches.kept_as_they_are(session, [free]):
        number += 1
        free = f"{key}:{number}"
    return free


def date_facts(
    session: Session, fields: Collection[str], customer_ids: Sequence[int]
) -> dict[int, dict[str, str]]:
    """Customer -> field -> its newest valid value."""
    found: dict[int, dict[str, str]] = {}
    if not fields:
        return found
    rows = session.connection().execute(
        sa_select(col(Fact.customer_id), col(Fact.field), col(Fact.value))
        .where(
            col(Fact.field).in_(list(fields)),
            col(Fact.customer_id).in_(customer_ids),
            col(Fact.superseded_at).is_(None),
        )
        .order_by(col(Fact.measured_on), col(Fact.id))
    )
    for customer, name, value in rows:
        found.setdefault(customer, {})[name] = value
    return found


PLANNED_BY = ("tier", "scheme_version_id", "gates", "credit")
_KEPT = (*PLANNED_BY, "owed_since", "look_at", "trouble")


def keep(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store what care was planned by; the traits stay."""
    upsert(session, CustomerCare, rows, _KEPT)


def owed_since(text: str | None) -> dict[str, date]:
    """The days since which steps that come once are owed."""
    return {step: date.fromisoformat(day) for step, day in json.loads(text or "{}").items()}


def planned_by(session: Session, customer_ids: Collection[int]) -> dict[int, tuple[str | None, str]]:
    """Customer -> the scheme and the tier by which its care is planned, of those that have a tier."""
    found = session.connection().execute(
        sa_select(col(CustomerCare.customer_id), col(SchemeVersion.name), col(CustomerCare.tier))
        .outerjoin(SchemeVersion, col(SchemeVersion.id) == col(CustomerCare.scheme_version_id))
        .where(col(CustomerCare.customer_id).in_(customer_ids), col(CustomerCare.tier).is_not(None))
    )
    return {row[0]: (row[1], row[2] or "") for row in found}
