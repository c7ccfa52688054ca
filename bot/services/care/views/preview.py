"""What care plans make due in the next days, and what another plan would change. Nothing is written."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CHUNK, CareRules
from bot.services.care.views.doers import Doers
from bot.services.care.views.planned import Key, PlannedStep, planned_steps
from db.book import customers, people
from db.book.customers import Owners
from db.care import planning
from db.care.touches import StepKind
from db.engine import Database
from db.graded import runs
from grading.scheme.model import Name

MOST_EXAMPLES = 3  # of each kind of change to a step

Progress = Callable[[int, int], None]


class DueOn(NamedTuple):
    """What one person does on one day. `day` is None for what is overdue."""

    day: date | None
    who: str  # a name, else the role of who does it
    kind: str  # a StepKind
    occasion: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """A customer whose step would change: the days on which it is due, and by which it has to be done."""

    code: str
    customer: str
    before: tuple[date, date] | None
    after: tuple[date, date] | None


@dataclass(kw_only=True)
class StepChange:
    """How many customers a step would be new for, due on other days, dropped, or as it is."""

    plan: str | None
    tier: str
    step: str
    names: Name
    added: int = 0
    moved: int = 0
    dropped: int = 0
    kept: int = 0
    examples: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What will be due until a day, by day and person; with another plan also what it would change."""

    customers: int
    until: date
    due: Mapping[DueOn, int]
    changes: tuple[StepChange, ...] | None = None

    def total(self, change: str) -> int:
        """How many steps would be `added`, `moved`, `dropped` or `kept`."""
        return sum(getattr(step, change) for step in self.changes or ())


def preview(
    database: Database,
    rules: CareRules,
    *,
    owners: Owners,
    days: int,
    today: date,
    now: datetime,
    instead: CarePlans | None = None,
    progress: Progress | None = None,
) -> Preview:
    """What will be due from today on, of the customers of some owners; under the plans `instead`, if they are given."""
    until = today + timedelta(days=days)
    under = [rules] if instead is None else [rules, replace(rules, plans=instead)]
    due: Counter[DueOn] = Counter()
    changes = _Changes(rules.plans, instead or rules.plans)
    counted = 0
    with database.read() as session:
        doers = Doers(people.everybody(session), people.teams(session))
        wanted = planning.graded_customers(session, runs.latest_run_ids(session))
        if owners is not None:
            mine = set(customers.owned_by(session, owners))
            wanted = [customer for customer in wanted if customer in mine]
        for chunk in _chunks(wanted):
            steps = planned_steps(session, under, chunk, now)
            for (_, _, occasion), step in steps[-1].items():
                if step.due_on <= until:
                    day = None if step.latest_on < today else max(step.due_on, today)
                    due[DueOn(day, doers.name(step), step.kind, _counted_as(step, occasion))] += 1
            if instead is not None:
                changes.compare(session, steps[0], steps[-1])
            counted += len(chunk)
            if progress is not None:
                progress(counted, len(wanted))
    return Preview(
        customers=counted,
        until=until,
        due=due,
        changes=None if instead is None else changes.ordered(),
    )


def _counted_as(step: PlannedStep, occasion: str) -> str:
    """The occasion of a greeting; birthdays are counted together, whoever has them, and so are low survey scores."""
    return "" if step.kind in (StepKind.BIRTHDAY, StepKind.LOW_SCORE) else occasion


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


class _Changes:
    """The differences between the steps under two sets of plans, by plan, tier and step."""

    def __init__(self, before: CarePlans, after: CarePlans) -> None:
        self._before = before
        self._after = after
        self._found: dict[tuple[str | None, str, str], StepChange] = {}

    def compare(
        self, session: Session, before: Mapping[Key, PlannedStep], after: Mapping[Key, PlannedStep]
    ) -> None:
        """Count the steps of some customers."""
        examples: list[tuple[StepChange, str, Key]] = []
        for key in before.keys() | after.keys():
            old, new = before.get(key), after.get(key)
            change = self._change(key[1], new or old)
            what = _what(old, new)
            setattr(change, what, getattr(change, what) + 1)
            if what != "kept":
                examples.append((change, what, key))
        self._keep_examples(session, examples, before, after)

    def _keep_examples(
        self,
        session: Session,
        found: list[tuple[StepChange, str, Key]],
        before: Mapping[Key, PlannedStep],
        after: Mapping[Key, PlannedStep],
    ) -> None:
        found.sort(key=lambda one: one[2])
        kept = []
        room = Counter[tuple[int, str]]()
        for change, what, key in found:
            place = (id(change), what)
            if len(change.examples[what]) + room[place] < MOST_EXAMPLES:
                room[place] += 1
                kept.append((change, what, key))
        if not kept:
            return
        named = customers.get_many(session, sorted({key[0] for _, _, key in kept}))
        for change, what, key in kept:
            customer = named[key[0]]
            change.examples[what].append(
                Example(
                    code=customer.code,
                    customer=customer.name,
                    before=_days(before.get(key)),
                    after=_days(after.get(key)),
                )
            )

    def _change(self, step_id: str, step: PlannedStep | None) -> StepChange:
        assert step is not None
        key = (step.plan, step.tier, step_id)
        if key not in self._found:
            known = self._after.step(*key) or self._before.step(*key)
            self._found[key] = StepChange(
                plan=step.plan,
                tier=step.tier,
                step=step_id,
                names=known.name if known else Name(en=step_id, zh=step_id),
            )
        return self._found[key]

    def ordered(self) -> tuple[StepChange, ...]:
        """In the order of the plans, their tiers and their steps."""
        every = {plan.plan: plan for plan in (*self._before.plans, *self._after.plans)}
        last_first = [*reversed(every)]
        orders = {
            plan_id: ([*plan.tiers], [step.id for step in plan.all_steps]) for plan_id, plan in every.items()
        }

        def place(one: StepChange) -> tuple[int, int, int]:
            tiers, steps = orders.get(one.plan or "", ([], []))
            number = last_first.index(one.plan) if one.plan in every else len(every)
            return number, _index(tiers, one.tier), _index(steps, one.step)

        return tuple(sorted(self._found.values(), key=place))


def _index(of: list[str], name: str) -> int:
    return of.index(name) if name in of else len(of)


def _what(old: PlannedStep | None, new: PlannedStep | None) -> str:
    if old is None:
        return "added"
    if new is None:
        return "dropped"
    return "kept" if _days(old) == _days(new) else "moved"


def _days(step: PlannedStep | None) -> tuple[date, date] | None:
    return None if step is None else (step.due_on, step.latest_on)
