"""Messages of the outbox that name an erased customer, or are for an erased person: unsent ones are dropped, texts deleted."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from bot.services.delivery import outbox
from bot.services.delivery.rights import REASONS, named_customers
from bot.services.privacy.subjects import Identity
from bot.wording import messages
from bot.wording.care import CareDigest
from bot.wording.complaints import ComplaintReport
from bot.wording.escalations import CareEscalation
from bot.wording.greetings import Greetings
from bot.wording.messages import TierDigest
from db import processes
from db.book.imports import table
from db.book.tombstones import Subject
from db.care import touches
from db.outbox.messages import EMPTY_BODY, ERASED, UNFINISHED, MessageState, OutboxMessage

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


def states(session: Session, identity: Identity) -> Counter[str]:
    """State -> how many messages with a text are about these customers, or to this person."""
    if identity.subject is Subject.CUSTOMER:
        return Counter(state for _, state, _, _ in naming(session, identity.ids))
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
    texts = dropped = 0
    for number, state, body, named in list(naming(session, customer_ids)):
        texts += 1
        rest = None if gone.issuperset(named) else _without(body, gone)
        if rest is not None:
            session.execute(_of(number).values(body_json=rest[0], body_hash=rest[1]))
            continue
        # Under its key, a later customer with the same number would never be notified of.
        values: dict[str, Any] = {"dedupe_key": f"{ERASED}:{number}"}
        if state in UNFINISHED:
            values |= _dropped(REASONS[ERASED])
            dropped += 1
        session.execute(_of(number).values(**_emptied(), **values))
    processes.count(session, f"dead_total:{ERASED}", dropped)
    return texts, dropped


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
    if not isinstance(message, TierDigest | CareDigest | CareEscalation | ComplaintReport | Greetings):
        return None
    return outbox.body_of(message.without(gone), stored.get("language"))
