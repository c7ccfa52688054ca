"""Reading what was pressed, and answering through a response_url."""

from typing import Any

import structlog
from slack_bolt import Respond

from bot.errors import N_, Conflict
from bot.messages import Pointer

log = structlog.get_logger()


def chosen(body: dict[str, Any]) -> Pointer:
    """What the pressed button, or the chosen option, points at."""
    action = body["actions"][0]
    value = action.get("value") or (action.get("selected_option") or {}).get("value")
    return Pointer.decode(value)


def respond_with(respond: Respond, content: dict[str, Any], **how: Any) -> None:
    """Answer; `respond` itself never raises, so its status is looked at here."""
    response = respond(**content, **how)
    if response.status_code != 200:
        log.warning("slack.respond_failed", status=response.status_code)
        raise Conflict(N_("Slack did not take the answer. Ask again with /tier."))
