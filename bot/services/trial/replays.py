"""Replay: past snapshots under a scheme, with its movement rules and without. Nobody is notified."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.errors import N_, BadInput, Conflict
from bot.frames import FactColumns, places_of
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.grade import computed, runs, scheme_choice
from bot.services.grade.runs import Progress, RunReport
from bot.services.schemes import store
from bot.services.schemes.lifecycle import record_step
from bot.services.schemes.store import SchemeCache, SchemeFile
from db.audit import AuditAction
from db.book.trade import orders
from db.engine import Database
from db.graded.runs import last_published
from grading.engine.movement import State, carry_state, move
from grading.engine.scoring import grade_columns
from grading.indicators.orders import window_start
from grading.scheme.model import WORDS_FOR_NO_TIER, Scheme

MONTHS_AHEAD = 6
ABSENT = "absent"
MOST = 600  # snapshots of one replay: fifty years of months


@dataclass(frozen=True, kw_only=True)
class Moves:
    """How often customers changed tier, without caps; the very next snapshot took back `undone` of these."""

    moves: int
    undone: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One day of a replay; `moves_without_rules` are by the boundaries only."""

    as_of: date
    customers: int
    tiers: dict[str, int]
    moves: int
    moves_without_rules: int


@dataclass(frozen=True, kw_only=True)
class LaterValue:
    """What the tiers of a day were worth in the months after it, which no score included.

    Shares are fractions of 1, by tier or the word in its place; a customer without a tier that day counts as absent.
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
    beside: tuple[str, ...]  # name@version of the schemes after it in order
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
    """Run the snapshots of a period in memory, whenever the scheme was approved. Raises BadInput for an impossible one.

    A scheme grades the customers it applies to as they are now; those `beside` it grade the others, in order.
    """
    days = snapshot_days(scheme, start, end, today)
    with database.read() as session:
        sold = orders.first_and_last(session)
    judged = max((day for day in days if sold and window_start(day, -MONTHS_AHEAD) <= sold[1]), default=None)
    ahead: LaterValue | None = None
    lines = _lines(database, (scheme, *beside))
    found = []
    rated = 0
    for number, day in enumerate(days, start=1):
        tiers: dict[int, str] = {}
        for with_rules, without in lines:
            with database.read() as session:
                known = computed.load_book(session, with_rules.scheme, day, with_rules.customer_ids)
            effective = with_rules.step(known, day, number)
            tiers |= dict(zip(known.customers.tolist(), effective.tolist(), strict=True))
            without.step(known, day, number)
        if day == judged:
            ahead = _later_value(database, tiers, day)
        counts = dict(Counter(tiers.values()).most_common())
        rated += sum(count for tier, count in counts.items() if tier not in WORDS_FOR_NO_TIER)
        found.append(
            Snapshot(
                as_of=day,
                customers=len(tiers),
                tiers=counts,
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
    actor: Actor,
    progress: Progress | None = None,
) -> list[RunReport]:
    """Store the snapshots of a past period as the history that a live start continues; nobody is notified.

    Only before the first grading of its purpose: Conflict afterwards.
    """
    access.require(actor, Act.DECIDE_SCHEMES)
    purpose = store.purpose(file.scheme)
    days = snapshot_days(file.scheme, start, end, today)
    with database.write() as session:
        if last_published(session, purpose) is not None:
            raise Conflict(
                N_("There are gradings of %(purpose)s already; a past can only be kept before the first."),
                purpose=purpose,
            )
        store.put_in_force(session, file, actor=actor.name, effective_from=days[0], now=now)
        record_step(session, actor, AuditAction.PAST_KEPT, file.scheme, days[0])
    reports = []
    for number, day in enumerate(days, start=1):
        reports.append(
            runs.grade_book(
                database,
                scheme_cache,
                for_purpose=purpose,
                as_of=day,
                today=today,
                now=now,
                notify=None,
                actor=actor,
            )
        )
        if progress:
            progress(number, len(days))
    return reports


def snapshot_days(scheme: Scheme, start: date, end: date, today: date) -> list[date]:
    """The days of a scheme's cadence in a period, without one that is not over."""
    if not start <= end <= today:
        raise BadInput(
            N_("--replay %(start)s %(end)s is no period that is over; today is %(today)s."),
            start=start,
            end=end,
            today=today,
        )
    last = min(end, today - timedelta(days=1))
    period = (start + timedelta(days=number) for number in range((last - start).days + 1))
    days = [day for day in period if store.is_cadence_day(scheme.as_of, day)]
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


def _later_value(database: Database, tiers: dict[int, str], day: date) -> LaterValue:
    until = window_start(day, -MONTHS_AHEAD)
    with database.read() as session:
        sold = dict(orders.net_between(session, after=day, until=until))
    counts: dict[str, float] = {}
    sales: dict[str, float] = {}
    for tier in tiers.values():
        counts[tier] = counts.get(tier, 0.0) + 1 / len(tiers)
    total = sum(sold.values())
    for customer, amount in sold.items():
        tier = tiers.get(customer, ABSENT)
        sales[tier] = sales.get(tier, 0.0) + (amount / total if total else 0.0)
    return LaterValue(as_of=day, until=until, customers=counts, sales=sales)


def _lines(database: Database, ordered: Sequence[Scheme]) -> "list[tuple[_Line, _Line]]":
    """For each scheme with customers to grade, a line with its movement rules and one without."""
    rules = [store.SchemeInForce(version_id=0, scheme=scheme, place=None) for scheme in ordered]
    with database.read() as session:
        shares = scheme_choice.allot(session, rules).shares
    found = [
        (_Line(rule.scheme, ids), _Line(replace(rule.scheme, movement=None), ids)) for rule, ids in shares
    ]
    if not found:
        raise BadInput(
            N_(
                "%(scheme)s applies to none of the customers. See what their columns hold, and its applies_to."
            ),
            scheme=ordered[0].scheme,
        )
    return found


def _total(lines: "Sequence[_Line]") -> Moves:
    return Moves(moves=sum(line.moves for line in lines), undone=sum(line.undone for line in lines))


class _Line:
    """One line of snapshots, each starting from the state the one before left."""

    def __init__(self, scheme: Scheme, customer_ids: Sequence[int] | None) -> None:
        self.scheme = scheme
        self.customer_ids = customer_ids
        self.state: State = {}
        self.customers: NDArray[np.int64] | None = None
        self.came_from: dict[int, str] = {}
        self.moved = self.moves = self.undone = 0

    def step(self, facts: FactColumns, as_of: date, number: int) -> NDArray[np.object_]:
        """Take the next snapshot; the effective tiers."""
        graded = grade_columns(facts.columns, facts.customers, self.scheme, as_of)
        known = np.empty(0, dtype=np.int64) if self.customers is None else self.customers
        state = carry_state(self.state, places_of(facts.customers, known), self.scheme)
        result = move(graded, self.scheme, state, snapshot=number)
        self._count(
            facts.customers.tolist(), state["standing"].tolist(), result.following["standing"].tolist()
        )
        self.state, self.customers = result.following, facts.customers
        return np.asarray(result.outcome["tier"])

    def _count(self, customers: list[int], before: list[str | None], after: list[str | None]) -> None:
        """Count moves of the standing: caps, and the ends of caps, are not counted as moves."""
        came_from: dict[int, str] = {}
        for customer, old, new in zip(customers, before, after, strict=True):
            if old is not None and old != new:
                self.undone += self.came_from.get(customer) == new
                came_from[customer] = old
        self.moved = len(came_from)
        self.moves += self.moved
        self.came_from = came_from
