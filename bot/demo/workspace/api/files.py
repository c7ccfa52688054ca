"""The methods files.* and the addresses that files are uploaded to and read from."""

from __future__ import annotations

from typing import Any

from bot.demo.workspace.api.arguments import structure, whole, word
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import BOT_USER_ID, Json, StoredFile

LARGEST_FILE = 50_000_000
MOST_FILES = 10


def file_json(platform: Platform, file: StoredFile) -> Json:
    """A file in Slack's format."""
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "size": len(file.content or b""),
        "user": BOT_USER_ID,
        "url_private_download": f"{platform.base_url}/files/{file.id}",
        "channels": [],
        "ims": sorted(file.shared_in),
    }


def upload_url(platform: Platform, args: Json) -> Json:
    """files.getUploadURLExternal"""
    length = whole(args, "length", 0, most=LARGEST_FILE)
    if not length:
        raise ApiError("invalid_arguments", messages=["[ERROR] missing required field: length"])
    file = platform.files.announce(word(args, "filename"), length)
    return {"upload_url": f"{platform.base_url}/upload/{file.id}", "file_id": file.id}


def complete(platform: Platform, args: Json) -> Json:
    """files.completeUploadExternal: shares what was uploaded in a conversation that the bot is in."""
    wanted: Any = structure(args, "files", broken="invalid_arguments")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST_FILES:
        raise ApiError(
            "invalid_arguments", messages=["[ERROR] files must be a list of 1 to 10 [json-pointer:/files]"]
        )
    channel = None
    if args.get("channel_id"):
        if str(args["channel_id"])[:1] not in ("C", "D", "G"):
            raise ApiError(
                "invalid_arguments",
                messages=["[ERROR] must match regex pattern: ^[CGDZ] [json-pointer:/channel_id]"],
            )
        channel = platform.state.channel(str(args["channel_id"]))
        if BOT_USER_ID not in channel.members:
            raise ApiError("not_in_channel")
    shared = [
        platform.files.share(str(one.get("id")), str(one.get("title") or ""), channel.id if channel else None)
        for one in wanted
    ]
    found = [file_json(platform, file) for file in shared]
    if channel is not None:
        platform.state.add_message(
            channel=channel.id,
            user=BOT_USER_ID,
            text=str(args.get("initial_comment") or ""),
            files=tuple(found),
        )
    return {"files": found}


def info(platform: Platform, args: Json) -> Json:
    """files.info"""
    return {"file": file_json(platform, platform.files.find(word(args, "file", missing="file_not_found")))}
