"""Recording a gift, correcting and taking it back. What is over a limit is refused, or needs who may allow it and a reason."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, delete

from bot.errors import N_, BadInput, Conflict, Hidden, NotAllowed, Phrase
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.answers.contacts import SAME_CONTACT, check_contact
from bot.services.care.answers.decisions import checked_reason
from bot.services.care.answers.reassignment import colleague
from bot.services.care.answers.steps import UNDO, who
from bot.services.care.gifts import subject
from bot.services.care.gifts.subject import Gifted
from bot.services.care.schedule import CareRules, plan_customers
from bot.services.gift_rules.limits import LimitKind, WantedGift, shown
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.care.gifts import GiftLogged, GiftTakenBack
from db.audit import AuditAction, ObjectKind
from db.book import facts
from db.book.contact_people import ContactPerson
from db.book.customers import CustomerRow
from db.book.facts import Activity, ContactKind
from db.care import touches
from db.care.records import gifts
from db.care.records.gifts import Gift, GiftState, StoredGift
from db.engine import Database
from db.processes import InboundKey, take_request
from db.types import money_units

SHORTEST_WHAT, LONGEST_WHAT = 2, 200  # characters
MOST_VALUE = Decimal(1_000_000_000)
NO_AMOUNT = N_("Write the value as an amount above 0, such as 120 or 120.50.")
GONE = N_("This gift is no longer there, or not for you.")
TOO_LATE = N_(
    "This could be taken back for ten minutes, and they are over. The lead of the team and admins can still take it"
    " back: tierbot gift undo"
)


class OverLimit(BadInput):
    """A gift is over a limit; the sentence says which, what is left, and who may allow it."""


@dataclass(frozen=True, kw_only=True)
class NewGift:
    """What a person enters about a gift."""

    what: str
    value: Decimal
    currency: str
    given_on: date
    contact_person: int | str | None = None  # a number or a name
    occasion: str | None = None
    giver: str | None = None  # the address of a colleague; None: the actor
    reason: str | None = None  # why it may be over a limit


@dataclass(frozen=True, kw_only=True)
class GiftActed:
    """What has become of a gift."""

    message: GiftLogged | GiftTakenBack
    customer_id: int
    gift_id: int


def check_gift(actor: Actor, gift: NewGift, rules: CareRules, now: datetime) -> None:
    """Raise BadInput for what cannot be recorded. Reads nothing, so that a form is answered at once."""
    try:
        check_contact(actor, ContactKind.GIFT, gift.given_on, now)
    except BadInput as error:
        raise error.of("day") from None
    if not SHORTEST_WHAT <= len(gift.what.strip()) <= LONGEST_WHAT or not gift.what.strip().isprintable():
        raise BadInput(
            N_("Write what was given, on one line of %(least)s to %(most)s characters."),
            least=SHORTEST_WHAT,
            most=LONGEST_WHAT,
        ).of("what")
    if not 0 < gift.value <= MOST_VALUE or gift.value != round(gift.value, 2):
        raise BadInput(NO_AMOUNT).of("value")
    if not re.fullmatch("[A-Z]{3}", gift.currency):
        raise BadInput(
            N_("%(currency)s is not a currency; write its ISO code, such as CNY."), currency=gift.currency
        ).of("currency")
    if gift.occasion is not None:
        rules.gifts.require_occasion(gift.occasion)
    if gift.reason is not None:
        try:
            checked_reason(gift.reason.strip())
        except BadInput as error:
            raise error.of("reason") from None


def record_gift(
    database: Database,
    actor: Actor,
    gift: NewGift,
    *,
    meant: int | Pointer,
    source: str,
    external_id: str,
    rules: CareRules,
    settings: Settings,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> GiftActed:
    """Record a gift and its activity; the clocks of the steps that it fulfils restart from its day.

    The same source and id again correct what was recorded. The same content under another id within minutes records
    nothing: the person did not see that the first had arrived. `before_commit` may raise, to record nothing. Raises
    OverLimit. One gift at a time: two at the same moment would not see each other.
    """
    check_gift(actor, gift, rules, now)
    with database.write(lock=gifts.LOCK) as session:
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
        touches.lock(session, [customer.id])
        person = subject.contact_person(session, customer, gift.contact_person)
        giver_id = _giver(session, actor, customer, gift, settings, now)
        known = gifts.by_external_id(session, source, external_id)
        _refuse_others(session, actor, customer, known, source, external_id)
        if known is None and (same := _same(session, actor, customer, gift, person, now)) is not None:
            before_commit()
            return _logged(session, rules, customer, same, person, repeated=True)
        without = [known.id] if known is not None and known.id is not None else []
        of = subject.gifted(session, rules, customer, gift.given_on, owner_id=giver_id, without=without)
        worth = subject.worth_of(of, gift.value, gift.currency, gift.given_on)
        wanted = of.of(worth=worth, person=person)
        over = _allowed(session, actor, of, wanted, gift, settings, now)
        values: dict[str, Any] = {
            "contact_person_id": person.id if person else None,
            "given_on": gift.given_on,
            "what": gift.what.strip(),
            "value": gift.value,
            "currency": gift.currency,
            "occasion": gift.occasion,
            "giver_id": giver_id,
            "owner_id": wanted.budget.owner_id,
            "state": GiftState.WITHIN if over is None else GiftState.ALLOWED,
            "reason": None if over is None else (gift.reason or "").strip(),
        }
        stored, has_changed = _write(session, actor, customer, known, values, source, external_id, now)
        if has_changed:
            plan_customers(session, rules, [customer.id], now)
            _record(session, actor, stored, over, corrected=known is not None)
        before_commit()
        row = gifts.row(session, stored.id or 0)
        assert row is not None
        return _logged(
            *(session, rules, customer, row, person),
            repeated=not has_changed,
            corrected=known is not None and has_changed,
        )


def undo(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> GiftActed:
    """Take back a gift: for ten minutes by who recorded it, at any time by who may allow gifts.

    Raises Repeated, Hidden, Conflict when it is too late or it has changed since, NotAllowed for what somebody else did.
    """
    with database.write(lock=gifts.LOCK) as session:
        take_request(session, request, now)
        found = gifts.row(session, pointer.id)
        if found is None:
            raise Hidden(GONE)
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, found.customer_id, GONE)
        touches.lock(session, [customer.id])
        if pointer.version not in (0, found.version):
            raise Conflict(N_("Somebody has changed this gift since this was shown."))
        if found.batch_id is not None:
            raise Conflict(
                N_(
                    "This gift came from a file. Take that import back, or correct the file: tierbot import undo"
                )
            )
        if not subject.may_allow(actor, customer):
            if found.recorded_by != (actor.person_id or None):
                raise NotAllowed(N_("Only the person who did this can take it back."))
            if now - found.recorded_at > UNDO:
                raise Conflict(TOO_LATE)
        activity = facts.activity(session, found.source, found.external_id)
        session.exec(delete(Gift).where(col(Gift.id) == found.id))
        if activity is not None:
            session.delete(activity)
        session.flush()
        plan_customers(session, rules, [customer.id], now)
        actor.record(
            session, AuditAction.GIFT_UNDONE, ObjectKind.CUSTOMER, customer.id, before=_audited(found)
        )
        message = GiftTakenBack(
            name=customer.name,
            code=customer.code,
            what=found.what or "",
            given_on=found.given_on,
            by=who(actor),
        )
        return GiftActed(message=message, customer_id=customer.id, gift_id=found.id)


def _giver(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    gift: NewGift,
    settings: Settings,
    now: datetime,
) -> int | None:
    if gift.giver:
        return colleague(session, gift.giver, settings, now).id
    return actor.person_id or customer.owner_id


def _refuse_others(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    known: Gift | None,
    source: str,
    external_id: str,
) -> None:
    """Refuse the id of a gift that is not the actor's own, or not of this customer, and that of another contact."""
    other = Conflict(N_("This is the id of another contact. Open the form again, or give another id."))
    if known is None:
        if facts.activity(session, source, external_id) is not None:
            raise other
    elif known.customer_id != customer.id or (
        known.recorded_by != (actor.person_id or None) and not subject.may_allow(actor, customer)
    ):
        raise other


