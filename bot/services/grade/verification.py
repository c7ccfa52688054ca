"""Compare everything a grading stored with what it follows from: differences are listed, nothing is repaired.

Assessments are recomputed from their own inputs, the inputs from the book; runs, tier changes, overrides and imports are
compared with each other (`bot.services.grade.evidence`). docs/verifying.md says what that proves, and what it cannot.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from bot.clock import local_date
from bot.services.grade.assessment import (
    RunStep,
    TierChange,
    assess,
    assess_without_scheme,
    compare_tiers,
    load_previous,
)
from bot.services.grade.computed import MOST_NAMED
from bot.services.grade.evidence import findings
from bot.services.grade.evidence.findings import ASSESSMENT, Mismatch, Verified
from bot.services.grade.evidence.import_rows import check_imports
from bot.services.grade.evidence.override_rows import check_overrides
from bot.services.grade.evidence.run_rows import OVERLAP, check_runs, versions_of
from bot.services.grade.evidence.source_data import SourceCheck
from bot.services.grade.evidence.tier_changes import ChangeCheck, check_messages
from bot.services.grade.runs import CHUNK
from bot.services.schemes.store import SchemeCache, SchemeInForce
from db.book import customers, imports
from db.book.trade import order_totals
from db.engine import Database
from db.graded import assessments, overrides, retention, runs
from db.graded.assessments import CONTENT
from db.graded.runs import GradingRun, RunKind
from db.graded.schemes import SchemeVersion
from grading.engine.inputs import unpack
from grading.scheme.model import Scheme
from grading.scheme.problems import SchemeError

# Columns that follow from the inputs; the others depend on the previous state too.
BY_INPUTS = ("exact_score", "score", "computed_tier", "coverage", "low", "high", "certain", "inputs")
Progress = Callable[[int, int], None]


def verify(
    database: Database,
    scheme_cache: SchemeCache,
    zone: ZoneInfo,
    customer_id: int | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Verify every published run, or what concerns one customer.

    An assessment is recomputed with the grading function: facts are those of the row, rules those of the run, previous
    states those of the runs before, and overrides those that held on the day, in the firm's `zone`, on which the run
    was started. Values must be the same to the last bit. Its facts are compared with the book, as it is now or as it
    was known then. Works in chunks, each read in its own transaction. All runs, the schemes and the customer's tier changes
    and overrides are verified with a customer too; totals of orders, imports and messages only without.
    """
    found = Verified()
    with database.read() as session:
        check_runs(session, scheme_cache, zone, found)
        check_overrides(session, scheme_cache, found, customer_id)
        tier_changes = ChangeCheck(session, found, customer_id)
        if customer_id is None:
            found.totals = order_totals.discrepancies(session)
            found.bytes_each = retention.bytes_each(session)
            check_imports(session, found)
            check_messages(session, found)
        published = runs.published_runs(session)
        every = runs.every_run(session)
    for number, run in enumerate(published):
        earlier = [other for other in published[:number] if other.purpose == run.purpose]
        _RunCheck(database, scheme_cache, zone, run, earlier, found, tier_changes).check(customer_id)
        if progress:
            progress(number + 1, len(published))
    with database.read() as session:
        tier_changes.check_rest(session, every)
    return found


