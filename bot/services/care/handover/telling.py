"""What the new and the former account manager of a customer are told: one direct message each, in the same transaction."""

from datetime import date, datetime

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.errors import NotAllowed
from bot.services import access
from bot.services.access import Actor
from bot.services.care.complaints.rows import open_complaints
from bot.services.care.promises.views import open_promises
from bot.services.care.schedule import CareRules
from bot.services.delivery import kinds, outbox
from bot.services.recipients import Place
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.ask.handovers import HandedOn, HandedToYou
from bot.wording.ask.notes import MentionedContact
from bot.wording.message_base import Message
from bot.wording.parts import Who
from db.book import customers, people
from db.book.by_hand.handovers import Handover
from db.book.customers import CustomerRow
from db.care import touches
from db.graded import assessments

MOST_STEPS = 5


def tell_done(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    row: Handover,
    settings: Settings,
    now: datetime,
    *,
    but: int = 0,
) -> None:
    """Write to the new account manager, and to the former one; not to who has done it themselves."""
    customer = customers.get_row(session, row.customer_id)
    assert customer is not None  # it was given away in this transaction
    today = local_date(now, zone_named(_zone(session, row.to_id), rules.zone))
    if row.to_id != but:
        page = _page(session, scheme_cache, rules, row, customer, today)
        _write(session, row, row.to_id, kinds.HANDOVER, page, "done", settings, now)
    if row.from_id is not None and row.from_id != but:
        message = _handed_on(session, row, customer, "done", row.recorded_by)
        _write(session, row, row.from_id, kinds.HANDED_ON, message, "done", settings, now)


def tell_taken_back(session: Session, row: Handover, actor: Actor, settings: Settings, now: datetime) -> None:
    """Write to both that it was taken back; not to who did it."""
    customer = customers.get_row(session, row.customer_id)
    assert customer is not None  # it was given back in this transaction
    message = _handed_on(session, row, customer, "taken_back", actor.person_id or None)
    for person_id in (row.to_id, row.from_id):
        if person_id is not None and person_id != actor.person_id:
            _write(session, row, person_id, kinds.HANDED_ON, message, "taken_back", settings, now)


def tell_lapsed(session: Session, row: Handover, settings: Settings, now: datetime) -> None:
    """Write to who planned it that it was not done."""
    customer = customers.get_row(session, row.customer_id)
    if customer is None or row.recorded_by is None:
        return
    message = _handed_on(session, row, customer, "lapsed", row.recorded_by)
    _write(session, row, row.recorded_by, kinds.HANDED_ON, message, "lapsed", settings, now)


def _page(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    row: Handover,
    customer: CustomerRow,
    today: date,
) -> HandedToYou:
    """What the new account manager has to know: the tier, what is open, the last contact, and the note."""
    graded = next((one for one, _ in assessments.newest(session, customer.id, customer.record_type)), None)
    names = scheme_cache.tier_names(session)
    steps = touches.open_steps(session, [customer.id])
    contact = touches.last_contact(session, customer.id)
    last = contact and MentionedContact(
        kind=contact.kind,
        day=contact.happened_on,
        who=Who(name=contact.name, slack_user_id=contact.slack_user_id) if contact.name else None,
        said=contact.note,
    )
    return HandedToYou(
        **access.about(customer),
        tier=names.tier(graded.tier, graded.scheme_version_id) if graded else None,
        score=graded.score if graded else None,
        since=graded.tier_since if graded else None,
        former=_who(session, row.from_id),
        by=_who(session, row.recorded_by),
        starts_on=row.starts_on,
        note=row.note,
        steps=tuple(rules.plans.next_step(*step[1:], today) for step in steps[:MOST_STEPS]),
        more_steps=max(0, len(steps) - MOST_STEPS),
        complaints=open_complaints(session, customer.id, today),
        promises=open_promises(session, customer.id, today),
        last_contact=last,
    )


def _handed_on(session: Session, row: Handover, customer: CustomerRow, act: str, by: int | None) -> HandedOn:
    return HandedOn(
        customer_id=customer.id,
        name=customer.name,
        code=customer.code,
        act=act,
        to=_who(session, row.to_id),
        former=_who(session, row.from_id),
        by=_who(session, by),
        starts_on=row.starts_on,
    )


def _write(
    session: Session,
    row: Handover,
    person_id: int,
    kind: str,
    message: Message,
    act: str,
    settings: Settings,
    now: datetime,
) -> None:
    """Write to somebody who is here and in Slack."""
    person = people.row_by_id(session, person_id, now)
    if person is None or person.slack_user_id is None:
        return
    try:
        reader = access.actor_of(person, settings)
    except NotAllowed:  # they have left
        return
    outbox.enqueue(
        session,
        kind=kind,
        place=Place(person_id=person_id),
        message=message,
        language=reader.language,
        dedupe_key=f"handover:{row.id}:{act}:{person_id}",
        now=now,
    )


def _who(session: Session, person_id: int | None) -> Who | None:
    return access.mentioned(people.get(session, person_id))


def _zone(session: Session, person_id: int) -> str | None:
    person = people.get(session, person_id)
    return person.timezone if person is not None else None
