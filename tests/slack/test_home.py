"""The Home tab in the local Slack: what it shows, what its presses do, and who gets nothing but a sentence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.workspace import View, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.slack.manifest import EVENTS
from db.engine import Database
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, Office, eventually

pytestmark = on_sqlite


@pytest.fixture(params=["socket", "http"])
def office(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    with Workspace(
        users=PEOPLE, channels=CHANNELS, events=EVENTS, ack_seconds=20, monotonic=lambda: 0.0
    ) as workspace:
        office = Office(workspace=workspace, database=database, folder=tmp_path, way=request.param)
        office.open()
        office.start()
        try:
            yield office
        finally:
            office.close()


def opened(office: Office, user: str = ANNA) -> View:
    """A person's tab after they have opened it."""
    before = office.workspace.home_of(user)
    office.workspace.open_home(user)

    def published() -> View | None:
        view = office.workspace.home_of(user)
        return view if view is not None and (before is None or view.hash != before.hash) else None

    view: View = eventually(published, "the tab")
    return view


def test_the_tab_shows_the_customers(office: Office) -> None:
    import json
    view = opened(office)
    print(json.dumps(view.spec, ensure_ascii=False, indent=1))
    assert 0
