"""Shows what has been saved. Nothing here raises: that Slack does not show it is no reason to say that it failed."""

from typing import Any

import structlog
from markupsafe import Markup
from slack_sdk import WebClient

from bot.errors import N_
from bot.slack import blocks, retries
from bot.slack.deferred import Press
from bot.slack.dependencies import Dependencies
from bot.wording import catalogue
from bot.wording.message_base import Message, Slots
from bot.wording.messages import Problem

NOT_REFRESHED = N_("This is recorded. Slack did not let me refresh the message that you pressed.")
RECORDED = N_("This is recorded.")

log = structlog.get_logger()


def show(deps: Dependencies, press: Press, message: Message, language: str) -> None:
    """Show what a press has become in place of its message; say that it is recorded where that does not work."""
    if not replace(deps, press, message, language):
        _say_recorded(deps, press, language)


def replace(deps: Dependencies, press: Press, message: Message, language: str) -> bool:
    """Show a message in place of the pressed one, by the response URL or else by its place; whether that worked."""
    try:
        content = blocks.payload(deps.renderer, message, language)
        retries.respond(press.body["response_url"], {**content, "replace_original": True}, harmless=True)
    except Exception as error:
        log.warning("outcome.not_in_place", error=type(error).__name__)
        where = press.body.get("container") or {}
        channel, ts = where.get("channel_id", ""), where.get("message_ts", "")
        return not where.get("is_ephemeral") and update(deps, press.client, channel, ts, message, language)
    return True


def update(
    deps: Dependencies, client: WebClient, channel: str, ts: str, message: Message, language: str
) -> bool:
    """Show a message in place of one that everybody in the channel sees; whether that worked."""
    try:
        content = blocks.payload(deps.renderer, message, language)
        retries.persistently(lambda: client.chat_update(channel=channel, ts=ts, **content))
    except Exception as error:
        log.warning("outcome.not_updated", error=type(error).__name__)
        return False
    return True


def view(deps: Dependencies, message: Message, language: str, title: str) -> dict[str, Any]:
    """A message as the view that takes a form's place; `title` is a msgid."""
    try:
        return blocks.modal(deps.renderer, message, language, title)
    except Exception as error:  # a template of one's own may be broken
        log.error("outcome.unshown", error=type(error).__name__, exc_info=error)
        gettext = catalogue.gettext(language)
        recorded = Slots(fallback="", body=(Markup(gettext(RECORDED)),))
        return blocks.view(recorded, gettext(title), gettext("Close"))


def _say_recorded(deps: Dependencies, press: Press, language: str) -> None:
    try:
        text = catalogue.gettext(language)(NOT_REFRESHED)
        content = blocks.payload(deps.renderer, Problem(text=text), language)
        retries.persistently(
            lambda: press.client.chat_postMessage(channel=press.user_id, **content), harmless=False
        )
    except Exception as error:
        log.error("outcome.unshown", error=type(error).__name__, exc_info=error)
