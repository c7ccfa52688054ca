"""A Slack in memory that records every post and fails as the test sets it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.services.delivery.messenger import (
    Answer,
    Check,
    ListedChannels,
    Posted,
    Reading,
    Reference,
    SeenChannel,
)
from bot.wording.message_base import Message
from bot.wording.messages import Problem

Fault = Literal["", "lost", "late", "never", "limited", "refused", "unreachable"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A message as it was posted."""

    where: str
    text: str
    reference: Reference
    at: datetime
    possible_repeat: bool


@dataclass
class Ledger:
    """Posts go to `entries`. `faults` decides about each call; `readable` about histories."""

    now: Callable[[], datetime]
    entries: list[Entry] = field(default_factory=list)
    faults: Callable[[str, str], Fault] = lambda where, text: ""
    readable: bool = True
    answering: bool = True  # else histories are rate limited
    revoked: bool = False
    down: bool = False  # no call is answered
    clock_gap: timedelta = timedelta()
    late_by: timedelta = timedelta(seconds=20)
    wait: timedelta = timedelta(seconds=30)
    calls: int = 0
    histories: list[str] = field(default_factory=list)
    checks: int = 0
    joined: list[SeenChannel] = field(default_factory=list)  # the channels that the bot is in
    may_list: bool = True
    listings: int = 0
    underway: list[Entry] = field(default_factory=list)  # stored later, at their time
    updates: list[tuple[str, str, Message]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)  # to the next updates; then each works

    def send(
        self,
        where: str,
        message: Message,
        language: str | None,
        reference: Reference,
        *,
        possible_repeat: bool = False,
    ) -> Answer:
        text = message.text if isinstance(message, Problem) else repr(message)
        self.calls += 1
        if self.revoked:
            return Answer(
                outcome="retry", error_class="token_revoked", retry_after=timedelta(), counts=False,
                concerns="account",
            )  # fmt: skip
        fault: Fault = "unreachable" if self.down else self.faults(where, text)
        if fault == "limited":
            return Answer(
                outcome="retry", error_class="ratelimited", retry_after=self.wait, counts=False,
                concerns="rate",
            )  # fmt: skip
        if fault == "refused":
            return Answer(
                outcome="hopeless",
                error_class="is_archived",
                error="the channel is archived",
                concerns="place",
            )
        if fault == "unreachable":
            return Answer(
                outcome="retry",
                error_class="unreachable",
                error="Slack could not be reached",
                concerns="network",
            )
        entry = Entry(
            where=where,
            text=text,
            reference=reference,
            at=self.slack_time() + (self.late_by if fault == "late" else timedelta()),
            possible_repeat=possible_repeat,
        )
        if fault == "late":
            self.underway.append(entry)
        elif fault != "never":
            self.entries.append(entry)
        if fault in ("lost", "late", "never"):
            return Answer(outcome="lost", error_class="no_answer", error="no answer", concerns="network")
        return Answer(outcome="sent", ts=self.ts(entry), channel=where, slack_time=self.slack_time())

    def history(self, where: str, oldest: datetime) -> Reading:
        self.arrive()
        self.histories.append(where)
        if self.down:
            return Reading(outcome="later", error_class="URLError", concerns="network")
        if self.revoked:
            return Reading(outcome="later", error_class="token_revoked", concerns="account")
        if not self.readable:
            return Reading(outcome="impossible", error_class="missing_scope")
        if not self.answering:
            return Reading(
                outcome="later", error_class="ratelimited", concerns="rate", retry_after=timedelta(minutes=1)
            )
        posted = [
            Posted(id=entry.reference.id, key=entry.reference.key, ts=self.ts(entry))
            for entry in self.entries
            if entry.where == where and entry.at >= oldest
        ]
        return Reading(outcome="read", posted=tuple(posted), channel=where, slack_time=self.slack_time())

    def update(self, channel: str, ts: str, message: Message, language: str | None) -> Answer:
        self.updates.append((channel, ts, message))
        return self.answers.pop(0) if self.answers else Answer(outcome="sent", ts=ts, channel=channel)

    def joined_channels(self) -> ListedChannels:
        self.listings += 1
        if self.down:
            return ListedChannels(
                outcome="later", error_class="URLError", error="no network", concerns="network"
            )
        if not self.may_list:
            return ListedChannels(
                outcome="impossible", error_class="missing_scope", error="the app lacks a scope"
            )
        return ListedChannels(outcome="read", channels=tuple(self.joined))

    def channel(self, channel_id: str) -> ListedChannels:
        found = tuple(channel for channel in self.joined if channel.id == channel_id)
        return ListedChannels(outcome="read", channels=found)

    def check(self) -> Check:
        self.checks += 1
        if self.down:
            return Check(error_class="network", error="Slack cannot be reached")
        if self.revoked:
            return Check(error_class="token_revoked", error="revoked", slack_time=self.slack_time())
        return Check(slack_time=self.slack_time())

    def slack_time(self) -> datetime:
        return self.now() + self.clock_gap

    def arrive(self) -> None:
        """Store late posts whose time has come."""
        arrived = [entry for entry in self.underway if entry.at <= self.slack_time()]
        self.entries += arrived
        self.underway = [entry for entry in self.underway if entry not in arrived]

    def texts(self) -> list[str]:
        self.arrive()
        return [entry.text for entry in self.entries]

    @staticmethod
    def ts(entry: Entry) -> str:
        return f"{entry.at.timestamp():.6f}"
