"""The channels of an installation are looked at before a message to them fails."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, GENERAL, GRACE_CHEN, MANAGERS, PEOPLE
from bot.demo.workspace.platform import ALL_SCOPES
from bot.services.delivery.worker import WorkerOptions
from bot.services.ops.channels import Remark, Written, look, remarks, watch, written
from bot.services.ops.doctor import Slack, examine
from bot.settings import Settings
from db.book.people import Person
from db.engine import Database
from db.outbox import channels
from tests import factories
from tests.conftest import on_sqlite
from tests.services.delivery.test_outbox_places import real_slack

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace(users=PEOPLE, channels=CHANNELS, now=lambda: NOW) as running:
        yield running


def change(workspace: Workspace, **changes: object) -> None:
    """Change #managers."""
    workspace.state.put_channel(replace(workspace.state.channel(MANAGERS.id), **changes))  # type: ignore[arg-type]


def remarked(workspace: Workspace, known: Written) -> list[Remark]:
    return list(remarks(known, look(known, real_slack(workspace.api_url))))


@pytest.mark.parametrize("wording", ["#managers", MANAGERS.id])
@pytest.mark.parametrize(
    ("changes", "found", "remedy"),
    [
        ({"is_archived": True}, "archived", "unarchive"),
        ({"members": frozenset({GRACE_CHEN.id})}, "the bot is", "/invite @Tierbot"),
        (
            {"members": frozenset({GRACE_CHEN.id}), "is_private": True},
            "no such channel|of this name",
            "/invite",
        ),
        ({"team_id": "T0OTHER"}, "another workspace|of this name", "another channel's id|correct the name"),
        ({"shared_with": frozenset({"T0OTHER"})}, "people of another company", "end the sharing"),
    ],
)
def test_what_keeps_messages_from_a_channel_is_a_problem_with_a_remedy(
    workspace: Workspace, wording: str, changes: dict[str, object], found: str, remedy: str
) -> None:
    change(workspace, **changes)
    known = Written(settings={"TIERBOT_ALERT_CHANNEL": wording}, teams={"East": wording, "West": GENERAL.id})
    problem, ok = remarked(workspace, known)
    assert problem.level == "problem"
    assert problem.found.startswith(f"{wording} (TIERBOT_ALERT_CHANNEL, team East): ")
    assert any(part in problem.found for part in found.split("|"))
    assert any(part in problem.remedy for part in remedy.split("|"))
    assert (ok.level, ok.found) == ("ok", "#general (C0GENERAL)")


def test_a_channel_renamed_since_its_name_was_looked_up_is_noted_and_the_new_one_of_that_name_is_not_meant(
    workspace: Workspace,
) -> None:
    known = Written(settings={"TIERBOT_ALERT_CHANNEL": "#managers"}, ids={"#managers": MANAGERS.id})
    assert [remark.level for remark in remarked(workspace, known)] == ["ok"]
    change(workspace, name="leads")
    workspace.state.put_channel(replace(MANAGERS, id="C0NEW", is_archived=True))
    note, ok = remarked(workspace, known)
    assert (note.level, ok.level) == ("note", "ok")
    assert note.found == (
        "messages for #managers go to #leads (C0MANAGERS), which had that name when it was first used"
    )
    assert note.remedy == "write C0MANAGERS instead of the name, or the id of another channel"


def test_channels_that_cannot_be_looked_at_are_a_problem_for_lack_of_scopes_and_a_note_without_a_network(
    workspace: Workspace,
) -> None:
    known = Written(settings={"TIERBOT_ALERT_CHANNEL": "#managers"})
    workspace.platform.scopes = ALL_SCOPES - {"channels:read"}
    (lacking,) = remarked(workspace, known)
    assert (lacking.level, "channels:read" in lacking.found) == ("problem", True)
    (down,) = remarks(known, look(known, real_slack("http://127.0.0.1:1/api/")))
    assert (down.level, "Connection refused" in down.found) == ("note", True)


def test_without_channels_slack_is_not_asked() -> None:
    known = Written(settings={"TIERBOT_ALERT_CHANNEL": ""})
    assert list(remarks(known, look(known, real_slack("http://127.0.0.1:1/api/")))) == []


@on_sqlite
def test_the_doctor_has_a_problem_with_a_channel_and_reads_what_names_mean(
    database: Database, workspace: Workspace, tmp_path: Path
) -> None:
    settings = Settings(_env_file=None, TIERBOT_DATA_DIR=tmp_path, TIERBOT_ALERT_CHANNEL="#managers")
    with database.write() as session:
        factories.team(session, "East", channel=GENERAL.id)
        channels.remember(session, "#managers", MANAGERS.id, NOW)
    change(workspace, is_archived=True, name="closed")

    def found(slack: Slack) -> list[tuple[str, str]]:
        findings = examine(database, settings, slack, NOW, real_slack(workspace.api_url))
        return [(one.level, one.found) for one in findings if one.about == "channels"]

    assert found(Slack(team="Local")) == [
        ("problem", "#managers, C0MANAGERS (TIERBOT_ALERT_CHANNEL): the channel is archived"),
        ("ok", "#general (C0GENERAL)"),
    ]
    assert found(Slack(error="invalid_auth")) == []


@on_sqlite
def test_a_look_remembers_names_and_tells_admins_of_trouble_at_most_once_an_hour(
    database: Database, workspace: Workspace
) -> None:
    with database.write() as session:
        grace = factories.person(session, "grace", role="admin")
        session.get_one(Person, grace).slack_user_id = GRACE_CHEN.id
        factories.team(session, "East", channel="C0NOWHERE")
    options, slack = WorkerOptions(fallback_channel="#managers"), real_slack(workspace.api_url)
    offline = real_slack("http://127.0.0.1:1/api/")
    assert watch(database, offline, options, NOW) == 0  # and does not count as a look
    assert watch(database, slack, options, NOW) == 1
    with database.read() as session:
        assert written(session, "#managers").ids == {"#managers": MANAGERS.id}
    change(workspace, is_archived=True)
    assert watch(database, slack, options, NOW + HOUR / 2) == 0
    assert watch(database, slack, options, NOW + HOUR) == 1  # of #managers; the other was told today
    assert watch(database, slack, options, NOW + timedelta(days=1)) == 2


@on_sqlite
def test_trouble_seen_before_there_was_an_admin_is_told_as_soon_as_there_is_one(
    database: Database, workspace: Workspace
) -> None:
    options, slack = WorkerOptions(fallback_channel="C0NOWHERE"), real_slack(workspace.api_url)
    assert watch(database, slack, options, NOW) == 0
    with database.write() as session:
        factories.person(session, "grace", role="admin")
    assert watch(database, slack, options, NOW + timedelta(minutes=5)) == 1
    assert watch(database, slack, options, NOW + timedelta(minutes=10)) == 0
