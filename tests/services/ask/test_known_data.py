"""*Why* splits a change on the data that the newest grading knew; what has come since is announced, and told once."""

import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli.output import presentation
from bot.clock import FixedClock
from bot.services.ask import explanation
from bot.services.ask.explanation import Explained
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.rendering import Renderer
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_lookup import ADMIN
from tests.services.grade.real_book import RealBook

JANUARY, FEBRUARY, MARCH, APRIL = (
    date(2026, 1, 31),
    date(2026, 2, 28),
    date(2026, 3, 31),
    date(2026, 4, 30),
)


class Firm(RealBook):
    """Customers under 0.6 × quality + 0.4 × service: ACME with 50 and 50 in January, 60 for quality in February."""

    def open(self, codes: tuple[str, ...] = ("ACME",)) -> None:
        self.bring("customers", "code,name", *(f"{code},{code}" for code in codes))
        with self.database.write() as session:
            factories.scheme(session)

    def facts(self, *lines: str) -> int:
        return self.bring("facts", "customer,field,value,date", *lines)

    def two_gradings(self) -> None:
        self.open()
        self.facts("ACME,quality,50,2026-01-10", "ACME,service,50,2026-01-10")
        self.go(2, 1, 1)
        self.grade(JANUARY)
        self.go(2, 28, 1)
        self.facts("ACME,quality,60,2026-02-10")
        self.go(3, 1, 1)
        self.grade(FEBRUARY)
        self.go(3, 10, 1)

    def why(self, code: str = "ACME") -> Explained:
        pointer, today = Pointer(id=self.ids()[code]), self.clock.now().date()
        return explanation.why(self.database, SchemeCache(), ADMIN, pointer, today)


@pytest.fixture
def firm(database: Database, tmp_path: Path) -> Firm:
    return Firm(database, tmp_path, FixedClock(datetime(2026, 1, 31, 8, tzinfo=UTC)))


def parts(explained: Explained) -> dict[str, float]:
    return {part.kind: part.points for part in explained.message.change.parts}


def text(explained: Explained, language: str = "en") -> str:
    return presentation.as_text(Renderer().slots(explained.message, language, mentions=False))


def test_a_correction_since_the_newest_grading_waits_and_is_then_told_once(firm: Firm) -> None:
    firm.two_gradings()
    assert parts(firm.why()) == {"behaviour": 0.6 * 10}
    assert not firm.why().message.news
    firm.facts("ACME,service,70,2026-01-10")
    explained = firm.why()
    assert parts(explained) == {"behaviour": 0.6 * 10}  # not 0.4 × 20 of data and as much less of behaviour
    assert (explained.message.news, explained.message.news_count_on) == (True, MARCH)
    said = "New data since Feb 28, 2026 count in the grading of Mar 31, 2026, or at once where they change the tier."
    assert said in text(explained)
    assert "2026年2月28日以来的新数据" in text(explained, "zh")
    firm.go(4, 1, 1)
    firm.grade(MARCH)
    assert (parts(firm.why()), firm.why().message.news) == ({"data": 0.4 * 20}, False)
    firm.go(5, 1, 1)
    firm.grade(APRIL)
    assert (parts(firm.why()), firm.why().message.news) == ({}, False)


@pytest.mark.parametrize(
    ("lines", "news"),
    [
        (["ACME,quality,61,2026-03-05"], True),  # what the customer did since
        (["ACME,service,50,2026-01-10"], False),  # the same as before
        (["ACME,quality,40,2026-01-05"], False),  # older than what counts
        (["ACME,credit,B,2026-03-05"], True),  # a gate
    ],
)
def test_only_what_a_grading_would_count_is_announced(firm: Firm, lines: list[str], news: bool) -> None:
    firm.two_gradings()
    before = parts(firm.why())
    firm.facts(*lines)
    assert (parts(firm.why()), firm.why().message.news) == (before, news)


def test_a_change_since_an_earlier_day_is_split_on_the_data_of_the_newest_grading_too(firm: Firm) -> None:
    firm.two_gradings()
    firm.facts("ACME,service,70,2026-01-10")
    explained = explanation.why(
        firm.database, SchemeCache(), ADMIN, Pointer(id=firm.ids()["ACME"]), date(2026, 3, 10), JANUARY
    )
    assert parts(explained) == {"behaviour": 0.6 * 10}


def test_after_the_undo_of_what_counted_a_change_is_not_split(firm: Firm) -> None:
    firm.open()
    firm.facts("ACME,quality,50,2026-01-10", "ACME,service,50,2026-01-10")
    firm.go(2, 1, 1)
    firm.grade(JANUARY)
    firm.go(2, 28, 1)
    number = firm.facts("ACME,quality,60,2026-02-10")
    firm.go(3, 1, 1)
    firm.grade(FEBRUARY)
    firm.go(3, 10, 1)
    firm.undo(number)
    explained = firm.why()
    assert (explained.message.change.reason, explained.message.change.parts) == ("no_data_of_then", ())
    assert "can no longer be restored" in text(explained)
    assert explained.message.news


def test_before_the_first_snapshot_after_news_there_is_no_day_to_name(firm: Firm) -> None:
    firm.open()
    firm.facts("ACME,quality,50,2026-01-10", "ACME,service,50,2026-01-10")
    firm.go(2, 1, 1)
    firm.grade(JANUARY)
    firm.go(2, 2, 1)
    firm.facts("ACME,quality,51,2026-01-10")
    first = firm.why().message
    assert (first.change.reason, first.news, first.news_count_on) == ("no_earlier", True, FEBRUARY)


@on_sqlite
def test_whatever_comes_later_why_says_the_same_until_the_next_grading(firm: Firm) -> None:
    """Fifteen customers, three gradings, each followed by corrections, late data and news of a random kind."""
    rng = random.Random(7)
    codes = tuple(f"C{number}" for number in range(15))
    firm.open(codes)
    days = {JANUARY: (2, 1), FEBRUARY: (3, 1), MARCH: (4, 1)}

    def news(until: date) -> None:
        lines = {
            f"{code},{field}": (
                rng.randrange(101),
                date(2026, rng.randrange(1, until.month + 1), 1 + rng.randrange(28)),
            )
            for code in codes
            for field in ("quality", "service")
            if rng.random() < 0.6
        }
        firm.facts(*(f"{what},{value},{day}" for what, (value, day) in lines.items()))

    firm.go(1, 31, 9)
    firm.facts(
        *(
            f"{code},{field},{rng.randrange(101)},2026-01-01"
            for code in codes
            for field in ("quality", "service")
        )
    )
    compared = told_news = 0
    for as_of, (month, day) in days.items():
        firm.go(month, day, 1)
        firm.grade(as_of)
        at_once: dict[str, Any] = {code: firm.why(code).change for code in codes}
        firm.go(month, 28, 1)
        news(date(2026, month, 28))
        for code, change in at_once.items():
            later = firm.why(code)
            assert later.change == change
            compared += change is not None
            told_news += later.message.news
    assert compared == 2 * len(codes)
    assert told_news > len(codes)
