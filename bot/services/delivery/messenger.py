"""What delivery needs of Slack, in its own terms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from bot.wording.messages import Message


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a sending ended: sent; surely not sent (retry or hopeless); or the answer was lost."""

    outcome: Literal["sent", "retry", "hopeless", "lost"]
    ts: str | None = None
    channel: str | None = None
    error_class: str | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    counts: bool = True  # whether the attempt is used up: Slack's own wish to wait is not
    concerns: Literal["message", "place", "rate", "account", "network"] = "message"
    slack_time: datetime | None = None
    apart: timedelta | None = None  # how far that lies outside the time of the call


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One of our messages as Slack's history shows it."""

    id: int
    key: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A look at a place's history: read to the end; impossible, now and later; or to be tried again."""

    outcome: Literal["read", "impossible", "later"]
    posted: tuple[Posted, ...] = ()
    channel: str | None = None
    error_class: str | None = None
    retry_after: timedelta | None = None
    concerns: Literal["place", "rate", "account", "network"] = "place"
    slack_time: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a posted message carries, so that the history tells which one it is. No secrets: anybody may read it."""

    id: int
    attempt: int
    key: str  # of the row, because a restored database uses ids again

    def payload(self) -> dict[str, Any]:
        return {"id": self.id, "attempt": self.attempt, "key": self.key}


@dataclass(frozen=True, kw_only=True)
class Check:
    """Whether Slack takes our token: `error_class` is empty when it does."""

    error_class: str = ""
    error: str = ""
    slack_time: datetime | None = None


class Messenger(Protocol):
    """Posts, and says honestly what came of it. No method raises for what Slack or the network did."""

    def send(
        self,
        where: str,
        message: Message,
        language: str | None,
        reference: Reference,
        *,
        possible_repeat: bool = False,
    ) -> Answer: ...

    def history(self, where: str, oldest: datetime) -> Reading: ...

    def check(self) -> Check: ...
