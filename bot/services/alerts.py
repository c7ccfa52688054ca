"""Alerts about tier changes: recorded and enqueued in the transaction that publishes them, once each."""

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

import structlog
from sqlmodel import Session

from bot.services.delivery import outbox
from bot.services.grade.assessment import TierChange
from bot.services.grade.runs import RunContext
from bot.services.recipients import FirmDefaults, Place, Recipients
from bot.services.schemes.store import SchemeCache
from bot.wording.message_base import Message
from db.book import customers
from db.book.people import Person
from db.book.personal_settings import TIER_CHANGES, muted_by
from db.graded import changes as tier_changes
from db.graded.changes import ALERT, OWN_ALERT

if TYPE_CHECKING:
    from bot.services.change_messages import ChangeMessages

MOST_SINGLE = 20  # alerts of one run for a channel
MOST_OWN = 5  # direct messages of one run for a person
Key = TypeVar("Key", bound=Hashable)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class AddressedChange:
    """A new change with the customer's owner and the channel of its alert; without a channel only the reader hears it.

    `reader` gets the direct message, as the owner, as their deputy or as the lead of their team: `part`.
    """

    change: TierChange
    owner: Person | None
    reader: Person | None
    part: str
    channel: str
    language: str


def enqueue_alerts(
    session: Session,
    changes: list[TierChange],
    run: RunContext,
    *,
    scheme_cache: SchemeCache,
    default_channel: str,
    language: str,
    admins: Collection[str] = (),
) -> int:
    """Record changes and put their alerts into the outbox; how many messages. Changes recorded before are left out.

    Each goes to a channel, and to the customer's owner as a direct message with a key of its own: to their deputy while
    there is one, and to the lead of their team where the owner has left. More than twenty for one channel become one digest, and so do more than five for one
    reader. Without a channel, and without a reader who can be reached in Slack, a change is only recorded.
    """
    firm = FirmDefaults(channel=default_channel, language=language, admins=admins)
    new = _new(session, changes, run, firm)
    channels = _grouped(new, lambda item: item.channel or None)
    readers = _grouped(new, lambda item: item.reader.id if item.reader else None)
    for person in muted_by(session, readers, TIER_CHANGES):
        del readers[person]
    unreached = sum(item.owner is not None and item.reader is None for item in new)
    if unreached:
        log.warning("alert.owner_unreached", changes=unreached, run=run.run_id)
    outbox_ids: dict[int, int] = {}
    told = 0
    if channels or readers:
        from bot.services.change_messages import ChangeMessages  # numpy: only when there are alerts

        groups = [(items, MOST_SINGLE) for items in channels.values()]
        groups += [(items, MOST_OWN) for items in readers.values()]
        single = {
            item.change.customer_id: item.change
            for items, most in groups
            if len(items) <= most
            for item in items
        }
        many = [_changes_of(items) for items, most in groups if len(items) > most]
        contents = ChangeMessages(session, run, scheme_cache, list(single.values()), many)
        alerts = _Alerts(session, run, contents, language)
        for channel, items in channels.items():
            outbox_ids |= alerts.to_channel(channel, items)
        for person, items in readers.items():
            alerts.to_reader(person, items)
        told = alerts.told
    rows = [
        {
            "customer_id": change.customer_id,
            "purpose": run.purpose,
            "run_id": run.run_id,
            "as_of": run.as_of,
            "from_tier": change.before,
            "to_tier": change.after,
            "score_before": change.score_before,
            "score_after": change.score_after,
            "outbox_id": outbox_ids.get(change.customer_id),
        }
        for change in (item.change for item in new)
    ]
    tier_changes.add_changes(session, rows)
    return told


def count_unreached(
    session: Session, changes: Iterable[TierChange], now: datetime, admins: Collection[str] = ()
) -> int:
    """How many of these changes have an owner, but no direct message reaches them, their deputy or the lead of their team."""
    owner_ids = customers.owner_ids(session, [change.customer_id for change in changes])
    recipients = Recipients.of(session, owner_ids.values(), FirmDefaults(admins=admins), now)
    return sum(_reached(recipients, recipients.people[owner]) is None for owner in owner_ids.values())


