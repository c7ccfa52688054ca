"""The demo: an invented book, graded, and the bot in a local workspace with a clock that can be advanced."""

import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import ShiftedClock, SystemClock, local_instant
from bot.demo.controls import ZONE, controls
from bot.demo.history import Say, bring_book, grade_past
from bot.demo.workspace import Command, Shortcut, Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, EMERGENCY, MANAGERS, PEOPLE
from bot.errors import N_, BadInput
from bot.settings import Settings, variables
from bot.slack.deferred import Deferred
from bot.slack.gateway import web_client
from bot.slack.manifest import COMMANDS, EVENTS, SHORTCUTS
from bot.slack.server import SocketModeConnection, connect, front

FIRST = ANNA_SCHMIDT  # as whom the page opens: ACME is hers
BEGINS = 16  # o'clock in ZONE on a given day: everybody is at work
MARK = ".tierbot-demo"


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A running demo."""

    bot: Tierbot
    workspace: Workspace
    scheduler: BackgroundScheduler
    connection: SocketModeConnection
    deferred: Deferred

    def stop(self) -> None:
        """End it, and free the port."""
        self.scheduler.shutdown(wait=True)
        self.connection.close()
        self.deferred.close(1)
        self.workspace.stop()
        self.bot.close()


def start(
    folder: Path | None = None, *, port: int = 0, day: date | None = None, say: Say = lambda _: None
) -> Demo:
    """Write and grade a new book in a folder, and serve the workspace on 127.0.0.1. It is `day` then, or now.

    Raises BadInput when the port is taken, or the folder holds anything but an earlier demo.
    """
    clock = ShiftedClock(SystemClock())
    if day is not None:
        clock.advance(local_instant(day, BEGINS, 0, ZoneInfo(ZONE)) - clock.now())
    # Filled later: the workspace's controls need the bot, and the bot needs the workspace's address.
    demos: list[Demo] = []
    workspace = Workspace(
        users=(FIRST, *(person for person in PEOPLE if person != FIRST)),
        channels=CHANNELS,
        now=clock.now,
        # New ones at each start, so that no other program of this machine can know them.
        bot_token=f"xoxb-{secrets.token_hex(16)}",
        app_token=f"xapp-{secrets.token_hex(16)}",
        shortcuts=[Shortcut(**asdict(shortcut)) for shortcut in SHORTCUTS],
        commands=[Command(name=c.name, usage_hint=c.usage, description=c.description) for c in COMMANDS],
        events=EVENTS,
        controls=controls(lambda: _begun(demos), clock),
        port=port,
    )
    try:
        workspace.start()
    except OSError as error:
        raise BadInput(
            N_("Port %(port)s cannot be used (%(reason)s). Choose another: tierbot demo --port 8138"),
            port=port,
            reason=error.strerror,
        ) from None
    try:
        # Only now: an earlier demo on this port may still be using its folder.
        folder = folder or demo_folder(workspace.port)
        empty(folder)
        tokens = {"bot_token": workspace.platform.bot_token, "app_token": workspace.platform.app_token}
        bot = build(demo_settings(folder, workspace.api_url, **tokens), clock=clock)
        demos.append(_begin(workspace, bot, say))
        return demos[0]
    except BaseException:
        workspace.stop()
        raise


def _begun(demos: list[Demo]) -> Demo:
    if not demos:
        raise RuntimeError("The demo is still being set up. Try again in a moment.")
    return demos[0]


def _begin(workspace: Workspace, bot: Tierbot, say: Say) -> Demo:
    bring_book(bot, say)
    jobs.match_people(bot)  # so that owners are told of the first changes
    grade_past(bot, say)
    slack = front(bot.deps, web_client(bot.settings), lambda: f"{bot.rng.getrandbits(32):08x}")
    connection = connect(slack.app, bot.deps)
    jobs.tick(bot)
    scheduler = jobs.scheduler(bot)
    scheduler.start()
    return Demo(
        bot=bot, workspace=workspace, scheduler=scheduler, connection=connection, deferred=slack.deferred
    )


def demo_settings(folder: Path, api_url: str, *, bot_token: str = "", app_token: str = "") -> Settings:
    """The demo's settings, independent of the environment."""
    values: dict[str, Any] = {
        **{name: default or None for name, default, _ in variables()},
        "TIERBOT_DATABASE_URL": "",
        "TIERBOT_DATA_DIR": folder,
        "SLACK_BOT_TOKEN": bot_token or None,
        "SLACK_APP_TOKEN": app_token or None,
        "SLACK_API_URL": api_url,
        "TIERBOT_TIMEZONE": ZONE,
        "TIERBOT_ADMINS": "grace.chen@example.com",
        "TIERBOT_ALERT_CHANNEL": f"#{MANAGERS.name}",
        "TIERBOT_EMERGENCY_CHANNEL": f"#{EMERGENCY.name}",
        "TIERBOT_AUDIT_CHANNEL": "",
    }
    return Settings(_env_file=None, **values)


def demo_folder(port: int) -> Path:
    """The folder of a demo for which none is given: one for each port, emptied at each start."""
    return Path(os.environ.get("TIERBOT_DATA_DIR") or "data").absolute() / f"demo-{port}"


def empty(folder: Path) -> None:
    """Create a folder, or empty that of an earlier demo. Raises BadInput for any other full folder."""
    mark = folder / MARK
    if folder.exists() and not mark.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(
            N_("%(folder)s holds something else than a demo. Name a new or empty folder."), folder=folder
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text("The next tierbot demo empties this folder.\n", encoding="utf-8")
