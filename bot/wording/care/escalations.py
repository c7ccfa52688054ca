"""What managers and the emergency group are told of care steps that are past their limit; see `bot.wording.messages`."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, Listed, TierPart, Who
from grading.scheme.model import Name

MOST_ROWS = (
    30  # of a message; Slack takes no more than 50 blocks and 13,000 characters, and a row is one block
)


@dataclass(frozen=True, kw_only=True)
class LateStep(Listed):
    """A care step past its limit: whose it is, and why it is not done.

    `why`: nobody | left | away | snoozed | unanswered | unreached.
    """

    tier: TierPart
    step: Name
    limit: date
    days_over: int
    owner: Who | None  # who should have done it
    why: str
    until: date | None = None  # of an absence, or of a snooze
    since: date | None = None  # when it was shown first
    times: int = 0  # how often it was shown
    touch_id: int = 0  # in messages of earlier versions: they stay as they are
    touch_version: int = 0
    assignee_id: int | None = None  # to whom it was given when it was reported
    state: str = "open"  # since then: open | done | snoozed | skipped | reassigned | put_off | over
    by: Who | None = None
    done_as: str | None = None  # the kind of contact
    to: Who | None = None  # of a reassigned one
    next_due: date | None = None
    may_undo: bool = False

    @property
    def is_open(self) -> bool:
        return self.state == "open" and self.touch_id > 0

    @property
    def touch(self) -> Pointer:
        """What its own menu points at."""
        return Pointer(id=self.touch_id, version=self.touch_version, mark=self.target.mark)


@dataclass(frozen=True, kw_only=True)
class SettledStep(CustomerPart):
    """A care step that was told of before and is over: done | skipped | over."""

    step: Name
    outcome: str
    on: date


@dataclass(frozen=True, kw_only=True)
class CareEscalation(Message):
    """Care steps past their limit, told to the manager of those who should have done them: once each."""

    menu_of: ClassVar = "rows"
    rows_of: ClassVar = "rows"
    rows: tuple[LateStep, ...]
    more: int = 0
    settled: tuple[SettledStep, ...] = ()
    settled_more: int = 0
    for_group: bool = False  # many at once for the emergency group

    @property
    def total(self) -> int:
        return len(self.rows) + self.more

    def without(self, customer_ids: Collection[int]) -> "CareEscalation":
        """The same without some of the customers that it names."""
        return replace(
            self,
            rows=tuple(row for row in self.rows if row.customer_id not in customer_ids),
            settled=tuple(row for row in self.settled if row.customer_id not in customer_ids),
        )


@dataclass(frozen=True, kw_only=True)
class CareEmergency(Message, CustomerPart):
    """One customer's care steps that stayed undone after the manager was told: to the emergency group, once each."""

    buttons: ClassVar = (Action.OPEN,)
    rows_of: ClassVar = "rows"
    tier: TierPart
    rows: tuple[LateStep, ...]
    manager: Who | None = None  # who was told of it
    told_on: date | None = None
    acts: Who | None = None  # who should act now
