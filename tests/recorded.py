"""What the audit says was done."""

from typing import NamedTuple

from sqlmodel import col, select

from db.audit import AuditEntry
from db.engine import Database


class Recorded(NamedTuple):
    """A row of the audit without its number, time and hash."""

    actor: str
    door: str
    action: str
    object: str
    before: str | None
    after: str | None


def recorded(database: Database, *actions: str) -> list[Recorded]:
    """Every row in the order of the chain, or those of some actions."""
    with database.read() as session:
        rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    return [
        Recorded(row.actor, row.door, row.action, f"{row.object_kind} {row.object_id}", row.before, row.after)
        for row in rows
        if not actions or row.action in actions
    ]
