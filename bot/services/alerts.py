"""Alerts about tier changes: recorded and enqueued in the transaction that publishes them, once each."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.services import access
from bot.services.delivery import outbox
from bot.services.delivery.outbox import Place
from bot.services.grade.assessment import Cause, TierChange
from bot.services.grade.runs import RunContext
from bot.services.schemes.store import SchemeCache, rule_change, tier_names
from bot.wording.messages import Hit, TierChanged, TierDigest
from bot.wording.parts import RuleChange, Since, TierPart, Who
from db.book import customers, people
from db.book.people import Person
from db.graded import assessments, overrides, runs
from db.graded import changes as tier_changes
from db.graded.runs import Assessment, GradingRun

if TYPE_CHECKING:
    from bot.services.ask.graded import Breakdown

MOST_SINGLE = 20
LARGEST_IN_DIGEST = 10
MOST_PARTS = 4  # dimensions that an alert names


@dataclass(frozen=True, kw_only=True)
class AddressedChange:
    """A new change with the customer's owner and the channel of its alert; without a channel it is only recorded."""

    change: TierChange
    owner: Person | None
    channel: str
    language: str


def enqueue_alerts(
    session: Session,
    changes: list[TierChange],
    run: RunContext,
    *,
    scheme_cache: SchemeCache,
    default_channel: str,
    language: str,
) -> int:
    """Record changes and put their alerts into the outbox; how many messages. Changes recorded before are left out.

    More than twenty for one channel become one digest. Without any channel a change is only recorded.
    """
    new = _new(session, changes, run, default_channel, language)
    by_channel: dict[str, list[AddressedChange]] = {}
    for item in new:
        if item.channel:
            by_channel.setdefault(item.channel, []).append(item)
    alerts = _AlertWriter(session, run, scheme_cache)
    singles = [item for items in by_channel.values() if len(items) <= MOST_SINGLE for item in items]
    digests = {channel: items for channel, items in by_channel.items() if len(items) > MOST_SINGLE}
    outbox_ids = alerts.enqueue_each(singles) if singles else {}
    for channel, items in digests.items():
        digest = alerts.enqueue_digest(channel, items, language)
        outbox_ids |= dict.fromkeys((item.change.customer_id for item in items), digest)
    rows = [
        {
            "customer_id": change.customer_id,
            "purpose": run.purpose,
            "run_id": run.run_id,
            "as_of": run.as_of,
            "from_tier": change.before,
            "to_tier": change.after,
            "score_before": change.score_before,
            "score_after": change.score_after,
            "outbox_id": outbox_ids.get(change.customer_id),
        }
        for change in (item.change for item in new)
    ]
    tier_changes.add_changes(session, rows)
    return len(singles) + len(digests)


def _new(
    session: Session, changes: list[TierChange], run: RunContext, default_channel: str, language: str
) -> list[AddressedChange]:
    """The changes that are not recorded yet, each with owner and channel. A handful of queries for any number."""
    known = tier_changes.known_changes(session, run.purpose, run.as_of)
    fresh = [change for change in changes if (change.customer_id, change.before, change.after) not in known]
    if not fresh:
        return []
    owner_ids = customers.owner_ids(session, [change.customer_id for change in fresh])
    everybody, teams = (people.everybody(session), people.teams(session)) if owner_ids else ({}, {})
    new = []
    for change in fresh:
        owner = everybody.get(owner_ids.get(change.customer_id, 0))
        team = teams.get(owner.team_id or 0) if owner else None
        new.append(
            AddressedChange(
                change=change,
                owner=owner,
                channel=(team.channel if team else None) or default_channel,
                language=(team.language if team else None) or language,
            )
        )
    return new


