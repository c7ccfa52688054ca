"""The promise that somebody acts on, who may, and what all acts share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, Hidden
from bot.services import access
from bot.services.access import Act, Actor, OpenPromise
from bot.services.care.answers.steps import who
from bot.services.care.working_time import WorkingTime
from bot.wording.actions import Pointer
from bot.wording.care.promises import PromiseChanged
from db.audit import AuditAction, ObjectKind
from db.book.customers import CustomerRow
from db.care import touches
from db.care.records import promises
from db.care.records.promises import StoredPromise
from db.engine import Database

GONE = N_("This promise is no longer there, or not for you.")
CHANGED = N_(
    "Somebody has changed this promise since this was shown. Look at it again, and repeat what you did."
)
OVER = N_("This promise is over: it was kept or withdrawn.")
FURTHEST = timedelta(days=366)  # of the day of a promise
ONE_DAY = timedelta(days=1)
EARLIEST = timedelta(
    days=31
)  # before its day a promise is asked about: only before longer days off it is so early


@dataclass(frozen=True, kw_only=True)
class PromiseAct:
    """What an act has made of a promise."""

    message: PromiseChanged
    customer_id: int
    promise_id: int


@dataclass(frozen=True, kw_only=True)
class PromiseTitle:
    """A promise, as a form about it is headed."""

    what: str | None
    name: str
    code: str
    made_on: date
    due_on: date


def asked_from(working: WorkingTime, due_on: date) -> date:
    """The day from which a promise is in the digest: the last working day before its own day."""
    return max(working.last_working_day(due_on - ONE_DAY), due_on - EARLIEST)


def check_day(due_on: date, today: date) -> None:
    """Raise BadInput for a day that no promise can have."""
    if due_on < today:
        raise BadInput(N_("The day is past. Choose today or a later day.")).of("due")
    if due_on > today + FURTHEST:
        raise BadInput(N_("The day is more than a year away. Choose an earlier one.")).of("due")


def seen(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, StoredPromise]:
    """The promise that a button points at with its customer, if the actor may see the customer. Raises Hidden."""
    found = promises.row(session, pointer.id)
    if found is None:
        raise Hidden(GONE)
    meant = replace(pointer, id=found.customer_id)
    return access.customer_for(session, actor, Act.SEE, meant, GONE), found


def handled(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, StoredPromise]:
    """The same, if the actor may act on it."""
    customer, found = seen(session, actor, pointer)
    thing = OpenPromise(customer.owner_id, customer.owner_team_id, found.keeper_id, customer.id)
    if not access.can(actor, Act.LOG_CONTACT, thing):
        raise Hidden(GONE)
    return customer, found


def shown_open(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, StoredPromise]:
    """The same, if the promise is open and as it was shown. Raises Conflict."""
    customer, found = handled(session, actor, pointer)
    if not found.is_open:
        raise Conflict(OVER)
    if found.version != pointer.version:
        raise Conflict(CHANGED)
    return customer, found


def locked(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, StoredPromise]:
    """The same with the customer locked."""
    customer, _ = handled(session, actor, pointer)
    touches.lock(session, [customer.id])
    return shown_open(session, actor, pointer)


def form_title(database: Database, actor: Actor, pointer: Pointer) -> PromiseTitle:
    """The open promise of a button that the actor may act on. Raises Hidden, and Conflict when it is not as shown."""
    with database.read() as session:
        customer, found = shown_open(session, actor, pointer)
        return PromiseTitle(
            what=found.what,
            name=customer.name,
            code=customer.code,
            made_on=found.made_on,
            due_on=found.due_on,
        )


def current(database: Database, actor: Actor, pointer: Pointer) -> PromiseAct:
    """A promise as it is now. Raises Hidden."""
    with database.read() as session:
        _, found = seen(session, actor, pointer)
        return acted(found, found.version, act="current", is_open=found.is_open)


def move(session: Session, found: StoredPromise, **values: Any) -> None:
    """Change a promise. Raises Conflict when somebody was faster."""
    if not promises.move(session, found.id, found.version, **values):
        raise Conflict(CHANGED)


def record(
    session: Session,
    actor: Actor,
    action: AuditAction,
    found: StoredPromise,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write to the audit what was done about a promise, without its texts."""
    actor.record(
        session,
        action,
        ObjectKind.CUSTOMER,
        found.customer_id,
        before=before,
        after={"promise": found.id, **(after or {})},
    )


def changed(actor: Actor, found: StoredPromise, act: str, **fields: Any) -> PromiseAct:
    """What an act of the actor has made of a promise."""
    return acted(found, found.version + 1, act=act, by=who(actor), **fields)


def acted(found: StoredPromise, version: int, **fields: Any) -> PromiseAct:
    """A promise as an act shows it."""
    shown: dict[str, Any] = {"due_on": found.due_on, **fields}
    message = PromiseChanged(
        promise_id=found.id,
        version=version,
        customer_id=found.customer_id,
        name=found.name,
        code=found.code,
        what=found.what,
        **shown,
    )
    return PromiseAct(message=message, customer_id=found.customer_id, promise_id=found.id)
