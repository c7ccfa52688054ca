"""What can be pressed, and what a button points at."""

from dataclasses import dataclass
from enum import StrEnum

from bot.errors import N_


class Action(StrEnum):
    """Everything that can be pressed or sent in: its id, and for a button its label, style and what it points at."""

    label: str
    style: str | None
    points_at: str

    def __new__(
        cls, value: str, label: str = "", style: str | None = None, points_at: str = "customer"
    ) -> "Action":
        action = str.__new__(cls, value)
        action._value_, action.label, action.style, action.points_at = value, label, style, points_at
        return action

    OPEN = "tierbot_open", N_("Show the card")
    WHY = "tierbot_why", N_("Why")
    EXACT = "tierbot_exact", N_("Figure by figure")
    SHARE = "tierbot_share", N_("Share")
    POST = "tierbot_post", N_("Post"), "primary"
    CANCEL = "tierbot_cancel_share", N_("Cancel")
    TAKE_BACK = "tierbot_take_back", N_("Take back"), None, "sharer"
    UNMASK = "tierbot_unmask", N_("Show masked fields")
    LOG_VISIT = "tierbot_log_visit", N_("Log a visit")
    VISIT_FORM = "tierbot_visit_form"
    DONE = "tierbot_done", N_("Done"), "primary", "touch"
    SNOOZE = "tierbot_snooze", N_("Snooze 3 days"), None, "touch"
    GREETED = "tierbot_greeted", N_("Greeted…"), None, "touch"
    ALL_GREETED = "tierbot_all_greeted", N_("All greeted"), "primary", "greetings"


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """What a button points at: never a permission, because what it names is read and checked again."""

    id: int
    version: int = 0
    # crc32 of the customer's code: ids are used again after an import is undone or a backup restored.
    mark: int | None = None  # None in buttons of earlier versions
