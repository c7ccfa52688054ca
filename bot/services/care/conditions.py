"""For whom the steps of an `also` block of a care plan are."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Literal

from pydantic import model_validator

from bot.errors import N_, Phrase
from bot.services.care.holiday import Part
from bot.services.traits.fields import TraitField, TraitFields
from bot.services.traits.values import check_value
from bot.working_days.countries import code_of

ANY = "any"  # whatever gate applies, whatever value a field of the profile has
PROFILE = "profile:"  # before the id of a field of the customer profile, in the name of a condition

Lifecycle = Literal["new", "active", "silent", "lost"]
Quadrant = Literal["platinum", "gold", "iron", "silent", "lead", "negative"]  # cells of the value matrix
Rfm = Literal[  # classes, and segments
    "111", "101", "011", "001", "110", "100", "010", "000",
    "champion", "loyal", "potential_loyal", "new", "promising", "need_attention", "about_to_sleep", "at_risk",
    "cant_lose", "hibernating", "lost",
]  # fmt: skip


class Traits(Part):
    """What the steps of an `also` block are for: a customer that has one of the values of each that is given."""

    scheme: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    customer_type: tuple[str, ...] = ()
    quadrant: tuple[Quadrant, ...] = ()
    rfm: tuple[Rfm, ...] = ()
    risk: tuple[str, ...] = ()  # gates of the scheme that apply, or `any`
    credit: tuple[str, ...] = ()  # credit grades
    lifecycle: tuple[Lifecycle, ...] = ()
    profile: Mapping[str, tuple[str, ...]] | None = None  # field of the customer profile -> values, or `any`

    @model_validator(mode="after")
    def _some(self) -> "Traits":
        if not self._wanted:
            raise ValueError(Phrase(N_("names no condition; give at least one, such as lifecycle: [lost]")))
        return self

    @property
    def given(self) -> dict[str, tuple[str, ...]]:
        """The conditions that are given, with their values as they are written."""
        every = {name: getattr(self, name) for name in type(self).model_fields if name != "profile"}
        every |= {PROFILE + field: values for field, values in (self.profile or {}).items()}
        return {name: values for name, values in every.items() if values}

    @cached_property
    def _wanted(self) -> Mapping[str, frozenset[str]]:
        """The conditions that are given, casefolded once: a book has a million customers."""
        given = self.given
        if self.country:
            given["country"] = (*self.country, *filter(None, map(code_of, self.country)))
        return {name: frozenset(map(str.casefold, values)) for name, values in given.items()}

    def fit(self, values: Callable[[str], frozenset[str]]) -> bool:
        """Whether a customer, by its casefolded `values` for each condition, has one of those that are given."""
        for name, wanted in self._wanted.items():
            own = values(name)
            is_any = (name == "risk" or name.startswith(PROFILE)) and ANY in wanted
            if wanted.isdisjoint(own) and not (is_any and own):
                return False
        return True


def unmet(when: Traits, fields: TraitFields) -> Iterator[Phrase]:
    """Why no customer ever meets it: a field that profiles do not have, and a value that a field cannot have."""
    for name, values in (when.profile or {}).items():
        field = fields.find(name)
        if field is None:
            yield Phrase(
                N_("the customer profile has no field %(field)s; use one of %(known)s"),
                field=repr(name),
                known=", ".join(one.id for one in fields.fields),
            )
            continue
        for value in values:
            if value != ANY and (problem := _never(field, value)) is not None:
                yield Phrase(N_("%(key)s: %(problem)s"), key=f"profile.{name}", problem=problem)


def _never(field: TraitField, value: str) -> Phrase | None:
    """Why a field never has this value as it is stored."""
    try:
        stored = check_value(field, value)
    except ValueError as error:
        phrase: Phrase = error.args[0]
        return phrase
    if stored.casefold() == value.casefold():
        return None
    return Phrase(N_("%(value)s is stored as %(stored)s; write that"), value=repr(value), stored=repr(stored))
