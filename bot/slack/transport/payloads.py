"""The body of a verified request as a payload whose shape Bolt and the listeners can rely on."""

import json
import math
from typing import Annotated, Any, NoReturn
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field, ValidationError, model_validator

MOST_FIELDS = 100  # of a form; a command has about fifteen
MOST_DEPTH = 50  # of objects and lists within each other; a rich text in a message reaches about fifteen
MOST_DIGITS = 20  # of a number; ids and times of Slack have at most seventeen
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Malformed(Exception):
    """A body that Slack does not send; the text says what is wrong, without quoting the body."""


class _Named(BaseModel):
    id: str


class _Action(BaseModel):
    action_id: str
    block_id: str = ""
    type: str = ""
    action_ts: str = ""
    value: str | None = None
    selected_option: dict[str, Any] | None = None


class _State(BaseModel):
    values: dict[str, dict[str, dict[str, Any]]] = {}


class _View(_Named):
    type: str = ""
    callback_id: str = ""
    private_metadata: str = ""
    blocks: list[dict[str, Any]] = []
    state: _State | None = None


class _Message(BaseModel):
    ts: str = ""
    blocks: list[dict[str, Any]] = []


class _Container(BaseModel):
    type: str = ""
    channel_id: str | None = None
    message_ts: str | None = None
    is_ephemeral: bool | None = None


class _Command(BaseModel):
    command: str
    user_id: str
    text: str = ""


class _Interaction(BaseModel):
    type: str
    team: _Named | None = None
    enterprise: _Named | None = None
    user: _Named
    channel: _Named | None = None
    container: _Container | None = None
    message: _Message | None = None
    view: _View | None = None
    actions: Annotated[list[_Action], Field(min_length=1)] = []  # the default is not checked
    trigger_id: str | None = None
    response_url: str | None = None
    callback_id: str | None = None
    authorizations: list[dict[str, Any]] | None = None

    @model_validator(mode="after")
    def _with_a_view(self) -> "_Interaction":
        if self.type in ("view_submission", "view_closed") and self.view is None:
            raise ValueError("no view")
        return self


class _Event(BaseModel):
    type: str
    event: dict[str, Any] | None = None
    event_id: str | None = None
    team_id: str | None = None
    challenge: str | None = None
    authorizations: list[dict[str, Any]] | None = None


def payload_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The payload in the body of a request of HTTP mode. Raises Malformed."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON:
        return _checked(_Event, _object(text))
    if kind != FORM:
        raise Malformed("neither a form nor JSON")
    fields = _fields(text)
    if "payload" in fields:
        return _checked(_Interaction, _object(fields["payload"]))
    return _checked(_Command, dict(fields))


def _fields(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise Malformed("a broken form") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Malformed("a field given twice")
    return fields


def _object(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_odd, parse_int=_whole, parse_float=_fraction)
    except (ValueError, RecursionError):
        raise Malformed("broken JSON") from None


def _odd(_: str) -> NoReturn:
    raise Malformed("a number that is none")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise Malformed("a number too long")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Malformed("a number too large")
    return number


def _checked(shape: type[BaseModel], payload: Any) -> dict[str, Any]:
    """The payload with everything that the shape does not name; without nulls, with which Bolt fails."""
    _check_values(payload)
    try:
        shape.model_validate(payload)
    except ValidationError as error:
        wrong = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
        raise Malformed(f"fields of another type, or missing: {', '.join(wrong)[:200] or 'all'}") from None
    return {name: value for name, value in payload.items() if value is not None}


def _check_values(payload: Any) -> None:
    """Refuse what is nested too deeply, and texts that no database stores."""
    level = [payload]
    for _ in range(MOST_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.keys()
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and not _storable(value):
                raise Malformed("a character that is none")
        if not inner:
            return
        level = inner
    raise Malformed("nested too deeply")


def _storable(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
