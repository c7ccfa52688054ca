"""A message in Slack follows its steps, whoever changes them: a worker draws it again, once, as fast as Slack takes it."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select, update

from bot.clock import FixedClock
from bot.services.access import Actor
from bot.services.care.answers import redraws
from bot.services.delivery.messenger import Answer
from bot.services.delivery.pace import Pace
from bot.services.delivery.worker import Worker, WorkerOptions
from bot.services.imports import ImportOptions, import_file, undo
from bot.wording.care.digest import CareDigest
from bot.wording.care.greetings import Greetings
from bot.wording.message_base import Message
from db.audit import Door
from db.book.customers import Customer
from db.care.redraws import Redraw
from db.care.touches import Touch
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, REVISIT_A, Book, at, plan_of_tests, rules
from tests.services.delivery.ledger import Ledger

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
ACME, GLOBEX = 1, 2


class Firm(Book):
    """Anna's ACME and Globex are due for a revisit on Monday; her digest stands in Slack, and a worker draws."""

    def open(self, customers: int = 2) -> None:
        self.slack = Ledger(self.clock.now)
        self.options = WorkerOptions(pace=None)
        with self.database.write() as session:
            team = factories.team(session, "East")
            anna = factories.person(session, "Anna", team_id=team)
            factories.person(session, "Ben", team_id=team)
            names = ["ACME", "Globex", *(f"Customer {number}" for number in range(2, customers))]
            ids = [factories.customer(session, name, owner_id=anna) for name in names]
            for customer in ids:
                factories.contact(session, customer, MONDAY - REVISIT_A * DAY, "call")
        self.grade(dict.fromkeys(ids, "A"))
        self.go(MONDAY)

    def go(self, *when: Any, **how: Any) -> None:
        super().go(*when, **how)
        self.stand()

    def draw(self, after: timedelta = timedelta()) -> int:
        self.clock.advance(after)
        worker = Worker(
            database=self.database,
            slack=self.slack,
            clock=self.clock,
            rng=random.Random(1),
            options=self.options,
        )
        return redraws.redraw(worker, lambda: self.rules)

    def drawn(self) -> list[Message]:
        """What the worker has updated since this was asked last."""
        found = [message for _, _, message in self.slack.updates]
        self.slack.updates.clear()
        return found

    def marked(self) -> int:
        with self.database.read() as session:
            return len(set(session.exec(select(Redraw.outbox_id))))

    def import_contact(self, customer: int = ACME) -> None:
        """What an import does: a row of the book, and the customer is planned again."""
        with self.database.write() as session:
            factories.contact(session, customer, MONDAY, "visit")
        self.plan()

    @property
    def anna(self) -> Actor:
        return self.actor("U0ANNA")


@pytest.fixture
def firm(database: Database) -> Firm:
    firm = Firm(database, clock=FixedClock(at(MONDAY - DAY)))
    firm.open()
    assert firm.draw() == 0
    return firm


def rows_of(firm: Firm) -> dict[str, str]:
    """Customer -> what its row says now in the one digest that was drawn."""
    assert firm.draw() == 1
    (message,) = firm.drawn()
    assert isinstance(message, CareDigest)
    return {row.name: row.state for row in message.rows}


def archive(firm: Firm) -> None:
    with firm.database.write() as session:
        session.get_one(Customer, ACME).archived = True
    firm.plan()


def other_plan(firm: Firm) -> None:
    tiers = plan_of_tests().tiers
    without = [step for step in tiers["A"].steps if step.id != "revisit"]
    firm.rules = rules(tiers={**tiers, "A": tiers["A"].model_copy(update={"steps": without})})
    firm.plan()


def button(firm: Firm) -> Any:
    return next(row.target for row in firm.digests()[0][1].rows if row.name == "ACME")


