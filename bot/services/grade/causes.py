"""What caused a tier change: a person, another scheme, a join, corrected or late data, else the customer itself."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.services.grade import computed
from bot.services.grade.assessment import Cause, RunStep, TierChange, compare_tiers
from bot.services.grade.computed import MOST_NAMED
from bot.services.schemes.store import SchemeCache
from db.book import corrections, imports
from db.graded import runs
from db.graded.assessments import PREVIOUS_STATE, assessments_at
from db.graded.runs import Assessment, GradingRun, RunKind
from grading.scheme.model import BLOCKED, Scheme

if TYPE_CHECKING:
    from bot.frames import PreviousState
    from grading.engine.scoring import Grading


def find_changes(
    session: Session,
    scheme_cache: SchemeCache,
    columns: Mapping[str, Sequence[Any]],
    before: "PreviousState",
    scheme: Scheme,
    version_id: int,
    step: RunStep,
) -> list[TierChange]:
    """The changes of effective tiers in new assessments by one version, with their causes."""
    changes = compare_tiers(session, scheme_cache, columns, before, scheme, version_id)
    return _with_causes(session, scheme_cache, changes, columns, before, version_id, step) if changes else []


def _with_causes(
    session: Session,
    scheme_cache: SchemeCache,
    changes: list[TierChange],
    columns: Mapping[str, Sequence[Any]],
    before: "PreviousState",
    version_id: int,
    step: RunStep,
) -> list[TierChange]:
    """A person's decision or its end is an override; what the old rules would not have changed on these facts is a rule."""
    now, was = (
        {who for who, flag in zip(rows["customer_id"], rows["overridden"], strict=True) if flag}
        for rows in (columns, before)
    )
    causes: dict[int, Cause] = {}
    by_version: dict[int, dict[int, str]] = {}
    for change in changes:
        who, old = change.customer_id, change.rules_before
        if step.overrides.get(who) == change.after if who in now else who in was:
            causes[who] = Cause.OVERRIDE
        elif old is not None and old != version_id:
            by_version.setdefault(old, {})[who] = change.before
    for old, tiers in by_version.items():
        scheme = scheme_cache.scheme(session, old)
        causes |= dict.fromkeys(_unchanged_by(session, scheme, old, tiers, step), Cause.RULE)
    return [replace(change, cause=causes.get(change.customer_id, change.cause)) for change in changes]


def _moves_began(step: RunStep, customer_ids: Collection[int]) -> dict[int, int]:
    """Customer -> the snapshot from which its move has waited for confirmations; 0 for no such move."""
    who, rising, falling = map(PREVIOUS_STATE.index, ("customer_id", "rising_since", "falling_since"))
    rows = step.past.newest if step.past.left is None else step.past.left
    return {row[who]: row[rising] or row[falling] for row in rows if row[who] in customer_ids}


def with_joins(
    session: Session, changes: Sequence[TierChange], step: RunStep, purpose: str
) -> list[TierChange]:
    """The changes, where a join is the cause of those that it may have begun.

    A change began in the snapshot from which the movement counts, or in this run.
    """
    joined = imports.newest_joins(session) if changes else {}
    if not joined:
        return list(changes)
    began = _moves_began(step, joined)

    def by_join(change: TierChange) -> bool:
        at = joined.get(change.customer_id)
        if at is None or change.cause != Cause.BEHAVIOUR:
            return False
        last = runs.snapshot_at(session, purpose, (began.get(change.customer_id) or step.snapshot) - 1)
        return last is not None and last.published_at is not None and at > last.published_at

    return [replace(change, cause=Cause.JOIN) if by_join(change) else change for change in changes]


def with_data(
    session: Session,
    scheme_cache: SchemeCache,
    changes: Sequence[TierChange],
    columns: Mapping[str, Sequence[Any]],
    step: RunStep,
    last: GradingRun | None,
) -> list[TierChange]:
    """The changes, where corrected or late data are the cause of those that they carry (docs/grading.md).

    Compared with the last grading before the move began: its rules, as of its day, on the data as stored then and on
    the data as known now with a day up to it.
    """
    own = {change.customer_id: change for change in changes if change.cause == Cause.BEHAVIOUR}
    if not own or last is None:
        return list(changes)
    capped = dict(zip(columns["customer_id"], columns["capped_by"], strict=True))
    by_data: set[int] = set()
    for run, rows in _before_the_move(session, own, step, last):
        by_version: dict[int, dict[int, Assessment]] = {}
        for who in _corrected(session, [run], rows):
            version_id = rows[who].scheme_version_id
            if version_id is not None:
                by_version.setdefault(version_id, {})[who] = rows[who]
        for version_id, theirs in by_version.items():
            corrected = _CorrectedData(session, scheme_cache.scheme(session, version_id), run, theirs)
            by_data.update(who for who in theirs if corrected.carry(own[who], capped[who], theirs[who]))
    return [
        replace(change, cause=Cause.DATA) if change.customer_id in by_data else change for change in changes
    ]


