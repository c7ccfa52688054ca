"""A process that is told to end stops sending at the next message and holds nothing."""

from bot.services.delivery import sender
from db.engine import Database
from tests.services.delivery.outbox_desk import EAST, SECOND, WEST, Desk


def test_a_stop_in_mid_batch_gives_back_what_was_claimed(database: Database) -> None:
    desk = Desk(database)
    first = desk.write(EAST, "first")
    desk.clock.advance(SECOND)  # of two places that are due at one instant either may come first
    second = desk.write(WEST, "second")
    steps: list[str] = []
    tried = sender.deliver(
        database,
        desk.slack,
        clock=desk.clock,
        chance=desk.chance,
        monotonic=desk.monotonic,
        rules=desk.rules,
        at=steps.append,
        stopping=lambda: "send.after" in steps,
    )
    assert tried == 1
    assert desk.row(first).state == "sent"
    assert (desk.row(second).state, desk.row(second).attempt, desk.row(second).lease_until) == (
        "pending",
        0,
        None,
    )
    assert steps.count("claim.before") == 1
    assert desk.deliver() == 1
    assert desk.slack.texts() == ["first", "second"]


def test_who_is_to_end_claims_nothing(database: Database) -> None:
    desk = Desk(database)
    desk.write(EAST, "first")
    assert not sender.deliver(
        database, desk.slack, clock=desk.clock, chance=desk.chance, rules=desk.rules, stopping=lambda: True
    )
    assert desk.states() == ["pending"]
