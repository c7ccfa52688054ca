"""What is said of tier changes: to the managers in a channel, and to the owner of the customer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import Session

from bot.services import access
from bot.services.ask.graded import break_down
from bot.services.change_reasons import AssessedState, Reasons, move_began
from bot.services.grade.assessment import Cause, TierChange
from bot.services.grade.runs import RunContext
from bot.services.schemes.store import SchemeCache, rule_change, tier_names
from bot.wording.messages import Hit, OwnTierChanged, TierChanged, TierDigest
from bot.wording.parts import RuleChange, Since, TierPart
from db.book import customers
from db.book.people import Person
from db.graded import assessments, overrides, runs
from db.graded.runs import Assessment, GradingRun

LARGEST_IN_DIGEST = 10
MOST_PARTS = 4  # dimensions that an alert names
NO_FIGURES = (Cause.OVERRIDE, Cause.RULE)  # what moved the tier is no figure of the customer


class ChangeMessages:
    """The messages about the changes of one run: single ones, and digests. What all of them say is read at once."""

    def __init__(
        self,
        session: Session,
        run: RunContext,
        scheme_cache: SchemeCache,
        singles: Sequence[TierChange],
        digests: Iterable[Sequence[TierChange]],
    ) -> None:
        self.session = session
        self.run = run
        self.scheme_cache = scheme_cache
        # With the schemes of the run before: a customer may come from one that is no longer in force.
        versions = runs.scheme_versions_of(session, [run.previous_run_id, run.run_id])
        self.book = tier_names({version: scheme_cache.scheme(session, version) for version in versions})
        named = {change.customer_id for change in singles}
        named.update(change.customer_id for changes in digests for change in _largest(changes))
        self._named = customers.get_many(session, sorted(named))
        if singles:
            self._read(singles)

    def _read(self, changes: Sequence[TierChange]) -> None:
        ids = [change.customer_id for change in changes]
        # Who moved is in this run.
        self._after = self._states(assessments.assessments_at(self.session, [self.run.run_id], ids))
        behind = runs.runs_behind(self.session, self.run.purpose, self.run.previous_run_id)
        self._before = self._states(assessments.assessments_at(self.session, behind, ids))
        self._began = self._states_before_the_moves(changes)
        by_hand = [change.customer_id for change in changes if change.cause == Cause.OVERRIDE]
        self._decisions = overrides.open_of(self.session, by_hand, self.run.purpose) if by_hand else {}

    def _states_before_the_moves(self, changes: Sequence[TierChange]) -> dict[int, AssessedState]:
        """Of customers whose moves waited for confirmations: how the last snapshot before the move left them."""
        numbers: dict[int, list[int]] = {}
        for change in changes:
            before, after = self._before.get(change.customer_id), self._after.get(change.customer_id)
            if before and after:
                number = move_began(before.row, after.row, up=self._is_up(change))
                if number:
                    numbers.setdefault(number, []).append(change.customer_id)
        found: dict[int, AssessedState] = {}
        for number, ids in numbers.items():
            run = runs.snapshot_at(self.session, self.run.purpose, number - 1)
            behind = runs.runs_behind(self.session, self.run.purpose, run.id) if run else []
            found |= self._states(assessments.assessments_at(self.session, behind, ids))
        return found

    def for_channel(self, change: TierChange, owner: Person | None) -> TierChanged:
        """One change for everybody in a channel: without the values of sensitive fields."""
        return TierChanged(
            **self._move(change, all_figures=False),
            owner=access.mentioned(owner),
        )

    def for_reader(
        self, change: TierChange, *, for_lead: bool = False, absent: str | None = None
    ) -> OwnTierChanged:
        """One change for the owner, the deputy of an `absent` one, or the lead of their team: they may see all values."""
        return OwnTierChanged(**self._move(change, all_figures=True), for_lead=for_lead, absent=absent)

    def digest(self, changes: Sequence[TierChange], *, own: bool) -> TierDigest:
        """Many changes in one message; `own`: for the owner of all these customers."""
        moves = Counter((change.before, change.after) for change in changes)
        ordered = sorted(
            moves.items(),
            key=lambda move: (-move[1], self.book.rank(move[0][0]), self.book.rank(move[0][1])),
        )
        causes = Counter(change.cause for change in changes)
        return TierDigest(
            total=len(changes),
            purpose=self.run.purpose,
            own=own,
            by_data=causes[Cause.DATA],
            by_rule=causes[Cause.RULE],
            by_hand=causes[Cause.OVERRIDE],
            by_join=causes[Cause.JOIN],
            rules=self._rules(changes),
            moves=tuple(
                (self.book.tier(before), self.book.tier(after), count) for (before, after), count in ordered
            ),
            largest=self._hits(_largest(changes)),
            as_of=self.run.as_of,
        )

    def _move(self, change: TierChange, *, all_figures: bool) -> dict[str, Any]:
        """The fields of `TierMove`."""
        who = change.customer_id
        old_tier, new_tier = self._tiers(change)
        decision = self._decisions.get(who)
        earlier, now, up = self._before.get(who), self._after.get(who), self._is_up(change)
        reasons = None
        if earlier and now and change.cause not in NO_FIGURES:
            reasons = Reasons(before=earlier, after=now, up=up, began=self._began.get(who))
        moved = reasons is not None and reasons.base is not earlier
        gates = now.breakdown.scheme.gates if now else ()
        return {
            **access.about(self._named[who]),
            "purpose": self.run.purpose,
            "before": old_tier,
            "after": new_tier,
            "up": up,
            "score_before": reasons.base.row.score if reasons and moved else change.score_before,
            "score_after": change.score_after,
            "since": reasons.base.as_of if reasons and moved else None,
            "capped_by": next((gate.name for gate in gates if now and gate.id == now.row.capped_by), None),
            "held": change.held,
            "cause": change.cause,
            "rules": self._rules([change]),
            "decided_by": decision.set_by if decision else None,
            "decided_until": decision.expires_on if decision else None,
            "gate": reasons.gate if reasons else None,
            "aged": reasons.aged if reasons else (),
            "by_age": reasons is not None and reasons.by_age,
            "parts": reasons.parts[:MOST_PARTS] if reasons else (),
            "figures": reasons.figures(all_values=all_figures) if reasons else (),
            "as_of": self.run.as_of,
        }

    def _is_up(self, change: TierChange) -> bool:
        before, after = self._tiers(change)
        return after.rank < before.rank

    def _tiers(self, change: TierChange) -> tuple[TierPart, TierPart]:
        return (
            self.book.tier(change.before, change.rules_before),
            self.book.tier(change.after, change.rules_after),
        )

    def _rules(self, changes: Sequence[TierChange]) -> RuleChange | None:
        """The replaced scheme and the new one, if all changes that the rules caused have the same two."""
        pairs = {
            (change.rules_before, change.rules_after) for change in changes if change.cause == Cause.RULE
        }
        before, after = pairs.pop() if len(pairs) == 1 else (None, None)
        if before is None or after is None:
            return None
        return rule_change(
            self.scheme_cache.scheme(self.session, before), self.scheme_cache.scheme(self.session, after)
        )

    def _hits(self, changes: Sequence[TierChange]) -> tuple[Hit, ...]:
        hits = []
        for change in changes:
            customer, (before, after) = self._named[change.customer_id], self._tiers(change)
            hits.append(
                Hit(
                    **access.about(customer),
                    tier=after,
                    score=change.score_after,
                    cause=change.cause,
                    before=Since(tier=before, score=change.score_before, as_of=self.run.as_of),
                )
            )
        return tuple(hits)

    def _states(self, assessed: dict[int, Assessment]) -> dict[int, AssessedState]:
        """Customer -> assessment, each broken down by its own run: one that is not whole adds to those before it."""
        by_run: dict[tuple[int, int], dict[int, bytes]] = {}
        for row in assessed.values():
            if row.scheme_version_id is not None:
                by_run.setdefault((row.run_id, row.scheme_version_id), {})[row.customer_id] = row.inputs
        found: dict[int, AssessedState] = {}
        for (run_id, version), inputs in by_run.items():
            own = run_id == self.run.run_id
            day = self.run.as_of if own else self.session.get_one(GradingRun, run_id).as_of
            scheme = self.scheme_cache.scheme(self.session, version)
            found |= {
                who: AssessedState(row=assessed[who], breakdown=breakdown, as_of=day)
                for who, breakdown in break_down(inputs, day, scheme).items()
            }
        return found


def _largest(changes: Sequence[TierChange]) -> list[TierChange]:
    """The changes that a digest names."""
    by_size = sorted(changes, key=lambda change: -abs((change.score_after or 0) - (change.score_before or 0)))
    return by_size[:LARGEST_IN_DIGEST]
