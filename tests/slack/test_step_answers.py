"""The rows of a digest in Slack: each is answered in place, by buttons, menus and forms, and every message follows."""

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, delete, select

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.services.ask.bounds import FREE_GUESSES
from bot.services.care.digest import rows as digest_rows
from bot.services.care.digest.rows import RowReader
from bot.services.care.schedule import plan_customers
from bot.slack import blocks, deferred
from bot.wording.actions import Action, Pointer, RowChoice
from db.book.customers import Ownership
from db.book.facts import Activity
from db.care import touches
from db.care.touches import Touch, TouchMessage, TouchRole
from db.engine import open_database
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, ROOM, Office, eventually, words

DONE_AS, MENU, UNDO, LOG = map(str, (Action.DONE_AS, Action.ROW_MENU, Action.UNDO, Action.LOG_VISIT))
OLGA, LIN = "U0OMAR", "U0LINWEI"
PATIENCE = 20.0


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    shutil.copy(migrated, folder / "office.db")
    database = open_database(f"sqlite:///{folder / 'office.db'}")
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=PATIENCE, monotonic=lambda: 0.0) as workspace:
        office = Office(workspace=workspace, database=database, folder=folder, way="socket")
        office.open()
        with database.write() as session:
            factories.person(session, "Omar", role="admin")
        office.start()
        try:
            yield office
        finally:
            office.close()
            database.close()


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.finish_work()
    opened.workspace.faults.clear()
    opened.workspace.views.clear(ANNA)
    opened.bots[0].tierbot.bounds._askers.clear()
    with opened.database.write() as session:
        for table in (TouchMessage, Touch, Activity, InboundRequest, OutboxMessage):
            session.exec(delete(table))
        session.execute(text("UPDATE ownership SET person_id = 1"))


def digest(office: Office, *, to: tuple[str, int] = (ANNA, 1)) -> StoredMessage:
    """A digest in direct messages with Globex's revisit as its only row, as the delivery has sent it."""
    bot, now = office.bots[0].tierbot, SystemClock().now()
    with office.database.write() as session:
        if not session.exec(select(Touch)).first():
            factories.contact(session, office.globex, now.date() - timedelta(days=35), "visit")
            plan_customers(session, bot.rules, [office.globex], now)
        (touch,) = [one for one in touches.open_touches(session, [office.globex]) if one.step == "revisit"]
        touch.state = "reminded"
        session.flush()
        reading = RowReader(
            rules=bot.rules, book=bot.scheme_cache.tier_names(session), reader=to[1], day=now.date(),
            zone=bot.settings.zone,
        )  # fmt: skip
        message = digest_rows.digest_of(digest_rows.rows_of(session, reading, [touch]), day=now.date())
        sent, number = office.send_digest(session, message, to)
        session.add(TouchMessage(outbox_id=number, touch_id=touch.id or 0, role=TouchRole.DIGEST))
    return sent


def now(office: Office, message: StoredMessage, user: str = ANNA) -> StoredMessage:
    return next(m for m in office.workspace.messages(message.channel, user) if m.ts == message.ts)


def says(office: Office, message: StoredMessage, what: str, user: str = ANNA) -> None:
    eventually(lambda: office.redraw() >= 0 and what in words(now(office, message, user)), what)


def controls(office: Office, message: StoredMessage) -> list[dict[str, Any]]:
    return [
        one
        for block in now(office, message).blocks
        for one in block.get("elements", [])
        if "action_id" in one
    ]


def chosen(office: Office, message: StoredMessage, action: str, choice: str) -> str:
    """The value of an option of a menu in the message as it is now."""
    (menu,) = [one for one in controls(office, message) if one["action_id"] == action]
    return next(str(o["value"]) for o in menu["options"] if f'"do":"{choice}"' in o["value"])


def choose(office: Office, message: StoredMessage, action: str, choice: str, user: str = ANNA) -> None:
    value = chosen(office, message, action, choice)
    assert office.workspace.click(user, now(office, message, user), action, value).ok


def touch(office: Office) -> Touch:
    with office.database.read() as session:
        found = session.exec(select(Touch).where(Touch.step == "revisit").order_by(col(Touch.id))).first()
    assert found is not None
    return found


def kinds_recorded(office: Office) -> list[str]:
    with office.database.read() as session:
        found = session.exec(select(Activity).where(col(Activity.external_id).startswith("touch:")))
        return [one.kind for one in found]


def form(office: Office, message: StoredMessage, choice: RowChoice) -> View:
    choose(office, message, MENU, choice)
    found: View = eventually(lambda: office.workspace.view_of(ANNA), "the form")
    return found


