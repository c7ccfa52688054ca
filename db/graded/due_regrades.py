"""Customers that are to be graded again soon, because a person recorded something that their score counts.

A mark is a cursor of its own, written in the transaction of its cause. A mark that is written again meanwhile stays.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from db import processes

_PREFIX = "regrade:"


def mark(session: Session, customer_id: int, now: datetime) -> None:
    """Mark a customer."""
    processes.set_cursor(session, f"{_PREFIX}{customer_id}", now.isoformat())


def marked(session: Session) -> dict[int, str]:
    """Customer -> its mark."""
    found = processes.cursors(session, _PREFIX)
    return {int(name.removeprefix(_PREFIX)): value for name, value in found.items()}


def unmark(session: Session, marks: Mapping[int, str]) -> None:
    """Delete these marks, those that were written again since left out."""
    for customer_id, value in marks.items():
        name = f"{_PREFIX}{customer_id}"
        if processes.cursor(session, name) == value:
            processes.forget_cursor(session, name)
