"""*Log as contact* in the menu of a message: filled with its text, customer and day, logged once, whoever does it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View
from bot.slack import blocks, deferred
from bot.slack.manifest import LOG_MESSAGE, manifest
from bot.wording.actions import Action, Pointer
from db.book import facts
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.book.people import Person
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, ROOM, Office, eventually, opened_office

JULIA, OMAR = "U0JULIA", "U0OMAR"
CUSTOMER = str(Action.PICK_CUSTOMER)
TODAY = SystemClock().now().date()
TEXT = "ACME called: they want two lines"


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        with office.database.write() as session:
            julia = factories.person(session, "Julia")
            factories.customer(session, "Umbrella", owner_id=julia)
            factories.person(session, "Omar")
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(Activity, InboundRequest, users=(ANNA, JULIA))


def customer(office: Office, name: str) -> Customer:
    with office.database.read() as session:
        return session.exec(select(Customer).where(Customer.name == name)).one()


def form(office: Office, message: StoredMessage, user: str = ANNA) -> View:
    office.workspace.views.clear(user)
    assert office.workspace.shortcut(user, message, LOG_MESSAGE.callback_id).ok
    return office.form(user)


def element(view: View, name: str) -> dict[str, Any]:
    (found,) = [one["element"] for one in view.spec["blocks"] if one.get("block_id") == name]
    return dict(found)


def note(view: View) -> str:
    return str(element(view, "note")["initial_value"])


def said(office: Office, user: str = ANNA) -> str:
    return str(office.workspace.view_of(user))


def test_the_manifest_offers_it_in_the_menu_of_messages() -> None:
    (shortcut,) = manifest()["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", LOG_MESSAGE.callback_id)
    assert len(shortcut["name"]) <= 24


def test_the_form_is_filled_and_logs_the_message_as_a_contact(office: Office) -> None:
    opened = form(office, office.workspace.say(ANNA, ROOM, TEXT))
    assert element(opened, CUSTOMER)["initial_option"]["text"]["text"].startswith("ACME K")
    assert (note(opened), element(opened, "day")["initial_date"]) == (TEXT, TODAY.isoformat())
    assert office.workspace.submit_view(ANNA, opened, {"kind": "call"}).ok
    assert "Call with" in said(office)
    (only,) = office.stored(Activity)
    acme = customer(office, "ACME")
    assert (only.customer_id, only.kind, only.note, only.happened_on) == (acme.id, "call", TEXT, TODAY)
    assert (only.source, only.person_id) == ("slack", 1)


def test_what_a_colleague_wrote_is_noted_with_their_name(office: Office) -> None:
    assert note(form(office, office.workspace.say(OMAR, ROOM, TEXT))) == f"Omar: {TEXT}"


@pytest.mark.parametrize("text", ["They want two lines", "ACME and Globex want two lines", "Umbrella called"])
def test_without_one_certain_customer_it_is_searched(office: Office, text: str) -> None:
    """Umbrella is Julia's: for Anna it is no name."""
    opened = form(office, office.workspace.say(ANNA, ROOM, text))
    assert "initial_option" not in element(opened, CUSTOMER)
    assert office.workspace.submit_view(ANNA, opened, {}).errors
    (option,) = office.workspace.suggest(ANNA, opened, CUSTOMER, "glob")
    assert option["text"]["text"].startswith("Globex K")
    assert office.workspace.suggest(ANNA, opened, CUSTOMER, "umbrella") == []
    assert office.workspace.submit_view(ANNA, opened, {CUSTOMER: option["value"]}).ok
    assert [one.customer_id for one in office.stored(Activity)] == [customer(office, "Globex").id]


def test_somebody_who_is_not_known_is_offered_no_customer(office: Office) -> None:
    opened = form(office, office.workspace.say(ANNA, ROOM, "Two lines"))
    with office.database.write() as session:
        session.execute(update(Person).where(col(Person.name) == "Anna").values(active=False))
    try:
        assert office.workspace.suggest(ANNA, opened, CUSTOMER, "glob") == []
    finally:
        with office.database.write() as session:
            session.execute(update(Person).where(col(Person.name) == "Anna").values(active=True))


def test_markup_of_slack_is_noted_as_people_read_it(office: Office) -> None:
    text = (
        f"<@{OMAR}> met ACME &amp; sons in <#C0GENERAL|general> <!here>: <https://drive.example/d/S3CRET?key=1|offer>"
        " <https://drive.example/S3CRET> <mailto:li@acme.example|li@acme.example>"
    )
    message = office.post({"text": text})
    assert note(form(office, message)) == (
        "@Omar met ACME & sons in #general @here: offer (drive.example/…) drive.example/… li@acme.example"
    )


