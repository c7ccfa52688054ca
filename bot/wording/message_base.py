"""What all messages have in common, and a rendered one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import getmembers
from typing import ClassVar
from zlib import crc32

from bot.wording.actions import Action, Pointer


class Message:
    """Base of everything the bot says.

    `buttons` are shown under it, and `in_menu` in a menu after them; each customer in the field `buttons_for` gets a button that does `choosing` (a menu
    where there are too many), those in `menu_of` a place in a menu; each item of the field `rows_of` is shown with its
    own buttons below it; `table_of` is what the template's block `table` prints a line of cells for. A pointer is made of the fields that `pointers` names. Only an `unmasked` one shows personal
    values.
    """

    template: ClassVar[str]
    properties: ClassVar[tuple[str, ...]]
    buttons: ClassVar[tuple[Action, ...]] = ()
    in_menu: ClassVar[tuple[Action, ...]] = ()
    buttons_for: ClassVar[str | None] = None
    choosing: ClassVar[Action] = Action.OPEN
    menu_of: ClassVar[str | None] = None
    rows_of: ClassVar[str | None] = None
    table_of: ClassVar[str | None] = None
    row_header: ClassVar[int] = 0  # the column that names a row of the table
    unmasked: ClassVar[bool] = False
    names_facts: ClassVar[bool] = False  # its reader may record those that are `recordable`
    pointers: ClassVar[dict[str, tuple[str, str]]] = {"customer": ("customer_id", "version")}

    def __init_subclass__(cls) -> None:
        cls.template = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        cls.properties = tuple(name for name, value in getmembers(cls) if isinstance(value, property))

    def cell_figures(self, number: int) -> tuple[float | None, ...]:
        """The numbers in the cells of a row of the table; None where a cell is text."""
        return ()

    def recordable(self, language: str) -> Sequence[tuple[str, Pointer]]:
        """The names of the facts that its reader may record, and what each points at."""
        return ()

    def shorter(self) -> "Message | None":
        """The same with fewer rows, and how many are left out; None where it has no rows that can be left out."""
        return None

    def targets(self) -> dict[Action, Pointer]:
        """The action of each button, and of each choice of the menu -> what it points at."""
        fields = {action: self.pointers[action.points_at] for action in self.buttons + self.in_menu}
        mark = crc32(getattr(self, "code", "").encode(errors="replace")) or None
        return {
            action: Pointer(id=getattr(self, id_field), version=getattr(self, version_field), mark=mark)
            for action, (id_field, version_field) in fields.items()
        }


@dataclass(frozen=True, kw_only=True)
class ReaderRights:
    """What the reader of a message may do to its customer, to stand before `Message`: other buttons are not shown."""

    may_share: bool = True
    may_log: bool = True
    may_complain: bool = True
    may_propose: bool = True
    may_propose_credit: bool = True  # where there is an assessment to propose it by
    may_hand_over: bool = True

    def targets(self) -> dict[Action, Pointer]:
        refused = {
            Action.SHARE: not self.may_share,
            Action.LOG_VISIT: not self.may_log,
            Action.COMPLAINT: not self.may_complain,
            Action.GIFT: not self.may_log,
            Action.SURVEY: not self.may_log,
            Action.PROMISE: not self.may_log,
            Action.PROPOSE_TIER: not self.may_propose,
            Action.PROPOSE_CREDIT: not self.may_propose_credit,
            Action.HAND_OVER: not self.may_hand_over,
        }
        targets: dict[Action, Pointer] = super().targets()  # type: ignore[misc]
        return {action: target for action, target in targets.items() if not refused.get(action)}


@dataclass(frozen=True, kw_only=True)
class Slots:
    """A rendered message: the escaped texts of its template's blocks."""

    fallback: str
    header: str = ""
    body: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    facts: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
