"""One person's flood does not keep others waiting: people take turns, and what one person may have waiting is limited."""

import threading
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot.slack import deferred
from bot.slack.deferred import READERS, Deferred, Press
from bot.slack.fair_queue import MOST_OF_ONE, NOBODY, FairQueue, TooMany, Turns

PATIENCE = 20.0  # seconds


def nothing() -> None:
    """A job."""


def order(queue: FairQueue, many: int) -> list[str]:
    """Whose jobs are handed out, one after the other."""
    found = []
    for _ in range(many):
        taken = queue.get()
        assert taken is not None
        found.append(taken[0])
        queue.finish(taken[0])
    return found


def test_people_take_turns() -> None:
    queue = FairQueue(threads=2)
    for user in ("A", "A", "A", "B", "B", "C"):
        queue.put(user, nothing)
    assert order(queue, 6) == ["A", "B", "C", "A", "B", "A"]


def test_one_person_leaves_a_thread_to_the_others() -> None:
    queue = FairQueue(threads=3)
    for user in ("A", "A", "A", "A", "B"):
        queue.put(user, nothing)
    handed_out = [queue.get() for _ in range(3)]
    assert [taken and taken[0] for taken in handed_out] == ["A", "B", "A"]
    assert (queue.of("A"), queue.of("B")) == (4, 1)
    waiting = threading.Thread(target=queue.get)
    waiting.start()
    assert waiting.is_alive()  # the third of A waits, although a job is there
    queue.finish("A")
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_a_closed_queue_hands_out_what_it_has_and_takes_nothing_more() -> None:
    queue = FairQueue(threads=1)
    queue.put("A", nothing)
    queue.close()
    assert not queue.put("A", nothing)
    assert order(queue, 1) == ["A"]
    assert queue.get() is None


def test_a_person_gets_so_many_answers_at_the_same_moment_and_no_more() -> None:
    turns = Turns(most=2)
    with turns.turn("A"), turns.turn("A"):
        with pytest.raises(TooMany, match="Wait until it is answered"), turns.turn("A"):
            pass
        with turns.turn("B"):
            pass
    with turns.turn("A"):
        pass


# --- in the queues of presses


class Crowd:
    """An app whose buttons are held until the test lets them go, and whom it has told what."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.done: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.queues: Deferred = deferred.queues(self.explain)
        self.app = App(
            authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-local"),
            process_before_response=True,
            request_verification_enabled=False,
            token_verification_enabled=False,
        )
        self.app.action("hold")(self.queues.reads(self.hold))
        self.app.action("look")(self.queues.reads(self.look))

    def explain(self, error: Exception, press: Press) -> None:
        self.told.append((press.user_id, type(error).__name__))

    def hold(self, press: Press) -> None:
        self.go_on.wait(PATIENCE)
        self.done.append(press.user_id)

    def look(self, press: Press) -> None:
        self.done.append(press.user_id)

    def press(self, user: str, number: int, action: str = "hold") -> int:
        pressed = {"action_id": action, "block_id": "b", "type": "button", "action_ts": "1.0"}
        body: dict[str, Any] = {"type": "block_actions", "user": {"id": user}, "actions": [pressed]}
        request = BoltRequest(mode="socket_mode", body=body | {"trigger_id": f"{user}{number}"})
        status = self.app.dispatch(request).status
        if status == 200:
            request.context[deferred.BEGIN]()
        return status


def test_a_flood_of_presses_is_acknowledged_limited_and_answered_once_and_politely() -> None:
    crowd = Crowd()
    assert {crowd.press("FLOOD", number) for number in range(3 * MOST_OF_ONE)} == {200}
    crowd.press("B", 1, "look")  # is done while all the presses of the flood are held
    while crowd.done != ["B"]:
        threading.Event().wait(0.001)
    crowd.go_on.set()
    assert crowd.queues.close(PATIENCE) == 0
    assert crowd.told == [("FLOOD", "TooMany")]
    assert crowd.done.count("FLOOD") == MOST_OF_ONE


def _wait(barrier: threading.Barrier) -> None:
    barrier.wait(PATIENCE)


def test_work_of_nobody_may_take_all_threads() -> None:
    crowd, started = Crowd(), threading.Barrier(READERS + 1)
    for _ in range(READERS):
        crowd.queues.reads.put(lambda: _wait(started), NOBODY)
    started.wait(PATIENCE)
    assert crowd.queues.close(PATIENCE) == 0


def test_a_form_of_a_flooding_person_is_refused_before_it_is_acknowledged() -> None:
    crowd = Crowd()
    for number in range(MOST_OF_ONE):
        crowd.press("FLOOD", number)
    press = Press(body={"user": {"id": "FLOOD"}}, client=None)  # type: ignore[arg-type]
    with pytest.raises(TooMany):
        crowd.queues.reads.finish(press, lambda _: None)
    crowd.go_on.set()
    assert crowd.queues.close(PATIENCE) == 0


def test_work_that_takes_too_long_is_given_up_and_not_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferred, "FORM_SECONDS", 0.01)
    crowd, committed = Crowd(), []
    press = Press(body={"user": {"id": "A"}}, client=None)  # type: ignore[arg-type]

    def work(attempt: deferred.Attempt) -> None:
        crowd.go_on.wait(PATIENCE)
        attempt.before_commit()
        committed.append(1)

    with pytest.raises(deferred.Late):
        crowd.queues.writes.finish(press, work)
    crowd.go_on.set()
    assert crowd.queues.close(PATIENCE) == 0
    assert committed == []


def test_work_is_either_given_up_or_committed() -> None:
    given_up, committed = deferred.Attempt(), deferred.Attempt()
    assert given_up.settle()
    with pytest.raises(deferred.GivenUp):
        given_up.before_commit()
    committed.before_commit()
    assert not committed.settle()  # whoever waits for it goes on waiting


def test_a_form_that_others_keep_waiting_does_not_blame_its_person(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    monkeypatch.setattr(crowd.queues.writes, "_most", 1)
    crowd.queues.writes.put(lambda: bool(crowd.go_on.wait(PATIENCE)) and None, "B")
    press = Press(body={"user": {"id": "A"}}, client=None)  # type: ignore[arg-type]
    with pytest.raises(deferred.Late):
        crowd.queues.writes.finish(press, lambda attempt: None)
    crowd.go_on.set()
    assert crowd.queues.close(PATIENCE) == 0
