"""The firm's own words in questions: tiers, regions, industries, countries, people, teams, schemes and profile fields."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from bot.services.ask.questions.atoms import is_chinese, phrase_keys
from bot.services.ask.questions.grammar import also_called
from bot.services.ask.questions.grammar.parts import FilterField
from bot.services.ask.questions.phrases import phrases
from bot.services.traits.fields import TraitField, TraitFields
from grading.scheme.model import BLOCKED, NEW, UNRATED, Name

_NO_TIER = {
    NEW: "new|newly won|new customers|new ones|brand new|新客户|新|新增客户|新的",
    UNRATED: "unrated|not rated|not graded|ungraded|not yet rated|not yet graded|not rated yet|not graded yet|never graded|never rated|no tier|no tier yet|without a tier|without tier|no grade|without a grade|no rating|haven't been graded|haven't been rated|未评级|没有等级|未定级|没评级|没评过级|还没评级|还没定级|没定级|尚未评级|没评级的|还没评级的|没等级|无等级|未分级|没分级",
    BLOCKED: "blocked|frozen|on hold|on stop|冻结|已冻结|被冻结|黑名单",
}
NO_TIER_NAMES = {
    NEW: Name(en="new", zh="新客户"),
    UNRATED: Name(en="unrated", zh="未评级"),
    BLOCKED: Name(en="blocked", zh="冻结"),
}


class Meaning(NamedTuple):
    """What a word of the firm can mean: values of a filter, all of which it names."""

    field: FilterField
    values: tuple[Any, ...]


class NamedOne(NamedTuple):
    """A person or a team."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The tiers of one scheme in force, the best first, and the scheme's own words."""

    scheme: str
    names: Name
    tiers: tuple[tuple[str, Name], ...]
    record_type: str = "account"


