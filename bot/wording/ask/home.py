"""The parts of the Home tab; each is shown with its own buttons, one below the other."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.errors import N_
from bot.wording.actions import Action, Pointer, is_query
from bot.wording.answers.listing import ListRow
from bot.wording.hits import Hit
from bot.wording.message_base import Message
from bot.wording.parts import Listed, TierPart, Who

# Alerts that people may switch off for themselves -> their labels.
ALERT_LABELS: dict[str, str] = {
    "tier_changes": N_("Tier changes of my customers, as direct messages"),
    "weekly": N_("The weekly report about a team that I lead"),
}
LANGUAGE_LABELS = {"en": "English", "zh": "中文"}


@dataclass(frozen=True, kw_only=True)
class HomeTop(Message):
    """The top: which day it is, and the customers whose cards the reader has looked at last."""

    buttons_for: ClassVar = "hits"
    name: str
    day: date
    hits: tuple[Listed, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TierMoves:
    """The customers of a tier, and how many of them came from a lower or a higher one in the newest grading."""

    tier: TierPart
    customers: int
    risen: int = 0
    fallen: int = 0


@dataclass(frozen=True, kw_only=True)
class HomeBook(Message):
    """Whose customers the reader looks after, by tier, and what is new of them."""

    menu_of: ClassVar = "hits"
    buttons: ClassVar = (Action.HOME_BOOK, Action.ADD_PROSPECT)
    pointers: ClassVar = {"home": ("start", "start"), "prospect": ("start", "start")}
    scope: str = "own"  # own | deputy | team | seen | book
    total: int
    tiers: tuple[TierMoves, ...]
    hits: tuple[Hit, ...]
    as_of: date | None = None
    start: int = 0
    may_add: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """The whole list only where there is more than what is shown; a new prospect for who may add one."""
        shown = {Action.HOME_BOOK: self.total > len(self.hits), Action.ADD_PROSPECT: self.may_add}
        return {action: target for action, target in super().targets().items() if shown[action]}


@dataclass(frozen=True, kw_only=True)
class HomeList(Message):
    """The first customers of a list: near a boundary above or below, or at risk; `query` is the list as a button holds it."""

    menu_of: ClassVar = "rows"
    buttons: ClassVar = (Action.LIST_NEXT,)
    kind: str  # near_up | near_down | risk
    rows: tuple[ListRow, ...]
    total: int
    counted_out: bool = False
    query: str = ""

    @property
    def more(self) -> int:
        return max(0, self.total - len(self.rows))

    def targets(self) -> dict[Action, Pointer]:
        """The whole list where there is more of it."""
        shown = self.more and is_query(self.query)
        return {Action.LIST_NEXT: Pointer(id=0, query=self.query)} if shown else {}


@dataclass(frozen=True, kw_only=True)
class TeamMember:
    """A person of a team: their customers, and how many care steps are over their limits."""

    who: Who | None
    customers: int
    overdue: int = 0
    present: bool = True


@dataclass(frozen=True, kw_only=True)
class HomeTeam(Message):
    """The people of the teams that the reader leads, and the customers whom nobody attends to."""

    buttons: ClassVar = (Action.HOME_CAPACITY,)
    pointers: ClassVar = {"home": ("start", "start")}
    people: tuple[TeamMember, ...]
    more: int = 0
    overdue: int = 0  # of all
    left: int = 0  # customers whose account manager has left
    start: int = 0


@dataclass(frozen=True, kw_only=True)
class PersonCapacity:
    """The care that a person owes in the coming weeks, and the time that they have for it, in minutes."""

    who: Who | None
    role: str
    owed: int
    there: int | None = None  # None: the time is not known

    @property
    def too_much(self) -> bool:
        return self.there is not None and self.owed > self.there


@dataclass(frozen=True, kw_only=True)
class HomeCapacity(Message):
    """The hours of care that people owe in the coming weeks."""

    weeks: int
    people: tuple[PersonCapacity, ...]


@dataclass(frozen=True, kw_only=True)
class HealthLine:
    """What of the installation needs attention, and what to do."""

    level: str  # ok | note | problem
    about: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportLine:
    """An import, as short as it can be said."""

    number: int
    kind: str
    file: str
    rows: int
    rejected: int
    day: date
    undone: bool = False


@dataclass(frozen=True, kw_only=True)
class SchemeLine:
    """A scheme version that grades customers, or is tried in the shadow."""

    scheme: str
    version: int
    purpose: str
    state: str  # in_force | approved | shadow
    since: date | None = None


@dataclass(frozen=True, kw_only=True)
class HomeFirm(Message):
    """For those who run the installation: its health, the newest imports, the schemes."""

    buttons: ClassVar = (Action.HOME_HEALTH,)
    pointers: ClassVar = {"home": ("start", "start")}
    health: tuple[HealthLine, ...] | None = None  # None: the reader does not operate the installation
    imports: tuple[ImportLine, ...] | None = None
    schemes: tuple[SchemeLine, ...] | None = None
    start: int = 0

    def targets(self) -> dict[Action, Pointer]:
        return super().targets() if self.health is not None else {}


@dataclass(frozen=True, kw_only=True)
class HomeHealth(Message):
    """Everything that the doctor says."""

    health: tuple[HealthLine, ...]

    @property
    def problems(self) -> int:
        return sum(line.level == "problem" for line in self.health)


@dataclass(frozen=True, kw_only=True)
class DaysAway:
    """Days on which the reader is away."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class ActingDeputy:
    """Who acts for the reader, from when until when."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class HomeSettings(Message):
    """What the reader has set for themselves."""

    buttons: ClassVar = (
        Action.SET_LANGUAGE,
        Action.SET_HOURS,
        Action.SET_DIGEST,
        Action.SET_ALERTS,
        Action.SET_AWAY,
        Action.SET_DEPUTY,
    )
    pointers: ClassVar = {"home": ("start", "start")}
    language: str
    timezone: str
    hours: str = ""  # as 09:00-18:00; empty: not set
    quiet: str = ""  # the firm's
    digest_at: str  # as 09:00
    own_digest: bool = False  # the time of the digest is the reader's own, not the firm's
    muted: tuple[str, ...] = ()
    away: tuple[DaysAway, ...] = ()
    deputies: tuple[ActingDeputy, ...] = ()
    start: int = 0

    @property
    def language_name(self) -> str:
        return LANGUAGE_LABELS.get(self.language, self.language)


@dataclass(frozen=True, kw_only=True)
class SettingSaved(Message):
    """What a form of the settings has saved."""

    what: str  # language | hours | digest | alerts | away | deputy
