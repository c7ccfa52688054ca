"""What the book knows of a customer besides its grading, as rows of its page: each list with how many are left out."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from bot.birthdays import read_birthday
from bot.masking import mask_number, mask_text
from bot.services import access
from bot.services.ask.masks import masked_fields
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.complaint_kinds import ComplaintKinds
from bot.services.traits import views
from bot.services.traits.fields import TraitFields
from bot.wording.ask.briefs import (
    AgreedPart,
    BriefComplaint,
    BriefContact,
    BriefFact,
    BriefPerson,
    BriefPromise,
    BriefStep,
)
from bot.wording.parts import Who
from db.book import contact_people, notes, people, traits
from db.book.contact_people import BY_HAND, ContactPerson
from db.book.facts import RECORDED_HERE
from db.book.notes import StoredNote
from db.care import touches
from db.care.records import complaints, promises
from db.care.touches import StepKind
from db.privacy import is_masked, of_field
from grading.indicators.orders import window_start
from grading.scheme.model import Name, Scheme

MOST = 4  # rows of a list
SOON = timedelta(days=30)  # within which a birthday is


def contact_rows(session: Session, customer_id: int) -> tuple[dict[str, Any], date | None]:
    """The fields about the last contacts, and the day of the last one."""
    found = notes.talks(session, customer_id, MOST)
    total = notes.count_talks(session, customer_id) if len(found) == MOST else len(found)
    agreed: dict[date, list[AgreedPart]] = defaultdict(list)
    days = {one.day for one in found}
    for promise in promises.made_on(session, customer_id, days) if days else ():
        state = "open" if promise.is_open else promise.outcome or "kept"
        agreed[promise.made_on].append(AgreedPart(what=promise.what, due_on=promise.due_on, state=state))
    who = who_of(session, (one.person_id for one in found))
    rows = tuple(
        BriefContact(
            kind=one.kind or "other",
            happened_on=one.day,
            who=who(one.person_id),
            said=one.text,
            source=source_of(one.source),
            agreed=tuple(agreed.pop(one.day, ()))[:MOST],  # once for each day
        )
        for one in found
    )
    return {"contacts": rows, "more_contacts": total - len(rows)}, found[0].day if found else None


def promise_rows(session: Session, customer_id: int, today: date) -> dict[str, Any]:
    """The fields about open promises."""
    found = promises.open_of_customers(session, [customer_id])
    shown = found[:MOST]
    who = who_of(session, (person for one in shown for person in (one.made_by, one.whose)))
    rows = tuple(
        BriefPromise(
            what=one.what,
            due_on=one.due_on,
            made_on=one.made_on,
            over=one.days_over(today),
            made_by=who(one.made_by),
            keeper=who(one.whose) if one.whose != one.made_by else None,
            first_due_on=one.first_due_on if one.first_due_on != one.due_on else None,
        )
        for one in shown
    )
    return {"promises": rows, "more_promises": len(found) - len(rows)}


def complaint_rows(session: Session, kinds: ComplaintKinds, customer_id: int, today: date) -> dict[str, Any]:
    """The fields about complaints: those that are open, and those closed within twelve months."""
    found = complaints.of_customer(session, customer_id, window_start(today, 12))
    shown = found[:MOST]
    who = who_of(session, (one.handler_id or one.owner_id for one in shown))
    rows = tuple(
        BriefComplaint(
            kind=kinds.name(one.kind),
            what=one.what,
            reported_on=one.reported_on,
            is_open=one.is_open,
            deadline=one.deadline,
            over=one.days_late(today) if one.is_open else 0,
            handler=who(one.handler_id or one.owner_id) if one.is_open else None,
            closed_on=one.closed_on,
            outcome=one.outcome,
            agreed=one.agreed,
        )
        for one in shown
    )
    return {"complaints": rows, "more_complaints": len(found) - len(rows)}


def person_rows(session: Session, customer_id: int, today: date, *, in_full: bool) -> dict[str, Any]:
    """The fields about contact people, those with a birthday soon first.

    With masks only the birthdays of open care steps are shown, which the card names too.
    """
    found = contact_people.of_customer(session, customer_id)
    soon = _birthdays(session, customer_id, found, today, in_full=in_full)
    found.sort(key=lambda one: (soon.get(one.id or 0, date.max), one.do_not_contact, one.id or 0))
    rows = tuple(_person(one, soon.get(one.id or 0), in_full=in_full) for one in found[:MOST])
    return {"people": rows, "more_people": len(found) - len(rows)}


def _birthdays(
    session: Session, customer_id: int, found: Iterable[ContactPerson], today: date, *, in_full: bool
) -> dict[int, date]:
    """Contact person -> the day of their birthday, where it is soon and may be shown."""
    if in_full:
        known = {one.id or 0: read_birthday(one.birthday) for one in found if one.birthday}
        days = {number: birthday.coming(today)[1] for number, birthday in known.items() if birthday}
    else:
        days = {
            one.contact_person_id: one.anchor
            for one in touches.open_touches(session, [customer_id])
            if one.kind == StepKind.BIRTHDAY and one.contact_person_id is not None and one.anchor is not None
        }
    return {number: day for number, day in days.items() if today <= day <= today + SOON}


def _person(one: ContactPerson, birthday: date | None, *, in_full: bool) -> BriefPerson:
    return BriefPerson(
        contact_person_id=one.id or 0,
        name=one.name,
        role=one.role,
        channel=one.channel,
        phone=one.phone if in_full else one.phone and mask_number(one.phone),
        email=one.email if in_full else one.email and mask_text(one.email),
        do_not_contact=one.do_not_contact,
        birthday_on=birthday,
        source=None if one.source == BY_HAND else one.source,
        interests=one.interests if in_full else None,
        note=one.note if in_full else None,
    )


def profile_rows(session: Session, fields: TraitFields, customer_id: int, *, in_full: bool) -> dict[str, Any]:
    """The fields about the customer profile: those of the card first."""
    found = views.rows_of(fields, traits.present(session, customer_id), in_full=in_full)
    first = {field.name for field in fields.on_card}
    found.sort(key=lambda row: row.field not in first)
    return {"profile": tuple(found[:MOST]), "more_profile": len(found[MOST:])}


def fact_rows(session: Session, scheme: Scheme | None, customer_id: int, *, in_full: bool) -> dict[str, Any]:
    """The fields about what people stated, with what it rests on."""
    found = notes.stated(session, customer_id, MOST)
    total = notes.count_stated(session, customer_id) if len(found) == MOST else len(found)
    rows = tuple(fact_row(one, scheme, in_full=in_full) for one in found)
    return {"facts": rows, "more_facts": total - len(rows)}


def fact_row(one: StoredNote, scheme: Scheme | None, *, in_full: bool = False) -> BriefFact:
    """A stated fact; its value is left out where it is masked."""
    field = one.field or ""
    indicators = {indicator.id: indicator for indicator in scheme.indicators} if scheme else {}
    indicator = indicators.get(field)
    known = scheme is not None and field in scheme.fields
    value: str | float | None = one.value
    if scheme is not None and known and scheme.fields[field].kind == "number":
        with suppress(ValueError):  # a word that another scheme read
            value = float(value or "")
    hidden = field in masked_fields(scheme) if scheme is not None and known else is_masked(of_field(field))
    return BriefFact(
        names=indicator.name if indicator else Name(en=field, zh=field),
        value=value if in_full or not hidden else None,
        unit=indicator.unit if indicator else None,
        evidence=one.text,
        author=one.author,
        source=source_of(one.source),
        measured_on=one.day,
    )


def step_rows(session: Session, plans: CarePlans, customer_id: int, today: date) -> dict[str, Any]:
    """The fields about the care steps that are owed, the next first."""
    found = touches.open_touches(session, [customer_id])
    shown = found[:MOST]
    who = who_of(session, (one.assignee_id for one in shown))
    rows = tuple(
        BriefStep(
            step=plans.next_step(one.plan, one.tier, one.step, one.due_on, one.latest_on, today),
            who=who(one.assignee_id),
        )
        for one in shown
    )
    return {"steps": rows, "more_steps": len(found) - len(rows)}


def who_of(session: Session, ids: Iterable[int | None]) -> Callable[[int | None], Who | None]:
    """From a person's number to how messages mention them; read in one query."""
    wanted: Collection[int] = {one for one in ids if one is not None}
    found = people.get_many(session, wanted) if wanted else {}
    return lambda number: access.mentioned(found.get(number or 0))


def source_of(source: str) -> str | None:
    """The system that a row came from; None for what people entered here."""
    return None if source in RECORDED_HERE else source
