"""`tierbot care service`, and the service promise in `tier` and `care explain`."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col

from bot.clock import SystemClock
from bot.errors import NotFound
from bot.services import access
from bot.services.care.service.report import ServiceQuery, report
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from db.book import people
from db.engine import open_database
from db.graded.runs import Assessment
from grading.scheme.presets import preset_text
from tests import factories
from tests.cli.conftest import Program

DAY = timedelta(days=1)
TODAY = SystemClock().now().date()
PERIOD = ("--from", "2025-01-01", "--to", "2025-12-31")
PROMISE = """policy: {service: {visits_a_year: 4, response_days: 2, payment_days: 60, discount_percent: 7.5, delivery: priority,
    training_days_a_year: 1.5, dedicated: [{en: dedicated engineer, zh: 专属工程师}], extras: [{en: spare parts, zh: 备件}]}}"""
TEXT = factories.PLAIN_SCHEME.replace("{id: A, at: 70,", f"{{id: A, at: 70, {PROMISE},")


@pytest.fixture
def book(file: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program over two account managers of two teams, each with a customer that is in A since 2024."""
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setenv("TIERBOT_TIMEZONE", "UTC")
    monkeypatch.setenv("LOGNAME", "grace")
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        anna, ben = (
            factories.person(session, name, team_id=factories.team(session, team))
            for name, team in (("Anna", "East"), ("Ben", "West"))
        )
        acme = factories.customer(session, "ACME", owner_id=anna, code="C-1")
        globex = factories.customer(session, "Globex", owner_id=ben, code="C-2")
        for day in (date(2025, 2, 1), date(2025, 5, 1), date(2025, 12, 1)):
            factories.contact(session, acme, day)
        factories.complaint(session, acme, date(2025, 3, 3), closed_on=date(2025, 3, 20))
        factories.graded(session, {acme: "A", globex: "A"}, as_of=date(2024, 1, 31), text=TEXT)
    database.close()
    return program


# By 2 April, 2 July, 1 October and 31 December: the visits of February, May and December are in time.
ACME = {"visits": (4, 3, 0, 1), "response": (1, 0, 1, 0), "complaints": (1, 0, 1, 0)}
GLOBEX = {"visits": (4, 0, 0, 4)}


def rows(book: Program, *options: str, by: str = "tier") -> dict[str, dict[str, tuple[int, ...]]]:
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for row in book("care", "service", "--json", *PERIOD, "--by", by, *options).json:
        name = row["code"] if by == "customer" else row[by]
        numbers = tuple(row[key] for key in ("owed", "in_time", "late", "missed"))
        found.setdefault(name, {})[row["promised"]] = numbers
    return found


def test_what_was_owed_is_counted_by_customer_person_team_tier_and_month(book: Program) -> None:
    assert rows(book, by="customer") == {"C-1": ACME, "C-2": GLOBEX}
    assert rows(book, by="person") == {"Anna": ACME, "Ben": GLOBEX}
    assert rows(book, by="team") == {"East": ACME, "West": GLOBEX}
    assert rows(book) == {"A": {**ACME, "visits": (8, 3, 0, 5)}}
    assert rows(book, "ACME", by="month") == {
        "2025-03": {"response": (1, 0, 1, 0), "complaints": (1, 0, 1, 0)},
        "2025-04": {"visits": (1, 1, 0, 0)},
        "2025-07": {"visits": (1, 1, 0, 0)},
        "2025-10": {"visits": (1, 0, 0, 1)},
        "2025-12": {"visits": (1, 1, 0, 0)},
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["ACME"], {"A": ACME}),
        (["--team", "West"], {"A": GLOBEX}),
        (["--person", "anna@example.com"], {"A": ACME}),
        (["--person", "anna@example.com", "--team", "West"], {}),
        (["--tier", "B"], {}),
    ],
    ids=["a customer", "a team", "a person", "a person of another team", "a tier"],
)
def test_the_counts_can_be_of_one(book: Program, options: list[str], expected: object) -> None:
    assert rows(book, *options) == expected


def test_the_table_shows_what_is_promised_and_what_was_owed(book: Program) -> None:
    lines = book("care", "service", "ACME", *PERIOD).out.splitlines()
    assert lines[0] == (
        "Service promise: dedicated engineer · 4 visits a year · complaints answered within 2 days · delivered with priority ·"
        " training days a year: 1.5 · payment within 60 days · 7.5% discount · spare parts"
    )
    assert lines[1] == "Owed from 2025-01-01 to 2025-12-31:"
    assert lines[2].split("  ")[0] == "tier"
    assert [line.split() for line in lines[3:]] == [
        ["A", "visits", "4", "3", "0", "1", "75%"],
        ["A", "complaints", "answered", "1", "0", "1", "0", "0%"],
        ["A", "complaints", "settled", "by", "their", "deadlines", "1", "0", "1", "0", "0%"],
    ]


