"""What tiers are promised and was owed, in time, late or missed: beside a slow recount, and by hand."""

import random
from datetime import date

import pytest
from sqlalchemy import event, update
from sqlmodel import Session, col, delete

from bot.services.care.service import counts as service
from bot.services.care.service.counts import Promised
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.care.records.complaints import ComplaintStep
from db.engine import Database
from db.graded.changes import StoredTierChange
from tests import factories
from tests.services.care.service_recount import DAY, Counted, Life, Recount, Said, as_recounted, service_text

FIRST, CHANGED, TODAY = date(2024, 1, 1), date(2025, 5, 20), date(2026, 2, 10)
SAID: dict[int, Said] = {  # version -> its promises
    1: {"A": {"visits": 4, "surveys": 2, "response": 1}, "B": {"visits": 1, "reviews": 3, "response": 4}},
    2: {
        "A": {"visits": 12, "surveys": 2, "response": 2},
        "B": {"visits": 2, "trainings": 5},
        "C": {"surveys": 1},
    },
}


def scheme_text(version: int) -> str:
    """The plain scheme with the promises of a version."""
    text = factories.PLAIN_SCHEME.replace("version: 1", f"version: {version}")
    for tier, promised in SAID[version].items():
        at = {"A": 70, "B": 45, "C": 0}[tier]
        text = text.replace(f"{{id: {tier}, at: {at},", f"{{id: {tier}, at: {at}, {service_text(promised)},")
    return text


def random_life(rng: random.Random, people: list[int]) -> Life:
    days = sorted(FIRST + rng.randrange(400, 760) * DAY for _ in range(rng.randrange(5)))
    begun = FIRST + rng.choice([0, 40, 180, 370]) * DAY
    tiers = [(begun, rng.choice("ABC"))]
    for day in days:
        others = [tier for tier in ("A", "B", "C", "blocked", "unrated") if tier != tiers[-1][1]]
        tiers.append((max(day, begun), rng.choice(others)))
    owners = [(factories.LONG_AGO, rng.choice(people))]
    if rng.random() < 0.4:
        owners.append((date(2025, 3, 1) + rng.randrange(300) * DAY, rng.choice(people)))
    life = Life(tiers, owners)
    for _ in range(rng.randrange(30)):
        kind = rng.choice(["visit", "visit", "meeting", "survey", "review", "training", "call"])
        life.contacts.append((date(2024, 10, 1) + rng.randrange(500) * DAY, kind))
    for _ in range(rng.randrange(4)):
        reported = date(2025, 1, 1) + rng.randrange(400) * DAY
        step = reported + rng.randrange(6) * DAY if rng.random() < 0.7 else None
        closed = reported + rng.randrange(20) * DAY if rng.random() < 0.7 else None
        life.complaints.append((reported, reported + 10 * DAY, step, closed))
    return life


def store(session: Session, life: Life) -> int:
    """Write a life into the database; the customer."""
    customer = factories.customer(session)
    for place, (since, person) in enumerate(life.owners):
        following = life.owners[place + 1][0] if place + 1 < len(life.owners) else None
        row = (
            session.get_one(Ownership, factories.own(session, customer, person, since=since))
            if (following is None)
            else Ownership(customer_id=customer, person_id=person, starts_on=since, ends_on=following)
        )
        session.add(row)
    for day, kind in life.contacts:
        factories.contact(session, customer, day, kind)
    for reported, _, step, closed in life.complaints:
        one = factories.complaint(session, customer, reported, closed_on=closed)
        if step is not None:
            at = factories.AT
            session.add(ComplaintStep(complaint_id=one, taken_on=step, version=2, recorded_at=at))
    session.flush()
    return customer


def grade(session: Session, lives: dict[int, Life]) -> None:
    """Two scheme versions, one after the other, and one run with the present tiers; earlier ones are in the changes."""
    factories.scheme(session, scheme_text(1), effective_from=FIRST)
    factories.scheme(session, scheme_text(2), effective_from=CHANGED)
    for day in (FIRST, TODAY):
        run = factories.graded(
            session,
            {customer: life.tiers[-1][1] for customer, life in lives.items()},
            as_of=day,
            text=scheme_text(2),
        )
    for customer, life in lives.items():
        since = update(service.runs.Assessment).where(
            col(service.runs.Assessment.customer_id) == customer, col(service.runs.Assessment.run_id) == run
        )
        session.execute(since.values(tier_since=life.tiers[-1][0]))
        recorded = update(Customer).where(col(Customer.id) == customer)
        session.execute(
            recorded.values(
                created_at=factories.AT.replace(
                    year=life.tiers[0][0].year, month=life.tiers[0][0].month, day=life.tiers[0][0].day
                )
            )
        )
        for (_, before), (day, after) in zip(life.tiers, life.tiers[1:], strict=False):
            session.add(
                StoredTierChange(
                    customer_id=customer,
                    purpose="account",
                    run_id=run,
                    as_of=day,
                    from_tier=before,
                    to_tier=after,
                )
            )
    session.flush()


def counted(session: Session, start: date, end: date) -> Counted:
    rows = service.counts(
        session, SchemeCache(), start=start, end=end, today=TODAY, by_customer=True, by_day=True
    )
    return as_recounted(rows)


