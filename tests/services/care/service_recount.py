"""A slow recount of what tiers are promised: day by day, as docs/service-promise.md says it, without SQL."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.services.care.service.counts import ServiceCount
from grading.scheme.model import UNRATED

DAY = timedelta(days=1)
RESPONSE, COMPLAINTS = "response", "complaints"
IS = {
    "visits": ("visit", "meeting"),
    "calls": ("call",),
    "surveys": ("survey",),
    "reviews": ("review",),
    "trainings": ("training",),
}
Event = tuple[date, str]
Said = Mapping[str, Mapping[str, int]]  # tier -> what is promised -> how many a year, or within how many days
# (customer, day on which it was owed, tier, person, what is promised, how it went)
Counted = Counter[tuple[int, date, str, int, str, str]]


@dataclass
class Life:
    """What happened with a customer."""

    tiers: list[Event]  # from when in which tier
    owners: list[tuple[date, int]]
    contacts: list[Event] = field(default_factory=list)
    complaints: list[tuple[date, date, date | None, date | None]] = field(default_factory=list)

    def tier_on(self, day: date) -> str | None:
        return next((tier for since, tier in reversed(self.tiers) if since <= day), None)

    def owner_on(self, day: date) -> int:
        return next(person for since, person in reversed(self.owners) if since <= day)


@dataclass(kw_only=True)
class Recount:
    """Recounts lives under promises, of which each is in force from its day to the next one."""

    promises: Sequence[tuple[date, Said]]
    today: date
    _dues: dict[tuple[int, str], list[tuple[str, date, date]]] = field(default_factory=dict)

    def recounted(self, lives: Mapping[int, Life], start: date, end: date) -> Counted:
        found: Counted = Counter()
        end = min(end, self.today - DAY)
        for number, life in lives.items():
            for promised, kinds in IS.items():
                happened = [day for day, kind in life.contacts if kind in kinds and day <= self.today]
                for tier, due, how in self._judged(self._dues_of(number, life, promised), happened):
                    if start <= due <= end:
                        found[number, due, tier, life.owner_on(due), promised, how] += 1
            for tier, promised, due, done in self._of_complaints(life):
                if start <= due <= end:
                    how = "missed" if done is None else "in_time" if done <= due else "late"
                    found[number, due, tier, life.owner_on(due), promised, how] += 1
        return found

    def _said(self, day: date, tier: str | None, promised: str) -> int | None:
        said = next((said for since, said in reversed(self.promises) if since <= day), {})
        return said.get(tier or "", {}).get(promised)

    def _dues_of(self, number: int, life: Life, promised: str) -> list[tuple[str, date, date]]:
        """(tier, day on which one is owed, first day on which it may be), also of the next years."""
        if (number, promised) not in self._dues:
            self._dues[number, promised] = list(self._count_up(life, promised))
        return self._dues[number, promised]

    def _count_up(self, life: Life, promised: str) -> Iterator[tuple[str, date, date]]:
        day = opens = date(self.promises[0][0].year, 1, 1)
        total = 0
        while day.year < self.today.year + 2:
            if (day.month, day.day) == (1, 1):
                total, opens = 0, day
            tier = life.tier_on(day)
            total += self._said(day, tier, promised) or 0
            if total >= 365:
                total -= 365
                yield tier or "", day, opens
                opens = day + DAY
            day += DAY

    def _judged(
        self, dues: list[tuple[str, date, date]], happened: list[date]
    ) -> Iterator[tuple[str, date, str]]:
        for place, (tier, due, opens) in enumerate(dues):
            following = dues[place + 1] if place + 1 < len(dues) else None
            after = [day for day in happened if due < day <= (following[1] if following else self.today)]
            needed = following is not None and any(day >= following[2] for day in after)
            if any(opens <= day <= due for day in happened):
                yield tier, due, "in_time"
            else:
                yield tier, due, "late" if len(after) > needed else "missed"

    def _of_complaints(self, life: Life) -> Iterator[tuple[str, str, date, date | None]]:
        for reported, deadline, step, closed in life.complaints:
            tier = life.tier_on(reported)
            yield tier or UNRATED, COMPLAINTS, deadline, closed
            within = self._said(reported, tier, RESPONSE)
            if tier is not None and within is not None:
                first = min((day for day in (step, closed) if day), default=None)
                yield tier, RESPONSE, reported + within * DAY, first


def as_recounted(rows: Iterable[ServiceCount]) -> Counted:
    """The counts of the product by customer and day, as the recount has them."""
    found: Counted = Counter()
    for row in rows:
        assert row.customer_id is not None
        assert row.day is not None
        assert row.owed == row.in_time + row.late + row.missed
        for how in ("in_time", "late", "missed"):
            if times := getattr(row, how):
                key = (row.customer_id, row.day, row.tier, row.person_id or 0, str(row.promised), how)
                found[key] += times
    return found


def service_text(promised: Mapping[str, int]) -> str:
    """The `policy` of a tier in a scheme that promises this."""
    said = ", ".join(
        f"{'response_days' if name == RESPONSE else f'{name}_a_year'}: {number}"
        for name, number in promised.items()
    )
    return f"policy: {{service: {{{said}}}}}"
