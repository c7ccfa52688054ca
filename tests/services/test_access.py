"""Who may do what to what: the whole table, written out once more, and whose customers lists and searches show."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import NotAllowed, NotFound
from bot.services import access
from bot.services.access import (
    FIRM,
    Act,
    Actor,
    OpenComplaint,
    OpenPromise,
    OpenStep,
    OwnedBy,
    Position,
    can,
    list_scope,
    visible_owners,
)
from db.book import customers, people
from db.book.people import PersonRole, TeamView
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.factories import customer_row

ACTOR = Actor(
    person_id=1,
    name="Anna",
    role="account_manager",
    team_id=10,
    led_teams=frozenset({11}),
    seen_teams=frozenset({12}),
    given=frozenset({7}),
    slack_user_id="U0ANNA",
    language="en",
    timezone="UTC",
)
# What belongs to whom, by a letter.
OBJECTS = {
    "M": customer_row(owner_id=1, owner_team_id=10),  # my own
    "T": customer_row(owner_id=2, owner_team_id=10),  # of my team
    "L": customer_row(owner_id=3, owner_team_id=11),  # of a team whose lead I am
    "S": customer_row(owner_id=4, owner_team_id=12),  # of a team that my team sees
    "O": customer_row(owner_id=5, owner_team_id=13),  # of another team
    "P": customer_row(owner_id=6),  # of a person without a team
    "N": FIRM,  # nobody's
    "G": OpenStep(5, 13, assignee_id=1),  # a step that was given to me, of another team
    "C": customer_row(owner_id=5, owner_team_id=13)._replace(
        id=7
    ),  # the customer of that step, while it is open
}
ALL = "MTLSOPNGC"
DOCS = Path(__file__).parents[2] / "docs"
MATRIX = """
act             viewer  account_manager  team_lead  sales_ops  finance  admin  other
see             SGC     MSGC             MTLSGC     ALL        ALL      ALL    -
unmask          -       M                MTL        -          ALL      ALL    -
share           -       M                MTL        -          -        ALL    -
take_back       M       M                M          M          M        ALL    -
log_contact     GC      MGC              MTLGC      GC         GC       ALL    -
change_note     M       M                MTL        M          M        ALL    -
change_contact_people - M            MTL        ALL        -        ALL    -
hand_over       -       M                MTL        ALL        -        ALL    -
add_prospect    -       M                MTL        ALL        -        ALL    -
close_touch     GC      MGC              MTLGC      GC         GC       ALL    -
handle_complaint GC      MGC             MTLGC      ALL        GC       ALL    -
allow_gift      -       -                MTL        ALL        -        ALL    -
review          -       -                MTL        ALL        -        ALL    -
propose         -       M                MTL        ALL        ALL      ALL    -
override        -       -                MTL        -          -        ALL    -
approve_credit  -       -                -          -          ALL      ALL    -
decide_schemes  -       -                -          ALL        -        ALL    -
decide_care     -       -                -          ALL        -        ALL    -
grade           -       -                -          ALL        -        ALL    -
import          -       -                -          ALL        -        ALL    -
name_deputy     M       M                MTL        M          M        ALL    -
set_working_time M      M                MTL        M          M        ALL    -
see_hours       -       M                MTL        ALL        -        ALL    -
hold_calendar   M       M                M          M          M        ALL    -
manage_people   -       -                -          -          -        ALL    -
erase           -       -                -          -          -        ALL    -
read_audit      -       -                -          -          -        ALL    -
operate         -       -                -          -          -        ALL    -
delete          -       -                -          -          -        -      -
"""
BY_ONESELF = {"change_note", "hand_over", "name_deputy", "set_working_time", "see_hours", "hold_calendar"} | {
    *("manage_people", "erase", "read_audit", "operate")
}
HEADER, *LINES = (line.split() for line in MATRIX.strip().splitlines())
ROLES = HEADER[1:]
CELLS = [
    (line[0], role, {"-": "", "ALL": ALL}.get(cell, cell))
    for line in LINES
    for role, cell in zip(ROLES, line[1:], strict=True)
]


def reached(actor: Actor, act: str) -> str:
    """The letters of the objects that an actor may do this to."""
    return "".join(letter for letter, thing in OBJECTS.items() if can(actor, act, thing))  # type: ignore[arg-type]


@pytest.mark.parametrize(("act", "role", "objects"), CELLS)
def test_each_role_may_do_each_act_to_just_these_objects(act: str, role: str, objects: str) -> None:
    assert reached(replace(ACTOR, role=role), act) == objects


@pytest.mark.parametrize(("act", "role", "objects"), CELLS)
def test_a_deputy_does_what_the_absent_person_may_but_does_not_manage_people_for_them(
    act: str, role: str, objects: str
) -> None:
    absent = Position(
        **{name: getattr(ACTOR, name) for name in Position.__dataclass_fields__} | {"role": role}
    )
    nobody = replace(ACTOR, person_id=9, role="", team_id=None, led_teams=frozenset(), seen_teams=frozenset())
    deputy = replace(nobody, absent=(absent,))
    assert reached(deputy, act) == ("" if act in BY_ONESELF else objects)
    assert reached(nobody, act) == ""


def test_every_role_and_every_act_is_in_the_matrix() -> None:
    assert [*PersonRole, "other"] == ROLES
    assert [*Act, "delete"] == [line[0] for line in LINES]


@pytest.mark.parametrize(
    ("step", "role", "may"),
    [
        (OpenStep(4, 12, assignee_id=1), "account_manager", True),
        (OpenStep(4, 12, assignee_id=9), "account_manager", False),  # it was given to somebody else
        (
            OpenStep(5, 13, assignee_id=1),
            "account_manager",
            True,
        ),  # of a customer that they do not see otherwise
        (OpenStep(5, 13, assignee_id=1), "finance", True),
        (OpenStep(5, 13, role="account_manager"), "account_manager", False),  # the plan gives no right to see
        (OpenStep(5, 13, role="finance"), "finance", True),  # the plan asks whoever has this role
        (OpenStep(5, 13, role="finance"), "sales_ops", False),
        (OpenStep(5, 13, assignee_id=9, role="finance"), "finance", False),
        (OpenStep(4, 12, role="viewer"), "viewer", True),
        (OpenStep(5, 13, role="owner"), "owner", False),
    ],
)
def test_a_step_is_closed_by_whom_it_was_given_to_and_by_the_role_of_the_plan_of_customers_that_it_sees(
    step: OpenStep, role: str, may: bool
) -> None:
    actor = replace(ACTOR, role=role)
    assert can(actor, Act.CLOSE_TOUCH, step) == may
    customer = OwnedBy(step.owner_id, step.owner_team_id)
    assert not can(actor, Act.CLOSE_TOUCH, customer)  # once the step is closed
    for act in set(Act) - {Act.CLOSE_TOUCH, Act.LOG_CONTACT, Act.SEE, Act.HANDLE_COMPLAINT}:
        assert can(actor, act, step) == can(actor, act, customer)


@pytest.mark.parametrize(
    ("complaint", "role", "may"),
    [
        (OpenComplaint(4, 12, handler_id=1), "account_manager", True),
        (OpenComplaint(4, 12, handler_id=9), "account_manager", False),  # somebody else handles it
        (OpenComplaint(4, 12), "account_manager", False),  # the account manager of the customer does
        (OpenComplaint(5, 13, handler_id=1), "account_manager", False),  # of a customer that they do not see
        (OpenComplaint(5, 13, handler_id=1), "finance", True),
        (OpenComplaint(5, 13), "sales_ops", True),
    ],
)
def test_a_complaint_is_handled_by_whom_it_was_given_to_of_customers_that_they_see(
    complaint: OpenComplaint, role: str, may: bool
) -> None:
    assert can(replace(ACTOR, role=role), Act.HANDLE_COMPLAINT, complaint) == may


def test_a_team_lead_of_no_team_reaches_only_their_own_customers() -> None:
    lead = replace(ACTOR, role="team_lead", team_id=None, led_teams=frozenset(), seen_teams=frozenset())
    assert reached(lead, "see") == "MGC"


def test_the_console_which_is_nobody_has_no_own_objects() -> None:
    assert reached(replace(ACTOR, person_id=0, team_id=None, led_teams=frozenset()), "share") == ""


@pytest.mark.parametrize("act", access.REFUSALS)
def test_who_may_not_reads_who_may(act: Act) -> None:
    with pytest.raises(NotAllowed) as caught:
        access.require(replace(ACTOR, role="viewer"), act)
    assert caught.value.msgid == access.REFUSALS[act]


class Firm:
    """Teams East, West and Care, where Care sees West; each person has a customer, and one has nobody."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            east, west = factories.team(session, "East"), factories.team(session, "West")
            care = factories.team(session, "Care")
            session.add(TeamView(team_id=care, seen_team_id=west))
            self.teams = {"East": east, "West": west, "Care": care}
            self.people = {
                "Anna": factories.person(session, "Anna", team_id=east),
                "Ben": factories.person(session, "Ben", team_id=east, active=False),
                "Cleo": factories.person(session, "Cleo", team_id=west),
                "Dora": factories.person(session, "Dora", team_id=care),
                "Emil": factories.person(session, "Emil"),
            }
            self.owned = {
                factories.customer(session, f"{name}'s", owner_id=owner): name
                for name, owner in self.people.items()
            }
            self.owned[factories.customer(session, "Nobody's")] = "nobody"

    def actor(self, name: str, role: str, *absent: tuple[str, str]) -> Actor:
        """A person in a role, and the people for whom they act."""
        own, *others = (self._position(*one) for one in ((name, role), *absent))
        return replace(
            ACTOR,
            **{field: getattr(own, field) for field in Position.__dataclass_fields__},
            absent=tuple(others),
        )

    def _position(self, name: str, role: str) -> Position:
        with self.database.read() as session:
            person = people.get(session, self.people[name])
        assert person is not None
        seen = {self.teams["West"]} if person.team_id == self.teams["Care"] else ()
        return Position(
            person_id=self.people[name],
            role=role,
            team_id=person.team_id,
            led_teams=frozenset(),
            seen_teams=frozenset(seen),
        )


