"""The messages in Slack that show touches."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from db.care.touches import OPEN, Touch, TouchMessage, TouchRole
from db.outbox.channels import ChannelName
from db.outbox.messages import OutboxMessage


class ShownMessage(NamedTuple):
    """A message in Slack, where it is, and whose direct messages that is."""

    outbox_id: int
    channel: str
    ts: str
    recipient: int | None
    body: str


def messages(
    session: Session, customer_id: int, touch_ids: Collection[int], at: datetime, most: int
) -> list[ShownMessage]:
    """The newest messages that show some touches, open ones, or those closed at a time, of a customer; newest first."""
    wanted = (
        sa_select(col(Touch.id))
        .where(
            col(Touch.customer_id) == customer_id,
            or_(col(Touch.state).in_(OPEN), col(Touch.id).in_(touch_ids), col(Touch.closed_at) == at),
        )
        .scalar_subquery()
    )
    linked = sa_select(col(TouchMessage.outbox_id)).where(col(TouchMessage.touch_id).in_(wanted))
    # Reminders of earlier versions: one message to a touch.
    alone = sa_select(col(Touch.outbox_id)).where(
        col(Touch.id).in_(wanted), col(Touch.outbox_id).is_not(None)
    )
    statement = (
        sa_select(
            col(OutboxMessage.id),
            col(OutboxMessage.slack_channel),
            col(OutboxMessage.slack_ts),
            col(OutboxMessage.recipient),
            col(OutboxMessage.body_json),
        )
        .where(
            or_(col(OutboxMessage.id).in_(linked), col(OutboxMessage.id).in_(alone)),
            col(OutboxMessage.slack_channel).is_not(None),
            col(OutboxMessage.slack_ts).is_not(None),
        )
        .order_by(col(OutboxMessage.id).desc())
        .limit(most)
    )
    return [ShownMessage._make(row) for row in session.execute(statement)]


def message_at(session: Session, channel: str, ts: str, recipients: Collection[int]) -> ShownMessage | None:
    """The message at a place in Slack, if it went to one of these people or to a channel."""
    named = sa_select(col(ChannelName.name)).where(col(ChannelName.channel_id) == channel)
    names = [channel, *session.scalars(named)]
    addresses = [f"person:{one}" for one in recipients] + [f"channel:{one}" for one in names]
    statement = sa_select(
        col(OutboxMessage.id),
        col(OutboxMessage.slack_channel),
        col(OutboxMessage.slack_ts),
        col(OutboxMessage.recipient),
        col(OutboxMessage.body_json),
    ).where(
        col(OutboxMessage.address).in_(addresses),  # which has an index
        col(OutboxMessage.slack_channel) == channel,
        col(OutboxMessage.slack_ts) == ts,
    )
    row = session.execute(statement).first()
    return ShownMessage._make(row) if row is not None else None


def greeted_with(session: Session, touch_id: int) -> list[Touch]:
    """The touches of the newest message about an occasion that shows this one."""
    newest = (
        sa_select(func.max(TouchMessage.outbox_id))
        .where(col(TouchMessage.touch_id) == touch_id, col(TouchMessage.role) == TouchRole.GREETING)
        .scalar_subquery()
    )
    together = sa_select(col(TouchMessage.touch_id)).where(col(TouchMessage.outbox_id) == newest)
    return list(session.exec(select(Touch).where(col(Touch.id).in_(together)).order_by(col(Touch.id))))
