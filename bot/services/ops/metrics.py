"""How the installation is doing, as numbers read from rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from db import processes
from db.care import touches
from db.graded import runs
from db.outbox import messages, send_state
from db.outbox.messages import MessageState


@dataclass(frozen=True, kw_only=True)
class Vital:
    """One measure: its label names, and (label values, value) samples."""

    name: str
    help: str
    samples: tuple[tuple[tuple[str, ...], float], ...]
    labels: tuple[str, ...] = ()


def measure(session: Session, now: datetime) -> list[Vital]:
    counts = messages.counts(session)
    oldest = messages.oldest(session)
    return [
        Vital(
            name="outbox_messages",
            help="Messages in the outbox by state.",
            labels=("state",),
            samples=tuple(((state,), float(counts.get(state, 0))) for state in MessageState),
        ),
        Vital(
            name="outbox_oldest_seconds",
            help="Age of the oldest message that is not settled, by state.",
            labels=("state",),
            samples=tuple(((state,), (now - at).total_seconds()) for state, at in sorted(oldest.items())),
        ),
        Vital(
            name="heartbeat_age_seconds",
            help="Seconds since the newest sign of life of a role.",
            labels=("role",),
            samples=tuple(
                ((role,), (now - at).total_seconds())
                for role, at in sorted(processes.newest_beats(session).items())
            ),
        ),
        Vital(
            name="touches_open",
            help="Open care steps by state.",
            labels=("state",),
            samples=tuple(((state,), float(n)) for state, n in sorted(touches.open_counts(session).items())),
        ),
        Vital(
            name="grading_age_days",
            help="Days between the newest published grading's date and today, by purpose.",
            labels=("purpose",),
            samples=tuple(
                ((purpose,), float((now.date() - as_of).days))
                for purpose, as_of in sorted(runs.newest_days(session).items())
            ),
        ),
        *_circuit(session),
        Vital(
            name="events",
            help="How often something has happened since the database was made: delivery.md says what each means.",
            labels=("event",),
            samples=tuple(((name,), float(n)) for name, n in processes.tallies(session).items()),
        ),
    ]


def _circuit(session: Session) -> list[Vital]:
    row = send_state.circuit(session)
    apart = row.apart_seconds if row is not None else None
    return [
        Vital(
            name="circuit_open",
            help="1 while nothing is sent because the workspace, the network or the clock does not allow it.",
            samples=(((), float(row is not None and bool(row.reason))),),
        ),
        Vital(
            name="clock_apart_seconds",
            help="How far Slack's clock was from this machine's when last compared.",
            samples=(((), apart),) if apart is not None else (),
        ),
    ]
