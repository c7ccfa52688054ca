"""Schemes: find them by name or file, put one in force, and read the ones that graded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from sqlmodel import Session

from bot.errors import N_, BadInput, NotReady, SeveralProblems
from bot.wording import parts
from bot.wording.service_parts import ServicePromise, promise_of
from db.graded import runs, schemes
from db.graded.runs import Purpose
from db.graded.schemes import SchemeState
from grading.scheme import text as yaml_text
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme

PLACES_APART = 10  # between schemes approved one after the other, so that others fit in between


@dataclass(frozen=True, kw_only=True)
class SchemeFile:
    """A valid scheme and the text it came from."""

    scheme: Scheme
    text: str
    source: str


@dataclass(frozen=True, kw_only=True)
class SchemeInForce:
    """A scheme version in force, and its place in the order of those that coexist: None for last."""

    version_id: int
    scheme: Scheme
    place: int | None


@dataclass(frozen=True, kw_only=True)
class TierNames:
    """The names of all tiers by id; and by scheme version, as schemes may name the same id differently."""

    tiers: dict[str, parts.TierPart]
    by_version: dict[int, dict[str, parts.TierPart]] = field(default_factory=dict)
    schemes: Mapping[int, Scheme] = field(default_factory=dict)  # by version

    def tier(self, tier_id: str, version_id: int | None = None) -> parts.TierPart:
        """A tier as the version names it, else as any scheme does, else by its id."""
        own = self.by_version[version_id].get(tier_id) if version_id in self.by_version else None
        return own or self.tiers.get(tier_id) or parts.TierPart(id=tier_id)

    def promise(self, tier_id: str, version_id: int | None = None) -> ServicePromise | None:
        """What a scheme version promises a tier; without a version, the one scheme there is."""
        return self._promises.get((version_id or 0, tier_id))

    @cached_property
    def _promises(self) -> dict[tuple[int, str], ServicePromise]:
        return {
            (version, tier.id): promise
            for version, scheme in self.schemes.items()
            for tier in scheme.tiers
            if (promise := promise_of(tier)) is not None
        }

    def rank(self, tier_id: str) -> int:
        return self.tier(tier_id).rank

    @property
    def best_first(self) -> list[str]:
        return sorted(self.tiers, key=self.rank)


class SchemeCache:
    """Parsed scheme versions, which never change, and the tier names of the newest runs."""

    def __init__(self) -> None:
        self._schemes: dict[int, Scheme] = {}
        self._tier_names: tuple[int, TierNames] | None = None

    def scheme(self, session: Session, version_id: int) -> Scheme:
        """The scheme of a version."""
        if version_id not in self._schemes:
            self._schemes[version_id] = _parse_stored(schemes.scheme_content(session, version_id))
        return self._schemes[version_id]

    def tier_names(self, session: Session) -> TierNames:
        """The tier names of the schemes behind the newest published runs."""
        newest = runs.newest_run(session)
        if self._tier_names is None or self._tier_names[0] != newest:
            versions = runs.scheme_versions_of(session, runs.latest_run_ids(session))
            self._tier_names = (
                newest,
                tier_names({version: self.scheme(session, version) for version in versions}),
            )
        return self._tier_names[1]


@lru_cache(maxsize=64)
def _parse_stored(text: str) -> Scheme:
    """A stored version, parsed once for all caches."""
    return parse_scheme(text, source="a published scheme version", published=True)


def tier_names(versions: Mapping[int, Scheme]) -> TierNames:
    """The tier names of scheme versions; of two tiers with the same id the later version's is the common one."""
    by_version = {
        version: {
            tier.id: parts.TierPart(id=tier.id, names=tier.name, rank=rank)
            for rank, tier in enumerate(scheme.tiers)
        }
        for version, scheme in versions.items()
    }
    return TierNames(
        tiers={tier_id: tier for tiers in by_version.values() for tier_id, tier in tiers.items()},
        by_version=by_version,
        schemes=versions,
    )


@lru_cache(maxsize=64)
def tiers_of(scheme: Scheme) -> TierNames:
    """The tier names of one scheme."""
    return tier_names({0: scheme})


def rule_change(old: Scheme, new: Scheme) -> parts.RuleChange | None:
    """Which scheme replaced which; None for one and the same version."""
    if old.identity == new.identity:
        return None
    return parts.RuleChange(
        before=old.name, version_before=old.version, after=new.name, version_after=new.version
    )


def purpose(scheme: Scheme) -> Purpose:
    """The purpose of a scheme: accounts, prospects, or the credit of accounts."""
    return Purpose.CREDIT if scheme.credit_limit is not None else Purpose(scheme.record_type)


def starter(for_purpose: str) -> str:
    """The preset to start with."""
    presets: dict[str, str] = {Purpose.CREDIT: "credit_assessment", Purpose.PROSPECT: "prospects"}
    return presets.get(for_purpose, "orders_only")


def find(name: str, schemes_dir: Path | None) -> SchemeFile:
    """`find_file`; raises BadInput when there is none."""
    found = find_file(name, schemes_dir)
    if found is None:
        raise BadInput(
            N_("There is no scheme %(name)s: neither a file, nor one of the presets %(presets)s."),
            name=name,
            presets=", ".join(preset_names()),
        )
    return found


