"""Reading what was pressed, and answering through a response_url or a view."""

from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.errors import N_, Conflict
from bot.slack.deferred import Press
from bot.wording.messages import Pointer

ANSWER_TIMEOUT = 10  # seconds
GONE = frozenset({"not_found", "view_not_found"})

log = structlog.get_logger()


def chosen(body: dict[str, Any]) -> Pointer:
    """What the pressed button, or the chosen option, points at."""
    action = body["actions"][0]
    value = action.get("value") or (action.get("selected_option") or {}).get("value")
    return Pointer.decode(value)


def respond_with(press: Press, content: dict[str, Any], **how: Any) -> None:
    """Answer to the press's response_url, once: Slack's own client says it twice after a dropped connection."""
    webhook = WebhookClient(press.body["response_url"], timeout=ANSWER_TIMEOUT, retry_handlers=[])
    response = webhook.send_dict({**content, **how})
    if response.status_code != 200:
        log.warning("slack.respond_failed", status=response.status_code)
        raise Conflict(N_("Slack did not take the answer. Ask again with /tier."))


def update_view(press: Press, view: dict[str, Any]) -> None:
    """Show the outcome where the form was; to a person who has closed it, as a direct message."""
    try:
        press.client.views_update(view_id=press.body["view"]["id"], view=view)
    except SlackApiError as error:
        if error.response.get("error") not in GONE:
            raise
        press.client.chat_postMessage(
            channel=press.body["user"]["id"], text=view["title"]["text"], blocks=view["blocks"]
        )
