"""What changed in the settings and the care plan since the last start: in the log and in the audit."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import SecretStr
from sqlmodel import Session

from bot.services.care.plan_versions.care_plans import CarePlans
from bot.settings import Settings, variable
from db import audit, processes
from db.audit import AuditAction, AuditActor, Door, ObjectKind
from db.book import people
from db.engine import Database

log = structlog.get_logger()

PLAN = "care plan"
ADMINS = "admins"  # e-mail addresses: the audit names the people by their ids
_ROUNDS = 20_000  # of the key derivation: a password of the database may be weak


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A setting as it was at the last start, and as it is; of a secret the two fingerprints."""

    field: str
    before: str
    after: str

    @property
    def is_hidden(self) -> bool:
        return _is_hidden(self.field)


def note_start(database: Database, settings: Settings, plans: CarePlans, role: str) -> list[str]:
    """Log and record what changed since the last start of a process in this role; the variables that did.

    Before the first start everything had its default. Of a secret nothing is written but that it changed: it is
    compared by a salted fingerprint.
    """
    plan_hash = plans.fingerprint
    with database.read() as session:
        changes = _changes(session, settings, role)
        if not changes and processes.cursor(session, PLAN) == plan_hash:
            return []
    with database.write(lock="settings") as session:
        changes = _changes(session, settings, role)  # another process may have been faster
        known = _known(session, role) | {change.field: change.after for change in changes}
        processes.set_cursor(session, _cursor(role), json.dumps(known))
        for change in changes:
            _record(session, settings, change)
        _record_plan(session, plan_hash)
    return [variable(change.field) for change in changes]


def _changes(session: Session, settings: Settings, role: str) -> list[_Change]:
    known, found = _known(session, role), []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        before = known.get(name, "" if _is_hidden(name) else _text(field.default))
        after = _fingerprint(value, before) if _is_hidden(name) else _text(value)
        if before != after:
            found.append(_Change(field=name, before=before, after=after))
    return found


def _cursor(role: str) -> str:
    return f"settings {role}"


def _known(session: Session, role: str) -> dict[str, str]:
    """Field -> value at the last start, of those that have ever changed."""
    known: dict[str, str] = json.loads(processes.cursor(session, _cursor(role)) or "{}")
    return known


def _is_hidden(name: str) -> bool:
    return name == ADMINS or "SecretStr" in str(Settings.model_fields[name].annotation)


def _record(session: Session, settings: Settings, change: _Change) -> None:
    name = variable(change.field)
    before: Mapping[str, Any] | None = None if change.is_hidden else {"value": change.before}
    after: Mapping[str, Any] = {"changed": True} if change.is_hidden else {"value": change.after}
    if change.field == ADMINS:
        after = _admins(session, settings.admins)
    shown = {} if change.is_hidden else {"before": change.before, "after": change.after}
    log.info("setting.changed", setting=name, **shown)
    audit.record(
        session,
        actor=AuditActor(),
        action=AuditAction.SETTINGS_CHANGED,
        object_kind=ObjectKind.SETTING,
        object_id=name,
        door=Door.JOB,
        before=before,
        after=after,
    )


def _record_plan(session: Session, after: str) -> None:
    before = processes.cursor(session, PLAN)
    if before == after:
        return
    processes.set_cursor(session, PLAN, after)
    log.info("care_plan.changed", before=before, after=after)
    audit.record(
        session,
        actor=AuditActor(),
        action=AuditAction.CARE_PLAN_CHANGED,
        object_kind=ObjectKind.CARE_PLAN,
        object_id=None,
        door=Door.JOB,
        before=None if before is None else {"sha256": before},
        after={"sha256": after},
    )


def _admins(session: Session, addresses: Collection[str]) -> dict[str, Any]:
    """The first admins by their ids, and how many of them are not in the book yet."""
    known = [people.by_email(session, address) for address in addresses]
    return {
        "people": sorted(one.id for one in known if one is not None and one.id is not None),
        "not_in_the_book": known.count(None),
    }


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _fingerprint(value: Any, known: str) -> str:
    """A salted hash of a value, the known one if it fits; empty for an empty value."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else _text(value)
    if not text:
        return ""
    salt, _, found = known.partition("$")
    if salt and hmac.compare_digest(_derived(text, salt), found):
        return known
    salt = secrets.token_hex(8)
    return f"{salt}${_derived(text, salt)}"


def _derived(text: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), _ROUNDS).hex()
