"""`tierbot check` and `tierbot doctor` fail when a channel gets no messages."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, MANAGERS, PEOPLE
from tests.cli.conftest import Program


@pytest.fixture
def workspace(program: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The local workspace that the settings name, with #managers for alerts."""
    with Workspace(users=PEOPLE, channels=CHANNELS) as running:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-local")
        monkeypatch.setenv("SLACK_API_URL", running.api_url)
        monkeypatch.setenv("TIERBOT_ALERT_CHANNEL", "#managers")
        yield running


def test_check_and_doctor_fail_with_the_remedy_while_the_channel_is_archived(
    program: Program, workspace: Workspace
) -> None:
    assert program("db", "upgrade").code == 0
    assert program("check").code == 0
    assert "ok      channels: #managers (C0MANAGERS)" in program("doctor").out
    workspace.state.put_channel(replace(workspace.state.channel(MANAGERS.id), is_archived=True))
    checked, examined = program("check"), program("doctor")
    assert (checked.code, examined.code) == (2, 2)
    sentence = "#managers (TIERBOT_ALERT_CHANNEL): the channel is archived"
    assert f"{sentence}: unarchive it, or write another channel's id." in checked.err
    assert f"{sentence} → unarchive it" in examined.out
    assert program("check", "--json").json["problems"] == [
        f"{sentence}: unarchive it, or write another channel's id."
    ]


def test_check_looks_at_the_channels_without_a_database(program: Program, workspace: Workspace) -> None:
    workspace.state.put_channel(
        replace(workspace.state.channel(MANAGERS.id), members=frozenset({"U0LINWEI"}))
    )
    checked = program("check")
    assert checked.code == 2
    assert "the bot is in no channel of this name: type /invite @Tierbot" in checked.err


def test_check_notes_that_it_could_not_look_when_slack_is_not_reached(
    program: Program, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api/")
    checked = program("check")
    assert checked.code == 0
    assert "the channels could not be looked at: Slack cannot be reached" in checked.out


@pytest.mark.parametrize(
    "channel", ["U0ANNA12", "sales team", "https://acme.slack.com/archives/C012", "@anna"]
)
def test_what_is_no_channel_is_refused(
    program: Program, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    monkeypatch.setenv("TIERBOT_ALERT_CHANNEL", channel)
    checked = program("check")
    assert checked.code == 2
    assert f"TIERBOT_ALERT_CHANNEL: {channel!r} is not a channel; write its id (C…" in checked.err
