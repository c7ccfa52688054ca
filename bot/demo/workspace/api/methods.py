"""The methods of the Web API: what each does, and the scopes that allow it (any one of them)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.workspace.api import chat, conversations, files, people, surfaces
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import Json


@dataclass(frozen=True)
class Method:
    """One method; `app_level` ones want the xapp token."""

    call: Callable[[Platform, Json], Json]
    scopes: tuple[str, ...] = ()
    app_level: bool = False


_READ = ("channels:read", "groups:read", "im:read")
_HISTORY = ("channels:history", "groups:history", "im:history")

METHODS: dict[str, Method] = {
    "auth.test": Method(people.test_token),
    "bots.info": Method(people.bot, ("users:read",)),
    "apps.connections.open": Method(people.open_connection, app_level=True),
    "chat.postMessage": Method(chat.post_message, ("chat:write",)),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("chat:write",)),
    "chat.update": Method(chat.update, ("chat:write",)),
    "chat.delete": Method(chat.delete, ("chat:write",)),
    "conversations.open": Method(conversations.open_direct, ("im:write",)),
    "conversations.join": Method(conversations.join, ("channels:join",)),
    "conversations.history": Method(conversations.history, _HISTORY),
    "conversations.replies": Method(conversations.replies, _HISTORY),
    "conversations.info": Method(conversations.info, _READ),
    "conversations.list": Method(conversations.list_all, _READ),
    "conversations.members": Method(conversations.members, _READ),
    "users.conversations": Method(conversations.list_joined, _READ),
    "files.getUploadURLExternal": Method(files.upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(files.complete, ("files:write",)),
    "files.info": Method(files.info, ("files:read",)),
    "users.info": Method(people.info, ("users:read",)),
    "users.list": Method(people.list_all, ("users:read",)),
    "users.lookupByEmail": Method(people.find_by_email, ("users:read.email",)),
    "views.open": Method(surfaces.open_modal),
    "views.push": Method(surfaces.push_modal),
    "views.update": Method(surfaces.update_view),
    "views.publish": Method(surfaces.publish_home),
}
