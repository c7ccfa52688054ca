"""The controls at the side of the page: time passes, orders come in, a colleague takes days off."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from sqlmodel import Session

from bot import jobs
from bot.app import Tierbot
from bot.clock import ShiftedClock, local_date, local_instant
from bot.demo.book.files import SEED
from bot.demo.book.stories import write_new_orders
from bot.demo.history import import_rows
from bot.demo.staff import ANNA, JULIA, LIN, STAFF, ZHOU, DemoPerson
from bot.demo.workspace import Bilingual, Control, ControlField
from bot.services import access, presence
from bot.services.care.working_people import FirmTime, working_times
from bot.services.care.working_time import WorkingTime
from bot.services.delivery import time_jump
from db.book import people
from db.care import due_touches
from db.graded import changes
from db.outbox import messages

ZONE = "Asia/Shanghai"
GREETINGS = "greetings"  # in place of a number of days
AWAY_DAYS = 7
Progress = Callable[[str | Bilingual], None]


class Running(Protocol):
    """The demo's bot, and the scheduler of its jobs."""

    @property
    def bot(self) -> Tierbot: ...
    @property
    def scheduler(self) -> BackgroundScheduler: ...


def controls(running: Callable[[], Running], clock: ShiftedClock) -> list[Control]:
    """All of them. `running` is called when one is used."""
    return [_time(running, clock), _orders(running, clock), _days_off(running, clock)]


def morning_after(
    now: datetime, days: int, working: Iterable[WorkingTime], zones: list[ZoneInfo]
) -> datetime:
    """The first instant, at least `days` later and on a day on which somebody works, when it is past nine in all zones."""
    first = local_date(now, ZoneInfo(ZONE)) + timedelta(days=days)
    return _morning(min(one.next_working_day(first) for one in working), zones)


def _morning(day: date, zones: list[ZoneInfo]) -> datetime:
    return max(local_instant(day, 9, 1, zone) for zone in zones)


def _time(running: Callable[[], Running], clock: ShiftedClock) -> Control:
    zones = [ZoneInfo(person.timezone) for person in STAFF]

    def next_morning(chosen: str) -> datetime:
        now, bot = clock.now(), running().bot
        with bot.database.read() as session:
            working = working_times(session, None, FirmTime.of(bot.settings), now).values()
        if chosen != GREETINGS:
            return morning_after(now, int(chosen), working, zones)
        tomorrow = morning_after(now, 1, working, zones)
        with bot.database.read() as session:
            due = due_touches.next_greeting(session, tomorrow - timedelta(days=1))
        return tomorrow if due is None else _morning(local_date(due, ZoneInfo(ZONE)), zones)

    def pass_time(values: Mapping[str, str], progress: Progress) -> Bilingual:
        bot = running().bot
        with _paused(running()):
            clock.advance(next_morning(values["days"]) - clock.now())
            time_jump.catch_up(bot.database, clock)  # this jump is intended
            progress(Bilingual("Looking at what is due …", "正在查看到期事项……"))
            sent = -_sent(bot)
            done = jobs.tick(bot)
            jobs.drain(bot)
            sent += _sent(bot)
        today = local_date(clock.now(), ZoneInfo(ZONE))
        return Bilingual(
            en=f"It is {today.day} {today:%B %Y} now. {_many(sent, 'message was', 'messages were')} sent"
            + (", after the grading of the month that ended." if done["grade"] else "."),
            zh=f"现在是{today.year}年{today.month}月{today.day}日，发出 {sent} 条消息"
            + ("，并完成了上月评级。" if done["grade"] else "。"),
        )

    return Control(
        id="time",
        label=Bilingual("Let time pass", "让时间流逝"),
        description=Bilingual(
            "What is due comes in the morning of whoever looks after a customer.",
            "到期事项会在客户经理当地的早晨送达。",
        ),
        run=pass_time,
        choices=(
            ControlField(
                id="days",
                label=Bilingual("Until the morning", "到早晨"),
                options={
                    "1": Bilingual("of the next day on which somebody works", "下一个有人上班的日子"),
                    "3": Bilingual("in three days", "三天后"),
                    "7": Bilingual("in a week", "一周后"),
                    "31": Bilingual("in a month", "一个月后"),
                    GREETINGS: Bilingual("on which holiday greetings are due", "下一次节日问候"),
                },
                initial="1",
            ),
        ),
    )


