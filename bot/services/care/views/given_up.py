"""Which steps of a person's week would have to give, until the others fit into its hours.

Pure. The least important ones by the ranking of the digest give, until what is left takes no longer than the time there is.
Steps come one by one, in any order, and only those that still fit are held.
"""

import heapq
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from grading.scheme.model import Name


class Timed(Protocol):
    """A step, as far as it takes time."""

    @property
    def name(self) -> Name: ...

    @property
    def minutes(self) -> int: ...


@dataclass(kw_only=True)
class StepGivenUp:
    """A step that would have to give, how often, and how many minutes that saves."""

    of: Any
    names: Name
    count: int = 0
    minutes: int = 0


class KeptSteps:
    """The most important steps of a week that fit into its minutes, and the sums of the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._minutes = 0
        self._kept: list[tuple[tuple[float, ...], Hashable, Timed]] = []  # the least important on top
        self._best_given: tuple[float, ...] | None = None  # its negated place
        self._given: dict[Hashable, StepGivenUp] = {}

    @property
    def has_given_up(self) -> bool:
        return bool(self._given)

    def add(self, place: tuple[float, ...], of: Hashable, step: Timed) -> None:
        """Add a step. The smallest place is the most important, and no two steps have the same."""
        key = tuple(-part for part in place)
        if self._best_given is not None and key < self._best_given:
            self._give(of, step)  # less important than one that does not fit
            return
        heapq.heappush(self._kept, (key, of, step))
        self._minutes += step.minutes
        while self._minutes > self._most:
            self._best_given, of, step = heapq.heappop(self._kept)
            self._minutes -= step.minutes
            self._give(of, step)

    def given_up(self) -> Sequence[StepGivenUp]:
        """What would have to give, what saves most first."""
        return sorted(self._given.values(), key=lambda one: (-one.minutes, repr(one.of)))

    def _give(self, of: Hashable, step: Timed) -> None:
        found = self._given.setdefault(of, StepGivenUp(of=of, names=step.name))
        found.count += 1
        found.minutes += step.minutes
