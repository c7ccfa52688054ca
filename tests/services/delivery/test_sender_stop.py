"""A process that is about to end stops sending at the next message and releases the rest."""

from bot.services.delivery.worker import Step
from db.engine import Database
from tests.services.delivery.outbox_harness import EAST, SECOND, WEST, Harness


def test_a_stop_in_the_middle_of_a_batch_releases_the_rest(database: Database) -> None:
    harness = Harness(database)
    first = harness.write(EAST, "first")
    harness.clock.advance(SECOND)  # of two addresses due at the same time either may come first
    second = harness.write(WEST, "second")
    steps: list[Step] = []
    assert harness.deliver(on_step=steps.append, stopping=lambda: Step.SEND_AFTER in steps) == 1
    assert harness.row(first).state == "sent"
    assert (harness.row(second).state, harness.row(second).attempt, harness.row(second).lease_until) == (
        "pending",
        0,
        None,
    )
    assert steps.count(Step.CLAIM_BEFORE) == 1
    assert harness.deliver() == 1
    assert harness.slack.texts() == ["first", "second"]


def test_a_process_about_to_end_claims_nothing(database: Database) -> None:
    harness = Harness(database)
    harness.write(EAST, "first")
    assert harness.deliver(stopping=lambda: True) == 0
    assert harness.states() == ["pending"]
