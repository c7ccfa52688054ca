"""Slack's limits on texts, options, interactive elements, blocks and views, as tables.

The figures are those of https://docs.slack.dev/reference/block-kit.
"""

from __future__ import annotations

from typing import Any

from bot.demo.workspace.limits.elements import options_of
from bot.demo.workspace.limits.shapes import (
    Check,
    Faults,
    anything,
    array,
    boolean,
    exactly_one,
    number,
    shape,
    string,
    typed,
)
from bot.demo.workspace.limits.tables import tables

_URL = string(3000, least=1, pattern=r"(?s)(https?|mailto|tel|slack):.+")
_DATE = string(10, pattern=r"\d{4}-\d{2}-\d{2}")
_TIME = string(5, pattern=r"([01]\d|2[0-3]):[0-5]\d")
_USER = string(20, pattern=r"[UW][A-Z0-9]{2,}")
_CHANNEL = string(20, pattern=r"[CDG][A-Z0-9]{2,}")
_FILE = string(20, pattern=r"F[A-Z0-9]{8,}")
_STYLE = string(10, choices=("primary", "danger"))
_TRIGGER = string(30, choices=("on_enter_pressed", "on_character_entered"))


def _plain(most: int) -> Check:
    return typed(plain_text=shape({"text": string(most, least=1)}, emoji=boolean))


def _text(most: int) -> Check:
    content = {"text": string(most, least=1)}
    return typed(plain_text=shape(content, emoji=boolean), mrkdwn=shape(content, verbatim=boolean))


def _initial_is_an_option(value: Any, pointer: str) -> Faults:
    options = list(options_of(value))
    for name in ("initial_option", "initial_options"):
        initial = value.get(name, [])
        for chosen in initial if isinstance(initial, list) else [initial]:
            if chosen not in options:
                yield "must exactly match one of the provided options", f"{pointer}/{name}"


def _section_has_content(value: Any, pointer: str) -> Faults:
    if "text" not in value and "fields" not in value:
        yield "missing required field: text or fields", pointer


def _distinct_action_ids(value: Any, pointer: str) -> Faults:
    return repeated("action_id", value["elements"], f"{pointer}/elements", " in this block")


def repeated(name: str, entries: list[dict[str, Any]], pointer: str, where: str = "") -> Faults:
    """The entries that carry the id of an earlier one in the field `name`."""
    seen: set[Any] = set()
    for index, entry in enumerate(entries):
        found = entry.get(name)
        if found and found in seen:
            yield f"`{name}` {found} already exists{where}", f"{pointer}/{index}/{name}"
        seen.add(found)


_CONFIRM = shape(
    {"title": _plain(100), "text": _text(300), "confirm": _plain(30), "deny": _plain(30)}, style=_STYLE
)
_OPTION = shape({"text": _plain(75), "value": string(150)}, description=_plain(75))
_OPTIONS = array(_OPTION, most=100)
_LINKED_OPTION = shape({"text": _plain(75), "value": string(150)}, description=_plain(75), url=_URL)
_RICH_OPTION = shape({"text": _text(75), "value": string(150)}, description=_text(75))
_RICH_OPTIONS = array(_RICH_OPTION, most=10)
_GROUP = shape({"label": _plain(75), "options": _OPTIONS})
_DISPATCH = shape({"trigger_actions_on": array(_TRIGGER, most=2)})
_SLACK_FILE = shape({}, exactly_one("id", "url"), id=_FILE, url=_URL)
_ALT_TEXT = {"alt_text": string(2000, least=1)}
_ONE_PICTURE = exactly_one("image_url", "slack_file")
_PICTURE: dict[str, Check] = {"image_url": _URL, "slack_file": _SLACK_FILE}
_ONE_LIST = exactly_one("options", "option_groups")
_LISTS = {"options": _OPTIONS, "option_groups": array(_GROUP, most=100)}

_ACTION: dict[str, Check] = {"action_id": string(255), "confirm": _CONFIRM}
_FOCUS: dict[str, Check] = {"action_id": string(255), "focus_on_load": boolean}
_SELECT: dict[str, Check] = {**_FOCUS, "placeholder": _plain(150), "confirm": _CONFIRM}
_MULTI: dict[str, Check] = {**_SELECT, "max_selected_items": number(1, 100)}
_TYPED: dict[str, Check] = {**_FOCUS, "placeholder": _plain(150), "dispatch_action_config": _DISPATCH}

