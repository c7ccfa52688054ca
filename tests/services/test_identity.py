"""Who a Slack user is: members of the workspace only, found by e-mail, bound until Slack says that they have left."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import Conflict, NotAllowed
from bot.services import identity
from bot.services.access import Actor
from bot.services.identity import Installation, SlackProfile, add_admins, find_actor, identify, refresh_people
from bot.settings import Settings
from db.book import people
from db.book.people import Person, SlackStatus
from db.engine import Database
from tests import factories
from tests.recorded import recorded

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HERE, THERE = "T0LOCAL", "T0OTHER"
ANNA = "anna@example.com"


@dataclass
class Slack:
    """The users of a workspace and of the companies that it shares channels with; `asked` are the user ids asked for."""

    users: dict[str, SlackProfile] = field(default_factory=dict)
    here: Installation = field(default_factory=lambda: Installation(team_id=HERE))
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def installation(self) -> Installation:
        return self.here

    def profile(self, user_id: str) -> SlackProfile | None:
        self.asked.append(user_id)
        if self.error is not None:
            raise self.error
        return self.users.get(user_id)

    def profile_by_email(self, email: str) -> SlackProfile | None:
        self.asked.append(email)
        if self.error is not None:
            raise self.error
        return next((u for u in self.users.values() if u.email == email and not u.is_deleted), None)

    def put(self, user_id: str, email: str | None = ANNA, **values: Any) -> None:
        known = SlackProfile(
            user_id=user_id,
            team_id=HERE,
            email=email,
            name="Anna S.",
            timezone="Europe/Berlin",
            locale="zh-CN",
        )
        self.users[user_id] = replace(known, **values)


@pytest.fixture
def slack() -> Slack:
    return Slack()


def ask(
    database: Database,
    slack: Slack,
    user: str = "U0ANNA",
    *,
    admins: tuple[str, ...] = (),
    now: datetime = NOW,
) -> Actor:
    return identify(database, user, settings(admins), slack, now)


def settings(admins: tuple[str, ...] = ()) -> Settings:
    return Settings(
        _env_file=None,
        TIERBOT_ADMINS=",".join(admins),
        TIERBOT_LANGUAGE="en",
        TIERBOT_TIMEZONE="Asia/Shanghai",
    )


def person(database: Database, person_id: int) -> Person:
    with database.read() as session:
        return session.get_one(Person, person_id)


def change(database: Database, person_id: int, **values: Any) -> None:
    with database.write() as session:
        row = session.get_one(Person, person_id)
        for name, value in values.items():
            setattr(row, name, value)


def add(database: Database, name: str = "Anna", *, seen: datetime | None = NOW, **values: Any) -> int:
    """A person who is, unless `slack=False`, a member that Slack was last asked about at `seen`."""
    with database.write() as session:
        found = factories.person(session, name, **values)
    if values.get("slack", True):
        change(database, found, slack_checked_at=seen)
    return found


def test_an_unknown_person_learns_what_to_do(database: Database, slack: Slack) -> None:
    slack.put("U0ANNA")
    with pytest.raises(NotAllowed, match=r"does not know anna@example\.com yet\. Ask your admin"):
        ask(database, slack)


# What a user with the address of a colleague, or of an admin, may be, and what they are told.
STRANGERS: dict[str, tuple[dict[str, Any], str]] = {
    "a guest": ({"is_guest": True}, "Guests and users without an e-mail address"),
    "no address": ({"email": None}, "Guests and users without an e-mail address"),
    "an empty address": ({"email": " "}, "Guests and users without an e-mail address"),
    "deactivated": ({"is_deleted": True}, "deactivated"),
    "of another company": ({"team_id": THERE}, "not a member of the Slack workspace"),
    "of another organisation": ({"team_id": THERE, "enterprise_id": "E0OTHER"}, "not a member"),
    "of no company that Slack names": ({"team_id": None}, "not a member"),
}


@pytest.mark.parametrize("admins", [(), (ANNA,)], ids=["colleague", "admin"])
@pytest.mark.parametrize("stranger", STRANGERS)
def test_only_members_are_answered_and_bound_whatever_their_address(
    database: Database, slack: Slack, stranger: str, admins: tuple[str, ...]
) -> None:
    anna = add(database, slack=False)
    values, told = STRANGERS[stranger]
    slack.put("U0EVE", **values)
    with pytest.raises(NotAllowed, match=told):
        ask(database, slack, "U0EVE", admins=admins)
    assert refresh_people(database, slack, NOW) == 0
    assert person(database, anna).slack_user_id is None


def test_a_user_whom_slack_does_not_show_is_refused(database: Database, slack: Slack) -> None:
    add(database, slack=False)
    with pytest.raises(NotAllowed, match="not a member"):
        ask(database, slack, "U0EVE")


@pytest.mark.parametrize(
    ("here", "team", "enterprise", "expected"),
    [
        (Installation(team_id=HERE), HERE, None, True),
        (Installation(team_id=HERE), THERE, None, False),
        (Installation(team_id=HERE), THERE, "E0", False),
        (Installation(team_id=HERE, enterprise_id="E0"), THERE, "E0", True),
        (Installation(team_id=HERE, enterprise_id="E0"), HERE, None, True),
        (Installation(team_id=HERE, enterprise_id="E0"), THERE, "E1", False),
        (Installation(team_id=HERE, enterprise_id="E0"), None, None, False),
    ],
)
def test_a_colleague_is_of_the_workspace_or_of_its_organisation(
    here: Installation, team: str | None, enterprise: str | None, expected: bool
) -> None:
    assert here.has(team, enterprise) is expected


def test_an_outsider_with_a_colleagues_address_takes_nothing_over(database: Database, slack: Slack) -> None:
    anna = add(database)
    slack.put("U0ANNA")
    slack.put("U0EVE", team_id=THERE)
    for _ in range(2):
        with pytest.raises(NotAllowed, match="not a member"):
            ask(database, slack, "U0EVE", admins=(ANNA,))
    assert person(database, anna).slack_user_id == "U0ANNA"


def test_a_second_account_with_the_same_address_waits_until_the_first_is_deactivated(
    database: Database, slack: Slack
) -> None:
    anna = add(database)
    slack.put("U0ANNA")
    slack.put("U0NEW")
    with pytest.raises(NotAllowed, match="already belongs to another Slack user, who is still active"):
        ask(database, slack, "U0NEW")
    assert person(database, anna).slack_user_id == "U0ANNA"
    slack.put("U0ANNA", is_deleted=True)
    assert ask(database, slack, "U0NEW").person_id == anna
    assert person(database, anna).slack_user_id == "U0NEW"
    with pytest.raises(NotAllowed, match="deactivated"):
        ask(database, slack, "U0ANNA")


def test_nobody_is_replaced_while_slack_does_not_say_whether_they_have_left(
    database: Database, slack: Slack
) -> None:
    anna = add(database)
    slack.put("U0NEW")

    def fail_for_anna(user_id: str) -> SlackProfile | None:
        if user_id == "U0ANNA":
            raise ConnectionError
        return slack.users.get(user_id)

    slack.profile = fail_for_anna  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        ask(database, slack, "U0NEW")
    assert person(database, anna).slack_user_id == "U0ANNA"


def test_of_two_new_accounts_at_the_same_moment_one_is_bound(database: Database, slack: Slack) -> None:
    anna = add(database)
    slack.put("U0NEW")

    def be_overtaken(user_id: str) -> SlackProfile | None:
        if user_id == "U0ANNA":  # asked whether it is still active, before the new one is stored
            change(database, anna, slack_user_id="U0FASTER")
        return slack.users.get(user_id)

    slack.profile = be_overtaken  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="Ask again"):
        ask(database, slack, "U0NEW")
    assert person(database, anna).slack_user_id == "U0FASTER"


@pytest.mark.parametrize(
    "gone", [{"is_deleted": True}, {"team_id": THERE}, {"is_guest": True}, None], ids=str
)
def test_the_new_account_of_a_person_who_had_another_one_takes_over(
    database: Database, slack: Slack, gone: dict[str, Any] | None
) -> None:
    """Among them a binding from before outsiders were told apart."""
    anna = add(database, seen=None)
    if gone is not None:
        slack.put("U0ANNA", **gone)
    assert refresh_people(database, slack, NOW) == 0
    assert not person(database, anna).is_present
    slack.users.pop("U0ANNA", None)
    slack.put("U0NEW")
    assert refresh_people(database, slack, NOW) == 1
    found = person(database, anna)
    assert (found.slack_user_id, found.is_present) == ("U0NEW", True)


def test_a_member_is_not_asked_about_again_within_the_hour_and_then_is(
    database: Database, slack: Slack
) -> None:
    add(database)
    slack.put("U0ANNA")
    for minutes in (0, 59):
        ask(database, slack, now=NOW + timedelta(minutes=minutes))
        with database.read() as session:
            assert find_actor(session, "U0ANNA", settings(), slack, NOW + timedelta(minutes=minutes))
    assert slack.asked == []
    later = NOW + timedelta(minutes=61)
    with database.read() as session:
        assert find_actor(session, "U0ANNA", settings(), slack, later) is None
    ask(database, slack, now=later)
    assert slack.asked == ["U0ANNA"]
    with database.read() as session:
        assert find_actor(session, "U0ANNA", settings(), slack, later) is not None


@pytest.mark.parametrize("change_of", [{"is_guest": True}, {"is_deleted": True}, {"team_id": THERE}], ids=str)
def test_who_became_a_guest_or_left_since_is_refused(
    database: Database, slack: Slack, change_of: dict[str, Any]
) -> None:
    anna = add(database, seen=NOW - timedelta(hours=2))
    slack.put("U0ANNA", **change_of)
    with pytest.raises(NotAllowed):
        ask(database, slack)
    assert not person(database, anna).is_present
    slack.put("U0ANNA")  # and is a member again
    assert ask(database, slack).person_id == anna
    assert person(database, anna).is_present
    left, back = recorded(database, "person_changed")
    assert (left.actor, left.door, left.object) == ("tierbot", "slack", f"person {anna}")
    assert (left.before, back.after) == (
        '{"slack_status":"member"}',
        '{"bound":true,"slack_status":"member"}',
    )


def test_when_slack_does_not_answer_what_it_said_last_counts(database: Database, slack: Slack) -> None:
    anna = add(database, seen=NOW - timedelta(days=1))
    slack.error = ConnectionError()
    assert ask(database, slack).person_id == anna
    change(database, anna, slack_status="guest")
    with pytest.raises(ConnectionError):
        ask(database, slack)
    change(database, anna, slack_status=None, slack_checked_at=None)  # never asked
    with pytest.raises(ConnectionError):
        ask(database, slack)


def test_a_user_id_of_another_workspace_is_somebody_else(database: Database, slack: Slack) -> None:
    """After the bot was installed anew elsewhere: ids are unique only within a workspace."""
    anna, ben = add(database, "Anna"), add(database, "Ben", slack=False)
    slack.here = Installation(team_id=THERE)
    slack.put("U0ANNA", "ben@example.com", team_id=THERE)
    assert ask(database, slack).person_id == ben
    assert person(database, anna).slack_user_id is None
    change(database, ben, slack_team=HERE)  # the same person in both
    assert ask(database, slack).person_id == ben


def test_admins_of_the_settings_are_found_before_they_ever_ask(database: Database, slack: Slack) -> None:
    slack.put("U0ANNA")
    slack.put("U0BOB", "bob@example.com")
    named = settings((ANNA, "nobody@example.com"))
    assert [add_admins(database, named, slack, NOW) for _ in range(2)] == [1, 0]
    with database.read() as session:
        told = [(one.email, one.name, one.slack_user_id) for one in people.admins(session, named.admins)]
    assert told == [(ANNA, "Anna S.", "U0ANNA")]
    assert slack.asked.count(ANNA) == 1


@pytest.mark.parametrize("stranger", STRANGERS)
def test_nobody_but_a_member_becomes_an_admin_by_the_settings(
    database: Database, slack: Slack, stranger: str
) -> None:
    slack.put("U0EVE", **STRANGERS[stranger][0])
    assert add_admins(database, settings((ANNA,)), slack, NOW) == 0
    with database.read() as session:
        assert people.everybody(session) == {}


def test_an_admin_whom_the_book_has_switched_off_or_knows_by_another_address_is_not_added_again(
    database: Database, slack: Slack
) -> None:
    slack.put("U0ANNA")
    slack.put("U0BOB", "bob@example.com")
    add(database, "Bob", active=False, slack=False)
    anna = add(database, "Anna")
    change(database, anna, email="anna@older.example")
    assert add_admins(database, settings((ANNA, "bob@example.com")), slack, NOW) == 0
    with database.read() as session:
        assert len(people.everybody(session)) == 2


def test_the_first_admin_comes_from_the_settings(database: Database, slack: Slack) -> None:
    slack.put("U0ANNA", "Anna@Example.com ")
    actor = ask(database, slack, admins=(ANNA,))
    assert (actor.role, actor.name, actor.language, actor.timezone) == (
        "admin",
        "Anna S.",
        "zh",
        "Europe/Berlin",
    )
    assert ask(database, slack).person_id == actor.person_id
    assert slack.asked == ["U0ANNA"]


def test_an_address_is_matched_whatever_its_case_and_only_what_the_book_lacks_is_taken_over(
    database: Database, slack: Slack
) -> None:
    anna = add(database, slack=False, timezone="Asia/Tokyo", language=None)
    slack.put("U0ANNA", "ANNA@example.COM")
    actor = ask(database, slack)
    assert (actor.person_id, actor.name, actor.role) == (anna, "Anna", "account_manager")
    assert (actor.timezone, actor.language) == ("Asia/Tokyo", "zh")


@pytest.mark.parametrize("how", ["asked", "refreshed"])
def test_time_zone_and_language_follow_slack_unless_the_book_states_them(
    database: Database, slack: Slack, how: str
) -> None:
    anna = add(database, slack=False, timezone=None)
    now = NOW

    def seen(**values: Any) -> tuple[str | None, str | None]:
        nonlocal now
        now += timedelta(hours=2)
        slack.put("U0ANNA", **values)
        if how == "asked":
            ask(database, slack, now=now)
        else:
            refresh_people(database, slack, now)
        found = person(database, anna)
        return found.timezone, found.language

    assert seen() == ("Europe/Berlin", "zh")
    assert seen(timezone="Asia/Tokyo", locale="en-GB") == ("Asia/Tokyo", "en")
    assert seen(timezone=None, locale=None) == ("Asia/Tokyo", "en")  # Slack leaves them out for some accounts
    change(database, anna, timezone="Europe/Paris")  # an import states it
    assert seen(timezone="America/Lima", locale="zh-CN") == ("Europe/Paris", "zh")


def test_somebody_who_was_switched_off_is_refused_and_not_bound(database: Database, slack: Slack) -> None:
    add(database, slack=False, active=False)
    slack.put("U0ANNA")
    with pytest.raises(NotAllowed, match="switched off"):
        ask(database, slack)
    with database.read() as session:
        assert people.by_slack_id(session, "U0ANNA", NOW) is None


def test_a_role_is_read_anew_each_time(database: Database, slack: Slack) -> None:
    anna = add(database, role="admin")
    assert ask(database, slack).role == "admin"
    change(database, anna, role="viewer")
    assert ask(database, slack).role == "viewer"
    change(database, anna, active=False)
    with pytest.raises(NotAllowed, match="switched off"):
        ask(database, slack)


def test_a_time_zone_nobody_knows_does_not_stop_its_person(database: Database, slack: Slack) -> None:
    add(database, timezone="Mars/Olympus")
    assert ask(database, slack).timezone == "Asia/Shanghai"


def test_people_are_looked_up_in_turn_so_that_nobody_waits_behind_those_who_are_not_in_slack(
    database: Database, slack: Slack
) -> None:
    for number in range(identity.LOOKUPS + 5):
        add(database, f"P{number}", slack=False)
    last = f"p{identity.LOOKUPS + 4}@example.com"
    slack.put("U0LAST", last)
    assert [refresh_people(database, slack, NOW) for _ in range(3)] == [0, 1, 0]
    assert len(slack.asked) == identity.LOOKUPS + 5 + identity.LOOKUPS
    with database.read() as session:
        bound = people.by_slack_id(session, "U0LAST", NOW)
        assert bound is not None
        assert bound.email == last


def test_a_lookup_that_fails_loses_nobody_and_is_not_tried_first_again(
    database: Database, slack: Slack
) -> None:
    for name in ("Anna", "Ben", "Cleo"):
        add(database, name, slack=False)
        slack.put(f"U0{name.upper()}", f"{name.lower()}@example.com")
    by_email: Callable[[str], SlackProfile | None] = slack.profile_by_email

    def fail_for_ben(email: str) -> SlackProfile | None:
        if email.startswith("ben"):
            raise ConnectionError
        return by_email(email)

    slack.profile_by_email = fail_for_ben  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        refresh_people(database, slack, NOW)
    assert refresh_people(database, slack, NOW) == 1
    with database.read() as session:
        assert people.by_slack_id(session, "U0ANNA", NOW) is not None
        assert people.by_slack_id(session, "U0CLEO", NOW) is not None


def test_a_user_who_is_somebody_else_already_is_not_bound_a_second_time(
    database: Database, slack: Slack
) -> None:
    anna = add(database)
    add(database, "Ben", slack=False)
    slack.put("U0ANNA", "ben@example.com")
    assert refresh_people(database, slack, NOW) == 0
    assert person(database, anna).slack_user_id == "U0ANNA"


def test_nobody_stays_bound_to_a_user_of_the_same_id_in_another_workspace(
    database: Database, slack: Slack
) -> None:
    """Also when nobody asks anything: the job that looks people up must not take that user for the person."""
    anna = add(database)
    slack.here = Installation(team_id=THERE)
    slack.put("U0ANNA", "eve@example.com", team_id=THERE)
    later = NOW + identity.CHECKED
    assert refresh_people(database, slack, later) == 0
    assert person(database, anna).slack_status == SlackStatus.LEFT
    slack.put("U0OTHER", team_id=THERE)  # her own user there
    assert refresh_people(database, slack, later) == 1
    assert person(database, anna).slack_user_id == "U0OTHER"
    change(database, anna, slack_team=HERE)  # the same person under the same id
    assert refresh_people(database, slack, later + identity.CHECKED) == 0
    assert (person(database, anna).slack_team, person(database, anna).slack_user_id) == (THERE, "U0OTHER")


def test_who_got_another_address_is_answered_once_the_old_one_is_switched_off(
    database: Database, slack: Slack
) -> None:
    """A changed name: the people file has a new row for the same Slack user, who is bound to the old row."""
    old = add(database)
    new = add(database, "Anna.Miller", slack=False)
    slack.put("U0ANNA", "anna.miller@example.com")
    assert refresh_people(database, slack, NOW) == 0  # the old row is in use: nobody takes it over
    assert ask(database, slack).person_id == old
    change(database, old, active=False)
    assert refresh_people(database, slack, NOW) == 1
    assert person(database, old).slack_user_id is None
    assert ask(database, slack).person_id == new
