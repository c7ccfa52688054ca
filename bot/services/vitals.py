"""How the installation is doing, as numbers read from rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from db import care, grading, outbox, system


@dataclass(frozen=True, kw_only=True)
class Vital:
    """One measure: its label names, and (label values, value) samples."""

    name: str
    help: str
    samples: tuple[tuple[tuple[str, ...], float], ...]
    labels: tuple[str, ...] = ()


def measure(session: Session, now: datetime) -> list[Vital]:
    counts = outbox.counts(session)
    oldest = outbox.oldest(session)
    return [
        Vital(
            name="outbox_messages",
            help="Messages in the outbox by state.",
            labels=("state",),
            samples=tuple(((state,), float(counts.get(state, 0))) for state in outbox.STATES),
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
                for role, at in sorted(system.newest_beats(session).items())
            ),
        ),
        Vital(
            name="touches_open",
            help="Open care steps by state.",
            labels=("state",),
            samples=tuple(((state,), float(n)) for state, n in sorted(care.open_counts(session).items())),
        ),
        Vital(
            name="grading_age_days",
            help="Days between the newest published grading's date and today, by purpose.",
            labels=("purpose",),
            samples=tuple(
                ((purpose,), float((now.date() - as_of).days))
                for purpose, as_of in sorted(grading.newest_days(session).items())
            ),
        ),
    ]
