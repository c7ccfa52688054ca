"""What the page shows to one person, as JSON."""

from __future__ import annotations

from dataclasses import asdict

from bot.demo.workspace.page.controls import Controls
from bot.demo.workspace.page.switches import switches_json
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import BOT_USER_ID, Channel, Json, StoredMessage, User, View
from bot.demo.workspace.state.memory import State
from bot.demo.workspace.wire.interactions import Interactions

MOST_SHOWN = 300
_OF_A_PERSON = ("id", "name", "real_name", "title", "tz", "is_bot", "is_admin")
_OF_A_CHANNEL = ("id", "name", "topic", "is_im", "is_private", "is_archived")


def _person(user: User) -> Json:
    return {name: getattr(user, name) for name in _OF_A_PERSON}


def _channel(state: State, channel: Channel, viewer: str) -> Json:
    return {name: getattr(channel, name) for name in _OF_A_CHANNEL} | {
        "members": len(channel.members),
        "unread": state.unread(viewer, channel.id),
    }


def _unread(state: State, user: User) -> int:
    joined = [channel.id for channel in state.channels.values() if user.id in channel.members]
    return sum(state.unread(user.id, channel_id) for channel_id in joined)


def _message(message: StoredMessage) -> Json:
    return {
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": list(message.blocks),
        "files": [{name: file[name] for name in ("id", "name", "title", "size")} for file in message.files],
        "thread_ts": message.thread_ts,
        "ephemeral": message.is_ephemeral,
        "notice": message.is_notice,
        "edited": message.edited_ts is not None,
    }


def _view(view: View | None) -> Json | None:
    if view is None:
        return None
    return {"id": view.id, "hash": view.hash, "spec": view.spec, "errors": dict(view.errors)}


def snapshot(
    platform: Platform,
    interactions: Interactions,
    controls: Controls,
    *,
    viewer: str,
    channel_id: str,
    connected: int,
) -> Json:
    """Everything one person sees, with the messages of the channel that is open."""
    state = platform.state
    state.dm(viewer)
    with state.changed:
        channels = [channel for channel in state.channels.values() if viewer in channel.members]
        by_id = {channel.id: channel for channel in channels}
        current = by_id.get(channel_id) or channels[0]
        return {
            "version": state.version,
            "now": state.now().isoformat(),
            "me": viewer,
            "bot": BOT_USER_ID,
            "connected": connected,
            "users": [_person(user) for user in state.users.values()],
            "channels": [_channel(state, channel, viewer) for channel in channels],
            "channel_names": {
                channel.id: channel.name for channel in state.channels.values() if not channel.is_im
            },
            "channel": current.id,
            "unread_of": {user.id: _unread(state, user) for user in state.users.values() if not user.is_bot},
            "messages": [_message(message) for message in state.messages(current.id, viewer)[-MOST_SHOWN:]],
            "view": _view(platform.views.top(viewer)),
            "home": _view(platform.views.home(viewer)),
            "has_home": "app_home_opened" in platform.events,
            "shortcuts": [asdict(shortcut) for shortcut in interactions.shortcuts],
            "commands": [asdict(command) for command in interactions.commands],
            "faults": switches_json(platform.faults, platform.ledger),
            "controls": controls.json(),
        }
