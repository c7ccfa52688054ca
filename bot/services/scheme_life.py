"""The life of a scheme version: draft, shadow, approved from a day, retired. Decided by admins, kept as rows."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, NotAllowed, NotFound, NotReady
from bot.services import grading, schemes, side_by_side, sources
from bot.services.access import Actor
from bot.services.schemes import SchemeFile, Shelf
from db import grading as db_grading
from db import schemes as db
from db import shadows
from db.engine import Database
from db.schemes import Period, SchemeStep, SchemeVersion
from grading.scheme import Scheme, SchemeError, parse_scheme

DRAFT, IN_FORCE = "draft", "in_force"
LIVE = (db.SHADOW, db.APPROVED, IN_FORCE)


@dataclass(frozen=True, kw_only=True)
class Life:
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

    life: Life
    text: str
    tiers: tuple[tuple[str, float, str], ...]  # id, at, English name
    periods: tuple[tuple[date, date | None, str], ...]  # from, until, approved by
    shadow: tuple[Held, ...] = ()
    note: str | None = None


def start(
    session: Session, file: SchemeFile, actor: Actor, *, as_of: date, today: date, now: datetime
) -> int:
    """Put a scheme in force with the first grading; its version's id.

    Once there are gradings another version takes over by `approve` alone: Conflict. The one that is in force already
    stays as it is, and where nothing is in force any more, a start is a start. Nothing is put down for a scheme that
    could not grade the book.
    """
    _require_admin(actor)
    purpose = schemes.purpose(file.scheme)
    version_id = schemes.record(session, file, now)
    held = db.in_force(session, purpose, as_of)
    others = version_id not in {period.scheme_version_id for period in held}
    if held and others and db_grading.last_published(session, purpose):
        raise Conflict(
            N_(
                "%(present)s grades by now (%(purpose)s). Another scheme takes over from a day that somebody decides:"
                " tierbot scheme approve NAME --from DATE. Who would move: tierbot scheme diff NAME"
            ),
            present=_labels(session, held),
            purpose=purpose,
        )
    if as_of > today:
        raise BadInput(
            N_("As of %(as_of)s lies in the future; today is %(today)s."), as_of=as_of, today=today
        )
    sources.check_currency(session, file.scheme)
    return schemes.put_in_force(session, file, actor=actor.name, effective_from=as_of, now=now)


def shadow(database: Database, actor: Actor, file: SchemeFile, *, today: date, now: datetime) -> Life:
    """Grade every snapshot under this scheme too, from now on. Nobody is told.

    Raises NotReady when no scheme is in force to compare with, Conflict when it is in force or in the shadow.
    """
    _require_admin(actor)
    purpose = schemes.purpose(file.scheme)
    with database.write(alone="schemes") as session:
        version_id = schemes.record(session, file, now)
        if not db.in_force(session, purpose, today):
            raise NotReady(
                N_(
                    "No scheme is in force for %(purpose)s, so there is nothing to run beside. Start with:"
                    " tierbot grade --scheme NAME"
                ),
                purpose=purpose,
            )
        life = _life_of(session, version_id, purpose, today)
        if life.state in LIVE:
            raise Conflict(
                N_("%(scheme)s is %(state)s already."), scheme=_name(life), state=_words(life.state)
            )
        schemes.decide(
            session, version_id, file.scheme, db.SHADOW, actor=actor.name, effective_from=today, now=now
        )
        return _life_of(session, version_id, purpose, today)


def approve(
    database: Database,
    actor: Actor,
    file: SchemeFile,
    *,
    effective_from: date,
    today: date,
    now: datetime,
    place: int | None = None,
) -> Life:
    """Let a scheme grade from a business day on: instead of its own earlier version and of one for the same customers,
    beside all others.

    `place` says when it is asked, the smallest first; a scheme for everybody is asked last. Raises BadInput for a day
    before the last snapshot or schemes that cannot stand side by side, Conflict when nothing would change.
    """
    _require_admin(actor)
    purpose = schemes.purpose(file.scheme)
    with database.write(alone="schemes") as session:
        last = db_grading.last_snapshot(session, purpose)
        if last is not None and effective_from < last.as_of:
            raise BadInput(
                N_(
                    "The last snapshot is as of %(last)s, and what was graded stays as it is. Name that day or a later"
                    " one with --from."
                ),
                last=last.as_of,
            )
        version_id = schemes.record(session, file, now)
        rules = schemes.rules_on(session, Shelf(), purpose, effective_from)
        if place is not None and not file.scheme.applies_to:
            raise BadInput(
                N_("%(scheme)s applies to everybody, so it is asked last. Leave --place out."),
                scheme=file.scheme.scheme,
            )
        present = next((rule for rule in rules if rule.version_id == version_id), None)
        if present is not None and place in (None, present.place):
            raise Conflict(
                N_("%(scheme)s is in force on %(day)s already."),
                scheme=f"{file.scheme.scheme}@{file.scheme.version}",
                day=effective_from,
            )
        schemes.decide(
            session,
            version_id,
            file.scheme,
            db.APPROVED,
            actor=actor.name,
            effective_from=effective_from,
            now=now,
            place=schemes.next_place(file.scheme, rules) if place is None else place,
        )
        side_by_side.check(session, version_id, file.scheme, effective_from)
        return _life_of(session, version_id, purpose, today)


def retire(
    database: Database, actor: Actor, name: str, *, today: date, now: datetime, sure: bool = False
) -> Life:
    """End a scheme: out of the shadow, before its day, or out of force from today on.

    Those beside it stay. Out of force only when `sure`, unless one of those takes all its customers: nothing grades them
    from then on. Raises NotFound for a name that is not in use, BadInput when several versions of it are.
    """
    _require_admin(actor)
    with database.write(alone="schemes") as session:
        lives = [life for life in _lives(session, today) if life.state in LIVE]
        wanted, number = split(name)
        named = [life for life in lives if life.name == wanted and number in (None, life.version)]
        if not named:
            raise NotFound(
                N_("No scheme %(name)s is in use. In use are: %(names)s."),
                name=name,
                names=", ".join(map(_name, lives)) or "-",
            )
        if len(named) > 1:
            raise BadInput(
                N_("Several versions of %(name)s are in use. Name one: %(names)s."),
                name=name,
                names=", ".join(map(_name, named)),
            )
        (life,) = named
        row = db.find_version(session, life.name, life.version)
        assert row is not None
        assert row.id is not None
        scheme = parse_scheme(row.content, source=_label(row))
        if life.state == IN_FORCE and not sure and not _is_covered(session, scheme, life.purpose, today):
            _refuse_to_end(life)
        schemes.decide(session, row.id, scheme, db.RETIRED, actor=actor.name, effective_from=today, now=now)
        return _life_of(session, row.id, life.purpose, today)


def _is_covered(session: Session, scheme: Scheme, purpose: str, on: date) -> bool:
    """Whether another scheme in force applies to everybody that this one does."""
    beside = (
        session.get_one(SchemeVersion, period.scheme_version_id)
        for period in db.in_force(session, purpose, on)
        if period.scheme != scheme.scheme
    )
    return any(parse_scheme(row.content, source=_label(row)).covers(scheme) for row in beside)


def listed(database: Database, actor: Actor, schemes_dir: Path | None, *, today: date) -> list[Life]:
    """What is in force, in the order in which it is asked, every other version that was used, the firm's drafts."""
    _require_admin(actor)
    with database.read() as session:
        lives = _lives(session, today)
    lives.sort(key=_asked)
    known = {(life.name, life.version, life.sha256) for life in lives}
    drafts = []
    for path in schemes.own_schemes(schemes_dir):
        try:
            scheme = parse_scheme(path.read_text(encoding="utf-8-sig"), source=path.name)
        except (SchemeError, UnicodeDecodeError):
            continue  # `scheme check` says what is wrong with it
        if scheme.identity not in known:
            drafts.append(_draft(scheme, path.name))
    return lives + drafts


