"""`run`, `demo`, `tick`: the bot itself."""

import signal
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot import settings as settings_module
from bot.app import Tierbot
from bot.cli.console import err, opened, out
from bot.clock import FixedClock
from bot.errors import N_, BadInput
from bot.logs import configure
from db import schema

commands = typer.Typer()


@commands.command()
def run() -> None:
    """Answer in Slack, remind and alert, until stopped. Brings the database up to date first."""
    from bot import jobs
    from bot.slack.gateway import web_client
    from bot.slack.server import bolt_app, connect

    with opened(check_schema=False) as bot:
        _require_token(bot)
        schema.upgrade(bot.database)
        bot.gateway.check_token()
        _warm_up(bot)
        slack = bolt_app(bot.desk, web_client(bot.settings), lambda: f"{bot.chance.getrandbits(32):08x}")
        connection = connect(slack, bot.desk)
        scheduler = jobs.scheduler(bot)
        scheduler.start()
        err.print("Tierbot is running. Ctrl+C stops it.")
        _until_stopped()
        scheduler.shutdown(wait=True)
        connection.close()


@commands.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the page on 127.0.0.1.")] = 8137,
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo's files go; an earlier demo in it is emptied.")
    ] = None,
) -> None:
    """Try everything in a local workspace: no Slack account, no network, invented data."""
    from bot.demo import story

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

    with opened(clock=FixedClock(_instant(at)) if at else None) as bot:
        _require_token(bot)
        done = jobs.tick(bot)
        out.print(", ".join(f"{name} {count}" for name, count in done.items()), markup=False)


def _require_token(bot: Tierbot) -> None:
    if bot.settings.slack_bot_token is None:
        raise BadInput(N_("SLACK_BOT_TOKEN is not set. Take it from your Slack app's page, under OAuth."))


def _warm_up(bot: Tierbot) -> None:
    """Make one card before anybody can ask.

    What it imports, parses and compiles took over the 3 seconds that Slack waits for an answer on a busy machine.
    """
    import grading.explanation  # noqa: F401 - what the first card of an empty database will need
    from bot.services import lookup, present
    from db import customers

    with bot.database.read() as session:
        anybody = customers.anybody(session)
        if anybody is not None:
            actor = present.console_actor(bot.settings)
            card = lookup.card(session, bot.shelf, bot.rules, actor, anybody)
            bot.gateway.payload(card, bot.settings.language)


def _until_stopped() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(N_("%(text)s is not a time. Write it as 2026-03-31T09:00+08:00."), text=text) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=settings_module.load().zone)
    return at
