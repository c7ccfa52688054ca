"""`tierbot report at-risk`: sums, by person and team, and customers, for people and for scripts, in both languages."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.errors import NotReady
from bot.services.grade import figures, runs
from bot.services.schemes.store import SchemeCache
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Command, Output

TODAY = SystemClock().now().date()  # commands go by the clock of the machine


@pytest.fixture
def book(file: Path) -> Path:
    """Silent (400 of margin at risk), Falling (200 of revenue), Once with one order, Usual; of Anna in East and of nobody."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        factories.scheme(session)
        anna = factories.person(session, "Anna", team_id=factories.team(session, "East"))
        silent = factories.customer(session, "Silent", code="S", owner_id=anna)
        falling = factories.customer(session, "Falling", code="F")
        usual, once = (
            factories.customer(session, name, code=name, owner_id=anna) for name in ("Usual", "Once")
        )
        for number in range(8):
            factories.order(session, silent, TODAY - timedelta(days=100 + 30 * number), 100, cost=50)
            factories.order(session, usual, TODAY - timedelta(days=10 + 30 * number), 100)
        for number in range(16):
            day = TODAY - timedelta(days=5 + 45 * number)
            factories.order(session, falling, day, 100 if number > 7 else 50)
        factories.order(session, once, TODAY - timedelta(days=400), 900)
    runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=None,
        today=TODAY,
        now=SystemClock().now(),
        notify=None,
    )
    database.close()
    return file


def test_before_the_first_grading_it_says_what_is_missing(command: Command) -> None:
    refused = command("report", "at-risk")
    assert isinstance(refused.exception, NotReady)
    assert "tierbot grade" in str(refused.exception)


def test_it_prints_sums_groups_and_customers(book: Path, tierbot: Output) -> None:
    said = tierbot("report", "at-risk", "--by", "person")
    assert "400 EUR of margin a year, of 1 customer: 400 of silent ones, 0 of those that buy less." in said
    assert "of revenue a year, of 1 customer whose costs are unknown: 0 of silent ones, 400 of those" in said
    assert "Not silent in this sense: 1 ordered on one day only, of 0 no rhythm is known." in said
    assert "without an account manager" in said
    assert "silent, at risk (over 3 gaps)" in said
    assert "S Silent" in said
    assert "Usual" not in said


def test_scripts_read_json_and_csv(book: Path, tierbot: Output) -> None:
    found = json.loads(tierbot("report", "at-risk", "--by", "team", "--json"))
    assert [(one["team"], one["basis"], one["amount"]) for one in found["groups"]] == [
        ("East", "margin", 400.0),
        (None, "revenue", 400.0),
    ]
    assert {one["code"]: (one["state"], one["value_at_risk"]) for one in found["customers"]} == {
        "S": ("at_risk", 400.0),
        "F": ("falling", 400.0),
    }
    assert found["one_time"] == 1
    rows = list(csv.DictReader(io.StringIO(tierbot("report", "at-risk", "--csv"))))
    assert {row["code"]: row["basis"] for row in rows} == {"S": "margin", "F": "revenue"}
    groups = list(csv.DictReader(io.StringIO(tierbot("report", "at-risk", "--by", "person", "--csv"))))
    assert {row["person"]: float(row["amount"]) for row in groups} == {"Anna": 400.0, "": 400.0}
    assert len(json.loads(tierbot("report", "at-risk", "--most", "1", "--json"))["customers"]) == 1


def test_a_person_sees_the_own_customers(book: Path, tierbot: Output) -> None:
    found = json.loads(tierbot("report", "at-risk", "--as", "anna@example.com", "--json"))
    assert [one["code"] for one in found["customers"]] == ["S"]
    assert found["accounts"] == 3


def test_in_chinese(book: Path, tierbot: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    said = tierbot("report", "at-risk", "--by", "team")
    assert "每年毛利 400 EUR" in said
    assert "没有团队" in said


def test_old_figures_are_said_to_be_old(book: Path, command: Command) -> None:
    database = open_database(f"sqlite:///{book}")
    with database.write() as session:
        figures.mark_due(session, 2)
    database.close()
    assert "older than the newest grading" in command("report", "at-risk").stderr
    assert "the figures of accounts are older than the newest grading" in command("doctor").output
