"""Shortened scripts that once failed, because of a removed rule or a mistake."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog

from bot.services.delivery import time_jump
from bot.services.delivery.worker import Worker, WorkerOptions
from db import processes
from db.engine import Database
from tests.simulation import schedule, scripts
from tests.simulation.delivery import Delivery
from tests.simulation.sandbox import Sandbox
from tests.simulation.schedule import Schedule
from tests.simulation.scripts import Script, play

REGRESSIONS: dict[str, Script] = {
    "without the settle time": [
        ("cause", 1, "C0EAST"),
        ("work", 1, "", ["late", "unreachable"]),
    ],
    "without the check of the lease": [
        ("cause", 1, "C0EAST"),
        ("cause", 1, "C0WEST"),
        ("work", 0, "send.after", []),
        ("wait", 62),
        ("work", 1, "", ["", "lost"]),
        ("wait", 62),
        ("work", 1, "", ["", "limited"]),
    ],
    "without the conditional write of a settled message": [
        ("cause", 1, "C0WEST"),
        ("work", 1, "claim.after", []),
        ("kill", 1),
        ("wait", 900),
        ("work", 1, "reconcile.after", ["refused", "limited"]),
        ("wait", 46),
        ("work", 2, "reconcile.read", []),
        ("work", 0),
    ],
    "without the conditional write of an answer": [
        ("cause", 1, "C0EAST"),
        ("work", 0, "mark.before", ["unreachable"]),
        ("wait", 62),
        ("work", 1),
        ("wait", 46),
        ("work", 1),
        ("work", 0),
    ],
    "a clock that was an hour ahead for a moment ended the settle time": [
        ("cause", 1, "C0EAST"),
        ("set_clock", 3600),
        ("work", 0, "", ["late"]),
        ("set_clock", 0),
        ("work", 1),
    ],
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    scripts.silence_logs()
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()
    structlog.reset_defaults()


@pytest.mark.parametrize("found", REGRESSIONS)
def test_a_script_that_once_failed_passes(sandbox: Sandbox, found: str) -> None:
    play(lambda: Delivery(sandbox), REGRESSIONS[found])


def test_a_missing_settle_time_is_detected(sandbox: Sandbox) -> None:
    options = replace(WorkerOptions(), settle=timedelta())
    with pytest.raises(AssertionError, match="arrived twice and does not say so"):
        play(lambda: Delivery(sandbox, options), REGRESSIONS["without the settle time"])


def test_a_missing_check_of_the_lease_is_detected(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose monotonic clock stands still never notices how old its claim is."""
    init = Worker.__init__

    def init_without_clock(self: Worker, **values: object) -> None:
        init(self, **{**values, "monotonic": lambda: 0.0})  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "__init__", init_without_clock)
    with pytest.raises(AssertionError, match="arrived twice and does not say so"):
        play(lambda: Delivery(sandbox), REGRESSIONS["without the check of the lease"])


@pytest.fixture(scope="module")
def book() -> Iterator[Sandbox]:
    scripts.silence_logs()
    book = Sandbox(schedule.fill)
    yield book
    book.close()
    structlog.reset_defaults()


OVERTAKEN: Script = [
    ("wait", 3),
    ("tick", 0, 1, False, "house"),
    ("wait", 1),
    ("tick", 1),
    ("tick", 0),
]


def test_the_time_is_noted_in_the_transaction_that_read_the_last_one(
    book: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(lambda: Schedule(book), OVERTAKEN)

    def in_two_transactions(database: Database, now: datetime) -> bool:
        with database.read() as session:
            since = time_jump.last_noted(session)
        if since is None or now > since:
            with database.write() as session:
                processes.set_cursor(session, time_jump.CURSOR, now.isoformat())
        return True

    monkeypatch.setattr(time_jump, "note", in_two_transactions)
    with pytest.raises(AssertionError, match="the noted time went backwards"):
        play(lambda: Schedule(book), OVERTAKEN)


@pytest.mark.parametrize("ends", [5, 6, 7])
def test_an_import_is_regraded_although_the_first_regrading_was_killed(book: Sandbox, ends: int) -> None:
    """The cursor of regraded imports is written last: written first, this fails from the sixth transaction on."""
    play(
        lambda: Schedule(book),
        [("wait", 3), ("fact", 1, 100), ("tick", 0, ends, True, "regrade"), ("tick", 0)],
    )
