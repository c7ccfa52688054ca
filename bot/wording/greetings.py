"""The message about one occasion, with all customers whom a person greets on it; see `bot.wording.messages`."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, GreetingText, TierPart
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class GreetedCustomer(CustomerPart):
    """A customer to greet, by a touch that is open until somebody has."""

    touch_id: int
    touch_version: int
    is_open: bool = True

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
    """One occasion: the customers that a person greets, with the texts; `more` of them have no room."""

    buttons: ClassVar = (Action.ALL_GREETED,)
    buttons_for: ClassVar = "open_customers"
    choosing: ClassVar = Action.GREETED
    pointers: ClassVar = {"greetings": ("touch_id", "touch_version")}
    occasion: Name
    day: date
    estimated: bool
    sections: tuple[GreetingSection, ...]
    more: int = 0

    @property
    def customers(self) -> tuple[GreetedCustomer, ...]:
        """All that are named, in their order."""
        return tuple(one for section in self.sections for part in section.tiers for one in part.customers)

    @property
    def open_customers(self) -> tuple[GreetedCustomer, ...]:
        """Those who have not been greeted."""
        return tuple(one for one in self.customers if one.is_open)

    @property
    def is_empty(self) -> bool:
        """Whether it names nobody."""
        return not self.customers

    @property
    def total(self) -> int:
        return len(self.customers) + self.more

    @property
    def touch_id(self) -> int:
        """The first open touch: by it the message is found whose open touches *All greeted* closes."""
        return self.open_customers[0].touch_id if self.open_customers else 0

    @property
    def touch_version(self) -> int:
        return self.open_customers[0].touch_version if self.open_customers else 0

    def targets(self) -> dict[Action, Pointer]:
        """Nothing is left to press once all are greeted."""
        return super().targets() if self.open_customers else {}

    def without(self, customer_ids: Collection[int]) -> "Greetings":
        """The same without some of the customers that it names."""
        kept = (
            (section, tier, tuple(one for one in tier.customers if one.customer_id not in customer_ids))
            for section in self.sections
            for tier in section.tiers
        )
        sections: dict[GreetingText, list[GreetedTier]] = {}
        for section, tier, some in kept:
            if some:
                sections.setdefault(section.text, []).append(replace(tier, customers=some))
        return replace(
            self,
            sections=tuple(
                GreetingSection(text=text, tiers=tuple(tiers)) for text, tiers in sections.items()
            ),
        )

    def answered(self, touch_ids: Collection[int]) -> "Greetings":
        """The same after these touches have been answered."""

        def tier(part: GreetedTier) -> GreetedTier:
            marked = (
                replace(one, is_open=one.is_open and one.touch_id not in touch_ids) for one in part.customers
            )
            return replace(part, customers=tuple(marked))

        sections = (replace(section, tiers=tuple(map(tier, section.tiers))) for section in self.sections)
        return replace(self, sections=tuple(sections))
