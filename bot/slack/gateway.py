"""Talking to Slack: posting messages with an honest outcome, and looking people up."""

import errno
import re
import socket
import ssl
from dataclasses import replace
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
from bot.services.access import SlackProfile
from bot.services.delivery.messenger import Answer, Check, Posted, Reading, Reference
from bot.settings import Settings
from bot.slack import blocks
from bot.wording import catalogue
from bot.wording.messages import Message
from bot.wording.rendering import Renderer

log = structlog.get_logger()

SEND_TIMEOUT = 10  # seconds; far below the outbox lease
READ_TIMEOUT = 3
EVENT_TYPE = "tierbot_outbox"
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
OF_THE_PLACE = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action"})
ACCOUNT = {
    "invalid_auth": "Slack does not know the bot token; copy it again from the app's page",
    "not_authed": "Slack got no bot token; set SLACK_BOT_TOKEN",
    "token_revoked": "the bot token was revoked; install the app again and copy the new one",
    "token_expired": "the bot token has expired; install the app again and copy the new one",
    "account_inactive": "the app was removed or its workspace closed; install it again",
    "missing_scope": "the app lacks a scope; paste the output of tierbot manifest and install it again",
}
MAY_HAVE_ARRIVED = frozenset({"internal_error", "fatal_error", "service_unavailable"})
NO_WAY_THERE = frozenset(
    {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
)


def web_client(settings: Settings, *, reading: bool = False) -> WebClient:
    """A client for the configured address. Posting never retries by itself: a lost answer is ours to settle."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
    retries = [ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler()] if reading else []
    return WebClient(
        token=token,
        base_url=settings.slack_api_url,
        timeout=READ_TIMEOUT if reading else SEND_TIMEOUT,
        retry_handlers=retries,
    )


class Gateway:
    """What services need of Slack, in their own terms."""

    def __init__(self, posting: WebClient, reading: WebClient, renderer: Renderer) -> None:
        self._posting = posting
        self._reading = reading
        self._renderer = renderer

    def payload(
        self, message: Message, language: str | None, *, possible_repeat: bool = False
    ) -> dict[str, Any]:
        """A message's text and blocks. A broken template of the firm's own falls back to the shipped one."""
        slots, gettext = self._renderer.slots(message, language), catalogue.gettext(language)
        if possible_repeat:
            line = gettext("Possible repeat: Slack did not say whether this arrived before.")
            slots = replace(slots, fallback=f"{slots.fallback} ({line})", footer=(line, *slots.footer))
        return blocks.payload(message, slots, gettext)

    def modal(self, message: Message, language: str | None, title: str) -> dict[str, Any]:
        gettext = catalogue.gettext(language)
        return blocks.modal(self._renderer.slots(message, language), gettext(title), gettext("Close"))

    def send(
        self,
        where: str,
        message: Message,
        language: str | None,
        reference: Reference,
        *,
        possible_repeat: bool = False,
    ) -> Answer:
        """Post once. Says whether it arrived, surely did not, or may have."""
        try:
            content = self.payload(message, language, possible_repeat=possible_repeat)
        except Exception as error:  # whatever it is, nothing was posted and nothing will be
            log.error("slack.unrenderable", message=type(message).__name__, exc_info=error)
            return Answer(outcome="hopeless", error_class="template", error=f"cannot be rendered: {error}")
        try:
            response = self._posting.chat_postMessage(
                channel=where,
                **content,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": reference.payload()},
            )
            return Answer(
                outcome="sent",
                ts=response.get("ts"),
                channel=response.get("channel"),
                slack_time=_slack_time(response),
            )
        except SlackApiError as error:
            return replace(_refused(error), slack_time=_slack_time(error.response))
        except OSError as error:
            return _unreached(error)
        except Exception as error:  # an answer that is none: the message may well have arrived
            return _lost("garbage", f"no answer: {type(error).__name__}")

    def history(self, where: str, oldest: datetime) -> Reading:
        """All our messages in a channel, or in a user's direct messages, since then: every page or none."""
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
                        outcome="read", posted=tuple(posted), channel=where, slack_time=_slack_time(page)
                    )
            return Reading(outcome="impossible", error_class="too_many_messages")
        except SlackApiError as error:
            return _unread(_refused(error), _code(error))
        except Exception as error:
            return Reading(outcome="later", error_class=type(error).__name__, concerns="network")

    def check(self) -> Check:
        """Whether Slack takes the token now, and what time it is there."""
        try:
            return Check(slack_time=_slack_time(self._posting.auth_test()))
        except SlackApiError as error:
            refused = _refused(error)
            return Check(
                error_class=refused.error_class or "refused",
                error=refused.error or "",
                slack_time=_slack_time(error.response),
            )
        except Exception as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            return Check(error_class="network", error=f"Slack cannot be reached: {reason}")

    def check_token(self) -> None:
        """Raise BadInput when Slack does not take the bot token, or cannot be reached."""
        try:
            self._reading.auth_test()
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

    def update(self, channel: str, ts: str, message: Message, language: str | None) -> bool:
        """Replace a posted message; False when Slack does not let us, which is no fault worth more than a log line."""
        try:
            self._posting.chat_update(channel=channel, ts=ts, **self.payload(message, language))
        except (SlackApiError, SlackRequestError, OSError, HTTPException) as error:
            log.warning("slack.update_failed", error=_code(error))
            return False
        return True

    def profile(self, user_id: str) -> SlackProfile | None:
        try:
            response = self._reading.users_info(user=user_id, include_locale=True)
        except SlackApiError as error:
            if _code(error) in ("user_not_found", "user_not_visible"):
                return None
            raise
        return _profile(response["user"])

    def profile_by_email(self, email: str) -> SlackProfile | None:
        try:
            response = self._reading.users_lookupByEmail(email=email)
        except SlackApiError as error:
            if _code(error) == "users_not_found":
                return None
            raise
        return _profile(response["user"])


