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

import typer

from bot.cli.console import announce, err, opened, out
from bot.clock import ShiftedClock, SystemClock, local_date
from bot.errors import N_, BadInput

if TYPE_CHECKING:
    from bot.app import Tierbot
    from bot.health import Pulse

commands = typer.Typer()

LOOK_SECONDS = 5.0
# What is wrong with a machine and not with a setting, as SQLite and PostgreSQL say it.
PASSING = ("readonly", "unable to open", "disk is full", "disk I/O", "is starting up")
FINISH_SECONDS = 5.0  # for what was being answered or was acknowledged before the signal
END_SECONDS = 8.5  # for everything; hosters kill after ten


class Role(StrEnum):
    """What a process does; several may share one PostgreSQL."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


@commands.command()
def run(
    role: Annotated[
        Role, typer.Option(help="web only answers, worker only reminds, alerts and grades.")
    ] = Role.ALL,
) -> None:
    """Answer in Slack, remind and alert, until stopped. Brings the database up to date first."""
    from bot import health, jobs
    from bot.logs import let_go

    with ExitStack() as running:
        bot = running.enter_context(opened(check_schema=False))
        _require_token(bot)
        if role is not Role.WORKER:
            _require_door(bot)
        pulse = health.Pulse()
        running.callback(health.serve_health(bot, pulse))
        _bring_up_to_date(bot)
        bot.gateway.check_token()
        if role is not Role.WEB:
            scheduler = jobs.scheduler(bot, pulse.beat)
            for job in jobs.JOBS:
                pulse.beat(job)  # so that one whose first pass hangs is missed too
            scheduler.start()
            running.callback(scheduler.shutdown, wait=True)
        if role is not Role.WORKER:
            running.callback(_listen(bot))
        running.callback(bot.stopping.set)  # first, so that a pass that is sending ends early
        announce("Tierbot is running. Ctrl+C stops it.")
        if not _until_stopped(pulse):
            announce(
                "The jobs have stopped ticking; ending, so that whoever supervises this process starts it again."
            )
            os._exit(1)  # what hangs cannot be waited for
        end_within(END_SECONDS)
    let_go()


@commands.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the page on 127.0.0.1.")] = 8137,
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo's files go; an earlier demo in it is emptied.")
    ] = None,
) -> None:
    """Try everything in a local workspace: no Slack account, no network, invented data."""
    from bot.demo import story
    from bot.logs import configure

    configure("warning")
    err.print("Setting up the local workspace …")
    running = story.start(folder, port=port, say=lambda line: err.print(line, markup=False))
    out.print(f"\nOpen {running.workspace.url} and type /tier ACME. Ctrl+C ends the demo.", markup=False)
    _until_stopped()
    running.stop()


@commands.command()
def tick(
    at: Annotated[
        str | None, typer.Option(help="Act as if it were this time, e.g. 2026-03-31T09:00+08:00.")
    ] = None,
) -> None:
    """One pass over everything due, then stop: what cron would call."""
    from bot import jobs
    from bot.services.delivery import time_jump

    clock = ShiftedClock(SystemClock(), _instant(at) - SystemClock().now()) if at else None
    with opened(clock=clock) as bot:
        _require_token(bot)
        if at:  # whoever names a time means it
            time_jump.catch_up(bot.database, bot.clock)
        done = jobs.tick(bot)
        done["deliver"] += jobs.drain(bot)
        out.print(", ".join(f"{name} {count}" for name, count in done.items()), markup=False)


def _listen(bot: "Tierbot") -> Callable[[], None]:
    """Take what Slack sends, over Socket Mode or HTTP; gives what ends it."""
    from bot.slack.gateway import web_client
    from bot.slack.server import connect, front, serve_http

    settings = bot.settings
    _warm_up(bot)
    slack = front(bot.deps, web_client(settings), lambda: f"{bot.rng.getrandbits(32):08x}")
    if settings.slack_app_token is not None:
        stop = connect(slack.app, bot.deps).close
    else:
        try:
            stop = serve_http(slack.app, settings.host, settings.port).stop
        except OSError as error:
            raise BadInput(
                N_("Port %(port)s cannot be used (%(reason)s). Set TIERBOT_PORT to another one."),
                port=settings.port,
                reason=error.strerror,
            ) from None

    def end() -> None:
        until = time.monotonic() + FINISH_SECONDS
        # Aside: a connection that is just being made anew, or a command that hangs, is waited for without end.
        closing = threading.Thread(target=stop, name="closing", daemon=True)
        closing.start()  # nothing more is acknowledged
        closing.join(FINISH_SECONDS)
        slack.deferred.close(until - time.monotonic())

    return end


def end_within(seconds: float) -> None:
    """Whatever hangs, this process has ended by then: threads of libraries are waited for even after `main` is over.

    What it was doing is as after a kill, which everything here survives.
    """
    import structlog

    log = structlog.get_logger()

    def cut() -> None:
        hanging = [thread.name for thread in threading.enumerate() if not thread.daemon]
        log.error("process.cut", after=seconds, threads=hanging)
        os._exit(0)  # it was told to end

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()


def _require_token(bot: "Tierbot") -> None:
    if bot.settings.slack_bot_token is None:
        raise BadInput(N_("SLACK_BOT_TOKEN is not set. Take it from your Slack app's page, under OAuth."))


def _bring_up_to_date(bot: "Tierbot") -> None:
    """Upgrade the schema, waiting for a disk or a server that is not there yet: ending would only be a loop of starts."""
    from sqlalchemy.exc import OperationalError

    from bot.app import upgrade_schema

    told = False
    while True:
        try:
            if (backup := upgrade_schema(bot.database)) is not None:
                announce(f"Backup written: {backup}")
            return
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            if not any(words in reason for words in PASSING):
                raise
        if not told:
            announce(f"The database cannot be used: {reason}. Trying again every {LOOK_SECONDS:.0f} s.")
        told = True
        time.sleep(LOOK_SECONDS)


def _require_door(bot: "Tierbot") -> None:
    if bot.settings.slack_app_token is None and bot.settings.slack_signing_secret is None:
        raise BadInput(
            N_(
                "Neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (HTTP mode) is set."
                " Take one from your Slack app's page, under Basic Information."
            )
        )


def _warm_up(bot: "Tierbot") -> None:
    """Make one card before anybody can ask.

    What it imports, parses and compiles took over the 3 seconds that Slack waits for an answer on a busy machine.
    """
    import grading.explain.breakdown  # noqa: F401 - what the first card of an empty database will need
    from bot.cli import presentation
    from bot.services.ask import lookup
    from db.book import customers

    with bot.database.read() as session:
        anybody = customers.any_id(session)
        if anybody is not None:
            actor = presentation.console_actor(bot.settings)
            card = lookup.card(
                session,
                bot.scheme_cache,
                bot.rules,
                actor,
                anybody,
                local_date(bot.clock.now(), bot.settings.zone),
            )
            bot.gateway.payload(card, bot.settings.language)


def _until_stopped(pulse: "Pulse | None" = None) -> bool:
    """Wait for a signal; False when the pulse stopped before one came. A second signal ends what hangs."""
    stopped = threading.Event()

    def stop(number: int, _: object) -> None:
        if stopped.is_set():
            os._exit(128 + number)
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while not stopped.wait(LOOK_SECONDS):
        if pulse is not None and pulse.late():
            return False
    return True


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(N_("%(text)s is not a time. Write it as 2026-03-31T09:00+08:00."), text=text) from None
    if at.tzinfo is None:
        from bot import settings as settings_module

        at = at.replace(tzinfo=settings_module.load().zone)
    return at
