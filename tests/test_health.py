"""Health, readiness and metrics over a real HTTP server."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.app import Tierbot, build
from bot.cli import run
from bot.clock import FixedClock
from bot.health import Pulse, health_app, serve_health
from bot.jobs import JOBS
from bot.server import Server, serve
from bot.services.delivery import outbox
from bot.services.ops import connection
from bot.services.ops.connection import ConnectionWatch
from bot.services.recipients import Place
from bot.settings import Settings
from bot.wording.messages import Problem
from db import processes, schema
from db.engine import Database
from db.outbox import send_state
from db.processes import HeartbeatRole
from tests import factories

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)


class Stopwatch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bot(database: Database) -> Tierbot:
    wired = build(Settings(_env_file=None), clock=FixedClock(NOW))
    wired.database.close()
    return replace(wired, database=database)


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def pulse(stopwatch: Stopwatch) -> Pulse:
    return Pulse(stopwatch)


@pytest.fixture
def server(bot: Tierbot, pulse: Pulse) -> Iterator[Server]:
    running = serve(health_app(bot, pulse), host="127.0.0.1", port=0, name="health")
    yield running
    running.stop()


def get(server: Server, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def job(name: str) -> Any:
    return next(job for job in JOBS if job.name == name)


def test_it_is_healthy_as_long_as_jobs_end_within_their_patience(
    server: Server, pulse: Pulse, stopwatch: Stopwatch
) -> None:
    assert get(server, "/healthz")[0] == 200
    pulse.beat(job("house"))
    pulse.beat(job("deliver"))
    stopwatch.now = 89.0
    assert get(server, "/healthz") == (200, "ok\n")
    stopwatch.now = 91.0
    assert get(server, "/healthz") == (503, "late: deliver, house\n")
    pulse.beat(job("house"))
    pulse.beat(job("deliver"))
    assert get(server, "/healthz")[0] == 200


def test_a_start_that_waits_for_its_database_says_so_and_goes_on_when_it_is_there(
    server: Server, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LOOK_SECONDS", 0)
    pages = []

    def write_settings() -> None:
        pages.append(get(server, "/readyz"))
        if len(pages) < 3:
            raise OperationalError("", {}, Exception("attempt to write a readonly database"))

    pulse.waits_for = "starting"
    run.wait_for_database(write_settings, pulse)
    waiting = (503, "database: attempt to write a readonly database\n")
    assert pages == [(503, "starting\n"), waiting, waiting]


def test_it_is_ready_with_a_database_of_this_revision_only(server: Server, bot: Tierbot) -> None:
    assert get(server, "/readyz") == (200, "ready\n")
    with bot.database.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    assert get(server, "/readyz") == (503, "database of another revision\n")
    with bot.database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": schema.HEAD})
    assert get(server, "/readyz")[0] == 200


def test_metrics_are_read_from_rows_and_contain_no_names(server: Server, bot: Tierbot) -> None:
    with bot.database.write() as session:
        person = factories.person(session, "Anna")
        customer = factories.customer(session, "Secret Customer Ltd", owner_id=person)
        factories.graded(session, {customer: "A"}, as_of=NOW.date() - timedelta(days=4))
        processes.beat(session, HeartbeatRole.WORKER, "boot", NOW - timedelta(seconds=12))
        processes.count(session, "taken_over_total", 3)
        send_state.put_circuit(session, reason="clock", apart_seconds=250.0)
        outbox.enqueue(
            session,
            kind="reminder",
            place=Place(person_id=person),
            message=Problem(text="Secret Customer Ltd"),
            language="en",
            dedupe_key="k",
            now=NOW - timedelta(seconds=30),
        )
    status, shown = get(server, "/metrics")
    assert status == 200
    lines = shown.splitlines()
    assert 'tierbot_outbox_messages{state="pending"} 1.0' in lines
    assert 'tierbot_outbox_messages{state="dead"} 0.0' in lines
    assert 'tierbot_events{event="taken_over_total"} 3.0' in lines
    assert "tierbot_circuit_open 1.0" in lines
    assert "tierbot_clock_apart_seconds 250.0" in lines
    assert 'tierbot_outbox_oldest_seconds{state="pending"} 30.0' in lines
    assert 'tierbot_heartbeat_age_seconds{role="worker"} 12.0' in lines
    assert 'tierbot_grading_age_days{purpose="account"} 4.0' in lines
    assert "Secret" not in shown
    assert "anna" not in shown.lower()


def test_a_job_that_fails_three_times_makes_the_process_unready_but_not_unhealthy(
    server: Server, pulse: Pulse, stopwatch: Stopwatch
) -> None:
    full = OperationalError("INSERT …", {}, Exception("database or disk is full"))
    for stopwatch.now in (0.0, 30.0):
        pulse.beat(job("house"), full)
        assert get(server, "/readyz") == (200, "ready\n")
    stopwatch.now = 60.0
    pulse.beat(job("house"), full)
    assert get(server, "/readyz") == (503, "house fails: database or disk is full\n")
    stopwatch.now = 100.0
    assert get(server, "/healthz")[0] == 200  # a new process would find the same disk
    stopwatch.now = 659.0
    pulse.beat(job("house"), full)
    assert get(server, "/healthz")[0] == 200
    stopwatch.now = 661.0  # after eleven minutes, in case that the reason lies in this process
    pulse.beat(job("house"), full)
    assert get(server, "/healthz") == (503, "late: house\n")
    stopwatch.now = 100.0
    pulse.beat(job("house"))
    assert get(server, "/readyz")[0] == 200
    pulse.beat(job("remind"), KeyError("Secret Customer Ltd"))
    pulse.beat(job("house"), MemoryError())
    stopwatch.now = 135.0
    pulse.beat(job("remind"), KeyError("Secret Customer Ltd"))
    assert get(server, "/readyz") == (503, "remind fails: KeyError\n")
    stopwatch.now = 191.0  # 91 s after its last success
    pulse.beat(job("house"), MemoryError())
    pulse.beat(job("remind"), KeyError("Secret Customer Ltd"))
    assert get(server, "/healthz") == (503, "late: house\n")


def test_a_process_that_does_not_hear_slack_is_not_ready(server: Server, bot: Tierbot) -> None:
    assert get(server, "/readyz")[0] == 200  # a worker, or HTTP mode: nothing is to be connected
    watch = bot.connection
    watch.begin()
    assert get(server, "/readyz") == (503, "slack: not connected to Slack for 0 s\n")
    watch.failed("invalid_auth")
    assert get(server, "/readyz") == (503, "slack: Slack refuses the app token: invalid_auth\n")
    watch.opened(1, others=0)
    assert get(server, "/readyz") == (200, "ready\n")
    for _ in range(2):
        watch.opened(3, others=2)
    assert get(server, "/readyz") == (
        503,
        "slack: Slack counts 2 connections of the app that this installation does not hold: part of what people type"
        " and press goes there\n",
    )
    watch.lost("closed")
    watch.opened(1, others=0)
    assert get(server, "/readyz")[0] == 200


def test_in_http_mode_metrics_tell_when_a_request_came_and_nobody_makes_the_process_unready(
    server: Server, bot: Tierbot
) -> None:
    watch = bot.connection
    watch.listen()
    watch.refused()
    assert get(server, "/readyz") == (200, "ready\n")
    connection.report(bot.database, watch, FixedClock(NOW))
    page = get(server, "/metrics")[1]
    assert 'tierbot_slack_connection_problems{problem="unverified"} 1.0' in page
    assert "\ntierbot_slack_last_request_seconds " not in page
    watch.heard()
    connection.report(bot.database, watch, FixedClock(NOW))
    page = get(server, "/metrics")[1]
    assert "\ntierbot_slack_connection_problems{" not in page
    assert "\ntierbot_slack_last_request_seconds " in page
    assert "\ntierbot_slack_connections{" not in page  # of Socket Mode only


def test_metrics_tell_whether_requests_arrive(server: Server, bot: Tierbot) -> None:
    assert "tierbot_slack_connections{" not in get(server, "/metrics")[1]
    deaf, hearing = ConnectionWatch("deaf", FixedClock(NOW)), ConnectionWatch("hearing", FixedClock(NOW))
    deaf.begin()
    deaf.failed("link_disabled")
    hearing.begin()
    hearing.heard_at = time.monotonic()
    hearing.opened(2, others=1)
    for watch in (deaf, hearing):
        connection.report(bot.database, watch, FixedClock(NOW))
    bot.clock.advance(timedelta(seconds=40))  # type: ignore[attr-defined]
    lines = get(server, "/metrics")[1].splitlines()
    assert 'tierbot_slack_connections{of="held"} 1.0' in lines
    assert 'tierbot_slack_connections{of="counted"} 2.0' in lines
    assert 'tierbot_slack_connections{of="others"} 1.0' in lines
    assert 'tierbot_slack_connection_problems{problem="link_disabled"} 1.0' in lines
    (heard,) = [line for line in lines if line.startswith("tierbot_slack_last_request_seconds ")]
    assert float(heard.split()[1]) >= 40
    bot.clock.advance(timedelta(seconds=21))  # type: ignore[attr-defined]
    assert "tierbot_slack_connections{" not in get(server, "/metrics")[1]  # these processes are gone


def test_with_a_port_in_use_only_the_health_page_is_missing(
    bot: Tierbot, server: Server, pulse: Pulse
) -> None:
    settings = bot.settings.model_copy(update={"health_port": server.port})
    stop = serve_health(replace(bot, settings=settings), pulse)
    assert get(server, "/healthz")[0] == 200
    stop()
    assert get(server, "/healthz")[0] == 200
