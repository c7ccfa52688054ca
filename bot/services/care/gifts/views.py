"""Gifts as they are shown: where a customer stands before the next one, and lists."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Phrase, joined
from bot.services import access
from bot.services.access import Act, Actor, can
from bot.services.care.gifts import subject
from bot.services.care.gifts.recording import NO_AMOUNT
from bot.services.care.gifts.subject import Gifted
from bot.services.care.gifts.suggestions import Advice, advise
from bot.services.care.schedule import CareRules
from bot.services.gift_rules.limits import LimitKind, Room, named, shown
from bot.wording.actions import Pointer
from db.book import contact_people, customers, people
from db.book.contact_people import ContactPerson
from db.care.records import gifts
from db.care.records.gifts import StoredGift
from db.types import money_units
from grading.scheme.model import Name

LAST = 3  # gifts that a form shows
MOST_PEOPLE = 5  # contact people with suggestions of their own
FORBIDDEN = N_("Gifts to this customer are not allowed%(rule)s.")
UNCLEAR = N_("It is not known whether this concerns the customer: %(rules)s. Ask before you give something.")
LEFT: dict[LimitKind, str] = {
    LimitKind.GIFT: N_("One gift: at most %(limit)s"),
    LimitKind.PERSON: N_("For this contact person in %(year)s: %(left)s of %(limit)s left"),
    LimitKind.CUSTOMER: N_("For this customer in %(year)s: %(left)s of %(limit)s left"),
    LimitKind.OWNER: N_("Budget of %(owner)s in %(year)s: %(left)s of %(limit)s left"),
    LimitKind.TEAM: N_("Budget of the team %(team)s in %(year)s: %(left)s of %(limit)s left"),
}


@dataclass(frozen=True, kw_only=True)
class ListedGift:
    """One gift in a list."""

    id: int
    code: str
    customer: str
    given_on: date
    what: str | None
    value: Decimal
    currency: str
    person: str | None
    occasion: Name | None
    giver: str | None
    state: str
    reason: str | None

    @property
    def amount(self) -> str:
        return shown(money_units(self.value), self.currency)


@dataclass(frozen=True, kw_only=True)
class GiftQuery:
    """Which gifts are listed."""

    customer_id: int | None = None
    owner: str | None = None  # the address of an account manager
    year: int | None = None
    most: int = 50


@dataclass(frozen=True, kw_only=True)
class GiftList:
    """Gifts, the newest first, and how many there are."""

    gifts: tuple[ListedGift, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class GiftStanding:
    """A customer before its next gift: what is left, what stands against it, the last gifts, and suggestions."""

    name: str
    code: str
    currency: str
    warnings: tuple[Phrase, ...]
    left: tuple[Phrase, ...]
    people: tuple[tuple[int, str], ...]
    last: tuple[ListedGift, ...]
    advice: tuple[tuple[str, Advice], ...]  # by contact person; the customer without one has no name
    may_allow: bool


def standing(
    session: Session,
    actor: Actor,
    rules: CareRules,
    meant: int | Pointer,
    today: date,
    *,
    person: int | str | None = None,
    occasion: str | None = None,
) -> GiftStanding:
    """Where a customer stands, for who may record a gift to it. Raises Hidden, NotAllowed and BadInput."""
    if occasion is not None:
        rules.gifts.require_occasion(occasion)
    customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
    whom = subject.contact_person(session, customer, person)
    there = contact_people.of_customer(session, customer.id)
    before = gifts.of_customers(session, [customer.id])
    known: dict[str, Any] = {
        "name": customer.name,
        "code": customer.code,
        "currency": rules.gifts.currency,
        "people": tuple((one.id or 0, one.name) for one in there),
        "last": tuple(_listed(session, rules, before[:LAST])),
        "may_allow": subject.may_allow(actor, customer),
    }
    try:
        of = subject.gifted(session, rules, customer, today, owner_id=actor.person_id or None)
    except BadInput as error:  # the rate of an earlier gift is not known
        return GiftStanding(**known, warnings=(error.phrase,), left=(), advice=())
    rooms = of.ledger.rooms(of.of(person=whom))
    row = customers.get(session, customer.id)
    asked: list[ContactPerson | None] = [whom] if whom is not None else [*there[:MOST_PEOPLE]] or [None]
    advice = [
        (
            one.name if one is not None else "",
            advise(
                rules.gifts,
                of.ledger.rooms(of.of(person=one)),
                person=one,
                country=row.country if row else None,
                occasion=occasion,
                before=before,
                by_interests=can(actor, Act.UNMASK, customer),
            ),
        )
        for one in asked
    ]
    return GiftStanding(
        **known,
        warnings=tuple(_warnings(rules, of, rooms)),
        left=tuple(_left(rules, of, room) for room in rooms if room.limit),
        advice=tuple(advice),
    )


def read_amount(text: str) -> Decimal:
    """An amount as it was typed, with a decimal point. Raises BadInput."""
    found = re.fullmatch(r"\d{1,10}(\.\d{1,2})?", text.strip())
    if found is None:
        raise BadInput(NO_AMOUNT).of("value")
    return Decimal(found[0])


def list_gifts(session: Session, actor: Actor, rules: CareRules, query: GiftQuery) -> GiftList:
    """The gifts to the customers that the actor may see."""
    owners = access.visible_owners(session, actor)
    if query.owner is not None:
        person = people.by_email(session, query.owner.lower())
        asked = {person.id or 0} if person is not None else set()
        owners = frozenset(asked) if owners is None else owners & asked
    if query.customer_id is not None:
        access.customer_for(session, actor, Act.SEE, query.customer_id)
        owners = None if query.owner is None else owners
    found, total = gifts.listed(
        session, owners=owners, customer_id=query.customer_id, year=query.year, most=query.most
    )
    return GiftList(gifts=tuple(_listed(session, rules, found)), total=total)


def _warnings(rules: CareRules, of: Gifted, rooms: list[Room]) -> list[Phrase]:
    forbidding = next((room for room in rooms if room.limit == 0), None)
    if forbidding is not None:
        rule = Phrase(N_(" (%(rule)s)"), rule=named(forbidding.rule)) if forbidding.rule else ""
        return [Phrase(FORBIDDEN, rule=rule)]
    found = [
        _left(rules, of, room)
        for room in rooms
        if room.sort is not LimitKind.GIFT and room.left < room.limit / 4
    ]
    if unclear := rules.gifts.unclear(of.wanted.customer):
        found.append(Phrase(UNCLEAR, rules=joined([named(one) for one in unclear], "; ")))
    return found


def _left(rules: CareRules, of: Gifted, room: Room) -> Phrase:
    currency = rules.gifts.currency
    return Phrase(
        LEFT[room.sort],
        limit=shown(room.limit, currency),
        left=shown(room.left, currency),
        year=str(of.wanted.given_on.year),
        owner=of.wanted.budget.owner,
        team=of.wanted.budget.team,
    )


def _listed(session: Session, rules: CareRules, found: list[StoredGift]) -> list[ListedGift]:
    givers = people.get_many(session, {one.giver_id for one in found if one.giver_id is not None})
    return [
        ListedGift(
            id=one.id,
            code=one.code,
            customer=one.name,
            given_on=one.given_on,
            what=one.what,
            value=one.value,
            currency=one.currency,
            person=one.contact_person,
            occasion=rules.gifts.occasion(one.occasion),
            giver=givers[one.giver_id].name if one.giver_id in givers else None,
            state=one.state,
            reason=one.reason,
        )
        for one in found
    ]
