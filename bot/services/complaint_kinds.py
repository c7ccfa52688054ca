"""The kinds of complaints, and until when each is to be settled: data of the firm, from a YAML file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.errors import N_, BadInput, BilingualName, Phrase, joined
from bot.services.firm_files import RuleName, load_rules
from bot.settings import ROOT
from grading.scheme.model import Name

SHIPPED = ROOT / "templates" / "complaints" / "kinds.yaml"
DEFAULT = "default"  # the tiers that are not named

Days = Annotated[int, Field(ge=0, le=365)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KindOfComplaint(_Part):
    """A kind of complaint. What it says of deadlines and of the manager counts before what is said for all kinds."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")
    name: RuleName
    also: tuple[str, ...] = ()  # other words for it in files
    days: Mapping[str, Days] = {}  # tier -> days from the report to the deadline
    tell_opened: tuple[str, ...] | None = (
        None  # tiers whose manager is told of the opening; None: as for all kinds
    )


class ComplaintKinds(_Part):
    """All kinds of the firm, and what counts for each that says nothing else."""

    days: Mapping[str, Days]
    tell_opened: tuple[str, ...] = ()
    kinds: tuple[KindOfComplaint, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _whole(self) -> "ComplaintKinds":
        if DEFAULT not in self.days:
            raise ValueError(Phrase(N_("days has nothing for default; add it, as in `default: 10`")))
        twice = [one for one, times in Counter(kind.id for kind in self.kinds).items() if times > 1]
        if twice:
            raise ValueError(Phrase(N_("kind %(kind)s is there twice; rename one"), kind=repr(twice[0])))
        return self

    def find(self, kind_id: str) -> KindOfComplaint | None:
        return next((kind for kind in self.kinds if kind.id == kind_id), None)

    def name(self, kind_id: str) -> Name:
        """The name of a kind; of one that the file has no more, its id."""
        kind = self.find(kind_id)
        return kind.name if kind is not None else Name(en=kind_id, zh=kind_id)

    def require(self, word: str) -> KindOfComplaint:
        """The kind of this id, name or other word for it. Raises BadInput with the kinds that there are."""
        wanted = word.strip().casefold()
        for kind in self.kinds:
            if wanted in {one.casefold() for one in (kind.id, *self.words[kind.id])}:
                return kind
        known = joined(list(self.names.values()), ", ")
        raise BadInput(
            N_("%(kind)s is not a kind of complaint; use one of %(known)s."), kind=word, known=known
        )

    def deadline(self, kind_id: str, tier: str | None, reported_on: date) -> date:
        """Until when a complaint of a customer in a tier is to be settled."""
        kind = self.find(kind_id)
        said: Sequence[Mapping[str, int]] = (kind.days, self.days) if kind is not None else (self.days,)
        found = (days[one] for days in said for one in (tier or DEFAULT, DEFAULT) if one in days)
        return reported_on + timedelta(days=next(found))

    def tells_opened(self, kind_id: str, tier: str | None) -> bool:
        """Whether the manager is told when a complaint of a customer in a tier is opened."""
        kind = self.find(kind_id)
        told = self.tell_opened if kind is None or kind.tell_opened is None else kind.tell_opened
        return DEFAULT in told or tier in told

    @property
    def names(self) -> dict[str, str]:
        """Kind -> its name, in a sentence."""
        return {kind.id: BilingualName(kind.name.en, kind.name.zh) for kind in self.kinds}

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """Kind -> the words for it in files."""
        return {kind.id: (kind.name.en, kind.name.zh, *kind.also) for kind in self.kinds}


@cache
def shipped_kinds() -> ComplaintKinds:
    """The kinds that come with the product."""
    return load_kinds(SHIPPED)


def load_kinds(path: Path | None) -> ComplaintKinds:
    """The kinds of a file, or the shipped ones. Raises SeveralProblems that name the file and the key of each."""
    if path is None:
        return shipped_kinds()
    return load_rules(ComplaintKinds, path, "TIERBOT_COMPLAINTS")