def _same(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    gift: NewGift,
    person: ContactPerson | None,
    now: datetime,
) -> StoredGift | None:
    """The gift with this content that the actor recorded a moment ago."""
    content = (gift.what.strip(), gift.value, gift.currency, gift.given_on, person.id if person else None)
    return next(
        (
            one
            for one in gifts.of_customers(session, [customer.id], since=gift.given_on)
            if one.recorded_at > now - SAME_CONTACT and one.recorded_by == (actor.person_id or None)
            if (one.what, one.value, one.currency, one.given_on, one.contact_person_id) == content
        ),
        None,
    )


def _allowed(
    session: Session,
    actor: Actor,
    of: Gifted,
    wanted: WantedGift,
    gift: NewGift,
    settings: Settings,
    now: datetime,
) -> LimitKind | None:
    """The limit that a gift is over although it may be recorded; None within all. Raises OverLimit."""
    over = of.ledger.excess(wanted)
    if over is None:
        return None
    if subject.may_allow(actor, of.customer):
        if gift.reason and gift.reason.strip():
            return over.room.sort
        msgid = N_("%(what)s; you may record it all the same: give the reason.")
        raise OverLimit(msgid, what=over.sentence).of("reason")
    asked: Phrase | str = subject.who_may_allow(session, of.customer, settings, now)
    msgid = N_("%(what)s; ask %(who)s, who may record it with a reason.")
    raise OverLimit(msgid, what=over.sentence, who=asked).of("value")


