"""Recompute stored assessments from their own rows: differences are listed, nothing is repaired."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlmodel import Session

from bot.clock import local_date
from bot.services.grade.assessment import RunStep, assess, load_previous
from bot.services.grade.runs import CHUNK
from bot.services.schemes.store import SchemeCache
from db.book import customers, order_totals
from db.engine import Database
from db.graded import assessments, overrides, retention, runs
from db.graded.runs import GradingRun, RunKind
from db.graded.schemes import SchemeVersion
from grading.engine.inputs import unpack
from grading.scheme.model import Scheme
from grading.scheme.problems import SchemeError

MOST_LISTED = 100
# Columns that follow from the inputs; the others depend on the previous state too.
BY_INPUTS = ("exact_score", "score", "computed_tier", "coverage", "low", "high", "certain", "inputs")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One stored value that differs from the recomputed one."""

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
    without_state: int = (
        0  # of them, those whose earlier runs are gone: only columns that follow from the inputs
    )
    differing: int = 0
    differences: list[Mismatch] = field(default_factory=list)
    totals: list[order_totals.Discrepancy] = field(default_factory=list)
    bytes_each: float | None = None  # of a stored assessment, indexes included

    def add(self, run: GradingRun, customer: str, what: str, stored: Any, computed: Any) -> None:
        """List a mismatch, unless there are a hundred already."""
        if len(self.differences) < MOST_LISTED:
            self.differences.append(
                Mismatch(
                    customer=customer,
                    as_of=run.as_of,
                    run_id=run.id or 0,
                    what=what,
                    stored=stored,
                    computed=computed,
                )
            )


def verify(
    database: Database,
    scheme_cache: SchemeCache,
    zone: ZoneInfo,
    customer_id: int | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Recompute the assessments of every published run, or one customer's, with the grading function.

    Facts are those of the row, rules those of the run, previous states those of the runs before, and overrides those
    that held on the day, in the firm's `zone`, on which the run was started. Values must be the same to the last bit.
    Works in chunks, each read in its own transaction. Without a customer, the stored totals of orders are compared with
    the orders, too.
    """
    found = Verified()
    with database.read() as session:
        if customer_id is None:
            found.totals = order_totals.discrepancies(session)
            found.bytes_each = retention.bytes_each(session)
        published = runs.published_runs(session)
    for number, run in enumerate(published):
        earlier = [other for other in published[:number] if other.purpose == run.purpose]
        after = 0
        while True:
            with database.read() as session:
                rows = assessments.assessments_of(
                    session, run.id or 0, after=after, limit=CHUNK, customer_id=customer_id
                )
                found.assessments += len(rows)
                by_version: dict[int, list[dict[str, Any]]] = {}
                for row in rows:
                    if row["scheme_version_id"] is not None:  # where no scheme applied nothing was computed
                        by_version.setdefault(row["scheme_version_id"], []).append(row)
                for version_id, graded in by_version.items():
                    scheme = _load_scheme(session, scheme_cache, version_id, run, graded, found)
                    if scheme is not None:
                        again, complete = _recompute(session, zone, run, earlier, version_id, scheme, graded)
                        _compare(session, run, graded, again, complete, found)
            if not rows:
                break
            after = rows[-1]["customer_id"]
        if progress:
            progress(number + 1, len(published))
    return found


def _compare(
    session: Session,
    run: GradingRun,
    rows: list[dict[str, Any]],
    again: dict[int, dict[str, Any]],
    complete: bool,
    found: Verified,
) -> None:
    """Note how rows of one run differ from the recomputed ones."""
    found.without_state += 0 if complete else len(rows)
    wrong: dict[int, list[tuple[str, Any, Any]]] = {}
    for row in rows:
        different = [
            (name, row[name], value)
            for name, value in again.get(row["customer_id"], {"inputs": None}).items()
            if row[name] != value and (complete or name in BY_INPUTS)
        ]
        if different:
            wrong[row["customer_id"]] = different
    found.differing += len(wrong)
    listed = list(wrong)[:MOST_LISTED]
    named = customers.get_many(session, listed)
    for customer in listed:
        for what, stored, computed in wrong[customer]:
            found.add(run, named[customer].code, what, stored, computed)


def _recompute(
    session: Session,
    zone: ZoneInfo,
    run: GradingRun,
    earlier: list[GradingRun],
    version_id: int,
    scheme: Scheme,
    rows: list[dict[str, Any]],
) -> tuple[dict[int, dict[str, Any]], bool]:
    """(customer -> its row recomputed, whether its previous state is known). Unreadable inputs are left out."""

    def readable(text: Any) -> bool:
        try:
            unpack([text], scheme)
        except ValueError:
            return False
        return True

    ids = [row["customer_id"] for row in rows]
    inputs = {row["customer_id"]: row["inputs"] for row in rows}
    try:
        facts = unpack(list(inputs.values()), scheme)
    except ValueError:
        inputs = {customer: text for customer, text in inputs.items() if readable(text)}
        facts = unpack(list(inputs.values()), scheme)
    last = earlier[-1] if earlier else None
    interim = run.kind == RunKind.INTERIM
    if last is None:
        complete = not interim and run.snapshot == 1
    else:
        complete = bool(runs.runs_behind(session, run.purpose, last.id))
    snapshot = next((other for other in reversed(earlier) if other.kind == RunKind.SNAPSHOT), None)
    started_on = local_date(run.started_at, zone)
    step = RunStep(
        as_of=run.as_of,
        snapshot=run.snapshot,
        interim=interim,
        past=load_previous(session, last, snapshot, ids),
        overrides=overrides.holding(session, run.purpose, started_on, ids, known_at=run.started_at),
    )
    known = np.array(list(inputs), dtype=np.int64)
    columns = assess(facts, known, scheme, step.previous(scheme, ids), version_id, step)
    return {
        row[0]: dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    }, complete


def _load_scheme(
    session: Session,
    scheme_cache: SchemeCache,
    version_id: int,
    run: GradingRun,
    rows: list[dict[str, Any]],
    found: Verified,
) -> Scheme | None:
    """A version's scheme; None, with a mismatch, when its stored text does not have its hash."""
    version = session.get_one(SchemeVersion, version_id)
    try:
        scheme = scheme_cache.scheme(session, version_id)
        computed = scheme.sha256
    except SchemeError as error:
        computed = str(error).splitlines()[0]
    if computed == version.sha256:
        return scheme
    found.differing += len(rows)
    found.add(run, "", "scheme", version.sha256, computed)
    return None
