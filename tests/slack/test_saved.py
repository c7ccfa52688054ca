"""What was saved is never answered with "try again", whatever Slack does with the answer; what was typed is never lost."""

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlmodel import delete, update

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.care.answers import contacts
from bot.slack import blocks, deferred, outcomes, retries
from bot.slack.fair_queue import MOST_QUESTIONS
from bot.wording.actions import Action
from bot.wording.messages import Reminder, VisitLogged, dump
from bot.wording.parts import TierPart
from db.book.facts import Activity
from db.care import touches
from db.care.touches import Touch, TouchMessage
from db.engine import open_database
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from grading.scheme.model import Name
from tests.slack.office import ANNA, NEWCOMER, ROOM, Office, eventually, words

PATIENCE = 20.0  # seconds
POST, DONE, SNOOZE, LOG, UNDO = map(
    str, (Action.POST, Action.DONE, Action.SNOOZE, Action.LOG_VISIT, Action.UNDO)
)
SEEN: set[str] = set()  # the messages that were there when the test began


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    shutil.copy(migrated, folder / "office.db")
    database = open_database(f"sqlite:///{folder / 'office.db'}")
    with (
        pytest.MonkeyPatch.context() as patch,
        Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=PATIENCE, monotonic=lambda: 0.0) as workspace,
    ):
        patch.setattr(deferred, "FORM_SECONDS", PATIENCE)
        patch.setattr(retries, "PAUSES", (0.0, 0.0))
        office = Office(workspace=workspace, database=database, folder=folder, way="socket")
        office.open()
        office.start()
        try:
            yield office
        finally:
            office.close()
            database.close()


@pytest.fixture
def office(opened: Office) -> Office:
    """The same office for all tests, with nothing in it that a test has left."""
    finish(opened)
    opened.workspace.faults.clear()
    opened.workspace.views.clear(ANNA)
    with opened.database.write() as session:
        for table in (Touch, Activity, InboundRequest, OutboxMessage):
            session.exec(delete(table))
    SEEN.update(message.ts for message in told(opened) + opened.said_to_all())
    return opened


def finish(office: Office) -> None:
    """Wait until everything that has been begun is done."""
    office.finish_work()


def told(office: Office) -> list[StoredMessage]:
    there = office.workspace.dm(ANNA)
    return [*office.said_to(ANNA), *(m for m in office.workspace.messages(there) if m.only_for is None)]


def notices(office: Office) -> list[str]:
    """What Anna was told in the channel or in her direct messages since the test began, besides cards."""
    return [words(m) for m in told(office) if m.ts not in SEEN and not buttons(m)]


def posted(office: Office) -> list[StoredMessage]:
    """What everybody in the channel can read, since the test began."""
    return [message for message in office.said_to_all() if message.ts not in SEEN]


def new_reminder(office: Office) -> StoredMessage:
    with office.database.write() as session:
        session.execute(text("DELETE FROM touch"))
    return office.reminder()


def buttons(message: StoredMessage) -> list[str]:
    return [e["action_id"] for b in message.blocks for e in b.get("elements", []) if "action_id" in e]


FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "rate_limited", "retry_after": "0"},
    "429 without a number": {"kind": "rate_limited", "retry_after": None},
    "500": {"kind": "server_error", "status": 500},
    "503": {"kind": "server_error", "status": 503},
    "reset": {"kind": "lost_reset"},
    "closed": {"kind": "lost_closed"},
    "done, and reset": {"kind": "lost_reset", "stored": True},
}


def test_a_reminder_loses_its_buttons_although_slack_fails_twice(office: Office) -> None:
    for number, fault in enumerate(FAULTS.values()):
        reminder = new_reminder(office)
        office.workspace.faults.switch(**fault, methods=["response_url"], count=2)
        assert office.workspace.click(ANNA, reminder, (DONE, SNOOZE)[number % 2]).ok
        wait_for_answer(office, reminder)
        finish(office)
    assert notices(office) == []


def test_a_card_comes_although_slack_fails_twice(office: Office) -> None:
    """For what nobody else sees there is no other place than the response URL."""
    for fault in FAULTS.values():
        preview = office.preview()
        office.workspace.faults.switch(**fault, methods=["response_url"], count=2)
        assert office.workspace.click(ANNA, preview, str(Action.CANCEL)).ok
        eventually(
            lambda shown=preview: POST not in buttons(office.now(shown)), "the card without the question"
        )
        finish(office)
    assert notices(office) == []