def _reached(recipients: Recipients, owner: Person | None) -> Person | None:
    """The reader of an owner's customers, if Slack knows them."""
    reader = recipients.reader(owner)
    return reader if reader is not None and reader.slack_user_id is not None else None


def _grouped(
    items: list[AddressedChange], key: Callable[[AddressedChange], Key | None]
) -> dict[Key, list[AddressedChange]]:
    """The changes by a key; those without one are left out."""
    groups: dict[Key, list[AddressedChange]] = {}
    for item in items:
        found = key(item)
        if found is not None:
            groups.setdefault(found, []).append(item)
    return groups


def _new(
    session: Session, changes: list[TierChange], run: RunContext, firm: FirmDefaults
) -> list[AddressedChange]:
    """The changes that are not recorded yet, each with owner and channel. A handful of queries for any number."""
    known = tier_changes.known_changes(session, run.purpose, run.as_of)
    fresh = [change for change in changes if (change.customer_id, change.before, change.after) not in known]
    if not fresh:
        return []
    owner_ids = customers.owner_ids(session, [change.customer_id for change in fresh])
    recipients = Recipients.of(session, None, firm, run.now) if owner_ids else Recipients(firm)
    everybody = recipients.people
    readers = {person: _reached(recipients, everybody.get(person)) for person in set(owner_ids.values())}
    new = []
    for change in fresh:
        owner_id = owner_ids.get(change.customer_id, 0)
        owner, reader = everybody.get(owner_id), readers.get(owner_id)
        new.append(
            AddressedChange(
                change=change,
                owner=owner,
                reader=reader,
                part=recipients.part_of(reader, owner),
                channel=recipients.channel(owner),
                language=recipients.channel_language(owner),
            )
        )
    return new


def _changes_of(items: list[AddressedChange]) -> list[TierChange]:
    return [item.change for item in items]


class _Alerts:
    """Puts the alerts of one run into the outbox, and counts them."""

    def __init__(self, session: Session, run: RunContext, contents: "ChangeMessages", language: str) -> None:
        self.session = session
        self.run = run
        self.contents = contents
        self.language = language
        self.told = 0

    def to_channel(self, channel: str, items: list[AddressedChange]) -> dict[int, int]:
        """One message each, or one for all; customer -> outbox id."""
        place = Place(channel=channel)
        if len(items) > MOST_SINGLE:
            digest = self.contents.digest(_changes_of(items), own=False)
            languages = {item.language for item in items}
            language = languages.pop() if len(languages) == 1 else self.language
            key = tier_changes.digest_key(self.run.run_id, channel)
            outbox_id = self._enqueue(ALERT, place, language, digest, key)
            return dict.fromkeys((item.change.customer_id for item in items), outbox_id)
        return {
            item.change.customer_id: self._enqueue(
                ALERT,
                place,
                item.language,
                self.contents.for_channel(item.change, item.owner),
                tier_changes.alert_key(*self._parts_of_key(item.change)),
            )
            for item in items
        }

    def to_reader(self, person_id: int, items: list[AddressedChange]) -> None:
        """One direct message each, or one for all, in the reader's language."""
        place = Place(person_id=person_id)
        reader = items[0].reader
        language = (reader.language if reader else None) or self.language
        if len(items) > MOST_OWN:
            own = all(item.part == "owner" for item in items)
            digest = self.contents.digest(_changes_of(items), own=own)
            key = tier_changes.owner_digest_key(self.run.run_id, person_id)
            self._enqueue(OWN_ALERT, place, language, digest, key)
            return
        for item in items:
            key = tier_changes.owner_key(*self._parts_of_key(item.change))
            absent = item.owner.name if item.owner is not None and item.part == "deputy" else None
            content = self.contents.for_reader(item.change, for_lead=item.part == "lead", absent=absent)
            self._enqueue(OWN_ALERT, place, language, content, key)

    def _parts_of_key(self, change: TierChange) -> tuple[str, int, date, str, str]:
        return self.run.purpose, change.customer_id, self.run.as_of, change.before, change.after

    def _enqueue(self, kind: str, place: Place, language: str, message: Message, key: str) -> int:
        self.told += 1
        return outbox.enqueue(
            self.session,
            kind=kind,
            place=place,
            message=message,
            language=language,
            dedupe_key=key,
            now=self.run.now,
        )
