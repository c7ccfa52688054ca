"""Calls to Slack: posting messages, with what is known of their arrival, and reading history and people."""

import errno
import re
import socket
import ssl
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler

from bot.errors import N_, BadInput
from bot.services.delivery.messenger import Answer, Check, Posted, Reading, Reference
from bot.settings import Settings
from bot.slack import blocks
from bot.slack.users import SlackUsers
from bot.wording.messages import Message
from bot.wording.rendering import Renderer

log = structlog.get_logger()

SEND_TIMEOUT = 10  # seconds; far below the outbox lease
READ_TIMEOUT = 3
EVENT_TYPE = "tierbot_outbox"
CHANNELS = ("C", "G")  # the first letters of their ids
OUTSIDE_SECONDS = 60
SCOPE_WAIT = timedelta(minutes=15)
PAGE, MOST_PAGES = 200, 50

HOPELESS = {
    "channel_not_found": "the channel does not exist, or the bot was not invited to it",
    "not_in_channel": "the bot is not in the channel; type /invite @Tierbot there",
    "is_archived": "the channel is archived",
    "user_not_found": "the user does not exist",
    "users_not_found": "the user does not exist",
    "cannot_dm_bot": "bots get no direct messages",
    "user_disabled": "the user has left the workspace",
    "msg_too_long": "the message is too long",
    "msg_blocks_too_long": "the message is too long",
    "invalid_blocks": "Slack refuses the blocks",
    "invalid_blocks_format": "Slack refuses the blocks",
    "no_text": "the message is empty",
    "restricted_action": "the workspace does not let the bot post there",
    "metadata_too_large": "the metadata are too large",
}
PLACE_ERRORS = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action"})
ACCOUNT = {
    "invalid_auth": "Slack does not know the bot token; copy it again from the app's page",
    "not_authed": "Slack got no bot token; set SLACK_BOT_TOKEN",
    "token_revoked": "the bot token was revoked; install the app again and copy the new one",
    "token_expired": "the bot token has expired; install the app again and copy the new one",
    "account_inactive": "the app was removed or its workspace closed; install it again",
    "missing_scope": "the app lacks a scope; paste the output of tierbot manifest and install it again",
}
MAY_HAVE_ARRIVED = frozenset({"internal_error", "fatal_error", "service_unavailable"})
UNREACHABLE = frozenset(
    {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
)


def web_client(settings: Settings, *, reading: bool = False) -> WebClient:
    """A client for the configured address. Posting never retries by itself: delivery decides about a lost answer."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
    retries = [ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler()] if reading else []
    return WebClient(
        token=token,
        base_url=settings.slack_api_url,
        timeout=READ_TIMEOUT if reading else SEND_TIMEOUT,
        retry_handlers=retries,
    )


class Gateway:
    """What services need of Slack, as their own types."""

    def __init__(self, posting: WebClient, reading: WebClient, renderer: Renderer) -> None:
        self._posting = posting
        self._reading = reading
        self._renderer = renderer
        self.users = SlackUsers(reading)
        self._read_outside: dict[
            str, tuple[float, bool]
        ] = {}  # channel -> when Slack was asked, and its answer

    def send(
        self,
        where: str,
        message: Message,
        language: str | None,
        reference: Reference,
        *,
        possible_repeat: bool = False,
    ) -> Answer:
        """Post once. The answer says whether it arrived, surely did not, or may have."""
        try:
            content = blocks.payload(self._renderer, message, language, possible_repeat=possible_repeat)
        except Exception as error:  # nothing was posted, and trying again would not help
            log.error("slack.unrenderable", message=type(message).__name__, exc_info=error)
            return Answer(outcome="hopeless", error_class="template", error=f"cannot be rendered: {error}")
        if (refused := self._refuse_outside(where)) is not None:
            return refused
        try:
            response = self._posting.chat_postMessage(
                channel=where,
                **content,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": asdict(reference)},
            )
            return Answer(
                outcome="sent",
                ts=response.get("ts"),
                channel=response.get("channel"),
                slack_time=slack_time(response),
            )
        except SlackApiError as error:
            return replace(_refused(error), slack_time=slack_time(error.response))
        except OSError as error:
            return _unreached(error)
        except Exception as error:  # an answer that cannot be read: the message may have arrived
            return _lost("garbage", f"no answer: {type(error).__name__}")

    def _refuse_outside(self, where: str) -> Answer | None:
        """Why nothing may be posted to a channel: people of another company read it, or Slack does not say whether.

        Slack's answer counts for a minute.
        """
        if not where.startswith(CHANNELS):
            return None
        asked, outside = self._read_outside.get(where, (-OUTSIDE_SECONDS, False))
        if time.monotonic() - asked > OUTSIDE_SECONDS:
            try:
                outside = self._is_shared_outside(where)
            except SlackApiError as error:
                return _unseen(error)
            except Exception as error:
                return replace(_lost("unreachable", f"Slack could not be reached: {error}"), outcome="retry")
            self._read_outside[where] = time.monotonic(), outside
        if not outside:
            return None
        return Answer(
            outcome="hopeless",
            error_class="external",
            error="people of another company read the channel",
            concerns="place",
        )

    def _is_shared_outside(self, channel_id: str) -> bool:
        channel = self._posting.conversations_info(channel=channel_id)["channel"]
        return bool(channel.get("is_ext_shared"))

    def is_read_outside(self, channel_id: str) -> bool | None:
        """Whether people of another company read a channel; None when Slack does not say."""
        try:
            return self._is_shared_outside(channel_id)
        except (SlackApiError, SlackRequestError, OSError, HTTPException) as error:
            log.warning("slack.channel_unseen", error=_code(error))
            return None

    def history(self, where: str, oldest: datetime) -> Reading:
        """All our messages in a channel, or in a user's direct messages, since a time: every page or none."""
        if where.startswith("#"):
            return Reading(outcome="impossible", error_class="channel_not_found")
        try:
            if where.startswith(("U", "W")):
                where = self._posting.conversations_open(users=where)["channel"]["id"]
            posted: list[Posted] = []
            cursor = ""
            for _ in range(MOST_PAGES):
                page = self._posting.conversations_history(
                    channel=where,
                    oldest=f"{oldest.timestamp():.6f}",
                    inclusive=True,
                    limit=PAGE,
                    include_all_metadata=True,
                    **({"cursor": cursor} if cursor else {}),
                )
                posted += [found for message in page["messages"] if (found := _posted(message)) is not None]
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    return Reading(
                        outcome="read", posted=tuple(posted), channel=where, slack_time=slack_time(page)
                    )
            return Reading(outcome="impossible", error_class="too_many_messages")
        except SlackApiError as error:
            return _unread(_refused(error), _code(error))
        except Exception as error:
            return Reading(outcome="later", error_class=type(error).__name__, concerns="network")

    def check(self) -> Check:
        """Whether Slack takes the token now, and Slack's time."""
        try:
            return Check(slack_time=slack_time(self._posting.auth_test()))
        except SlackApiError as error:
            refused = _refused(error)
            return Check(
                error_class=refused.error_class or "refused",
                error=refused.error or "",
                slack_time=slack_time(error.response),
            )
        except Exception as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            return Check(error_class="network", error=f"Slack cannot be reached: {reason}")

    def check_token(self) -> None:
        """Raise BadInput when Slack does not take the bot token, or cannot be reached."""
        try:
            self.users.installation()
        except SlackApiError as error:
            raise BadInput(
                N_("Slack refuses SLACK_BOT_TOKEN (%(code)s). Install the app again and copy the token."),
                code=_code(error),
            ) from None
        except (SlackRequestError, OSError, HTTPException) as error:
            raise BadInput(
                N_("Slack cannot be reached at %(url)s: %(reason)s"),
                url=self._reading.base_url,
                reason=str(error),
            ) from None

    def direct_channel(self, user_id: str) -> str | None:
        """The direct messages between a user and the bot; None when Slack does not say."""
        try:
            return str(self._reading.conversations_open(users=user_id)["channel"]["id"])
        except (SlackApiError, SlackRequestError, OSError, HTTPException) as error:
            log.warning("slack.open_failed", error=_code(error))
            return None


def _refused(error: SlackApiError) -> Answer:
    code, status = _code(error), getattr(error.response, "status_code", 200)
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return Answer(
            outcome="retry",
            error_class="ratelimited",
            error="Slack asked us to wait",
            retry_after=_retry_after(error),
            counts=False,
            concerns="rate",
        )
    if not re.fullmatch("[a-z0-9_]+", code):  # no code of Slack's: the SDK puts an unreadable answer there
        return _lost("garbage", f"unreadable answer, status {status}")
    if status >= 500 or code in MAY_HAVE_ARRIVED:
        return _lost(code, f"Slack answered {status} {code}")
    if code in ACCOUNT:
        return Answer(
            outcome="retry",
            error_class=code,
            error=ACCOUNT[code],
            retry_after=timedelta(),
            counts=False,
            concerns="account",
        )
    if code == "team_added_to_org":
        return Answer(outcome="retry", error_class=code, error="the workspace is being moved to another one")
    details = "; ".join((error.response.get("response_metadata") or {}).get("messages", []))
    sentence = HOPELESS.get(code, f"Slack refuses it: {code}")
    return Answer(
        outcome="hopeless",
        error_class=code,
        error=f"{sentence} {details}".strip(),
        concerns="place" if code in PLACE_ERRORS else "message",
    )


def _unseen(error: SlackApiError) -> Answer | None:
    """What it means for a message that Slack does not show its channel: nothing was posted yet."""
    if _code(error) == "missing_scope":
        return Answer(
            outcome="retry",
            error_class="missing_scope",
            error="the app lacks the scopes channels:read and groups:read, by which it sees whether people of another"
            " company read a channel; paste the output of tierbot manifest and install it again",
            retry_after=SCOPE_WAIT,
            counts=False,
        )
    refused = _refused(error)
    if refused.outcome == "hopeless":
        return None  # the answer to the message itself says why
    return replace(refused, outcome="retry")


def _lost(error_class: str, error: str) -> Answer:
    return Answer(outcome="lost", error_class=error_class, error=error, concerns="network")


def _unread(refused: Answer, code: str) -> Reading:
    """What an error of conversations.history means for reconciliation."""
    if refused.outcome == "hopeless" or code == "missing_scope":
        return Reading(outcome="impossible", error_class=code)
    concerns = refused.concerns if refused.concerns in ("rate", "account") else "network"
    return Reading(
        outcome="later",
        error_class=refused.error_class,
        retry_after=refused.retry_after or None,
        concerns=concerns,
    )


def _posted(message: dict[str, Any]) -> Posted | None:
    """The message, if its metadata say that it is ours."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    payload = metadata.get("event_payload") or {}
    try:
        return Posted(id=int(payload["id"]), key=str(payload["key"]), ts=str(message["ts"]))
    except (KeyError, TypeError, ValueError):
        return None


def header(response: Any, name: str) -> str:
    """A header of an answer; empty when it is not there."""
    headers = {str(key).lower(): value for key, value in (getattr(response, "headers", None) or {}).items()}
    value = headers.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)


def slack_time(response: Any) -> datetime | None:
    """The Date header of an answer."""
    try:
        found = parsedate_to_datetime(header(response, "date"))
    except (TypeError, ValueError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _unreached(error: OSError) -> Answer:
    """urllib wraps errors of connecting and writing in URLError; errors of reading come as they are."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if (
        isinstance(cause, socket.gaierror | ssl.SSLCertVerificationError)
        or getattr(cause, "errno", None) in UNREACHABLE
        # A failed handshake. A connection that ends later, perhaps with everything written, is a subclass.
        or (isinstance(error, URLError) and type(cause) is ssl.SSLError)
    ):
        return Answer(
            outcome="retry",
            error_class="unreachable",
            error=f"Slack could not be reached: {cause}",
            concerns="network",
        )
    return _lost("no_answer", f"no answer: {type(cause).__name__}")


def _retry_after(error: SlackApiError) -> timedelta:
    """How long Slack asks to wait, between 1 second and 15 minutes; 5 seconds when that cannot be read."""
    try:
        seconds = int(header(error.response, "retry-after"))
    except ValueError:
        seconds = 5
    return timedelta(seconds=max(1, min(seconds, 900)))


def _code(error: Exception) -> str:
    if isinstance(error, SlackApiError) and hasattr(error.response, "get"):
        return str(error.response.get("error") or "")
    return type(error).__name__
