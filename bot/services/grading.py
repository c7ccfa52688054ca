"""Grading runs: load, grade, move, write in chunks to an unpublished run, publish with its changes in one short transaction."""

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict
from bot.services import allotting, assessing, causes, schemes, shadowing, sources, standings
from bot.services.assessing import NO_TIER, Change
from bot.services.schemes import Rule, Shelf
from bot.services.shadowing import Shadow
from bot.services.standings import Past
from db import customers, overrides, shadows
from db import grading as db
from db import schemes as db_schemes
from db.engine import Database
from db.grading import GradingRun
from grading.scheme import BLOCKED

CHUNK = 2_500  # rows of one transaction: others write in between
PURPOSES = ("credit", "account", "prospect")  # in the order they build on each other
ABANDONED = timedelta(hours=6)  # a run that is not published by then has lost its process
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did, or would do."""

    run_id: int | None
    purpose: str
    kind: str
    as_of: date
    scheme: str
    scheme_version: int
    customers: int
    tiers: dict[str, int]
    changes: tuple[Change, ...]
    told: int
    silent: bool
    unreadable_facts: int
    orders_through: date | None
    shadows: tuple[Shadow, ...] = ()
    schemes: dict[str, int] = field(default_factory=dict)  # name@version, in the order asked -> customers
    without_scheme: int = 0  # customers that none of them applies to


Tell = Callable[[Session, list[Change], "RunContext"], int]


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What the telling of changes needs to know of the run that made them."""

    run_id: int
    previous_run_id: int
    purpose: str
    as_of: date
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over a book (or some of its customers) before anything is written."""

    purpose: str
    kind: str  # snapshot | interim
    as_of: date
    snapshot: int
    rules: tuple[Rule, ...]  # in force, in the order in which they are asked
    last: GradingRun | None
    past: Past
    columns: dict[str, list[Any]]  # of assessments, without what only the run knows
    changes: list[Change]
    unreadable: int
    orders_through: date | None

    @property
    def customers(self) -> int:
        return len(self.columns["customer_id"])

    def only(self, places: list[int]) -> "Pass":
        """The same pass with some of its customers."""
        return replace(
            self, columns={name: [values[place] for place in places] for name, values in self.columns.items()}
        )


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is looked for: among millions of rows that are all needed it took a quarter of a run."""
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
    shelf: Shelf,
    *,
    for_purpose: str,
    as_of: date | None,
    today: date,
    now: datetime,
    tell: Tell | None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> RunReport:
    """Grade every customer as of a day with the scheme in force, publish, and tell of changes.

    A day of the scheme's cadence is a snapshot, and so is the very first run; any other day, or the same day once
    more, is interim: it goes by the movement state of the last snapshot and leaves it as it is. Without `as_of`:
    yesterday, or the day of the newest grading. Tiers set by hand are those that hold today. The first live run of a purpose is silent, and so is one without `tell`; a dry run writes nothing.
    A snapshot is graded under the schemes in the shadow too (`shadowing`). The same day once more puts down only what
    is something else now.
    Raises BadInput for a day before the last grading or in the future, NotReady without a scheme.
    """
    with database.read() as session:
        done = look(session, shelf, for_purpose=for_purpose, as_of=as_of, today=today)
        looked: tuple[Shadow, ...] = ()
        if done.kind == "snapshot":
            looked = shadowing.look(session, shelf, done.purpose, done.rules, done.as_of)
        news = _news_of(session, done)
    run_id, told = None, 0
    if not dry_run:
        run_id = begin(database, news, now, whole=news is done)
        for start in range(0, news.customers, CHUNK):
            chunk = {name: values[start : start + CHUNK] for name, values in news.columns.items()}
            with database.write() as session:
                db.add_assessments(session, run_id, chunk)
            if progress:
                progress(min(start + CHUNK, news.customers), news.customers)
        shadowing.put_down(database, looked, run_id)
        with database.write(alone="grading") as session:
            told = publish(session, news, run_id, tell, now)
    return replace(report_of(done, run_id, told), shadows=looked)


