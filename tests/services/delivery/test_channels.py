"""A channel is known by its id: a name is looked up once, and a channel in trouble is told to the admins."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, GRACE_CHEN, MANAGERS, PEOPLE
from bot.demo.workspace.platform import ALL_SCOPES
from bot.services.delivery import restore
from bot.services.delivery.messenger import ListedChannels, SeenChannel
from bot.services.delivery.worker import WorkerOptions
from bot.services.recipients import Place
from bot.wording import messages
from bot.wording.notices import ChannelTrouble
from db.book.people import Person, Team
from db.engine import Database
from db.outbox import channels
from tests import factories
from tests.conftest import on_sqlite
from tests.services.delivery.ledger import Ledger
from tests.services.delivery.outbox_harness import EAST, SECOND, SETTLE, START, Harness
from tests.services.delivery.test_outbox_places import real_slack

NAMED = Place(channel="#managers")
MAIN = "C0GENERAL"
OPTIONS = WorkerOptions(pace=None, fallback_channel=MAIN, admins=("grace.chen@example.com",))


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database, OPTIONS)


@pytest.fixture
def workspace(harness: Harness) -> Iterator[Workspace]:
    with Workspace(users=PEOPLE, channels=CHANNELS, now=harness.clock.now) as running:
        yield running


def ids(database: Database) -> dict[str, str]:
    with database.read() as session:
        return channels.ids(session)


def rename(workspace: Workspace, name: str, *, taken_over_by: str) -> None:
    """Rename #managers, and give its old name to a new channel."""
    workspace.state.put_channel(replace(workspace.state.channel(MANAGERS.id), name=name))
    workspace.state.put_channel(replace(MANAGERS, id=taken_over_by))


def told(harness: Harness) -> list[ChannelTrouble]:
    """What admins are told of channels."""
    found = [harness.row(number) for number in range(1, len(harness.states()) + 1)]
    said = [messages.load(json.loads(row.body_json)) for row in found if row.kind == "channel"]
    return [message for message in said if isinstance(message, ChannelTrouble)]


def add_admin(database: Database, *, role: str = "viewer") -> int:
    """Grace, an admin by the address in the settings."""
    with database.write() as session:
        grace = factories.person(session, "grace.chen", role=role)
        session.get_one(Person, grace).slack_user_id = GRACE_CHEN.id
    return grace


def test_a_renamed_channel_goes_on_getting_messages_and_a_new_one_of_its_name_gets_none(
    harness: Harness, workspace: Workspace
) -> None:
    slack = real_slack(workspace.api_url)
    harness.write(NAMED, "one")
    harness.deliver(slack=slack)
    rename(workspace, "leads", taken_over_by="C0SECOND")
    harness.write(NAMED, "two")
    harness.deliver(SECOND, slack=slack)
    assert [message.text for message in workspace.messages(MANAGERS.id)] == ["one", "two"]
    assert workspace.messages("C0SECOND") == ()
    assert ids(harness.database) == {"#managers": MANAGERS.id}


@pytest.mark.parametrize(
    ("joined", "trouble", "other"),
    [
        ([], "no_such_name", ""),
        ([("C0X", "leads", ("managers",))], "renamed", "#leads (C0X)"),
        (
            [("C0NEW", "managers", ()), ("C0OLD", "leads", ("managers",))],
            "ambiguous",
            "#managers (C0NEW), #leads (C0OLD)",
        ),
    ],
)
@on_sqlite
def test_a_name_that_would_be_a_guess_gets_nothing_and_admins_are_told(
    harness: Harness, joined: list[tuple[str, str, tuple[str, ...]]], trouble: str, other: str
) -> None:
    harness.slack.joined = [
        SeenChannel(id=channel, name=name, former_names=former) for channel, name, former in joined
    ]
    add_admin(harness.database)
    with harness.database.write() as session:
        session.add(Team(name="East", channel="#managers"))
    harness.write(NAMED, "alert")
    harness.deliver()
    assert (harness.row(1).state, harness.row(1).error_class) == ("dead", trouble)
    assert told(harness) == [
        ChannelTrouble(channel="#managers", trouble=trouble, other=other, teams=("East",))
    ]
    harness.deliver(SECOND)
    assert [(entry.where, entry.text) for entry in harness.slack.entries if entry.where == MAIN] == [
        (MAIN, "alert")
    ]
    assert ids(harness.database) == {}


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"is_archived": True}, "is_archived"),
        ({"members": frozenset({GRACE_CHEN.id})}, "not_in_channel"),
        ({"team_id": "T0OTHER"}, "channel_not_found"),
    ],
)
@on_sqlite
def test_admins_hear_once_a_day_of_a_channel_that_takes_no_messages(
    harness: Harness, workspace: Workspace, changes: dict[str, object], trouble: str
) -> None:
    add_admin(harness.database)
    workspace.state.put_channel(replace(workspace.state.channel(MANAGERS.id), **changes))  # type: ignore[arg-type]
    slack = real_slack(workspace.api_url)
    for number in range(3):
        harness.write(Place(channel=MANAGERS.id), str(number))
        harness.deliver(SECOND, slack=slack)
    assert [(one.channel, one.trouble) for one in told(harness)] == [(MANAGERS.id, trouble)]
    (message,) = workspace.messages(workspace.dm(GRACE_CHEN.id))
    assert message.text == f"The channel {MANAGERS.id} gets no messages"
    harness.write(Place(channel=MANAGERS.id), "the next day")
    harness.deliver(timedelta(days=1), slack=slack)
    assert len(told(harness)) == 2


