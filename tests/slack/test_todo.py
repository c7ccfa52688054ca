"""/tier todo through the real Bolt app: the list, its next page, and a customer with that name."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.wording.actions import Action
from bot.wording.care.digest import MOST_ROWS
from db.book import people
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, ROOM, Office, eventually

pytestmark = on_sqlite


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[Office]:
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20, monotonic=lambda: 0.0) as workspace:
        office = Office(
            workspace=workspace,
            database=database,
            folder=tmp_path,
            way="socket",
            settings={"TIERBOT_PUBLIC_URL": "https://tierbot.example.com"},
        )
        office.open()
        now = SystemClock().now()
        with database.write() as session:
            anna = people.by_email(session, "anna@example.com")
            assert anna is not None
            factories.customer(session, "Todo", code="C-77", owner_id=anna.id)
            for number in range(MOST_ROWS + 2):
                customer = factories.customer(session, f"Due {number:02}", owner_id=anna.id)
                due = {"due_on": now.date() - timedelta(days=3), "remind_at": now, "created_at": now}
                step = {"step": "revisit", "kind": "revisit", "tier": "A", "state": "reminded"}
                session.add(Touch(customer_id=customer, dedupe_key=f"k{number}", **step, **due))
        office.start()
        try:
            yield office
        finally:
            office.close()


def test_the_list_is_private_and_has_pages_and_a_customer_of_that_name_is_found(office: Office) -> None:
    assert office.workspace.command(ANNA, ROOM, "/tier", "todo").ok
    listed = office.said_to(ANNA)[-1]
    shown = str(listed.blocks)
    assert ("Due 00" in shown, f"Due {MOST_ROWS - 1}" in shown, f"Due {MOST_ROWS}" in shown) == (
        True,
        True,
        False,
    )
    assert [str(action) in shown for action in (Action.DONE, Action.ROW_MENU, Action.MORE_TODO)] == [True] * 3
    assert office.said_to_all() == []
    assert office.workspace.click(ANNA, listed, str(Action.MORE_TODO)).ok
    eventually(lambda: f"Due {MOST_ROWS + 1}" in str(office.now(listed).blocks), "the next page")
    assert "Due 00" not in str(office.now(listed).blocks)
    for name in ('"todo"', "“Todo”", "C-77"):
        assert office.workspace.command(ANNA, ROOM, "/tier", name).ok
        assert "C-77" in str(office.said_to(ANNA)[-1].blocks), name
    assert office.workspace.command(ANNA, ROOM, "/tier", "待办").ok
    assert "Due 00" in str(office.said_to(ANNA)[-1].blocks)


def test_the_link_of_a_calendar_is_made_replaced_and_revoked_privately(office: Office) -> None:
    def calendar_says(what: str) -> None:
        eventually(lambda: any(what in str(said.blocks) for said in office.said_to(ANNA)), what)

    assert office.workspace.command(ANNA, ROOM, "/tier", "calendar").ok
    calendar_says("https://tierbot.example.com/calendar/")
    made = office.said_to(ANNA)[-1]
    url = re.findall(r"<(https://\S+?\.ics)>", str(made.blocks))[0]
    assert url in str(made.blocks), "whole"
    assert office.workspace.command(ANNA, ROOM, "/tier", "calendar").ok
    calendar_says("cannot be shown again")
    kept = office.said_to(ANNA)[-1]
    assert url not in str(kept.blocks)
    assert office.workspace.click(ANNA, kept, str(Action.NEW_CALENDAR)).ok
    eventually(lambda: ".ics" in str(office.now(kept).blocks), "another link")
    assert url not in str(office.now(kept).blocks)
    assert office.workspace.click(ANNA, kept, str(Action.REVOKE_CALENDAR)).ok
    eventually(lambda: "opens nothing any more" in str(office.now(kept).blocks), "the end of it")
    assert office.said_to_all() == []
