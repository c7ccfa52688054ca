"""The status of scheme versions: in force and in which order, approved, in the shadow, retired, and the firm's drafts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bot.errors import N_, NotFound, Phrase
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.schemes import store
from bot.services.schemes.ladder import ladder
from bot.services.schemes.store import SchemeFile
from bot.wording.parts import LadderPart
from db.engine import Database
from db.graded import schemes, shadows
from db.graded.runs import Purpose
from db.graded.schemes import Period, SchemeState, SchemeStep, SchemeVersion
from grading.scheme import text as yaml_text
from grading.scheme.model import Scheme
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme

LIVE = (SchemeState.SHADOW, SchemeState.APPROVED, SchemeState.IN_FORCE)


@dataclass(frozen=True, kw_only=True)
class VersionStatus:
    """The state of a scheme version. `effective_from` and `until` (the first day after it) are business days."""

    name: str
    version: int
    sha256: str
    purpose: str
    state: SchemeState
    effective_from: date | None = None
    until: date | None = None
    by: str | None = None
    at: datetime | None = None
    source: str | None = None  # the file of a draft
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # empty: everybody
    place: int | None = None  # in the order of those that coexist; None for last


@dataclass(frozen=True, kw_only=True)
class ShadowSnapshot:
    """How many customers a scheme in the shadow would have moved in one snapshot."""

    as_of: date
    customers: int
    movers: int
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A scheme version with its text, its tiers, every period it was in force, and its snapshots in the shadow."""

    life: VersionStatus
    text: str
    ladder: LadderPart
    periods: tuple[tuple[date, date | None, str], ...]  # from, until, approved by
    shadow: tuple[ShadowSnapshot, ...] = ()
    note: str | None = None


def listed(database: Database, actor: Actor, schemes_dir: Path | None, *, today: date) -> list[VersionStatus]:
    """The versions in force in their order, every other version that was used, the firm's drafts."""
    access.require(actor, Act.DECIDE_SCHEMES)
    with database.read() as session:
        lives = all_lives(session, today)
    lives.sort(key=_order)
    known = {(life.name, life.version, life.sha256) for life in lives}
    drafts = []
    for path in store.own_schemes(schemes_dir):
        try:
            scheme = parse_scheme(yaml_text.read(path), source=path.name)
        except (SchemeError, UnicodeDecodeError):
            continue  # `scheme check` names its problems
        if scheme.identity not in known:
            drafts.append(_draft(scheme, path.name))
    return lives + drafts


def shown(database: Database, actor: Actor, name: str, schemes_dir: Path | None, *, today: date) -> Shown:
    """One scheme, by file, preset, or the name (and @version) of one that was used."""
    access.require(actor, Act.DECIDE_SCHEMES)
    with database.read() as session:
        file = find(session, name, schemes_dir)
        scheme = file.scheme
        known = schemes.find_version(session, scheme.scheme, scheme.version)
        same = known is not None and known.sha256 == scheme.sha256
        note = None
        if known is not None and not same:
            note = Phrase(
                N_(
                    "%(scheme)s was used with other content; raise %(key)s in the file before this one is used."
                ),
                scheme=label(known),
                key="version:",
            )
        used = known.id if known is not None and same else None
        purpose = store.purpose(scheme)
        return Shown(
            life=_draft(scheme, file.source) if used is None else life_of(session, used, purpose, today),
            text=file.text,
            ladder=ladder(scheme),
            periods=tuple(
                (period.start, period.until, period.approved_by)
                for period in schemes.periods(schemes.steps(session, purpose))
                if period.scheme_version_id == used and period.start != period.until
            ),
            shadow=() if used is None else _shadow_snapshots(session, used),
            note=note,
        )