def _write(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    known: Gift | None,
    values: dict[str, Any],
    source: str,
    external_id: str,
    now: datetime,
) -> tuple[Gift, bool]:
    """The gift with its activity, and whether that changed anything."""
    contact = {"happened_on": values["given_on"], "person_id": values["giver_id"]}
    if known is not None:
        if all(getattr(known, name) == value for name, value in values.items()):
            return known, False
        session.get_one(Activity, known.activity_id).sqlmodel_update(contact)
        known.sqlmodel_update({**values, "version": known.version + 1})
        session.add(known)
        session.flush()
        return known, True
    activity = Activity(
        customer_id=customer.id,
        source=source,
        external_id=external_id,
        kind=ContactKind.GIFT,
        recorded_at=now,
        **contact,
    )
    session.add(activity)
    session.flush()
    stored = Gift(
        customer_id=customer.id,
        activity_id=activity.id or 0,
        source=source,
        external_id=external_id,
        recorded_by=actor.person_id or None,
        recorded_at=now,
        **values,
    )
    session.add(stored)
    session.flush()
    return stored, True


def _record(session: Session, actor: Actor, gift: Gift, over: LimitKind | None, *, corrected: bool) -> None:
    """Write to the audit that a gift was recorded, corrected, or allowed over a limit; the reason stays with the gift."""
    action = AuditAction.GIFT_CORRECTED if corrected else AuditAction.GIFT_RECORDED
    after = _audited(gift)
    if over is not None:
        action, after = AuditAction.GIFT_ALLOWED, {**after, "limit": str(over)}
    actor.record(session, action, ObjectKind.CUSTOMER, gift.customer_id, after=after)


def _audited(gift: Gift | StoredGift) -> dict[str, Any]:
    value = shown(money_units(gift.value), gift.currency)
    return {"gift": gift.id, "day": gift.given_on, "value": value}


def _logged(
    session: Session,
    rules: CareRules,
    customer: CustomerRow,
    row: StoredGift,
    person: ContactPerson | None,
    *,
    repeated: bool = False,
    corrected: bool = False,
) -> GiftActed:
    of = subject.gifted(session, rules, customer, row.given_on, owner_id=row.giver_id)
    rooms = [room for room in of.ledger.rooms(of.of(person=person)) if room.sort is not LimitKind.GIFT]
    left = min((room.left for room in rooms), default=None)
    message = GiftLogged(
        gift_id=row.id,
        version=row.version,
        customer_id=customer.id,
        name=customer.name,
        code=customer.code,
        what=row.what or "",
        value=shown(money_units(row.value), row.currency),
        given_on=row.given_on,
        person=person.name if person else None,
        left=None if left is None else shown(left, rules.gifts.currency),
        allowed=row.state == GiftState.ALLOWED,
        corrected=corrected,
        repeated=repeated,
    )
    return GiftActed(message=message, customer_id=customer.id, gift_id=row.id)
