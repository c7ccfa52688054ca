"""What happens by itself: a table of jobs, one pass over all of them, and the scheduler that only ticks.

The database is the schedule. A job asks what is due now and does it; APScheduler holds nothing that could be lost.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta

import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from bot.app import Tierbot
from bot.clock import SystemClock, local_date
from bot.errors import Conflict
from bot.services import access
from bot.services.care import reminders, schedule
from bot.services.delivery import circuit, sender, time_jump
from bot.services.delivery.pace import Pace
from bot.services.delivery.worker import Worker, WorkerOptions, read_send_state
from bot.services.grade import first_orders, regrades, retention, runs
from db import processes
from db.care import touches
from db.outbox import claims, send_state
from db.processes import HeartbeatRole

log = structlog.get_logger()

TRACES_KEPT = timedelta(days=7)
LONGEST_PASS = 30.0  # seconds of sending; what is claimed and not sent is given back
LONG_WORK = timedelta(minutes=15)  # that a grading, a plan or a first look at all people may take
LANES_KEPT = timedelta(hours=1)
LONGEST_MONTH = timedelta(days=31)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A piece of recurring work: how often to look, and what to do; gives how much was done.

    One that has not ended for `patience` hangs, and the process is not healthy any more. Nor is it when a `vital` one
    only fails, unless it is the database that does not let it work: that a new process would not mend.
    """

    name: str
    every: timedelta
    work: Callable[[Tierbot], int]
    patience: timedelta = timedelta(seconds=90)
    speaks: bool = True  # and so waits for somebody to look when time has jumped
    vital: bool = False


def match_people(bot: Tierbot) -> int:
    """Find the Slack users of people who have none yet."""
    return access.match_people(bot.database, bot.gateway.profile_by_email)


def grade(bot: Tierbot) -> int:
    """Take the snapshots of finished periods, at night, and forget those that are kept no longer."""
    local = bot.clock.now().astimezone(bot.settings.zone)
    if f"{local:%H:%M}" < bot.settings.grade_at:
        return 0
    try:
        reports = runs.grade_if_due(
            bot.database, bot.scheme_cache, today=local.date(), now=bot.clock.now(), notify=bot.notify
        )
    except Conflict:  # another process was faster; what else is due is graded in the next pass
        return 0
    if months := bot.settings.keep_assessments_months:
        retention.forget(bot.database, local.date() - months * LONGEST_MONTH)
    return len(reports)


def regrade(bot: Tierbot) -> int:
    """Re-grade those about whom an import has brought news, or whose override is over."""
    now = bot.clock.now()
    today = local_date(now, bot.settings.zone)
    ended = regrades.end_overrides(bot.database, bot.scheme_cache, today=today, now=now, notify=bot.notify)
    reports = first_orders.follow_first_orders(
        bot.database, bot.scheme_cache, today=today, now=now, notify=bot.notify
    )
    reports += regrades.regrade_touched(
        bot.database, bot.scheme_cache, today=today, now=now, notify=bot.notify
    )
    reports += regrades.follow_credit(bot.database, bot.scheme_cache, today=today, now=now, notify=bot.notify)
    return ended + sum(report.customers for report in reports)


def plan_care(bot: Tierbot) -> int:
    """Bring touches in line with tiers, contacts and the plan, when any of them or the day has changed."""
    now = bot.clock.now()
    with bot.database.read() as session:
        depends = [
            *touches.planning_inputs(session),
            local_date(now, bot.settings.zone),
            bot.rules.plan.model_dump_json(),
            bot.rules.remind_at,
        ]
        mark = hashlib.sha256(repr(depends).encode()).hexdigest()
        if processes.cursor(session, "care") == mark:
            return 0
    changed = schedule.plan_all(bot.database, bot.rules, now)
    with bot.database.write() as session:
        processes.set_cursor(session, "care", mark)
    return changed


def remind(bot: Tierbot) -> int:
    """Turn due touches into messages."""
    with bot.database.read() as session:
        book = bot.scheme_cache.book(session)
    return reminders.remind_due(
        bot.database,
        bot.rules,
        book,
        alert_channel=bot.settings.alert_channel,
        language=bot.settings.language,
        now=bot.clock.now(),
    )


