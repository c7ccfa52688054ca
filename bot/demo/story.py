"""The demo: an invented book, graded, and the bot in a local workspace with a clock that can be advanced."""

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from sqlmodel import Session

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import ShiftedClock, SystemClock, local_date, local_instant
from bot.demo.book.files import SEED, write_book
from bot.demo.book.stories import write_new_orders
from bot.demo.staff import STAFF
from bot.demo.workspace import Bilingual, Command, Control, ControlField, Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, PEOPLE
from bot.errors import N_, BadInput
from bot.services.care.schedule import workday
from bot.services.delivery import time_jump
from bot.services.grade import runs
from bot.services.imports import ImportOptions, import_file
from bot.services.schemes import store
from bot.services.trial import proposal
from bot.settings import Settings, variables
from bot.slack.deferred import Deferred
from bot.slack.gateway import web_client
from bot.slack.manifest import COMMANDS
from bot.slack.server import SocketModeConnection, connect, front
from db import schema
from db.graded import changes
from db.outbox import messages

SCHEME = "b2b_accounts"
FIRST = ANNA_SCHMIDT  # as whom the page opens: ACME is hers
ZONE = "Asia/Shanghai"
SNAPSHOTS = 5  # month ends before today: enough that every tier has been held for the minimum time
MARK = ".tierbot-demo"
Say = Callable[[str], None]
Progress = Callable[[str | Bilingual], None]


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


def start(folder: Path | None = None, *, port: int = 0, say: Say = lambda _: None) -> Demo:
    """Write and grade a new book in a folder, and serve the workspace on 127.0.0.1.

    Raises BadInput when the port is taken, or the folder holds anything but an earlier demo.
    """
    clock = ShiftedClock(SystemClock())
    # Filled later: the workspace's controls need the bot, and the bot needs the workspace's address.
    bots: list[Tierbot] = []
    workspace = Workspace(
        users=(FIRST, *(person for person in PEOPLE if person != FIRST)),
        channels=CHANNELS,
        now=clock.now,
        # New ones at each start, so that no other program of this machine can know them.
        bot_token=f"xoxb-{secrets.token_hex(16)}",
        app_token=f"xapp-{secrets.token_hex(16)}",
        commands=[Command(name=c.name, usage_hint=c.usage, description=c.description) for c in COMMANDS],
        controls=controls(lambda: bots[0], clock),
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
        bots.append(build(demo_settings(folder, workspace.api_url, **tokens), clock=clock))
        return _begin(workspace, bots[0], say)
    except BaseException:
        workspace.stop()
        raise


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
        "TIERBOT_ALERT_CHANNEL": "#managers",
        "TIERBOT_EMERGENCY_CHANNEL": "",
        "TIERBOT_AUDIT_CHANNEL": "",
    }
    return Settings(_env_file=None, **values)


def fill(bot: Tierbot, say: Say) -> None:
    """Everything that a demo begins with, without a workspace."""
    bring_book(bot, say)
    grade_past(bot, say)


def bring_book(bot: Tierbot, say: Say) -> None:
    """Create the database and import the book."""
    schema.upgrade(bot.database)
    today = local_date(bot.clock.now(), bot.settings.zone)
    book = write_book(bot.settings.data_dir / "book", today=today)
    say(
        f"An invented book of customers, seed {SEED}: {', '.join(f'{n:,} {kind}' for kind, n in book.rows.items())}."
    )
    for path in book.files:
        import_rows(bot, path)


def grade_past(bot: Tierbot, say: Say) -> None:
    """Grade the last month ends; only the newest sends alerts."""
    today = local_date(bot.clock.now(), bot.settings.zone)
    days = [store.last_cadence_day("month_end", today)]
    while len(days) < SNAPSHOTS:
        days.insert(0, store.last_cadence_day("month_end", days[0]))
    now = bot.clock.now()
    scheme = proposal.fill_in_constants(bot.database, store.find(SCHEME, None), days[0])
    with bot.database.write() as session:
        store.put_in_force(session, scheme, actor="demo", effective_from=days[0], now=now)
    for day in days:
        # Gradings that notify of nothing are those of the first one's moment: `tierbot verify` relies on it.
        report = grade(bot, day, now, bot.notify if day == days[-1] else None)
        tiers = ", ".join(f"{tier} {count}" for tier, count in report.tiers.items())
        say(f"Graded as of {day}: {tiers}.")


def import_rows(bot: Tierbot, path: Path) -> int:
    """Import one of the book's files; the number of accepted rows."""
    report = import_file(
        bot.database,
        kind="orders" if path.stem.startswith("orders") else path.stem,
        path=path,
        clock=bot.clock,
        actor=None,
        options=ImportOptions(source="demo"),
        rejects_dir=bot.settings.data_dir / "rejects",
    )
    if report.rejected:
        raise ValueError(f"{path.name}: {report.first_rejects[0]}")
    return report.accepted


