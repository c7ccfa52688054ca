"""The demo: an invented book, graded, and the bot in a local workspace where time can be let pass."""

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import ShiftedClock, SystemClock, local_date, local_instant
from bot.demo.book.files import SEED, write_book, write_new_orders
from bot.demo.book.profiles import PEOPLE as STAFF
from bot.demo.workspace import Command, Control, ControlField, Said, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.errors import N_, BadInput
from bot.services.care.schedule import workday
from bot.services.delivery import time_jump
from bot.services.grade import runs
from bot.services.imports import ImportOptions, import_file
from bot.services.schemes import store
from bot.settings import Settings, variables
from bot.slack.deferred import Deferred
from bot.slack.gateway import web_client
from bot.slack.manifest import COMMANDS
from bot.slack.server import SocketModeConnection, connect, front
from db import schema
from db.graded import changes
from db.outbox import messages

SCHEME = "b2b_accounts"
ZONE = "Asia/Shanghai"
SNAPSHOTS = 5  # month ends before today: enough that a tier has been held for as long as a move asks for
MARK = ".tierbot-demo"
BOT_TOKEN, APP_TOKEN = "xoxb-local", "xapp-local"
Say = Callable[[str], None]
Progress = Callable[[str | Said], None]


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A running demo; `stop` ends it."""

    bot: Tierbot
    workspace: Workspace
    scheduler: BackgroundScheduler
    connection: SocketModeConnection
    deferred: Deferred

    def stop(self) -> None:
        self.scheduler.shutdown(wait=True)
        self.connection.close()
        self.deferred.close(1)
        self.workspace.stop()
        self.bot.close()


def start(folder: Path | None = None, *, port: int = 0, say: Say = lambda _: None) -> Demo:
    """Fill a folder afresh, grade the book, and serve the workspace on 127.0.0.1.

    Raises BadInput when the port is taken, or the folder holds anything but an earlier demo.
    """
    clock = ShiftedClock(SystemClock())
    place: list[Path] = []
    box: list[Tierbot] = []  # the workspace's controls need the bot, the bot needs the workspace's address
    workspace = Workspace(
        users=PEOPLE,
        channels=CHANNELS,
        now=clock.now,
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        commands=[Command(name=c.name, usage_hint=c.usage, description=c.description) for c in COMMANDS],
        controls=controls(lambda: box[0], clock, lambda: place[0]),
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
        # Only now: whoever holds the port is using its folder.
        folder = folder or demo_folder(workspace.port)
        empty(folder)
        place.append(folder)
        return _begin(workspace, box, clock, folder, say)
    except BaseException:
        workspace.stop()
        raise


def _begin(workspace: Workspace, box: list[Tierbot], clock: ShiftedClock, folder: Path, say: Say) -> Demo:
    bot = build(demo_settings(folder, workspace.api_url), clock=clock)
    box.append(bot)
    fill(bot, folder, say)
    slack = front(bot.deps, web_client(bot.settings), lambda: f"{bot.rng.getrandbits(32):08x}")
    connection = connect(slack.app, bot.deps)
    jobs.tick(bot)
    scheduler = jobs.scheduler(bot)
    scheduler.start()
    return Demo(
        bot=bot, workspace=workspace, scheduler=scheduler, connection=connection, deferred=slack.deferred
    )


def demo_settings(folder: Path, api_url: str) -> Settings:
    """The demo's own settings, whatever the environment says."""
    values: dict[str, Any] = {
        **{name: default or None for name, default, _ in variables()},
        "TIERBOT_DATABASE_URL": "",
        "TIERBOT_DATA_DIR": folder,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": api_url,
        "TIERBOT_TIMEZONE": ZONE,
        "TIERBOT_ADMINS": "grace.chen@example.com",
        "TIERBOT_ALERT_CHANNEL": "#managers",
    }
    return Settings(_env_file=None, **values)


def fill(bot: Tierbot, folder: Path, say: Say) -> None:
    """Database, book, and the gradings of the last month ends; only the newest of them is told of."""
    schema.upgrade(bot.database)
    today = local_date(bot.clock.now(), bot.settings.zone)
    book = write_book(folder / "book", today=today)
    say(
        f"An invented book of customers, seed {SEED}: {', '.join(f'{n:,} {kind}' for kind, n in book.rows.items())}."
    )
    for path in book.files:
        bring_in(bot, path, folder)
    days = [store.last_cadence_day("month_end", today)]
    while len(days) < SNAPSHOTS:
        days.insert(0, store.last_cadence_day("month_end", days[0]))
    scheme = store.find(SCHEME, None)
    with bot.database.write() as session:
        store.put_in_force(session, scheme, actor="demo", effective_from=days[0], now=bot.clock.now())
    for day in days:
        report = grade(bot, day, bot.notify if day == days[-1] else None)
        tiers = ", ".join(f"{tier} {count}" for tier, count in report.tiers.items())
        say(f"Graded as of {day}: {tiers}.")


def bring_in(bot: Tierbot, path: Path, folder: Path) -> int:
    """Import one of the book's files; the number of rows."""
    report = import_file(
        bot.database,
        kind="orders" if path.stem.startswith("orders") else path.stem,
        path=path,
        clock=bot.clock,
        actor="demo",
        options=ImportOptions(source="demo"),
        rejects_dir=folder / "rejects",
    )
    if report.rejected:
        raise ValueError(f"{path.name}: {report.first_rejects[0]}")
    return report.accepted