CHANGES: dict[str, tuple[Callable[[Firm], Any], str]] = {
    "done on the command line": (
        lambda firm: firm.done(replace(firm.anna, door=Door.COMMAND_LINE), button(firm), "visit"),
        "done",
    ),
    "snoozed": (lambda firm: firm.snooze(firm.anna, button(firm)), "snoozed"),
    "skipped": (lambda firm: firm.skip(firm.anna, button(firm)), "skipped"),
    "reassigned": (lambda firm: firm.reassign(firm.anna, "U0BEN", button(firm)), "reassigned"),
    "a contact by a form": (lambda firm: firm.log(firm.anna, ACME, MONDAY), "done"),
    "a contact by an import": (Firm.import_contact, "done"),
    "another tier": (lambda firm: (firm.grade({ACME: "B", GLOBEX: "A"}), firm.plan()), "put_off"),
    "another plan": (other_plan, "over"),
    "archived": (archive, "over"),
}


@on_sqlite
@pytest.mark.parametrize("change", CHANGES)
def test_a_digest_shows_what_has_become_of_a_step_whoever_changed_it(firm: Firm, change: str) -> None:
    act, state = CHANGES[change]
    act(firm)
    assert rows_of(firm)["ACME"] == state
    assert firm.draw() == 0


@on_sqlite
def test_a_customer_that_is_joined_into_another_is_over_in_the_digest_until_the_join_is_undone(
    firm: Firm, tmp_path: Path
) -> None:
    with firm.database.write() as session:
        for customer, code in ((ACME, "C1"), (GLOBEX, "C2")):
            session.get_one(Customer, customer).code = code
    (tmp_path / "joins.csv").write_text("customer,into\nC1,C2\n", encoding="utf-8")
    operator = factories.operator("mia@example.com")
    done = import_file(
        firm.database,
        kind="joins",
        path=tmp_path / "joins.csv",
        clock=firm.clock,
        actor=operator,
        options=ImportOptions(),
        rejects_dir=tmp_path,
    )
    assert rows_of(firm)["ACME"] == "over"
    undo(firm.database, done.batch_id or 0, clock=firm.clock, actor=operator)
    assert rows_of(firm)["ACME"] == "open"


@on_sqlite
def test_an_undo_by_command_opens_the_row_again(firm: Firm) -> None:
    firm.done(firm.anna, button(firm), "visit")
    assert rows_of(firm)["ACME"] == "done"
    firm.undo(firm.anna, replace(button(firm), version=firm.touches(ACME)[0].version))
    assert rows_of(firm)["ACME"] == "open"


@on_sqlite
def test_a_contact_that_was_taken_back_opens_the_row_again(firm: Firm) -> None:
    firm.import_contact()
    assert rows_of(firm)["ACME"] == "done"
    with firm.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM activity WHERE kind = 'visit'")
    firm.plan()
    assert rows_of(firm)["ACME"] == "open"


@on_sqlite
def test_a_message_about_an_occasion_follows_its_greetings(database: Database) -> None:
    firm = Firm(database, clock=FixedClock(at(MONDAY - DAY)))
    firm.open()
    new_year = MONDAY.replace(month=12, day=31)
    with database.write() as session:
        session.exec(update(Customer).values(country="CN"))
    firm.go(new_year)
    firm.go(new_year + DAY)
    greetings = [message for _, message in firm.sent() if isinstance(message, Greetings)]
    assert greetings
    firm.draw()
    firm.drawn()
    with database.write() as session:
        factories.contact(session, ACME, firm.clock.now().date(), "greeting")
    firm.plan()
    firm.draw()
    said = [message for message in firm.drawn() if isinstance(message, Greetings)]
    assert [[one.name for one in message.open_customers] for message in said] == [["Globex"]]


def test_many_changes_of_one_message_are_one_update(database: Database) -> None:
    firm = Firm(database, clock=FixedClock(at(MONDAY - DAY)))
    firm.open(customers=15)
    for customer in range(1, 16):
        with database.write() as session:
            factories.contact(session, customer, MONDAY, "visit")
    firm.plan()
    assert (firm.marked(), firm.draw(), len(firm.drawn())) == (1, 1, 1)


@on_sqlite
def test_only_messages_of_the_last_days_are_drawn_and_the_marks_of_others_are_forgotten(firm: Firm) -> None:
    firm.clock.advance(redraws.LASTS + MINUTE)
    firm.import_contact()
    assert (firm.marked(), firm.draw(), firm.drawn()) == (1, 0, [])


