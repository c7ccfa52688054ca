"""Rights at the moment of sending: a message that names customers goes only to whom it may go now.

Between writing and sending a customer may get another owner, a person another role, and people leave. Then a message
goes to the new reader, or it is dead with the reason.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from bot.services import access, identity
from bot.services.delivery import channels, circuit, kinds, outbox
from bot.services.delivery.handled import handled_in
from bot.services.delivery.worker import Worker
from bot.services.identity import SlackPeople
from bot.services.recipients import HANDLER, FirmDefaults, Place, Recipients
from bot.wording import messages
from bot.wording.care.complaints import ComplaintReport
from bot.wording.care.digest import CareDigest
from bot.wording.care.escalations import CareEscalation
from bot.wording.care.greetings import Greetings
from bot.wording.care.promises import PromiseReport
from bot.wording.message_base import Message
from bot.wording.messages import OwnTierChanged, TierChanged, TierDigest
from db import processes
from db.book import customers, people
from db.book.people import Person, PersonRole
from db.care import touches
from db.care.records import complaints, promises, proposals
from db.care.touches import ShownTouch
from db.care.weekly import reports as weekly
from db.graded import changes
from db.graded.changes import OWN_ALERT
from db.outbox import claims, outcomes
from db.outbox.claims import Claimed

FOR_ADMINS = frozenset({channels.KIND, "limit"})  # kinds of what is said to admins only
DIVERTED = ":diverted"  # ends the key of a message whose channel was gone
REASONS = {
    "left": "the person has left, or was switched off, before it could be sent",
    "not_theirs": "by the time of sending it was no longer for this person or channel",
    "erased": "the customer is no longer in the book",
}


log = structlog.get_logger()


class Moment:
    """Who may read what of some messages now: the customers they name, these customers' owners, people and teams."""

    def __init__(self, session: Session, rows: Sequence[Claimed], firm: FirmDefaults, now: datetime) -> None:
        self.named = {row.id: named_customers(row.body_json) for row in rows}
        of_care = [row.id for row in rows if row.kind in kinds.SHOWN]
        self.shown: dict[int, list[ShownTouch]] = {number: [] for number in of_care}
        for one in touches.shown_in(session, of_care) if of_care else ():
            self.shown[one.outbox_id].append(one)
        for number, shown in self.shown.items():  # also those that it only counts
            of_steps = (one.customer_id for one in shown)
            self.named[number] = tuple(dict.fromkeys((*self.named[number], *of_steps)))
        self.handled = handled_in(session, rows)
        told = {row.recipient for row in rows if row.kind == kinds.BRIEF and row.recipient is not None}
        persons = (people.row_by_id(session, one, now) for one in told)
        self._given = {one.id: one.given for one in persons if one is not None}
        shows = {row: _ids_in(row.body_json, "proposal_id") for row in rows if row.kind == kinds.PROPOSAL}
        made = proposals.proposers(session, {one for of in shows.values() for one in of}) if shows else {}
        self._own = {row.id for row, of in shows.items() if all(made.get(one) == row.recipient for one in of)}
        of_weeks = [row.id for row in rows if row.kind == kinds.WEEKLY]
        self.weeks = weekly.teams_of(session, of_weeks) if of_weeks else {}
        everyone = {customer for named in self.named.values() for customer in named}
        self._owners = customers.present_owners(session, sorted(everyone)) if everyone else {}
        ids = {owner for owner in self._owners.values() if owner is not None}
        ids |= {row.recipient for row in rows if row.recipient is not None}
        steps = [one for shown in self.shown.values() for one in shown]
        ids |= {one.assignee_id for one in steps if one.assignee_id is not None}
        ids |= {one.handler_id for of in self.handled.values() for one in of if one.handler_id is not None}
        roles = {one.who for one in steps}
        self.recipients = (
            Recipients.of(session, ids, firm, now, roles)
            if ids or everyone or self.weeks
            else Recipients(firm)
        )

    def is_known(self, customer: int) -> bool:
        """False for a customer that was erased."""
        return customer in self._owners

    def owner(self, customer: int) -> Person | None:
        return self.recipients.people.get(self._owners.get(customer) or 0)

    def is_right(self, row: Claimed) -> bool:
        """Whether a message may go to its address."""
        if row.recipient is not None and not self._is_present(row.recipient):
            return False
        if row.kind in FOR_ADMINS and not self._is_admin(row.recipient):
            return False
        if not all(self._is_told_of(row, team) for team in self.weeks.get(row.id, ())):
            return False
        own = Place(person_id=row.recipient, channel=row.channel)
        return all(self.place(row, customer) == own for customer in self.named[row.id])

    def _is_told_of(self, row: Claimed, team_id: int) -> bool:
        """Whether the week of a team may go where a message goes: to who leads it, to an admin, or to its channel."""
        team = self.recipients.teams.get(team_id)
        if row.channel is not None:
            return row.channel in (self.recipients.channel_of(team), self._firm_channel)
        reader = self.recipients.reader_of(team)
        return (reader is not None and reader.id == row.recipient) or self._is_admin(row.recipient)

    def place(self, row: Claimed, customer: int) -> Place | None:
        """Where a message goes as far as it is about this customer; None when nobody may read it."""
        if not self.is_known(customer):
            return None
        own, owner = Place(person_id=row.recipient, channel=row.channel), self.owner(customer)
        if row.kind == kinds.REMINDER and not row.dedupe_key.endswith(DIVERTED):
            return self.recipients.place(owner)
        if row.kind in kinds.SHOWN and not row.dedupe_key.endswith(DIVERTED):
            return self._place_of_steps(row, customer, owner)
        if row.kind == OWN_ALERT:
            reader = self.recipients.reader(owner)
            return Place(person_id=reader.id) if reader else None
        if row.kind == kinds.EMERGENCY:
            return own  # the group that the firm named hears of all customers
        if row.kind == kinds.HANDED_ON:
            return own  # it says to its former account manager that the customer is no longer theirs
        if row.id in self._own:
            return own  # who made a proposal is told what becomes of it
        if row.recipient is not None:
            person = self.recipients.people.get(row.recipient)
            if person and row.kind == kinds.BRIEF and customer in self._given.get(row.recipient, ()):
                return own  # while the step with it is open that was given to them
            return own if person and self.recipients.may_see(person, owner) else None
        # The firm's channel hears of all customers, the channel of a team of those of the team.
        channel = self.recipients.channel(owner)
        return (
            own
            if channel in ("", row.channel) or row.channel == self._firm_channel
            else Place(channel=channel)
        )

    def _place_of_steps(self, row: Claimed, customer: int, owner: Person | None) -> Place | None:
        """Where a customer's steps in a message are shown now; its address only when that is right for all of them."""
        own = Place(person_id=row.recipient, channel=row.channel)
        places = [
            self.recipients.place_of_step(one.who, one.assignee_id, owner)
            for one in self.shown[row.id]
            if one.customer_id == customer
        ]
        places += [
            self.recipients.place_of_step(HANDLER, one.handler_id, owner)
            for one in self.handled.get(row.id, ())
            if one.customer_id == customer
        ]
        return next((place for place in places if place != own), own if places else None)

    @property
    def _firm_channel(self) -> str:
        return self.recipients.firm.channel

    def _is_present(self, person_id: int) -> bool:
        person = self.recipients.people.get(person_id)
        return person is not None and person.is_present

    def _is_admin(self, person_id: int | None) -> bool:
        person = self.recipients.people.get(person_id or 0)
        return person is not None and (
            person.role == PersonRole.ADMIN or person.email in self.recipients.firm.admins
        )

    def reason(self, row: Claimed) -> str:
        """Why a message may not go to its address: a key of `REASONS`."""
        named = self.named[row.id]
        if named and not any(self.is_known(customer) for customer in named):
            return "erased"
        gone = row.recipient is not None and not self._is_present(row.recipient)
        return "left" if gone else "not_theirs"


