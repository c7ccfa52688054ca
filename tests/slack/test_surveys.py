"""Survey scores in Slack: recorded by a form of the card, or with Done of a survey step, and taken back; each once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View
from bot.slack import blocks, deferred
from bot.slack.listeners.records import survey_form
from bot.wording.actions import Action, Pointer
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.book.facts import Activity, Fact
from db.book.people import Person
from db.care.records.surveys import SurveyScore
from db.care.touches import Touch
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, Office, eventually, opened_office, words

UNDO = str(Action.UNDO_SURVEY)
TODAY = SystemClock().now().date()
SCORE = {"score": "8", "scale": "1-10", "day": TODAY.isoformat()}


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        with office.database.write() as session:
            acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one()
            factories.contact_person(session, acme or 0, "Wang Li")
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(SurveyScore, Touch, Activity, Fact, InboundRequest, OutboxMessage)


def form(office: Office) -> View:
    assert office.choose_more(ANNA, office.card(), Action.SURVEY).ok
    return office.form()


def test_the_form_says_how_a_score_counts_and_the_card_shows_what_was_recorded(office: Office) -> None:
    opened = form(office)
    assert "the lowest score of a scale stands for 1, the highest for 5" in str(opened.spec)
    (person,) = office.stored(ContactPerson)
    values = SCORE | {"contact": str(person.id), "note": "Quick help"}
    assert office.workspace.submit_view(ANNA, opened, values).ok
    assert "it stands for 4.11 on their scale from 1 to 5" in str(office.workspace.view_of(ANNA))
    (only,) = office.stored(SurveyScore)
    assert (only.score, only.scale, only.source, only.contact_person_id) == ("8", "1-10", "slack", person.id)
    assert [(one.kind, one.note) for one in office.stored(Activity)] == [("survey", "Quick help")]
    assert "Satisfaction: 8 (1 to 10)" in words(office.card())


def test_the_form_opens_only_for_those_who_may_record_one(office: Office) -> None:
    """A card of Anna's, pressed by a colleague who may not see the customer."""
    card = office.card()
    with office.database.write() as session:
        if session.exec(select(Person).where(Person.name == "Julia")).first() is None:
            factories.person(session, "Julia")
    shown = office.post({"text": "ACME", "blocks": [one for one in card.blocks if one["type"] == "actions"]})
    assert office.choose_more("U0JULIA", shown, Action.SURVEY).ok
    eventually(lambda: "no such customer" in str(office.workspace.view_of("U0JULIA")), "the refusal")


def test_a_score_whose_answer_is_lost_counts_once(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement: the same form is sent again."""
    opened, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, SCORE).error
    assert office.workspace.submit_view(ANNA, opened, SCORE).ok
    assert "was recorded before" in str(office.workspace.view_of(ANNA))
    assert (len(office.stored(SurveyScore)), len(office.stored(Activity)), len(office.stored(Fact))) == (
        1,
        1,
        1,
    )


def test_while_the_database_is_locked_nothing_typed_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "FORM_SECONDS", 0.3)
    opened = form(office)
    with office.locked():
        refused = office.workspace.submit_view(ANNA, opened, SCORE)
        assert refused.errors, "the form stays, with what to do"
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert office.workspace.submit_view(ANNA, opened, SCORE).ok
    assert len(office.stored(SurveyScore)) == 1


@pytest.mark.parametrize(
    ("values", "where", "sentence"),
    [
        ({"score": "11"}, "score", "11 is not between 1 and 10"),
        ({"score": "fine"}, "score", "fine is not a score"),
        ({"day": "2099-01-01"}, "day", "The day lies in the future."),
    ],
)
def test_what_cannot_be_is_said_below_its_input_and_the_form_stays(
    office: Office, values: dict[str, str], where: str, sentence: str
) -> None:
    refused = office.workspace.submit_view(ANNA, form(office), SCORE | values)
    assert sentence in refused.errors[where]
    assert office.stored(SurveyScore) == []


def test_undo_in_the_form_takes_score_contact_and_fact_back(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), SCORE).ok
    assert office.workspace.click(ANNA, office.workspace.view_of(ANNA), UNDO).ok
    eventually(lambda: "no more" in str(office.workspace.view_of(ANNA)), "the end")
    assert (office.stored(SurveyScore), office.stored(Activity)) == ([], [])
    assert [one.superseded_at is None for one in office.stored(Fact)] == [False]


def asked(office: Office) -> StoredMessage:
    """A survey step of Globex that is due, as a message shows it."""
    now = SystemClock().now()
    with office.database.write() as session:
        touch = Touch(
            dedupe_key="survey", customer_id=office.globex, step="satisfaction", kind="revisit", tier="A",
            due_on=TODAY, latest_on=TODAY + timedelta(days=30), anchor=TODAY - timedelta(days=90),
            remind_at=now, state="reminded", created_at=now,
        )  # fmt: skip
        session.add(touch)
        session.flush()
        pointer = blocks.encode(Pointer(id=touch.id or 0, version=1, choice="survey"))
    button = {
        "type": "button", "action_id": str(Action.DONE), "value": pointer, "text": blocks.plain("Done", 20),
    }  # fmt: skip
    return office.post({"text": "Survey Globex", "blocks": [{"type": "actions", "elements": [button]}]})


def done_form(office: Office) -> View:
    assert office.workspace.click(ANNA, asked(office), str(Action.DONE)).ok
    opened = office.form()
    assert "Globex" in str(opened.spec)
    return opened


def step(office: Office) -> Touch:
    (only,) = [
        one for one in office.stored(Touch) if one.step == "satisfaction" and one.dedupe_key == "survey"
    ]
    assert isinstance(only, Touch)
    return only


@pytest.mark.parametrize(
    ("values", "scores"), [({"score": "4", "scale": "1-5"}, ["4"]), ({}, [])], ids=["score", "none"]
)
def test_done_of_a_survey_step_asks_the_score_which_may_be_left_out(
    office: Office, values: dict[str, str], scores: list[str]
) -> None:
    assert office.workspace.submit_view(ANNA, done_form(office), values).ok
    assert step(office).state == "done"
    assert [one.score for one in office.stored(SurveyScore)] == scores
    assert [one.kind for one in office.stored(Activity)] == ["survey"]


def test_a_score_without_its_scale_leaves_the_step_open_and_says_so(office: Office) -> None:
    refused = office.workspace.submit_view(ANNA, done_form(office), {"score": "4"})
    assert "Say on which scale" in refused.errors["scale"]
    assert (step(office).state, office.stored(SurveyScore)) == ("reminded", [])


def test_a_form_of_done_whose_answer_is_lost_is_one_contact_with_one_score(office: Office) -> None:
    opened, (bot,) = done_form(office), office.bots
    values = {"score": "4", "scale": "1-5"}
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, values).error
        eventually(lambda: len(office.stored(SurveyScore)) == 1, "the score")
    assert office.workspace.submit_view(ANNA, opened, values).ok
    assert (len(office.stored(SurveyScore)), len(office.stored(Activity))) == (1, 1)


@pytest.mark.parametrize("contact", ["9" * 30, "x", "-1", 7, ""])
def test_a_contact_person_that_was_not_offered_is_nobody(contact: Any) -> None:
    chosen = {"contact": {"contact": {"selected_option": {"value": contact}}}}
    answer = survey_form.values_of_step({"state": {"values": chosen | {"score": {"score": {"value": "4"}}}}})
    assert answer is not None
    assert answer.contact_person_id == 0
