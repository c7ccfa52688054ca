"""The care plans in force, and which of them serves a customer."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from bot.errors import N_, Phrase
from bot.services.care.conditions import Traits
from bot.services.care.plan import DEFAULT, LOW_SCORE, Also, CarePlan, Step
from bot.wording.parts import NextStep
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class ShippedPlan:
    """A plan that comes with the product: what it serves is known before its file is read."""

    plan: str
    schemes: tuple[str, ...]
    by: Literal["tier", "credit"]
    path: Path
    reader: Callable[[Path], CarePlan]

    @property
    def serves(self) -> tuple[str, ...]:
        return ("",) if self.by == "credit" else self.schemes or ("",)

    def read(self) -> CarePlan:
        """The plan of the file."""
        return self.reader(self.path)


PlanSource = CarePlan | ShippedPlan


def of_credit(plan: CarePlan) -> tuple[Also, ...]:
    """The blocks of a plan by credit grade, as they are owed besides a plan by tier."""
    own = tuple(
        Also(when=Traits(credit=(grade,)), steps=care.steps)
        for grade, care in plan.tiers.items()
        if care.steps and grade != DEFAULT
    )
    return (*own, *plan.also)


@dataclass(frozen=True)
class CarePlans:
    """All plans in force; of several that could serve a customer, the first in this order does.

    A shipped plan is read when a customer or a due step needs it, because reading all of them takes every command a third
    of a second. `graded_by` are the schemes that customers are graded by; None: any scheme may be.
    """

    sources: tuple[PlanSource, ...]
    graded_by: frozenset[str] | None = None

    @classmethod
    def layered(cls, *layers: Sequence[PlanSource]) -> "CarePlans":
        """The plans of several layers, without those of later layers that serve no customer.

        A plan for every scheme leaves nothing to the layers behind it.
        """
        kept: list[PlanSource] = []
        for layer in layers:
            served = {(plan.by, scheme) for plan in kept for scheme in plan.serves}
            kept += [plan for plan in layer if not served.issuperset((plan.by, one) for one in plan.serves)]
            if any(plan.by == "tier" and not plan.schemes for plan in layer):
                break
        return cls(tuple(kept))

    def of_schemes(self, graded_by: Iterable[str]) -> "CarePlans":
        """The same plans for customers who are graded by these schemes only."""
        return replace(self, graded_by=frozenset(graded_by))

    @cached_property
    def plans(self) -> tuple[CarePlan, ...]:
        """The plans that customers can have."""
        return tuple(_read(source) for source in self.sources if self._is_used(source))

    def _is_used(self, source: PlanSource) -> bool:
        if isinstance(source, CarePlan) or self.graded_by is None or source.by == "credit":
            return True
        return not source.schemes or not self.graded_by.isdisjoint(source.schemes)

    @cached_property
    def fingerprint(self) -> str:
        """Differs when a plan does, whether it was read or not."""
        texts = (
            one.model_dump_json().encode() if isinstance(one, CarePlan) else one.path.read_bytes()
            for one in self.sources
        )
        return hashlib.sha256(b"".join(hashlib.sha256(text).digest() for text in texts)).hexdigest()

    @cached_property
    def by_credit(self) -> CarePlan | None:
        """What the credit grades are owed, besides what a customer's tier is."""
        found = next((source for source in self.sources if source.by == "credit"), None)
        return None if found is None else _read(found)

    def shared_steps(self) -> Iterator[Phrase]:
        """A sentence for each plan by tier that has a step of a plan for the credit grades.

        The steps of the two are owed together, and a step is looked up by its id. Shipped plans have no step twice.
        """
        for beside in self.sources:
            if beside.by != "credit":
                continue
            for source in self.sources:
                both_are_shipped = isinstance(source, ShippedPlan) and isinstance(beside, ShippedPlan)
                if source.by == "credit" or both_are_shipped or not self._is_used(source):
                    continue
                plan, credit = _read(source), _read(beside)
                if both := plan.step_ids & credit.step_ids:
                    yield Phrase(
                        N_(
                            "%(plan)s has step %(step)s, which %(other)s for credit grades has too; give it another id in"
                            " one of them"
                        ),
                        plan=f"{plan.plan}@{plan.version}",
                        step=repr(min(both)),
                        other=f"{credit.plan}@{credit.version}",
                    )

    @cached_property
    def _whole_plans(self) -> dict[str, CarePlan]:
        return {}

    def _whole(self, source: PlanSource | None) -> CarePlan | None:
        """A plan by tier with what the credit grades are owed besides."""
        if source is None:
            return None
        if source.plan not in self._whole_plans:
            plan = _read(source)
            beside = of_credit(self.by_credit) if self.by_credit else ()
            whole = plan.model_copy(update={"also": (*plan.also, *beside)}) if beside else plan
            self._whole_plans[source.plan] = whole
        return self._whole_plans[source.plan]

    @property
    def _by_tier(self) -> list[PlanSource]:
        return [source for source in self.sources if source.by == "tier"]

    def of_scheme(self, scheme: str | None) -> CarePlan | None:
        """The plan for the customers whom a scheme graded: the first that names it, else the first for every scheme."""
        named = next((source for source in self._by_tier if scheme in source.schemes), None)
        return self._whole(named or self._general)

    @property
    def _general(self) -> PlanSource | None:
        return next((source for source in self._by_tier if not source.schemes), None)

    def named(self, plan_id: str | None) -> CarePlan | None:
        """A plan by its id; rows written before there were several have none, and belong to the one for every scheme."""
        return self._whole(self._source(plan_id))

    def _source(self, plan_id: str | None) -> PlanSource | None:
        if plan_id is None:
            return self._general or next(iter(self._by_tier), None)
        return next((source for source in self._by_tier if source.plan == plan_id), None)

    def step(self, plan_id: str | None, tier: str, step_id: str) -> Step | None:
        """A step by its plan, tier and id; None when it is in force no more."""
        if step_id == LOW_SCORE.id:
            return LOW_SCORE
        source = self._source(plan_id)
        own = _read(source).step(tier, step_id) if source is not None else None
        if own is not None:
            return own
        whole = self._whole(source)
        return whole.step(tier, step_id) if whole else None

    def step_name(self, plan_id: str | None, tier: str, step_id: str) -> Name:
        """A step's name; the id of a step that is in force no more."""
        step = self.step(plan_id, tier, step_id)
        return step.name if step else Name(en=step_id, zh=step_id)

    def next_step(
        self, plan_id: str | None, tier: str, step_id: str, due_on: date, latest_on: date | None, today: date
    ) -> NextStep:
        """A step as a part of messages: it is due from its day on, and overdue after its limit."""
        limit = latest_on or due_on
        since = limit + timedelta(days=1) if limit < today else due_on if due_on < today else None
        name = self.step_name(plan_id, tier, step_id)
        return NextStep(names=name, due_on=due_on, overdue=limit < today, since=since)


def _read(source: PlanSource) -> CarePlan:
    return source if isinstance(source, CarePlan) else source.read()
