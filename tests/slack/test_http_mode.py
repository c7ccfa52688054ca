"""HTTP mode with a real server: what cannot be Slack's is refused before anything sees it, bodies are never logged."""

import hashlib
import hmac
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlencode

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.clock import SystemClock
from bot.server import Server
from bot.services.ops import connection
from bot.services.ops.connection import ConnectionWatch
from bot.slack.transport import bounded_connection, http_mode
from bot.slack.transport.http_mode import LARGEST_BODY, PATH, Refusals, serve_slack
from bot.slack.transport.payloads import MOST_DEPTH, MOST_FIELDS, Malformed, payload_of
from tests.e2e.processes import wait_until

SECRET, PREVIOUS = "a signing secret", "the one before"
CANARY = "13800001111"
PATIENCE = 20.0  # seconds; only what waits for something else takes so long


ANSWERED: list[str] = []  # the texts of the commands that the app has got
LET_GO = threading.Event()  # until then the slow command is not answered
CLOCK = [0.0]
WATCH = ConnectionWatch("web", SystemClock())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    app = App(
        client=WebClient(token="xoxb-test"),
        request_verification_enabled=False,
        process_before_response=True,
        token_verification_enabled=False,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-test"),
    )

    @app.command("/tier")
    def tier(ack: Ack, body: dict[str, str]) -> None:
        ANSWERED.append(body["text"])
        if body["text"] == "slow":
            LET_GO.wait(30)
        ack("an answer")

    WATCH.listen()
    running = serve_slack(app, [SECRET, PREVIOUS], "127.0.0.1", 0, WATCH, Refusals(lambda: CLOCK[0]))
    yield running
    running.stop()


@pytest.fixture
def answered() -> list[str]:
    ANSWERED.clear()
    return ANSWERED


@pytest.fixture(autouse=True)
def later(server: Server) -> None:
    """So much later than the test before that a refusal is logged again."""
    CLOCK[0] += http_mode.QUIET_SECONDS


def now() -> float:
    return SystemClock().now().timestamp()


def form(text: str = CANARY) -> bytes:
    return urlencode({"command": "/tier", "text": text, "team_id": "T1", "user_id": "U1"}).encode()


def signed(body: bytes, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(now() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def post(server: Server, body: bytes, headers: dict[str, str], path: str = PATH) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_the_watch_learns_whether_requests_are_verified(server: Server, answered: list[str]) -> None:
    WATCH.heard_at = None
    post(server, form(), {"Content-Type": "application/x-www-form-urlencoded"})
    assert WATCH.state is not None
    assert (WATCH.state.problem, WATCH.heard_at) == ("", None)  # a stranger's says nothing
    for wrong in (signed(form(), secret="guessed"), signed(form(), at=now() - 600)):
        post(server, form(), wrong)
        assert (WATCH.state.problem, WATCH.heard_at) == (connection.UNVERIFIED, None)
        post(server, form(), signed(form()))
        assert WATCH.state.problem == ""
        assert WATCH.heard_at is not None
        WATCH.heard_at = None


def test_a_signed_request_is_answered(server: Server, answered: list[str]) -> None:
    status, text = post(server, form("ACME"), signed(form("ACME")))
    assert status == 200
    assert json.loads(text)["text"] == "an answer" if text.startswith("{") else text == "an answer"
    assert answered == ["ACME"]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "1e9"},
        {"X-Slack-Request-Timestamp": "9" * 40},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "g" * 64},
        {"X-Slack-Signature": "v0=é" + "0" * 63},
        {"X-Slack-Signature": "v1=" + "0" * 64},
        {"X-Slack-Signature": "v0=" + "0" * 64},
    ],
)
def test_what_is_not_signed_as_slack_signs_is_refused_without_a_word(
    server: Server, answered: list[str], capfd: pytest.CaptureFixture[str], broken: dict[str, str]
) -> None:
    headers = {**signed(form()), **broken} if broken else {}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.putrequest("POST", PATH)
    for name, value in {**headers, "Content-Length": str(len(form()))}.items():
        connection.putheader(name, value.encode("latin-1"))
    connection.endheaders(form())
    status = connection.getresponse().status
    connection.close()
    assert status == 401
    assert answered == []
    written = capfd.readouterr()
    assert CANARY not in written.out + written.err
    assert "Traceback" not in written.err


