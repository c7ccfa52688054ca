"""A move that corrected or late data carry is not taken for the customer's behaviour."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.cli.output import presentation
from bot.clock import FixedClock
from bot.services.grade import runs
from bot.services.grade.assessment import TierChange
from bot.services.schemes.store import SchemeCache
from bot.wording.message_base import Message
from bot.wording.messages import OwnTierChanged, TierChanged, load
from bot.wording.rendering import Renderer
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import none_on_postgresql
from tests.services.grade.real_book import RealBook

pytestmark = none_on_postgresql

JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
TWO_CONFIRMATIONS = (
    "movement: {margin_up: 0, margin_down: 0, confirm_up: 2, confirm_down: 2, min_dwell: 0, max_step: 1}\n"
)


class Firm(RealBook):
    """ACME under 0.6 × quality + 0.4 × service (A from 70, B from 45): 50 and 50 on January 10, imported as facts."""

    def open(self, scheme: str = "") -> None:
        self.bring("customers", "code,name", "ACME,ACME")
        with self.database.write() as session:
            factories.scheme(session, factories.PLAIN_SCHEME + scheme)
            factories.own(session, self.ids()["ACME"], factories.person(session, "Anna"))
        self.facts("quality,50,2026-01-10", "service,50,2026-01-10")
        self.go(2, 1, 1)
        self.grade(JANUARY, silent=True)
        self.go(2, 28, 8)

    def facts(self, *lines: str) -> int:
        return self.bring("facts", "customer,field,value,date", *(f"ACME,{line}" for line in lines))

    def graded(self, as_of: date) -> list[TierChange]:
        report = runs.grade_book(
            self.database,
            SchemeCache(),
            for_purpose="account",
            as_of=as_of,
            today=self.clock.now().date(),
            now=self.clock.now(),
            notify=self.notify,
        )
        return list(report.changes)

    def messages(self) -> list[Message]:
        with self.database.read() as session:
            return [
                load(json.loads(row.body_json))
                for row in session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))
            ]

    def told(self, language: str) -> list[str]:
        messages = self.messages()
        assert [type(message) for message in messages] == [TierChanged, OwnTierChanged]
        return [
            presentation.as_text(Renderer().slots(message, language, mentions=False)) for message in messages
        ]


@pytest.fixture
def firm(database: Database, tmp_path: Path) -> Firm:
    return Firm(database, tmp_path, FixedClock(datetime(2026, 1, 31, 8, tzinfo=UTC)))


def moves(changes: list[TierChange]) -> list[tuple[str, str, str]]:
    return [(change.before, change.after, change.cause) for change in changes]


@pytest.mark.parametrize(
    ("lines", "move"),
    [
        # 0.6 × 90 + 0.4 × 50 = 74, which would have been A in January already
        (["quality,90,2026-01-10"], ("B", "A", "data")),
        # 0.6 × 30 + 0.4 × 50 = 38
        (["quality,30,2026-01-10"], ("B", "C", "data")),
        # late: about January, but not known in January
        (["quality,90,2026-01-20"], ("B", "A", "data")),
        # of February: what the customer did
        (["quality,90,2026-02-10"], ("B", "A", "behaviour")),
        (["quality,30,2026-02-10"], ("B", "C", "behaviour")),
        # 0.4 × 40 = 16 by February, 0.6 × 10 = 6 by the correction; and the other way round
        (["quality,60,2026-01-10", "service,90,2026-02-10"], ("B", "A", "behaviour")),
        (["quality,80,2026-01-10", "service,60,2026-02-10"], ("B", "A", "data")),
        # corrected by 0.6 × -30, though February has added 0.4 × 20
        (["quality,20,2026-01-10", "service,70,2026-02-10"], ("B", "C", "data")),
        # a correction against the move excuses nobody: 0.6 × 10 of it, 0.4 × -40 of February
        (["quality,60,2026-01-10", "service,10,2026-02-10"], ("B", "C", "behaviour")),
        # a gate that was hit in January already, and one that is hit since
        (["credit,D,2026-01-15"], ("B", "C", "data")),
        (["credit,D,2026-02-15"], ("B", "C", "behaviour")),
        (["sanctions,true,2026-01-15"], ("B", "blocked", "data")),
        (["sanctions,true,2026-02-15"], ("B", "blocked", "behaviour")),
    ],
)
def test_the_larger_part_in_the_direction_of_a_move_is_its_cause(
    firm: Firm, lines: list[str], move: tuple[str, str, str]
) -> None:
    firm.open()
    firm.facts(*lines)
    firm.go(3, 1, 1)
    assert moves(firm.graded(FEBRUARY)) == [move]
    assert [one.what for one in firm.verify().differences if one.row != "no import"] == []  # Anna's ownership
    for language, thanks, corrected in (
        ("en", "thank them", "corrected or late"),
        ("zh", "致电感谢", "更正"),
    ):
        for words in firm.told(language):
            assert (corrected in words) == (move[2] == "data")
            assert (thanks in words) == (move == ("B", "A", "behaviour"))


def test_a_correction_that_waited_for_its_confirmation_is_still_a_correction(firm: Firm) -> None:
    firm.open(TWO_CONFIRMATIONS)
    firm.facts("quality,90,2026-01-10")
    firm.go(3, 1, 1)
    assert firm.graded(FEBRUARY) == []
    firm.go(4, 1, 1)
    assert moves(firm.graded(MARCH)) == [("B", "A", "data")]


def test_what_waited_for_its_confirmation_is_no_correction_because_of_another_one(firm: Firm) -> None:
    firm.open(TWO_CONFIRMATIONS)
    firm.facts("quality,90,2026-02-10")
    firm.go(3, 1, 1)
    assert firm.graded(FEBRUARY) == []
    firm.facts("service,52,2026-02-10", "service,51,2026-01-10")
    firm.go(4, 1, 1)
    assert moves(firm.graded(MARCH)) == [("B", "A", "behaviour")]


def test_an_import_that_is_undone_corrects_what_it_had_brought(firm: Firm) -> None:
    firm.open()
    number = firm.facts("quality,90,2026-02-10")
    firm.go(3, 1, 1)
    assert moves(firm.graded(FEBRUARY)) == [("B", "A", "behaviour")]
    firm.go(3, 2, 1)
    firm.undo(number)
    firm.go(4, 1, 1)
    assert moves(firm.graded(MARCH)) == [("A", "B", "data")]


def test_news_of_a_day_that_was_not_over_is_no_correction_and_a_correction_of_it_is(firm: Firm) -> None:
    firm.open()
    firm.facts("quality,90,2026-02-28")
    firm.regrade()
    firm.go(2, 28, 9)
    firm.facts("service,0,2026-02-28")  # 0.6 × 90 = 54
    firm.regrade()
    firm.go(2, 28, 10)
    firm.facts("quality,10,2026-02-28")  # 0.6 × 10 = 6
    firm.regrade()
    causes = [message.cause for message in firm.messages() if isinstance(message, TierChanged)]
    assert causes == ["behaviour", "behaviour", "data"]
