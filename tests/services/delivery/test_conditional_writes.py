"""What one worker writes never overwrites what another has written meanwhile, and an open circuit stops all of them."""

from datetime import timedelta

import pytest

from bot.services.delivery.worker import Step
from db.engine import Database
from db.outbox import claims, outcomes, send_state
from db.outbox.messages import MessageState
from db.outbox.send_state import CircuitReason
from tests.conftest import all_on_postgresql
from tests.services.delivery.outbox_harness import EAST, SETTLE, START, WEST, Harness


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


@all_on_postgresql
@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DEAD, MessageState.PENDING])
def test_an_outcome_is_written_only_to_a_message_in_the_state_that_was_read(
    harness: Harness, state: MessageState
) -> None:
    outbox_id = harness.write(EAST, "hello")
    harness.change(outbox_id, state=state, attempt_id="mine")
    with harness.database.write() as session:
        ours = outcomes.write_outcome(
            session, outbox_id, "mine", was=MessageState.UNKNOWN, state=MessageState.PENDING, error="late"
        )
    assert (ours, harness.row(outbox_id).state, harness.row(outbox_id).error) == (False, state, None)


@pytest.mark.parametrize(
    ("attempt", "state"), [("another's", MessageState.SENDING), ("mine", MessageState.SENT)]
)
def test_a_claim_is_released_only_by_its_attempt_and_while_it_lasts(
    harness: Harness, attempt: str, state: MessageState
) -> None:
    outbox_id = harness.write(EAST, "hello")
    harness.change(outbox_id, state=state, attempt_id=attempt, attempt=1)
    with harness.database.write() as session:
        assert claims.release(session, [outbox_id], "mine") == 0
    assert (harness.row(outbox_id).state, harness.row(outbox_id).attempt) == (state, 1)


def test_after_the_clock_was_set_back_an_unknown_message_settles_from_the_beginning(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "hello")
    harness.change(outbox_id, state=MessageState.UNKNOWN, next_at=START + timedelta(days=365))
    with harness.database.write() as session:
        outcomes.pull_forward(session, START, timedelta(minutes=20), settle=SETTLE)
    assert harness.row(outbox_id).next_at == START + SETTLE


@pytest.mark.parametrize("step", [Step.CLAIM_BEFORE, Step.SEND_AFTER])
def test_a_circuit_that_another_worker_opens_stops_this_one_at_once(harness: Harness, step: Step) -> None:
    for place in (EAST, WEST):
        harness.write(place, "hello")
    ticks = iter(range(1000))
    opened: list[str] = []

    def meanwhile(now_at: Step) -> None:
        if now_at == step and not opened:
            opened.append(now_at)
            with harness.database.write() as session:
                send_state.put_circuit(session, reason=CircuitReason.ACCOUNT, sentence="revoked")

    harness.deliver(on_step=meanwhile, monotonic=lambda: float(next(ticks)))
    sent = ["sent", "pending"] if step == Step.SEND_AFTER else ["pending", "pending"]
    assert sorted(harness.states()) == sorted(sent)  # of two channels, either may be first
