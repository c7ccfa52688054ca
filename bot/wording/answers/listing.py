"""Customers in lists, two or three beside each other, and a team."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer, is_query
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, Listed, NextStep, TierPart, Who
from grading.scheme.model import Name

ON_PAGE = 10  # customers
MOST_SAID = 3  # values of a customer


@dataclass(frozen=True, kw_only=True)
class ListValue:
    """What a list says of a customer: the value that its filter or order is about.

    `kind` is what it is; `day` when that was, `days` how long ago (a day that never was has neither); `points` to a
    boundary, `tier` the one before; `amount` money in `currency`; `number` how many; `names` of the profile.
    """

    kind: str
    day: date | None = None
    days: int | None = None
    points: float | None = None
    tier: TierPart | None = None
    amount: float | None = None
    currency: str | None = None
    number: int | None = None
    names: tuple[Name, ...] = ()
    field: Name | None = None

    @property
    def figure(self) -> float | None:
        """The number by which a table sorts it."""
        for value in (self.days, self.points, self.amount, self.number):
            if value is not None:
                return float(value)
        return None


@dataclass(frozen=True, kw_only=True)
class ListRow(Listed):
    """A customer of a list. `query` leads from its card back to the list."""

    tier: TierPart | None
    score: float | None
    capped: bool = False
    owner: Who | None = None  # where it is not the asker
    unowned: bool = False
    said: tuple[ListValue, ...] = ()
    query: str = ""

    @property
    def target(self) -> Pointer:
        return replace(super().target, query=self.query if is_query(self.query) else None)


@dataclass(frozen=True, kw_only=True)
class CustomerList(Message):
    """A page of a list. `total` are all that fit, or more than that with `counted_out`.

    `query` is the list as a button holds it, and `first` and `earlier` the same at the places of the other pages.
    """

    buttons: ClassVar = (Action.LIST_BEFORE, Action.LIST_NEXT, Action.LIST_FILE, Action.LIST_CSV)
    buttons_for: ClassVar = "rows"
    choosing: ClassVar = Action.OPEN_LISTED
    table_of: ClassVar = "rows"
    row_header: ClassVar = 1
    asked: str = ""  # what was understood
    rows: tuple[ListRow, ...]
    total: int
    counted_out: bool = False
    start: int = 0
    kinds: tuple[str, ...] = ()  # of `said`, the columns of a table
    shows_owners: bool = False
    sees_all: bool = True  # whether the asker sees the whole book
    query: str = ""
    query_next: str = ""
    query_before: str = ""

    @property
    def first(self) -> int:
        return self.start + 1

    @property
    def last(self) -> int:
        return self.start + len(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.kinds[:MOST_SAID]

    @property
    def has_profile(self) -> bool:
        return "profile" in self.kinds

    def targets(self) -> dict[Action, Pointer]:
        """To the pages before and after this one, where they are, and to the file."""
        given = {
            Action.LIST_BEFORE: self.query_before if self.start else "",
            Action.LIST_NEXT: self.query_next if self.counted_out or self.last < self.total else "",
            Action.LIST_FILE: self.query if self.rows else "",
            Action.LIST_CSV: self.query if self.rows else "",
        }
        return {
            action: Pointer(id=0, query=query) for action, query in given.items() if query and is_query(query)
        }

    def cell_figures(self, number: int) -> tuple[float | None, ...]:
        row = self.rows[number]
        said: Mapping[str, ListValue] = {value.kind: value for value in reversed(row.said)}
        values = (said[kind].figure if kind in said else None for kind in self.columns)
        return (
            self.first + number,
            None,
            *values,
            None,
            row.score,
            *([None] if self.shows_owners else []),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class FileSent(Message):
    """A list was sent as a file to the direct messages of whoever asked."""

    name: str
    count: int
    left_out: int = 0
    counted_out: bool = False  # more than that many are left out
    by_day: bool = False  # because of how many customers one person may look at on a day


@dataclass(frozen=True, kw_only=True)
class ComparedPart:
    """A dimension or an indicator of the customers beside each other: what each has of at most `most` points.

    None where it is not known; `spread` is the difference between the most and the fewest points.
    """

    names: Name
    points: tuple[float | None, ...]
    values: tuple[float | str | bool | Name | None, ...] = ()
    unit: str | None = None
    spread: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ComparedCustomer(CustomerPart):
    """One of the customers that are beside each other."""

    tier: TierPart | None
    score: float | None
    scheme: Name | None
    owner: Who | None
    last_contact: date | None
    orders: float | None = None  # of 12 months up to `orders_until`
    orders_until: date | None = None
    currency: str | None = None
    overdue: float | None = None
    owed_currency: str | None = None
    next_step: NextStep | None = None

    @property
    def label(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class BesideRow(Listed):
    """A customer whose card can be opened."""


@dataclass(frozen=True, kw_only=True)
class CustomersBeside(Message):
    """Two or three customers beside each other. `parts` of one scheme only; what differs most comes first."""

    buttons_for: ClassVar = "open"
    customers: tuple[ComparedCustomer, ...]
    open: tuple[BesideRow, ...]
    dimensions: tuple[ComparedPart, ...] = ()
    indicators: tuple[ComparedPart, ...] = ()
    several_schemes: bool = False
    as_of: date | None = None


@dataclass(frozen=True, kw_only=True)
class ChoiceRow(Listed):
    """A customer that one of the names may mean; `query` are all names, with this one decided."""

    tier: TierPart | None = None
    query: str = ""

    @property
    def target(self) -> Pointer:
        return replace(super().target, query=self.query if is_query(self.query) else None)


@dataclass(frozen=True, kw_only=True)
class CompareChoice(Message):
    """One of the names to compare is not clear."""

    buttons_for: ClassVar = "offered"
    choosing: ClassVar = Action.COMPARE
    name: str
    hits: tuple[ChoiceRow, ...]
    near: bool = False  # no name fits, these are similar
    more: int = 0

    @property
    def offered(self) -> tuple[ChoiceRow, ...]:
        """Those whose button can hold the other names."""
        return tuple(hit for hit in self.hits if hit.target.query is not None)


@dataclass(frozen=True, kw_only=True)
class MemberPart:
    """A person of a team, and the customers that they look after."""

    who: Who
    counts: tuple[tuple[TierPart, int], ...]
    total: int
    overdue_steps: int = 0
    not_visited: int = 0  # whose revisit is past its limit
    up: int = 0
    down: int = 0
    owes_hours: float | None = None  # of care, this week; None where the reader may not see it
    has_hours: float | None = None
    gone: bool = False


@dataclass(frozen=True, kw_only=True)
class TeamBook(Message):
    """A team: its people with their customers, what is overdue, and what moved in 30 days."""

    team: str
    members: tuple[MemberPart, ...]
    more: int = 0
    counts: tuple[tuple[TierPart, int], ...]
    total: int
    since: date
    as_of: date | None = None


@dataclass(frozen=True, kw_only=True)
class TeamPart:
    """A team that can be chosen."""

    team_id: int
    name: str
    people: int

    @property
    def label(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        return str(self.team_id)

    @property
    def target(self) -> Pointer:
        return Pointer(id=self.team_id)


@dataclass(frozen=True, kw_only=True)
class TeamChoice(Message):
    """Which of several teams is meant."""

    buttons_for: ClassVar = "teams"
    choosing: ClassVar = Action.TEAM
    teams: tuple[TeamPart, ...]
