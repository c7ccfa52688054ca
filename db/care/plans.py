"""Versions of care plans, and the decisions about them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from sqlalchemy import UniqueConstraint, func
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, select

from db.graded.schemes import SchemeVersion
from db.types import UtcDateTime


class CarePlanState(StrEnum):
    """What a decision makes of a care plan. From the day of its approval on an approved one is in force."""

    APPROVED = "approved"
    RETIRED = "retired"


class CarePlanVersion(SQLModel, table=True):
    """A care plan as it was put in force. It never changes: other content is another version."""

    __tablename__ = "care_plan_version"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    name: str  # the id of the plan
    version: int
    sha256: str
    content: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class CarePlanDecision(SQLModel, table=True):
    """One decision about a care plan: by whom, when, and the day from which it counts. Rows are only ever added."""

    __tablename__ = "care_plan_decision"
    id: int | None = Field(default=None, primary_key=True)
    care_plan_version_id: int = Field(foreign_key="care_plan_version.id", index=True)
    plan: str
    state: str  # CarePlanState
    effective_from: date
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class Newest(NamedTuple):
    """The ids of the newest decision and of the newest scheme; None before the first."""

    decision: int | None
    scheme: int | None


_NEWEST = sa_select(  # built once: every request runs it
    sa_select(func.max(col(CarePlanDecision.id))).scalar_subquery(),
    sa_select(func.max(col(SchemeVersion.id))).scalar_subquery(),
)


def newest(session: Session) -> Newest:
    """What was decided and graded by last. While it is the same, so are the plans that customers have on a day."""
    return Newest._make(session.connection().execute(_NEWEST).one())


def find_version(session: Session, name: str, version: int | None = None) -> CarePlanVersion | None:
    """A stored version; without a number the highest."""
    statement = select(CarePlanVersion).where(CarePlanVersion.name == name)
    if version is not None:
        statement = statement.where(CarePlanVersion.version == version)
    return session.exec(statement.order_by(col(CarePlanVersion.version).desc())).first()


def add_version(
    session: Session, *, name: str, version: int, sha256: str, content: str, at: datetime
) -> CarePlanVersion:
    """Insert a version."""
    row = CarePlanVersion(name=name, version=version, sha256=sha256, content=content, created_at=at)
    session.add(row)
    session.flush()
    return row


def versions(session: Session) -> list[CarePlanVersion]:
    """Every stored version, by name, the newest first."""
    return list(
        session.exec(
            select(CarePlanVersion).order_by(col(CarePlanVersion.name), col(CarePlanVersion.version).desc())
        )
    )


def decisions(session: Session, plan: str | None = None) -> list[CarePlanDecision]:
    """Decisions about one plan or all, oldest first."""
    statement = select(CarePlanDecision).order_by(col(CarePlanDecision.id))
    if plan is not None:
        statement = statement.where(CarePlanDecision.plan == plan)
    return list(session.exec(statement))


def decide(
    session: Session,
    version: CarePlanVersion,
    state: CarePlanState,
    *,
    start: date,
    actor: str,
    at: datetime,
) -> None:
    """Insert a decision."""
    session.add(
        CarePlanDecision(
            care_plan_version_id=version.id or 0,
            plan=version.name,
            state=state,
            effective_from=start,
            actor=actor,
            at=at,
        )
    )
    session.flush()


def approvals(decided: Iterable[CarePlanDecision]) -> dict[str, list[CarePlanDecision]]:
    """Plan -> its approvals that are in force or to come, by their first day; a plan that was retired has none.

    An approval counts until the day of the next one; of two from the same day the later decision counts.
    """
    found: dict[str, dict[date, CarePlanDecision]] = {}
    for decision in decided:
        if decision.state == CarePlanState.RETIRED:
            found.pop(decision.plan, None)
        else:
            found.setdefault(decision.plan, {})[decision.effective_from] = decision
    return {plan: [by_day[day] for day in sorted(by_day)] for plan, by_day in found.items()}


def lasting(approved: Sequence[CarePlanDecision], start: date) -> list[CarePlanDecision]:
    """Of the approvals of one plan, by their first day, those that count on a day or later."""
    following = [later.effective_from for later in approved[1:]]
    return [
        decision for decision, until in zip_longest(approved, following) if until is None or until > start
    ]


def in_force(decided: Iterable[CarePlanDecision], on: date) -> list[CarePlanDecision]:
    """The approvals that count on a day, by the names of their plans."""
    held = []
    for _, approved in sorted(approvals(decided).items()):
        begun = [decision for decision in approved if decision.effective_from <= on]
        held += begun[-1:]
    return held
