"""The life of a scheme version: draft, shadow, approved from a day, retired. Decided by admins, stored as rows."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import combinations

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, NotFound, NotReady
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.schemes import status, store
from bot.services.schemes.currency import check_currency
from bot.services.schemes.status import VersionStatus
from bot.services.schemes.store import SchemeCache, SchemeFile, SchemeInForce
from db.audit import AuditAction, ObjectKind
from db.engine import Database
from db.graded import runs, schemes
from db.graded.schemes import SchemeState, SchemeVersion
from grading.scheme.model import Scheme
from grading.scheme.reader import parse_scheme


def start(
    session: Session, file: SchemeFile, actor: Actor, *, as_of: date, today: date, now: datetime
) -> int:
    """Put a scheme in force with the first grading; its version's id.

    Once there are gradings another version takes over only by `approve`: Conflict. A scheme that is in force already
    stays as it is, and where none is in force any more, this starts again. Nothing is stored for a scheme that could
    not grade the book: BadInput.
    """
    access.require(actor, Act.DECIDE_SCHEMES)
    purpose = store.purpose(file.scheme)
    version_id = store.record(session, file, now)
    held = schemes.in_force(session, purpose, as_of)
    others = version_id not in {period.scheme_version_id for period in held}
    if held and others and runs.last_published(session, purpose):
        raise Conflict(
            N_(
                "%(present)s grades by now (%(purpose)s). Another scheme takes over from a day that somebody decides:"
                " tierbot scheme approve NAME --from DATE. Who would move: tierbot scheme diff NAME"
            ),
            present=", ".join(
                status.label(session.get_one(SchemeVersion, period.scheme_version_id)) for period in held
            ),
            purpose=purpose,
        )
    if as_of > today:
        raise BadInput(
            N_("--as-of %(as_of)s lies in the future; today is %(today)s."), as_of=as_of, today=today
        )
    check_currency(session, file.scheme)
    store.put_in_force(session, file, actor=actor.name, effective_from=as_of, now=now)
    _check_coexistence(session, version_id, file.scheme, as_of)
    if others:
        record_step(session, actor, AuditAction.SCHEME_APPROVED, file.scheme, as_of)
    return version_id


def shadow(
    database: Database, actor: Actor, file: SchemeFile, *, today: date, now: datetime
) -> VersionStatus:
    """Grade every snapshot under this scheme too, from now on. Nobody is notified.

    Raises NotReady when no scheme is in force to compare with, Conflict when it is in force or in the shadow.
    """
    access.require(actor, Act.DECIDE_SCHEMES)
    purpose = store.purpose(file.scheme)
    with database.write(lock="schemes") as session:
        version_id = store.record(session, file, now)
        if not schemes.in_force(session, purpose, today):
            raise NotReady(
                N_(
                    "No scheme is in force for %(purpose)s, so there is nothing to run beside. Start with:"
                    " tierbot grade --scheme NAME"
                ),
                purpose=purpose,
            )
        life = status.life_of(session, version_id, purpose, today)
        if life.state in status.LIVE:
            words = {SchemeState.SHADOW: "in the shadow", SchemeState.IN_FORCE: "in force"}
            state = words.get(life.state, life.state)
            raise Conflict(N_("%(scheme)s is %(state)s already."), scheme=status.label(life), state=state)
        store.decide(
            session, version_id, file.scheme, SchemeState.SHADOW, actor=actor.name, start=today, now=now
        )
        record_step(session, actor, AuditAction.SCHEME_SHADOWED, file.scheme, today)
        return status.life_of(session, version_id, purpose, today)


def approve(
    database: Database,
    actor: Actor,
    file: SchemeFile,
    *,
    effective_from: date,
    today: date,
    now: datetime,
    place: int | None = None,
) -> VersionStatus:
    """Let a scheme grade from a business day on: it replaces its own earlier version and one for the same customers.

    It coexists with all others. `place` gives its order, the smallest first; a scheme for everybody is last. Raises
    BadInput for a day before the last snapshot or schemes that cannot coexist, Conflict when nothing would change.
    """
    access.require(actor, Act.DECIDE_SCHEMES)
    purpose = store.purpose(file.scheme)
    with database.write(lock="schemes") as session:
        last = runs.last_snapshot(session, purpose)
        if last is not None and effective_from < last.as_of:
            raise BadInput(
                N_(
                    "The last snapshot is as of %(last)s, and what was graded stays as it is. Name that day or a later"
                    " one with --from."
                ),
                last=last.as_of,
            )
        version_id = store.record(session, file, now)
        rules = store.rules_on(session, SchemeCache(), purpose, effective_from)
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
        store.decide(
            session,
            version_id,
            file.scheme,
            SchemeState.APPROVED,
            actor=actor.name,
            start=effective_from,
            now=now,
            place=store.next_place(file.scheme, rules) if place is None else place,
        )
        _check_coexistence(session, version_id, file.scheme, effective_from)
        record_step(session, actor, AuditAction.SCHEME_APPROVED, file.scheme, effective_from, rules)
        return status.life_of(session, version_id, purpose, today)


def retire(
    database: Database, actor: Actor, name: str, *, today: date, now: datetime, sure: bool = False
) -> VersionStatus:
    """End a scheme: out of the shadow, before its day, or out of force from today on.

    A scheme in force ends only when `sure` or when another one applies to all its customers: else nothing would grade
    them. Raises NotFound for a name that is not in use, BadInput when several versions of it are.
    """
    access.require(actor, Act.DECIDE_SCHEMES)
    with database.write(lock="schemes") as session:
        lives = [life for life in status.all_lives(session, today) if life.state in status.LIVE]
        wanted, number = status.split(name)
        named = [life for life in lives if life.name == wanted and number in (None, life.version)]
        if not named:
            raise NotFound(
                N_("No scheme %(name)s is in use. In use are: %(names)s."),
                name=name,
                names=", ".join(map(status.label, lives)) or "-",
            )
        if len(named) > 1:
            raise BadInput(
                N_("Several versions of %(name)s are in use. Name one: %(names)s."),
                name=name,
                names=", ".join(map(status.label, named)),
            )
        (life,) = named
        row = schemes.find_version(session, life.name, life.version)
        assert row is not None
        assert row.id is not None
        scheme = parse_scheme(row.content, source=status.label(row), published=True)
        in_force = life.state == SchemeState.IN_FORCE
        if in_force and not sure and not _is_covered(session, scheme, life.purpose, today):
            _refuse_to_end(life)
        store.decide(session, row.id, scheme, SchemeState.RETIRED, actor=actor.name, start=today, now=now)
        record_step(session, actor, AuditAction.SCHEME_RETIRED, scheme, today)
        return status.life_of(session, row.id, life.purpose, today)


def record_step(
    session: Session,
    actor: Actor,
    action: AuditAction,
    scheme: Scheme,
    start: date,
    rules: Sequence[SchemeInForce] = (),
) -> None:
    """Write a decision about a scheme to the audit; `rules` were in force on its day before."""
    replaced = [rule.scheme for rule in rules if store.replaces(scheme, rule.scheme)]
    actor.record(
        session,
        action,
        ObjectKind.SCHEME,
        f"{scheme.scheme}@{scheme.version}",
        before={"replaces": [f"{one.scheme}@{one.version}" for one in replaced]} if replaced else None,
        after={"from": start, "sha256": scheme.sha256},
    )


def _check_coexistence(session: Session, version_id: int, scheme: Scheme, start: date) -> None:
    """Raises BadInput where a version cannot coexist with the others of its purpose on some day from `start` on.

    They are graded in one run, so they share a cadence; no two have the same place; and one whose customers all fall to
    an earlier one would never grade.
    """
    scheme_cache, purpose = SchemeCache(), store.purpose(scheme)
    held = schemes.periods(schemes.steps(session, purpose))
    for day in sorted({start, *(period.start for period in held if period.start > start)}):
        for earlier, later in combinations(store.rules_on(session, scheme_cache, purpose, day), 2):
            if version_id not in (earlier.version_id, later.version_id):
                continue
            first, second = earlier.scheme, later.scheme
            words = {"first": first.scheme, "second": second.scheme, "day": day}
            if first.as_of != second.as_of:
                raise BadInput(
                    N_(
                        "%(first)s grades at %(one)s and %(second)s at %(other)s, but from %(day)s on they stand side by"
                        " side and are graded together. Give both the same as_of:."
                    ),
                    **words,
                    one=first.as_of,
                    other=second.as_of,
                )
            if earlier.place is not None and earlier.place == later.place:
                raise BadInput(
                    N_(
                        "%(first)s and %(second)s would both be asked at place %(place)s from %(day)s on. Choose another"
                        " with --place; tierbot scheme list shows those taken."
                    ),
                    **words,
                    place=earlier.place,
                )
            if first.covers(second):
                raise BadInput(
                    N_(
                        "%(first)s is asked before %(second)s and takes everybody it applies to, from %(day)s on. Ask"
                        " the narrower one first: --place with a smaller number."
                    ),
                    **words,
                )


def _is_covered(session: Session, scheme: Scheme, purpose: str, on: date) -> bool:
    """Whether another scheme in force applies to everybody that this one does."""
    rules = store.rules_on(session, SchemeCache(), purpose, on)
    return any(rule.scheme.covers(scheme) for rule in rules if rule.scheme.scheme != scheme.scheme)


def _refuse_to_end(life: VersionStatus) -> None:
    if life.until is not None:
        raise BadInput(
            N_(
                "%(scheme)s is in force until another takes over on %(until)s, and ends then by itself. To have no"
                " scheme until then: --yes"
            ),
            scheme=status.label(life),
            until=life.until,
        )
    raise BadInput(
        N_(
            "%(scheme)s has no successor: the customers it applies to would not be graded (%(purpose)s) from today on."
            " Approve one first: tierbot scheme approve NAME --from DATE, or say --yes"
        ),
        scheme=status.label(life),
        purpose=life.purpose,
    )
