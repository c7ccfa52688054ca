"""Promises in Slack: recorded alone or with a visit, kept, postponed, withdrawn and taken back, each once."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import select

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View
from bot.services.care.digest import rows as digest_rows
from bot.services.care.promises import making
from bot.services.care.promises import rows as promise_rows
from bot.slack import deferred, outcomes
from bot.wording.actions import Action
from db.book.facts import Activity
from db.book.people import Person
from db.care.records import promises
from db.care.records.promises import Promise, PromiseDelay
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, Office, eventually, opened_office, words

KEPT, KEPT_ON = str(Action.PROMISE_KEPT), str(Action.PROMISE_KEPT_ON)
POSTPONE, WITHDRAW, UNDO = map(str, (Action.POSTPONE_PROMISE, Action.WITHDRAW_PROMISE, Action.UNDO_PROMISE))
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(PromiseDelay, Promise, Activity, InboundRequest, OutboxMessage)


def today() -> date:
    return SystemClock().now().date()


GIVEN = {"promise": "I send the *offer* <soon>.", "due": (today() + 10 * DAY).isoformat()}


def form(office: Office) -> View:
    assert office.choose_more(ANNA, office.card(), Action.PROMISE).ok
    return office.form()


def digest(office: Office, due_on: date) -> StoredMessage:
    """A digest in Anna's direct messages with a promise to Globex, as the delivery has sent it."""
    with office.database.write() as session:
        made_on = min(due_on, today()) - DAY
        number = factories.promise(session, office.globex, due_on, made_by=1, made_on=made_on)
        rows = promise_rows.rows_of(session, promises.rows(session, [number]), reader=1, day=today())
        message = digest_rows.digest_of([], day=today(), promises=rows)
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


def test_the_menu_of_a_card_records_a_promise_and_the_card_shows_it(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), GIVEN).ok
    assert "it is recorded" in str(office.workspace.view_of(ANNA))
    (only,) = office.stored(Promise)
    assert (only.what, only.due_on.isoformat(), only.source) == (*GIVEN.values(), "slack")
    assert "1 open promise" in words(office.card())


def test_a_text_that_looks_like_markup_is_shown_as_it_was_typed(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), GIVEN).ok
    shown = str(office.workspace.view_of(ANNA))
    assert "&lt;soon&gt;" in shown
    assert "<soon>" not in shown


def test_a_visit_and_what_was_promised_in_it_are_recorded_together_and_the_promise_can_be_taken_back(
    office: Office,
) -> None:
    press(office, office.card(), str(Action.LOG_VISIT))
    values = {"kind": "visit", "day": (today() - DAY).isoformat(), "note": "Good talk", **GIVEN}
    assert office.workspace.submit_view(ANNA, office.form(), values).ok
    (visit,), (promise,) = office.stored(Activity), office.stored(Promise)
    assert (visit.note, promise.made_on, promise.what) == ("Good talk", today() - DAY, GIVEN["promise"])
    view = office.workspace.view_of(ANNA)
    assert "I send the" in str(view)
    assert office.workspace.click(ANNA, view, UNDO).ok
    eventually(lambda: "no longer recorded" in str(office.workspace.view_of(ANNA)), "the end")
    assert (office.stored(Promise), len(office.stored(Activity))) == ([], 1)


@pytest.mark.parametrize(
    ("values", "where", "sentence"),
    [
        ({"promise": GIVEN["promise"]}, "due", "Choose by when you promised it."),
        ({"due": GIVEN["due"]}, "promise", "Write what you promised, or take the day out."),
        (GIVEN | {"due": "2020-01-01"}, "due", "The day is past."),
    ],
    ids=["no day", "no text", "past"],
)
def test_half_a_promise_in_a_visit_is_refused_below_its_input_and_nothing_is_recorded(
    office: Office, values: dict[str, str], where: str, sentence: str
) -> None:
    press(office, office.card(), str(Action.LOG_VISIT))
    visit = {"kind": "visit", "day": today().isoformat()}
    refused = office.workspace.submit_view(ANNA, office.form(), visit | values)
    assert sentence in refused.errors[where]
    assert (office.stored(Promise), office.stored(Activity)) == ([], [])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"due": "2099-01-01"}, "The day is more than a year away."),
        ({"due": "2020-01-01"}, "The day is past."),
        ({"promise": "      "}, "Write 3 to 2,000 characters."),
    ],
)
def test_what_cannot_be_is_said_below_its_input_and_the_form_stays(
    office: Office, values: dict[str, str], sentence: str
) -> None:
    refused = office.workspace.submit_view(ANNA, form(office), GIVEN | values)
    (where,) = values
    assert sentence in refused.errors[where]
    assert office.stored(Promise) == []


def test_the_form_opens_only_for_those_who_may_record_one(office: Office) -> None:
    """A card of Anna's, pressed by a colleague who may not see the customer."""
    card = office.card()
    with office.database.write() as session:
        if session.exec(select(Person).where(Person.name == "Julia")).first() is None:
            factories.person(session, "Julia")
    shown = office.post({"text": "ACME", "blocks": [one for one in card.blocks if one["type"] == "actions"]})
    assert office.choose_more("U0JULIA", shown, Action.PROMISE).ok
    eventually(lambda: "no such customer" in str(office.workspace.view_of("U0JULIA")), "the refusal")


