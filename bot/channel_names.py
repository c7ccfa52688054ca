"""Slack channels as people write them, in settings and files."""

import re

from bot.errors import N_, Phrase

_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]+").fullmatch
_CHANNEL_NAME = re.compile(r"(?![UWD][A-Z0-9]{5,}$)#?([\w-]{1,80})").fullmatch  # no id of a person


def channels_by_setting(alert_channel: str, emergency_channel: str) -> dict[str, str]:
    """The settings that name a channel for what is said about customers -> the channel."""
    return {"TIERBOT_ALERT_CHANNEL": alert_channel, "TIERBOT_EMERGENCY_CHANNEL": emergency_channel}


def channel_as_stored(text: str) -> str:
    """A channel's id, or its name in lower case after #. Raises ValueError for anything else."""
    text = text.strip()
    if _CHANNEL_ID(text):
        return text
    if name := _CHANNEL_NAME(text):
        return f"#{name[1].lower()}"
    raise ValueError(
        Phrase(
            N_(
                "%(value)s is not a channel; write its id (C…, at the bottom of the channel's details) or its name,"
                " such as #managers"
            ),
            value=repr(text),
        )
    )