@pytest.mark.parametrize("age", [-600, 600])
def test_stale_and_future_requests_are_refused(server: Server, answered: list[str], age: int) -> None:
    assert post(server, form(), signed(form(), at=now() + age))[0] == 401
    assert answered == []


def test_during_a_change_of_the_secret_both_are_accepted(server: Server, answered: list[str]) -> None:
    for secret in (SECRET, PREVIOUS):
        assert post(server, form(secret), signed(form(secret), secret=secret))[0] == 200
    assert answered == [SECRET, PREVIOUS]


def test_another_secret_is_refused(server: Server, answered: list[str]) -> None:
    assert post(server, form(), signed(form(), secret="guessed"))[0] == 401
    assert answered == []


def test_a_body_that_is_too_large_is_refused(server: Server, answered: list[str]) -> None:
    body = b"x" * (LARGEST_BODY + 1)
    assert post(server, body, signed(body))[0] == 413
    assert answered == []


def interaction(**changed: object) -> dict[str, object]:
    """A press of a button as Slack sends it, with fields changed."""
    action = {"action_id": "a", "block_id": "b", "type": "button", "action_ts": "1.0"}
    usual = {"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}, "actions": [action]}
    return usual | changed


def pressed(payload: object) -> bytes:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return urlencode({"payload": text}).encode()


BROKEN: dict[str, bytes] = {
    "not UTF-8": b"command=%2Ftier&user_id=U1&text=\xff\xfe",
    "not UTF-8 behind a percent sign": b"command=%2Ftier&user_id=U1&text=%ff",
    "empty": b"",
    "no form": b"command",
    "a field twice": b"command=%2Ftier&user_id=U1&user_id=U2",
    "too many fields": b"command=%2Ftier&user_id=U1" + b"&a=b" * MOST_FIELDS,
    "a command of nobody": b"command=%2Ftier&text=ACME",
    "a NUL": b"command=%2Ftier&user_id=U1&text=AC%00ME",
    "no JSON": pressed('{"type":'),
    "a list": pressed([interaction()]),
    "a number": pressed("7"),
    "nothing": pressed("null"),
    "not a number": pressed('{"type": "block_actions", "user": {"id": "U1"}, "actions": NaN}'),
    "infinite": pressed('{"type": "block_actions", "user": {"id": "U1"}, "x": -Infinity}'),
    "too large a number": pressed('{"type": "block_actions", "user": {"id": "U1"}, "x": 1e999}'),
    "a number of 4,000 digits": pressed(f'{{"type": "t", "user": {{"id": "U1"}}, "x": {"9" * 4000}}}'),
    "a number of 40,000 digits": pressed(f'{{"type": "t", "user": {{"id": "U1"}}, "x": {"9" * 40_000}}}'),
    "too deep": pressed(interaction(x=json.loads("[" * MOST_DEPTH + "]" * MOST_DEPTH))),
    "much too deep": pressed('{"type": "t", "x":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "half a character": pressed('{"type": "t", "user": {"id": "\\ud800"}}'),
    "of no user": pressed({"type": "block_actions"}),
    "of a user without id": pressed(interaction(user={})),
    "of a user that is a number": pressed(interaction(user=5)),
    "of a team that is a number": pressed(interaction(team=5)),
    "of no type": pressed({"user": {"id": "U1"}}),
    "no actions": pressed(interaction(actions=[])),
    "actions that are texts": pressed(interaction(actions=["a"])),
    "a view that is a text": pressed({"type": "view_submission", "user": {"id": "U1"}, "view": "V1"}),
    "a form without fields": pressed(interaction(view={"id": "V1", "state": {"values": []}})),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_body_is_refused_without_a_traceback_whether_signed_or_not(
    server: Server, answered: list[str], capfd: pytest.CaptureFixture[str], body: bytes
) -> None:
    unsigned = {"Content-Type": "application/x-www-form-urlencoded"}
    with structlog.testing.capture_logs() as lines:
        assert post(server, body, unsigned)[0] == 401
        assert post(server, body, signed(body, secret="guessed"))[0] == 401
        assert post(server, body, signed(body))[0] == 400
    assert answered == []
    assert [(line["event"], line["status"]) for line in lines] == [
        ("http.refused", 401),
        ("http.refused", 400),
    ]
    assert max(len(str(line)) for line in lines) < 400
    written = capfd.readouterr()
    assert "Traceback" not in written.out + written.err


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"[]"),
        ("application/json", b'{"type": 7}'),
        ("application/json", b'{"type": "event_callback", "event": "message"}'),
        ("application/json", b'{"type": "event_callback", "event": {"type": "m", "team": 5}}'),
        ("application/json", b'{"type": "event_callback", "authorizations": [5]}'),
        ("text/plain", b"command=%2Ftier&user_id=U1"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("", b"command=%2Ftier&user_id=U1"),
    ],
)
def test_what_is_neither_an_event_nor_a_form_is_refused(
    server: Server, capfd: pytest.CaptureFixture[str], content_type: str, body: bytes
) -> None:
    assert post(server, body, signed(body) | {"Content-Type": content_type})[0] == 400
    assert "Traceback" not in capfd.readouterr().err


@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/x-www-form-urlencoded"]))
def test_any_bytes_are_a_payload_or_malformed(body: bytes, content_type: str) -> None:
    with suppress(Malformed):
        assert isinstance(payload_of(body, content_type), dict)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "user", "team", "id", "view", "state", "values", "actions", "enterprise"]),
        inner,
        max_size=4,
    )
), max_leaves=8))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_no_signed_payload_makes_the_server_fail(server: Server, payload: object) -> None:
    body = pressed(
        {"type": "block_actions", "user": {"id": "U1"}, **payload} if isinstance(payload, dict) else payload
    )
    assert post(server, body, signed(body))[0] in (200, 400, 404)


