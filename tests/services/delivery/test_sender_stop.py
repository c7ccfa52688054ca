"""A process that is told to end stops sending at the next message and holds nothing."""

from bot.services.delivery import sender
from db.engine import Database
from tests.services.delivery.outbox_harness import EAST, SECOND, WEST, Harness


def test_a_stop_in_mid_batch_gives_back_what_was_claimed(database: Database) -> None:
    harness = Harness(database)
    first = harness.write(EAST, "first")
    harness.clock.advance(SECOND)  # of two places that are due at one instant either may come first
    second = harness.write(WEST, "second")
    steps: list[str] = []
    tried = sender.deliver(
        database,
        harness.slack,
        clock=harness.clock,
        rng=harness.rng,
        monotonic=harness.monotonic,
        rules=harness.rules,
        at=steps.append,
        stopping=lambda: "send.after" in steps,
    )
    assert tried == 1
    assert harness.row(first).state == "sent"
    assert (harness.row(second).state, harness.row(second).attempt, harness.row(second).lease_until) == (
        "pending",
        0,
        None,
    )
    assert steps.count("claim.before") == 1
    assert harness.deliver() == 1
    assert harness.slack.texts() == ["first", "second"]


def test_who_is_to_end_claims_nothing(database: Database) -> None:
    harness = Harness(database)
    harness.write(EAST, "first")
    assert not sender.deliver(
        database,
        harness.slack,
        clock=harness.clock,
        rng=harness.rng,
        rules=harness.rules,
        stopping=lambda: True,
    )
    assert harness.states() == ["pending"]
