"""Who acts on the command line, who may approve, and that the audit has everything that was decided."""

import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Done, Program
from tests.recorded import Recorded, recorded

RULES = "override: {allowed: true, needs: [reason], max_days: 60}\n"
PLAIN = factories.PLAIN_SCHEME + RULES
FILES = {
    "people": "email,name,role,team\nanna@example.com,Anna,account_manager,East\nlee@example.com,Lee,team_lead,East\n"
    "grace@example.com,Grace,admin,\n",
    "teams": "name,lead\nEast,lee@example.com\n",
    "customers": "code,name,owner\nC-1,ACME,anna@example.com\nC-2,Birch,anna@example.com\nC-3,Cedar,\n",
    "facts": "customer,field,value,date\n"
    + "".join(f"C-1,{field},{value},2025-12-01\n" for field, value in (("quality", 60), ("service", 60))),
    "orders": "order_no,customer,date,amount,currency\n"
    + "".join(f"O{month},C-1,2025-{month:02}-10,{month}000,EUR\n" for month in range(1, 13)),
}


@pytest.fixture
def files(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "plain.yaml").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "second.yaml").write_text(PLAIN.replace("version: 1", "version: 2"), encoding="utf-8")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database as `book` made it for the first test."""
    return tmp_path_factory.mktemp("kept") / "tierbot.db"


@pytest.fixture
def book(program: Program, file: Path, files: None, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Two customers of Anna's, whom Lee leads, and one of nobody's; graded."""
    monkeypatch.setattr("getpass.getuser", lambda: "rita")
    if kept.exists():
        shutil.copy(kept, file)
        return program
    for kind in FILES:
        assert program("import", kind, f"{kind}.csv", "--yes", "unknown-field").code == 0
    assert program("grade", "--scheme", "plain.yaml", "--as-of", "2025-12-31").code == 0
    shutil.copy(file, kept)
    return program


def rows(file: Path, *actions: str) -> list[Recorded]:
    database = open_database(f"sqlite:///{file}")
    try:
        return recorded(database, *actions)
    finally:
        database.close()


def until() -> str:
    return (SystemClock().now().date() + timedelta(days=30)).isoformat()


def decide(book: Program, *options: str, code: str = "C-1") -> Done:
    return book("override", "set", code, "A", "--reason", "why", "--until", until(), *options)


def test_what_is_decided_on_the_command_line_is_in_the_audit_and_the_chain_is_right(
    book: Program, file: Path
) -> None:
    begun = len(rows(file))
    story = [
        ("scheme propose orders_only --out own.yaml", ["scheme_proposed"]),
        (f"override set C-1 A --reason why --until {until()} --as lee@example.com", ["override_set"]),
        ("override end C-1", ["override_ended"]),
        ("grade", ["grading_published"]),  # on the first day of a month a snapshot
        ("review answer C-3 unrated --note seen", ["review_answered"]),
        ("scheme shadow second.yaml", ["scheme_shadowed"]),
        (f"scheme approve second.yaml --from {SystemClock().now().date()}", ["scheme_approved"]),
        ("scheme retire plain@2 --yes", ["scheme_retired"]),
        ("care approve retail --yes", ["care_plan_approved"]),
        ("care list", ["exported"]),
        ("care retire retail --yes", ["care_plan_retired"]),
        ("customer join C-2 C-1", ["customers_joined"]),
        ("import undo 6", ["import_undone", "customers_separated"]),
        ("db recount", ["totals_recounted"]),
        ("catch-up --apply", ["caught_up"]),
        ("audit export audit.jsonl", ["exported"]),
        ("db backup copy.db", []),
        ("db restore copy.db --yes", ["backup_restored"]),
    ]
    for command, _ in story:
        done = book(*command.split())
        assert done.code == 0, (command, done.err)
    assert [row.action for row in rows(file)[begun:]] == [one for _, actions in story for one in actions]
    verified = book("audit", "verify", "--json")
    assert (verified.code, verified.json["is_sound"]) == (0, True)
    assert verified.json["rows"] == len(rows(file))
    assert book("audit", "verify", "--anchor", verified.json["anchor"]).code == 0