def test_the_counts_equal_a_slow_recount_of_random_histories(database: Database) -> None:
    rng = random.Random(20261130)
    with database.write() as session:
        people = [factories.person(session, name) for name in ("Anna", "Ben")]
        made = [random_life(rng, people) for _ in range(40)]
        lives = {store(session, life): life for life in made}
        grade(session, lives)
    year = date(2025, 1, 1), date(2025, 12, 31)
    recount = Recount(promises=((FIRST, SAID[1]), (CHANGED, SAID[2])), today=TODAY)
    for start, end in (
        year,
        (date(2025, 2, 3), date(2025, 6, 30)),
        (date(2025, 12, 15), date(2026, 3, 31)),
        (date(2025, 7, 2), date(2025, 7, 2)),
    ):
        with database.read() as session:
            assert counted(session, start, end) == recount.recounted(lives, start, end)
    # Every other contact is taken back, and some customers leave.
    left = {customer for customer in lives if rng.random() < 0.2}
    with database.write() as session:
        for customer in lives:
            session.execute(
                delete(Activity).where(
                    col(Activity.customer_id) == customer, col(Activity.kind) != "complaint"
                )
            )
            lives[customer].contacts = lives[customer].contacts[::2]
            for day, kind in lives[customer].contacts:
                factories.contact(session, customer, day, kind)
        session.execute(update(Customer).where(col(Customer.id).in_(left)).values(archived=True))
    with database.read() as session:
        found = counted(session, *year)
    assert found == recount.recounted({one: life for one, life in lives.items() if one not in left}, *year)
    assert {(promised, how) for *_, promised, how in found} >= {
        (promised, how) for promised in ("visits", "complaints") for how in ("in_time", "late", "missed")
    }


@pytest.fixture
def acme(database: Database) -> int:
    """A customer in A, which is promised two surveys a year and a call a day, since the first of January 2024."""
    text = factories.PLAIN_SCHEME.replace(
        "{id: A,", "{id: A, policy: {service: {surveys_a_year: 2, calls_a_year: 365}},"
    )
    with database.write() as session:
        customer = factories.customer(session)
        factories.graded(session, {customer: "A"}, as_of=date(2024, 1, 1), text=text)
    return customer


@pytest.mark.parametrize(
    ("surveys", "expected"),
    [
        ([], ["missed", "missed"]),
        ([date(2025, 1, 1), date(2025, 12, 31)], ["in_time", "in_time"]),
        ([date(2025, 7, 2), date(2025, 7, 3)], ["in_time", "in_time"]),
        ([date(2025, 7, 3)], ["missed", "in_time"]),
        ([date(2025, 7, 3), date(2025, 7, 4)], ["late", "in_time"]),
        ([date(2025, 3, 1), date(2025, 4, 1)], ["in_time", "missed"]),
        ([date(2025, 3, 1), date(2026, 1, 5)], ["in_time", "missed"]),
        ([date(2025, 3, 1), date(2026, 1, 5), date(2026, 1, 6)], ["in_time", "late"]),
        ([date(2024, 12, 31)], ["missed", "missed"]),
    ],
    ids=[
        "none",
        "on the first and on the last day",
        "around the end of a window",
        "one day late counts for the next window",
        "one more in the next window is late",
        "two in one window",
        "in the next year, for itself",
        "in the next year, one more",
        "before the year",
    ],
)
def test_a_survey_twice_a_year_is_owed_by_2_july_and_31_december(
    database: Database, acme: int, surveys: list[date], expected: list[str]
) -> None:
    with database.write() as session:
        for day in surveys:
            factories.contact(session, acme, day, "survey")
    for day, how in zip((date(2025, 7, 2), date(2025, 12, 31)), expected, strict=True):
        with database.read() as session:
            rows = service.counts(session, SchemeCache(), start=day, end=day, today=TODAY, customer_id=acme)
        (row,) = (one for one in rows if one.promised == Promised.SURVEYS)
        assert {name: getattr(row, name) for name in ("owed", "in_time", "late", "missed")} == {
            "in_time": 0, "late": 0, "missed": 0, "owed": 1, how: 1,
        }  # fmt: skip


def test_a_call_a_day_is_owed_on_every_day_of_a_leap_year(database: Database, acme: int) -> None:
    with database.write() as session:
        factories.contact(session, acme, date(2024, 2, 29), "call")
    with database.read() as session:
        rows = service.counts(
            session, SchemeCache(), start=date(2024, 1, 1), end=date(2024, 12, 31), today=TODAY
        )
    (row,) = (one for one in rows if one.promised == Promised.CALLS)
    assert (row.owed, row.in_time, row.late, row.missed) == (366, 1, 0, 365)


def test_a_day_that_is_not_over_is_not_counted(database: Database, acme: int) -> None:
    due = date(2025, 7, 2)
    for today, expected in ((due, []), (due + DAY, [1])):
        with database.read() as session:
            rows = service.counts(session, SchemeCache(), start=due, end=due, today=today, customer_id=acme)
        assert [one.owed for one in rows if one.promised == Promised.SURVEYS] == expected


def test_the_number_of_queries_does_not_grow_with_the_customers(database: Database) -> None:
    asked: list[int] = []
    for more in (2, 20):
        with database.write() as session:
            made = {factories.customer(session, f"C{more}.{number}"): "A" for number in range(more)}
            factories.graded(session, made, as_of=FIRST, text=scheme_text(2))
        queries: list[str] = []
        event.listen(
            database.reader, "before_cursor_execute", lambda *given, seen=queries: seen.append(given[2])
        )
        with database.read() as session:
            rows = service.counts(
                session, SchemeCache(), start=FIRST, end=TODAY, today=TODAY, by_customer=True
            )
        assert len({row.customer_id for row in rows}) == more
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 12
