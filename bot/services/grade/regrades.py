"""Interim re-grades of just those customers about whom something is new."""

from collections.abc import Sequence
from datetime import date, datetime

from bot.errors import Conflict
from bot.services.grade import book_pass
from bot.services.grade import runs as grading
from bot.services.grade.runs import CHUNK, Notify, RunReport
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db import processes
from db.book import imports
from db.engine import Database
from db.graded import overrides
from db.graded import runs as db
from db.graded.assessments import PREVIOUS_STATE, previous_rows_at

CURSOR = "regraded"  # the newest import whose customers have been looked at
CREDIT = "credit"  # the newest run of credit whose accounts have been looked at
EXPIRY = "expiry"  # who ended an override that nobody ended before its last day
TRIES = 3
CUSTOMER, *WHAT = (PREVIOUS_STATE.index(name) for name in ("customer_id", "tier", "overridden"))


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
    """Grade some customers as of today and put down those that are something else now, or were nothing yet.

    What crosses no boundary and is decided by nobody waits for the next snapshot. Told is what is a change; a first
    rating is none. None when there is nothing to put down, nobody has been graded yet, or a run of the whole book is
    under way: then the caller asks again later.
    """
    for _ in range(TRIES - 1):
        try:
            return _regrade(database, scheme_cache, customer_ids, for_purpose, today, now, notify)
        except Conflict:  # somebody published in between: look again
            continue
    return _regrade(database, scheme_cache, customer_ids, for_purpose, today, now, notify)


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
        if db.last_snapshot(session, for_purpose) is None or db.running(session, for_purpose):
            return None
        done = book_pass.look(
            session,
            scheme_cache,
            for_purpose=for_purpose,
            as_of=today,
            today=today,
            customer_ids=customer_ids,
        )
    were = {row[CUSTOMER]: [row[place] for place in WHAT] for row in done.past.newest}
    are = zip(
        done.columns["customer_id"], *(done.columns[PREVIOUS_STATE[place]] for place in WHAT), strict=True
    )
    done = done.only([place for place, (customer, *what) in enumerate(are) if were.get(customer) != what])
    if not done.customers:
        return None
    with database.write(lock="grading") as session:
        if db.running(session, for_purpose):
            return None
        grading.refuse_overtaken(session, done)
        run_id = grading.add_run(session, done, now, whole=False, published=True)
        db.add_assessments(session, run_id, done.columns)
        told = grading.notify_of(session, done, run_id, notify, now)
    return grading.report_of(done, run_id, told)


def regrade_touched(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Look at the customers that imports have brought orders, facts or activities for since the last look."""
    with database.read() as session:
        newest = imports.newest_batch(session)
        seen = int(processes.cursor(session, CURSOR) or 0)
        if newest <= seen:
            return []
        if any(db.running(session, purpose) for purpose in store.PURPOSES):
            return []
        touched = imports.customers_touched(session, after=seen)
    reports = _each(database, scheme_cache, touched, store.PURPOSES, today=today, now=now, notify=notify)
    with database.write() as session:
        # A run of the whole book that began meanwhile has sent some away: the next look takes them up again.
        if not any(db.running(session, purpose) for purpose in store.PURPOSES):
            processes.set_cursor(session, CURSOR, str(newest))
    return reports


def follow_credit(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> list[RunReport]:
    """Look at the accounts whose credit grade is another one since the last look: gates act at once."""
    with database.read() as session:
        newest = db.last_published(session, "credit")
        seen = int(processes.cursor(session, CREDIT) or 0)
        if newest is None or newest.id is None or newest.id <= seen or db.running(session, "account"):
            return []
        runs = [run for run in db.runs_behind(session, "credit", newest.id) if run > seen]
        present = {row[0]: row[1] for row in previous_rows_at(session, runs)}
        behind = db.runs_behind(session, "credit", seen)
        few = list(present) if len(present) <= CHUNK else None
        before = {row[0]: row[1] for row in previous_rows_at(session, behind, few)}
    changed = sorted(customer for customer, grade in present.items() if before.get(customer) != grade)
    reports = _each(database, scheme_cache, changed, ("account",), today=today, now=now, notify=notify)
    with database.write() as session:
        processes.set_cursor(session, CREDIT, str(newest.id))
    return reports


def end_overrides(
    database: Database, scheme_cache: SchemeCache, *, today: date, now: datetime, notify: Notify
) -> int:
    """End the overrides whose last day is over, and let the computed tiers take their place."""
    with database.read() as session:
        over = overrides.expired(session, today)
        if any(db.running(session, override.purpose) for override in over):
            return 0
    for override in over:
        with database.write() as session:
            row = session.get_one(overrides.Override, override.id)
            row.ended_at, row.ended_by = now, EXPIRY
            session.add(row)
    for purpose in {override.purpose for override in over}:
        ids = [override.customer_id for override in over if override.purpose == purpose]
        regrade(database, scheme_cache, ids, for_purpose=purpose, today=today, now=now, notify=notify)
    return len(over)


def _each(
    database: Database,
    scheme_cache: SchemeCache,
    customer_ids: list[int],
    purposes: Sequence[str],
    *,
    today: date,
    now: datetime,
    notify: Notify,
) -> list[RunReport]:
    reports = []
    for purpose in purposes:
        for start in range(0, len(customer_ids), CHUNK):
            report = regrade(
                database,
                scheme_cache,
                customer_ids[start : start + CHUNK],
                for_purpose=purpose,
                today=today,
                now=now,
                notify=notify,
            )
            if report is not None:
                reports.append(report)
    return reports