def test_a_flood_of_unsigned_requests_is_one_line_in_the_log(server: Server) -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(50):
            assert post(server, b"{", {"Content-Type": "application/json"})[0] == 401
    assert [line["event"] for line in lines] == ["http.refused"]


def test_the_line_after_a_flood_says_how_many_were_refused() -> None:
    clock = [0.0]
    refusals = Refusals(lambda: clock[0])
    with structlog.testing.capture_logs() as lines:
        for clock[0] in (0.0, 1.0, 2.0, http_mode.QUIET_SECONDS):
            refusals.note(401, "not signed")
    assert [line["count"] for line in lines] == [1, 3]


def wait_for_lines(lines: list[structlog.typing.EventDict]) -> None:
    wait_until(lambda: lines, "a line in the log", PATIENCE)


def test_a_client_that_breaks_off_is_one_line_in_the_log(
    server: Server, answered: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs() as lines:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in signed(form()).items())
            start = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n{head}\r\ncommand="
            connection.sendall(start.encode())
        wait_for_lines(lines)
        assert post(server, form("ACME"), signed(form("ACME")))[0] == 200
    assert [line["reason"] for line in lines] == ["the connection ended before the body"]
    assert "Traceback" not in capfd.readouterr().err
    assert answered == ["ACME"]


def test_a_body_that_does_not_arrive_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_mode, "BODY_SECONDS", 0.05)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.putrequest("POST", PATH)
    for name, value in {**signed(form()), "Content-Length": "90"}.items():
        connection.putheader(name, value)
    connection.endheaders(b"command=")
    assert connection.getresponse().status == 408
    connection.close()


def open_connections(server: Server, count: int, start: bytes) -> list[socket.socket]:
    """Connections that have sent this much of a request."""
    opened = [socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) for _ in range(count)]
    for one in opened:
        one.sendall(start)
    return opened


