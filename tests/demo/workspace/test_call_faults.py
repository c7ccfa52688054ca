"""Faults of the Web API with Slack's own client: what it gets, and what the workspace has stored."""

from __future__ import annotations

import http.client
import json
import random
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.demo.workspace.faults.kinds import Faults
from tests.demo.workspace.conftest import Stopwatch
from tests.demo.workspace.test_interactions import GENERAL

MANAGERS = "C0MANAGERS"
METADATA = {"event_type": "tierbot_outbox", "event_payload": {"id": 7, "attempt": 1}}


@pytest.fixture
def hasty(workspace: Workspace) -> WebClient:
    """A client without retries that waits 0.15 s at most."""
    client = WebClient("xoxb-local", base_url=workspace.api_url, retry_handlers=[])
    client.timeout = 0.15  # type: ignore[assignment]
    return client


def post(client: WebClient, text: str = "hello", channel: str = GENERAL) -> Any:
    return client.chat_postMessage(channel=channel, text=text, metadata=METADATA)


def texts(workspace: Workspace) -> list[str]:
    return [stored.text for stored in workspace.posts]


def refusal(call: Callable[[], Any]) -> Any:
    with pytest.raises(SlackApiError) as raised:
        call()
    return raised.value.response


def test_the_ledger_holds_what_was_stored_with_its_metadata_in_order(
    workspace: Workspace, client: WebClient, stopwatch: Stopwatch
) -> None:
    first = post(client, "one")
    stopwatch.seconds = 2.5
    post(client, "two", MANAGERS)
    client.chat_delete(channel=GENERAL, ts=first["ts"])
    assert texts(workspace) == ["one", "two"]
    assert [(held.channel, held.seconds) for held in workspace.posts] == [(GENERAL, 0.0), (MANAGERS, 2.5)]
    assert workspace.posts[0].ts == first["ts"]
    assert workspace.posts[0].metadata == METADATA
    assert workspace.posts[0].at == workspace.state.now()


@pytest.mark.parametrize("kind", ["lost_closed", "lost_reset"])
def test_slacks_own_client_posts_twice_when_the_answer_is_lost_and_once_without_its_handlers(
    workspace: Workspace, client: WebClient, kind: str
) -> None:
    workspace.faults.switch(kind, count=1)
    post(WebClient("xoxb-local", base_url=workspace.api_url), "by the usual client")
    assert texts(workspace) == ["by the usual client"] * 2
    workspace.faults.switch(kind, count=1)
    with pytest.raises((URLError, http.client.RemoteDisconnected, ConnectionResetError)):
        post(client, "without handlers")
    assert texts(workspace)[2:] == ["without handlers"]
    assert workspace.faults.struck == {kind: 2}


def test_a_slow_answer_reaches_only_a_client_that_waits_for_it(
    workspace: Workspace, hasty: WebClient, client: WebClient
) -> None:
    workspace.faults.switch("slow", seconds=20, count=1)
    with pytest.raises(TimeoutError):
        post(hasty, "stored")
    workspace.faults.switch("slow", seconds=0.05, count=1)
    assert post(client, "waited for")["ok"]
    assert texts(workspace) == ["stored", "waited for"]


def test_a_late_message_is_stored_after_the_call_has_ended(workspace: Workspace, hasty: WebClient) -> None:
    workspace.faults.switch("late_store", seconds=0.2, count=1)
    with pytest.raises(TimeoutError):
        post(hasty, "late")
    assert (texts(workspace), workspace.faults.late) == ([], 1)
    workspace.wait_for(lambda: workspace.faults.late == 0)
    assert texts(workspace) == ["late"]
    assert workspace.posts[0].metadata == METADATA


def test_a_workspace_that_stops_ends_the_calls_it_holds() -> None:
    with Workspace(users=PEOPLE, channels=CHANNELS) as workspace:
        client = WebClient("xoxb-local", base_url=workspace.api_url, retry_handlers=[])
        workspace.faults.switch("late_store")
        ended: list[Exception] = []

        def call() -> None:
            try:
                post(client)
            except (URLError, http.client.HTTPException, OSError) as error:
                ended.append(error)

        caller = threading.Thread(target=call)
        caller.start()
        workspace.wait_for(lambda: workspace.faults.late == 1)
    caller.join(2)
    assert len(ended) == 1
    assert workspace.posts == ()


