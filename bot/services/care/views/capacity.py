"""The hours that care plans owe per person and week, against the hours that the person has for care.

The steps are those of `bot.services.care.views.occurrences`: what planning has or would have open now, and what follows when
each step is done on the day on which it is due.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from bot.services.care import owed_care
from bot.services.care.digest.levelling import Weight, rank
from bot.services.care.owed_care import Loaded
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CHUNK, CareRules
from bot.services.care.views.doers import Doers
from bot.services.care.views.given_up import KeptSteps, StepGivenUp
from bot.services.care.views.hours_there import minutes_there
from bot.services.care.views.occurrences import Occurrence, Occurrences
from bot.services.care.views.planned import PlannedStep, steps_after
from bot.services.care.working_people import working_times
from bot.services.schemes.store import TierNames
from db.book import customers, people
from db.book.people import Person
from db.care import listed_touches, planning
from db.engine import Database
from db.graded import runs, tier_rows
from grading.scheme.model import Name

DAY, WEEK = timedelta(days=1), timedelta(days=7)
WEEKS = 13  # after the present one

Progress = Callable[[int, int], None]


class DoneBy(NamedTuple):
    """Who does steps: a person, else the role without one."""

    person_id: int | None
    role: str


class StepOfTier(NamedTuple):
    """A step of a plan for a tier."""

    plan: str | None
    tier: str
    step: str


@dataclass(kw_only=True)
class StepSum:
    """How often a step comes in all the weeks, and how long it takes together."""

    names: Name
    count: int = 0
    minutes: int = 0


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What one set of plans owes: minutes by who does it and week, and the sums by step."""

    minutes: Mapping[DoneBy, Sequence[int]]
    steps: Mapping[StepOfTier, StepSum]

    @property
    def count(self) -> int:
        return sum(step.count for step in self.steps.values())

    @property
    def total(self) -> int:
        return sum(step.minutes for step in self.steps.values())


@dataclass(frozen=True, kw_only=True)
class PersonLoad:
    """The minutes that a person, or a role, owes and has in each week; a role has none of its own: None.

    `before`: what they owe under the plans in force. `given_up`: of each week that is over, what would have to give.
    """

    name: str
    person_id: int | None
    has: Sequence[int] | None
    owes: Sequence[int]
    before: Sequence[int]
    given_up: Mapping[int, Sequence[StepGivenUp]] = field(default_factory=dict)

    def over(self, owes: Sequence[int]) -> dict[int, int]:
        """Week -> by how many minutes it is over."""
        pairs = enumerate(zip(owes, self.has or (), strict=False))
        return {week: owed - has for week, (owed, has) in pairs if owed > has}


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The workload under the plans in force, that under others if they are given, and that of each person."""

    customers: int
    weeks: Sequence[date]  # the first day of each; of the present one, today
    share: int  # per cent of the working time
    present: Workload
    instead: Workload | None
    people: Sequence[PersonLoad]

    @property
    def until(self) -> date:
        """The last day of the last week."""
        return self.weeks[-1] + (6 - self.weeks[-1].weekday()) * DAY


def capacity(
    database: Database,
    rules: CareRules,
    book: TierNames,
    *,
    persons: Collection[int] | None,
    share: int,
    today: date,
    now: datetime,
    weeks: int = WEEKS,
    instead: CarePlans | None = None,
    progress: Progress | None = None,
) -> Capacity:
    """The workload of these people, or of everybody, in the present week and some more; under the plans `instead` too."""
    starts = [today, *(today - today.weekday() * DAY + number * WEEK for number in range(1, weeks + 1))]
    under = [rules] if instead is None else [rules, replace(rules, plans=instead)]
    with database.read() as session:
        everybody, teams = people.everybody(session), people.teams(session)
        times = working_times(session, persons, rules.times, now)
        has = {
            number: minutes_there(times[number], person, starts, share)
            for number, person in everybody.items()
            if number in times
        }
        counts = [_Count(one.plans, starts, Doers(everybody, teams), persons, has) for one in under]
        wanted = _customers(session, persons)
        weights = _CustomerWeights(session, book)
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            loaded = [owed_care.load(session, one.plans, one.times, chunk, now) for one in under]
            opened = steps_after(session, loaded, chunk, now)
            weights.read(session, chunk)
            for count, those, steps in zip(counts, loaded, opened, strict=True):
                count.add(those, _by_customer(steps), weights)
            if progress is not None:
                progress(min(start + CHUNK, len(wanted)), len(wanted))
    present, judged = counts[0], counts[-1]
    return Capacity(
        customers=len(wanted),
        weeks=starts,
        share=share,
        present=present.workload(),
        instead=None if instead is None else judged.workload(),
        people=tuple(_people(present, judged, everybody, has)),
    )


def _customers(session: Session, persons: Collection[int] | None) -> list[int]:
    """The graded customers of whom these people do steps: their own, those of the teams they lead, and what was given to them."""
    graded = planning.graded_customers(session, runs.latest_run_ids(session))
    if persons is None:
        return graded
    led = {number for number, team in people.teams(session).items() if team.lead_id in persons}
    mine = {*customers.owned_by(session, frozenset({*persons, *people.in_teams(session, led)}))}
    mine |= listed_touches.customers_given(session, persons)
    return [customer for customer in graded if customer in mine]


def _by_customer(
    steps: Mapping[tuple[int, str, str], PlannedStep],
) -> Mapping[int, dict[tuple[str, str], PlannedStep]]:
    found: dict[int, dict[tuple[str, str], PlannedStep]] = defaultdict(dict)
    for (customer, step, occasion), one in steps.items():
        found[customer][step, occasion] = one
    return found


class _CustomerWeights:
    """What ranks the customers of a chunk, as it ranks the rows of a digest."""

    def __init__(self, session: Session, book: TierNames) -> None:
        self._book = book
        self._runs = runs.latest_run_ids(session)
        self._known: dict[int, Weight] = {}

    def read(self, session: Session, customer_ids: Sequence[int]) -> None:
        past = tier_rows.past_tiers(session, customer_ids=customer_ids)
        self._known = {
            row.customer_id: Weight(
                over=0,
                tier=self._book.rank(row.tier),
                score=row.score,
                score_before=past[row.customer_id].score if row.customer_id in past else None,
                pending_fall=bool(row.falling_since),
            )
            for row in tier_rows.tier_rows(session, self._runs, customer_ids=customer_ids)
        }

    def of(self, customer_id: int, tier: str, over: int) -> tuple[float, ...]:
        """The key of a step's place: what comes first has the smallest."""
        known = self._known.get(customer_id) or Weight(over=0, tier=self._book.rank(tier))
        return rank(replace(known, over=over))[0]


