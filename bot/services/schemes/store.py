"""Schemes: finding them by name or file, putting one in force, and reading the ones that graded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlmodel import Session

from bot.errors import N_, BadInput, NotReady
from bot.wording import parts
from db.book import order_totals
from db.graded import runs
from db.graded import schemes as db
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme

PURPOSES = ("credit", "account", "prospect")  # in the order they build on each other
PLACES_APART = 10  # of schemes approved one after the other: room for one in between


@dataclass(frozen=True, kw_only=True)
class SchemeFile:
    """A valid scheme and the text it came from."""

    scheme: Scheme
    text: str
    source: str


@dataclass(frozen=True, kw_only=True)
class SchemeInForce:
    """A scheme version in force, and when it is asked among those beside it: None for last."""

    version_id: int
    scheme: Scheme
    place: int | None


@dataclass(frozen=True, kw_only=True)
class TierNames:
    """Every tier people may hear of, by id; and by version, where schemes call the same tier by several names."""

    tiers: dict[str, parts.TierPart]
    by_version: dict[int, dict[str, parts.TierPart]] = field(default_factory=dict)

    def tier(self, tier_id: str, version_id: int | None = None) -> parts.TierPart:
        own = self.by_version.get(version_id or 0, {}).get(tier_id)
        return own or self.tiers.get(tier_id) or parts.TierPart(id=tier_id)

    def rank(self, tier_id: str) -> int:
        return self.tier(tier_id).rank

    @property
    def best_first(self) -> list[str]:
        return sorted(self.tiers, key=self.rank)


class SchemeCache:
    """Parsed scheme versions, kept because a published version never changes; and the tiers of the newest runs."""

    def __init__(self) -> None:
        self._schemes: dict[int, Scheme] = {}
        self._book: tuple[int, TierNames] | None = None

    def scheme(self, session: Session, version_id: int) -> Scheme:
        if version_id not in self._schemes:
            text = db.scheme_content(session, version_id)
            self._schemes[version_id] = _parsed(text)
        return self._schemes[version_id]

    def book(self, session: Session) -> TierNames:
        """The tiers of the schemes behind the newest published runs."""
        newest = runs.newest_run(session)
        if self._book is None or self._book[0] != newest:
            versions = runs.scheme_versions_of(session, runs.latest_run_ids(session))
            self._book = newest, tier_names({version: self.scheme(session, version) for version in versions})
        return self._book[1]


@lru_cache(maxsize=64)
def _parsed(text: str) -> Scheme:
    """What a published version says; several caches may hold it."""
    return parse_scheme(text, source="a published scheme version")


def tier_names(schemes: Mapping[int, Scheme]) -> TierNames:
    """The tiers of scheme versions; where two have one of the same id, the later one's stands for both."""
    by_version = {
        version: {
            tier.id: parts.TierPart(id=tier.id, names=tier.name, rank=rank)
            for rank, tier in enumerate(scheme.tiers)
        }
        for version, scheme in schemes.items()
    }
    return TierNames(
        tiers={tier_id: tier for tiers in by_version.values() for tier_id, tier in tiers.items()},
        by_version=by_version,
    )


@lru_cache(maxsize=64)
def tiers_of(scheme: Scheme) -> TierNames:
    """The tiers of one scheme."""
    return tier_names({0: scheme})


def rule_change(old: Scheme, new: Scheme) -> parts.RuleChange | None:
    """What took whose place; None for one and the same version."""
    if old.identity == new.identity:
        return None
    return parts.RuleChange(
        before=old.name, version_before=old.version, after=new.name, version_after=new.version
    )


def purpose(scheme: Scheme) -> str:
    """What a scheme grades: accounts, prospects, or the credit of accounts."""
    return "credit" if scheme.credit_limit is not None else scheme.record_type


def starter(for_purpose: str) -> str:
    """The preset to begin with."""
    return {"credit": "credit_assessment", "prospect": "prospects"}.get(for_purpose, "orders_only")


