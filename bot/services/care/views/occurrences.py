"""What customers will be asked for until a day, if each step is done on the day on which it is due.

`bot.services.care.dues` computes every occurrence, as it does for planning. Steps that no contact connects do not change
each other's days, so each group of connected steps is computed once for all customers in the same situation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from bot.services.care.birthdays import occasion_of
from bot.services.care.dues import AGAIN, Known, NotDue, Over, OwedStep, steps_due
from bot.services.care.owed_care import CALENDAR, Loaded
from bot.services.care.plan import BirthdayStep, FollowUp, Greeting, LowScoreStep, Once, Step
from bot.services.care.views.planned import PlannedStep

DAY = timedelta(days=1)
MOST_KEPT = 50_000  # situations, each of some three kilobytes
_OVER = frozenset({NotDue.FULFILLED, NotDue.ANSWERED, NotDue.NO_DATE, NotDue.NO_CONTACT})
_OF_ONE_CUSTOMER = frozenset({"customer_id", "graded_on"})  # fields of Known that decide only the first day

StepKey = tuple[str, str]  # step, occasion


class Occurrence(NamedTuple):
    """A step on the day on which it is done. `is_open`: it is the one that is open now."""

    day: date
    latest: date
    step: Step
    occasion: str
    is_open: bool


class _Opened(NamedTuple):
    """The next occurrence of a step."""

    on: date
    latest: date
    anchor: date | None
    is_open: bool


class Occurrences:
    """The occurrences of customers until a day."""

    def __init__(self, until: date) -> None:
        self._until = until
        self._groups: dict[tuple[int, ...], tuple[Sequence[Step], list[_Connected]]] = {}
        self._known: dict[Any, tuple[Occurrence, ...]] = {}

    def of(self, customer: Loaded, open_steps: Mapping[StepKey, PlannedStep]) -> list[Occurrence]:
        """All occurrences of a customer, given its open steps."""
        found: list[Occurrence] = []
        for group in self._connected(customer.owed.steps):
            opened = {
                key: _Opened(step.due_on, step.latest_on, step.anchor, True)
                for key, step in open_steps.items()
                if key[0] in group.ids
            }
            # Planning adds no occurrence that was closed before.
            closed = {
                (one.step.id, one.occasion): one.due.anchor
                for one in customer.owed.steps
                if one.due is not None and one.step.id in group.ids
                if (one.step.id, one.occasion) not in opened
            }
            known = group.narrow(customer.known)
            key = group.number, *_frozen(known), frozenset(opened.items()), frozenset(closed.items())
            occurrences = self._known.get(key)
            if occurrences is None:
                if len(self._known) >= MOST_KEPT:
                    self._known.clear()
                occurrences = self._known[key] = tuple(group.occurrences(known, opened, closed, self._until))
            found += occurrences
        return found

    def _connected(self, owed: Sequence[OwedStep]) -> "list[_Connected]":
        """The groups of connected steps among those that a customer is owed."""
        steps = list({id(one.step): one.step for one in owed}.values())
        key = tuple(map(id, steps))
        if key not in self._groups:
            # The steps are kept, so that their ids stay theirs.
            self._groups[key] = steps, list(_groups(steps))
        return self._groups[key][1]


@dataclass(frozen=True, kw_only=True)
class _Connected:
    """Steps that are fulfilled, or made due, by the contacts of each other."""

    steps: tuple[Step, ...]
    kinds: frozenset[str]

    @property
    def number(self) -> int:
        return id(self.steps)

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(step.id for step in self.steps)

    @cached_property
    def _greets(self) -> bool:
        return any(isinstance(step, BirthdayStep | Greeting) for step in self.steps)

    @cached_property
    def _follows_up(self) -> bool:
        return any(isinstance(step, LowScoreStep) for step in self.steps)

    def narrow(self, known: Known) -> Known:
        """What of a customer decides the days of these steps."""
        ids = self.ids
        dates = {getattr(step, "of", "") for step in self.steps}
        # A step that comes once is owed from now on, when it was not before.
        once = {step.id: known.today for step in self.steps if isinstance(step, Once)}
        people = tuple(known.people) if self._greets else ()
        # A birthday may have been greeted by a step of an earlier tier.
        birthdays = {occasion_of(person.id) for person in people}
        return replace(
            known,
            contacts={kind: day for kind, day in known.contacts.items() if kind in self.kinds},
            over={key: over for key, over in known.over.items() if key[0] in ids or key[1] in birthdays},
            owed_since=once | {step: day for step, day in known.owed_since.items() if step in once},
            dates={name: day for name, day in known.dates.items() if name in dates},
            people=people,
            low_scores=known.low_scores if self._follows_up else {},
        )

    def occurrences(
        self, known: Known, opened: dict[StepKey, _Opened], closed: Mapping[StepKey, date | None], until: date
    ) -> list[Occurrence]:
        """Do the step that is due first, as a contact of that day, and compute the others anew; until no more is due."""
        places = {step.id: place for place, step in enumerate(self.steps)}
        by_id = {step.id: step for step in self.steps}
        found: list[Occurrence] = []
        while True:
            first = min(
                opened,
                key=lambda key: (max(opened[key].on, known.today), opened[key].on, places[key[0]]),
                default=None,
            )
            day = until + DAY if first is None else max(opened[first].on, known.today)
            again = self._comes_again(known)
            if again is not None and again < day:
                known = replace(known, today=again, soonest=again)
            elif first is None or day > until:
                return found
            else:
                done, step = opened.pop(first), by_id[first[0]]
                found.append(Occurrence(day, done.latest, step, first[1], done.is_open))
                known = _after(known, step, first, done, day)
            self._open(known, opened, closed)

    def _comes_again(self, known: Known) -> date | None:
        """The next day on which a step that comes once, and was answered, is owed again."""
        days = (
            known.over[step.id, ""].closed_on + AGAIN
            for step in self.steps
            if isinstance(step, Once)
            if (step.id, "") in known.over
        )
        return min((day for day in days if day > known.today), default=None)

    def _open(
        self, known: Known, opened: dict[StepKey, _Opened], closed: Mapping[StepKey, date | None]
    ) -> None:
        """Bring the open steps in line with what is known, as planning does."""
        for one in steps_due(self.steps, known, CALENDAR):
            key = one.step.id, one.occasion
            if one.due is None:
                if one.why in _OVER:
                    opened.pop(key, None)
                continue
            anchor = one.due.anchor
            is_open = key in opened and opened[key].anchor == anchor
            if not is_open and not (key in closed and closed[key] == anchor):
                opened[key] = _Opened(one.due.on, one.due.latest, anchor, False)


def contact_of(step: Step) -> str:
    """The kind of contact as which a step is done."""
    return step.what if step.what in step.fulfilled_by else step.fulfilled_by[0]


def _after(known: Known, step: Step, key: StepKey, done: _Opened, day: date) -> Known:
    """What is known of a customer when a step was done on a day."""
    before = known.over.get(key)
    anchors = [one for one in (done.anchor, before and before.anchor) if one is not None]
    is_early = done.anchor is not None and day <= done.anchor
    over = Over(max(anchors, default=None), day, day if is_early else before and before.answered_on)
    return replace(
        known,
        today=day,
        soonest=day + DAY,
        contacts={**known.contacts, contact_of(step): day},
        over={**known.over, key: over},
    )


def _groups(steps: Sequence[Step]) -> "list[_Connected]":
    """Steps in groups: those of different groups have no kind of contact in common."""
    groups: list[tuple[list[Step], set[str]]] = []
    for step in steps:
        kinds = {*step.fulfilled_by, *(step.after if isinstance(step, FollowUp) else ())}
        joined = [group for group in groups if group[1] & kinds]
        groups = [group for group in groups if group not in joined]
        groups.append(
            (
                [*(one for group in joined for one in group[0]), step],
                kinds.union(*(group[1] for group in joined)),
            )
        )
    order = {id(step): place for place, step in enumerate(steps)}
    return [
        _Connected(steps=tuple(sorted(of, key=lambda step: order[id(step)])), kinds=frozenset(kinds))
        for of, kinds in groups
    ]


def _frozen(known: Known) -> tuple[Any, ...]:
    """What is known as a key. Every field counts that is not of one customer only."""
    return tuple(
        _hashable(getattr(known, one.name)) for one in fields(known) if one.name not in _OF_ONE_CUSTOMER
    )


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozenset((name, _hashable(one)) for name, one in value.items())
    return tuple(value) if isinstance(value, list) else value