def test_done_asks_what_it_was_and_undo_opens_the_row_again(office: Office) -> None:
    message, copy = digest(office), digest(office)
    choose(office, message, DONE_AS, "call")
    for one in (message, copy):
        says(office, one, "Done by <@U0ANNA> (Call)")
    assert (kinds_recorded(office), touch(office).state) == (["call"], "done")
    assert [one["action_id"] for one in controls(office, copy)] == [UNDO]
    assert office.workspace.click(ANNA, now(office, copy), UNDO).ok
    for one in (message, copy):
        says(office, one, MENU)
    assert (kinds_recorded(office), touch(office).state) == ([], "reminded")
    choose(office, message, DONE_AS, "visit")  # its buttons have the new version
    says(office, copy, "(Visit)")


@pytest.mark.parametrize("choice", [RowChoice.SNOOZE_1, RowChoice.SNOOZE_3, RowChoice.SNOOZE_7])
def test_the_menu_of_a_row_snoozes(office: Office, choice: RowChoice) -> None:
    message = digest(office)
    choose(office, message, MENU, choice)
    says(office, message, "Snoozed by <@U0ANNA> until")
    days = (touch(office).remind_at - SystemClock().now()).days
    assert days >= int(choice.removeprefix("snooze_")) - 1


FORMS: list[tuple[RowChoice, dict[str, str], str, str]] = [
    (
        RowChoice.SNOOZE_UNTIL,
        {"day": (SystemClock().now().date() + timedelta(days=14)).isoformat()},
        "Snoozed by <@U0ANNA> until",
        "snoozed",
    ),
    (RowChoice.REASSIGN, {"person": OLGA}, "<@U0OMAR> does it now", "reminded"),
    (RowChoice.SKIP, {"reason": "They are closed in March"}, "Skipped by <@U0ANNA>", "skipped"),
]
EACH_FORM = pytest.mark.parametrize(("choice", "values", "shown", "state"), FORMS, ids=[f[0] for f in FORMS])


@EACH_FORM
def test_a_form_about_a_step_is_stored_and_the_row_follows(
    office: Office, choice: RowChoice, values: dict[str, str], shown: str, state: str
) -> None:
    message = digest(office)
    opened = form(office, message, choice)
    assert "Globex" in str(opened.spec)
    assert office.workspace.submit_view(ANNA, opened, values).ok
    assert "Globex" in str(office.workspace.view_of(ANNA))
    says(office, message, shown)
    assert touch(office).state == state


@EACH_FORM
def test_a_form_whose_answer_is_lost_is_one_act(
    office: Office, choice: RowChoice, values: dict[str, str], shown: str, state: str
) -> None:
    """As when the process ends between the commit and the acknowledgement: the same form is sent again."""
    message, (bot,) = digest(office), office.bots
    opened = form(office, message, choice)
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, values).error
    stored = touch(office)
    assert stored.state == state
    assert office.workspace.submit_view(ANNA, opened, values).ok
    assert "dealt with" not in str(office.workspace.view_of(ANNA))
    assert touch(office) == stored
    says(office, message, shown)


@pytest.mark.parametrize(
    ("choice", "values", "sentence"),
    [
        (RowChoice.SNOOZE_UNTIL, {"day": "2026-01-02"}, "Choose a day after today."),
        (RowChoice.SNOOZE_UNTIL, {"day": "2099-01-02"}, "Choose a day no later than "),
        (RowChoice.REASSIGN, {"person": LIN}, "Tierbot does not know this person."),
        (RowChoice.REASSIGN, {"person": ANNA}, "Anna does this already."),
        (RowChoice.SKIP, {"reason": "     "}, "Write why, in 3 to 500 characters."),
    ],
)
def test_what_cannot_be_is_said_in_the_form_which_stays(
    office: Office, choice: RowChoice, values: dict[str, str], sentence: str
) -> None:
    opened = form(office, digest(office), choice)
    refused = office.workspace.submit_view(ANNA, opened, values)
    assert sentence in str(refused.errors)
    assert (touch(office).state, touch(office).assignee_id) == ("reminded", None)


def test_a_form_that_is_sent_after_somebody_else_has_answered_changes_nothing_and_keeps_its_text(
    office: Office,
) -> None:
    message, other = digest(office), digest(office, to=(OLGA, 3))
    opened = form(office, message, RowChoice.SKIP)
    value = chosen(office, message, DONE_AS, "call")
    assert office.workspace.click(OLGA, now(office, other, OLGA), DONE_AS, value).ok
    says(office, message, "Done by <@U0OMAR> (Call)")
    refused = office.workspace.submit_view(ANNA, opened, {"reason": "They are closed"})
    assert "Somebody has dealt with this reminder already." in str(refused.errors)
    assert touch(office).state == "done"


def test_two_people_on_one_row_have_one_effect_and_both_see_it(office: Office) -> None:
    message, other = digest(office), digest(office, to=(OLGA, 3))
    value = chosen(office, message, DONE_AS, "visit")
    together = threading.Barrier(2)

    def press(user: str, where: StoredMessage) -> None:
        together.wait()
        office.workspace.click(user, where, DONE_AS, value)

    pressing = [
        threading.Thread(target=press, args=pair)
        for pair in ((ANNA, message), (OLGA, now(office, other, OLGA)))
    ]
    for one in pressing:
        one.start()
    for one in pressing:
        one.join(PATIENCE)
    says(office, message, "Done by")
    says(office, other, "Done by", OLGA)
    assert kinds_recorded(office) == ["visit"]


