"""After a long stop or a jump of the clock nothing is sent until a person agrees."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import FixedClock
from bot.services.delivery import time_jump
from bot.settings import Settings
from db.engine import Database
from db.processes import cursor, newest_beats
from tests.services.delivery.outbox_harness import EAST, START, Harness

DAY = timedelta(days=1)


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Otherwise a logged exception is printed with every local variable, which takes seconds."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.LogfmtRenderer()]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
def bot(harness: Harness, tmp_path: Path) -> Iterator[Tierbot]:
    settings = Settings(
        _env_file=None,
        TIERBOT_DATA_DIR=tmp_path,
        TIERBOT_DATABASE_URL=harness.database.writer.url.render_as_string(hide_password=False),
        SLACK_BOT_TOKEN="xoxb-local",
        SLACK_API_URL="http://127.0.0.1:9/api/",
    )
    running = build(settings, clock=harness.clock)
    yield running
    running.close()


def test_seven_days_are_a_stop_and_more_are_a_jump(harness: Harness) -> None:
    assert not time_jump.held(harness.database, START)
    assert time_jump.note(harness.database, START)
    assert not time_jump.held(harness.database, START + 7 * DAY)
    late = START + 7 * DAY + timedelta(seconds=1)
    assert time_jump.held(harness.database, late)
    assert not time_jump.note(harness.database, late)
    assert time_jump.gap(harness.database, late).since == START


def test_the_cursor_never_goes_back(harness: Harness) -> None:
    time_jump.note(harness.database, START)
    assert time_jump.note(harness.database, START - 400 * DAY)
    assert harness.reading(lambda session: cursor(session, time_jump.CURSOR)) == START.isoformat()


def test_nothing_is_sent_after_a_jump_until_a_person_agrees(bot: Tierbot, harness: Harness) -> None:
    jobs.tick(bot)
    harness.write(EAST, "hello")
    clock = bot.clock
    assert isinstance(clock, FixedClock)
    clock.advance(8 * DAY)
    assert jobs.tick(bot)["deliver"] == 0
    assert (harness.states(), harness.row(1).attempt) == (["pending"], 0)
    assert harness.reading(newest_beats)["worker"] == clock.now()  # alive, but sending nothing
    assert time_jump.gap(harness.database, clock.now()).messages == 1
    time_jump.catch_up(harness.database, clock)
    assert jobs.tick(bot)["deliver"] == 1  # tried; nothing listens at that address


def test_a_clock_that_was_wrong_and_is_right_again_holds_nothing(bot: Tierbot, harness: Harness) -> None:
    jobs.tick(bot)
    assert isinstance(bot.clock, FixedClock)
    bot.clock.advance(365 * DAY)
    jobs.tick(bot)
    bot.clock.advance(-365 * DAY)
    assert not time_jump.held(harness.database, bot.clock.now())