def look(
    session: Session,
    shelf: Shelf,
    *,
    for_purpose: str,
    as_of: date | None,
    today: date,
    customer_ids: Sequence[int] | None = None,
) -> Pass:
    """Grade the book, or some customers as an interim, and say what would change."""
    day = as_of or default_day(today)
    if day > today:
        raise BadInput(N_("As of %(as_of)s lies in the future; today is %(today)s."), as_of=day, today=today)
    last = db.last_published(session, for_purpose)
    snapshot = db.last_snapshot(session, for_purpose)
    rules = schemes.in_force(session, shelf, for_purpose, day)
    # Those side by side share one cadence: `scheme approve` sees to it. A day that is not over is no snapshot but the first.
    cadence = rules[0].scheme.as_of
    due = snapshot is None or (schemes.is_cadence_day(cadence, day) and snapshot.as_of < day < today)
    if as_of is None and not due and last is not None and day < last.as_of:
        day = last.as_of
        rules = schemes.in_force(session, shelf, for_purpose, day)
    # What is due may come a night late, when news of a day after it have been graded already.
    newest = snapshot if due else last
    if newest is not None and day < newest.as_of:
        raise BadInput(
            N_("The last grading is as of %(last)s; an earlier day cannot follow it."), last=newest.as_of
        )
    kind = "snapshot" if due and customer_ids is None else "interim"
    number = 1 if snapshot is None else snapshot.snapshot + 1
    past = standings.past_of(session, last, snapshot, customer_ids)
    allotted = allotting.allot(session, rules, customer_ids)
    chosen = overrides.holding(session, for_purpose, today, customer_ids)
    parts: list[dict[str, list[Any]]] = []
    changes: list[Change] = []
    books = []
    for rule, theirs in allotted.shares:
        scheme, version_id = rule.scheme, rule.version_id
        book = sources.load_book(session, scheme, day, theirs)
        before = standings.columns_of(past, scheme, theirs)
        columns = assessing.assess(
            book.columns,
            book.customers,
            scheme,
            day,
            before,
            version_id=version_id,
            snapshot=number,
            interim=kind == "interim",
            chosen=chosen,
        )
        moved = assessing.changes_of(session, shelf, columns, before, scheme)
        found = causes.find_causes(
            session,
            shelf,
            {change.customer_id: change.before for change in moved},
            columns,
            before,
            version_id=version_id,
            past=past,
            snapshot=number,
            as_of=day,
            interim=kind == "interim",
            chosen=chosen,
        )
        parts.append(columns)
        books.append(book)
        changes += [replace(change, cause=found.get(change.customer_id, change.cause)) for change in moved]
    if allotted.nobodys:
        parts.append(assessing.unallotted(allotted.nobodys, past.newest, day))
    return Pass(
        purpose=for_purpose,
        kind=kind,
        as_of=day,
        snapshot=number,
        rules=rules,
        last=last,
        past=past,
        columns=assessing.joined(parts),
        changes=sorted(changes, key=lambda change: change.customer_id),
        unreadable=sum(book.unreadable for book in books),
        orders_through=max((book.orders_through for book in books if book.orders_through), default=None),
    )


def _news_of(session: Session, done: Pass) -> Pass:
    """A pass without the customers whose newest row is of this very day and holds the same; itself on a new day."""
    if done.kind == "snapshot" or done.last is None:
        return done
    behind = db.runs_behind(session, done.purpose, done.last.id)
    if db.days_of(session, behind) != {done.as_of}:
        return done
    stored = db.contents_at(session, behind)
    rows = zip(*(done.columns[name] for name in db.CONTENT), strict=True)
    return done.only([place for place, row in enumerate(rows) if stored.get(row[0]) != row])


def begin(database: Database, done: Pass, now: datetime, *, whole: bool) -> int:
    """Put down an unpublished run; its id."""
    with database.write() as session:
        shadows.drop_unpublished(session, done.purpose, now - ABANDONED)
        db.drop_unpublished(session, done.purpose, now - ABANDONED)
        return add_run(session, done, now, whole=whole)