@dataclass(frozen=True, kw_only=True)
class QuestionActor:
    """On whose behalf a question is read."""

    person_id: int
    teams: tuple[int, ...]
    today: date


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """All words of one firm, as the database stores their values."""

    ladders: tuple[Ladder, ...] = ()
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    countries: tuple[tuple[str, tuple[str, ...]], ...] = ()  # as stored, and what else it is called
    people: tuple[NamedOne, ...] = ()
    teams: tuple[NamedOne, ...] = ()
    leads: tuple[tuple[int, int], ...] = ()  # (person, team that the person leads)
    fields: TraitFields

    @cached_property
    def words(self) -> Mapping[tuple[str, ...], tuple[Meaning, ...]]:
        """Keys of a word -> what it can mean."""
        found: dict[tuple[str, ...], dict[FilterField, dict[Any, None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        single: dict[tuple[str, ...], dict[Meaning, None]] = defaultdict(dict)
        for kind, value, written in self._every():
            keys = phrase_keys(written)
            if keys and kind in (FilterField.OWNER, FilterField.TEAM):  # two of one name are two meanings
                single[keys][Meaning(kind, (value,))] = None
            elif keys:
                found[keys][kind][value] = None
        for kind, value, written in self._also():
            keys = phrase_keys(written)
            is_known = keys in single or set(found.get(keys, ())) - {kind}
            if keys and not is_known and keys not in phrases() and keys not in self._own_keys:
                found[keys][kind][value] = None
        return {
            keys: (
                *(Meaning(kind, tuple(values)) for kind, values in found.get(keys, {}).items()),
                *single.get(keys, {}),
            )
            for keys in {**found, **single}
        }

    @cached_property
    def _own_keys(self) -> frozenset[tuple[str, ...]]:
        """The keys of what the firm itself calls something."""
        return frozenset(phrase_keys(written) for _, _, written in self._every())

    def _also(self) -> Iterator[tuple[FilterField, Any, str]]:
        """What values are also called: words that are nothing else."""
        for value in self.regions:
            yield from ((FilterField.REGION, value, written) for written in also_called.of_region(value))
        for value in self.industries:
            yield from ((FilterField.INDUSTRY, value, written) for written in also_called.of_industry(value))
        for value, words in self.countries:
            also = also_called.of_country((value, *words))
            yield from ((FilterField.COUNTRY, value, written) for written in also)
        for ladder in self.ladders:
            for tier, names in ladder.tiers:
                if len(tier) == 1 and tier.isascii() and tier.casefold() not in "aiu":
                    yield FilterField.TIER, tier, f"{tier}s"  # my Bs; as, is and us are other words
                for name in _short(names):
                    yield from ((FilterField.TIER, tier, written) for written in also_called.of_tier(name))

    def _every(self) -> Iterator[tuple[FilterField, Any, str]]:
        for ladder in self.ladders:
            for written in (ladder.scheme, ladder.names.en, ladder.names.zh):
                yield FilterField.SCHEME, ladder.scheme, written
            for tier, names in ladder.tiers:
                for written in (tier, *_short(names)):
                    yield FilterField.TIER, tier, written
        for tier, words in _NO_TIER.items():
            for written in words.split("|"):
                yield FilterField.TIER, str(tier), written
        for kind, values in ((FilterField.REGION, self.regions), (FilterField.INDUSTRY, self.industries)):
            for value in values:
                yield kind, value, value
        for value, also in self.countries:
            for written in (value, *also):
                yield FilterField.COUNTRY, value, written
        for person in self.people:
            for written in _parts_of_name(person.name):
                yield FilterField.OWNER, person.id, written
        for team in self.teams:
            yield FilterField.TEAM, team.id, team.name

    @cached_property
    def trie(self) -> dict[str, Any]:
        """The words as a tree of keys; under the empty key what they can mean."""
        return tree(self.words.items())

    @cached_property
    def field_trie(self) -> dict[str, Any]:
        """The names of the fields of the customer profile as a tree."""
        rows: dict[tuple[str, ...], TraitField] = {}
        for one in self.fields.fields:
            for word in (one.id, one.name.en, one.name.zh, *one.also):
                rows.setdefault(phrase_keys(word), one)
        return tree(rows.items())

    @cached_property
    def value_tries(self) -> dict[str, dict[str, Any]]:
        """FilterField of the customer profile -> the words of its choice as a tree."""
        return {
            one.id: tree(
                (phrase_keys(word), value.id) for value in one.values for word in (value.id, *value.words)
            )
            for one in self.fields.fields
        }

    def led_by(self, person: int) -> int | None:
        """The team that a person leads; None where there is none, or more than one."""
        found = [team for lead, team in self.leads if lead == person]
        return found[0] if len(found) == 1 else None

    def only_accounts_have(self, tiers: Iterable[str]) -> bool:
        """Whether no prospect can be in one of these tiers."""
        others = {tier for one in self.ladders if one.record_type != "account" for tier, _ in one.tiers}
        return not set(tiers) & {*others, *NO_TIER_NAMES}

    def beyond(self, tiers: Iterable[str], *, better: bool) -> tuple[str, ...]:
        """These tiers and all that are better, or all that are worse, in their schemes."""
        wanted, found = set(tiers), dict[str, None]()
        for ladder in self.ladders:
            ids = [tier for tier, _ in ladder.tiers]
            places = [place for place, tier in enumerate(ids) if tier in wanted]
            if places:
                found |= dict.fromkeys(ids[: max(places) + 1] if better else ids[min(places) :])
        return tuple(found)

    def below(self, tiers: Iterable[str]) -> tuple[str, ...]:
        """The tiers directly below these, in any scheme."""
        return self._beside(tiers, 1)

    def above(self, tiers: Iterable[str]) -> tuple[str, ...]:
        """The tiers directly above these, in any scheme."""
        return self._beside(tiers, -1)

    def _beside(self, tiers: Iterable[str], step: int) -> tuple[str, ...]:
        wanted, found = set(tiers), dict[str, None]()
        for ladder in self.ladders:
            ids = [tier for tier, _ in ladder.tiers]
            for place, tier in enumerate(ids):
                if tier in wanted and 0 <= place + step < len(ids):
                    found[ids[place + step]] = None
        return tuple(found)

    def named(self, kind: FilterField, value: Any, language: str) -> str:
        """A value as a question names it; of several people of one name with the number."""
        if kind in (FilterField.OWNER, FilterField.TEAM):
            name = self._names[kind].get(value)
            if name is None:
                return f"#{value}"
            meanings = self.words.get(phrase_keys(name), ())
            return name if meanings == (Meaning(kind, (value,)),) else f"{name} #{value}"
        if kind is FilterField.TIER and value in NO_TIER_NAMES:
            names = NO_TIER_NAMES[value]
            return names.zh if language == "zh" else names.en
        return str(value)

    @cached_property
    def _names(self) -> dict[FilterField, dict[int, str]]:
        return {FilterField.OWNER: dict(self.people), FilterField.TEAM: dict(self.teams)}


def tree(rows: Iterable[tuple[Sequence[str], Any]]) -> dict[str, Any]:
    """Sequences of keys as nested dictionaries; what they lead to is under the empty key."""
    root: dict[str, Any] = {}
    for keys, value in rows:
        place = root
        for key in keys:
            place = place.setdefault(key, {})
        place[""] = value
    return root


def _short(names: Name) -> Iterator[str]:
    """A tier's names in full, and without what stands in brackets."""
    for written in (names.en, names.zh):
        yield written
        for bracket in "(（":
            if written.partition(bracket)[0].strip() and bracket in written:
                yield written.partition(bracket)[0].strip()


def _parts_of_name(name: str) -> Iterator[str]:
    """A person's whole name, its parts by script, and each word of at least three letters or two characters."""
    yield name
    words = name.split()
    chinese = [word for word in words if is_chinese(word)]
    latin = [word for word in words if not is_chinese(word)]
    if latin and not latin[-1].endswith("s"):
        yield " ".join(latin) + "s"  # as in `zhou yus customers`
    for part in (chinese, latin):
        if part and len(part) < len(words):
            yield " ".join(part)
    for word in words if len(words) > 1 else ():
        if len(word) >= (2 if is_chinese(word) else 3):
            yield word
            if not is_chinese(word) and not word.endswith("s"):
                yield f"{word}s"