@on_sqlite
def test_a_message_that_is_refused_for_itself_is_no_trouble_of_its_channel(harness: Harness) -> None:
    add_admin(harness.database)
    harness.write(EAST, "a")
    harness.slack.faults = lambda where, text: "unreachable"
    harness.deliver()
    assert told(harness) == []


@on_sqlite
def test_a_message_waits_while_its_channel_cannot_be_looked_up(
    harness: Harness, workspace: Workspace
) -> None:
    harness.write(NAMED, "one")
    workspace.faults.switch("rate_limited", methods="users.conversations", retry_after="30", count=1)
    slack = real_slack(workspace.api_url)
    harness.deliver(slack=slack)
    row = harness.row(1)
    assert (row.state, row.attempt, row.next_at) == ("pending", 0, START + timedelta(seconds=30))
    harness.deliver(timedelta(seconds=30), slack=slack)
    assert harness.states() == ["sent"]


@on_sqlite
def test_nothing_is_posted_to_a_name_before_the_app_may_look_it_up(
    harness: Harness, workspace: Workspace
) -> None:
    workspace.platform.scopes = ALL_SCOPES - {"groups:read"}
    harness.write(NAMED, "one")
    slack = real_slack(workspace.api_url)
    harness.deliver(slack=slack)
    row = harness.row(1)
    assert (row.state, row.attempt, row.error_class) == ("pending", 0, "missing_scope")
    assert "tierbot manifest" in (row.error or "")
    assert workspace.messages(MANAGERS.id) == ()
    workspace.platform.scopes = ALL_SCOPES
    harness.deliver(timedelta(minutes=15), slack=slack)
    assert harness.states() == ["sent"]


@on_sqlite
def test_a_first_message_whose_answer_was_lost_is_found_in_the_channel_of_its_name(
    harness: Harness, workspace: Workspace
) -> None:
    slack = real_slack(workspace.api_url)
    harness.write(NAMED, "one")
    workspace.faults.switch("lost_closed", count=1)
    harness.deliver(slack=slack)
    harness.deliver(SETTLE, slack=slack)
    assert harness.states() == ["sent"]
    assert len(workspace.messages(MANAGERS.id)) == 1


@on_sqlite
def test_the_lease_is_checked_after_a_channel_was_looked_up(harness: Harness) -> None:
    class Slow(Ledger):
        def joined_channels(self) -> ListedChannels:
            harness.clock.advance(OPTIONS.lease)
            return super().joined_channels()

    harness.slack = Slow(harness.clock.now, joined=[SeenChannel(id="C0M", name="managers")])
    harness.write(NAMED, "one")
    harness.deliver()
    assert (harness.states(), harness.slack.entries) == (["pending"], [])
    harness.deliver(SECOND)
    assert [entry.where for entry in harness.slack.entries] == ["C0M"]


def test_of_two_processes_that_look_a_name_up_the_first_one_counts(database: Database) -> None:
    for channel in ("C0FIRST", "C0SECOND"):
        with database.write() as session:
            channels.remember(session, "#managers", channel, START)
    assert ids(database) == {"#managers": "C0FIRST"}


def test_alerts_to_a_channel_that_the_restored_backup_never_reached_are_not_repeated(
    harness: Harness, workspace: Workspace
) -> None:
    """The backup holds two unsent messages: one was sent afterwards, the other one never."""
    slack = real_slack(workspace.api_url)
    harness.write(NAMED, "sent since")
    harness.deliver(slack=slack)
    harness.write(NAMED, "never sent")
    with harness.database.write() as session:  # back to before anything was sent
        session.connection().exec_driver_sql("DELETE FROM channel_name")
    for number in (1, 2):
        harness.change(
            number, state="pending", attempt=0, attempt_id=None, first_try_at=None, slack_channel=None
        )
    harness.clock.advance(timedelta(hours=1))
    rewound = restore.preview(harness.database, harness.clock.now())
    restore.apply(harness.database, rewound, factories.operator())
    for _ in range(3):
        harness.deliver(SECOND, slack=slack)
    assert harness.states() == ["sent", "sent"]
    assert [message.text for message in workspace.messages(MANAGERS.id)] == ["sent since", "never sent"]
    assert [harness.row(number).possible_repeat for number in (1, 2)] == [False, False]


@on_sqlite
def test_messages_to_people_whom_the_backup_does_not_know_in_slack_wait_until_it_does(
    harness: Harness,
) -> None:
    with harness.database.write() as session:
        anna = factories.person(session, "Anna")
        slack_user = session.get_one(Person, anna).slack_user_id
    harness.write(Place(person_id=anna), "sent since")
    harness.deliver()
    with harness.database.write() as session:
        session.get_one(Person, anna).slack_user_id = None
    harness.change(1, state="pending", attempt=0, attempt_id=None, first_try_at=None, slack_channel=None)
    harness.clock.advance(timedelta(hours=1))
    rewound = restore.preview(harness.database, harness.clock.now())
    restore.apply(harness.database, rewound, factories.operator())
    harness.deliver(SECOND)
    assert harness.states() == ["unknown"]
    with harness.database.write() as session:
        session.get_one(Person, anna).slack_user_id = slack_user
    harness.deliver(timedelta(minutes=1))
    assert (harness.states(), harness.slack.texts()) == (["sent"], ["sent since"])
