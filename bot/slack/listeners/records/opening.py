"""Views about the records of a customer: opened while they load, and updated below a form."""

from collections.abc import Callable
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.errors import BotError
from bot.services.access import Actor
from bot.slack import blocks
from bot.slack.answers import error_code
from bot.slack.deferred import Press
from bot.slack.dependencies import Dependencies
from bot.wording import catalogue
from bot.wording.messages import Problem
from bot.wording.rendering import problem_text

_CLOSED = "not_found"  # the person closed the view meanwhile

log = structlog.get_logger()


def load(
    deps: Dependencies,
    press: Press,
    actor: Actor,
    title: str,
    made: Callable[[], dict[str, Any]],
    *,
    on_top: bool = False,
) -> None:
    """Open a view that says that it loads, because a trigger lives for three seconds, and then what is to be shown."""
    gettext = catalogue.gettext(actor.language)
    loading = {
        "type": "modal",
        "title": blocks.plain(gettext(title), blocks.TITLE),
        "close": blocks.plain(gettext("Close"), blocks.TITLE),
        "blocks": [{"type": "section", "text": blocks.plain(gettext("Loading…"), blocks.TEXT)}],
    }
    view_id = press.push_view(loading) if on_top else press.open_view(loading)
    try:
        view = made()
    except BotError as error:
        problem = Problem(text=problem_text(error, actor.language))
        view = blocks.modal(deps.renderer, problem, actor.language, title)
    try:
        press.client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        if error_code(error) != _CLOSED:
            raise
        log.info("view.closed")


def update_below(press: Press, made: Callable[[], dict[str, Any]]) -> None:
    """Update the list below a form. What was saved is saved, whether Slack shows it or not."""
    below = press.body["view"].get("previous_view_id")
    if not below:
        return
    try:
        press.client.views_update(view_id=below, view=made())
    except Exception as error:
        log.warning("outcome.not_updated", error=type(error).__name__)
