"""What the bot says about the installation, not about customers; see `bot.wording.messages`."""

from dataclasses import dataclass
from datetime import date

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
