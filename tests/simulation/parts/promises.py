"""Promises of a simulated year: every one is asked about until it is kept or withdrawn, and the manager hears of a broken one."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from sqlmodel import select

from bot.clock import local_date
from bot.services.care import promises
from bot.services.care.promises import Given
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest
from db.care.records.promises import Promise, PromiseMessage, PromiseRole
from tests.simulation.care_people import AT_ONCE, Answer, Colleague, Received
from tests.simulation.parts.part import Part

if TYPE_CHECKING:
    from tests.simulation.care_account import Reading, Told
    from tests.simulation.care_year import Year

A_DAY = timedelta(days=1)
CUSTOMERS_A_PROMISE = 100  # one is made each day for so many customers
MOST_DAYS = 12  # that a slow person takes


@dataclass(kw_only=True)
class Made:
    """A promise as this year knows it, whatever the product has stored."""

    customer: int
    recorded_on: date
    due_on: date
    keeper: int | None = None
    outcome: str | None = None
    closed_on: date | None = None


class Promises(Part):
    """Promises that the prompt keep, the slow keep late, put off or withdraw, and others forget."""

    columns: ClassVar = {
        "promises": "promises",
        "p. kept": "promises kept in time",
        "p. late": "promises kept late",
        "p. over": "promises withdrawn",
        "p. open": "promises open in time",
        "p. told": "promises open late and told",
    }

    def __init__(self, year: "Year") -> None:
        super().__init__(year)
        self.made: dict[str, Made] = {}  # by the id that it was recorded with
        self._forms = 0

    def live(self, today: date) -> None:
        """People promise something, some send the form twice, some take it back at once."""
        presses, now = self.year.presses, self.year.clock.now()
        for customer in self.some_customers(CUSTOMERS_A_PROMISE):
            lead = self.lead_sometimes(customer)
            actor = presses.actor(lead, now) if lead else self.year.actor_for(customer)
            self._forms += 1
            key, due_on = f"view:{self._forms}", actor.today(now) + self.rng.randrange(15) * A_DAY
            for _ in range(1 + (self.rng.random() < 0.2)):
                done = promises.record_promise(
                    *(self.year.database, actor, Given(what=f"Promise {self._forms}", due_on=due_on)),
                    meant=customer,
                    source="slack",
                    external_id=key,
                    rules=self.year.rules,
                    now=now,
                )
            if self.rng.random() < 0.1:
                button = Pointer(id=done.promise_id, version=done.message.version)
                self._press(promises.undo, actor, button, now)
                continue
            self.made[key] = Made(
                customer=customer,
                recorded_on=actor.today(now),
                due_on=due_on,
                keeper=lead.person_id if lead else None,
            )

    def answers(self, colleague: Colleague, received: Received) -> Iterator[tuple[datetime, Answer]]:
        if colleague.kind == "never" or not isinstance(received.message, CareDigest):
            return
        for row in received.message.promises:
            at, what = received.at + AT_ONCE, "kept"
            if colleague.kind == "slow":
                if self.rng.random() < 0.6:
                    continue
                at += self.rng.randrange(MOST_DAYS) * A_DAY
                what = self.rng.choice(("kept", "kept", "postponed", "withdrawn"))
            yield at, self._answer(colleague, row.promise_id, what)

    def _answer(self, colleague: Colleague, promise_id: int, what: str) -> Answer:
        return lambda now: self._act(colleague, promise_id, what, now)

    def _act(self, colleague: Colleague, promise_id: int, what: str, now: datetime) -> None:
        """Do something about a promise, as the message in Slack shows it by then."""
        with self.year.database.read() as session:
            found = session.get(Promise, promise_id)
        if found is None or found.closed_on is not None:
            return
        actor = self.year.presses.actor(colleague, now)
        button, today = Pointer(id=promise_id, version=found.version), actor.today(now)
        made, due_on = self.made[found.external_id], max(found.due_on, today) + 7 * A_DAY
        if what == "postponed":
            told = "They wait until then"
            if self._press(promises.postpone, actor, button, now, due_on=due_on, told=told):
                made.due_on = due_on
        elif what == "withdrawn":
            if self._press(promises.withdraw, actor, button, now, reason="Nobody needs it"):
                made.outcome, made.closed_on = "withdrawn", today
        elif self._press(promises.keep, actor, button, now):
            made.outcome, made.closed_on = "kept", today

    def _press(
        self, how: Callable[..., object], actor: object, button: Pointer, now: datetime, **given: Any
    ) -> bool:
        pressed = self.year.presses.pressed(now)
        given |= {"now": now, "request": pressed["request"]}
        return self.year.presses.press(lambda: how(self.year.database, actor, button, **given))

    def account(self, reading: "Reading", count: Counter[str]) -> Iterator[str]:
        told: dict[int, list[Told]] = defaultdict(list)
        with self.year.database.read() as session:
            stored = {one.external_id: one for one in session.exec(select(Promise))}
            for link in session.exec(select(PromiseMessage)):
                if link.role == PromiseRole.BROKEN and reading.is_sent(link.outbox_id):
                    told[link.promise_id].append(reading.message(link.outbox_id, link.role))
        if set(stored) != set(self.made):
            yield f"promises {set(stored) ^ set(self.made)} differ"
            return
        for key, one in self.made.items():
            found = stored[key]
            if (found.due_on, found.outcome, found.closed_on) != (one.due_on, one.outcome, one.closed_on):
                yield f"promise {key}: stored as {found!r}, expected {one}"
                continue
            yield from self._wrong_with(f"promise {key}", one, told[found.id or 0], reading, count)

    def _wrong_with(
        self, name: str, one: Made, told: list["Told"], reading: "Reading", count: Counter[str]
    ) -> Iterator[str]:
        today = local_date(reading.end, reading.zone)
        until = one.closed_on or today
        is_late = until > one.due_on
        broken = [
            message
            for message in told
            if local_date(message.at, reading.working_of(message.recipient).zone) > one.due_on
        ]
        count["promises"] += 1
        if one.outcome == "withdrawn":
            count["promises withdrawn"] += 1
        elif one.outcome == "kept" or not is_late:
            count[f"promises {one.outcome or 'open'} {'late' if is_late else 'in time'}"] += 1
        elif broken:
            count["promises open late and told"] += 1
        if len(broken) > 1:
            yield f"{name}: the manager was told {len(broken)} times that its day {one.due_on} has passed"
        reader = one.keeper or reading.owners[one.customer]
        working = reading.working_of(reader)
        days = self.year.plan.escalation_of_tier(self.year.customers[one.customer]).manager_days
        is_settled = self.year.changed_tier.get(one.customer, date.min) <= one.due_on
        if is_late and not broken and days is not None and is_settled:
            begun = max(one.due_on, working.next_working_day(one.recorded_on + A_DAY))
            last = reading.day_of_lead(one.customer, begun + (days + 1) * A_DAY) + A_DAY  # zones differ
            if last < until:
                count["silent"] += 1
                yield f"{name}: its day {one.due_on} passed, and the manager was not told by {last}"
        # While it was put off, no digest had to name it: only from the last day on.
        first = max(one.recorded_on + A_DAY, one.due_on)
        for day in self.mornings_without(one.customer, reader, first, until, reading):
            count["silent"] += 1
            yield f"{name}: open on {day}, and person {reader} had no digest"
