"""The recurring pass of care planning: it notices what has changed, marks those customers, and plans the marked ones.

Each kind of change has a cursor, which moves on when everything it stands for is marked. When nothing has changed, a pass
is a few queries, whatever the size of the book.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog
from sqlmodel import Session

from bot.services.care import schedule
from bot.services.care.conditions import PROFILE
from bot.services.care.plan import SINCE, Anniversary
from bot.services.care.schedule import CareRules
from db import processes
from db.book import deputies, imports
from db.care import marks
from db.engine import Database, is_busy
from db.graded.runs import RunStatus

RUNS, IMPORTS, PEOPLE, PLAN = "care:runs", "care:imports", "care:people", "care:plan"
MOST = 100_000  # customers of one pass: the rest waits for the next, so that a pass ends
RANGE = 20_000  # ids of customers that one transaction marks
RETRY = timedelta(days=1)  # a customer whose planning failed

log = structlog.get_logger()


class Marking(NamedTuple):
    """Transactions that mark customers, and where a cursor stands after the last of them."""

    transactions: Sequence[Callable[[Session], None]]
    cursor: str
    value: str


def plan_changed(database: Database, rules: CareRules, now: datetime) -> int:
    """Plan the customers for whom something has changed, or the time has come; how many touches changed."""
    with database.read() as session:
        known = processes.cursors(session, "care:")
        found = [
            *_of_plan(session, rules, known),
            *_of_runs(session, known),
            *_of_imports(session, rules, known),
            *_of_people(session, known, now),
        ]
    for marking in found:
        for transaction in marking.transactions:
            database.retry(partial(_mark, database, transaction))
        with database.write() as session:
            processes.set_cursor(session, marking.cursor, marking.value)
    return _plan_marked(database, rules, now)


def has_planned(session: Session) -> bool:
    """Whether care of the book was planned before."""
    return PLAN in processes.cursors(session, "care:")


def _mark(database: Database, transaction: Callable[[Session], None]) -> None:
    with database.write() as session:
        transaction(session)


def _of_plan(session: Session, rules: CareRules, known: Mapping[str, str]) -> Iterator[Marking]:
    """The whole book, when the plans or the firm's working time are not those of the last pass."""
    if known.get(PLAN) != rules.fingerprint:
        last = marks.last_customer(session)
        ranges = [
            partial(marks.mark_between, after=after, until=after + RANGE) for after in range(0, last, RANGE)
        ]
        yield Marking(ranges, PLAN, rules.fingerprint)


def _of_runs(session: Session, known: Mapping[str, str]) -> Iterator[Marking]:
    """Customers that were graded since. A run that still runs is looked at again when it is published."""
    seen = json.loads(known.get(RUNS, "null"))
    found = marks.runs_since(session, seen["newest"] if seen else 0, seen["running"] if seen else ())
    running = [run.id for run in found if run.status == RunStatus.RUNNING]
    newest = max([run.id or 0 for run in found] + [seen["newest"] if seen else 0])
    value = json.dumps({"newest": newest, "running": running})
    if value == known.get(RUNS):
        return
    last = marks.last_customer(session)
    yield Marking(
        [
            partial(marks.mark_graded, run=run, after=after, until=after + RANGE)
            for run in found
            if seen and run.status == RunStatus.PUBLISHED
            for after in range(0, last, RANGE)
        ],
        RUNS,
        value,
    )


def _of_imports(session: Session, rules: CareRules, known: Mapping[str, str]) -> Iterator[Marking]:
    """Customers about whom imports brought contacts, contact people, owners, dates of anniversaries, profiles, or other columns of their own."""
    newest = imports.newest_batch(session)
    if (seen := known.get(IMPORTS)) == str(newest):
        return
    touched: list[int] = []
    if seen is not None:
        has_dates = any(
            isinstance(step, Anniversary) and step.of != SINCE
            for plan in rules.plans.plans
            for step in plan.all_steps
        )
        asks_profile = any(name.startswith(PROFILE) for plan in rules.plans.plans for name in plan.conditions)
        asked = [*(["fact"] if has_dates else []), *(["trait"] if asks_profile else [])]
        tables = {"activity", "ownership", "contact_person", "survey_score", *asked}
        touched = imports.customers_touched(session, after=int(seen), tables=tables)
    chunks = (touched[start : start + RANGE] for start in range(0, len(touched), RANGE))
    yield Marking([partial(_mark_some, customer_ids=chunk) for chunk in chunks], IMPORTS, str(newest))


def _mark_some(session: Session, customer_ids: Sequence[int]) -> None:
    marks.mark(session.connection(), customer_ids)


def _of_people(session: Session, known: Mapping[str, str], now: datetime) -> Iterator[Marking]:
    """The customers of people whose zone, working time, days off or deputies have changed, or whose deputy's days off."""
    rows: dict[str, list[object]] = {str(row.id): [row] for row in deputies.working_rows(session, None)}
    away: dict[int, list[object]] = defaultdict(list)
    for off in deputies.absences(session, None, now.date()):
        away[off.person_id].append(off)
        rows[str(off.person_id)].append(off)
    for period in deputies.periods(session, None, now):
        rows[str(period.person_id)] += [period, *away[period.deputy_id]]
    present = {person: zlib.crc32(repr(those).encode()) for person, those in sorted(rows.items())}
    value = json.dumps(present)
    if value == known.get(PEOPLE):
        return
    before = json.loads(known[PEOPLE]) if PEOPLE in known else present
    changed = [int(person) for person, those in present.items() if before.get(person) != those]
    yield Marking([partial(marks.mark_owned, owners=changed)] if changed else [], PEOPLE, value)


def _plan_marked(database: Database, rules: CareRules, now: datetime) -> int:
    changed, seen = 0, set[int]()
    while len(seen) < MOST:
        with database.read() as session:
            chunk = marks.due(session, now, schedule.CHUNK)
        chunk = [customer for customer in chunk if customer not in seen]
        if not chunk:
            break
        seen.update(chunk)
        changed += plan_each(database, rules, sorted(chunk), now)
    return changed


def plan_each(database: Database, rules: CareRules, customer_ids: Sequence[int], now: datetime) -> int:
    """Plan some customers in one transaction; when that fails, each in its own, so that one stops no other."""
    try:
        return database.retry(partial(schedule.plan_chunk, database, rules, customer_ids, now))
    except Exception as error:
        if is_busy(error) or not customer_ids:
            raise
        if len(customer_ids) == 1:
            log.error("care.customer_failed", customer=customer_ids[0], exc_info=error)
            with database.write() as session:
                marks.put_off(session, customer_ids[0], now + RETRY, type(error).__name__)
            return 0
    half = len(customer_ids) // 2
    return sum(plan_each(database, rules, part, now) for part in (customer_ids[:half], customer_ids[half:]))
