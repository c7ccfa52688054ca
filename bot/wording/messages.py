"""Everything the bot can say.

A message is a frozen dataclass; its fields are the context of the template `templates/messages/<name>.jinja`. Names of
tiers and indicators come in every language the scheme has, so a message has no language until it is rendered.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

from bot.errors import N_, BadInput
from bot.wording.parts import (
    ByHand,
    CapState,
    DimensionPart,
    LeverPart,
    Names,
    NextStep,
    PendingPart,
    Reason,
    RuleChange,
    ScoreChange,
    Since,
    TierPart,
    Wanted,
    Who,
)


class Action(StrEnum):
    """Ids of everything that can be pressed, chosen or sent in."""

    OPEN = "tierbot_open"
    WHY = "tierbot_why"
    SHARE = "tierbot_share"
    LOG_VISIT = "tierbot_log_visit"
    VISIT_FORM = "tierbot_visit_form"
    DONE = "tierbot_done"
    SNOOZE = "tierbot_snooze"


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """What a button points at. A pointer, never authority: what it names is read and checked again."""

    id: int
    version: int = 0

    def encode(self) -> str:
        return json.dumps({"id": self.id, "v": self.version}, separators=(",", ":"))

    @staticmethod
    def decode(value: str | None) -> "Pointer":
        try:
            data = json.loads(value or "")
            return Pointer(id=int(data["id"]), version=int(data["v"]))
        except (ValueError, KeyError, TypeError):
            raise BadInput(N_("This button is from an older version. Ask again with /tier.")) from None


class Message:
    """Base of everything the bot says."""

    buttons: ClassVar[tuple[Action, ...]] = ()

    @classmethod
    def template(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True, kw_only=True)
class TierCard(Message):
    """The private answer to /tier NAME."""

    buttons: ClassVar = (Action.WHY, Action.SHARE, Action.LOG_VISIT)
    customer_id: int
    version: int
    name: str
    code: str
    tier: TierPart
    score: float | None
    coverage: float
    provisional: bool
    certain: bool
    low: float | None
    high: float | None
    held: bool
    capped_by: Names | None
    by_hand: ByHand | None = None
    pending: PendingPart | None = None
    tier_since: date
    up: tuple[Reason, ...]
    down: tuple[Reason, ...]
    before: Since | None
    as_of: date
    orders_through: date | None
    next_step: NextStep | None
    owner: Who | None
    scheme: Names | None = None  # that graded it, where several stand side by side


@dataclass(frozen=True, kw_only=True)
class Ungraded(Message):
    """The answer for a customer that no grading has covered yet."""

    buttons: ClassVar = (Action.LOG_VISIT,)
    customer_id: int
    version: int
    name: str
    code: str
    owner: Who | None
    preset: str | None = None  # to begin with, where no scheme is in force for customers like this one
    no_scheme: bool = False  # those in force apply to other customers


@dataclass(frozen=True, kw_only=True)
class SharedCard(Message):
    """What Share puts into a channel: no figures of the customer, only dimensions and their direction."""

    name: str
    tier: TierPart
    before: Since | None
    strong: tuple[Names, ...]
    weak: tuple[Names, ...]
    as_of: date
    shared_by: Who


@dataclass(frozen=True, kw_only=True)
class Why(Message):
    """Why a tier is what it is: the change, what is under way, what would lift it, and the whole breakdown."""

    name: str
    code: str
    tier: TierPart
    score: float | None
    coverage: float
    low: float | None
    high: float | None
    held: bool
    cap: CapState | None
    by_hand: ByHand | None
    pending: PendingPart | None
    change: ScoreChange
    goal: TierPart | None
    needed: float | None
    levers: tuple[LeverPart, ...]
    together: bool  # one lever alone does not suffice
    wanted: tuple[Wanted, ...]
    scheme: Names
    scheme_version: int
    as_of: date
    dimensions: tuple[DimensionPart, ...]
    gates: tuple[Names, ...]
    gates_not_assessed: tuple[Names, ...]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A customer in a list."""

    customer_id: int
    version: int
    name: str
    code: str
    tier: TierPart | None = None
    score: float | None = None
    capped: bool = False
    before: Since | None = None
    cause: str = "behaviour"  # of its last move, where that is told
    next_step: NextStep | None = None


