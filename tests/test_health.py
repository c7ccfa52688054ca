"""Health, readiness and metrics over a real HTTP server."""

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
from bot.clock import FixedClock
from bot.health import Pulse, health_app, serve_health
from bot.jobs import JOBS
from bot.server import Server, serve
from bot.services.delivery import outbox
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


def test_with_a_port_in_use_only_the_health_page_is_missing(
    bot: Tierbot, server: Server, pulse: Pulse
) -> None:
    settings = bot.settings.model_copy(update={"health_port": server.port})
    stop = serve_health(replace(bot, settings=settings), pulse)
    assert get(server, "/healthz")[0] == 200
    stop()
    assert get(server, "/healthz")[0] == 200