@on_sqlite
def test_a_message_that_is_still_to_be_sent_is_drawn_when_it_stands_in_slack(firm: Firm) -> None:
    with firm.database.write() as session:
        session.exec(update(OutboxMessage).values(state="pending"))
    firm.import_contact()
    assert firm.draw() == 0
    with firm.database.write() as session:
        session.exec(update(OutboxMessage).values(state="sent"))
    assert rows_of(firm)["ACME"] == "done"


LIMITED = Answer(outcome="retry", error_class="ratelimited", concerns="rate", retry_after=MINUTE)
LOST = Answer(outcome="lost", error_class="no_answer", concerns="network")
GONE = Answer(outcome="retry", error_class="message_not_found")


@on_sqlite
@pytest.mark.parametrize(
    ("answer", "later", "drawn"),
    [(LIMITED, MINUTE, 1), (LOST, timedelta(seconds=5), 1), (GONE, timedelta(days=1), 0)],
    ids=["Slack asks to wait", "the answer was lost", "the message is gone"],
)
def test_an_update_that_slack_does_not_take_is_tried_again_while_that_may_help(
    firm: Firm, answer: Answer, later: timedelta, drawn: int
) -> None:
    firm.import_contact()
    firm.slack.answers = [answer]
    firm.draw()
    assert (len(firm.drawn()), firm.marked()) == (1, drawn)
    assert (firm.draw(), firm.drawn()) == (0, [])
    firm.draw(later)
    assert (len(firm.drawn()), firm.marked()) == (drawn, 0)


@on_sqlite
def test_updates_are_given_up_after_many_tries(firm: Firm) -> None:
    firm.import_contact()
    firm.slack.answers = [LOST] * redraws.TRIES
    for _ in range(redraws.TRIES):
        firm.draw(redraws.LONGEST_WAIT)
    assert (len(firm.drawn()), firm.marked()) == (redraws.TRIES, 0)


def test_a_change_while_a_message_is_drawn_is_drawn_too(firm: Firm) -> None:
    class Slow(Ledger):
        def update(self, channel: str, ts: str, message: Message, language: str | None) -> Answer:
            if not self.updates:
                firm.import_contact(GLOBEX)
            return super().update(channel, ts, message, language)

    firm.slack = Slow(firm.clock.now)
    firm.import_contact()
    assert firm.draw() == 1
    firm.drawn()
    firm.slack = Ledger(firm.clock.now)
    assert rows_of(firm) == {"ACME": "done", "Globex": "done"}


def test_of_two_workers_that_draw_at_the_same_time_the_newer_state_stays(firm: Firm) -> None:
    """The older one arrives last: it notices that its marks are gone, and the message is drawn once more."""

    class Overtaken(Ledger):
        def update(self, channel: str, ts: str, message: Message, language: str | None) -> Answer:
            firm.import_contact(GLOBEX)
            firm.slack = quick
            with firm.database.write() as session:  # the lease of the slow one has ended
                session.exec(update(Redraw).values(next_at=firm.clock.now()))
            assert firm.draw() == 1
            return super().update(channel, ts, message, language)

    quick = Ledger(firm.clock.now)
    firm.slack = Overtaken(firm.clock.now)
    firm.import_contact()
    assert firm.draw() == 1
    firm.slack = quick
    firm.drawn()
    assert rows_of(firm) == {"ACME": "done", "Globex": "done"}


@on_sqlite
def test_updates_keep_to_slacks_pace_and_begin_with_the_newest_message(firm: Firm) -> None:
    for number in range(3):
        firm.go(MONDAY + (number + 1) * DAY, 8)
        with firm.database.write() as session:
            session.exec(update(Touch).values(remind_at=firm.clock.now()))
        firm.go(MONDAY + (number + 1) * DAY)
    firm.options = WorkerOptions(pace=Pace(workspace=2))
    firm.import_contact()
    many = firm.marked()
    assert many > 2
    days = []
    while firm.marked():
        assert firm.draw(MINUTE) <= 2
        days += [message.day for message in firm.drawn() if isinstance(message, CareDigest)]
    assert days == sorted(days, reverse=True)
    assert len(days) == many
