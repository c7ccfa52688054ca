"""`person` and `team` on the command line, and who acts there by `--as`."""

import re
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Program

PEOPLE = """\
email,name,role,team
ada@example.com,Ada,admin,
lea@example.com,Lea,team_lead,East
anna@example.com,Anna,account_manager,East
ben@example.com,Ben,account_manager,West
sam@example.com,Sam,销售运营,
finn@example.com,Finn,Finance,
"""


@pytest.fixture
def firm(program: Program, tmp_path: Path) -> Program:
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    assert program("import", "people", "people.csv").code == 0
    return program


def test_people_are_listed_with_roles_teams_and_deputies(firm: Program) -> None:
    done = firm("person", "deputy", "anna@example.com", "ben@example.com", "--until", "2099-12-31")
    assert re.fullmatch(r"Ben acts for Anna from [-0-9]+ to the end of 2099-12-31.\n", done.out)
    begins = ("--from", "2098-01-01", "--until", "2098-01-31", "--json")
    later = firm("person", "deputy", "lea@example.com", "finn@example.com", *begins).json
    assert later["starts_at"].startswith("2098-01-01 00:00")
    assert later["ends_at"].startswith("2098-02-01 00:00")
    listed = {one["name"]: one for one in firm("person", "list", "--json").json}
    assert {name: one["role"] for name, one in listed.items()} == {
        "Ada": "admin",
        "Anna": "account_manager",
        "Ben": "account_manager",
        "Finn": "finance",
        "Lea": "team_lead",
        "Sam": "sales_ops",
    }
    assert [one["deputy"] for one in listed["Anna"]["deputies"]] == ["Ben"]
    table = firm("person", "list").out
    assert "Finn 2098-01-01 to 2098-01-31" in table
    assert firm("person", "end-deputy", "anna@example.com").out == "Nobody acts for Anna any more.\n"
    assert firm("person", "end-deputy", "anna@example.com").err == "Anna has no deputy.\n"


def test_days_off_are_recorded_with_a_deputy_listed_and_ended_early(firm: Program) -> None:
    first, last = "2099-08-03", "2099-08-14"
    period = ("anna@example.com", "--from", first, "--until", last)
    done = firm("person", "away", *period, "--deputy", "ben@example.com")
    assert done.out == f"Anna is away from {first} to {last}; Ben acts for them to the end of {last}.\n"
    assert firm("person", "away", *period, "--json").json == {
        "person": "Anna",
        "first_day": first,
        "last_day": last,
        "deputy": None,
    }
    table = firm("person", "list").out
    assert f"Ben {first} to {last}" in table
    listed = {one["name"]: one for one in firm("person", "list", "--json").json}
    assert listed["Anna"]["away"] == [{"first_day": first, "last_day": last}]
    back = firm("person", "back", "anna@example.com", "--from", "2099-08-10")
    assert back.out == f"Anna works again from 2099-08-10; the days off were {first} to {last}.\n"
    assert f"Ben {first} to 2099-08-09" in firm("person", "list").out
    again = firm("person", "back", "anna@example.com")
    assert (again.code, again.err.startswith("Anna has no day off on")) == (3, True)


def test_working_hours_are_set_shown_and_taken_back(firm: Program) -> None:
    anna = ("person", "hours", "anna@example.com")
    firms = "Anna: working days Mon-Fri, hours not set, public holidays of no country, time zone UTC.\n"
    assert firm(*anna).out == firms
    own = ("--days", "Sun-Thu", "--from", "09:00", "--until", "18:00", "--country", "SA")
    assert firm(*anna, *own).out == (
        "Anna: working days Sun-Thu, hours 09:00-18:00, public holidays of SA, time zone UTC.\n"
    )
    assert firm(*anna, "--json").json == {
        "name": "Anna",
        "working_days": "Sun-Thu",
        "hours": "09:00-18:00",
        "country": "SA",
        "timezone": "UTC",
    }
    only_country = "Anna: working days Sun-Thu, hours not set, public holidays of SA, time zone UTC.\n"
    assert firm(*anna, "--reset", "--country", "SA").out == only_country  # a Saudi week by default
    assert firm(*anna, "--reset").out == firms
    wrong = firm(*anna, "--days", "5")
    assert (wrong.code, wrong.err) == (
        2,
        "--days: '5' are not days of the week; write them as Mon-Fri or Sun-Thu.\n",
    )


