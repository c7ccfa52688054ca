"""The care plan: what each tier is owed, as a YAML file says it."""

import difflib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from bot.errors import N_, BadInput
from bot.settings import ROOT

SHIPPED = ROOT / "templates" / "care" / "plan.yaml"
CONTACTS = ("visit", "meeting", "call", "training", "survey", "complaint", "gift", "greeting", "other")
Contact = Literal["visit", "meeting", "call", "training", "survey", "complaint", "gift", "greeting", "other"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepName(_Part):
    """A name in both languages."""

    en: str = Field(min_length=1, max_length=60)
    zh: str = Field(min_length=1, max_length=60)


class Hint(_Part):
    """A sentence of advice in both languages."""

    en: str = Field(min_length=1, max_length=200)
    zh: str = Field(min_length=1, max_length=200)


class Occasion(_Part):
    """A holiday by its country and English name, and whom it is for."""

    name: StepName
    country: str
    holiday: str
    where: tuple[str, ...]

    @model_validator(mode="after")
    def _exists(self) -> "Occasion":
        known = holiday_names(self.country)
        if not known:
            raise ValueError(f"country {self.country!r} is not known; use an ISO code such as CN")
        if self.holiday not in known:
            near = difflib.get_close_matches(self.holiday, known, n=1)
            raise ValueError(
                f"{self.country} has no holiday {self.holiday!r}"
                + (f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(known)[:6])} …")
            )
        return self

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


