"""Interim re-grades of only those customers about whom something is new."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from bot.errors import Conflict
from bot.services.grade import book_pass
from bot.services.grade import figures as account_figures
from bot.services.grade import runs as grading
from bot.services.grade.runs import CHUNK, Notify, RunReport
from bot.services.schemes.store import SchemeCache
from db import audit, processes
from db.audit import AuditAction, AuditActor, Door, ObjectKind
from db.book import imports
from db.engine import Database
from db.graded import due_regrades, figures, overrides, runs
from db.graded.assessments import PREVIOUS_STATE, previous_rows_at
from db.graded.runs import Purpose

CURSOR = "regraded"  # the newest import whose customers have been re-graded
CREDIT = "credit"  # the newest run of credit whose accounts have been re-graded
EXPIRY = "expiry"  # who ended an override that nobody ended before its last day
TRIES = 3
COMPARED = ("customer_id", "tier", "overridden")


def regrade(
    database: Database,
    scheme_cache: SchemeCache,
    customer_ids: Sequence[int],
    *,
    for_purpose: str,
    today: date,
    now: datetime,
    notify: Notify | None,
) -> RunReport | None:
    """Grade some customers as of today and store those with another tier or override than before, or none before.

    A score that crosses no boundary waits for the next snapshot. Notifies of changes; a first rating is none. None when
    nothing differs, nobody has been graded yet, or a run of the whole book is running: then the caller tries again later.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _regrade(database, scheme_cache, customer_ids, for_purpose, today, now, notify)
        except Conflict:  # another run was published in between
            if not tries_left:
                raise
    return None


def _regrade(
    database: Database,
    scheme_cache: SchemeCache,
    customer_ids: Sequence[int],
    for_purpose: str,
    today: date,
    now: datetime,
    notify: Notify | None,
) -> RunReport | None:
    with database.read() as session:
        if runs.last_snapshot(session, for_purpose) is None or runs.is_running(session, for_purpose):
            return None
        done = book_pass.prepare(
            session,
            scheme_cache,
            for_purpose=for_purpose,
            as_of=today,
            today=today,
            customer_ids=customer_ids,
        )
    places = [PREVIOUS_STATE.index(name) for name in COMPARED]
    before = {tuple(row[place] for place in places) for row in done.step.past.newest}
    after = zip(*(done.columns[name] for name in COMPARED), strict=True)
    done = done.only([place for place, row in enumerate(after) if row not in before])
    if not done.customers:
        return None
    with database.write(lock="grading") as session:
        if runs.is_running(session, for_purpose):
            return None
        grading.refuse_overtaken(session, done)
        run_id = grading.add_run(session, done, now, whole=False, published=True)
        runs.add_assessments(session, run_id, done.columns)
        told = grading.notify_of(session, done, run_id, notify, now)
    return grading.report_of(done, run_id, told)


def regrade_each(
    database: Database,
    scheme_cache: SchemeCache,
    customer_ids: Sequence[int],
    purposes: Iterable[str],
    *,
    today: date,
    now: datetime,
    notify: Notify,
) -> list[RunReport]:
    """`regrade` for any number of customers, in chunks, for each purpose."""
    reports = (
        regrade(
            database,
            scheme_cache,
            customer_ids[start : start + CHUNK],
            for_purpose=purpose,
            today=today,
            now=now,
            notify=notify,
        )
        for purpose in purposes
        for start in range(0, len(customer_ids), CHUNK)
    )
    return [report for report in reports if report is not None]


def regrade_touched(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Re-grade the customers that imports have brought orders, facts or activities for since the last time."""
    with database.read() as session:
        newest = imports.newest_batch(session)
        seen = int(processes.cursor(session, CURSOR) or 0)
        if newest <= seen or any(runs.is_running(session, purpose) for purpose in Purpose):
            return []
        touched = imports.customers_touched(session, after=seen)
        moved = figures.moved_from(session, seen)
    reports = regrade_each(database, scheme_cache, touched, Purpose, today=today, now=now, notify=notify)
    account_figures.write_some(database, scheme_cache, sorted({*touched, *moved}), today)
    with database.write() as session:
        # A run of the whole book that started meanwhile has refused some: the next call takes them again.
        if not any(runs.is_running(session, purpose) for purpose in Purpose):
            processes.set_cursor(session, CURSOR, str(newest))
    return reports


def regrade_marked(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Re-grade the customers of whom a person has recorded a complaint, survey score or fact, or taken one back, since then."""
    with database.read() as session:
        marks = due_regrades.marked(session)
        if not marks or any(runs.is_running(session, purpose) for purpose in Purpose):
            return []
    reports = regrade_each(
        database, scheme_cache, sorted(marks), Purpose, today=today, now=now, notify=notify
    )
    with database.write() as session:
        # A run of the whole book that started meanwhile has refused some: the next call takes them again.
        if not any(runs.is_running(session, purpose) for purpose in Purpose):
            due_regrades.unmark(session, marks)
    return reports


def follow_credit(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Re-grade the accounts whose credit grade has changed since the last time: gates act at once."""
    with database.read() as session:
        newest = runs.last_published(session, Purpose.CREDIT)
        seen = int(processes.cursor(session, CREDIT) or 0)
        if newest is None or newest.id is None or newest.id <= seen:
            return []
        if runs.is_running(session, Purpose.ACCOUNT):
            return []
        behind = runs.runs_behind(session, Purpose.CREDIT, newest.id)
        present = {row[0]: row[1] for row in previous_rows_at(session, [run for run in behind if run > seen])}
        few = list(present) if len(present) <= CHUNK else None
        behind = runs.runs_behind(session, Purpose.CREDIT, seen)
        before = {row[0]: row[1] for row in previous_rows_at(session, behind, few)}
    changed = sorted(customer for customer, grade in present.items() if before.get(customer) != grade)
    reports = regrade_each(
        database, scheme_cache, changed, [Purpose.ACCOUNT], today=today, now=now, notify=notify
    )
    with database.write() as session:
        processes.set_cursor(session, CREDIT, str(newest.id))
    return reports


def end_overrides(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> int:
    """End the overrides whose last day is over, so that the computed tiers count again; how many."""
    with database.read() as session:
        over = overrides.expired(session, today)
        if any(runs.is_running(session, override.purpose) for override in over):
            return 0
    for override in over:
        with database.write() as session:
            row = session.get_one(overrides.Override, override.id)
            row.ended_at, row.ended_by = now, EXPIRY
            session.add(row)
            audit.record(
                session,
                actor=AuditActor(),
                action=AuditAction.OVERRIDE_ENDED,
                object_kind=ObjectKind.CUSTOMER,
                object_id=row.customer_id,
                door=Door.JOB,
                before={"tier": row.tier, "until": row.expires_on},
            )
    for purpose in {override.purpose for override in over}:
        ids = [override.customer_id for override in over if override.purpose == purpose]
        regrade(database, scheme_cache, ids, for_purpose=purpose, today=today, now=now, notify=notify)
    return len(over)
