"""What the page shows to one person, as JSON."""

from __future__ import annotations

from bot.demo.workspace.page.panel import Controls
from bot.demo.workspace.page.switches import shown
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.state.records import (
    BOT_USER_ID,
    Channel,
    Control,
    Json,
    Said,
    StoredMessage,
    User,
    View,
)
from bot.demo.workspace.wire.interactions import Interactions

MOST_SHOWN = 300


def _person(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "title": user.title,
        "tz": user.tz,
        "is_bot": user.is_bot,
        "is_admin": user.is_admin,
    }


def _channel(platform: Platform, channel: Channel, viewer: str) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "topic": channel.topic,
        "is_im": channel.is_im,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "members": len(channel.members),
        "unread": platform.state.unread(viewer, channel.id),
    }


def _unread_of(platform: Platform, user: User) -> int:
    joined = [channel.id for channel in platform.state.channels.values() if user.id in channel.members]
    return sum(platform.state.unread(user.id, channel_id) for channel_id in joined)


def _message(message: StoredMessage) -> Json:
    return {
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": list(message.blocks),
        "thread_ts": message.thread_ts,
        "ephemeral": message.is_ephemeral,
        "notice": message.is_notice,
        "edited": message.edited_ts is not None,
    }


def _view(view: View | None) -> Json | None:
    if view is None:
        return None
    return {"id": view.id, "hash": view.hash, "spec": view.spec, "errors": dict(view.errors)}


def _said(sentence: str | Said) -> Json | str:
    return {"en": sentence.en, "zh": sentence.zh} if isinstance(sentence, Said) else sentence


def _control(control: Control, controls: Controls) -> Json:
    run = controls.runs.get(control.id)
    return {
        "id": control.id,
        "label": {"en": control.label_en, "zh": control.label_zh},
        "description": {"en": control.description_en, "zh": control.description_zh or control.description_en},
        "choices": [
            {
                "id": choice.id,
                "label": {"en": choice.label_en, "zh": choice.label_zh},
                "kind": choice.kind,
                "options": [{"value": value, "en": en, "zh": zh} for value, en, zh in choice.options],
                "initial": choice.initial,
            }
            for choice in control.choices
        ],
        "run": {"status": run.status, "sentence": _said(run.sentence), "number": run.number} if run else None,
    }


def snapshot(
    platform: Platform,
    interactions: Interactions,
    controls: Controls,
    *,
    viewer: str,
    channel_id: str,
    connected: int,
) -> Json:
    """Everything one person sees, with the messages of the channel they look at."""
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
            "channels": [_channel(platform, channel, viewer) for channel in channels],
            "channel_names": {
                channel.id: channel.name for channel in state.channels.values() if not channel.is_im
            },
            "channel": current.id,
            "unread_of": {
                user.id: _unread_of(platform, user) for user in state.users.values() if not user.is_bot
            },
            "messages": [_message(message) for message in state.messages(current.id, viewer)[-MOST_SHOWN:]],
            "view": _view(platform.views.top(viewer)),
            "home": _view(platform.views.home(viewer)),
            "has_home": "app_home_opened" in platform.events,
            "commands": [
                {"name": command.name, "usage_hint": command.usage_hint, "description": command.description}
                for command in interactions.commands
            ],
            "faults": shown(platform.faults, platform.ledger),
            "controls": [_control(control, controls) for control in controls.controls.values()],
        }