class Revisit(_Part):
    """See the customer again, counted from the last contact."""

    id: str
    kind: Literal["revisit"]
    name: StepName
    hint: Hint | None = None
    every_days: int = Field(ge=1, le=1000)
    at_most_days: int = Field(ge=1, le=2000)
    counts: tuple[Contact, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _order(self) -> "Revisit":
        if self.at_most_days < self.every_days:
            raise ValueError("at_most_days must not be smaller than every_days")
        return self


class FollowUp(_Part):
    """Come back to a contact some days later."""

    id: str
    kind: Literal["follow_up"]
    name: StepName
    hint: Hint | None = None
    after: tuple[Contact, ...] = Field(min_length=1)
    after_days: int = Field(ge=1, le=365)


class Greeting(_Part):
    """Greet before a holiday."""

    id: str
    kind: Literal["greeting"]
    name: StepName
    hint: Hint | None = None
    occasions: tuple[Occasion, ...] = Field(min_length=1)
    days_before: int = Field(ge=0, le=60)

    def occasion(self, country: str | None) -> Occasion | None:
        return next((occasion for occasion in self.occasions if occasion.suits(country)), None)


Step = Annotated[Revisit | FollowUp | Greeting, Field(discriminator="kind")]


def _once(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    ids = [step.id for step in steps]
    for step_id in ids:
        if ids.count(step_id) > 1:
            raise ValueError(f"step {step_id!r} is there twice; give each its own id")
    return steps


def _owed(tier: str) -> str:
    if tier == "blocked":
        raise ValueError("blocked customers are left alone; remove these steps")
    return tier


Steps = Annotated[tuple[Step, ...], AfterValidator(_once)]


class CarePlan(_Part):
    """Steps per tier; `default` serves tiers that are not named."""

    plan: str
    version: int
    at_most_per_day: int = Field(ge=1, le=100)
    occasions: tuple[Occasion, ...] = ()
    tiers: dict[Annotated[str, AfterValidator(_owed)], Steps]

    def steps(self, tier: str) -> Sequence[Step]:
        """What a tier is owed: nothing, ever, to a customer who is blocked."""
        if tier == "blocked":
            return ()
        return self.tiers.get(tier, self.tiers.get("default", ()))

    def step(self, tier: str, step_id: str) -> Step | None:
        return next((step for step in self.steps(tier) if step.id == step_id), None)


def load_plan(path: Path | None) -> CarePlan:
    """The firm's plan or the shipped one. Raises BadInput naming file, line and key of every problem."""
    path = path or SHIPPED
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(
            N_("%(problems)s"),
            problems=f"{path.name} cannot be read: {error.strerror}; name a YAML file in TIERBOT_CARE_PLAN",
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        what = what.partition(" with value")[0]  # a key that is there twice would be followed by both blocks
        raise BadInput(
            N_("%(problems)s"),
            problems=f"{path.name}{where}: is not readable YAML: {what}; mend it or save it as UTF-8",
        ) from None
    try:
        return CarePlan.model_validate(_plain(data))
    except ValidationError as error:
        problems = _sentences(path.name, data, error.errors())
        raise BadInput(N_("%(problems)s"), problems="\n".join(problems)) from None


def first_morning_before(occasion: Occasion, days: int, today: date) -> tuple[date, date]:
    """(day to greet, the holiday): the next greeting day that is not past."""
    holiday = occasion.day(today)
    if holiday - timedelta(days=days) < today:
        # Too late for the lead time but not for the day itself: greet today.
        return today, holiday
    return holiday - timedelta(days=days), holiday


@cache
def holiday_names(country: str) -> frozenset[str]:
    return frozenset(name for year in range(2025, 2031) for _, name in _holidays(country, year))


@cache
def _holidays(country: str, year: int) -> tuple[tuple[date, str], ...]:
    import holidays  # a large package: only when a plan has greetings

    try:
        days = holidays.country_holidays(country, years=year, language="en_US")
    except NotImplementedError:  # the library's word for a country it does not have
        return ()
    return tuple((day, name) for day, names in sorted(days.items()) for name in names.split("; "))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


_SENTENCES = {
    "extra_forbidden": "is not a key of a care plan; remove it or mend its spelling",
    "missing": "is missing; add it",
    "too_short": "is empty; name at least one",
    "greater_than_equal": "must be {ge} or more, not {input}",
    "less_than_equal": "must be {le} or less, not {input}",
    "int_parsing": "must be a whole number, not {input}",
    "int_type": "must be a whole number, not {input}",
    "string_type": "must be words, not {input}",
    "literal_error": "{input} is not allowed; use {expected}",
    "union_tag_invalid": "kind {tag} is not known; use {expected_tags}",
    "union_tag_not_found": "has no kind; use revisit, follow_up or greeting",
    "model_type": "must be a block of keys; see the shipped plan",
    "dict_type": "must be a block of keys; see the shipped plan",
    "tuple_type": "must be a list; start each item with a dash",
}


def _sentences(file: str, data: Any, errors: list[Any]) -> list[str]:
    """One sentence each, in the order of the file; what an alias repeats is said once."""
    found: dict[tuple[int, str], str] = {}
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # what its items lack is said of them
        line, place = _place(data, error["loc"])
        message = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] in _SENTENCES:
            values = {**error.get("ctx", {}), "input": repr(error["input"])}
            message = _SENTENCES[error["type"]].format(**values)
        found.setdefault((line, message), f"{file} line {line}, {place}: {message}")
    return [sentence for _, sentence in sorted(found.items(), key=lambda item: item[0][0])]


def _place(data: Any, location: tuple[Any, ...]) -> tuple[int, str]:
    """Line and dotted key of what pydantic complains of."""
    line, shown = 1, []
    for key in location:
        if key in ("[key]", "revisit", "follow_up", "greeting"):
            continue  # pydantic's own words, and the kind it chose
        if isinstance(data, CommentedMap):
            key = next((own for own in data if str(own) == str(key)), key)
        if isinstance(data, CommentedMap) and key in data:
            line, data = data.lc.key(key)[0] + 1, data[key]
        elif isinstance(data, CommentedSeq) and isinstance(key, int) and key < len(data):
            line, data = data.lc.item(key)[0] + 1, data[key]
        shown.append(str(key))
    return line, ".".join(shown) or "plan"
