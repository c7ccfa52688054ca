"""/tier alone: whose customers are listed, the worst news first, with as many queries for many customers as for few."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import event
from sqlmodel import Session

from bot.services.access import Actor
from bot.services.ask import lists, lookup
from bot.services.schemes.store import SchemeCache
from bot.wording.messages import MyCustomers
from bot.wording.rendering import Renderer
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.ask.test_lookup import RULES, actor
from tests.services.grade.test_runs import grade

FEBRUARY, MARCH, APRIL, TODAY = date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 4)
MOVEMENT = (
    "movement: {margin_up: 2, margin_down: 3, confirm_up: 1, confirm_down: 2, min_dwell: 0, max_step: 2}\n"
)
# Quality and service in March, in April; and whether a care step is overdue.
BOOK = {
    "STEADY": (60, 60, False),
    "FELL": (80, 80, False),
    "BLOCKED": (60, 60, False),
    "OVERDUE": (60, 60, True),
    "FALLING": (80, 60, False),
    "LOST": (60, 55, False),
}
ORDER = ["FELL", "BLOCKED", "OVERDUE", "FALLING", "LOST", "STEADY"]


def ask(database: Database, who: Actor) -> MyCustomers:
    with database.read() as session:
        answer = lookup.answer(session, SchemeCache(), RULES, who, "", TODAY)
    assert isinstance(answer, MyCustomers)
    return answer


def score(session: Session, customer: int, value: float, day: date) -> None:
    factories.fact(session, customer, "quality", value, day)
    factories.fact(session, customer, "service", value, day)


def overdue(session: Session, customer: int, number: int = 0) -> None:
    session.add(
        Touch(
            dedupe_key=f"test:{customer}:{number}",
            customer_id=customer,
            step="revisit",
            kind="revisit",
            tier="B",
            due_on=date(2026, 4, 1),
            remind_at=factories.AT,
            state="planned",
            created_at=factories.AT,
        )
    )


class Firm:
    """Omar leads Anna and Ben of one team; Carl is of another. Every kind of news once for Anna."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.omar = factories.person(session, "Omar", role="team_lead")
            self.east = factories.team(session, "East", lead_id=self.omar)
            self.west = factories.team(session, "West")
            self.anna = factories.person(session, "Anna", team_id=self.east)
            self.ben = factories.person(session, "Ben", team_id=self.east)
            self.carl = factories.person(session, "Carl", team_id=self.west)
            factories.scheme(session, factories.PLAIN_SCHEME + MOVEMENT)
            ids = {}
            for name, (march, _, late) in BOOK.items():
                ids[name] = factories.customer(session, name, owner_id=self.anna, code=name)
                score(session, ids[name], march, date(2026, 2, 1))
                if late:
                    overdue(session, ids[name])
            # It has been below A since March; the second confirmation in April moved it.
            score(session, ids["FELL"], 60, date(2026, 3, 15))
            factories.fact(session, ids["BLOCKED"], "sanctions", True, date(2026, 2, 1))
            for name, owner in (("BENS", self.ben), ("CARLS", self.carl)):
                score(
                    session,
                    factories.customer(session, name, owner_id=owner, code=name),
                    80,
                    date(2026, 2, 1),
                )
            for name, (_, april, _) in BOOK.items():
                if name != "FELL":
                    score(session, ids[name], april, date(2026, 4, 15))
        for day in (FEBRUARY, MARCH, APRIL):
            grade(database, day)

    def lead(self) -> Actor:
        return self._as(self.omar, "team_lead", led={self.east})

    def admin(self, team: int | None = None) -> Actor:
        return self._as(0, "admin", team_id=team)

    @staticmethod
    def _as(person: int, role: str, *, team_id: int | None = None, led: set[int] | None = None) -> Actor:
        return Actor(
            person_id=person,
            name="Omar",
            role=role,
            team_id=team_id,
            led_teams=frozenset(led or ()),
            slack_user_id="U0OMAR",
            language="en",
            timezone="UTC",
        )


@pytest.fixture
def firm(database: Database) -> Firm:
    return Firm(database)


def words(answer: MyCustomers, language: str = "en") -> str:
    slots = Renderer().slots(answer, language, mentions=False)
    return "\n".join((slots.header, *slots.body, *slots.footer))


def test_an_account_manager_sees_the_worst_news_first(firm: Firm) -> None:
    mine = ask(firm.database, actor(firm.anna))
    assert [hit.name for hit in mine.hits] == ORDER
    assert (mine.scope, mine.total, mine.by_owner) == ("own", 6, ())
    assert words(mine).count("would fall to Important on May 31, 2026") == 1


