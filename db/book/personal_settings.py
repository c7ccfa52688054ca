"""What people have set for themselves besides their working time: when their digest comes, and which alerts do not."""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

# The alerts that people may switch off for themselves.
TIER_CHANGES, WEEKLY_REPORT = ALERTS = ("tier_changes", "weekly")


class PersonalSetting(SQLModel, table=True):
    """The settings of one person; whoever has set nothing has no row."""

    __tablename__ = "personal_setting"
    # No foreign key: an import of people can be undone while the row is still there.
    person_id: int = Field(primary_key=True)
    remind_at: str | None = None  # when the digest comes, as 08:30; None: at the firm's time
    muted: str = ""  # the names of the alerts that do not come, with spaces between them


_OF = sa_select(col(PersonalSetting.person_id), col(PersonalSetting.muted)).where(
    col(PersonalSetting.person_id).in_(bindparam("people", expanding=True))
)


def of(session: Session, person_id: int) -> PersonalSetting:
    """The settings of a person; those of nobody, not stored, where there are none."""
    return session.get(PersonalSetting, person_id) or PersonalSetting(person_id=person_id)


def muted_by(session: Session, person_ids: Collection[int], alert: str) -> frozenset[int]:
    """Those of these people to whom this alert does not come."""
    if not person_ids:
        return frozenset()
    rows = session.connection().execute(_OF, {"people": list(person_ids)})
    return frozenset(person for person, muted in rows if alert in muted.split())


def store(session: Session, person_id: int, *, remind_at: str | None, muted: Sequence[str]) -> None:
    """Replace the settings of a person."""
    row = of(session, person_id)
    row.remind_at, row.muted = remind_at, " ".join(muted)
    session.add(row)
