"""Lists as tables, where the workspace takes them: learnt from Slack's answer, and tried again the day after a refusal."""

import threading
import time
from http.client import HTTPException
from typing import Any

import structlog

from bot.slack import blocks, retries
from bot.slack.deferred import Press
from bot.wording.actions import Pointer
from bot.wording.message_base import Message
from bot.wording.rendering import Renderer

TRY_AGAIN = 86_400.0  # seconds
REFUSALS = frozenset({"invalid_blocks", "invalid_blocks_format"})

log = structlog.get_logger()


class Tables:
    """Whether the one workspace of this installation takes tables. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused_at: float | None = None
        self._taken = False

    @property
    def may_try(self) -> bool:
        with self._lock:
            return self._refused_at is None or time.monotonic() - self._refused_at > TRY_AGAIN

    @property
    def are_taken(self) -> bool:
        """Whether Slack has taken one: only then may a table be in an answer whose refusal nobody hears of."""
        with self._lock:
            return self._taken

    def note(self, *, taken: bool) -> None:
        """Remember Slack's answer to a message with a table."""
        with self._lock:
            self._taken = taken
            self._refused_at = None if taken else time.monotonic()

    def respond(
        self,
        press: Press,
        renderer: Renderer,
        message: Message,
        language: str,
        *,
        back: Pointer | None = None,
        **how: Any,
    ) -> None:
        """Answer to the response URL, as a table where Slack takes it, else as sections. Raises Conflict."""
        # A view has no tables.
        if message.table_of is not None and self.may_try and "response_url" in press.body:
            content = blocks.payload(renderer, message, language, with_table=True, back=back)
            if any(block["type"] == "data_table" for block in content["blocks"]):
                try:
                    retries.respond(press.body["response_url"], {**content, **how}, harmless=True)
                except retries.NotTaken as error:
                    if error.code not in REFUSALS:
                        log.warning("slack.respond_failed", error=str(error))
                    else:
                        log.info("slack.no_tables")
                        self.note(taken=False)
                except (OSError, HTTPException) as error:
                    log.warning("slack.respond_failed", error=str(error) or type(error).__name__)
                else:
                    self.note(taken=True)
                    return
        press.respond(blocks.payload(renderer, message, language, back=back), **how)
