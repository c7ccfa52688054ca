"""Where scheme versions stand: what is in force in which order, what waits, what was, and the firm's drafts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from bot.errors import N_, NotAllowed, NotFound
from bot.services.access import Actor
from bot.services.schemes import store
from bot.services.schemes.store import SchemeFile
from db.book.people import PersonRole
from db.engine import Database
from db.graded import schemes, shadows
from db.graded.schemes import Period, SchemeStep, SchemeVersion
from grading.scheme.model import Scheme
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme

DRAFT, IN_FORCE = "draft", "in_force"
LIVE = (schemes.SHADOW, schemes.APPROVED, IN_FORCE)


@dataclass(frozen=True, kw_only=True)
class VersionStatus:
    """Where a scheme version stands. `effective_from` and `until` (the first day it is over) are business days."""

    name: str
    version: int
    sha256: str
    purpose: str
    state: str  # draft | shadow | approved (from a day to come) | in_force | retired
    effective_from: date | None = None
    until: date | None = None
    by: str | None = None
    at: datetime | None = None
    source: str | None = None  # the file of a draft
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # empty: everybody
    place: int | None = None  # when it is asked, the smallest first; None for last


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a scheme in the shadow would have moved in one snapshot."""

    as_of: date
    customers: int
    movers: int
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A scheme version with its text, every period it was in force, and its snapshots in the shadow."""

    life: VersionStatus
    text: str
    tiers: tuple[tuple[str, float, str], ...]  # id, at, English name
    periods: tuple[tuple[date, date | None, str], ...]  # from, until, approved by
    shadow: tuple[Held, ...] = ()
    note: str | None = None


def listed(database: Database, actor: Actor, schemes_dir: Path | None, *, today: date) -> list[VersionStatus]:
    """What is in force, in the order in which it is asked, every other version that was used, the firm's drafts."""
    require_admin(actor)
    with database.read() as session:
        lives = all_lives(session, today)
    lives.sort(key=_asked)
    known = {(life.name, life.version, life.sha256) for life in lives}
    drafts = []
    for path in store.own_schemes(schemes_dir):
        try:
            scheme = parse_scheme(path.read_text(encoding="utf-8-sig"), source=path.name)
        except (SchemeError, UnicodeDecodeError):
            continue  # `scheme check` says what is wrong with it
        if scheme.identity not in known:
            drafts.append(_draft(scheme, path.name))
    return lives + drafts


def shown(database: Database, actor: Actor, name: str, schemes_dir: Path | None, *, today: date) -> Shown:
    """One scheme, by file, preset, or the name (and @version) of one that was used."""
    require_admin(actor)
    with database.read() as session:
        file = find(session, name, schemes_dir)
        scheme = file.scheme
        known = schemes.find_version(session, scheme.scheme, scheme.version)
        tiers = tuple((tier.id, tier.at, tier.name.en) for tier in scheme.tiers)
        if known is None or known.id is None or known.sha256 != scheme.sha256:
            note = None
            if known is not None:
                note = (
                    f"{label(known)} was used with other content;"
                    " raise version: in the file before this one is used."
                )
            return Shown(life=_draft(scheme, file.source), text=file.text, tiers=tiers, periods=(), note=note)
        purpose = store.purpose(scheme)
        life = life_of(session, known.id, purpose, today)
        held = schemes.periods(schemes.steps(session, purpose))
        return Shown(
            life=life,
            text=file.text,
            tiers=tiers,
            periods=tuple(
                (period.start, period.until, period.approved_by)
                for period in held
                if period.scheme_version_id == known.id and period.start != period.until
            ),
            shadow=_held(session, known.id),
        )


def find(session: Session, name: str, schemes_dir: Path | None) -> SchemeFile:
    """A scheme by file, preset or recorded name, `name@2` for a recorded version. Raises BadInput when there is none."""
    wanted, number = split(name)
    if number is None and store.is_written(name, schemes_dir):
        return store.find(name, schemes_dir)
    row = schemes.find_version(session, wanted, number)
    if row is None:
        raise NotFound(N_("There is no scheme %(name)s. See what was used: tierbot scheme list"), name=name)
    source = label(row)
    return SchemeFile(scheme=parse_scheme(row.content, source=source), text=row.content, source=source)