def _profile(user: dict[str, Any]) -> SlackProfile:
    details = user.get("profile", {})
    return SlackProfile(
        user_id=user["id"],
        email=details.get("email"),
        name=user.get("real_name") or details.get("real_name") or user.get("name", ""),
        timezone=user.get("tz"),
        locale=user.get("locale"),
        is_guest=bool(
            user.get("is_restricted")
            or user.get("is_ultra_restricted")
            or user.get("is_stranger")
            or user.get("is_bot")
            or user.get("deleted")
        ),
    )


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
    if not re.fullmatch("[a-z0-9_]+", code):  # not a word of Slack's: the SDK puts an unreadable answer there
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
        concerns="place" if code in OF_THE_PLACE else "message",
    )


def _lost(error_class: str, error: str) -> Answer:
    return Answer(outcome="lost", error_class=error_class, error=error, concerns="network")


def _unread(refused: Answer, code: str) -> Reading:
    """What a refused look at the history means for settling."""
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
    """One of ours, told by its metadata."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    payload = metadata.get("event_payload") or {}
    try:
        return Posted(id=int(payload["id"]), key=str(payload["key"]), ts=str(message["ts"]))
    except (KeyError, TypeError, ValueError):
        return None


def _slack_time(response: Any) -> datetime | None:
    """The Date of an answer."""
    headers = {str(key).lower(): value for key, value in (getattr(response, "headers", None) or {}).items()}
    value = headers.get("date")
    try:
        found = parsedate_to_datetime(value[0] if isinstance(value, list) else value) if value else None
    except (TypeError, ValueError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def _unreached(error: OSError) -> Answer:
    """urllib wraps what fails while connecting or writing in URLError; what fails while reading comes bare."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if (
        isinstance(cause, socket.gaierror | ssl.SSLCertVerificationError)
        or getattr(cause, "errno", None) in NO_WAY_THERE
        # A failed handshake; a connection that ends later, perhaps with everything written, is another class.
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
    """Slack's wish in seconds, kept between a second and a quarter of an hour; five when it cannot be read."""
    headers = {key.lower(): value for key, value in (getattr(error.response, "headers", None) or {}).items()}
    value = headers.get("retry-after", "")
    try:
        seconds = int(value[0] if isinstance(value, list) else value)
    except ValueError:
        seconds = 5
    return timedelta(seconds=max(1, min(seconds, 900)))


def _code(error: Exception) -> str:
    if isinstance(error, SlackApiError) and hasattr(error.response, "get"):
        return str(error.response.get("error") or "")
    return type(error).__name__
