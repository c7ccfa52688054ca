"""Errors as words, for whoever caused them: the sentence of a BotError, or a reference that is also in the log."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk.errors import SlackApiError

from bot.errors import N_, BotError
from bot.slack.answers import respond_with, update_view
from bot.slack.deferred import Press
from bot.slack.dependencies import Dependencies
from bot.slack.pool import Full
from bot.wording.messages import Problem
from bot.wording.rendering import problem_text

# A trigger serves once: the press was delivered before, here or to another process.
USED_TRIGGER = "exchanged_trigger_id"

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """Says what went wrong, before the acknowledgement or after it."""

    deps: Dependencies
    new_reference: Callable[[], str]

    def answer(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """The acknowledgement that says it. Slack is not called: it waits."""
        if isinstance(error, BoltUnhandledRequestError):
            # Bolt would answer 404, upon which Slack delivers an event three times more.
            log.info("slack.unhandled", kind=_kind(body))
            return BoltResponse(status=200)
        if isinstance(error, Full):
            log.error("presses.full", kind=_kind(body))
            return BoltResponse(status=503)  # which Slack tells the person at once
        language = self.deps.language(body)
        problem = self._problem(error, language)
        if body.get("type") == "view_submission":
            view = self.deps.gateway.modal(problem, language, N_("Tierbot"))
            return BoltResponse(status=200, body={"response_action": "update", "view": view})
        if "command" in body:
            content = self.deps.gateway.payload(problem, language)
            return BoltResponse(status=200, body={"response_type": "ephemeral", **content})
        return BoltResponse(status=500)

    def explain_press(self, error: Exception, press: Press) -> None:
        """Tell the person afterwards; what cannot be told is in the log."""
        if isinstance(error, SlackApiError) and error.response.get("error") == USED_TRIGGER:
            log.info("press.repeated")
            return
        language = self.deps.language(press.body)
        problem = self._problem(error, language)
        try:
            if press.body.get("type") == "view_submission":
                update_view(press, self.deps.gateway.modal(problem, language, N_("Tierbot")))
            else:
                content = self.deps.gateway.payload(problem, language)
                respond_with(press, content, response_type="ephemeral", replace_original=False)
        except Exception as unsaid:
            log.error("press.untold", error=type(unsaid).__name__, exc_info=unsaid)

    def _problem(self, error: Exception, language: str) -> Problem:
        if isinstance(error, BotError):
            log.info("listener.refused", error=type(error).__name__, msgid=error.msgid)
            return Problem(text=problem_text(error, language))
        reference = self.new_reference()
        log.error("listener.failed", reference=reference, error=type(error).__name__, exc_info=error)
        return Problem(text="", reference=reference)


def _kind(body: dict[str, Any]) -> str:
    """What was delivered, without anybody's words."""
    if "command" in body:
        return "command"
    return str((body.get("event") or {}).get("type") or body.get("type"))
