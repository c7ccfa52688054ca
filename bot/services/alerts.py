"""Telling managers of tier changes: in the transaction that publishes them, once each."""

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session

from bot.messages import DimensionPart, Hit, Since, TierChanged, TierDigest, Who
from bot.services import breakdown, outbox
from bot.services.grading import Change, RunContext
from bot.services.outbox import Place
from bot.services.schemes import Shelf, TierBook, names, tier_book
from db import customers, grading, people
from db.customers import Customer
from db.grading import Assessment, GradingRun, TierChange
from db.people import Person
from grading.scheme import Scheme

MOST_SINGLE = 20
LARGEST_IN_DIGEST = 10


@dataclass(frozen=True, kw_only=True)
class Told:
    """A new change with whom it concerns and where it is told."""

    change: Change
    row: TierChange
    customer: Customer
    owner: Person | None
    channel: str
    language: str | None


def tell_changes(
    session: Session,
    changes: list[Change],
    run: RunContext,
    *,
    shelf: Shelf,
    default_channel: str,
    language: str,
) -> int:
    """Record changes and put their alerts into the outbox; how many messages. Known changes are left out.

    More than twenty for one channel become one digest. Without any channel a change is recorded, not told.
    """
    told = [
        item
        for change in changes
        if (item := _record(session, change, run, default_channel, language)) is not None
    ]
    by_channel: dict[str, list[Told]] = {}
    for item in told:
        if item.channel:
            by_channel.setdefault(item.channel, []).append(item)
    scheme = shelf.scheme(session, run.scheme_version_id)
    book = tier_book([scheme])
    messages = 0
    for channel, items in by_channel.items():
        if len(items) > MOST_SINGLE:
            _digest(session, items, run, book, channel)
            messages += 1
        else:
            messages += _singly(session, items, run, shelf, scheme, book)
    return messages


def _record(
    session: Session, change: Change, run: RunContext, default_channel: str, language: str
) -> Told | None:
    if grading.change_known(
        session,
        customer_id=change.customer_id,
        purpose=run.purpose,
        as_of=run.as_of,
        from_tier=change.before,
        to_tier=change.after,
    ):
        return None
    customer = customers.get(session, change.customer_id)
    if customer is None:
        return None
    row = TierChange(
        customer_id=change.customer_id,
        purpose=run.purpose,
        run_id=run.run_id,
        as_of=run.as_of,
        from_tier=change.before,
        to_tier=change.after,
        score_before=change.score_before,
        score_after=change.score_after,
    )
    session.add(row)
    session.flush()
    owner = customers.owner(session, change.customer_id)
    team = people.team(session, owner.team_id) if owner else None
    return Told(
        change=change,
        row=row,
        customer=customer,
        owner=owner,
        channel=(team.channel if team else None) or default_channel,
        language=(team.language if team else None) or language,
    )


def _singly(
    session: Session, items: list[Told], run: RunContext, shelf: Shelf, scheme: Scheme, book: TierBook
) -> int:
    ids = [item.change.customer_id for item in items]
    after = _breakdowns(session, run.run_id, ids, shelf)
    before = _breakdowns(session, run.previous_run_id, ids, shelf)
    capped = grading.assessments_in_run(session, run.run_id, ids)
    gates = {gate.id: names(gate.name) for gate in scheme.gates}
    for item in items:
        change, customer = item.change, item.customer
        parts: tuple[DimensionPart, ...] = ()
        if change.customer_id in before and change.customer_id in after:
            parts = breakdown.moved_by(before[change.customer_id], after[change.customer_id], scheme)
        message = TierChanged(
            customer_id=change.customer_id,
            version=customer.version,
            name=customer.name,
            code=customer.code,
            before=book.tier(change.before),
            after=book.tier(change.after),
            up=book.rank(change.after) < book.rank(change.before),
            score_before=change.score_before,
            score_after=change.score_after,
            capped_by=gates.get(capped[change.customer_id].capped_by or ""),
            held=change.held,
            parts=parts[:4],
            as_of=run.as_of,
            owner=Who(name=item.owner.name, slack_user_id=item.owner.slack_user_id) if item.owner else None,
        )
        _enqueue(session, item, message, f"tier_change:{item.row.id}", run)
    return len(items)


def _digest(session: Session, items: list[Told], run: RunContext, book: TierBook, channel: str) -> None:
    moves = Counter((item.change.before, item.change.after) for item in items)
    ordered = sorted(moves.items(), key=lambda move: (-move[1], book.rank(move[0][0]), book.rank(move[0][1])))
    largest = sorted(
        items, key=lambda item: -abs((item.change.score_after or 0) - (item.change.score_before or 0))
    )
    message = TierDigest(
        total=len(items),
        moves=tuple((book.tier(before), book.tier(after), count) for (before, after), count in ordered[:12]),
        largest=tuple(
            Hit(
                customer_id=item.change.customer_id,
                version=item.customer.version,
                name=item.customer.name,
                code=item.customer.code,
                tier=book.tier(item.change.after),
                score=item.change.score_after,
                before=Since(
                    tier=book.tier(item.change.before), score=item.change.score_before, as_of=run.as_of
                ),
            )
            for item in largest[:LARGEST_IN_DIGEST]
        ),
        as_of=run.as_of,
    )
    outbox_id = _enqueue(session, items[0], message, f"tier_digest:{run.run_id}:{channel}", run)
    for item in items:
        item.row.outbox_id = outbox_id


def _enqueue(
    session: Session, item: Told, message: TierChanged | TierDigest, key: str, run: RunContext
) -> int:
    outbox_id = outbox.enqueue(
        session,
        kind="tier_change",
        place=Place(channel=item.channel),
        message=message,
        language=item.language,
        dedupe_key=key,
        now=run.now,
    )
    item.row.outbox_id = outbox_id
    return outbox_id


def _breakdowns(
    session: Session, run_id: int, customer_ids: list[int], shelf: Shelf
) -> dict[int, breakdown.Breakdown]:
    run = session.get(GradingRun, run_id)
    found: dict[int, Assessment] = grading.assessments_in_run(session, run_id, customer_ids)
    if run is None or not found:
        return {}
    return breakdown.break_down(found.values(), run, shelf.scheme(session, run.scheme_version_id))
