"""What is said to lift a customer is done in the database, and the gradings that were named are run."""

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, update

from bot.services.schemes.store import SchemeCache
from bot.services.ways.acts import Plan, Value
from bot.services.ways.future import Future
from bot.services.ways.search import Way, WaysUp, find_ways
from db.book.facts import ActivityPeriod, Fact
from db.book.invoices import Invoice
from db.engine import Database, open_database
from db.graded import assessments
from grading.scheme.model import WORDS_FOR_NO_TIER, Map, Scale, Scheme
from tests import factories
from tests.services.ways import drawn_book
from tests.services.ways.drawn_book import TODAY

CUSTOMERS = int(os.environ.get("CLAIMS", "4"))  # of each preset
SEED = 1
LONG = 4_000  # days
PRESETS = (
    "b2b_accounts",
    "orders_only",
    "manufacturing",
    "services",
    "retail",
    "finance",
    "prospects",
    "credit_assessment",
)
PURPOSES = {"prospects": "prospect", "credit_assessment": "credit"}


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What was said about one customer."""

    customer: int
    goal: str
    better: frozenset[str]  # the goal and the tiers above it
    ways_up: WaysUp
    days: tuple[date, ...]
    scheme: Scheme


@dataclass(kw_only=True)
class Book:
    """A drawn book in a file, and what is said about its customers."""

    path: Path
    purpose: str
    promises: list[Promise]
    words: Counter[str]

    def copy(self, name: str) -> Database:
        other = self.path.with_name(f"{name}.db")
        shutil.copy(self.path, other)
        return open_database(f"sqlite:///{other}")


@pytest.fixture(params=PRESETS)
def book(request: pytest.FixtureRequest, migrated: Path, tmp_path: Path) -> Book:
    preset: str = request.param
    path = tmp_path / "book.db"
    shutil.copy(migrated, path)
    database = open_database(f"sqlite:///{path}")
    ids = drawn_book.fill(database, preset, CUSTOMERS, SEED)
    purpose = PURPOSES.get(preset, "account")
    promises, words = _promises(database, ids, purpose)
    database.close()
    return Book(path=path, purpose=purpose, promises=promises, words=words)


def _promises(database: Database, ids: Sequence[int], purpose: str) -> tuple[list[Promise], Counter[str]]:
    cache, promises, words = SchemeCache(), [], Counter[str]()
    with database.read() as session:
        for customer in ids:
            row, run = assessments.newest(session, customer, purpose)[0]
            assert row.scheme_version_id is not None
            scheme = cache.scheme(session, row.scheme_version_id)
            tiers = [tier.id for tier in scheme.tiers]
            if row.tier in WORDS_FOR_NO_TIER or row.tier == tiers[0]:
                words["top" if row.tier == tiers[0] else row.tier] += 1
                continue
            place = tiers.index(row.tier)
            future = Future(session, cache, row, run, scheme, TODAY)
            ways_up = find_ways(future, tiers[place - 1])
            promises.append(
                Promise(
                    customer=customer,
                    goal=tiers[place - 1],
                    better=frozenset(tiers[:place]),
                    ways_up=ways_up,
                    days=future.days,
                    scheme=scheme,
                )
            )
            said = "itself" if ways_up.by_itself else "acts" if ways_up.ways else "nothing"
            words[("capped " if row.capped_by else "") + said] += 1
    return promises, words


def play(
    book: Book, name: str, plans: Mapping[int, Plan], done_on: date, days: Sequence[date]
) -> dict[int, list[str]]:
    """Do the plans on a day, re-grade as an import does, and run the gradings; the tiers after each, by customer."""
    database = book.copy(name)
    with database.write() as session:
        session.exec(
            update(Invoice)
            .where(col(Invoice.paid_on).is_(None), col(Invoice.due_on) >= TODAY)
            .values(paid_on=col(Invoice.due_on))
        )
    seen: dict[int, list[str]] = {customer: [] for customer in plans}
    before = TODAY
    for number, day in enumerate([done_on, *days]):
        with database.write() as session:
            age(session, day - before)
            before = day
            for customer, plan in plans.items() if not number else ():
                do(session, customer, plan, done_on)
            latest = col(ActivityPeriod.last_day) >= drawn_book.GRADED[-1]
            session.exec(update(ActivityPeriod).where(latest).values(last_day=day))
        if number:
            drawn_book.grade(database, book.purpose, day)
        else:
            drawn_book.regrade(database, book.purpose, sorted(plans), day)
        with database.read() as session:
            for customer in plans:
                seen[customer].append(assessments.newest(session, customer, book.purpose)[0][0].tier)
    database.close()
    return seen


def age(session: Session, time: timedelta) -> None:
    """Record all figures again, as they are, so that none gets older; by a detour, for two may be of one day."""
    for days in (LONG, time.days - LONG):
        moved = func.date(col(Fact.measured_on), f"{days:+d} days")
        session.exec(update(Fact).values(measured_on=moved))


def do(session: Session, customer: int, plan: Plan, day: date) -> None:
    """Write the acts of a plan into the book."""
    for _ in range(plan.orders):
        amount = Decimal(repr(round(plan.amount, 4)))
        cost = None if plan.cost_share is None else Decimal(repr(round(plan.amount * plan.cost_share, 4)))
        factories.order(session, customer, day, amount, cost=cost, currency="CNY")
    for kind, count in plan.activities.items():
        for _ in range(count):
            factories.contact(session, customer, day, kind)
    if plan.settles:
        overdue = (
            Invoice.customer_id == customer,
            col(Invoice.paid_on).is_(None),
            col(Invoice.due_on) < TODAY,
        )
        session.exec(update(Invoice).where(*overdue).values(paid_on=day))
    for field, value in plan.facts.items():
        factories.fact(session, customer, field, value, day)


def smaller(promise: Promise, way: Way) -> Plan | None:
    """The acts a tenth smaller, or one less of what is counted; None where nothing is left to make smaller."""
    plan = way.plan
    if plan.orders > 1 and plan.amount == promise.ways_up.usual:
        return replace(plan, orders=plan.orders - 1)
    if way.any_amount:
        return None
    if plan.orders:
        return replace(plan, amount=0.9 * plan.amount)
    if plan.activities:
        (*others, (kind, count)) = plan.activities.items()
        return replace(plan, activities={**dict(others), kind: count - 1})
    if plan.facts:
        field, value = list(plan.facts.items())[-1]
        return replace(plan, facts={**plan.facts, field: _nearer(promise, field, value)})
    return Plan()


def _nearer(promise: Promise, field: str, value: Value) -> Value:
    """The value before this one: a tenth of the way back, a step of a scale, the next lower word."""
    indicator = next(one for one in promise.scheme.indicators if one.id == field)
    present = promise.ways_up.present[field]
    match indicator.score:
        case Map(values=values):
            points: dict[Value, float] = {**values}
            lower = [word for word in points if points[word] < points[value]]
            return max(lower, key=points.__getitem__, default=present)
        case _ if isinstance(indicator.score, Scale) or indicator.unit == "count":
            return float(value) + (1 if float(value) < float(present) else -1)
    return float(present) + 0.9 * (float(value) - float(present))


def test_what_is_said_to_lift_a_customer_does_then_and_not_before_and_a_tenth_less_does_not(
    book: Book,
) -> None:
    most = max((len(promise.days) for promise in book.promises), default=0)
    days = next((promise.days for promise in book.promises if len(promise.days) == most), ())
    wrong: list[str] = []
    tried = Counter[str]()
    for number in range(max((len(promise.ways_up.ways) for promise in book.promises), default=0)):
        ways = {
            promise.customer: (promise, promise.ways_up.ways[number])
            for promise in book.promises
            if number < len(promise.ways_up.ways)
        }
        seen = play(book, f"full{number}", {who: way.plan for who, (_, way) in ways.items()}, TODAY, days)
        less = {
            who: plan for who, (promise, way) in ways.items() if (plan := smaller(promise, way)) is not None
        }
        seen_less = play(book, f"less{number}", less, TODAY, days)
        for who, (promise, way) in ways.items():
            tried["ways"] += 1
            place = 0 if way.reached is None else 1 + days.index(way.reached)
            tiers = seen[who][: place + 2 if place == 0 else place + 1]
            reached = [tier in promise.better for tier in tiers]
            if reached != [False] * place + [True] * (len(tiers) - place):
                wrong.append(f"{who} {way} {tiers} wanted {promise.goal} at {place}")
            if (
                who in less
                and seen_less[who][place] in promise.better
                and (place or seen_less[who][1] in promise.better)
            ):
                wrong.append(f"{who} {way}: less suffices, {seen_less[who]}")
        for by in {way.by for _, way in ways.values()}:
            late = {who: way.plan for who, (_, way) in ways.items() if way.by == by}
            seen_late = play(book, f"late{number}-{by}", late, by, days)
            for who in late:
                promise, way = ways[who]
                place = 1 if way.reached is None else 1 + days.index(way.reached)
                if seen_late[who][place] not in promise.better:
                    wrong.append(f"{who} {way}: not when done on {by}, {seen_late[who]}")
    nothing = play(book, "nothing", {promise.customer: Plan() for promise in book.promises}, TODAY, days)
    for promise in book.promises:
        itself = promise.ways_up.by_itself
        reached = [tier in promise.better for tier in nothing[promise.customer]][: len(promise.days) + 1]
        if itself is None:
            if any(reached[1:]):
                wrong.append(f"{promise.customer} comes by itself: {nothing[promise.customer]}")
            continue
        place = 0 if itself == TODAY else 1 + days.index(itself)
        if not reached[place] or any(reached[:place]):
            wrong.append(f"{promise.customer} {itself}: {nothing[promise.customer]}")
    print(dict(book.words), dict(tried))
    assert not wrong, "\n".join(wrong)
