"""The care plans in force: which steps a customer is owed, by its tier and by what else is known of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from bot.errors import N_, Phrase
from bot.services.care import occasions
from bot.services.care.conditions import Traits, unmet
from bot.services.care.holiday import Holiday, Part, StepName, at_most
from bot.services.traits.fields import TraitFields
from bot.working_days.countries import code_of
from db.book.people import PersonRole
from grading.scheme.model import BLOCKED, Name

Contact = Literal[
    "visit",
    "meeting",
    "call",
    "training",
    "review",
    "credit_review",
    "survey",
    "complaint",
    "gift",
    "greeting",
    "birthday",
    "other",
]
CONTACTS: tuple[str, ...] = get_args(Contact)
Channel = Literal["visit", "phone", "video", "email", "message"]


class Doer(StrEnum):
    """Who does a step besides the holders of a role: the customer's account manager, or the lead of their team."""

    OWNER = "owner"
    LEAD = "lead"


DOERS = (*Doer, *PersonRole)
DEFAULT = "default"  # the tiers that a plan does not name
SINCE = "since"  # the day on which the cooperation with a customer began
BLOCK, WORD = "a block", "a word"  # what an occasion is in the file

Hint = Annotated[Name, at_most(200)]
Id = Annotated[str, Field(min_length=1, max_length=60)]


def _known_doer(who: str) -> str:
    if who not in DOERS:
        raise ValueError(
            Phrase(N_("%(who)s does no steps; use %(known)s"), who=repr(who), known=", ".join(DOERS))
        )
    return who


class Escalation(Part):
    """How many days after the limit of a step the manager is told, and the emergency group; None = never."""

    manager_days: int | None = Field(default=0, ge=0, le=365)
    group_days: int | None = Field(default=None, ge=0, le=365)

    @model_validator(mode="after")
    def _order(self) -> "Escalation":
        manager, group = self.manager_days, self.group_days
        if manager is not None and group is not None and group < manager:
            raise ValueError(Phrase(N_("group_days must not be smaller than manager_days")))
        return self


class _Step(Part):
    """What all steps have. `what` is the contact that the person is asked for."""

    id: Id
    name: StepName
    hint: Hint | None = None
    what: Contact | None = None
    minutes: int = Field(default=30, ge=1, le=2400)
    channel: Channel | None = None
    who: Annotated[str, AfterValidator(_known_doer)] = Doer.OWNER
    soon_days: int = Field(default=3, ge=0, le=60)  # how long before it is due it is said to be coming up
    again_days: int = Field(default=3, ge=1, le=60)  # when a reminder that nobody answered comes back
    escalation: Escalation | None = None  # instead of its tier's, or its plan's