def find(name: str, schemes_dir: Path | None) -> SchemeFile:
    """A scheme by file path, by name in the firm's folder, or among the presets. Raises BadInput with every problem."""
    text, source = _read(name, schemes_dir)
    try:
        return SchemeFile(scheme=parse_scheme(text, source=source), text=text, source=source)
    except SchemeError as error:
        raise BadInput(N_("%(problems)s"), problems=str(error)) from None


def own_schemes(schemes_dir: Path | None) -> list[Path]:
    return sorted(schemes_dir.glob("*.yaml")) if schemes_dir else []


def record(session: Session, file: SchemeFile, now: datetime) -> int:
    """The id of a scheme's version, recorded on first sight. Raises BadInput when that version has other content."""
    scheme = file.scheme
    known = db.find_version(session, scheme.scheme, scheme.version)
    if known is None:
        known = db.add_version(
            session,
            name=scheme.scheme,
            version=scheme.version,
            sha256=scheme.sha256,
            content=file.text,
            at=now,
        )
    elif known.sha256 != scheme.sha256:
        newest = db.find_version(session, scheme.scheme)
        raise BadInput(
            N_(
                "%(source)s: %(scheme)s version %(version)s is in use since %(day)s with other content, and a version"
                " in use never changes. Raise version: to %(next)s in the file."
            ),
            source=file.source,
            scheme=scheme.scheme,
            version=scheme.version,
            day=known.created_at.date(),
            next=(newest.version if newest else scheme.version) + 1,
        )
    assert known.id is not None
    return known.id


def put_in_force(
    session: Session, file: SchemeFile, *, actor: str, effective_from: date, now: datetime
) -> int:
    """Record a scheme version and its approval; its id. One that is in force already stays as it is."""
    version_id = record(session, file, now)
    rules = rules_on(session, SchemeCache(), purpose(file.scheme), effective_from)
    if version_id not in {rule.version_id for rule in rules}:
        decide(
            session,
            version_id,
            file.scheme,
            db.APPROVED,
            actor=actor,
            effective_from=effective_from,
            now=now,
            place=next_place(file.scheme, rules),
        )
    return version_id


def decide(
    session: Session,
    version_id: int,
    scheme: Scheme,
    state: str,
    *,
    actor: str,
    effective_from: date,
    now: datetime,
    place: int | None = None,
) -> None:
    """Put down a decision about a version."""
    session.add(
        db.SchemeStep(
            scheme_version_id=version_id,
            purpose=purpose(scheme),
            state=state,
            scheme=scheme.scheme,
            applies_to=audience(scheme),
            place=place,
            effective_from=effective_from,
            actor=actor,
            at=now,
        )
    )
    session.flush()


def audience(scheme: Scheme) -> str:
    """Whom a scheme applies to, as one text that is the same for the same customers; empty for everybody."""
    if not scheme.applies_to:
        return ""
    return json.dumps(
        {column: sorted(words) for column, words in scheme.applies_to.items()},
        ensure_ascii=False,
        sort_keys=True,
    )


def replaces(scheme: Scheme, other: Scheme) -> bool:
    """Whether a scheme takes another's place rather than one beside it: its own version, or one for the same customers."""
    return scheme.scheme == other.scheme or audience(scheme) == audience(other)


def next_place(scheme: Scheme, rules: Sequence[SchemeInForce]) -> int | None:
    """When a scheme is asked if nobody says: where the one it replaces was, else behind the others; None for last."""
    if not scheme.applies_to:
        return None
    replaced = [rule.place for rule in rules if rule.place is not None and replaces(scheme, rule.scheme)]
    behind = max((rule.place or 0 for rule in rules), default=0) + PLACES_APART
    return replaced[0] if replaced else behind


