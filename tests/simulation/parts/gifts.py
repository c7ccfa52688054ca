"""Gifts of a simulated year: none over a limit is stored without a reason, and none within the limits is refused."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from sqlmodel import Session, select

from bot.errors import BadInput
from bot.services.care import gifts
from bot.services.care.gifts import NewGift, OverLimit
from bot.services.gift_rules.rules import GiftRules, shipped_rules
from bot.wording.actions import Pointer
from bot.wording.care.gifts import GiftLogged
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.book.facts import Activity, ContactKind
from db.book.people import Person
from db.book.trade.exchange_rates import ExchangeRate
from db.care.records.gifts import Gift, GiftState
from tests.simulation.care_people import Colleague
from tests.simulation.parts.part import Part

if TYPE_CHECKING:
    from bot.services.access import Actor
    from tests.simulation.care_account import Reading
    from tests.simulation.care_year import Year

A_DAY = timedelta(days=1)
CUSTOMERS_A_GIFT = 100  # one is recorded each day for so many customers
FORBIDDEN = "SA"  # no gifts to customers of this country
GIFT, PERSON, CUSTOMER, OWNER = "gift", "person_year", "customer_year", "owner_year"
USUAL = {GIFT: 200, PERSON: 300, CUSTOMER: 400}
OF_PLACE = ({GIFT: 500, CUSTOMER: 900, PERSON: 600}, {GIFT: 300, CUSTOMER: 600})  # by place of the tier
BUDGET = 2500  # of an account manager for a year
VALUES = ("19.90", "50", "80", "120", "180", "200", "260", "450", "600")
RATES = {  # currency -> what one was worth in EUR from a day on
    "CNY": ((date(2025, 11, 1), "0.125"),),
    "USD": ((date(2025, 11, 1), "0.9"), (date(2026, 3, 2), "0.85")),
}
CURRENCIES = ("CNY", "CNY", "CNY", "CNY", "EUR", "USD", "JPY")  # of JPY no rate is known
NO_RATE = "no rate"  # instead of the limit that a gift is over
MOST_DAYS = 20  # between a gift and its record


def gift_rules(tiers: Sequence[str]) -> GiftRules:
    """Low limits, a budget and a rule of compliance."""
    limits = {"default": USUAL} | dict(zip(tiers, OF_PLACE, strict=False))
    forbidding = {
        "id": "forbidden",
        "name": {"en": "no gifts to this country", "zh": "不得向该国家送礼"},
        "when": {"country": [FORBIDDEN]},
        "gift": 0,
    }
    changed = {"limits": limits, "budgets": {OWNER: BUDGET}, "compliance": [forbidding]}
    return GiftRules.model_validate(shipped_rules().model_dump() | changed)


@dataclass(frozen=True, kw_only=True)
class Given:
    """A gift as this year knows it, whatever the product has stored."""

    customer: int
    owner: int
    tier: str
    gift: NewGift
    number: int = 0  # under which it is stored

    @property
    def person(self) -> int | None:
        return self.gift.contact_person if isinstance(self.gift.contact_person, int) else None

    @property
    def worth(self) -> Decimal | None:
        """In CNY; None where no rate is known."""
        if self.gift.currency == "CNY":
            return self.gift.value
        rate = _rate(self.gift.currency, self.gift.given_on)
        return None if rate is None else self.gift.value * rate / Decimal(RATES["CNY"][0][1])

    def shares(self) -> dict[str, tuple[int, str, int]]:
        """Limit -> whose it is in which year."""
        whose = {PERSON: self.person, CUSTOMER: self.customer, OWNER: self.owner}
        return {
            limit: (self.gift.given_on.year, limit, one) for limit, one in whose.items() if one is not None
        }


class Gifts(Part):
    """Gifts in several currencies: some sent twice, corrected or taken back, some over limits, by some with a reason."""

    columns: ClassVar = {
        "gifts": "gifts given",
        "g. ref.": "gifts refused",
        "g. allow": "gifts allowed",
    }

    def __init__(self, year: "Year") -> None:
        super().__init__(year)
        self.given: dict[str, Given] = {}  # by the id that it was recorded with
        self.count: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._forms = 0
        self._countries: dict[int, str | None] = {}

    def begin(self, session: Session) -> None:
        for currency, rates in RATES.items():
            for day, rate in rates:
                session.add(ExchangeRate(firm_currency="EUR", currency=currency, day=day, rate=rate))

    def join(self, session: Session, customer: int) -> None:
        self._countries[customer] = session.get_one(Customer, customer).country

    def live(self, today: date) -> None:
        """Account managers and leads record gifts; some send the form twice, correct it, or take it back."""
        now = self.year.clock.now()
        for customer in self.some_customers(CUSTOMERS_A_GIFT):
            self._forms += 1
            key = f"view:gift{self._forms}"
            lead = self.year.lead_of(customer) if self.rng.random() < 0.3 else None
            owner = self.year.actor_for(customer)
            actor = self.year.presses.actor(lead, now) if lead else owner
            given = Given(
                customer=customer,
                owner=owner.person_id,
                tier=self.year.customers[customer],
                gift=self._drawn(customer, actor.today(now)),
            )
            self._record(key, given, actor, lead, now)
            drawn = self.rng.random()
            if drawn < 0.15:
                self._record(key, given, actor, lead, now)
            elif drawn < 0.3 and key in self.given:  # the form is opened again, and another form sent
                self._record(f"{key}again", given, actor, lead, now, same_as=key)
            elif drawn < 0.45:
                other = replace(given.gift, value=Decimal(self.rng.choice(VALUES)))
                self._record(key, replace(given, gift=other), actor, lead, now)
            elif drawn < 0.55:
                self._take_back(key, actor, now)
        if self.given and self.rng.random() < 0.05:
            key = self.rng.choice(sorted(self.given))
            lead = self.year.lead_of(self.given[key].customer)
            self._take_back(key, self.year.presses.actor(lead, now), now)

    def _drawn(self, customer: int, today: date) -> NewGift:
        with self.year.database.read() as session:
            people = select(ContactPerson.id).where(ContactPerson.customer_id == customer)
            there = sorted(one for one in session.exec(people) if one is not None)
        return NewGift(
            what=f"Gift {self._forms}",
            value=Decimal(self.rng.choice(VALUES)),
            currency=self.rng.choice(CURRENCIES),
            given_on=today - self.rng.randrange(MOST_DAYS) * A_DAY,
            contact_person=self.rng.choice([None, *there]),
            reason="Their jubilee" if self.rng.random() < 0.5 else None,
        )

    def _record(
        self, key: str, given: Given, actor: "Actor", lead: Colleague | None, now: datetime, same_as: str = ""
    ) -> None:
        """Send the form, and hold what the product does against the sums of this year."""
        known = self.given.get(same_as or key)
        over = self._over(given, known)
        is_allowed = over not in (None, NO_RATE) and lead is not None and given.gift.reason is not None
        expected = over is None or is_allowed
        name = f"gift {key} of {given.gift.value} {given.gift.currency} to customer {given.customer}"
        try:
            done = gifts.record_gift(
                *(self.year.database, actor, given.gift),
                meant=given.customer,
                source="slack",
                external_id=key,
                rules=self.year.rules,
                settings=self.year.presses.settings,
                now=now,
            )
        except BadInput as error:
            self.count["gifts refused"] += 1
            if expected:
                self.wrong.append(f"{name} is within the limits, and was refused: {error.text()}")
            elif (over != NO_RATE) != isinstance(error, OverLimit):
                self.wrong.append(f"{name} was refused for another reason than {over}: {error.text()}")
            elif over != NO_RATE and lead is None and self._lead_name(given.customer) not in error.text():
                self.wrong.append(f"{name}: the refusal does not say who may allow it: {error.text()}")
            return
        if not expected:
            self.wrong.append(f"{name} is over {over}, and was stored without a reason")
        self.given[same_as or key] = replace(given, number=done.gift_id)
        said = done.message
        assert isinstance(said, GiftLogged)
        if said.allowed != is_allowed or said.left != self._left(given):
            self.wrong.append(f"{name}: said {said}, but {self._left(given)} is left")

    def _take_back(self, key: str, actor: "Actor", now: datetime) -> None:
        known = self.given.get(key)
        if known is None:
            return
        pressed = self.year.presses.pressed(now)
        gifts.undo(self.year.database, actor, Pointer(id=known.number, version=0), **pressed)  # type: ignore[arg-type]
        del self.given[key]

    def _over(self, given: Given, known: Given | None) -> str | None:
        """The first limit that a gift is over, or NO_RATE where its worth is not known."""
        if given.worth is None:
            return NO_RATE
        if given.worth > self._limit(GIFT, given):
            return GIFT
        sums = self._sums(without=known)
        return next(
            (
                limit
                for limit, key in given.shares().items()
                if sums[key] + given.worth > self._limit(limit, given)
            ),
            None,
        )

    def _left(self, given: Given) -> str:
        """What the next gift may be worth, as a message says it."""
        sums = self._sums()
        left = min(
            max(Decimal(0), self._limit(limit, given) - sums[key]) for limit, key in given.shares().items()
        )
        return f"CNY {left:,.0f}" if left == int(left) else f"CNY {left:,.2f}"

    def _limit(self, limit: str, given: Given) -> int:
        if limit == OWNER:
            return BUDGET
        if limit == GIFT and self._countries[given.customer] == FORBIDDEN:
            return 0
        of_tier = dict(zip(self.year.tiers, OF_PLACE, strict=False)).get(given.tier, {})
        return of_tier.get(limit, USUAL[limit])

    def _sums(self, without: Given | None = None) -> dict[tuple[int, str, int], Decimal]:
        sums: dict[tuple[int, str, int], Decimal] = defaultdict(Decimal)
        for one in self.given.values():
            if one is not without:
                for key in one.shares().values():
                    sums[key] += one.worth or 0
        return sums

    def _lead_name(self, customer: int) -> str:
        with self.year.database.read() as session:
            return session.get_one(Person, self.year.lead_of(customer).person_id).name

    def account(self, reading: "Reading", count: Counter[str]) -> Iterator[str]:
        yield from self.wrong
        with self.year.database.read() as session:
            stored = {one.external_id: one for one in session.exec(select(Gift))}
            of_kind = select(Activity).where(Activity.kind == ContactKind.GIFT)
            days = {one.external_id: one.happened_on for one in session.exec(of_kind)}
        if days != {key: one.gift.given_on for key, one in self.given.items()}:
            yield "the contacts of gifts differ from the gifts that were recorded"
        if set(stored) != set(self.given):
            yield f"gifts {set(stored) ^ set(self.given)} differ"
            return
        count["gifts refused"] += self.count["gifts refused"]
        for key, one in self.given.items():
            found = stored[key]
            count["gifts given"] += 1
            count["gifts allowed"] += found.state == GiftState.ALLOWED
            has = (found.customer_id, found.contact_person_id, found.owner_id, found.value, found.currency)
            if has != (one.customer, one.person, one.owner, one.gift.value, one.gift.currency):
                yield f"gift {key}: stored as {found!r}, expected {one}"
            if (found.state == GiftState.ALLOWED) != bool(found.reason):
                yield f"gift {key}: {found.state}, with the reason {found.reason}"


def _rate(currency: str, day: date) -> Decimal | None:
    """What one was worth in EUR on a day."""
    if currency == "EUR":
        return Decimal(1)
    return next((Decimal(rate) for since, rate in reversed(RATES.get(currency, ())) if since <= day), None)
