"""The care plan: the steps of each tier, from a YAML file."""

import difflib
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from bot.errors import N_, Phrase, SeveralProblems
from bot.settings import ROOT, choices_of, sentence_of
from bot.wording.parts import NextStep
from db.care.touches import StepKind
from grading.scheme import text as yaml_text
from grading.scheme import yaml_faults
from grading.scheme.model import BLOCKED, Name
from grading.scheme.problems import place

SHIPPED = ROOT / "templates" / "care" / "plan.yaml"
Contact = Literal["visit", "meeting", "call", "training", "survey", "complaint", "gift", "greeting", "other"]
CONTACTS: tuple[str, ...] = get_args(Contact)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _at_most(characters: int) -> BeforeValidator:
    """Checks both texts of a bilingual name."""
    text = Annotated[str, Field(min_length=1, max_length=characters)]
    texts = create_model("Texts", __base__=_Part, en=(text, ...), zh=(text, ...))
    return BeforeValidator(lambda value: vars(texts.model_validate(value)))


StepName = Annotated[Name, _at_most(60)]
Hint = Annotated[Name, _at_most(200)]


class Occasion(_Part):
    """A holiday by its country and English name, and the countries of the customers to greet."""

    name: StepName
    country: str
    holiday: str
    where: tuple[str, ...]

    @model_validator(mode="after")
    def _exists(self) -> "Occasion":
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

    def suits(self, country: str | None) -> bool:
        words = {word.casefold() for word in self.where}
        return "*" in words or (country or "").casefold() in words

    def day(self, after: date) -> date:
        """The first day of the holiday that is not before `after`."""
        for year in (after.year, after.year + 1, after.year + 2):
            days = [day for day, name in _holidays(self.country, year) if name == self.holiday]
            if days and min(days) >= after:
                return min(days)
        raise ValueError(f"{self.holiday} is not known after {after}")


class _Step(_Part):
    id: str
    name: StepName
    hint: Hint | None = None


