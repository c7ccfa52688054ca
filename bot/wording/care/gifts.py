"""Gifts: one that was recorded or taken back."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action
from bot.wording.message_base import Message
from bot.wording.parts import Who


@dataclass(frozen=True, kw_only=True)
class GiftLogged(Message):
    """A gift was recorded, or corrected. `left` is what may still be given in its year."""

    buttons: ClassVar = (Action.UNDO_GIFT,)
    pointers: ClassVar = {"gift": ("gift_id", "version")}
    gift_id: int
    version: int
    customer_id: int
    name: str
    code: str
    what: str
    value: str
    given_on: date
    person: str | None = None  # the contact person
    left: str | None = None
    allowed: bool = False  # it is over a limit
    corrected: bool = False
    repeated: bool = False  # it was recorded a moment before


@dataclass(frozen=True, kw_only=True)
class GiftTakenBack(Message):
    """A gift was taken back."""

    name: str
    code: str
    what: str
    given_on: date
    by: Who | None = None
