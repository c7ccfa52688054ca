"""What Slack delivers may come more than once: a delivery is taken in the transaction of its effect."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from db import system


@dataclass(frozen=True, kw_only=True)
class InboundKey:
    """What makes two deliveries the same."""

    team_id: str
    kind: str
    key: str


class Repeated(Exception):
    """This delivery was acted on before, perhaps by another process; nothing is to be done or said."""


def take(session: Session, delivery: InboundKey, now: datetime) -> None:
    """Claim a delivery for this transaction. Raises Repeated when one that was committed has it."""
    if not system.first_request(
        session, team_id=delivery.team_id, kind=delivery.kind, key=delivery.key, now=now
    ):
        raise Repeated
