"""Messages in Slack that have to be drawn again, because something that they show has changed: a touch, a complaint, a promise.

A change of one marks its messages in its own transaction, so that no change is lost. Each transaction writes rows of
its own: two that change rows of one message at the same time wait for each other nowhere.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, column, delete, func, literal, table, update
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

from db.engine import insert
from db.outbox.channels import ChannelName
from db.outbox.messages import MessageState, OutboxMessage, in_state
from db.types import UtcDateTime

AT_ONCE = 5_000  # databases limit a statement's parameters
MARKED = datetime(1970, 1, 1, tzinfo=UTC)
# By name, because the modules of touches, complaints and promises call this one.
_TOUCH = table("touch", column("id"), column("dedupe_key"))
_LINK = table("touch_message", column("touch_id"), column("outbox_id"))
_COMPLAINED = table("complaint_message", column("complaint_id"), column("outbox_id"))
_PROMISED = table("promise_message", column("promise_id"), column("outbox_id"), column("role"))


class Redraw(SQLModel, table=True):
    """What a transaction has changed of a message: to be drawn from `next_at` on."""

    __tablename__ = "redraw"
    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id", ondelete="CASCADE")
    mark: str = Field(primary_key=True)  # random, so that it never names a later change
    next_at: datetime = Field(sa_type=UtcDateTime)
    tries: int = 0  # that failed


class StaleMessage(NamedTuple):
    """A message in Slack that has to be drawn again, and the marks that say so."""

    outbox_id: int
    channel: str
    ts: str
    recipient: int | None
    body: str
    tries: int
    marks: frozenset[str]


def mark(session: Session, touch_ids: Collection[int | None]) -> None:
    """Mark every message that shows one of these touches: once, however many of them it shows."""
    ids = [touch_id for touch_id in touch_ids if touch_id is not None]
    for start in range(0, len(ids), AT_ONCE):
        _mark(session, _LINK.c.outbox_id, _LINK.c.touch_id.in_(ids[start : start + AT_ONCE]))


def mark_occurrences(session: Session, keys: Sequence[str]) -> None:
    """The same for the touches with these keys."""
    for start in range(0, len(keys), AT_ONCE):
        some = sa_select(_TOUCH.c.id).where(_TOUCH.c.dedupe_key.in_(keys[start : start + AT_ONCE]))
        _mark(session, _LINK.c.outbox_id, _LINK.c.touch_id.in_(some))


def mark_touches(connection: Connection, ids: Select[int]) -> None:
    """The same for the touches with the ids that are selected."""
    _mark(connection, _LINK.c.outbox_id, _LINK.c.touch_id.in_(ids))


def mark_complaints(of: Session | Connection, ids: Collection[int] | Select[int]) -> None:
    """Mark every digest and report that shows one of these complaints."""
    _mark(of, _COMPLAINED.c.outbox_id, _COMPLAINED.c.complaint_id.in_(ids))


def mark_messages(session: Session, ids: Collection[int]) -> None:
    """Mark messages whose own text has changed."""
    for outbox_id in ids:
        _mark(session, col(OutboxMessage.id), col(OutboxMessage.id) == outbox_id)


def mark_promises(session: Session, ids: Collection[int]) -> None:
    """Mark every digest that shows one of these promises."""
    shown = and_(_PROMISED.c.promise_id.in_(ids), _PROMISED.c.role == "digest")
    _mark(session, _PROMISED.c.outbox_id, shown)


def _mark(of: Session | Connection, message: Any, condition: Any) -> None:
    """Mark the messages (a column) of the rows that meet a condition."""
    connection = of.connection() if isinstance(of, Session) else of
    found = (
        sa_select(message, literal(secrets.token_hex(8)), literal(MARKED, UtcDateTime), literal(0))
        .where(condition)
        .distinct()
    )
    statement = insert(connection, Redraw)
    connection.execute(statement.from_select([*Redraw.model_fields], found, include_defaults=False))


def anything_due(session: Session, now: datetime) -> bool:
    """Whether some message is marked, and not put off."""
    found = sa_select(literal(1)).select_from(Redraw).where(col(Redraw.next_at) <= now).limit(1)
    return session.connection().execute(found).first() is not None


def take(
    session: Session, now: datetime, *, since: datetime, until: datetime, most: int
) -> list[StaleMessage]:
    """The newest marked messages that were written since a time and are in Slack; nobody else takes them `until` then."""
    due = (
        sa_select(col(Redraw.outbox_id))
        .join(OutboxMessage, col(OutboxMessage.id) == col(Redraw.outbox_id))
        .where(
            col(Redraw.next_at) <= now,
            in_state(MessageState.SENT),
            col(OutboxMessage.created_at) >= since,
            col(OutboxMessage.slack_channel).is_not(None),
            col(OutboxMessage.slack_ts).is_not(None),
        )
        .distinct()
        .order_by(col(Redraw.outbox_id).desc())
        .limit(most)
    )
    ids = list(session.scalars(due))
    session.execute(
        update(Redraw)
        .where(col(Redraw.outbox_id).in_(ids))
        .values(next_at=until)
        .execution_options(synchronize_session=False)
    )
    return _stale(session, col(Redraw.outbox_id).in_(ids))


def at_place(session: Session, touch_ids: Collection[int], channel: str, ts: str) -> StaleMessage | None:
    """The message at a place in Slack that shows one of these touches, marked or not."""
    shown = sa_select(_LINK.c.outbox_id).where(_LINK.c.touch_id.in_(touch_ids))
    here = (col(OutboxMessage.slack_channel) == channel, col(OutboxMessage.slack_ts) == ts)
    found = _stale(session, col(OutboxMessage.id).in_(shown), *here)
    return next(iter(found), None)


def sent_to(session: Session, people: Collection[int], channel: str, ts: str) -> StaleMessage | None:
    """The message at a place in Slack, if it went to one of these people or to a channel."""
    named = session.scalars(sa_select(col(ChannelName.name)).where(col(ChannelName.channel_id) == channel))
    places = [f"channel:{one}" for one in (channel, *named)]
    addresses = [*(f"person:{one}" for one in people), *places]
    here = (col(OutboxMessage.slack_channel) == channel, col(OutboxMessage.slack_ts) == ts)
    found = _stale(session, col(OutboxMessage.address).in_(addresses), *here)  # which has an index
    return next(iter(found), None)


def _stale(session: Session, *conditions: Any) -> list[StaleMessage]:
    rows = session.execute(
        sa_select(
            col(OutboxMessage.id),
            col(OutboxMessage.slack_channel),
            col(OutboxMessage.slack_ts),
            col(OutboxMessage.recipient),
            col(OutboxMessage.body_json),
            col(Redraw.tries),
            col(Redraw.mark),
        )
        .outerjoin(Redraw, col(Redraw.outbox_id) == col(OutboxMessage.id))
        .where(*conditions)
        .order_by(col(OutboxMessage.id).desc())
    )
    found: dict[int, StaleMessage] = {}
    for number, channel, ts, recipient, body, tries, one in rows:
        known = found.get(number)
        marks = (known.marks if known else frozenset()) | ({one} if one else frozenset())
        most = max(known.tries if known else 0, tries or 0)
        found[number] = StaleMessage(number, channel, ts, recipient, body, most, marks)
    return list(found.values())


def drawn(session: Session, message: StaleMessage) -> None:
    """Note that a message was drawn as it was when its marks were read.

    Where somebody else has drawn it meanwhile, perhaps an older state arrived last: it is marked again.
    """
    gone: Any = session.execute(delete(Redraw).where(*_of(message)))
    if gone.rowcount < len(message.marks):
        _mark(session, col(OutboxMessage.id), col(OutboxMessage.id) == message.outbox_id)


def put_off(session: Session, message: StaleMessage, until: datetime, *, tries: int) -> None:
    """Draw a message again later."""
    values = {"next_at": until, "tries": tries}
    session.execute(
        update(Redraw).where(*_of(message)).values(values).execution_options(synchronize_session=False)
    )


def drop(session: Session, outbox_id: int) -> None:
    """Forget that a message is to be drawn: it cannot be."""
    session.execute(delete(Redraw).where(col(Redraw.outbox_id) == outbox_id))


def forget(session: Session, before: datetime) -> None:
    """Forget the marks of messages that were written before a time."""
    old = sa_select(col(OutboxMessage.id)).where(col(OutboxMessage.created_at) < before)
    session.execute(delete(Redraw).where(col(Redraw.outbox_id).in_(old)))


def count(session: Session) -> int:
    """How many messages are marked."""
    return session.scalar(sa_select(func.count(func.distinct(col(Redraw.outbox_id))))) or 0


def _of(message: StaleMessage) -> tuple[Any, Any]:
    return col(Redraw.outbox_id) == message.outbox_id, col(Redraw.mark).in_(message.marks)
