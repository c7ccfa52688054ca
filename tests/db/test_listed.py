"""Lists on both databases: each filter keeps the one customer that fits, and each order begins with the right one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, col, select

from db.book.customers import Customer
from db.book.traits import Trait, WantedTrait
from db.care.touches import Touch
from db.engine import Database
from db.graded import runs
from db.graded.changes import StoredTierChange
from db.graded.figures import CustomerFigures
from db.graded.runs import Assessment
from db.listed import rows, said, teams
from db.listed.conditions import ChangedTier, MoveLimit, Near, Silent, WantedCustomers
from db.listed.rows import ListOrder, PresentRuns
from tests import factories
from tests.conftest import all_on_postgresql

pytestmark = all_on_postgresql
TODAY, LONG = date(2026, 5, 4), date(2026, 3, 1)
LIMIT = MoveLimit(version_id=1, tier="B", standing="B", rises_at=72.0, falls_below=42.0, least_coverage=0.6)


class Lists:
    """ONE has everything that a filter asks for; TWO has nothing of it, and nobody looks after it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.anna = factories.person(session, "Anna")
            factories.scheme(session, factories.PLAIN_SCHEME)
            self.one = factories.customer(session, "ONE", owner_id=self.anna, country="DE")
            self.two = factories.customer(session, "TWO")
            factories.graded(session, {self.one: "B", self.two: "C"}, as_of=date(2026, 4, 30))
            self._fill(session)
        self.wanted = WantedCustomers(
            owners=None, ranks={"A": 0, "B": 1, "C": 2}, today=TODAY, limits=(LIMIT,)
        )

    def _fill(self, session: Session) -> None:
        one = session.get_one(Customer, self.one)
        one.region, one.industry = "North", "Steel"
        graded = {row.customer_id: row for row in session.exec(select(Assessment))}
        graded[self.one].score, graded[self.one].standing, graded[self.one].coverage = 69.0, "B", 1.0
        graded[self.one].scheme_version_id, graded[self.one].capped_by = 1, None
        graded[self.two].capped_by, graded[self.two].score = "credit", 90.0
        factories.contact(session, self.two, TODAY - timedelta(days=3))
        factories.order(session, self.two, TODAY - timedelta(days=3), 100)
        factories.complaint(session, self.one, LONG)
        session.add(
            StoredTierChange(
                customer_id=self.one,
                purpose="account",
                run_id=graded[self.one].run_id,
                as_of=date(2026, 4, 30),
                from_tier="C",
                to_tier="B",
            )
        )
        session.add(
            Trait(
                customer_id=self.one,
                field="channel",
                value="direct",
                as_of=TODAY,
                source="test",
                recorded_at=factories.AT,
            )
        )
        session.add(
            Touch(
                dedupe_key="test",
                customer_id=self.one,
                step="revisit",
                kind="revisit",
                tier="B",
                due_on=LONG,
                remind_at=factories.AT,
                state="planned",
                created_at=factories.AT,
            )
        )
        session.add(
            CustomerFigures(
                customer_id=self.one,
                as_of=TODAY,
                watch_from=LONG,
                worth=Decimal(900),
                revenue=Decimal(50),
                oldest_due=LONG,
                exposure=Decimal(10),
                approved_limit=Decimal(5),
            )
        )

    def ids(
        self, order: ListOrder = ListOrder.TIER, *, reverse: bool = False, most: int = 10, **changes: object
    ) -> list[int]:
        wanted = replace(self.wanted, **changes)  # type: ignore[arg-type]
        with self.database.read() as session:
            latest = PresentRuns(runs.runs_behind(session, "account"), runs.runs_behind(session, "prospect"))
            found = rows.page(
                session, latest, wanted, order, reverse=reverse, contacts=("visit",), start=0, most=most
            )
            assert min(rows.count(session, latest, wanted), most) == len(found)
        return [row.customer_id for row in found]


FITS: dict[str, dict[str, object]] = {
    "tier": {"tiers": ("B",)},
    "region": {"regions": ("North",)},
    "industry": {"industries": ("Steel",)},
    "country": {"countries": ("DE",)},
    "version": {"versions": (1,), "tiers": ("B",)},
    "trait": {"traits": (WantedTrait("channel", "direct"),)},
    "no visit": {"silent": (Silent(kinds=("visit",), since=TODAY - timedelta(days=30)),)},
    "no order": {"silent": (Silent(kinds=(), since=TODAY - timedelta(days=30)),)},
    "near up": {"near": Near(up=True, down=False, points=5.0)},
    "moved up": {"changed": ChangedTier(up=True, since=LONG)},
    "moved": {"changed": ChangedTier(up=None, since=LONG)},
    **{
        f"risk {risk}": {"risks": (risk,)}
        for risk in ("silent", "overdue_step", "overdue_invoice", "over_limit", "complaint")
    },
}