def test_a_lead_sees_the_team_by_tier_with_who_looks_after_whom(firm: Firm) -> None:
    team = ask(firm.database, firm.lead())
    assert [hit.name for hit in team.hits] == [*ORDER, "BENS"]
    assert {hit.name: hit.owner.name for hit in team.hits if hit.owner} == {
        **dict.fromkeys(ORDER, "Anna"),
        "BENS": "Ben",
    }
    assert {tier.id: count for tier, count in team.counts} == {"A": 2, "B": 4, "blocked": 1}
    assert [(one.who.name, one.total) for one in team.by_owner if one.who] == [("Anna", 6), ("Ben", 1)]
    assert "Your team's customers" in words(team)
    assert "• Anna 6 – Key *1* · Important *4* · Blocked *1*" in words(team)


def test_an_admin_of_a_team_sees_the_team(firm: Firm) -> None:
    assert ask(firm.database, firm.admin(firm.east)).total == 7
    assert [hit.name for hit in ask(firm.database, firm.admin(firm.west)).hits] == ["CARLS"]


def test_an_admin_without_a_team_sees_the_counts_of_the_whole_book(firm: Firm) -> None:
    with firm.database.write() as session:
        empty = factories.team(session, "Empty")
    for admin in (firm.admin(), firm.admin(empty)):
        book = ask(firm.database, admin)
        assert (book.scope, book.total) == ("book", 8)
        assert {tier.id: count for tier, count in book.counts} == {"A": 3, "B": 4, "blocked": 1}
        assert [hit.name for hit in book.hits] == [*ORDER[:4]]
        assert all(hit.owner and hit.owner.name == "Anna" for hit in book.hits)
        assert "All customers" in words(book)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nobody_is_told_to_ask_for_customers_they_already_see(database: Database, language: str) -> None:
    with database.write() as session:
        lead = factories.person(session, "Omar", role="team_lead")
        east = factories.team(session, "East", lead_id=lead)
        anna = factories.person(session, "Anna", team_id=east)
        factories.customer(session, "ACME", owner_id=anna)
    leads = Firm._as(lead, "team_lead", led={east})
    for who in (leads, Firm._as(0, "admin"), Firm._as(anna, "account_manager")):
        said = words(ask(database, who), language)
        assert "Ask whoever" not in said
        assert "请" not in said
    assert ask(database, leads).total == 1


def test_a_customer_that_nobody_sees_any_more_is_not_counted(firm: Firm) -> None:
    with firm.database.write() as session:
        factories.customer(session, "GONE", owner_id=firm.anna, archived=True)
    assert ask(firm.database, actor(firm.anna)).total == 6


def test_a_move_that_a_later_import_took_back_is_no_fall(firm: Firm) -> None:
    with firm.database.write() as session:
        fell = next(hit for hit in ask(firm.database, actor(firm.anna)).hits if hit.name == "FELL")
        score(session, fell.customer_id, 90, date(2026, 5, 1))
    grade(firm.database, date(2026, 5, 3))
    assert ask(firm.database, actor(firm.anna)).hits[0].name == "BLOCKED"


@pytest.mark.parametrize("scope", ["own", "team"])
def test_a_large_list_begins_with_the_same_customers_as_a_small_one(
    firm: Firm, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = {"own": actor(firm.anna), "team": firm.lead()}[scope]
    small = ask(firm.database, who)
    monkeypatch.setattr(lists, "MOST_COMPARED", 0)
    large = ask(firm.database, who)
    assert large.hits == small.hits[:4]
    assert (large.counts, large.by_owner, large.total) == (small.counts, small.by_owner, small.total)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    said: list[str] = []

    def listener(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    event.listen(database.reader, "before_cursor_execute", listener)
    try:
        yield said
    finally:
        event.remove(database.reader, "before_cursor_execute", listener)


@all_on_postgresql
@pytest.mark.parametrize("scope", ["own", "team", "book"])
def test_many_customers_need_as_many_queries_as_few_and_only_those_shown_are_named(
    firm: Firm, scope: str
) -> None:
    who = {"own": actor(firm.anna), "team": firm.lead(), "book": firm.admin()}[scope]
    with counted(firm.database) as few:
        ask(firm.database, who)
    with firm.database.write() as session:
        for number in range(300):
            customer = factories.customer(session, f"Many {number}", owner_id=firm.anna)
            score(session, customer, 80, date(2026, 2, 1))
            overdue(session, customer)
    grade(firm.database, APRIL)
    with counted(firm.database) as many:
        assert ask(firm.database, who).total > 300
    assert len(many) <= len(few) <= 30
    names = [said for said in many if "customer.name" in said]
    assert len(names) == 1
