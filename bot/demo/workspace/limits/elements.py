"""Interactive elements inside blocks: where they are, what they hold, and what they send."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.records import Json

#: What a person has entered: block_id -> action_id -> a string, or a list of strings.
Inputs = Mapping[str, Mapping[str, Any]]

_STATELESS = {"button", "overflow", "image", "mrkdwn", "plain_text"}
#: Elements that hold what was entered itself, under `selected_` and this name (and start with `initial_`).
_SELECTED = {
    "datepicker": "date",
    "timepicker": "time",
    "datetimepicker": "date_time",
    "users_select": "user",
    "conversations_select": "conversation",
    "channels_select": "channel",
    "multi_users_select": "users",
    "multi_channels_select": "channels",
}
_SEVERAL = {"checkboxes", "multi_static_select", "multi_external_select"}


def elements_of(block: Json) -> Iterator[Json]:
    """The elements a person can press or fill in."""
    match block:
        case {"type": "section", "accessory": element} | {"type": "input", "element": element}:
            candidates = [element]
        case {"type": "actions", "elements": candidates}:
            pass
        case _:
            candidates = []
    yield from (element for element in candidates if element["type"] != "image")


def with_ids(blocks: list[Json], next_number: Callable[[], int]) -> tuple[Json, ...]:
    """The blocks, with generated ids where the app gave none, as in Slack."""
    filled = copy.deepcopy(blocks)
    for block in filled:
        block.setdefault("block_id", f"b{next_number():04d}")
        for element in elements_of(block):
            element.setdefault("action_id", f"a{next_number():04d}")
    return tuple(filled)


def find_element(
    blocks: tuple[Json, ...], action_id: str, *, block_id: str | None = None, value: Any = None
) -> tuple[str, Json]:
    """The block id and the element with this action id.

    Where several carry it (one button per customer), the block id or the button's value decides.
    """
    matches = [
        (str(block["block_id"]), element)
        for block in blocks
        if block_id in (None, block["block_id"])
        for element in elements_of(block)
        if element["action_id"] == action_id
    ]
    exact = [match for match in matches if match[1].get("value") == value and match[1]["type"] == "button"]
    if not matches or (len(matches) > 1 and len(exact) != 1 and value is not None):
        raise ApiError("action_not_found", action_id=action_id)
    return exact[0] if exact else matches[0]


def options_of(element: Json) -> Iterator[Json]:
    """The options of a select, of all its groups."""
    yield from element.get("options", ())
    for group in element.get("option_groups", ()):
        yield from group["options"]


def _option(element: Json, value: Any, offered: Mapping[str, Json]) -> Json:
    for option in options_of(element):
        if option["value"] == value:
            return dict(option)
    if value in offered:
        return dict(offered[value])
    raise ApiError("option_not_found", value=value)


def value_of(element: Json, entered: Any, offered: Mapping[str, Json]) -> Json:
    """What the element holds, in Slack's format. `entered` None means untouched: its initial value counts.

    `offered` are the options that the app has given to external selects.
    """
    kind = element["type"]
    if kind in _SELECTED or kind.endswith("_input"):
        initial = f"initial_{_SELECTED.get(kind, 'value')}"
        held = element.get(initial) if entered is None else entered
        name = f"selected_{_SELECTED[kind]}" if kind in _SELECTED else "value"
        return {"type": kind, name: list(held or ()) if kind.startswith("multi_") else held or None}
    if kind in _SEVERAL:
        chosen = element.get("initial_options", [])
        if entered is not None:
            chosen = [_option(element, value, offered) for value in entered]
        return {"type": kind, "selected_options": chosen}
    if entered is None:
        return {"type": kind, "selected_option": element.get("initial_option")}
    return {"type": kind, "selected_option": _option(element, entered, offered) if entered else None}


def state_values(
    blocks: tuple[Json, ...], inputs: Inputs, offered: Mapping[str, Json]
) -> dict[str, dict[str, Json]]:
    """`state.values` of a payload: every element that can be filled in, with what it holds now."""
    values: dict[str, dict[str, Json]] = {}
    for block in blocks:
        for element in elements_of(block):
            if element["type"] not in _STATELESS:
                entered = inputs.get(block["block_id"], {}).get(element["action_id"])
                held = value_of(element, entered, offered)
                values.setdefault(block["block_id"], {})[element["action_id"]] = held
    return values


def action_of(block_id: str, element: Json, entered: Any, ts: str, offered: Mapping[str, Json]) -> Json:
    """The entry of `actions` in a block_actions payload."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": ts,
    }
    extra = ["confirm", "placeholder", "initial_option", "initial_date"]
    if element["type"] == "button":
        extra = ["confirm", "text", "value", "style", "url"]
    elif element["type"] == "overflow":
        extra = ["confirm"]
        action["selected_option"] = _option(element, entered, offered)
    else:
        action |= value_of(element, entered, offered)
    return action | {name: element[name] for name in extra if name in element}


def _is_number(text: str, *, decimal: bool) -> bool:
    try:
        float(text) if decimal else int(text)
    except ValueError:
        return False
    return True


def _input_error(block: Json, held: Json) -> str:
    element = block["element"]
    content = next((held[name] for name in held if name != "type"), None)
    if content in (None, [], ""):
        return "" if block.get("optional") else "Please complete this required field."
    if element["type"] == "plain_text_input":
        if len(content) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(content) > element.get("max_length", 3000):
            return f"Please enter no more than {element.get('max_length', 3000)} characters."
    if element["type"] == "number_input":
        decimal = element["is_decimal_allowed"]
        if not _is_number(content, decimal=decimal):
            return f"Please enter a {'' if decimal else 'whole '}number."
        if "min_value" in element and float(content) < float(element["min_value"]):
            return f"Please enter a number of at least {element['min_value']}."
        if "max_value" in element and float(content) > float(element["max_value"]):
            return f"Please enter a number of at most {element['max_value']}."
    if element["type"] == "email_text_input" and "@" not in content:
        return "Please enter a valid e-mail address."
    return ""


def input_errors(blocks: tuple[Json, ...], values: dict[str, dict[str, Json]]) -> dict[str, str]:
    """What Slack's own form refuses without asking the app, by block: empty, too short, not a number."""
    errors = {
        block["block_id"]: _input_error(block, values[block["block_id"]][block["element"]["action_id"]])
        for block in blocks
        if block["type"] == "input"
    }
    return {block_id: sentence for block_id, sentence in errors.items() if sentence}