def look_up_recipients(worker: Worker, slack: SlackPeople) -> None:
    """Ask Slack about people who are about to get messages: it takes a post to somebody who has left, and says nothing."""
    now = worker.clock.now()
    with worker.database.read() as session:
        if not circuit.may_send(worker.state(session)):
            return
        waiting = claims.recipients_to_check(
            session, now=now, checked_before=now - identity.CHECKED, limit=identity.LOOKUPS
        )
    identity.refresh(worker.database, waiting, slack, now)


def hold_back(session: Session, rows: Sequence[Claimed], firm: FirmDefaults, now: datetime) -> list[Claimed]:
    """The messages that may go to their addresses. Each of the others goes to its new reader, or is dead with the reason."""
    if not rows:
        return []
    moment = Moment(session, rows, firm, now)
    right = [row for row in rows if moment.is_right(row)]
    kept = {row.id for row in right}
    for row in rows:
        if row.id not in kept:
            _redirect(session, moment, row, now)
    return right


def may_still_go(session: Session, row: Claimed, firm: FirmDefaults, now: datetime) -> bool:
    """Whether one message may go to its address at this moment."""
    return Moment(session, [row], firm, now).is_right(row)


def named_customers(body_json: str) -> tuple[int, ...]:
    """Ids of the customers that a stored message names, in its order; none of one that cannot be read."""
    return _ids_in(body_json, "customer_id")


