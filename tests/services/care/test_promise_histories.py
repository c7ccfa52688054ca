"""Whatever happens to people, customers and processes, no open promise is silent: it is asked about or reported."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from sqlmodel import col, select, update

from bot.clock import FixedClock
from bot.errors import BotError
from bot.services.care import promises
from bot.services.care.promises import Given
from bot.services.care.promises import rows as promise_rows
from bot.wording.actions import Pointer
from db.book.people import Person
from db.care.records.promises import Promise, PromiseMessage, PromiseRole
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, at, rules
from tests.services.care.test_promises import DAY, FIRM, Office

NAMES = ("Anna", "Tom", "Lin")
DAYS = 10


@dataclass
class History(Office):
    """Days on which anything may happen on any day, with all that managers were told."""

    rng: random.Random = field(default_factory=random.Random)
    told_of: Counter[tuple[int, date]] = field(default_factory=Counter)

    def happen(self) -> None:
        """One thing, if it may happen."""
        by = self.rng.choice(NAMES)
        what = self.rng.choices(
            (self._promise, self._act, self._undo, self._hand_over, self._leave, self._return, self._away),
            (6, 3, 2, 1, 1, 2, 1),
        )[0]
        try:
            what(by)
        except BotError:
            return

    def _promise(self, by: str) -> None:
        today = self.clock.now().date()
        promises.record_promise(
            self.database,
            self.who(by),
            Given(what="Something", due_on=today + self.rng.randrange(9) * DAY),
            meant=self.acme,
            source="slack",
            external_id=f"{self.rng.random()}",
            rules=self.rules,
            now=self.clock.now(),
        )

    def _act(self, by: str) -> None:
        one = self._any()
        pointer, besides = Pointer(id=one.id or 0, version=one.version), self._besides()
        later = max(one.due_on, self.clock.now().date()) + self.rng.randrange(1, 5) * DAY
        match self.rng.randrange(4):
            case 0:
                promises.keep(self.database, self.who(by), pointer, **besides)
            case 1:
                promises.withdraw(self.database, self.who(by), pointer, reason="Not wanted", **besides)
            case _:
                promises.postpone(self.database, self.who(by), pointer, due_on=later, told="Later", **besides)

    def _undo(self, by: str) -> None:
        one = self._any()
        pointer = Pointer(id=one.id or 0, version=one.version)
        promises.undo(self.database, self.who(by), pointer, **self._besides())

    def _hand_over(self, by: str) -> None:
        self.hand_over(by)

    def _leave(self, by: str) -> None:
        gone = self.rng.choice(({"active": False}, {"slack_status": "left"}))
        if by != "Anna":
            self.change(by, **gone)

    def _return(self, by: str) -> None:
        self.change(by, active=True, slack_status="member")

    def _away(self, by: str) -> None:
        today = self.clock.now().date()
        first = today + self.rng.randrange(1, 3) * DAY
        deputy = self.rng.choice([None, *(one for one in NAMES if one != by)])
        self.away(by, first, first + self.rng.randrange(3) * DAY, deputy)

    def _any(self) -> Promise:
        found: list[Promise] = self.all(Promise)
        return self.rng.choice(found) if found else Promise(id=0, due_on=MONDAY, version=1)

    def _besides(self) -> dict[str, object]:
        return {"now": self.clock.now(), "request": self.press()}

    def morning(self, day: date) -> None:
        """What the job that writes digests does at nine; no care step is due in this book."""
        self.clock.advance(at(day, 9) - self.clock.now())
        self.remind()

    def tell(self, day: date) -> None:
        before = {number for number, _ in self._links(PromiseRole.BROKEN, None)}
        self.told(day, 10)
        due = {one.id: one.due_on for one in self.all(Promise)}
        for number, promise in self._links(PromiseRole.BROKEN, None):
            if number not in before and promise in due:
                self.told_of[promise, due[promise]] += 1

    def shown(self, day: date) -> set[int]:  # type: ignore[override]
        """The promises that the digests of a day show or count."""
        return {promise for _, promise in self._links(PromiseRole.DIGEST, day)}

    def in_lists(self) -> set[int]:
        """The promises in what some person has to do now."""
        with self.database.read() as session:
            here = [one.name for one in session.exec(select(Person)) if one.is_present]
        with pytest.MonkeyPatch.context() as patch:  # of which a list of many only counts the others
            patch.setattr(promise_rows, "MOST_SHOWN", 1_000)
            return {row.promise_id for name in here for row in self.listed(name)}

    def _links(self, role: str, day: date | None) -> list[tuple[int, int]]:
        with self.database.read() as session:
            found = session.exec(
                select(PromiseMessage, OutboxMessage.created_at)
                .join(OutboxMessage, col(OutboxMessage.id) == PromiseMessage.outbox_id)
                .where(PromiseMessage.role == role)
            ).all()
        return [(link.outbox_id, link.promise_id) for link, made in found if day in (None, made.date())]


@on_sqlite
@pytest.mark.parametrize("seed", [0, 1, 4])
def test_an_open_promise_is_in_a_digest_or_list_or_reported_whatever_happens(
    database: Database, seed: int
) -> None:
    office = History(
        database, rules=rules(), channel=FIRM, clock=FixedClock(at(MONDAY, 10)), rng=random.Random(seed)
    )
    office.fill()
    office.promise(MONDAY + DAY, form="first")
    asked = 0
    for number in range(1, DAYS + 1):
        for _ in range(office.rng.randrange(4)):
            office.happen()
            office.clock.advance(timedelta(minutes=office.rng.randrange(15)))
        day = MONDAY + number * DAY
        stands_still = office.rng.random() < 0.15
        if stands_still:
            office.clock.advance(at(day, 10) - office.clock.now())
            continue
        office.morning(day)
        office.tell(day)
        if day.weekday() > 4:  # a channel has no list, and no digest on days off
            continue
        due = [one for one in office.all(Promise) if one.closed_on is None and one.due_on <= day]
        asked += len(due)
        shown = office.shown(day)
        listed = office.in_lists() if any(one.id not in shown for one in due) else set()
        for one in due:
            is_reported = one.reported_for == one.due_on
            assert one.id in shown or one.id in listed or is_reported, (day, one)
    assert asked, seed
    assert all(count == 1 for count in office.told_of.values())
    # Some days later, with the processes running and nobody doing anything, each broken one was reported.
    last = MONDAY + (DAYS + 1) * DAY
    with database.write() as session:
        session.exec(update(Person).values(active=True, slack_status="member"))
    for number in range(5):
        office.morning(last + number * DAY)
        office.tell(last + number * DAY)
    late = [one for one in office.all(Promise) if one.closed_on is None and one.due_on < last]
    assert [one.id for one in late if one.reported_for != one.due_on] == []
    assert all(count == 1 for count in office.told_of.values())
