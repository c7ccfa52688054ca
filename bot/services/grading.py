"""Grading runs: load, grade, write in chunks to an unpublished run, publish with its changes in one short transaction."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict
from bot.services import schemes, sources
from bot.services.schemes import Shelf
from db import customers
from db import facts as db_facts
from db import grading as db
from db.engine import Database
from grading.scheme import Scheme

if TYPE_CHECKING:
    from bot.frames import Book

CHUNK = 5_000
NO_TIER = ("new", "unrated")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One customer's effective tier moved."""

    customer_id: int
    before: str
    after: str
    score_before: float | None
    score_after: float | None
    held: bool = False


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


Tell = Callable[[Session, list[Change], "RunContext"], int]


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What the telling of changes needs to know of the run that made them."""

    run_id: int
    previous_run_id: int
    purpose: str
    as_of: date
    scheme_version_id: int
    now: datetime


def grade_book(
    database: Database,
    shelf: Shelf,
    *,
    for_purpose: str,
    as_of: date | None,
    today: date,
    now: datetime,
    tell: Tell,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> RunReport:
    """Grade every customer as of a day with the scheme in force, publish, and tell of changes.

    Without `as_of`: yesterday. The first live run of a purpose is silent, and so is a dry run, which writes nothing.
    Raises BadInput for a day before the last grading or in the future, NotReady without a scheme.
    """
    as_of = as_of or default_day(today)
    if as_of > today:
        raise BadInput(
            N_("As of %(as_of)s lies in the future; today is %(today)s."), as_of=as_of, today=today
        )
    with database.read() as session:
        version_id, scheme = schemes.in_force(session, shelf, for_purpose, as_of)
        last = db.last_published(session, for_purpose)
        if last is not None and as_of < last.as_of:
            raise BadInput(
                N_("The last grading is as of %(last)s; an earlier day cannot follow it."), last=last.as_of
            )
        book = load_book(session, scheme, as_of)
        previous = db.tiers_in_run(session, last.id or 0) if last else {}
    rows = _graded_rows(book, scheme, as_of, previous)
    changes = _changes(rows, previous)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["tier"]] = counts.get(row["tier"], 0) + 1
    run_id, told = None, 0
    if not dry_run:
        kind = "snapshot" if schemes.is_cadence_day(scheme.as_of, as_of) else "interim"
        run_id = _begin(database, for_purpose, kind, as_of, version_id, book.orders_through, now)
        for start in range(0, len(rows), CHUNK):
            with database.write() as session:
                db.add_assessments(
                    session, [{**row, "run_id": run_id} for row in rows[start : start + CHUNK]]
                )
            if progress:
                progress(min(start + CHUNK, len(rows)), len(rows))
        with database.write(alone="grading") as session:
            newest = db.last_published(session, for_purpose)
            if (newest.id if newest else None) != (last.id if last else None):
                raise Conflict(
                    N_("Another grading was published meanwhile; nothing of this one was. Run it again.")
                )
            db.publish(session, run_id, now, len(rows))
            if last is not None and last.id is not None:
                context = RunContext(
                    run_id=run_id,
                    previous_run_id=last.id,
                    purpose=for_purpose,
                    as_of=as_of,
                    scheme_version_id=version_id,
                    now=now,
                )
                told = tell(session, changes, context)
    return RunReport(
        run_id=run_id,
        purpose=for_purpose,
        kind="dry run" if dry_run else kind,
        as_of=as_of,
        scheme=scheme.scheme,
        scheme_version=scheme.version,
        customers=len(rows),
        tiers={tier: counts[tier] for tier in _in_order(scheme, counts)},
        changes=tuple(changes),
        told=told,
        silent=last is None,
        unreadable_facts=book.unreadable,
        orders_through=book.orders_through,
    )


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


def load_book(session: Session, scheme: Scheme, as_of: date) -> "Book":
    """Everything a scheme wants to know, as known on a day. Raises BadInput when orders are in another currency."""
    from bot.frames import book_frame  # pandas: only when something is graded

    _, _, currencies = db_facts.order_range(session)
    foreign = [
        (currency, count) for currency, count in currencies if scheme.currency and currency != scheme.currency
    ]
    if foreign:
        raise BadInput(
            N_(
                "The scheme %(scheme)s counts in %(wanted)s, but %(count)s orders are in %(found)s."
                " Make a scheme in that currency: tierbot scheme propose %(scheme)s --out my_scheme.yaml"
            ),
            scheme=scheme.scheme,
            wanted=scheme.currency,
            count=foreign[0][1],
            found=foreign[0][0],
        )
    recorded = db_facts.current_facts(session, fields=list(scheme.fields), as_of=as_of)
    return book_frame(sources.load_rows(session, scheme, as_of), recorded, scheme, as_of)


def grade_if_due(
    database: Database, shelf: Shelf, *, today: date, now: datetime, tell: Tell
) -> list[RunReport]:
    """Take the snapshots that should exist by now, one per purpose with a scheme in force."""
    reports = []
    for for_purpose in ("credit", "account", "prospect"):
        with database.read() as session:
            row = db.scheme_in_force(session, for_purpose, today)
            if row is None or row.id is None:
                continue
            day = schemes.last_cadence_day(shelf.scheme(session, row.id).as_of, today)
            last = db.last_published(session, for_purpose)
            # Without a first run by hand nothing is due: somebody looks at the first tiers before the bot talks.
            if last is None or last.as_of >= day or db.snapshot_exists(session, for_purpose, day):
                continue
        reports.append(
            grade_book(database, shelf, for_purpose=for_purpose, as_of=day, today=today, now=now, tell=tell)
        )
    return reports


def _graded_rows(
    book: "Book", scheme: Scheme, as_of: date, previous: dict[int, tuple[str, float | None, date]]
) -> list[dict[str, Any]]:
    from bot.frames import assessment_rows, input_texts
    from grading.scoring import grade

    rows = assessment_rows(grade(book.facts, scheme, as_of))
    tiers = {tier.id for tier in scheme.tiers}
    for row, inputs in zip(rows, input_texts(book.facts, scheme), strict=True):
        before = previous.get(row["customer_id"])
        row["held"] = row["tier"] == "unrated" and before is not None and before[0] in tiers
        if row["held"] and before is not None:
            row["tier"] = before[0]
        row["tier_since"] = before[2] if before is not None and before[0] == row["tier"] else as_of
        row["inputs"] = inputs
    return rows


def _changes(rows: list[dict[str, Any]], previous: dict[int, tuple[str, float | None, date]]) -> list[Change]:
    """Moves of effective tiers. A first rating is none, unless it blocks."""
    changes = []
    for row in rows:
        before = previous.get(row["customer_id"])
        if before is None or before[0] == row["tier"]:
            continue
        if row["tier"] != "blocked" and (before[0] in NO_TIER or row["tier"] in NO_TIER):
            continue
        changes.append(
            Change(
                customer_id=row["customer_id"],
                before=before[0],
                after=row["tier"],
                score_before=before[1],
                score_after=row["score"],
                held=row["held"],
            )
        )
    return changes


def _begin(
    database: Database,
    for_purpose: str,
    kind: str,
    as_of: date,
    version_id: int,
    orders_through: date | None,
    now: datetime,
) -> int:
    with database.write() as session:
        db.drop_unpublished(session, for_purpose, now - timedelta(hours=6))
        run = db.GradingRun(
            purpose=for_purpose,
            kind=kind,
            as_of=as_of,
            scheme_version_id=version_id,
            status="running",
            started_at=now,
            orders_through=orders_through,
        )
        session.add(run)
        session.flush()
        assert run.id is not None
        return run.id


def _in_order(scheme: Scheme, counts: dict[str, int]) -> list[str]:
    known = [tier.id for tier in scheme.tiers] + ["new", "unrated", "blocked"]
    return [tier for tier in known if tier in counts]
