"""What only the person who asked reads: figures, masked fields, contact people; see `bot.wording.messages`."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, TierPart
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


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """A contact person in a list; what is masked of them is None, or has a mask in it."""

    id: int
    name: str
    role: str | None
    channel: str | None  # a ContactChannel
    email: str | None
    phone: str | None
    language: str | None
    zone: str | None
    country: str | None
    culture: str | None
    birthday: str | None  # as it is stored
    next_birthday: date | None
    greetings: str  # WantedGreetings
    do_not_contact: bool
    interests: str | None
    note: str | None
    may_change: bool = False

    @property
    def calendar(self) -> str:
        """Of the birthday: lunar, lunar leap, or nothing for the solar one."""
        return (self.birthday or "").rpartition(" ")[0]

    @property
    def born(self) -> str:
        """The day of the birthday, without the year where it is not known."""
        return (self.birthday or "").rpartition(" ")[2].removeprefix("--")

    @property
    def target(self) -> Pointer:
        """What its button points at."""
        return Pointer(id=self.id)


@dataclass(frozen=True, kw_only=True)
class ContactList(CustomerPart):
    """The contact people of a customer; `more` are not among the rows."""

    people: tuple[ContactRow, ...]
    more: int = 0
    may_add: bool = False
    may_unmask: bool = False


@dataclass(frozen=True, kw_only=True)
class ContactPeople(Message, ContactList):
    """The contact people of a customer, with masks."""

    buttons: ClassVar = (Action.ADD_CONTACT, Action.CONTACTS_IN_FULL)
    rows_of: ClassVar = "people"

    def targets(self) -> dict[Action, Pointer]:
        """Only what the reader may do."""
        refused = {
            Action.ADD_CONTACT: not self.may_add,
            Action.CONTACTS_IN_FULL: not (self.may_unmask and self.people),
        }
        return {action: target for action, target in super().targets().items() if not refused.get(action)}


@dataclass(frozen=True, kw_only=True)
class ContactPeopleInFull(Message, ContactList):
    """The same without masks, for who may see that; the audit has recorded it."""

    unmasked: ClassVar = True
    rows_of: ClassVar = "people"


@dataclass(frozen=True, kw_only=True)
class ContactSaved(Message):
    """A form about a contact person was saved."""

    unmasked: ClassVar = True
    name: str  # of the contact person
    customer: str | None = None  # not known where the form came a second time
    birthday_rule: str | None = None  # when their birthday is kept
    repeated: bool = False  # the same form was saved before
