"""A channel shared with another company: its people are refused, and nothing of a customer is posted there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from bot.clock import SystemClock
from bot.demo.workspace import BOT_USER_ID, User, Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, PEOPLE
from bot.slack import blocks
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer
from db.book import people
from db.book.facts import Activity
from db.book.people import Person
from db.engine import Database
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, NEWCOMER, ROOM, Office, eventually, words

pytestmark = on_sqlite
EVE = "U0EVE"
REFUSED = "You are not a member of the Slack workspace in which Tierbot is installed."


@pytest.fixture
def office(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    """Everybody's channel is shared with the company of Eve, whose profile has Anna's address, an admin's.

    `param` is the organisation that the workspace belongs to.
    """
    organisation = getattr(request, "param", None)
    eve = User(
        id=EVE, name="eve", real_name="Eve", email="anna@example.com", team_id="T0OTHER", locale="en-US"
    )
    shared = [replace(channel, shared_with=frozenset({"T0OTHER"})) for channel in CHANNELS]
    with Workspace(users=(*PEOPLE, eve), channels=shared, ack_seconds=20, monotonic=lambda: 0.0) as workspace:
        bot = workspace.state.users[BOT_USER_ID]
        workspace.state.put_user(replace(bot, enterprise_id=organisation))
        office = Office(workspace=workspace, database=database, folder=tmp_path, way="socket")
        office.open()
        with database.write() as session:
            anna = people.by_email(session, "anna@example.com")
            assert anna is not None
            anna.role = "admin"
        office.start()
        try:
            yield office
        finally:
            office.close()


def anna_of(office: Office) -> Person:
    with office.database.read() as session:
        found = people.by_email(session, "anna@example.com")
        assert found is not None
        return found


def test_an_outsider_with_an_admins_address_gets_no_answer_and_no_binding(office: Office) -> None:
    assert office.workspace.command(EVE, ROOM, "/tier", "ACME").ok
    told = eventually(lambda: office.said_to(EVE), "a refusal")
    assert [REFUSED in words(message) for message in told] == [True]
    assert anna_of(office).slack_user_id == ANNA
    assert office.workspace.command(ANNA, ROOM, "/tier", "ACME").ok
    assert "ACME" in words(office.said_to(ANNA)[-1])


@pytest.mark.parametrize("action", [Action.DONE, Action.SNOOZE])
def test_an_outsider_who_presses_a_button_changes_nothing(office: Office, action: Action) -> None:
    reminder = office.reminder()
    assert office.workspace.click(EVE, reminder, str(action)).ok
    told = eventually(lambda: office.said_to(EVE), "a refusal")
    assert REFUSED in words(told[0])
    assert office.now(reminder) == reminder


def test_an_outsiders_form_says_why_nothing_was_saved_and_keeps_what_was_typed(office: Office) -> None:
    pointer = blocks.encode(Pointer(id=office.globex))
    form = forms.visit_form("Globex", "C1", SystemClock().now().date(), pointer, catalogue.gettext("en"))
    payload = {
        "type": "view_submission",
        "team": {"id": "T0OTHER"},
        "user": {"id": EVE, "team_id": "T0OTHER"},
        "trigger_id": "1.2.3",
        "view": {**form, "id": "V1", "state": {"values": {}}},
    }
    answer = office.deliver("interactive", payload)
    assert answer["response_action"] == "errors"
    assert list(answer["errors"].values()) == [f"{REFUSED} Please ask a colleague there."]
    with office.database.read() as session:
        assert session.exec(select(Activity)).all() == []


def test_a_request_that_names_another_team_is_refused_even_with_a_bound_user_id(office: Office) -> None:
    """User ids are unique only within a workspace."""
    office.workspace.state.put_user(replace(ANNA_SCHMIDT, team_id="T0OTHER"))
    before = len(office.said_to(ANNA))
    assert office.workspace.command(ANNA, ROOM, "/tier", "ACME").ok
    told = eventually(lambda: office.said_to(ANNA)[before:], "a refusal")
    assert REFUSED in words(told[0])


@pytest.mark.parametrize(("office", "answered"), [("E0", True), (None, False)], indirect=["office"])
def test_a_colleague_of_another_workspace_of_the_organisation_is_answered(
    office: Office, answered: bool
) -> None:
    state = office.workspace.state
    lin = state.user(NEWCOMER)
    state.put_user(replace(lin, team_id="T0SISTER", enterprise_id="E0", email="lin.wei@example.com"))
    assert office.workspace.command(NEWCOMER, ROOM, "/tier", "ACME").ok
    told = eventually(lambda: office.said_to(NEWCOMER), "an answer")
    assert (REFUSED not in words(told[0])) is answered


@pytest.mark.parametrize("action", [Action.SHARE, Action.POST])
def test_nothing_is_shared_in_a_channel_that_another_company_reads(office: Office, action: Action) -> None:
    state = office.workspace.state
    shared = state.channel(ROOM)
    if action == Action.POST:  # the channel is shared while the preview is looked at
        state.put_channel(replace(shared, shared_with=frozenset()))
        card = office.preview()
        state.put_channel(shared)
    else:
        card = office.card()
    before = len(office.said_to(ANNA))
    assert office.workspace.click(ANNA, card, str(action)).ok
    told = eventually(lambda: office.said_to(ANNA)[before:], "a refusal")
    assert "People of another company read this channel" in words(told[0])
    assert office.said_to_all() == []


def test_nothing_is_shared_where_slack_does_not_show_who_reads_it(office: Office) -> None:
    state = office.workspace.state
    alone = replace(state.channel(ROOM), is_private=True, members=frozenset({ANNA}), shared_with=frozenset())
    state.put_channel(alone)
    card = office.card()
    before = len(office.said_to(ANNA))
    assert office.workspace.click(ANNA, card, str(Action.SHARE)).ok
    told = eventually(lambda: office.said_to(ANNA)[before:], "a refusal")
    assert "Invite it with /invite @Tierbot" in words(told[0])
    assert office.said_to_all() == []
