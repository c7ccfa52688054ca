"""Personal and financial fields are masked in what commands print; who sees them in full is in the audit."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.services.grade import runs
from bot.services.schemes.store import SchemeCache
from db.engine import Database, open_database
from tests import factories
from tests.cli.conftest import Program
from tests.personal_book import CODE, FACTS, approve_limit, fill, seen_in
from tests.services.reports.test_credit import CREDIT_SCHEME

COMMANDS = [
    ["tier", CODE],
    ["tier", "ACM"],
    ["why", "ACME"],
    ["why", "ACME", "--exact"],
    ["history", "ACME"],
    ["review", "list"],
    ["customer", "duplicates"],
    ["credit", "show", "ACME"],
    ["verify"],
    ["report", "rfm"],
]
AS_JSON = (["tier", "ACME"], ["why", "ACME"], ["customer", "duplicates"], ["credit", "show", "ACME"])


@pytest.fixture(scope="module")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a book with every canary, graded, and with an approved limit."""
    path, today = tmp_path_factory.mktemp("personal") / "tierbot.db", SystemClock().now().date()
    shutil.copy(migrated, path)
    database = open_database(f"sqlite:///{path}")
    with database.write() as session:
        anna = factories.person(session, "Anna", slack=False)
    acme = fill(database, anna, today)
    with database.write() as session:
        factories.order(session, acme, today - timedelta(days=30), 12_000)
        version = factories.scheme(session, CREDIT_SCHEME)
        factories.fact(session, acme, "standing", 80)
    for purpose in ("account", "credit"):
        runs.grade_book(
            database,
            SchemeCache(),
            for_purpose=purpose,
            as_of=today.replace(day=1) - timedelta(days=1),
            today=today,
            now=SystemClock().now(),
            notify=None,
        )
    approve_limit(database, acme, version, today)
    database.close()
    return path


@pytest.fixture
def book(program: Program, file: Path, filled: Path) -> Iterator[Database]:
    shutil.copy(filled, file)
    database = open_database(f"sqlite:///{file}")
    yield database
    database.close()


def test_no_command_prints_a_personal_or_financial_value(program: Program, book: Database) -> None:
    seen = {}
    for command in (*COMMANDS, *([*one, "--json"] for one in AS_JSON)):
        done = program(*command)
        assert done.out, command
        # The card shows what was said in the last contact.
        allowed = ["canary note"] if command == ["tier", CODE] else []
        if found := seen_in(done.out + done.err, allowed=allowed):
            seen[" ".join(command)] = found
    assert seen == {}


FULL = {
    "tier": (
        ["tier", "ACME"],
        ["73,918,264", "73.9%", *(v for v in FACTS.values() if "." not in v or "@" in v)],
    ),
    "why": (["why", "ACME"], ["73,918,264", "73.9%", FACTS["tax_number"]]),
    "why exact": (["why", "ACME", "--exact"], ["73,918,264", "73.9%"]),
    "credit": (["credit", "show", "ACME"], ["91,827.00"]),
    "people": (["person", "list"], ["anna@example.com"]),
    "duplicates": (["customer", "duplicates"], [FACTS["tax_number"], CODE]),
}


@pytest.mark.parametrize(("command", "shown"), FULL.values(), ids=FULL)
def test_show_personal_shows_it_and_is_recorded_first(
    command: list[str], shown: list[str], program: Program, book: Database
) -> None:
    before = len(program("audit", "show", "--json").json)
    done = program(*command, "--show-personal")
    assert done.code == 0
    assert [value for value in shown if value not in done.out and value != FACTS["net_worth"]] == []
    acts = program("audit", "show", "--json").json
    looks = [one for one in acts if one["action"] == "personal_shown"]
    assert len(acts) > before
    assert [one["door"] for one in looks] == ["command line"]
    assert seen_in(str(acts)) == []


