"""The people, channels and messages of the workspace, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.records import BOT_USER_ID, Channel, StoredMessage, User

Found = TypeVar("Found")


class State:
    """People, channels and messages. Every change goes through a method and raises `version`.

    All methods may be called from any thread.
    """

    def __init__(
        self,
        *,
        users: Iterable[User],
        channels: Iterable[Channel],
        bot_name: str,
        now: Callable[[], datetime],
    ) -> None:
        self.now = now
        self.changed = threading.Condition(threading.RLock())
        self.version = 0
        bot = User(id=BOT_USER_ID, name=bot_name.lower(), real_name=bot_name, is_bot=True, tz=None)
        self.users: dict[str, User] = {user.id: user for user in (bot, *users)}
        everybody = frozenset(self.users)
        self.channels: dict[str, Channel] = {
            channel.id: channel if channel.members else replace(channel, members=everybody)
            for channel in channels
        }
        self._messages: dict[str, list[StoredMessage]] = {}
        self._read: dict[tuple[str, str], str] = {}
        self._last_micros = 0
        self._watchers: list[Callable[[], object]] = []
        self._counter = 0

    # The page's event stream is notified by a watcher, so that it needs no thread.
    def watch(self, watcher: Callable[[], object]) -> Callable[[], None]:
        """Call `watcher` after every change; the returned function ends that."""
        with self.changed:
            self._watchers.append(watcher)

        def end() -> None:
            with self.changed:
                self._watchers.remove(watcher)

        return end

    def bump(self) -> None:
        """Raise the version, and notify all who wait or watch."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()
            for watcher in self._watchers:
                watcher()

    def wait_for(self, predicate: Callable[[], Found], timeout: float) -> Found:
        """Wait until `predicate` returns something true, and return that; TimeoutError after the timeout."""
        with self.changed:
            found = self.changed.wait_for(predicate, timeout)
            if not found:
                raise TimeoutError(f"The workspace did not reach the awaited state within {timeout} s.")
            return found

    def next_ts(self) -> str:
        """A message timestamp by the workspace's clock, unique and rising even where the clock is not."""
        with self.changed:
            micros = int(self.now().timestamp() * 1_000_000)
            self._last_micros = max(self._last_micros + 1, micros)
            return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def next_number(self) -> int:
        """A unique number, for ids."""
        with self.changed:
            self._counter += 1
            return self._counter

    def user(self, user_id: str) -> User:
        """The person, or `user_not_found`."""
        if user_id not in self.users:
            raise ApiError("user_not_found")
        return self.users[user_id]

    def put_user(self, user: User) -> None:
        """Add a person, or replace their record (another time zone, deactivated)."""
        with self.changed:
            self.users[user.id] = user
            self.bump()

    def put_channel(self, channel: Channel) -> None:
        """Add a channel, or replace it (archived, renamed, other members); `name_taken` for another channel's name."""
        with self.changed:
            before = self.channels.get(channel.id)
            if any(self._same_name(channel, other) for other in self.channels.values()):
                raise ApiError("name_taken")
            if before is not None and before.name != channel.name:
                channel = replace(channel, previous_names=(before.name, *channel.previous_names))
            self.channels[channel.id] = (
                channel if channel.members else replace(channel, members=frozenset(self.users))
            )
            self.bump()

    @staticmethod
    def _same_name(channel: Channel, other: Channel) -> bool:
        """True for two channels that one team could not tell apart by their names."""
        named = not channel.is_im and not other.is_im and channel.team_id == other.team_id
        return named and channel.id != other.id and channel.name == other.name

    def dm(self, user_id: str) -> Channel:
        """The direct message between the bot and a person, opened where it was not."""
        with self.changed:
            user = self.user(user_id)
            channel_id = "D" + user.id[1:]
            if channel_id not in self.channels:
                members = frozenset({user.id, BOT_USER_ID})
                self.put_channel(Channel(id=channel_id, name=user.name, members=members, user=user.id))
            return self.channels[channel_id]

    def channel(self, name: str) -> Channel:
        """A channel by id, by #name, or by a person's id (their direct message); else `channel_not_found`."""
        with self.changed:
            if name in self.channels and not self.channels[name].is_foreign:
                return self.channels[name]
            if name in self.users and name != BOT_USER_ID:
                return self.dm(name)
            for channel in self.channels.values():
                found = channel.name == name.removeprefix("#") and not channel.is_foreign
                if found and not channel.is_im and not channel.is_private:
                    return channel
        raise ApiError("channel_not_found")

    def add_message(self, *, channel: str, user: str, **fields: Any) -> StoredMessage:
        """Store a message under a new timestamp."""
        with self.changed:
            message = StoredMessage(channel=channel, user=user, ts=self.next_ts(), **fields)
            self._messages.setdefault(channel, []).append(message)
            self.bump()
            return message

    def find_message(self, channel: str, ts: str) -> StoredMessage:
        """The message, or `message_not_found`."""
        with self.changed:
            for message in reversed(self._messages.get(channel, [])):
                if message.ts == ts:
                    return message
        raise ApiError("message_not_found")

    def change_message(self, message: StoredMessage, changes: Mapping[str, Any]) -> StoredMessage:
        """Replace fields of a message."""
        with self.changed:
            stored = self._messages.get(message.channel, [])
            index = stored.index(self.find_message(message.channel, message.ts))
            stored[index] = replace(stored[index], **changes)
            self.bump()
            return stored[index]

    def remove_message(self, message: StoredMessage) -> None:
        """Delete a message."""
        with self.changed:
            self._messages[message.channel].remove(self.find_message(message.channel, message.ts))
            self.bump()

    def messages(self, channel: str, viewer: str | None = None) -> tuple[StoredMessage, ...]:
        """A channel's messages, oldest first: what everybody sees and, with `viewer`, what only they see."""
        with self.changed:
            stored = tuple(self._messages.get(channel, ()))
        return tuple(message for message in stored if message.only_for in (None, viewer))

    def mark_read(self, user: str, channel: str) -> None:
        """Store that a person has read the channel up to here."""
        with self.changed:
            seen = self.messages(channel, user)
            newest = seen[-1].ts if seen else ""
            if self._read.get((user, channel), "") != newest:
                self._read[user, channel] = newest
                self.bump()

    def unread(self, user: str, channel: str) -> int:
        """How many messages of others came after the person last read the channel."""
        with self.changed:
            since = self._read.get((user, channel), "")
            return sum(1 for m in self.messages(channel, user) if m.ts > since and m.user != user)
