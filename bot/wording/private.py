"""What only the person who asked reads: figure by figure, and masked fields; see `bot.wording.messages`."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.message_base import Message
from bot.wording.parts import TierPart
from bot.wording.why_parts import LeverPart
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class ExactFigures(Message):
    """What single figures would have to be for the tier above, all others as they are."""

    name: str
    tier: TierPart
    score: float | None
    goal: TierPart | None
    needed: float | None
    levers: tuple[LeverPart, ...]
    together: bool  # no lever is enough by itself
    enough: bool  # those that are listed are, together
    as_of: date
    no_tier: str | None = None  # unrated | new | blocked: why no figure gives a tier


@dataclass(frozen=True, kw_only=True)
class MaskedFigure:
    """An indicator whose value is masked elsewhere."""

    names: Name
    unit: str | None
    value: float | str | bool | Name | None


@dataclass(frozen=True, kw_only=True)
class MaskedFact:
    """A recorded fact that is masked elsewhere."""

    field: str
    value: str
    measured_on: date


@dataclass(frozen=True, kw_only=True)
class MaskedFields(Message):
    """What is masked of a customer everywhere else, in full."""

    unmasked: ClassVar = True
    name: str
    code: str
    figures: tuple[MaskedFigure, ...]
    facts: tuple[MaskedFact, ...]
    as_of: date | None  # of the figures