def find_file(name: str, schemes_dir: Path | None) -> SchemeFile | None:
    """A scheme by file path, by name in the firm's folder, or among the presets. Raises BadInput with every problem."""
    path = Path(name)
    if schemes_dir is not None and not path.exists():
        own = schemes_dir / f"{name}.yaml"
        path = own if own.exists() else path
    try:
        if path.is_file():
            text, source = yaml_text.read(path), path.name
        elif name in preset_names():
            text, source = preset_text(name), f"{name}.yaml"
        else:
            return None
        return SchemeFile(scheme=parse_scheme(text, source=source), text=text, source=source)
    except UnicodeDecodeError:
        raise BadInput(N_("%(file)s is not UTF-8 text. Save it as UTF-8."), file=path.name) from None
    except SchemeError as error:
        raise SeveralProblems([problem.phrase for problem in error.problems]) from None


def own_schemes(schemes_dir: Path | None) -> list[Path]:
    """The files of the firm's folder."""
    return sorted(schemes_dir.glob("*.yaml")) if schemes_dir else []


def record(session: Session, file: SchemeFile, now: datetime) -> int:
    """The id of a scheme's version, inserted if new. Raises BadInput when that version is stored with other content."""
    scheme = file.scheme
    known = schemes.find_version(session, scheme.scheme, scheme.version)
    if known is None:
        name, version, sha256 = scheme.identity
        known = schemes.add_version(
            session, name=name, version=version, sha256=sha256, content=file.text, at=now
        )
    elif known.sha256 != scheme.sha256:
        newest = schemes.find_version(session, scheme.scheme)
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
    """Store a scheme version and its approval; its id. One that is in force already stays as it is."""
    version_id = record(session, file, now)
    rules = rules_on(session, SchemeCache(), purpose(file.scheme), effective_from)
    if version_id not in {rule.version_id for rule in rules}:
        decide(
            session,
            version_id,
            file.scheme,
            SchemeState.APPROVED,
            actor=actor,
            start=effective_from,
            now=now,
            place=next_place(file.scheme, rules),
        )
    return version_id


def decide(
    session: Session,
    version_id: int,
    scheme: Scheme,
    state: SchemeState,
    *,
    actor: str,
    start: date,
    now: datetime,
    place: int | None = None,
) -> None:
    """Store a decision about a version."""
    session.add(
        schemes.SchemeStep(
            scheme_version_id=version_id,
            purpose=purpose(scheme),
            state=state,
            scheme=scheme.scheme,
            applies_to=audience(scheme),
            place=place,
            effective_from=start,
            actor=actor,
            at=now,
        )
    )
    session.flush()


def audience(scheme: Scheme) -> str:
    """The `applies_to` of a scheme as one text that is the same for the same customers; empty for everybody."""
    columns = {column: sorted(words) for column, words in scheme.applies_to.items()}
    return json.dumps(columns, ensure_ascii=False, sort_keys=True) if columns else ""


def replaces(scheme: Scheme, other: Scheme) -> bool:
    """Whether a scheme replaces another instead of coexisting: a version of the same, or one for the same customers."""
    return scheme.scheme == other.scheme or audience(scheme) == audience(other)


def next_place(scheme: Scheme, rules: Sequence[SchemeInForce]) -> int | None:
    """The default place of a scheme: that of the one it replaces, else behind the others; None for last."""
    if not scheme.applies_to:
        return None
    behind = max((rule.place or 0 for rule in rules), default=0) + PLACES_APART
    return next(
        (rule.place for rule in rules if rule.place is not None and replaces(scheme, rule.scheme)), behind
    )


def rules_on(
    session: Session, scheme_cache: SchemeCache, for_purpose: str, on: date
) -> tuple[SchemeInForce, ...]:
    """The scheme versions in force, in their order; empty when there are none."""
    return tuple(
        SchemeInForce(
            version_id=period.scheme_version_id,
            scheme=scheme_cache.scheme(session, period.scheme_version_id),
            place=period.place,
        )
        for period in schemes.in_force(session, for_purpose, on)
    )


def in_force(
    session: Session, scheme_cache: SchemeCache, for_purpose: str, on: date
) -> tuple[SchemeInForce, ...]:
    """`rules_on`; raises NotReady when there are none."""
    found = rules_on(session, scheme_cache, for_purpose, on)
    if not found:
        decided = schemes.periods(schemes.steps(session, for_purpose))
        to_come = [period for period in decided if period.start > on]
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
    versions = set[int]()
    for one in Purpose:
        versions |= {rule.version_id for rule in rules_on(session, scheme_cache, one, on)}
        versions |= {*schemes.shadows(session, one)}
    return [scheme_cache.scheme(session, version) for version in sorted(versions)]


def is_cadence_day(cadence: str, day: date) -> bool:
    """Whether a day is one of a cadence (`as_of` of a scheme)."""
    following = day + timedelta(days=1)
    return {
        "daily": True,
        "week_end": following.weekday() == 0,
        "month_end": following.day == 1,
        "quarter_end": following.day == 1 and following.month in (1, 4, 7, 10),
        "year_end": following.day == 1 and following.month == 1,
    }[cadence]


def last_cadence_day(cadence: str, today: date) -> date:
    """The newest day of a cadence that is over: the snapshot that should exist by now."""
    day = today - timedelta(days=1)
    while not is_cadence_day(cadence, day):
        day -= timedelta(days=1)
    return day