def add_run(session: Session, done: Pass, now: datetime, *, whole: bool, published: bool = False) -> int:
    """Put down a run; its id. One that is complete when its transaction ends needs no publishing of its own."""
    run = GradingRun(
        purpose=done.purpose,
        kind=done.kind,
        as_of=done.as_of,
        scheme_version_id=done.rules[0].version_id,
        beside=json.dumps([rule.version_id for rule in done.rules[1:]]) if done.rules[1:] else None,
        status="published" if published else "running",
        started_at=now,
        published_at=now if published else None,
        customers=done.customers if published else 0,
        orders_through=done.orders_through,
        snapshot=done.snapshot,
        whole=whole,
    )
    session.add(run)
    session.flush()
    assert run.id is not None
    return run.id


def publish(session: Session, done: Pass, run_id: int, tell: Tell | None, now: datetime) -> int:
    """Make a run count and tell of its changes; how many messages. Raises Conflict when another came first."""
    refuse_overtaken(session, done)
    db.publish(session, run_id, now, done.customers)
    return tell_of(session, done, run_id, tell, now)


def refuse_overtaken(session: Session, done: Pass) -> None:
    """Raises Conflict when another run was published since the pass looked."""
    if db.newest_run(session, done.purpose) != (done.last.id if done.last else 0):
        raise Conflict(N_("Another grading was published meanwhile; nothing of this one was. Run it again."))


def tell_of(session: Session, done: Pass, run_id: int, tell: Tell | None, now: datetime) -> int:
    """Tell of the changes of a run that counts now; how many messages."""
    if done.last is None or done.last.id is None or tell is None:
        return 0
    context = RunContext(
        run_id=run_id,
        previous_run_id=done.last.id,
        purpose=done.purpose,
        as_of=done.as_of,
        now=now,
    )
    return tell(session, done.changes, context)


def report_of(done: Pass, run_id: int | None, told: int) -> RunReport:
    counts = Counter(done.columns["tier"])
    tiers = dict.fromkeys(tier.id for rule in done.rules for tier in rule.scheme.tiers)
    known = [*tiers, *NO_TIER, BLOCKED]
    first = done.rules[0].scheme
    return RunReport(
        run_id=run_id,
        purpose=done.purpose,
        kind="dry run" if run_id is None else done.kind,
        as_of=done.as_of,
        scheme=first.scheme,
        scheme_version=first.version,
        schemes=_graded_by(done),
        without_scheme=done.columns["scheme_version_id"].count(None),
        customers=done.customers,
        tiers={tier: counts[tier] for tier in known if tier in counts},
        changes=tuple(done.changes),
        told=told,
        silent=done.last is None,
        unreadable_facts=done.unreadable,
        orders_through=done.orders_through,
    )


def _graded_by(done: Pass) -> dict[str, int]:
    counts = Counter(done.columns["scheme_version_id"])
    return {f"{rule.scheme.scheme}@{rule.scheme.version}": counts[rule.version_id] for rule in done.rules}


def default_day(today: date) -> date:
    """The day a grading is as of when nobody says: yesterday, the last day that is over."""
    return today - timedelta(days=1)


def report_json(report: RunReport) -> dict[str, Any]:
    """A report for scripts."""
    return {**asdict(report), "as_of": str(report.as_of), "orders_through": str(report.orders_through or "")}


def named_changes(database: Database, report: RunReport) -> list[tuple[str, str, str]]:
    """(customer's code and name, from, to) of a report's changes."""
    with database.read() as session:
        found = []
        for change in report.changes:
            customer = customers.get(session, change.customer_id)
            label = f"{customer.code} {customer.name}" if customer else str(change.customer_id)
            found.append((label, change.before, change.after))
        return found


def grade_if_due(
    database: Database, shelf: Shelf, *, today: date, now: datetime, tell: Tell
) -> list[RunReport]:
    """Take the snapshots that should exist by now, one per purpose with a scheme in force."""
    reports = []
    for for_purpose in PURPOSES:
        with database.read() as session:
            held = db_schemes.in_force(session, for_purpose, today)
            if not held:
                continue
            day = schemes.last_cadence_day(shelf.scheme(session, held[0].scheme_version_id).as_of, today)
            # Without a first run by hand nothing is due: somebody looks at the first tiers before the bot talks.
            last = db.last_snapshot(session, for_purpose)
            if last is None or last.as_of >= day:
                continue
        reports.append(
            grade_book(database, shelf, for_purpose=for_purpose, as_of=day, today=today, now=now, tell=tell)
        )
    return reports
