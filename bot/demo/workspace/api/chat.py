"""The methods chat.* and the response URLs."""

from __future__ import annotations

import json
from typing import Any

from bot.demo.workspace.api.arguments import flag, structure, word
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.ledger import Post
from bot.demo.workspace.limits.blocks import check_blocks
from bot.demo.workspace.limits.elements import with_ids
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_ID,
    Channel,
    Json,
    StoredMessage,
)

CUT_AT = 40_000
LONGEST_UPDATE = 4_000
MOST_ATTACHMENTS = 100
#: Slack does not document from which size it answers metadata_too_large; this is a cautious guess.
LARGEST_METADATA = 8_000


def message_json(message: StoredMessage, *, with_metadata: bool = True) -> Json:
    """A message in Slack's format."""
    by_bot = message.user == BOT_USER_ID
    optional = {
        "bot_id": BOT_ID if by_bot else None,
        "app_id": APP_ID if by_bot else None,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "files": list(message.files),
        "thread_ts": message.thread_ts,
        "edited": {"user": message.user, "ts": message.edited_ts} if message.edited_ts else None,
        "metadata": message.metadata if with_metadata else None,
    }
    return {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": TEAM_ID,
        **{name: value for name, value in optional.items() if value},
    }


def _read_content(platform: Platform, args: Json) -> dict[str, Any]:
    """Text, blocks and attachments of a message, refused where Slack would refuse them."""
    text = str(args.get("text") or "")[:CUT_AT]
    blocks = structure(args, "blocks", broken="invalid_blocks_format")
    attachments = structure(args, "attachments", broken="invalid_attachments")
    if blocks:
        check_blocks(blocks, without=platform.unknown_blocks(blocks))
    if attachments and (not isinstance(attachments, list) or len(attachments) > MOST_ATTACHMENTS):
        raise ApiError("too_many_attachments" if isinstance(attachments, list) else "invalid_attachments")
    for attachment in attachments or ():
        if attachment.get("blocks"):
            check_blocks(attachment["blocks"])
    if not text.strip() and not blocks and not attachments:
        raise ApiError("no_text")
    return {
        "text": text,
        "blocks": with_ids(blocks or [], platform.state.next_number),
        "attachments": tuple(attachments or ()),
    }


def _read_metadata(args: Json) -> Json | None:
    metadata = structure(args, "metadata", broken="invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise ApiError("invalid_metadata_format")
    if not metadata:
        return {}
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > LARGEST_METADATA:
        raise ApiError("metadata_too_large")
    return metadata


def _writable(platform: Platform, args: Json) -> Channel:
    channel = platform.state.channel(word(args, "channel", missing="channel_not_found"))
    if BOT_USER_ID not in channel.members:
        raise ApiError("channel_not_found" if channel.is_private else "not_in_channel")
    if (
        channel.is_archived
    ):  # not the direct messages of a deactivated person: Slack takes a post that nobody reads
        raise ApiError("is_archived")
    return channel


def _thread(platform: Platform, channel: Channel, args: Json) -> str | None:
    thread_ts = args.get("thread_ts")
    if not thread_ts:
        return None
    parent = platform.state.find_message(channel.id, str(thread_ts))
    return parent.thread_ts or parent.ts


def post_message(platform: Platform, args: Json) -> Json:
    """chat.postMessage"""
    channel = _writable(platform, args)
    message = platform.state.add_message(
        channel=channel.id,
        user=BOT_USER_ID,
        metadata=_read_metadata(args) or None,
        thread_ts=_thread(platform, channel, args),
        **_read_content(platform, args),
    )
    post = Post(
        channel=channel.id,
        ts=message.ts,
        text=message.text,
        metadata=message.metadata,
        at=platform.state.now(),
        seconds=platform.ledger.monotonic(),
    )
    platform.ledger.add(post)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(message)}


def post_ephemeral(platform: Platform, args: Json) -> Json:
    """chat.postEphemeral"""
    channel = _writable(platform, args)
    user = platform.state.user(word(args, "user", missing="user_not_in_channel"))
    if user.id not in channel.members:
        raise ApiError("user_not_in_channel")
    message = platform.state.add_message(
        channel=channel.id,
        user=BOT_USER_ID,
        only_for=user.id,
        thread_ts=_thread(platform, channel, args),
        **_read_content(platform, args),
    )
    return {"message_ts": message.ts}


def _own(platform: Platform, args: Json, *, refusal: str) -> tuple[Channel, StoredMessage]:
    channel = platform.state.channel(word(args, "channel", missing="channel_not_found"))
    message = platform.state.find_message(channel.id, word(args, "ts", missing="message_not_found"))
    if message.is_ephemeral:
        raise ApiError("message_not_found")
    if message.user != BOT_USER_ID:
        raise ApiError(refusal)
    return channel, message


def update(platform: Platform, args: Json) -> Json:
    """chat.update: text without blocks removes the blocks, metadata stays unless given."""
    channel, message = _own(platform, args, refusal="cant_update_message")
    if channel.is_archived:
        raise ApiError("is_archived")
    if len(str(args.get("text") or "")) > LONGEST_UPDATE:
        raise ApiError("msg_too_long")
    changes = _read_content(platform, args) | {"edited_ts": platform.state.next_ts()}
    metadata = _read_metadata(args)
    if metadata is not None:
        changes["metadata"] = metadata or None
    changed = platform.state.change_message(message, changes)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": message_json(changed)}


def delete(platform: Platform, args: Json) -> Json:
    """chat.delete"""
    channel, message = _own(platform, args, refusal="cant_delete_message")
    platform.state.remove_message(message)
    return {"channel": channel.id, "ts": message.ts}


def answer_response_url(platform: Platform, key: str, args: Json) -> None:
    """What a POST to a response URL does: replace or delete the original message, or add one."""
    target = platform.tickets.use_response(key)
    original = target.original
    if flag(args, "delete_original") and original:
        platform.state.remove_message(original)
        return
    if flag(args, "replace_original") and original:
        content = _read_content(platform, args)
        platform.state.change_message(original, content | {"edited_ts": platform.state.next_ts()})
        return
    thread_ts = args.get("thread_ts") or target.thread_ts
    add_response(platform, target.user, target.channel, args, thread_ts=thread_ts)


def add_response(
    platform: Platform, user: str, channel: str, args: Json, *, thread_ts: str | None = None
) -> None:
    """Add an answer to a command or click, private unless its response_type is in_channel."""
    platform.state.add_message(
        channel=channel,
        user=BOT_USER_ID,
        only_for=None if args.get("response_type") == "in_channel" else user,
        thread_ts=thread_ts,
        **_read_content(platform, args),
    )
