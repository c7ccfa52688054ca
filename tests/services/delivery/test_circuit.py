"""The circuit: once a worker has opened it, no other sends, whatever it has claimed or is about to claim."""

from datetime import timedelta

import pytest

from bot.services.delivery import circuit
from bot.services.delivery.messenger import Answer, Check
from bot.services.delivery.worker import Step
from db.engine import Database
from db.outbox import send_state
from tests.services.delivery.outbox_harness import EAST, WEST, Harness

REASONS = pytest.mark.parametrize("reason", ["clock", "network", "token_revoked"])


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


def opened(harness: Harness, reason: str) -> None:
    """As another worker opens it, whose next look at Slack is not due yet."""
    with harness.database.write() as session:
        now = harness.clock.now()
        send_state.put_circuit(session, reason=reason, opened_at=now, probe_at=now + circuit.PROBE)


@REASONS
def test_a_circuit_that_another_worker_opens_stops_the_next_claim(harness: Harness, reason: str) -> None:
    harness.write(EAST, "hello")

    def meanwhile(step: str) -> None:
        if step == Step.CLAIM_BEFORE:
            opened(harness, reason)

    assert harness.deliver(on_step=meanwhile) == 0
    assert (harness.slack.calls, harness.states()) == (0, ["pending"])


@REASONS
def test_a_circuit_that_another_worker_opens_stops_the_rest_of_a_batch(harness: Harness, reason: str) -> None:
    for place in (EAST, WEST):
        harness.write(place, "hello")
    ticks = iter(range(1000))

    def meanwhile(step: str) -> None:
        if step == Step.SEND_AFTER:
            opened(harness, reason)

    assert harness.deliver(on_step=meanwhile, monotonic=lambda: float(next(ticks))) == 1
    assert (harness.slack.calls, harness.states()) == (1, ["sent", "pending"])


@pytest.mark.parametrize("code", ["org_login_required", "message_limit_exceeded", "team_access_not_granted"])
def test_an_error_of_the_whole_account_holds_every_message_until_slack_takes_them(
    harness: Harness, code: str
) -> None:
    for place in (EAST, WEST):
        harness.write(place, "hello")
    refusal = Answer(
        outcome="retry",
        error_class=code,
        error="for all",
        retry_after=timedelta(),
        counts=False,
        concerns="account",
    )
    taken, refusing = harness.slack.send, [refusal]
    harness.slack.send = lambda *args, **how: refusing[0] if refusing else taken(*args, **how)  # type: ignore[method-assign]
    harness.slack.check = lambda: Check(error_class=code if refusing else "")  # type: ignore[method-assign]
    harness.deliver()
    began = harness.clock.now()
    for token_is_taken in (False, True):
        if token_is_taken:  # for auth.test, but not for messages
            harness.slack.check = Check  # type: ignore[method-assign]
        for _ in range(20):
            harness.deliver(circuit.PROBE)
        row = harness.reading(send_state.circuit)
        assert (row.reason, row.opened_at, harness.states()) == (code, began, ["pending", "pending"])
    refusing.clear()
    harness.deliver(circuit.PROBE)
    assert harness.states() == ["sent", "sent"]
    assert [harness.row(number).attempt for number in (1, 2)] == [1, 1]