@pytest.fixture
def firm(database: Database) -> Firm:
    return Firm(database)


@on_sqlite
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["Anna", "Dora", "Emil"])
@pytest.mark.parametrize("absent", [(), (("Cleo", "account_manager"),), (("Dora", "team_lead"),)], ids=str)
def test_whose_customers_are_found_is_whose_may_be_seen(
    firm: Firm, role: str, name: str, absent: tuple[tuple[str, str], ...]
) -> None:
    actor = firm.actor(name, role, *absent)
    with firm.database.read() as session:
        rows = {customer: customers.get_row(session, customer) for customer in firm.owned}
        found = customers.owned_by(session, visible_owners(session, actor))
        assert sorted(found) == [c for c, row in rows.items() if row and can(actor, Act.SEE, row)]


LISTS = {  # person, role, whom they stand in for -> whose customers /tier alone lists
    ("Anna", "account_manager"): ("own", {"Anna"}),
    ("Anna", "team_lead"): ("team", {"Anna", "Ben"}),
    ("Anna", "viewer"): ("own", set()),
    ("Dora", "viewer"): ("seen", {"Cleo"}),
    ("Dora", "account_manager"): ("own", {"Dora"}),
    ("Anna", "admin"): ("team", {"Anna", "Ben"}),
    ("Emil", "finance"): ("book", None),
    ("Anna", "account_manager", ("Cleo", "account_manager")): ("deputy", {"Anna", "Cleo"}),
    ("Anna", "account_manager", ("Emil", "admin")): ("deputy", {"Anna", "Emil"}),
    ("Emil", "viewer", ("Cleo", "team_lead")): ("deputy", {"Cleo"}),
}


