"""The buttons of a message of greetings: one for each customer, and one for all."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session, col, delete, select

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage
from bot.services.care import occasions
from bot.services.care.greetings import ToGreet, greetings
from bot.services.care.occasion_days import OccasionDay
from bot.services.delivery import outbox
from bot.services.recipients import Place
from bot.slack import blocks
from bot.wording.actions import Action
from bot.wording.care.greetings import GreetedCustomer
from bot.wording.greeting_texts import languages
from bot.wording.parts import TierPart
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.care import touches
from db.care.touches import Touch, TouchMessage, TouchRole
from db.outbox.messages import OutboxMessage
from tests.slack.office import ANNA, ROOM, Office, eventually, opened_office, words

GREETED, ALL_GREETED = str(Action.GREETED), str(Action.ALL_GREETED)
DAY = date(SystemClock().now().year + 1, 1, 1)  # the bots' clock is the machine's


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def office(opened: Office) -> Iterator[Office]:
    yield opened
    with opened.database.write() as session:
        for table in (TouchMessage, Touch, Activity, OutboxMessage):
            session.exec(delete(table))


def greeting(session: Session, customer: Customer) -> ToGreet:
    """An open greeting of a customer, as a reminder of it has been written."""
    touch = Touch(
        dedupe_key=f"greeting:{customer.id}:{DAY}:greeting",
        customer_id=customer.id or 0,
        step="greeting",
        occasion="new_year",
        kind="greeting",
        tier="A",
        due_on=DAY,
        anchor=DAY,
        remind_at=SystemClock().now(),
        state="reminded",
        created_at=SystemClock().now(),
    )
    session.add(touch)
    session.flush()
    named = GreetedCustomer(
        customer_id=customer.id or 0,
        version=customer.version,
        name=customer.name,
        code=customer.code,
        touch_id=touch.id or 0,
        touch_version=touch.version,
    )
    return ToGreet(customer=named, tier=TierPart(id="A", rank=0), country="GB", top=True)


def posted(office: Office) -> StoredMessage:
    """The message about ACME and Globex, in a channel, as the delivery has sent it."""
    with office.database.write() as session:
        to_greet = [
            greeting(session, one) for one in session.exec(select(Customer).order_by(col(Customer.id)))
        ]
        new_year = occasions.OCCASIONS["new_year"]
        message = greetings("new_year", new_year.name, OccasionDay(day=DAY), to_greet, languages(None))
        content = blocks.payload(office.bots[0].tierbot.deps.renderer, message, "en")
        sent = office.post(content)
        number = outbox.enqueue(
            session,
            kind="greetings",
            place=Place(channel=ROOM),
            message=message,
            language="en",
            dedupe_key=f"greetings:{sent.ts}",
            now=SystemClock().now(),
        )
        row = session.get_one(OutboxMessage, number)
        row.state, row.slack_channel, row.slack_ts = "sent", ROOM, sent.ts
        session.add_all(
            TouchMessage(outbox_id=number, touch_id=one.customer.touch_id, role=TouchRole.GREETING)
            for one in to_greet
        )
    return sent


def labels(office: Office, sent: StoredMessage) -> list[str]:
    """What can be pressed in a message as it is now."""
    return [one["text"]["text"] for one in office.now(sent).blocks[-1]["elements"]]


def states(office: Office) -> dict[int, str]:
    with office.database.read() as session:
        found = session.exec(select(Touch).where(Touch.occasion == "new_year", Touch.anchor == DAY))
        return {one.customer_id: one.state for one in found}


def contacts(office: Office) -> list[tuple[int, str]]:
    with office.database.read() as session:
        return [
            (one.customer_id, one.kind)
            for one in session.exec(select(Activity).order_by(col(Activity.customer_id)))
        ]


def test_the_name_of_a_customer_records_that_it_was_greeted_and_the_others_stay(office: Office) -> None:
    sent = posted(office)
    assert office.workspace.click(ANNA, sent, f"{GREETED}.0").ok
    eventually(lambda: ":white_check_mark: *ACME*" in words(office.now(sent)), "the mark at ACME")
    assert states(office) == {1: "done", office.globex: "reminded"}
    assert contacts(office) == [(1, "greeting")]
    assert "• *Globex*" in words(office.now(sent))
    assert labels(office, sent) == ["All greeted", "Undo", "Globex"]


def test_undo_opens_the_last_greeting_again_and_then_the_one_before(office: Office) -> None:
    sent = posted(office)

    def press(action: str, result: str) -> None:
        assert office.workspace.click(ANNA, office.now(sent), action).ok
        eventually(lambda: result in words(office.now(sent)), result)

    press(f"{GREETED}.0", "the last one: ACME")
    press(f"{GREETED}.0", "the last one: Globex")
    assert labels(office, sent) == ["Undo"]
    press(str(Action.UNDO), "• *Globex*")
    assert contacts(office) == [(1, "greeting")]
    press(str(Action.UNDO), "• *ACME*")
    assert contacts(office) == []
    assert labels(office, sent) == ["All greeted", "ACME", "Globex"]
    assert set(states(office).values()) <= set(touches.OPEN)


def test_all_greeted_closes_what_is_open_and_takes_the_buttons_away(office: Office) -> None:
    sent = posted(office)
    assert office.workspace.click(ANNA, sent, f"{GREETED}.1").ok
    eventually(lambda: ":white_check_mark: *Globex*" in words(office.now(sent)), "the mark at Globex")
    assert office.workspace.click(ANNA, office.now(sent), ALL_GREETED).ok
    eventually(lambda: "All of them have been greeted." in words(office.now(sent)), "the end")
    assert states(office) == {1: "done", office.globex: "done"}
    assert contacts(office) == [(1, "greeting"), (office.globex, "greeting")]
    assert GREETED not in words(office.now(sent))


def test_all_greeted_leaves_out_who_has_another_account_manager_now(office: Office) -> None:
    sent = posted(office)
    with office.database.write() as session:
        (owned,) = session.exec(select(Ownership).where(Ownership.customer_id == office.globex))
        before, owned.person_id = owned.person_id, 2
    try:
        assert office.workspace.click(ANNA, sent, ALL_GREETED).ok
        eventually(lambda: states(office)[1] == "done", "ACME")
        assert states(office)[office.globex] == "reminded"
    finally:
        with office.database.write() as session:
            session.exec(
                select(Ownership).where(Ownership.customer_id == office.globex)
            ).one().person_id = before


def test_a_second_press_on_all_greeted_changes_nothing_and_shows_what_is(office: Office) -> None:
    sent = posted(office)
    for _ in range(2):  # the same button, as in a client that was not refreshed
        assert office.workspace.click(ANNA, sent, ALL_GREETED).ok
    eventually(lambda: "dealt with this" in str([words(one) for one in office.said_to(ANNA)]), "the answer")
    assert contacts(office) == [(1, "greeting"), (office.globex, "greeting")]
    assert "All of them have been greeted." in words(office.now(sent))
