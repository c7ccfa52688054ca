"""Prospects in Slack: the form from the Home tab and from /tier, similar names, one effect, and Undo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from bot.demo.workspace import View
from bot.slack import blocks, deferred
from bot.slack.listeners import tier_command
from bot.slack.pressed import home_tab
from bot.wording.actions import Action
from bot.wording.ask.prospects import ProspectOffer
from db import traces
from db.book.customers import Customer
from db.book.people import Person
from db.processes import InboundRequest
from tests.slack.office import ANNA, PATIENCE, ROOM, Office, eventually, opened_office, words

UNDO = str(Action.UNDO_PROSPECT)
GIVEN = {"name": "Zebra Foods", "country": "Germany"}


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(InboundRequest)
    with opened.database.write() as session:
        added = session.exec(select(Customer.id).where(Customer.record_type == "prospect")).all()
        for table in traces.customer_tables():
            session.execute(table.delete().where(traces.about_customers(table, [one or 0 for one in added])))


def names(office: Office) -> list[str]:
    return [one.name for one in office.stored(Customer) if one.record_type == "prospect"]


def form(office: Office, text: str = "add prospect") -> View:
    office.workspace.views.clear(ANNA)
    assert office.workspace.command(ANNA, ROOM, "/tier", text).ok
    return office.form()


def front(office: Office) -> View:
    """The view that Anna has in front of her."""
    view = office.workspace.view_of(ANNA)
    assert view is not None
    return view


def said(office: Office) -> str:
    return str(office.workspace.view_of(ANNA))


def test_the_command_opens_the_form_which_adds_the_prospect(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), GIVEN).ok
    assert "is in the book as a prospect" in said(office)
    (only,) = [one for one in office.stored(Customer) if one.name == "Zebra Foods"]
    assert (only.country, only.code, only.region) == ("Germany", "P-0001", None)
    assert office.workspace.click(ANNA, front(office), str(Action.OPEN)).ok
    office.view_with("Zebra Foods")


def test_a_name_that_is_typed_behind_it_stands_in_the_form(office: Office) -> None:
    opened = form(office, "add prospect Zebra & Söhne")
    assert office.workspace.submit_view(ANNA, opened, {}).ok
    assert names(office) == ["Zebra & Söhne"]


def test_the_home_tab_opens_it_for_who_may(office: Office) -> None:
    bot = office.bots[0]
    home_tab.publish(bot.tierbot.deps, bot.front.app.client, ANNA)
    home = office.workspace.home_of(ANNA)
    assert home is not None
    assert office.workspace.click(ANNA, home, str(Action.ADD_PROSPECT)).ok
    assert office.workspace.submit_view(ANNA, office.form(), GIVEN).ok
    assert names(office) == ["Zebra Foods"]


def test_a_direct_message_offers_the_form(office: Office) -> None:
    there = office.workspace.dm(ANNA)
    bot = office.bots[0].tierbot
    with bot.database.read() as session:
        found = tier_command.question(bot.deps, session, bot.deps.identify(ANNA), "add prospect Zebra Foods")
    assert isinstance(found, ProspectOffer)
    message = office.post(blocks.payload(bot.renderer, found, "en"), there)
    assert office.workspace.click(ANNA, message, str(Action.ADD_PROSPECT)).ok
    assert "Zebra Foods" in str(office.form().spec)


def test_a_similar_name_is_shown_with_what_was_typed_kept_and_added_only_when_it_is_none_of_these(
    office: Office,
) -> None:
    opened = form(office)
    assert office.workspace.submit_view(ANNA, opened, {"name": "Acme Pumps", "country": "Germany"}).ok
    asked = office.view_with("It is none of these: add it")
    shown = str(asked.spec)
    assert "ACME K" in shown
    assert "· Anna" in shown
    assert names(office) == []
    assert office.workspace.submit_view(ANNA, asked, {}).errors, "the box is not ticked"
    assert names(office) == []
    assert office.workspace.submit_view(ANNA, asked, {"is_new": ["is_new"]}).ok
    assert "is in the book as a prospect" in said(office)
    (only,) = [one for one in office.stored(Customer) if one.name == "Acme Pumps"]
    assert only.country == "Germany", "what was typed first"


def test_the_box_counts_only_for_the_name_that_it_was_shown_for(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), {"name": "Acme Pumps"}).ok
    asked = office.view_with("It is none of these: add it")
    assert office.workspace.submit_view(ANNA, asked, {"name": "Globex", "is_new": ["is_new"]}).ok
    assert "Globex K" in str(office.view_with("It is none of these: add it").spec)
    assert names(office) == []


def test_a_form_whose_answer_is_lost_adds_one(office: Office) -> None:
    opened, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, GIVEN).error
        eventually(lambda: names(office) == ["Zebra Foods"], "the prospect")
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert "nothing has been added" in said(office)
    assert names(office) == ["Zebra Foods"]


def test_while_the_database_is_locked_nothing_typed_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = form(office)
    monkeypatch.setattr(deferred, "FORM_SECONDS", 0.3)
    with office.locked():
        assert office.workspace.submit_view(ANNA, opened, GIVEN).errors, "the form stays, with what to do"
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert names(office) == []
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert names(office) == ["Zebra Foods"]


def test_a_code_that_is_taken_is_said_below_its_input(office: Office) -> None:
    (acme,) = [one for one in office.stored(Customer) if one.name == "ACME"]
    refused = office.workspace.submit_view(ANNA, form(office), GIVEN | {"code": acme.code})
    assert "Another customer has this code" in refused.errors["code"]
    assert names(office) == []


def test_undo_takes_it_out_of_the_book(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), GIVEN).ok
    assert office.workspace.click(ANNA, front(office), UNDO).ok
    eventually(lambda: "no longer in the book" in said(office), "the end")
    assert names(office) == []


def test_who_may_not_reads_why_in_place_of_the_form(office: Office) -> None:
    anna = update(Person).where(col(Person.name) == "Anna")
    with office.database.write() as session:
        session.execute(anna.values(role="viewer"))
    try:
        office.workspace.views.clear(ANNA)
        assert office.workspace.command(ANNA, ROOM, "/tier", "add prospect").ok
        office.view_with("You can add prospects that you look after")
    finally:
        with office.database.write() as session:
            session.execute(anna.values(role="account_manager"))
    assert "Zebra" not in str([words(one) for one in office.said_to(ANNA)])
