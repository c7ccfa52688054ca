"""Sending the messages of the outbox: claim, check the lease, send once, write how it ended.

Promise: a due message reaches Slack at least once; a second copy appears only when Slack's answer was lost and its
history could not settle the question, and then the copy says so. Any number of workers may run.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.services.delivery import channels, circuit, pace, rights
from bot.services.delivery.messenger import Answer, Reference
from bot.services.delivery.outbox import divert
from bot.services.delivery.reconciliation import reconcile
from bot.services.delivery.worker import Step, Worker, doubted_since, key_of
from bot.wording import messages
from db import processes
from db.care import touches
from db.outbox import claims, outcomes
from db.outbox import messages as outbox
from db.outbox.claims import Claimed
from db.outbox.messages import MessageState

log = structlog.get_logger()

SOON = timedelta(seconds=2)  # longer than any address waits for its pace
MOST_ABSENT = 500  # messages to people who have left, in one pass
UNWRITTEN = 0.05  # seconds: answers that come faster than this are written together
PAUSE_SEEN = 0.02  # seconds after which send state and rights are read again between two messages


def deliver(worker: Worker, most: int = 1_000) -> int:
    """Resolve unknown messages and send due ones; how many were tried."""
    with worker.database.read() as session:
        if not outbox.has_work(session):
            return 0
    sweep(worker)
    if not circuit.probe(worker):
        return 0
    reconcile(worker)
    tried = 0
    while tried < most and not worker.stopping():
        batch = claim(worker, min(worker.options.batch, most - tried))
        done = send(worker, batch)
        tried += done
        if not batch or done < len(batch):
            break
    return tried


def sweep(worker: Worker) -> None:
    """Make messages whose lease has ended unknown, and those that are too late dead; redirect those to people who left."""
    worker.on_step(Step.SWEEP_BEFORE)
    with worker.database.write() as session:
        now = worker.state(session).now
        options = worker.options
        expired = outcomes.expire_leases(session, now, lease=options.lease, settle=options.settle)
        outcomes.pull_forward(session, now, circuit.LONGEST_WAIT, settle=options.settle)
        # Rights and care go by the clock of the bot, which may be shifted; leases by the database's.
        rights.hold_back(session, claims.to_absent(session, MOST_ABSENT), worker.firm, worker.clock.now())
        due_by = worker.due_by(now)
        if due_by > now + SOON:  # the clock was shifted forward on purpose
            outcomes.bring_forward(session, now, after=now + SOON, until=due_by)
        late = outcomes.give_up(session, due_by)
        processes.count(session, "dead_total:late", len(late))
        touches.release_undelivered(session, late, worker.clock.now())
        processes.count(session, "expired_total", expired)
    if expired or late:
        log.warning("outbox.unsent", unknown=expired, late=len(late))
    worker.on_step(Step.SWEEP_AFTER)


def claim(worker: Worker, limit: int) -> list[tuple[Claimed, float]]:
    """Take messages that may be sent now, at most one per address, each with when its lease began."""
    worker.on_step(Step.CLAIM_BEFORE)
    began = worker.monotonic()
    try:
        with worker.database.write() as session:
            state = worker.state(session)
            if not circuit.may_send(state):
                return []
            now = state.now
            since = doubted_since(state.restored, now)
            if since is not None:
                outcomes.mark_restored(session, since=since, now=now, untried=True)
            rows = claims.due(session, now=now, limit=limit)
            if since is not None:  # another process may have written one in between
                rows = [row for row in rows if row.first_try_at is not None]
            rows = rights.hold_back(session, rows, worker.firm, worker.clock.now())
            rows = pace.admit(session, worker.options.pace, rows, now)
            claimed = claims.take(
                session,
                rows,
                now=now,
                lease=worker.options.lease,
                attempt_id=f"{worker.rng.getrandbits(64):016x}",
            )
            worker.on_step(Step.CLAIM_WRITTEN)
    except IntegrityError:  # another worker has just taken an earlier message to the same address
        return []
    worker.on_step(Step.CLAIM_AFTER)
    return [(row, began) for row in claimed]


def send(worker: Worker, batch: list[tuple[Claimed, float]]) -> int:
    """Send each message once and write how it ended; how many were tried. The rest is released."""
    answers: list[tuple[Claimed, Answer]] = []
    names = {row.where for row, _ in batch if row.is_named}
    places = channels.locate(worker, names) if names else {}  # a call to Slack: before the leases are checked
    checked = written = worker.monotonic()
    for position, (row, began) in enumerate(batch):
        where = places.get(row.where, row.where)
        may_send = True
        if (now := worker.monotonic()) - checked > PAUSE_SEEN:
            checked = now
            with worker.database.read() as session:
                state = worker.state(session)
                # If not, it is released: the next claim sends it to whom it may go now.
                may_send = circuit.may_send(state) and rights.may_still_go(
                    session, row, worker.firm, worker.clock.now()
                )
        # After a long stop of this process another one may have taken the message over.
        may_send = may_send and worker.monotonic() - began <= worker.options.lease.total_seconds() / 2
        may_send = may_send and not worker.stopping()
        answer = None
        if may_send:
            answer = where if isinstance(where, Answer) else _send(worker, row._replace(where=where))
        if answer is not None:
            answers.append((row, answer))
        stop = answer is None or answer.concerns in ("rate", "account")
        unsent = answer is None or answer.outcome != "sent"
        if unsent or worker.monotonic() - written > UNWRITTEN or position == len(batch) - 1:
            stop = mark(worker, answers) or stop
            answers, written = [], worker.monotonic()
        if stop:
            tried = position + (answer is not None)
            release(worker, [row for row, _ in batch[tried:]])
            return tried
    return len(batch)


def release(worker: Worker, rows: list[Claimed]) -> None:
    """Make claimed messages that were not sent pending again."""
    if not rows:
        return
    with worker.database.write() as session:
        ours = claims.release(session, [row.id for row in rows], rows[0].attempt_id)
        processes.count(session, "abandoned_total", ours)
        processes.count(session, "taken_over_total", len(rows) - ours)


def mark(worker: Worker, answers: list[tuple[Claimed, Answer]]) -> bool:
    """Write how attempts ended, where they are still ours; True when nothing more may be sent."""
    if not answers:
        return False
    worker.on_step(Step.MARK_BEFORE)
    stop = False
    with worker.database.write() as session:
        state = worker.state(session)
        sent = [(row.id, answer.ts, answer.channel) for row, answer in answers if answer.outcome == "sent"]
        taken_over = len(sent) - outcomes.mark_sent(session, answers[0][0].attempt_id, sent)
        for row, answer in answers:
            if answer.outcome != "sent":
                taken_over += not _mark_unsent(worker, session, row, answer, state.now)
            stop = pace.pause_if_asked(session, worker.options.pace, answer, state.now) or stop
        processes.count(session, "taken_over_total", taken_over)
        stop = circuit.learn(worker, session, [answer for _, answer in answers], state) or stop
        worker.on_step(Step.MARK_WRITTEN)
    bound = log.bind()  # once, because binding at each line takes longer than the line
    for row, answer in answers:
        bound.info("outbox.tried", id=row.id, kind=row.kind, outcome=answer.outcome, error=answer.error_class)
    if taken_over:
        log.warning("outbox.taken_over", many=taken_over)
    worker.on_step(Step.MARK_AFTER)
    return stop


def _send(worker: Worker, row: Claimed) -> Answer:
    worker.on_step(Step.SEND_BEFORE)
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
        # It may have arrived.
        log.error("outbox.send_failed", id=row.id, exc_info=error)
        answer = Answer(outcome="lost", error_class="fault", error=f"a fault while sending: {error!r}")
    if answer.slack_time is not None:
        gap = circuit.clock_gap(answer.slack_time, before, worker.clock.now())
        answer = replace(answer, clock_gap=gap)
    worker.on_step(Step.SEND_AFTER)
    return answer


def _mark_unsent(worker: Worker, session: Session, row: Claimed, answer: Answer, now: datetime) -> bool:
    options = worker.options
    values: dict[str, Any] = {
        "state": MessageState.DEAD,
        "error_class": answer.error_class,
        "error": answer.error,
        "lease_until": None,
    }
    if answer.outcome == "lost":
        values |= {"state": MessageState.UNKNOWN, "unknown_since": now, "next_at": now + options.settle}
    elif answer.outcome != "hopeless" and answer.counts and row.attempt >= options.attempts:
        values |= {"error": f"{answer.error}; given up after {row.attempt} attempts"}
    elif answer.outcome != "hopeless":
        wait = answer.retry_after
        if wait is None:
            backoff = min(options.backoff_cap, options.backoff_base * 2 ** min(row.attempt, 10))
            wait = worker.rng.random() * backoff
        values |= {
            "state": MessageState.PENDING,
            "next_at": now + wait,
            "attempt": row.attempt - (not answer.counts),
        }
    ours = outcomes.write_outcome(session, row.id, row.attempt_id, **values)
    if ours and values["state"] == MessageState.DEAD:
        processes.count(session, f"dead_total:{answer.error_class}")
        touches.release_undelivered(session, [row.id], worker.clock.now())
        if answer.concerns == "place" and row.channel and options.fallback_channel:
            divert(session, row.id, options.fallback_channel, now)
        trouble = channels.trouble_of(answer.error_class)
        if trouble and row.channel:
            troubled = channels.troubled(row.channel, row.where, trouble)
            channels.tell_admins(session, [troubled], options, now)
    return ours
