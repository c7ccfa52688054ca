"""What the account of a simulated year takes for silent or late, in cases that a short year seldom has."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from db.book.customers import Ownership, present_owner
from db.book.people import Person, Team
from db.care.touches import Touch, TouchMessage
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.simulation.care_account import Reading
from tests.simulation.care_year import Plot, Year
from tests.simulation.sandbox import Sandbox

STEP = "credit_review_d"  # done by finance; late ones are reported on the next working day


@pytest.fixture
def year() -> Iterator[Year]:
    sandbox = Sandbox()
    try:
        yield Year(Plot(plan="credit_assessment", customers=6, zones=("Europe/Berlin",)), sandbox.database)
    finally:
        sandbox.close()


def at(day: date, hour: int = 8) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def owner_in(session: Session, zone: str) -> int:
    """An account manager whose team has a lead in a zone."""
    team = factories.team(session, zone)
    lead = factories.person(session, f"Lead in {zone}", team_id=team, timezone=zone, role="team_lead")
    session.get_one(Team, team).lead_id = lead
    return factories.person(session, f"Owner in {zone}", team_id=team, timezone=zone)


def lead_of(session: Session, owner: int) -> int:
    return session.exec(select(Team.lead_id).join(Person).where(Person.id == owner)).one() or 0


def hand_over(session: Session, customer: int, owner: int, day: date) -> None:
    session.exec(select(Ownership).where(present_owner(customer))).one().ends_on = day
    session.flush()
    factories.own(session, customer, owner, since=day)


def step_of(session: Session, customer: int, limit: date, created: date, **values: Any) -> int:
    touch = Touch(
        dedupe_key=f"revisit:{customer}:{limit}:{STEP}",
        customer_id=customer,
        plan="standard",
        tier="A",
        step=STEP,
        kind="revisit",
        who="finance",
        due_on=limit,
        latest_on=limit,
        remind_at=at(limit),
        created_at=at(created),
        **{"state": "planned", **values},
    )
    session.add(touch)
    session.flush()
    return touch.id or 0


def tell(session: Session, touch: int, role: str, person: int, day: date) -> None:
    message = OutboxMessage(
        dedupe_key=f"{role}:{day}",
        kind="care_digest",
        address=f"person:{person}",
        recipient=person,
        body_json="{}",
        body_hash="",
        next_at=at(day),
        created_at=at(day),
    )
    session.add(message)
    session.flush()
    session.add(TouchMessage(outbox_id=message.id or 0, touch_id=touch, role=role))


def wrong(year: Year, end: date) -> list[str]:
    year.clock.advance(at(end) - year.clock.now())
    with year.database.read() as session:
        reading = Reading(session, year)
    return [one for touch in reading.touches for one in reading.wrong_with(touch, Counter())]


@pytest.mark.parametrize(("zone", "late"), [("Asia/Shanghai", False), ("Europe/Berlin", True)])
def test_a_step_of_a_role_is_reported_to_the_lead_of_the_account_manager(
    year: Year, zone: str, late: bool
) -> None:
    limit, closed = date(2026, 9, 30), date(2026, 10, 4)  # from 1 to 7 October China has holidays
    with year.database.write() as session:
        customer = min(year.customers)
        hand_over(session, customer, owner_in(session, zone), date(2026, 1, 5))
        touch = step_of(session, customer, limit, date(2026, 9, 1), state="done", closed_at=at(closed))
        tell(session, touch, "digest", 1, limit)
    name = f"revisit:{customer}:{limit}:{STEP} (done, limit {limit})"
    assert wrong(year, date(2026, 12, 1)) == (
        [f"{name}: the manager was not told by 2026-10-01"] if late else []
    )


@pytest.mark.parametrize(("before", "late"), [("Asia/Riyadh", False), ("Asia/Shanghai", True)])
def test_until_a_customer_is_handed_over_the_working_days_of_the_earlier_lead_count(
    year: Year, before: str, late: bool
) -> None:
    limit, handed, told = date(2026, 11, 12), date(2026, 11, 15), date(2026, 11, 16)
    with year.database.write() as session:
        customer = min(year.customers)
        hand_over(session, customer, owner_in(session, before), date(2026, 1, 5))
        after = owner_in(session, "Europe/Berlin")
        hand_over(session, customer, after, handed)
        touch = step_of(session, customer, limit, date(2026, 10, 1), state="reminded", escalated=1)
        tell(session, touch, "digest", 1, limit)
        tell(session, touch, "manager", lead_of(session, after), told)
    name = f"revisit:{customer}:{limit}:{STEP} (reminded, limit {limit})"
    # 13 November is a Friday, on which nobody works in Riyadh; 15 November is a Sunday.
    assert wrong(year, date(2026, 11, 20)) == (
        [f"{name}: the manager was told on {told}, not on 2026-11-13"] if late else []
    )


@pytest.mark.parametrize(
    ("changed", "late"), [(date(2027, 1, 1), False), (date(2026, 12, 1), True)], ids=["now", "long ago"]
)
def test_a_step_that_a_change_of_tier_brings_back_is_new_on_that_day(
    year: Year, changed: date, late: bool
) -> None:
    limit = date(2026, 11, 23)
    with year.database.write() as session:
        customer = min(year.customers)
        step_of(session, customer, limit, date(2026, 9, 20))
    year.changed_tier[customer] = changed
    silent = [one for one in wrong(year, date(2027, 1, 5)) if "nobody was told" in one]
    assert len(silent) == late
