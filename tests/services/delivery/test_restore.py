"""A restored database is older than Slack: what it takes for unsaid is looked up before it is said."""

from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.services.delivery import restore as restoring
from bot.services.delivery import time_jump
from db import system
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.services.delivery.outbox_harness import EAST, SECOND, START, WEST, Harness

DAY = timedelta(days=1)


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


def rewind(harness: Harness) -> None:
    """The rows as they were a day ago, before anything was sent."""
    for outbox_id in range(1, len(harness.states()) + 1):
        harness.change(
            outbox_id,
            state="pending",
            attempt=0,
            attempt_id=None,
            first_try_at=None,
            slack_ts=None,
            slack_channel=None,
        )
    harness.clock.advance(DAY)


def restore(harness: Harness) -> restoring.Rewound:
    rewound = restoring.look(harness.database, harness.clock.now())
    restoring.settle(harness.database, rewound)
    return rewound


def test_what_slack_has_is_found_and_only_what_it_has_not_is_sent(harness: Harness) -> None:
    time_jump.keep_up(harness.database, START)
    for text in ("a", "b"):
        harness.write(EAST, text)
    harness.deliver(most=1)
    rewind(harness)
    rewound = restore(harness)
    assert (rewound.since, rewound.unsettled) == (START, 2)
    assert harness.states() == ["unknown", "unknown"]
    harness.deliver(SECOND)
    harness.deliver(SECOND)
    assert harness.states() == ["sent", "sent"]
    assert harness.slack.texts() == ["a", "b"]


def test_what_is_written_anew_under_another_number_is_found_too(harness: Harness) -> None:
    time_jump.keep_up(harness.database, START)
    harness.write(WEST, "other")
    harness.write(EAST, "alert", dedupe_key="tier_change:7:2026-02-28")
    harness.deliver()
    harness.deliver(SECOND)
    assert harness.slack.texts() == ["other", "alert"]
    # The same database from before both, in which the night's grading is made again.
    for outbox_id in (1, 2):
        harness.change(outbox_id, dedupe_key=f"gone:{outbox_id}", state="dead")
    harness.clock.advance(DAY)
    restore(harness)
    harness.write(EAST, "alert", dedupe_key="tier_change:7:2026-02-28")
    harness.write(WEST, "new", dedupe_key="tier_change:8:2026-02-28")
    for _ in range(3):
        harness.deliver(SECOND)
    assert harness.states()[2:] == ["sent", "sent"]
    assert harness.slack.texts() == ["other", "alert", "new"]


def test_where_the_history_may_not_be_read_the_second_copy_says_so(harness: Harness) -> None:
    harness.write(EAST, "a")
    harness.deliver()
    rewind(harness)
    restore(harness)
    harness.slack.readable = False
    for _ in range(3):
        harness.deliver(SECOND)
    assert [entry.possible_repeat for entry in harness.slack.entries] == [False, True]


def test_after_a_day_nothing_is_doubted_any_more(harness: Harness) -> None:
    restore(harness)
    harness.clock.advance(restoring.DOUBTED)
    harness.write(EAST, "a")
    harness.deliver()
    assert (harness.states(), harness.slack.histories) == (["sent"], [])


def test_what_has_come_due_is_shown_skipped_and_stays_open(harness: Harness) -> None:
    time_jump.keep_up(harness.database, START - 9 * DAY)
    with harness.database.write() as session:
        customer = factories.customer(session, "ACME")
        for number, at in enumerate((START - DAY, START + DAY)):
            session.add(
                Touch(
                    dedupe_key=f"revisit:{number}",
                    customer_id=customer,
                    step=f"visit{number}",
                    kind="revisit",
                    tier="A",
                    due_on=at.date(),
                    remind_at=at,
                    state="planned",
                    created_at=START,
                )
            )
    rewound = restore(harness)
    assert [(step.customer, step.step, step.due) for step in rewound.steps] == [
        ("ACME", "visit0", START - DAY)
    ]
    with harness.database.read() as session:
        touches = [session.get_one(Touch, number) for number in (1, 2)]
    assert [touch.state for touch in touches] == ["reminded", "planned"]
    assert not time_jump.held(harness.database, START)  # nine days later, and somebody has looked


def test_it_is_refused_while_a_process_is_alive(harness: Harness) -> None:
    with harness.database.write() as session:
        system.beat(session, "worker", "boot", START)
    with pytest.raises(Conflict, match="89 s ago"):
        restoring.require_stopped(harness.database, START + timedelta(seconds=89))
    restoring.require_stopped(harness.database, START + timedelta(seconds=90))
