"""Calls to Slack that may be made again: when Slack asks to wait, fails, or the connection breaks."""

import json
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.slack.answers import MAY_HAVE_ARRIVED, RATE_LIMITED, TRUNCATED, header

PAUSES = (0.5, 2.0)  # seconds before the second and the third try
LONGEST_PAUSE = 5.0  # seconds; a thread that waits for Slack does nothing else
ANSWER_TIMEOUT = 10  # seconds
# Codes of answers with status 200 after which the same call may succeed.
PASSING = RATE_LIMITED | MAY_HAVE_ARRIVED | TRUNCATED | {"hash_conflict"}

Result = TypeVar("Result")


class NotTaken(Exception):
    """A response URL has answered that it did not take a message."""

    def __init__(self, response: WebhookResponse) -> None:
        self.response = response
        super().__init__(f"status {response.status_code}")

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def code(self) -> str:
        """Slack's word for why; empty where the answer has none."""
        try:
            return str(json.loads(self.response.body)["error"])
        except (ValueError, KeyError, TypeError):  # an HTML page, or a word
            return ""


def persistently(call: Callable[[], Result], *, harmless: bool = True) -> Result:
    """The call's result; tried three times while trying again may help. Raises what the last try has raised.

    `harmless` says that a second copy does no harm. Otherwise only a call that Slack has surely not carried out,
    because it was rate limited, is made again.
    """
    for pause in PAUSES:
        try:
            return call()
        except (NotTaken, SlackApiError, OSError, HTTPException) as error:
            limited = is_limited(error)
            if not limited and not (harmless and _is_passing(error)):
                raise
            time.sleep(max(pause, _asked_to_wait(error) if limited else 0.0))
    return call()


def respond(url: str, content: dict[str, Any], *, harmless: bool) -> None:
    """Post to a response URL. Raises NotTaken, OSError or HTTPException."""

    def post() -> None:
        # Slack's own client would retry after a dropped connection, although the first copy may have arrived.
        webhook = WebhookClient(url, timeout=ANSWER_TIMEOUT, retry_handlers=[])
        response = webhook.send_dict(content)
        # Most refusals have the status 404, but some have 200 and the code in the body.
        if response.status_code != 200 or '"ok":false' in response.body.replace(" ", ""):
            raise NotTaken(response)

    persistently(post, harmless=harmless)


def was_refused(error: Exception) -> bool:
    """Whether Slack has surely not carried out the call."""
    return isinstance(error, NotTaken) and error.status < 500 and error.code not in MAY_HAVE_ARRIVED


def is_limited(error: Exception) -> bool:
    """Whether Slack has asked to wait."""
    return _status(error) == 429 or _code(error) in RATE_LIMITED


def _is_passing(error: Exception) -> bool:
    if isinstance(error, NotTaken | SlackApiError):
        return _status(error) >= 500 or _code(error) in PASSING
    return True  # the connection broke


def _status(error: Exception) -> int:
    if isinstance(error, NotTaken):
        return error.status
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def _code(error: Exception) -> str:
    if isinstance(error, NotTaken):
        return error.code
    response = getattr(error, "response", None)
    return str(response.get("error") or "") if isinstance(error, SlackApiError) and response else ""


def _asked_to_wait(error: Exception) -> float:
    try:
        return min(float(int(header(getattr(error, "response", None), "retry-after"))), LONGEST_PAUSE)
    except ValueError:
        return 0.0