class _AlertWriter:
    """Puts the alerts of one run into the outbox."""

    def __init__(self, session: Session, run: RunContext, scheme_cache: SchemeCache) -> None:
        self.session = session
        self.run = run
        self.scheme_cache = scheme_cache
        # With the schemes of the run before: a customer may come from one that is no longer in force.
        versions = runs.scheme_versions_of(session, [run.previous_run_id, run.run_id])
        self.book = tier_names({version: scheme_cache.scheme(session, version) for version in versions})

    def enqueue_each(self, items: list[AddressedChange]) -> dict[int, int]:
        """One message each; customer -> outbox id."""
        from bot.services.ask.graded import moved_by  # numpy: only when there are alerts

        ids = [item.change.customer_id for item in items]
        named = customers.get_many(self.session, ids)
        assessed = assessments.assessments_at(self.session, [self.run.run_id], ids)  # who moved is in it
        after = self._breakdowns(assessed)
        behind = runs.runs_behind(self.session, self.run.purpose, self.run.previous_run_id)
        before = self._breakdowns(assessments.assessments_at(self.session, behind, ids))
        by_hand = [item.change.customer_id for item in items if item.change.cause == Cause.OVERRIDE]
        decisions = overrides.open_of(self.session, by_hand, self.run.purpose) if by_hand else {}
        outbox_ids = {}
        for item in items:
            change, owner = item.change, item.owner
            customer, row = named[change.customer_id], assessed[change.customer_id]
            old_tier, new_tier = self._tiers(change)
            decision = decisions.get(change.customer_id)
            earlier, now = before.get(change.customer_id), after.get(change.customer_id)
            gates = now.scheme.gates if now else ()
            message = TierChanged(
                **access.about(customer),
                purpose=self.run.purpose,
                before=old_tier,
                after=new_tier,
                up=new_tier.rank < old_tier.rank,
                score_before=change.score_before,
                score_after=change.score_after,
                capped_by=next((gate.name for gate in gates if gate.id == row.capped_by), None),
                held=change.held,
                cause=change.cause,
                rules=self._rules([change]),
                decided_by=decision.set_by if decision else None,
                decided_until=decision.expires_on if decision else None,
                parts=moved_by(earlier, now)[:MOST_PARTS] if earlier and now else (),
                as_of=self.run.as_of,
                owner=Who(name=owner.name, slack_user_id=owner.slack_user_id) if owner else None,
            )
            key = tier_changes.alert_key(
                self.run.purpose, change.customer_id, self.run.as_of, change.before, change.after
            )
            outbox_ids[change.customer_id] = self._enqueue(item.channel, item.language, message, key)
        return outbox_ids

    def enqueue_digest(self, channel: str, items: list[AddressedChange], language: str) -> int:
        """One message for many; its outbox id."""
        changes = [item.change for item in items]
        moves = Counter((change.before, change.after) for change in changes)
        ordered = sorted(
            moves.items(),
            key=lambda move: (-move[1], self.book.rank(move[0][0]), self.book.rank(move[0][1])),
        )
        largest = sorted(
            changes, key=lambda change: -abs((change.score_after or 0) - (change.score_before or 0))
        )[:LARGEST_IN_DIGEST]
        message = TierDigest(
            total=len(items),
            purpose=self.run.purpose,
            by_rule=sum(change.cause == Cause.RULE for change in changes),
            by_hand=sum(change.cause == Cause.OVERRIDE for change in changes),
            by_join=sum(change.cause == Cause.JOIN for change in changes),
            rules=self._rules(changes),
            moves=tuple(
                (self.book.tier(before), self.book.tier(after), count) for (before, after), count in ordered
            ),
            largest=self._hits(largest),
            as_of=self.run.as_of,
        )
        languages = {item.language for item in items}
        return self._enqueue(
            channel,
            languages.pop() if len(languages) == 1 else language,
            message,
            tier_changes.digest_key(self.run.run_id, channel),
        )

    def _tiers(self, change: TierChange) -> tuple[TierPart, TierPart]:
        return (
            self.book.tier(change.before, change.rules_before),
            self.book.tier(change.after, change.rules_after),
        )

    def _rules(self, changes: list[TierChange]) -> RuleChange | None:
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

    def _hits(self, changes: list[TierChange]) -> tuple[Hit, ...]:
        named = customers.get_many(self.session, [change.customer_id for change in changes])
        hits = []
        for change in changes:
            customer, (before, after) = named[change.customer_id], self._tiers(change)
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

    def _enqueue(self, channel: str, language: str, message: TierChanged | TierDigest, key: str) -> int:
        return outbox.enqueue(
            self.session,
            kind="tier_change",
            place=Place(channel=channel),
            message=message,
            language=language,
            dedupe_key=key,
            now=self.run.now,
        )

    def _breakdowns(self, assessed: dict[int, Assessment]) -> "dict[int, Breakdown]":
        """Customer -> breakdown by its own run: a run that is not whole adds to those before it."""
        from bot.services.ask.graded import break_down

        by_run: dict[tuple[int, int], dict[int, bytes]] = {}
        for row in assessed.values():
            if row.scheme_version_id is not None:
                by_run.setdefault((row.run_id, row.scheme_version_id), {})[row.customer_id] = row.inputs
        found: dict[int, Breakdown] = {}
        for (run_id, version), inputs in by_run.items():
            own = run_id == self.run.run_id
            day = self.run.as_of if own else self.session.get_one(GradingRun, run_id).as_of
            found |= break_down(inputs, day, self.scheme_cache.scheme(self.session, version))
        return found
