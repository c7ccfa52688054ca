"""What a person asks, as values. Every door reads words into one of these, and the same functions answer it.

A value of a filter is what the database stores (tier id, person id, region as imported), never a word as typed; only
the names of single customers stay as typed, because who is meant depends on whose customers the asker sees.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Aspect(StrEnum):
    """What is asked of one customer."""

    CARD = "card"
    WHY = "why"
    HISTORY = "history"
    BRIEF = "brief"
    CARE = "care"
    CREDIT = "credit"
    NOTES = "notes"
    CONTACTS = "contacts"  # when it was last visited, called …
    PROFILE = "profile"  # what is known of it besides figures
    COMPLAINTS = "complaints"  # open ones and others


class Direction(StrEnum):
    """Where a tier moved, or is about to move."""

    UP = "up"
    DOWN = "down"


class Silence(StrEnum):
    """What a customer did not have for a while."""

    CONTACT = "contact"  # of any kind
    VISIT = "visit"
    CALL = "call"
    ORDER = "order"


class Risk(StrEnum):
    """Why a customer may be lost, or its money."""

    ANY = "any"  # at least one of those below
    SILENT = "silent"  # by its own rhythm
    FALLING = "falling"  # buys less than the year before, or its tier is about to go down
    OVERDUE_STEP = "overdue_step"  # a care step is overdue
    OVERDUE_INVOICE = "overdue_invoice"
    OVER_LIMIT = "over_limit"  # owes more than its approved credit limit
    GATE = "gate"  # a gate of its scheme caps or blocks it, or a risk flag is set
    COMPLAINT = "complaint"  # an open complaint
    PROMISE = "promise"  # a promise to it is open; this alone puts nothing at risk


class Sort(StrEnum):
    """In which order customers are listed."""

    TIER = "tier"  # the best tier first, within it the highest score
    SCORE = "score"
    NAME = "name"
    VALUE_AT_RISK = "value_at_risk"
    LAST_CONTACT = "last_contact"  # the longest ago first
    LAST_VISIT = "last_visit"  # the longest ago first
    LAST_CALL = "last_call"  # the longest ago first
    LAST_ORDER = "last_order"  # the longest ago first
    BOUNDARY = "boundary"  # the nearest first
    REVENUE = "revenue"  # of twelve months, the most first
    OVERDUE_INVOICE = "overdue_invoice"  # the most past due first
    OVERDUE_STEP = "overdue_step"  # the care step that is past its limit for longest first
    OVER_LIMIT = "over_limit"  # the most over its credit limit first


@dataclass(frozen=True, kw_only=True)
class SilentFor:
    """Without something for at least so many days."""

    what: Silence
    days: int


@dataclass(frozen=True, kw_only=True)
class MovedSince:
    """Customers whose tier changed since a day, or from a day to another; None is either direction."""

    direction: Direction | None
    since: date
    until: date | None = None  # the last day that counts; None is today


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """What listed customers must not be: none of these."""

    tiers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    owners: tuple[int, ...] = ()
    teams: tuple[int, ...] = ()
    risks: tuple[Risk, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What listed customers must be. Values of one field are alternatives; different fields must all hold."""

    tiers: tuple[str, ...] = ()  # also new, unrated and blocked
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    owners: tuple[int, ...] = ()  # ids of people
    teams: tuple[int, ...] = ()
    schemes: tuple[str, ...] = ()  # ids
    record_types: tuple[str, ...] = ()  # account | prospect
    profile: tuple[tuple[str, str], ...] = ()  # (field, value) of the customer profile; all must hold
    risks: tuple[Risk, ...] = ()  # all must hold
    silent_for: tuple[SilentFor, ...] = ()  # all must hold
    near: Direction | None = None  # near the boundary of the tier above, or of its own
    moved: MovedSince | None = None
    complained_since: date | None = None
    unattended: bool = False  # without an account manager
    without: Excluded = field(default_factory=Excluded)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Which customers, in which order."""

    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.TIER
    descending: bool = False  # the other way round than `Sort` says
    limit: int | None = None  # at most so many in all; None is every one, in pages


@dataclass(frozen=True, kw_only=True)
class AboutCustomer:
    """One customer, and what of it."""

    name: str  # as typed
    aspect: Aspect = Aspect.CARD
    since: date | None = None  # of its history only


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two or three customers beside each other."""

    names: tuple[str, ...]  # as typed


@dataclass(frozen=True, kw_only=True)
class AboutTeam:
    """A team: its people, their customers by tier, and what is overdue."""

    team: int | None = None  # None: the team that the asker leads or belongs to


@dataclass(frozen=True, kw_only=True)
class FoundNotes:
    """The notes in which words occur, of customers that the asker may see."""

    words: str
    since: date | None = None
    customer: str | None = None  # of this one only, as typed


class Personal(StrEnum):
    """What is asked without naming a customer."""

    MINE = "mine"  # one's own customers
    TODO = "todo"
    HELP = "help"
    CALENDAR = "calendar"
    VALUE_AT_RISK = "value_at_risk"  # what silent and falling customers are worth, in all and by person


Query = AboutCustomer | Compared | Listing | AboutTeam | FoundNotes | Personal