def test_a_reminder_is_updated_at_its_place_when_its_response_url_stays_broken(office: Office) -> None:
    for fault in FAULTS.values():
        reminder = new_reminder(office)
        office.workspace.faults.clear()
        office.workspace.faults.switch(**fault, name="response", methods=["response_url"])
        office.workspace.faults.switch("error", code="internal_error", methods=["chat.update"], count=2)
        assert office.workspace.click(ANNA, reminder, DONE).ok
        wait_for_answer(office, reminder)
        finish(
            office
        )  # a try whose answer was lost has taken the buttons; the next ones must meet the same faults
        assert "Done by" in words(office.now(reminder))
    assert notices(office) == []


def test_a_person_learns_that_it_is_recorded_when_the_reminder_cannot_be_refreshed(office: Office) -> None:
    for number, fault in enumerate([*FAULTS.values(), {"kind": "error", "code": "is_archived"}], start=1):
        reminder = new_reminder(office)
        office.workspace.faults.clear()
        office.workspace.faults.switch(**{**fault, "stored": False}, methods=["response_url", "chat.update"])
        assert office.workspace.click(ANNA, reminder, DONE).ok
        wait_for_notices(office, number)
        assert buttons(office.now(reminder)) == [DONE, SNOOZE]
        assert done(office) == 1
    for notice in notices(office):
        assert outcomes.NOT_REFRESHED in notice
        assert "ry again" not in notice


def wait_for_answer(office: Office, message: StoredMessage) -> None:
    eventually(lambda: buttons(office.now(message)) == [UNDO], "a message that can only be taken back")


def wait_for_notices(office: Office, many: int) -> None:
    eventually(lambda: len(notices(office)) == many, f"{many} notices")


def done(office: Office) -> int:
    with office.database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM touch WHERE state = 'done'")).scalar_one())


def test_a_press_on_a_finished_reminder_takes_its_buttons_away(office: Office) -> None:
    reminder, copy = new_reminder(office), office.reminder()
    office.workspace.faults.switch("error", code="is_archived", methods=["response_url", "chat.update"])
    assert office.workspace.click(ANNA, reminder, DONE).ok
    eventually(lambda: notices(office), "the note that it is recorded")
    assert buttons(office.now(copy)) == [DONE, SNOOZE]
    office.workspace.faults.clear()
    assert office.workspace.click(ANNA, copy, SNOOZE).ok
    eventually(lambda: len(notices(office)) == 2, "the sentence")
    assert "Somebody has dealt with this reminder already." in str(notices(office))
    assert buttons(office.now(copy)) == [UNDO]
    assert "Done by" in words(office.now(copy))


def test_a_contact_takes_the_buttons_from_the_reminders_that_it_closes_wherever_it_was_logged(
    office: Office,
) -> None:
    reminder, now = office.reminder(), SystemClock().now()
    with office.database.write() as session:
        touch = touches.open_touches(session, [office.globex])[0]
        said = Reminder(
            touch_id=touch.id or 0, version=touch.version, customer_id=office.globex, customer_version=1,
            name="Globex", code="C", tier=TierPart(id="A"), score=None, kind=touch.kind,
            step=Name(en="Revisit", zh="回访"), hint=None, due_on=touch.due_on, at_latest=None, last_contact=None,
        )  # fmt: skip
        session.add(
            OutboxMessage(
                id=77, dedupe_key="r", kind="reminder", address="channel:x", channel=ROOM,
                body_json=json.dumps(dump(said)), body_hash="", state="sent", next_at=now, created_at=now,
                slack_channel=ROOM, slack_ts=reminder.ts,
            )
        )  # fmt: skip
        session.exec(update(Touch).values(outbox_id=77, state="reminded"))
        session.add(TouchMessage(outbox_id=77, touch_id=touch.id or 0, role="digest"))
    form = open_form(office, "Globex")
    assert office.workspace.submit_view(ANNA, form, {"note": "They like it"}).ok
    eventually(
        lambda: office.redraw() >= 0 and "Done by" in words(office.now(reminder)), "the closed reminder"
    )
    assert buttons(office.now(reminder)) == []


# --- forms


def open_form(office: Office, customer: str = "ACME") -> View:
    assert office.workspace.command(ANNA, ROOM, "/tier", customer).ok
    office.workspace.click(ANNA, office.said_to(ANNA)[-1], LOG)
    form: View = eventually(lambda: office.workspace.view_of(ANNA), "the form")
    return form


def close(office: Office) -> None:
    shown = office.workspace.view_of(ANNA)
    assert shown is not None
    office.workspace.close_view(ANNA, shown)


def notes(office: Office) -> list[str | None]:
    with office.database.read() as session:
        return list(session.execute(text("SELECT note FROM activity ORDER BY id")).scalars())


