"""How fast messages may be sent: a token bucket per address and one for the workspace, in rows all workers share.

Slack takes about one message a second in a channel, short bursts tolerated, and has a ceiling for the workspace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.services.delivery.messenger import Answer
from db.outbox import claims, send_state
from db.outbox.claims import Claimed
from db.outbox.send_state import WORKSPACE, TokenBucket

HISTORY = "history"
UPDATES = "updates"  # of messages that stand in Slack, which it counts apart from new ones
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Messages a minute. The workspace's rate is halved when Slack asks us to wait, and recovers slowly."""

    workspace: float = 40
    least: float = 5
    recovers: float = 2  # each minute
    place: float = 60
    burst: float = 3


UNLIMITED = Pace(workspace=1_000_000)


def admit(session: Session, pace: Pace | None, rows: Sequence[Claimed], now: datetime) -> list[Claimed]:
    """The due messages that may be sent now; others are postponed until their bucket has a token."""
    if pace is None or not rows:
        return list(rows)
    known = send_state.buckets(session, [WORKSPACE, *(row.address for row in rows)])
    workspace = _refilled_workspace(known.get(WORKSPACE), pace, now)
    admitted: list[Claimed] = []
    used = [workspace]
    waits: dict[int, datetime] = {}
    for row in rows:
        if workspace.tokens < 1:
            break
        bucket = _refilled(known.get(row.address), row.address, pace, now)
        if bucket.tokens < 1:
            waits[row.id] = now + timedelta(minutes=(1 - bucket.tokens) / bucket.per_minute)
            continue
        bucket.tokens -= 1
        workspace.tokens -= 1
        used.append(bucket)
        admitted.append(row)
    claims.postpone(session, waits)
    send_state.put(session, used)
    return admitted


def available(session: Session, pace: Pace | None, name: str, now: datetime) -> int:
    """How many calls of a kind may be made now."""
    pace = pace or UNLIMITED
    bucket = _refilled_workspace(send_state.buckets(session, [name]).get(name), pace, now, name)
    return 0 if lasts(bucket.paused_until, now) else int(bucket.tokens)


def use(session: Session, pace: Pace | None, name: str, many: int, now: datetime) -> None:
    """Count calls of a kind as made."""
    if pace is not None and many:
        bucket = _refilled_workspace(send_state.buckets(session, [name]).get(name), pace, now, name)
        bucket.tokens -= many
        send_state.put(session, [bucket])


def paused(session: Session, now: datetime, name: str = WORKSPACE) -> bool:
    """Whether Slack asked us to wait."""
    return lasts(send_state.paused_until(session, name), now)


def lasts(until: datetime | None, now: datetime) -> bool:
    """Whether a pause is not over. One longer than any pause was written by a clock that has been set back since."""
    return until is not None and now < until <= now + LONGEST_PAUSE


def pause_if_asked(session: Session, pace: Pace | None, answer: Answer, now: datetime) -> bool:
    """Pause when Slack's answer asks us to wait; whether it did."""
    if answer.concerns != "rate":
        return False
    pause(session, now + (answer.retry_after or timedelta(seconds=5)), pace, now)
    return True


def pause(
    session: Session, until: datetime, pace: Pace | None, now: datetime, *, name: str = WORKSPACE
) -> None:
    """Send nothing until then, and afterwards at half the rate."""
    pace = pace or Pace()
    known = send_state.buckets(session, [name])
    bucket = _refilled_workspace(known.get(name), pace, now, name)
    if not lasts(bucket.paused_until, now):  # once, however many messages were being sent
        bucket.per_minute = max(pace.least, bucket.per_minute / 2)
    earlier = bucket.paused_until
    bucket.paused_until = max(until, earlier) if earlier and earlier <= now + LONGEST_PAUSE else until
    bucket.tokens = min(bucket.tokens, 1)
    send_state.put(session, [bucket])


def _refilled_workspace(
    bucket: TokenBucket | None, pace: Pace, now: datetime, name: str = WORKSPACE
) -> TokenBucket:
    if bucket is None:
        return TokenBucket(name=name, tokens=pace.workspace, per_minute=pace.workspace, counted_at=now)
    minutes = _minutes(bucket.counted_at, now)
    rate = min(pace.workspace, bucket.per_minute + minutes * pace.recovers)
    tokens = min(rate, bucket.tokens + minutes * bucket.per_minute)
    return TokenBucket(
        name=name, tokens=tokens, per_minute=rate, counted_at=now, paused_until=bucket.paused_until
    )


def _refilled(bucket: TokenBucket | None, address: str, pace: Pace, now: datetime) -> TokenBucket:
    tokens = pace.burst
    if bucket is not None:
        tokens = min(pace.burst, bucket.tokens + _minutes(bucket.counted_at, now) * pace.place)
    return TokenBucket(name=address, tokens=tokens, per_minute=pace.place, counted_at=now)


def _minutes(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since) / timedelta(minutes=1))
