"""Whether grading runs are as the bot writes them: their numbers, days, rules, status and count of assessments."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, Phrase, ngettext
from bot.services.grade.evidence.findings import Verified
from bot.services.grade.runs import ABANDONED
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db.graded import runs, schemes
from db.graded.runs import GradingRun, Purpose, RunKind, RunStatus
from grading.indicators.sources import EDITION
from grading.scheme.problems import SchemeError

# What is published or decided within an hour after a run was started may count in it, or not.
OVERLAP = timedelta(hours=1)
CLOCK_BACK = timedelta(minutes=10)  # a clock may be set back by so much


def check_runs(session: Session, scheme_cache: SchemeCache, zone: ZoneInfo, found: Verified) -> None:
    """Compare every run with its neighbours, with the schemes in force then, and with its assessments."""
    counts = runs.stored_counts(session)
    every = runs.every_run(session)
    for purpose in sorted({run.purpose for run in every}):
        checked = _Runs(session, scheme_cache, zone, found)
        checked.check([run for run in every if run.purpose == purpose])
    for run in every:
        stored = counts.pop(run.id or 0, 0)
        if run.status == RunStatus.PUBLISHED and stored != run.customers:
            found.add_other("grading_run.customers", run=run, stored=run.customers, computed=stored)
    for run_id, stored in sorted(counts.items()):
        found.add_other(
            "grading_run.id",
            row=Phrase(N_("run %(number)s"), number=run_id),
            stored=None,
            computed=ngettext("%(count)s assessment", "%(count)s assessments", stored),
        )


@dataclass(frozen=True)
class _Runs:
    """The runs of one purpose, oldest first."""

    session: Session
    scheme_cache: SchemeCache
    zone: ZoneInfo
    found: Verified

    def check(self, every: Sequence[GradingRun]) -> None:
        started = [run for run in every if run.status == RunStatus.RUNNING]
        done = [run for run in every if run.status != RunStatus.RUNNING]
        for run in started:
            self._check_unfinished(run, [other for other in done if (other.id or 0) > (run.id or 0)])
        self._check_dropped(done)
        for place, run in enumerate(done):
            if run.status not in list(RunStatus) or run.kind not in list(RunKind):
                self._differs(run, "status", f"{run.status} {run.kind}", "a known status and kind")
                continue
            self._check_times(run, done[place - 1] if place else None)
            self._check_edition(run, done[:place])
            self._check_steps(run, done[:place])
            self._check_rules(run)

    def _differs(self, run: GradingRun, column: str, stored: object, computed: object) -> None:
        self.found.add_other(f"grading_run.{column}", run=run, stored=stored, computed=computed)

    def _check_unfinished(self, run: GradingRun, later: Sequence[GradingRun]) -> None:
        """A run that is not published has no moment of publication, and the next run of the book deletes it."""
        if run.published_at is not None or run.customers:
            self._differs(run, "status", run.status, RunStatus.PUBLISHED)
        elif any(other.whole and other.started_at > run.started_at + ABANDONED for other in later):
            self._differs(run, "status", run.status, "deleted, or published")
        else:
            self.found.unfinished.append(run.id or 0)

    def _check_dropped(self, done: Sequence[GradingRun]) -> None:
        """Retention drops all runs before a snapshot, which it keeps."""
        kept = [run.status == RunStatus.PUBLISHED for run in done]
        for place, run in enumerate(done):
            if run.status == RunStatus.DROPPED and any(kept[:place]):
                self._differs(run, "status", run.status, RunStatus.PUBLISHED)
        oldest = next((run for run in done if run.status == RunStatus.PUBLISHED), None)
        if not all(kept) and (oldest is None or oldest.kind != RunKind.SNAPSHOT):
            self._differs(done[kept.index(False)], "status", RunStatus.DROPPED, RunStatus.PUBLISHED)

    def _check_times(self, run: GradingRun, before: GradingRun | None) -> None:
        if run.published_at != run.started_at:
            self._differs(run, "published_at", run.published_at, run.started_at)
        if before is not None and run.started_at < before.started_at - CLOCK_BACK:
            self._differs(run, "started_at", run.started_at, f"not before {before.started_at}")
        if run.as_of > local_date(run.started_at, self.zone):
            self._differs(run, "as_of", run.as_of, f"not after {local_date(run.started_at, self.zone)}")

    def _check_edition(self, run: GradingRun, earlier: Sequence[GradingRun]) -> None:
        """The rules by which fields are computed only become newer."""
        newest = max((other.edition for other in earlier), default=1)
        if not newest <= run.edition <= EDITION:
            self._differs(run, "edition", run.edition, f"{newest} to {EDITION}")

    def _check_steps(self, run: GradingRun, earlier: Sequence[GradingRun]) -> None:
        """Snapshots have the numbers 1, 2, 3 …, a run in between that of the next; both follow from the cadence."""
        last = earlier[-1] if earlier else None
        snapshot = next((other for other in reversed(earlier) if other.kind == RunKind.SNAPSHOT), None)
        number = 1 if snapshot is None else snapshot.snapshot + 1
        if run.snapshot != number:
            self._differs(run, "snapshot", run.snapshot, number)
        follows = snapshot if run.kind == RunKind.SNAPSHOT else last
        if follows is not None and run.as_of < follows.as_of:
            self._differs(run, "as_of", run.as_of, f"not before {follows.as_of}")
        try:
            cadence = self.scheme_cache.scheme(self.session, run.scheme_version_id).as_of
        except (SchemeError, NoResultFound):
            return  # the scheme is a finding of its own
        today = local_date(run.started_at, self.zone)
        due = snapshot is None or (
            store.is_cadence_day(cadence, run.as_of) and snapshot.as_of < run.as_of < today
        )
        kind = RunKind.SNAPSHOT if due and run.whole else RunKind.INTERIM
        if run.kind != kind:
            self._differs(run, "kind", run.kind, kind)

    def _check_rules(self, run: GradingRun) -> None:
        """A run goes by the schemes that were in force on its day, as decided when it was started."""
        used = versions_of(run)
        held = [self._in_force(run, at) for at in (run.started_at, run.started_at + OVERLAP)]
        if used not in held:
            self._differs(run, "scheme_version_id", used, held[0])
        try:
            purpose = store.purpose(self.scheme_cache.scheme(self.session, used[0]))
        except (SchemeError, NoResultFound):
            return
        if run.purpose != purpose:
            self._differs(run, "purpose", run.purpose, purpose)

    def _in_force(self, run: GradingRun, known_at: datetime) -> list[int]:
        if run.purpose not in list(Purpose):
            return []
        held = schemes.in_force(self.session, run.purpose, run.as_of, known_at=known_at)
        return [period.scheme_version_id for period in held]


def versions_of(run: GradingRun) -> list[int]:
    """The scheme versions of a run, in the order in which they are asked."""
    return [run.scheme_version_id, *json.loads(run.beside or "[]")]
