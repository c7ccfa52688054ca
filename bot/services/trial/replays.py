"""Replay: what past snapshots would have said under a scheme, with its movement rules and without. Says nothing to anyone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import N_, BadInput, Conflict
from bot.services.grade import computed, runs, scheme_choice
from bot.services.grade.runs import Progress, RunReport
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache, SchemeFile
from db.book import orders
from db.engine import Database
from db.graded import runs as db
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd

MONTHS_AHEAD = 6
ABSENT = "absent"
MOST = 600  # snapshots of one replay: fifty years of months


@dataclass(frozen=True, kw_only=True)
class Moves:
    """How often customers changed tier, caps aside: `undone` of these were taken back by the very next snapshot."""

    moves: int
    undone: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One day of a replay, as the movement rules and as the boundaries alone would have it."""

    as_of: date
    customers: int
    tiers: dict[str, int]
    moves: int
    moves_without_rules: int


@dataclass(frozen=True, kw_only=True)
class LaterValue:
    """What the tiers of a day were worth in the months after it, which no score had seen.

    Shares are fractions of 1, by tier or the word in its place; a customer graded on no snapshot counts as absent.
    """

    as_of: date
    until: date
    customers: dict[str, float]
    sales: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """All days of a replay. `rated` counts customers with a tier over all of them."""

    scheme: str
    version: int
    beside: tuple[str, ...]  # name@version of the schemes asked after it
    days: tuple[Snapshot, ...]
    rated: int
    with_rules: Moves
    without_rules: Moves
    ahead: LaterValue | None  # of the newest day with so many months of orders after it


def replay(
    database: Database,
    scheme: Scheme,
    *,
    start: date,
    end: date,
    today: date,
    progress: Progress | None = None,
    beside: Sequence[Scheme] = (),
) -> Replay:
    """Run the snapshots of a period in memory, ignoring when a scheme was approved for. Raises BadInput for an odd one.

    A scheme grades the customers it applies to as they are now, those `beside` it whoever is left, one after the other.
    """
    import pandas as pd

    days = snapshot_days(scheme, start, end, today)
    judged = _judged(database, days)
    ahead: LaterValue | None = None
    lines = _lines(database, (scheme, *beside))
    found = []
    rated = 0
    for number, day in enumerate(days, start=1):
        parts = []
        for with_rules, without in lines:
            with database.read() as session:
                known = computed.load_book(session, with_rules.scheme, day, with_rules.customer_ids).facts
            parts.append(with_rules.step(known, day, number))
            without.step(known, day, number)
        tiers = pd.concat(parts) if len(parts) > 1 else parts[0]
        if day == judged:
            ahead = _look_ahead(database, tiers, day)
        counts = tiers.value_counts().to_dict()
        rated += sum(count for tier, count in counts.items() if tier not in ("new", "unrated", "blocked"))
        found.append(
            Snapshot(
                as_of=day,
                customers=len(tiers),
                tiers={str(tier): int(count) for tier, count in counts.items()},
                moves=sum(line.moved for line, _ in lines),
                moves_without_rules=sum(line.moved for _, line in lines),
            )
        )
        if progress:
            progress(number, len(days))
    return Replay(
        scheme=scheme.scheme,
        version=scheme.version,
        days=tuple(found),
        rated=rated,
        beside=tuple(f"{other.scheme}@{other.version}" for other in beside),
        with_rules=_total([line for line, _ in lines]),
        without_rules=_total([line for _, line in lines]),
        ahead=ahead,
    )


def keep(
    database: Database,
    scheme_cache: SchemeCache,
    file: SchemeFile,
    *,
    start: date,
    end: date,
    today: date,
    now: datetime,
    actor: str,
    progress: Progress | None = None,
) -> list[RunReport]:
    """Put the snapshots of a past period down as the history a live start goes on from; nobody is told.

    Only before the first grading of its purpose: Conflict afterwards.
    """
    purpose = store.purpose(file.scheme)
    days = snapshot_days(file.scheme, start, end, today)
    with database.write() as session:
        if db.last_published(session, purpose) is not None:
            raise Conflict(
                N_("There are gradings of %(purpose)s already; a past can only be kept before the first."),
                purpose=purpose,
            )
        store.put_in_force(session, file, actor=actor, effective_from=days[0], now=now)
    reports = []
    for number, day in enumerate(days, start=1):
        reports.append(
            runs.grade_book(
                database, scheme_cache, for_purpose=purpose, as_of=day, today=today, now=now, notify=None
            )
        )
        if progress:
            progress(number, len(days))
    return reports