def test_a_promise_whose_answer_is_lost_is_recorded_once(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement: the same form is sent again."""
    opened, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, GIVEN).error
        eventually(lambda: len(office.stored(Promise)) == 1, "the promise")
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert "was recorded before" in str(office.workspace.view_of(ANNA))
    assert len(office.stored(Promise)) == 1


def test_kept_and_undo_in_the_digest_are_one_press_each(office: Office) -> None:
    message = digest(office, today())
    press(office, message, KEPT)
    says(office, message, "Kept on")
    assert office.stored(Promise)[0].outcome == "kept"
    press(office, message, UNDO)
    eventually(lambda: KEPT in str(now(office, message).blocks), "the open row")
    assert office.stored(Promise)[0].outcome is None


def test_a_late_promise_asks_when_it_was_kept(office: Office) -> None:
    message = digest(office, today() - DAY)
    values = {"day": (today() - DAY).isoformat()}
    assert office.workspace.submit_view(ANNA, fill(office, message, KEPT_ON), values).ok
    says(office, message, "Kept on")
    assert office.stored(Promise)[0].closed_on == today() - DAY


def test_postponed_and_withdrawn_in_the_digest_are_stored_with_what_was_said(office: Office) -> None:
    message = digest(office, today())
    values = {"due": (today() + 7 * DAY).isoformat(), "told": "It comes a week later."}
    assert office.workspace.submit_view(ANNA, fill(office, message, POSTPONE), values).ok
    says(office, message, "It comes a week later.")
    assert office.stored(PromiseDelay)[0].told == "It comes a week later."
    press(office, message, UNDO)
    eventually(lambda: WITHDRAW in str(now(office, message).blocks), "the open row")
    office.workspace.views.clear(ANNA)
    ended = {"reason": "They bought elsewhere."}
    assert office.workspace.submit_view(ANNA, fill(office, message, WITHDRAW), ended).ok
    says(office, message, "Withdrawn by <@U0ANNA>: They bought elsewhere.")


@pytest.mark.parametrize(
    ("action", "values"),
    [
        (POSTPONE, {"due": (today() + 7 * DAY).isoformat(), "told": "A week later."}),
        (WITHDRAW, {"reason": "They bought elsewhere."}),
    ],
    ids=["postponed", "withdrawn"],
)
def test_a_form_whose_answer_is_lost_is_one_act(office: Office, action: str, values: dict[str, str]) -> None:
    message, (bot,) = digest(office, today()), office.bots
    opened = fill(office, message, action)
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, values).error
        eventually(lambda: office.stored(Promise)[0].version == 2, "the act")
    (once,) = office.stored(Promise)
    assert office.workspace.submit_view(ANNA, opened, values).ok
    assert office.stored(Promise) == [once]


def test_a_button_that_somebody_was_faster_than_shows_what_has_become_of_the_promise(office: Office) -> None:
    message = digest(office, today())
    with office.database.write() as session:
        number = office.stored(Promise)[0].id
        promises.move(session, number, 1, closed_on=today(), outcome="withdrawn", reason="Gone")
    press(office, message, KEPT)
    says(office, message, "Withdrawn: Gone")


@pytest.mark.parametrize("with_visit", [True, False], ids=["with a visit", "alone"])
def test_what_cannot_be_stored_stays_in_the_form_and_is_stored_whole_when_sent_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, with_visit: bool
) -> None:
    if with_visit:
        press(office, office.card(), str(Action.LOG_VISIT))
    asked = office.form() if with_visit else form(office)
    values = {"kind": "visit", "day": today().isoformat(), **GIVEN} if with_visit else GIVEN

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, structlog.testing.capture_logs():
        patch.setattr(making, "_said", broken)
        refused = office.workspace.submit_view(ANNA, asked, values)
    assert "reference" in refused.errors["due"]
    assert (office.stored(Promise), office.stored(Activity)) == ([], [])
    assert office.workspace.submit_view(ANNA, asked, values).ok
    assert (len(office.stored(Promise)), len(office.stored(Activity))) == (1, int(with_visit))


def test_a_form_that_meets_a_held_lock_keeps_what_was_typed_and_counts_once(office: Office) -> None:
    asked = form(office)
    with office.bots[0].tierbot.database.writer.connect() as connection:  # nothing waits longer than this
        connection.exec_driver_sql("PRAGMA busy_timeout = 20")
    with office.locked():
        refused = office.workspace.submit_view(ANNA, asked, GIVEN)
    assert "busy" in refused.errors["due"]
    assert office.stored(Promise) == []
    assert office.workspace.submit_view(ANNA, asked, GIVEN).ok
    assert len(office.stored(Promise)) == 1


def test_a_press_is_recorded_although_slack_shows_nothing_of_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = digest(office, today())
    with monkeypatch.context() as patch:
        patch.setattr(outcomes, "replace", lambda *_: False)
        press(office, message, KEPT)
        eventually(lambda: office.stored(Promise)[0].outcome == "kept", "the act")
        eventually(
            lambda: (
                outcomes.NOT_REFRESHED
                in str([words(m) for m in office.workspace.messages(office.workspace.dm(ANNA), ANNA)])
            ),
            "the word",
        )
