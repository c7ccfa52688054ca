"""Scheme versions, and what was decided about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from db.types import UtcDateTime

SHADOW, APPROVED, RETIRED = "shadow", "approved", "retired"


class SchemeVersion(SQLModel, table=True):
    """A scheme as it was used. It never changes: other content is another version."""

    __tablename__ = "scheme_version"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    version: int
    sha256: str
    content: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class SchemeStep(SQLModel, table=True):
    """One decision about a scheme version: whose, when, and the business day it counts from.

    Approved versions stand side by side. `scheme` (its name) and `applies_to` (as one text; empty for everybody) say
    whose place one takes, `place` in which order they are asked: the smallest first, then those without.
    """

    __tablename__ = "scheme_step"
    id: int | None = Field(default=None, primary_key=True)
    scheme_version_id: int = Field(foreign_key="scheme_version.id", index=True)
    purpose: str  # account | prospect | credit
    state: str  # shadow | approved | retired
    scheme: str
    applies_to: str = ""
    place: int | None = None
    effective_from: date
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class Period:
    """The business days a scheme version is in force for a purpose: `until` is the first day it is not any more."""

    scheme_version_id: int
    start: date
    until: date | None
    approved_by: str
    scheme: str
    applies_to: str
    place: int | None

    def holds(self, on: date) -> bool:
        return self.start <= on and (self.until is None or on < self.until)


def find_version(session: Session, name: str, version: int | None = None) -> SchemeVersion | None:
    """A recorded version; without a number the highest."""
    statement = select(SchemeVersion).where(SchemeVersion.name == name)
    if version is not None:
        statement = statement.where(SchemeVersion.version == version)
    return session.exec(statement.order_by(col(SchemeVersion.version).desc())).first()


def add_version(
    session: Session, *, name: str, version: int, sha256: str, content: str, at: datetime
) -> SchemeVersion:
    row = SchemeVersion(name=name, version=version, sha256=sha256, content=content, created_at=at)
    session.add(row)
    session.flush()
    return row


def versions(session: Session) -> list[SchemeVersion]:
    """Every recorded version, by name, the newest first."""
    return list(
        session.exec(
            select(SchemeVersion).order_by(col(SchemeVersion.name), col(SchemeVersion.version).desc())
        )
    )


def steps(session: Session, purpose: str | None = None) -> list[SchemeStep]:
    """Decisions, oldest first."""
    statement = select(SchemeStep).order_by(col(SchemeStep.id))
    if purpose is not None:
        statement = statement.where(SchemeStep.purpose == purpose)
    return list(session.exec(statement))


def periods(decided: Iterable[SchemeStep]) -> list[Period]:
    """When what was in force, in order of time, out of the decisions about one purpose.

    An approval holds from its day until the next one's that takes its place: of a version of the same scheme, or of one
    for the same customers; of two from the same day the later decision counts. Retiring a version ends it, and brings
    no earlier one back; retired before its day, it never comes into force.
    """
    decided = list(decided)
    ends = [
        (step.id or 0, step.scheme_version_id, step.effective_from)
        for step in decided
        if step.state == RETIRED
    ]
    approvals = [
        step
        for step in decided
        if step.state == APPROVED
        and not any(
            number > (step.id or 0) and version == step.scheme_version_id and day < step.effective_from
            for number, version, day in ends
        )
    ]
    approvals.sort(key=lambda step: (step.effective_from, step.id or 0))
    found = []
    for number, step in enumerate(approvals):
        later = [other for other in approvals[number + 1 :] if _takes_place_of(other, step)]
        if any(other.effective_from == step.effective_from for other in later):
            continue
        over = [
            day
            for decision, version, day in ends
            if decision > (step.id or 0) and version == step.scheme_version_id
        ]
        over += [other.effective_from for other in later]
        found.append(
            Period(
                scheme_version_id=step.scheme_version_id,
                start=step.effective_from,
                until=min(over, default=None),
                approved_by=step.actor,
                scheme=step.scheme,
                applies_to=step.applies_to,
                place=step.place,
            )
        )
    return found


def _takes_place_of(one: SchemeStep, other: SchemeStep) -> bool:
    return one.scheme == other.scheme or one.applies_to == other.applies_to


def in_force(session: Session, purpose: str, on: date) -> list[Period]:
    """What is in force on a business day, in the order in which it is asked."""
    return asked([period for period in periods(steps(session, purpose)) if period.holds(on)])


def asked(held: Iterable[Period]) -> list[Period]:
    """Periods in the order in which their schemes are asked: by place, those without one last."""
    return sorted(held, key=lambda period: (period.place is None, period.place or 0, period.scheme))


def shadows(session: Session, purpose: str) -> list[int]:
    """The versions that run in the shadow: those about which nothing was decided since."""
    newest = {step.scheme_version_id: step.state for step in steps(session, purpose)}
    return [version for version, state in newest.items() if state == SHADOW]


def scheme_content(session: Session, scheme_version_id: int) -> str:
    return session.exec(select(SchemeVersion.content).where(SchemeVersion.id == scheme_version_id)).one()
