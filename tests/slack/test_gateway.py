"""Posting to Slack: whether a message arrived, surely did not, or may have."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, PEOPLE
from bot.errors import BadInput
from bot.services.delivery.messenger import Answer, Reference
from bot.services.identity import Installation
from bot.settings import Settings
from bot.slack import answers, blocks
from bot.slack.gateway import Gateway, web_client
from bot.wording.messages import Help, TierDigest
from bot.wording.rendering import Renderer
from tests.e2e.processes import wait_until
from tests.slack.raw_server import HANG_UP, HOLD, http, raw_server

MESSAGE = Help(role="admin")
REFERENCE = Reference(id=1, attempt=1, key="k")


def settings(api_url: str) -> Settings:
    return Settings(_env_file=None, SLACK_BOT_TOKEN="xoxb-local", SLACK_API_URL=api_url)


def gateway(api_url: str, *, timeout: float = 5, renderer: Renderer | None = None) -> Gateway:
    posting = web_client(settings(api_url))
    posting.timeout = timeout  # type: ignore[assignment]
    return Gateway(posting, web_client(settings(api_url), reading=True), renderer or Renderer())


def send(to: Gateway, where: str = "C0MANAGERS") -> Answer:
    return to.send(where, MESSAGE, "en", REFERENCE)


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with Workspace(
        users=PEOPLE, channels=CHANNELS, now=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC)
    ) as running:
        yield running


def test_a_message_arrives_once_with_its_reference_and_without_previews(workspace: Workspace) -> None:
    answer = send(gateway(workspace.api_url))
    (posted,) = workspace.messages("C0MANAGERS")
    assert (answer.outcome, answer.ts, answer.channel) == ("sent", posted.ts, "C0MANAGERS")
    found = WebClient("xoxb-local", base_url=workspace.api_url).conversations_history(
        channel="C0MANAGERS", include_all_metadata=True
    )
    assert found["messages"][0]["metadata"] == {
        "event_type": "tierbot_outbox",
        "event_payload": {"id": 1, "attempt": 1, "key": "k"},
    }
    assert found["messages"][0]["text"]


def test_a_message_to_a_user_is_a_direct_message(workspace: Workspace) -> None:
    answer = send(gateway(workspace.api_url), ANNA_SCHMIDT.id)
    assert answer.channel == workspace.dm(ANNA_SCHMIDT.id)


@pytest.mark.parametrize(
    ("where", "error_class", "sentence"),
    [("C0NOWHERE", "channel_not_found", "the channel does not exist, or the bot was not invited to it")],
)
def test_a_hopeless_place_is_told_in_a_sentence(
    workspace: Workspace, where: str, error_class: str, sentence: str
) -> None:
    answer = send(gateway(workspace.api_url), where)
    assert (answer.outcome, answer.error_class, answer.error) == ("hopeless", error_class, sentence)


def test_slacks_reason_for_refusing_blocks_is_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"text": "x", "blocks": [{"type": "nonsense"}]}
    monkeypatch.setattr(blocks, "payload", lambda *_, **__: content)
    answer = send(gateway(workspace.api_url))
    assert (answer.outcome, answer.error_class) == ("hopeless", "invalid_blocks")
    assert (answer.error or "").startswith("Slack refuses the blocks")


LOST: dict[str, tuple[bytes | None, str]] = {
    "closed without a word": (HANG_UP, "no_answer"),
    "no answer in time": (HOLD, "no_answer"),
    "half an answer": (http({"ok": True}, length=500), "garbage"),
    "not HTTP": (b"SMTP ready\r\n\r\n", "garbage"),
    "a page instead of JSON": (http("<html>Welcome</html>"), "garbage"),
    "an empty page": (http(""), "garbage"),
    "JSON that is no object": (http([1, 2]), "garbage"),
    "not even text": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe", "garbage"),
    "500 with a page": (http("<html>", status="500 Internal Server Error"), "garbage"),
    "503 with words": (http({"ok": False, "error": "maintenance"}, status="503 Unavailable"), "maintenance"),
    "internal_error": (http({"ok": False, "error": "internal_error"}), "internal_error"),
    "fatal_error": (http({"ok": False, "error": "fatal_error"}), "fatal_error"),
}


@pytest.mark.parametrize("what", LOST)
def test_a_lost_answer_is_lost_and_exactly_one_call_is_made(what: str) -> None:
    answer_bytes, error_class = LOST[what]
    with raw_server([answer_bytes, http({"ok": True, "ts": "1.0", "channel": "C1"})]) as server:
        # Hurried only where nothing comes: on a busy machine an answer can take longer.
        answer = send(gateway(server.url, timeout=0.3 if answer_bytes is HOLD else 20), "U1")
        assert (answer.outcome, answer.error_class) == ("lost", error_class)
        wait_until(lambda: server.requests, "the call", 20)
        assert len(server.requests) == 1


def test_the_sdk_itself_would_post_twice() -> None:
    """The proof that the empty list of retry handlers is needed: Slack's own client repeats a stored message."""
    good = http({"ok": True, "ts": "1.0", "channel": "C1"})
    for client, posts in ((WebClient, 2), (lambda **kw: WebClient(**kw, retry_handlers=[]), 1)):
        with raw_server([HANG_UP, good]) as server:
            to = Gateway(client(token="xoxb-local", base_url=server.url), WebClient(), Renderer())
            send(to, "U1")
            assert len(server.requests) == posts
    assert web_client(settings("http://127.0.0.1:1/api/")).retry_handlers == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("0", 1), ("-1", 1), ("86400", 900), ("abc", 5), ("1.5", 5), ("", 5), (None, 5), ("²", 5)],
)
def test_the_wait_that_slack_asks_for_is_kept_within_limits(header: str | None, seconds: int) -> None:
    headers = {} if header is None else {"Retry_After": header}
    body = {"ok": False, "error": "ratelimited"}
    with raw_server([http(body, status="429 Too Many Requests", length=None, **headers)]) as server:
        answer = send(gateway(server.url), "U1")
        assert answer.retry_after == timedelta(seconds=seconds)
        assert (answer.outcome, answer.error_class, answer.counts) == ("retry", "ratelimited", False)
        assert len(server.requests) == 1


