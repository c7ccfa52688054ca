"""The messages in Slack that show touches."""

from sqlalchemy import func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from db.care.touches import Touch, TouchMessage, TouchRole


def greeted_with(session: Session, touch_id: int) -> list[Touch]:
    """The touches of the newest message about an occasion that shows this one."""
    newest = (
        sa_select(func.max(TouchMessage.outbox_id))
        .where(col(TouchMessage.touch_id) == touch_id, col(TouchMessage.role) == TouchRole.GREETING)
        .scalar_subquery()
    )
    together = sa_select(col(TouchMessage.touch_id)).where(col(TouchMessage.outbox_id) == newest)
    return list(session.exec(select(Touch).where(col(Touch.id).in_(together)).order_by(col(Touch.id))))
