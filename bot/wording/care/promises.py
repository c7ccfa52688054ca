"""Promises to customers: in the digest and on the card, what has become of one, and what a manager is told."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar
from zlib import crc32

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import Listed, TierPart, Who

MOST_REPORTED = 30  # in a message to a manager; Slack takes no more than 50 blocks and 13,000 characters


@dataclass(frozen=True, kw_only=True)
class PromiseRow:
    """A promise in a digest, and what has become of it. `over` and `left` are days past and until its day."""

    promise_id: int
    version: int
    customer_id: int
    name: str
    code: str
    what: str | None
    due_on: date
    made_on: date
    over: int = 0
    left: int = 0
    made_by: Who | None = None  # where that is not whose it is now
    keeper: Who | None = None  # whose it is, where that is not the reader
    first_due_on: date | None = None  # where it was put off
    told: str | None = None  # what the customer was told then
    state: str = "open"  # open | postponed | kept | withdrawn
    by: Who | None = None  # who said so
    kept_on: date | None = None
    reason: str | None = None  # why it was withdrawn
    may_undo: bool = False

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def target(self) -> Pointer:
        """What its buttons point at."""
        return Pointer(
            id=self.promise_id, version=self.version, mark=crc32(self.code.encode(errors="replace"))
        )


@dataclass(frozen=True, kw_only=True)
class AskedPromise:
    """An open promise, as the row of a step with its customer asks about it."""

    what: str | None
    due_on: date
    over: int = 0


@dataclass(frozen=True, kw_only=True)
class OpenPromises:
    """The open promises to a customer, as its card mentions them."""

    count: int
    due_on: date  # the earliest
    over: int = 0


@dataclass(frozen=True, kw_only=True)
class PromiseChanged(Message):
    """A promise was recorded, or what somebody did about one."""

    buttons: ClassVar = (Action.UNDO_PROMISE,)
    pointers: ClassVar = {"promise": ("promise_id", "version")}
    promise_id: int
    version: int
    customer_id: int
    name: str
    code: str
    what: str | None
    act: str  # made | corrected | repeated | kept | postponed | withdrawn | undone | taken_back | current
    due_on: date
    by: Who | None = None
    keeper: Who | None = None  # whose it is; None: nobody's
    asked_on: date | None = None  # the day of the first digest with it, where that is to come
    kept_on: date | None = None
    text: str | None = None  # what the customer was told, or why it was withdrawn
    is_open: bool = True
    may_undo: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """Taken back only what was done a moment ago."""
        return super().targets() if self.may_undo else {}


@dataclass(frozen=True, kw_only=True)
class BrokenPromise(Listed):
    """A promise of which a manager is told that its day has passed."""

    promise_id: int
    tier: TierPart
    what: str | None
    due_on: date
    over: int
    keeper: Who | None = None
    made_by: Who | None = None  # where that is somebody else
    first_due_on: date | None = None  # where it was put off


@dataclass(frozen=True, kw_only=True)
class PromiseReport(Message):
    """Promises whose day has passed: told to the manager, once each."""

    menu_of: ClassVar = "rows"
    rows: tuple[BrokenPromise, ...]
    more: int = 0

    @property
    def total(self) -> int:
        return len(self.rows) + self.more

    def without(self, customer_ids: Collection[int]) -> "PromiseReport":
        """The same without some of the customers that it names."""
        return replace(self, rows=tuple(row for row in self.rows if row.customer_id not in customer_ids))
