"""Grading runs: load, grade, move, write in chunks to an unpublished run, publish with its changes in one short transaction."""

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, Conflict
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.grade import book_pass, figures, shadow
from bot.services.grade.assessment import NO_TIER, TierChange
from bot.services.grade.book_pass import Pass
from bot.services.grade.shadow import Shadow
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db import audit
from db.audit import AuditAction, AuditActor, Door, ObjectKind
from db.book import customers
from db.engine import Database
from db.graded import retention, runs, schemes, shadows
from db.graded.runs import GradingRun, Purpose, RunKind, RunStatus
from grading.indicators.sources import EDITION
from grading.scheme.model import BLOCKED

CHUNK = 2_500  # rows of one transaction: others write in between
CHUNK_DELETED = 5_000
ABANDONED = timedelta(hours=6)  # a run that is not published by then has lost its process
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did, or would do."""

    run_id: int | None
    purpose: str
    kind: str  # RunKind, or "dry run"
    as_of: date
    scheme: str
    scheme_version: int
    customers: int
    tiers: dict[str, int]
    changes: tuple[TierChange, ...]
    told: int
    silent: bool
    unreadable_facts: int
    orders_through: date | None
    shadows: tuple[Shadow, ...] = ()
    schemes: dict[str, int] = field(default_factory=dict)  # name@version, in their order -> customers
    without_scheme: int = 0  # customers that none of them applies to


Notify = Callable[[Session, list[TierChange], "RunContext"], int]


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """The run that made changes, for those who notify of them."""

    run_id: int
    previous_run_id: int
    purpose: str
    as_of: date
    now: datetime


@contextmanager
def uncollected() -> Iterator[None]:
    """Turn garbage collection off: with millions of live rows it took a quarter of a run."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@uncollected()