@dataclass
class _RunCheck:
    """Verifies the assessments of one run."""

    database: Database
    scheme_cache: SchemeCache
    zone: ZoneInfo
    run: GradingRun
    earlier: Sequence[GradingRun]
    found: Verified
    tier_changes: ChangeCheck

    def check(self, customer_id: int | None) -> None:
        run, found = self.run, self.found
        made: list[TierChange] = []
        complete = True
        after = 0
        with self.database.read() as session:
            self._load_versions(session)
            self._check_whole(session)
            source = SourceCheck(self.database, run, self._rules, found) if self._rules else None
            if source:
                source.read(session, self._asked(session, customer_id))
        while True:
            with self.database.read() as session:
                rows = assessments.assessments_of(
                    session, run.id or 0, after=after, limit=CHUNK, customer_id=customer_id
                )
                found.assessments += len(rows)
                by_version: dict[int | None, list[dict[str, Any]]] = {}
                for row in rows:
                    by_version.setdefault(row["scheme_version_id"], []).append(row)
                for version_id, graded in by_version.items():
                    complete &= self._check_rows(session, version_id, graded, made)
                if source:
                    source.compare(rows)
            if not rows:
                break
            after = rows[-1]["customer_id"]
        if source:
            source.settle(complete=run.whole)
        with self.database.read() as session:
            self.tier_changes.check_run(session, run, made if complete else [], complete=complete)

    def _load_versions(self, session: Session) -> None:
        """Parse the run's scheme versions, and note one whose stored text does not have its hash."""
        self._schemes: dict[int, Scheme | None] = {}
        for version_id in versions_of(self.run):
            self._scheme(session, version_id)
        known = [(version, scheme) for version, scheme in self._schemes.items() if scheme is not None]
        whole = len(known) == len(self._schemes)
        self._rules = [
            SchemeInForce(version_id=version, scheme=scheme, place=None) for version, scheme in known if whole
        ]

    def _scheme(self, session: Session, version_id: int) -> Scheme | None:
        if version_id not in self._schemes:
            self._schemes[version_id] = _load_scheme(
                session, self.scheme_cache, version_id, self.run, self.found
            )
        return self._schemes[version_id]

    def _asked(self, session: Session, customer_id: int | None) -> Sequence[int] | None:
        """The customers whose facts are read: the one, all for a run of the whole book, otherwise those of the run."""
        if customer_id is not None:
            return [customer_id]
        if self.run.whole:
            return None
        ids = assessments.customers_of(session, self.run.id or 0)
        return ids if len(ids) <= MOST_NAMED else None

    def _check_rows(
        self, session: Session, version_id: int | None, rows: list[dict[str, Any]], made: list[TierChange]
    ) -> bool:
        """Recompute rows by one version (None: no scheme applied) and add their changes; whether all is known."""
        ids = [row["customer_id"] for row in rows]
        step, complete = self._step(session, ids)
        if version_id is None:
            columns = assess_without_scheme(ids, step)
        else:
            scheme = self._scheme(session, version_id)
            if scheme is None:
                self.found.differing += len(rows)
                return False
            facts, known = _readable(rows, scheme)
            before = step.previous(scheme, ids)
            columns = assess(facts, known, scheme, before, version_id, step)
            made += compare_tiers(session, self.scheme_cache, columns, before, scheme, version_id)
        again = {row[0]: dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)}
        self._compare(session, rows, again, complete)
        if complete and self.earlier and not self.run.whole:
            self._check_partial(session, rows)
        return complete

    def _step(self, session: Session, ids: list[int]) -> tuple[RunStep, bool]:
        """(what the run had for all customers, whether their previous state is known)."""
        run = self.run
        last = self.earlier[-1] if self.earlier else None
        interim = run.kind == RunKind.INTERIM
        if last is None:
            complete = not interim and run.snapshot == 1
        else:
            complete = bool(runs.runs_behind(session, run.purpose, last.id))
        # Whoever had an override while joined customers were one: the undo of the join has changed that back.
        complete = complete and not imports.undone_between(
            session, run.started_at + OVERLAP, run.started_at - OVERLAP, kind=imports.JOINS
        )
        snapshot = next((other for other in reversed(self.earlier) if other.kind == RunKind.SNAPSHOT), None)
        started_on = local_date(run.started_at, self.zone)
        step = RunStep(
            as_of=run.as_of,
            snapshot=run.snapshot,
            interim=interim,
            past=load_previous(session, last, snapshot, ids),
            overrides=overrides.holding_then(session, run.purpose, started_on, run.started_at),
        )
        return step, complete

    def _compare(
        self, session: Session, rows: list[dict[str, Any]], again: dict[int, dict[str, Any]], complete: bool
    ) -> None:
        """Note how rows differ from the recomputed ones."""
        self.found.without_state += 0 if complete else len(rows)
        wrong: dict[int, list[tuple[str, Any, Any]]] = {}
        for row in rows:
            different = [
                (name, row[name], value)
                for name, value in again.get(row["customer_id"], {"inputs": None}).items()
                if row[name] != value and (complete or name in BY_INPUTS)
            ]
            if different:
                wrong[row["customer_id"]] = different
        self._list(session, wrong)

    def _check_whole(self, session: Session) -> None:
        """The same day once more writes only what differs, so it is not a run of the whole book."""
        run = self.run
        if not run.whole or run.kind == RunKind.SNAPSHOT or not self.earlier:
            return
        behind = runs.runs_behind(session, run.purpose, self.earlier[-1].id)
        if runs.days_of(session, behind) == {run.as_of}:
            self.found.add_other("grading_run.whole", run=run, stored=True, computed=False)

    def _check_partial(self, session: Session, rows: list[dict[str, Any]]) -> None:
        """A run of some customers holds those with another tier or override, or of the same day with other content."""
        behind = runs.runs_behind(session, self.run.purpose, self.earlier[-1].id)
        same_day = runs.days_of(session, behind) == {self.run.as_of}
        before = assessments.assessments_at(session, behind, [row["customer_id"] for row in rows])
        compared = CONTENT if same_day else ("tier", "overridden")
        wrong = {}
        for row in rows:
            last = before.get(row["customer_id"])
            if last is not None and all(row[name] == getattr(last, name) for name in compared):
                wrong[row["customer_id"]] = [("run_id", "in a run of some customers", "nothing new")]
        self._list(session, wrong)

    def _list(self, session: Session, wrong: dict[int, list[tuple[str, Any, Any]]]) -> None:
        self.found.differing += len(wrong)
        listed = list(wrong)[: findings.MOST_LISTED]
        named = customers.get_many(session, listed)
        for customer in listed:
            code = named[customer].code if customer in named else str(customer)
            for what, stored, computed in wrong[customer]:
                self.found.show(
                    ASSESSMENT,
                    Mismatch(
                        customer=code,
                        as_of=self.run.as_of,
                        run_id=self.run.id,
                        what=what,
                        stored=stored,
                        computed=computed,
                    ),
                )


