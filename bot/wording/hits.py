"""A customer as short lists name it."""

from dataclasses import dataclass

from bot.wording.parts import Listed, NextStep, PendingPart, Since, TierPart, Who, WithScore


@dataclass(frozen=True, kw_only=True)
class Hit(Listed, WithScore):
    """A customer in a list."""

    tier: TierPart | None = None
    score: float | None = None
    capped: bool = False
    before: Since | None = None
    cause: str = "behaviour"  # of its last tier change, in a digest
    next_step: NextStep | None = None
    pending: PendingPart | None = None  # only a move down
    owner: Who | None = None  # where the list is not the asker's own