def named_contact_people(body_json: str) -> tuple[int, ...]:
    """Ids of the contact people that a stored message names; the same."""
    return _ids_in(body_json, "contact_person_id")


def _ids_in(body_json: str, field: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(_ids(json.loads(body_json), field)))
    except ValueError:
        return ()


def _ids(part: Any, field: str) -> Iterator[int]:
    if isinstance(part, dict):
        if isinstance(part.get(field), int):
            yield part[field]
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from _ids(item, field)


def _redirect(session: Session, moment: Moment, row: Claimed, now: datetime) -> None:
    """Send a message to whom it may go now, as a whole or in parts; what is left of it is dead."""
    reason = moment.reason(row)
    places: dict[Place | None, list[int]] = defaultdict(list)
    for customer in moment.named[row.id]:
        places[moment.place(row, customer)].append(customer)
    message, language = _load(row)
    if row.id in moment.shown and isinstance(message, CareDigest | Greetings):
        _shorten(session, moment, row, message, language, now)
        return
    if row.kind == kinds.REMINDER or message is None or not places:
        _give_up(session, row, reason, now)
        return
    if isinstance(message, TierDigest) and len(places) > 1:
        _split(session, moment, row, message, language, places, now)
        return
    if isinstance(message, CareEscalation | ComplaintReport | PromiseReport):
        _shrink(session, moment, row, message, language, places, now)
        return
    (place,) = places if len(places) == 1 else (None,)
    if place is None:
        _give_up(session, row, reason, now)
        return
    owner = moment.owner(moment.named[row.id][0])
    content, language = _rewritten(moment, message, place, owner)
    body, body_hash = outbox.body_of(content, language)
    outcomes.readdress(
        session,
        row.id,
        address=place.address,
        recipient=place.person_id,
        channel=place.channel,
        body_json=body,
        body_hash=body_hash,
        error_class=reason,
        error=f"{REASONS[reason]}; it was for {row.address}",
    )
    processes.count(session, "redirected_total")
    log.info("outbox.redirected", id=row.id, kind=row.kind, reason=reason)


def _shorten(
    session: Session,
    moment: Moment,
    row: Claimed,
    digest: CareDigest | Greetings,
    language: str | None,
    now: datetime,
) -> None:
    """Take the customers out of a digest whose steps go elsewhere: there they are shown in the next morning."""
    own = Place(person_id=row.recipient, channel=row.channel)
    gone = {customer for customer in moment.named[row.id] if moment.place(row, customer) != own}
    rest = digest.without(gone)
    if rest.is_empty:
        _give_up(session, row, moment.reason(row), now)
        return
    theirs = [one.touch_id for one in moment.shown[row.id] if one.customer_id in gone]
    touches.unlink(session, row.id, theirs)
    touches.release(session, theirs, now)
    body, body_hash = outbox.body_of(rest, language)
    outcomes.readdress(session, row.id, body_json=body, body_hash=body_hash)
    processes.count(session, "redirected_total")
    log.info("outbox.shortened", id=row.id, kind=row.kind, customers=len(gone))


