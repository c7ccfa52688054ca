"""One person cannot read the whole book, and learns nothing by guessing: asked for through the real Bolt app."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlmodel import col, delete, select

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.services.ask.bounds import FREE_GUESSES
from bot.services.ask.listing import state
from bot.slack import blocks
from bot.wording.actions import Action, Pointer
from db.book import people
from db.book.customers import Customer, CustomerName, NameToken
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, ROOM, Office, eventually, words
from tests.slack.test_forged import number, submit

pytestmark = on_sqlite
TOO_MANY = "This would be more than 2 different customers today"
# Of a person, of a list, and what is no button; forms about steps are in test_step_answers.py.
NO_BUTTONS = (
    *(Action.TAKE_BACK, Action.MORE_TODO, Action.NEW_CALENDAR, Action.REVOKE_CALENDAR),
    *(Action.CONTACTS_IN_FULL, Action.ADD_CONTACT, Action.CHANGE_CONTACT),  # only in a view
    *(Action.PROFILE_IN_FULL, Action.CHANGE_PROFILE, Action.UNDO_PROFILE),  # the same
    *(Action.WEEKLY, Action.TEAM),  # of a week and a team, not of a customer
    *(action for action in Action if action.points_at == "list"),
    *(action for action in Action if action.points_at == "home" or action is Action.HOME_SEARCH),
    *(Action.BRIEFS_ON, Action.BRIEFS_OFF),  # of the reader, as those before
    Action.ASK,  # a question like one that is typed
    # In the menu of a message, which names no customer by its number; and of what is none yet.
    *(Action.LOG_MESSAGE, Action.PICK_CUSTOMER, Action.ADD_PROSPECT),
    Action.MORE,  # what is chosen in the menu is an action of its own
    *(action for action in Action if action.endswith("_form")),
)
WAIT = "You have asked several times for what is not in your book. Wait "


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[Office]:
    """Anna's book is ACME, Globex, Hooli and Initech; she may look at two a day. Umbrella is Omar's."""
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20, monotonic=lambda: 0.0) as workspace:
        office = Office(
            workspace=workspace,
            database=database,
            folder=tmp_path,
            way="socket",
            settings={"TIERBOT_CUSTOMERS_PER_DAY": 2},
        )
        office.open()
        with database.write() as session:
            anna = people.by_email(session, "anna@example.com")
            assert anna is not None
            factories.person(session, "Grace", role="admin")
            omar = factories.person(session, "Omar", slack=False)
            owned = {"Hooli": anna.id, "Initech": anna.id, "Umbrella": omar}
            graded = {
                factories.customer(session, name, code=name, owner_id=owner): "A"
                for name, owner in owned.items()
            }
            factories.graded(session, graded, as_of=date(2026, 2, 28))
        office.start()
        try:
            yield office
        finally:
            office.close()


def ask(office: Office, question: str) -> str:
    """The answer that Anna gets."""
    before = len(office.said_to(ANNA))
    assert office.workspace.command(ANNA, ROOM, "/tier", question).ok
    told = eventually(lambda: office.said_to(ANNA)[before:], "an answer")
    return words(told[0])


def press(office: Office, action: Action, customer: str) -> str:
    """The answer that Anna gets to a button of this customer."""
    customer_id = number(office, customer)
    query = state.of_names(["ACME", customer_id]) if action is Action.COMPARE else None
    pointer = Pointer(id=customer_id, version=1, choice="skip", query=query)
    button = {
        "type": "button",
        "action_id": str(action),
        "value": blocks.encode(pointer),
        "text": {"type": "plain_text", "text": "."},
    }
    message = office.post({"text": "A button", "blocks": [{"type": "actions", "elements": [button]}]})
    before = len(office.said_to(ANNA))
    office.workspace.views.clear(ANNA)
    assert office.workspace.click(ANNA, message, str(action)).ok

    def answer() -> str | None:
        """A message, or the view in which the button waits, once it says more."""
        view = office.workspace.view_of(ANNA)
        if view is not None and "hourglass" not in str(view.spec):
            return str(view.spec)
        return next((words(one) for one in office.said_to(ANNA)[before:]), None)

    answered = str(eventually(answer, f"an answer to {action}"))
    office.finish_work()  # a press may be answered in two places
    return answered


def limits_told(office: Office) -> list[tuple[str, str]]:
    """(recipient, body) of what admins were told of limits."""
    with office.database.read() as session:
        query = "SELECT p.name, o.body_json FROM outbox o JOIN person p ON p.id = o.recipient WHERE o.kind = 'limit'"
        return [(row[0], row[1]) for row in session.execute(text(query))]


def test_an_insider_who_reads_the_book_is_stopped_and_the_admins_hear_of_it_once(office: Office) -> None:
    assert "ACME" in ask(office, "ACME")  # counted once, although it was asked for before
    assert "Globex" in ask(office, "Globex")
    for refused in ("Initech", "Hooli", ""):
        assert TOO_MANY in ask(office, refused)
    assert "Globex" in ask(office, "Globex")
    told = eventually(lambda: limits_told(office), "a word to the admins")
    assert [name for name, _ in told] == ["Grace"]
    assert '"limit": 2' in told[0][1]


def test_a_second_process_counts_with_the_first(office: Office) -> None:
    ask(office, "Globex")
    seen = "SELECT sum(customers) FROM daily_use"

    def stored() -> bool:
        with office.database.read() as session:
            return bool(session.execute(text(seen)).scalar() == 2)

    eventually(stored, "the count in the database")
    office.start()
    assert all(TOO_MANY in ask(office, "Hooli") for _ in office.bots)  # they take turns


def test_wrong_guesses_lead_to_a_pause_that_tells_nothing(office: Office) -> None:
    for place in range(FREE_GUESSES):
        assert WAIT not in ask(office, f"Nobody {place}")
    assert {ask(office, name).partition(" s, and")[0] for name in ("Umbrella", "Nobody", "ACME")} == {
        ask(office, "Umbrella").partition(" s, and")[0]
    }
    assert WAIT in ask(office, "ACME")


@pytest.mark.parametrize("question", ["Umbrella", "Umbrelle", "Umbr", "umbrella holding"])
def test_another_ones_customer_is_answered_as_one_that_does_not_exist_by_the_same_queries(
    office: Office, question: str
) -> None:
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "name" in statement:  # of people and customers: another thread reads its own
            asked.append(re.sub(r"\(\?(, \?)*\)", "(…)", statement))

    reader = office.bots[0].tierbot.database.reader
    ask(office, "Warm up")
    event.listen(reader, "before_cursor_execute", note)
    try:
        there = ask(office, question).partition("{")[0], asked.copy()
        with office.database.write() as session:
            umbrella = select(Customer.id).where(Customer.name == "Umbrella")
            for names in (NameToken, CustomerName):
                session.exec(delete(names).where(col(names.customer_id).in_(umbrella)))
        asked.clear()
        gone = ask(office, question).partition("{")[0], asked.copy()
    finally:
        event.remove(reader, "before_cursor_execute", note)
    assert there == gone
    assert len(there[1]) > 5


def test_a_question_that_is_cancelled_shows_no_card_beyond_the_limit(office: Office) -> None:
    ask(office, "Globex")
    assert TOO_MANY in press(office, Action.CANCEL, "Hooli")


def test_every_button_and_form_of_another_ones_customer_is_a_wrong_guess(office: Office) -> None:
    uncounted = []
    for action in (*Action, None):
        if action in NO_BUTTONS:
            continue
        office.bots[0].tierbot.bounds._askers.clear()
        for place in range(FREE_GUESSES):
            if action is not None:
                assert "Umbrella" not in press(office, action, "Umbrella")
            else:
                metadata = blocks.encode(Pointer(id=number(office, "Umbrella"), version=1))
                assert "no such customer" in str(submit(office, view_id=f"V{place}", metadata=metadata))
        if WAIT not in ask(office, "ACME"):
            uncounted.append(str(action))
    assert uncounted == []


def test_a_reminder_that_is_pressed_during_the_pause_stays(office: Office) -> None:
    office.globex = number(office, "Hooli")  # of the newest grading
    reminder = office.reminder()
    for place in range(FREE_GUESSES):
        ask(office, f"Nobody {place}")
    before = len(office.said_to(ANNA))
    assert office.workspace.click(ANNA, reminder, str(Action.DONE)).ok
    assert WAIT in words(eventually(lambda: office.said_to(ANNA)[before:], "an answer")[0])
    assert office.now(reminder).blocks == reminder.blocks
