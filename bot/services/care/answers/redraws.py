"""Drawing messages again: those in Slack that show a step which has changed, whoever has changed it.

Promise: a message of the last days shows its steps as they are, soon after they changed: by a button, a command, a form,
an import, or another tier or plan. However many changes there were, a message is drawn once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.services.care.answers import shown
from bot.services.care.schedule import CareRules
from bot.services.delivery import circuit, pace
from bot.services.delivery.messenger import Answer
from bot.services.delivery.worker import Worker
from db.care import redraws
from db.care.redraws import StaleMessage

LASTS = timedelta(days=7)  # what was written earlier stays as it is
LEASE = timedelta(minutes=1)
MOST = 20  # in one pass
TRIES = 12
LONGEST_WAIT = timedelta(minutes=15)
# Slack never changes these messages again.
UNCHANGEABLE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "not_supported"}
)

log = structlog.get_logger()


def redraw(worker: Worker, rules: Callable[[], CareRules]) -> int:
    """Update the messages whose steps have changed, the newest first, as fast as Slack takes it; how many were tried."""
    with worker.database.read() as session:
        state = worker.state(session)
        if not circuit.may_send(state) or not redraws.anything_due(session, state.now):
            return 0
    taken = _take(worker)
    if not taken:
        return 0
    in_force = rules()
    for position, stale in enumerate(taken):
        if worker.stopping() or _draw(worker, in_force, stale) == "rate":
            return position
    return len(taken)


def _take(worker: Worker) -> list[StaleMessage]:
    with worker.database.write() as session:
        now = worker.state(session).now
        most = min(MOST, pace.available(session, worker.options.pace, pace.UPDATES, now))
        taken = redraws.take(session, now, since=worker.clock.now() - LASTS, until=now + LEASE, most=most)
        pace.use(session, worker.options.pace, pace.UPDATES, len(taken), now)
        return taken


def _draw(worker: Worker, rules: CareRules, stale: StaleMessage) -> str:
    """Draw one message, and note how that ended; what Slack's answer concerns."""
    with worker.database.read() as session:
        drawn = shown.drawn(session, rules, stale, worker.firm, worker.clock.now())
    if drawn is None:  # its text is kept no longer, or it names no touches
        answer = Answer(outcome="hopeless", error_class="unreadable")
    else:
        answer = worker.slack.update(stale.channel, stale.ts, drawn.message, drawn.language)
    with worker.database.write() as session:
        _settle(session, worker, stale, answer, worker.state(session).now)
    log.info("redraw.tried", id=stale.outbox_id, outcome=answer.outcome, error=answer.error_class)
    return answer.concerns


def _settle(session: Session, worker: Worker, stale: StaleMessage, answer: Answer, now: datetime) -> None:
    if answer.outcome == "sent":
        redraws.drawn(session, stale)
    elif answer.concerns == "rate":
        until = now + (answer.retry_after or timedelta(seconds=5))
        pace.pause(session, until, worker.options.pace, now, name=pace.UPDATES)
        redraws.put_off(session, stale, until, tries=stale.tries)
    elif answer.outcome == "hopeless" or answer.error_class in UNCHANGEABLE or stale.tries + 1 >= TRIES:
        redraws.drop(session, stale.outbox_id)
    else:
        wait = min(LONGEST_WAIT, worker.options.backoff_base * 2**stale.tries)
        redraws.put_off(session, stale, now + wait, tries=stale.tries + 1)