def grade_book(
    database: Database,
    scheme_cache: SchemeCache,
    *,
    for_purpose: str,
    as_of: date | None,
    today: date,
    now: datetime,
    notify: Notify | None,
    actor: Actor | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> RunReport:
    """Grade every customer as of a day with the scheme in force, publish, and notify of changes.

    A day of the scheme's cadence is a snapshot, and so is the very first run; any other day, or the same day once
    more, is an interim run: it starts from the movement state of the last snapshot and leaves it as it is. Without
    `as_of`: yesterday, or the day of the newest grading. Overrides are those that hold today. The first live run of a
    purpose is silent, and so is one without `notify`; a dry run writes nothing. A snapshot is graded under the schemes
    in the shadow too. The same day once more writes only the assessments that differ. `actor` is who asked for it;
    None for a job.
    Raises BadInput for a day before the last grading or in the future, NotReady without a scheme.
    """
    if actor is not None:
        access.require(actor, Act.GRADE)
    with database.read() as session:
        done = book_pass.prepare(session, scheme_cache, for_purpose=for_purpose, as_of=as_of, today=today)
        in_shadow: tuple[Shadow, ...] = ()
        if done.kind == RunKind.SNAPSHOT:
            in_shadow = shadow.grade_shadows(session, scheme_cache, done.purpose, done.rules, done.step.as_of)
        news = done if dry_run else book_pass.leave_out_same(session, done)
    run_id, told = None, 0
    if not dry_run:
        with database.write() as session:
            shadows.delete_abandoned(session, done.purpose, now - ABANDONED)
            runs.delete_abandoned(session, done.purpose, now - ABANDONED)
            run_id = add_run(session, news, now, whole=news is done)
        for start in range(0, news.customers, CHUNK):
            chunk = {name: values[start : start + CHUNK] for name, values in news.columns.items()}
            with database.write() as session:
                runs.add_assessments(session, run_id, chunk)
            if progress:
                progress(min(start + CHUNK, news.customers), news.customers)
        shadow.write(database, in_shadow, run_id)
        with database.write(lock="grading") as session:
            refuse_overtaken(session, news)
            runs.publish(session, run_id, now, news.customers)
            told = notify_of(session, news, run_id, notify, now)
            if done.purpose == Purpose.ACCOUNT:
                figures.mark_due(session, run_id)
            audit.record(
                session,
                actor=actor.who if actor else AuditActor(),
                action=AuditAction.GRADING_PUBLISHED,
                object_kind=ObjectKind.GRADING,
                object_id=run_id,
                door=actor.door if actor else Door.JOB,
                after={
                    "purpose": done.purpose,
                    "as_of": done.step.as_of,
                    "schemes": [f"{rule.scheme.scheme}@{rule.scheme.version}" for rule in done.rules],
                    "changes": len(done.changes),
                },
            )
        if done.purpose == Purpose.ACCOUNT:
            figures.write_book(database, scheme_cache, today)
    return replace(report_of(done, run_id, told), shadows=in_shadow)


def add_run(session: Session, done: Pass, now: datetime, *, whole: bool, published: bool = False) -> int:
    """Insert a run; its id. One that is complete when its transaction ends is published from the start."""
    run = GradingRun(
        purpose=done.purpose,
        kind=done.kind,
        as_of=done.step.as_of,
        scheme_version_id=done.rules[0].version_id,
        beside=json.dumps([rule.version_id for rule in done.rules[1:]]) if done.rules[1:] else None,
        status=RunStatus.PUBLISHED if published else RunStatus.RUNNING,
        started_at=now,
        published_at=now if published else None,
        customers=done.customers if published else 0,
        orders_through=done.orders_through,
        snapshot=done.step.snapshot,
        whole=whole,
        edition=EDITION,
    )
    session.add(run)
    session.flush()
    assert run.id is not None
    return run.id


def refuse_overtaken(session: Session, done: Pass) -> None:
    """Raises Conflict when another run was published since the pass was prepared."""
    newest = runs.last_published(session, done.purpose)
    if (newest.id if newest else None) != (done.last.id if done.last else None):
        raise Conflict(N_("Another grading was published meanwhile; nothing of this one was. Run it again."))


def notify_of(session: Session, done: Pass, run_id: int, notify: Notify | None, now: datetime) -> int:
    """Notify of the changes of a run that counts now; how many messages."""
    if done.last is None or done.last.id is None or notify is None:
        return 0
    context = RunContext(
        run_id=run_id, previous_run_id=done.last.id, purpose=done.purpose, as_of=done.step.as_of, now=now
    )
    return notify(session, done.changes, context)


def report_of(done: Pass, run_id: int | None, told: int) -> RunReport:
    """The report of a pass that was written as a run, or was not."""
    counts = Counter(done.columns["tier"])
    by_version = Counter(done.columns["scheme_version_id"])
    tiers = dict.fromkeys(tier.id for rule in done.rules for tier in rule.scheme.tiers)
    first = done.rules[0].scheme
    return RunReport(
        run_id=run_id,
        purpose=done.purpose,
        kind="dry run" if run_id is None else done.kind,
        as_of=done.step.as_of,
        scheme=first.scheme,
        scheme_version=first.version,
        schemes={
            f"{rule.scheme.scheme}@{rule.scheme.version}": by_version[rule.version_id] for rule in done.rules
        },
        without_scheme=by_version[None],
        customers=done.customers,
        tiers={tier: counts[tier] for tier in (*tiers, *NO_TIER, BLOCKED) if tier in counts},
        changes=tuple(done.changes),
        told=told,
        silent=done.last is None,
        unreadable_facts=done.unreadable,
        orders_through=done.orders_through,
    )


def named_changes(database: Database, report: RunReport) -> list[tuple[str, str, str]]:
    """(customer's code and name, from, to) of a report's changes."""
    found = []
    with database.read() as session:
        for change in report.changes:
            customer = customers.get(session, change.customer_id)
            label = f"{customer.code} {customer.name}" if customer else str(change.customer_id)
            found.append((label, change.before, change.after))
    return found


def grade_if_due(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Take the snapshots that are due, one per purpose with a scheme in force.

    Without a first run by hand none is due: somebody reviews the first tiers before the bot notifies anybody.
    """
    reports = []
    for purpose in Purpose:
        with database.read() as session:
            held = schemes.in_force(session, purpose, today)
            last = runs.last_snapshot(session, purpose)
            if not held or last is None:
                continue
            day = store.last_cadence_day(scheme_cache.scheme(session, held[0].scheme_version_id).as_of, today)
        if last.as_of < day:
            reports.append(
                grade_book(
                    database,
                    scheme_cache,
                    for_purpose=purpose,
                    as_of=day,
                    today=today,
                    now=now,
                    notify=notify,
                )
            )
    return reports


def delete_old(database: Database, before: date) -> int:
    """Delete the assessments of runs that nothing from a day on depends on; how many. If interrupted, call it again."""
    with database.write() as session:
        retention.drop_runs(session, before)
    done = 0
    while True:
        with database.write() as session:
            deleted = retention.delete_dropped(session, CHUNK_DELETED)
        done += deleted
        if deleted < CHUNK_DELETED:
            return done
