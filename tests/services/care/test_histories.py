"""Histories of one customer under a plan with every kind of step, drawn from seeds; what always holds."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from bot.services.care import schedule
from bot.services.care.dues import NotDue
from bot.services.care.plan import CarePlan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from db.book.facts import Activity
from db.book.people import Person
from db.care import touches
from db.care.planning import CustomerCare
from db.care.touches import OPEN, Touch
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.book import Book

DAY = timedelta(days=1)
KINDS = ("visit", "call", "meeting", "greeting", "review", "gift")


def named(step: str, **values: object) -> dict[str, object]:
    return {"id": step, "name": {"en": step, "zh": step}, **values}


REVISIT = named("revisit", kind="revisit", every_days=30, at_most_days=45, counts=["visit", "call"])
OFTEN = named("revisit", kind="revisit", every_days=10, at_most_days=12, counts=["visit", "call"])
FOLLOW_UP = named(
    "follow", kind="follow_up", after=["visit", "meeting"], after_days=7, counts=["call", "visit"]
)
GREETING = named(
    "greeting", kind="greeting", days_before=3, occasions=["new_year", "spring_festival", "christmas"]
)
YEARLY = named("yearly", kind="anniversary", days_before=5, within_days=7, counts=["greeting", "call"])
WIN_BACK = named("win_back", kind="once", after_days=3, counts=["call", "visit"])
PLAN = {
    "plan": "all",
    "version": 1,
    "tiers": {"A": [OFTEN, FOLLOW_UP, GREETING, YEARLY], "B": [REVISIT, GREETING], "C": [YEARLY]},
    "also": [{"when": {"lifecycle": ["lost"]}, "steps": [WIN_BACK]}],
}
CHANGED = {**PLAN, "version": 2, "tiers": {**PLAN["tiers"], "B": [FOLLOW_UP, REVISIT]}}  # type: ignore[dict-item]


@dataclass
class History:
    """A customer, its book, and the moves a history is made of."""

    book: Book
    rng: random.Random
    customer: int = 0
    did: list[str] = field(default_factory=list)

    def begin(self, seed: int) -> None:
        self.use(PLAN)
        with self.book.database.write() as session:
            owner = factories.person(session, f"Owner{seed}", timezone="Asia/Shanghai")
            country = self.rng.choice(("CN", "DE", None))
            since = self.rng.choice((date(2024, 2, 29), date(2025, 12, 28), None))
            self.customer = factories.customer(session, owner_id=owner, country=country, since=since)
        self.grade()

    def use(self, plan: dict[str, object]) -> None:
        plans = CarePlans((CarePlan.model_validate(plan),))
        rules = self.book.rules
        self.book.rules = CareRules(plans=plans, zone=rules.zone, remind_at=rules.remind_at)

    def move(self) -> None:
        often, seldom = (self.wait, self.skip, self.done), (self.contact, self.take_back)
        changes = (self.grade, self.trait, self.zone, self.another_plan)
        act: Callable[[], None] = self.rng.choice([*often, *often, *seldom, *seldom, *changes])
        self.did.append(act.__name__)
        act()

    def wait(self) -> None:
        """Time passes, and the digest of that morning shows what is due."""
        days, hours = self.rng.choice((0, 1, 3, 9, 30, 100)), self.rng.randint(0, 23)
        self.book.clock.advance(timedelta(days=days, hours=hours))
        self.book.plan()
        for touch in self._open("planned", "snoozed"):
            if touch.remind_at <= self.book.clock.now():
                self._close(touch, state="reminded", remind_at=touch.remind_at + 3 * DAY)

    def contact(self) -> None:
        with self.book.database.write() as session:
            self._contact(session, self.rng.choice(KINDS), self.rng.choice((0, 0, 1, 5, 40)))

    def _contact(self, session: Session, kind: str, days_ago: int) -> int:
        return factories.contact(session, self.customer, self.today - days_ago * DAY, kind)

    def take_back(self) -> None:
        with self.book.database.write() as session:
            newest = select(Activity).where(Activity.customer_id == self.customer)
            if found := session.exec(newest.order_by(col(Activity.id).desc())).first():
                session.delete(found)

    def skip(self) -> None:
        for touch in self._shown():
            self._close(
                touch, state="skipped", reason="no time", closed_at=self.book.clock.now(), closed_by=1
            )

    def done(self) -> None:
        for touch in self._shown():
            kind = {"greeting": "greeting"}.get(touch.kind, "call")
            with self.book.database.write() as session:
                contact = self._contact(session, kind, 0)
            self._close(
                touch, state="done", activity_id=contact, closed_at=self.book.clock.now(), closed_by=1
            )

    def grade(self) -> None:
        tier = self.rng.choice(("A", "A", "B", "C", "blocked"))
        self.book.grade({self.customer: tier}, as_of=self.today)

    def trait(self) -> None:
        with self.book.database.write() as session:
            row = session.get(CustomerCare, self.customer) or CustomerCare(customer_id=self.customer)
            row.lifecycle = self.rng.choice(("lost", "active", None))
            session.add(row)

    def zone(self) -> None:
        with self.book.database.write() as session:
            session.exec(select(Person)).one().timezone = self.rng.choice(
                ("Pacific/Auckland", "America/New_York")
            )

    def another_plan(self) -> None:
        self.use(self.rng.choice((PLAN, CHANGED)))

    @property
    def today(self) -> date:
        return self.book.clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()

    def _shown(self) -> list[Touch]:
        found = self._open("reminded")
        return [self.rng.choice(found)] if found else []

    def _open(self, *states: str) -> list[Touch]:
        return [one for one in self.rows() if one.state in states]

    def _close(self, touch: Touch, **values: object) -> None:
        with self.book.database.write() as session:
            assert touches.move(session, touch.id or 0, touch.version, **values)

    def rows(self) -> list[Touch]:
        with self.book.database.read() as session:
            return list(session.exec(select(Touch).order_by(col(Touch.id))))

    def check(self) -> None:
        self.book.plan()
        rows = self.rows()
        assert self.book.plan() == 0, "planning twice changes something"
        assert rows == self.rows()
        with self.book.database.read() as session:
            owed = schedule.owed(session, self.book.rules, [self.customer], self.book.clock.now())
            contacts = touches.last_contacts(session, [self.customer]).get(self.customer, {})
            days = {one.id: one.happened_on for one in session.exec(select(Activity))}
        present = {(one.step, one.occasion): one for one in rows if one.state in OPEN}
        steps = owed[self.customer].steps
        for one in steps:
            assert one.why != NotDue.BROKEN
            if one.due is not None:
                assert (one.step.id, one.occasion) in present, f"{one.step.id} is owed and has no row"
        assert {key[0] for key in present} <= {one.step.id for one in steps}, (
            "a step that is not owed is open"
        )
        occurrences = Counter(
            (one.step, one.occasion, one.anchor) for one in rows if one.state not in ("cancelled", "skipped")
        )
        assert max(occurrences.values(), default=1) == 1, f"an occurrence has two rows: {occurrences}"
        for touch in present.values():
            assert touch.latest_on is not None
            assert touch.due_on <= touch.latest_on
            self._check_clock(touch, contacts)
        for touch in rows:
            if touch.state == "done" and touch.kind in ("revisit", "follow_up") and touch.activity_id in days:
                assert touch.anchor is None or days[touch.activity_id] >= touch.anchor

    def _check_clock(self, touch: Touch, contacts: dict[str, date]) -> None:
        """No open step is older than a contact that fulfils it."""
        if touch.kind == "revisit":
            last = max((contacts[kind] for kind in ("visit", "call") if kind in contacts), default=None)
            assert last is None or (touch.anchor is not None and touch.anchor >= last)
        if touch.kind == "follow_up":
            assert touch.anchor == max(contacts[kind] for kind in ("visit", "meeting") if kind in contacts)
            assert contacts.get("call", touch.anchor) <= touch.anchor
        if touch.kind == "once":
            assert touch.anchor is not None
            assert all(contacts.get(kind, touch.anchor) <= touch.anchor for kind in ("visit", "call"))


def play(database: Database, seed: int, moves: int = 12) -> None:
    rng = random.Random(seed)
    history = History(Book(database), rng)
    history.begin(seed)
    try:
        for _ in range(moves):
            history.move()
            history.check()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, {history.did}: {error}") from error


@all_on_postgresql
@pytest.mark.parametrize("seed", [*range(8), 1000, 1061])
def test_no_history_plans_a_step_twice_or_never(database: Database, seed: int) -> None:
    play(database, seed)
