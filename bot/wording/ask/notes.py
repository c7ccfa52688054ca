"""What was written about customers, read again: in pages, found by words, and changed or taken back."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from zlib import crc32

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, Listed, Who
from grading.scheme.model import Name

MOST_NOTES = 5  # in a message: each may have 2,000 characters, and Slack takes 13,000


@dataclass(frozen=True, kw_only=True)
class MentionedContact:
    """The last contact with a customer, as its card mentions it."""

    kind: str  # a ContactKind
    day: date
    who: Who | None
    said: str | None


@dataclass(frozen=True, kw_only=True)
class NoteRow:
    """One note: of a contact, or of a fact with its evidence.

    Only who wrote it, the lead of their team or an admin may change it; `belongs_to` is the record that it is part of.
    """

    activity_id: int | None
    version: int  # how often it was changed
    code: str
    day: date
    kind: str | None  # a ContactKind; None for a fact
    names: Name | None = None  # of a fact
    value: str | float | None = None  # of a fact, None where it is masked
    unit: str | None = None
    who: Who | None = None
    author: str | None = None  # of a fact
    written: str | None
    source: str | None = None
    changed_on: date | None = None
    may_change: bool = False

    @property
    def target(self) -> Pointer:
        """What its buttons point at."""
        mark = crc32(self.code.encode(errors="replace")) or None
        return Pointer(id=self.activity_id or 0, version=self.version, mark=mark)


@dataclass(frozen=True, kw_only=True)
class CustomerNotes(CustomerPart, Message):
    """What was written about a customer, the newest first, in pages. `start` is the place of the first one."""

    buttons: ClassVar = (Action.NOTES_NEWER, Action.NOTES_OLDER, Action.LOG_VISIT)
    rows_of: ClassVar = "notes"
    notes: tuple[NoteRow, ...]
    start: int = 0
    total: int = 0
    newer: int = 0  # where the page with newer notes begins
    older: int = 0  # where the page with older notes begins
    may_log: bool = False

    @property
    def last(self) -> int:
        """The place of the last one, counted from 1."""
        return self.start + len(self.notes)

    def targets(self) -> dict[Action, Pointer]:
        """To other pages where there are some."""
        mark = crc32(self.code.encode(errors="replace")) or None

        def place(start: int) -> Pointer:
            return Pointer(id=self.customer_id, version=start, mark=mark)

        found = {}
        if self.start:
            found[Action.NOTES_NEWER] = place(self.newer)
        if self.last < self.total:
            found[Action.NOTES_OLDER] = place(self.older)
        if self.may_log:
            found[Action.LOG_VISIT] = place(self.version)
        return found


@dataclass(frozen=True, kw_only=True)
class FoundNote(Listed):
    """A note in which the words occur, and the text around the first of them."""

    day: date
    kind: str
    who: Who | None
    excerpt: str


@dataclass(frozen=True, kw_only=True)
class NotesFound(Message):
    """The notes in which words occur, the newest first. `more`: there are others."""

    menu_of: ClassVar = "found"
    words: str
    found: tuple[FoundNote, ...]
    more: bool = False
    since: date | None = None
    customer: str | None = None  # only of this one


@dataclass(frozen=True, kw_only=True)
class NoteSaved(Message):
    """A note was changed or taken back."""

    buttons: ClassVar = (Action.NOTES,)
    customer_id: int
    version: int
    name: str
    code: str
    kind: str
    day: date
    outcome: str = "changed"  # changed | taken_back | unchanged
