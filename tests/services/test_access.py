"""Who is asking, and what they may do."""

from dataclasses import replace

import pytest

from bot.services.access import Act, Actor, can, visible_owners
from db.book import customers
from db.book.people import PersonRole
from db.engine import Database
from tests import factories
from tests.factories import customer_row

ACTOR = Actor(
    person_id=1,
    name="Anna",
    role="account_manager",
    team_id=10,
    led_teams=frozenset(),
    slack_user_id="U0ANNA",
    language="en",
    timezone="UTC",
)
MINE = customer_row(owner_id=1, owner_team_id=10)
MY_TEAM = customer_row(owner_id=2, owner_team_id=10)
OTHER_TEAM = customer_row(owner_id=3, owner_team_id=11)
NO_TEAM = customer_row(owner_id=4)
NOBODY = customer_row(owner_id=None)
CUSTOMERS = (MINE, MY_TEAM, OTHER_TEAM, NO_TEAM, NOBODY)
# Who may act on whose customers; what is no daily work of a customer is not the account manager's.
ALLOWED = {
    "viewer": set(),
    "account_manager": {MINE},
    "team_lead": {MINE, MY_TEAM},
    "admin": set(CUSTOMERS),
    "superuser": set(),
    "": set(),
}

DECISIONS = {Act.OVERRIDE, Act.APPROVE_CREDIT, Act.REVIEW}


@pytest.mark.parametrize("role", ALLOWED)
@pytest.mark.parametrize("act", Act)
def test_each_role_may_do_each_act_to_just_these_customers(role: str, act: Act) -> None:
    actor = replace(ACTOR, role=role)
    allowed = set() if act in DECISIONS and role == "account_manager" else ALLOWED[role]
    assert {customer for customer in CUSTOMERS if can(actor, act, customer)} == allowed


def test_every_role_is_in_the_matrix() -> None:
    assert set(PersonRole) <= set(ALLOWED)


@pytest.mark.parametrize("role", ALLOWED)
def test_what_is_not_listed_is_denied(role: str) -> None:
    assert not any(can(replace(ACTOR, role=role), "delete", customer) for customer in CUSTOMERS)  # type: ignore[arg-type]


def test_a_team_lead_may_reach_every_team_they_lead_and_people_without_any_not() -> None:
    lead = replace(ACTOR, role="team_lead", team_id=None, led_teams=frozenset({11}))
    assert can(lead, Act.SEE, OTHER_TEAM)
    assert not can(lead, Act.SEE, MY_TEAM)
    assert not can(lead, Act.SEE, NO_TEAM)


def test_only_a_team_lead_gains_from_being_the_lead_of_a_team() -> None:
    former = replace(ACTOR, led_teams=frozenset({11}))
    assert not can(former, Act.SEE, OTHER_TEAM)


def test_whose_customers_are_listed_is_whose_may_be_seen(database: Database) -> None:
    with database.write() as session:
        east, west = factories.team(session, "East"), factories.team(session, "West")
        anna = factories.person(session, "Anna", team_id=east)
        ben = factories.person(session, "Ben", team_id=east, active=False)
        cleo = factories.person(session, "Cleo", team_id=west)
        owned = [factories.customer(session, owner_id=owner) for owner in (anna, ben, cleo, None)]
    with database.read() as session:
        rows = {customer: customers.get_row(session, customer) for customer in owned}
        for role in ALLOWED:
            actor = replace(ACTOR, person_id=anna, role=role, team_id=east)
            listed = customers.owned_by(session, visible_owners(session, actor))
            assert sorted(listed) == [c for c, row in rows.items() if row and can(actor, Act.SEE, row)]