def _orders(running: Callable[[], Running], clock: ShiftedClock) -> Control:
    def import_orders(values: Mapping[str, str], progress: Progress) -> Bilingual:
        bot = running().bot
        today, folder = local_date(clock.now(), bot.settings.zone), bot.settings.data_dir / "book"
        path = write_new_orders(folder, today=today, seed=SEED, story=values["story"])
        with _paused(running()):
            progress(Bilingual("Importing …", "正在导入……"))
            rows = import_rows(bot, path)
            progress(Bilingual("Grading …", "正在评级……"))
            with bot.database.read() as session:
                before, told = changes.newest_change(session), -_told(session)
            jobs.regrade(bot)
            with bot.database.read() as session:
                moved, told = changes.changes_after(session, before), told + _told(session)
            jobs.tick(bot)
            jobs.drain(bot)
        return Bilingual(
            en=f"{_many(rows, 'order', 'orders')} came in;"
            f" {_many(moved, 'customer', 'customers')} changed tier, {_many(told, 'message', 'messages')}.",
            zh=f"导入 {rows} 笔订单；{moved} 家客户等级变化，{told} 条消息。",
        )

    return Control(
        id="orders",
        label=Bilingual("Bring in new orders", "导入新订单"),
        description=Bilingual(
            "A file of orders is imported and the customers in it are graded again.",
            "导入一份订单文件，然后为相关客户重新评级。",
        ),
        run=import_orders,
        choices=(
            ControlField(
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
            ),
        ),
    )


def _days_off(running: Callable[[], Running], clock: ShiftedClock) -> Control:
    colleagues: dict[str, tuple[DemoPerson, DemoPerson, Bilingual]] = {
        "anna": (ANNA, JULIA, Bilingual("Anna Schmidt", "Anna Schmidt")),
        "lin": (LIN, ZHOU, Bilingual("Lin Wei", "林薇")),
    }

    def go_away(values: Mapping[str, str], progress: Progress) -> Bilingual:
        person, deputy, _ = colleagues[values["person"]]
        bot, now = running().bot, clock.now()
        first = local_date(now, ZoneInfo(person.timezone)) + timedelta(days=1)
        last = first + timedelta(days=AWAY_DAYS - 1)
        with bot.database.read() as session:
            acting = people.row_by_email(session, person.email, now)
        assert acting is not None, "the book has its own people"
        presence.go_away(
            bot.database,
            access.actor_of(acting, bot.settings),
            person.email,
            first=first,
            last=last,
            deputy=deputy.email,
            settings=bot.settings,
            now=now,
        )
        return Bilingual(
            en=f"{person.name} is away from {first} to {last}; {deputy.name} acts.",
            zh=f"{person.name} 从 {first} 到 {last} 休假，由 {deputy.name} 代理。",
        )

    return Control(
        id="away",
        label=Bilingual("Give a week off", "安排休假一周"),
        description=Bilingual(
            "From tomorrow on, a deputy of the same team gets the reminders and answers them.",
            "从明天起，由同团队的代理人接收并处理提醒。",
        ),
        run=go_away,
        choices=(
            ControlField(
                id="person",
                label=Bilingual("Who", "谁"),
                options={key: label for key, (_, _, label) in colleagues.items()},
                initial="anna",
            ),
        ),
    )


@contextmanager
def _paused(running: Running) -> Iterator[None]:
    """The bot's own jobs wait: a control does them in their order, as a bot does that ran all the time."""
    running.scheduler.pause()
    try:
        yield
    finally:
        running.scheduler.resume()


def _told(session: Session) -> int:
    """How many messages about tier changes there are."""
    return messages.count_of_kinds(session, (changes.ALERT, changes.OWN_ALERT))


def _sent(bot: Tierbot) -> int:
    with bot.database.read() as session:
        return messages.counts(session).get("sent", 0)


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
