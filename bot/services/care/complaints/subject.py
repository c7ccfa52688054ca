"""The complaint that somebody acts on, who may, and what all acts share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from bot.errors import N_, Conflict, Hidden
from bot.services import access
from bot.services.access import Act, Actor, OpenComplaint
from bot.services.care.answers.steps import who
from bot.services.care.schedule import CareRules
from bot.wording.actions import Pointer
from bot.wording.care.complaints import ComplaintChanged, ComplaintLogged
from db.audit import AuditAction, ObjectKind
from db.book.customers import CustomerRow
from db.care import touches
from db.care.records import complaints
from db.care.records.complaints import StoredComplaint
from db.engine import Database
from grading.scheme.model import Name

GONE = N_("This complaint is no longer there, or not for you.")
CHANGED = N_(
    "Somebody has changed this complaint since this was shown. Look at it again, and repeat what you did."
)
SHORTEST, LONGEST = 3, 2_000  # characters of a text about a complaint


@dataclass(frozen=True, kw_only=True)
class Acted:
    """What an act has made of a complaint."""

    message: ComplaintChanged | ComplaintLogged
    customer_id: int
    complaint_id: int


@dataclass(frozen=True, kw_only=True)
class FormTitle:
    """A complaint, as a form about it is headed."""

    kind: Name
    name: str
    code: str


def seen(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, StoredComplaint]:
    """The complaint that a button points at with its customer, if the actor may see the customer. Raises Hidden."""
    found = complaints.row(session, pointer.id)
    if found is None:
        raise Hidden(GONE)
    meant = replace(pointer, id=found.customer_id)
    return access.customer_for(session, actor, Act.SEE, meant, GONE), found


def handled(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, StoredComplaint]:
    """The same, if the actor may act on it."""
    customer, found = seen(session, actor, pointer)
    if not access.can(actor, Act.HANDLE_COMPLAINT, as_open(customer, found.handler_id)):
        raise Hidden(GONE)
    return customer, found


def locked(
    session: Session, actor: Actor, pointer: Pointer, *, is_open: bool = True
) -> tuple[CustomerRow, StoredComplaint]:
    """The same with the customer locked, if the complaint is open, or closed, and as it was shown. Raises Conflict."""
    customer, _ = handled(session, actor, pointer)
    touches.lock(session, [customer.id])
    customer, found = handled(session, actor, pointer)
    if found.is_open != is_open:
        raise Conflict(N_("This complaint is closed.") if is_open else N_("This complaint is open."))
    if found.version != pointer.version:
        raise Conflict(CHANGED)
    return customer, found


def as_open(customer: CustomerRow, handler_id: int | None) -> OpenComplaint:
    return OpenComplaint(customer.owner_id, customer.owner_team_id, handler_id, customer.id)


def form_title(database: Database, actor: Actor, pointer: Pointer, rules: CareRules) -> FormTitle:
    """The open complaint of a button that the actor may act on. Raises Hidden, and Conflict when it is not as shown."""
    with database.read() as session:
        customer, found = handled(session, actor, pointer)
        if not found.is_open:
            raise Conflict(N_("This complaint is closed."))
        if found.version != pointer.version:
            raise Conflict(CHANGED)
        return FormTitle(kind=rules.complaints.name(found.kind), name=customer.name, code=customer.code)


def current(database: Database, actor: Actor, pointer: Pointer, rules: CareRules) -> Acted:
    """A complaint as it is now. Raises Hidden."""
    with database.read() as session:
        _, found = seen(session, actor, pointer)
        return _acted(rules, found, found.version, act="current", is_open=found.is_open)


def move(session: Session, found: StoredComplaint, **values: Any) -> None:
    """Change a complaint. Raises Conflict when somebody was faster."""
    if not complaints.move(session, found.id, found.version, **values):
        raise Conflict(CHANGED)


def record(
    session: Session,
    actor: Actor,
    action: AuditAction,
    found: StoredComplaint,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write to the audit what was done about a complaint."""
    actor.record(
        session,
        action,
        ObjectKind.CUSTOMER,
        found.customer_id,
        before=before,
        after={"complaint": found.id, **(after or {})},
    )


def changed(rules: CareRules, actor: Actor, found: StoredComplaint, act: str, **fields: Any) -> Acted:
    """What an act of the actor has made of a complaint."""
    return _acted(rules, found, found.version + 1, act=act, by=who(actor), **fields)


def _acted(rules: CareRules, found: StoredComplaint, version: int, **fields: Any) -> Acted:
    message = ComplaintChanged(
        complaint_id=found.id,
        version=version,
        customer_id=found.customer_id,
        name=found.name,
        code=found.code,
        kind=rules.complaints.name(found.kind),
        deadline=found.deadline,
        **fields,
    )
    return Acted(message=message, customer_id=found.customer_id, complaint_id=found.id)
