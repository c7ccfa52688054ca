"""What the Home tab is made of: by the rights of its reader, bounded, and with a number of queries that does not grow."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from bot.errors import NotAllowed
from bot.services import identity
from bot.services.home import firm, tab
from bot.services.ops.storage import Finding
from bot.wording.ask.home import HomeBook, HomeFirm, HomeList, HomeSettings, HomeTeam, HomeTop
from bot.wording.care.digest import CareDigest
from bot.wording.message_base import Message
from db import usage
from db.book.people import Person, Team, TeamView
from db.engine import Database
from tests import factories
from tests.services.book import SETTINGS, Book
from tests.services.test_identity import Slack

FEBRUARY, JANUARY = date(2026, 2, 28), date(2026, 1, 31)
EVERYBODY = ("Anna", "Olga", "Vic", "Sam", "Finn", "Ada")
ROLES = dict(
    zip(EVERYBODY, ("account_manager", "team_lead", "viewer", "sales_ops", "finance", "admin"), strict=True)
)


class Firm(Book):
    """Olga leads East with Anna, who has two customers; Ben of West has one; the others have none."""

    def fill(self) -> None:
        self.slack, self.ids = Slack(), dict[str, int]()
        with self.database.write() as session:
            east, west = factories.team(session, "East"), factories.team(session, "West")
            for name in (*EVERYBODY, "Ben"):
                team = {"Anna": east, "Olga": east, "Ben": west}.get(name)
                role = ROLES.get(name, "account_manager")
                self.ids[name] = factories.person(session, name, role=role, team_id=team)
                self.slack.put(f"U0{name.upper()}", f"{name.lower()}@example.com")
                session.get_one(Person, self.ids[name]).slack_checked_at = self.clock.now()
            session.get_one(Team, east).lead_id = self.ids["Olga"]
            self.acme = factories.customer(session, "ACME", owner_id=self.ids["Anna"])
            self.zenith = factories.customer(session, "Zenith", owner_id=self.ids["Anna"])
            self.other = factories.customer(session, "Other", owner_id=self.ids["Ben"])
        self.grade({self.acme: "B", self.zenith: "B", self.other: "A"}, as_of=JANUARY)
        self.grade({self.acme: "A", self.zenith: "C", self.other: "A"}, as_of=FEBRUARY)

    def parts(self, name: str) -> tuple[Message, ...]:
        actor = identity.identify(self.database, f"U0{name.upper()}", SETTINGS, self.slack, self.clock.now())
        with self.database.read() as session:
            return tab.home(session, self.scheme_cache, self.rules, actor, SETTINGS, self.clock.now())


@pytest.fixture
def office(database: Database) -> Firm:
    made = Firm(database)
    made.fill()
    return made


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("Anna", set()),
        ("Olga", {HomeTeam}),
        ("Vic", set()),
        ("Sam", {HomeFirm}),
        ("Finn", set()),
        ("Ada", {HomeFirm}),
    ],
)
def test_each_role_sees_its_parts_and_no_other(office: Firm, name: str, more: set[type[Message]]) -> None:
    kinds = {type(part) for part in office.parts(name)} & {
        HomeTop,
        CareDigest,
        HomeBook,
        HomeSettings,
        HomeTeam,
        HomeFirm,
    }
    assert kinds == {HomeTop, CareDigest, HomeBook, HomeSettings} | more


def test_only_admins_see_health_and_only_who_imports_sees_imports(office: Firm) -> None:
    (of_sam,) = [part for part in office.parts("Sam") if isinstance(part, HomeFirm)]
    (of_ada,) = [part for part in office.parts("Ada") if isinstance(part, HomeFirm)]
    assert of_sam.health is None
    assert of_sam.imports is not None
    assert of_sam.schemes is not None
    assert of_ada.health is not None


@pytest.mark.parametrize("name", [name for name in EVERYBODY if name != "Ada"])
def test_the_whole_health_is_for_admins(office: Firm, name: str) -> None:
    actor = identity.identify(
        office.database, f"U0{name.upper()}", SETTINGS, office.slack, office.clock.now()
    )
    with pytest.raises(NotAllowed):
        firm.health_of([Finding("ok", "versions", "python 3")], actor)


def test_the_tab_names_nobody_whom_its_reader_may_not_see(office: Firm) -> None:
    for name in ("Anna", "Olga", "Vic"):
        assert "Other" not in str(office.parts(name))
    assert "ACME" not in str(office.parts("Vic"))


def test_customers_by_tier_say_how_many_rose_and_fell(office: Firm) -> None:
    (book,) = [part for part in office.parts("Anna") if isinstance(part, HomeBook)]
    assert [(line.tier.id, line.customers, line.risen, line.fallen) for line in book.tiers] == [
        ("A", 1, 1, 0),
        ("C", 1, 0, 1),
    ]


def test_to_be_no_longer_rated_is_no_fall(office: Firm) -> None:
    office.grade(
        {office.acme: "unrated", office.zenith: "B", office.other: "A"}, as_of=FEBRUARY + timedelta(days=31)
    )
    (book,) = [part for part in office.parts("Anna") if isinstance(part, HomeBook)]
    assert [(line.tier.id, line.risen, line.fallen) for line in book.tiers] == [
        ("B", 1, 0),
        ("unrated", 0, 0),
    ]


def test_who_was_asked_about_is_shown_only_while_it_may_be_seen(office: Firm) -> None:
    now = office.clock.now()
    with office.database.write() as session:
        for customer, ago in ((office.acme, 2), (office.zenith, 1), (office.other, 0)):
            usage.note_asked(session, office.ids["Anna"], {customer: now - timedelta(hours=ago)})
    (top,) = [part for part in office.parts("Anna") if isinstance(part, HomeTop)]
    assert [hit.name for hit in top.hits] == ["Zenith", "ACME"]  # the newest first, and nobody of Ben


def test_only_the_newest_that_were_asked_about_are_kept(office: Firm) -> None:
    now, anna = office.clock.now(), office.ids["Anna"]
    with office.database.write() as session:
        many = [factories.customer(session, f"N{number}", owner_id=anna) for number in range(25)]
        usage.note_asked(
            session, anna, {one: now + timedelta(minutes=number) for number, one in enumerate(many)}
        )
        assert usage.asked_last(session, anna) == many[: -usage.MOST_KEPT - 1 : -1]
        usage.forget_asked_before(session, now + timedelta(minutes=24))
        assert usage.asked_last(session, anna) == many[-1:]


def test_a_lead_sees_whose_customers_nobody_attends_to(office: Firm) -> None:
    with office.database.write() as session:
        session.get_one(Person, office.ids["Anna"]).active = False
    (team,) = [part for part in office.parts("Olga") if isinstance(part, HomeTeam)]
    assert team.left == 2
    assert [(one.who and one.who.name, one.present) for one in team.people] == [
        ("Anna", False),
        ("Olga", True),
    ]


def test_a_lead_without_the_right_to_a_team_does_not_see_it(office: Firm) -> None:
    with office.database.write() as session:
        session.get_one(Person, office.ids["Olga"]).role = "viewer"
    assert [part for part in office.parts("Olga") if isinstance(part, HomeTeam)] == []


def test_who_is_at_risk_is_listed_with_the_way_to_the_whole_list(office: Firm) -> None:
    with office.database.write() as session:
        many = [factories.customer(session, f"R{number}", owner_id=office.ids["Anna"]) for number in range(4)]
        for customer in (*many, office.other):
            factories.complaint(session, customer, FEBRUARY)
    office.grade(dict.fromkeys(many, "B"), as_of=FEBRUARY + timedelta(days=31))
    (risk,) = [part for part in office.parts("Anna") if isinstance(part, HomeList) and part.kind == "risk"]
    assert (len(risk.rows), risk.total, risk.more) == (3, 4, 1)
    assert [str(action) for action in risk.targets()] == ["tierbot_list_next"]
    assert {row.name for row in risk.rows} < {f"R{number}" for number in range(4)}


def test_a_team_that_is_only_seen_is_nobodys_to_lead(office: Firm) -> None:
    with office.database.write() as session:
        teams = {name: session.get_one(Person, office.ids[name]).team_id for name in ("Anna", "Ben")}
        session.add(TeamView(team_id=teams["Ben"], seen_team_id=teams["Anna"]))
    assert [part for part in office.parts("Ben") if isinstance(part, HomeTeam)] == []


def test_two_thousand_customers_take_as_many_queries_as_two(office: Firm) -> None:
    def queries() -> int:
        seen: list[str] = []
        event.listen(office.database.reader, "before_cursor_execute", lambda *about: seen.append(about[2]))
        office.parts("Anna")
        return len(seen)

    queries()
    few = queries()
    with office.database.write() as session:
        many = [
            factories.customer(session, f"C{number}", owner_id=office.ids["Anna"]) for number in range(300)
        ]
    office.grade(dict.fromkeys(many, "B"), as_of=FEBRUARY + timedelta(days=31))
    office.plan()
    first, second = queries(), queries()
    assert (
        second <= first <= few + 40
    )  # what the rows of the shown steps and lists need, whatever else there is
    assert len(str(office.parts("Anna"))) < 60_000
