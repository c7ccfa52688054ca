"""What people did to touches, for as long as it may be taken back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, TypeAdapter
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from db.care import redraws
from db.care.touches import OPEN, Touch, TouchState
from db.types import UtcDateTime


class CareAct(StrEnum):
    """What a person did to a touch."""

    DONE = "done"
    SNOOZED = "snoozed"
    SKIPPED = "skipped"
    REASSIGNED = "reassigned"


class TouchAct(SQLModel, table=True):
    """An act on a touch, and what is needed to take it back. It can be, while the touch has the version it got then."""

    __tablename__ = "touch_act"
    touch_id: int = Field(primary_key=True, foreign_key="touch.id", ondelete="CASCADE")
    version: int = Field(primary_key=True)  # of the touch after the act
    act: str  # a CareAct
    person_id: int | None = None  # None for the operator of the machine
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    activity_id: int | None = None  # the contact that it recorded
    before: str  # JSON: the touches that it changed, as they were


class TouchBefore(BaseModel):
    """What an act changes of a touch, as it was before, and the version that the act gave it."""

    id: int
    version: int
    state: str
    remind_at: datetime
    reason: str | None
    assignee_id: int | None

    @property
    def values(self) -> dict[str, Any]:
        """The columns as they were; an open touch was not closed by anybody."""
        kept = self.model_dump(exclude={"id", "version"})
        return {**kept, "closed_at": None, "closed_by": None, "activity_id": None}


_BEFORE = TypeAdapter(list[TouchBefore])


def record(
    session: Session,
    act: CareAct,
    touch: Touch,
    *,
    before: Sequence[TouchBefore],
    person_id: int | None,
    activity_id: int | None,
    now: datetime,
) -> None:
    """Store an act on a touch that `before` describes first."""
    session.add(
        TouchAct(
            touch_id=touch.id or 0,
            version=before[0].version,
            act=act,
            person_id=person_id,
            at=now,
            activity_id=activity_id,
            before=_BEFORE.dump_json(list(before)).decode(),
        )
    )


def changed(act: TouchAct) -> list[TouchBefore]:
    """The touches that an act changed, as they were: first the one that it was done to."""
    return _BEFORE.validate_json(act.before)


def newest(session: Session, touch_id: int) -> TouchAct | None:
    """The newest act on a touch that has not been forgotten."""
    statement = select(TouchAct).where(TouchAct.touch_id == touch_id).order_by(col(TouchAct.version).desc())
    return session.exec(statement).first()


def standing(session: Session, touch_ids: Collection[int], since: datetime) -> dict[int, TouchAct]:
    """Touch -> the act after a time by which it is what it is now."""
    found = session.exec(
        select(TouchAct)
        .join(Touch, (col(Touch.id) == TouchAct.touch_id) & (col(Touch.version) == TouchAct.version))
        .where(col(TouchAct.touch_id).in_(touch_ids), col(TouchAct.at) > since)
    )
    return {act.touch_id: act for act in found}


def acted_on(session: Session, customer_id: int) -> list[Touch]:
    """The touches of a customer that are what an act has made of them, the last one first."""
    return list(
        session.exec(
            select(Touch)
            .join(TouchAct, (col(Touch.id) == TouchAct.touch_id) & (col(Touch.version) == TouchAct.version))
            .where(Touch.customer_id == customer_id)
            .order_by(col(TouchAct.at).desc(), col(Touch.id).desc())
        )
    )


def forget(session: Session, before: datetime) -> None:
    """Delete the acts before a time, which can no longer be taken back."""
    session.exec(delete(TouchAct).where(col(TouchAct.at) < before))


def drop(session: Session, act: TouchAct) -> None:
    """Delete an act that was taken back."""
    session.delete(act)
    session.flush()


def closed_with(session: Session, opened: Sequence[Touch]) -> dict[int, int]:
    """Which of these touches, that were open, are fulfilled or skipped now -> their versions."""
    statement = select(Touch.id, Touch.version).where(
        col(Touch.id).in_([touch.id for touch in opened]),
        col(Touch.state).in_((TouchState.DONE, TouchState.SKIPPED)),
    )
    return {row[0] or 0: row[1] for row in session.exec(statement)}


def cancel_next(session: Session, touch: Touch, reason: str, now: datetime) -> None:
    """Cancel the open touch of the same step and occasion that was planned after this one."""
    cancelled = session.scalars(
        update(Touch)
        .where(
            col(Touch.customer_id) == touch.customer_id,
            col(Touch.step) == touch.step,
            col(Touch.occasion) == touch.occasion,
            col(Touch.id) != touch.id,
            col(Touch.state).in_(OPEN),
        )
        .values(state=TouchState.CANCELLED, reason=reason, closed_at=now, version=col(Touch.version) + 1)
        .returning(col(Touch.id))
        .execution_options(synchronize_session=False)
    ).all()
    redraws.mark(session, cancelled)
