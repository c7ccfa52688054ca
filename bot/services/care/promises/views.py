"""Promises counted: those of a customer for its card, and those of people for what their manager reads."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from bot.wording.care.promises import OpenPromises
from db.care.records import promises


@dataclass(frozen=True, kw_only=True)
class PromiseCounts:
    """What became of a person's promises in a period."""

    made: int = 0
    kept_in_time: int = 0
    kept_late: int = 0
    open_late: int = 0  # open, and their day is past
    withdrawn: int = 0

    @property
    def broken(self) -> int:
        """Those that were not kept by their day."""
        return self.kept_late + self.open_late


def open_promises(session: Session, customer_id: int, today: date) -> OpenPromises | None:
    """What a customer's card says of the open promises to it; None without one."""
    found = promises.open_count(session, customer_id)
    if found is None:
        return None
    return OpenPromises(count=found.number, due_on=found.due_on, over=max(0, (today - found.due_on).days))


def counted(session: Session, people: Collection[int], start: date, end: date) -> dict[int, PromiseCounts]:
    """Each of these people -> what became of their promises from the first day to the last, both included.

    Made is counted for who made one; the rest for whose it was when it ended, or is. Late are all open ones whose day
    is before the last one.
    """
    made = promises.made_by(session, people, start, end)
    closed = {one.person_id: one for one in promises.closed_for(session, people, start, end)}
    late = promises.late_of(session, people, end)
    nothing = promises.Closed(0, 0, 0, 0)
    return {
        person: PromiseCounts(
            made=made.get(person, 0),
            kept_in_time=closed.get(person, nothing).in_time,
            kept_late=closed.get(person, nothing).late,
            open_late=late.get(person, 0),
            withdrawn=closed.get(person, nothing).withdrawn,
        )
        for person in people
    }
