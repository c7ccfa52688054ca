"""The firm in whose words the questions of the corpus are asked."""

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bot.services.ask.questions.customer.mentions import Mention, NameFound, NameSource, mentions
from bot.services.ask.questions.query import (
    AboutCustomer,
    AboutTeam,
    Aspect,
    Compared,
    Direction,
    Excluded,
    Filters,
    FoundNotes,
    Listing,
    MovedSince,
    Personal,
    Query,
    Risk,
    Silence,
    SilentFor,
    Sort,
)
from bot.services.ask.questions.vocabulary import Ladder, NamedOne, QuestionActor, Vocabulary
from bot.services.name_keys import fold, tokens_of_key
from bot.services.traits.fields import shipped_fields
from grading.scheme.model import Name

CORPUS = Path(__file__).with_name("corpus.toml")
TODAY = date(2026, 3, 10)
VOCABULARY = Vocabulary(
    ladders=(
        Ladder(
            scheme="b2b_accounts",
            names=Name(en="Existing B2B accounts", zh="企业客户分级（已有客户）"),
            tiers=(
                ("A", Name(en="Strategic (A)", zh="战略客户（A类）")),
                ("B", Name(en="Important (B)", zh="重要客户（B类）")),
                ("C", Name(en="Ordinary (C)", zh="普通客户（C类）")),
            ),
        ),
        Ladder(
            scheme="prospects",
            names=Name(en="Prospects", zh="潜在客户分级"),
            tiers=(
                ("P1", Name(en="Develop first", zh="重点开发")),
                ("P2", Name(en="Nurture", zh="培育")),
                ("P3", Name(en="Watch", zh="观察")),
            ),
            record_type="prospect",
        ),
    ),
    regions=("华东", "华北", "DACH", "North America", "Victoria"),
    industries=("Machinery", "Electronics", "汽车", "化工"),
    countries=(
        ("CN", ("China", "中国")),
        ("DE", ("Germany", "德国")),
        ("US", ("United States", "美国")),
        ("IN", ("India", "印度")),
    ),
    people=tuple(
        NamedOne(number, name)
        for number, name in enumerate(
            (
                "Anna Schmidt",
                "Lin Wei 林薇",
                "Omar Haddad",
                "Wang Wei",
                "Wang Wei",
                "Victoria Stone",
            ),
            1,
        )
    ),
    teams=(NamedOne(1, "Key Accounts"), NamedOne(2, "华东大客户部")),
    leads=((3, 1),),
    fields=shipped_fields(),
)
ANNA = QuestionActor(person_id=1, teams=(1,), today=TODAY)
CUSTOMERS = (
    *("ACME", "C-0003", "Globex", "三一", "三一重工", "华东重工", "华北"),
    *("Smith and Sons", "Last Order Ltd", "Initech"),
)


@dataclass(frozen=True)
class KnownCustomers:
    """The customers of the corpus."""

    names: tuple[str, ...] = CUSTOMERS
    asked: list[str] = field(default_factory=list)

    def known(self, text: str) -> bool:
        self.asked.append(text)
        return fold(text) in map(fold, self.names)

    def within(self, text: str) -> bool:
        key = f" {fold(text)} "
        return any(
            key in f" {fold(name)} " or (key.strip() in fold(name) and not key.isascii())
            for name in self.names
        )

    def mentioned(self, text: str, is_open: Callable[[int, int], bool]) -> list[Mention]:
        """The customers that a text names, by the same rules as in a database."""
        keys = [(fold(name), place) for place, name in enumerate(self.names)]

        def holding(tokens: Sequence[str]) -> list[NameFound]:
            return [
                NameFound(token, place)
                for key, place in keys
                for token in tokens_of_key(key)
                if token in tokens
            ]

        source = NameSource(
            whole=lambda asked: [NameFound(key, place) for key, place in keys if key in asked],
            parts=holding,
            names=lambda places: [NameFound(key, place) for key, place in keys if place in places],
            codes=lambda letters, number: [
                place
                for place, name in enumerate(self.names)
                if (code := re.fullmatch(r"([a-z]+)-0*(\d+)", name.casefold()))
                and code.groups() == (letters, number)
            ],
            labels=lambda places: {place: self.names[place] for place in places},
        )
        return mentions(text, source, is_open)


def corpus() -> dict[str, Any]:
    return tomllib.loads(CORPUS.read_text(encoding="utf-8"))


def query_of(group: dict[str, Any]) -> Query:
    """What a group of the corpus asks."""
    if "about" in group:
        name, aspect, *since = group["about"]
        day = date.fromisoformat(since[0]) if since else None
        return AboutCustomer(name=name, aspect=Aspect(aspect), since=day)
    if "compared" in group:
        return Compared(names=tuple(group["compared"]))
    if "personal" in group:
        return Personal(group["personal"])
    if "team" in group:
        return AboutTeam(team=None if group["team"] == "own" else group["team"])
    if "notes" in group:
        since = date.fromisoformat(group["since"]) if "since" in group else None
        return FoundNotes(words=group["notes"], since=since, customer=group.get("customer"))
    return listing_of(group["list"])


def listing_of(wanted: dict[str, Any]) -> Listing:
    given = dict(wanted)
    sort = Sort(given.pop("sort", "tier"))
    order = {name: given.pop(name) for name in ("descending", "limit") if name in given}
    if "silent" in given:
        given["silent_for"] = [SilentFor(what=Silence(what), days=days) for what, days in given.pop("silent")]
    if "moved" in given:
        way, *days = given["moved"]
        since, *until = map(date.fromisoformat, days)
        direction = None if way == "any" else Direction(way)
        given["moved"] = MovedSince(direction=direction, since=since, until=until[0] if until else None)
    if "complained_since" in given:
        given["complained_since"] = date.fromisoformat(given["complained_since"])
    if "without" in given:
        excluded = {name: tuple(values) for name, values in given["without"].items()}
        excluded["risks"] = tuple(map(Risk, excluded.get("risks", ())))
        given["without"] = Excluded(**excluded)
    if "near" in given:
        given["near"] = Direction(given["near"])
    if "risks" in given:
        given["risks"] = [Risk(risk) for risk in given["risks"]]
    if "profile" in given:
        given["profile"] = [tuple(pair) for pair in given["profile"]]
    filters = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return Listing(filters=Filters(**filters), sort=sort, **order)
