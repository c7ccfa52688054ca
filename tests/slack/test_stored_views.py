"""The forms that people fill in, in both languages, as stored for review: STORE_VIEWS=1 stores them anew."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, update

from bot.slack import blocks
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.messages import TierCard
from db.book.people import Person
from tests.slack.office import ANNA, Office, opened_office
from tests.slack.stored import FOLDER

VIEWS = FOLDER / "views"
SETTINGS = (
    *(Action.SET_LANGUAGE, Action.SET_HOURS, Action.SET_DIGEST),
    *(Action.SET_ALERTS, Action.SET_AWAY, Action.SET_DEPUTY),
)
LISTS = {Action.NOTES, Action.CONTACTS, Action.PROFILE}  # views to read
FACT = "service"  # which the form of a missing fact asks for
OF_CARD = (
    Action.RECORD_FACT,
    Action.LOG_VISIT,
    *(action for action in TierCard.in_menu if action not in {Action.BRIEF, *LISTS}),
)


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture(params=catalogue.LANGUAGES)
def office(opened: Office, request: pytest.FixtureRequest) -> Iterator[Office]:
    with opened.database.write() as session:
        session.execute(update(Person).where(col(Person.name) == "Anna").values(language=request.param))
    yield opened
    opened.tidy()


def opens(office: Office, action: Action) -> dict[str, Any]:
    """The view that a button opens, without what differs from day to day."""
    pointer = blocks.decode(office.card().blocks[-1]["elements"][0]["value"])
    query = FACT if action is Action.RECORD_FACT else None
    button = {
        "type": "button",
        "action_id": str(action),
        "text": blocks.plain("Button", 20),
        "value": blocks.encode(replace(pointer, choice=None, query=query)),
    }
    office.workspace.views.clear(ANNA)
    message = office.post({"text": "Button", "blocks": [{"type": "actions", "elements": [button]}]})
    assert office.workspace.click(ANNA, message, str(action)).ok
    office.finish_work()
    text = json.dumps(office.form().spec, ensure_ascii=False, indent=1)
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)
    text = re.sub(r"[A-Z][a-z]{2} \d{1,2}, \d{4}|\d{4}年\d{1,2}月\d{1,2}日", "DAY", text)
    text = re.sub(r'("(?:private_metadata|value)": )"\{.*\}"', r'\1"POINTER"', text)
    text = re.sub(r"\bK\d+\b", "CODE", text)  # of a counter of the process
    text = re.sub(r'"block_id": "b\d+"', '"block_id": "MADE"', text)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("action", [*OF_CARD, *SETTINGS], ids=lambda action: action.name.lower())
def test_a_form_is_as_it_was_stored(office: Office, action: Action, request: pytest.FixtureRequest) -> None:
    language = request.node.callspec.params["office"]
    file = VIEWS / f"{action.name.lower()}.{language}.json"
    now = json.dumps(opens(office, action), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("STORE_VIEWS"):
        VIEWS.mkdir(parents=True, exist_ok=True)
        file.write_text(now, encoding="utf-8")
    assert now == file.read_text(encoding="utf-8"), "Look at the change; STORE_VIEWS=1 stores it."