def test_an_import_of_people_names_each_change_of_rights_and_so_does_its_undoing(
    book: Program, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text("email,name,role,active\nanna@example.com,Anna Sun,team_lead,no\n")
    assert book("import", "people", "people.csv").code == 0
    assert book("import", "undo", "6").code == 0
    old, new = '{"active":true,"role":"account_manager"}', '{"active":false,"role":"team_lead"}'
    row = ("operator:rita", "import", "person_changed", "person 1")
    assert rows(file, "person_changed")[-2:] == [Recorded(*row, old, new), Recorded(*row, new, old)]
    created, led = rows(file, "team_changed")
    assert (created.before, json.loads(created.after or "")) == (None, {"channel": None, "lead_id": None})
    assert (led.before, led.after) == ('{"lead_id":null}', '{"lead_id":2}')


def test_who_acts_is_the_person_that_as_names_with_their_rights_else_the_operator(
    book: Program, file: Path
) -> None:
    assert decide(book, "--as", "lee@example.com").code == 0
    assert book("override", "end", "C-1").code == 0
    set_by, ended_by = rows(file, "override_set", "override_ended")
    assert (set_by.actor, set_by.door, ended_by.actor) == ("person:2", "command line", "operator:rita")
    (shown,) = book("audit", "show", "--person", "lee@example.com", "--json").json[:1]
    assert (shown["name"], shown["operator"]) == ("Lee", "operator:rita")
    (listed,) = book("override", "list", "--all", "--json").json
    assert (listed["set_by"], listed["ended_by"]) == ("Lee", "operator:rita")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("override set C-3 A --reason why --as lee@example.com", "It is not clear who C-3 is"),
        ("override set C-1 A --reason why --as anna@example.com", "whose tier you may decide"),
        ("tier C-3 --as lee@example.com", "Cedar"),
        ("grade --scheme plain.yaml --as lee@example.com", "decide about schemes"),
        ("import people people.csv --as lee@example.com", "Only admins change people"),
        ("import undo 1 --as lee@example.com", "Only admins change people"),
        ("customer join C-2 C-1 --as lee@example.com", "import data"),
        ("audit show --as lee@example.com", "Only admins read the audit"),
        ("audit export new.jsonl --as lee@example.com", "Only admins read the audit"),
        ("tier C-1 --as nobody@example.com", "nobody in the book has this address"),
    ],
)
def test_a_person_does_on_the_command_line_only_what_they_may(
    book: Program, file: Path, command: str, says: str
) -> None:
    before = rows(file)
    done = book(*command.split())
    assert done.code != 0
    assert (says in done.err + done.out) is (says != "Cedar")
    assert rows(file) == before


@pytest.mark.parametrize(
    ("approver", "acting", "says"),
    [
        ("zzz nobody", None, "--approver zzz nobody: no active person of the book has this e-mail address"),
        ("left@example.com", None, "no active person of the book"),
        ("anna@example.com", None, "this person may not set this customer's tier"),
        ("lee@example.com", "lee@example.com", "nobody approves their own decision"),
        ("lee@example.com", "grace@example.com", None),
        ("grace@example.com", "lee@example.com", None),
        ("GRACE@example.com", None, None),
    ],
)
def test_an_approver_is_somebody_else_of_the_book_who_may_set_the_tier(
    book: Program, file: Path, tmp_path: Path, approver: str, acting: str | None, says: str | None
) -> None:
    (tmp_path / "people.csv").write_text("email,name,role,active\nleft@example.com,Left,admin,no\n")
    assert book("import", "people", "people.csv").code == 0
    done = decide(book, "--approver", approver, *(("--as", acting) if acting else ()))
    if says is not None:
        assert done.code in (2, 4)
        assert says in done.err
        assert rows(file, "override_set") == []
        return
    assert done.code == 0, done.err
    (row,) = rows(file, "override_set")
    person = {"lee@example.com": 2, "grace@example.com": 3}[approver.lower()]
    assert json.loads(row.after or "") == {"approver": person, "tier": "A", "until": until()}


@pytest.mark.parametrize(("acting", "code"), [("lee@example.com", 4), ("grace@example.com", 0)])
def test_a_deputy_approves_no_decision_of_the_person_for_whom_they_act(
    book: Program, acting: str, code: int
) -> None:
    named = book("person", "deputy", "lee@example.com", "anna@example.com", "--until", "2099-12-31")
    assert named.code == 0, named.err
    done = decide(book, "--approver", "anna@example.com", "--as", acting)
    assert done.code == code, done.err


@pytest.mark.parametrize("status", ["left", "guest", "outside"])
def test_an_approver_is_a_member_in_slack(book: Program, file: Path, status: str) -> None:
    with sqlite3.connect(file) as found:
        found.execute("UPDATE person SET slack_status = ? WHERE email = 'grace@example.com'", (status,))
    assert "no active person of the book" in decide(book, "--approver", "grace@example.com").err


def test_a_firm_with_one_approver_says_so_and_each_approval_is_marked(
    book: Program, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grace = "--approver", "grace@example.com", "--as", "grace@example.com"
    assert "TIERBOT_SINGLE_APPROVER" in decide(book, *grace).err
    monkeypatch.setenv("TIERBOT_SINGLE_APPROVER", "yes")
    assert decide(book, *grace).code == 0
    (row,) = rows(file, "override_set")
    assert json.loads(row.after or "")["alone"] is True
    assert "Grace, of their own decision" in book("override", "list").out
    (listed,) = book("override", "list", "--json").json
    assert (listed["approver"], listed["approved_alone"]) == ("Grace", True)


def test_a_wrong_row_ends_verify_with_8_and_its_number(book: Program, file: Path) -> None:
    database = open_database(f"sqlite:///{file}")
    with database.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_entry SET actor = 'person:1' WHERE id = 3")
    database.close()
    done = book("audit", "verify")
    assert (done.code, "Row 3 of the audit is wrong" in done.err) == (8, True)
    assert book("audit", "verify", "--json").json["row"] == 3


def test_the_table_names_people_customers_and_what_changed(book: Program) -> None:
    assert decide(book, "--approver", "grace@example.com", "--as", "lee@example.com").code == 0
    table = book("audit", "show", "--customer", "C-1").out
    assert "Lee (operator:rita)" in table
    assert "command line" in table
    assert "override set" in table
    assert "customer C-1" in table
    assert f"approved by person no. 3; tier A; until {until()}" in table
    assert book("audit", "show", "--action", "erased").out == "The audit has no such row.\n"
    assert "there is no such action; there are override_set" in book("audit", "show", "--action", "x").err
    assert len(book("audit", "show", "--since", "2000-01-01", "--most", "2", "--json").json) == 2
