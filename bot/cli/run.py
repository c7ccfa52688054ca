"""`run`, `demo`, `tick`: the bot itself."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from sqlalchemy.exc import OperationalError

from bot import jobs, settings
from bot.app import Tierbot, upgrade_schema
from bot.cli.console import _, announce, console_actor, in_language, opened, say, to_day, warn
from bot.clock import ShiftedClock, SystemClock
from bot.errors import N_, BadInput
from bot.logs import configure, release_stderr
from bot.services.ask import lookup
from bot.services.delivery import time_jump
from bot.services.ops import care_plans, connection, settings_changes
from db.book import customers
from db.engine import describe

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

    from bot.health import Pulse

LOOK_SECONDS = 5.0
# Parts of SQLite's and PostgreSQL's messages about the state of a machine, not about a wrong setting.
PASSING = ("readonly", "unable to open", "disk is full", "disk I/O", "is starting up")
FINISH_SECONDS = 5.0  # for requests that were received or acknowledged before the signal
END_SECONDS = 8.5  # for everything; hosting platforms kill after ten


class Role(StrEnum):
    """What a process does; several may share one PostgreSQL."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


def run(
    role: Annotated[
        Role, typer.Option(help="web only answers, worker only reminds, alerts and grades.")
    ] = Role.ALL,
) -> None:
    """Answer in Slack, remind and alert, until stopped. Brings the database up to date first."""
    from bot import health  # Starlette: a pass of `tick` needs no server

    with ExitStack() as running:
        bot = running.enter_context(opened(check_schema=False))
        _require_settings(bot)
        if role is not Role.WORKER:
            _require_way_in(bot)
        pulse = health.Pulse()
        pulse.waits_for = "starting"
        running.callback(health.serve_health(bot, pulse))
        wait_for_database(lambda: _bring_up_to_date(bot, role), pulse)
        if (unsettled := bot.gateway.check_token()) is not None:
            announce(in_language(unsettled))
        scheduler = None if role is Role.WEB else jobs.scheduler(bot, pulse.beat)
        if scheduler is not None:
            for job in jobs.JOBS:
                pulse.beat(job)  # so that a job whose first pass hangs is late too
            scheduler.start()
            running.callback(scheduler.shutdown, wait=True)
        if role is not Role.WORKER:
            running.callback(_listen(bot))
        running.callback(bot.stopping.set)  # called first, so that a pass that is sending ends early
        pulse.waits_for = ""
        announce(_("Tierbot is running. Ctrl+C stops it."))
        if (state := bot.connection.state) is not None and state.problem:
            found, remedy = connection.describe(state, bot.clock.now())
            announce(
                _(
                    "It receives nothing yet: %(found)s; %(remedy)s.",
                    found=in_language(found),
                    remedy=in_language(remedy),
                )
            )
        if not _until_stopped(pulse, scheduler):
            announce(
                _(
                    "The jobs have stopped ticking; ending, so that whoever supervises this process starts it again."
                )
            )
            os._exit(1)  # what hangs cannot be waited for
        end_within(END_SECONDS)
    release_stderr()


def demo(
    port: Annotated[int, typer.Option(help="Port of the page on 127.0.0.1.")] = 8137,
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo's files go; an earlier demo in it is emptied.")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            "--date", metavar="DAY", help="The day on which it begins, as 2026-09-21; without it, today."
        ),
    ] = None,
) -> None:
    """Try everything in a local workspace: no Slack account, no network, invented data."""
    from bot.demo import story  # the invented book and the local workspace

    configure("warning")
    warn(_("Setting up the local workspace …"))
    running = story.start(folder, port=port, day=to_day(day) if day else None, say=warn)
    say(
        "\n"
        + _(
            "Open %(url)s: you are %(name)s, an account manager. Type %(command)s. Ctrl+C ends the demo.",
            url=running.workspace.url,
            name=story.FIRST.real_name,
            command="/tier ACME",
        )
    )
    _until_stopped()
    running.stop()


def tick(
    at: Annotated[
        str | None, typer.Option(help="Act as if it were this time, e.g. 2026-03-31T09:00+08:00.")
    ] = None,
) -> None:
    """One pass over everything due, then stop: what cron would call."""
    clock = ShiftedClock(SystemClock(), _instant(at) - SystemClock().now()) if at else None
    with opened(clock=clock, create=False) as bot:
        _require_settings(bot)
        settings_changes.note_start(bot.database, bot.settings, bot.file_rules.plans, "tick")
        if at:  # a time that was given on purpose is no jump to hold messages for
            time_jump.catch_up(bot.database, bot.clock)
        done = jobs.tick(bot)
        done["deliver"] += jobs.drain(bot)
        say(", ".join(f"{name} {count}" for name, count in done.items()))


