"""All notes of a customer in pages, the newest first, for those who may see the customer."""

from collections.abc import Sequence

from sqlmodel import Session

from bot.services import access
from bot.services.access import NOT_YOURS, Act, Actor, can
from bot.services.ask.brief.known import fact_row, source_of, who_of
from bot.services.ask.graded import graded_of
from bot.services.ask.notes.changes import may_change
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.ask.notes import MOST_NOTES, CustomerNotes, NoteRow
from db.book import notes as stored_notes
from db.book import people
from db.book.customers import CustomerRow
from db.book.notes import StoredNote
from db.care.records import belonging
from grading.scheme.model import Scheme


def notes(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    meant: int | Pointer,
    start: int = 0,
    most: int = MOST_NOTES,
    refusal: str = NOT_YOURS,
) -> CustomerNotes:
    """A page of a customer's notes, from a place on. Raises Hidden for a customer that the actor may not see."""
    customer = access.customer_for(session, actor, Act.SEE, meant, refusal)
    total = stored_notes.count(session, customer.id)
    start = max(0, min(start, total - 1)) // most * most
    found = stored_notes.page(session, customer.id, start, most)
    graded = graded_of(session, scheme_cache, customer)
    return CustomerNotes(
        **access.about(customer),
        notes=rows_of(session, actor, customer, found, graded.scheme if graded else None),
        start=start,
        total=total,
        newer=max(0, start - most),
        older=start + most,
        may_log=can(actor, Act.LOG_CONTACT, customer),
    )


def rows_of(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    found: Sequence[StoredNote],
    scheme: Scheme | None,
) -> tuple[NoteRow, ...]:
    """Notes as a page shows them, with whether the actor may change each."""
    ids = [one.activity_id for one in found if one.activity_id is not None]
    versions = stored_notes.versions(session, ids) if ids else {}
    of_records = belonging.records_of(session, ids)
    authors = people.get_many(session, {one.person_id for one in found if one.person_id is not None})
    who = who_of(session, (one.person_id for one in found))

    def row(one: StoredNote) -> NoteRow:
        if one.activity_id is None:
            fact = fact_row(one, scheme)
            return NoteRow(
                activity_id=None,
                version=0,
                code=customer.code,
                day=one.day,
                kind=None,
                names=fact.names,
                value=fact.value,
                unit=fact.unit,
                author=fact.author,
                written=fact.evidence,
                source=fact.source,
            )
        past = versions.get(one.activity_id, [])
        return NoteRow(
            activity_id=one.activity_id,
            version=len(past),
            code=customer.code,
            day=one.day,
            kind=one.kind or "other",
            who=who(one.person_id),
            written=one.text,
            source=source_of(one.source),
            changed_on=actor.today(past[0].changed_at) if past else None,
            may_change=one.activity_id not in of_records
            and may_change(actor, one.source, authors.get(one.person_id or 0)),
        )

    return tuple(map(row, found))
