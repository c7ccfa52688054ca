"""Whether the workspace takes messages at all: a revoked token, a dead network or a wrong clock stop every message.

While the circuit is open messages wait and use up no attempts; a probe of Slack now and then closes it again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.errors import N_
from bot.services.delivery import pace
from bot.services.delivery.messenger import Answer
from bot.services.delivery.worker import Worker
from db.outbox import send_state
from db.outbox.send_state import CircuitReason, SendState

log = structlog.get_logger()

FAILURES = 3  # in a row without an answer
PROBE = timedelta(seconds=15)
APART_WARN, APART_STOP = timedelta(seconds=60), timedelta(seconds=240)  # Slack's signatures expire after 300
LONGEST_WAIT = timedelta(minutes=20)  # longer than any wait of a message
SENTENCES: dict[str, str] = {
    CircuitReason.NETWORK: N_("Slack cannot be reached; the messages wait"),
    CircuitReason.CLOCK: N_(
        "this machine's clock and Slack's are more than 4 minutes apart; set it right, nothing is sent meanwhile"
    ),
}


def may_send(state: SendState) -> bool:
    """Whether the circuit is closed and Slack has not asked us to wait."""
    return not state.reason and not pace.lasts(state.paused_until, state.now)


def probe(worker: Worker) -> bool:
    """Whether the circuit is closed, after asking Slack if it is open and a probe is due."""
    with worker.database.read() as session:
        state = worker.state(session)
        row = send_state.circuit(session) if state.reason else None
    if row is None:
        return True
    if row.probe_at is not None and state.now < row.probe_at <= state.now + PROBE:
        return False
    before = worker.clock.now()
    found = worker.slack.check()
    gap = clock_gap(found.slack_time, before, worker.clock.now())
    with worker.database.write() as session:
        now = worker.state(session).now
        since = row.opened_at or now
        if found.error_class:
            _open(session, found.error_class, now, since=since, sentence=found.error)
            return False
        if worker.options.watch_clock and gap is not None and gap > APART_STOP:
            _open(session, CircuitReason.CLOCK, now, since=since, apart_seconds=gap.total_seconds())
            return False
        send_state.put_circuit(
            session,
            reason="",
            sentence="",
            failures=0,
            probe_at=now,
            apart_seconds=gap.total_seconds() if gap is not None else None,
        )
    log.warning("circuit.closed", was=row.reason)
    return True


def learn(worker: Worker, session: Session, answers: Sequence[Answer], state: SendState) -> bool:
    """Open the circuit if answers say so; True when nothing more may be sent."""
    now = state.now
    failures = state.failures or 0
    for answer in answers:
        if answer.concerns == "account":
            _open(session, answer.error_class or CircuitReason.ACCOUNT, now, sentence=answer.error or "")
            return True
        failures = failures + 1 if answer.concerns == "network" else 0
    if failures >= FAILURES:
        _open(session, CircuitReason.NETWORK, now)
        return True
    if failures != (state.failures or 0):
        send_state.put_circuit(session, failures=failures)
    return compare_clocks(worker, session, answers[-1].clock_gap, state)


def compare_clocks(worker: Worker, session: Session, gap: timedelta | None, state: SendState) -> bool:
    """Store how far Slack's clock is from ours; True when it is too far to send anything."""
    if gap is None or not worker.options.watch_clock:
        return False
    seconds = gap.total_seconds()
    if state.apart_seconds is None or abs(state.apart_seconds - seconds) > 5:
        send_state.put_circuit(session, apart_seconds=seconds)
        if gap > APART_WARN:
            log.warning("clock.apart", seconds=seconds)
    if gap > APART_STOP:
        _open(session, CircuitReason.CLOCK, state.now, apart_seconds=seconds)
        return True
    return False


def _open(
    session: Session,
    reason: str,
    now: datetime,
    *,
    since: datetime | None = None,
    sentence: str | None = None,
    **values: object,
) -> None:
    if since is None and (row := send_state.circuit(session)) is not None and row.opened_at is not None:
        # Slack took the token a moment ago, and refuses the messages all the same: nothing has changed since.
        since = row.opened_at if row.probe_at is not None and now - row.probe_at < PROBE else None
    values |= {"reason": reason, "sentence": SENTENCES[reason] if sentence is None else sentence}
    log.error("circuit.open", reason=str(reason), sentence=values["sentence"])
    values |= {"failures": 0, "opened_at": since or now, "probe_at": now + PROBE}
    send_state.put_circuit(session, **values)


def clock_gap(slack_time: datetime | None, before: datetime, after: datetime) -> timedelta | None:
    """How far Slack's time lies outside the time the call took."""
    if slack_time is None:
        return None
    return max(before - slack_time, slack_time - after, timedelta())
