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
from tests.services.delivery.outbox_desk import EAST, SECOND, START, WEST, Desk

DAY = timedelta(days=1)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def rewind(desk: Desk) -> None:
    """The rows as they were a day ago, before anything was sent."""
    for outbox_id in range(1, len(desk.states()) + 1):
        desk.change(
            outbox_id,
            state="pending",
            attempt=0,
            attempt_id=None,
            first_try_at=None,
            slack_ts=None,
            slack_channel=None,
        )
    desk.clock.advance(DAY)


def restore(desk: Desk) -> restoring.Rewound:
    rewound = restoring.look(desk.database, desk.clock.now())
    restoring.settle(desk.database, rewound)
    return rewound


def test_what_slack_has_is_found_and_only_what_it_has_not_is_sent(desk: Desk) -> None:
    time_jump.keep_up(desk.database, START)
    for text in ("a", "b"):
        desk.write(EAST, text)
    desk.deliver(most=1)
    rewind(desk)
    rewound = restore(desk)
    assert (rewound.since, rewound.unsettled) == (START, 2)
    assert desk.states() == ["unknown", "unknown"]
    desk.deliver(SECOND)
    desk.deliver(SECOND)
    assert desk.states() == ["sent", "sent"]
    assert desk.slack.texts() == ["a", "b"]


def test_what_is_written_anew_under_another_number_is_found_too(desk: Desk) -> None:
    time_jump.keep_up(desk.database, START)
    desk.write(WEST, "other")
    desk.write(EAST, "alert", dedupe_key="tier_change:7:2026-02-28")
    desk.deliver()
    desk.deliver(SECOND)
    assert desk.slack.texts() == ["other", "alert"]
    # The same database from before both, in which the night's grading is made again.
    for outbox_id in (1, 2):
        desk.change(outbox_id, dedupe_key=f"gone:{outbox_id}", state="dead")
    desk.clock.advance(DAY)
    restore(desk)
    desk.write(EAST, "alert", dedupe_key="tier_change:7:2026-02-28")
    desk.write(WEST, "new", dedupe_key="tier_change:8:2026-02-28")
    for _ in range(3):
        desk.deliver(SECOND)
    assert desk.states()[2:] == ["sent", "sent"]
    assert desk.slack.texts() == ["other", "alert", "new"]


def test_where_the_history_may_not_be_read_the_second_copy_says_so(desk: Desk) -> None:
    desk.write(EAST, "a")
    desk.deliver()
    rewind(desk)
    restore(desk)
    desk.slack.readable = False
    for _ in range(3):
        desk.deliver(SECOND)
    assert [entry.possible_repeat for entry in desk.slack.entries] == [False, True]


def test_after_a_day_nothing_is_doubted_any_more(desk: Desk) -> None:
    restore(desk)
    desk.clock.advance(restoring.DOUBTED)
    desk.write(EAST, "a")
    desk.deliver()
    assert (desk.states(), desk.slack.histories) == (["sent"], [])


def test_what_has_come_due_is_shown_skipped_and_stays_open(desk: Desk) -> None:
    time_jump.keep_up(desk.database, START - 9 * DAY)
    with desk.database.write() as session:
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
    rewound = restore(desk)
    assert [(step.customer, step.step, step.due) for step in rewound.steps] == [
        ("ACME", "visit0", START - DAY)
    ]
    with desk.database.read() as session:
        touches = [session.get_one(Touch, number) for number in (1, 2)]
    assert [touch.state for touch in touches] == ["reminded", "planned"]
    assert not time_jump.held(desk.database, START)  # nine days later, and somebody has looked


def test_it_is_refused_while_a_process_is_alive(desk: Desk) -> None:
    with desk.database.write() as session:
        system.beat(session, "worker", "boot", START)
    with pytest.raises(Conflict, match="89 s ago"):
        restoring.require_stopped(desk.database, START + timedelta(seconds=89))
    restoring.require_stopped(desk.database, START + timedelta(seconds=90))
