"""All workers together send no faster than Slack takes messages, and wait when Slack asks them to."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.services.delivery import circuit
from bot.services.delivery.pace import Pace
from bot.services.delivery.worker import Step, WorkerOptions
from bot.services.recipients import Place
from db.engine import Database
from db.outbox import send_state
from db.outbox.send_state import WORKSPACE, CircuitReason, TokenBucket
from tests.conftest import OpenAnother
from tests.services.delivery.ledger import Fault
from tests.services.delivery.outbox_harness import EAST, SECOND, SETTLE, START, WEST, Harness

MINUTE = timedelta(minutes=1)


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database, WorkerOptions())


def while_before(harness: Harness, end: timedelta, fault: Fault) -> Callable[[str, str], Fault]:
    return lambda where, text: fault if harness.clock.now() < START + end else ""


def test_a_channel_gets_three_at_once_and_then_one_a_second(harness: Harness) -> None:
    for number in range(6):
        harness.write(EAST, str(number))
    harness.write(WEST, "another")
    sent = [harness.deliver(), *(harness.deliver(SECOND / 2) for _ in range(8))]
    assert sent == [3 + 1, 0, 1, 0, 1, 0, 1, 0, 0]
    assert [entry.text for entry in harness.slack.entries if entry.where == "C0EAST"] == list("012345")


def test_a_workspace_gets_its_pace_however_many_channels(harness: Harness) -> None:
    for number in range(100):
        harness.write(Place(channel=f"C{number}"), "hello")
    pace = Pace()
    assert harness.deliver() == pace.workspace
    assert harness.deliver(MINUTE / 4) == pace.workspace / 4
    assert harness.deliver(MINUTE) == pace.workspace


def test_workers_share_the_pace(open_another: OpenAnother) -> None:
    first, second = (Harness(open_another(), WorkerOptions()) for _ in range(2))
    for number in range(60):
        first.write(Place(channel=f"C{number}"), "hello")
    assert first.deliver(most=30) + second.deliver() == Pace().workspace


def test_a_rate_limit_is_respected_to_the_second_and_uses_up_no_attempt(harness: Harness) -> None:
    for place in (EAST, WEST):
        harness.write(place, "hello")
    harness.slack.faults = while_before(harness, timedelta(seconds=1), "limited")
    assert harness.deliver() == 1
    assert (harness.row(1).state, harness.row(1).attempt, harness.row(1).error_class) == (
        "pending",
        0,
        "ratelimited",
    )
    assert (harness.row(2).state, harness.row(2).attempt) == ("pending", 0)
    wait = harness.slack.wait
    assert harness.deliver(wait - SECOND) == 0
    assert harness.slack.calls == 1
    assert harness.deliver(SECOND) == 2
    assert [harness.row(number).attempt for number in (1, 2)] == [1, 1]


def test_a_rate_limit_stops_other_workers_in_the_middle_of_a_batch(harness: Harness) -> None:
    for place in (EAST, WEST):
        harness.write(place, "hello")
    other = Place(channel="C0OTHER")
    ticks = iter(range(1000))
    done: list[str] = []

    def meanwhile(step: str) -> None:
        if step == Step.SEND_AFTER and not done:
            done.append(step)
            harness.write(other, "limited")
            harness.slack.faults = lambda where, text: "limited"
            harness.deliver()

    sent = harness.deliver(on_step=meanwhile, monotonic=lambda: float(next(ticks)))
    assert (sent, harness.slack.calls) == (1, 2)
    assert harness.states() == ["sent", "pending", "pending"]


def test_a_rate_limit_halves_the_pace_which_recovers_slowly(harness: Harness) -> None:
    pace = Pace()
    harness.slack.faults = while_before(harness, timedelta(seconds=1), "limited")
    harness.write(EAST, "hello")
    harness.deliver()

    def rate() -> float:
        return float(harness.reading(lambda session: session.get_one(TokenBucket, WORKSPACE).per_minute))

    assert rate() == pace.workspace / 2
    harness.deliver(5 * MINUTE)
    assert rate() == pace.workspace / 2 + 5 * pace.recovers
    harness.write(EAST, "again")
    harness.deliver(60 * MINUTE)
    assert rate() == pace.workspace


def test_a_pause_written_by_a_clock_that_was_set_back_does_not_last(harness: Harness) -> None:
    year = timedelta(days=365)
    harness.write(EAST, "hello")
    harness.clock.advance(year)
    harness.slack.faults = lambda where, text: "limited"
    harness.deliver()
    harness.slack.faults = lambda where, text: ""
    harness.clock.advance(-year)
    harness.deliver(SECOND)
    assert harness.states() == ["sent"]


def test_idle_token_buckets_are_deleted(harness: Harness) -> None:
    harness.write(EAST, "hello")
    harness.deliver()
    with harness.database.write() as session:
        send_state.forget_idle(session, START + timedelta(hours=2), timedelta(hours=1))
    assert harness.reading(lambda session: session.get(TokenBucket, EAST.address)) is None


def test_a_revoked_token_opens_the_circuit_and_uses_up_no_attempt(harness: Harness) -> None:
    for number in range(30):
        harness.write(Place(channel=f"C{number}"), "hello")
    harness.slack.revoked = True
    for _ in range(100):
        harness.deliver(timedelta(hours=1))
    assert harness.slack.calls == 1
    row = harness.reading(send_state.circuit)
    assert (row.reason, row.opened_at) == ("token_revoked", START + timedelta(hours=1))
    assert {(harness.row(n).state, harness.row(n).attempt) for n in range(1, 31)} == {("pending", 0)}
    harness.slack.revoked = False
    harness.deliver(circuit.PROBE)
    assert set(harness.states()) == {"sent"}
    assert harness.reading(send_state.circuit).reason == ""


def test_an_open_circuit_probes_slack_only_now_and_then(harness: Harness) -> None:
    harness.write(EAST, "hello")
    harness.slack.revoked = True
    for _ in range(60):
        harness.deliver(SECOND)
    assert harness.slack.checks == 60 // circuit.PROBE.total_seconds() - 1


def test_a_dead_network_opens_the_circuit_after_three_failures(harness: Harness) -> None:
    for number in range(10):
        harness.write(Place(channel=f"C{number}"), "hello")
    harness.slack.faults = lambda where, text: "unreachable"
    harness.deliver()
    assert harness.slack.calls == circuit.FAILURES
    assert harness.reading(send_state.circuit).reason == CircuitReason.NETWORK
    calls = harness.slack.calls
    assert (harness.deliver(SECOND), harness.slack.calls) == (0, calls)


def test_a_day_without_network_loses_nothing_and_ends_without_a_burst(harness: Harness) -> None:
    for number in range(50):
        harness.write(Place(channel=f"C{number}"), "hello")
    harness.slack.down = True
    for _ in range(26):
        harness.deliver(timedelta(hours=1))
    harness.slack.down = False
    sent = [harness.deliver(circuit.PROBE) for _ in range(8)]
    assert max(sent) <= Pace().workspace
    assert set(harness.states()) == {"sent"}


@pytest.mark.parametrize(
    ("seconds", "reason"), [(61, ""), (240, ""), (241, CircuitReason.CLOCK), (-241, CircuitReason.CLOCK)]
)
def test_a_clock_that_is_far_from_slacks_stops_sending(harness: Harness, seconds: int, reason: str) -> None:
    harness.write(EAST, "hello")
    harness.slack.clock_gap = timedelta(seconds=seconds)
    harness.deliver()
    row = harness.reading(send_state.circuit)
    assert (row.reason, row.apart_seconds) == (reason, abs(seconds))
    harness.write(EAST, "more")
    assert harness.deliver(circuit.PROBE) == (0 if reason else 1)
    harness.slack.clock_gap = timedelta()
    harness.deliver(circuit.PROBE)
    assert harness.states() == ["sent", "sent"]


def test_a_lost_answer_is_still_settled_when_the_clocks_differ_a_little(harness: Harness) -> None:
    harness.slack.clock_gap = -timedelta(seconds=200)
    harness.slack.faults = lambda where, text: "lost" if harness.slack.calls == 1 else ""
    harness.write(EAST, "hello")
    harness.deliver()
    harness.deliver(SETTLE)
    assert (harness.states(), harness.slack.texts()) == (["sent"], ["hello"])


def test_a_history_read_with_a_wrong_clock_settles_nothing(harness: Harness) -> None:
    harness.slack.clock_gap = -timedelta(hours=1)
    harness.slack.faults = lambda where, text: "lost" if harness.slack.calls == 1 else ""
    harness.write(EAST, "hello")
    harness.deliver()
    harness.deliver(SETTLE)
    assert (harness.states(), harness.reading(send_state.circuit).reason) == (
        ["unknown"],
        CircuitReason.CLOCK,
    )
    harness.clock.advance(-timedelta(hours=1))  # corrected
    harness.slack.clock_gap = timedelta()
    for _ in range(3):
        harness.deliver(SETTLE)
    assert (harness.states(), harness.slack.texts()) == (["sent"], ["hello"])
