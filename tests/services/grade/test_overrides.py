"""Overrides: what they need, who may set them, what the computed tier does meanwhile, and how they end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from bot.errors import BadInput, Conflict, NotFound
from bot.services import access
from bot.services.access import Actor
from bot.services.grade import overrides, regrades, runs, verification
from bot.services.grade.assessment import TierChange
from bot.services.grade.overrides import Decided, OverrideRequest
from bot.services.grade.runs import RunContext
from bot.services.schemes.store import SchemeCache
from db.engine import Database
from db.graded import assessments
from db.graded.runs import Assessment
from tests import factories
from tests.recorded import recorded
from tests.services.book import SETTINGS

MARCH, TODAY = date(2026, 3, 31), date(2026, 4, 7)
NOW = datetime(2026, 4, 7, 8, tzinfo=UTC)
RULES = "override: {allowed: true, needs: [reason, approver, expires_on], max_days: 30}\n"
GOOD = OverrideRequest(
    tier="A", reason="strategic", approver="grace@example.com", expires_on=TODAY + timedelta(days=30)
)


def person(role: str = "admin", person_id: int = 0) -> Actor:
    return Actor(
        person_id=person_id,
        name="Lin Wei",
        role=role,
        team_id=None,
        led_teams=frozenset(),
        slack_user_id="U1",
        language="en",
        timezone="UTC",
    )


@pytest.fixture
def acme(database: Database) -> int:
    """A customer graded B as of the end of March, under a scheme that allows overrides."""
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME + RULES)
        customer = factories.customer(session, "ACME")
        factories.person(session, "Grace", role="admin")
        factories.fact(session, customer, "quality", 60)
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=MARCH, today=TODAY, now=NOW, notify=None
    )
    return customer


def decide(database: Database, customer: int, asked: OverrideRequest = GOOD, **options: Any) -> Decided:
    values: dict[str, Any] = {"settings": SETTINGS, "today": TODAY, "now": NOW, "notify": None} | options
    actor = values.pop("actor", person())
    return overrides.set_override(database, SchemeCache(), actor, customer, asked, **values)


def newest(database: Database, customer: int) -> Assessment:
    with database.read() as session:
        return assessments.newest(session, customer, "account")[0][0]


def test_an_override_holds_at_once_and_notifies_of_the_change(database: Database, acme: int) -> None:
    told: list[TierChange] = []

    def notify(session: Session, changes: list[TierChange], run: RunContext) -> int:
        told.extend(changes)
        return len(changes)

    decided = decide(database, acme, notify=notify)
    row = newest(database, acme)
    assert (row.tier, row.overridden, row.computed_tier, row.standing) == ("A", True, "B", "B")
    assert (decided.starts_on, decided.set_by) == (TODAY, "Lin Wei")
    assert [(change.before, change.after) for change in told] == [("B", "A")]


def test_an_active_cap_stays_above_it(database: Database, acme: int) -> None:
    with database.write() as session:
        factories.fact(session, acme, "credit", "D", TODAY)
    decide(database, acme)
    row = newest(database, acme)
    assert (row.tier, row.capped_by, row.overridden) == ("C", "credit", True)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (OverrideRequest(tier="A", reason="why", approver="grace@example.com"), "needs --until"),
        (OverrideRequest(tier="A", reason=" ", expires_on=TODAY), "needs --reason, --approver"),
        (OverrideRequest(tier="A", reason="why", approver=" ", expires_on=TODAY), "needs --approver"),
        (
            OverrideRequest(tier="S", reason="why", approver="grace@example.com", expires_on=TODAY),
            "no tier S.*has A, B, C",
        ),
        (
            OverrideRequest(
                tier="A", reason="why", approver="grace@example.com", expires_on=TODAY - timedelta(days=1)
            ),
            "is over",
        ),
        (
            OverrideRequest(
                tier="A", reason="why", approver="grace@example.com", expires_on=TODAY + timedelta(days=31)
            ),
            "at most 30 days",
        ),
    ],
)
def test_what_the_scheme_asks_for_must_be_given(
    database: Database, acme: int, asked: OverrideRequest, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        decide(database, acme, asked)
    assert newest(database, acme).tier == "B"


def test_a_scheme_that_does_not_allow_overrides_gets_none(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        customer = factories.customer(session)
    with pytest.raises(BadInput, match="does not allow overrides"):
        decide(database, customer)


def test_only_leads_and_admins_decide_tiers_and_only_of_customers_in_their_scope(
    database: Database, acme: int
) -> None:
    for actor in (person("account_manager", 1), person("team_lead", 1), person("viewer", 1)):
        with pytest.raises(NotFound):
            decide(database, acme, actor=actor)
    own = factories.customer_row(owner_id=1)
    assert not access.can(person("account_manager", 1), access.Act.OVERRIDE, own)
    assert access.can(person("team_lead", 1), access.Act.OVERRIDE, own)


def test_only_those_in_whose_scope_a_customer_is_see_its_override_and_end_it(
    database: Database, acme: int
) -> None:
    decide(database, acme)
    for actor in (person("account_manager", 1), person("team_lead", 1), person("viewer", 1)):
        assert overrides.list_overrides(database, actor) == []
        with pytest.raises(NotFound):
            overrides.end_override(
                database, SchemeCache(), actor, acme, reason="", today=TODAY, now=NOW, notify=None
            )
    assert len(overrides.list_overrides(database, person())) == 1


def test_a_second_override_waits_until_the_first_has_ended(database: Database, acme: int) -> None:
    decide(database, acme)
    with pytest.raises(Conflict, match=r"already.*tierbot override end"):
        decide(database, acme)
    ended = overrides.end_override(
        database, SchemeCache(), person(), acme, reason="a mistake", today=TODAY, now=NOW, notify=None
    )
    assert (ended.ended_by, ended.end_reason) == ("Lin Wei", "a mistake")
    row = newest(database, acme)
    assert (row.tier, row.overridden) == ("B", False)
    with pytest.raises(NotFound, match="has no override"):
        overrides.end_override(
            database, SchemeCache(), person(), acme, reason="", today=TODAY, now=NOW, notify=None
        )
    assert [d.end_reason for d in overrides.list_overrides(database, person(), ended=True)] == ["a mistake"]
    assert overrides.list_overrides(database, person()) == []


def test_it_ends_by_itself_after_its_last_day(database: Database, acme: int) -> None:
    decide(
        database,
        acme,
        OverrideRequest(tier="A", reason="why", approver="grace@example.com", expires_on=TODAY),
    )

    def end(today: date) -> int:
        return regrades.end_overrides(
            database, SchemeCache(), today=today, now=NOW, notify=lambda session, changes, run: len(changes)
        )

    assert (end(TODAY), newest(database, acme).tier) == (0, "A")
    assert (end(TODAY + timedelta(days=1)), newest(database, acme).tier) == (1, "B")
    (row,) = recorded(database, "override_ended")
    assert (row.actor, row.door, row.object) == ("tierbot", "job", f"customer {acme}")
    assert end(TODAY + timedelta(days=2)) == 0


def test_a_grading_as_of_an_earlier_day_keeps_what_was_decided_since(database: Database, acme: int) -> None:
    """Decided on 7 April: then comes what is as of 6 April, and the snapshot of April two nights late."""
    decide(database, acme, now=NOW + timedelta(minutes=1))
    with pytest.raises(BadInput, match=f"as of {TODAY}"):
        graded(database, TODAY - timedelta(days=1))
    assert graded(database, None).changes == ()
    may = date(2026, 5, 2)
    assert graded(database, date(2026, 4, 30), today=may).changes == ()
    row = newest(database, acme)
    assert (row.tier, row.overridden) == ("A", True)
    assert verification.verify(database, SchemeCache(), ZoneInfo("UTC")).differing == 0


def graded(database: Database, as_of: date | None, today: date = TODAY) -> runs.RunReport:
    now = datetime.combine(today, NOW.timetz()) + timedelta(minutes=2)
    return runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=as_of, today=today, now=now, notify=None
    )


@pytest.mark.parametrize("known", [True, False], ids=["unrated", "never graded"])
def test_who_has_no_tier_gets_one_and_loses_it_again(database: Database, acme: int, known: bool) -> None:
    told: list[TierChange] = []

    def notify(session: Session, changes: list[TierChange], run: RunContext) -> int:
        told.extend(changes)
        return len(changes)

    with database.write() as session:
        customer = factories.customer(session, "NODATA")
    if known:
        graded(database, TODAY - timedelta(days=1))
        assert newest(database, customer).tier == "unrated"
    decide(database, customer, notify=notify)
    assert (newest(database, customer).tier, newest(database, customer).overridden) == ("A", True)
    assert told == []  # a first tier is no change
    if known:
        overrides.end_override(
            database, SchemeCache(), person(), customer, reason="over", today=TODAY, now=NOW, notify=notify
        )
    else:
        late = TODAY + timedelta(days=31)
        regrades.end_overrides(
            database, SchemeCache(), today=late, now=NOW + timedelta(days=31), notify=notify
        )
    assert (newest(database, customer).tier, newest(database, customer).overridden) == ("unrated", False)
