"""What the workspace holds: people, channels, messages, views and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

TEAM_ID = "T0LOCAL"
TEAM_DOMAIN = "local-workspace"
APP_ID = "A0TIERBOT"
BOT_ID = "B0TIERBOT"
BOT_USER_ID = "U0TIERBOT"

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class User:
    """One person (or the bot). `tz=None` leaves the time zone out, as Slack does for some accounts."""

    id: str
    name: str
    real_name: str
    email: str | None = None
    tz: str | None = "UTC"
    locale: str = "en-US"
    title: str = ""
    team_id: str = TEAM_ID
    enterprise_id: str | None = None
    is_admin: bool = False
    is_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel, or a direct message between the bot and `user`.

    Without `members` everybody in the workspace is a member, the bot included. A channel of another team does not
    exist for the app, unless it is shared with this one; a shared channel is read outside.
    """

    id: str
    name: str
    members: frozenset[str] = frozenset()
    is_private: bool = False
    is_archived: bool = False
    user: str | None = None
    topic: str = ""
    team_id: str = TEAM_ID
    shared_with: frozenset[str] = frozenset()  # other teams
    previous_names: tuple[str, ...] = ()

    @property
    def is_foreign(self) -> bool:
        """True for a channel of another team that this team has no part in."""
        return TEAM_ID not in {self.team_id, *self.shared_with}

    @property
    def is_ext_shared(self) -> bool:
        """True for a channel that more than one team reads."""
        return bool(self.shared_with)

    @property
    def is_im(self) -> bool:
        """True for a direct message."""
        return self.user is not None


@dataclass(frozen=True, kw_only=True)
class StoredMessage:
    """One message as stored. `only_for` is the one person who sees an ephemeral message or a notice.

    A notice is a message of Slack itself, such as that a command was not answered.
    """

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    files: tuple[Json, ...] = ()
    metadata: Json | None = None
    thread_ts: str | None = None
    only_for: str | None = None
    is_notice: bool = False
    edited_ts: str | None = None

    @property
    def is_ephemeral(self) -> bool:
        """True when only one person sees it."""
        return self.only_for is not None


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file: its bytes are None until they are uploaded."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    shared_in: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class View:
    """A modal or a Home tab. `spec` is the view as the bot gave it, with ids filled in."""

    id: str
    user: str
    spec: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    #: What the page shows under an input after `response_action: errors`.
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """`modal` or `home`."""
        return str(self.spec["type"])

    @property
    def blocks(self) -> tuple[Json, ...]:
        """The view's blocks."""
        return tuple(self.spec["blocks"])


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """A shortcut of the app in the menu of every message."""

    name: str
    callback_id: str
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A slash command of the app, with what the composer shows while it is typed."""

    name: str
    usage_hint: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a person sees of their click, command or submission.

    `error` is empty, or Slack's code for what went wrong: operation_timeout, dispatch_failed,
    invalid_command, invalid_input, invalid_response. `errors` are sentences per block of a form.
    """

    error: str = ""
    message: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True when the bot acknowledged it."""
        return not self.error

    def json(self) -> Json:
        """For the page and for other processes."""
        return asdict(self) | {"ok": self.ok}