def rules_on(
    session: Session, scheme_cache: SchemeCache, for_purpose: str, on: date
) -> tuple[SchemeInForce, ...]:
    """The scheme versions in force, in the order in which they are asked; none when there are none."""
    return tuple(
        SchemeInForce(
            version_id=period.scheme_version_id,
            scheme=scheme_cache.scheme(session, period.scheme_version_id),
            place=period.place,
        )
        for period in db.in_force(session, for_purpose, on)
    )


def in_force(
    session: Session, scheme_cache: SchemeCache, for_purpose: str, on: date
) -> tuple[SchemeInForce, ...]:
    """The scheme versions in force, in the order in which they are asked. Raises NotReady when there are none."""
    found = rules_on(session, scheme_cache, for_purpose, on)
    if not found:
        to_come = [period for period in db.periods(db.steps(session, for_purpose)) if period.start > on]
        if to_come:
            raise NotReady(
                N_("No scheme is in force for %(purpose)s on %(day)s; %(scheme)s is from %(start)s on."),
                purpose=for_purpose,
                day=on,
                scheme=to_come[0].scheme,
                start=to_come[0].start,
            )
        raise NotReady(
            N_("No scheme is in force for %(purpose)s. Choose one: tierbot grade --scheme %(preset)s"),
            purpose=for_purpose,
            preset=starter(for_purpose),
        )
    return found


def at_work(session: Session, scheme_cache: SchemeCache, on: date) -> list[Scheme]:
    """Every scheme that is in force or in the shadow, whatever it grades."""
    purposes = {step.purpose for step in db.steps(session)}
    versions = {rule.version_id for one in purposes for rule in rules_on(session, scheme_cache, one, on)}
    versions |= {version for one in purposes for version in db.shadows(session, one)}
    return [scheme_cache.scheme(session, version) for version in sorted(versions)]


def is_cadence_day(cadence: str, day: date) -> bool:
    following = day + timedelta(days=1)
    if cadence == "daily":
        return True
    if cadence == "week_end":
        return following.weekday() == 0
    if cadence == "month_end":
        return following.day == 1
    if cadence == "quarter_end":
        return following.day == 1 and following.month in (1, 4, 7, 10)
    return following.day == 1 and following.month == 1


def last_cadence_day(cadence: str, today: date) -> date:
    """The newest day of a cadence that is over: the snapshot that should exist by now."""
    day = today - timedelta(days=1)
    while not is_cadence_day(cadence, day):
        day -= timedelta(days=1)
    return day


def is_written(name: str, schemes_dir: Path | None) -> bool:
    """Whether a name is a file, one of the firm's folder, or a preset."""
    return _path(name, schemes_dir).is_file() or name in preset_names()


def _path(name: str, schemes_dir: Path | None) -> Path:
    path = Path(name)
    if schemes_dir is not None and not path.exists():
        own = schemes_dir / f"{name}.yaml"
        path = own if own.exists() else path
    return path


def _read(name: str, schemes_dir: Path | None) -> tuple[str, str]:
    path = _path(name, schemes_dir)
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8-sig"), path.name
        except UnicodeDecodeError:
            raise BadInput(N_("%(file)s is not UTF-8 text. Save it as UTF-8."), file=path.name) from None
    if name in preset_names():
        return preset_text(name), f"{name}.yaml"
    raise BadInput(
        N_("There is no scheme %(name)s: neither a file, nor one of the presets %(presets)s."),
        name=name,
        presets=", ".join(preset_names()),
    )


def check_currency(session: Session, scheme: Scheme) -> None:
    """Raises BadInput when there are orders in a currency the scheme does not count in."""
    foreign = order_totals.foreign_orders(session, scheme.currency) if scheme.currency else None
    if foreign:
        raise BadInput(
            N_(
                "The scheme %(scheme)s counts in %(wanted)s, but %(count)s orders are in %(found)s."
                " Make a scheme in that currency: tierbot scheme propose %(scheme)s --out my_scheme.yaml"
            ),
            scheme=scheme.scheme,
            wanted=scheme.currency,
            count=foreign[1],
            found=foreign[0],
        )