def test_too_many_requests_is_that_even_as_a_page() -> None:
    with raw_server([http("<html>", status="429 Too Many Requests", Retry_After="7")]) as server:
        answer = send(gateway(server.url), "U1")
        assert (answer.outcome, answer.retry_after, answer.counts) == ("retry", timedelta(seconds=7), False)


@pytest.mark.parametrize(
    ("codes", "outcome", "counts", "concerns"),
    [
        (
            "invalid_auth not_authed token_revoked token_expired account_inactive team_disabled missing_scope"
            " not_allowed_token_type org_login_required team_added_to_org team_access_not_granted"
            " enterprise_is_restricted two_factor_setup_required accesslimited message_limit_exceeded"
            " method_deprecated",
            "retry",
            False,
            "account",
        ),
        ("ekm_access_denied external_channel_migrating", "retry", False, "message"),
        ("request_timeout invalid_form_data invalid_json json_not_object", "retry", True, "message"),
        ("an_error_of_next_year", "retry", True, "message"),
        (
            "internal_error fatal_error service_unavailable messaging_processing_failed",
            "lost",
            True,
            "network",
        ),
        (
            "channel_not_found not_in_channel is_archived restricted_action restricted_action_read_only_channel"
            " access_denied no_permission team_not_found",
            "hopeless",
            True,
            "place",
        ),
        (
            "user_not_found user_disabled messages_tab_disabled msg_too_long invalid_blocks invalid_arguments"
            " metadata_too_large",
            "hopeless",
            True,
            "message",
        ),
    ],
)
def test_each_error_of_slack_has_the_effect_of_its_class(
    codes: str, outcome: str, counts: bool, concerns: str
) -> None:
    for code in codes.split():
        with raw_server([http({"ok": False, "error": code})]) as server:
            answer = send(gateway(server.url), "U1")
        assert (answer.error_class, answer.outcome, answer.counts, answer.concerns) == (
            code,
            outcome,
            counts,
            concerns,
        )


@pytest.mark.parametrize("code", sorted(answers.HOPELESS))
def test_a_plain_refusal_is_final_and_says_why(code: str) -> None:
    details = {"messages": ["[ERROR] x"]}
    with raw_server([http({"ok": False, "error": code, "response_metadata": details})]) as server:
        answer = send(gateway(server.url), "U1")
        assert (answer.outcome, answer.error) == ("hopeless", f"{answers.HOPELESS[code]} [ERROR] x")


