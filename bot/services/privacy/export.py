"""Everything that is kept about a customer or a person, as data for a JSON file."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from bot.services import access
from bot.services.access import Act, Actor
from bot.services.privacy import erasure, files, outgoing, subjects, texts
from bot.services.privacy.erasure import Find, Wording
from bot.services.privacy.subjects import Identity, about
from bot.services.schemes.store import SchemeCache
from db import traces
from db.audit import AuditAction, ObjectKind
from db.book.tombstones import Subject
from db.engine import Database
from grading.scheme.problems import SchemeError

FORMAT = "tierbot-export-1"


def export(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    find: Find,
    wording: Wording,
    *,
    data_dir: Path,
    now: datetime,
) -> dict[str, Any]:
    """All rows about them, table by table, the texts elsewhere that name them, and the rejected rows in files.

    The export itself is recorded in the audit. Raises NotFound and NotAllowed.
    """
    access.require(actor, Act.ERASE)
    with database.write() as session:
        identity = find(session)
        actor.record(
            session,
            AuditAction.EXPORTED,
            ObjectKind(identity.subject.value),
            identity.ids[0],
        )
    with database.read() as session:
        names = erasure.searched_names(session, identity, wording)
        rejected = files.find_rows(data_dir, names, erasure.cell_codes(identity))
        return {
            "format": FORMAT,
            "exported_at": now.isoformat(),
            "about": {"kind": identity.subject.value, "code": identity.code, "name": identity.name},
            "tables": rows_of(session, scheme_cache, identity),
            "named_in": texts.quoted(session, identity, names),
            "rejected_rows": {path.name: rows for path, rows in rejected.items()},
        }


def as_text(found: Mapping[str, Any]) -> str:
    """An export as the text of a file."""
    return json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n"


def rows_of(
    session: Session, scheme_cache: SchemeCache, identity: Identity
) -> dict[str, list[dict[str, Any]]]:
    """Table -> its rows about a customer or a person, or that refer to them, by every column."""
    every = {one.name: one for one in subjects.tables_of(identity)}
    found = {name: _rows(session, scheme_cache, identity, every[name]) for name in sorted(every)}
    if identity.subject is not Subject.PERSON:
        found["outbox"] = _messages(session, scheme_cache, identity)
    return found


def _rows(
    session: Session, scheme_cache: SchemeCache, identity: Identity, table: Table
) -> list[dict[str, Any]]:
    rows = session.execute(select(table).where(about(identity, table)).order_by(*table.primary_key.columns))
    return [_readable(session, scheme_cache, table, row) for row in rows.mappings().all()]


def _messages(session: Session, scheme_cache: SchemeCache, identity: Identity) -> list[dict[str, Any]]:
    outbox = outgoing.TABLE
    numbers = outgoing.numbers_of(session, identity)
    rows = session.execute(select(outbox).where(outbox.c.id.in_(numbers)).order_by(outbox.c.id))
    return [_readable(session, scheme_cache, outbox, row) for row in rows.mappings()]


def _readable(
    session: Session, scheme_cache: SchemeCache, table: Table, row: Mapping[Any, Any]
) -> dict[str, Any]:
    """A row as JSON has it: days and amounts as text, stored JSON and packed inputs as what they hold."""
    found: dict[str, Any] = {}
    for column in table.c:
        value = row[column]
        if isinstance(value, bytes):
            value = _unpacked(session, scheme_cache, row["scheme_version_id"], value)
        elif traces.name_of(column) in traces.FREE_JSON:
            value = json.loads(value)
        elif isinstance(value, date):
            value = value.isoformat()
        found[column.name] = str(value) if isinstance(value, Decimal) else value
    return found


def _unpacked(session: Session, scheme_cache: SchemeCache, version_id: int | None, inputs: bytes) -> Any:
    """Field -> value of an assessment's inputs; as hexadecimal digits where its scheme cannot be read any more."""
    from grading.engine.inputs import unpack  # numpy, only where something is exported

    if version_id is None:
        return {}
    try:
        columns = unpack([inputs], scheme_cache.scheme(session, version_id))
    except (SchemeError, NoResultFound, ValueError):
        return inputs.hex()
    return {name: str(cell) if name.endswith("@date") else cell for name, (cell,) in _lists(columns)}


def _lists(columns: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    return [(name, column.tolist()) for name, column in columns.items()]