def _before_the_move(
    session: Session, changes: Mapping[int, TierChange], step: RunStep, last: GradingRun
) -> list[tuple[GradingRun, dict[int, Assessment]]]:
    """The runs before each move began, each with the assessments of its customers whose data may be corrected.

    A move that waited for confirmations began in the snapshot from which the movement counts, any other in this run.
    """
    began = _moves_began(step, changes)
    groups: dict[int, list[int]] = {}
    for customer in changes:
        groups.setdefault(began.get(customer) or step.snapshot, []).append(customer)
    found: dict[int, dict[int, Assessment]] = {}
    by_id: dict[int, GradingRun] = {}
    for number, customers in groups.items():
        run = last if number == step.snapshot else runs.snapshot_at(session, last.purpose, number - 1)
        behind = runs.runs_behind(session, last.purpose, run.id) if run else []
        by_id |= {run_id: session.get_one(GradingRun, run_id) for run_id in behind}
        few = sorted(_corrected(session, [by_id[run_id] for run_id in behind], customers))
        for start in range(0, len(few), MOST_NAMED):
            for customer, row in assessments_at(session, behind, few[start : start + MOST_NAMED]).items():
                found.setdefault(row.run_id, {})[customer] = row
    return [(by_id[run_id], theirs) for run_id, theirs in found.items()]


def _corrected(session: Session, past: Sequence[GradingRun], customers: Collection[int]) -> Collection[int]:
    """Those customers of whom something was corrected, or added about an earlier day, after one of these runs."""
    if not past:
        return ()
    moment = min(run.started_at for run in past)
    if imports.undone_between(session, moment, moment):
        return customers  # nothing says whose rows an undone import had brought
    # Rows of the day itself are no late data where the day was not over when it was graded.
    through = max(run.as_of - timedelta(days=run.kind == RunKind.INTERIM) for run in past)
    return corrections.corrected_since(session, moment, through, customers)


class _CorrectedData:
    """Customers graded as of an earlier day by the rules of then: on the data of then, and as they are known now."""

    def __init__(
        self, session: Session, scheme: Scheme, run: GradingRun, assessed: Mapping[int, Assessment]
    ) -> None:
        from grading.engine.inputs import unpack
        from grading.engine.scoring import grade_columns

        ids, day = list(assessed), run.as_of
        book = computed.load_facts(session, scheme, day, ids, edition=run.edition)
        inputs = unpack([assessed[who].inputs for who in ids], scheme)
        self._scheme = scheme
        self._then = grade_columns(inputs, ids, scheme, day)
        self._now = grade_columns(book.columns, book.customers, scheme, day)
        self._places_then = {who: place for place, who in enumerate(ids)}
        self._places_now = {who: place for place, who in enumerate(book.customers.tolist())}

    def carry(self, change: TierChange, capped_by: str | None, before: Assessment) -> bool:
        """Whether corrected data set or lift the gate of a move, or make at least half of the change of its score."""
        who = change.customer_id
        if who not in self._places_now:
            return False
        then, now = self._places_then[who], self._places_now[who]
        if BLOCKED in (change.before, change.after):
            tiers = self._then.outcome["tier"][then], self._now.outcome["tier"][now]
            return tiers.count(BLOCKED) == 1
        gate = next((one for one in (capped_by, before.capped_by) if one), None)
        if gate is not None and capped_by != before.capped_by:
            return self._is_hit(self._then, then, gate) is not self._is_hit(self._now, now, gate)
        score = self._now.outcome["score"][now]
        if change.score_after is None or before.score is None or math.isnan(score):
            return False
        total, by_data = change.score_after - before.score, score - before.score
        ranks = [tier.id for tier in self._scheme.tiers]
        if change.before not in ranks or change.after not in ranks:
            return False
        up = 1 if ranks.index(change.after) < ranks.index(change.before) else -1
        return bool(up * by_data > 0 and up * by_data >= up * (total - by_data))

    def _is_hit(self, graded: "Grading", place: int, gate: str) -> bool:
        return any(
            known.id == gate and bool(graded.gated[0][number][place])
            for number, known in enumerate(self._scheme.gates)
        )


def _unchanged_by(
    session: Session, scheme: Scheme, version_id: int, tiers: Mapping[int, str], step: RunStep
) -> list[int]:
    """Of customers with previous tiers, those that the facts of now would leave there under these rules."""
    from grading.engine.scoring import grade_columns

    book = computed.load_facts(session, scheme, step.as_of, list(tiers))
    graded = grade_columns(book.columns, book.customers, scheme, step.as_of)
    moved, _ = step.move(graded, scheme, step.previous(scheme, list(tiers)), version_id)
    present = zip(book.customers.tolist(), moved.outcome["tier"].tolist(), strict=True)
    return [customer for customer, tier in present if tier == tiers[customer]]
