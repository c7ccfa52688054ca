"""One worker of the claims bench: prints that it is ready, waits for the start signal, prints how many it did."""

import asyncio
import random
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import create_engine, event, make_url

from bot.clock import SystemClock
from bot.logs import configure
from bot.services.delivery import outbox, sender
from bot.services.delivery.messenger import Answer, Check, ListedChannels, Reading, Reference
from bot.services.delivery.worker import Worker, WorkerOptions
from bot.services.recipients import Place
from bot.wording.message_base import Message
from bot.wording.messages import Problem
from db import schema
from db.engine import open_database
from db.outbox.messages import has_work

PLACES = 1_000
SENT = Answer(outcome="sent", ts="1.000001", channel="C0BENCH")


class AcceptingSlack:
    """A Slack that accepts everything at once."""

    def send(
        self,
        where: str,
        message: Message,
        language: str | None,
        reference: Reference,
        *,
        possible_repeat: bool = False,
    ) -> Answer:
        return SENT

    def history(self, where: str, oldest: datetime) -> Reading:
        return Reading(outcome="impossible")

    def update(self, channel: str, ts: str, message: Message, language: str | None) -> Answer:
        return SENT

    def joined_channels(self) -> ListedChannels:
        return ListedChannels(outcome="read")

    def channel(self, channel_id: str) -> ListedChannels:
        return ListedChannels(outcome="read")

    def check(self) -> Check:
        return Check()


def prepare(kind: str, url: str, jobs: int) -> None:
    """Write the jobs to the database."""
    {"ours": _prepare_ours, "apscheduler": _prepare_apscheduler, "procrastinate": _prepare_procrastinate}[
        kind
    ](url, jobs)


def work(kind: str, url: str, jobs: int, batch: int, number: int) -> None:
    {"ours": _work_ours, "apscheduler": _work_apscheduler, "procrastinate": _work_procrastinate}[kind](
        url, jobs, batch, number
    )


def wait_for_start() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def report(done: int) -> None:
    sys.stdout.write(f"{done}\n")
    sys.stdout.flush()


def nothing() -> None:
    """The job of the peers."""
    _done.append(None)  # safe between threads


_done: list[None] = []


def _prepare_ours(url: str, jobs: int) -> None:
    database = open_database(url)
    schema.upgrade(database)
    now = SystemClock().now() - timedelta(minutes=1)
    with database.write() as session:
        for number in range(jobs):
            outbox.enqueue(
                session,
                kind="bench",
                place=Place(channel=f"C{number % PLACES:07d}"),
                message=Problem(text=f"message {number}"),
                language="en",
                dedupe_key=f"bench:{number}",
                now=now,
            )
    database.close()


def _work_ours(url: str, jobs: int, batch: int, number: int) -> None:
    configure("warning")
    report(pass_until_empty(url, batch=batch, number=number, ready=wait_for_start))


def pass_until_empty(url: str, *, batch: int, number: int, ready: Callable[[], None]) -> int:
    """Deliver until no message is pending, sending or unknown; how many this worker tried."""
    database = open_database(url)
    worker = Worker(
        database=database,
        slack=AcceptingSlack(),
        clock=SystemClock(),
        rng=random.Random(number),
        options=WorkerOptions(batch=batch, pace=None),
    )
    with database.read() as session:
        has_work(session)
    ready()
    done = 0
    while True:
        found = sender.deliver(worker)
        done += found
        if not found:
            with database.read() as session:
                if not has_work(session):
                    break
            time.sleep(0.001)  # other workers have the rest
    database.close()
    return done


def _store(url: str) -> Any:
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore

    engine = create_engine(url)
    if make_url(url).get_backend_name() == "sqlite":  # the same durability, with the faster journal

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

    return SQLAlchemyJobStore(engine=engine)


def _scheduler(url: str) -> Any:
    from apscheduler.schedulers.background import BackgroundScheduler

    return BackgroundScheduler(jobstores={"default": _store(url)}, timezone=UTC)


def _prepare_apscheduler(url: str, jobs: int) -> None:
    from apscheduler.job import Job
    from apscheduler.triggers.date import DateTrigger

    # Directly into the store, because a scheduler that is shut down still runs due jobs.
    scheduler, store = _scheduler(url), _store(url)
    store.start(scheduler, "default")
    due = SystemClock().now() - timedelta(minutes=1)
    for number in range(jobs):
        store.add_job(
            Job(
                scheduler,
                id=str(number),
                name="nothing",
                func="tests.bench.claims_worker:nothing",
                args=(),
                kwargs={},
                trigger=DateTrigger(due),
                executor="default",
                misfire_grace_time=None,
                coalesce=False,
                max_instances=1,
                next_run_time=due,
            )
        )
    store.shutdown()


def _work_apscheduler(url: str, jobs: int, batch: int, number: int) -> None:
    from apscheduler.events import EVENT_JOB_EXECUTED

    from tests.bench import claims_worker  # noqa: PLW0406 - APScheduler finds the job by its module

    scheduler = _scheduler(url)
    done = threading.Event()

    def count(_: Any) -> None:
        if len(claims_worker._done) >= jobs:
            done.set()

    scheduler.add_listener(count, EVENT_JOB_EXECUTED)
    scheduler.start(paused=True)
    wait_for_start()
    scheduler.resume()
    done.wait(120)
    report(len(claims_worker._done))
    scheduler.shutdown()


def _procrastinate(url: str) -> tuple[Any, Callable[..., Any]]:
    import procrastinate

    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo))

    @app.task(name="nothing")
    def task() -> None:
        nothing()

    return app, task


def _prepare_procrastinate(url: str, jobs: int) -> None:
    app, task = _procrastinate(url)

    async def put() -> None:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            await task.batch_defer_async(*({} for _ in range(jobs)))  # type: ignore[attr-defined]

    asyncio.run(put())


def _work_procrastinate(url: str, jobs: int, batch: int, number: int) -> None:
    app, _ = _procrastinate(url)

    async def run() -> None:
        async with app.open_async():
            wait_for_start()
            await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)

    asyncio.run(run())
    report(len(_done))


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
