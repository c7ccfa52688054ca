"""Forms and buttons with contents that were never offered: nothing is written, and the sentence is one for people."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.clock import SystemClock
from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.slack import blocks, forms
from bot.wording.actions import Action, Pointer
from db.engine import open_database
from tests import factories
from tests.slack.office import ANNA, Office, eventually, words


@pytest.fixture(scope="module")
def office(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """ACME and Globex are Anna's, Umbrella is not; `ids` names them."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copy(migrated, folder / "office.db")
    database = open_database(f"sqlite:///{folder / 'office.db'}")
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20, monotonic=lambda: 0.0) as workspace:
        office = Office(workspace=workspace, database=database, folder=folder, way="socket")
        office.open()
        with database.write() as session:
            omar = factories.person(session, "Omar", slack=False)
            factories.customer(session, "Umbrella", owner_id=omar)
        office.start()
        # Wrong guesses are many here, and are tested elsewhere.
        office.bots[0].tierbot.bounds._note_guess = lambda actor: None  # type: ignore[method-assign]
        try:
            yield office
        finally:
            office.close()
            database.close()


def number(office: Office, name: str) -> int:
    with office.database.read() as session:
        found = session.execute(text("SELECT id FROM customer WHERE name = :name"), {"name": name}).scalar()
    return int(found or 999_999)


def written(office: Office) -> list[tuple[Any, ...]]:
    with office.database.read() as session:
        rows = session.execute(text("SELECT customer_id, external_id, kind, note, person_id FROM activity"))
        return [tuple(row) for row in rows]


def submit(office: Office, *, view_id: str = "V1", metadata: str | None = None, **state: Any) -> Any:
    """The answer to a form with these values, by default a good one about ACME."""
    values: dict[str, Any] = {
        "kind": {"kind": {"selected_option": {"value": "call"}}},
        "day": {"day": {"selected_date": "2026-03-02"}},
        "note": {"note": {"value": "short"}},
        **state,
    }
    if metadata is None:
        metadata = blocks.encode(Pointer(id=number(office, "ACME"), version=1))
    inputs = [{"type": "input", "block_id": name} for name in ("kind", "day", "note")]
    view = {
        "type": "modal",
        "id": view_id,
        "callback_id": Action.VISIT_FORM,
        "blocks": inputs,
        "private_metadata": metadata,
        "state": {"values": {name: value for name, value in values.items() if value is not None}},
    }
    payload = {"type": "view_submission", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}, "view": view}
    return office.deliver(
        "interactive", {**payload, "trigger_id": f"{view_id}:{json.dumps(values)[:50]}:{metadata}"}
    )


def option(value: Any) -> dict[str, Any]:
    return {"kind": {"selected_option": value}}


TOMORROW = (SystemClock().now() + timedelta(days=2)).date().isoformat()
STATES: dict[str, dict[str, Any]] = {
    "a kind that was not offered": {"kind": option({"value": "complaint"})},
    "a kind of many": {"kind": option({"value": ["visit", "call"]})},
    "a kind without a value": {"kind": option({})},
    "a kind that is text": {"kind": option("call")},
    "a kind that is a list": {"kind": [{"kind": "call"}]},
    "no kind": {"kind": None},
    "no day": {"day": None},
    "a day that is none": {"day": {"day": {"selected_date": "2026-02-30"}}},
    "a day that is a number": {"day": {"day": {"selected_date": 20260302}}},
    "a day to come": {"day": {"day": {"selected_date": TOMORROW}}},
    "a day before there were companies": {"day": {"day": {"selected_date": "0001-01-01"}}},
    "a note that is too long": {"note": {"note": {"value": "x" * (forms.NOTE + 1)}}},
    "a note of 50,000 characters": {"note": {"note": {"value": "客" * 50_000}}},
    "a note that is a number": {"note": {"note": {"value": 7}}},
    "a note that is a list": {"note": {"note": {"value": ["a", "b"]}}},
    "nothing": {"kind": None, "day": None, "note": None},
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_form_with_values_that_were_not_offered_writes_nothing(
    office: Office, state: dict[str, Any]
) -> None:
    before = written(office)
    answer = submit(office, **state)
    assert answer["response_action"] == "errors"
    assert "went wrong" not in str(answer)
    assert written(office) == before


POINTERS: dict[str, Any] = {
    "empty": "",
    "no JSON": "{",
    "no object": "7",
    "nothing in it": "{}",
    "text for a number": '{"id": "1; --", "v": 1}',
    "a fraction": '{"id": 1.5, "v": 1}',
    "yes": '{"id": true, "v": 1}',
    "below zero": '{"id": -1, "v": 1}',
    "larger than any id": '{"id": 4294967295, "v": 1}',
    "larger than any number": '{"id": 1e999, "v": 1}',
    "a hundred digits": '{"id": %s, "v": 1}' % ("9" * 100),
    "a list": '{"id": [1], "v": 1}',
    "a mark of text": '{"id": 1, "v": 1, "of": "x"}',
    "deep": "[" * 2_000,
}


@pytest.mark.parametrize("pointer", POINTERS.values(), ids=POINTERS)
def test_a_form_with_altered_metadata_writes_nothing(office: Office, pointer: str) -> None:
    before = written(office)
    answer = submit(office, metadata=pointer)
    assert "older version" in str(answer)
    assert written(office) == before


@pytest.mark.parametrize("name", ["Umbrella", "Nobody"])
def test_a_form_about_another_ones_customer_is_answered_as_if_there_were_none(
    office: Office, name: str
) -> None:
    before = written(office)
    answer = submit(office, metadata=blocks.encode(Pointer(id=number(office, name), version=1)))
    assert list(answer["errors"].values()) == ["There is no such customer in your book."]
    assert written(office) == before


def test_a_form_does_not_change_what_another_form_has_recorded(office: Office) -> None:
    assert submit(office, view_id="V7")["response_action"] == "update"
    globex = blocks.encode(Pointer(id=number(office, "Globex"), version=1))
    with office.database.write() as session:
        session.execute(
            text("UPDATE activity SET note = 'Omar wrote it', person_id = 3 WHERE external_id = 'view:V7'")
        )
    before = written(office)
    for metadata in (globex, None):
        answer = submit(office, view_id="V7", metadata=metadata)
        assert "belongs to another contact" in str(answer)
        assert written(office) == before


@pytest.mark.parametrize(
    "action", [Action.OPEN, Action.WHY, Action.EXACT, Action.UNMASK, Action.LOG_VISIT, Action.DONE]
)
def test_a_button_with_an_altered_value_does_nothing(office: Office, action: Action) -> None:
    for value in (one for one in POINTERS.values() if len(one) <= 200 and one):
        button = {
            "type": "button",
            "action_id": str(action),
            "value": value,
            "text": {"type": "plain_text", "text": "."},
        }
        forged = office.post({"text": "forged", "blocks": [{"type": "actions", "elements": [button]}]})
        told, before = len(office.said_to(ANNA)), written(office)
        assert office.workspace.click(ANNA, forged, str(action)).ok
        eventually(lambda told=told: len(office.said_to(ANNA)) > told, "a refusal")
        assert "older version" in words(office.said_to(ANNA)[-1]), value
        assert written(office) == before
