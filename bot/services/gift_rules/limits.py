"""Whether a gift is within the limits: what was given before in its year, what is left, and what it would exceed."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlmodel import Session

from bot.errors import N_, BadInput, BilingualName, Phrase
from bot.services.exchange_rates import Converter
from bot.services.gift_rules.rules import Cap, GiftedCustomer, GiftRules
from db.care.records import gifts
from db.types import MONEY_UNITS, money_units
from grading.scheme.model import Name

NO_RATE = N_("This gift cannot be held against the limits: %(reason)s.")


class LimitKind(StrEnum):
    """What a limit is about, in the order in which a refusal names one."""

    GIFT = "gift"
    PERSON = "person_year"
    CUSTOMER = "customer_year"
    OWNER = "owner_year"
    TEAM = "team_year"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """In whose budgets the gifts to a customer count."""

    owner_id: int | None = None
    owner: str = ""
    team_id: int | None = None
    team: str = ""


@dataclass(frozen=True, kw_only=True)
class WantedGift:
    """A gift that is to be held against the limits. `worth` is in ten-thousandths of the currency of the rules."""

    customer_id: int
    customer: GiftedCustomer
    name: str
    given_on: date
    worth: int
    contact_person_id: int | None = None
    contact_person: str = ""
    budget: Budget = Budget()


@dataclass(frozen=True, kw_only=True)
class Room:
    """A limit, and what is left of it."""

    sort: LimitKind
    limit: int
    left: int
    rule: Name | None = None


@dataclass(frozen=True, kw_only=True)
class Excess:
    """A limit that a gift exceeds."""

    room: Room
    sentence: Phrase  # without a full stop at its end


@dataclass
class GivenGifts:
    """What was given, by year and by whom or what a limit is about; gifts are added as they come."""

    rules: GiftRules
    _given: dict[tuple[int, LimitKind, Hashable], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, wanted: WantedGift) -> None:
        """Count a gift."""
        for sort, key in _keys(wanted).items():
            self._given[wanted.given_on.year, sort, key] += wanted.worth

    def rooms(self, wanted: WantedGift) -> list[Room]:
        """Every limit that a gift is held against, with what is left before it."""
        keys = _keys(wanted)
        found = []
        for sort, cap in _caps(self.rules, wanted).items():
            if cap is None or (sort is not LimitKind.GIFT and sort not in keys):
                continue
            given = 0 if sort is LimitKind.GIFT else self._given[wanted.given_on.year, sort, keys[sort]]
            found.append(Room(sort=sort, limit=cap.units, left=max(0, cap.units - given), rule=cap.rule))
        return found

    def left(self, wanted: WantedGift) -> int | None:
        """What the next gift may be worth by all limits; None without any."""
        return min((room.left for room in self.rooms(wanted)), default=None)

    def excess(self, wanted: WantedGift) -> Excess | None:
        """The first limit that a gift exceeds."""
        over = next((room for room in self.rooms(wanted) if wanted.worth > room.left), None)
        return None if over is None else Excess(room=over, sentence=_sentence(self.rules, wanted, over))


def ledger(
    session: Session,
    rules: GiftRules,
    convert: Converter,
    years: Collection[int],
    *,
    customer_ids: Collection[int] | None,
    budgets: Sequence[Budget] = (),
    without: Collection[int] = (),
) -> GivenGifts:
    """What was given in some years to these customers (None: all), and counts in these budgets, but for the gifts `without`.

    Raises BadInput where the rate of an earlier gift is not known.
    """
    found = GivenGifts(rules)
    has_owners, has_teams = rules.budgets.owner_year is not None, rules.budgets.team_year is not None
    owners = {one.owner_id for one in budgets if has_owners and one.owner_id is not None}
    teams = {one.team_id for one in budgets if has_teams and one.team_id is not None}
    for year in sorted(years):
        for row in gifts.spent(
            session, year, customer_ids=customer_ids, owner_ids=owners, team_ids=teams, without=without
        ):
            worth = convert.units(row.units, row.currency, row.given_on)
            if isinstance(worth, Phrase):
                raise BadInput(NO_RATE, reason=worth)
            found.add(
                WantedGift(
                    customer_id=row.customer_id,
                    customer=GiftedCustomer(),
                    name="",
                    given_on=row.given_on,
                    worth=worth,
                    contact_person_id=row.contact_person_id,
                    budget=Budget(owner_id=row.owner_id, team_id=row.team_id),
                )
            )
    return found


def shown(units: int, currency: str) -> str:
    """An amount for people: CNY 1,200 or EUR 12.50."""
    amount = Decimal(units) / MONEY_UNITS
    return (
        f"{currency} {amount:,.0f}" if amount == amount.to_integral_value() else f"{currency} {amount:,.2f}"
    )


def named(name: Name) -> Phrase:
    """A name of the rules, to stand in a sentence."""
    return BilingualName(name.en, name.zh)


def _keys(wanted: WantedGift) -> dict[LimitKind, Hashable]:
    """What the limits of a year are counted by, of those that concern a gift."""
    keys: Mapping[LimitKind, Hashable | None] = {
        LimitKind.PERSON: wanted.contact_person_id,
        LimitKind.CUSTOMER: wanted.customer_id,
        LimitKind.OWNER: wanted.budget.owner_id,
        LimitKind.TEAM: wanted.budget.team_id,
    }
    return {sort: key for sort, key in keys.items() if key is not None}


def _caps(rules: GiftRules, wanted: WantedGift) -> dict[LimitKind, Cap | None]:
    budgets = {LimitKind.OWNER: rules.budgets.owner_year, LimitKind.TEAM: rules.budgets.team_year}
    return {
        **{
            sort: rules.cap(sort, wanted.customer)
            for sort in (LimitKind.GIFT, LimitKind.PERSON, LimitKind.CUSTOMER)
        },
        **{
            sort: None if amount is None else Cap(units=money_units(amount))
            for sort, amount in budgets.items()
        },
    }


_OVER = {
    LimitKind.PERSON: N_(
        "Gifts to %(person)s of %(customer)s may be worth %(limit)s in %(year)s, of which %(left)s is left, and this one"
        " is worth %(value)s"
    ),
    LimitKind.CUSTOMER: N_(
        "Gifts to %(customer)s may be worth %(limit)s in %(year)s, of which %(left)s is left, and this one is worth"
        " %(value)s"
    ),
    LimitKind.OWNER: N_(
        "The budget of %(owner)s for gifts is %(limit)s in %(year)s, of which %(left)s is left, and this one is worth"
        " %(value)s"
    ),
    LimitKind.TEAM: N_(
        "The budget of the team %(team)s for gifts is %(limit)s in %(year)s, of which %(left)s is left, and this one is"
        " worth %(value)s"
    ),
}


def _sentence(rules: GiftRules, wanted: WantedGift, over: Room) -> Phrase:
    rule = Phrase(N_(" (%(rule)s)"), rule=named(over.rule)) if over.rule is not None else ""
    if over.limit == 0 and over.sort in (LimitKind.GIFT, LimitKind.PERSON, LimitKind.CUSTOMER):
        return Phrase(N_("Gifts to %(customer)s are not allowed%(rule)s"), customer=wanted.name, rule=rule)
    value, limit = shown(wanted.worth, rules.currency), shown(over.limit, rules.currency)
    if over.sort is LimitKind.GIFT:
        return Phrase(
            N_(
                "A gift to %(customer)s may be worth %(limit)s at most%(rule)s, and this one is worth %(value)s"
            ),
            customer=wanted.name,
            limit=limit,
            value=value,
            rule=rule,
        )
    return Phrase(
        _OVER[over.sort],
        person=wanted.contact_person,
        customer=wanted.name,
        owner=wanted.budget.owner,
        team=wanted.budget.team,
        limit=limit,
        year=str(wanted.given_on.year),
        left=shown(over.left, rules.currency),
        value=value,
    )