def test_every_error_that_concerns_a_place_is_final() -> None:
    assert set(answers.HOPELESS) > answers.PLACE_ERRORS


def test_nobody_listening_means_surely_not_sent() -> None:
    with raw_server([HANG_UP]) as server:
        url = server.url
    answer = send(gateway(url), "U1")
    assert (answer.outcome, answer.error_class, answer.counts) == ("retry", "unreachable", True)


def test_a_name_nobody_knows_means_surely_not_sent() -> None:
    assert send(gateway("https://slack.invalid/api/")).outcome == "retry"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (URLError(ssl.SSLCertVerificationError("self-signed")), "retry"),
        (URLError(ssl.SSLError("WRONG_VERSION_NUMBER")), "retry"),
        (URLError(ssl.SSLEOFError("EOF occurred in violation of protocol")), "lost"),
        (ssl.SSLError("record layer failure"), "lost"),
        (URLError(OSError(101, "Network is unreachable")), "retry"),
        (URLError(OSError(113, "No route to host")), "retry"),
        (URLError(TimeoutError("timed out")), "lost"),
        (ConnectionResetError(104, "reset"), "lost"),
        (BrokenPipeError(32, "pipe"), "lost"),
        (URLError("no idea"), "lost"),
        (RuntimeError("a fault of ours"), "lost"),
    ],
)
def test_only_what_failed_before_anything_was_written_is_tried_again(error: Exception, outcome: str) -> None:
    def fail(**_: Any) -> Any:
        raise error

    to = gateway("http://127.0.0.1:1/api/")
    to._posting.chat_postMessage = fail  # type: ignore[method-assign]
    assert send(to, "U1").outcome == outcome


def test_what_cannot_be_rendered_is_not_sent_at_all(workspace: Workspace) -> None:
    before = len(workspace.messages("C0MANAGERS"))
    message = TierDigest(total=1, moves=((None, None, 1),), largest=(), as_of=datetime(2026, 3, 1).date())  # type: ignore[arg-type]
    answer = gateway(workspace.api_url).send("C0MANAGERS", message, "en", REFERENCE)
    assert (answer.outcome, answer.error_class) == ("hopeless", "template")
    assert len(workspace.messages("C0MANAGERS")) == before


def test_people_are_found_by_user_and_by_address(workspace: Workspace) -> None:
    to = gateway(workspace.api_url)
    anna = to.users.profile(ANNA_SCHMIDT.id)
    assert anna is not None
    assert (anna.email, anna.timezone, anna.locale) == ("anna.schmidt@example.com", "Europe/Berlin", "en-GB")
    assert to.users.profile_by_email("Anna.Schmidt@example.com") == anna
    assert to.users.profile("U0NOBODY") is None
    assert to.users.profile_by_email("nobody@example.com") is None


@pytest.mark.parametrize("mark", ["is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted"])
def test_guests_strangers_bots_and_the_deleted_are_no_members(mark: str) -> None:
    user = {"id": "U1", "team_id": "T1", "profile": {"email": "a@example.com"}, mark: True}
    with raw_server([http({"ok": True, "user": user})]) as server:
        found = gateway(server.url).users.profile("U1")
        assert found is not None
        assert (found.is_guest, found.is_deleted) == (mark != "deleted", mark == "deleted")


def test_a_profile_names_the_team_and_the_organisation_of_its_user() -> None:
    user = {"id": "U1", "team_id": "T1", "profile": {}, "enterprise_user": {"enterprise_id": "E1"}}
    answers = [http({"ok": True, "user": user}), http({"ok": True, "team_id": "T2", "enterprise_id": "E1"})]
    with raw_server(answers) as server:
        to = gateway(server.url)
        found = to.users.profile("U1")
        assert found is not None
        assert (found.team_id, found.enterprise_id) == ("T1", "E1")
        assert [to.users.installation(), to.users.installation()] == [
            Installation(team_id="T2", enterprise_id="E1")
        ] * 2


