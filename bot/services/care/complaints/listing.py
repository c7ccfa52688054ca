"""Complaints for the command line: a list, and one with its steps."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.care.complaints import subject
from bot.services.complaint_kinds import ComplaintKinds
from bot.wording.actions import Pointer
from db.book import people
from db.care.records import complaints
from db.care.records.complaints import StoredComplaint
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class ComplaintQuery:
    """Which complaints are listed."""

    customer_id: int | None = None
    owner: str | None = None  # the address of an account manager
    is_open: bool | None = True  # None: closed ones too
    overdue: bool = False
    most: int = 50


@dataclass(frozen=True, kw_only=True)
class ListedComplaint:
    """One complaint in a list."""

    id: int
    code: str
    customer: str
    kind: str
    names: Name
    reported_on: date
    days: int
    deadline: date | None
    days_over: int
    state: str
    handler: str | None
    steps: int
    what: str | None


@dataclass(frozen=True, kw_only=True)
class TakenStep:
    """Something that was done about a complaint."""

    taken_on: date
    by: str | None
    text: str | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ShownComplaint:
    """A complaint with all that is known of it."""

    listed: ListedComplaint
    reported_by: str | None
    recorded_by: str | None
    source: str
    external_id: str
    taken: tuple[TakenStep, ...]
    closed_on: date | None
    closed_by: str | None
    outcome: str | None
    agreed: str | None


@dataclass(frozen=True, kw_only=True)
class ComplaintList:
    """Complaints, the most pressing first, and how many there are."""

    complaints: tuple[ListedComplaint, ...]
    total: int


def list_complaints(
    session: Session, actor: Actor, kinds: ComplaintKinds, query: ComplaintQuery, today: date
) -> ComplaintList:
    """The complaints of the customers that the actor may see."""
    owners = access.visible_owners(session, actor)
    if query.owner is not None:
        person = people.by_email(session, query.owner.lower())
        asked = {person.id or 0} if person is not None else set()
        owners = frozenset(asked) if owners is None else owners & asked
    found, total = complaints.listed(
        session,
        owners=owners,
        customer_id=query.customer_id,
        is_open=query.is_open,
        late_before=today if query.overdue else None,
        most=query.most,
    )
    return ComplaintList(complaints=tuple(_listed(session, kinds, found, today)), total=total)


def show_complaint(
    session: Session, actor: Actor, kinds: ComplaintKinds, complaint_id: int, today: date
) -> ShownComplaint:
    """One complaint that the actor may see. Raises Hidden."""
    _, found = subject.seen(session, actor, Pointer(id=complaint_id))
    steps = complaints.steps(session, [found.id]).get(found.id, [])
    ids = {found.recorded_by, found.closed_by, *(step.person_id for step in steps)}
    names = _names(session, ids)
    (listed,) = _listed(session, kinds, [found], today)
    return ShownComplaint(
        listed=listed,
        reported_by=found.reported_by,
        recorded_by=names.get(found.recorded_by),
        source=found.source,
        external_id=found.external_id,
        taken=tuple(
            TakenStep(
                taken_on=step.taken_on,
                by=names.get(step.person_id),
                text=step.text,
                recorded_at=step.recorded_at,
            )
            for step in steps
        ),
        closed_on=found.closed_on,
        closed_by=names.get(found.closed_by),
        outcome=found.outcome,
        agreed=found.agreed,
    )


def pointer(session: Session, actor: Actor, complaint_id: int) -> Pointer:
    """What a button of the complaint would point at. Raises Hidden."""
    _, found = subject.seen(session, actor, Pointer(id=complaint_id))
    return Pointer(id=found.id, version=found.version)


def _names(session: Session, ids: set[int | None]) -> dict[int | None, str]:
    found = people.get_many(session, {one for one in ids if one is not None})
    return {number: person.name for number, person in found.items()}


def _listed(
    session: Session, kinds: ComplaintKinds, found: list[StoredComplaint], today: date
) -> list[ListedComplaint]:
    names = _names(session, {one.handler_id or one.owner_id for one in found})
    steps = complaints.steps(session, [one.id for one in found])
    return [
        ListedComplaint(
            id=one.id,
            code=one.code,
            customer=one.name,
            kind=one.kind,
            names=kinds.name(one.kind),
            reported_on=one.reported_on,
            days=max(timedelta(), today - one.reported_on).days,
            deadline=one.deadline,
            days_over=one.days_late(today) if one.is_open else 0,
            state="open" if one.is_open else "closed",
            handler=names.get(one.handler_id or one.owner_id),
            steps=len(steps.get(one.id, [])),
            what=one.what,
        )
        for one in found
    ]