def grade(bot: Tierbot, as_of: date, now: datetime, notify: runs.Notify | None) -> runs.RunReport:
    """Grade the whole book as of a day."""
    return runs.grade_book(
        bot.database,
        bot.scheme_cache,
        for_purpose="account",
        as_of=as_of,
        today=local_date(now, bot.settings.zone),
        now=now,
        notify=notify,
    )


def morning_after(now: datetime, days: int, zones: list[ZoneInfo]) -> datetime:
    """The first instant, at least `days` later and on a working day, when it is past nine in all zones."""
    day = workday(local_date(now, ZoneInfo(ZONE)) + timedelta(days=days))
    return max(local_instant(day, 9, 1, zone) for zone in zones)


def controls(bot: Callable[[], Tierbot], clock: ShiftedClock) -> list[Control]:
    """The controls at the side of the page."""
    zones = [ZoneInfo(person.timezone) for person in STAFF if person.role == "account_manager"]

    def pass_time(values: Mapping[str, str], progress: Progress) -> Bilingual:
        before = clock.now()
        clock.advance(morning_after(before, int(values["days"]), zones) - before)
        time_jump.catch_up(bot().database, clock)  # this jump is intended
        progress(Bilingual("Looking at what is due …", "正在查看到期事项……"))
        sent = -_sent(bot())
        done = jobs.tick(bot())
        jobs.drain(bot())
        sent += _sent(bot())
        today = local_date(clock.now(), ZoneInfo(ZONE))
        return Bilingual(
            en=f"It is {today.day} {today:%B %Y} now. {_many(sent, 'message was', 'messages were')} sent"
            + (", after the grading of the month that ended." if done["grade"] else "."),
            zh=f"现在是{today.year}年{today.month}月{today.day}日，发出 {sent} 条消息"
            + ("，并完成了上月评级。" if done["grade"] else "。"),
        )

    def import_orders(values: Mapping[str, str], progress: Progress) -> Bilingual:
        today, folder = local_date(clock.now(), bot().settings.zone), bot().settings.data_dir / "book"
        path = write_new_orders(folder, today=today, seed=SEED, story=values["story"])
        progress(Bilingual("Importing …", "正在导入……"))
        rows = import_rows(bot(), path)
        progress(Bilingual("Grading …", "正在评级……"))
        with bot().database.read() as session:
            before, told = changes.newest_change(session), -_told(session)
        jobs.regrade(bot())
        with bot().database.read() as session:
            moved, told = changes.changes_after(session, before), told + _told(session)
        jobs.tick(bot())
        jobs.drain(bot())
        return Bilingual(
            en=f"{_many(rows, 'order', 'orders')} came in;"
            f" {_many(moved, 'customer', 'customers')} changed tier, {_many(told, 'message', 'messages')}.",
            zh=f"导入 {rows} 笔订单；{moved} 家客户等级变化，{told} 条消息。",
        )

    days = ControlField(
        id="days",
        label=Bilingual("Until the morning", "到早晨"),
        options={
            "1": Bilingual("of the next working day", "下一个工作日"),
            "3": Bilingual("in three days", "三天后"),
            "7": Bilingual("in a week", "一周后"),
            "31": Bilingual("in a month", "一个月后"),
        },
        initial="1",
    )
    stories = ControlField(
        id="story",
        label=Bilingual("What happens", "发生什么"),
        options={
            "acme_wins": Bilingual("ACME places big orders", "ACME 下了大单，升入上一级"),
            "big_return": Bilingual("A good customer sends goods back", "一家好客户退货，毛利转负"),
            "quarter_rush": Bilingual(
                "Many customers order at quarter end", "季末集中下单，多家客户等级变化"
            ),
        },
        initial="acme_wins",
    )
    return [
        Control(
            id="time",
            label=Bilingual("Let time pass", "让时间流逝"),
            description=Bilingual(
                "Reminders come in the morning of whoever looks after a customer.",
                "提醒会在客户经理当地的早晨送达。",
            ),
            run=pass_time,
            choices=(days,),
        ),
        Control(
            id="orders",
            label=Bilingual("Bring in new orders", "导入新订单"),
            description=Bilingual(
                "A file of orders is imported and the customers in it are graded again.",
                "导入一份订单文件，然后为相关客户重新评级。",
            ),
            run=import_orders,
            choices=(stories,),
        ),
    ]


def _told(session: Session) -> int:
    """How many messages about tier changes there are."""
    return messages.count_of_kinds(session, (changes.ALERT, changes.OWN_ALERT))


def _sent(bot: Tierbot) -> int:
    with bot.database.read() as session:
        return messages.counts(session).get("sent", 0)


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


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
