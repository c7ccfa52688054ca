"""For which weeks managers were told the figures of their teams, in which message, and whether there was one."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import delete, or_
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

from db.engine import insert
from db.outbox.messages import OutboxMessage
from db.types import UtcDateTime

NO_TEAM = (
    0  # in the place of a team: customers without an account manager, or whose account manager is in none
)
LATE = "late"  # error class of what could not be sent in time


class WeeklyReport(SQLModel, table=True):
    """A team and week whose figures were looked at: the message about them, None where there was nothing to manage."""

    __tablename__ = "weekly_report"
    team_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # or NO_TEAM
    first_day: date = Field(primary_key=True)
    outbox_id: int | None = Field(default=None, foreign_key="outbox.id", index=True, ondelete="SET NULL")
    unattended: int  # customers that nobody attended to at that moment: what the next week is compared with
    created_at: datetime = Field(sa_type=UtcDateTime)


def told(session: Session, first_days: Collection[date]) -> set[tuple[int, date]]:
    """The teams and weeks that are done with, of some weeks."""
    wanted = col(WeeklyReport.first_day).in_(first_days)
    found = session.execute(sa_select(col(WeeklyReport.team_id), col(WeeklyReport.first_day)).where(wanted))
    return {(row[0], row[1]) for row in found}


def unattended(session: Session, team_ids: Collection[int], first_day: date) -> int | None:
    """How many customers of these teams nobody attended to when a week was told; None unless it was for all of them."""
    found = session.execute(
        sa_select(col(WeeklyReport.unattended)).where(
            col(WeeklyReport.team_id).in_(team_ids), col(WeeklyReport.first_day) == first_day
        )
    )
    counts = list(found.scalars())
    return sum(counts) if counts and len(counts) == len(set(team_ids)) else None


def teams_of(session: Session, outbox_ids: Collection[int]) -> dict[int, list[int]]:
    """Message -> the teams of whose week it tells."""
    found: dict[int, list[int]] = {}
    columns = col(WeeklyReport.outbox_id), col(WeeklyReport.team_id)
    for message, team in session.execute(
        sa_select(*columns).where(col(WeeklyReport.outbox_id).in_(outbox_ids))
    ):
        found.setdefault(message, []).append(team)
    return found


def note(
    session: Session, counts: dict[int, int], first_day: date, outbox_id: int | None, now: datetime
) -> None:
    """Store that a week was told to these teams: team -> customers nobody attends to. Raises IntegrityError if it was."""
    rows = [
        {
            "team_id": team,
            "first_day": first_day,
            "outbox_id": outbox_id,
            "unattended": count,
            "created_at": now,
        }
        for team, count in sorted(counts.items())
    ]
    session.connection().execute(insert(session.connection(), WeeklyReport), rows)


def untell(session: Session, outbox_ids: Collection[int]) -> None:
    """Have the weeks of messages that nobody got told again.

    What a channel refused stays told: it is in the firm's channel instead, and admins were told of the channel.
    """
    again = sa_select(col(OutboxMessage.id)).where(
        col(OutboxMessage.id).in_(outbox_ids),
        or_(col(OutboxMessage.channel).is_(None), col(OutboxMessage.error_class) == LATE),
    )
    session.execute(delete(WeeklyReport).where(col(WeeklyReport.outbox_id).in_(again)))