def test_a_role_is_changed_but_the_last_admin_stays_one(firm: Program) -> None:
    assert firm("person", "role", "anna@example.com", "team_lead").out == "Anna is now: team lead.\n"
    refused = firm("person", "role", "ada@example.com", "viewer")
    assert (refused.code, refused.err.startswith("Nobody would be an admin any more.")) == (5, True)
    own = firm("person", "role", "ada@example.com", "viewer", "--as", "ada@example.com")
    assert (own.code, own.err) == (4, "Nobody changes their own role. Ask another admin.\n")


def test_a_team_sees_another_ones_customers_until_that_is_taken_back(firm: Program) -> None:
    assert firm("team", "sees", "West", "East").out == "West sees the customers of East.\n"
    said = firm("team", "sees", "West", "East", "--no-longer").out
    assert said == "West no longer sees the customers of East.\n"


@pytest.mark.parametrize(
    ("command", "who", "said"),
    [
        ("person list", "sam", "Only admins change people"),
        ("person role ben@example.com admin", "lea", "Only admins change people"),
        ("team sees West East", "finn", "Only admins change people"),
        (
            "person deputy ada@example.com ben@example.com --until 2099-01-01",
            "lea",
            "You can name a deputy for",
        ),
        ("person away ben@example.com --until 2099-01-01", "anna", "You can set your own working time"),
        ("person back anna@example.com", "sam", "You can set your own working time"),
        ("person hours ada@example.com --days Mon", "lea", "You can set your own working time"),
        ("person hours ada@example.com", "anna", "You can set your own working time"),
        ("import people people.csv", "sam", "Only admins change people"),
        ("import customers people.csv", "anna", "Only sales operations and admins import"),
        ("import undo 1", "sam", "Only admins change people"),
        ("db recount", "sam", "Only admins decide about messages"),
        ("grade --scheme orders_only", "lea", "Only sales operations and admins"),
        ("grade --replay 2026-01-01 2026-03-31", "anna", "Only sales operations and admins grade"),
        ("customer duplicates", "finn", "Only sales operations and admins import"),
        ("customer duplicates --json", "lea", "Only sales operations and admins import"),
        ("verify", "lea", "Only sales operations, finance and admins look at the whole book"),
        ("verify --all --csv", "anna", "Only sales operations, finance and admins look at the whole book"),
        ("db restore people.csv", "sam", "Only admins decide about messages"),
        ("db restored", "sam", "Only admins decide about messages"),
    ],
)
def test_a_command_does_for_a_person_only_what_they_may(
    firm: Program, command: str, who: str, said: str
) -> None:
    done = firm(*command.split(), "--as", f"{who}@example.com")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith(said)


@pytest.mark.parametrize("status", ["left", "guest", "outside"])
def test_nothing_is_done_for_a_person_who_is_no_member_in_slack_any_more(
    firm: Program, tmp_path: Path, status: str
) -> None:
    with sqlite3.connect(next(tmp_path.rglob("tierbot.db"))) as book:
        book.execute("UPDATE person SET slack_status = ? WHERE name = 'Ada'", (status,))
    for command in (["person", "list"], ["report", "rfm"], ["person", "role", "ben@example.com", "admin"]):
        done = firm(*command, "--as", "ada@example.com")
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith("Your Slack account is deactivated, a guest or of another company.")


def test_nobody_changes_their_own_role_by_a_file_or_its_undoing(firm: Program, tmp_path: Path) -> None:
    header = "email,name,role\n"
    (tmp_path / "self.csv").write_text(f"{header}ada@example.com,Ada,viewer\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text(f"{header}lea@example.com,Lea,admin\n", encoding="utf-8")
    assert firm("import", "people", "other.csv", "--as", "ada@example.com").code == 0
    own = firm("import", "people", "self.csv", "--as", "ada@example.com")
    undone = firm("import", "undo", "2", "--as", "lea@example.com")
    assert [(one.code, one.err) for one in (own, undone)] == [
        (4, "Nobody changes their own role. Ask another admin.\n")
    ] * 2
    roles = {one["name"]: one["role"] for one in firm("person", "list", "--json").json}
    assert (roles["Ada"], roles["Lea"]) == ("admin", "admin")
    assert firm("import", "people", "self.csv", "--as", "lea@example.com").code == 0
