"""Recording a complaint, and correcting what was recorded."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict
from bot.services import access
from bot.services.access import Act, Actor, OwnedBy
from bot.services.care.answers.contacts import LONGEST_AGO, SAME_CONTACT
from bot.services.care.answers.reassignment import colleague
from bot.services.care.complaints import subject
from bot.services.care.complaints.subject import LONGEST, SHORTEST, Acted
from bot.services.care.schedule import CareRules, count_again
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.care.complaints import ComplaintLogged
from db.audit import AuditAction
from db.book import facts, people
from db.book.customers import CustomerRow
from db.book.facts import Activity, ContactKind
from db.care import complaints, touches
from db.care.complaints import Complaint, StoredComplaint, Told
from db.engine import Database
from db.graded import tier_rows

LONGEST_NAME = 200
FURTHEST = timedelta(days=366)  # of a deadline


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a person enters about a complaint."""

    kind: str  # its id, or another word for it
    reported_on: date
    what: str
    reported_by: str | None = None
    handler: str | None = None  # a Slack user or an e-mail address; None: the account manager
    deadline: date | None = None  # None: as the kinds say


def check_report(actor: Actor, report: Report, rules: CareRules, now: datetime) -> None:
    """Raise BadInput for what cannot be recorded. Reads nothing, so that a form is answered at once."""
    rules.complaints.require(report.kind)
    today = actor.today(now)
    if report.reported_on > today:
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day.")).of("day")
    if report.reported_on < today - LONGEST_AGO:
        raise BadInput(N_("The day is more than ten years ago. Choose a later one.")).of("day")
    check_text(report.what, "what")
    if report.reported_by and len(report.reported_by) > LONGEST_NAME:
        raise BadInput(N_("Write who complained in at most %(most)s characters."), most=LONGEST_NAME).of("by")
    if report.deadline is not None and not (
        report.reported_on <= report.deadline <= report.reported_on + FURTHEST
    ):
        raise BadInput(N_("The deadline lies within a year after the report, and not before it."))


def check_text(text: str, field: str = "text") -> None:
    """Raise BadInput for a text of this input that is too short or too long."""
    if not SHORTEST <= len(text.strip()) <= LONGEST:
        msgid = N_("Write %(least)s to %(most)s characters.")
        raise BadInput(msgid, least=SHORTEST, most=f"{LONGEST:,}").of(field)


def record_complaint(
    database: Database,
    actor: Actor,
    report: Report,
    *,
    meant: int | Pointer,
    source: str,
    external_id: str,
    rules: CareRules,
    settings: Settings,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> Acted:
    """Record a complaint and the activity that the grading counts; a new day moves both.

    The same source and id again correct what was recorded. The same content under another id within minutes records
    nothing: the person did not see that the first had arrived. `before_commit` may raise, to record nothing.
    """
    check_report(actor, report, rules, now)
    report = replace(report, kind=rules.complaints.require(report.kind).id)
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.HANDLE_COMPLAINT, meant)
        touches.lock(session, [customer.id])  # so that a second submission at the same time sees the first
        known = complaints.by_external_id(session, source, external_id)
        if known is None and (same := _same(session, actor, customer, report, now)) is not None:
            before_commit()
            return _logged(session, rules, same, repeated=True)
        activity, has_changed = _write_activity(session, actor, customer, report, source, external_id, now)
        tier = tier_rows.present_tiers(session, [customer.id]).get(customer.id)
        values: dict[str, Any] = {
            "kind": report.kind,
            "reported_by": (report.reported_by or "").strip() or None,
            "handler_id": _handler(session, customer, report, settings, now),
            "deadline": report.deadline or rules.complaints.deadline(report.kind, tier, report.reported_on),
        }
        before: dict[str, Any] | None = None
        if known is None:
            told = rules.complaints.tells_opened(report.kind, tier)
            known = Complaint(
                customer_id=customer.id,
                activity_id=activity.id or 0,
                source=source,
                external_id=external_id,
                told=Told.OPENING_DUE if told else Told.OPENED,
                **values,
            )
            session.add(known)
            session.flush()
        else:
            before = {"kind": known.kind, "handler": known.handler_id, "deadline": known.deadline}
            has_changed |= any(getattr(known, name) != value for name, value in values.items())
            if has_changed:
                complaints.move(session, known.id or 0, known.version, **values)
        found = complaints.rows(session, [known.id or 0])[0]
        if has_changed:
            count_again(session, rules, customer.id, now)
            action = AuditAction.COMPLAINT_OPENED if before is None else AuditAction.COMPLAINT_CORRECTED
            after = {"kind": found.kind, "handler": found.handler_id, "deadline": found.deadline}
            after["day"] = found.reported_on
            subject.record(session, actor, action, found, before=before, after=after)
        before_commit()
        corrected = before is not None and has_changed
        return _logged(session, rules, found, repeated=not has_changed, corrected=corrected)


