"""The methods conversations.*"""

from __future__ import annotations

from dataclasses import replace

from bot.demo.workspace.api.arguments import flag, page, whole, word
from bot.demo.workspace.api.chat import message_json
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import BOT_USER_ID, Channel, Json, StoredMessage

MOST_HISTORY = 999


def _channel_json(channel: Channel) -> Json:
    common = {
        "id": channel.id,
        "is_channel": not channel.is_im,
        "is_im": channel.is_im,
        "is_private": channel.is_private or channel.is_im,
        "is_archived": channel.is_archived,
        "is_mpim": False,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
    }
    if channel.is_im:
        return common | {"user": channel.user}
    return common | {
        "name": channel.name,
        "is_member": BOT_USER_ID in channel.members,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def _visible(platform: Platform, args: Json) -> Channel:
    channel = platform.state.channels.get(word(args, "channel", missing="channel_not_found"))
    if channel is None or (channel.is_private and BOT_USER_ID not in channel.members):
        raise ApiError("channel_not_found")
    return channel


def _readable(platform: Platform, args: Json) -> Channel:
    channel = _visible(platform, args)
    if BOT_USER_ID not in channel.members:
        raise ApiError("not_in_channel")
    prefix = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    platform.require_scope(f"{prefix}:history")
    return channel


def open_direct(platform: Platform, args: Json) -> Json:
    """conversations.open, for one person."""
    users = [user for user in str(args.get("users") or "").split(",") if user]
    if not users:
        raise ApiError("users_list_not_supplied")
    if len(users) > 1:
        message = "[ERROR] this workspace opens conversations with one person only"
        raise ApiError("invalid_arguments", messages=[message])
    user = platform.state.user(users[0])
    if user.deleted:
        raise ApiError("user_disabled")
    if user.is_bot:
        raise ApiError("cannot_dm_bot")
    known = "D" + user.id[1:] in platform.state.channels
    channel = platform.state.dm(user.id)
    answer: Json = {"channel": _channel_json(channel) if flag(args, "return_im") else {"id": channel.id}}
    return answer | ({"no_op": True, "already_open": True} if known else {})


def join(platform: Platform, args: Json) -> Json:
    """conversations.join"""
    channel = _visible(platform, args)
    if channel.is_im or channel.is_private:
        raise ApiError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise ApiError("is_archived")
    joined = replace(channel, members=channel.members | {BOT_USER_ID})
    platform.state.put_channel(joined)
    return {"channel": _channel_json(joined)}


def info(platform: Platform, args: Json) -> Json:
    """conversations.info"""
    return {"channel": _channel_json(_visible(platform, args))}


def list_all(platform: Platform, args: Json) -> Json:
    """conversations.list"""
    kinds = str(args.get("types") or "public_channel").split(",")

    def wanted(channel: Channel) -> bool:
        if channel.is_im:
            return "im" in kinds
        if channel.is_private:
            return "private_channel" in kinds and BOT_USER_ID in channel.members
        return "public_channel" in kinds

    unarchived_only = flag(args, "exclude_archived")
    found = [
        channel
        for channel in list(platform.state.channels.values())
        if wanted(channel) and not (unarchived_only and channel.is_archived)
    ]
    entries, cursor = page(found, args)
    return {
        "channels": [_channel_json(channel) for channel in entries],
        "response_metadata": {"next_cursor": cursor},
    }


def members(platform: Platform, args: Json) -> Json:
    """conversations.members"""
    entries, cursor = page(sorted(_visible(platform, args).members), args)
    return {"members": entries, "response_metadata": {"next_cursor": cursor}}


def _between(message: StoredMessage, args: Json) -> bool:
    ts = float(message.ts)
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    return oldest <= ts <= latest if flag(args, "inclusive") else oldest < ts < latest


def _listing(messages: list[StoredMessage], args: Json) -> Json:
    try:
        found = [message for message in messages if _between(message, args)]
    except ValueError:
        raise ApiError("invalid_ts_latest") from None
    limit = whole(args, "limit", 100, most=MOST_HISTORY)
    entries, cursor = page(found, args | {"limit": limit})
    metadata = flag(args, "include_all_metadata")
    return {
        "messages": [message_json(message, with_metadata=metadata) for message in entries],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def history(platform: Platform, args: Json) -> Json:
    """conversations.history: newest first, without thread replies and without what only one person sees."""
    channel = _readable(platform, args)
    top = [m for m in platform.state.messages(channel.id) if m.thread_ts in (None, m.ts)]
    return _listing(top[::-1], args)


def replies(platform: Platform, args: Json) -> Json:
    """conversations.replies: a thread, oldest first."""
    channel = _readable(platform, args)
    try:
        parent = platform.state.find_message(channel.id, word(args, "ts", missing="thread_not_found"))
    except ApiError:
        raise ApiError("thread_not_found") from None
    thread = [m for m in platform.state.messages(channel.id) if parent.ts in (m.ts, m.thread_ts)]
    return _listing(thread, args)