def test_a_lookup_that_is_refused_for_another_reason_is_not_taken_for_nobody() -> None:
    with raw_server([http({"ok": False, "error": "missing_scope"})]) as server:
        for look_up in (gateway(server.url).users.profile, gateway(server.url).users.profile_by_email):
            with pytest.raises(SlackApiError):
                look_up("U1")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("invalid_auth", "copy it again from the app's page"),
        ("token_revoked", "install the app again"),
        ("not_allowed_token_type", "copy the one that starts with xoxb-"),
    ],
)
def test_a_wrong_token_is_refused_at_the_start(workspace: Workspace, code: str, remedy: str) -> None:
    assert gateway(workspace.api_url).check_token() is None
    with raw_server([http({"ok": False, "error": code})]) as server:
        with pytest.raises(BadInput, match=rf"refuses SLACK_BOT_TOKEN \({code}\): .*{remedy}"):
            gateway(server.url).check_token()
        url = server.url
    with pytest.raises(BadInput, match="cannot be reached at http://127"):
        gateway(url).check_token()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http("<html>Something went wrong</html>", status="500 Internal Server Error"), "http_500"),
        (http({"ok": False, "error": "internal_error"}, status="503 Unavailable"), "internal_error"),
        (http({"ok": False, "error": "fatal_error"}), "fatal_error"),
        (http({"ok": False, "error": "org_login_required"}), "org_login_required"),
        (http({"ok": False, "error": "accesslimited"}), "accesslimited"),
    ],
)
def test_a_fault_of_slacks_at_the_start_is_no_wrong_token(answer: bytes, code: str) -> None:
    with raw_server([answer]) as server:
        sentence = gateway(server.url).check_token()
    assert sentence is not None
    assert f"({code}); Tierbot goes on when it answers" in sentence


def test_a_broken_template_of_the_firms_own_does_not_stop_a_message(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages" / "help.jinja").write_text(
        "{% block fallback %}{{ nothing.at.all }}{% endblock %}"
    )
    (tmp_path / "help.jinja").write_text("{% block fallback %}{{ nothing.at.all }}{% endblock %}")
    assert send(gateway(workspace.api_url, renderer=Renderer(tmp_path))).outcome == "sent"


def test_a_yes_is_a_yes_even_without_the_place() -> None:
    with raw_server([http({"ok": True})]) as server:
        answer = send(gateway(server.url), "U1")
        assert (answer.outcome, answer.ts, answer.channel) == ("sent", None, None)


OUTSIDE: dict[str, tuple[bytes | None, str, str]] = {
    "another company reads it": (
        http({"ok": True, "channel": {"id": "C1", "is_ext_shared": True}}),
        "hopeless",
        "external",
    ),
    "no scope": (http({"ok": False, "error": "missing_scope"}), "retry", "missing_scope"),
    "no answer": (HANG_UP, "retry", "unreachable"),
    "an error of Slack's": (http({"ok": False, "error": "internal_error"}), "retry", "internal_error"),
    "a page instead of JSON": (http("<html>"), "retry", "garbage"),
    "no token": (http({"ok": False, "error": "token_revoked"}), "retry", "token_revoked"),
    "a 429": (http({"ok": False, "error": "ratelimited"}, status="429 Too Many"), "retry", "ratelimited"),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_nothing_is_posted_to_a_channel_while_it_is_not_known_that_only_colleagues_read_it(what: str) -> None:
    answer_bytes, outcome, error_class = OUTSIDE[what]
    with raw_server([answer_bytes, http({"ok": True, "ts": "1.0", "channel": "C1"})]) as server:
        answer = send(gateway(server.url))
        assert (answer.outcome, answer.error_class) == (outcome, error_class)
        wait_until(lambda: server.requests, "the call", 20)
        assert [b"event_type" in request for request in server.requests] == [False]


def test_slack_is_asked_once_a_minute_who_reads_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    colleagues = http({"ok": True, "channel": {"id": "C1", "is_ext_shared": False}})
    posted = http({"ok": True, "ts": "1.0", "channel": "C1"})
    shared = http({"ok": True, "channel": {"id": "C1", "is_ext_shared": True}})
    now = 1000.0
    monkeypatch.setattr("bot.slack.gateway.time.monotonic", lambda: now)
    with raw_server([colleagues, posted, posted, shared]) as server:
        to = gateway(server.url)
        outcomes = []
        for seconds in (0, 60, 61):
            now = 1000.0 + seconds
            outcomes.append(send(to).outcome)
        assert outcomes == ["sent", "sent", "hopeless"]
