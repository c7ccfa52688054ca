"""What every part of the workspace shares."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.demo.workspace.faults import Faults
from bot.demo.workspace.ledger import Ledger
from bot.demo.workspace.state import State
from bot.demo.workspace.tickets import Tickets
from bot.demo.workspace.views import Views

ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "commands",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "users:read",
        "users:read.email",
    }
)


@dataclass(kw_only=True)
class Platform:
    """State, views and tickets of one workspace, what its tokens may do, and what goes wrong in it."""

    state: State
    views: Views
    tickets: Tickets
    faults: Faults
    ledger: Ledger
    bot_token: str
    app_token: str
    scopes: frozenset[str] = ALL_SCOPES
    #: The events the app has subscribed to, as its manifest would say.
    events: frozenset[str] = frozenset()
    #: Known once the port is bound.
    base_url: str = field(default="")