class Revisit(_Step):
    """Meet the customer again some days after the last contact of a kind in `counts`."""

    kind: Literal["revisit"]
    every_days: int = Field(ge=1, le=1000)
    at_most_days: int = Field(ge=1, le=2000)
    counts: tuple[Contact, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _order(self) -> "Revisit":
        if self.at_most_days < self.every_days:
            raise ValueError(Phrase(N_("at_most_days must not be smaller than every_days")))
        return self

    @property
    def fulfilled_by(self) -> tuple[str, ...]:
        return self.counts


class FollowUp(_Step):
    """Come back to a contact some days later; any contact after it fulfils this."""

    kind: Literal["follow_up"]
    after: tuple[Contact, ...] = Field(min_length=1)
    after_days: int = Field(ge=1, le=365)
    within_days: int = Field(default=7, ge=0, le=365)
    counts: tuple[Contact, ...] = ("call", "visit", "meeting")

    @property
    def fulfilled_by(self) -> tuple[str, ...]:
        return self.counts


def _known_occasion(occasion_id: str) -> str:
    if (refusal := occasions.id_refusal(occasion_id)) is not None:
        raise ValueError(refusal)
    return occasion_id


# An id of the product's own occasions, or a holiday as plans named it before there were such ids.
Greeted = Annotated[
    Annotated[Holiday, Tag(BLOCK)] | Annotated[str, AfterValidator(_known_occasion), Tag(WORD)],
    Discriminator(lambda given: BLOCK if isinstance(given, dict | Holiday) else WORD),
]


class Greeting(_Step):
    """Greet before each of these occasions that suit the customer's country."""

    kind: Literal["greeting"]
    occasions: tuple[Greeted, ...] = Field(min_length=1)
    days_before: int = Field(ge=0, le=60)

    @property
    def fulfilled_by(self) -> tuple[str, ...]:
        return ("greeting",)

    def occasion(self, occasion_id: str) -> Holiday | None:
        """One of its occasions by its id."""
        return next(
            (one for one in self.occasions if isinstance(one, Holiday) and one.id == occasion_id), None
        )


class Anniversary(_Step):
    """Every year on a day of the customer: `since` (when the cooperation began), or a field of the book with a date."""

    kind: Literal["anniversary"]
    of: str = SINCE
    first: Literal["same_day", "year_later"] | None = None
    days_before: int = Field(default=0, ge=0, le=120)
    within_days: int = Field(default=7, ge=0, le=120)  # how long after the day it may still be done
    counts: tuple[Contact, ...] = ("greeting", "call", "visit", "meeting")

    @property
    def comes_on_the_date(self) -> bool:
        """Whether a date that is still to come is itself the first of the days, as that of a renewal is."""
        return self.of != SINCE if self.first is None else self.first == "same_day"

    @property
    def fulfilled_by(self) -> tuple[str, ...]:
        return self.counts


class Once(_Step):
    """One time, some days after the customer is first owed this step: onboarding, a win-back, a credit review."""

    kind: Literal["once"]
    after_days: int = Field(ge=0, le=365)
    within_days: int = Field(default=14, ge=0, le=365)
    counts: tuple[Contact, ...] = Field(min_length=1)

    @property
    def fulfilled_by(self) -> tuple[str, ...]:
        return self.counts


class BirthdayStep(_Step):
    """Greet each contact person of the customer on their birthday, which is known, once a year."""

    kind: Literal["birthday"]
    days_before: int = Field(default=0, ge=0, le=60)
    soon_days: int = Field(default=7, ge=0, le=60)

    @property
    def fulfilled_by(self) -> tuple[str, ...]:
        return ("birthday",)


class LowScoreStep(_Step):
    """Come back to a customer whose survey score was low. It is owed whatever the plan says, and stands in none."""

    kind: Literal["low_score"] = "low_score"
    counts: tuple[Contact, ...] = ("call", "visit", "meeting")

    @property
    def fulfilled_by(self) -> tuple[str, ...]:
        return self.counts


LOW_SCORE = LowScoreStep.model_validate(
    {
        "id": "low_score",
        "name": {"en": "Low survey score", "zh": "低分回访"},
        "hint": {
            "en": "Ask what went wrong, agree what will be done, and by when.",
            "zh": "了解哪里不满意，商定改进措施和时间。",
        },
        "what": "call",
        "channel": "phone",
    }
)
PlanStep = Annotated[
    Revisit | FollowUp | Greeting | Anniversary | Once | BirthdayStep, Field(discriminator="kind")
]
Step = PlanStep | LowScoreStep


def _with_own_ids(steps: tuple[PlanStep, ...]) -> tuple[PlanStep, ...]:
    for step_id, times in Counter(step.id for step in steps).items():
        if step_id == LOW_SCORE.id:
            raise ValueError(
                Phrase(
                    N_("step %(step)s is the follow-up of low survey scores; give yours another id"),
                    step=repr(step_id),
                )
            )
        if times > 1:
            raise ValueError(
                Phrase(N_("step %(step)s is there twice; give each its own id"), step=repr(step_id))
            )
    return steps


def _not_blocked(tier: str) -> str:
    if tier == BLOCKED:
        raise ValueError(Phrase(N_("blocked customers are left alone; remove these steps")))
    return tier


Steps = Annotated[tuple[PlanStep, ...], AfterValidator(_with_own_ids)]


class TierCare(Part):
    """The steps of a tier, and whom their overdue ones reach."""

    steps: Steps
    escalation: Escalation | None = None


def _as_block(given: Any) -> Any:
    """A list of steps stands for a block that has only steps."""
    return {"steps": given} if isinstance(given, list) else given


class Also(Part):
    """Steps for customers with some traits: besides those of their tier, or with `only` instead of them."""

    when: Traits
    steps: Steps
    only: bool = False


@dataclass(frozen=True, kw_only=True)
class CareOf:
    """What decides which steps a customer is owed."""

    tier: str
    scheme: str | None  # the id of the scheme that graded it
    traits: Mapping[str, frozenset[str]]  # name of a condition -> the customer's values, casefolded

    def values(self, condition: str) -> frozenset[str]:
        """Its values for one condition, casefolded."""
        if condition == "tier":
            return frozenset({self.tier.casefold()})
        if condition == "scheme":
            return frozenset({(self.scheme or "").casefold()})
        own = self.traits.get(condition, frozenset())
        if condition == "country":  # named by code or in words, in the book as in the plan
            return own | {code.casefold() for value in own if (code := code_of(value))}
        return own


class CarePlan(Part):
    """The steps that the tiers of some schemes are owed; `default` is for tiers that are not named.

    With `by: credit` they are what the credit grades are owed, besides what the customer's tier is.
    """

    plan: Id
    version: int
    name: StepName | None = None
    schemes: tuple[str, ...] = ()  # ids of the schemes whose tiers these are; of every scheme when empty
    by: Literal["tier", "credit"] = "tier"
    at_most_per_day: int = Field(default=8, ge=1, le=100)
    occasions: tuple[Greeted, ...] = ()
    escalation: Escalation = Escalation()
    tiers: dict[Annotated[str, AfterValidator(_not_blocked)], Annotated[TierCare, BeforeValidator(_as_block)]]
    also: tuple[Also, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "CarePlan":
        """A step of an `also` block has an id of its own, because it is looked up without its block."""
        of_tiers = {step.id for care in self.tiers.values() for step in care.steps}
        ids = Counter(step.id for also in self.also for step in also.steps)
        for step_id in ids:
            if ids[step_id] > 1 or step_id in of_tiers:
                raise ValueError(
                    Phrase(N_("step %(step)s is there twice; give each its own id"), step=repr(step_id))
                )
        return self

    @property
    def serves(self) -> tuple[str, ...]:
        """The schemes it is for, "" being all others; by credit grade there is one plan, whatever the scheme."""
        return ("",) if self.by == "credit" else self.schemes or ("",)

    @property
    def all_steps(self) -> list[PlanStep]:
        """Its steps, of whatever tier and condition."""
        parts: tuple[TierCare | Also, ...] = (*self.tiers.values(), *self.also)
        return [step for part in parts for step in part.steps]

    @property
    def step_ids(self) -> frozenset[str]:
        """The ids of all its steps."""
        return frozenset(step.id for step in self.all_steps)

    @property
    def conditions(self) -> frozenset[str]:
        """The names of the traits that it asks for."""
        return frozenset(name for also in self.also for name in also.when.given)

    def unmet(self, fields: TraitFields) -> Iterator[Phrase]:
        """A sentence for each condition on the customer profile that no customer ever meets."""
        for also in self.also:
            for problem in unmet(also.when, fields):
                yield Phrase(
                    N_("%(plan)s: %(problem)s."), plan=f"{self.plan}@{self.version}", problem=problem
                )

    def steps(self, customer: CareOf) -> Sequence[Step]:
        """The steps a customer is owed; none when it is blocked, whatever the plan says."""
        if customer.tier == BLOCKED:
            return ()
        fitting = [also for also in self.also if also.when.fit(customer.values)]
        added = [step for also in fitting for step in also.steps]
        if any(also.only for also in fitting):
            return added
        return [*self._of_tier(customer.tier), *added]

    def _of_tier(self, tier: str) -> Sequence[Step]:
        care = self.tiers.get(tier) or self.tiers.get(DEFAULT)
        return care.steps if care else ()

    def step(self, tier: str, step_id: str) -> Step | None:
        """A step by its id; None when the plan no longer has it."""
        if step_id == LOW_SCORE.id:
            return LOW_SCORE
        added = (step for also in self.also for step in also.steps)
        return next((step for step in (*self._of_tier(tier), *added) if step.id == step_id), None)

    def escalation_of(self, tier: str, step: Step) -> Escalation:
        """The step's own, else its tier's, else the plan's."""
        return step.escalation or self.escalation_of_tier(tier)

    def escalation_of_tier(self, tier: str) -> Escalation:
        """The tier's, else the plan's."""
        care = self.tiers.get(tier) or self.tiers.get(DEFAULT)
        return (care.escalation if care else None) or self.escalation
