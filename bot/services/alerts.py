"""Telling managers of tier changes: in the transaction that publishes them, once each."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from bot.services.ask import breakdown
from bot.services.delivery import outbox
from bot.services.delivery.outbox import Place
from bot.services.grade import causes
from bot.services.grade.assessment import TierChange
from bot.services.grade.runs import RunContext
from bot.services.schemes.store import SchemeCache, names, rule_change, tier_names
from bot.wording.messages import Hit, TierChanged, TierDigest
from bot.wording.parts import DimensionPart, RuleChange, Since, Who
from db.book import customers, people
from db.book.customers import Customer
from db.book.people import Person
from db.graded import assessments, overrides, runs
from db.graded import changes as tier_changes
from db.graded.runs import Assessment, GradingRun

MOST_SINGLE = 20
LARGEST_IN_DIGEST = 10


@dataclass(frozen=True, kw_only=True)
class AddressedChange:
    """A new change with whom it concerns and where it is told; no channel: recorded only."""

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
    """Record changes and put their alerts into the outbox; how many messages. Known changes are left out.

    More than twenty for one channel become one digest. Without any channel a change is recorded, not told.
    """
    told = _new(session, changes, run, default_channel, language)
    by_channel: dict[str, list[AddressedChange]] = {}
    for item in told:
        if item.channel:
            by_channel.setdefault(item.channel, []).append(item)
    telling = _AlertWriter(session, run, scheme_cache)
    singles = [item for items in by_channel.values() if len(items) <= MOST_SINGLE for item in items]
    outbox_ids = telling.singly(singles) if singles else {}
    digests = 0
    for channel, items in by_channel.items():
        if len(items) > MOST_SINGLE:
            digest = telling.digest(channel, items, language)
            outbox_ids |= dict.fromkeys((item.change.customer_id for item in items), digest)
            digests += 1
    tier_changes.add_changes(session, [_row(item.change, run, outbox_ids) for item in told])
    return len(singles) + digests


def _new(
    session: Session, changes: list[TierChange], run: RunContext, default_channel: str, language: str
) -> list[AddressedChange]:
    """The changes nobody has recorded, each with its owner and place. A handful of queries for any number."""
    known = tier_changes.known_changes(session, run.purpose, run.as_of)
    fresh = [change for change in changes if (change.customer_id, change.before, change.after) not in known]
    if not fresh:
        return []
    owner_ids = customers.owner_ids(session, [change.customer_id for change in fresh])
    everybody, teams = (people.everybody(session), people.teams(session)) if owner_ids else ({}, {})
    told = []
    for change in fresh:
        owner = everybody.get(owner_ids.get(change.customer_id, 0))
        team = teams.get(owner.team_id or 0) if owner else None
        told.append(
            AddressedChange(
                change=change,
                owner=owner,
                channel=(team.channel if team else None) or default_channel,
                language=(team.language if team else None) or language,
            )
        )
    return told


def _row(change: TierChange, run: RunContext, outbox_ids: dict[int, int]) -> dict[str, Any]:
    return {
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


class _AlertWriter:
    """Puts the alerts of one run into the outbox."""

    def __init__(self, session: Session, run: RunContext, scheme_cache: SchemeCache) -> None:
        self.session = session
        self.run = run
        self.scheme_cache = scheme_cache
        # The tiers of the schemes before too: a customer may come from one that is no more.
        versions = runs.scheme_versions_of(session, [run.previous_run_id, run.run_id])
        schemes = {version: scheme_cache.scheme(session, version) for version in versions}
        self.book = tier_names(schemes)

    def singly(self, items: list[AddressedChange]) -> dict[int, int]:
        """One message each; customer -> outbox id."""
        ids = [item.change.customer_id for item in items]
        named = customers.get_many(self.session, ids)
        assessed = assessments.assessments_at(self.session, [self.run.run_id], ids)  # whoever moved is in it
        after = self._breakdowns(assessed)
        behind = runs.runs_behind(self.session, self.run.purpose, self.run.previous_run_id)
        before = self._breakdowns(assessments.assessments_at(self.session, behind, ids))
        by_hand = [item.change.customer_id for item in items if item.change.cause == causes.OVERRIDE]
        decisions = overrides.open_of(self.session, by_hand, self.run.purpose) if by_hand else {}
        outbox_ids = {}
        for item in items:
            change, customer = item.change, named[item.change.customer_id]
            row = assessed[change.customer_id]
            scheme = (
                self.scheme_cache.scheme(self.session, row.scheme_version_id)
                if row.scheme_version_id
                else None
            )
            gates = {gate.id: names(gate.name) for gate in scheme.gates} if scheme else {}
            parts: tuple[DimensionPart, ...] = ()
            decision = decisions.get(change.customer_id)
            if scheme and change.customer_id in before and change.customer_id in after:
                parts = breakdown.moved_by(before[change.customer_id], after[change.customer_id], scheme)
            message = TierChanged(
                customer_id=change.customer_id,
                version=customer.version,
                name=customer.name,
                code=customer.code,
                purpose=self.run.purpose,
                before=self.book.tier(change.before, change.rules_before),
                after=self.book.tier(change.after, change.rules_after),
                up=self._is_up(change),
                score_before=change.score_before,
                score_after=change.score_after,
                capped_by=gates.get(row.capped_by or ""),
                held=change.held,
                cause=change.cause,
                rules=self._rules([change]),
                decided_by=decision.set_by if decision else None,
                decided_until=decision.expires_on if decision else None,
                parts=parts[:4],
                as_of=self.run.as_of,
                owner=Who(name=item.owner.name, slack_user_id=item.owner.slack_user_id)
                if item.owner
                else None,
            )
            key = f"{change.customer_id}:{self.run.as_of}:{change.before}>{change.after}"
            outbox_ids[change.customer_id] = self._enqueue(
                item.channel, item.language, message, f"tier_change:{self.run.purpose}:{key}"
            )
        return outbox_ids

    def digest(self, channel: str, items: list[AddressedChange], language: str) -> int:
        """One message for many; its outbox id."""
        moves = Counter((item.change.before, item.change.after) for item in items)
        ordered = sorted(
            moves.items(),
            key=lambda move: (-move[1], self.book.rank(move[0][0]), self.book.rank(move[0][1])),
        )
        largest = sorted(
            (item.change for item in items),
            key=lambda change: -abs((change.score_after or 0) - (change.score_before or 0)),
        )[:LARGEST_IN_DIGEST]
        named = customers.get_many(self.session, [change.customer_id for change in largest])
        message = TierDigest(
            total=len(items),
            purpose=self.run.purpose,
            by_rule=sum(item.change.cause == causes.RULE for item in items),
            by_hand=sum(item.change.cause == causes.OVERRIDE for item in items),
            rules=self._rules([item.change for item in items]),
            moves=tuple(
                (self.book.tier(before), self.book.tier(after), count) for (before, after), count in ordered
            ),
            largest=tuple(self._hit(change, named[change.customer_id]) for change in largest),
            as_of=self.run.as_of,
        )
        languages = {item.language for item in items}
        return self._enqueue(
            channel,
            languages.pop() if len(languages) == 1 else language,
            message,
            f"tier_digest:{self.run.run_id}:{channel}",
        )

    def _is_up(self, change: TierChange) -> bool:
        before = self.book.tier(change.before, change.rules_before)
        return self.book.tier(change.after, change.rules_after).rank < before.rank

    def _rules(self, changes: list[TierChange]) -> RuleChange | None:
        """What took whose place for those that moved by the rules; None when that is not one and the same."""
        pairs = {
            (change.rules_before, change.rules_after) for change in changes if change.cause == causes.RULE
        }
        if len(pairs) != 1:
            return None
        before, after = pairs.pop()
        if before is None or after is None:
            return None
        return rule_change(
            self.scheme_cache.scheme(self.session, before), self.scheme_cache.scheme(self.session, after)
        )

    def _hit(self, change: TierChange, customer: Customer) -> Hit:
        return Hit(
            customer_id=change.customer_id,
            version=customer.version,
            name=customer.name,
            code=customer.code,
            tier=self.book.tier(change.after, change.rules_after),
            score=change.score_after,
            cause=change.cause,
            before=Since(
                tier=self.book.tier(change.before, change.rules_before),
                score=change.score_before,
                as_of=self.run.as_of,
            ),
        )

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

    def _breakdowns(self, assessed: dict[int, Assessment]) -> dict[int, breakdown.Breakdown]:
        """Explained by the run each was assessed in: one that is not whole adds to those before it."""
        by_run: dict[tuple[int, int], list[Assessment]] = {}
        for row in assessed.values():
            if row.scheme_version_id is not None:
                by_run.setdefault((row.run_id, row.scheme_version_id), []).append(row)
        found: dict[int, breakdown.Breakdown] = {}
        for (of_run, version), rows in by_run.items():
            own = of_run == self.run.run_id
            day = self.run.as_of if own else self.session.get_one(GradingRun, of_run).as_of
            inputs = {row.customer_id: row.inputs for row in rows}
            found |= breakdown.unpacked(inputs, day, self.scheme_cache.scheme(self.session, version))
        return found
