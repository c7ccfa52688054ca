"""What /tier at-risk says is what a slow count over the same orders says, of the customers that the asker may see."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.ask.risk.at_risk import at_risk
from bot.services.grade import runs
from bot.services.schemes.store import SchemeCache
from bot.wording.answers.risk import AtRisk
from bot.wording.rendering import Renderer
from db.engine import Database
from tests import factories
from tests.services.grade.slow_figures import Slow, frames, recount

TODAY = date(2026, 4, 7)
NOW = datetime(2026, 4, 7, 8, tzinfo=UTC)


def actor_of(
    person_id: int = 0, role: str = "account_manager", team_id: int | None = None, **more: object
) -> Actor:
    values: dict[str, object] = {
        "person_id": person_id, "name": "Anna", "role": role, "team_id": team_id, "led_teams": frozenset(),
        "slack_user_id": "U1", "language": "en", "timezone": "UTC",
    }  # fmt: skip
    return Actor(**{**values, **more})  # type: ignore[arg-type]


@dataclass
class Drawn:
    """A drawn book of two teams with three account managers; some customers are nobody's."""

    database: Database
    owners: dict[int, int | None] = field(default_factory=dict)  # customer -> person
    teams: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    slow: dict[int, Slow] = field(default_factory=dict)

    def of(self, people: set[int | None] | None) -> dict[int, Slow]:
        return {c: one for c, one in self.slow.items() if people is None or self.owners[c] in people}


def orders_of(session: Session, rng: random.Random, customer: int, currency: str) -> None:
    gap = rng.choice([7, 20, 30, 60, 180, 365])
    day = TODAY - timedelta(days=int(gap * rng.choice([0.2, 1, 1.9, 2.4, 4])))
    costed = rng.random() < 0.7
    fading = rng.random() < 0.4
    for number in range(rng.choice([0, 1, 2, 3, 8, 25])):
        amount = rng.randint(50, 150) * (1 + number if fading else 1)
        factories.order(
            session, customer, day, amount, cost=amount // 3 if costed else None, currency=currency
        )
        day -= timedelta(days=max(1, int(gap * rng.uniform(0.6, 1.4))))


