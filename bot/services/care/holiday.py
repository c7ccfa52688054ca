"""Holidays that a firm's own care plan names by country and English name, as the holidays library has them."""

import difflib
from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from bot.errors import N_, Phrase
from bot.services.care import occasions
from grading.scheme.model import Name


class Part(BaseModel):
    """A block of keys in a care plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def at_most(characters: int) -> BeforeValidator:
    """Checks both texts of a bilingual name."""
    text = Annotated[str, Field(min_length=1, max_length=characters)]
    texts = create_model("Texts", __base__=Part, en=(text, ...), zh=(text, ...))
    return BeforeValidator(lambda value: vars(texts.model_validate(value)))


StepName = Annotated[Name, at_most(60)]


class Holiday(Part):
    """A holiday by its country and English name, and the countries of the customers to greet."""

    name: StepName
    country: str
    holiday: str
    where: tuple[str, ...]

    @property
    def id(self) -> str:
        """Tells it from the other occasions of a plan."""
        return f"{self.country}:{self.holiday}"

    @model_validator(mode="after")
    def _exists(self) -> "Holiday":
        known = holiday_names(self.country)
        if not known:
            raise ValueError(
                Phrase(
                    N_("country %(country)s is not known; use an ISO code such as CN"),
                    country=repr(self.country),
                )
            )
        if self.holiday not in known:
            raise ValueError(self._not_among(known))
        return self

    def _not_among(self, known: Collection[str]) -> Phrase:
        given, near = repr(self.holiday), difflib.get_close_matches(self.holiday, known, n=1)
        if near:
            return Phrase(
                N_("%(country)s has no holiday %(holiday)s; did you mean %(near)s?"),
                country=self.country,
                holiday=given,
                near=repr(near[0]),
            )
        return Phrase(
            N_("%(country)s has no holiday %(holiday)s; it has %(known)s …"),
            country=self.country,
            holiday=given,
            known=", ".join(sorted(known)[:6]),
        )

    @property
    def refusal(self) -> Phrase | None:
        """Why nobody is greeted on it, although an earlier version of Tierbot took it; None when customers are."""
        return occasions.refusal(self.holiday, self.name.en, self.name.zh)

    def years_without(self, years: Collection[int]) -> list[int]:
        """The years for which the holidays library has no day of this name."""
        return [
            year for year in years if all(name != self.holiday for _, name in _holidays(self.country, year))
        ]

    def suits(self, country: str | None) -> bool:
        if self.refusal is not None:
            return False
        words = {word.casefold() for word in self.where}
        return "*" in words or (country or "").casefold() in words

    def day(self, after: date) -> date:
        """The first day of the holiday that is not before `after`."""
        for year in (after.year, after.year + 1, after.year + 2):
            days = [day for day, name in _holidays(self.country, year) if name == self.holiday]
            if days and min(days) >= after:
                return min(days)
        raise ValueError(f"{self.holiday} is not known after {after}")


@cache
def holiday_names(country: str) -> frozenset[str]:
    """The holidays of a country; none of an unknown one."""
    return frozenset(name for year in range(2025, 2031) for _, name in _holidays(country, year))


@cache
def _holidays(country: str, year: int) -> tuple[tuple[date, str], ...]:
    import holidays  # a large package: only when a plan has greetings

    try:
        days = holidays.country_holidays(country, years=year, language="en_US")
    except NotImplementedError:  # raised by the library for a country it does not have
        return ()
    return tuple((day, name) for day, names in sorted(days.items()) for name in names.split("; "))
