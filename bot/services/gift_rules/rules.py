"""What gifts may be worth, to whom none may be given, and what is suggested: data of the firm, from a YAML file."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.errors import N_, BadInput, Phrase
from bot.services import firm_files
from bot.services.firm_files import RuleName
from bot.settings import ROOT
from bot.working_days.countries import code_of
from db.types import money_units
from grading.scheme.model import Name

SHIPPED = ROOT / "templates" / "gifts" / "rules.yaml"
DEFAULT = "default"  # the tiers that are not named

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
# A number as YAML has it is a float: its text is what was written.
Amount = Annotated[
    Decimal,
    BeforeValidator(lambda value: str(value) if isinstance(value, float) else value),
    Field(ge=0, le=1_000_000_000, max_digits=14, decimal_places=4),
]


class _RulePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GiftLimits(_RulePart):
    """What gifts may be worth; None: no limit of this sort is set here."""

    gift: Amount | None = None
    customer_year: Amount | None = None
    person_year: Amount | None = None


class Budgets(_RulePart):
    """What the gifts to the customers of one account manager, or of one team, may be worth in a year."""

    owner_year: Amount | None = None
    team_year: Amount | None = None


class Concerned(_RulePart):
    """Which customers a rule of compliance is about: those that have one value of each that is given."""

    industry: tuple[str, ...] = ()
    customer_type: tuple[str, ...] = ()
    country: tuple[str, ...] = ()

    @cached_property
    def given(self) -> dict[str, frozenset[str]]:
        """What is given, as `_folded` compares it."""
        wanted = {name: getattr(self, name) for name in ("industry", "customer_type", "country")}
        return {
            name: frozenset(_folded(name, value) for value in values)
            for name, values in wanted.items()
            if values
        }


class ComplianceRule(GiftLimits):
    """GiftLimits that hold for some customers in every tier; a limit of 0 forbids."""

    id: Id
    name: RuleName
    when: Concerned

    @model_validator(mode="after")
    def _whole(self) -> "ComplianceRule":
        if not self.when.given:
            raise ValueError(Phrase(N_("when is empty; name an industry, customer_type or country")))
        if self.gift is self.customer_year is self.person_year is None:
            raise ValueError(Phrase(N_("has no limit; add one, as in `gift: 0`")))
        return self


class GiftOccasion(_RulePart):
    """What a gift is given for."""

    id: Id
    name: RuleName
    also: tuple[str, ...] = ()  # other words for it in files


class Suggestion(_RulePart):
    """A gift that is suggested where it fits."""

    id: Id
    name: RuleName
    value: Amount
    also: tuple[str, ...] = ()  # other words by which a gift that was given is known as this one
    interests: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


class GiftedCustomer(_RulePart):
    """A customer, as far as the rules depend on it."""

    tier: str | None = None
    industry: str | None = None
    customer_type: str | None = None
    country: str | None = None


class Cap(_RulePart):
    """A limit in ten-thousandths of the currency of the rules; `rule` says which rule of compliance sets it."""

    units: int
    rule: Name | None = None


class GiftRules(_RulePart):
    """All rules of the firm about gifts."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    limits: Mapping[str, GiftLimits]
    budgets: Budgets = Budgets()
    compliance: tuple[ComplianceRule, ...] = ()
    occasions: tuple[GiftOccasion, ...] = Field(min_length=1, max_length=100)
    suggestions: tuple[Suggestion, ...] = Field(default=(), max_length=300)

    @model_validator(mode="after")
    def _whole(self) -> "GiftRules":
        if DEFAULT not in self.limits:
            raise ValueError(
                Phrase(N_("limits has nothing for default; add it, as in `default: {gift: 200}`"))
            )
        for part in (self.compliance, self.occasions, self.suggestions):
            ids: Iterable[str] = (one.id for one in part)
            if twice := [one for one, times in Counter(ids).items() if times > 1]:
                raise ValueError(Phrase(N_("%(id)s is there twice; rename one"), id=repr(twice[0])))
        known = {one.id for one in self.occasions}
        unknown = next((one for each in self.suggestions for one in each.occasions if one not in known), None)
        if unknown is not None:
            raise ValueError(
                Phrase(
                    N_("a suggestion names %(occasion)s, which is none of occasions; add it there"),
                    occasion=repr(unknown),
                )
            )
        return self

    def cap(self, sort: str, customer: GiftedCustomer) -> Cap | None:
        """The lowest limit of a sort (`gift`, `customer_year`, `person_year`) for a customer; None without one."""
        usual, own = self.limits[DEFAULT], self.limits.get(customer.tier or DEFAULT, GiftLimits())
        of_tier = getattr(own, sort) if getattr(own, sort) is not None else getattr(usual, sort)
        caps = [] if of_tier is None else [Cap(units=money_units(of_tier))]
        for rule in self.compliance:
            if (amount := getattr(rule, sort)) is not None and _concerns(rule.when, customer):
                caps.append(Cap(units=money_units(amount), rule=rule.name))
        return min(caps, key=lambda cap: cap.units, default=None)

    def unclear(self, customer: GiftedCustomer) -> tuple[Name, ...]:
        """The rules of compliance of which it is not known whether they concern a customer."""
        return tuple(one.name for one in self.compliance if _concerns(one.when, customer) is None)

    def occasion(self, occasion_id: str | None) -> Name | None:
        """The name of an occasion; of one that the file has no more, its id."""
        if occasion_id is None:
            return None
        known = (one.name for one in self.occasions if one.id == occasion_id)
        return next(known, Name(en=occasion_id, zh=occasion_id))

    def require_occasion(self, occasion_id: str) -> str:
        """An id of an occasion. Raises BadInput with those that there are."""
        known = [one.id for one in self.occasions]
        if occasion_id not in known:
            raise BadInput(
                N_("%(occasion)s is not an occasion; use one of %(known)s."),
                occasion=occasion_id,
                known=", ".join(known),
            ).of("occasion")
        return occasion_id

    @property
    def occasion_words(self) -> dict[str, tuple[str, ...]]:
        """Occasion -> the words for it in files."""
        return {one.id: (one.name.en, one.name.zh, *one.also) for one in self.occasions}


def _concerns(when: Concerned, customer: GiftedCustomer) -> bool | None:
    """Whether a rule is about a customer; None where that depends on something that is not known of it."""
    is_known = True
    for name, wanted in when.given.items():
        value: str | None = getattr(customer, name)
        if value is None or not value.strip():
            is_known = False
        elif _folded(name, value) not in wanted:
            return False
    return True if is_known else None


def _folded(name: str, value: str) -> str:
    text = value.strip().casefold()
    return (code_of(value) or text).casefold() if name == "country" else text


@cache
def shipped_rules() -> GiftRules:
    """The rules that come with the product."""
    return load_rules(SHIPPED)


def load_rules(path: Path | None) -> GiftRules:
    """The rules of a file, or the shipped ones. Raises SeveralProblems that name the file and the key of each."""
    return shipped_rules() if path is None else firm_files.load_rules(GiftRules, path, "TIERBOT_GIFTS")


def facts_of(customer: Any, tier: str | None) -> GiftedCustomer:
    """A customer of the book with its tier."""
    return GiftedCustomer(
        tier=tier,
        industry=customer.industry,
        customer_type=customer.customer_type,
        country=customer.country,
    )
