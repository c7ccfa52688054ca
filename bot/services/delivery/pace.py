"""How fast messages may go: a token bucket for each place and one for the workspace, in rows all workers share.

Slack takes about one message a second in a channel, short bursts tolerated, and has a ceiling for the workspace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.services.delivery.messenger import Answer
from db.outbox import claims, throttle
from db.outbox.claims import Claimed
from db.outbox.throttle import WORKSPACE, TokenBucket

HISTORY = "history"
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Messages a minute. The workspace's is halved when Slack asks us to wait, and recovers slowly."""

    workspace: float = 40
    least: float = 5
    recovers: float = 2  # each minute
    place: float = 60
    burst: float = 3


def admit(session: Session, pace: Pace | None, rows: Sequence[Claimed], now: datetime) -> list[Claimed]:
    """Those of the due messages that may go now. Where a place must wait, its message waits for its turn."""
    if pace is None or not rows:
        return list(rows)
    known = throttle.buckets(session, [WORKSPACE, *(row.address for row in rows)])
    workspace = _refilled_workspace(known.get(WORKSPACE), pace, now)
    admitted: list[Claimed] = []
    used = [workspace]
    waits: dict[int, datetime] = {}
    for row in rows:
        if workspace.tokens < 1:
            break
        bucket = _refilled(known.get(row.address), row.address, pace.place, pace.burst, now)
        if bucket.tokens < 1:
            waits[row.id] = now + timedelta(minutes=(1 - bucket.tokens) / bucket.per_minute)
            continue
        bucket.tokens -= 1
        workspace.tokens -= 1
        used.append(bucket)
        admitted.append(row)
    claims.wait(session, waits)
    throttle.put(session, used)
    return admitted


def paused(session: Session, now: datetime, name: str = WORKSPACE) -> bool:
    """Whether Slack asked us to wait."""
    return lasts(throttle.paused_until(session, name), now)


def lasts(until: datetime | None, now: datetime) -> bool:
    """Whether a pause is not over. One longer than any was written by a clock that was put back since."""
    return until is not None and now < until <= now + LONGEST_PAUSE


def heed(session: Session, pace: Pace | None, answer: Answer, now: datetime) -> bool:
    """Respect Slack's wish to wait; whether there was one."""
    if answer.concerns != "rate":
        return False
    pause(session, now + (answer.retry_after or timedelta(seconds=5)), pace, now)
    return True


def pause(
    session: Session, until: datetime, pace: Pace | None, now: datetime, *, name: str = WORKSPACE
) -> None:
    """Nothing goes before then; afterwards it goes at half the pace."""
    pace = pace or Pace()
    known = throttle.buckets(session, [name])
    bucket = _refilled_workspace(known.get(name), pace, now, name)
    if not paused(session, now, name):  # one wish, however many messages were on their way
        bucket.per_minute = max(pace.least, bucket.per_minute / 2)
    earlier = bucket.paused_until
    bucket.paused_until = max(until, earlier) if earlier and earlier <= now + LONGEST_PAUSE else until
    bucket.tokens = min(bucket.tokens, 1)
    throttle.put(session, [bucket])


def _refilled_workspace(
    bucket: TokenBucket | None, pace: Pace, now: datetime, name: str = WORKSPACE
) -> TokenBucket:
    if bucket is None:
        return TokenBucket(name=name, tokens=pace.workspace, per_minute=pace.workspace, counted_at=now)
    minutes = _minutes(bucket.counted_at, now)
    rate = min(pace.workspace, bucket.per_minute + minutes * pace.recovers)
    return TokenBucket(
        name=name,
        tokens=min(rate, bucket.tokens + minutes * bucket.per_minute),
        per_minute=rate,
        counted_at=now,
        paused_until=bucket.paused_until,
    )


def _refilled(
    bucket: TokenBucket | None, name: str, per_minute: float, burst: float, now: datetime
) -> TokenBucket:
    if bucket is None:
        return TokenBucket(name=name, tokens=burst, per_minute=per_minute, counted_at=now)
    tokens = min(burst, bucket.tokens + _minutes(bucket.counted_at, now) * per_minute)
    return TokenBucket(name=name, tokens=tokens, per_minute=per_minute, counted_at=now)


def _minutes(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since) / timedelta(minutes=1))