@on_sqlite
@pytest.mark.parametrize("who", LISTS, ids=str)
def test_a_list_shows_the_customers_that_a_person_works_with(firm: Firm, who: tuple[str, ...]) -> None:
    scope, names = LISTS[who]
    with firm.database.read() as session:
        found = list_scope(session, firm.actor(*who))  # type: ignore[arg-type]
    assert found == (scope, None if names is None else {firm.people[name] for name in names})


@on_sqlite
def test_who_only_sees_a_customer_is_told_so_and_others_hear_that_there_is_none(firm: Firm) -> None:
    of_cleo = next(customer for customer, name in firm.owned.items() if name == "Cleo")
    with firm.database.read() as session:
        with pytest.raises(NotAllowed) as caught:
            access.customer_for(session, firm.actor("Dora", "account_manager"), Act.SHARE, of_cleo)
        assert caught.value.msgid == access.ONLY_SEEN
        for customer in (of_cleo, 999):
            with pytest.raises(NotFound) as hidden:
                access.customer_for(session, firm.actor("Anna", "team_lead"), Act.SHARE, customer)
            assert hidden.value.msgid == access.NOT_YOURS


WORDS = {"–": "", "own": "M", "team": "MTL", "seen": "S", "given": "GC", "all": ALL}
CHINESE = {"–": "–", "自己的": "own", "团队的": "team", "可见的": "seen", "交办的": "given", "全部": "all"}


def table_of(page: str) -> dict[str, list[str]]:
    """Act -> the objects that each role reaches, by the words of a page."""
    rows = re.findall(
        r"^\| `(\w+)`.*?\|(.*)\|$", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    found = {}
    for act, cells in rows:
        words = [re.split("[,、] ?", cell.strip()) for cell in cells.split("|")]
        letters = ["".join(WORDS[CHINESE.get(word, word)] for word in cell) for cell in words]
        found[act] = ["".join(sorted(cell, key=ALL.index)) for cell in letters]
    return found


@pytest.mark.parametrize("page", ["rights.md", "rights.zh.md"])
def test_the_pages_show_the_same_table(page: str) -> None:
    assert table_of(page) == {
        str(act): [reached(replace(ACTOR, role=role), act) for role in PersonRole] for act in Act
    }


@pytest.mark.parametrize(
    ("promise", "role", "may"),
    [
        (OpenPromise(4, 12, keeper_id=1), "viewer", True),
        (OpenPromise(4, 12, keeper_id=9), "viewer", False),  # somebody else's
        (OpenPromise(5, 13, keeper_id=1), "viewer", False),  # to a customer that they do not see
        (OpenPromise(5, 13, keeper_id=1), "finance", True),
        (OpenPromise(5, 13), "sales_ops", False),
        (OpenPromise(5, 13), "admin", True),
    ],
)
def test_a_promise_is_kept_by_who_made_it_to_a_customer_that_they_see(
    promise: OpenPromise, role: str, may: bool
) -> None:
    assert can(replace(ACTOR, role=role), Act.LOG_CONTACT, promise) == may
