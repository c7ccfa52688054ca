"""Whether the workspace takes messages at all: a revoked token, a dead network and a wrong clock concern every message.

While the circuit is open messages stay as they are and use up nothing; a look at Slack now and then closes it again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.services.delivery import pace
from bot.services.delivery.messenger import Answer
from bot.services.delivery.worker import Worker
from db.outbox import throttle
from db.outbox.throttle import SendState

log = structlog.get_logger()

FAILURES = 3  # in a row without an answer
PROBE = timedelta(seconds=15)
APART_WARN, APART_STOP = timedelta(seconds=60), timedelta(seconds=240)  # Slack's own signatures break at 300
LONGEST_WAIT = timedelta(minutes=20)  # nothing in the outbox is put off for longer
SENTENCES = {
    "network": "Slack cannot be reached; the messages wait",
    "clock": "this machine's clock and Slack's are more than 4 minutes apart; set it right, nothing is sent meanwhile",
}


def lets_go(state: SendState) -> bool:
    """Whether messages may go, and Slack has not asked us to wait."""
    return not state.reason and not pace.lasts(state.paused_until, state.now)


def is_closed(session: Session) -> bool:
    """Whether messages may go."""
    row = throttle.circuit(session)
    return row is None or not row.reason


def closed(worker: Worker) -> bool:
    """The same, after a look at Slack where one is due."""
    with worker.database.read() as session:
        state = worker.look(session)
        row = throttle.circuit(session) if state.reason else None
    if row is None:
        return True
    now = state.now
    if row.probe_at is not None and now < row.probe_at <= now + PROBE:
        return False
    before = worker.clock.now()
    found = worker.slack.check()
    off = apart(found.slack_time, before, worker.clock.now())
    with worker.database.write() as session:
        now = worker.now(session)
        if found.error_class:
            _open(session, found.error_class, found.error, row.opened_at or now, now)
        elif worker.rules.watch_clock and off is not None and off > APART_STOP:
            _open(session, "clock", SENTENCES["clock"], row.opened_at or now, now, off)
        else:
            seconds = off.total_seconds() if off is not None else None
            throttle.put_circuit(
                session,
                reason="",
                sentence="",
                failures=0,
                opened_at=None,
                probe_at=None,
                apart_seconds=seconds,
            )
            log.warning("circuit.closed", was=row.reason)
            return True
    return False


def hear(worker: Worker, session: Session, answers: Sequence[Answer], known: SendState) -> bool:
    """Learn from answers about the workspace; True when nothing more may go."""
    now = known.now
    failures = known.failures or 0
    for answer in answers:
        if answer.concerns == "account":
            _open(session, answer.error_class or "account", answer.error or "", now, now)
            return True
        failures = failures + 1 if answer.concerns == "network" else 0
    if failures >= FAILURES:
        _open(session, "network", SENTENCES["network"], now, now)
        return True
    if failures != (known.failures or 0):
        throttle.put_circuit(session, failures=failures)
    return compare_clocks(worker, session, answers[-1].apart, known)


def compare_clocks(worker: Worker, session: Session, off: timedelta | None, known: SendState) -> bool:
    """The third clock: Slack's. True when it is too far from ours to send anything."""
    if off is None or not worker.rules.watch_clock:
        return False
    seconds = off.total_seconds()
    if known.apart_seconds is None or abs(known.apart_seconds - seconds) > 5:
        throttle.put_circuit(session, apart_seconds=seconds)
        if off > APART_WARN:
            log.warning("clock.apart", seconds=seconds)
    if off > APART_STOP:
        _open(session, "clock", SENTENCES["clock"], known.now, known.now, off)
        return True
    return False


def _open(
    session: Session,
    reason: str,
    sentence: str,
    since: datetime,
    now: datetime,
    off: timedelta | None = None,
) -> None:
    log.error("circuit.open", reason=reason, sentence=sentence)
    values: dict[str, object] = {"reason": reason, "sentence": sentence, "failures": 0, "opened_at": since}
    if off is not None:
        values["apart_seconds"] = off.total_seconds()
    throttle.put_circuit(session, probe_at=now + PROBE, **values)


def apart(theirs: datetime | None, before: datetime, after: datetime) -> timedelta | None:
    """How far Slack's time lies outside the time the call took."""
    if theirs is None:
        return None
    return max(before - theirs, theirs - after, timedelta())
