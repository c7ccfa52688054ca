"""Roles, deputies, teams that see others; and that there always is an admin, whoever does what at once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.errors import BadInput, BotError, Conflict, NotAllowed, NotFound
from bot.services import access, staff
from bot.services.access import Act, Actor, actor_of, can
from bot.services.imports import ImportOptions, import_file, undo
from bot.settings import Settings
from db.book import deputies, people
from db.book.people import Deputy, Person, PersonRole, Team
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.e2e.processes import wait_until
from tests.factories import customer_row
from tests.services.ask.test_lists import counted

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = Settings(_env_file=None, TIERBOT_TIMEZONE="UTC")
WITH_ADMIN = Settings(_env_file=None, TIERBOT_ADMINS="zoe@example.com")


@dataclass
class Firm:
    """Ada and Bob are admins; Lea leads East with Anna, Ben and Sam of sales operations; Finn is in finance."""

    database: Database
    folder: Path

    def __post_init__(self) -> None:
        with self.database.write() as session:
            east = factories.team(session, "East")
            factories.team(session, "West")
            for name, role, team in (
                ("Ada", "admin", None), ("Bob", "admin", None), ("Lea", "team_lead", east),
                ("Anna", "account_manager", east), ("Ben", "account_manager", east), ("Vic", "viewer", east),
                ("Sam", "sales_ops", east), ("Finn", "finance", None), ("Lou", "team_lead", east),
            ):  # fmt: skip
                factories.person(session, name, role=role, team_id=team)
        with self.database.write() as session:
            session.get_one(Team, east).lead_id = self.id("Lea")

    def id(self, name: str) -> int:
        with self.database.read() as session:
            person = people.by_email(session, email(name))
        assert person is not None
        assert person.id is not None
        return person.id

    def actor(self, name: str, now: datetime = NOW) -> Actor:
        with self.database.read() as session:
            person = people.row_by_email(session, email(name), now)
        assert person is not None
        return actor_of(person, SETTINGS)

    def role(self, name: str) -> str:
        with self.database.read() as session:
            return session.get_one(Person, self.id(name)).role

    def change(self, name: str, **values: Any) -> None:
        with self.database.write() as session:
            session.get_one(Person, self.id(name)).sqlmodel_update(values)

    def set_role(self, by: str | Actor, whose: str, role: str, settings: Settings = SETTINGS) -> Person:
        actor = self.actor(by) if isinstance(by, str) else by
        return staff.set_role(self.database, actor, email(whose), role, settings=settings, now=NOW)

    def name_deputy(self, by: str, whose: str, deputy: str, first: int = 0, days: int = 7) -> None:
        start = NOW + first * DAY
        period = {"starts_at": start, "ends_at": start + days * DAY}
        staff.name_deputy(
            self.database, self.actor(by), email(whose), email(deputy), **period, settings=SETTINGS, now=NOW
        )

    def acting_for(self, day: float) -> list[tuple[str, str]]:
        """(person, deputy) some days from now."""
        with self.database.read() as session:
            return [
                (session.get_one(Person, one.person_id).name, session.get_one(Person, one.deputy_id).name)
                for one in deputies.acting(session, NOW + day * DAY)
            ]

    def bring_in(self, content: str, kind: str = "people", admins: tuple[str, ...] = ()) -> int | None:
        file = self.folder / "people.csv"
        file.write_text(content, encoding="utf-8")
        return import_file(
            self.database,
            kind=kind,
            path=file,
            clock=FixedClock(NOW),
            actor=factories.operator("test"),
            options=ImportOptions(admins=admins),
            rejects_dir=self.folder,
        ).batch_id


def email(name: str) -> str:
    return f"{name.lower()}@example.com"


@pytest.fixture
def firm(database: Database, tmp_path: Path) -> Firm:
    return Firm(database, tmp_path)


OPERATOR = Actor(
    person_id=0,
    name="operator",
    role="admin",
    team_id=None,
    led_teams=frozenset(),
    slack_user_id="",
    language="en",
    timezone="UTC",
)


def test_of_two_admins_who_demote_each_other_at_once_one_stays(firm: Firm) -> None:
    bob, ended = firm.actor("Bob"), list[BotError | None]()

    def demote_ada() -> None:
        try:
            firm.set_role(bob, "Ada", "viewer")
            ended.append(None)
        except BotError as error:
            ended.append(error)

    rival = threading.Thread(target=demote_ada)
    with firm.database.write(lock=staff.LOCK) as session:  # Ada demotes Bob, and has not committed yet
        session.get_one(Person, firm.id("Bob")).role = "viewer"
        session.flush()
        rival.start()
        if not firm.database.is_sqlite:
            wait_until(lambda: bool(ended) or is_waited_for(firm.database), "a wait for the lock", 30)
    rival.join()
    assert isinstance(ended[0], NotAllowed)
    assert (firm.role("Ada"), firm.role("Bob")) == ("admin", "viewer")


def is_waited_for(database: Database) -> bool:
    with database.reader.connect() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar())


def demoted(firm: Firm) -> None:
    firm.set_role(OPERATOR, "Ada", "viewer")


def imported(content: str) -> Callable[[Firm], object]:
    return lambda firm: firm.bring_in(content)


LAST = {  # how the last admin would be gone
    "another role": demoted,
    "another role in a file": imported("email,name,role\nada@example.com,Ada,viewer\n"),
    "switched off in a file": imported("email,name,active\nada@example.com,Ada,no\n"),
    "left by a file": imported("email,name,left on\nada@example.com,Ada,2026-01-31\n"),
}


@pytest.mark.parametrize("way", LAST)
def test_the_last_admin_stays_one_whatever_is_done(firm: Firm, way: str) -> None:
    firm.change("Bob", slack_status="guest")  # an admin whom nobody can ask
    with pytest.raises(Conflict, match="Nobody would be an admin any more"):
        LAST[way](firm)
    with firm.database.read() as session:
        ada = session.get_one(Person, firm.id("Ada"))
    assert (ada.role, ada.active) == ("admin", True)
    firm.change("Bob", slack_status="member")
    LAST[way](firm)


def test_an_import_that_made_the_only_admin_is_not_taken_back(firm: Firm) -> None:
    batch = firm.bring_in("email,name,role\nlea@example.com,Lea,admin\n")
    assert batch is not None
    for name in ("Ada", "Bob"):
        firm.set_role(OPERATOR, name, "viewer")
    with pytest.raises(Conflict, match="Nobody would be an admin any more"):
        undo(firm.database, batch, clock=FixedClock(NOW), actor=factories.operator("test"))
    assert firm.role("Lea") == "admin"
    undo(
        firm.database,
        batch,
        clock=FixedClock(NOW),
        actor=factories.operator("test"),
        admins=("zoe@example.com",),
    )
    assert firm.role("Lea") == "team_lead"


@on_sqlite
@pytest.mark.parametrize(
    ("zoe", "kept"), [(None, True), ({}, True), ({"active": False}, False), ({"slack_status": "left"}, False)]
)
def test_an_admin_by_the_settings_counts_as_long_as_they_can_be_asked(
    firm: Firm, zoe: dict[str, Any] | None, kept: bool
) -> None:
    if zoe is not None:
        with firm.database.write() as session:
            factories.person(session, "Zoe", role="viewer")
        firm.change("Zoe", **zoe)
    firm.change("Bob", role="viewer")
    if kept:
        firm.set_role(OPERATOR, "Ada", "viewer", WITH_ADMIN)
    else:
        with pytest.raises(Conflict):
            firm.set_role(OPERATOR, "Ada", "viewer", WITH_ADMIN)


@on_sqlite
@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_a_firm_that_never_had_an_admin_goes_on_without(firm: Firm, role: str) -> None:
    for name in ("Ada", "Bob"):
        firm.change(name, role="viewer")
    firm.set_role(OPERATOR, "Lea", role)


@on_sqlite
@pytest.mark.parametrize("name", ["Lea", "Anna", "Vic", "Sam", "Finn", "Lou"])
@pytest.mark.parametrize("whose", ["own", "Ben"])
def test_nobody_but_an_admin_changes_a_role(firm: Firm, name: str, whose: str) -> None:
    whose = name if whose == "own" else whose
    before = firm.role(whose)
    with pytest.raises(NotAllowed) as caught:
        firm.set_role(name, whose, "admin")
    assert caught.value.msgid == access.REFUSALS[Act.MANAGE_PEOPLE]
    assert firm.role(whose) == before


@on_sqlite
def test_an_admin_changes_the_roles_of_others_but_not_the_own_one(firm: Firm) -> None:
    assert firm.set_role("Ada", "Anna", "team_lead").role == "team_lead"
    with pytest.raises(NotAllowed, match="Nobody changes their own role"):
        firm.set_role("Ada", "Ada", "viewer")


@on_sqlite
@pytest.mark.parametrize("change", [{"role": "sales_ops"}, {"active": False}], ids=str)
def test_who_is_no_admin_any_more_when_it_happens_changes_no_role(firm: Firm, change: dict[str, Any]) -> None:
    ada = firm.actor("Ada")
    firm.change("Ada", **change)
    with pytest.raises(NotAllowed):
        firm.set_role(ada, "Anna", "admin")
    assert firm.role("Anna") == "account_manager"


@on_sqlite
def test_who_is_not_in_the_book_any_more_changes_nothing(firm: Firm) -> None:
    with pytest.raises(NotAllowed):
        firm.set_role(replace(firm.actor("Ada"), person_id=99), "Anna", "admin")


@on_sqlite
@pytest.mark.parametrize(("whose", "role"), [("Nobody", "viewer"), ("Anna", "boss")])
def test_unknown_people_and_roles_are_refused(firm: Firm, whose: str, role: str) -> None:
    with pytest.raises((NotFound, BadInput)):
        firm.set_role("Ada", whose, role)


NAMING = """
by    Ada Lea Anna Vic Sam Finn
Ada   yes yes yes  yes yes yes
Lea   no  yes yes  yes no  no
Lou   no  no  yes  yes no  no
Anna  no  no  yes  no  no  no
Sam   no  no  no   no  yes no
Finn  no  no  no   no  no  yes
"""
_, *WHOSE = NAMING.split("\n")[1].split()
ALLOWED = [
    (line.split()[0], whose, cell == "yes")
    for line in NAMING.strip().split("\n")[1:]
    for whose, cell in zip(WHOSE, line.split()[1:], strict=True)
]


@on_sqlite
def test_people_name_their_own_deputy_leads_that_of_their_account_managers_admins_everybodys(
    firm: Firm,
) -> None:
    """Not that of somebody with more rights: the deputy would get them."""
    for by, whose, allowed in ALLOWED:
        for act in (
            lambda by=by, whose=whose: firm.name_deputy(by, whose, "Ben"),
            lambda by=by, whose=whose: staff.end_deputy(
                firm.database, firm.actor(by), email(whose), settings=SETTINGS, now=NOW
            ),
        ):
            if allowed:
                act()
                continue
            with pytest.raises(NotAllowed) as caught:
                act()
            assert caught.value.msgid == access.REFUSALS[Act.NAME_DEPUTY], (by, whose)


@on_sqlite
@pytest.mark.parametrize(("deputy", "days"), [("Anna", 7), ("Gone", 7), ("Ben", 0), ("Ben", -1), ("None", 7)])
def test_a_deputy_is_somebody_else_who_is_here_for_a_time_to_come(firm: Firm, deputy: str, days: int) -> None:
    with firm.database.write() as session:
        factories.person(session, "Gone", active=False)
    with pytest.raises((BadInput, NotFound)):
        firm.name_deputy("Ada", "Anna", deputy, days=days)


@on_sqlite
def test_a_person_has_one_deputy_at_a_time_and_the_last_one_named_counts(firm: Firm) -> None:
    firm.name_deputy("Anna", "Anna", "Ben", first=0, days=10)
    firm.name_deputy("Anna", "Anna", "Finn", first=20, days=10)
    firm.name_deputy("Anna", "Anna", "Lea", first=5, days=10)
    who = [deputy for day in (0, 4.9, 5, 14.9, 15, 20) for _, deputy in firm.acting_for(day)]
    assert who == ["Ben", "Ben", "Lea", "Lea", "Finn"]
    staff.end_deputy(firm.database, firm.actor("Anna"), email("Anna"), settings=SETTINGS, now=NOW)
    assert [firm.acting_for(day) for day in (0, 6, 21)] == [[], [], []]
    with pytest.raises(NotFound):
        staff.end_deputy(firm.database, firm.actor("Anna"), email("Anna"), settings=SETTINGS, now=NOW)


@on_sqlite
def test_a_deputy_acts_from_the_first_instant_to_the_last_one_in_the_present_role_of_the_absent(
    firm: Firm,
) -> None:
    firm.name_deputy("Lea", "Lea", "Finn", first=1, days=2)
    annas = customer_row(owner_id=firm.id("Anna"), owner_team_id=1)
    times = [NOW + DAY - timedelta(seconds=1), NOW + DAY, NOW + 3 * DAY - timedelta(seconds=1), NOW + 3 * DAY]
    assert [can(firm.actor("Finn", at), Act.OVERRIDE, annas) for at in times] == [False, True, True, False]
    firm.change("Lea", active=False)  # who left: the deputy goes on until the end
    assert can(firm.actor("Finn", times[1]), Act.OVERRIDE, annas)
    firm.change("Lea", role="viewer")
    assert not can(firm.actor("Finn", times[1]), Act.OVERRIDE, annas)


@on_sqlite
def test_the_deputy_of_an_admin_is_no_admin_over_people(firm: Firm) -> None:
    firm.name_deputy("Ada", "Ada", "Anna")
    assert can(firm.actor("Anna"), Act.DECIDE_SCHEMES, access.FIRM)
    with pytest.raises(NotAllowed):
        firm.set_role("Anna", "Ben", "admin")
    with pytest.raises(NotAllowed):
        firm.name_deputy("Anna", "Bob", "Anna")


@on_sqlite
def test_the_deputy_of_a_deputy_does_not_act_for_the_first_one(firm: Firm) -> None:
    firm.name_deputy("Lea", "Lea", "Finn")
    firm.name_deputy("Finn", "Finn", "Sam")
    annas = customer_row(owner_id=firm.id("Anna"), owner_team_id=1)
    assert can(firm.actor("Finn"), Act.OVERRIDE, annas)
    assert not can(firm.actor("Sam"), Act.OVERRIDE, annas)


@on_sqlite
def test_several_deputies_teams_and_views_are_told_apart(firm: Firm) -> None:
    with firm.database.write() as session:
        north, south = factories.team(session, "North"), factories.team(session, "South")
        session.get_one(Team, south).lead_id = firm.id("Lea")
        for seeing, seen in ((1, 2), (1, south), (2, north)):
            session.add(people.TeamView(team_id=seeing, seen_team_id=seen))
        session.add_all(
            Deputy(person_id=firm.id(name), deputy_id=firm.id("Ben"), starts_at=NOW, ends_at=NOW + DAY)
            for name in ("Lea", "Finn")
        )
    firm.change("Finn", team_id=2)
    ben = firm.actor("Ben")
    assert (ben.led_teams, ben.seen_teams) == (set(), {2, south})
    lea, finn = sorted(ben.absent, key=lambda one: one.role, reverse=True)
    assert (lea.person_id, lea.team_id, lea.led_teams, lea.seen_teams) == (
        firm.id("Lea"),
        1,
        {1, south},
        {2, south},
    )
    assert (finn.role, finn.led_teams, finn.seen_teams) == ("finance", set(), {north})


@on_sqlite
@pytest.mark.parametrize(("name", "statements"), [("Anna", 1), ("Lea", 1), ("Ada", 1), ("Ben", 3)])
def test_who_acts_is_one_query_except_for_deputies(firm: Firm, name: str, statements: int) -> None:
    firm.name_deputy("Anna", "Anna", "Ben")
    with counted(firm.database) as said:
        firm.actor(name)
    assert len(said) == statements


@on_sqlite
@pytest.mark.parametrize("by", ["Lea", "Sam"])
def test_an_admin_lets_a_team_see_another_ones_customers_and_takes_it_back(firm: Firm, by: str) -> None:
    west = customer_row(owner_id=99, owner_team_id=2)

    def show(who: str, team: str = "East", shown: bool = True) -> None:
        actor = firm.actor(who)
        staff.set_view(firm.database, actor, team, "West", shown=shown, settings=SETTINGS, now=NOW)

    with pytest.raises(NotAllowed):
        show(by)
    assert not can(firm.actor("Anna"), Act.SEE, west)
    for _ in range(2):
        show("Ada")
        assert can(firm.actor("Anna"), Act.SEE, west)
        assert not can(firm.actor("Anna"), Act.LOG_CONTACT, west)
    show("Ada", shown=False)
    assert not can(firm.actor("Anna"), Act.SEE, west)
    with pytest.raises(NotFound):
        show("Ada", "Wast")


@on_sqlite
def test_everybody_is_listed_to_admins_with_teams_and_deputies(firm: Firm) -> None:
    firm.name_deputy("Anna", "Anna", "Ben")
    firm.change("Vic", active=False)
    found = {one.name: one for one in staff.everybody(firm.database, firm.actor("Ada"), SETTINGS, NOW)}
    assert list(found) == sorted(found)
    assert (found["Lea"].leads, found["Lea"].team, found["Vic"].present) == (("East",), "East", False)
    assert [one.deputy for one in found["Anna"].deputies] == ["Ben"]
    with pytest.raises(NotAllowed):
        staff.everybody(firm.database, firm.actor("Lea"), SETTINGS, NOW)


def test_every_role_can_be_given(firm: Firm) -> None:
    for role in PersonRole:
        assert firm.set_role("Ada", "Anna", role).role == role