def is_closed(connection: socket.socket) -> bool:
    """Wait until the server has closed a connection, whatever it says before."""
    with suppress(ConnectionResetError):
        while connection.recv(65_536):
            pass
    connection.close()
    return True


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX-Slack-",
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 150\r\n\r\nssl_",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET",
    ],
    ids=["nothing", "half a head", "half a body of a refused request", "half of a second request"],
)
def test_a_connection_without_a_whole_request_is_closed(
    server: Server, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(http_mode, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(bounded_connection, "REQUEST_SECONDS", 0.1)
    (connection,) = open_connections(server, 1, start)
    assert is_closed(connection)


def test_connections_that_send_nothing_neither_take_all_files_nor_keep_slack_out(
    server: Server, answered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_connection, "MOST_CONNECTIONS", 5)
    with structlog.testing.capture_logs() as lines:
        opened = open_connections(server, 30, b"POST")
        assert all(is_closed(one) for one in opened[:24])
        assert post(server, form("ACME"), signed(form("ACME")))[0] == 200
    assert answered == ["ACME"]
    assert {(line["event"], line["status"]) for line in lines} == {("http.refused", 503)}
    assert len(lines) == 1
    for one in opened[24:]:
        one.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 a greeting of TLS\r\n\r\n",
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /slack/events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n",
        b"GET /slack/events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n",
    ],
    ids=["TLS", "broken chunks", "HTTP 2", "WebSocket"],
)
def test_a_flood_of_what_is_no_request_is_one_line_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    with structlog.testing.capture_logs() as lines:
        for connection in open_connections(server, 20, data):
            assert is_closed(connection)
    statuses = [line["status"] for line in lines]
    assert 1 <= len(statuses) == len(set(statuses)) <= 2  # the app may note that the body ended as well
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


@pytest.mark.parametrize("body", [b"ssl_check=1", b"ssl_check=1&token=abc", b"token=abc&ssl_check=1"])
def test_a_check_of_the_certificate_is_answered_without_a_signature(server: Server, body: bytes) -> None:
    assert post(server, body, {"Content-Type": "application/x-www-form-urlencoded"}) == (200, "")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("GET", f"{PATH}?{body.decode()}")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    "body",
    [
        b"ssl_check=0",
        b"ssl_check=1&command=%2Ftier&user_id=U1&text=ACME",
        pressed(interaction()) + b"&ssl_check=1",
    ],
)
def test_nothing_else_comes_in_with_a_check_of_the_certificate(
    server: Server, answered: list[str], body: bytes
) -> None:
    assert post(server, body, {"Content-Type": "application/x-www-form-urlencoded"})[0] == 401


def test_a_body_is_refused_by_the_length_it_declares_before_it_comes(
    server: Server, answered: list[str]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.putrequest("POST", PATH)
    for name, value in {**signed(b""), "Content-Length": str(10**9)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert answered == []


def test_a_body_without_a_length_is_counted_while_it_comes(server: Server, answered: list[str]) -> None:
    parts = [b"x" * 65_536] * (LARGEST_BODY // 65_536 + 1)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    headers = signed(b"".join(parts)) | {"Transfer-Encoding": "chunked"}
    connection.request("POST", PATH, iter(parts), headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert answered == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", PATH, 405), ("POST", "/", 404), ("POST", f"{PATH}/", 404), ("POST", "/metrics", 404)],
)
def test_nothing_else_is_served(server: Server, method: str, path: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request(method, path)
    assert connection.getresponse().status == status
    connection.close()


def test_one_slow_answer_keeps_no_other_waiting(server: Server, answered: list[str]) -> None:
    slow = threading.Thread(target=post, args=(server, form("slow"), signed(form("slow"))))
    slow.start()
    wait_until(lambda: "slow" in answered, "the slow command", PATIENCE)
    assert post(server, form("quick"), signed(form("quick")))[0] == 200
    assert slow.is_alive()
    LET_GO.set()
    slow.join()
