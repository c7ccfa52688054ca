"""The open promises to a customer, counted for its card."""

from datetime import date

from sqlmodel import Session

from bot.wording.care.promises import OpenPromises
from db.care.records import promises


def open_promises(session: Session, customer_id: int, today: date) -> OpenPromises | None:
    """What a customer's card says of the open promises to it; None without one."""
    found = promises.open_count(session, customer_id)
    if found is None:
        return None
    return OpenPromises(count=found.number, due_on=found.due_on, over=max(0, (today - found.due_on).days))
