"""*Full list* under the message about a week: a view of what is behind it, of the customers that one may see."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, update

from bot.clock import SystemClock, local_instant
from bot.demo.workspace import StoredMessage, View, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.errors import BadInput
from bot.slack import blocks
from bot.slack.listeners.weekly import list_view
from bot.wording.actions import Pointer
from bot.wording.care.weekly import CareWeekly, WeekFigures
from db.book.people import Person, Team
from db.care.touches import Touch
from db.engine import open_database
from tests import factories
from tests.slack.office import ANNA, Office, eventually

OMAR = "U0OMAR"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def office(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Anna's customer ACME, and Bo's Initech in the same team, each with a step that was skipped last week."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copy(migrated, folder / "office.db")
    database = open_database(f"sqlite:///{folder / 'office.db'}")
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20, monotonic=lambda: 0.0) as workspace:
        office = Office(workspace=workspace, database=database, folder=folder, way="socket")
        office.open()
        with database.write() as session:
            team = factories.team(session, "East", lead_id=1)
            session.exec(update(Person).where(col(Person.name) == "Anna").values(team_id=team))
            omar = factories.person(session, "Omar", role="team_lead", team_id=team)
            session.get_one(Team, team).lead_id = omar
            initech = factories.customer(
                session, "Initech", owner_id=factories.person(session, "Bo", team_id=team, slack=False)
            )
            for customer, name in ((1, "Away in spring"), (initech, "Nobody answered")):
                session.add(
                    Touch(
                        dedupe_key=name, customer_id=customer, plan="standard", step="revisit", kind="revisit", tier="B",
                        due_on=monday(), remind_at=noon(), state="skipped", reason=name, closed_at=noon(),
                        created_at=noon(),
                    )
                )  # fmt: skip
        office.start()
        try:
            yield office
        finally:
            office.close()
            database.close()


def monday() -> date:
    today = SystemClock().now().date()
    return today - (today.weekday() + 7) * DAY


def noon() -> datetime:
    return local_instant(monday() + 2 * DAY, 12, 0, ZoneInfo("UTC"))


def week_in_the_channel(office: Office, day: date, scope: int = 2) -> StoredMessage:
    message = CareWeekly(
        teams=("East",), first_day=day, last_day=day + 6 * DAY, figures=WeekFigures(skipped=2), before=WeekFigures(),
        week=day.toordinal(), scope=scope,
    )  # fmt: skip
    return office.post(blocks.payload(office.bots[0].tierbot.deps.renderer, message, "en"))


def opened(office: Office, message: StoredMessage, user: str, text: str) -> str:
    """What the view shows, once it shows a text."""
    office.workspace.views.clear(user)  # one of before may show the same text
    assert office.workspace.click(user, message, "tierbot_weekly").ok

    def found() -> View | None:
        view = office.workspace.view_of(user)
        return view if view is not None and text in str(view.spec) else None

    view: View = eventually(found, f"a view with {text}")
    return str(view.spec)


def test_the_lead_sees_the_customers_of_the_team_and_an_account_manager_their_own(office: Office) -> None:
    message = week_in_the_channel(office, monday())
    of_lead = opened(office, message, OMAR, "Initech")
    assert "Steps skipped" in of_lead
    assert "“Away in spring”" in of_lead
    assert "“Nobody answered”" in of_lead
    own = opened(office, message, ANNA, "ACME")
    assert "“Away in spring”" in own
    assert "Initech" not in own


def test_a_week_in_which_one_has_nothing_to_manage_says_so(office: Office) -> None:
    message = week_in_the_channel(office, monday() - 7 * DAY)
    assert "There was nothing to manage." in opened(office, message, ANNA, "There was nothing")


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (7, "is not over yet"),
        (10**6, "is not over yet"),
        (-(10**5), "There was nothing"),
    ],
)
def test_a_button_of_any_week_is_answered(office: Office, days: int, sentence: str) -> None:
    message = week_in_the_channel(office, monday() + days * DAY)
    assert sentence in opened(office, message, ANNA, sentence)


@pytest.mark.parametrize("day", [1, 300, 3_652_050, 10**7])
def test_a_forged_week_is_an_old_button(office: Office, day: int) -> None:
    deps = office.bots[0].tierbot.deps
    with pytest.raises(BadInput, match="older version"):
        list_view(deps, deps.identify(ANNA), Pointer(id=day, version=0))