def split(name: str) -> tuple[str, int | None]:
    """`plain@2` as (plain, 2); a name without a number as it is."""
    wanted, at, number = name.rpartition("@")
    return (wanted, int(number)) if at and number.isdigit() else (name, None)


def require_admin(actor: Actor) -> None:
    if actor.role != PersonRole.ADMIN:
        raise NotAllowed(N_("Only admins decide about schemes."))


def all_lives(session: Session, today: date) -> list[VersionStatus]:
    steps = schemes.steps(session)
    held = {purpose: _of(steps, purpose) for purpose in store.PURPOSES}
    purposes = {step.scheme_version_id: step.purpose for step in steps}
    found = []
    for row in schemes.versions(session):
        purpose = purposes.get(row.id or 0)
        if purpose is None:
            scheme = parse_scheme(row.content, source=label(row))
            found.append(_draft(scheme, None))
            continue
        found.append(_life(row, purpose, steps, held[purpose], today))
    return found


def life_of(session: Session, version_id: int, purpose: str, today: date) -> VersionStatus:
    row = session.get_one(SchemeVersion, version_id)
    steps = schemes.steps(session, purpose)
    return _life(row, purpose, steps, schemes.periods(steps), today)


def _life(
    row: SchemeVersion, purpose: str, steps: Iterable[SchemeStep], held: list[Period], today: date
) -> VersionStatus:
    own = [step for step in steps if step.scheme_version_id == row.id]
    if not own:
        return VersionStatus(
            name=row.name, version=row.version, sha256=row.sha256, purpose=purpose, state=DRAFT
        )
    newest = own[-1]
    periods = [period for period in held if period.scheme_version_id == row.id]
    present = next((period for period in periods if period.holds(today)), None)
    state = newest.state
    period = present
    if present is not None:
        state = IN_FORCE
    elif state == schemes.APPROVED:
        period = next((period for period in periods if period.start > today), None)
        if period is None:
            state, period = schemes.RETIRED, periods[-1] if periods else None
    elif state == schemes.RETIRED:
        period = periods[-1] if periods else None
    return VersionStatus(
        name=row.name,
        version=row.version,
        sha256=row.sha256,
        purpose=purpose,
        state=state,
        effective_from=period.start if period else newest.effective_from if state == schemes.SHADOW else None,
        until=period.until if period else None,
        by=newest.actor,
        at=newest.at,
        applies_to=json.loads(newest.applies_to or "{}"),
        place=period.place if period else None,
    )


def _of(steps: Iterable[SchemeStep], purpose: str) -> list[Period]:
    return schemes.periods(step for step in steps if step.purpose == purpose)


def _draft(scheme: Scheme, source: str | None) -> VersionStatus:
    return VersionStatus(
        name=scheme.scheme,
        version=scheme.version,
        sha256=scheme.sha256,
        purpose=store.purpose(scheme),
        state=DRAFT,
        source=source,
        applies_to=scheme.applies_to,
    )


def _held(session: Session, version_id: int) -> tuple[Held, ...]:
    return tuple(
        Held(as_of=run.as_of, customers=run.customers, movers=shadow.movers, problem=shadow.problem)
        for shadow, run in shadows.runs(session, version_id)
    )


def _asked(life: VersionStatus) -> tuple[object, ...]:
    """What is in force comes first, as it is asked."""
    purpose = store.PURPOSES.index(life.purpose)
    present = life.state == IN_FORCE
    return (not present, purpose, present and life.place is None, (present and life.place) or 0)


def label(row: SchemeVersion) -> str:
    return f"{row.name}@{row.version}"


def name(life: VersionStatus) -> str:
    return f"{life.name}@{life.version}"