def _listen(bot: Tierbot) -> Callable[[], None]:
    """Receive Slack's requests over Socket Mode or HTTP; returns the function that ends it."""
    from bot.slack.gateway import web_client  # Slack's libraries: a worker listens to nothing
    from bot.slack.server import connect, front, listen

    _warm_up(bot)
    slack = front(bot.deps, web_client(bot.settings), lambda: f"{bot.rng.getrandbits(32):08x}")
    secrets = bot.settings.signing_secrets
    if bot.settings.slack_app_token is not None or not secrets:
        stop = connect(slack.app, bot.deps).close
    else:
        try:
            host, port = bot.settings.host, bot.settings.port
            stop = listen(slack.app, bot.deps, secrets, host, port).close
        except OSError as error:
            raise BadInput(
                N_("Port %(port)s cannot be used (%(reason)s). Set TIERBOT_PORT to another one."),
                port=bot.settings.port,
                reason=error.strerror,
            ) from None

    def end() -> None:
        until = time.monotonic() + FINISH_SECONDS
        # In a thread: it waits without end for a connection that is being made, and for a command that hangs.
        closing = threading.Thread(target=stop, name="closing", daemon=True)
        closing.start()  # nothing more is acknowledged
        closing.join(FINISH_SECONDS)
        slack.deferred.close(until - time.monotonic())

    return end


def end_within(seconds: float) -> None:
    """End this process after so many seconds, even if a library's thread hangs: Python waits for those after `main`.

    Its work is then in the same state as after a kill, which loses nothing that was recorded.
    """

    def cut() -> None:
        hanging = [thread.name for thread in threading.enumerate() if not thread.daemon]
        structlog.get_logger().error("process.cut", after=seconds, threads=hanging)
        os._exit(0)  # the signal asked for the end: no failure

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()


def _require_settings(bot: Tierbot) -> None:
    """Raise BadInput without a token or with a wrong care plan, before anything starts."""
    if bot.settings.slack_bot_token is None:
        raise BadInput(N_("SLACK_BOT_TOKEN is not set. Take it from your Slack app's page, under OAuth."))
    _ = bot.file_rules


def _bring_up_to_date(bot: Tierbot, role: str) -> None:
    """Upgrade the schema, record the settings that changed since the last start, and warn of tiers without a plan."""
    if (backup := upgrade_schema(bot.database)) is not None:
        announce(_("Backup written: %(file)s", file=backup))
    settings_changes.note_start(bot.database, bot.settings, bot.file_rules.plans, role)
    care_plans.warn(bot.database, bot.rules.plans, bot.today())


def wait_for_database(work: Callable[[], None], pulse: "Pulse") -> None:
    """Do work that writes, waiting for a disk or a server that is not there yet: to end would only cause restarts."""
    announced = False
    while True:
        try:
            work()
            return
        except OperationalError as error:
            reason = describe(error)
            if not any(part in reason for part in PASSING):
                raise
            pulse.waits_for = f"database: {reason}"
        if not announced:
            announce(
                _(
                    "The database cannot be used: %(reason)s. Trying again every %(seconds)s s.",
                    reason=reason,
                    seconds=f"{LOOK_SECONDS:.0f}",
                )
            )
        announced = True
        time.sleep(LOOK_SECONDS)


def _require_way_in(bot: Tierbot) -> None:
    if bot.settings.slack_app_token is None and bot.settings.slack_signing_secret is None:
        raise BadInput(
            N_(
                "Neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (HTTP mode) is set."
                " Take one from your Slack app's page, under Basic Information."
            )
        )


def _warm_up(bot: Tierbot) -> None:
    """Render one card before the first request.

    The imports, parsing and compiling for it took more than the 3 s that Slack waits for an answer on a busy machine.
    """
    from bot.slack import blocks

    with bot.database.read() as session:
        anybody = customers.any_id(session)
        if anybody is not None:
            actor = console_actor(bot.settings)
            card = lookup.card(session, bot.scheme_cache, bot.rules_in(session), actor, anybody, bot.today())
            blocks.payload(bot.renderer, card, bot.settings.language)


def _until_stopped(pulse: "Pulse | None" = None, scheduler: "BackgroundScheduler | None" = None) -> bool:
    """Wait for a signal; False when a job is late before one comes. A second signal ends the process at once."""
    stopped = threading.Event()

    def stop(number: int, _: object) -> None:
        if stopped.is_set():
            os._exit(128 + number)
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while not stopped.wait(LOOK_SECONDS):
        if scheduler is not None:
            jobs.follow_clock(scheduler)
        if pulse is not None and pulse.late():
            return False
    return True


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(N_("%(text)s is not a time. Write it as 2026-03-31T09:00+08:00."), text=text) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=settings.load().zone)
    return at
