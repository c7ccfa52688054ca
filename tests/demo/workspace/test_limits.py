"""Slack's limits on blocks and views, each with a value within it and one beyond it."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.limits.blocks import check_blocks, check_view

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **fields: Any) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **fields}


def button(**fields: Any) -> Block:
    return {"type": "button", "text": plain("x"), **fields}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def option(value: str, text: str = "x") -> Block:
    return {"text": plain(text), "value": value}


def select(*options: Block, **fields: Any) -> Block:
    return {"type": "static_select", "options": list(options), **fields}


def text_input(**fields: Any) -> Block:
    return {"type": "input", "label": plain("x"), "element": {"type": "plain_text_input", **fields}}


def modal(*blocks: Block, **fields: Any) -> Block:
    return {"type": "modal", "title": plain("x"), "blocks": list(blocks), **fields}


CONFIRM = {
    "title": plain("x" * 100),
    "text": plain("x" * 300),
    "confirm": plain("x" * 30),
    "deny": plain("x"),
}

WITHIN = [
    [section("x" * 3000)],
    [section() for _ in range(50)],
    [{"type": "section", "fields": [plain("x" * 1000)] * 10}],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "context", "elements": [plain("x")] * 10}],
    [actions(*[button() for _ in range(25)])],
    [
        actions(
            button(value="x" * 2000, text=plain("x" * 75), confirm=CONFIRM, style="danger", url="https://a.b")
        )
    ],
    [actions(select(option("x" * 150, "x" * 75), initial_option=option("x" * 150, "x" * 75)))],
    [section(accessory={"type": "overflow", "options": [option(str(n)) for n in range(5)]})],
    [
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
        }
    ],
    [text_input(max_length=3000, multiline=True)],
]

BEYOND = [
    ([section("x" * 3001)], "/blocks/0/text/text", "must be less than 3001 characters"),
    ([section("")], "/blocks/0/text/text", "must be more than 0 characters"),
    ([section() for _ in range(51)], "/blocks", "no more than 50 items allowed"),
    ([{"type": "section"}], "/blocks/0", "missing required field: text or fields"),
    ([section(), section(colour="red")], "/blocks/1", "invalid additional property: colour"),
    ([{"type": "sektion"}], "/blocks/0/type", "unsupported type: sektion"),
    ([{"type": "section", "text": "x"}], "/blocks/0/text", "must be an object"),
    ([{"type": "section", "fields": [plain("x")] * 11}], "/blocks/0/fields", "no more than 10 items allowed"),
    (
        [{"type": "header", "text": plain("x" * 151)}],
        "/blocks/0/text/text",
        "must be less than 151 characters",
    ),
    (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "/blocks/0/text/type",
        "unsupported type: mrkdwn",
    ),
    (
        [{"type": "context", "elements": [plain("x")] * 11}],
        "/blocks/0/elements",
        "no more than 10 items allowed",
    ),
    ([actions(*[button() for _ in range(26)])], "/blocks/0/elements", "no more than 25 items allowed"),
    ([actions()], "/blocks/0/elements", "no fewer than 1 items allowed"),
    (
        [actions(button(text=plain("x" * 76)))],
        "/blocks/0/elements/0/text/text",
        "must be less than 76 characters",
    ),
    ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value", "must be less than 2001 characters"),
    (
        [actions(button(action_id="x" * 256))],
        "/blocks/0/elements/0/action_id",
        "must be less than 256 characters",
    ),
    ([actions(button(style="warning"))], "/blocks/0/elements/0/style", "must be one of: primary, danger"),
    ([actions(button(url="javascript:x"))], "/blocks/0/elements/0/url", "must match pattern"),
    (
        [actions(button(action_id="a"), button(action_id="a"))],
        "/blocks/0/elements/1/action_id",
        "`action_id` a already exists",
    ),
    (
        [actions(select(option("x" * 151)))],
        "/blocks/0/elements/0/options/0/value",
        "must be less than 151 characters",
    ),
    (
        [actions(select(*[option(str(n)) for n in range(101)]))],
        "/blocks/0/elements/0/options",
        "no more than 100 items allowed",
    ),
    (
        [actions(select(option("a"), initial_option=option("b")))],
        "/blocks/0/elements/0/initial_option",
        "must exactly match one of the provided options",
    ),
    (
        [section(accessory={"type": "radio_buttons", "options": [option(str(n)) for n in range(11)]})],
        "/blocks/0/accessory/options",
        "no more than 10 items allowed",
    ),
    ([section(block_id="b"), section(block_id="b")], "/blocks/1/block_id", "`block_id` b already exists"),
    (
        [actions({"type": "datepicker", "initial_date": "02/03/2026"})],
        "/blocks/0/elements/0/initial_date",
        "must match pattern",
    ),
    ([{"type": "image", "image_url": "https://a.b/c.png"}], "/blocks/0", "missing required field: alt_text"),
    ("not a list", "/blocks", "must be an array"),
]


@pytest.mark.parametrize("blocks", WITHIN)
def test_blocks_within_the_limits_pass(blocks: list[Block]) -> None:
    check_blocks(blocks)


@pytest.mark.parametrize(("blocks", "pointer", "sentence"), BEYOND)
def test_blocks_beyond_a_limit_are_refused_with_their_place(blocks: Any, pointer: str, sentence: str) -> None:
    with pytest.raises(ApiError, match="invalid_blocks") as caught:
        check_blocks(blocks)
    assert len(caught.value.messages) == 1
    assert caught.value.messages[0].startswith(f"[ERROR] {sentence}")
    assert caught.value.messages[0].endswith(f"[json-pointer:{pointer}]")


def test_blocks_that_are_too_long_together_are_refused() -> None:
    check_blocks([section("x" * 3000) for _ in range(4)])
    with pytest.raises(ApiError, match="msg_blocks_too_long"):
        check_blocks([section("x" * 3000) for _ in range(5)])


def test_views_within_the_limits_pass() -> None:
    check_view(
        modal(text_input(), title=plain("x" * 24), submit=plain("x" * 24), private_metadata="x" * 3000)
    )
    check_view({"type": "home", "blocks": [section() for _ in range(100)]})


@pytest.mark.parametrize(
    ("view", "pointer", "sentence"),
    [
        (modal(section(), title=plain("x" * 25)), "/view/title/text", "must be less than 25 characters"),
        (modal(text_input()), "/view", "missing required field: submit"),
        (modal(*[section()] * 101), "/view/blocks", "no more than 100 items allowed"),
        (modal(), "/view/blocks", "no fewer than 1 items allowed"),
        (
            modal(section(), private_metadata="x" * 3001),
            "/view/private_metadata",
            "must be less than 3001 characters",
        ),
        (modal(section(), callback_id="x" * 256), "/view/callback_id", "must be less than 256 characters"),
        (modal({"type": "markdown", "text": "x"}), "/view/blocks/0/type", "unsupported type: markdown"),
        (
            modal(text_input(focus_on_load=True), text_input(focus_on_load=True), submit=plain("x")),
            "/view/blocks",
            "only one element may have focus_on_load",
        ),
    ],
)
def test_views_beyond_a_limit_are_refused_with_their_place(view: Block, pointer: str, sentence: str) -> None:
    with pytest.raises(ApiError, match="invalid_arguments") as caught:
        check_view(view)
    assert caught.value.messages[0].startswith(f"[ERROR] {sentence}")
    assert caught.value.messages[0].endswith(f"[json-pointer:{pointer}]")


def test_a_view_larger_than_slack_takes_is_refused() -> None:
    with pytest.raises(ApiError, match="view_too_large"):
        check_view(modal(*[section("漢" * 3000) for _ in range(40)]))


def test_the_place_of_a_fault_reaches_the_client(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[section("x" * 3001)])
    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]
