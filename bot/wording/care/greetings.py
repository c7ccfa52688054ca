"""The message about one occasion, with all customers whom a person greets on it; see `bot.wording.messages`."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, GreetingText, PersonPart, TierPart
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class GreetedCustomer(CustomerPart):
    """A customer to greet, by a touch that is open until somebody has; or some of its contact people.

    `is_birthday`: it is the birthday of the one person.
    """

    touch_id: int
    touch_version: int
    is_open: bool = True
    people: tuple[PersonPart, ...] = ()
    is_birthday: bool = False

    @property
    def label(self) -> str:
        """What its button says."""
        return self.people[0].name if self.is_birthday and self.people else self.name

    @property
    def target(self) -> Pointer:
        """What its button points at."""
        return Pointer(id=self.touch_id, version=self.touch_version)


@dataclass(frozen=True, kw_only=True)
class GreetedTier:
    """The customers of a tier who get the same text."""

    tier: TierPart
    customers: tuple[GreetedCustomer, ...]


@dataclass(frozen=True, kw_only=True)
class GreetingSection:
    """A text to copy, and the customers whom it is for."""

    text: GreetingText
    tiers: tuple[GreetedTier, ...]


@dataclass(frozen=True, kw_only=True)
class Greetings(Message):
    """One occasion: the customers or contact people that a person greets, with the texts.

    `day_off`: its day is no working day of the reader, so it comes before.
    `undo_id` is the touch that was answered last, while that may be taken back.
    """

    buttons: ClassVar = (Action.ALL_GREETED, Action.UNDO)
    buttons_for: ClassVar = "open_customers"
    choosing: ClassVar = Action.GREETED
    pointers: ClassVar = {
        "greetings": ("touch_id", "touch_version"),
        "touch": ("undo_id", "undo_version"),
    }
    occasion: Name
    day: date
    estimated: bool
    day_off: bool = False
    sections: tuple[GreetingSection, ...]
    undo_id: int = 0
    undo_version: int = 0

    @property
    def last_answered(self) -> GreetedCustomer | None:
        """The customer whose greeting *Undo* opens again."""
        return next((one for one in self.customers if one.touch_id == self.undo_id), None)

    @property
    def customers(self) -> tuple[GreetedCustomer, ...]:
        """All that are named, in their order; one whose people get several texts once."""
        found = (one for section in self.sections for part in section.tiers for one in part.customers)
        return tuple({one.touch_id: one for one in found}.values())

    @property
    def is_birthday(self) -> bool:
        """Whether it is a birthday of people, and no occasion."""
        return any(one.is_birthday for one in self.customers)

    @property
    def names(self) -> tuple[str, ...]:
        """Whose birthday it is."""
        return tuple(one.label for one in self.customers)

    @property
    def open_customers(self) -> tuple[GreetedCustomer, ...]:
        """Those who have not been greeted."""
        return tuple(one for one in self.customers if one.is_open)

    @property
    def is_empty(self) -> bool:
        """Whether it names nobody."""
        return not self.customers

    @property
    def touch_id(self) -> int:
        """The first open touch: by it the message is found whose open touches *All greeted* closes."""
        return self.open_customers[0].touch_id if self.open_customers else 0

    @property
    def touch_version(self) -> int:
        return self.open_customers[0].touch_version if self.open_customers else 0

    def targets(self) -> dict[Action, Pointer]:
        """*All greeted* while one is open, *Undo* while the last answer may be taken back."""
        left_out = set() if self.open_customers else {Action.ALL_GREETED}
        left_out |= set() if self.undo_id else {Action.UNDO}
        return {action: target for action, target in super().targets().items() if action not in left_out}

    def as_open(self, versions: Mapping[int, int], undo: tuple[int, int] = (0, 0)) -> "Greetings":
        """The same with only these touches open: id -> version; and the touch and version that *Undo* opens again."""

        def now(one: GreetedCustomer) -> GreetedCustomer:
            version = versions.get(one.touch_id, one.touch_version)
            return replace(one, is_open=one.touch_id in versions, touch_version=version)

        undo_id, undo_version = undo
        marked = self._mapped(lambda customers: tuple(map(now, customers)))
        return replace(marked, undo_id=undo_id, undo_version=undo_version)

    def without(self, customer_ids: Collection[int]) -> "Greetings":
        """The same without some of the customers that it names."""
        return self._mapped(
            lambda customers: tuple(one for one in customers if one.customer_id not in customer_ids)
        )

    def without_contact_person(self, contact_person_id: int) -> "Greetings":
        """The same without a contact person, and without a customer who would be greeted through nobody."""

        def rest(one: GreetedCustomer) -> GreetedCustomer:
            people = (person for person in one.people if person.contact_person_id != contact_person_id)
            return replace(one, people=tuple(people))

        return self._mapped(
            lambda customers: tuple(rest(one) for one in customers if not one.people or rest(one).people)
        )

    def _mapped(
        self, change: Callable[[tuple[GreetedCustomer, ...]], tuple[GreetedCustomer, ...]]
    ) -> "Greetings":
        """The same with other customers; tiers and texts for nobody are left out."""
        sections = []
        for section in self.sections:
            parts = (replace(part, customers=change(part.customers)) for part in section.tiers)
            if tiers := tuple(part for part in parts if part.customers):
                sections.append(replace(section, tiers=tiers))
        return replace(self, sections=tuple(sections))