def _split(
    session: Session,
    moment: Moment,
    row: Claimed,
    digest: TierDigest,
    language: str | None,
    places: dict[Place | None, list[int]],
    now: datetime,
) -> None:
    """Take the customers that go elsewhere out of a digest, and write a digest of them for each other reader."""
    own = Place(person_id=row.recipient, channel=row.channel)
    stays = places.pop(own, [])
    for place, named in places.items():
        if place is None:
            continue
        content, wording = _rewritten(moment, digest.only(named), place, moment.owner(named[0]))
        part = outbox.enqueue(
            session,
            kind=row.kind,
            place=place,
            message=content,
            language=wording,
            dedupe_key=f"{row.dedupe_key}>{place.address}:{named[0]}",  # a customer leaves a digest once
            now=now,
        )
        changes.relink(session, row.id, named, part)
    processes.count(session, "redirected_total")
    log.info("outbox.split", id=row.id, kind=row.kind, readers=len(places))
    if not stays:
        _give_up(session, row, moment.reason(row), now)
        return
    gone = [customer for named in places.values() for customer in named]
    body, body_hash = outbox.body_of(digest.without(gone), language)
    outcomes.readdress(session, row.id, body_json=body, body_hash=body_hash)


def _shrink(
    session: Session,
    moment: Moment,
    row: Claimed,
    message: CareEscalation | ComplaintReport | PromiseReport,
    language: str | None,
    places: dict[Place | None, list[int]],
    now: datetime,
) -> None:
    """Take the customers that are no longer for its reader out of an escalation: they are reported again, to whom they are."""
    stays = places.pop(Place(person_id=row.recipient, channel=row.channel), [])
    gone = [customer for named in places.values() for customer in named]
    rest = message.without(gone)
    if not stays or not rest.rows:
        _give_up(session, row, moment.reason(row), now)
        return
    match message:
        case CareEscalation():
            touches.untell(session, [row.id], gone)
        case ComplaintReport():
            complaints.untell(session, [row.id], gone)
        case PromiseReport():
            promises.untell(session, [row.id], gone)
    body, body_hash = outbox.body_of(rest, language)
    outcomes.readdress(session, row.id, body_json=body, body_hash=body_hash)
    log.info("outbox.shrunk", id=row.id, kind=row.kind, customers=len(gone))


def _rewritten(
    moment: Moment, message: Message, place: Place, owner: Person | None
) -> tuple[Message, str | None]:
    """A message for another reader: who the account manager is, whose customer it is, and in which language."""
    recipients = moment.recipients
    reader = recipients.people.get(place.person_id or 0)
    part = recipients.part_of(reader, owner)
    if isinstance(message, OwnTierChanged):
        absent = owner.name if owner is not None and part == "deputy" else None
        message = replace(message, for_lead=part == "lead", absent=absent)
    elif isinstance(message, TierDigest):
        message = replace(message, own=part == "owner")
    elif isinstance(message, TierChanged):
        who = access.mentioned(owner)
        message = replace(message, owner=who)
    language = recipients.language(reader) if reader else recipients.channel_language(owner)
    return message, language


def _give_up(session: Session, row: Claimed, reason: str, now: datetime) -> None:
    """Make a message dead; a reminder's touch is due again at once, for whoever is reminded of it now."""
    outcomes.kill(session, row.id, reason, REASONS[reason])
    processes.count(session, f"dead_total:{reason}")
    touches.release_undelivered(session, [row.id], now)
    log.warning("outbox.dropped", id=row.id, kind=row.kind, reason=reason)


def _load(row: Claimed) -> tuple[Message | None, str | None]:
    try:
        body = json.loads(row.body_json)
        return messages.load(body), body.get("language")
    except (ValueError, KeyError):
        return None, None
