"""Scheme versions, and the decisions about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint, bindparam
from sqlmodel import Field, Session, SQLModel, col, select

from db.types import UtcDateTime


class SchemeState(StrEnum):
    """The state of a scheme version. A decision stores shadow, approved or retired; the others follow from them."""

    DRAFT = "draft"
    SHADOW = "shadow"
    APPROVED = "approved"  # from a day to come
    IN_FORCE = "in_force"
    RETIRED = "retired"


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
    """One decision about a scheme version: by whom, when, and the business day it counts from.

    Several approved versions coexist. One replaces another with the same `scheme` (its name) or the same `applies_to`
    (as one text; empty for everybody). `place` gives their order: the smallest first, then those without.
    """

    __tablename__ = "scheme_step"
    id: int | None = Field(default=None, primary_key=True)
    scheme_version_id: int = Field(foreign_key="scheme_version.id", index=True)
    purpose: str  # db.graded.runs.Purpose
    state: str  # SchemeState
    scheme: str
    applies_to: str = ""
    place: int | None = None
    effective_from: date
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class Period:
    """The business days a scheme version is in force for a purpose: `until` is the first day it no longer is."""

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
    """Insert a version."""
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


def names(session: Session) -> set[str]:
    """The schemes that were ever recorded, so also those that grade customers now."""
    return set(session.exec(select(SchemeVersion.name).distinct()))


# Built once: every card reads the decisions, and building the statement takes longer than running it.
_STEPS = select(SchemeStep).order_by(col(SchemeStep.id))
_STEPS_OF = _STEPS.where(SchemeStep.purpose == bindparam("purpose"))


def steps(session: Session, purpose: str | None = None) -> list[SchemeStep]:
    """Decisions, oldest first."""
    if purpose is None:
        return list(session.scalars(_STEPS))
    return list(session.scalars(_STEPS_OF, {"purpose": purpose}))


def periods(decided: Iterable[SchemeStep]) -> list[Period]:
    """The periods in force that the decisions about one purpose result in, by their first day.

    An approval holds from its day until the next one's that replaces it: of a version of the same scheme, or of one for
    the same customers; of two from the same day the later decision counts. Retiring a version ends it, and brings no
    earlier one back; retired before its day, it never comes into force.
    """
    decided = list(decided)

    def retired_from(step: SchemeStep) -> list[date]:
        return [
            end.effective_from
            for end in decided
            if end.state == SchemeState.RETIRED
            and end.scheme_version_id == step.scheme_version_id
            and (end.id or 0) > (step.id or 0)
        ]

    approvals = [
        step
        for step in decided
        if step.state == SchemeState.APPROVED
        and min(retired_from(step), default=date.max) >= step.effective_from
    ]
    approvals.sort(key=lambda step: (step.effective_from, step.id or 0))
    found = []
    for number, step in enumerate(approvals):
        replaced_from = [
            other.effective_from
            for other in approvals[number + 1 :]
            if other.scheme == step.scheme or other.applies_to == step.applies_to
        ]
        if step.effective_from not in replaced_from:
            found.append(
                Period(
                    scheme_version_id=step.scheme_version_id,
                    start=step.effective_from,
                    until=min([*retired_from(step), *replaced_from], default=None),
                    approved_by=step.actor,
                    scheme=step.scheme,
                    applies_to=step.applies_to,
                    place=step.place,
                )
            )
    return found


def in_force(session: Session, purpose: str, on: date, *, known_at: datetime | None = None) -> list[Period]:
    """The periods that hold on a business day, in the order of their schemes: by place, those without one last.

    By all decisions, or by those that had been made at a moment.
    """
    decided = [step for step in steps(session, purpose) if known_at is None or step.at <= known_at]
    held = [period for period in periods(decided) if period.holds(on)]
    return sorted(held, key=lambda period: (period.place is None, period.place or 0, period.scheme))


def shadows(session: Session, purpose: str) -> list[int]:
    """The versions in the shadow: those about which nothing was decided since."""
    newest = {step.scheme_version_id: step.state for step in steps(session, purpose)}
    return [version for version, state in newest.items() if state == SchemeState.SHADOW]


def scheme_content(session: Session, scheme_version_id: int) -> str:
    """The text of a version."""
    return session.exec(select(SchemeVersion.content).where(SchemeVersion.id == scheme_version_id)).one()
