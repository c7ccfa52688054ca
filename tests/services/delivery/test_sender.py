"""A due message reaches Slack once, whenever a worker is killed; a copy is sent only in doubt, and says so."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.clock import ShiftedClock, SystemClock
from bot.services.delivery import circuit, reconciliation
from bot.services.delivery.messenger import Answer, Reference
from bot.services.delivery.worker import Step, Worker, WorkerOptions
from bot.wording.message_base import Message
from db.engine import Database
from tests.conftest import all_on_postgresql
from tests.services.delivery.ledger import Fault, Ledger
from tests.services.delivery.outbox_harness import EAST, LEASE, SECOND, SETTLE, START, WEST, CrashAt, Harness


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


def first(fault: Fault, times: int = 1) -> Any:
    """Only the first calls fail like this."""
    left = [fault] * times
    return lambda where, text: left.pop() if left else ""


def test_a_sent_message_is_stored_with_its_channel_and_time(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "hello")
    assert harness.deliver() == 1
    row = harness.row(outbox_id)
    assert (row.state, row.slack_channel, row.attempt, row.first_try_at) == ("sent", "C0EAST", 1, START)
    assert row.slack_ts == f"{START.timestamp():.6f}"
    assert (row.error, row.error_class, row.lease_until) == (None, None, None)
    assert harness.deliver() == 0


def test_the_state_sending_is_committed_before_the_call(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "hello")
    seen = []

    class Watching:
        history, check = harness.slack.history, harness.slack.check
        channel, joined_channels = harness.slack.channel, harness.slack.joined_channels

        def send(self, *args: Any, **values: Any) -> Answer:
            row = harness.row(outbox_id)
            seen.append((row.state, row.lease_until, row.attempt_id is not None))
            return harness.slack.send(*args, **values)

    harness.deliver(slack=Watching())
    assert seen == [("sending", START + LEASE, True)]


@all_on_postgresql
@pytest.mark.parametrize("step", [step for step in Step if not step.startswith("reconcile")])
def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(harness: Harness, step: str) -> None:
    for text in "ab":
        harness.write(EAST, text)
    harness.write(WEST, "c")
    harness.crash(step)
    harness.settle_all()
    assert sorted(harness.slack.texts()) == ["a", "b", "c"]
    assert set(harness.states()) == {"sent"}


@all_on_postgresql
@pytest.mark.parametrize("step", [step for step in Step if step.startswith("reconcile")])
@pytest.mark.parametrize("fault", ["lost", "never"])
def test_a_worker_killed_while_reconciling_loses_and_doubles_nothing(
    harness: Harness, step: str, fault: Fault
) -> None:
    harness.write(EAST, "a")
    harness.slack.faults = first(fault)
    harness.deliver()
    harness.crash(step, after=SETTLE + SECOND)
    harness.settle_all()
    assert harness.slack.texts() == ["a"]
    assert harness.states() == ["sent"]


def test_a_lost_answer_is_settled_by_history_after_its_settle_time(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    harness.slack.faults = first("lost")
    harness.deliver()
    row = harness.row(outbox_id)
    assert (row.state, row.error_class, row.next_at) == ("unknown", "no_answer", START + SETTLE)
    harness.deliver(SETTLE - SECOND)
    assert (harness.row(outbox_id).state, harness.slack.histories) == ("unknown", [])
    harness.deliver(SECOND)
    row = harness.row(outbox_id)
    assert (row.state, row.slack_ts, row.error) == ("sent", f"{START.timestamp():.6f}", None)
    assert harness.slack.calls == 1
    assert harness.tallies()["reconciled_found_total"] == 1


def test_a_message_missing_from_the_history_is_sent_again_without_a_note(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    harness.slack.faults = first("never")
    harness.deliver()
    harness.deliver(SETTLE)
    assert (harness.row(outbox_id).state, harness.row(outbox_id).attempt) == ("sent", 2)
    assert [entry.possible_repeat for entry in harness.slack.entries] == [False]
    assert harness.tallies()["reconciled_resent_total"] == 1


def test_a_message_that_slack_stores_late_is_not_doubled(harness: Harness) -> None:
    """Without a settle time the history would be read before the message is in it."""
    harness.write(EAST, "a")
    harness.slack.faults = first("late")
    for _ in range(60):
        harness.deliver(SECOND)
    assert harness.slack.texts() == ["a"]
    assert harness.states() == ["sent"]


def test_without_a_settle_time_a_late_message_would_be_doubled(database: Database) -> None:
    harness = Harness(database, WorkerOptions(pace=None, settle=timedelta()))
    harness.write(EAST, "a")
    harness.slack.faults = first("late")
    for _ in range(60):
        harness.deliver(SECOND)
    assert harness.slack.texts() == ["a", "a"]


def test_one_reading_of_a_history_settles_all_messages_of_the_channel(harness: Harness) -> None:
    harness.slack.faults = lambda where, text: "lost"
    for place in (EAST, WEST):
        for number in range(3):
            harness.write(place, f"{place.channel} {number}")
            harness.deliver()
    for _ in range(8):
        harness.deliver(circuit.PROBE)
    assert set(harness.states()) == {"sent"}
    assert len(harness.slack.entries) == 6
    assert len(harness.slack.histories) < 6


def test_a_worker_stopped_for_half_its_lease_does_not_send(harness: Harness) -> None:
    """Another worker may have taken the message over by then."""
    outbox_id = harness.write(EAST, "a")

    def stopped(step: str) -> None:
        if step == Step.CLAIM_AFTER:
            harness.clock.advance(LEASE / 2 + SECOND)

    assert harness.deliver(on_step=stopped) == 0
    assert (harness.row(outbox_id).state, harness.row(outbox_id).attempt, harness.slack.calls) == (
        "pending",
        0,
        0,
    )
    assert harness.tallies()["abandoned_total"] == 1
    assert harness.deliver() == 1


def test_a_worker_stopped_past_its_lease_leaves_the_message_to_the_next_worker(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")

    def stopped(step: str) -> None:
        if step == Step.CLAIM_AFTER:
            harness.settle_all()

    assert harness.deliver(on_step=stopped) == 0
    assert (harness.slack.texts(), harness.row(outbox_id).state) == (["a"], "sent")
    assert harness.tallies()["taken_over_total"] == 1


def test_an_answer_after_the_lease_counts_while_no_other_worker_has_the_message(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "slow")

    def stopped(step: str) -> None:
        if step == Step.SEND_AFTER:
            harness.deliver(LEASE + SECOND)
            assert harness.row(outbox_id).state == "unknown"

    harness.deliver(on_step=stopped)
    assert (harness.row(outbox_id).state, harness.slack.texts()) == ("sent", ["slow"])


@pytest.mark.parametrize("fault", ["", "refused", "never", "limited"])
def test_a_message_that_another_worker_has_taken_over_is_not_overwritten(
    harness: Harness, fault: Fault
) -> None:
    """An outcome is written only while the row still has the attempt id."""
    outbox_id = harness.write(EAST, "a")
    harness.slack.faults = first(fault)

    def taken(step: str) -> None:
        if step == Step.MARK_BEFORE:
            harness.change(outbox_id, attempt_id="another's", attempt=2)

    harness.deliver(on_step=taken)
    row = harness.row(outbox_id)
    assert (row.state, row.attempt_id, row.error) == ("sending", "another's", None)
    assert harness.tallies()["taken_over_total"] == 1


def test_reconciling_does_not_overwrite_what_another_worker_has_settled(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    harness.slack.faults = first("never")
    harness.deliver()
    inside: list[str] = []

    def meanwhile(step: str) -> None:
        if step == Step.RECONCILE_READ and not inside:
            inside.append(step)
            harness.deliver()  # another worker sees the same history, sends again and has its answer

    harness.deliver(SETTLE, on_step=meanwhile)
    assert (harness.row(outbox_id).state, harness.slack.texts()) == ("sent", ["a"])


def test_without_access_to_the_history_the_copy_says_that_it_may_be_a_repeat(harness: Harness) -> None:
    harness.write(EAST, "a")
    harness.slack.readable = False
    harness.slack.faults = first("lost")
    harness.deliver()
    harness.deliver(SETTLE)
    assert [(entry.text, entry.possible_repeat) for entry in harness.slack.entries] == [
        ("a", False),
        ("a", True),
    ]
    assert harness.tallies()["possible_repeat_total"] == 1


def test_a_once_only_message_stays_unknown_until_the_history_can_be_read(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a", once_only=True)
    harness.slack.readable = False
    harness.slack.faults = first("lost")
    for _ in range(5):
        harness.deliver(SETTLE)
    row = harness.row(outbox_id)
    assert (row.state, row.error) == (
        "unknown",
        "nobody can tell whether it arrived: Slack's history says missing_scope",
    )
    assert harness.slack.texts() == ["a"]
    harness.slack.readable = True
    harness.deliver(reconciliation.ONCE_ONLY_AGAIN)
    assert (harness.row(outbox_id).state, harness.slack.texts()) == ("sent", ["a"])


def test_a_history_that_is_always_rate_limited_is_given_up_after_a_while(harness: Harness) -> None:
    harness.write(EAST, "a")
    harness.slack.answering = False
    harness.slack.faults = first("lost")
    harness.deliver()
    minutes = 0
    while harness.states() == ["unknown"]:
        harness.deliver(timedelta(minutes=1))
        minutes += 1
    assert minutes == reconciliation.PATIENCE / timedelta(minutes=1)
    assert len(harness.slack.histories) == minutes  # as often as Slack allowed
    assert [entry.possible_repeat for entry in harness.slack.entries] == [False, True]


def test_messages_that_never_get_an_answer_die_after_their_attempts(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    harness.slack.faults = lambda where, text: "never"
    for _ in range(60):
        harness.deliver(SETTLE)
    row = harness.row(outbox_id)
    assert (row.state, row.attempt, row.error) == ("dead", 12, "no answer from Slack in 12 attempts")


def test_a_refused_message_is_dead_at_once_with_the_reason(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    harness.slack.faults = lambda where, text: "refused"
    for _ in range(3):
        harness.deliver(timedelta(hours=1))
    row = harness.row(outbox_id)
    assert (row.state, row.error_class, row.error) == ("dead", "is_archived", "the channel is archived")
    assert harness.slack.calls == 1
    assert harness.tallies()["dead_total:is_archived"] == 1


def test_a_message_to_an_archived_channel_goes_to_the_fallback_channel_once(database: Database) -> None:
    harness = Harness(database, WorkerOptions(pace=None, fallback_channel="C0MAIN"))
    harness.write(EAST, "a")
    harness.slack.faults = lambda where, text: "refused"  # of the fallback channel too
    for _ in range(5):
        harness.deliver(SECOND)
    assert harness.states() == ["dead", "dead"]
    assert (harness.row(2).address, harness.slack.calls) == ("channel:C0MAIN", 2)


def test_back_off_is_jittered_grows_and_ends_after_twelve_attempts(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    options = harness.options
    harness.slack.faults = lambda where, text: "unreachable"
    shares = []
    for attempt in range(1, 12):
        assert harness.deliver() == 1
        row = harness.row(outbox_id)
        assert (row.state, row.attempt) == ("pending", attempt)
        most = min(options.backoff_cap, options.backoff_base * 2**attempt)
        shares.append((row.next_at - harness.clock.now()) / most)
        harness.clock.advance(max(most, circuit.PROBE))
    assert all(0 <= share <= 1 for share in shares)
    assert max(shares) - min(shares) > 0.5  # not all at the same moment
    harness.deliver()
    assert (harness.row(outbox_id).state, harness.row(outbox_id).error) == (
        "dead",
        "Slack could not be reached; given up after 12 attempts",
    )


def test_a_message_that_is_too_late_is_not_sent(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "today only", not_after=START + timedelta(hours=1))
    harness.slack.faults = first("unreachable")
    harness.deliver()
    assert harness.deliver(timedelta(hours=2)) == 0
    assert (harness.row(outbox_id).state, harness.row(outbox_id).error) == (
        "dead",
        "it could not be sent in time",
    )
    assert harness.tallies()["dead_total:late"] == 1


def test_a_stored_message_that_cannot_be_read_is_dead_with_the_reason(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "old")
    harness.change(outbox_id, body_json='{"message": "Fax", "fields": {}}')
    harness.deliver()
    row = harness.row(outbox_id)
    assert (row.state, row.error_class, harness.slack.calls) == ("dead", "unreadable", 0)
    assert row.error == "the kept message cannot be read: 'Fax'"


def test_an_exception_while_sending_is_a_lost_answer_and_the_next_message_is_sent(harness: Harness) -> None:
    harness.write(EAST, "bad")
    harness.write(WEST, "good")

    class Faulty:
        history, check = harness.slack.history, harness.slack.check
        channel, joined_channels = harness.slack.channel, harness.slack.joined_channels

        def send(
            self, where: str, message: Message, language: str | None, reference: Reference, **values: Any
        ) -> Answer:
            if where == "C0EAST":
                raise KeyError("ts")
            return harness.slack.send(where, message, language, reference, **values)

    assert harness.deliver(slack=Faulty()) == 2
    assert harness.states() == ["unknown", "sent"]


def test_messages_that_wait_by_a_clock_that_was_set_back_are_sent(harness: Harness) -> None:
    year = timedelta(days=365)
    for text in "ab":
        harness.write(EAST, text)
    harness.write(WEST, "c")
    harness.clock.advance(year)
    harness.slack.faults = first("unreachable")
    harness.deliver()
    harness.crash(Step.SEND_AFTER, after=timedelta(minutes=15))
    harness.clock.advance(-year)
    harness.settle_all()
    assert sorted(harness.slack.texts()) == ["a", "b", "c"]
    assert set(harness.states()) == {"sent"}


def test_a_killed_worker_holds_up_others_until_its_lease_is_over(harness: Harness) -> None:
    for text in "abc":
        harness.write(EAST, text)
    harness.slack.faults = lambda where, text: ""
    with pytest.raises(BaseException, match=r"send\.after"):
        harness.deliver(on_step=CrashAt(Step.SEND_AFTER))
    assert harness.slack.texts() == ["a"]
    assert harness.deliver() == 0  # the address is locked until the lease is over
    harness.settle_all()
    assert harness.slack.texts() == ["a", "b", "c"]


def test_leases_run_by_the_clock_of_the_database(harness: Harness) -> None:
    """Machines whose clocks differ by ten minutes must not take over each other's messages."""

    class Fast(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(minutes=10)

    worker = Worker(database=harness.database, slack=harness.slack, clock=Fast(), rng=harness.rng)
    with harness.database.read() as session:
        ahead = worker.state(session).now - SystemClock().now()
    assert abs(ahead) < timedelta(minutes=1)


def test_a_process_with_a_shifted_clock_takes_no_message_that_is_being_sent(database: Database) -> None:
    """`tierbot tick --at` while the bot runs: by its clock every lease would be over."""
    today = ShiftedClock(SystemClock())
    harness = Harness(database, WorkerOptions(pace=None, watch_clock=False), clock=today)
    monday = ShiftedClock(today, timedelta(days=2))
    sending = harness.write(EAST, "a")

    class Slow(Ledger):
        def send(self, *given: Any, **named: Any) -> Answer:
            meanwhile.extend(harness.deliver(clock=clock) for clock in (today, monday))
            return super().send(*given, **named)

    meanwhile: list[int] = []
    slow = Slow(today.now)
    assert harness.deliver(slack=slow, clock=monday) == 1
    assert meanwhile == [0, 0]
    assert harness.row(sending).state == "sent"
    assert slow.texts() + harness.slack.texts() == ["a"]


def test_messages_due_by_a_shifted_clock_are_sent_and_unknown_ones_keep_their_settle_time(
    database: Database,
) -> None:
    today = ShiftedClock(SystemClock())
    harness = Harness(database, WorkerOptions(pace=None, watch_clock=False), clock=today)
    monday = ShiftedClock(today, timedelta(days=2))
    harness.write(WEST, "lost")
    harness.slack.faults = first("lost")
    harness.deliver()
    assert harness.states() == ["unknown"]
    today.advance(timedelta(minutes=10))
    harness.write(EAST, "in ten minutes")
    today.advance(-timedelta(minutes=10))
    assert harness.deliver() == 0
    assert harness.deliver(clock=monday) == 1
    assert harness.states() == ["unknown", "sent"]
