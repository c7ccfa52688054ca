"""The state of the installation as numbers, read from rows."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.services.ops import connection, failing
from db import processes
from db.care import touches
from db.graded import runs
from db.outbox import messages, send_state
from db.outbox.messages import MessageState


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One measure: its label names, and (label values, value) samples."""

    name: str
    help: str
    samples: tuple[tuple[tuple[str, ...], float], ...]
    labels: tuple[str, ...] = ()


def measure(session: Session, now: datetime) -> list[Metric]:
    """All measures, read from the rows of this moment."""
    counts = messages.counts(session)
    circuit = send_state.circuit(session)
    apart = circuit.apart_seconds if circuit is not None else None
    return [
        _by(
            "state",
            "outbox_messages",
            "Messages in the outbox by state.",
            [(state, counts.get(state, 0)) for state in MessageState],
        ),
        _by(
            "state",
            "outbox_oldest_seconds",
            "Age of the oldest message that is not settled, by state.",
            [(state, (now - at).total_seconds()) for state, at in sorted(messages.oldest(session).items())],
        ),
        _by(
            "role",
            "heartbeat_age_seconds",
            "Seconds since the newest sign of life of a role.",
            [
                (role, (now - at).total_seconds())
                for role, at in sorted(processes.newest_beats(session).items())
            ],
        ),
        _by(
            "job",
            "job_failing_seconds",
            "Seconds since when a job has only failed, three times or more.",
            [(one.job, (now - one.since).total_seconds()) for one in failing.jobs_failing(session)],
        ),
        _by(
            "state", "touches_open", "Open care steps by state.", sorted(touches.open_counts(session).items())
        ),
        _by(
            "purpose",
            "grading_age_days",
            "Days between the newest published grading's date and today, by purpose.",
            [
                (purpose, (now.date() - day).days)
                for purpose, day in sorted(runs.newest_days(session).items())
            ],
        ),
        Metric(
            name="circuit_open",
            help="1 while nothing is sent because the workspace, the network or the clock does not allow it.",
            samples=(((), float(circuit is not None and bool(circuit.reason))),),
        ),
        *_connections(session, now),
        Metric(
            name="clock_apart_seconds",
            help="How far Slack's clock was from this machine's when last compared.",
            samples=(((), apart),) if apart is not None else (),
        ),
        _by(
            "event",
            "events",
            "How often something has happened since the database was made: delivery.md says what each means.",
            processes.tallies(session).items(),
        ),
    ]


def _connections(session: Session, now: datetime) -> Iterable[Metric]:
    """How the running processes hear Slack: nothing where none is to hear anything."""
    rows = connection.running(session, now)
    sockets = [row for row in rows if not connection.is_over_http(row)]
    yield _by(
        "of",
        "slack_connections",
        "Socket Mode connections: held by this installation, counted by Slack, and of these held by others.",
        [
            ("held", sum(row.connected for row in sockets)),
            ("counted", sockets[-1].counted or 0),
            ("others", sockets[-1].others),
        ]
        if sockets
        else [],
    )
    yield _by(
        "problem",
        "slack_connection_problems",
        "Processes that do not receive all that Slack sends, by problem.",
        sorted(Counter(row.problem for row in rows if row.problem).items()),
    )
    heard = [row.last_request_at for row in rows if row.last_request_at is not None]
    yield Metric(
        name="slack_last_request_seconds",
        help="Seconds since Slack last sent a request to a process that runs.",
        samples=(((), (now - max(heard)).total_seconds()),) if heard else (),
    )


def _by(label: str, name: str, help: str, values: Iterable[tuple[str, float]]) -> Metric:
    samples = tuple(((key,), float(value)) for key, value in values)
    return Metric(name=name, help=help, samples=samples, labels=(label,))