def test_the_undo_of_somebody_else_is_refused_with_a_sentence(office: Office) -> None:
    message = digest(office)
    choose(office, message, DONE_AS, "visit")
    says(office, message, "Done by")
    pointer = blocks.encode(Pointer(id=touch(office).id or 0, version=touch(office).version))
    button = {
        "type": "button",
        "action_id": UNDO,
        "value": pointer,
        "text": {"type": "plain_text", "text": "."},
    }
    posted = office.post({"text": "A row", "blocks": [{"type": "actions", "elements": [button]}]})
    before = len(office.said_to(OLGA))
    assert office.workspace.click(OLGA, posted, UNDO).ok
    told = eventually(lambda: office.said_to(OLGA)[before:], "the sentence")
    assert "Only the person who did this can take it back." in words(told[0])
    assert kinds_recorded(office) == ["visit"]


def test_a_row_of_the_list_at_any_time_is_answered_in_the_list(office: Office) -> None:
    digest(office)
    assert office.workspace.command(ANNA, ROOM, "/tier", "todo").ok
    listed = office.said_to(ANNA)[-1]
    assert "Globex" in words(listed)
    choose(office, listed, DONE_AS, "meeting")
    says(office, listed, "Done by <@U0ANNA> (Meeting)")
    assert office.workspace.click(ANNA, now(office, listed), UNDO).ok
    eventually(lambda: MENU in str(now(office, listed).blocks), "the open row")
    assert kinds_recorded(office) == []


def test_a_contact_that_is_logged_from_a_row_closes_it(office: Office) -> None:
    message = digest(office)
    assert office.workspace.click(ANNA, message, LOG).ok
    opened = eventually(lambda: office.workspace.view_of(ANNA), "the form")
    assert office.workspace.submit_view(ANNA, opened, {"kind": "review", "note": "Numbers of the year"}).ok
    assert "Review with *Globex*" in str(office.workspace.view_of(ANNA))
    office.workspace.close_view(ANNA, office.workspace.view_of(ANNA))  # type: ignore[arg-type]
    assert touch(office).state == "reminded"  # a review does not count for a revisit
    assert office.workspace.click(ANNA, now(office, message), LOG).ok
    opened = eventually(lambda: office.workspace.view_of(ANNA), "the form")
    assert office.workspace.submit_view(ANNA, opened, {"kind": "visit", "note": "Seen"}).ok
    says(office, message, "Done")
    assert touch(office).state == "done"


def test_a_form_about_a_step_of_somebody_elses_customer_is_a_wrong_guess(office: Office) -> None:
    message = digest(office)
    opened = form(office, message, RowChoice.SKIP)
    with office.database.write() as session:
        session.execute(text("UPDATE ownership SET person_id = 3"))
        assert session.exec(select(Ownership)).first()
    for _ in range(FREE_GUESSES):
        refused = office.workspace.submit_view(ANNA, opened, {"reason": "They are closed"})
        assert "no longer yours" in str(refused.errors)
    refused = office.workspace.submit_view(ANNA, opened, {"reason": "They are closed"})
    assert "You have asked several times" in str(refused.errors)
    assert touch(office).state == "reminded"


def test_a_form_about_a_step_says_when_the_database_is_busy_and_keeps_its_text(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = form(office, digest(office), RowChoice.SKIP)
    with office.locked():
        monkeypatch.setattr(deferred, "FORM_SECONDS", 0.1)
        busy = office.workspace.submit_view(ANNA, opened, {"reason": "They are closed"})
        assert "Nothing of this has been saved" in str(busy.errors)
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert office.workspace.submit_view(ANNA, opened, {"reason": "They are closed"}).ok
    assert touch(office).state == "skipped"


FORGED = {
    "no metadata": "",
    "a list": "[]",
    "no place": '{"id":1,"v":1}',
    "a place that is none": '{"id":1,"v":1,"at":{"a":1},"url":7,"only":"x"}',
    "another version": '{"id":1,"v":99,"at":["C1","1.0"]}',
}


@pytest.mark.parametrize("metadata", FORGED.values(), ids=FORGED)
def test_a_forged_form_changes_nothing(office: Office, metadata: str) -> None:
    digest(office)
    before = touch(office)
    view = {
        "type": "modal", "id": f"V{metadata[:20]}", "callback_id": Action.SKIP_FORM, "private_metadata": metadata,
        "blocks": [{"type": "input", "block_id": "reason"}],
        "state": {"values": {"reason": {"reason": {"value": ["a", "list"]}}}},
    }  # fmt: skip
    answer = office.deliver(
        "interactive",
        {
            "type": "view_submission", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}, "view": view,
            "trigger_id": metadata,
        },
    )  # fmt: skip
    assert answer["response_action"] == "errors"
    assert "went wrong" not in str(answer)
    assert touch(office) == before
