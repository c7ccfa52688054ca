"""Scripts that found something once: a rule that was taken out, or a mistake. They stay, as short as they were made."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog

from bot.services.delivery import sender, time_jump
from bot.services.delivery.worker import WorkerOptions
from db import processes
from db.engine import Database
from tests.simulation import schedule, scripts
from tests.simulation.delivery import Delivery
from tests.simulation.ground import Ground
from tests.simulation.schedule import Schedule
from tests.simulation.scripts import Script, play

KEPT: dict[str, Script] = {
    "without the settle time": [
        ("cause", 1, "C0EAST"),
        ("work", 1, "", ["late", "unreachable"]),
    ],
    "without the guard": [
        ("cause", 1, "C0EAST"),
        ("cause", 1, "C0WEST"),
        ("work", 0, "send.after", []),
        ("wait", 62),
        ("work", 1, "", ["", "lost"]),
        ("wait", 62),
        ("work", 1, "", ["", "limited"]),
    ],
    "without the conditional write of what was settled": [
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
def ground() -> Iterator[Ground]:
    scripts.be_silent()
    ground = Ground()
    yield ground
    ground.close()
    structlog.reset_defaults()


@pytest.mark.parametrize("found", KEPT)
def test_what_was_found_once_stays_mended(ground: Ground, found: str) -> None:
    play(lambda: Delivery(ground), KEPT[found])


def test_the_loss_of_the_settle_time_is_seen(ground: Ground) -> None:
    rules = replace(WorkerOptions(), settle=timedelta())
    with pytest.raises(AssertionError, match="arrived twice and does not say so"):
        play(lambda: Delivery(ground, rules), KEPT["without the settle time"])


def test_the_loss_of_the_guard_is_seen(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose own clock stands still never knows how old its claim is."""
    began = sender.Worker.__init__

    def without_a_clock(self: sender.Worker, **values: object) -> None:
        began(self, **{**values, "monotonic": lambda: 0.0})  # type: ignore[arg-type]

    monkeypatch.setattr(sender.Worker, "__init__", without_a_clock)
    with pytest.raises(AssertionError, match="arrived twice and does not say so"):
        play(lambda: Delivery(ground), KEPT["without the guard"])


@pytest.fixture(scope="module")
def days() -> Iterator[Ground]:
    scripts.be_silent()
    days = Ground(schedule.furnish)
    yield days
    days.close()
    structlog.reset_defaults()


OVERTAKEN: Script = [
    ("wait", 3),
    ("tick", 0, 1, False, "house"),
    ("wait", 1),
    ("tick", 1),
    ("tick", 0),
]


def test_the_time_is_noted_in_the_transaction_that_read_the_last_sign(
    days: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(lambda: Schedule(days), OVERTAKEN)

    def in_two(database: Database, now: datetime) -> bool:
        with database.read() as session:
            since = time_jump.last_sign(session)
        if since is None or now > since:
            with database.write() as session:
                processes.set_cursor(session, time_jump.CURSOR, now.isoformat())
        return True

    monkeypatch.setattr(time_jump, "note", in_two)
    with pytest.raises(AssertionError, match="the last sign of life went backwards"):
        play(lambda: Schedule(days), OVERTAKEN)


@pytest.mark.parametrize("ends", [5, 6, 7])
def test_an_import_is_looked_at_though_the_first_look_at_it_died(days: Ground, ends: int) -> None:
    """The mark of what was looked at is written after the looks: before them this is red from the sixth end on."""
    play(
        lambda: Schedule(days),
        [("wait", 3), ("fact", 1, 100), ("tick", 0, ends, True, "regrade"), ("tick", 0)],
    )
