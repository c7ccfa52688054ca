"""Methods of the Web API, one module per family.

`METHODS` maps a method's name to what it does and the scopes that allow it (any one of them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.workspace.api import chat, conversations, people, surfaces
from bot.demo.workspace.api.arguments import Arguments
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.state.records import Json


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method; `app_level` ones want the xapp token."""

    call: Callable[[Platform, Arguments], Json]
    scopes: tuple[str, ...] = ()
    app_level: bool = False


_READ = ("channels:read", "groups:read", "im:read")
_HISTORY = ("channels:history", "groups:history", "im:history")

METHODS: dict[str, Method] = {
    "auth.test": Method(call=people.test_token),
    "apps.connections.open": Method(call=people.open_connection, app_level=True),
    "chat.postMessage": Method(call=chat.post_message, scopes=("chat:write",)),
    "chat.postEphemeral": Method(call=chat.post_ephemeral, scopes=("chat:write",)),
    "chat.update": Method(call=chat.update, scopes=("chat:write",)),
    "chat.delete": Method(call=chat.delete, scopes=("chat:write",)),
    "conversations.open": Method(call=conversations.open_direct, scopes=("im:write",)),
    "conversations.join": Method(call=conversations.join, scopes=("channels:join",)),
    "conversations.history": Method(call=conversations.history, scopes=_HISTORY),
    "conversations.replies": Method(call=conversations.replies, scopes=_HISTORY),
    "conversations.info": Method(call=conversations.info, scopes=_READ),
    "conversations.list": Method(call=conversations.list_all, scopes=_READ),
    "conversations.members": Method(call=conversations.members, scopes=_READ),
    "users.info": Method(call=people.info, scopes=("users:read",)),
    "users.list": Method(call=people.list_all, scopes=("users:read",)),
    "users.lookupByEmail": Method(call=people.look_up_by_email, scopes=("users:read.email",)),
    "views.open": Method(call=surfaces.open_modal),
    "views.push": Method(call=surfaces.push_modal),
    "views.update": Method(call=surfaces.update_view),
    "views.publish": Method(call=surfaces.publish_home),
}