@pytest.mark.parametrize("name", FITS)
def test_a_filter_keeps_the_customer_that_fits(database: Database, name: str) -> None:
    lists = Lists(database)
    assert lists.ids(**FITS[name]) == [lists.one]


def test_other_filters_keep_the_other_customer_or_none(database: Database) -> None:
    lists = Lists(database)
    assert lists.ids(unattended=True) == [lists.two]
    assert lists.ids(risks=("gate",)) == [lists.two]
    assert lists.ids(risks=("any",)) == [lists.one, lists.two]
    assert lists.ids(near=Near(up=False, down=True, points=5.0)) == []
    assert lists.ids(changed=ChangedTier(up=False, since=LONG)) == []
    assert lists.ids(owners=frozenset({lists.anna})) == [lists.one]
    assert lists.ids(owners=frozenset()) == []


ONE_FIRST = {ListOrder.TIER, ListOrder.NAME, ListOrder.BOUNDARY, ListOrder.VALUE_AT_RISK, ListOrder.REVENUE}
ONE_FIRST |= {ListOrder.LAST_CONTACT, ListOrder.LAST_ORDER}  # never is the longest ago
OF_DEBTS = {ListOrder.OVERDUE_INVOICE, ListOrder.OVER_LIMIT, ListOrder.OVERDUE_STEP}
ONE_FIRST |= OF_DEBTS
UNKNOWN_LAST = {ListOrder.BOUNDARY, ListOrder.VALUE_AT_RISK, ListOrder.REVENUE, *OF_DEBTS}


@pytest.mark.parametrize("order", ListOrder)
def test_each_order_and_the_other_way_round(database: Database, order: ListOrder) -> None:
    lists = Lists(database)
    first = [lists.one, lists.two] if order in ONE_FIRST else [lists.two, lists.one]
    assert lists.ids(order) == first
    assert lists.ids(order, reverse=True) == (first if order in UNKNOWN_LAST else first[::-1])


@pytest.mark.parametrize("order", [ListOrder.TIER, ListOrder.REVENUE, ListOrder.VALUE_AT_RISK])
def test_the_first_of_the_whole_book_are_those_of_the_order(database: Database, order: ListOrder) -> None:
    lists = Lists(database)
    assert lists.ids(order, most=1) == [lists.one]
    assert lists.ids(order, most=1, tiers=("B",)) == [lists.one]
    assert lists.ids(order, most=1, tiers=("A",)) == []


def test_tiers_of_two_schemes_with_one_place_are_sorted_by_score(database: Database) -> None:
    lists = Lists(database)
    for most in (1, 2):
        assert lists.ids(most=most, ranks={"A": 0, "B": 1, "C": 1}) == [lists.two, lists.one][:most]


def test_what_is_said_of_customers(database: Database) -> None:
    lists = Lists(database)
    both = [lists.one, lists.two]
    asked: list[tuple[Callable[[Session], object], object]] = [
        (lambda s: said.last_contacts(s, ("visit",), TODAY, both), {lists.two: TODAY - timedelta(days=3)}),
        (lambda s: said.last_orders(s, TODAY, both), {lists.two: TODAY - timedelta(days=3)}),
        (lambda s: said.overdue_since(s, TODAY, both), {lists.one: LONG}),
        (lambda s: said.open_complaints(s, both), {lists.one: 1}),
        (lambda s: said.trait_values(s, "channel", both), {lists.one: ["direct"]}),
        (lambda s: said.tiers_before(s, LONG, both), {(lists.one, "account"): ("C", date(2026, 4, 30))}),
        (
            lambda s: teams.overdue_by_owner(s, [lists.anna], TODAY),
            {},
        ),  # a step without a limit is never past it
    ]
    with database.read() as session:
        for ask, expected in asked:
            assert ask(session) == expected


def test_a_team_is_counted_by_owner_and_tier(database: Database) -> None:
    lists = Lists(database)
    with database.write() as session:
        touch = session.exec(select(Touch).where(col(Touch.dedupe_key) == "test")).one()
        touch.latest_on = LONG
    wanted = replace(lists.wanted, owners=frozenset({lists.anna}))
    with database.read() as session:
        latest = PresentRuns(runs.runs_behind(session, "account"), [])
        assert teams.tiers_by_owner(session, latest, wanted) == {(lists.anna, "B"): 1}
        assert teams.moved_by_owner(session, latest, wanted, LONG, up=True) == {lists.anna: 1}
        assert teams.moved_by_owner(session, latest, wanted, LONG, up=False) == {}
        assert teams.overdue_by_owner(session, [lists.anna], TODAY) == {lists.anna: 1}
        assert teams.not_visited_by_owner(session, [lists.anna], TODAY) == {lists.anna: 1}
