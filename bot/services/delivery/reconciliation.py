"""Settling what became of messages whose answer was lost: Slack's history shows which of them it has.

Nothing is settled before its settle time, in which a call that timed out may still take effect.
"""

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.services.delivery import circuit, pace
from bot.services.delivery.messenger import Answer, Reading
from bot.services.delivery.worker import Worker, key_of
from db import system
from db.care import touches
from db.outbox import claims, outcomes
from db.outbox.claims import Claimed
from db.outbox.messages import RESTORED
from db.outbox.throttle import SendState

log = structlog.get_logger()

MOST = 500
# Our clock and Slack's may be this far apart before sending stops; a larger window costs pages, a smaller one copies.
MARGIN = timedelta(seconds=5) + circuit.APART_STOP
AGAIN = timedelta(seconds=30)
PATIENCE = timedelta(minutes=10)  # with a history we may read too seldom
ONCE_ONLY_AGAIN = timedelta(minutes=15)
BEFORE_A_WRONG_CLOCK = timedelta(days=1)


def reconcile(worker: Worker) -> int:
    """Settle what is unknown and due; how many were settled. One look at each place's history."""
    with worker.database.read() as session:
        now = worker.now(session)
        rows = claims.unsettled(session, now=now, limit=MOST)
        if not rows or pace.paused(session, now, pace.HISTORY):
            return 0
        known = claims.channels_of(session, {row.address for row in rows if row.where.startswith("#")})
    places: dict[str, list[Claimed]] = {}
    for row in rows:
        places.setdefault(known.get(row.address, row.where), []).append(row)
    settled = 0
    for where, unknown in places.items():
        worker.at("reconcile.before")
        before = worker.clock.now()
        reading = _read(worker, where, unknown, now)
        off = circuit.apart(reading.slack_time, before, worker.clock.now())
        if worker.rules.watch_clock and off is not None and off > circuit.APART_STOP:
            reading = Reading(outcome="later", error_class="clock")  # we looked at the wrong hours
        worker.at("reconcile.read")
        with worker.database.write() as session:
            state = worker.look(session)
            now = state.now
            settled += sum(_settle(worker, session, row, reading, now) for row in unknown)
            stop = _heed(worker, session, reading, state) or circuit.compare_clocks(
                worker, session, off, state
            )
            worker.at("reconcile.written")
        worker.at("reconcile.after")
        if stop or worker.stopping():
            break
    return settled


def _read(worker: Worker, where: str, unknown: list[Claimed], now: datetime) -> Reading:
    if not where:
        return Reading(outcome="impossible", error_class="user_not_found")
    tried = [row.first_try_at or now for row in unknown]
    if max(tried) > now:  # written by a clock that was put back since
        tried.append(now - BEFORE_A_WRONG_CLOCK)
    try:
        return worker.slack.history(where, min(tried) - MARGIN)
    except Exception as error:
        log.error("outbox.history_failed", exc_info=error)
        return Reading(outcome="later", error_class="fault")


def _settle(worker: Worker, session: Session, row: Claimed, reading: Reading, now: datetime) -> bool:
    """Write down what is known now; whether that settles it."""
    key = key_of(row)
    # A database that was restored gives numbers a second time: of what it may have sent only the key tells.
    rewound = row.attempt_id == RESTORED
    found = next(
        (posted for posted in reading.posted if posted.key == key and (rewound or posted.id == row.id)), None
    )
    limited = reading.concerns == "rate" and now >= (row.unknown_since or now) + PATIENCE
    values: dict[str, object]
    if found is not None:
        tally, values = (
            "reconciled_found_total",
            {
                "state": "sent",
                "slack_ts": found.ts,
                "slack_channel": reading.channel,
                "error": None,
                "error_class": None,
            },
        )
    elif reading.outcome == "later" and not limited:
        wait = reading.retry_after or AGAIN
        outcomes.settle(session, row.id, row.attempt_id, states=("unknown",), next_at=now + wait)
        return False
    elif reading.outcome != "read" and row.once_only:
        outcomes.settle(
            session,
            row.id,
            row.attempt_id,
            states=("unknown",),
            next_at=now + ONCE_ONLY_AGAIN,
            error=f"nobody can tell whether it arrived: Slack's history says {reading.error_class}",
        )
        return False
    elif row.attempt >= worker.rules.attempts:
        tally, values = (
            "dead_total:attempts",
            {
                "state": "dead",
                "error_class": "attempts",
                "error": f"no answer from Slack in {row.attempt} attempts",
            },
        )
    else:
        tally, values = "reconciled_resent_total", {"state": "pending", "next_at": now}
        if reading.outcome != "read":
            tally, values = "possible_repeat_total", {**values, "possible_repeat": True}
    ours = outcomes.settle(session, row.id, row.attempt_id, states=("unknown",), **values)
    if ours:
        system.count(session, tally)
        if values["state"] == "dead":
            touches.release_undelivered(session, [row.id], now)
        log.info("outbox.settled", id=row.id, kind=row.kind, how=tally)
    return ours


def _heed(worker: Worker, session: Session, reading: Reading, known: SendState) -> bool:
    """Whether the histories of other places must wait too."""
    now = known.now
    if reading.concerns == "rate":
        until = now + (reading.retry_after or AGAIN)
        pace.pause(session, until, worker.rules.pace, now, name=pace.HISTORY)
        return True
    if reading.concerns == "account":
        answer = Answer(outcome="retry", concerns="account", error_class=reading.error_class)
        return circuit.hear(worker, session, [answer], known)
    return reading.concerns == "network"