def _write_activity(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    report: Report,
    source: str,
    external_id: str,
    now: datetime,
) -> tuple[Activity, bool]:
    """The activity of a complaint, written as it was reported, and whether that changed anything."""
    activity = facts.activity(session, source, external_id)
    content: dict[str, Any] = {"happened_on": report.reported_on, "note": report.what.strip()}
    if activity is None:
        activity = Activity(
            customer_id=customer.id,
            source=source,
            external_id=external_id,
            kind=ContactKind.COMPLAINT,
            person_id=actor.person_id or None,
            recorded_at=now,
            **content,
        )
        has_changed = True
    elif activity.customer_id != customer.id or activity.kind != ContactKind.COMPLAINT:
        raise Conflict(N_("This is the id of another contact. Open the form again, or give another id."))
    else:
        has_changed = any(getattr(activity, name) != value for name, value in content.items())
        activity.sqlmodel_update(content)
    session.add(activity)
    session.flush()
    return activity, has_changed


def _same(
    session: Session, actor: Actor, customer: CustomerRow, report: Report, now: datetime
) -> StoredComplaint | None:
    """The complaint with this content that the actor recorded a moment ago."""
    found, _ = complaints.listed(
        session,
        owners=None,
        customer_id=customer.id,
        is_open=True,
        late_before=None,
        most=1_000,
    )
    content = (report.kind, report.reported_on, report.what.strip(), actor.person_id or None)
    return next(
        (
            one
            for one in found
            if one.recorded_at > now - SAME_CONTACT
            and (one.kind, one.reported_on, one.what, one.recorded_by) == content
        ),
        None,
    )


def _handler(
    session: Session, customer: CustomerRow, report: Report, settings: Settings, now: datetime
) -> int | None:
    """Who handles it; None for the account manager, also when another one takes over."""
    if not report.handler:
        return None
    person = colleague(session, report.handler, settings, now)
    # A step that was given to them is not enough: with it the right ends.
    lasting = OwnedBy(customer.owner_id, customer.owner_team_id)
    if not access.can(access.actor_of(person, settings), Act.SEE, lasting):
        raise BadInput(
            N_(
                "%(name)s may not see this customer. Choose the lead of the account manager's team, or ask your"
                " admin to let the team of %(name)s see these customers."
            ),
            name=person.name,
        )
    return None if person.id == customer.owner_id else person.id


def _logged(
    session: Session,
    rules: CareRules,
    found: StoredComplaint,
    *,
    repeated: bool = False,
    corrected: bool = False,
) -> Acted:
    handler = people.get(session, found.handler_id or found.owner_id)
    message = ComplaintLogged(
        complaint_id=found.id,
        version=found.version,
        customer_id=found.customer_id,
        name=found.name,
        code=found.code,
        kind=rules.complaints.name(found.kind),
        reported_on=found.reported_on,
        deadline=found.deadline or found.reported_on,
        handler=access.mentioned(handler),
        told=found.told == Told.OPENING_DUE,
        corrected=corrected,
        repeated=repeated,
        may_undo=found.version == 1,
    )
    return Acted(message=message, customer_id=found.customer_id, complaint_id=found.id)
