"""The payloads that Slack sends to the app when a person does something."""

from __future__ import annotations

from bot.demo.workspace.api.chat import message_json
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import (
    APP_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Json,
    StoredMessage,
    User,
    View,
)
from bot.demo.workspace.state.views import view_json

#: Where a click, choice or submission happened.
Place = StoredMessage | View

_LEGACY_TOKEN = "verification-token"


def escape(text: str) -> str:
    """What a person typed, as Slack escapes it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _channel_name(channel: Channel) -> str:
    return "directmessage" if channel.is_im else channel.name


def _common(kind: str, user: User) -> Json:
    return {
        "type": kind,
        "team": {"id": user.team_id, "domain": TEAM_DOMAIN},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
        "api_app_id": APP_ID,
        "token": _LEGACY_TOKEN,
        "enterprise": {"id": user.enterprise_id} if user.enterprise_id else None,
        "is_enterprise_install": False,
    }


def _response_url(platform: Platform, user: User, channel: str, original: StoredMessage | None = None) -> str:
    thread_ts = original.thread_ts if original else None
    key = platform.tickets.new_response(user=user.id, channel=channel, original=original, thread_ts=thread_ts)
    return f"{platform.base_url}/hooks/{key}"


def command_payload(platform: Platform, user: User, channel: Channel, name: str, text: str) -> Json:
    """A slash command."""
    return {
        "token": _LEGACY_TOKEN,
        "team_id": user.team_id,
        "team_domain": TEAM_DOMAIN,
        **({"enterprise_id": user.enterprise_id} if user.enterprise_id else {}),
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": escape(text),
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": _response_url(platform, user, channel.id),
        "trigger_id": platform.tickets.new_trigger(user.id),
    }


def _location(platform: Platform, user: User, place: Place) -> Json:
    if isinstance(place, View):
        return {"container": {"type": "view", "view_id": place.id}}
    channel = platform.state.channels[place.channel]
    container: Json = {
        "type": "message",
        "message_ts": place.ts,
        "channel_id": channel.id,
        "is_ephemeral": place.is_ephemeral,
    }
    if place.thread_ts:
        container["thread_ts"] = place.thread_ts
    location = {"container": container, "channel": {"id": channel.id, "name": _channel_name(channel)}}
    # Slack leaves the message out where it is ephemeral.
    return location if place.is_ephemeral else location | {"message": message_json(place)}


def actions_payload(
    platform: Platform, user: User, place: Place, action: Json, values: dict[str, dict[str, Json]]
) -> Json:
    """A block_actions payload, from a message or from a view."""
    payload = _common("block_actions", user) | _location(platform, user, place)
    payload |= {"trigger_id": platform.tickets.new_trigger(user.id), "actions": [action]}
    if isinstance(place, View):
        return payload | {"view": view_json(place, values)}
    response_url = _response_url(platform, user, place.channel, place)
    return payload | {"response_url": response_url, "state": {"values": values}}


def shortcut_payload(platform: Platform, user: User, message: StoredMessage, callback_id: str) -> Json:
    """A message_action payload: a shortcut that was chosen in the menu of a message."""
    channel = platform.state.channels[message.channel]
    return _common("message_action", user) | {
        "callback_id": callback_id,
        "trigger_id": platform.tickets.new_trigger(user.id),
        "action_ts": platform.state.next_ts(),
        "response_url": _response_url(platform, user, channel.id),
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "message_ts": message.ts,
        "message": message_json(message),
    }


def suggestion_payload(
    platform: Platform, user: User, place: Place, element: Json, block_id: str, typed: str
) -> Json:
    """A block_suggestion payload: an external select asks for its options."""
    payload = _common("block_suggestion", user) | _location(platform, user, place)
    payload |= {"action_id": element["action_id"], "block_id": block_id, "value": typed}
    return payload | ({"view": view_json(place)} if isinstance(place, View) else {})


def submission_payload(
    platform: Platform, user: User, view: View, values: dict[str, dict[str, Json]]
) -> Json:
    """A view_submission payload."""
    return _common("view_submission", user) | {
        "trigger_id": platform.tickets.new_trigger(user.id),
        "view": view_json(view, values),
        "response_urls": [],
    }


def closed_payload(user: User, view: View) -> Json:
    """A view_closed payload."""
    return _common("view_closed", user) | {"view": view_json(view), "is_cleared": False}


def event_payload(platform: Platform, event: Json) -> Json:
    """The callback around an event."""
    channel = platform.state.channels.get(str(event.get("channel")))
    return {
        "token": _LEGACY_TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{platform.state.next_number():08d}",
        "event_time": int(platform.state.now().timestamp()),
        "authorizations": [
            {"team_id": TEAM_ID, "user_id": BOT_USER_ID, "is_bot": True, "is_enterprise_install": False}
        ],
        "is_ext_shared_channel": channel is not None and channel.is_ext_shared,
    }
