"""What was decided to be said is said: in order, never twice by itself, and what happened to it is known."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.messages import Help
from bot.services import outbox
from bot.services.outbox import BACKOFF_BASE, BACKOFF_CAP, LEASE, LONGEST_TRY, Answer
from db.engine import Database
from db.outbox import OutboxMessage
from tests.services.outbox_desk import EAST, START, WEST, Crash, Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def answer(outcome: Any, **values: Any) -> Callable[[str, str], Answer]:
    return lambda where, text: Answer(outcome=outcome, **values)


def test_one_key_is_one_message(desk: Desk) -> None:
    desk.write(EAST, "once", dedupe_key="k")
    with pytest.raises(IntegrityError, match=r"outbox\.dedupe_key"):
        desk.write(WEST, "again", dedupe_key="k")
    assert desk.states() == ["pending"]


def test_a_message_is_written_with_its_cause_or_not_at_all(desk: Desk) -> None:
    def cause_fails() -> None:
        with desk.database.write() as session:
            outbox.enqueue(
                session,
                kind="t",
                place=EAST,
                message=Help(role="x"),
                language=None,
                dedupe_key="k",
                now=START,
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause_fails()
    assert desk.states() == []


def test_what_was_sent_is_kept_with_where_and_when(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "hello")
    assert desk.deliver() == 1
    row = desk.row(outbox_id)
    assert (row.state, row.slack_ts, row.slack_channel, row.attempt, row.first_try_at) == (
        "sent", "1", "C0EAST", 1, START,
    )  # fmt: skip
    assert (row.error, row.lease_until) == (None, None)
    assert json.loads(row.body_json)["fields"]["text"] == "hello"
    assert desk.deliver() == 0


def test_the_intent_is_committed_before_the_call(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "hello")
    seen: list[tuple[str, str | None]] = []

    def look(*_: Any) -> Answer:
        row = desk.row(outbox_id)
        seen.append((row.state, row.attempt_id))
        return Answer(outcome="sent", ts="1", channel="C0EAST")

    desk.deliver(send=look)
    assert [(state, attempt is not None) for state, attempt in seen] == [("sending", True)]


def test_a_crash_while_sending_makes_it_unknown_after_the_lease_and_it_is_never_sent_again(
    desk: Desk,
) -> None:
    outbox_id = desk.write(EAST, "hello")

    def crash(*_: Any) -> Answer:
        desk.posts.append(("C0EAST", "hello"))
        raise Crash

    with pytest.raises(Crash):
        desk.deliver(send=crash)
    assert desk.row(outbox_id).state == "sending"
    assert desk.deliver(LEASE) == 0
    assert desk.row(outbox_id).state == "sending"
    for _ in range(3):
        assert desk.deliver(timedelta(seconds=1)) == 0
    row = desk.row(outbox_id)
    assert (row.state, row.error_class, row.error) == (
        "unknown",
        "lease",
        "the process that was sending it stopped",
    )
    assert desk.posts == [("C0EAST", "hello")]


def test_a_crash_before_the_claim_is_committed_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(EAST, "hello")
    claim = outbox.outbox.claim

    def claim_and_crash(*args: Any, **values: Any) -> Any:
        claim(*args, **values)
        raise Crash

    monkeypatch.setattr(outbox.outbox, "claim", claim_and_crash)
    with pytest.raises(Crash):
        desk.deliver()
    monkeypatch.undo()
    assert desk.states() == ["pending"]
    assert desk.deliver() == 1


def test_a_crash_after_the_answer_leaves_it_to_be_settled_not_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(EAST, "hello")

    def crash(*_: Any, **__: Any) -> bool:
        raise Crash

    monkeypatch.setattr(outbox.outbox, "settle", crash)
    with pytest.raises(Crash):
        desk.deliver()
    monkeypatch.undo()
    assert desk.deliver(LEASE + timedelta(seconds=1)) == 0
    assert desk.states() == ["unknown"]
    assert len(desk.posts) == 1


def test_an_answer_that_comes_after_the_lease_still_counts(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "slow")

    def late(*_: Any) -> Answer:
        desk.deliver(LEASE + timedelta(seconds=1))  # another worker finds the lease run out
        assert desk.row(outbox_id).state == "unknown"
        return Answer(outcome="sent", ts="7", channel="C0EAST")

    desk.deliver(send=late)
    assert (desk.row(outbox_id).state, desk.row(outbox_id).slack_ts) == ("sent", "7")


def test_what_somebody_else_took_over_is_left_alone(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "slow")

    def overtaken(*_: Any) -> Answer:
        with desk.database.write() as session:
            session.get_one(OutboxMessage, outbox_id).attempt_id = "somebody else's"
        return Answer(outcome="hopeless", error="x")

    desk.deliver(send=overtaken)
    assert desk.row(outbox_id).state == "sending"


def test_a_fault_of_ours_while_sending_is_a_lost_answer_and_the_next_one_is_sent(desk: Desk) -> None:
    desk.write(EAST, "bad")
    desk.write(WEST, "good")

    def fail(where: str, text: str) -> Answer:
        if text == "bad":
            raise KeyError("ts")
        return Answer(outcome="sent", ts="1", channel=where)

    desk.answers = fail
    assert desk.deliver() == 2
    assert desk.states() == ["unknown", "sent"]


def test_a_message_of_a_version_long_gone_is_dead_with_a_sentence(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "old")
    with desk.database.write() as session:
        session.get_one(OutboxMessage, outbox_id).body_json = '{"message": "Fax", "fields": {}}'
    desk.deliver()
    row = desk.row(outbox_id)
    assert (row.state, row.error_class) == ("dead", "unreadable")
    assert row.error == "the kept message cannot be read: 'Fax'"
    assert desk.posts == []


def test_a_lost_answer_is_unknown_and_not_sent_again(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "hello")
    desk.answers = answer("lost", error_class="no_answer", error="no answer: TimeoutError")
    for _ in range(5):
        desk.deliver(timedelta(hours=1))
    assert (desk.row(outbox_id).state, desk.row(outbox_id).error_class) == ("unknown", "no_answer")
    assert len(desk.posts) == 1


def test_a_hopeless_one_is_dead_at_once_with_its_sentence(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "hello")
    desk.answers = answer("hopeless", error_class="is_archived", error="the channel is archived")
    for _ in range(3):
        desk.deliver(timedelta(hours=1))
    assert (desk.row(outbox_id).state, desk.row(outbox_id).error) == ("dead", "the channel is archived")
    assert len(desk.posts) == 1


def test_slacks_wish_to_wait_is_respected_to_the_second_and_uses_up_no_attempt(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "hello")
    wait = timedelta(seconds=30)
    desk.answers = answer("retry", error_class="ratelimited", retry_after=wait, counts=False)
    for tries in range(1, 6):
        assert desk.deliver() == 1
        row = desk.row(outbox_id)
        assert (row.state, row.attempt, row.next_at) == ("pending", 0, desk.clock.now() + wait)
        assert desk.deliver(wait - timedelta(seconds=1)) == 0
        assert len(desk.posts) == tries
        desk.clock.advance(timedelta(seconds=1))
    desk.clock.advance(LONGEST_TRY)
    desk.answers = answer("sent", ts="1", channel="C0EAST")
    desk.deliver()
    assert (desk.row(outbox_id).state, desk.row(outbox_id).attempt) == ("sent", 1)


def test_a_revoked_token_leaves_everything_pending_however_long(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "hello")
    desk.answers = answer(
        "retry",
        error_class="token_revoked",
        error="token_revoked",
        retry_after=timedelta(minutes=1),
        counts=False,
    )
    for _ in range(10):
        desk.deliver(timedelta(days=2))
    row = desk.row(outbox_id)
    assert (row.state, row.attempt, row.error_class) == ("pending", 0, "token_revoked")


def test_who_cannot_be_reached_is_tried_again_later_and_later_and_given_up_after_three_days(
    desk: Desk,
) -> None:
    outbox_id = desk.write(EAST, "hello")
    desk.answers = answer("retry", error_class="unreachable", error="Slack could not be reached")
    seconds = []
    for attempt in range(1, 13):
        desk.deliver()
        row = desk.row(outbox_id)
        assert (row.state, row.attempt) == ("pending", attempt)
        most = min(BACKOFF_CAP, BACKOFF_BASE * 2**attempt)
        seconds.append((row.next_at - desk.clock.now()) / most)
        desk.clock.advance(most)
    assert all(0 <= share <= 1 for share in seconds)
    assert max(seconds) - min(seconds) > 0.5  # not all at the same moment
    desk.deliver(START + LONGEST_TRY - desk.clock.now() - timedelta(seconds=1))
    assert desk.row(outbox_id).state == "pending"
    desk.deliver(BACKOFF_CAP)
    assert (desk.row(outbox_id).state, desk.row(outbox_id).error) == ("dead", "Slack could not be reached")


def test_a_day_without_network_loses_nothing(desk: Desk) -> None:
    for place in (EAST, WEST):
        desk.write(place, "hello")
    desk.answers = answer("retry", error_class="unreachable")
    for _ in range(26):
        desk.deliver(timedelta(hours=1))
    desk.answers = answer("sent", ts="1")
    desk.deliver(BACKOFF_CAP)
    assert desk.states() == ["sent"] * 2


def test_what_is_too_late_is_not_sent(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "today only", not_after=START + timedelta(hours=1))
    desk.answers = answer("retry", error_class="unreachable")
    desk.deliver()
    desk.answers = answer("sent", ts="1")
    assert desk.deliver(timedelta(hours=2)) == 0
    assert (desk.row(outbox_id).state, desk.row(outbox_id).error) == ("dead", "it could not be sent in time")
