"""Slack's limits on text, options and interactive elements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.demo.workspace.limits.shapes import (
    Check,
    Report,
    anything,
    array,
    boolean,
    exactly_one,
    number,
    shape,
    string,
    typed,
)

ACTION_ID = string(255)
URL = string(3000, least=1, pattern=r"(?s)(https?|mailto|tel|slack):.+")
DATE = string(10, pattern=r"\d{4}-\d{2}-\d{2}")
TIME = string(5, pattern=r"([01]\d|2[0-3]):[0-5]\d")
USER = string(20, pattern=r"[UW][A-Z0-9]{2,}")
CONVERSATION = string(20, pattern=r"[CDG][A-Z0-9]{2,}")


def plain(most: int, least: int = 1) -> Check:
    """A plain_text object."""
    return typed({"plain_text": shape({"text": string(most, least=least)}, {"emoji": boolean})})


def text(most: int) -> Check:
    """A plain_text or mrkdwn object."""
    mrkdwn = shape({"text": string(most, least=1)}, {"verbatim": boolean})
    return typed({"plain_text": shape({"text": string(most, least=1)}, {"emoji": boolean}), "mrkdwn": mrkdwn})


CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": string(10, choices=("primary", "danger"))},
)
PLACEHOLDER = plain(150)
OPTION = shape({"text": plain(75), "value": string(150)}, {"description": plain(75)})
RICH_OPTION = shape({"text": text(75), "value": string(150)}, {"description": text(75)})
OVERFLOW_OPTION = shape({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": URL})
GROUP = shape({"label": plain(75), "options": array(OPTION, most=100)})

_INTERACTIVE = {"action_id": ACTION_ID}
_FOCUS = {**_INTERACTIVE, "focus_on_load": boolean}
_SELECT = {**_FOCUS, "placeholder": PLACEHOLDER, "confirm": CONFIRM}
_MULTI = {**_SELECT, "max_selected_items": number(1, 100)}


def _all_options(value: dict[str, Any]) -> Iterable[Any]:
    yield from value.get("options", ())
    for group in value.get("option_groups", ()):
        yield from group["options"]


def _initial_is_an_option(value: Any, pointer: str, report: Report) -> None:
    options = list(_all_options(value))
    for name in ("initial_option", "initial_options"):
        initial = value.get(name, [])
        for chosen in initial if isinstance(initial, list) else [initial]:
            if chosen not in options:
                report("must exactly match one of the provided options", f"{pointer}/{name}")


def _static(value: Any, pointer: str, report: Report) -> None:
    exactly_one("options", "option_groups")(value, pointer, report)
    _initial_is_an_option(value, pointer, report)


_LISTS = {"options": array(OPTION, most=100), "option_groups": array(GROUP, most=100)}
_MANY = {"initial_options": array(OPTION, most=100)}
_DISPATCH = shape(
    {"trigger_actions_on": array(string(30, choices=("on_enter_pressed", "on_character_entered")), most=2)}
)
_TYPED_TEXT = {**_FOCUS, "placeholder": PLACEHOLDER, "dispatch_action_config": _DISPATCH}


def _image_source(value: Any, pointer: str, report: Report) -> None:
    exactly_one("image_url", "slack_file")(value, pointer, report)


_SLACK_FILE = shape(
    {}, {"id": string(20, pattern=r"F[A-Z0-9]{8,}"), "url": URL}, also=exactly_one("id", "url")
)
IMAGE_FIELDS: dict[str, Check] = {"image_url": URL, "slack_file": _SLACK_FILE}
IMAGE = shape({"alt_text": string(2000, least=1)}, IMAGE_FIELDS, also=_image_source)

BUTTON = shape(
    {"text": plain(75)},
    {
        **_INTERACTIVE,
        "value": string(2000),
        "url": URL,
        "style": string(10, choices=("primary", "danger")),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
STATIC_SELECT = shape({}, {**_SELECT, **_LISTS, "initial_option": OPTION}, also=_static)
SELECTS: dict[str, Check] = {
    "static_select": STATIC_SELECT,
    "external_select": shape({}, {**_SELECT, "initial_option": OPTION, "min_query_length": number(0, 100)}),
    "users_select": shape({}, {**_SELECT, "initial_user": USER}),
    "conversations_select": shape(
        {},
        {
            **_SELECT,
            "initial_conversation": CONVERSATION,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": anything,
        },
    ),
    "channels_select": shape(
        {}, {**_SELECT, "initial_channel": CONVERSATION, "response_url_enabled": boolean}
    ),
    "multi_static_select": shape({}, {**_MULTI, **_LISTS, **_MANY}, also=_static),
    "multi_external_select": shape({}, {**_MULTI, **_MANY, "min_query_length": number(0, 100)}),
    "multi_users_select": shape({}, {**_MULTI, "initial_users": array(USER, most=100)}),
    "multi_channels_select": shape({}, {**_MULTI, "initial_channels": array(CONVERSATION, most=100)}),
}
DATEPICKER = shape({}, {**_SELECT, "initial_date": DATE})
TIMEPICKER = shape({}, {**_SELECT, "initial_time": TIME, "timezone": string(100)})
DATETIMEPICKER = shape(
    {}, {**_FOCUS, "initial_date_time": number(1_000_000_000, 9_999_999_999), "confirm": CONFIRM}
)
RADIO_BUTTONS = shape(
    {"options": array(RICH_OPTION, most=10)},
    {**_FOCUS, "confirm": CONFIRM, "initial_option": RICH_OPTION},
    also=_initial_is_an_option,
)
CHECKBOXES = shape(
    {"options": array(RICH_OPTION, most=10)},
    {**_FOCUS, "confirm": CONFIRM, "initial_options": array(RICH_OPTION, most=10)},
    also=_initial_is_an_option,
)
OVERFLOW = shape({"options": array(OVERFLOW_OPTION, most=5)}, {**_INTERACTIVE, "confirm": CONFIRM})

CHOSEN: dict[str, Check] = {
    **SELECTS,
    "datepicker": DATEPICKER,
    "timepicker": TIMEPICKER,
    "radio_buttons": RADIO_BUTTONS,
    "checkboxes": CHECKBOXES,
}
ACCESSORIES: dict[str, Check] = {**CHOSEN, "button": BUTTON, "overflow": OVERFLOW, "image": IMAGE}
ACTION_ELEMENTS: dict[str, Check] = {
    **CHOSEN,
    "button": BUTTON,
    "overflow": OVERFLOW,
    "datetimepicker": DATETIMEPICKER,
}
INPUT_ELEMENTS: dict[str, Check] = {
    **CHOSEN,
    "datetimepicker": DATETIMEPICKER,
    "plain_text_input": shape(
        {},
        {
            **_TYPED_TEXT,
            "initial_value": string(3000),
            "multiline": boolean,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        },
    ),
    "number_input": shape(
        {"is_decimal_allowed": boolean},
        {**_TYPED_TEXT, "initial_value": string(100), "min_value": string(100), "max_value": string(100)},
    ),
    "email_text_input": shape({}, {**_TYPED_TEXT, "initial_value": string(3000)}),
    "url_text_input": shape({}, {**_TYPED_TEXT, "initial_value": string(3000)}),
}
