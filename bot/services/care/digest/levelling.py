"""Which of the steps that are due a person is asked for this morning, in which order, and when the others come.

Pure: rows in, days out.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.services.care.working_time import WorkingTime

FALLING, PENDING_FALL, SILENT = "falling", "pending_fall", "silent"  # reasons, as `CareRow` knows them


@dataclass(frozen=True, kw_only=True)
class Weight:
    """What decides the place of a step among all that a person has to do."""

    over: int  # days past its limit
    tier: int  # its rank: 0 is the best
    score: float | None = None
    score_before: float | None = None
    pending_fall: bool = False
    silent: bool = False  # no order for longer than its own rhythm


def rank(row: Weight) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """(A key that sorts what comes first to the front, what else than tier and limit gives the place).

    The longest overdue comes first, then the best tier, then a customer that is about to fall, one whose score falls, one
    that has stopped ordering, then the highest score.
    """
    falls = row.score is not None and row.score_before is not None and row.score < row.score_before
    reasons = (PENDING_FALL,) if row.pending_fall else (FALLING,) if falls else ()
    if row.silent:
        reasons = (*reasons, SILENT)
    pressing = 4 * row.pending_fall + 2 * falls + row.silent
    return (-row.over, row.tier, -pressing, -(row.score or 0.0)), reasons


@dataclass(frozen=True, kw_only=True)
class Movable:
    """A due step, best first in its list: the last day of its window, and whether it may be shown later at all."""

    touch_id: int
    latest_on: date | None  # None: its window is not known
    chosen: bool = False  # a person chose this day for it
    backlog: bool = False  # it was late already when its morning came: an upgrade, a new plan, a standstill


def level(
    rows: Sequence[Movable], today: date, working: WorkingTime, most: int, planned: Mapping[date, int]
) -> tuple[list[int], dict[int, date]]:
    """(The steps of today, the others with their later days), given how many are planned for each day to come.

    At most `most` are asked for today, but all of those stay that have no later working day within their window. The
    others go to the next working day with room, or, where no day of their window has room, to the one with the fewest.
    Of a backlog, `most` begin on each working day, whatever else is due, so that all of it begins soon.
    """
    backlog = [row.touch_id for row in rows if row.backlog and not row.chosen]
    begins = dict(zip(backlog, _each_day(today, most, working), strict=False))
    last = {row.touch_id: begins.get(row.touch_id) or last_day(row, today, working) for row in rows}
    days = list(_working_days(today + timedelta(days=1), max(last.values(), default=today), working))
    must = {row.touch_id for row in rows if last[row.touch_id] <= today}
    room = max(0, most - len(must))
    stay, moved, load = [], {one: day for one, day in begins.items() if day > today}, dict(planned)
    for day in moved.values():
        load[day] = load.get(day, 0) + 1
    for row in rows:
        if row.touch_id in moved:
            continue
        if row.touch_id in must or room > 0:
            room -= row.touch_id not in must
            stay.append(row.touch_id)
            continue
        window = days[: bisect_right(days, last[row.touch_id])]
        with_room = (day for day in window if load.get(day, 0) < most)
        day = next(with_room, None) or min(window, key=lambda one: (load.get(one, 0), one))
        load[day] = load.get(day, 0) + 1
        moved[row.touch_id] = day
    return stay, moved


def last_day(row: Movable, today: date, working: WorkingTime) -> date:
    """The last working day on which a step may be asked for: not after its limit, and never before today."""
    if row.latest_on is None or row.chosen or row.latest_on <= today:
        return today
    return max(today, working.last_working_day(row.latest_on))


def _each_day(today: date, most: int, working: WorkingTime) -> Iterator[date]:
    """Today and the working days to come, each of them `most` times."""
    day = today
    while True:
        yield from [day] * max(1, most)
        day = working.next_working_day(day + timedelta(days=1))


def _working_days(first: date, last: date, working: WorkingTime) -> Iterable[date]:
    day = working.next_working_day(first)
    while day <= last:
        yield day
        day = working.next_working_day(day + timedelta(days=1))