def shown(database: Database, actor: Actor, name: str, schemes_dir: Path | None, *, today: date) -> Shown:
    """One scheme, by file, preset, or the name (and @version) of one that was used."""
    _require_admin(actor)
    with database.read() as session:
        file = find(session, name, schemes_dir)
        scheme = file.scheme
        known = db.find_version(session, scheme.scheme, scheme.version)
        tiers = tuple((tier.id, tier.at, tier.name.en) for tier in scheme.tiers)
        if known is None or known.id is None or known.sha256 != scheme.sha256:
            note = None
            if known is not None:
                note = (
                    f"{_label(known)} was used with other content;"
                    " raise version: in the file before this one is used."
                )
            return Shown(life=_draft(scheme, file.source), text=file.text, tiers=tiers, periods=(), note=note)
        purpose = schemes.purpose(scheme)
        life = _life_of(session, known.id, purpose, today)
        held = db.periods(db.steps(session, purpose))
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
    if number is None and schemes.is_written(name, schemes_dir):
        return schemes.find(name, schemes_dir)
    row = db.find_version(session, wanted, number)
    if row is None:
        raise NotFound(N_("There is no scheme %(name)s. See what was used: tierbot scheme list"), name=name)
    source = _label(row)
    return SchemeFile(scheme=parse_scheme(row.content, source=source), text=row.content, source=source)


