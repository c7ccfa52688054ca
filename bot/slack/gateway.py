"""Calls to Slack: posting messages, with what is known of their arrival, and reading history and people."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler

from bot.errors import N_, BadInput, Conflict, NotReady, Phrase
from bot.services.delivery.messenger import (
    Answer,
    Check,
    ListedChannels,
    Posted,
    Reading,
    Reference,
    SeenChannel,
)
from bot.services.ops.connection import TOKEN_REFUSALS
from bot.settings import Settings
from bot.slack import answers, blocks
from bot.slack.answers import error_code
from bot.slack.users import SlackUsers
from bot.wording.message_base import Message
from bot.wording.rendering import Renderer

log = structlog.get_logger()

SEND_TIMEOUT = 10  # seconds; far below the outbox lease
READ_TIMEOUT = 3
EVENT_TYPE = "tierbot_outbox"
CHANNELS = ("C", "G")  # the first letters of their ids
OUTSIDE_SECONDS = 60
SCOPE_WAIT = timedelta(minutes=15)
PAGE, MOST_PAGES = 200, 50

NO_FILES = N_(
    "Slack does not let Tierbot send files yet: the app lacks the scope files:write. Ask your admin to paste the output"
    " of tierbot manifest into the app's page and to install it again."
)
UNREADABLE = frozenset({"missing_scope", "method_deprecated", "deprecated_endpoint"})  # a history, for good


def web_client(settings: Settings, *, reading: bool = False, timeout: int | None = None) -> WebClient:
    """A client for the configured address. Posting never retries by itself: delivery decides about a lost answer."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
    retries = [ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler()] if reading else []
    return WebClient(
        token=token,
        base_url=settings.slack_api_url,
        timeout=timeout or (READ_TIMEOUT if reading else SEND_TIMEOUT),
        retry_handlers=retries,
    )


class Gateway:
    """What services need of Slack, as their own types."""

    def __init__(self, posting: WebClient, reading: WebClient, renderer: Renderer) -> None:
        self._posting = posting
        self._reading = reading
        self._renderer = renderer
        self.users = SlackUsers(reading)
        # Channel -> when Slack was asked, and its answer.
        self._read_outside: dict[str, tuple[float, bool]] = {}

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
        except Exception as error:
            return _unrenderable(message, error)
        if (refused := self._refuse_outside(where)) is not None:
            return refused
        return _tried(
            lambda: self._posting.chat_postMessage(
                channel=where,
                **content,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": asdict(reference)},
            )
        )

    def update(self, channel: str, ts: str, message: Message, language: str | None) -> Answer:
        """Show a message in the place of one that was posted; its metadata stay."""
        try:
            content = blocks.payload(self._renderer, message, language)
        except Exception as error:
            return _unrenderable(message, error)
        return _tried(lambda: self._posting.chat_update(channel=channel, ts=ts, **content))

    def _refuse_outside(self, where: str) -> Answer | None:
        """Why nothing may be posted to a channel: people of another company read it, or Slack does not say whether.

        Slack's answer counts for a minute.
        """
        if not where.startswith(CHANNELS):
            return None
        asked, outside = self._read_outside.get(where, (-OUTSIDE_SECONDS, False))
        if time.monotonic() - asked > OUTSIDE_SECONDS:
            try:
                outside = self._see(where).is_external
            except SlackApiError as error:
                return _unseen(error)
            except Exception as error:
                return replace(
                    answers.lost("unreachable", f"Slack could not be reached: {error}"), outcome="retry"
                )
            self._read_outside[where] = time.monotonic(), outside
        if not outside:
            return None
        return Answer(
            outcome="hopeless",
            error_class="external",
            error="people of another company read the channel",
            concerns="place",
        )

    def _see(self, channel_id: str) -> SeenChannel:
        return _channel(self._posting.conversations_info(channel=channel_id)["channel"])

    def is_read_outside(self, channel_id: str) -> bool | None:
        """Whether people of another company read a channel; None when Slack does not say."""
        try:
            return self._see(channel_id).is_external
        except (SlackApiError, SlackRequestError, OSError, HTTPException) as error:
            log.warning("slack.channel_unseen", error=error_code(error))
            return None

    def history(self, where: str, oldest: datetime) -> Reading:
        """All our messages in a channel, or in a user's direct messages, since a time: every page or none."""
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
                        outcome="read",
                        posted=tuple(posted),
                        channel=where,
                        slack_time=answers.slack_time(page),
                    )
            return Reading(outcome="impossible", error_class="too_many_messages")
        except SlackApiError as error:
            return _unread(answers.refused(error), error_code(error))
        except Exception as error:
            return Reading(outcome="later", error_class=type(error).__name__, concerns="network")

    def joined_channels(self) -> ListedChannels:
        """Every channel that the bot is a member of, archived ones too: one call, unless they are more than 999."""
        found: list[SeenChannel] = []
        cursor = ""
        try:
            for _ in range(MOST_PAGES):
                page = self._posting.users_conversations(
                    types="public_channel,private_channel", limit=999, cursor=cursor or None
                )
                found += map(_channel, page["channels"])
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    break
            return ListedChannels(outcome="read", channels=tuple(found))
        except Exception as error:
            return _unlisted(error)

    def channel(self, channel_id: str) -> ListedChannels:
        """One channel; none where there is no such channel, or the bot may not know of it."""
        try:
            return ListedChannels(outcome="read", channels=(self._see(channel_id),))
        except Exception as error:
            refused = _unlisted(error)
            return ListedChannels(outcome="read") if refused.error_class == "channel_not_found" else refused

    def check(self) -> Check:
        """Whether Slack takes the token now, and Slack's time."""
        try:
            return Check(slack_time=answers.slack_time(self._posting.auth_test()))
        except SlackApiError as error:
            refused = answers.refused(error)
            return Check(
                error_class=refused.error_class or "refused",
                error=refused.error or "",
                slack_time=answers.slack_time(error.response),
            )
        except Exception as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            return Check(error_class="network", error=f"Slack cannot be reached: {reason}")

    def check_token(self) -> Phrase | None:
        """Ask Slack whether it takes the bot token; a sentence when it cannot say that now.

        Raises BadInput when it does not, and when it cannot be reached.
        """
        try:
            self.users.installation()
        except SlackApiError as error:
            code = error_code(error)
            if code in TOKEN_REFUSALS:
                raise BadInput(
                    N_("Slack refuses SLACK_BOT_TOKEN (%(code)s): %(reason)s."),
                    code=code,
                    reason=Phrase(answers.ACCOUNT.get(code, answers.ACCOUNT["invalid_auth"])),
                ) from None
            return Phrase(
                N_(
                    "Slack has not said whether it takes SLACK_BOT_TOKEN (%(code)s); Tierbot goes on when it answers."
                ),
                code=code,
            )
        except (SlackRequestError, OSError, HTTPException) as error:
            raise BadInput(
                N_("Slack cannot be reached at %(url)s: %(reason)s"),
                url=self._reading.base_url,
                reason=str(error),
            ) from None
        return None

    def send_file(self, user_id: str, name: str, content: bytes, comment: str, *, alt_text: str = "") -> None:
        """Put a file into the direct messages of a user; `alt_text` says what a picture shows.

        Raises NotReady without the scope, and Conflict.
        """
        try:
            channel = self._reading.conversations_open(users=user_id)["channel"]["id"]
            self._posting.files_upload_v2(
                channel=channel,
                filename=name,
                title=name,
                content=content,
                initial_comment=comment,
                alt_txt=alt_text or None,
            )
        except SlackApiError as error:
            code = error_code(error)
            log.warning("slack.file_refused", error=code)
            if code == "missing_scope":
                raise NotReady(NO_FILES) from None
            raise Conflict(
                N_("Slack did not take the file (%(code)s). Try again in a minute."), code=code
            ) from None
        except (SlackRequestError, OSError, HTTPException) as error:
            log.warning("slack.file_lost", error=type(error).__name__)
            raise Conflict(
                N_("Slack did not say whether it took the file. Look in your direct messages with Tierbot.")
            ) from None

    def direct_channel(self, user_id: str) -> str | None:
        """The direct messages between a user and the bot; None when Slack does not say."""
        try:
            return str(self._reading.conversations_open(users=user_id)["channel"]["id"])
        except (SlackApiError, SlackRequestError, OSError, HTTPException) as error:
            log.warning("slack.open_failed", error=error_code(error))
            return None


