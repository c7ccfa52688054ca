"""What a reminder says about a gift to the person whom it names: what is left, what fits, and what was given last."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session

from bot.errors import BadInput
from bot.services.care.gifts.suggestions import advise
from bot.services.care.schedule import CareRules
from bot.services.exchange_rates import Converter
from bot.services.gift_rules.limits import Budget, GivenGifts, WantedGift, ledger, shown
from bot.services.gift_rules.rules import facts_of, shipped_rules
from bot.wording.parts import GiftHint, PersonPart
from db.book import customers, people
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.care.records import gifts
from db.care.records.gifts import StoredGift

LONGEST = 60  # characters of what was given last


@dataclass(frozen=True, kw_only=True)
class ToGive:
    """A contact person whom a reminder names, with their customer, its tier, and the occasion."""

    person: ContactPerson
    customer: Customer
    tier: str
    occasion: str


def hints(
    session: Session, rules: CareRules, named: Sequence[ToGive], day: date, readers: Collection[int]
) -> dict[int, GiftHint]:
    """Contact person -> what is said of a gift to them; of nobody where the firm uses no gifts.

    `readers` are the reader and those whose deputy they are: only an account manager gets what interests suggest.
    """
    is_used = rules.gifts is not shipped_rules() or gifts.any_given(session)
    if not named or not is_used:
        return {}
    ids = sorted({one.customer.id or 0 for one in named})
    before: dict[int, list[StoredGift]] = {one: [] for one in ids}
    for gift in gifts.of_customers(session, ids):
        before[gift.customer_id].append(gift)
    owners = customers.owner_ids(session, ids)
    budgets = _budgets(session, sorted(set(owners.values())))
    convert = Converter(session.connection(), rules.gifts.currency, rules.currency)
    given: GivenGifts | None = None
    try:
        given = ledger(
            *(session, rules.gifts, convert, {day.year}),
            customer_ids=ids,
            budgets=list(budgets.values()),
        )
    except BadInput:  # the rate of an earlier gift is not known: what is left is not known either
        given = None
    found = {}
    for one in named:
        owner = owners.get(one.customer.id or 0, 0)
        hint = _hint(rules, one, day, given, budgets.get(owner, Budget()), before, owner in readers)
        if hint is not None and one.person.id is not None:
            found[one.person.id] = hint
    return found


def with_hint(part: PersonPart, found: dict[int, GiftHint]) -> PersonPart:
    """A contact person in a message, with what is said of a gift to them."""
    hint = found.get(part.contact_person_id)
    return replace(part, gift=hint) if hint is not None else part


def _hint(
    rules: CareRules,
    one: ToGive,
    day: date,
    given: GivenGifts | None,
    budget: Budget,
    before: dict[int, list[StoredGift]],
    by_interests: bool,
) -> GiftHint | None:
    theirs = before[one.customer.id or 0]
    last = next((gift for gift in theirs if gift.contact_person_id in (None, one.person.id)), None)
    hint = GiftHint(
        last=last and last.what and last.what[:LONGEST],
        last_on=last.given_on if last is not None else None,
    )
    if given is None:
        return hint if last is not None else None
    wanted = WantedGift(
        customer_id=one.customer.id or 0,
        customer=facts_of(one.customer, one.tier),
        name=one.customer.name,
        given_on=day,
        worth=0,
        contact_person_id=one.person.id,
        budget=budget,
    )
    rooms = given.rooms(wanted)
    lowest = min(rooms, key=lambda room: room.left, default=None)
    if lowest is not None and lowest.left == 0:
        return replace(
            hint, forbidden=lowest.limit == 0, rule=lowest.rule, left=shown(0, rules.gifts.currency)
        )
    advice = advise(
        *(rules.gifts, rooms),
        person=one.person,
        country=one.customer.country,
        occasion=one.occasion,
        before=theirs,
        by_interests=by_interests,
    )
    best = next(iter(advice.suggested), None)
    if best is None:  # who wants no gift is not reminded of one
        return hint if last is not None else None
    return replace(
        hint,
        left=None if lowest is None else shown(lowest.left, rules.gifts.currency),
        suggested=best.name,
        value=shown(best.units, rules.gifts.currency),
    )


def _budgets(session: Session, owner_ids: Sequence[int]) -> dict[int, Budget]:
    """Account manager -> in whose budgets the gifts to their customers count."""
    there = people.get_many(session, owner_ids)
    return {number: Budget(owner_id=number, team_id=one.team_id) for number, one in there.items()}
