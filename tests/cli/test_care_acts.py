"""`care done`, `snooze`, `skip`, `reassign` and `undo`: what people do with a step, by command."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot import settings
from bot.app import build
from bot.clock import SystemClock
from bot.services.care import schedule
from db.care.touches import Touch
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program

TODAY = SystemClock().now().date()


@pytest.fixture
def firm(program: Program, file: Path) -> Program:
    """ACME of Anna's, tier A, with its care planned; Ben's team does not see it."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        east = factories.team(session, "East")
        anna = factories.person(session, "Anna", team_id=east)
        factories.person(session, "Olga", role="team_lead", team_id=east)
        factories.person(session, "Ben")
        acme = factories.customer(session, "ACME", code="K1", owner_id=anna)
        factories.contact(session, acme, TODAY - timedelta(days=20), "visit")
        factories.graded(session, {acme: "A"}, as_of=TODAY)
    database.close()
    bot = build(settings.load())
    schedule.plan_all(bot.database, bot.rules, bot.clock.now())
    bot.close()
    return program


def states(file: Path, step: str = "revisit") -> list[str]:
    database = open_database(f"sqlite:///{file}")
    with database.read() as session:
        found = [
            one.state for one in session.exec(select(Touch).where(Touch.step == step).order_by(col(Touch.id)))
        ]
    database.close()
    return found


def test_done_records_a_contact_and_every_command_shows_the_next_date(firm: Program, file: Path) -> None:
    done = firm("care", "done", "K1", "revisit", "--kind", "call", "--as", "anna@example.com", "--json")
    assert (done.code, done.json["outcome"], done.json["kind"]) == (0, "done", "call")
    assert states(file) == ["done", "planned"]
    card = firm("tier", "K1", "--json").json
    assert card["next_step"]["due_on"] <= done.json["next_due"]
    assert done.json["next_due"] > TODAY.isoformat()
    undone = firm("care", "undo", "K1", "revisit", "--as", "anna@example.com")
    assert (undone.code, "Taken back by Anna: it is due on" in undone.out) == (0, True)
    assert states(file) == ["planned", "cancelled"]
    again = firm("care", "undo", "K1", "revisit", "--as", "anna@example.com")
    assert (again.code, "that can be taken back" in again.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "said", "state"),
    [
        (("snooze", "--days", "3"), "Snoozed by Anna until", "snoozed"),
        (("snooze", "--until", (TODAY + timedelta(days=9)).isoformat()), "Snoozed by Anna until", "snoozed"),
        (("skip", "--reason", "They are away"), "Skipped by Anna: They are away", "skipped"),
        (("reassign", "olga@example.com"), "Anna has given this to Olga", "planned"),
    ],
)
def test_a_step_is_answered_by_command(
    firm: Program, file: Path, arguments: tuple[str, ...], said: str, state: str
) -> None:
    command, *rest = arguments
    done = firm("care", command, "K1", "revisit", *rest, "--as", "anna@example.com")
    assert (done.code, done.err) == (0, "")
    assert said in done.out
    assert states(file)[0] == state


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("done", "K1", "nothing"), 3, "K1 has no open step nothing. Open: "),
        (("done", "K2", "revisit"), 3, "There is no customer K2."),
        (("done", "K1", "revisit", "--kind", "gift"), 2, "gift does not fulfil this step"),
        (("snooze", "K1", "revisit"), 2, "Give either --days or --until."),
        (("snooze", "K1", "revisit", "--until", "2026-01-01"), 2, "Choose a day after today."),
        (("skip", "K1", "revisit", "--reason", "x"), 2, "Write why, in 3 to 500 characters."),
        (("reassign", "K1", "revisit", "who@example.com"), 2, "Tierbot does not know this person."),
        (("done", "K1", "revisit", "--as", "ben@example.com"), 3, "There is no customer K1."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(
    firm: Program, file: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    before = states(file)
    done = firm("care", *arguments)
    assert done.code == code
    assert sentence in done.err
    assert states(file) == before


def test_the_operator_of_the_machine_answers_steps_without_being_a_person_of_the_book(
    firm: Program, file: Path
) -> None:
    assert firm("care", "skip", "K1", "revisit", "--reason", "They are away").code == 0
    assert firm("care", "undo", "K1", "revisit").code == 0
    assert states(file)[0] == "planned"