def test_the_same_stands_in_chinese(book: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    lines = book("care", "service", "ACME", *PERIOD).out.splitlines()
    assert lines[0] == (
        "服务承诺：专属工程师 · 每年拜访 4 次 · 投诉 2 天内答复 · 优先发货 · 每年培训天数：1.5 · 60 天内付款 · 折扣 7.5% · 备件"
    )
    assert lines[3].split() == ["A", "拜访", "4", "3", "0", "1", "75%"]


def test_csv_has_the_names_of_json_as_columns(book: Program) -> None:
    lines = book("care", "service", "--csv", *PERIOD, "--by", "person").out.splitlines()
    assert lines[0] == "promised,owed,in_time,late,missed,tier,person,team,code,customer,month"
    assert lines[1] == "visits,4,0,0,4,,Ben,,,,"


def test_those_of_whom_most_was_missed_come_first(book: Program) -> None:
    found = book("care", "service", "--json", *PERIOD, "--by", "customer", "--limit", "1").json
    assert [row["code"] for row in found] == ["C-2"]
    assert book("care", "service", *PERIOD, "--by", "customer", "--limit", "1").out.endswith(
        "There are more rows; --limit shows them.\n"
    )


def test_a_period_without_anything_owed_says_so(book: Program) -> None:
    said = book("care", "service", "--from", "2025-02-10", "--to", "2025-02-11").out
    assert said == "Nothing was owed from 2025-02-10 to 2025-02-11.\n"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--from", "2025-05-02", "--to", "2025-05-01"], 2, "before it begins on 2025-05-02"),
        (["--team", "North"], 3, "There is no team North"),
        (["--person", "zoe@example.com"], 3, "There is no person with the e-mail"),
        (["--tier", "Z"], 3, "There is no tier Z; use one of A, B, C, blocked, new, unrated."),
        (["--by", "region"], 2, "region"),
    ],
)
def test_what_does_not_fit_is_refused(book: Program, options: list[str], code: int, said: str) -> None:
    done = book("care", "service", *options)
    assert done.code == code, done
    assert said in done.err


def test_an_account_manager_counts_only_their_own_customers(book: Program) -> None:
    assert rows(book, "--as", "ben@example.com", by="customer") == {"C-2": GLOBEX}
    assert rows(book, "--as", "ben@example.com", by="person") == {"Ben": GLOBEX}
    assert book("care", "service", "ACME", "--as", "ben@example.com").code == 3


def test_the_card_and_the_explanation_name_the_promise(book: Program, file: Path) -> None:
    assert "Service promise: dedicated engineer · 4 visits a year" in book("tier", "ACME").out
    assert "Service promise: dedicated engineer · 4 visits a year" in book("care", "explain", "ACME").out
    terms = book("tier", "ACME", "--json").json["promised"]
    assert terms == book("care", "explain", "ACME", "--json").json["promised"]
    assert {"key": "visits_a_year", "number": 4, "name": None} in terms
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        session.execute(update(Assessment).where(col(Assessment.id) > 0).values(tier="B", computed_tier="B"))
    database.close()
    assert "Service promise" not in book("tier", "ACME").out
    assert "Its tier has no service promise" in book("care", "service", "ACME").out


def test_a_shipped_scheme_in_force_promises_nothing_until_its_new_version_is_approved(
    file: Path, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version before had the same rules without promises: nobody moves, and the card says so after the next grading."""
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setenv("TIERBOT_TIMEZONE", "UTC")
    before = re.sub(r"(?s),\s*policy: \{service: .*?\}\}\}\n", "}\n", preset_text("orders_only"))
    assert "policy: {service" not in before
    (tmp_path / "before.yaml").write_text(before.replace("version: 2", "version: 1", 1), encoding="utf-8")
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        acme = factories.customer(session, "ACME", owner_id=factories.person(session))
        for months in range(1, 12):
            factories.order(session, acme, TODAY - months * 30 * DAY, 90_000, currency="CNY")
    database.close()
    assert program("grade", "--scheme", "before.yaml").code == 0
    assert "Service promise" not in program("tier", "ACME").out
    assert program("care", "service", "--json", "--from", "2020-01-01").json == []
    found = program("scheme", "diff", "orders_only", "--json")
    assert found.code == 0, found
    assert found.json["movers"] == []
    approved = program("scheme", "approve", "orders_only", "--from", str(TODAY))
    assert approved.code == 0, approved
    assert program("grade", "--as-of", str(TODAY)).code == 0
    assert "Service promise: " in program("tier", "ACME").out
    tiers = [row["tier"] for row in program("history", "ACME", "--json").json]
    assert len(set(tiers)) == 1


def test_the_counts_of_a_customer_are_for_who_may_see_it(book: Program, file: Path) -> None:
    """The command finds the customer first; whoever else asks has its number only."""
    query = ServiceQuery(start=date(2025, 1, 1), end=date(2025, 12, 31), customer_id=1)
    database = open_database(f"sqlite:///{file}")
    with database.read() as session:
        ben = people.row_by_email(session, "ben@example.com", SystemClock().now())
        assert ben is not None
        actor = access.actor_of(ben, Settings(_env_file=None))
        with pytest.raises(NotFound):
            report(session, actor, SchemeCache(), query, TODAY)
    database.close()
