"""Complaints in Slack: recorded by a form, handled in the digest, closed and taken back, each once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View
from bot.services.care.complaints import rows as complaint_rows
from bot.services.care.digest import rows as digest_rows
from bot.slack import deferred
from bot.wording.actions import Action
from db.book.facts import Activity
from db.book.people import Person
from db.care.records import complaints
from db.care.records.complaints import Complaint, ComplaintStep
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, Office, eventually, opened_office, words

STEP, CLOSE, UNDO = map(str, (Action.COMPLAINT_STEP, Action.CLOSE_COMPLAINT, Action.UNDO_COMPLAINT))


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(ComplaintStep, Complaint, Activity, InboundRequest, OutboxMessage)


def today() -> str:
    return SystemClock().now().date().isoformat()


def form(office: Office) -> View:
    card = office.card()
    assert office.choose_more(ANNA, card, Action.COMPLAINT).ok
    return office.form()


REPORT = {"kind": "quality", "day": today(), "what": "The pumps leak."}


def digest(office: Office) -> StoredMessage:
    """A digest in Anna's direct messages with a complaint of Globex, as the delivery has sent it."""
    bot, now = office.bots[0].tierbot, SystemClock().now()
    with office.database.write() as session:
        number = factories.complaint(session, office.globex, now.date())
        found = complaints.rows(session, [number])
        rows = complaint_rows.rows_of(session, bot.rules.complaints, found, reader=1, day=now.date())
        message = digest_rows.digest_of([], day=now.date(), complaints=rows)
        sent, _ = office.send_digest(session, message)
    return sent


def now(office: Office, message: StoredMessage) -> StoredMessage:
    return next(m for m in office.workspace.messages(message.channel, ANNA) if m.ts == message.ts)


def press(office: Office, message: StoredMessage, action: str) -> None:
    assert office.workspace.click(ANNA, now(office, message), action).ok


def fill(office: Office, message: StoredMessage, action: str) -> View:
    press(office, message, action)
    found = office.form()
    assert "Globex" in str(found.spec)
    return found


def says(office: Office, message: StoredMessage, what: str) -> None:
    eventually(lambda: what in words(now(office, message)), what)


def test_the_button_on_a_card_records_a_complaint_and_the_card_shows_it(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), REPORT).ok
    assert "is recorded" in str(office.workspace.view_of(ANNA))
    (only,) = office.stored(Complaint)
    assert (only.kind, only.source) == ("quality", "slack")
    assert "1 open complaint since" in words(office.card())


def test_the_form_opens_only_for_those_who_may_record_one(office: Office) -> None:
    """A card of Anna's, pressed by a colleague who may not see the customer."""
    card = office.card()
    with office.database.write() as session:
        if session.exec(select(Person).where(Person.name == "Julia")).first() is None:
            factories.person(session, "Julia")
    shown = office.post({"text": "ACME", "blocks": [one for one in card.blocks if one["type"] == "actions"]})
    assert office.choose_more("U0JULIA", shown, Action.COMPLAINT).ok
    eventually(
        lambda: "no such customer" in str([words(m) for m in office.said_to("U0JULIA")]), "the refusal"
    )
    eventually(lambda: "no such customer" in str(office.workspace.view_of("U0JULIA")), "the same in the view")


def test_a_complaint_whose_answer_is_lost_counts_once(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement: the same form is sent again."""
    opened, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, REPORT).error
    assert office.workspace.submit_view(ANNA, opened, REPORT).ok
    assert "was recorded before" in str(office.workspace.view_of(ANNA))
    assert (len(office.stored(Complaint)), len(office.stored(Activity))) == (1, 1)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"day": "2099-01-01"}, "The day lies in the future."),
        ({"day": "1999-01-01"}, "The day is more than ten years ago."),
        ({"what": "      "}, "Write 3 to 2,000 characters."),
        ({"person": "U0OMAR"}, "Tierbot does not know this person."),
    ],
)
def test_what_cannot_be_is_said_below_its_input_and_the_form_stays(
    office: Office, values: dict[str, str], sentence: str
) -> None:
    refused = office.workspace.submit_view(ANNA, form(office), REPORT | values)
    (where,) = values
    assert sentence in refused.errors[where]
    assert office.stored(Complaint) == []


def test_undo_in_the_form_takes_complaint_and_activity_back(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), REPORT).ok
    view = office.workspace.view_of(ANNA)
    assert office.workspace.click(ANNA, view, UNDO).ok
    eventually(lambda: "counts no more" in str(office.workspace.view_of(ANNA)), "the end")
    assert (office.stored(Complaint), office.stored(Activity)) == ([], [])


def test_step_end_and_undo_in_the_digest_are_stored_and_the_row_follows(office: Office) -> None:
    message = digest(office)
    values = {"text": "New seals are on the way.", "day": today()}
    assert office.workspace.submit_view(ANNA, fill(office, message, STEP), values).ok
    says(office, message, "Last step: New seals are on the way.")
    office.workspace.views.clear(ANNA)
    end = {"text": "Replaced.", "agreed": "yes"}
    assert office.workspace.submit_view(ANNA, fill(office, message, CLOSE), end).ok
    says(office, message, "Closed by <@U0ANNA>: Replaced. · the customer agrees")
    (closed,) = office.stored(Complaint)
    assert (closed.outcome, closed.agreed) == ("Replaced.", "yes")
    press(office, message, UNDO)
    eventually(lambda: CLOSE in str(now(office, message).blocks), "the open row")
    assert office.stored(Complaint)[0].closed_on is None


@pytest.mark.parametrize(
    ("action", "values"),
    [
        (STEP, {"text": "New seals are on the way.", "day": today()}),
        (CLOSE, {"text": "Replaced.", "agreed": "no"}),
    ],
    ids=["step", "end"],
)
def test_a_form_whose_answer_is_lost_is_one_act(office: Office, action: str, values: dict[str, str]) -> None:
    message, (bot,) = digest(office), office.bots
    opened = fill(office, message, action)
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, values).error
        eventually(lambda: office.stored(Complaint)[0].version == 2, "the act")
    (once,) = office.stored(Complaint)
    assert office.workspace.submit_view(ANNA, opened, values).ok
    assert office.stored(Complaint) == [once]


def test_a_button_that_somebody_was_faster_than_shows_what_has_become_of_the_complaint(
    office: Office,
) -> None:
    message = digest(office)
    with office.database.write() as session:
        complaints.move(
            session, office.stored(Complaint)[0].id, 1, closed_on=SystemClock().now().date(), outcome="Done"
        )
    press(office, message, STEP)
    says(office, message, "Closed: Done")
    eventually(lambda: "This complaint is closed." in str(office.workspace.view_of(ANNA)), "the reason")