def test_a_seed_strikes_the_same_calls_again_and_about_as_many_as_asked_for() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(random.Random(seed))
        faults.switch("lost_closed", probability=0.25)
        return [faults.draw("call", "chat.postMessage") is not None for _ in range(400)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 60 < sum(strikes(1)) < 140
    assert Faults(random.Random(1)).draw("call", "chat.postMessage") is None


@pytest.mark.parametrize(
    ("kind", "settings", "sentence"),
    [
        ("lost", {}, "There is no fault 'lost'"),
        ("slow", {"second": 3}, "A fault has no second; it has burst,"),
        ("slow", {"probability": 30}, "A probability is between 0 and 1, not 30"),
        ("slow", {"seconds": "3"}, "seconds"),
    ],
)
def test_an_unknown_fault_or_setting_is_refused(kind: str, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Faults(random.Random(1)).switch(kind, **settings)


@pytest.mark.parametrize("header", [None, "-1", "abc", "86400", "2"])
def test_a_forced_429_carries_whatever_retry_after_was_asked_for(
    workspace: Workspace, client: WebClient, header: str | None
) -> None:
    workspace.faults.switch("rate_limited", retry_after=header)
    answer = refusal(lambda: post(client))
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert answer.headers.get("Retry-After") == header
    assert texts(workspace) == []


def test_a_call_before_the_retry_after_has_passed_is_counted(
    workspace: Workspace, client: WebClient, stopwatch: Stopwatch
) -> None:
    workspace.faults.switch("rate_limited", retry_after="2", count=1)
    refusal(lambda: post(client))
    stopwatch.seconds = 1.9
    post(client, "too early")
    post(client, "another channel", MANAGERS)
    stopwatch.seconds = 2.0
    post(client, "in time")
    assert workspace.rates.early == 1


def test_a_channel_takes_three_at_once_and_then_one_a_second(
    workspace: Workspace, client: WebClient, stopwatch: Stopwatch
) -> None:
    workspace.faults.switch("pacing")
    for number in range(3):
        post(client, str(number))
    answer = refusal(lambda: post(client, "a fourth"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    post(client, "elsewhere", MANAGERS)
    stopwatch.seconds = 1.0
    post(client, "3")
    assert texts(workspace) == ["0", "1", "2", "elsewhere", "3"]
    rates = workspace.rates
    assert (rates.calls, rates.violations, rates.early) == (6, 1, 0)
    assert rates.peak_per_second == {GENERAL: 4, MANAGERS: 1}
    assert workspace.faults.struck == {"pacing": 1}


def test_the_workspace_as_a_whole_has_a_rate_per_minute(
    workspace: Workspace, client: WebClient, stopwatch: Stopwatch
) -> None:
    workspace.faults.switch("pacing", per_minute=2)
    post(client, "one")
    stopwatch.seconds = 20.0
    post(client, "two", MANAGERS)
    stopwatch.seconds = 30.0
    answer = refusal(lambda: post(client, "three", "C0KEYACCOUNTS"))
    assert answer.headers["Retry-After"] == str(60 - 30)
    assert workspace.rates.peak_per_minute == 3


def test_a_call_at_the_right_pace_that_arrives_a_little_early_is_no_violation(
    workspace: Workspace, client: WebClient, stopwatch: Stopwatch
) -> None:
    for _ in range(3):
        post(client)
    stopwatch.seconds = 0.95
    post(client)
    assert workspace.rates.violations == 0
    post(client)
    assert workspace.rates.violations == 1


def test_rates_are_measured_even_where_nothing_is_refused(workspace: Workspace, client: WebClient) -> None:
    for _ in range(5):
        post(client)
    assert (len(workspace.posts), workspace.rates.violations) == (5, 5 - 3)


@pytest.mark.parametrize(("status", "stored"), [(500, False), (503, True)])
def test_a_5xx_may_come_before_or_after_the_message_is_stored(
    workspace: Workspace, client: WebClient, status: int, stored: bool
) -> None:
    workspace.faults.switch("server_error", status=status, stored=stored)
    answer = refusal(lambda: post(client))
    assert answer.status_code == status
    assert len(workspace.posts) == stored


@pytest.mark.parametrize("kind", ["bad_json", "empty"])
def test_an_unreadable_answer_comes_after_the_message_was_stored(
    workspace: Workspace, client: WebClient, kind: str
) -> None:
    workspace.faults.switch(kind)
    with pytest.raises((SlackApiError, SlackRequestError, json.JSONDecodeError)):
        assert post(client)["ok"]
    assert len(workspace.posts) == 1


def test_any_error_can_be_given_for_a_method_after_storing_too(
    workspace: Workspace, client: WebClient
) -> None:
    workspace.faults.switch("error", code="is_archived", channels=["#general"])
    workspace.faults.switch("error", name="after", code="fatal_error", stored=True, channels=[MANAGERS])
    assert refusal(lambda: post(client, "no", "#general"))["error"] == "is_archived"
    assert refusal(lambda: post(client, "yes", MANAGERS))["error"] == "fatal_error"
    assert texts(workspace) == ["yes"]
    assert workspace.faults.struck == {"error": 1, "after": 1}


def test_a_revoked_token_is_refused_by_every_method_until_it_is_good_again(
    workspace: Workspace, client: WebClient
) -> None:
    workspace.faults.switch("error", code="token_revoked", methods="*")
    for call in (client.auth_test, client.users_list, lambda: post(client)):
        assert refusal(call)["error"] == "token_revoked"
    workspace.faults.clear("error")
    assert post(client)["ok"]


def test_history_can_be_unreadable_or_read_once_a_minute_fifteen_at_a_time(
    workspace: Workspace, client: WebClient, stopwatch: Stopwatch
) -> None:
    for number in range(20):
        post(client, str(number))
    workspace.faults.switch("history_unreadable", count=1)
    answer = refusal(lambda: client.conversations_history(channel=GENERAL))
    assert (answer["error"], answer["needed"].split(",")[0]) == ("missing_scope", "channels:history")
    workspace.faults.switch("history_limited")
    assert len(client.conversations_history(channel=GENERAL, limit=100)["messages"]) == 15
    stopwatch.seconds = 10.0
    answer = refusal(lambda: client.conversations_history(channel=GENERAL))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(60 - 10))
    stopwatch.seconds = 60.0
    assert client.conversations_history(channel=GENERAL)["has_more"]


def test_a_response_url_can_fail_like_any_call(workspace: Workspace) -> None:
    key = workspace.platform.tickets.new_response(
        user="U0LINWEI", channel=GENERAL, original=None, thread_ts=None
    )
    workspace.faults.switch("server_error", methods=["response_url"], count=1)
    hook = WebhookClient(f"{workspace.url}/hooks/{key}")
    assert hook.send(text="lost").status_code == 503
    assert hook.send(text="shown").status_code == 200
    assert [message.text for message in workspace.messages(GENERAL, "U0LINWEI")] == ["shown"]
