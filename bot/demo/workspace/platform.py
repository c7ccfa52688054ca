"""What every part of the workspace shares."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from bot.demo.workspace.faults.kinds import Faults
from bot.demo.workspace.faults.ledger import Ledger
from bot.demo.workspace.state.memory import State
from bot.demo.workspace.state.tickets import Tickets
from bot.demo.workspace.state.views import Views

ANSWER_FIRST = 0.5  # seconds an update of a form waits for the answer to the form

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
    #: Forms that have been sent in, by view: set once the app's answer has been followed.
    sent_in: dict[str, asyncio.Event] = field(default_factory=dict)

    async def after_the_answer(self, view_id: str) -> None:
        """Wait until a form that was sent in shows what it was answered.

        An app that answers and then updates the view may be heard the other way round: the two come by different ways.
        """
        sent_in = self.sent_in.get(view_id)
        if sent_in is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(sent_in.wait(), ANSWER_FIRST)
