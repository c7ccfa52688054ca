"""Who may take back what was done about a record that is opened and closed, such as a complaint or a promise."""

from datetime import datetime
from typing import Protocol

from bot.errors import N_, Conflict, NotAllowed
from bot.services.access import Actor
from bot.services.care.answers.steps import UNDO

TOO_LATE = N_("This could be taken back for ten minutes, and they are over. It stays as it is.")


class Closable(Protocol):
    """A record that is open, or was closed by somebody."""

    @property
    def is_open(self) -> bool: ...
    @property
    def version(self) -> int: ...
    @property
    def closed_by(self) -> int | None: ...
    @property
    def closed_at(self) -> datetime | None: ...


class DoneAboutIt(Protocol):
    """Something that was done about an open record; `version` is that of the record since then."""

    version: int
    person_id: int | None
    recorded_at: datetime


def may_undo(found: Closable, last: DoneAboutIt | None, person_id: int | None, now: datetime) -> bool:
    """Whether a person may take back the last thing that was done about a record since it was recorded."""
    if not found.is_open:
        by, at = found.closed_by, found.closed_at
    elif last is not None and last.version == found.version:
        by, at = last.person_id, last.recorded_at
    else:
        return False
    return by == person_id and at is not None and now - at <= UNDO


def require_own(actor: Actor, by: int | None, at: datetime | None, now: datetime) -> None:
    """Raise unless the actor did it, within the last minutes."""
    if at is None or now - at > UNDO:
        raise Conflict(TOO_LATE)
    if by != (actor.person_id or None):
        raise NotAllowed(N_("Only the person who did this can take it back."))