_CHOICES: dict[str, Check] = {
    "static_select": shape({}, _ONE_LIST, _initial_is_an_option, **_SELECT, **_LISTS, initial_option=_OPTION),
    "external_select": shape({}, **_SELECT, initial_option=_OPTION, min_query_length=number(0, 100)),
    "users_select": shape({}, **_SELECT, initial_user=_USER),
    "conversations_select": shape(
        {},
        **_SELECT,
        initial_conversation=_CHANNEL,
        default_to_current_conversation=boolean,
        response_url_enabled=boolean,
        filter=anything,
    ),
    "channels_select": shape({}, **_SELECT, initial_channel=_CHANNEL, response_url_enabled=boolean),
    "multi_static_select": shape(
        {}, _ONE_LIST, _initial_is_an_option, **_MULTI, **_LISTS, initial_options=_OPTIONS
    ),
    "multi_external_select": shape({}, **_MULTI, initial_options=_OPTIONS, min_query_length=number(0, 100)),
    "multi_users_select": shape({}, **_MULTI, initial_users=array(_USER, most=100)),
    "multi_channels_select": shape({}, **_MULTI, initial_channels=array(_CHANNEL, most=100)),
    "datepicker": shape({}, **_SELECT, initial_date=_DATE),
    "timepicker": shape({}, **_SELECT, initial_time=_TIME, timezone=string(100)),
    "radio_buttons": shape(
        {"options": _RICH_OPTIONS},
        _initial_is_an_option,
        **_FOCUS,
        confirm=_CONFIRM,
        initial_option=_RICH_OPTION,
    ),
    "checkboxes": shape(
        {"options": _RICH_OPTIONS},
        _initial_is_an_option,
        **_FOCUS,
        confirm=_CONFIRM,
        initial_options=_RICH_OPTIONS,
    ),
}
_DATETIMEPICKER = shape(
    {}, **_FOCUS, initial_date_time=number(1_000_000_000, 9_999_999_999), confirm=_CONFIRM
)
_PRESSED: dict[str, Check] = {
    "button": shape(
        {"text": _plain(75)},
        **_ACTION,
        value=string(2000),
        url=_URL,
        style=_STYLE,
        accessibility_label=string(75),
    ),
    "overflow": shape({"options": array(_LINKED_OPTION, most=5)}, **_ACTION),
}
_IMAGE = shape(_ALT_TEXT, _ONE_PICTURE, **_PICTURE)
_ACCESSORY = typed(**_CHOICES, **_PRESSED, image=_IMAGE)
_ACTION_ELEMENT = typed(**_CHOICES, **_PRESSED, datetimepicker=_DATETIMEPICKER)
_INPUT_ELEMENT = typed(
    **_CHOICES,
    datetimepicker=_DATETIMEPICKER,
    plain_text_input=shape(
        {},
        **_TYPED,
        initial_value=string(3000),
        multiline=boolean,
        min_length=number(0, 3000),
        max_length=number(1, 3000),
    ),
    number_input=shape(
        {"is_decimal_allowed": boolean},
        **_TYPED,
        initial_value=string(100),
        min_value=string(100),
        max_value=string(100),
    ),
    email_text_input=shape({}, **_TYPED, initial_value=string(3000)),
    url_text_input=shape({}, **_TYPED, initial_value=string(3000)),
)

_INLINE_KINDS = ("text", "link", "emoji", "user", "usergroup", "channel", "broadcast", "date", "color")
_INLINE = array(typed(**dict.fromkeys(_INLINE_KINDS, anything)), most=10_000, least=0)
_RICH_SECTION = shape({"elements": _INLINE})
_RICH_SECTIONS = array(typed(rich_text_section=_RICH_SECTION), most=10_000, least=0)
_RICH_ELEMENT = typed(
    rich_text_section=_RICH_SECTION,
    rich_text_preformatted=shape({"elements": _INLINE}, border=number(), language=string(100)),
    rich_text_quote=shape({"elements": _INLINE}, border=number()),
    rich_text_list=shape(
        {"elements": _RICH_SECTIONS, "style": string(10, choices=("bullet", "ordered"))},
        indent=number(0, 8),
        offset=number(),
        border=number(),
    ),
)

_CONTEXT_ELEMENT = typed(image=_IMAGE, plain_text=_plain(3000), mrkdwn=_text(3000))
_ID: dict[str, Check] = {"block_id": string(255)}
_BLOCKS: dict[str, Check] = {
    "section": shape(
        {},
        _section_has_content,
        **_ID,
        text=_text(3000),
        fields=array(_text(2000), most=10),
        accessory=_ACCESSORY,
        expand=boolean,
    ),
    "header": shape({"text": _plain(150)}, **_ID),
    "context": shape({"elements": array(_CONTEXT_ELEMENT, most=10)}, **_ID),
    "actions": shape({"elements": array(_ACTION_ELEMENT, most=25)}, _distinct_action_ids, **_ID),
    "divider": shape({}, **_ID),
    "image": shape(_ALT_TEXT, _ONE_PICTURE, **_ID, **_PICTURE, title=_plain(2000)),
    "rich_text": shape({"elements": array(_RICH_ELEMENT, most=1000, least=0)}, **_ID),
    "input": shape(
        {"label": _plain(2000), "element": _INPUT_ELEMENT},
        **_ID,
        hint=_plain(2000),
        optional=boolean,
        dispatch_action=boolean,
    ),
}
_MARKDOWN = shape({"text": string(12_000, least=1)}, **_ID)
_VIEW_BLOCKS = array(typed(**_BLOCKS), most=100)
_VIEW_FIELDS = {"private_metadata": string(3000), "callback_id": string(255), "external_id": string(255)}

MESSAGE_BLOCKS = array(typed(**_BLOCKS, markdown=_MARKDOWN, **tables(_BLOCKS["rich_text"])), most=50, least=0)
VIEW = typed(
    home=shape({"blocks": _VIEW_BLOCKS}, **_VIEW_FIELDS),
    modal=shape(
        {"title": _plain(24), "blocks": _VIEW_BLOCKS},
        **_VIEW_FIELDS,
        submit=_plain(24),
        close=_plain(24),
        clear_on_close=boolean,
        notify_on_close=boolean,
        submit_disabled=boolean,
    ),
)
