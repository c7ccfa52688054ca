"""The ids of Slack's channels that are known by a name: stored once, because a channel's name changes and its id does not."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from db.engine import insert
from db.types import UtcDateTime


class ChannelName(SQLModel, table=True):
    """The channel that had a name when the name was first used here."""

    __tablename__ = "channel_name"
    name: str = Field(primary_key=True)  # with #, in lower case
    channel_id: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


def ids(session: Session, names: Collection[str] | None = None) -> dict[str, str]:
    """Name -> channel id; of all names, or of these."""
    statement = select(ChannelName.name, ChannelName.channel_id)
    if names is not None:
        statement = statement.where(col(ChannelName.name).in_(names))
    return dict(session.exec(statement).all())


def remember(session: Session, name: str, channel_id: str, now: datetime) -> None:
    """Store which channel a name means. A name that is stored already keeps its channel."""
    session.connection().execute(
        insert(session.connection(), ChannelName)
        .values(name=name, channel_id=channel_id, recorded_at=now)
        .on_conflict_do_nothing()
    )
