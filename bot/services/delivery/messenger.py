"""What delivery needs of Slack, in its own terms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bot.wording.message_base import Message


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an attempt ended: sent; certainly not sent (retry or hopeless); or the answer was lost."""

    outcome: Literal["sent", "retry", "hopeless", "lost"]
    ts: str | None = None
    channel: str | None = None
    error_class: str | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    counts: bool = True  # whether the attempt is used up; not when Slack asked us to wait
    concerns: Literal["message", "place", "rate", "account", "network"] = "message"
    slack_time: datetime | None = None
    clock_gap: timedelta | None = None  # how far that lies outside the time of the call


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One of our messages as Slack's history shows it."""

    id: int
    key: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The history of a channel or user: read to the end; impossible to read; or to be read later."""

    outcome: Literal["read", "impossible", "later"]
    posted: tuple[Posted, ...] = ()
    channel: str | None = None
    error_class: str | None = None
    retry_after: timedelta | None = None
    concerns: Literal["place", "rate", "account", "network"] = "place"
    slack_time: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class SeenChannel:
    """A channel as Slack shows it to the bot."""

    id: str
    name: str  # as it is now, without #
    former_names: tuple[str, ...] = ()
    is_member: bool = True  # whether the bot is
    is_archived: bool = False
    is_external: bool = False  # people of another company read it


@dataclass(frozen=True, kw_only=True)
class ListedChannels:
    """Channels, all that were asked for that the bot may see; impossible to list; or to be listed later."""

    outcome: Literal["read", "impossible", "later"]
    channels: tuple[SeenChannel, ...] = ()
    error_class: str | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    concerns: Literal["place", "rate", "account", "network"] = "place"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Metadata of a posted message that identifies it in the history. No secrets: every member can read it."""

    id: int
    attempt: int
    key: str  # because a restored database uses ids again


@dataclass(frozen=True, kw_only=True)
class Check:
    """Whether Slack takes our token: `error_class` is empty when it does."""

    error_class: str = ""
    error: str = ""
    slack_time: datetime | None = None


class Messenger(Protocol):
    """Posts to Slack and reports how it ended. No method raises for errors of Slack or the network."""

    def send(
        self,
        where: str,
        message: Message,
        language: str | None,
        reference: Reference,
        *,
        possible_repeat: bool = False,
    ) -> Answer: ...

    def update(self, channel: str, ts: str, message: Message, language: str | None) -> Answer:
        """Show a message in the place of one that was posted."""
        ...

    def history(self, where: str, oldest: datetime) -> Reading: ...

    def joined_channels(self) -> ListedChannels:
        """Every channel that the bot is a member of, archived ones too."""
        ...

    def channel(self, channel_id: str) -> ListedChannels:
        """One channel; none where there is no such channel, or the bot may not know of it."""
        ...

    def check(self) -> Check: ...
