"""The customer of a gift: by which limits it is measured, in whose budgets it counts, and who may allow more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session

from bot.errors import N_, BadInput, Phrase, one_of
from bot.services.access import Act, Actor, can
from bot.services.care.schedule import CareRules
from bot.services.exchange_rates import Converter
from bot.services.gift_rules.limits import NO_RATE, Budget, GivenGifts, WantedGift, ledger
from bot.services.gift_rules.rules import facts_of
from bot.services.name_keys import person_key
from bot.services.recipients import FirmDefaults, Recipients
from bot.settings import Settings
from db.book import contact_people, customers, people
from db.book.contact_people import ContactPerson
from db.book.customers import CustomerRow
from db.graded import tier_rows
from db.types import money_units

MOST_ASKED = 2  # people of whom a refusal says that they may allow it
NOBODY = N_("an admin")


@dataclass(frozen=True, kw_only=True)
class Gifted:
    """A customer, and its limits before a gift of a year. `wanted` is worth nothing yet."""

    customer: CustomerRow
    wanted: WantedGift
    ledger: GivenGifts
    convert: Converter

    def of(
        self, *, worth: int = 0, given_on: date | None = None, person: ContactPerson | None = None
    ) -> WantedGift:
        """A gift to this customer, or to one of its contact people."""
        return replace(
            self.wanted,
            worth=worth,
            given_on=given_on or self.wanted.given_on,
            contact_person_id=person.id if person else None,
            contact_person=person.name if person else "",
        )


def gifted(
    session: Session,
    rules: CareRules,
    customer: CustomerRow,
    given_on: date,
    *,
    owner_id: int | None = None,
    without: Sequence[int] = (),
) -> Gifted:
    """A customer with what was given in the year of a day. `owner_id`: whose budget it is where nobody owns it."""
    row = customers.get(session, customer.id)
    tier = tier_rows.present_tiers(session, [customer.id]).get(customer.id)
    budget = budget_of(session, customer.owner_id or owner_id)
    convert = Converter(session.connection(), rules.gifts.currency, rules.currency)
    wanted = WantedGift(
        customer_id=customer.id,
        customer=facts_of(row, tier),
        name=customer.name,
        given_on=given_on,
        worth=0,
        budget=budget,
    )
    given = ledger(
        session,
        rules.gifts,
        convert,
        {given_on.year},
        customer_ids=[customer.id],
        budgets=[budget],
        without=without,
    )
    return Gifted(customer=customer, wanted=wanted, ledger=given, convert=convert)


def budget_of(session: Session, owner_id: int | None) -> Budget:
    """In whose budgets the gifts of an account manager count."""
    owner = people.get(session, owner_id)
    team = people.team(session, owner.team_id) if owner else None
    if owner is None:
        return Budget()
    return Budget(owner_id=owner.id, owner=owner.name, team_id=owner.team_id, team=team.name if team else "")


def worth_of(of: Gifted, value: Decimal, currency: str, given_on: date) -> int:
    """A value in ten-thousandths of the currency of the rules. Raises BadInput where the rate is not known."""
    found = of.convert.units(money_units(value), currency, given_on)
    if isinstance(found, Phrase):
        raise BadInput(NO_RATE, reason=found).of("value")
    return found


def contact_person(session: Session, customer: CustomerRow, meant: int | str | None) -> ContactPerson | None:
    """The contact person of a customer with this number or name. Raises BadInput."""
    if meant is None or meant == "":
        return None
    there = contact_people.of_customer(session, customer.id)
    if isinstance(meant, str):
        found = [one for one in there if person_key(one.name) == person_key(meant)]
    else:
        found = [one for one in there if one.id == meant]
    if len(found) == 1:
        return found[0]
    if not there:
        raise BadInput(
            N_(
                "%(customer)s has no contact people; leave out whom the gift is for, or add them first: tierbot"
                " contact-person add"
            ),
            customer=customer.name,
        ).of("person")
    raise BadInput(
        N_("%(person)s is no contact person of %(customer)s; choose one of %(known)s."),
        person=str(meant),
        customer=customer.name,
        known=", ".join(one.name for one in there[:10]),
    ).of("person")


def who_may_allow(session: Session, customer: CustomerRow, settings: Settings, now: datetime) -> Phrase | str:
    """The names of those who may record a gift over the limits of a customer: the lead of the team, else admins."""
    firm = FirmDefaults(admins=settings.admins)
    ids = [customer.owner_id] if customer.owner_id is not None else []
    found = Recipients.of(session, ids, firm, now)
    lead = found.manager(found.people.get(customer.owner_id or 0), None)
    if lead is not None:
        return lead.name
    names = [one.name for one in people.admins(session, settings.admins) if one.id != customer.owner_id]
    if not names:
        return Phrase(NOBODY)
    return one_of(names[:MOST_ASKED])


def may_allow(actor: Actor, customer: CustomerRow) -> bool:
    """Whether the actor may record a gift over the limits."""
    return can(actor, Act.ALLOW_GIFT, customer)
