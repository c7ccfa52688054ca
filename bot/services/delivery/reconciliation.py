"""Resolving messages whose answer was lost: Slack's history shows which of them arrived.

No message is resolved before its settle time, in which a call that timed out may still take effect.
"""

from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlmodel import Session

from bot.services.delivery import channels, circuit, pace
from bot.services.delivery.messenger import Answer, Reading
from bot.services.delivery.worker import Step, Worker, key_of
from db import processes
from db.care import touches
from db.outbox import claims, outcomes
from db.outbox.claims import Claimed
from db.outbox.messages import RESTORED, MessageState
from db.outbox.send_state import SendState

log = structlog.get_logger()

MOST = 500
# Our clock and Slack's may differ by this much before sending stops; more costs pages of history, less costs copies.
MARGIN = timedelta(seconds=5) + circuit.APART_STOP
AGAIN = timedelta(seconds=30)
PATIENCE = timedelta(minutes=10)  # with a history that Slack lets us read too seldom
ONCE_ONLY_AGAIN = timedelta(minutes=15)
BEFORE_A_WRONG_CLOCK = timedelta(days=1)


def reconcile(worker: Worker) -> int:
    """Resolve the unknown messages that are due, reading each history once; how many were resolved."""
    with worker.database.read() as session:
        now = worker.state(session).now
        rows = claims.unknown(session, now=now, limit=MOST)
        if not rows or pace.paused(session, now, pace.HISTORY):
            return 0
    names = {row.where for row in rows if row.is_named}
    located = channels.locate(worker, names) if names else {}
    places: dict[str | Answer, list[Claimed]] = {}
    for row in rows:
        places.setdefault(located.get(row.where, row.where), []).append(row)
    resolved = 0
    for where, unknown in places.items():
        worker.on_step(Step.RECONCILE_BEFORE)
        before = worker.clock.now()
        reading = _read(worker, where, unknown, now)
        gap = circuit.clock_gap(reading.slack_time, before, worker.clock.now())
        if worker.options.watch_clock and gap is not None and gap > circuit.APART_STOP:
            reading = Reading(outcome="later", error_class="clock")  # the wrong hours were read
        worker.on_step(Step.RECONCILE_READ)
        with worker.database.write() as session:
            state = worker.state(session)
            now = state.now
            resolved += sum(_resolve(worker, session, row, reading, now) for row in unknown)
            stop = _must_stop(worker, session, reading, state)
            stop = stop or circuit.compare_clocks(worker, session, gap, state)
            worker.on_step(Step.RECONCILE_WRITTEN)
        worker.on_step(Step.RECONCILE_AFTER)
        if stop or worker.stopping():
            break
    return resolved


def _read(worker: Worker, where: str | Answer, unknown: list[Claimed], now: datetime) -> Reading:
    if isinstance(where, Answer):
        return _unlocated(where)
    if not where:  # the person is no known Slack user yet: nothing may be sent without having looked
        return Reading(outcome="later", error_class="user_not_found")
    tried = [row.first_try_at or now for row in unknown]
    if max(tried) > now:  # written by a clock that has been set back since
        tried.append(now - BEFORE_A_WRONG_CLOCK)
    try:
        return worker.slack.history(where, min(tried) - MARGIN)
    except Exception as error:
        log.error("outbox.history_failed", exc_info=error)
        return Reading(outcome="later", error_class="fault")


def _unlocated(refused: Answer) -> Reading:
    """What it means for a history that its channel's id could not be found."""
    concerns = "place" if refused.concerns == "message" else refused.concerns
    outcome: Literal["impossible", "later"] = "impossible" if refused.outcome == "hopeless" else "later"
    return Reading(
        outcome=outcome, error_class=refused.error_class, retry_after=refused.retry_after, concerns=concerns
    )


def _resolve(worker: Worker, session: Session, row: Claimed, reading: Reading, now: datetime) -> bool:
    """Write what the history shows about a message; whether that resolves it."""
    key = key_of(row)
    # A restored database uses ids again, so that messages since the backup are identified by the key only.
    restored = row.attempt_id == RESTORED
    found = next(
        (posted for posted in reading.posted if posted.key == key and (restored or posted.id == row.id)), None
    )
    limited = reading.concerns == "rate" and now >= (row.unknown_since or now) + PATIENCE
    tally = ""
    values: dict[str, object]
    if found is not None:
        tally = "reconciled_found_total"
        values = {
            "state": MessageState.SENT,
            "slack_ts": found.ts,
            "slack_channel": reading.channel,
            "error": None,
            "error_class": None,
        }
    elif reading.outcome == "later" and not limited:
        values = {"next_at": now + (reading.retry_after or AGAIN)}
    elif reading.outcome != "read" and row.once_only:
        values = {
            "next_at": now + ONCE_ONLY_AGAIN,
            "error": f"nobody can tell whether it arrived: Slack's history says {reading.error_class}",
        }
    elif row.attempt >= worker.options.attempts:
        tally = "dead_total:attempts"
        values = {
            "state": MessageState.DEAD,
            "error_class": "attempts",
            "error": f"no answer from Slack in {row.attempt} attempts",
        }
    elif reading.outcome == "read":
        tally, values = "reconciled_resent_total", {"state": MessageState.PENDING, "next_at": now}
    else:
        tally = "possible_repeat_total"
        values = {"state": MessageState.PENDING, "next_at": now, "possible_repeat": True}
    ours = outcomes.write_outcome(session, row.id, row.attempt_id, was=MessageState.UNKNOWN, **values)
    if not ours or not tally:
        return False
    processes.count(session, tally)
    if values["state"] == MessageState.DEAD:
        touches.release_undelivered(session, [row.id], now)
    log.info("outbox.settled", id=row.id, kind=row.kind, how=tally)
    return True


def _must_stop(worker: Worker, session: Session, reading: Reading, state: SendState) -> bool:
    """Whether the other histories must wait too."""
    if reading.concerns == "rate":
        until = state.now + (reading.retry_after or AGAIN)
        pace.pause(session, until, worker.options.pace, state.now, name=pace.HISTORY)
        return True
    if reading.concerns == "account":
        answer = Answer(outcome="retry", concerns="account", error_class=reading.error_class)
        return circuit.learn(worker, session, [answer], state)
    return reading.concerns == "network"
