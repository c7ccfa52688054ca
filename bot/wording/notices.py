"""What the bot says about the installation, not about customers; see `bot.wording.messages`."""

import re
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from markupsafe import Markup

from bot.wording.actions import Action, Pointer
from bot.wording.channels import TroubledChannel
from bot.wording.message_base import Message
from bot.wording.parts import Who


@dataclass(frozen=True, kw_only=True)
class ChannelTrouble(Message, TroubledChannel):
    """Told to admins: a channel gets no messages."""


@dataclass(frozen=True, kw_only=True)
class AuditAnchor(Message):
    """Told to the audit's channel each day: the number of its rows and the hash of the last one, as one text."""

    anchor: str


@dataclass(frozen=True, kw_only=True)
class LimitReached(Message):
    """Told to admins: a person wanted to look at more different customers than one may on a day."""

    who: Who
    limit: int
    day: date


_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:/_-]+")  # nothing that ends a link of Slack, or formats


def linked(url: str) -> str:
    """An address of our own as Slack shows links: whole, where other texts are shortened and not made links."""
    return Markup(f"<{url}>") if _ADDRESS.fullmatch(url) else url


@dataclass(frozen=True, kw_only=True)
class CalendarLink(Message):
    """The link to the reader's own calendar of care steps: `made` now, `kept` from earlier, or `revoked`."""

    buttons: ClassVar = (Action.NEW_CALENDAR, Action.REVOKE_CALENDAR)
    pointers: ClassVar = {"calendar": ("person_id", "person_id")}
    person_id: int
    state: str
    address: str = ""  # of a link that was made now, from `linked`
    made_on: date | None = None

    def targets(self) -> dict[Action, Pointer]:
        """A link that was revoked is not revoked again."""
        targets = super().targets()
        if self.state == "revoked":
            del targets[Action.REVOKE_CALENDAR]
        return targets
