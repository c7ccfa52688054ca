"""Who is asking, and what they may do."""

from dataclasses import replace

import pytest

from bot.errors import NotAllowed
from bot.services import access
from bot.services.access import Act, Actor, SlackProfile, can, identify, match_people, visible_owners
from bot.settings import Settings
from db.book import customers, people
from db.book.people import Person, PersonRole
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


def profile(user: str = "U0ANNA", email: str | None = "anna@example.com", **values: object) -> SlackProfile:
    known = SlackProfile(
        user_id=user, email=email, name="Anna S.", timezone="Europe/Berlin", locale="zh-CN", is_guest=False
    )
    return replace(known, **values)  # type: ignore[arg-type]


def ask(
    database: Database,
    found: SlackProfile | None = None,
    *,
    user: str = "U0ANNA",
    admins: tuple[str, ...] = (),
) -> Actor:
    settings = Settings(
        _env_file=None,
        TIERBOT_ADMINS=",".join(admins),
        TIERBOT_LANGUAGE="en",
        TIERBOT_TIMEZONE="Asia/Shanghai",
    )
    return identify(database, user, settings, lambda _: found)


def test_an_unknown_person_learns_what_to_do(database: Database) -> None:
    with pytest.raises(NotAllowed, match=r"does not know anna@example\.com yet\. Ask your admin"):
        ask(database, profile())


@pytest.mark.parametrize("found", [None, profile(is_guest=True), profile(email=None), profile(email="")])
def test_guests_strangers_and_users_without_an_address_are_told_so(
    database: Database, found: SlackProfile | None
) -> None:
    with database.write() as session:
        factories.person(session, slack=False)
    with pytest.raises(NotAllowed, match="Guests and users without an e-mail address"):
        ask(database, found)


def test_a_guest_is_refused_even_with_an_admins_address(database: Database) -> None:
    with pytest.raises(NotAllowed, match="Guests"):
        ask(database, profile(is_guest=True), admins=("anna@example.com",))


def test_the_first_admin_comes_from_the_settings(database: Database) -> None:
    actor = ask(database, profile(email="Anna@Example.com "), admins=("anna@example.com",))
    assert (actor.role, actor.name, actor.language, actor.timezone) == (
        "admin",
        "Anna S.",
        "zh",
        "Europe/Berlin",
    )
    again = ask(database, None)
    assert again.person_id == actor.person_id


def test_an_address_is_matched_whatever_its_case_and_only_what_the_book_lacks_is_taken_over(
    database: Database,
) -> None:
    with database.write() as session:
        anna = factories.person(session, slack=False, timezone="Asia/Tokyo", language=None)
    actor = ask(database, profile(email="ANNA@example.COM"))
    assert (actor.person_id, actor.name, actor.role) == (anna, "Anna", "account_manager")
    assert (actor.timezone, actor.language) == ("Asia/Tokyo", "zh")


def test_somebody_who_was_switched_off_is_refused_and_not_bound(database: Database) -> None:
    with database.write() as session:
        factories.person(session, slack=False, active=False)
    with pytest.raises(NotAllowed, match="switched off"):
        ask(database, profile())
    with database.read() as session:
        assert people.by_slack_id(session, "U0ANNA") is None


def test_a_role_is_read_anew_each_time(database: Database) -> None:
    with database.write() as session:
        anna = factories.person(session, role="admin")
    assert ask(database).role == "admin"
    with database.write() as session:
        session.get_one(Person, anna).role = "viewer"
    assert ask(database).role == "viewer"
    with database.write() as session:
        session.get_one(Person, anna).active = False
    with pytest.raises(NotAllowed, match="switched off"):
        ask(database)


def test_a_time_zone_nobody_knows_does_not_stop_its_person(database: Database) -> None:
    with database.write() as session:
        factories.person(session, timezone="Mars/Olympus")
    assert ask(database).timezone == "Asia/Shanghai"


def test_people_are_matched_in_turn_so_that_nobody_waits_behind_those_who_are_not_in_slack(
    database: Database,
) -> None:
    with database.write() as session:
        for number in range(access.LOOKUPS + 5):
            factories.person(session, f"P{number}", slack=False)
    asked: list[str] = []

    def only_the_last(email: str) -> SlackProfile | None:
        asked.append(email)
        return profile("U0LAST", email) if email == f"p{access.LOOKUPS + 4}@example.com" else None

    assert [match_people(database, only_the_last) for _ in range(3)] == [0, 1, 0]
    assert len(asked) == access.LOOKUPS + 5 + access.LOOKUPS
    with database.read() as session:
        bound = people.by_slack_id(session, "U0LAST")
        assert bound is not None
        assert bound.name == f"P{access.LOOKUPS + 4}"


def test_a_lookup_that_fails_loses_nobody_and_is_not_tried_first_again(database: Database) -> None:
    with database.write() as session:
        for name in ("Anna", "Ben", "Cleo"):
            factories.person(session, name, slack=False)

    def fails_for_ben(email: str) -> SlackProfile | None:
        if email.startswith("ben"):
            raise ConnectionError
        return profile(f"U0{email[:3].upper()}", email)

    with pytest.raises(ConnectionError):
        match_people(database, fails_for_ben)
    assert match_people(database, fails_for_ben) == 1
    with database.read() as session:
        assert people.by_slack_id(session, "U0ANN") is not None
        assert people.by_slack_id(session, "U0CLE") is not None


def test_guests_and_users_who_are_somebody_else_already_are_not_matched(database: Database) -> None:
    with database.write() as session:
        factories.person(session, "Anna")
        factories.person(session, "Ben", slack=False)
        factories.person(session, "Cleo", slack=False)

    def look_up(email: str) -> SlackProfile | None:
        return profile("U0ANNA", email) if email.startswith("ben") else profile("U0C", email, is_guest=True)

    assert match_people(database, look_up) == 0
    with database.read() as session:
        assert people.by_slack_id(session, "U0C") is None
        anna = people.by_slack_id(session, "U0ANNA")
        assert anna is not None
        assert anna.name == "Anna"
