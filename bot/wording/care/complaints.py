"""Complaints: open ones in the digest and on the card, what has become of one, and what a manager is told."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar
from zlib import crc32

from bot.errors import N_
from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import Listed, TierPart, Who
from grading.scheme.model import Name

AGREED_LABELS: dict[str, str] = {  # whether the customer agrees -> its label where one is chosen
    "yes": N_("Yes"),
    "no": N_("No"),
    "not_asked": N_("Not asked"),
}
MOST_REPORTED = 30  # in a message to a manager; Slack takes no more than 50 blocks and 13,000 characters


@dataclass(frozen=True, kw_only=True)
class ComplaintRow:
    """An open complaint in a digest, and what has become of it. `over` and `left` are days past and until its deadline."""

    complaint_id: int
    version: int
    customer_id: int
    name: str
    code: str
    kind: Name
    what: str | None
    reported_on: date
    days: int = 0  # since it was reported
    deadline: date | None = None
    over: int = 0
    left: int | None = None
    steps: int = 0  # that were taken
    last_step: str | None = None
    handler: Who | None = None  # where that is not the reader
    state: str = "open"  # open | closed | over
    by: Who | None = None  # who closed it
    outcome: str | None = None
    agreed: str | None = None  # yes | no | not_asked
    may_undo: bool = False  # the last step, or that it was closed

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def target(self) -> Pointer:
        """What its buttons point at."""
        return Pointer(
            id=self.complaint_id, version=self.version, mark=crc32(self.code.encode(errors="replace"))
        )


@dataclass(frozen=True, kw_only=True)
class OpenComplaints:
    """The open complaints of a customer, as its card mentions them."""

    count: int
    since: date
    deadline: date | None
    over: int = 0  # days past the earliest deadline


@dataclass(frozen=True, kw_only=True)
class ComplaintLogged(Message):
    """A complaint was recorded, or corrected."""

    buttons: ClassVar = (Action.UNDO_COMPLAINT,)
    pointers: ClassVar = {"complaint": ("complaint_id", "version")}
    complaint_id: int
    version: int
    customer_id: int
    name: str
    code: str
    kind: Name
    reported_on: date
    deadline: date
    handler: Who | None
    told: bool = False  # a manager will be told
    corrected: bool = False
    repeated: bool = False  # it was recorded a moment before
    may_undo: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """Taken back only what was recorded a moment ago."""
        return super().targets() if self.may_undo else {}


@dataclass(frozen=True, kw_only=True)
class ComplaintChanged(Message):
    """What somebody did about a complaint."""

    complaint_id: int
    version: int
    customer_id: int
    name: str
    code: str
    kind: Name
    act: str  # step | closed | reopened | step_undone | taken_back | current
    by: Who | None = None
    text: str | None = None  # of the step, or what was done
    agreed: str | None = None
    is_open: bool = True
    deadline: date | None = None


@dataclass(frozen=True, kw_only=True)
class ReportedComplaint(Listed):
    """A complaint of which a manager is told: it was opened, or its deadline has passed."""

    complaint_id: int
    tier: TierPart
    kind: Name
    what: str | None
    reported_on: date
    deadline: date | None
    over: int = 0
    late: bool = False
    handler: Who | None = None
    steps: int = 0
    state: str = "open"  # open | closed
    by: Who | None = None  # who closed it
    outcome: str | None = None
    agreed: str | None = None  # yes | no | not_asked


@dataclass(frozen=True, kw_only=True)
class ComplaintReport(Message):
    """New complaints, and complaints past their deadlines: told to the manager, once each."""

    menu_of: ClassVar = "rows"
    rows: tuple[ReportedComplaint, ...]
    more: int = 0

    @property
    def opened(self) -> tuple[ReportedComplaint, ...]:
        return tuple(row for row in self.rows if not row.late)

    @property
    def late(self) -> tuple[ReportedComplaint, ...]:
        return tuple(row for row in self.rows if row.late)

    @property
    def total(self) -> int:
        return len(self.rows) + self.more

    def without(self, customer_ids: Collection[int]) -> "ComplaintReport":
        """The same without some of the customers that it names."""
        return replace(self, rows=tuple(row for row in self.rows if row.customer_id not in customer_ids))
