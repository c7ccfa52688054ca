"""A request that Slack sends again is handled once: by this process from memory, by others because of the row."""

from typing import Any

from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot.clock import SystemClock
from bot.slack import deferred
from bot.slack.deferred import Deferred, Press, Recent
from db import processes
from db.engine import Database
from db.processes import InboundKey


def test_an_event_that_is_delivered_four_times_to_two_processes_has_one_effect(database: Database) -> None:
    done: list[str] = []
    unexplained: list[Exception] = []

    def welcome(press: Press) -> None:
        done.append(press.body["event_id"])
        with database.write() as session:
            processes.take_request(session, press.key, SystemClock().now())
            processes.count(session, "welcomed")

    running = [_process(welcome, unexplained) for _ in range(2)]
    for event_id in ("Ev1", "Ev2"):
        for number in range(4):
            app, _ = running[number % 2]
            request = BoltRequest(mode="socket_mode", body=_joined(event_id))
            assert app.dispatch(request).status == 200  # what is not acknowledged is delivered again
            request.context[deferred.BEGIN]()
    for _, deferred_work in running:
        assert deferred_work.close(10) == 0
    with database.read() as session:
        assert processes.tallies(session) == {"welcomed": 2}
    assert sorted(done) == ["Ev1", "Ev1", "Ev2", "Ev2"]  # each process asks the database once
    assert unexplained == []


def _process(work: deferred.Work, unexplained: list[Exception]) -> tuple[App, Deferred]:
    app = App(
        signing_secret="unused",
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T0LOCAL", bot_token="xoxb-local"),
        process_before_response=True,
        token_verification_enabled=False,
    )
    deferred_work = deferred.queues(lambda error, press: unexplained.append(error))
    app.event("team_join")(deferred_work.writes(work))
    return app, deferred_work


def _joined(event_id: str) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "team_id": "T0LOCAL",
        "event_id": event_id,
        "event": {"type": "team_join", "user": {"id": "U0NEW"}},
    }


def test_the_newest_requests_are_remembered_and_no_more() -> None:
    def key(number: int) -> InboundKey:
        return InboundKey(team_id="T0LOCAL", kind="block_actions", key=str(number))

    recent, more = Recent(), 100
    many = deferred.REMEMBERED + more
    assert all(recent.is_new(key(number)) for number in range(many))
    assert len(recent._seen) == deferred.REMEMBERED
    assert not any(recent.is_new(key(number)) for number in range(more, many))
    assert recent.is_new(key(0))  # long ago: the row in the inbox has it