@pytest.mark.parametrize(
    "link",
    [
        "<http://drive.example/d/S3CRET?key=1|drive.example/d/S3CRET?key=1>",
        "<https://drive.example/d/S3CRET|https://drive.example/d/S3CRET>",
        "<https://drive.example/d/S3CRET|HTTP://drive.example/d/S3CRET>",
        "<https://drive.example?key=S3CRET|see drive.example:443?key=S3CRET>",
    ],
)
def test_a_link_whose_words_are_an_address_is_noted_by_its_host_only(office: Office, link: str) -> None:
    message = office.post({"text": f"ACME sent {link} today"})
    assert note(form(office, message)) == "ACME sent drive.example/… today"


def test_a_message_that_is_logged_for_two_customers_at_the_same_moment_is_logged_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one does not see the first when it looks."""
    message = office.workspace.say(ANNA, ROOM, TEXT)
    assert office.workspace.submit_view(ANNA, form(office, message), {"kind": "call"}).ok
    monkeypatch.setattr(facts, "activity", lambda *given: None)
    second = form(office, message)
    (globex,) = office.workspace.suggest(ANNA, second, CUSTOMER, "glob")
    refused = office.workspace.submit_view(ANNA, second, {CUSTOMER: globex["value"], "kind": "call"})
    assert "Somebody has logged this message already." in f"{refused} {said(office)}"
    assert len(office.stored(Activity)) == 1


def test_the_same_message_is_logged_once_and_says_so_to_whoever_tries(office: Office) -> None:
    message = office.workspace.say(ANNA, ROOM, TEXT)
    first = form(office, message)
    office.workspace.views.clear(ANNA)
    second = form(office, message)
    assert office.workspace.submit_view(ANNA, second, {"kind": "call"}).ok
    office.workspace.views.clear(ANNA)
    assert office.workspace.shortcut(ANNA, message, LOG_MESSAGE.callback_id).ok
    office.view_with("It was recorded before; nothing has been added.")
    assert office.workspace.shortcut(JULIA, message, LOG_MESSAGE.callback_id).ok
    shown = str(office.view_with("Somebody has logged this message already.", JULIA).spec)
    assert "ACME" not in shown, "she may not see the customer"
    assert first.id != second.id
    assert len(office.stored(Activity)) == 1


def test_two_forms_of_one_message_log_it_once(office: Office) -> None:
    message = office.workspace.say(ANNA, ROOM, TEXT)
    opened = form(office, message)
    with office.database.write() as session:
        acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one() or 0
        session.add(
            Activity(
                customer_id=acme, source="slack", external_id=f"message:{ROOM}:{message.ts}", kind="visit",
                happened_on=TODAY - timedelta(days=1), note="Said before", person_id=1, recorded_at=SystemClock().now(),
            )
        )  # fmt: skip
    assert office.workspace.submit_view(ANNA, opened, {"kind": "call"}).ok
    assert "nothing has been added" in said(office)
    assert [one.note for one in office.stored(Activity)] == ["Said before"]


def test_a_form_whose_answer_is_lost_logs_once(office: Office) -> None:
    opened, (bot,) = form(office, office.workspace.say(ANNA, ROOM, TEXT)), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, {}).error
        eventually(lambda: len(office.stored(Activity)) == 1, "the contact")
    assert office.workspace.submit_view(ANNA, opened, {}).ok
    assert "nothing has been added" in said(office)
    assert len(office.stored(Activity)) == 1


def test_while_the_database_is_locked_nothing_typed_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = form(office, office.workspace.say(ANNA, ROOM, TEXT))
    monkeypatch.setattr(deferred, "FORM_SECONDS", 0.3)
    with office.locked():
        assert office.workspace.submit_view(ANNA, opened, {}).errors, "the form stays, with what to do"
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert office.workspace.submit_view(ANNA, opened, {}).ok
    assert len(office.stored(Activity)) == 1


def test_a_day_to_come_is_said_below_its_input(office: Office) -> None:
    opened = form(office, office.workspace.say(ANNA, ROOM, TEXT))
    refused = office.workspace.submit_view(ANNA, opened, {"day": "2099-01-01"})
    assert "The day lies in the future." in refused.errors["day"]
    assert office.stored(Activity) == []


def test_who_may_not_log_contacts_with_the_customer_logs_nothing(office: Office) -> None:
    """A value that was never offered to Julia."""
    opened = form(office, office.workspace.say(JULIA, ROOM, "Two lines"), JULIA)
    acme = customer(office, "ACME")
    value = blocks.encode(Pointer(id=acme.id or 0))
    office.workspace.interactions._offered[value] = {"text": blocks.plain("ACME", 20), "value": value}
    with office.database.write() as session:
        anna = session.exec(select(Person.id).where(Person.name == "Anna")).one()
        session.execute(update(Ownership).where(col(Ownership.customer_id) == acme.id).values(person_id=anna))
    assert office.workspace.submit_view(JULIA, opened, {CUSTOMER: value}).errors
    assert office.stored(Activity) == []