def find(session: Session, name: str, schemes_dir: Path | None) -> SchemeFile:
    """A scheme by file, preset or stored name, `name@2` for a stored version. Raises NotFound when there is none."""
    wanted, number = split(name)
    if number is None and (file := store.find_file(name, schemes_dir)):
        return file
    row = schemes.find_version(session, wanted, number)
    if row is None:
        raise NotFound(N_("There is no scheme %(name)s. See what was used: tierbot scheme list"), name=name)
    source = label(row)
    scheme = parse_scheme(row.content, source=source, published=True)
    return SchemeFile(scheme=scheme, text=row.content, source=source)


def split(name: str) -> tuple[str, int | None]:
    """`plain@2` as (plain, 2); a name without a number as it is."""
    wanted, at, number = name.rpartition("@")
    return (wanted, int(number)) if at and number.isdigit() else (name, None)


def all_lives(session: Session, today: date) -> list[VersionStatus]:
    """The status of every stored version."""
    steps = schemes.steps(session)
    by_purpose = {purpose: [step for step in steps if step.purpose == purpose] for purpose in Purpose}
    held = {purpose: schemes.periods(decided) for purpose, decided in by_purpose.items()}
    purposes = {step.scheme_version_id: Purpose(step.purpose) for step in steps}
    found = []
    for row in schemes.versions(session):
        purpose = purposes.get(row.id or 0)
        if purpose is None:
            found.append(_draft(parse_scheme(row.content, source=label(row), published=True), None))
        else:
            found.append(_life(row, purpose, by_purpose[purpose], held[purpose], today))
    return found


def life_of(session: Session, version_id: int, purpose: str, today: date) -> VersionStatus:
    """The status of one stored version."""
    row = session.get_one(SchemeVersion, version_id)
    steps = schemes.steps(session, purpose)
    return _life(row, purpose, steps, schemes.periods(steps), today)


def _life(
    row: SchemeVersion, purpose: str, steps: Iterable[SchemeStep], held: Iterable[Period], today: date
) -> VersionStatus:
    identity: dict[str, Any] = {"name": row.name, "version": row.version, "sha256": row.sha256}
    own = [step for step in steps if step.scheme_version_id == row.id]
    if not own:
        return VersionStatus(**identity, purpose=purpose, state=SchemeState.DRAFT)
    newest = own[-1]
    periods = [period for period in held if period.scheme_version_id == row.id]
    state = SchemeState(newest.state)
    period = next((period for period in periods if period.holds(today)), None)
    if period is not None:
        state = SchemeState.IN_FORCE
    elif state == SchemeState.APPROVED:
        period = next((period for period in periods if period.start > today), None)
        state = SchemeState.RETIRED if period is None else state
    if period is None and state == SchemeState.RETIRED and periods:
        period = periods[-1]
    decided = newest.effective_from if state == SchemeState.SHADOW else None
    return VersionStatus(
        **identity,
        purpose=purpose,
        state=state,
        effective_from=period.start if period else decided,
        until=period.until if period else None,
        by=newest.actor,
        at=newest.at,
        applies_to={column: tuple(words) for column, words in json.loads(newest.applies_to or "{}").items()},
        place=period.place if period else None,
    )


def _draft(scheme: Scheme, source: str | None) -> VersionStatus:
    return VersionStatus(
        name=scheme.scheme,
        version=scheme.version,
        sha256=scheme.sha256,
        purpose=store.purpose(scheme),
        state=SchemeState.DRAFT,
        source=source,
        applies_to=scheme.applies_to,
    )


def _shadow_snapshots(session: Session, version_id: int) -> tuple[ShadowSnapshot, ...]:
    return tuple(
        ShadowSnapshot(as_of=run.as_of, customers=run.customers, movers=shadow.movers, problem=shadow.problem)
        for shadow, run in shadows.runs(session, version_id)
    )


def _order(life: VersionStatus) -> tuple[object, ...]:
    """Those in force first, in their order."""
    present = life.state == SchemeState.IN_FORCE
    purpose = list(Purpose).index(Purpose(life.purpose))
    return (not present, purpose, present and life.place is None, (present and life.place) or 0)


def label(version: SchemeVersion | VersionStatus) -> str:
    """A version as people write it."""
    return f"{version.name}@{version.version}"
