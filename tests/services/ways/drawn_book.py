"""Books drawn from a seed for one scheme: orders, activities, invoices and facts of customers of every kind."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from sqlmodel import Session

from bot.services.grade import regrades, runs
from bot.services.schemes.store import SchemeCache
from db.book.facts import ActivityPeriod
from db.book.trade.invoices import Invoice
from db.engine import Database
from grading.indicators.sources import COMPUTED
from grading.scheme.model import Bands, Map, Points, Scale, Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests import factories

CONSTANTS = {
    "our_gross_margin_12m": 5_000_000,
    "product_types_sold": 8,
    "event_half_life_days": 180,
}
GRADED = (date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31))
TODAY = date(2026, 11, 12)


def scheme_text(preset: str) -> str:
    """A preset with every constant that it names set."""
    text = preset_text(preset)
    for name, value in CONSTANTS.items():
        text = text.replace(f"{name}: null", f"{name}: {value}")
    return text


def fill(database: Database, preset: str, customers: int, seed: int) -> list[int]:
    """Draw a book, and grade it at the ends of five months; the ids of its customers."""
    text, random = scheme_text(preset), Random(f"{preset} {seed}")
    scheme = parse_scheme(text, source=preset)
    with database.write() as session:
        factories.scheme(session, text)
        ids = [
            factories.customer(session, f"Customer {number}", record_type=scheme.record_type)
            for number in range(customers)
        ]
        for customer in ids:
            _draw(session, customer, scheme, random)
        if random.random() < 0.8:
            for kind in ("visit", "call", "meeting", "training", "referral", "complaint"):
                period = ActivityPeriod(
                    kind=kind, first_day=date(2020, 1, 1), last_day=GRADED[-1], source="test"
                )
                session.add(period)
    purpose = "credit" if scheme.credit_limit is not None else scheme.record_type
    for day in GRADED:
        grade(database, purpose, day)
    return ids


def grade(database: Database, purpose: str, day: date) -> None:
    """The grading as of a day, in the night after it."""
    runs.grade_book(
        database,
        SchemeCache(),
        for_purpose=purpose,
        as_of=day,
        today=day + timedelta(days=1),
        now=datetime.combine(day + timedelta(days=1), time(1), UTC),
        notify=None,
    )


def regrade(database: Database, purpose: str, customers: list[int], today: date) -> None:
    """What follows an import: these customers graded as of today."""
    regrades.regrade(
        database,
        SchemeCache(),
        customers,
        for_purpose=purpose,
        today=today,
        now=datetime.combine(today, time(12), UTC),
        notify=None,
    )


def _draw(session: Session, customer: int, scheme: Scheme, random: Random) -> None:
    size, margin = 10 ** random.uniform(2.5, 6), random.uniform(-0.02, 0.4)
    gap, start = (
        random.choice([12, 30, 45, 90, 200]),
        date(2024, 1, 1) + timedelta(days=random.randrange(800)),
    )
    with_costs = random.random() < 0.7
    day = start
    while scheme.record_type == "account" and day < TODAY and random.random() < 0.99:
        amount = round(size * random.uniform(0.3, 2.0), 2) * (-0.2 if random.random() < 0.03 else 1)
        cost = round(amount * (1 - margin), 2) if with_costs else None
        factories.order(
            session,
            customer,
            day,
            Decimal(str(amount)),
            cost=None if cost is None else Decimal(str(cost)),
            currency="CNY",
        )
        due = day + timedelta(days=30)
        paid = due + timedelta(days=random.choice([-5, 0, 0, 3, 20, 70, 400]))
        if random.random() < 0.8:
            invoice(session, customer, day, due, paid if paid <= TODAY else None, Decimal(str(abs(amount))))
        day += timedelta(days=max(1, int(gap * random.uniform(0.5, 1.6))))
        if random.random() < 0.01:
            break
    for _ in range(random.choice([0, 0, 1, 3, 8])):
        kind = random.choice(["visit", "call", "training", "referral", "complaint"])
        factories.contact(session, customer, TODAY - timedelta(days=random.randrange(1, 700)), kind)
    for field in _recorded(scheme):
        if random.random() < 0.75:
            oldest = next(one.max_age_days for one in scheme.indicators if one.id == field) or 300
            day = TODAY - timedelta(days=random.randrange(1, int(1.05 * min(oldest, 300))))
            factories.fact(session, customer, field, _value(scheme, field, random), day)


def invoice(
    session: Session,
    customer: int,
    day: date,
    due: date,
    paid: date | None,
    amount: Decimal,
    currency: str = "CNY",
) -> None:
    """An invoice of a customer."""
    row = Invoice(
        customer_id=customer,
        source="test",
        external_id=f"I{next(factories._numbers)}",
        invoiced_on=day,
        due_on=due,
        paid_on=paid,
        amount=amount,
        currency=currency,
    )
    session.add(row)


def _recorded(scheme: Scheme) -> Iterator[str]:
    """The indicators of a scheme that come as facts."""
    for indicator in scheme.indicators:
        if indicator.id not in COMPUTED and scheme.fields[indicator.id].kind != "bool":
            yield indicator.id


def _value(scheme: Scheme, field: str, random: Random) -> object:
    indicator = next(one for one in scheme.indicators if one.id == field)
    score = indicator.score
    match score:
        case Map():
            return random.choice([*score.values])
        case Scale():
            low, high = sorted((score.minimum, score.maximum))
            return random.randint(int(low), int(high))
        case Points():
            low, high = score.knots[0][0], score.knots[-1][0]
        case Bands():
            low, high = score.bands[0][0], score.bands[-1][0]
    return round(low + (high - low) * random.random() ** 2, None if indicator.unit == "count" else 3)
