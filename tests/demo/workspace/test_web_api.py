"""The Web API against slack_sdk's own client: what Slack accepts, and with which codes it refuses."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.workspace import BOT_USER_ID, Channel, User, Workspace
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.default_team import CHANNELS, LIN_WEI, PEOPLE
from bot.demo.workspace.records import TEAM_ID
from tests.demo.workspace.conftest import MORNING

LIN, ANNA, OMAR = "U0LINWEI", "U0ANNA", "U0OMAR"
GENERAL, MANAGERS = "C0GENERAL", "C0MANAGERS"

Call = Callable[[], Any]


def refusal(call: Call) -> str:
    """The error code a call is refused with; empty when it is not."""
    try:
        call()
    except SlackApiError as error:
        return str(error.response["error"])
    return ""


def test_metadata_is_stored_and_returned_in_the_history(client: WebClient) -> None:
    metadata = {"event_type": "tierbot_outbox", "event_payload": {"id": 7, "attempt": "a"}}
    first = client.chat_postMessage(channel=GENERAL, text="one", metadata=metadata)
    second = client.chat_postMessage(channel=GENERAL, text="two", thread_ts=None)
    client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=first["ts"])
    history = client.conversations_history(channel=GENERAL, include_all_metadata=True)
    assert [(m["text"], m.get("metadata")) for m in history["messages"]] == [("two", None), ("one", metadata)]
    assert "metadata" not in client.conversations_history(channel=GENERAL)["messages"][1]
    later = client.conversations_history(channel=GENERAL, oldest=first["ts"])
    assert [m["ts"] for m in later["messages"]] == [second["ts"]]
    assert float(first["ts"]) >= MORNING.timestamp()
    thread = client.conversations_replies(channel=GENERAL, ts=first["ts"])
    assert [m["text"] for m in thread["messages"]] == ["one", "reply"]


def test_history_comes_in_pages(client: WebClient) -> None:
    for number in range(5):
        client.chat_postMessage(channel=GENERAL, text=str(number))
    texts: list[str] = []
    cursor = None
    for _ in range(3):
        page = client.conversations_history(channel=GENERAL, limit=2, cursor=cursor)
        texts += [message["text"] for message in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
    assert (texts, cursor, page["has_more"]) == (["4", "3", "2", "1", "0"], "", False)


def test_an_update_without_blocks_removes_the_blocks(client: WebClient, workspace: Workspace) -> None:
    posted = client.chat_postMessage(channel=GENERAL, text="one", blocks=[{"type": "divider"}], metadata={})
    client.chat_update(channel=GENERAL, ts=posted["ts"], text="two")
    message = workspace.messages(GENERAL)[0]
    assert (message.text, message.blocks, message.edited_ts is not None) == ("two", (), True)


def test_messages_reach_people_and_channels_by_id_and_by_name(
    client: WebClient, workspace: Workspace
) -> None:
    assert client.chat_postMessage(channel="#general", text="x")["channel"] == GENERAL
    assert client.chat_postMessage(channel=LIN, text="x")["channel"] == workspace.dm(LIN)
    assert client.conversations_open(users=ANNA)["channel"]["id"] == workspace.dm(ANNA)
    assert [m.text for m in workspace.messages(workspace.dm(LIN))] == ["x"]


def test_people_are_found_by_id_and_by_email(client: WebClient, workspace: Workspace) -> None:
    user = client.users_lookupByEmail(email="Lin.Wei@Example.com")["user"]
    assert (user["id"], user["tz"], user["tz_offset"]) == (LIN, "Asia/Shanghai", 8 * 3600)
    assert "locale" not in user  # users.info gives it, when asked
    assert "locale" not in client.users_info(user=LIN)["user"]
    assert client.users_info(user=LIN, include_locale=True)["user"]["locale"] == "zh-CN"
    assert client.users_info(user=LIN)["user"]["profile"]["email"] == "lin.wei@example.com"
    workspace.state.put_user(replace(LIN_WEI, tz=None, email=None))
    bare = client.users_info(user=LIN)["user"]
    assert ("tz" in bare, "email" in bare["profile"]) == (False, False)
    members = client.users_list(limit=2)
    assert len(members["members"]) == 2
    assert members["response_metadata"]["next_cursor"]
    assert set(client.conversations_members(channel=MANAGERS)["members"]) == {OMAR, "U0GRACE", BOT_USER_ID}
    assert [c["name"] for c in client.conversations_list()["channels"]] == [
        "general",
        "key-accounts",
        "managers",
        "vip-emergency",
    ]


def test_what_slack_refuses_is_refused_with_slacks_code(client: WebClient, workspace: Workspace) -> None:
    own = client.chat_postMessage(channel=GENERAL, text="own")["ts"]
    private = client.chat_postEphemeral(channel=GENERAL, user=LIN, text="private")["message_ts"]
    theirs = workspace.say(LIN, GENERAL, "theirs").ts
    workspace.state.put_channel(Channel(id="C0CLOSED", name="closed", members=frozenset({LIN})))
    workspace.state.put_channel(
        Channel(id="C0SECRET", name="secret", members=frozenset({LIN}), is_private=True)
    )
    workspace.state.put_channel(
        Channel(id="C0OLD", name="old", is_archived=True, members=frozenset({BOT_USER_ID}))
    )
    say = client.chat_postMessage
    assert {
        "no_text": refusal(
            lambda: client.api_call("chat.postMessage", json={"channel": GENERAL, "text": " "})
        ),
        "channel_not_found": refusal(lambda: say(channel="C0NOWHERE", text="x")),
        "not_in_channel": refusal(lambda: say(channel="C0CLOSED", text="x")),
        "is_archived": refusal(lambda: say(channel="C0OLD", text="x")),
        "user_not_found": refusal(lambda: client.users_info(user="U0NOBODY")),
        "users_not_found": refusal(lambda: client.users_lookupByEmail(email="nobody@example.com")),
        "user_not_in_channel": refusal(
            lambda: client.chat_postEphemeral(channel=MANAGERS, user=LIN, text="x")
        ),
        "message_not_found": refusal(lambda: client.chat_update(channel=GENERAL, ts="1.000000", text="x")),
        "cant_update_message": refusal(lambda: client.chat_update(channel=GENERAL, ts=theirs, text="x")),
        "cant_delete_message": refusal(lambda: client.chat_delete(channel=GENERAL, ts=theirs)),
        "msg_too_long": refusal(lambda: client.chat_update(channel=GENERAL, ts=own, text="x" * 4001)),
        "unknown_method": refusal(lambda: client.api_call("chat.shout")),
        "invalid_metadata_schema": refusal(
            lambda: say(channel=GENERAL, text="x", metadata={"event_type": "x"})
        ),
        "invalid_blocks_format": refusal(lambda: say(channel=GENERAL, text="x", blocks="[{")),
        "invalid_cursor": refusal(lambda: client.conversations_history(channel=GENERAL, cursor="x")),
        "invalid_limit": refusal(lambda: client.conversations_history(channel=GENERAL, limit=1000)),
    }.items() == {(code, code) for code in _CODES}
    assert refusal(lambda: say(channel="C0SECRET", text="x")) == "channel_not_found"
    assert refusal(lambda: client.chat_update(channel=GENERAL, ts=private, text="x")) == "message_not_found"
    assert len(client.conversations_history(channel=GENERAL)["messages"]) == len(["own", "theirs"])


_CODES = [
    "no_text",
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "user_not_found",
    "users_not_found",
    "user_not_in_channel",
    "message_not_found",
    "cant_update_message",
    "cant_delete_message",
    "msg_too_long",
    "unknown_method",
    "invalid_metadata_schema",
    "invalid_blocks_format",
    "invalid_cursor",
    "invalid_limit",
]


def test_tokens_and_scopes_are_checked(workspace: Workspace) -> None:
    def client_with(token: str) -> WebClient:
        return WebClient(token, base_url=workspace.api_url, retry_handlers=[])

    assert refusal(lambda: client_with("xoxb-other").auth_test()) == "invalid_auth"
    assert refusal(lambda: client_with("xapp-local").auth_test()) == "not_allowed_token_type"
    assert refusal(lambda: client_with("").auth_test()) == "not_authed"
    assert (
        refusal(lambda: client_with("x").apps_connections_open(app_token="xoxb-local"))
        == "not_allowed_token_type"
    )
    workspace.platform.scopes = frozenset({"chat:write", "users:read", "channels:read", "channels:history"})
    client = client_with("xoxb-local")
    with pytest.raises(SlackApiError) as caught:
        client.users_lookupByEmail(email="lin.wei@example.com")
    assert caught.value.response["error"] == "missing_scope"
    assert caught.value.response["needed"] == "users:read.email"
    assert "email" not in client.users_info(user=LIN)["user"]["profile"]
    assert refusal(lambda: client.conversations_history(channel=workspace.dm(LIN))) == "missing_scope"
    headers = client.auth_test().headers
    assert headers["x-oauth-scopes"] == "channels:history,channels:read,chat:write,users:read"
    assert headers["date"] == "Mon, 02 Mar 2026 09:30:00 GMT"


def test_arguments_are_read_from_forms_and_from_json(workspace: Workspace, client: WebClient) -> None:
    blocks = '[{"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}]'
    form = urllib.parse.urlencode({"token": "xoxb-local", "channel": GENERAL, "blocks": blocks, "text": "ü"})
    with urllib.request.urlopen(f"{workspace.api_url}chat.postMessage", form.encode()) as answer:
        assert b'"ok":true' in answer.read()
    assert workspace.messages(GENERAL)[0].blocks[0]["text"]["text"] == "hi"
    assert workspace.messages(GENERAL)[0].text == "ü"
    broken = urllib.request.Request(
        f"{workspace.api_url}auth.test", b"{", {"Content-Type": "application/json; charset=utf-8"}
    )
    with urllib.request.urlopen(broken) as answer:
        assert b"invalid_json" in answer.read()


def view(**fields: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "T"},
        "blocks": [{"type": "divider"}],
        **fields,
    }


def test_modals_follow_slacks_rules_for_stack_and_hash(workspace: Workspace, client: WebClient) -> None:
    def trigger() -> str:
        return workspace.platform.tickets.new_trigger(LIN)

    opened = client.views_open(trigger_id=trigger(), view=view(external_id="mine"))["view"]
    assert (opened["state"], opened["previous_view_id"], opened["team_id"]) == (
        {"values": {}},
        None,
        "T0LOCAL",
    )
    updated = client.views_update(external_id="mine", hash=opened["hash"], view=view())["view"]
    assert updated["hash"] != opened["hash"]
    stale = refusal(lambda: client.views_update(view_id=opened["id"], hash=opened["hash"], view=view()))
    assert stale == "hash_conflict"
    second = client.views_push(trigger_id=trigger(), view=view())["view"]
    assert (second["root_view_id"], second["previous_view_id"]) == (opened["id"], opened["id"])
    client.views_push(trigger_id=trigger(), view=view())
    assert refusal(lambda: client.views_push(trigger_id=trigger(), view=view())) == "push_limit_reached"
    front = workspace.view_of(LIN)
    assert front is not None
    workspace.close_view(LIN, front)
    now_front = workspace.view_of(LIN)
    assert now_front is not None
    assert now_front.id == second["id"]
    assert refusal(lambda: client.views_update(view_id=front.id, view=view())) == "not_found"


def test_ids_of_messages_rise_even_when_the_clock_stops_or_goes_back() -> None:
    times = iter([MORNING, MORNING, MORNING.replace(hour=1), MORNING.replace(hour=12)])
    with Workspace(users=PEOPLE, channels=CHANNELS, now=lambda: next(times)) as workspace:
        stamps = [workspace.state.next_ts() for _ in range(4)]
    start = int(MORNING.timestamp())
    later = start + 3 * 3600
    assert stamps == [f"{start}.000000", f"{start}.000001", f"{start}.000002", f"{later}.000000"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example", "Origin": "own"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({}, 403),
        ({"Origin": "own"}, 200),
    ],
)
def test_the_page_is_changed_only_from_its_own_address(
    workspace: Workspace, headers: dict[str, str], status: int
) -> None:
    own = {name: workspace.url if value == "own" else value for name, value in headers.items()}
    body = b'{"user": "U0LINWEI", "channel": "C0GENERAL", "text": "hi"}'
    request = urllib.request.Request(f"{workspace.url}/page/say", body, own)
    try:
        with urllib.request.urlopen(request) as answer:
            found = answer.status
    except urllib.error.HTTPError as error:
        found = error.code
        error.close()
    assert (found, len(workspace.messages(GENERAL))) == (status, 1 if status == 200 else 0)


def status_of(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {})) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


FORM = b"token=xoxb-local&channel=C0GENERAL&text=hi"


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/api/chat.postMessage", FORM, {"Origin": "http://evil.example"}),
        ("/api/chat.postMessage", FORM, {"Origin": "null"}),
        ("/api/chat.postMessage", FORM, {"Origin": "http://localhost:3000"}),
        ("/api/chat.postMessage", FORM, {"Sec-Fetch-Site": "cross-site"}),
        (
            f"/api/chat.postMessage?{FORM.decode()}",
            None,
            {"Sec-Fetch-Site": "cross-site"},
        ),  # as an image does
        (f"/api/chat.postMessage?{FORM.decode()}", None, {"Sec-Fetch-Site": "same-site"}),
        ("/hooks/HOOK", b'payload={"text": "hi"}', {"Origin": "http://evil.example"}),
        ("/page/state", None, {"Origin": "http://evil.example"}),
        ("/page/state", None, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_a_foreign_page_gets_nothing_from_the_web_api(
    workspace: Workspace, path: str, body: bytes | None, headers: dict[str, str]
) -> None:
    hook = workspace.platform.tickets.new_response(user=LIN, channel=GENERAL, original=None, thread_ts=None)
    url = workspace.url + path.replace("HOOK", hook)
    assert status_of(url, body, headers) == 403
    assert workspace.messages(GENERAL, LIN) == ()
    assert status_of(url, body) == 200  # the same from a program


def test_a_link_on_a_foreign_page_opens_the_page(workspace: Workspace) -> None:
    assert status_of(workspace.url, None, {"Sec-Fetch-Site": "cross-site"}) == 200


def test_a_foreign_page_opens_no_socket(workspace: Workspace) -> None:
    ticket = workspace.platform.tickets.new_socket()

    def shake_hands(**headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", workspace.port, timeout=10)
        usual = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        connection.request("GET", f"/link/?ticket={ticket}", headers=usual | key | headers)
        status = connection.getresponse().status
        connection.close()
        return status

    assert shake_hands(Origin="http://evil.example") == 403
    assert shake_hands() == 101


def test_nobody_can_guess_where_answers_go(workspace: Workspace) -> None:
    tickets = workspace.platform.tickets
    hooks = {tickets.new_response(user=LIN, channel=GENERAL, original=None, thread_ts=None) for _ in range(3)}
    sockets = {tickets.new_socket() for _ in range(3)}
    assert len(hooks | sockets) == 6
    assert min(map(len, hooks | sockets)) >= 32


def test_a_person_of_another_team_has_its_id(workspace: Workspace, client: WebClient) -> None:
    workspace.state.put_user(
        User(id="U0GUEST", name="guest", real_name="Guest", team_id="T0OTHER", is_restricted=True)
    )
    user = client.users_info(user="U0GUEST")["user"]
    assert (user["team_id"], user["is_restricted"]) == ("T0OTHER", True)


def test_a_renamed_channel_keeps_its_id_and_its_old_name_is_free_for_another(
    workspace: Workspace, client: WebClient
) -> None:
    managers = workspace.state.channel("#managers")
    taken = replace(managers, id="C0SECOND")
    with pytest.raises(ApiError, match="name_taken"):
        workspace.state.put_channel(taken)
    workspace.state.put_channel(replace(managers, name="leads"))
    assert refusal(lambda: client.chat_postMessage(channel="#managers", text="x")) == "channel_not_found"
    workspace.state.put_channel(taken)
    by_name = client.chat_postMessage(channel="#managers", text="x")["channel"]
    by_id = client.chat_postMessage(channel=MANAGERS, text="x")["channel"]
    assert (by_name, by_id) == ("C0SECOND", MANAGERS)
    renamed = client.conversations_info(channel=MANAGERS)["channel"]
    assert (renamed["name"], renamed["previous_names"]) == ("leads", ["managers"])


def test_users_conversations_lists_the_channels_that_the_bot_has_joined(
    workspace: Workspace, client: WebClient
) -> None:
    known = workspace.state.channel("#general")
    others: dict[str, dict[str, Any]] = {
        "C0LEFT": {"members": frozenset({LIN})},
        "C0SECRET": {"is_private": True},
        "C0CLOSED": {"is_archived": True},
    }
    for channel_id, changes in others.items():
        workspace.state.put_channel(replace(known, id=channel_id, name=channel_id.lower(), **changes))
    types = "public_channel,private_channel"
    joined = client.users_conversations(types=types, limit=999)["channels"]
    assert {channel["id"]: channel["is_archived"] for channel in joined} == {
        **dict.fromkeys((GENERAL, "C0KEYACCOUNTS", MANAGERS, "C0EMERGENCY", "C0SECRET"), False),
        "C0CLOSED": True,
    }
    assert "is_member" not in joined[0]
    workspace.platform.scopes -= {"groups:read"}
    assert refusal(lambda: client.users_conversations(types=types)) == "missing_scope"
    assert refusal(lambda: client.conversations_info(channel="C0SECRET")) == "missing_scope"
    assert client.users_conversations()["ok"]
    assert refusal(lambda: client.users_conversations(types="public")) == "invalid_types"


def test_a_channel_of_another_team_does_not_exist_unless_it_is_shared(
    workspace: Workspace, client: WebClient
) -> None:
    foreign = replace(workspace.state.channel("#general"), id="C0FOREIGN", name="foreign", team_id="T0OTHER")
    workspace.state.put_channel(foreign)
    calls: list[Call] = [
        lambda: client.chat_postMessage(channel="C0FOREIGN", text="x"),
        lambda: client.chat_postMessage(channel="#foreign", text="x"),
        lambda: client.conversations_info(channel="C0FOREIGN"),
        lambda: client.conversations_history(channel="C0FOREIGN"),
    ]
    assert {refusal(call) for call in calls} == {"channel_not_found"}
    assert "C0FOREIGN" not in {channel["id"] for channel in client.conversations_list()["channels"]}
    workspace.state.put_channel(replace(foreign, shared_with=frozenset({TEAM_ID})))
    shared = client.conversations_info(channel="C0FOREIGN")["channel"]
    assert (shared["is_ext_shared"], shared["shared_team_ids"]) == (True, [TEAM_ID, "T0OTHER"])
    assert {refusal(call) for call in calls} == {""}