def test_scripts_get_values_only_with_show_personal(program: Program, book: Database) -> None:
    masked = {line["indicator"]: line for line in program("tier", "ACME", "--json").json["breakdown"]}
    assert (masked["net_worth"]["value"], masked["net_worth"]["masked"]) == (None, True)
    assert (masked["quality"]["value"], "masked" in masked["quality"]) == (10, False)
    full = program("tier", "ACME", "--json", "--show-personal").json
    assert {line["indicator"]: line["value"] for line in full["breakdown"]} == {
        "quality": 10,
        "net_worth": 73918264,
        "debt_ratio": 0.7391,
    }
    assert {fact["field"]: fact["value"] for fact in full["unmasked"]["facts"]} == {
        field: value for field, value in FACTS.items() if field not in ("net_worth", "debt_ratio")
    }
    credit = program("credit", "show", "ACME", "--json").json
    assert (credit["limit"], credit["approved"][0]["limit"], credit["masked"]) == (
        None,
        None,
        ["limit", "net_worth", "approved_limit"],
    )


@pytest.mark.parametrize("command", [["review", "list"], ["report", "rfm"], ["customer", "duplicates"]])
def test_a_list_of_customers_is_recorded_with_their_number(
    command: list[str], program: Program, book: Database
) -> None:
    assert program(*command, "--csv").code == 0
    (act,) = [one for one in program("audit", "show", "--json").json if one["action"] == "exported"]
    assert (act["object_kind"], act["object_id"]) == ("book", f"tierbot {' '.join(command)}")
    assert act["after"]["customers"] >= 1


def test_score_shows_the_callers_own_file_as_it_is(program: Program, book: Database) -> None:
    Path("scheme.yaml").write_text(factories.PLAIN_SCHEME, encoding="utf-8")
    Path("flat.csv").write_text(f"code,name,quality,service\n{CODE},ACME,50,50\n", encoding="utf-8")
    done = program("score", "flat.csv", "--scheme", "scheme.yaml", "--as-of", "2026-03-31", "--json")
    assert done.json[0]["code"] == CODE


def test_a_person_without_the_right_sees_no_field_in_full(program: Program, book: Database) -> None:
    with book.write() as session:
        factories.person(session, "Vera", role="sales_ops", slack=False)
    for command in (
        ["tier", "ACME"],
        ["why", "ACME"],
        ["credit", "show", "ACME"],
        ["customer", "duplicates"],
    ):
        done = program(*command, "--show-personal", "--as", "vera@example.com")
        assert done.code == 4, command
        assert seen_in(done.out + done.err) == []


@pytest.mark.parametrize("how", [[], ["--json"]], ids=["text", "json"])
def test_who_approves_a_limit_sees_it_and_no_earlier_one(
    how: list[str], program: Program, book: Database
) -> None:
    done = program("credit", "approve", "ACME", "--limit", "555", "--terms", "30", "--reason", "x", *how)
    assert done.code == 0
    assert "555" in done.out
    assert seen_in(done.out) == []


@pytest.mark.parametrize("how", [[], ["--json"], ["--csv"]], ids=["text", "json", "csv"])
def test_the_audit_shows_a_limit_only_with_show_personal(
    how: list[str], program: Program, book: Database
) -> None:
    assert program("credit", "approve", "ACME", "--limit", "4321", "--terms", "30", "--reason", "x").code == 0
    masked = program("audit", "show", "--customer", "ACME", *how)
    assert ("4321" in masked.out, seen_in(masked.out), "•••" in masked.out) == (False, [], True)
    full = program("audit", "show", "--customer", "ACME", "--show-personal", *how)
    assert "4321" in full.out
    assert program("audit", "show", "--json").json[0]["action"] == "personal_shown"


def test_a_look_at_a_customer_whose_name_alone_is_masked_is_recorded(
    program: Program, book: Database
) -> None:
    with book.write() as session:
        factories.customer(session, "Shop 13800731942", code="S-1")
    assert seen_in(program("tier", "S-1").out) == []
    assert "13800731942" in program("tier", "S-1", "--show-personal").out
    (look,) = [one for one in program("audit", "show", "--json").json if one["action"] == "personal_shown"]
    assert look["after"] == {"fields": ["name"]}