@pytest.fixture(params=range(3))
def drawn(database: Database, request: pytest.FixtureRequest) -> Drawn:
    rng, book = random.Random(request.param), Drawn(database)
    with database.write() as session:
        factories.scheme(session)
        book.teams = [factories.team(session, name) for name in ("East", "West")]
        book.people = [
            factories.person(session, name, team_id=book.teams[number // 2])
            for number, name in enumerate(("Anna", "Bea", "Cem"))
        ]
        for number in range(60):
            owner = rng.choice([*book.people, None])
            customer = factories.customer(session, f"Firm {number}", owner_id=owner)
            book.owners[customer] = owner
            orders_of(
                session, rng, customer, rng.choice(["EUR", "EUR", "USD"]) if request.param == 2 else "EUR"
            )
        archived = factories.customer(session, "Gone", archived=True)
        orders_of(session, rng, archived, "EUR")
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=None, today=TODAY, now=NOW, notify=None
    )
    book.slow = recount(frames(database), TODAY, TODAY)
    return book


def ask(book: Drawn, actor: Actor, scope: str | None = None) -> AtRisk:
    with book.database.read() as session:
        return at_risk(session, SchemeCache(), actor, TODAY, scope)


def assert_says(message: AtRisk, wanted: dict[int, Slow]) -> None:
    risky = {c: one for c, one in wanted.items() if one.value_at_risk > 0}
    assert {(t.currency, t.basis) for t in message.totals} == {(s.currency, s.basis) for s in risky.values()}
    for total in message.totals:
        here = [s for s in risky.values() if (s.currency, s.basis) == (total.currency, total.basis)]
        silent = [s.value_at_risk for s in here if s.state == "silent"]
        falling = [s.value_at_risk for s in here if s.state == "falling"]
        assert (total.silent, total.falling) == (len(silent), len(falling))
        assert total.silent_amount == pytest.approx(sum(silent), abs=0.001 * len(here))
        assert total.falling_amount == pytest.approx(sum(falling), abs=0.001 * len(here))
    assert message.one_time == sum(one.order_days == 1 for one in wanted.values())
    assert message.unknown == sum(
        one.order_days == 0 or (one.order_days > 1 and one.gap is None) for one in wanted.values()
    )
    for currency in {total.currency for total in message.totals}:
        shown = [row for row in message.rows if row.risk.currency == currency]
        best = sorted((s.value_at_risk for s in risky.values() if s.currency == currency), reverse=True)
        assert [row.risk.amount for row in shown] == pytest.approx(best[: len(shown)], abs=0.001)
        for row in shown:
            assert row.risk.amount == pytest.approx(risky[row.customer_id].value_at_risk, abs=0.001)
            assert row.risk.silent == (risky[row.customer_id].state == "silent")
    assert len(message.rows) <= 10


def test_three_people_see_what_is_at_risk_of_their_own_customers_and_no_others(drawn: Drawn) -> None:
    anna, bea, _ = drawn.people
    own = ask(drawn, actor_of(anna, team_id=drawn.teams[0]))
    assert_says(own, drawn.of({anna}))
    assert own.by_owner == ()
    lead = ask(drawn, actor_of(99, "team_lead", drawn.teams[0]))
    assert_says(lead, drawn.of({anna, bea}))
    finance = ask(drawn, actor_of(99, "finance"))
    assert_says(finance, drawn.of(None))
    assert_says(ask(drawn, actor_of(99, "admin", drawn.teams[0])), drawn.of(None))  # though in a team
    for group, totals in ((lead, lead.by_owner), (finance, finance.by_owner)):
        summed = sum(total.amount for one in totals for total in one.totals)
        assert summed == pytest.approx(sum(total.amount for total in group.totals))
    assert {one.who.name if one.who else None for one in finance.by_owner} == {"Anna", "Bea", "Cem", None}
    assert_says(ask(drawn, actor_of(99, "team_lead", drawn.teams[0]), access.BOOK), drawn.of({anna, bea}))
    nobody = ask(drawn, actor_of(98, "viewer"))
    assert (nobody.totals, nobody.rows, nobody.accounts) == ((), (), 0)


def test_who_only_sees_a_customer_is_not_offered_to_log_a_visit(drawn: Drawn) -> None:
    anna = drawn.people[0]
    own = ask(drawn, actor_of(anna, team_id=drawn.teams[0]))
    seen = ask(drawn, actor_of(98, "viewer", seen_teams=frozenset({drawn.teams[0]})))
    assert own.rows
    assert all(row.may_log for row in own.rows)
    assert seen.rows
    assert not any(row.may_log for row in seen.rows)


def test_the_state_is_that_of_the_day_on_which_it_is_asked(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        anna = factories.person(session)
        customer = factories.customer(session, "ACME", owner_id=anna)
        for number in range(10):
            factories.order(session, customer, TODAY - timedelta(days=30 * number), 100)
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=None, today=TODAY, now=NOW, notify=None
    )
    for days, states in ((60, []), (61, ["watch"]), (90, ["watch"]), (91, ["at_risk"])):
        with database.read() as session:
            found = at_risk(session, SchemeCache(), actor_of(anna), TODAY + timedelta(days=days))
        assert [row.risk.state for row in found.rows] == states, days


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_says_plainly_when_nothing_is_at_risk_and_when_nothing_is_known(
    database: Database, language: str
) -> None:
    with database.write() as session:
        factories.scheme(session)
        anna = factories.person(session)
        factories.customer(session, "ACME", owner_id=anna)
        before = at_risk(session, SchemeCache(), actor_of(anna), TODAY)
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=None, today=TODAY, now=NOW, notify=None
    )
    with database.read() as session:
        after = at_risk(session, SchemeCache(), actor_of(anna), TODAY)
    said = [Renderer().slots(message, language).fallback for message in (before, after)]
    assert said == (
        ["There are no figures yet", "Nothing is at risk"]
        if language == "en"
        else ["还没有数据", "没有客户有风险"]
    )
