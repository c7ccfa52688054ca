"""HTTP mode with a real server: what cannot be Slack's is refused before anything sees it, bodies are never logged."""

import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.clock import SystemClock
from bot.server import Server
from bot.slack.http_mode import LARGEST_BODY, PATH
from bot.slack.server import serve_http
from tests.e2e.processes import wait_until

SECRET = "a signing secret"
CANARY = "13800001111"
PATIENCE = 20.0  # seconds; only what waits for something else takes so long


@pytest.fixture
def answered() -> list[str]:
    return []


@pytest.fixture
def let_go() -> threading.Event:
    """Until then the slow command is not answered."""
    return threading.Event()


@pytest.fixture
def server(answered: list[str], let_go: threading.Event) -> Iterator[Server]:
    app = App(
        client=WebClient(token="xoxb-test"),
        signing_secret=SECRET,
        process_before_response=True,
        token_verification_enabled=False,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-test"),
    )

    @app.command("/tier")
    def tier(ack: Ack, body: dict[str, str]) -> None:
        answered.append(body["text"])
        if body["text"] == "slow":
            let_go.wait(30)
        ack("an answer")

    running = serve_http(app, "127.0.0.1", 0)
    yield running
    let_go.set()
    running.stop()


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


def test_another_secret_is_refused(server: Server, answered: list[str]) -> None:
    assert post(server, form(), signed(form(), secret="guessed"))[0] == 401
    assert answered == []


def test_a_body_that_is_too_large_is_refused(server: Server, answered: list[str]) -> None:
    body = b"x" * (LARGEST_BODY + 1)
    assert post(server, body, signed(body))[0] == 413
    assert answered == []


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


def test_a_body_that_is_no_text_is_refused(server: Server, answered: list[str]) -> None:
    body = b"command=%2Ftier&text=\xff\xfe"
    assert post(server, body, signed(body))[0] == 400
    assert answered == []


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", PATH, 405), ("POST", "/", 404), ("POST", "/metrics", 404)]
)
def test_nothing_else_is_served(server: Server, method: str, path: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request(method, path)
    assert connection.getresponse().status == status
    connection.close()


def test_one_slow_answer_keeps_no_other_waiting(
    server: Server, answered: list[str], let_go: threading.Event
) -> None:
    slow = threading.Thread(target=post, args=(server, form("slow"), signed(form("slow"))))
    slow.start()
    wait_until(lambda: "slow" in answered, "the slow command", PATIENCE)
    assert post(server, form("quick"), signed(form("quick")))[0] == 200
    assert slow.is_alive()
    let_go.set()
    slow.join()