def snapshot_days(scheme: Scheme, start: date, end: date, today: date) -> list[date]:
    """The days of a scheme's cadence in a period; one that is not over is none of them."""
    if not start <= end <= today:
        raise BadInput(
            N_("%(start)s to %(end)s is no period that is over; today is %(today)s."),
            start=start,
            end=end,
            today=today,
        )
    last = min(end, today - timedelta(days=1))
    days = list(_days(start, last, lambda day: store.is_cadence_day(scheme.as_of, day)))
    if not days:
        raise BadInput(
            N_("There is no snapshot of %(scheme)s (%(cadence)s) from %(start)s to %(end)s."),
            scheme=scheme.scheme,
            cadence=scheme.as_of,
            start=start,
            end=end,
        )
    if len(days) > MOST:
        raise BadInput(
            N_("%(count)s snapshots are too many for one replay; at most %(most)s."),
            count=len(days),
            most=MOST,
        )
    return days


def _judged(database: Database, days: Sequence[date]) -> date | None:
    """The newest of these days that has `MONTHS_AHEAD` of orders after it."""
    with database.read() as session:
        known = orders.first_and_last(session)
    return max((day for day in days if known and _after(day) <= known[1]), default=None)


def _after(day: date) -> date:
    """The last day whose window of `MONTHS_AHEAD` begins with this one: of a month's end the end of a month."""
    from grading.indicators.orders import window_start

    until = window_start(day, -MONTHS_AHEAD)
    while window_start(until + timedelta(days=1), MONTHS_AHEAD) == day:
        until += timedelta(days=1)
    return until


def _look_ahead(database: Database, tiers: "pd.Series[Any]", day: date) -> LaterValue:
    until = _after(day)
    with database.read() as session:
        sold = dict(orders.net_between(session, after=day, until=until))
    counts: dict[str, float] = {}
    sales: dict[str, float] = {}
    held = dict(zip(tiers.index.tolist(), tiers.tolist(), strict=True))
    for tier in held.values():
        counts[tier] = counts.get(tier, 0.0) + 1 / len(held)
    total = sum(sold.values())
    for customer, amount in sold.items():
        tier = held.get(customer, ABSENT)
        sales[tier] = sales.get(tier, 0.0) + (amount / total if total else 0.0)
    return LaterValue(as_of=day, until=until, customers=counts, sales=sales)


def _days(start: date, end: date, wanted: Callable[[date], bool]) -> Iterator[date]:
    day = start
    while day <= end:
        if wanted(day):
            yield day
        day += timedelta(days=1)


def _lines(database: Database, asked: Sequence[Scheme]) -> "list[tuple[_Line, _Line]]":
    """For each scheme with somebody to grade, a line with its movement rules and one without."""
    found: list[tuple[_Line, _Line]] = []
    rules = [store.SchemeInForce(version_id=0, scheme=scheme, place=None) for scheme in asked]
    with database.read() as session:
        for rule, customer_ids in scheme_choice.allot(session, rules).shares:
            found.append(
                (_Line(rule.scheme, customer_ids), _Line(replace(rule.scheme, movement=None), customer_ids))
            )
    if not found:
        raise BadInput(
            N_(
                "%(scheme)s applies to none of the customers. See what their columns hold, and its applies_to."
            ),
            scheme=asked[0].scheme,
        )
    return found


def _total(lines: "Sequence[_Line]") -> Moves:
    totals = [line.total() for line in lines]
    return Moves(moves=sum(one.moves for one in totals), undone=sum(one.undone for one in totals))


class _Line:
    """One line of snapshots, each going by the state the one before left."""

    def __init__(self, scheme: Scheme, customer_ids: Sequence[int] | None) -> None:
        self.scheme = scheme
        self.customer_ids = customer_ids
        self.state: pd.DataFrame | None = None
        self.last: pd.Series[Any] | None = None
        self.came_from: dict[Any, str] = {}
        self.moved = 0
        self._moves = self._undone = 0

    def step(self, facts: "pd.DataFrame", as_of: date, number: int) -> "pd.Series[Any]":
        """Take the next snapshot; the effective tiers."""
        from grading.engine.movement import empty_state, move, state_for
        from grading.engine.scoring import grade

        graded = grade(facts, self.scheme, as_of)
        state = self.state if self.state is not None else empty_state(facts.index[:0], self.scheme)
        result = move(graded, self.scheme, state_for(state, facts.index, self.scheme), snapshot=number)
        self.state = result.state
        self._count(result.results["standing"])
        return result.results["tier"]

    def total(self) -> Moves:
        return Moves(moves=self._moves, undone=self._undone)

    def _count(self, tiers: "pd.Series[Any]") -> None:
        """A cap is no move, nor is what ends it: only the tier by movement counts."""
        came_from: dict[Any, str] = {}
        if self.last is not None:
            before = self.last.reindex(tiers.index)
            moved = before.notna() & (before != tiers)
            for customer in tiers.index[moved.to_numpy()]:
                self._undone += self.came_from.get(customer) == tiers[customer]
                came_from[customer] = before[customer]
        self.moved = len(came_from)
        self._moves += self.moved
        self.came_from, self.last = came_from, tiers
