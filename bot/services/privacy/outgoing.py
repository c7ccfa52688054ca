"""Messages of the outbox that name an erased customer, or are for an erased person: unsent ones are dropped, texts deleted."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from bot.services.delivery import outbox
from bot.services.delivery.rights import REASONS, named_contact_people, named_customers
from bot.services.privacy.subjects import Identity
from bot.wording import messages
from bot.wording.ask.proposals import WaitingProposals
from bot.wording.care.complaints import ComplaintReport
from bot.wording.care.digest import CareDigest
from bot.wording.care.escalations import CareEscalation
from bot.wording.care.greetings import Greetings
from bot.wording.care.promises import PromiseReport
from bot.wording.message_base import Message
from bot.wording.messages import TierDigest
from db import processes
from db.book.imports import table
from db.book.tombstones import Subject
from db.care import redraws, touches
from db.outbox.messages import EMPTY_BODY, ERASED, UNFINISHED, MessageState, OutboxMessage


@runtime_checkable
class NamesContactPeople(Protocol):
    """A message about several customers, in which contact people are named by the field `contact_person_id`."""

    def without_contact_person(self, contact_person_id: int) -> Message: ...


TABLE = table(OutboxMessage)
_AT_ONCE = 200
_RECIPIENT = "the person that it was for was erased"


def naming(
    session: Session, customer_ids: Collection[int]
) -> Iterator[tuple[int, str, str, tuple[int, ...]]]:
    """(id, state, body, the customers it names) of the messages that name one of these customers."""
    wanted = set(customer_ids)
    body = col(OutboxMessage.body_json)
    may = or_(*(body.contains(f'"customer_id": {number}') for number in sorted(wanted)))
    found = select(col(OutboxMessage.id), col(OutboxMessage.state), body).where(may)
    for number, state, text in session.execute(found).yield_per(_AT_ONCE):
        named = named_customers(text)
        if wanted.intersection(named):
            yield number, state, text, named


def naming_contact_person(session: Session, contact_person_id: int) -> Iterator[tuple[int, str, str]]:
    """(id, state, body) of the messages that name a contact person."""
    body = col(OutboxMessage.body_json)
    found = select(col(OutboxMessage.id), col(OutboxMessage.state), body).where(
        body.contains(f'"contact_person_id": {contact_person_id}')
    )
    for number, state, text in session.execute(found).yield_per(_AT_ONCE):
        if contact_person_id in named_contact_people(text):
            yield number, state, text


def numbers_of(session: Session, identity: Identity) -> list[int]:
    """Ids of the messages that name these customers, or this contact person."""
    if identity.subject is Subject.CUSTOMER:
        return [number for number, *_ in naming(session, identity.ids)]
    return [number for number, *_ in naming_contact_person(session, identity.ids[0])]


def states(session: Session, identity: Identity) -> Counter[str]:
    """State -> how many messages with a text are about these customers, or to this person."""
    if identity.subject is Subject.CUSTOMER:
        return Counter(state for _, state, _, _ in naming(session, identity.ids))
    if identity.subject is Subject.CONTACT_PERSON:
        return Counter(state for _, state, _ in naming_contact_person(session, identity.ids[0]))
    return Counter(state for _, state in _to(session, identity.ids[0]))


def _to(session: Session, person_id: int) -> list[tuple[int, str]]:
    """(id, state) of the messages to a person that have a text."""
    theirs = select(col(OutboxMessage.id), col(OutboxMessage.state)).where(
        col(OutboxMessage.recipient) == person_id, col(OutboxMessage.body_json) != EMPTY_BODY
    )
    return [(row[0], row[1]) for row in session.execute(theirs)]


def forget_customers(session: Session, customer_ids: Collection[int]) -> tuple[int, int]:
    """Delete the texts about customers, and drop what was not sent; (texts, messages dropped).

    A digest keeps the other customers that it names.
    """
    gone = set(customer_ids)
    found = [
        (number, state, None if gone.issuperset(named) else _without(body, gone))
        for number, state, body, named in naming(session, customer_ids)
    ]
    return len(found), _forget(session, found)


def forget_contact_person(session: Session, contact_person_id: int) -> tuple[int, int]:
    """The same for what names a contact person; the others whom a message names stay in it."""
    found = [
        (number, state, _without_contact_person(body, contact_person_id))
        for number, state, body in naming_contact_person(session, contact_person_id)
    ]
    return len(found), _forget(session, found)


def _forget(session: Session, found: Iterable[tuple[int, str, tuple[str, str] | None]]) -> int:
    """Store what is left of messages (body and hash), else delete their texts; how many will not be sent.

    What is left of a message in Slack is drawn again.
    """
    dropped, left = 0, list[int]()
    for number, state, rest in found:
        if rest is not None:
            session.execute(_of(number).values(body_json=rest[0], body_hash=rest[1]))
            left.append(number)
            continue
        # Under its key, a later customer with the same number would never be notified of.
        values: dict[str, Any] = {"dedupe_key": f"{ERASED}:{number}"}
        if state in UNFINISHED:
            values |= _dropped(REASONS[ERASED])
            dropped += 1
        session.execute(_of(number).values(**_emptied(), **values))
    redraws.mark_messages(session, left)
    processes.count(session, f"dead_total:{ERASED}", dropped)
    return dropped


def forget_recipient(session: Session, person_id: int, now: datetime) -> tuple[int, int]:
    """The same for the messages to a person; reminders are due again at once, for whoever is reminded now."""
    rows = _to(session, person_id)
    unfinished = [number for number, state in rows if state in UNFINISHED]
    for number, _ in rows:
        session.execute(
            _of(number).values(**_emptied(), **(_dropped(_RECIPIENT) if number in unfinished else {}))
        )
    touches.release_undelivered(session, unfinished, now)
    processes.count(session, f"dead_total:{ERASED}", len(unfinished))
    return len(rows), len(unfinished)


def _of(outbox_id: int) -> Any:
    return update(OutboxMessage).where(col(OutboxMessage.id) == outbox_id)


def _emptied() -> dict[str, Any]:
    return {"body_json": EMPTY_BODY, "body_hash": ""}


def _dropped(reason: str) -> dict[str, Any]:
    return {
        "state": MessageState.DEAD,
        "error_class": ERASED,
        "error": reason,
        "attempt_id": None,
        "lease_until": None,
    }


def _without(body: str, gone: Collection[int]) -> tuple[str, str] | None:
    """The stored form of a digest without these customers; None of any other message."""
    try:
        stored = json.loads(body)
        message = messages.load(stored)
    except (ValueError, KeyError):
        return None
    if not isinstance(
        message,
        TierDigest
        | CareDigest
        | CareEscalation
        | ComplaintReport
        | PromiseReport
        | Greetings
        | WaitingProposals,
    ):
        return None
    return outbox.body_of(message.without(gone), stored.get("language"))


def _without_contact_person(body: str, contact_person_id: int) -> tuple[str, str] | None:
    """The stored form of a message without a contact person; None of one that is about nobody else."""
    try:
        stored = json.loads(body)
        message = messages.load(stored)
    except (ValueError, KeyError):
        return None
    if not isinstance(message, NamesContactPeople):
        return None
    rest = outbox.body_of(message.without_contact_person(contact_person_id), stored.get("language"))
    return rest if named_customers(rest[0]) else None
