"""Secrets and personal data are logged in every possible way, and none of them is written."""

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text

from bot import cli, logs
from db.engine import Database, open_database

SECRETS = {
    "bot token": "xoxb-71-canary",
    "user token": "xoxp-71-canary",
    "app token": "xapp-1-A7-canary",
    "bearer": "Bearer canary.7.1",
    "password of a database": "postgresql+psycopg://bot:canary@db.example/tierbot",
    "password without a user": "redis://:canary@cache/0",
    "password with @": "postgresql://bot:can@ary-canary@db.example/tierbot",
    "password with /": "postgresql://bot:can/canary@db.example/tierbot",
    "password as a parameter": "postgresql://db.example/tierbot?user=bot&password=canary",
    "password of libpq": "host=db.example user=bot password=canary dbname=tierbot",
    "password of libpq with a space": "host=db.example password = 'my canary' dbname=tierbot",
    "refresh token": "xoxe.xoxp-1-canary",
    "e-mail address": "canary.lee+7@example.com.cn",
    "mobile number": "13800138000",
    "mobile number with spaces": "138 0013 8000",
    "number abroad": "+49 170 1234567",
    "identity card": "11010519491231002X",
}
SEEN = ("canary", "0013", "1380", "1234567", "194912")
NAME, NOTE = "Canary Chen 陈金丝雀", "he is ill, says his canary"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def fail(secret: str) -> None:
    in_a_variable = f"{NAME} {secret}"
    try:
        raise ValueError(f"cannot use {secret}")
    except ValueError as cause:
        raise RuntimeError(f"{len(in_a_variable)} characters, among them {secret}.") from cause


def check_clean(capsys: pytest.CaptureFixture[str], *expected: str) -> None:
    written = capsys.readouterr()
    shown = written.out + written.err
    assert [word for word in (*SEEN, "Canary", "陈金丝雀") if word in shown] == []
    assert [word for word in expected if word not in shown] == []


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_no_kind_of_log_call_writes_a_secret(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug")
    ours = structlog.get_logger()
    ours.info("value", said=secret, inside=f"before {secret}, after")
    ours.warning(f"event {secret}")
    structlog.contextvars.bind_contextvars(bound=secret)
    ours.error("bound")
    structlog.contextvars.clear_contextvars()
    for name in ("", "uvicorn.error", "slack_bolt.App", "apscheduler.executors.default", "sqlalchemy.pool"):
        logging.getLogger(name).error("library said %s", secret)
    try:
        fail(secret)
    except RuntimeError as error:
        ours.error("job.failed", job="remind", error=type(error).__name__, exc_info=error)
        logging.getLogger("apscheduler").error("job raised", exc_info=error)
    check_clean(capsys, "job.failed", "before", "library said", "RuntimeError")


def test_an_unknown_error_of_a_command_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tierbot", "check"])
    monkeypatch.setattr(cli, "app", lambda: fail(" ".join(SECRETS.values())))
    with pytest.raises(SystemExit):
        cli.main()
    check_clean(capsys, "reference")


def test_the_values_of_a_failed_statement_are_not_logged(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug")
    for statement in (
        "INSERT INTO customer (code, name, region) VALUES ('C1', :name, :note)",  # columns are missing
        "INSERT INTO nowhere (name, note) VALUES (:name, :note)",
    ):
        with pytest.raises(Exception, match=r"customer|nowhere") as failed, database.write() as session:
            session.execute(text(statement), {"name": NAME, "note": NOTE})
        structlog.get_logger().error("job.failed", exc_info=failed.value)
        logging.getLogger("apscheduler").error("job raised", exc_info=failed.value)
    check_clean(capsys, "job.failed", "job raised")


SHAPES = [  # of an address with a password, and what may be shown of it
    ("postgresql://bot:canary@127.0.0.1:1/tierbot", "bot:***@127.0.0.1:1"),
    ("postgresql://bot:my canary@127.0.0.1:1/tierbot", "bot:***@127.0.0.1:1"),
    ("postgresql://bot:my/canary?1@127.0.0.1:1/tierbot", "bot:***@127.0.0.1:1"),
    ("postgresql://127.0.0.1:1/tierbot?user=bot&password=canary", "password=hidden"),
    ("postgresql://127.0.0.1:1/tierbot?sslpassword=canary", "sslpassword=hidden"),
    ("postgresql://bot:can@ary-canary@127.0.0.1:1/tierbot", "postgresql://…"),
    ("postgresql://bot/x:canary@127.0.0.1:1/tierbot", "postgresql://…"),
    ("postgresql://bot:canary@127.0.0.1:port/tierbot", "postgresql://…"),
    ("host=127.0.0.1 port=1 user=bot password=canary", "The database … cannot be used"),
    ("dbname=tierbot password='my canary' options='-c x=y://canary'", "The database … cannot be used"),
]


@pytest.mark.parametrize(("address", "shown"), SHAPES, ids=[address for address, _ in SHAPES])
def test_no_shape_of_a_database_address_shows_its_password(
    address: str,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERBOT_DATABASE_URL", address)
    for command in ("check", "doctor", "customers"):
        monkeypatch.setattr(sys, "argv", ["tierbot", command])
        with pytest.raises(SystemExit):
            cli.main()
    check_clean(capsys, shown)


def test_an_open_database_is_printed_without_its_password() -> None:
    database = open_database("postgresql://bot:canary@127.0.0.1:1/tierbot?password=canary")
    assert "canary" in database.url
    assert "canary" not in repr(database)
    database.close()


def test_a_password_of_the_installation_is_hidden_in_any_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERBOT_DATABASE_URL", "postgresql://bot:my%20canary@127.0.0.1:1/tierbot")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "canary1234")
    monkeypatch.setattr(sys, "argv", ["tierbot", "check"])
    monkeypatch.setattr(cli, "app", lambda: fail("my canary, then canary1234"))
    with pytest.raises(SystemExit):
        cli.main()
    assert "canary" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "unit", ["a", "://:", "1-", "a.b@", "a@b", "xoxb-", "password ", "password='", "Key ("]
)
def test_masking_takes_a_time_that_grows_with_the_text_only(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        started = time.process_time()
        logs.masked(text)
        return time.process_time() - started

    # Twenty times the text would take 400 times as long if each letter were looked at from each other one.
    assert seconds(100_000) < 100 * max(min(seconds(5_000) for _ in range(3)), 0.001)


@pytest.mark.parametrize("command", ["check", "doctor", "tick"])
def test_commands_on_a_database_that_is_not_there_show_no_password(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-71-canary")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api/")
    monkeypatch.setenv("TIERBOT_DATABASE_URL", "postgresql://bot:canary@127.0.0.1:1/tierbot")
    monkeypatch.setattr(sys, "argv", ["tierbot", command])
    with pytest.raises(SystemExit):
        cli.main()
    check_clean(capsys, "Connection refused", "bot:***@127.0.0.1:1")


def test_ids_times_and_line_numbers_are_not_masked() -> None:
    for line in (
        "2026-03-31T09:00:00.123456Z",
        "id=12345678",
        "1774947600.123456",
        "C0123456789",
        "line 1041",
    ):
        assert logs.masked(line) == line
