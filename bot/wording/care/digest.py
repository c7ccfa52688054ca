"""What a person has to do for their customers: the morning digest, and the same list at any time."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar
from zlib import crc32

from bot.errors import N_
from bot.wording.actions import Action, Pointer
from bot.wording.care.complaints import ComplaintRow
from bot.wording.care.promises import AskedPromise, PromiseRow
from bot.wording.message_base import Message
from bot.wording.parts import PersonHours, PersonPart, TierPart, Who
from bot.wording.service_parts import ServicePromise
from grading.scheme.model import Name

# Kind of contact -> its label where one is chosen.
CONTACT_LABELS: dict[str, str] = {
    "visit": N_("Visit"),
    "call": N_("Call"),
    "meeting": N_("Meeting"),
    "training": N_("Training"),
    "review": N_("Review"),
    "credit_review": N_("Credit review"),
    "survey": N_("Survey"),
    "complaint": N_("Complaint"),
    "referral": N_("Referral"),
    "gift": N_("Gift"),
    "greeting": N_("Greeting"),
    "birthday": N_("Birthday greeting"),
    "other": N_("Other"),
}
MOST_ROWS = 18  # of a digest: Slack takes 50 blocks and about 13,000 characters, and a row is two blocks


@dataclass(frozen=True, kw_only=True)
class CareRow:
    """One due step in a digest, and what has become of it. `over` and `left` are days past and until its limit."""

    touch_id: int
    version: int
    customer_id: int
    name: str
    code: str
    tier: TierPart
    section: str  # overdue | due | soon
    step: Name
    kind: str
    hint: Name | None = None
    what: str | None = None  # the contact that is asked for
    options: tuple[str, ...] = ()  # the kinds of contact that fulfil it
    due_on: date
    latest_on: date | None = None
    over: int = 0
    left: int | None = None
    reminded: int = 0  # how often it was shown before
    since: date | None = None  # when it was shown first
    reasons: tuple[str, ...] = ()  # falling, pending_fall, silent: what else gives it its place
    minutes: int | None = None
    owner: Who | None = None  # where the reader is not the account manager
    person: PersonPart | None = None  # whose birthday it is
    hours: tuple[PersonHours, ...] = ()  # when those in other time zones can be called
    promises: tuple[AskedPromise, ...] = ()  # to its customer, which a follow-up asks about
    state: str = "open"  # open | done | snoozed | skipped | reassigned | put_off | over
    by: Who | None = None
    done_as: str | None = None  # the kind of contact
    until: date | None = None  # of a snoozed one
    to: Who | None = None  # of a reassigned one
    next_due: date | None = None
    may_undo: bool = False
    service: ServicePromise | None = None  # of its tier; only on the first row with the same promise

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of contact that Done may record, of those that this version knows."""
        return tuple(kind for kind in self.options if kind in CONTACT_LABELS)

    @property
    def target(self) -> Pointer:
        """What its buttons point at."""
        return Pointer(id=self.touch_id, version=self.version, mark=self._mark)

    @property
    def customer(self) -> Pointer:
        """What the button that logs a contact points at."""
        return Pointer(id=self.customer_id, mark=self._mark)

    @property
    def _mark(self) -> int | None:
        return crc32(self.code.encode(errors="replace")) or None


@dataclass(frozen=True, kw_only=True)
class GreetingCount:
    """How many customers are still to be greeted for an occasion on a day."""

    occasion: Name
    day: date
    count: int


@dataclass(frozen=True, kw_only=True)
class CareDigest(Message):
    """What a person has to do: sent once in their working morning, or as the answer to /tier todo."""

    rows_of: ClassVar = "all_rows"
    buttons: ClassVar = (Action.MORE_TODO,)
    pointers: ClassVar = {"place": ("next_place", "next_place")}
    day: date
    rows: tuple[CareRow, ...]
    overdue: int = 0
    due: int = 0
    soon: int = 0
    more: int = 0  # that are not among the rows
    next_place: int = 0  # where the next page of a list begins
    listed: bool = False  # it is the list at any time, not the digest of the morning
    urgent: bool = False  # it is about one step that cannot wait for the next morning
    minutes: int = 0  # all that is due takes about so long
    greetings: tuple[GreetingCount, ...] = ()  # still to be said, in messages of their own
    missed: int = 0  # greetings whose days went by unsent or undone
    complaints: tuple[ComplaintRow, ...] = ()  # open ones, the earliest deadline first
    complaints_more: int = 0  # that are not among them
    promises: tuple[PromiseRow, ...] = ()  # whose day is near or past, the earliest first
    promises_more: int = 0  # that are not among them

    @property
    def all_rows(self) -> tuple[ComplaintRow | PromiseRow | CareRow, ...]:
        """What is shown with buttons of its own."""
        return (*self.complaints, *self.promises, *self.rows)

    @property
    def open_complaints(self) -> int:
        return sum(row.is_open for row in self.complaints) + self.complaints_more

    @property
    def open_promises(self) -> int:
        return sum(row.is_open for row in self.promises) + self.promises_more

    def targets(self) -> dict[Action, Pointer]:
        """A next page only in a list that has one: the digest says how to ask for the list."""
        return super().targets() if self.listed and self.more else {}

    @property
    def names(self) -> tuple[str, ...]:
        """The customers in the order of their rows."""
        return tuple(dict.fromkeys(row.name for row in self.all_rows))

    @property
    def is_empty(self) -> bool:
        """Whether it names nobody."""
        return not self.all_rows

    def without_contact_person(self, contact_person_id: int) -> "CareDigest":
        """The same without a contact person: neither their birthday, nor when they can be called."""

        def rest(row: CareRow) -> CareRow:
            hours = (one for one in row.hours if one.contact_person_id != contact_person_id)
            return replace(row, hours=tuple(hours))

        kept = [
            row for row in self.rows if not row.person or row.person.contact_person_id != contact_person_id
        ]
        gone = len(self.rows) - len(kept)
        return replace(self, rows=tuple(map(rest, kept)), soon=max(0, self.soon - gone))

    def without(self, customer_ids: Collection[int]) -> "CareDigest":
        """The same without some of the customers that it names."""
        gone = [row for row in self.rows if row.customer_id in customer_ids]
        counts = {
            name: max(0, getattr(self, name) - sum(row.section == name for row in gone))
            for name in ("overdue", "due", "soon")
        }
        minutes = self.minutes - sum(row.minutes or 0 for row in gone if row.section != "soon")
        rest = tuple(row for row in self.rows if row.customer_id not in customer_ids)
        complaints = tuple(row for row in self.complaints if row.customer_id not in customer_ids)
        promises = tuple(row for row in self.promises if row.customer_id not in customer_ids)
        return replace(
            self, rows=rest, complaints=complaints, promises=promises, minutes=max(0, minutes), **counts
        )
