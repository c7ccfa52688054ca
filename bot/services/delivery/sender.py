"""Sending what is in the outbox: claim, guard, send once, write down what came of it.

Promise: a due message reaches Slack at least once; a second copy appears only when Slack's answer was lost and its
history could not settle the question, and then the copy says so. Any number of workers may run.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.clock import Clock
from bot.services.delivery import circuit, pace, restore
from bot.services.delivery.messenger import Answer, Messenger, Reference
from bot.services.delivery.outbox import divert
from bot.services.delivery.reconciliation import reconcile
from bot.services.delivery.worker import Worker, WorkerOptions, key_of
from bot.wording import messages
from db import system
from db.care import touches
from db.engine import Database
from db.outbox import claims, outcomes
from db.outbox import messages as outbox
from db.outbox.claims import Claimed

log = structlog.get_logger()

SOON = timedelta(seconds=2)  # longer than any place waits for its pace
UNWRITTEN = 0.05  # seconds: answers that come faster than this are written down together
PAUSE_SEEN = 0.02  # seconds: how old the knowledge that nobody was asked to wait may be


def deliver(
    database: Database,
    slack: Messenger,
    *,
    clock: Clock,
    rng: random.Random,
    monotonic: Callable[[], float] = time.monotonic,
    rules: WorkerOptions | None = None,
    at: Callable[[str], None] = lambda step: None,
    stopping: Callable[[], bool] = lambda: False,
    most: int = 1_000,
) -> int:
    """Settle what is unknown and send what is due; how many were tried."""
    worker = Worker(
        database=database,
        slack=slack,
        clock=clock,
        rng=rng,
        monotonic=monotonic,
        rules=rules or WorkerOptions(),
        at=at,
        stopping=stopping,
    )
    with database.read() as session:
        if not outbox.has_work(session):
            return 0
    sweep(worker)
    if not circuit.closed(worker):
        return 0
    reconcile(worker)
    tried = 0
    while tried < most and not stopping():
        batch = claim(worker, min(worker.rules.batch, most - tried))
        done = send(worker, batch)
        tried += done
        if not batch or done < len(batch):
            break
    return tried


def sweep(worker: Worker) -> None:
    """What was being sent when its lease ended becomes unknown; what is too late dies."""
    worker.at("sweep.before")
    with worker.database.write() as session:
        now = worker.now(session)
        rules = worker.rules
        expired = outcomes.expire_leases(session, now, lease=rules.lease, settle=rules.settle)
        outcomes.pull_forward(session, now, circuit.LONGEST_WAIT, settle=rules.settle)
        due_by = worker.due_by(now)
        if due_by > now + SOON:  # it acts as if it were later
            outcomes.bring_forward(session, now, after=now + SOON, until=due_by)
        given_up = outcomes.give_up(session, due_by)
        for error_class, ids in given_up.items():
            system.count(session, f"dead_total:{error_class}", len(ids))
            touches.release_undelivered(session, ids, now)
        system.count(session, "expired_total", expired)
    if expired or any(given_up.values()):
        log.warning("outbox.unsent", unknown=expired, **{word: len(ids) for word, ids in given_up.items()})
    worker.at("sweep.after")


def claim(worker: Worker, limit: int) -> list[tuple[Claimed, float]]:
    """Take what is due and may go now, at most one message for each place, each with when its lease began."""
    worker.at("claim.before")
    began = worker.monotonic()
    try:
        with worker.database.write() as session:
            state = worker.look(session)
            if not circuit.lets_go(state):
                return []
            now = state.now
            since = restore.doubted_since(state.restored, now)
            if since is not None:
                outcomes.doubt(session, since=since, now=now, untried=True)
            rows = claims.due(session, now=now, limit=limit)
            if since is not None:  # another process may have written one just now
                rows = [row for row in rows if row.first_try_at is not None]
            rows = pace.admit(session, worker.rules.pace, rows, now)
            claimed = claims.take(
                session,
                rows,
                now=now,
                lease=worker.rules.lease,
                attempt_id=f"{worker.rng.getrandbits(64):016x}",
            )
            worker.at("claim.written")
    except IntegrityError:  # another worker took an earlier message to the same place at this moment
        return []
    worker.at("claim.after")
    return [(row, began) for row in claimed]


def send(worker: Worker, batch: list[tuple[Claimed, float]]) -> int:
    """Send each once and write down how it ended; how many were tried. What may not go any more is given back."""
    answers: list[tuple[Claimed, Answer]] = []
    looked = written = worker.monotonic()
    for position, (row, began) in enumerate(batch):
        now = worker.monotonic()
        if now - looked > PAUSE_SEEN:
            looked = now
            with worker.database.read() as session:
                may_go = circuit.lets_go(worker.look(session))
        else:
            may_go = True
        # The guard: whoever was stopped for long may find that somebody else has taken the message over.
        may_go = may_go and worker.monotonic() - began <= worker.rules.lease.total_seconds() / 2
        may_go = may_go and not worker.stopping()
        answer = _send(worker, row) if may_go else None
        if answer is not None:
            answers.append((row, answer))
        stop = answer is None or answer.concerns in ("rate", "account")
        bad = answer is None or answer.outcome != "sent"
        if bad or worker.monotonic() - written > UNWRITTEN or position == len(batch) - 1:
            stop = mark(worker, answers) or stop
            answers, written = [], worker.monotonic()
        if stop:
            left = batch[position if answer is None else position + 1 :]
            release(worker, [row for row, _ in left])
            return position + (answer is not None)
    return len(batch)


def release(worker: Worker, rows: list[Claimed]) -> None:
    """Give back what was claimed and surely not sent."""
    if not rows:
        return
    with worker.database.write() as session:
        ours = claims.release(session, [row.id for row in rows], rows[0].attempt_id)
        system.count(session, "abandoned_total", ours)
        system.count(session, "taken_over_total", len(rows) - ours)


def mark(worker: Worker, answers: list[tuple[Claimed, Answer]]) -> bool:
    """Write down how attempts ended, where they are still ours to say; whether nothing more may go now."""
    if not answers:
        return False
    worker.at("mark.before")
    stop = False
    with worker.database.write() as session:
        state = worker.look(session)
        sent = [(row.id, answer.ts, answer.channel) for row, answer in answers if answer.outcome == "sent"]
        taken_over = len(sent) - outcomes.mark_sent(session, answers[0][0].attempt_id, sent)
        for row, answer in answers:
            if answer.outcome != "sent":
                taken_over += not _mark_unsent(worker, session, row, answer, state.now)
            stop = pace.heed(session, worker.rules.pace, answer, state.now) or stop
        system.count(session, "taken_over_total", taken_over)
        stop = circuit.hear(worker, session, [answer for _, answer in answers], state) or stop
        worker.at("mark.written")
    notify = log.bind()  # once: for each line anew it took longer than the line
    for row, answer in answers:
        notify.info(
            "outbox.tried", id=row.id, kind=row.kind, outcome=answer.outcome, error=answer.error_class
        )
    if taken_over:
        log.warning("outbox.taken_over", many=taken_over)
    worker.at("mark.after")
    return stop


def _send(worker: Worker, row: Claimed) -> Answer:
    worker.at("send.before")
    try:
        body = json.loads(row.body_json)
        message = messages.load(body)
    except (ValueError, KeyError) as error:
        return Answer(
            outcome="hopeless", error_class="unreadable", error=f"the kept message cannot be read: {error}"
        )
    before = worker.clock.now()
    try:
        answer = worker.slack.send(
            row.where,
            message,
            body.get("language"),
            Reference(id=row.id, attempt=row.attempt, key=key_of(row)),
            possible_repeat=row.possible_repeat,
        )
    except Exception as error:
        # Nobody knows how far it came: it may have arrived.
        log.error("outbox.send_failed", id=row.id, exc_info=error)
        answer = Answer(outcome="lost", error_class="fault", error=f"a fault while sending: {error!r}")
    if answer.slack_time is not None:
        answer = replace(answer, apart=circuit.apart(answer.slack_time, before, worker.clock.now()))
    worker.at("send.after")
    return answer


def _mark_unsent(worker: Worker, session: Session, row: Claimed, answer: Answer, now: datetime) -> bool:
    rules = worker.rules
    values: dict[str, Any] = {
        "error_class": answer.error_class,
        "error": answer.error,
        "lease_until": None,
    }
    if answer.outcome == "lost":
        values |= {"state": "unknown", "unknown_since": now, "next_at": now + rules.settle}
    elif answer.outcome == "hopeless" or (answer.counts and row.attempt >= rules.attempts):
        values |= {"state": "dead"}
        if answer.outcome != "hopeless":
            values |= {"error": f"{answer.error}; given up after {row.attempt} attempts"}
    else:
        wait = answer.retry_after
        if wait is None:
            wait = worker.rng.random() * min(
                rules.backoff_cap, rules.backoff_base * 2 ** min(row.attempt, 10)
            )
        values |= {"state": "pending", "next_at": now + wait, "attempt": row.attempt - (not answer.counts)}
    ours = outcomes.settle(session, row.id, row.attempt_id, **values)
    if ours and values["state"] == "dead":
        system.count(session, f"dead_total:{answer.error_class}")
        touches.release_undelivered(session, [row.id], now)
        if answer.concerns == "place" and row.channel and rules.fallback_channel:
            divert(session, row.id, rules.fallback_channel, now)
    return ours
