"""Changing and taking back a contact that was logged: what it was is kept, and care and grading follow."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, Hidden
from bot.services import access
from bot.services.access import Act, Actor, OwnedBy, can
from bot.services.care import answers
from bot.services.care.schedule import CareRules, count_again
from bot.wording.actions import Pointer
from bot.wording.ask.notes import NoteSaved
from db.audit import AuditAction, ObjectKind
from db.book import people
from db.book.customers import CustomerRow
from db.book.facts import RECORDED_HERE, TALKS, Activity
from db.book.notes import NoteVersion, versions
from db.book.people import Person
from db.care import touches
from db.care.records import belonging
from db.engine import Database
from db.processes import InboundKey, take_request

GONE = N_("This note is no longer there, or not for you.")
CHANGED = N_("Somebody has changed this note since this was shown. Open the notes again.")
OF_RECORD = {
    "complaint": N_("This note is part of a complaint: it is changed and taken back there."),
    "gift": N_("This note is part of a gift: it is changed and taken back there."),
    "survey": N_("This note is part of a survey score: it is changed and taken back there."),
}
NOT_A_KIND = N_("%(kind)s is not a kind of contact.")
IMPORTED = N_("This note came from %(source)s. Correct it there, and import it again.")


@dataclass(frozen=True, kw_only=True)
class NoteToChange:
    """A logged contact as a form shows it."""

    customer: str
    code: str
    kind: str
    day: date
    note: str | None


def pointer_of(session: Session, activity_id: int) -> Pointer:
    """What a button of the contact would point at now; whether it is there and may be changed is asked later."""
    return Pointer(id=activity_id, version=len(versions(session, [activity_id]).get(activity_id, ())))


def to_change(session: Session, actor: Actor, pointer: Pointer) -> NoteToChange:
    """A contact for a form of who may change it. Raises Hidden, NotAllowed and Conflict."""
    customer, activity = _found(session, actor, pointer)
    return NoteToChange(
        customer=customer.name,
        code=customer.code,
        kind=activity.kind,
        day=activity.happened_on,
        note=activity.note,
    )


def change(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    kind: str,
    happened_on: date,
    note: str | None,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Callable[[], None] = lambda: None,
) -> NoteSaved:
    """Change the kind, day and note of a contact; care is planned and the customer graded from it as it is now.

    Raises Repeated, BadInput for a contact that cannot be, Hidden, NotAllowed for what somebody else logged, and Conflict
    where it was changed since, came by import, or is part of a record.
    """
    answers.check_contact(actor, kind, happened_on, now)
    content: dict[str, Any] = {"kind": kind, "happened_on": happened_on, "note": note or None}
    with database.write() as session:
        take_request(session, request, now)
        customer, activity = _locked(session, actor, pointer)
        before = {name: getattr(activity, name) for name in content}
        if kind not in TALKS and kind != activity.kind:  # those are records of their own
            raise BadInput(NOT_A_KIND, kind=kind)
        if before == content:
            before_commit()
            return _saved(customer, activity, "unchanged")
        _keep(session, actor, activity, now, taken_back=False)
        activity.sqlmodel_update(content)
        session.add(activity)
        session.flush()
        count_again(session, rules, customer.id, now)
        _record(session, actor, AuditAction.CONTACT_CHANGED, customer, activity, before)
        before_commit()
        return _saved(customer, activity, "changed")


def take_back(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Callable[[], None] = lambda: None,
) -> NoteSaved:
    """Delete a contact; the steps that it fulfilled are owed again, and the customer is graded without it.

    What was promised in it stays a promise. Raises as `change`.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, activity = _locked(session, actor, pointer)
        saved = _saved(customer, activity, "taken_back")
        before = {name: getattr(activity, name) for name in ("kind", "happened_on")}
        _keep(session, actor, activity, now, taken_back=True)
        _record(session, actor, AuditAction.CONTACT_TAKEN_BACK, customer, activity, before)
        session.delete(activity)
        session.flush()
        count_again(session, rules, customer.id, now)
        before_commit()
        return saved


def may_change(actor: Actor, source: str, author: Person | None) -> bool:
    """Whether the actor may change a contact that was logged here: its author, who leads them, and admins."""
    return source in RECORDED_HERE and can(actor, Act.CHANGE_NOTE, _by(author))


def _by(author: Person | None) -> OwnedBy:
    """A contact, as far as rights depend on who logged it."""
    return OwnedBy(author.id if author else None, author.team_id if author else None)


def _locked(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, Activity]:
    """The same as `_found` with the customer locked, as it is now."""
    customer, _ = _found(session, actor, pointer)
    touches.lock(session, [customer.id])
    session.expire_all()
    return _found(session, actor, pointer)


def _found(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, Activity]:
    """The contact of a button with its customer, if the actor may change it and nobody has since it was shown."""
    activity = session.get(Activity, pointer.id)
    if activity is None:
        raise Hidden(GONE)
    meant = replace(pointer, id=activity.customer_id)
    customer = access.customer_for(session, actor, Act.SEE, meant, GONE)
    author = (
        people.get_many(session, [activity.person_id]).get(activity.person_id) if activity.person_id else None
    )
    access.require(actor, Act.CHANGE_NOTE, _by(author))
    if activity.source not in RECORDED_HERE:
        raise Conflict(IMPORTED, source=activity.source)
    if record := belonging.records_of(session, [pointer.id]).get(pointer.id):
        raise Conflict(OF_RECORD[record])
    if len(versions(session, [pointer.id]).get(pointer.id, ())) != pointer.version:
        raise Conflict(CHANGED)
    return customer, activity


def _keep(session: Session, actor: Actor, activity: Activity, now: datetime, *, taken_back: bool) -> None:
    """Store what a contact was before it changes."""
    session.add(
        NoteVersion(
            activity_id=activity.id or 0,
            customer_id=activity.customer_id,
            kind=activity.kind,
            happened_on=activity.happened_on,
            note=activity.note,
            person_id=activity.person_id,
            changed_by=actor.person_id or None,
            changed_at=now,
            taken_back=taken_back,
        )
    )


def _record(
    session: Session,
    actor: Actor,
    action: AuditAction,
    customer: CustomerRow,
    activity: Activity,
    before: dict[str, Any],
) -> None:
    """Write to the audit what a contact was and is; that its note is another one, but not the note itself."""
    changed = "note" in before and before["note"] != activity.note
    was = {"activity": activity.id, "kind": before["kind"], "day": before["happened_on"]}
    after = {"kind": activity.kind, "day": activity.happened_on, "note_changed": changed}
    actor.record(
        session,
        action,
        ObjectKind.CUSTOMER,
        customer.id,
        before=was,
        after=after if action is AuditAction.CONTACT_CHANGED else None,
    )


def _saved(customer: CustomerRow, activity: Activity, outcome: str) -> NoteSaved:
    return NoteSaved(**access.about(customer), kind=activity.kind, day=activity.happened_on, outcome=outcome)
