"""A book whose care is planned, with steps in every state."""

import random
from datetime import date, timedelta

from sqlalchemy import text
from sqlmodel import select

from bot.services.care import schedule
from db.care.touches import OPEN, Touch
from db.engine import Database
from tests import factories
from tests.services.book import MONDAY, at, rules

DAY = timedelta(days=1)
NOW = at(MONDAY, 8)
CONDITIONS = """\
plan: own
version: 1
tiers:
  A:
    - id: revisit
      kind: revisit
      name: {en: Visit, zh: 拜访}
      every_days: 20
      at_most_days: 60
      counts: [visit]
    - id: vip_follow_up
      kind: follow_up
      name: {en: Follow-up, zh: 跟进}
      after: [visit]
      after_days: 3
  default:
    - id: greeting
      kind: greeting
      name: {en: Greeting, zh: 问候}
      occasions: [easter, spring_festival]
      days_before: 5
also:
  - when: {country: [CN]}
    steps:
      - id: training
        kind: once
        name: {en: Training, zh: 培训}
        after_days: 10
        counts: [training]
"""


def planned_book(database: Database) -> Database:
    """Sixty customers of four tiers, planned under the shipped plan; some of their steps were shown, done or skipped."""
    rng = random.Random(13)
    with database.write() as session:
        east = factories.team(session, "East")
        people = [factories.person(session, name, team_id=east) for name in ("Anna", "Ben")]
        lea = factories.person(session, "Lea", role="team_lead")
        session.execute(text("UPDATE team SET lead_id = :lead"), {"lead": lea})
        tiers = {}
        for number in range(60):
            owner = people[number % 2] if number % 7 else None
            country = rng.choice(["CN", "DE", "US", None])
            customer = factories.customer(session, f"Customer {number}", owner_id=owner, country=country)
            tiers[customer] = rng.choice(["A", "B", "C", "new"])
            for _ in range(rng.randrange(3)):
                day = MONDAY - rng.randrange(90) * DAY
                factories.contact(session, customer, day, rng.choice(["visit", "call", "meeting"]))
        factories.graded(session, tiers, as_of=MONDAY - 2 * DAY)
    schedule.plan_all(database, rules(), NOW - 10 * DAY)
    with database.write() as session:
        for touch in session.exec(select(Touch).order_by(Touch.id)).all():  # type: ignore[arg-type]
            state = rng.choice(
                ["planned", "planned", "planned", "reminded", "snoozed", "skipped", "cancelled", "done"]
            )
            touch.state = state
            if state in ("skipped", "cancelled", "done"):
                touch.closed_at = NOW - 5 * DAY
                touch.closed_by = people[0] if state == "skipped" else None
            if rng.random() < 0.1:
                touch.assignee_id = people[1]
            session.add(touch)
    schedule.plan_all(database, rules(), NOW)
    return database


def open_steps(database: Database) -> dict[tuple[int, str, str], tuple[date, date]]:
    with database.read() as session:
        found = session.exec(select(Touch).where(Touch.state.in_(OPEN))).all()  # type: ignore[attr-defined]
    return {
        (touch.customer_id, touch.step, touch.occasion): (touch.due_on, touch.latest_on or touch.due_on)
        for touch in found
    }