class Revisit(_Step):
    """See the customer again some days after the last contact."""

    kind: Literal["revisit"]
    every_days: int = Field(ge=1, le=1000)
    at_most_days: int = Field(ge=1, le=2000)
    counts: tuple[Contact, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _order(self) -> "Revisit":
        if self.at_most_days < self.every_days:
            raise ValueError(Phrase(N_("at_most_days must not be smaller than every_days")))
        return self


class FollowUp(_Step):
    """Come back to a contact some days later."""

    kind: Literal["follow_up"]
    after: tuple[Contact, ...] = Field(min_length=1)
    after_days: int = Field(ge=1, le=365)


class Greeting(_Step):
    """Greet before a holiday."""

    kind: Literal["greeting"]
    occasions: tuple[Occasion, ...] = Field(min_length=1)
    days_before: int = Field(ge=0, le=60)

    def occasion(self, country: str | None) -> Occasion | None:
        return next((occasion for occasion in self.occasions if occasion.suits(country)), None)


Step = Annotated[Revisit | FollowUp | Greeting, Field(discriminator="kind")]


def _with_own_ids(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    ids = [step.id for step in steps]
    for step_id in ids:
        if ids.count(step_id) > 1:
            raise ValueError(
                Phrase(N_("step %(step)s is there twice; give each its own id"), step=repr(step_id))
            )
    return steps


def _not_blocked(tier: str) -> str:
    if tier == BLOCKED:
        raise ValueError(Phrase(N_("blocked customers are left alone; remove these steps")))
    return tier


Steps = Annotated[tuple[Step, ...], AfterValidator(_with_own_ids)]


class CarePlan(_Part):
    """Steps per tier; `default` is for tiers that are not named."""

    plan: str
    version: int
    at_most_per_day: int = Field(ge=1, le=100)
    occasions: tuple[Occasion, ...] = ()
    tiers: dict[Annotated[str, AfterValidator(_not_blocked)], Steps]

    def steps(self, tier: str) -> Sequence[Step]:
        """The steps of a tier; none for a blocked customer, whatever the plan says."""
        if tier == BLOCKED:
            return ()
        return self.tiers.get(tier, self.tiers.get("default", ()))

    def step(self, tier: str, step_id: str) -> Step | None:
        """A step by its id; None when the plan no longer has it."""
        return next((step for step in self.steps(tier) if step.id == step_id), None)

    def step_name(self, tier: str, step_id: str) -> Name:
        """A step's name; the id of a step that the plan no longer has."""
        step = self.step(tier, step_id)
        return step.name if step else Name(en=step_id, zh=step_id)

    def next_step(self, tier: str, step_id: str, due_on: date, today: date) -> NextStep:
        """A due step as a part of messages."""
        return NextStep(names=self.step_name(tier, step_id), due_on=due_on, overdue=due_on < today)


def load_plan(path: Path | None) -> CarePlan:
    """The firm's plan or the shipped one. Raises SeveralProblems naming file, line and key of each."""
    path = path or SHIPPED
    data = _read(path)
    try:
        return CarePlan.model_validate(_plain(data))
    except ValidationError as error:
        raise SeveralProblems(_sentences(path.name, data, error.errors())) from None


def _read(path: Path) -> Any:
    """The values of a YAML file with their lines."""
    try:
        return yaml_text.load(yaml_text.read(path))
    except OSError as error:
        problem = Phrase(
            N_("%(file)s cannot be read: %(reason)s; name a YAML file in TIERBOT_CARE_PLAN"),
            file=path.name,
            reason=error.strerror,
        )
    except (YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = place(path.name, mark.line + 1, "") if mark else path.name
        what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        what = what.partition(" with value")[0]  # for a key that is there twice, both blocks would follow
        problem = Phrase(
            N_("%(place)s: is not readable YAML: %(fault)s; mend it or save it as UTF-8"),
            place=where,
            fault=yaml_faults.fault(what),
        )
    except yaml_text.Refused as refused:
        problem = Phrase(
            N_("%(place)s: %(fault)s; %(remedy)s"),
            place=path.name,
            fault=refused.message,
            remedy=refused.remedy,
        )
    raise SeveralProblems([problem])


def first_morning_before(occasion: Occasion, days: int, today: date) -> tuple[date, date]:
    """(day to greet, the holiday) of the next holiday; today when the lead time has begun."""
    holiday = occasion.day(today)
    return max(today, holiday - timedelta(days=days)), holiday


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


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


_WHOLE = N_("must be a whole number, not %(input)s")
_EMPTY = N_("is empty; name at least one")
_BLOCK = N_("must be a block of keys; see the shipped plan")
_SENTENCES = {
    "extra_forbidden": N_("is not a key of a care plan; remove it or mend its spelling"),
    "missing": N_("is missing; add it"),
    "too_short": _EMPTY,
    "string_too_short": N_("is empty; write a text"),
    "string_too_long": N_("is too long; write at most %(max_length)s characters"),
    "greater_than_equal": N_("must be %(ge)s or more, not %(input)s"),
    "less_than_equal": N_("must be %(le)s or less, not %(input)s"),
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "string_type": N_("must be words, not %(input)s"),
    "literal_error": N_("%(input)s is not allowed; use %(expected)s"),
    "union_tag_invalid": N_("kind %(tag)s is not known; use %(expected_tags)s"),
    "union_tag_not_found": N_("has no kind; use revisit, follow_up or greeting"),
    "model_type": _BLOCK,
    "dict_type": _BLOCK,
    "tuple_type": N_("must be a list; start each item with a dash"),
}


def _sentences(file: str, data: Any, errors: list[Any]) -> list[Phrase]:
    """One sentence for each problem, in the order of the file; one that an alias repeats comes once."""
    found: dict[tuple[int, str], Phrase] = {}
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # its items have problems of their own
        line, key = _place(data, error["loc"])
        message = sentence_of(error)
        if error["type"] in _SENTENCES:
            values = {**error.get("ctx", {}), "input": repr(error["input"])}
            if error["type"] == "literal_error":
                values["expected"] = choices_of(values["expected"])
            message = Phrase(_SENTENCES[error["type"]], **values)
        sentence = Phrase(N_("%(place)s: %(message)s"), place=place(file, line, key), message=message)
        found.setdefault((line, message), sentence)
    return [sentence for _, sentence in sorted(found.items(), key=lambda item: item[0][0])]


def _place(data: Any, location: tuple[Any, ...]) -> tuple[int, str]:
    """Line and dotted key of a pydantic error's location."""
    line, shown = 1, []
    for key in location:
        if key in ("[key]", *StepKind):
            continue  # not keys of the file: pydantic's marker, and the kind it chose
        own = (
            next((own for own in data if str(own) == str(key)), None)
            if isinstance(data, CommentedMap)
            else None
        )
        if own is not None:
            line, data = data.lc.key(own)[0] + 1, data[own]
        elif isinstance(data, CommentedSeq) and isinstance(key, int) and key < len(data):
            line, data = data.lc.item(key)[0] + 1, data[key]
        shown.append(str(key))
    return line, ".".join(shown) or "plan"
