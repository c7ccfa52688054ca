"""The scales of satisfaction surveys, and until when a low score is followed up: data of the firm, from a YAML file."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.errors import N_, BadInput, Phrase
from bot.services.firm_files import RuleName, load_rules
from bot.settings import ROOT
from grading.scheme.model import Name

SHIPPED = ROOT / "templates" / "surveys" / "scales.yaml"
DEFAULT = "default"  # the tiers that are not named
CENT = Decimal("0.01")
_SCORE = re.compile(r"-?\d{1,4}([.,]\d{1,2})?").fullmatch

Days = Annotated[int, Field(ge=0, le=365)]
Number = Annotated[Decimal, Field(ge=-1000, le=1000)]


class _Range(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    least: Number
    most: Number

    @model_validator(mode="after")
    def _order(self) -> "_Range":
        if self.least >= self.most:
            raise ValueError(Phrase(N_("least must be smaller than most")))
        return self

    @property
    def width(self) -> Decimal:
        return self.most - self.least


class SurveyScale(_Range):
    """A scale of scores. A score of `low` or less is low."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,29}$")
    name: RuleName
    also: tuple[str, ...] = ()  # other words for it in files
    low: Number

    def refusal(self, score: Decimal) -> Phrase | None:
        """Why a score is none of this scale."""
        if self.least <= score <= self.most:
            return None
        return Phrase(
            N_("%(score)s is not between %(least)s and %(most)s"),
            score=plain(score),
            least=plain(self.least),
            most=plain(self.most),
        )


class SurveyScales(BaseModel):
    """All scales of the firm, and what counts for their low scores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    indicator: _Range  # the values of the grading's indicator
    days: Mapping[str, Days]
    not_after_days: int = Field(default=60, ge=0, le=3650)
    scales: tuple[SurveyScale, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _whole(self) -> "SurveyScales":
        if DEFAULT not in self.days:
            raise ValueError(Phrase(N_("days has nothing for default; add it, as in `default: 10`")))
        twice = [one for one, times in Counter(scale.id for scale in self.scales).items() if times > 1]
        if twice:
            raise ValueError(Phrase(N_("scale %(scale)s is there twice; rename one"), scale=repr(twice[0])))
        return self

    def find(self, scale_id: str) -> SurveyScale | None:
        return next((scale for scale in self.scales if scale.id == scale_id), None)

    def name(self, scale_id: str) -> Name:
        """The name of a scale; of one that the file has no more, its id."""
        scale = self.find(scale_id)
        return scale.name if scale is not None else Name(en=scale_id, zh=scale_id)

    def require(self, scale_id: str | None) -> SurveyScale:
        """The scale of this id. Raises BadInput with those that there are."""
        scale = self.find(scale_id or "")
        if scale is None:
            known = ", ".join(one.id for one in self.scales)
            if not scale_id:
                raise BadInput(N_("Say on which scale the score is: %(known)s."), known=known).of("scale")
            msgid = N_("%(scale)s is not a scale; use one of %(known)s.")
            raise BadInput(msgid, scale=scale_id, known=known).of("scale")
        return scale

    def value(self, scale: SurveyScale, score: Decimal) -> Decimal:
        """What a score counts as in the grading: in proportion, to two decimals."""
        share = (score - scale.least) / scale.width
        return (self.indicator.least + share * self.indicator.width).quantize(CENT)

    def deadline(self, tier: str | None, recorded_on: date) -> date:
        """Until when a low score of a customer in a tier is followed up."""
        return recorded_on + timedelta(days=self.days.get(tier or DEFAULT, self.days[DEFAULT]))

    def is_followed_up(
        self, scale: SurveyScale, score: Decimal, answered_on: date, recorded_on: date
    ) -> bool:
        """Whether a score opens a follow-up: it is low, and the survey was answered not long ago."""
        return score <= scale.low and recorded_on - answered_on <= timedelta(days=self.not_after_days)

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """SurveyScale -> the words for it in files."""
        return {scale.id: (scale.name.en, scale.name.zh, *scale.also) for scale in self.scales}


def read_score(text: str) -> Decimal | None:
    """A score as it is written, with at most two decimals after a point or comma; None for anything else."""
    text = text.strip()
    return Decimal(text.replace(",", ".")) if _SCORE(text) else None


def plain(number: Decimal) -> str:
    """A number without zeros after its last decimal."""
    return f"{number.normalize():f}"


@cache
def shipped_scales() -> SurveyScales:
    """The scales that come with the product."""
    return load_scales(SHIPPED)


def load_scales(path: Path | None) -> SurveyScales:
    """The scales of a file, or the shipped ones. Raises SeveralProblems that name the file and the key of each."""
    return shipped_scales() if path is None else load_rules(SurveyScales, path, "TIERBOT_SURVEYS")
