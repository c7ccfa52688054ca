"""Messages go no faster than Slack takes them, all workers together; Slack's wish to wait is respected."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.services.delivery import circuit
from bot.services.delivery.outbox import Place
from bot.services.delivery.pace import Pace
from bot.services.delivery.worker import Rules
from db.engine import Database
from db.outbox import lanes
from db.outbox.lanes import WORKSPACE, Lane
from tests.conftest import OpenAnother
from tests.services.delivery.ledger import Fault
from tests.services.delivery.outbox_desk import EAST, SECOND, SETTLE, START, WEST, Desk

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database, Rules())


def while_before(desk: Desk, end: timedelta, fault: Fault) -> Callable[[str, str], Fault]:
    return lambda where, text: fault if desk.clock.now() < START + end else ""


def test_a_channel_gets_three_at_once_and_then_one_a_second(desk: Desk) -> None:
    for number in range(6):
        desk.write(EAST, str(number))
    desk.write(WEST, "another")
    sent = [desk.deliver(), *(desk.deliver(SECOND / 2) for _ in range(8))]
    assert sent == [3 + 1, 0, 1, 0, 1, 0, 1, 0, 0]
    assert [entry.text for entry in desk.slack.entries if entry.where == "C0EAST"] == list("012345")


def test_a_workspace_gets_its_pace_however_many_channels(desk: Desk) -> None:
    for number in range(100):
        desk.write(Place(channel=f"C{number}"), "hello")
    pace = Pace()
    assert desk.deliver() == pace.workspace
    assert desk.deliver(MINUTE / 4) == pace.workspace / 4
    assert desk.deliver(MINUTE) == pace.workspace


def test_workers_share_the_pace(open_another: OpenAnother) -> None:
    first, second = (Desk(open_another(), Rules()) for _ in range(2))
    for number in range(60):
        first.write(Place(channel=f"C{number}"), "hello")
    assert first.deliver(most=30) + second.deliver() == Pace().workspace


def test_slacks_wish_to_wait_is_respected_to_the_second_and_uses_up_no_attempt(desk: Desk) -> None:
    for place in (EAST, WEST):
        desk.write(place, "hello")
    desk.slack.faults = while_before(desk, timedelta(seconds=1), "limited")
    assert desk.deliver() == 1
    assert (desk.row(1).state, desk.row(1).attempt, desk.row(1).error_class) == ("pending", 0, "ratelimited")
    assert (desk.row(2).state, desk.row(2).attempt) == ("pending", 0)
    wait = desk.slack.wait
    assert desk.deliver(wait - SECOND) == 0
    assert desk.slack.calls == 1
    assert desk.deliver(SECOND) == 2
    assert [desk.row(number).attempt for number in (1, 2)] == [1, 1]


def test_another_worker_in_the_middle_of_its_batch_stops_too(desk: Desk) -> None:
    for place in (EAST, WEST):
        desk.write(place, "hello")
    other = Place(channel="C0OTHER")
    ticks = iter(range(1000))
    done: list[str] = []

    def meanwhile(step: str) -> None:
        if step == "send.after" and not done:
            done.append(step)
            desk.write(other, "limited")
            desk.slack.faults = lambda where, text: "limited"
            desk.deliver()

    sent = desk.deliver(at=meanwhile, monotonic=lambda: float(next(ticks)))
    assert (sent, desk.slack.calls) == (1, 2)
    assert desk.states() == ["sent", "pending", "pending"]


def test_a_wish_to_wait_halves_the_pace_which_comes_back_slowly(desk: Desk) -> None:
    pace = Pace()
    desk.slack.faults = while_before(desk, timedelta(seconds=1), "limited")
    desk.write(EAST, "hello")
    desk.deliver()

    def rate() -> float:
        return float(desk.reading(lambda session: session.get(Lane, WORKSPACE).per_minute))

    assert rate() == pace.workspace / 2
    desk.deliver(5 * MINUTE)
    assert rate() == pace.workspace / 2 + 5 * pace.recovers
    desk.write(EAST, "again")
    desk.deliver(60 * MINUTE)
    assert rate() == pace.workspace


def test_a_pause_written_by_a_clock_that_was_put_back_does_not_last(desk: Desk) -> None:
    year = timedelta(days=365)
    desk.write(EAST, "hello")
    desk.clock.advance(year)
    desk.slack.faults = lambda where, text: "limited"
    desk.deliver()
    desk.slack.faults = lambda where, text: ""
    desk.clock.advance(-year)
    desk.deliver(SECOND)
    assert desk.states() == ["sent"]


def test_lanes_nobody_uses_are_forgotten(desk: Desk) -> None:
    desk.write(EAST, "hello")
    desk.deliver()
    with desk.database.write() as session:
        lanes.forget_idle(session, START + timedelta(hours=2), timedelta(hours=1))
    assert desk.reading(lambda session: session.get(Lane, EAST.address)) is None


def test_a_revoked_token_opens_the_circuit_and_burns_no_attempt(desk: Desk) -> None:
    for number in range(30):
        desk.write(Place(channel=f"C{number}"), "hello")
    desk.slack.revoked = True
    for _ in range(100):
        desk.deliver(timedelta(hours=1))
    assert desk.slack.calls == 1
    row = desk.reading(lanes.circuit)
    assert (row.reason, row.opened_at) == ("token_revoked", START + timedelta(hours=1))
    assert {(desk.row(n).state, desk.row(n).attempt) for n in range(1, 31)} == {("pending", 0)}
    desk.slack.revoked = False
    desk.deliver(circuit.PROBE)
    assert set(desk.states()) == {"sent"}
    assert desk.reading(lanes.circuit).reason == ""


def test_an_open_circuit_looks_at_slack_now_and_then_not_all_the_time(desk: Desk) -> None:
    desk.write(EAST, "hello")
    desk.slack.revoked = True
    for _ in range(60):
        desk.deliver(SECOND)
    assert desk.slack.checks == 60 // circuit.PROBE.total_seconds() - 1


def test_a_dead_network_opens_the_circuit_after_three_failures(desk: Desk) -> None:
    for number in range(10):
        desk.write(Place(channel=f"C{number}"), "hello")
    desk.slack.faults = lambda where, text: "unreachable"
    desk.deliver()
    assert desk.slack.calls == circuit.FAILURES
    assert desk.reading(lanes.circuit).reason == "network"
    calls = desk.slack.calls
    assert (desk.deliver(SECOND), desk.slack.calls) == (0, calls)


def test_a_day_without_network_loses_nothing_and_ends_without_a_burst(desk: Desk) -> None:
    for number in range(50):
        desk.write(Place(channel=f"C{number}"), "hello")
    desk.slack.down = True
    for _ in range(26):
        desk.deliver(timedelta(hours=1))
    desk.slack.down = False
    sent = [desk.deliver(circuit.PROBE) for _ in range(8)]
    assert max(sent) <= Pace().workspace
    assert set(desk.states()) == {"sent"}


@pytest.mark.parametrize(("apart", "reason"), [(61, ""), (240, ""), (241, "clock"), (-241, "clock")])
def test_a_clock_that_is_far_from_slacks_stops_sending(desk: Desk, apart: int, reason: str) -> None:
    desk.write(EAST, "hello")
    desk.slack.apart = timedelta(seconds=apart)
    desk.deliver()
    row = desk.reading(lanes.circuit)
    assert (row.reason, row.apart_seconds) == (reason, abs(apart))
    desk.write(EAST, "more")
    assert desk.deliver(circuit.PROBE) == (0 if reason else 1)
    desk.slack.apart = timedelta()
    desk.deliver(circuit.PROBE)
    assert desk.states() == ["sent", "sent"]


def test_a_message_lost_while_the_clocks_were_apart_is_still_found(desk: Desk) -> None:
    desk.slack.apart = -timedelta(seconds=200)
    desk.slack.faults = lambda where, text: "lost" if desk.slack.calls == 1 else ""
    desk.write(EAST, "hello")
    desk.deliver()
    desk.deliver(SETTLE)
    assert (desk.states(), desk.slack.texts()) == (["sent"], ["hello"])


def test_history_that_was_looked_at_with_a_wrong_clock_settles_nothing(desk: Desk) -> None:
    desk.slack.apart = -timedelta(hours=1)
    desk.slack.faults = lambda where, text: "lost" if desk.slack.calls == 1 else ""
    desk.write(EAST, "hello")
    desk.deliver()
    desk.deliver(SETTLE)
    assert (desk.states(), desk.reading(lanes.circuit).reason) == (["unknown"], "clock")
    desk.clock.advance(-timedelta(hours=1))  # set right
    desk.slack.apart = timedelta()
    for _ in range(3):
        desk.deliver(SETTLE)
    assert (desk.states(), desk.slack.texts()) == (["sent"], ["hello"])
