"""How much one person may look at: different customers on a day, counted for all processes, and wrong guesses."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from bot.clock import FixedClock
from bot.errors import Hidden, NotFound
from bot.services.access import Actor
from bot.services.ask import bounds
from bot.services.ask.bounds import (
    FIRST_PAUSE,
    FREE_GUESSES,
    GUESSES_COUNT,
    LONGEST_PAUSE,
    Bounds,
    LimitOfTheDay,
    Pause,
)
from bot.settings import Settings
from bot.wording.messages import NoMatch, load
from bot.wording.notices import LimitReached
from bot.wording.private import MaskedFields
from db import usage
from db.audit import AuditEntry
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MOST = 3
CARD = MaskedFields(name="ACME", code="C-1", figures=(), facts=(), as_of=None)
NOBODY = NoMatch(query="Acne", hits=())


@dataclass
class Ticks:
    """A monotonic clock that stands still."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Process:
    """One process with its own memory."""

    database: Database
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    ticks: Ticks = field(default_factory=Ticks)
    most: int = MOST
    admins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settings = Settings(
            _env_file=None, TIERBOT_CUSTOMERS_PER_DAY=self.most, TIERBOT_ADMINS=",".join(self.admins)
        )
        self.bounds = Bounds(self.database, settings, self.clock, self.ticks)
        self.bounds._writing.wake = lambda: None  # type: ignore[method-assign] # what is stored when, the test says

    def look(self, actor: Actor, *customers: int) -> int:
        """How many of these customers, one after the other, are shown."""
        for place, customer in enumerate(customers):
            try:
                self.bounds.show(actor, CARD, customer_id=customer)
            except LimitOfTheDay:
                return place
        return len(customers)

    def guess(self, anna: Actor, times: int = 1) -> None:
        for _ in range(times):
            with self.bounds.asking(anna):
                self.bounds.show(anna, NOBODY)

    def is_answered(self, actor: Actor) -> bool:
        try:
            with self.bounds.asking(actor):
                return True
        except Pause:
            return False


def fail(*arguments: object) -> int:
    raise OSError("the disk is full")


@pytest.fixture
def process(database: Database) -> Process:
    return Process(database)


def actor(number: int, name: str = "Anna", role: str = "account_manager") -> Actor:
    return Actor(
        person_id=number,
        name=name,
        role=role,
        team_id=None,
        led_teams=frozenset(),
        slack_user_id=f"U0{name.upper()}",
        language="en",
        timezone="UTC",
    )


def person(database: Database, name: str = "Anna", role: str = "account_manager") -> Actor:
    with database.write() as session:
        return actor(factories.person(session, name, role=role), name, role)


def told(database: Database) -> list[tuple[int | None, LimitReached]]:
    with database.read() as session:
        rows = list(session.exec(select(OutboxMessage).order_by(OutboxMessage.id)))
    found = []
    for row in rows:
        message = load(json.loads(row.body_json or ""))
        assert isinstance(message, LimitReached)
        found.append((row.recipient, message))
    return found


def test_a_person_may_look_at_so_many_different_customers_a_day(process: Process) -> None:
    anna, omar = person(process.database), person(process.database, "Omar")
    assert process.look(anna, 1, 2, 1, 3, 2) == 5
    assert process.look(anna, 4) == 0
    assert process.look(anna, 1, 2, 3) == 3  # what was seen can be opened again
    assert process.look(omar, 1, 2, 4) == 3
    process.clock.advance(timedelta(days=1))
    assert process.look(anna, 4, 5, 6) == 3


def test_the_limit_is_refused_with_a_sentence(process: Process) -> None:
    anna = person(process.database)
    process.look(anna, 1, 2, 3)
    with pytest.raises(LimitOfTheDay, match="This would be more than 3 different customers today"):
        process.bounds.show(anna, CARD, customer_id=4)


def test_the_firms_day_counts(database: Database) -> None:
    anna = person(database)
    process = Process(database)
    process.bounds._settings = process.bounds._settings.model_copy(update={"timezone": "Asia/Shanghai"})
    process.clock.advance(timedelta(hours=3, minutes=59))
    assert process.look(anna, 1, 2, 3, 4) == 3
    process.clock.advance(timedelta(minutes=2))  # midnight in Shanghai has passed
    assert process.look(anna, 4) == 1


def test_no_limit_counts_nothing(database: Database) -> None:
    process = Process(database, most=0)
    anna = person(database)
    assert process.look(anna, *range(1, 50)) == 49
    process.bounds.store()
    with database.read() as session:
        assert usage.customers_seen(session, anna.person_id, NOON.date()) == 0


def test_all_processes_count_together_and_a_new_one_goes_on(database: Database) -> None:
    anna = person(database)
    first, second = Process(database), Process(database)
    assert first.look(anna, 1) == second.look(anna, 2) == 1
    first.bounds.store()
    second.bounds.store()
    assert second.look(anna, 3, 4) == 1
    second.bounds.store()
    assert Process(database).look(anna, 5) == 0