def _unrenderable(message: Message, error: Exception) -> Answer:
    """Nothing was posted, and trying again would not help."""
    log.error("slack.unrenderable", message=type(message).__name__, exc_info=error)
    return Answer(outcome="hopeless", error_class="template", error=f"cannot be rendered: {error}")


def _tried(call: Callable[[], Any]) -> Answer:
    """Call Slack once. The answer says whether it took effect, surely did not, or may have."""
    try:
        response = call()
        return Answer(
            outcome="sent",
            ts=response.get("ts"),
            channel=response.get("channel"),
            slack_time=answers.slack_time(response),
        )
    except SlackApiError as error:
        return replace(answers.refused(error), slack_time=answers.slack_time(error.response))
    except OSError as error:
        return answers.unreached(error)
    except Exception as error:  # an answer that cannot be read: it may have taken effect
        return answers.lost("garbage", f"no answer: {type(error).__name__}")


def _unseen(error: SlackApiError) -> Answer | None:
    """What it means for a message that Slack does not show its channel: nothing was posted yet."""
    if error_code(error) == "missing_scope":
        return Answer(
            outcome="retry",
            error_class="missing_scope",
            error="the app lacks the scopes channels:read and groups:read, by which it sees whether people of another"
            " company read a channel; paste the output of tierbot manifest and install it again",
            retry_after=SCOPE_WAIT,
            counts=False,
        )
    refused = answers.refused(error)
    if refused.outcome == "hopeless":
        return None  # the answer to the message itself says why
    return replace(refused, outcome="retry")


def _unread(refused: Answer, code: str) -> Reading:
    """What an error of conversations.history means for reconciliation."""
    if refused.outcome == "hopeless" or code in UNREADABLE:
        return Reading(outcome="impossible", error_class=code)
    concerns = refused.concerns if refused.concerns in ("rate", "account") else "network"
    return Reading(
        outcome="later",
        error_class=refused.error_class,
        retry_after=refused.retry_after or None,
        concerns=concerns,
    )


def _channel(shown: dict[str, Any]) -> SeenChannel:
    return SeenChannel(
        id=str(shown["id"]),
        name=str(shown.get("name") or ""),
        former_names=tuple(shown.get("previous_names") or ()),
        is_member=bool(shown.get("is_member", True)),
        is_archived=bool(shown.get("is_archived")),
        is_external=bool(shown.get("is_ext_shared")),
    )


def _unlisted(error: Exception) -> ListedChannels:
    """Why channels could not be listed. Nothing was changed, so that a lost answer is no more than that."""
    if not isinstance(error, SlackApiError):
        reason = getattr(error, "reason", None) or type(error).__name__
        return ListedChannels(
            outcome="later",
            error_class="network",
            error=f"Slack cannot be reached: {reason}",
            concerns="network",
        )
    refused = answers.refused(error)
    reading = _unread(refused, error_code(error))
    return ListedChannels(
        outcome=reading.outcome,
        error_class=reading.error_class,
        error=refused.error,
        retry_after=reading.retry_after,
        concerns=reading.concerns,
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
