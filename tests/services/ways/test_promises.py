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
from db.book.trade.invoices import Invoice
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
    """Do the plans on a day, re-grade as an import does, and run the gradings of the days, each in its time.

    By customer: the tier after the re-grade, then that after each grading.
    """
    database = book.copy(name)
    with database.write() as session:
        open_ones = update(Invoice).where(col(Invoice.paid_on).is_(None))
        session.exec(open_ones.where(col(Invoice.due_on) >= TODAY).values(paid_on=col(Invoice.due_on)))
    seen: dict[int, list[str]] = {customer: [""] * (1 + len(days)) for customer in plans}
    before = TODAY
    places = {0: done_on, **dict(enumerate(days, start=1))}
    for place, day in sorted(places.items(), key=lambda item: (item[1], item[0])):
        with database.write() as session:
            latest = col(ActivityPeriod.last_day) >= drawn_book.GRADED[-1]
            session.exec(update(ActivityPeriod).where(latest).values(last_day=day))
            age(session, day - before)
            before = day
            for customer, plan in plans.items() if not place else ():
                do(session, customer, plan, done_on)
        if place:
            drawn_book.grade(database, book.purpose, day)
        else:
            drawn_book.regrade(database, book.purpose, sorted(plans), day)
        with database.read() as session:
            for customer in plans:
                seen[customer][place] = assessments.newest(session, customer, book.purpose)[0][0].tier
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
        open_ones = update(Invoice).where(col(Invoice.paid_on).is_(None), col(Invoice.due_on) < TODAY)
        session.exec(open_ones.where(col(Invoice.customer_id) == customer).values(paid_on=day))
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
            words = sorted((points, str(word)) for word, points in values.items())
            place = [word for _, word in words].index(str(value))
            return words[place - 1][1] if place else present
        case _ if isinstance(indicator.score, Scale) or indicator.unit == "count":
            return float(value) + (1 if float(value) < float(present) else -1)
    return float(present) + 0.9 * (float(value) - float(present))


def test_what_is_said_to_lift_a_customer_does_then_and_not_before_and_a_tenth_less_does_not(
    book: Book,
) -> None:
    days = max((promise.days for promise in book.promises), key=len, default=())
    first = 1 + len([day for day in days if day < TODAY])  # place of the first snapshot that is not late
    wrong: list[str] = []
    tried = Counter[str]()
    for number in range(max((len(promise.ways_up.ways) for promise in book.promises), default=0)):
        said = {
            promise.customer: (promise, promise.ways_up.ways[number])
            for promise in book.promises
            if number < len(promise.ways_up.ways)
        }
        less = {who: plan for who, (promise, way) in said.items() if (plan := smaller(promise, way))}
        (by,) = {way.by for _, way in said.values()}
        full = {who: way.plan for who, (_, way) in said.items()}
        soon, late = (play(book, f"{number} {day}", full, day, days) for day in (TODAY, by))
        less_soon, less_late = (play(book, f"less {number} {day}", less, day, days) for day in (TODAY, by))
        for who, (promise, way) in said.items():
            tried["ways"] += 1
            at_once = way.reached is None
            # Place 0 is the grading after the import of the act, place 1 the first snapshot to come.
            place = 1 + days.index(way.reached or by)
            now, then = (found(seen[who], promise) for seen in (soon, late))
            if at_once and not (now[0] and now[first]):
                wrong.append(f"{way}: not at once, {soon[who]}")
            if not any(now[: place + 1]):
                wrong.append(f"{way}: not when done today, {soon[who]}")
            if then[1 : place + 1] != [False] * (place - 1) + [True]:
                wrong.append(f"{way}: not then or before when done on {by}, {late[who]}")
            if who in less:
                enough_now, enough_then = (found(seen[who], promise) for seen in (less_soon, less_late))
                enough_soon = enough_now[0] and enough_now[first] if at_once else any(enough_now[: place + 1])
                if enough_soon and enough_then[place]:
                    wrong.append(f"{way}: less is enough, {less_soon[who]} {less_late[who]}")
    nothing = play(book, "nothing", {promise.customer: Plan() for promise in book.promises}, TODAY, days)
    for promise in book.promises:
        itself, reached = promise.ways_up.by_itself, found(nothing[promise.customer], promise)
        if itself is None:
            if any(reached[1 : len(promise.days) + 1]):
                wrong.append(f"{promise.customer} comes by itself: {nothing[promise.customer]}")
            continue
        place = 1 + days.index(itself)
        if not reached[place] or any(reached[1:place]) or promise.ways_up.or_by_import != reached[0]:
            wrong.append(f"{promise.customer} {itself}: {nothing[promise.customer]}")
    print(dict(book.words), dict(tried))
    assert not wrong, "\n".join(wrong)


def found(tiers: Sequence[str], promise: Promise) -> list[bool]:
    """After which gradings a customer has the tier that was promised, or a better one."""
    return [tier in promise.better for tier in tiers]