def deliver(bot: Tierbot) -> int:
    """Send what is in the outbox, until the pass is long enough: one that hangs must be told from a slow Slack."""
    until = _uptime() + LONGEST_PASS
    worker = Worker(
        database=bot.database,
        slack=bot.gateway,
        clock=bot.clock,
        rng=bot.rng,
        monotonic=_uptime,
        options=WorkerOptions(
            settle=timedelta(seconds=bot.settings.settle_seconds),
            pace=Pace(workspace=bot.settings.messages_per_minute),
            fallback_channel=bot.settings.alert_channel,
            # A clock that was set to another time says nothing about the machine's.
            watch_clock=isinstance(bot.clock, SystemClock),
        ),
        stopping=lambda: bot.stopping.is_set() or _uptime() > until,
    )
    return sender.deliver(worker)


def _uptime() -> float:
    """Seconds that cannot be set; those the machine slept count, where the system tells."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def keep_house(bot: Tierbot) -> int:
    """Sign of life, a look at the clock, and forgetting what need not be kept."""
    now = bot.clock.now()
    if not time_jump.note(bot.database, now):
        log.error(
            "time.jumped",
            sentence="More than 7 days since the last sign of life: nothing is said. See: tierbot catch-up --show",
        )
    with bot.database.write() as session:
        processes.beat(session, HeartbeatRole.WORKER, bot.boot_id, now)
        processes.forget_requests(session, now - TRACES_KEPT)
        processes.forget_heartbeats(session, now - TRACES_KEPT)
        send_state.forget_idle(session, read_send_state(session, bot.clock).now, LANES_KEPT)
    return 0


# In this order one pass carries a change through: a grading plans touches, touches become messages, messages are sent.
JOBS = (
    Job(name="people", every=timedelta(minutes=5), work=match_people, patience=LONG_WORK, speaks=False),
    Job(name="grade", every=timedelta(minutes=5), work=grade, patience=LONG_WORK),
    Job(name="regrade", every=timedelta(seconds=10), work=regrade, patience=LONG_WORK),
    Job(name="care", every=timedelta(seconds=30), work=plan_care, patience=LONG_WORK),
    Job(name="remind", every=timedelta(seconds=15), work=remind),
    Job(name="deliver", every=timedelta(seconds=1), work=deliver),
    Job(name="house", every=timedelta(seconds=30), work=keep_house, speaks=False, vital=True),
)

Beat = Callable[[Job, Exception | None], None]


def tick(bot: Tierbot) -> dict[str, int]:
    """One pass over everything due; what each job did. The first failure is raised when the pass is over."""
    done: dict[str, int] = {}
    failure: Exception | None = None
    for job in JOBS:
        try:
            done[job.name] = _work(bot, job)
        except Exception as error:
            log.error("job.failed", job=job.name, error=type(error).__name__, exc_info=error)
            failure = failure or error
    if failure is not None:
        raise failure
    return done


def drain(bot: Tierbot, patience: timedelta = timedelta(minutes=3)) -> int:
    """Send what only the pace holds back, waiting for its turn; how many were tried.

    One pass sends no more to a place than a burst. From cron the rest would otherwise wait for the next pass.
    """
    tried = 0
    until = _uptime() + patience.total_seconds()
    while _uptime() < until and not time_jump.held(bot.database, bot.clock.now()):
        with bot.database.read() as session:
            state = read_send_state(session, bot.clock)
            if not circuit.may_send(state) or not claims.anything_due(session, state.now + sender.SOON):
                break
        done = deliver(bot)
        tried += done
        if not done:
            time.sleep(0.2)
    return tried


def scheduler(bot: Tierbot, beat: Beat = lambda job, failure: None) -> BackgroundScheduler:
    """Every job at once and then on its interval, in UTC and in memory; not started yet. `beat` hears of each end."""
    ticking = BackgroundScheduler(
        timezone=UTC,
        jobstores={"default": MemoryJobStore()},
        job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
    )
    first = SystemClock().now()  # the scheduler lives by the machine's clock, whatever the bot's says
    for job in JOBS:
        ticking.add_job(
            _safely,
            "interval",
            args=(bot, job, beat),
            seconds=job.every.total_seconds(),
            id=job.name,
            # Right away, so that a start after a night off does not wait for the longest interval.
            next_run_time=first,
        )
    return ticking


def _work(bot: Tierbot, job: Job) -> int:
    if job.speaks and time_jump.held(bot.database, bot.clock.now()):
        return 0
    return job.work(bot)


def _safely(bot: Tierbot, job: Job, beat: Beat) -> None:
    failure: Exception | None = None
    try:
        done = _work(bot, job)
        if done:
            log.info("job.done", job=job.name, count=done)
    except Exception as error:
        failure = error
        log.error("job.failed", job=job.name, error=type(error).__name__, exc_info=error)
    beat(job, failure)
