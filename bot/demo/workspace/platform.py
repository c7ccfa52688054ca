"""What the Web API, the deliveries and the page share."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.kinds import Faults
from bot.demo.workspace.faults.ledger import Ledger
from bot.demo.workspace.limits.tables import TABLES
from bot.demo.workspace.state.files import Files
from bot.demo.workspace.state.memory import State
from bot.demo.workspace.state.tickets import Tickets
from bot.demo.workspace.state.views import Views

ANSWER_SECONDS = 0.5  # how long views.update waits for the answer to the submission of the view

ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
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
    """State, views and tickets of one workspace, its tokens and scopes, and its faults."""

    state: State
    views: Views
    tickets: Tickets
    faults: Faults
    ledger: Ledger
    bot_token: str
    app_token: str
    #: With port 0 until a port is bound.
    base_url: str
    scopes: frozenset[str]
    #: The events the app has subscribed to, as its manifest would say.
    events: frozenset[str]
    #: Submissions in progress, by view: set once the view shows the app's answer.
    submissions: dict[str, asyncio.Event] = field(default_factory=dict)
    files: Files = field(default_factory=Files)

    def unknown_blocks(self, blocks: Any) -> tuple[str, ...]:
        """The types of blocks that the workspace does not know while it is switched to be an old one."""
        used = (
            {block.get("type") for block in blocks if isinstance(block, dict)}
            if isinstance(blocks, list)
            else set()
        )
        if used.isdisjoint(TABLES) or self.faults.draw("blocks", "*") is None:
            return ()
        return TABLES

    def require_scope(self, *any_of: str) -> None:
        """Raise `missing_scope` where the token has none of these scopes."""
        if not self.scopes.intersection(any_of):
            raise ApiError("missing_scope", needed=any_of[0], provided=self.scope_list)

    @property
    def scope_list(self) -> str:
        """The scopes of the bot's token, as Slack lists them."""
        return ",".join(sorted(self.scopes))

    async def wait_for_answer(self, view_id: str) -> None:
        """Wait until a view that is being submitted shows the app's answer.

        An app may answer and then update the view; these use two connections and can arrive in either order.
        """
        submission = self.submissions.get(view_id)
        if submission is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(submission.wait(), ANSWER_SECONDS)
