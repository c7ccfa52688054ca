"""The demo's book with people, overdue care, debts and complaints, once for all tests of lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, col, select

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import FixedClock, ShiftedClock
from bot.demo import history, story
from bot.demo.workspace.default_team import PEOPLE
from bot.services import access
from bot.services.access import Actor
from db.book import people
from db.book.customers import Customer, Ownership
from db.book.people import Person
from db.book.traits import Trait
from db.care.touches import Touch
from db.graded.figures import CustomerFigures
from tests import factories

TODAY = date(2026, 11, 10)
ANNA, OMAR, GRACE = "U0ANNA", "U0OMAR", "U0GRACE"  # their own, a team's, and the whole book


@dataclass(kw_only=True)
class DemoLists:
    """The demo's book, and who asks."""

    bot: Tierbot

    def actor(self, user: str) -> Actor:
        with self.bot.database.read() as session:
            row = people.by_slack_id(session, user, self.bot.clock.now())
            assert row is not None
            return access.actor_of(row, self.bot.settings)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoLists]:
    clock = ShiftedClock(FixedClock(datetime(2026, 11, 10, 9, tzinfo=UTC)))
    folder = tmp_path_factory.mktemp("lists")
    bot = build(story.demo_settings(folder, "http://127.0.0.1:9/api/"), clock=clock)
    history.fill(bot, lambda _: None)
    jobs.regrade(bot)
    with bot.database.write() as session:
        for user in PEOPLE:
            person = session.exec(select(Person).where(Person.email == user.email)).one()
            person.slack_user_id, person.slack_team, person.slack_status = user.id, "T0LOCAL", "member"
            person.slack_checked_at = clock.now()
        _add_trouble(session)
        _add_profiles(session, bot)
    yield DemoLists(bot=bot)
    bot.close()


def _add_trouble(session: Session) -> None:
    """What the demo's book begins without: care past its limit, debts, complaints, customers of nobody."""
    numbers = list(session.exec(select(Customer.id).order_by(col(Customer.id))))
    for place, number in enumerate(numbers):
        assert number is not None
        if place % 7 == 0:
            _overdue(session, number, TODAY - timedelta(days=place % 30))
        if place % 11 == 0:
            figures = session.get(CustomerFigures, number)
            if figures is not None:
                figures.oldest_due = TODAY - timedelta(days=place % 3)  # today is not over yet
                figures.exposure, figures.overdue = Decimal(1000 + place), Decimal(500 + place)
                figures.approved_limit = Decimal(1100)
                figures.owed_currency = figures.limit_currency = "CNY"
        if place % 17 == 0:
            factories.complaint(session, number, TODAY - timedelta(days=5))
        if place % 19 == 0:
            factories.complaint(session, number, TODAY - timedelta(days=90), closed_on=TODAY)
        if place % 13 == 0:
            factories.promise(session, number, TODAY + timedelta(days=place % 5))
        if place % 29 == 0:
            factories.promise(session, number, TODAY, closed_on=TODAY)
        if place % 23 == 0:
            factories.contact(session, number, TODAY + timedelta(days=3))  # planned
    for owned in session.exec(select(Ownership).where(col(Ownership.customer_id).in_(numbers[3:240:40]))):
        owned.ends_on = TODAY
    gone = session.exec(select(Customer).where(col(Customer.id) == numbers[5])).one()
    gone.archived = True


def _add_profiles(session: Session, bot: Tierbot) -> None:
    """Two values of a field of the profile, and some prospects that were never graded."""
    field = next(one for one in bot.rules.traits.fields if one.values and not one.personal)
    for place, customer in enumerate(session.exec(select(Customer).order_by(col(Customer.id)))):
        if place % 5 == 0:
            value = field.values[place % 2].id
            session.add(
                Trait(
                    customer_id=customer.id,
                    field=field.id,
                    value=value,
                    as_of=TODAY,
                    source="test",
                    recorded_at=factories.AT,
                )
            )
        if place % 29 == 1:
            customer.record_type = "prospect"
            if (figures := session.get(CustomerFigures, customer.id)) is not None:
                session.delete(figures)


def _overdue(session: Session, customer_id: int, limit: date) -> None:
    session.add(
        Touch(
            dedupe_key=f"test:{customer_id}",
            customer_id=customer_id,
            step="test",
            kind="revisit",
            tier="B",
            due_on=limit - timedelta(days=10),
            latest_on=limit,
            remind_at=factories.AT,
            state="planned",
            created_at=factories.AT,
        )
    )
