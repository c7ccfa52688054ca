"""What an answer of Slack to a posted message means, or its absence: arrived, surely not, or perhaps.

The words are Slack's, from the error lists of chat.postMessage, conversations.history and conversations.open.
"""

import errno
import re
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError

from bot.errors import N_
from bot.services.delivery.messenger import Answer

_BLOCKS, _TOO_LONG = "Slack refuses the blocks", "the message is too long"
_METADATA, _ARGUMENTS = "Slack refuses the metadata", "Slack refuses an argument of the call"
_READ_ONLY = "only some people may post in the channel; let the bot post there, or choose another channel"

# The message or its place is at fault: the same call would be refused again.
HOPELESS = {
    "channel_not_found": "the channel does not exist, or the bot was not invited to it",
    "not_in_channel": "the bot is not in the channel; type /invite @Tierbot there",
    "is_archived": "the channel is archived",
    "restricted_action": "the workspace does not let the bot post there",
    "restricted_action_read_only_channel": _READ_ONLY,
    "restricted_action_thread_only_channel": _READ_ONLY,
    "restricted_action_non_threadable_channel": _READ_ONLY,
    "restricted_action_thread_locked": _READ_ONLY,
    "posting_to_general_channel_denied": _READ_ONLY,
    "cant_post_message": _READ_ONLY,
    "access_denied": "the bot may not post there; type /invite @Tierbot there",
    "no_permission": "the bot may not post there; type /invite @Tierbot there",
    "channel_type_not_supported": "messages cannot be posted to a conversation of this kind",
    "team_not_found": "an app of a whole organisation needs the channel's id; name channels by id",
    "user_not_found": "the user does not exist",
    "users_not_found": "the user does not exist",
    "user_not_visible": "the bot may not see the user",
    "user_disabled": "the user has left the workspace",
    "cannot_dm_bot": "bots get no direct messages",
    "messages_tab_disabled": "the app takes no direct messages; switch on the Messages tab on the app's page, App Home",
    "msg_too_long": _TOO_LONG,
    "msg_blocks_too_long": _TOO_LONG,
    "attachment_payload_limit_exceeded": _TOO_LONG,
    "too_many_attachments": _TOO_LONG,
    "invalid_blocks": _BLOCKS,
    "invalid_blocks_format": _BLOCKS,
    "no_text": "the message is empty",
    "metadata_too_large": "the metadata are too large",
    "invalid_metadata_format": _METADATA,
    "invalid_metadata_schema": _METADATA,
    "metadata_must_be_sent_from_app": _METADATA,
    "invalid_arguments": _ARGUMENTS,
    "invalid_arg_name": _ARGUMENTS,
    "invalid_array_arg": _ARGUMENTS,
    "invalid_channel": _ARGUMENTS,
    "unknown_method": "SLACK_API_URL leads to a server that does not know the method",
}
# Another place may take the message.
PLACE_ERRORS = frozenset(
    {
        "access_denied",
        "cant_post_message",
        "channel_not_found",
        "channel_type_not_supported",
        "is_archived",
        "no_permission",
        "not_in_channel",
        "posting_to_general_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "team_not_found",
    }
)
_REMOVED = N_("the app was removed or its workspace closed; install it again")
_MOVING = N_("Slack is moving the workspace into an organisation; sending goes on when that is done")
_OLD_METHOD = N_("Slack no longer offers a method that this version of Tierbot uses; install a newer version")
# Every message would be refused: they wait, and use up no attempt.
ACCOUNT = {
    "invalid_auth": N_("Slack does not know the bot token; copy it again from the app's page"),
    "not_authed": N_("Slack got no bot token; set SLACK_BOT_TOKEN"),
    "token_revoked": N_("the bot token was revoked; install the app again and copy the new one"),
    "token_expired": N_("the bot token has expired; install the app again and copy the new one"),
    "account_inactive": _REMOVED,
    "team_disabled": _REMOVED,
    "user_removed_from_team": _REMOVED,
    "not_allowed_token_type": N_("SLACK_BOT_TOKEN is no bot token; copy the one that starts with xoxb-"),
    "missing_scope": N_("the app lacks a scope; paste the output of tierbot manifest and install it again"),
    "org_login_required": _MOVING,
    "team_added_to_org": _MOVING,
    "team_access_not_granted": N_(
        "the app has no access to the workspace; an admin of the organisation has to add it there"
    ),
    "enterprise_is_restricted": N_(
        "the app may not be used in this organisation; ask its admins to allow it"
    ),
    "two_factor_setup_required": N_(
        "Slack demands two-factor authentication of the person who installed the app"
    ),
    "accesslimited": N_(
        "the organisation allows Slack only from certain networks; an admin has to allow this machine's address"
    ),
    "message_limit_exceeded": N_(
        "the workspace has used up the messages of its Slack plan; sending goes on when Slack takes messages again"
    ),
    "method_deprecated": _OLD_METHOD,
    "deprecated_endpoint": _OLD_METHOD,
}
# The place refuses messages for a time that nobody knows: they wait, and use up no attempt.
SUSPENDED = {
    "ekm_access_denied": "the organisation's admins have suspended messages there",
    "external_channel_migrating": "Slack is moving the channel to another workspace",
}
SUSPENDED_WAIT = timedelta(minutes=15)
# A proxy or a lost packet has cut the call.
TRUNCATED = frozenset(
    {
        "invalid_charset",
        "invalid_form_data",
        "invalid_json",
        "invalid_post_type",
        "json_not_object",
        "missing_post_type",
        "request_timeout",
    }
)
MAY_HAVE_ARRIVED = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "messaging_processing_failed"}
)
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
_UNREACHABLE = frozenset(
    {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
)


def refused(error: SlackApiError) -> Answer:
    """What an answer with an error means. An error that is not known here is tried again: it may concern more than this message."""
    code, status = slack_code(error), status_of(error)
    if status == 429 or code in RATE_LIMITED:
        return Answer(
            outcome="retry",
            error_class="ratelimited",
            error="Slack asked us to wait",
            retry_after=retry_after(error),
            counts=False,
            concerns="rate",
        )
    if not code:
        return lost("garbage", f"unreadable answer, status {status}")
    if status >= 500 or code in MAY_HAVE_ARRIVED:
        return lost(code, f"Slack answered {status} {code}")
    if code in ACCOUNT:
        return Answer(
            outcome="retry",
            error_class=code,
            error=ACCOUNT[code],
            retry_after=timedelta(),
            counts=False,
            concerns="account",
        )
    if code in SUSPENDED:
        return Answer(
            outcome="retry",
            error_class=code,
            error=SUSPENDED[code],
            retry_after=SUSPENDED_WAIT,
            counts=False,
        )
    if code in TRUNCATED:
        return Answer(outcome="retry", error_class=code, error=f"Slack got only part of the call: {code}")
    details = "; ".join((error.response.get("response_metadata") or {}).get("messages", []))
    sentence = f"{HOPELESS.get(code, f'Slack refuses it: {code}')} {details}".strip()
    if code not in HOPELESS:
        return Answer(outcome="retry", error_class=code, error=sentence)
    return Answer(
        outcome="hopeless",
        error_class=code,
        error=sentence,
        concerns="place" if code in PLACE_ERRORS else "message",
    )


def unreached(error: OSError) -> Answer:
    """What an error of the connection means. urllib wraps those of connecting and writing in URLError, not those of reading."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if (
        isinstance(cause, socket.gaierror | ssl.SSLCertVerificationError)
        or getattr(cause, "errno", None) in _UNREACHABLE
        # A failed handshake. A connection that ends later, perhaps with everything written, is a subclass.
        or (isinstance(error, URLError) and type(cause) is ssl.SSLError)
    ):
        return Answer(
            outcome="retry",
            error_class="unreachable",
            error=f"Slack could not be reached: {cause}",
            concerns="network",
        )
    return lost("no_answer", f"no answer: {type(cause).__name__}")


def lost(error_class: str, error: str) -> Answer:
    """The message may have arrived."""
    return Answer(outcome="lost", error_class=error_class, error=error, concerns="network")


def slack_code(error: SlackApiError) -> str:
    """Slack's word for an error; empty when the answer was none of Slack's, which the SDK shows as text there."""
    code = str(error.response.get("error") or "") if hasattr(error.response, "get") else ""
    return code if re.fullmatch("[a-z0-9_]+", code) else ""


def status_of(error: SlackApiError) -> int:
    return int(getattr(error.response, "status_code", 200))


def error_code(error: Exception) -> str:
    """A word for any error of a call: Slack's own, the status, or the kind of error."""
    if isinstance(error, SlackApiError):
        return slack_code(error) or f"http_{status_of(error)}"
    return type(error).__name__


def retry_after(error: SlackApiError) -> timedelta:
    """How long Slack asks to wait, between 1 second and 15 minutes; 5 seconds when that cannot be read."""
    try:
        seconds = int(header(error.response, "retry-after"))
    except ValueError:
        seconds = 5
    return timedelta(seconds=max(1, min(seconds, 900)))


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