def grade(bot: Tierbot, as_of: date, notify: runs.Notify | None) -> runs.RunReport:
    return runs.grade_book(
        bot.database,
        bot.scheme_cache,
        for_purpose="account",
        as_of=as_of,
        today=local_date(bot.clock.now(), bot.settings.zone),
        now=bot.clock.now(),
        notify=notify,
    )


def morning_after(now: datetime, days: int, zones: list[ZoneInfo]) -> datetime:
    """When it is past nine for everybody in these zones, on the first working day at least `days` on."""
    day = workday(local_date(now, ZoneInfo(ZONE)) + timedelta(days=days))
    return max(local_instant(day, 9, 1, zone) for zone in zones)


def controls(bot: Callable[[], Tierbot], clock: ShiftedClock, folder: Callable[[], Path]) -> list[Control]:
    """What the page offers beside the conversation."""
    one_at_a_time = threading.Lock()
    zones = [ZoneInfo(person.timezone) for person in STAFF if person.role == "account_manager"]

    def pass_time(values: Mapping[str, str], progress: Progress) -> Said:
        days = int(values.get("days", "1"))
        with one_at_a_time:
            before = clock.now()
            clock.advance(morning_after(before, days, zones) - before)
            time_jump.catch_up(bot().database, clock)  # the jump is meant
            progress(Said(en="Looking at what is due …", zh="正在查看到期事项……"))
            sent = -_sent(bot())
            done = jobs.tick(bot())
            jobs.drain(bot())
            sent += _sent(bot())
        today = local_date(clock.now(), ZoneInfo(ZONE))
        return Said(
            en=f"It is {today.day} {today:%B %Y} now. {_many(sent, 'message was', 'messages were')} sent"
            + (", after the grading of the month that ended." if done["grade"] else "."),
            zh=f"现在是{today.year}年{today.month}月{today.day}日，发出 {sent} 条消息"
            + ("，并完成了上月评级。" if done["grade"] else "。"),
        )

    def bring_orders(values: Mapping[str, str], progress: Progress) -> Said:
        story = values.get("story", "acme_wins")
        with one_at_a_time:
            today = local_date(clock.now(), bot().settings.zone)
            path = write_new_orders(folder() / "book", today=today, seed=SEED, story=story)
            progress(Said(en="Importing …", zh="正在导入……"))
            rows = bring_in(bot(), path, folder())
            progress(Said(en="Grading …", zh="正在评级……"))
            with bot().database.read() as session:
                before = changes.newest_change(session)
            jobs.regrade(bot())
            with bot().database.read() as session:
                moved, told = changes.changes_after(session, before)
            jobs.tick(bot())
            jobs.drain(bot())
        return Said(
            en=f"{_many(rows, 'order', 'orders')} came in;"
            f" {_many(moved, 'customer', 'customers')} changed tier, {_many(told, 'message', 'messages')}.",
            zh=f"导入 {rows} 笔订单；{moved} 家客户等级变化，{told} 条消息。",
        )

    return [
        Control(
            id="time",
            label_en="Let time pass",
            label_zh="让时间流逝",
            description_en="Reminders come in the morning of whoever looks after a customer.",
            description_zh="提醒会在客户经理当地的早晨送达。",
            run=pass_time,
            choices=(
                ControlField(
                    id="days",
                    label_en="Until the morning",
                    label_zh="到早晨",
                    options=(
                        ("1", "of the next working day", "下一个工作日"),
                        ("3", "in three days", "三天后"),
                        ("7", "in a week", "一周后"),
                        ("31", "in a month", "一个月后"),
                    ),
                    initial="1",
                ),
            ),
        ),
        Control(
            id="orders",
            label_en="Bring in new orders",
            label_zh="导入新订单",
            description_en="A file of orders is imported and the customers in it are graded again.",
            description_zh="导入一份订单文件，然后为相关客户重新评级。",
            run=bring_orders,
            choices=(
                ControlField(
                    id="story",
                    label_en="What happens",
                    label_zh="发生什么",
                    options=(
                        ("acme_wins", "ACME places big orders", "ACME 下了大单，升入上一级"),
                        ("big_return", "A good customer sends goods back", "一家好客户退货，毛利转负"),
                        ("quarter_rush", "Many order at quarter end", "季末集中下单，多家客户等级变化"),
                    ),
                    initial="acme_wins",
                ),
            ),
        ),
    ]


def _sent(bot: Tierbot) -> int:
    with bot.database.read() as session:
        return messages.counts(session).get("sent", 0)


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def demo_folder(port: int) -> Path:
    """Where a demo keeps its files unless told otherwise: a folder for each port, emptied at each start."""
    return Path(os.environ.get("TIERBOT_DATA_DIR") or "data").absolute() / f"demo-{port}"


def empty(folder: Path) -> None:
    """Make an empty folder, or empty one that an earlier demo has filled. Raises BadInput for any other."""
    mark = folder / MARK
    if folder.exists() and not mark.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(
            N_("%(folder)s holds something else than a demo. Name a new or empty folder."), folder=folder
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text("The next tierbot demo empties this folder.\n", encoding="utf-8")