@dataclass(frozen=True, kw_only=True)
class Choice(Message):
    """Several customers fit the question."""

    query: str
    hits: tuple[Hit, ...]
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class NoMatch(Message):
    """No customer fits; these come near."""

    query: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True)
class MyCustomers(Message):
    """/tier alone: the asker's own customers, worst news first."""

    hits: tuple[Hit, ...]
    total: int
    counts: tuple[tuple[TierPart, int], ...]
    as_of: date | None


@dataclass(frozen=True, kw_only=True)
class Help(Message):
    """/tier help."""

    role: str


@dataclass(frozen=True, kw_only=True)
class Problem(Message):
    """A BotError, or a reference to a fault of ours, said to a person."""

    text: str
    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class TierChanged(Message):
    """One customer crossed a tier boundary: told once, to the managers' channel."""

    buttons: ClassVar = (Action.OPEN,)
    customer_id: int
    version: int
    name: str
    code: str
    purpose: str = "account"
    before: TierPart
    after: TierPart
    up: bool
    score_before: float | None
    score_after: float | None
    capped_by: Names | None
    held: bool
    cause: str = "behaviour"  # behaviour | rule | override
    rules: RuleChange | None = None
    decided_by: str | None = None  # for an override; None when it has ended
    decided_until: date | None = None
    parts: tuple[DimensionPart, ...]
    as_of: date
    owner: Who | None


@dataclass(frozen=True, kw_only=True)
class TierDigest(Message):
    """Many customers crossed boundaries in one run: counts and the largest movements."""

    total: int
    purpose: str = "account"
    by_rule: int = 0
    by_hand: int = 0
    rules: RuleChange | None = None
    moves: tuple[tuple[TierPart, TierPart, int], ...]
    largest: tuple["Hit", ...]
    as_of: date


@dataclass(frozen=True, kw_only=True)
class Reminder(Message):
    """A due step of a care plan, in its owner's morning."""

    buttons: ClassVar = (Action.DONE, Action.SNOOZE, Action.LOG_VISIT)
    touch_id: int
    version: int
    customer_id: int
    customer_version: int
    name: str
    code: str
    tier: TierPart
    score: float | None
    kind: str
    step: Names
    hint: Names | None
    due_on: date
    at_latest: date | None
    last_contact: date | None
    occasion: Names | None = None
    owner: Who | None = None


@dataclass(frozen=True, kw_only=True)
class ReminderClosed(Message):
    """What a reminder becomes once it is done or snoozed."""

    name: str
    step: Names
    by: Who
    outcome: str  # done | snoozed | contact
    until: date | None
    next_due: date | None


@dataclass(frozen=True, kw_only=True)
class VisitLogged(Message):
    """A contact was written down."""

    name: str
    kind: str
    happened_on: date
    next_step: NextStep | None


MESSAGES: dict[str, type[Message]] = {cls.__name__: cls for cls in Message.__subclasses__()}


@cache
def _adapter(name: str) -> Any:
    """Pydantic's view of one kind of message, made once: making it takes milliseconds."""
    from pydantic import TypeAdapter

    return TypeAdapter(MESSAGES[name])


def dump(message: Message) -> dict[str, Any]:
    """A message as JSON-ready data, to be kept until it is sent."""
    return {
        "message": type(message).__name__,
        "fields": _adapter(type(message).__name__).dump_python(message, mode="json"),
    }


def load(data: dict[str, Any]) -> Message:
    """A kept message; fields a newer version dropped are ignored by name, missing ones raise ValueError."""
    message: Message = _adapter(data["message"]).validate_python(data["fields"])
    return message


@dataclass(frozen=True, kw_only=True)
class Slots:
    """A rendered message: escaped text by place, no structure."""

    fallback: str
    header: str = ""
    body: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    footer: tuple[str, ...] = field(default=())
