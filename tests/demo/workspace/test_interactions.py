"""A real Bolt app and the workspace: commands, buttons, modals, time limits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.workspace import StoredMessage, Workspace
from bot.demo.workspace.api_error import ApiError
from tests.demo.workspace.conftest import Connect, Stopwatch

LIN, ANNA, OMAR = "U0LINWEI", "U0ANNA", "U0OMAR"
GENERAL, MANAGERS = "C0GENERAL", "C0MANAGERS"

Body = dict[str, Any]


def button(action_id: str, value: str = "") -> Body:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": action_id},
        "action_id": action_id,
        "value": value,
    }


def card(*elements: Body) -> list[Body]:
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*ACME*"}},
        {"type": "actions", "block_id": "buttons", "elements": list(elements)},
    ]


def modal(*blocks: Body, **fields: Any) -> Body:
    title = {"type": "plain_text", "text": "Log a visit"}
    return {
        "type": "modal",
        "callback_id": "visit",
        "title": title,
        "submit": title,
        "blocks": list(blocks),
        **fields,
    }


def text_input(block_id: str = "note", **fields: Any) -> Body:
    label = {"type": "plain_text", "text": "Note"}
    element = {"type": "plain_text_input", "action_id": "typed"}
    return {"type": "input", "block_id": block_id, "label": label, "element": element, **fields}


def test_a_command_is_answered_privately(workspace: Workspace, connect: Connect) -> None:
    seen: list[Body] = []

    def register(app: App) -> None:
        @app.command("/tier")
        def tier(ack: Ack, respond: Respond, body: Body) -> None:
            ack()
            seen.append(body)
            assert respond(text="Tier A", blocks=card(button("why"))).status_code == 200

    connect(register)
    assert workspace.command(LIN, GENERAL, "/tier", "ACME & <Söhne>").ok
    message = workspace.wait_for(lambda: workspace.messages(GENERAL, LIN))[0]
    assert (message.text, message.is_ephemeral, message.blocks[1]["block_id"]) == ("Tier A", True, "buttons")
    assert workspace.messages(GENERAL, OMAR) == workspace.messages(GENERAL) == ()
    body = seen[0]
    assert body["text"] == "ACME &amp; &lt;Söhne&gt;"
    expected = {
        "command": "/tier",
        "user_id": LIN,
        "channel_id": GENERAL,
        "channel_name": "general",
        "team_id": "T0LOCAL",
    }
    assert expected.items() <= body.items()
    assert body["response_url"].startswith(workspace.url)


def test_text_given_with_the_acknowledgement_is_shown(workspace: Workspace, connect: Connect) -> None:
    connect(lambda app: app.command("/tier")(lambda ack: ack("hello")) and None)
    workspace.command(LIN, workspace.dm(LIN), "/tier")
    assert [m.text for m in workspace.messages(workspace.dm(LIN), LIN)] == ["hello"]


def test_a_button_replaces_the_private_answer_it_is_on(workspace: Workspace, connect: Connect) -> None:
    seen: list[Body] = []

    def register(app: App) -> None:
        app.command("/tier")(
            lambda ack: ack(blocks=card(button("why", "1"), button("share", "1")), text="card")
        )

        @app.action("why")
        def why(ack: Ack, respond: Respond, body: Body) -> None:
            ack()
            seen.append(body)
            respond(text="because", replace_original=True)

    connect(register)
    workspace.command(LIN, GENERAL, "/tier", "ACME")
    message = workspace.messages(GENERAL, LIN)[0]
    assert workspace.click(LIN, message, "why").ok
    workspace.wait_for(lambda: workspace.messages(GENERAL, LIN)[0].text == "because")
    assert workspace.messages(GENERAL, LIN)[0].blocks == ()
    body = seen[0]
    assert body["type"] == "block_actions"
    assert body["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": GENERAL,
        "is_ephemeral": True,
    }
    assert body["channel"] == {"id": GENERAL, "name": "general"}
    assert body["user"]["id"] == LIN
    assert "message" not in body
    action = body["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"], action["type"]) == (
        "why",
        "buttons",
        "1",
        "button",
    )


def test_a_shortcut_of_a_message_arrives_with_the_message_and_opens_a_view(
    workspace: Workspace, connect: Connect
) -> None:
    seen: list[Body] = []

    def register(app: App) -> None:
        @app.shortcut({"type": "message_action", "callback_id": "keep"})
        def keep(ack: Ack, client: WebClient, body: Body) -> None:
            ack()
            seen.append(body)
            client.views_open(trigger_id=body["trigger_id"], view=modal(text_input()))

    connect(register)
    message = workspace.say(OMAR, GENERAL, "They want <two> lines")
    assert workspace.shortcut(LIN, message, "keep").ok
    workspace.wait_for(lambda: workspace.view_of(LIN))
    (body,) = seen
    expected = {"type": "message_action", "callback_id": "keep", "message_ts": message.ts}
    assert expected.items() <= body.items()
    assert (body["user"]["id"], body["channel"]["id"]) == (LIN, GENERAL)
    assert (body["message"]["user"], body["message"]["text"]) == (OMAR, "They want &lt;two&gt; lines")


def test_a_private_answer_has_no_shortcuts_and_an_app_only_its_own(
    workspace: Workspace, client: WebClient
) -> None:
    client.chat_postEphemeral(channel=GENERAL, user=LIN, text="private")
    (private,) = workspace.messages(GENERAL, LIN)
    with pytest.raises(ApiError, match="message_not_found"):
        workspace.shortcut(LIN, private, "keep")
    with pytest.raises(ApiError, match="shortcut_not_found"):
        workspace.shortcut(LIN, workspace.say(OMAR, GENERAL, "open"), "other")


def test_choices_and_the_state_of_the_message_arrive_as_slack_sends_them(
    workspace: Workspace, client: WebClient, connect: Connect
) -> None:
    seen: list[Body] = []
    options = [{"text": {"type": "plain_text", "text": word}, "value": word} for word in ("visit", "call")]
    select = {"type": "static_select", "action_id": "kind", "options": options, "initial_option": options[1]}
    picker = {"type": "datepicker", "action_id": "day", "initial_date": "2026-03-02"}

    def register(app: App) -> None:
        @app.action("kind")
        def kind(ack: Ack, body: Body) -> None:
            ack()
            seen.append(body)

    connect(register)
    client.chat_postMessage(channel=GENERAL, text="card", blocks=card(select, picker))
    assert workspace.click(OMAR, workspace.messages(GENERAL)[0], "kind", "visit").ok
    body = seen[0]
    assert body["actions"][0]["selected_option"] == options[0]
    assert body["state"]["values"] == {
        "buttons": {
            "kind": {"type": "static_select", "selected_option": options[0]},
            "day": {"type": "datepicker", "selected_date": "2026-03-02"},
        }
    }
    assert body["message"]["ts"] == workspace.messages(GENERAL)[0].ts


def open_modal(workspace: Workspace, connect: Connect, view: Body, listener: Any) -> None:
    def register(app: App) -> None:
        @app.command("/tier")
        def tier(ack: Ack, client: WebClient, body: Body) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=view)

        app.view("visit")(listener)

    connect(register)
    workspace.command(LIN, GENERAL, "/tier")
    workspace.wait_for(lambda: workspace.view_of(LIN))


def test_a_modal_shows_the_errors_of_the_app_and_closes_on_success(
    workspace: Workspace, connect: Connect
) -> None:
    def visit(ack: Ack, view: Body) -> None:
        if view["state"]["values"]["note"]["typed"]["value"] == "good":
            ack()
        else:
            ack(response_action="errors", errors={"note": "Say more."})

    open_modal(workspace, connect, modal(text_input()), visit)
    view = workspace.view_of(LIN)
    assert view is not None
    empty = workspace.submit_view(LIN, view, {})
    assert (empty.error, dict(empty.errors)) == (
        "invalid_input",
        {"note": "Please complete this required field."},
    )
    refused = workspace.submit_view(LIN, view, {"note": "bad"})
    assert dict(refused.errors) == {"note": "Say more."}
    shown = workspace.view_of(LIN)
    assert shown is not None
    assert dict(shown.errors) == {"note": "Say more."}
    assert workspace.submit_view(LIN, view, {"typed": "good"}).ok
    assert workspace.view_of(LIN) is None


def test_a_submission_can_update_push_and_clear(workspace: Workspace, connect: Connect) -> None:
    answers: Iterator[Body] = iter(
        [
            {"response_action": "update", "view": modal(text_input("second"))},
            {"response_action": "push", "view": modal(text_input("third"))},
            {"response_action": "clear"},
        ]
    )
    open_modal(workspace, connect, modal(text_input("first")), lambda ack: ack(**next(answers)))
    for block_id in ("first", "second", "third"):
        view = workspace.view_of(LIN)
        assert view is not None
        assert view.blocks[0]["block_id"] == block_id
        assert workspace.submit_view(LIN, view, {block_id: "text"}).ok
    assert workspace.view_of(LIN) is None


def test_an_update_that_overtakes_the_answer_to_its_form_is_shown_after_it(
    workspace: Workspace, client: WebClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_modal(workspace, connect, modal(text_input("form")), lambda ack: ack())
    form = workspace.view_of(LIN)
    assert form is not None
    form_id, waits, platform = form.id, asyncio.Event(), workspace.platform
    wait_for_answer = platform.wait_for_answer

    async def noticed(view_id: str) -> None:
        waits.set()
        await wait_for_answer(view_id)

    monkeypatch.setattr(platform, "wait_for_answer", noticed)
    with ThreadPoolExecutor(1) as app:

        class Late:
            async def deliver(self, kind: str, payload: Body, *, accepts_payload: bool) -> Body:
                app.submit(client.views_update, view_id=form_id, view=modal(text_input("saved")))
                await asyncio.wait_for(waits.wait(), 10)
                return {"response_action": "update", "view": modal(text_input("saving"))}

        workspace.interactions.delivery = Late()
        assert workspace.submit_view(LIN, form, {"form": "text"}).ok
    shown = workspace.view_of(LIN)
    assert shown is not None
    assert shown.blocks[0]["block_id"] == "saved"


def test_an_app_that_updates_before_it_answers_does_not_wait_for_itself(
    workspace: Workspace, connect: Connect
) -> None:
    def visit(ack: Ack, client: WebClient, body: Body) -> None:
        client.views_update(view_id=body["view"]["id"], view=modal(text_input("early")))
        ack(response_action="update", view=modal(text_input("answer")))

    open_modal(workspace, connect, modal(text_input("form")), visit)
    form = workspace.view_of(LIN)
    assert form is not None
    assert workspace.submit_view(LIN, form, {"form": "text"}).ok
    shown = workspace.view_of(LIN)
    assert shown is not None
    assert shown.blocks[0]["block_id"] == "answer"


def test_errors_on_a_block_that_is_no_input_are_a_fault_of_the_app(
    workspace: Workspace, connect: Connect
) -> None:
    open_modal(
        workspace,
        connect,
        modal(text_input()),
        lambda ack: ack(response_action="errors", errors={"nowhere": "?"}),
    )
    view = workspace.view_of(LIN)
    assert view is not None
    outcome = workspace.submit_view(LIN, view, {"note": "x"})
    assert (outcome.error, workspace.view_of(LIN)) == ("invalid_response", view)


def test_an_app_that_does_not_answer_in_time_is_reported_to_the_person(
    workspace: Workspace, client: WebClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    def register(app: App) -> None:
        app.command("/tier")(lambda: free.wait(5) and None)
        app.action("why")(lambda: free.wait(5) and None)

    connect(register)
    client.chat_postMessage(channel=GENERAL, text="card", blocks=card(button("why")))
    monkeypatch.setattr(workspace.socket_mode, "_ack_seconds", 0.5)
    assert workspace.command(LIN, GENERAL, "/tier").error == "operation_timeout"
    assert workspace.click(LIN, workspace.messages(GENERAL)[0], "why").error == "operation_timeout"
    free.set()
    notices = [m for m in workspace.messages(GENERAL, LIN) if m.is_notice]
    assert [("operation_timeout" in m.text, m.only_for) for m in notices] == [(True, LIN), (True, LIN)]


def test_without_an_app_and_with_an_unknown_command_the_person_sees_why(workspace: Workspace) -> None:
    assert workspace.command(LIN, GENERAL, "/tier").error == "dispatch_failed"
    assert workspace.command(LIN, GENERAL, "/foo").message == "/foo is not a valid command."


def test_a_trigger_is_valid_once_for_three_seconds(
    workspace: Workspace, client: WebClient, connect: Connect, stopwatch: Stopwatch
) -> None:
    triggers: list[str] = []

    def register(app: App) -> None:
        @app.command("/tier")
        def tier(ack: Ack, body: Body) -> None:
            triggers.append(body["trigger_id"])
            ack()

    connect(register)
    workspace.command(LIN, GENERAL, "/tier")
    workspace.command(LIN, GENERAL, "/tier")

    def error_of(trigger: str) -> str:
        try:
            client.views_open(trigger_id=trigger, view=modal(text_input()))
        except SlackApiError as error:
            return str(error.response["error"])
        return "ok"

    stopwatch.seconds = 2.9
    assert [error_of(triggers[0]), error_of(triggers[0])] == ["ok", "exchanged_trigger_id"]
    stopwatch.seconds = 3.1
    assert [error_of(triggers[1]), error_of("1.2.x")] == ["expired_trigger_id", "invalid_trigger_id"]


def test_a_response_url_is_valid_five_times_within_half_an_hour(
    workspace: Workspace, connect: Connect, stopwatch: Stopwatch
) -> None:
    statuses: list[int] = []
    responds: list[Respond] = []

    def register(app: App) -> None:
        @app.command("/tier")
        def tier(ack: Ack, respond: Respond) -> None:
            ack()
            responds.append(respond)

    connect(register)
    workspace.command(LIN, GENERAL, "/tier")
    statuses = [responds[0](text=f"answer {n}").status_code for n in range(6)]
    assert statuses == [200, 200, 200, 200, 200, 404]
    workspace.command(LIN, GENERAL, "/tier")
    assert responds[1](text="x" * 3, blocks=card(button("x" * 256))).status_code == 400
    assert responds[1](text="shared", response_type="in_channel").status_code == 200
    stopwatch.seconds = 30 * 60 + 1
    assert responds[1](text="late").status_code == 404
    assert [m.text for m in workspace.messages(GENERAL)] == ["shared"]
    assert len(workspace.messages(GENERAL, LIN)) == 5 + 1


def test_the_home_tab_is_published_when_it_is_opened(workspace: Workspace, connect: Connect) -> None:
    def register(app: App) -> None:
        @app.event("app_home_opened")
        def opened(event: Body, client: WebClient) -> None:
            client.views_publish(user_id=event["user"], view={"type": "home", "blocks": card(button("why"))})

        app.action("why")(lambda ack: ack())

    connect(register)
    workspace.open_home(LIN)
    home = workspace.wait_for(lambda: workspace.home_of(LIN))
    assert home is not None
    assert home.blocks[0]["text"]["text"] == "*ACME*"
    assert workspace.click(LIN, home, "why").ok


def test_a_message_to_the_bot_arrives_as_an_event(workspace: Workspace, connect: Connect) -> None:
    heard: list[Body] = []
    connect(lambda app: app.event("message")(lambda event: heard.append(event)) and None)  # noqa: PLW0108 - Bolt injects by name
    workspace.say(LIN, workspace.dm(LIN), "how is <ACME>?")
    assert (heard[0]["user"], heard[0]["channel_type"], heard[0]["text"]) == (
        LIN,
        "im",
        "how is &lt;ACME&gt;?",
    )


def test_nobody_clicks_what_they_cannot_see(workspace: Workspace, client: WebClient) -> None:
    client.chat_postEphemeral(channel=MANAGERS, user=OMAR, text="card", blocks=card(button("why")))
    message: StoredMessage = workspace.messages(MANAGERS, OMAR)[0]
    with pytest.raises(ApiError, match="message_not_found"):
        workspace.click(LIN, message, "why")
