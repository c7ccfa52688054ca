"""Recomputing stored assessments from their own rows: whatever differs is said, nothing is mended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date
from bot.services.grade import previous
from bot.services.grade.assessment import assess
from bot.services.grade.runs import CHUNK
from bot.services.schemes.store import SchemeCache
from db.book import customers, order_totals
from db.engine import Database
from db.graded import assessments, overrides, retention
from db.graded import runs as db
from db.graded.runs import GradingRun
from db.graded.schemes import SchemeVersion
from grading.scheme.model import Scheme
from grading.scheme.problems import SchemeError

MOST_LISTED = 100
# What the inputs alone decide. The rest needs what the customer was before, too.
BY_INPUTS = ("exact_score", "score", "computed_tier", "coverage", "low", "high", "certain", "inputs")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One stored value that its row does not come to."""

    customer: str  # its code; empty when it is about a scheme
    as_of: date
    run_id: int
    what: str  # column of the assessment, or `scheme`
    stored: Any
    computed: Any


@dataclass(kw_only=True)
class Verified:
    """What was recomputed. `differing` counts assessments; `differences` lists values, the first hundred."""

    assessments: int = 0
    without_state: int = 0  # of them, those whose earlier runs are gone: only what the inputs alone decide
    differing: int = 0
    differences: list[Mismatch] = field(default_factory=list)
    totals: list[order_totals.Discrepancy] = field(default_factory=list)
    bytes_each: float | None = None  # what a stored assessment takes up, indexes included


def verify(
    database: Database,
    scheme_cache: SchemeCache,
    zone: ZoneInfo,
    customer_id: int | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Recompute the assessments of every published run, or one customer's, with the grading function.

    Facts are those of the row, rules those of the run, what the customer was comes from the runs before, and what was
    set by hand held on the day, in the firm's `zone`, on which the run was begun. Values must be the same to the last bit. Works through a run in chunks, each read by itself. Without a customer, the kept
    totals of orders are compared with the orders, too.
    """
    found = Verified()
    with database.read() as session:
        if customer_id is None:
            found.totals = order_totals.discrepancies(session)
            found.bytes_each = retention.bytes_each(session)
        runs = db.published_runs(session)
    for number, run in enumerate(runs):
        after = 0
        while after >= 0:
            with database.read() as session:
                after = _chunk(session, scheme_cache, zone, run, runs[:number], after, customer_id, found)
        if progress:
            progress(number + 1, len(runs))
    return found


def _chunk(
    session: Session,
    scheme_cache: SchemeCache,
    zone: ZoneInfo,
    run: GradingRun,
    earlier: list[GradingRun],
    after: int,
    customer_id: int | None,
    found: Verified,
) -> int:
    """Verify the next customers of a run; the last one's id, or -1 when there are no more."""
    assert run.id is not None
    rows = assessments.assessments_of(session, run.id, after=after, limit=CHUNK, customer_id=customer_id)
    if not rows:
        return -1
    found.assessments += len(rows)
    by_version: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        if row["scheme_version_id"] is not None:  # where no scheme applied nothing was computed
            by_version.setdefault(row["scheme_version_id"], []).append(row)
    for version_id, graded in by_version.items():
        _compare(session, scheme_cache, zone, run, earlier, version_id, graded, found)
    return int(rows[-1]["customer_id"])


def _compare(
    session: Session,
    scheme_cache: SchemeCache,
    zone: ZoneInfo,
    run: GradingRun,
    earlier: list[GradingRun],
    version_id: int,
    rows: list[dict[str, Any]],
    found: Verified,
) -> None:
    """Recompute rows of one run that one version graded, and note what differs."""
    scheme, broken = _scheme(session, scheme_cache, version_id)
    if scheme is None:
        found.differing += len(rows)
        _list(
            found,
            [Mismatch(**_where(run), customer="", what="scheme", stored=broken[0], computed=broken[1])],
        )
        return
    computed, complete = _recompute(session, zone, run, earlier, version_id, scheme, rows)
    found.without_state += 0 if complete else len(rows)
    wrong = []
    for row in rows:
        again = computed.get(row["customer_id"], {"inputs": None})
        different = [
            (name, row[name], value)
            for name, value in again.items()
            if row[name] != value and (complete or name in BY_INPUTS)
        ]
        if different:
            found.differing += 1
            wrong.append((row["customer_id"], different))
    named = customers.get_many(session, [customer for customer, _ in wrong[:MOST_LISTED]])
    for customer, different in wrong[:MOST_LISTED]:
        _list(
            found,
            [
                Mismatch(**_where(run), customer=named[customer].code, what=what, stored=old, computed=new)
                for what, old, new in different
            ],
        )


def _recompute(
    session: Session,
    zone: ZoneInfo,
    run: GradingRun,
    earlier: list[GradingRun],
    version_id: int,
    scheme: Scheme,
    rows: list[dict[str, Any]],
) -> tuple[dict[int, dict[str, Any]], bool]:
    """(customer -> its row once more, whether what it was before is known). Unreadable inputs are left out."""
    import numpy as np

    from grading.engine.inputs import unpack

    ids = [row["customer_id"] for row in rows]
    inputs = {row["customer_id"]: row["inputs"] for row in rows}
    try:
        facts = unpack(list(inputs.values()), scheme)
    except ValueError:
        inputs = {customer: text for customer, text in inputs.items() if _readable(text, scheme)}
        facts = unpack(list(inputs.values()), scheme)
    before = [other for other in earlier if other.purpose == run.purpose]
    last = before[-1] if before else None
    complete = (
        bool(db.runs_behind(session, run.purpose, last.id))
        if last is not None
        else run.kind == "snapshot" and run.snapshot == 1
    )
    snapshot = next((other for other in reversed(before) if other.kind == "snapshot"), None)
    past = previous.previous_rows(session, last, snapshot, ids)
    again = assess(
        facts,
        np.array(list(inputs), dtype=np.int64),
        scheme,
        run.as_of,
        previous.columns_of(past, scheme, ids),
        version_id=version_id,
        snapshot=run.snapshot,
        interim=run.kind == "interim",
        chosen=overrides.holding(
            session, run.purpose, local_date(run.started_at, zone), ids, known_at=run.started_at
        ),
    )
    return {row[0]: dict(zip(again, row, strict=True)) for row in zip(*again.values(), strict=True)}, complete


def _readable(text: Any, scheme: Scheme) -> bool:
    from grading.engine.inputs import unpack

    try:
        unpack([text], scheme)
    except ValueError:
        return False
    return True


def _scheme(
    session: Session, scheme_cache: SchemeCache, version_id: int
) -> tuple[Scheme | None, tuple[str, str]]:
    """A version's scheme; None, with what is stored and what it comes to, when it is not what its hash says."""
    version = session.get_one(SchemeVersion, version_id)
    try:
        scheme = scheme_cache.scheme(session, version_id)
    except SchemeError as error:
        return None, (version.sha256, str(error).splitlines()[0])
    if scheme.sha256 != version.sha256:
        return None, (version.sha256, scheme.sha256)
    return scheme, ("", "")


def _where(run: GradingRun) -> dict[str, Any]:
    return {"as_of": run.as_of, "run_id": run.id}


def _list(found: Verified, differences: list[Mismatch]) -> None:
    found.differences += differences[: MOST_LISTED - len(found.differences)]
