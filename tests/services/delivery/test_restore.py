"""A restored database is older than Slack: messages that look unsent are looked up before they are sent."""

from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.services.delivery import restore, time_jump
from bot.services.delivery.restore import Rewound
from db import processes
from db.care.touches import Touch
from db.engine import Database
from db.processes import HeartbeatRole
from tests import factories
from tests.services.delivery.outbox_harness import EAST, SECOND, START, WEST, Harness

DAY = timedelta(days=1)


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


def rewind(harness: Harness) -> None:
    """Set the rows back to before anything was sent, and the clock a day forward."""
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


def restored(harness: Harness) -> Rewound:
    rewound = restore.preview(harness.database, harness.clock.now())
    restore.apply(harness.database, rewound, factories.operator())
    return rewound


def test_messages_in_the_history_are_found_and_only_missing_ones_are_sent(harness: Harness) -> None:
    time_jump.note(harness.database, START)
    for text in ("a", "b"):
        harness.write(EAST, text)
    harness.deliver(most=1)
    rewind(harness)
    rewound = restored(harness)
    assert (rewound.since, rewound.unfinished) == (START, 2)
    assert harness.states() == ["unknown", "unknown"]
    harness.deliver(SECOND)
    harness.deliver(SECOND)
    assert harness.states() == ["sent", "sent"]
    assert harness.slack.texts() == ["a", "b"]


def test_a_message_written_again_under_another_id_is_found_too(harness: Harness) -> None:
    time_jump.note(harness.database, START)
    harness.write(WEST, "other")
    harness.write(EAST, "alert", dedupe_key="tier_change:7:2026-02-28")
    harness.deliver()
    harness.deliver(SECOND)
    assert harness.slack.texts() == ["other", "alert"]
    # The database from before both messages, in which the grading is repeated.
    for outbox_id in (1, 2):
        harness.change(outbox_id, dedupe_key=f"gone:{outbox_id}", state="dead")
    harness.clock.advance(DAY)
    restored(harness)
    harness.write(EAST, "alert", dedupe_key="tier_change:7:2026-02-28")
    harness.write(WEST, "new", dedupe_key="tier_change:8:2026-02-28")
    for _ in range(3):
        harness.deliver(SECOND)
    assert harness.states()[2:] == ["sent", "sent"]
    assert harness.slack.texts() == ["other", "alert", "new"]


def test_without_access_to_the_history_the_copy_says_that_it_may_be_a_repeat(harness: Harness) -> None:
    harness.write(EAST, "a")
    harness.deliver()
    rewind(harness)
    restored(harness)
    harness.slack.readable = False
    for _ in range(3):
        harness.deliver(SECOND)
    assert [entry.possible_repeat for entry in harness.slack.entries] == [False, True]


def test_after_a_day_new_messages_are_sent_at_once(harness: Harness) -> None:
    restored(harness)
    harness.clock.advance(restore.DOUBTED)
    harness.write(EAST, "a")
    harness.deliver()
    assert (harness.states(), harness.slack.histories) == (["sent"], [])


def test_due_care_steps_are_shown_and_skipped_and_stay_open(harness: Harness) -> None:
    time_jump.note(harness.database, START - 9 * DAY)
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
    rewound = restored(harness)
    assert [(step.customer, step.step, step.due) for step in rewound.steps] == [
        ("ACME", "visit0", START - DAY)
    ]
    with harness.database.read() as session:
        touches = [session.get_one(Touch, number) for number in (1, 2)]
    assert [touch.state for touch in touches] == ["reminded", "planned"]
    assert not time_jump.held(harness.database, START)  # nine days later, and a person has agreed


def test_a_restore_is_refused_while_a_process_is_alive(harness: Harness) -> None:
    with harness.database.write() as session:
        processes.beat(session, HeartbeatRole.WORKER, "boot", START)
    with pytest.raises(Conflict, match="89 s ago"):
        restore.require_stopped(harness.database, START + timedelta(seconds=89))
    restore.require_stopped(harness.database, START + timedelta(seconds=90))
