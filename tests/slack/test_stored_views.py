"""The forms that people fill in, in both languages, as stored for review: STORE_VIEWS=1 stores them anew."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.clock import SystemClock
from bot.services.care.schedule import plan_customers
from bot.slack import blocks
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer, RowChoice
from bot.wording.messages import TierCard
from db.book.customers import Customer
from db.book.facts import Activity
from db.book.people import Person
from db.care import touches
from db.care.records.complaints import Complaint
from db.care.records.promises import Promise
from db.care.touches import Touch
from tests import factories
from tests.services.reports.test_credit import CREDIT_SCHEME
from tests.slack.office import ANNA, ROOM, Office, opened_office
from tests.slack.stored import FOLDER

VIEWS = FOLDER / "views"
SETTINGS = (
    *(Action.SET_LANGUAGE, Action.SET_HOURS, Action.SET_DIGEST),
    *(Action.SET_ALERTS, Action.SET_AWAY, Action.SET_DEPUTY),
)
LISTS = {Action.NOTES, Action.CONTACTS, Action.PROFILE}  # views to read
OVERRIDES = "override: {allowed: true, needs: [reason, approver, expires_on], max_days: 30}\n"
FACT = "service"  # which the form of a missing fact asks for
OF_CARD = (
    *(Action.RECORD_FACT, Action.LOG_VISIT),
    *(action for action in TierCard.in_menu if action not in {Action.BRIEF, *LISTS}),
)
OF_PROMISE = (Action.PROMISE_KEPT_ON, Action.POSTPONE_PROMISE, Action.WITHDRAW_PROMISE)
OF_RECORD = (
    *(Action.CHANGE_NOTE, Action.TAKE_BACK_NOTE),
    *(Action.COMPLAINT_STEP, Action.CLOSE_COMPLAINT),
    *OF_PROMISE,
)
OF_ROW = (RowChoice.SNOOZE_UNTIL, RowChoice.REASSIGN, RowChoice.SKIP)


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        with office.database.write() as session:
            text = factories.PLAIN_SCHEME.replace("version: 1", "version: 2") + OVERRIDES
            factories.scheme(session, text, effective_from=date(2026, 1, 2))
            as_of = SystemClock().now().date()
            acme = session.scalars(select(Customer.id).where(col(Customer.name) == "ACME")).one()
            factories.graded(session, {acme or 0: "B"}, as_of=date(2026, 3, 31), text=text)
            factories.graded(session, {acme or 0: "B"}, as_of=as_of, purpose="credit", text=CREDIT_SCHEME)
        yield office


@pytest.fixture(params=catalogue.LANGUAGES)
def office(opened: Office, request: pytest.FixtureRequest) -> Iterator[Office]:
    with opened.database.write() as session:
        session.execute(update(Person).where(col(Person.name) == "Anna").values(language=request.param))
    yield opened
    opened.tidy(Complaint, Promise, Touch, Activity)


def of_record(office: Office, action: Action | RowChoice, customer: Pointer) -> Pointer:
    """What the button of a record points at; the record is new."""
    today = SystemClock().now().date()
    with office.database.write() as session:
        if action in (Action.CHANGE_NOTE, Action.TAKE_BACK_NOTE):
            number = factories.contact(session, customer.id, today)
            activity = session.get_one(Activity, number)
            activity.source = "tierbot"
            activity.note = "*They* want <an offer> & a visit."
            activity.person_id = session.exec(select(Person.id).where(col(Person.name) == "Anna")).one()
            return replace(customer, id=number, version=0)
        if action in (Action.COMPLAINT_STEP, Action.CLOSE_COMPLAINT):
            return Pointer(id=factories.complaint(session, customer.id, today), version=1)
        if action in OF_PROMISE:
            number = factories.promise(session, customer.id, today + timedelta(days=3), what="The *offer*")
            return Pointer(id=number, version=1)
        plan_customers(session, office.bots[0].tierbot.rules, [customer.id], SystemClock().now())
        touch = touches.open_touches(session, [customer.id])[0]
        return Pointer(id=touch.id or 0, version=touch.version, choice=str(action))


def opens(office: Office, action: Action | RowChoice) -> dict[str, Any]:
    """The view that a button opens."""
    pointer = blocks.decode(office.card().blocks[-1]["elements"][0]["value"])
    pointer = replace(pointer, choice=None, query=FACT if action is Action.RECORD_FACT else None)
    if action in (*OF_RECORD, *OF_ROW):
        pointer = of_record(office, action, pointer)
    pressed, value = str(action), blocks.encode(pointer)
    element: dict[str, Any] = {"type": "button", "text": blocks.plain("Button", 20), "value": value}
    if isinstance(action, RowChoice):
        pressed = str(Action.ROW_MENU)
        element = {"type": "overflow", "options": [{"text": blocks.plain("Choice", 20), "value": value}]}
    office.workspace.views.clear(ANNA)
    row = {"type": "actions", "elements": [element | {"action_id": pressed}]}
    message = office.post({"text": "Button", "blocks": [row]})
    assert office.workspace.click(ANNA, message, pressed, value if isinstance(action, RowChoice) else None).ok
    return shown(office)


def shown(office: Office) -> dict[str, Any]:
    """The form in front, without what differs from day to day."""
    office.finish_work()
    text = json.dumps(office.form().spec, ensure_ascii=False, indent=1)
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)
    text = re.sub(r"[A-Z][a-z]{2} \d{1,2}, \d{4}|\d{4}年\d{1,2}月\d{1,2}日", "DAY", text)
    text = re.sub(r'("(?:private_metadata|value)": )"\{.*\}"', r'\1"POINTER"', text)
    text = re.sub(r"\bK\d+\b", "CODE", text)  # of a counter of the process
    text = re.sub(r'"block_id": "b\d+"', '"block_id": "MADE"', text)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize(
    "action",
    [*OF_CARD, *SETTINGS, *OF_RECORD, *OF_ROW, Action.ADD_PROSPECT],
    ids=lambda action: action.name.lower(),
)
def test_a_form_is_as_it_was_stored(
    office: Office, action: Action | RowChoice, request: pytest.FixtureRequest
) -> None:
    is_as_stored(action, request, opens(office, action))


def test_the_form_of_a_message_is_as_it_was_stored(office: Office, request: pytest.FixtureRequest) -> None:
    office.workspace.views.clear(ANNA)
    message = office.workspace.say(ANNA, ROOM, "ACME wants two lines")
    assert office.workspace.shortcut(ANNA, message, str(Action.LOG_MESSAGE)).ok
    is_as_stored(Action.LOG_MESSAGE, request, shown(office))


def is_as_stored(action: Action | RowChoice, request: pytest.FixtureRequest, view: dict[str, Any]) -> None:
    language = request.node.callspec.params["office"]
    file = VIEWS / f"{action.name.lower()}.{language}.json"
    now = json.dumps(view, ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("STORE_VIEWS"):
        VIEWS.mkdir(parents=True, exist_ok=True)
        file.write_text(now, encoding="utf-8")
    assert now == file.read_text(encoding="utf-8"), "Look at the change; STORE_VIEWS=1 stores it."