def _readable(rows: list[dict[str, Any]], scheme: Scheme) -> tuple[Any, Any]:
    """(facts, customers) of the rows whose inputs can be read."""

    def is_readable(text: Any) -> bool:
        try:
            unpack([text], scheme)
        except ValueError:
            return False
        return True

    inputs = {row["customer_id"]: row["inputs"] for row in rows}
    try:
        facts = unpack(list(inputs.values()), scheme)
    except ValueError:
        inputs = {customer: text for customer, text in inputs.items() if is_readable(text)}
        facts = unpack(list(inputs.values()), scheme)
    return facts, np.array(list(inputs), dtype=np.int64)


def _load_scheme(
    session: Session, scheme_cache: SchemeCache, version_id: int, run: GradingRun, found: Verified
) -> Scheme | None:
    """A version's scheme; None, with a mismatch, when its stored text does not have its hash or name."""
    version = session.get(SchemeVersion, version_id)
    stored: object = version and version.sha256
    try:
        scheme = scheme_cache.scheme(session, version_id)
        computed: object = scheme.sha256
    except NoResultFound:
        computed = "missing"
    except SchemeError as error:
        computed = error.problems[0].phrase
    else:
        if version is not None and computed == stored:
            named = (version.name, version.version)
            if named == (scheme.scheme, scheme.version):
                return scheme
            stored, computed = "@".join(map(str, named)), f"{scheme.scheme}@{scheme.version}"
    found.add_other("scheme", run=run, row=f"scheme version {version_id}", stored=stored, computed=computed)
    return None
