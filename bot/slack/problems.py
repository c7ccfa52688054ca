"""Errors as words for the person who caused them: a BotError's sentence, or a reference that is also in the log."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk.errors import SlackApiError
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import N_, BotError, Conflict, Hidden, NotReady
from bot.slack import blocks
from bot.slack.answers import ACCOUNT, MAY_HAVE_ARRIVED, RATE_LIMITED, error_code, status_of
from bot.slack.deferred import Busy, Full, Press
from bot.slack.dependencies import Dependencies
from bot.wording import catalogue
from bot.wording.messages import Problem
from bot.wording.rendering import problem_text
from db.book import people
from db.engine import is_busy

# A trigger can be used once: another process, or this one, has handled the press.
USED_TRIGGER = "exchanged_trigger_id"
# It opens a view for three seconds after the press.
LATE_TRIGGERS = frozenset({"expired_trigger_id", "invalid_trigger_id", "trigger_expired"})
FORM_ERROR = 300  # characters
FORM_FAILED = N_(
    "Something went wrong on our side, reference %(reference)s. Nothing has been saved, and what you have typed is"
    " still here: try again."
)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """Tells people what went wrong, with the acknowledgement or after it."""

    deps: Dependencies
    new_reference: Callable[[], str]

    def answer(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """An acknowledgement with the problem. Slack is waiting, so it is not called."""
        if isinstance(error, BoltUnhandledRequestError):
            # Bolt would answer 404, and Slack would then deliver an event three times more.
            log.info("slack.unhandled", kind=_kind(body))
            return BoltResponse(status=200)
        if isinstance(error, Full):
            log.error("presses.full", kind=_kind(body))
            return BoltResponse(status=503)  # Slack tells the person at once that it failed
        problem, language = self._problem(error, body)
        if body.get("type") == "view_submission":
            return BoltResponse(status=200, body=self._form_answer(problem, language, body["view"], error))
        if "command" in body:
            content = blocks.payload(self.deps.renderer, problem, language)
            return BoltResponse(status=200, body={"response_type": "ephemeral", **content})
        return BoltResponse(status=500)

    def explain_press(self, error: Exception, press: Press) -> None:
        """Tell the person after the acknowledgement; when that fails too, the log."""
        if isinstance(error, SlackApiError) and error_code(error) == USED_TRIGGER:
            log.info("press.repeated")
            return
        problem, language = self._problem(error, press.body)
        try:
            content = blocks.payload(self.deps.renderer, problem, language)
            if press.may_respond:
                # A trigger may be used up already, or too old.
                with suppress(Conflict, SlackApiError):
                    if isinstance(error, Hidden) and press.is_private:
                        press.respond(content, replace_original=True)  # what was shown is no longer theirs
                    else:
                        press.respond(content, response_type="ephemeral", replace_original=False)
                    return
            press.client.chat_postMessage(channel=press.user_id, **content)
        except Exception as unsaid:
            log.error("press.untold", error=type(unsaid).__name__, exc_info=unsaid)

    def _form_answer(
        self, problem: Problem, language: str, view: dict[str, Any], error: Exception
    ) -> dict[str, Any]:
        """The problem below its input, else the last one, so that the form stays with all that was typed into it."""
        inputs = [block["block_id"] for block in view.get("blocks", []) if block.get("type") == "input"]
        if not inputs:
            shown = blocks.modal(self.deps.renderer, problem, language, N_("Tierbot"))
            return {"response_action": "update", "view": shown}
        text = problem.text
        if problem.reference:
            text = catalogue.gettext(language)(FORM_FAILED) % {"reference": problem.reference}
        field = getattr(error, "field", "")
        below = field if field in inputs else inputs[-1]
        return {"response_action": "errors", "errors": {below: blocks.plain(text, FORM_ERROR)["text"]}}

    def _problem(self, error: Exception, body: dict[str, Any]) -> tuple[Problem, str]:
        """What to say, and in which language."""
        of_event = (body.get("event") or {}).get("user")
        language = self._language(body.get("user_id") or (body.get("user") or {}).get("id") or of_event or "")
        error = Busy() if is_busy(error) else _as_sentence(error) or error
        if isinstance(error, BotError):
            log.info("listener.refused", error=type(error).__name__, msgid=error.msgid)
            return Problem(text=problem_text(error, language)), language
        reference = self.new_reference()
        log.error("listener.failed", reference=reference, error=type(error).__name__, exc_info=error)
        return Problem(text="", reference=reference), language

    def _language(self, user_id: str) -> str:
        """The person's language, as far as it is known without asking Slack."""
        person = None
        try:
            with self.deps.database.read() as session:
                person = people.by_slack_id(session, user_id, self.deps.clock.now())
        except SQLAlchemyError as error:  # perhaps the very reason why there is something to explain
            log.warning("listener.language_unknown", error=type(error).__name__)
        return (person.language if person else None) or self.deps.settings.language


def _as_sentence(error: Exception) -> BotError | None:
    """What a person can do about an error of Slack's; None for one that is a fault of ours."""
    if not isinstance(error, SlackApiError):
        return None
    code, status = error_code(error), status_of(error)
    if code in LATE_TRIGGERS:
        return Conflict(N_("It took too long to open, and Slack allows only three seconds. Press again."))
    if code in RATE_LIMITED or status == 429:
        return Conflict(N_("Slack asks Tierbot to slow down. Try again in a minute."))
    if code in ACCOUNT:
        return NotReady(
            N_("Slack refuses what Tierbot needs for that (%(code)s). Ask your admin to run: tierbot doctor"),
            code=code,
        )
    if code in MAY_HAVE_ARRIVED or status >= 500:
        return Conflict(N_("Slack has trouble of its own (%(code)s). Try again in a few minutes."), code=code)
    return None


def _kind(body: dict[str, Any]) -> str:
    """What came in, without anything that a person wrote."""
    if "command" in body:
        return "command"
    return str((body.get("event") or {}).get("type") or body.get("type"))