@on_sqlite
def test_what_could_not_be_stored_is_stored_later(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = person(process.database)
    process.look(anna, 1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(usage, "add_customers", fail)
        with pytest.raises(OSError, match="disk is full"):
            process.bounds.store()
    process.bounds.store()
    process.bounds.store()
    with process.database.read() as session:
        assert usage.customers_seen(session, anna.person_id, NOON.date()) == 2
    assert process.look(anna, 3, 4) == 1


def test_each_admin_hears_once_a_day_who_has_reached_the_limit(database: Database) -> None:
    with database.write() as session:
        grace = factories.person(session, "Grace", role="admin")
        by_settings = factories.person(session, "Olga")
    anna = person(database)
    for process in (
        Process(database, admins=("olga@example.com",)),
        Process(database, admins=("olga@example.com",)),
    ):
        process.look(anna, 1, 2, 3, 4)
        process.look(anna, 5)
        process.bounds.store()
        process.look(anna, 6)
        process.bounds.store()
    heard = told(database)
    assert [recipient for recipient, _ in heard] == [grace, by_settings]
    assert {(message.who.name, message.limit, message.day) for _, message in heard} == {
        ("Anna", MOST, date(2026, 5, 4))
    }
    process.clock.advance(timedelta(days=1))
    process.look(anna, 1, 2, 3, 4)
    process.bounds.store()
    assert len(told(database)) == 4


def test_rows_of_past_days_are_deleted(database: Database) -> None:
    with database.write() as session:
        anna = factories.person(session, "Anna")
        for day in (1, 2, 3):
            usage.add_customers(session, anna, date(2026, 5, day), day)
        usage.forget_before(session, date(2026, 5, 3))
        assert [usage.customers_seen(session, anna, date(2026, 5, day)) for day in (1, 2, 3)] == [0, 0, 3]


# --- wrong guesses


@on_sqlite
def test_after_several_wrong_guesses_a_person_waits_longer_and_longer(process: Process) -> None:
    anna, omar = person(process.database), person(process.database, "Omar")
    process.guess(anna, FREE_GUESSES - 1)
    assert process.is_answered(anna)
    process.guess(anna)
    pause = FIRST_PAUSE
    while pause < LONGEST_PAUSE:
        assert not process.is_answered(anna)
        assert process.is_answered(omar)
        process.ticks.now += pause - 0.1
        assert not process.is_answered(anna)
        process.ticks.now += 0.2
        process.guess(anna)
        pause *= 2
    process.ticks.now += LONGEST_PAUSE + 0.1
    assert process.is_answered(anna)


@on_sqlite
def test_wrong_guesses_are_in_the_audit_once(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, omar = person(process.database), person(process.database, "Omar")
    process.guess(anna, 2)
    process.look(omar, 1)
    with monkeypatch.context() as broken:
        broken.setattr(usage, "add_customers", fail)
        with pytest.raises(OSError, match="disk"):
            process.bounds.store()
    process.guess(anna)
    for _ in range(2):
        process.bounds.store()
    with process.database.read() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.action == "not_in_book")).all()
    assert [(row.actor, row.door, row.object_id, row.after) for row in rows] == [
        (f"person:{anna.person_id}", "slack", None, '{"times":3}')
    ]


@on_sqlite
def test_wrong_guesses_are_forgotten_after_a_while(process: Process) -> None:
    anna = person(process.database)
    for _ in range(3):
        process.guess(anna, FREE_GUESSES - 1)
        process.ticks.now += GUESSES_COUNT + 0.1
    assert process.is_answered(anna)


@on_sqlite
@pytest.mark.parametrize(("refusal", "counts"), [(Hidden("any"), True), (NotFound("not graded"), False)])
def test_a_button_of_somebody_elses_customer_is_a_wrong_guess(
    process: Process, refusal: NotFound, counts: bool
) -> None:
    anna = person(process.database)
    for _ in range(FREE_GUESSES):
        with pytest.raises(NotFound), process.bounds.asking(anna):
            raise refusal
    assert process.is_answered(anna) is not counts


@on_sqlite
def test_a_right_answer_does_not_make_wrong_guesses_free(process: Process) -> None:
    anna = person(process.database)
    for _ in range(FREE_GUESSES):
        process.guess(anna)
        process.look(anna, 1)
    assert not process.is_answered(anna)


@on_sqlite
def test_a_process_remembers_a_limited_number_of_people(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_PEOPLE", 3)
    for number in range(1, 20):
        process.guess(actor(number))
    assert list(process.bounds._askers) == [17, 18, 19]


@on_sqlite
def test_many_threads_never_show_more_than_the_limit(database: Database) -> None:
    process, anna = Process(database, most=50), person(database)
    shown: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: shown.append(process.look(anna, *range(n * 20, n * 20 + 20))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(shown) == 50
