"""Slack may deliver a request more than once: it is recorded in the transaction of its effect."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from db import processes


@dataclass(frozen=True, kw_only=True)
class InboundKey:
    """Identifies a request: two with the same key are one."""

    team_id: str
    kind: str
    key: str


class Repeated(Exception):
    """This request was handled before, perhaps by another process; do nothing."""


def take(session: Session, request: InboundKey, now: datetime) -> None:
    """Record a request in this transaction. Raises Repeated when it was handled before."""
    if not processes.record_request(
        session, team_id=request.team_id, kind=request.kind, key=request.key, now=now
    ):
        raise Repeated
