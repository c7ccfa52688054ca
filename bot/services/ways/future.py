"""The gradings to come of one customer: what each would give, whatever is done until then.

They run on the records of now. No other order comes, invoices that fall due later are paid on their day, recorded figures
and credit grades do not age, and sources that declared their activities complete up to the newest grading go on doing so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from bot.frames import Rows
from bot.services.grade import assessment, computed, scheme_choice
from bot.services.grade.assessment import RunStep
from bot.services.schemes import cadence, store
from bot.services.schemes.store import SchemeCache
from bot.services.ways.acts import DayRecords, Plan, facts_after
from db.book import facts
from db.book.trade import invoices, orders
from db.graded import overrides, runs
from db.graded.runs import Assessment, GradingRun
from grading.engine.movement import CLEAN, State, carry_state, move
from grading.engine.scoring import grade_columns
from grading.explain.breakdown import read_value
from grading.indicators.orders import window_start
from grading.scheme.model import Scheme

AT_ONCE, NEVER = 0, 1_000  # places among the gradings to come
MOST_GRADINGS = 13
TIME_TO_ACT = 14  # days that there are at least for an act, where gradings are not closer than
MOST_WAITED = 3  # gradings


class Future:
    """The gradings to come of a customer whose newest assessment and run are these."""

    def __init__(
        self,
        session: Session,
        scheme_cache: SchemeCache,
        row: Assessment,
        run: GradingRun,
        scheme: Scheme,
        today: date,
    ) -> None:
        self.session = session
        self.scheme_cache = scheme_cache
        self.row = row
        self.run = run
        self.scheme = scheme
        self.today = today
        snapshot = runs.last_snapshot(session, run.purpose)
        last = runs.last_published(session, run.purpose)
        self._number = 1 + (snapshot.snapshot if snapshot else 0)
        self._step = RunStep(
            as_of=run.as_of,
            snapshot=self._number,
            interim=True,
            past=assessment.load_previous(session, last, snapshot, [row.customer_id]),
            overrides={},
        )
        self._schemes: dict[date, Scheme] = {}
        self._overrides: dict[date, str | None] = {}
        most = self._horizon() + MOST_WAITED
        days = cadence.next_gradings(session, scheme_cache, run.purpose, today, most + 1)
        first = len([day for day in days if day < today])  # a late snapshot: nothing can be done before it
        places = [place for place, day in enumerate(days) if (day - today).days >= TIME_TO_ACT]
        place = min([*places[:1], first + MOST_WAITED, len(days) - 1])
        self.by = days[place] if days else today  # the last day of an act
        self.by_place = place + 1
        self.days = days[: place + self._horizon()]
        self.first = first + 1  # place of the first grading that sees what is done today
        self._records: dict[tuple[Any, ...], DayRecords] = {}

    def _horizon(self) -> int:
        """How many gradings it takes until neither confirmations, dwell nor a gate in force can delay a move any more."""
        state = self._step.previous(self.scheme, [self.row.customer_id])
        needed = [1]
        if self.scheme.movement is not None:
            rules = self.scheme.movement
            served = self._number - int(state["since"][0])
            needed += [rules.confirm_up, rules.confirm_down, rules.min_dwell - served + 1]
        for gate in self.scheme.gates:
            if state[CLEAN + gate.id][0] >= 0:
                needed.append(gate.clear_after - int(state[CLEAN + gate.id][0]))
        return min(max(needed), MOST_GRADINGS)

    def scheme_on(self, day: date) -> Scheme:
        """The scheme that will grade the customer on a day: the one of now, unless another is approved for then."""
        if day not in self._schemes:
            rules = store.rules_on(self.session, self.scheme_cache, self.run.purpose, day)
            found = scheme_choice.scheme_of(self.session, rules, self.row.customer_id) if rules else None
            self._schemes[day] = found or self.scheme
        return self._schemes[day]

    def reach(self, plans: Sequence[Plan], goal: str) -> list[int]:
        """For each plan, done on any day up to `by`: the place of the snapshot, from 1, that gives the goal or better at the latest.

        AT_ONCE where the grading after the next import gives it, whenever it is done, and the next snapshot too; NEVER
        where no snapshot up to the horizon does.
        """
        soon, late = self._reach(plans, goal, self.today), self._reach(plans, goal, self.by)
        found = []
        for now, then in zip(soon, late, strict=True):
            if now == AT_ONCE and then == self.by_place:
                found.append(AT_ONCE)
            else:
                found.append(then if now <= then else NEVER)
        return found

    def comes_by_itself(self, goal: str) -> tuple[date | None, bool]:
        """(the day graded that gives the goal although nothing is done, whether the next import about it does too)."""
        (place,) = self._reach([Plan()], goal, self.today)
        if place == NEVER:
            return None, False
        at_once = place == AT_ONCE
        return self.days[(self.first if at_once else place) - 1], at_once

    def tiers(self, plans: Sequence[Plan]) -> list[list[str]]:
        """For each plan, done today: the tier after each snapshot to come."""
        by_day = [tiers.tolist() for _, tiers in self._snapshots(plans, self.today)]
        return [list(of_plan) for of_plan in zip(*by_day, strict=True)]

    def _reach(self, plans: Sequence[Plan], goal: str, done_on: date) -> list[int]:
        """`reach` for plans that are done on this day."""
        if not plans:
            return []
        reached = np.full(len(plans), NEVER)
        state, left_by = self._start(self.scheme_on(self.today), len(plans))
        tiers, _ = self._grade(plans, done_on, self.today, state, left_by, self._number, interim=True)
        at_once = _gives(tiers, goal, self.scheme_on(self.today))
        for place, (day, tiers) in enumerate(self._snapshots(plans, done_on), start=1):
            gives = _gives(tiers, goal, self.scheme_on(day))
            if place == self.first and done_on <= self.today:
                reached[at_once & gives] = AT_ONCE
            reached[gives & (reached == NEVER)] = place
            if (reached != NEVER).all():
                break
        found: list[int] = reached.tolist()
        return found

    def _snapshots(self, plans: Sequence[Plan], done_on: date) -> Iterator[tuple[date, NDArray[np.object_]]]:
        """(day, tier of each plan after its snapshot) of the snapshots to come."""
        state: State | None = None
        left_by: Scheme | None = None
        for place, day in enumerate(self.days):
            if state is None:
                state, left_by = self._start(self.scheme_on(day), len(plans))
            tiers, state = self._grade(
                plans, done_on, day, state, left_by, self._number + place, interim=False
            )
            left_by = self.scheme_on(day)
            yield day, tiers

    @property
    def is_set_by_hand(self) -> bool:
        """Whether the tier that a person has set holds through all gradings to come."""
        return all(self._override_on(day) is not None for day in (self.today, *self.days))

    def _override_on(self, day: date) -> str | None:
        """The tier that a person has set for a day."""
        if day not in self._overrides:
            held = overrides.holding(self.session, self.run.purpose, day, [self.row.customer_id])
            self._overrides[day] = held.get(self.row.customer_id)
        return self._overrides[day]

    def _start(self, scheme: Scheme, count: int) -> tuple[State, Scheme | None]:
        """The state of now, once for each plan, and the scheme that left it."""
        known = self._step.previous(scheme, [self.row.customer_id])
        by = known["moved_by"][0]
        left = self.scheme_cache.scheme(self.session, by) if by is not None else None
        return carry_state(known, np.zeros(count, dtype=np.intp), scheme), left

    def _grade(
        self,
        plans: Sequence[Plan],
        done_on: date,
        day: date,
        state: State,
        left_by: Scheme | None,
        number: int,
        *,
        interim: bool,
    ) -> tuple[NDArray[np.object_], State]:
        """(the tier of each plan after the grading of a day, the state it leaves)."""
        scheme = self.scheme_on(day)
        book = facts_after(self.records(day, done_on, scheme), plans, done_on, scheme)
        graded = grade_columns(book.columns, book.customers, scheme, day)
        changed = left_by is None or left_by.identity != scheme.identity
        state = carry_state(state, np.arange(len(plans)), scheme, restart=changed)
        by_hand = dict.fromkeys(book.customers.tolist(), self._override_on(day))
        moved = move(graded, scheme, state, snapshot=number, interim=interim, overrides=by_hand)
        return moved.outcome["tier"], moved.following

    def figures(self) -> dict[str, Any]:
        """Indicator -> its value, of those that count today."""
        records = self.records(self.today, self.today, self.scheme)
        columns = facts_after(records, [Plan()], self.today, self.scheme).columns
        missing = grade_columns(columns, [0], self.scheme, self.today).sums.missing[:, 0].tolist()
        known = (one.id for one, gone in zip(self.scheme.indicators, missing, strict=True) if not gone)
        return {name: read_value(columns, name, 0) for name in known}

    def records(self, day: date, done_on: date, scheme: Scheme) -> DayRecords:
        """What a grading as of a day reads, with overdue invoices settled on `done_on` in `settled`."""
        key = (day, done_on, scheme.identity)
        if key not in self._records:
            self._records[key] = self._load(day, done_on, scheme)
        return self._records[key]

    def _load(self, day: date, done_on: date, scheme: Scheme) -> DayRecords:
        session, who, today = self.session, [self.row.customer_id], min(day, self.today)
        rows = computed.load_rows(session, scheme, day, who)
        settled: Rows = ()
        if rows.invoices:
            plain, settled = (
                invoices.invoice_aggregates(
                    session,
                    as_of=day,
                    start=window_start(day, 12),
                    customer_ids=who,
                    paid=invoices.Paid(due_from=self.today, overdue_on=paid_on),
                )
                for paid_on in (None, done_on)
            )
            rows = replace(rows, invoices=plain)
        graded_on = self.run.as_of
        periods = [
            (kind, first, max(last, day) if last >= graded_on else last) for kind, first, last in rows.periods
        ]
        return DayRecords(
            day=day,
            rows=replace(rows, periods=periods),
            settled=settled,
            order_days=orders.order_days(session, customer_id=who[0], as_of=day),
            facts=[
                (name, measured + (day - today), customers, ids, cells)
                for name, measured, customers, ids, cells in facts.facts_by_day(
                    session, fields=list(scheme.fields), as_of=today, customer_ids=who
                )
            ],
            grades=computed.credit_grades(session, scheme, today, who),
        )


def _gives(tiers: NDArray[np.object_], goal: str, scheme: Scheme) -> NDArray[np.bool_]:
    """Which of the tiers are the goal or better; none where the scheme does not have it."""
    ids = [tier.id for tier in scheme.tiers]
    return np.isin(tiers.astype(str), ids[: ids.index(goal) + 1] if goal in ids else [])