def test_the_confirmation_of_a_form_needs_no_call_of_slack(office: Office) -> None:
    faults = [{"kind": "error", "code": "hash_conflict"}, FAULTS["429"], FAULTS["500"], FAULTS["reset"]]
    struck = office.workspace.faults.struck
    for fault in faults:
        form = open_form(office)
        office.workspace.faults.clear()
        office.workspace.faults.switch(**fault, methods=["views.update", "response_url", "chat.update"])
        assert office.workspace.submit_view(ANNA, form, {"note": f"They like {fault}"}).ok
        assert "logged" in str(office.workspace.view_of(ANNA))
        close(office)
    finish(office)
    assert notes(office) == [f"They like {fault}" for fault in faults]
    assert office.workspace.faults.struck == struck


def test_a_form_whose_answer_is_lost_is_stored_before_and_once(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement."""
    form, (bot,) = open_form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 1.0)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, form, {"note": "They like it"}).error
    assert notes(office) == ["They like it"]
    assert office.workspace.view_of(ANNA) is not None  # with the text, and Slack's "try again"
    assert office.workspace.submit_view(ANNA, form, {"note": "They like it a lot"}).ok
    assert notes(office) == ["They like it a lot"]


def test_a_form_filled_in_twice_is_one_contact_and_says_so(office: Office) -> None:
    for _ in range(2):
        form = open_form(office)
        assert office.workspace.submit_view(ANNA, form, {"note": "They like it"}).ok
        shown = str(office.workspace.view_of(ANNA))
        close(office)
    assert "nothing has been added" in shown
    assert notes(office) == ["They like it"]


def test_a_form_that_cannot_be_stored_stays_with_its_text_and_a_reference(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = open_form(office)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, structlog.testing.capture_logs():
        patch.setattr(contacts, "plan_customers", broken)
        refused = office.workspace.submit_view(ANNA, form, {"note": "They like it"})
    assert list(refused.errors) == ["due"]
    assert "reference 0badcafe" in refused.errors["due"]
    assert notes(office) == []
    assert office.workspace.submit_view(ANNA, form, {"note": "They like it"}).ok
    assert notes(office) == ["They like it"]


def test_a_contact_that_is_stored_is_confirmed_although_its_template_is_broken(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, shown = open_form(office), blocks.modal

    def broken(renderer: Any, message: Any, *rest: Any) -> Any:
        if isinstance(message, VisitLogged):
            raise ZeroDivisionError
        return shown(renderer, message, *rest)

    monkeypatch.setattr(blocks, "modal", broken)
    with structlog.testing.capture_logs():
        assert office.workspace.submit_view(ANNA, form, {"note": "They like it"}).ok
    assert outcomes.RECORDED in str(office.workspace.view_of(ANNA))
    assert notes(office) == ["They like it"]


def test_a_form_with_a_field_missing_is_no_error_of_ours(office: Office) -> None:
    form = open_form(office)
    values: dict[str, Any] = {
        "kind": {"kind": {"selected_option": {"value": "call"}}},
        "day": {"day": {"selected_date": "2026-03-02"}},
        "note": {"note": {"value": "short"}},
    }
    for missing in values:
        view = {
            **form.spec,
            "id": form.id,
            "state": {"values": {k: v for k, v in values.items() if k != missing}},
        }
        answer = office.deliver("interactive", {
            "type": "view_submission", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}, "trigger_id": missing,
            "view": view,
        })  # fmt: skip
        assert answer["response_action"] == ("update" if missing == "note" else "errors"), missing


# --- a held lock


@pytest.mark.parametrize("action", [DONE, POST])
def test_a_held_lock_is_called_busy(office: Office, action: str) -> None:
    message = office.preview() if action == POST else office.reminder()
    with office.bots[
        0
    ].tierbot.database.writer.connect() as connection:  # the next transaction waits no longer than this
        connection.exec_driver_sql("PRAGMA busy_timeout = 20")
    with office.locked():
        assert office.workspace.click(ANNA, message, action).ok
        eventually(lambda: "The database is busy" in str(notices(office)), "the sentence")
    assert "went wrong" not in str(notices(office))
    assert office.workspace.click(ANNA, message, action).ok  # the second press does it
    eventually(lambda: action not in buttons(office.now(message)), "the effect")
    assert len(posted(office)) == 1


# --- a flood


def test_a_person_who_floods_is_asked_to_wait_while_others_are_answered(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, certain, asking = threading.Event(), lookup.certain, [0]

    def slowly(session: Any, cache: Any, rules: Any, actor: Actor, *rest: Any) -> Any:
        if actor.slack_user_id == ANNA:
            asking[0] += 1
            go_on.wait(PATIENCE)
        return certain(session, cache, rules, actor, *rest)

    monkeypatch.setattr(lookup, "certain", slowly)
    with ThreadPoolExecutor(MOST_QUESTIONS) as flood:
        for _ in range(MOST_QUESTIONS):
            flood.submit(office.workspace.command, ANNA, ROOM, "/tier", "ACME")
        eventually(lambda: asking[0] == MOST_QUESTIONS, "the questions under way")
        assert office.workspace.command(ANNA, ROOM, "/tier", "ACME").ok
        assert office.workspace.command(NEWCOMER, ROOM, "/tier", "ACME").ok
        eventually(lambda: office.said_to(NEWCOMER), "the answer to somebody else")
        (told,) = notices(office)
        assert "Wait until it is answered" in told
        go_on.set()


# --- sharing


@pytest.mark.parametrize(
    ("fault", "times"), [(FAULTS["429"], 3), ({"kind": "error", "code": "invalid_blocks"}, 1)]
)
def test_a_card_that_slack_has_refused_can_be_shared_again(
    office: Office, fault: dict[str, Any], times: int
) -> None:
    preview = office.preview()
    office.workspace.faults.switch(**fault, methods=["response_url"], count=times)
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(lambda: "Slack did not take the answer" in str(notices(office)), "the sentence")
    assert posted(office) == []
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(lambda: len(posted(office)) == 1, "the shared card")


@pytest.mark.parametrize("code", ["ratelimited", "rate_limited"])
def test_a_card_is_shared_although_slack_first_asks_to_wait_in_the_body(office: Office, code: str) -> None:
    preview = office.preview()
    office.workspace.faults.switch("error", code=code, methods=["response_url"], count=2)
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(lambda: len(posted(office)) == 1, "the shared card")
    finish(office)
    assert notices(office) == []


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("fault", [FAULTS["reset"], {"kind": "error", "code": "internal_error"}])
def test_a_card_of_which_slack_said_nothing_is_not_posted_twice(
    office: Office, fault: dict[str, Any], stored: bool
) -> None:
    preview = office.preview()
    office.workspace.faults.switch(**fault, methods=["response_url"], stored=stored, count=1)
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(
        lambda: "Slack did not say whether the card was shared" in str(notices(office)), "the sentence"
    )
    finish(office)
    assert len(posted(office)) == stored


# --- a database that cannot be read


def test_who_asks_or_presses_hears_it_when_the_database_cannot_be_read(office: Office) -> None:
    reminder = office.reminder()
    form = open_form(office)
    with office.database.write() as session:
        session.execute(text("ALTER TABLE person RENAME TO person_away"))
    try:
        assert office.workspace.command(ANNA, ROOM, "/tier", "ACME").ok
        assert "0badcafe" in words(office.said_to(ANNA)[-1])
        refused = office.workspace.submit_view(ANNA, form, {"note": "They like it"})
        assert "0badcafe" in refused.errors["due"]
        before = len(notices(office))
        assert office.workspace.click(ANNA, reminder, DONE).ok
        eventually(lambda: len(notices(office)) == before + 1, "the sentence")
        assert "0badcafe" in notices(office)[-1]
    finally:
        with office.database.write() as session:
            session.execute(text("ALTER TABLE person_away RENAME TO person"))


def test_a_form_that_is_still_being_committed_is_not_called_unsaved(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk. Sent again, as the sentence says, it counts once."""
    form, go_on, committing = open_form(office), threading.Event(), deferred.Attempt.before_commit

    def slowly(attempt: deferred.Attempt) -> None:
        committing(attempt)
        go_on.wait(PATIENCE)

    with monkeypatch.context() as patch:
        patch.setattr(deferred, "FORM_SECONDS", 0.2)
        patch.setattr(deferred.Attempt, "before_commit", slowly)
        late = office.workspace.submit_view(ANNA, form, {"note": "They like it"})
    assert "may be saved in a moment" in late.errors["due"]
    go_on.set()
    finish(office)
    assert office.workspace.submit_view(ANNA, form, {"note": "They like it"}).ok
    assert notes(office) == ["They like it"]


def test_who_pressed_hears_by_direct_message_that_slack_takes_no_answer(office: Office) -> None:
    preview = office.preview()
    office.workspace.faults.switch("error", code="invalid_blocks", methods=["response_url"])
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(lambda: "Slack did not take the answer" in str(notices(office)), "the sentence")
    assert posted(office) == []
