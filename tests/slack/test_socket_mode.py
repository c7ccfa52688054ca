"""Socket Mode: a connection that breaks is replaced, and one that is missing, refused or shared is known."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.app import Tierbot, build
from bot.clock import ShiftedClock, SystemClock
from bot.demo.workspace import Outcome, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.demo.workspace.records import APP_ID
from bot.errors import BadInput
from bot.services.ops import connection
from bot.services.ops.connection import (
    CONNECTING,
    DISABLED,
    FULL,
    OTHER_APP,
    SHARED,
    UNREACHABLE,
    ConnectionWatch,
)
from bot.settings import Settings
from bot.slack.gateway import web_client
from bot.slack.probe import probe
from bot.slack.server import connect, front
from bot.slack.transport.socket_mode import TIMING, ConnectionKeeper, Timing, wait_after
from db import connections
from db.engine import Database
from tests.conftest import on_sqlite
from tests.demo.workspace.test_delivery_faults import raw_socket
from tests.slack.office import ANNA, ROOM, eventually

HURRIED = Timing(
    ping=0.05,
    silence=0.2,
    opening=5,
    closing=0.1,
    proof=60,
    first_wait=0.02,
    longest_wait=0.05,
    recount=0.05,
    later_recount=0.1,
)
TOKEN: dict[str, Any] = {"kind": "error", "methods": ["apps.connections.open"]}


@dataclass
class Line:
    """A Bolt app with one command, and its connection to a workspace."""

    workspace: Workspace
    others: int = 0  # connections of other processes of the installation
    watch: ConnectionWatch = field(default_factory=lambda: ConnectionWatch("boot", SystemClock()))
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()
        client = WebClient("xoxb-local", base_url=self.workspace.api_url, retry_handlers=[])
        app = App(client=client, signing_secret="unused", process_before_response=True)

        @app.command("/tier")
        def tier(ack: Ack) -> None:
            self.may_answer.wait(20)
            ack("yes")

        self.keeper = ConnectionKeeper(
            app, client, "xapp-local", self.watch, lambda: self.others, timing=HURRIED
        )

    def ask(self) -> Outcome:
        return self.workspace.command(ANNA, ROOM, "/tier", "ACME")

    @property
    def problem(self) -> str:
        assert self.watch.state is not None
        return self.watch.state.problem

    def becomes(self, problem: str) -> None:
        eventually(lambda: self.problem == problem, f"{problem or 'no problem'}, not {self.problem}")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20) as running:
        yield running


@pytest.fixture
def line(workspace: Workspace) -> Iterator[Line]:
    line = Line(workspace)
    yield line
    line.keeper.close()


@pytest.fixture
def connected(line: Line) -> Line:
    assert line.keeper.open() == ""
    assert line.ask().ok
    assert line.problem == ""
    return line


@pytest.mark.parametrize("fault", ["socket_reset", "socket_stall", "socket_broken"])
def test_a_connection_that_breaks_is_replaced_each_time(connected: Line, fault: str) -> None:
    for broken in (1, 2, 3):
        connected.workspace.strike(fault)
        eventually(lambda broken=broken: connected.workspace.socket_mode.opened > broken, "a new connection")
        connected.becomes("")
        assert connected.ask().ok
    assert connected.workspace.socket_mode.opened == 4


def test_frames_that_mean_nothing_break_nothing(connected: Line) -> None:
    connected.workspace.strike("socket_garbage")
    assert connected.ask().ok
    assert connected.workspace.socket_mode.opened == 1


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_connection_that_slack_wants_to_close_is_replaced_before(connected: Line, reason: str) -> None:
    lost: list[str] = []
    connected.watch.lost = lost.append  # type: ignore[method-assign, assignment]
    connected.workspace.strike("socket_disconnect", reason=reason, seconds=60)
    socket_mode = connected.workspace.socket_mode
    eventually(lambda: (socket_mode.opened, socket_mode.connected) == (2, 1), "one new connection")
    assert connected.ask().ok
    assert lost == []


@pytest.mark.parametrize("code", ["invalid_auth", "internal_error", "org_login_required"])
def test_while_slack_opens_no_connection_its_error_is_known(connected: Line, code: str) -> None:
    connected.workspace.faults.switch(**TOKEN, code=code)
    connected.workspace.strike("socket_reset")
    connected.becomes(code)
    eventually(lambda: connected.workspace.faults.struck["error"] > 2, "more tries")
    connected.workspace.faults.clear()
    connected.becomes("")
    assert connected.ask().ok


def test_a_refused_renewal_costs_no_connection(connected: Line) -> None:
    connected.workspace.faults.switch(**TOKEN, code="invalid_auth")
    connected.workspace.strike("socket_disconnect", reason="warning", seconds=60)
    eventually(lambda: connected.workspace.faults.struck.get("error", 0) > 2, "more tries")
    assert connected.problem == ""


def test_the_waits_between_tries_grow_and_no_two_processes_keep_step() -> None:
    rng = random.Random(1)
    waits = [[wait_after(failures, TIMING, rng) for _ in range(20)] for failures in range(12)]
    longest = (0.025, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60)
    for some, limit in zip(waits, longest, strict=True):
        assert max(some) <= limit
        assert min(some) >= (limit / 2 if limit > 0.25 else 0)
    assert all(len(set(some)) == 20 for some in waits)


def test_a_server_that_greets_and_hangs_up_is_not_asked_without_end(
    line: Line, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[int] = []

    def note(count: int, timing: Timing, rng: random.Random) -> float:
        failures.append(count)
        return 0.0

    monkeypatch.setattr("bot.slack.transport.socket_mode.wait_after", note)
    workspace.faults.switch("socket_reset", seconds=0.01, count=4)
    line.keeper.open()
    eventually(lambda: len(failures) >= 4, "four connections that ended")
    assert failures[:4] == [1, 2, 3, 4]


def test_an_eleventh_connection_waits_until_there_is_room(line: Line, workspace: Workspace) -> None:
    with ExitStack() as others:
        for _ in range(10):
            others.enter_context(raw_socket(workspace)).recv()
        assert line.keeper.open() == FULL
        assert line.problem == FULL
    line.becomes("")
    assert line.ask().ok


def test_socket_mode_that_is_switched_off_is_known_by_its_name(connected: Line) -> None:
    connected.workspace.faults.switch(**TOKEN, code="internal_error")
    problems: list[str] = []
    failed = connected.watch.failed
    connected.watch.failed = lambda reason: (problems.append(reason), failed(reason))[1]  # type: ignore[method-assign, assignment, func-returns-value]
    connected.workspace.strike("socket_disconnect", reason=DISABLED)
    eventually(lambda: DISABLED in problems, "the reason")
    connected.workspace.faults.clear()
    connected.becomes("")


def test_without_a_network_at_the_start_it_connects_later(line: Line, workspace: Workspace) -> None:
    workspace.refuse_connections()
    assert line.keeper.open() == UNREACHABLE
    workspace.accept_connections()
    line.becomes("")
    assert line.ask().ok


def test_another_installation_with_the_same_token_is_noticed(connected: Line, workspace: Workspace) -> None:
    with raw_socket(workspace) as stranger:
        stranger.recv()
        workspace.strike("socket_disconnect", reason="refresh_requested", seconds=60)  # counts again
        connected.becomes(SHARED)
        assert connected.watch.state is not None
        assert connected.watch.state.others == 1
    connected.becomes("")


def test_connections_that_nobody_reads_are_noticed(connected: Line, workspace: Workspace) -> None:
    workspace.faults.switch("ghosts", copies=2)
    workspace.strike("socket_disconnect", reason="refresh_requested", seconds=60)
    connected.becomes(SHARED)
    assert connected.watch.state is not None
    assert (connected.watch.state.counted, connected.watch.state.others) == (3, 2)
    workspace.faults.clear()
    connected.becomes("")


@pytest.mark.parametrize("read", [lambda: 1, lambda: 1 / 0])
def test_neither_own_processes_nor_an_unreadable_database_count_as_strangers(
    line: Line, workspace: Workspace, read: Callable[[], int]
) -> None:
    line.keeper._others = read
    with raw_socket(workspace) as colleague:
        colleague.recv()
        assert line.keeper.open() == ""
        workspace.strike("socket_disconnect", reason="refresh_requested", seconds=60)
        eventually(lambda: workspace.socket_mode.opened == 3, "another count")
        eventually(lambda: line.watch.state and line.watch.state.counted == 2, "the count")
        assert line.problem == ""


def test_one_count_of_a_connection_that_is_just_ending_is_no_proof(line: Line, workspace: Workspace) -> None:
    with raw_socket(workspace) as ending:
        ending.recv()
        line.keeper.open()
        assert line.watch.state is not None
        assert (line.problem, line.watch.state.others) == ("", 1)


def test_an_answer_goes_over_the_next_connection_when_its_own_has_ended(
    connected: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.transport.socket_mode.RESEND_SECONDS", 20.0)
    connected.may_answer.clear()
    outcomes: list[Any] = []
    person = threading.Thread(target=lambda: outcomes.append(connected.ask()))
    heard = connected.watch.heard_at
    person.start()
    eventually(lambda: connected.watch.heard_at != heard, "the request")
    connected.workspace.faults.switch(**TOKEN, code="internal_error")
    connected.workspace.strike("socket_reset")
    connected.becomes("internal_error")
    connected.may_answer.set()
    connected.workspace.faults.clear()
    person.join(20)
    assert [outcome.ok for outcome in outcomes] == [True]


def test_what_has_arrived_is_answered_before_the_end(connected: Line) -> None:
    connected.may_answer.clear()
    outcomes: list[Any] = []
    person = threading.Thread(target=lambda: outcomes.append(connected.ask()))
    heard = connected.watch.heard_at
    person.start()
    eventually(lambda: connected.watch.heard_at != heard, "the request")
    closing = threading.Thread(target=connected.keeper.close)
    closing.start()
    connected.may_answer.set()
    person.join(20)
    closing.join(20)
    assert [outcome.ok for outcome in outcomes] == [True]
    eventually(lambda: not connected.workspace.socket_mode.connected, "the end")


@pytest.fixture
def tierbot(workspace: Workspace, database: Database) -> Tierbot:
    settings = Settings(
        _env_file=None,
        TIERBOT_DATABASE_URL=database.url,
        SLACK_BOT_TOKEN="xoxb-local",
        SLACK_APP_TOKEN="xapp-local",
        SLACK_API_URL=workspace.api_url,
    )
    wired = build(settings)
    wired.database.close()
    return replace(wired, database=database)


def app_of(tierbot: Tierbot) -> App:
    return front(tierbot.deps, web_client(tierbot.settings), lambda: "0badcafe").app


@on_sqlite
def test_a_refused_app_token_ends_the_start_with_a_sentence(workspace: Workspace, tierbot: Tierbot) -> None:
    workspace.faults.switch(**TOKEN, code="invalid_auth")
    with pytest.raises(BadInput, match=r"refuses SLACK_APP_TOKEN \(invalid_auth\).*under Basic Information"):
        connect(app_of(tierbot), tierbot.deps)
    problem = probe(tierbot.settings, tierbot.clock)
    assert (problem.error, problem.app_token_error) == ("", "invalid_auth")
    workspace.faults.clear()
    assert probe(tierbot.settings, tierbot.clock).app_token_error == ""


@pytest.mark.parametrize(("app", "problem"), [(APP_ID, ""), ("A0OTHER", OTHER_APP)])
@on_sqlite
def test_the_doctor_sees_tokens_of_two_apps(
    workspace: Workspace, tierbot: Tierbot, app: str, problem: str
) -> None:
    """Both are valid and the connection is sound, but what people type goes to the other app."""
    token = f"xapp-1-{app}-1-canary"
    workspace.platform.app_token = token
    settings = tierbot.settings.model_copy(update={"slack_app_token": SecretStr(token)})
    assert probe(settings, tierbot.clock).app_token_error == problem
    workspace.faults.switch("error", code="missing_scope", methods=["bots.info"])
    assert probe(settings, tierbot.clock).app_token_error == ""  # not known


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("token_revoked", "copy the bot token again"),
        ("org_login_required", "sending goes on when that is done"),
        ("internal_error", "Slack has trouble of its own"),
    ],
)
@on_sqlite
def test_the_doctor_has_a_remedy_that_fits_the_error_of_slack(
    workspace: Workspace, tierbot: Tierbot, code: str, remedy: str
) -> None:
    workspace.faults.switch("error", code=code, methods=["auth.test"])
    found = probe(tierbot.settings, tierbot.clock)
    assert (found.error, remedy in found.remedy) == (code, True)


def test_a_process_reports_its_connection_until_it_ends(workspace: Workspace, tierbot: Tierbot) -> None:
    def reported() -> list[tuple[str, bool, str]]:
        with tierbot.database.read() as session:
            rows = connections.reported(session, tierbot.clock.now() - timedelta(minutes=1))
            return [(row.boot_id, row.connected, row.problem) for row in rows]

    held = connect(app_of(tierbot), tierbot.deps, HURRIED)
    eventually(lambda: reported() == [(tierbot.boot_id, True, "")], "the row of a connection")
    workspace.faults.switch(**TOKEN, code="token_revoked")
    workspace.strike("socket_reset")
    eventually(lambda: reported() == [(tierbot.boot_id, False, "token_revoked")], "the row of a problem")
    held.close()
    assert reported() == []


def test_machines_with_different_clocks_know_each_others_connections(database: Database) -> None:
    slow = ShiftedClock(SystemClock(), timedelta(minutes=-5))
    late = ConnectionWatch("late", slow)
    late.begin()
    late.opened(1, others=0)
    connection.report(database, late, slow)
    assert connection.held_by_others(database, "another", SystemClock()) == 1
    assert connection.held_by_others(database, "late", SystemClock()) == 0


def test_before_the_first_connection_the_process_is_connecting() -> None:
    watch = ConnectionWatch("boot", SystemClock())
    assert watch.state is None
    watch.begin()
    assert watch.state is not None
    assert watch.state.problem == CONNECTING