def split(name: str) -> tuple[str, int | None]:
    """`plain@2` as (plain, 2); a name without a number as it is."""
    wanted, at, number = name.rpartition("@")
    return (wanted, int(number)) if at and number.isdigit() else (name, None)


def _require_admin(actor: Actor) -> None:
    if actor.role != "admin":
        raise NotAllowed(N_("Only admins decide about schemes."))


def _refuse_to_end(life: Life) -> None:
    if life.until is not None:
        raise BadInput(
            N_(
                "%(scheme)s is in force until another takes over on %(until)s, and ends then by itself. To have no"
                " scheme until then: --yes"
            ),
            scheme=_name(life),
            until=life.until,
        )
    raise BadInput(
        N_(
            "%(scheme)s has no successor: the customers it applies to would not be graded (%(purpose)s) from today on."
            " Approve one first: tierbot scheme approve NAME --from DATE, or say --yes"
        ),
        scheme=_name(life),
        purpose=life.purpose,
    )


def _lives(session: Session, today: date) -> list[Life]:
    steps = db.steps(session)
    held = {purpose: _of(steps, purpose) for purpose in grading.PURPOSES}
    purposes = {step.scheme_version_id: step.purpose for step in steps}
    found = []
    for row in db.versions(session):
        purpose = purposes.get(row.id or 0)
        if purpose is None:
            scheme = parse_scheme(row.content, source=_label(row))
            found.append(_draft(scheme, None))
            continue
        found.append(_life(row, purpose, steps, held[purpose], today))
    return found


def _life_of(session: Session, version_id: int, purpose: str, today: date) -> Life:
    row = session.get_one(SchemeVersion, version_id)
    steps = db.steps(session, purpose)
    return _life(row, purpose, steps, db.periods(steps), today)


def _life(
    row: SchemeVersion, purpose: str, steps: Iterable[SchemeStep], held: list[Period], today: date
) -> Life:
    own = [step for step in steps if step.scheme_version_id == row.id]
    if not own:
        return Life(name=row.name, version=row.version, sha256=row.sha256, purpose=purpose, state=DRAFT)
    newest = own[-1]
    periods = [period for period in held if period.scheme_version_id == row.id]
    present = next((period for period in periods if period.holds(today)), None)
    state = newest.state
    period = present
    if present is not None:
        state = IN_FORCE
    elif state == db.APPROVED:
        period = next((period for period in periods if period.start > today), None)
        if period is None:
            state, period = db.RETIRED, periods[-1] if periods else None
    elif state == db.RETIRED:
        period = periods[-1] if periods else None
    return Life(
        name=row.name,
        version=row.version,
        sha256=row.sha256,
        purpose=purpose,
        state=state,
        effective_from=period.start if period else newest.effective_from if state == db.SHADOW else None,
        until=period.until if period else None,
        by=newest.actor,
        at=newest.at,
        applies_to=json.loads(newest.applies_to or "{}"),
        place=period.place if period else None,
    )


def _of(steps: Iterable[SchemeStep], purpose: str) -> list[Period]:
    return db.periods(step for step in steps if step.purpose == purpose)


def _draft(scheme: Scheme, source: str | None) -> Life:
    return Life(
        name=scheme.scheme,
        version=scheme.version,
        sha256=scheme.sha256,
        purpose=schemes.purpose(scheme),
        state=DRAFT,
        source=source,
        applies_to=scheme.applies_to,
    )


def _held(session: Session, version_id: int) -> tuple[Held, ...]:
    return tuple(
        Held(as_of=run.as_of, customers=run.customers, movers=shadow.movers, problem=shadow.problem)
        for shadow, run in shadows.runs(session, version_id)
    )


def _asked(life: Life) -> tuple[object, ...]:
    """What is in force comes first, as it is asked."""
    purpose = grading.PURPOSES.index(life.purpose)
    present = life.state == IN_FORCE
    return (not present, purpose, present and life.place is None, (present and life.place) or 0)


def _labels(session: Session, held: Iterable[Period]) -> str:
    return ", ".join(_label(session.get_one(SchemeVersion, period.scheme_version_id)) for period in held)


def _label(row: SchemeVersion) -> str:
    return f"{row.name}@{row.version}"


def _name(life: Life) -> str:
    return f"{life.name}@{life.version}"


def _words(state: str) -> str:
    return {db.SHADOW: "in the shadow", IN_FORCE: "in force"}.get(state, state)