class _Count:
    """Adds up the steps of customers under one set of plans."""

    def __init__(
        self,
        plans: CarePlans,
        starts: Sequence[date],
        doers: Doers,
        persons: Collection[int] | None,
        has: Mapping[int, Sequence[int]],
    ) -> None:
        self._plans = plans
        self.starts = starts
        self._monday = starts[0] - starts[0].weekday() * DAY
        self._occurrences = Occurrences(self._monday + len(starts) * WEEK - DAY)
        self._doers = doers
        self._persons = persons
        self._has = has
        self.minutes: dict[DoneBy, list[int]] = defaultdict(lambda: [0] * len(starts))
        self.kept: dict[tuple[DoneBy, int], KeptSteps] = {}
        self._steps: dict[StepOfTier, StepSum] = {}

    def add(
        self,
        loaded: Sequence[Loaded],
        opened: Mapping[int, dict[tuple[str, str], PlannedStep]],
        weights: _CustomerWeights,
    ) -> None:
        """Add all that some customers are owed in the weeks."""
        for customer in loaded:
            mine = opened.get(customer.customer.customer_id, {})
            for number, one in enumerate(self._occurrences.of(customer, mine)):
                done_by = self._done_by(customer, one, mine)
                if self._persons is None or done_by.person_id in self._persons:
                    self._add(customer, number, one, done_by, weights)

    def workload(self) -> Workload:
        return Workload(minutes=self.minutes, steps=self._steps)

    def _done_by(
        self, customer: Loaded, one: Occurrence, mine: Mapping[tuple[str, str], PlannedStep]
    ) -> DoneBy:
        given = mine[one.step.id, one.occasion].assignee_id if one.is_open else None
        found = self._doers.person_id(one.step.who, customer.customer.owner_id, given)
        return DoneBy(found, "" if found else one.step.who)

    def _add(
        self, customer: Loaded, number: int, one: Occurrence, done_by: DoneBy, weights: _CustomerWeights
    ) -> None:
        plan, tier = customer.owed.plan, customer.customer.tier
        week = max(0, (one.day - self._monday) // WEEK)
        of = StepOfTier(plan.plan if plan else None, tier, one.step.id)
        found = self._steps.setdefault(of, StepSum(names=one.step.name))
        found.count += 1
        found.minutes += one.step.minutes
        self.minutes[done_by][week] += one.step.minutes
        if done_by.person_id is not None and done_by.person_id in self._has:
            kept = self.kept.get((done_by, week))
            if kept is None:
                kept = self.kept[done_by, week] = KeptSteps(self._has[done_by.person_id][week])
            customer_id = customer.customer.customer_id
            place = weights.of(customer_id, tier, max(0, (one.day - one.latest).days))
            kept.add((*place, one.day.toordinal(), customer_id, number), of, one.step)


def _people(
    present: _Count, judged: _Count, everybody: Mapping[int, Person], has: Mapping[int, Sequence[int]]
) -> Iterator[PersonLoad]:
    """Those who do steps, by name; roles behind them."""
    nothing = [0] * len(present.starts)
    named = {
        done_by: everybody[done_by.person_id].name if done_by.person_id else done_by.role
        for done_by in present.minutes.keys() | judged.minutes.keys()
    }
    for done_by, name in sorted(named.items(), key=lambda one: (one[0].person_id is None, one[1], one[0])):
        weeks = range(len(nothing))
        given = {
            week: judged.kept[done_by, week].given_up()
            for week in weeks
            if (done_by, week) in judged.kept and judged.kept[done_by, week].has_given_up
        }
        yield PersonLoad(
            name=name,
            person_id=done_by.person_id,
            has=has.get(done_by.person_id or 0),
            owes=judged.minutes.get(done_by, nothing),
            before=present.minutes.get(done_by, nothing),
            given_up=given,
        )
