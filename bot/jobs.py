"""Recurring work: the table of jobs, one pass over all of them, and their scheduler.

The database is the schedule. A job queries what is due now and does it; APScheduler holds nothing that could be lost.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.app import Tierbot
from bot.clock import SystemClock
from bot.errors import BotError, Conflict
from bot.services import identity
from bot.services.ask.brief import evening
from bot.services.care import complaints, escalation, handover, planning_pass, promises, weekly
from bot.services.care.answers import redraws
from bot.services.care.digest import morning
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.weekly.period import WeeklyOptions
from bot.services.delivery import circuit, rights, sender, time_jump
from bot.services.delivery.pace import Pace
from bot.services.delivery.worker import Worker, WorkerOptions, read_send_state
from bot.services.grade import figures, first_orders, regrades, runs
from bot.services.ops import audit_log, channels, failing
from bot.services.privacy import marks, retention
from bot.services.proposals import upkeep
from bot.services.reports import care_traits
from db import processes, rewriting, usage
from db.care import acts
from db.care import redraws as stale_messages
from db.outbox import claims, send_state
from db.processes import HeartbeatRole

log = structlog.get_logger()

ASKED_KEPT = timedelta(days=60)  # whose cards people looked at last, for their Home tab
TRACES_KEPT = timedelta(days=7)  # heartbeats, who looked at which customers, what an undone act would need
LONGEST_PASS = 30.0  # seconds of sending; messages that are claimed but not sent are released
LONG_WORK = timedelta(
    minutes=15
)  # the most that a grading, a plan, a morning or the first match of people takes
BUCKETS_KEPT = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Recurring work: its interval, and a function that returns how much it did.

    The process is unhealthy when a job has not ended for `patience`, or when a `vital` one only fails, unless the
    database is the reason: a new process would meet the same database.
    """

    name: str
    every: timedelta
    work: Callable[[Tierbot], int]
    patience: timedelta = timedelta(seconds=90)
    # Leads to messages, or deletes what is old: skipped after a time jump, until an operator catches up.
    notifies: bool = True
    vital: bool = False


def match_people(bot: Tierbot) -> int:
    """Find the Slack users of people who have none yet and of admins, and see whether the others are still members."""
    slack, now = bot.gateway.users, bot.clock.now()
    added = identity.add_admins(bot.database, bot.settings, slack, now)
    return added + identity.refresh_people(bot.database, slack, now)


def grade(bot: Tierbot) -> int:
    """Take the snapshots of finished periods, at night, and delete those that are kept no longer."""
    local = bot.clock.now().astimezone(bot.settings.zone)
    if f"{local:%H:%M}" < bot.settings.grade_at:
        return 0
    try:
        reports = runs.grade_if_due(
            bot.database, bot.scheme_cache, today=local.date(), now=bot.clock.now(), notify=bot.notify
        )
    except Conflict:  # another process was faster; the next pass grades what else is due
        return 0
    if months := bot.settings.keep_assessments_months:
        runs.delete_old(bot.database, local.date() - months * retention.LONGEST_MONTH)
    return len(reports)


def regrade(bot: Tierbot) -> int:
    """Grade customers again after overrides that ended, first orders, imports, complaints and new credit grades."""
    now = bot.clock.now()
    today = bot.today(now)
    try:
        return _regrade_due(bot, today, now)
    finally:  # what cannot be graded has figures all the same
        figures.follow(bot.database, bot.scheme_cache, today)


def _regrade_due(bot: Tierbot, today: date, now: datetime) -> int:
    ended = regrades.end_overrides(bot.database, bot.scheme_cache, today=today, now=now, notify=bot.notify)
    steps = (
        first_orders.follow_first_orders,
        regrades.regrade_touched,
        regrades.regrade_marked,
        regrades.follow_credit,
    )
    graded = sum(
        report.customers
        for step in steps
        for report in step(bot.database, bot.scheme_cache, today=today, now=now, notify=bot.notify)
    )
    return ended + graded


def plan_care(bot: Tierbot) -> int:
    """Update the touches of customers for whom something has changed, or the time has come; hand customers over on the planned day."""
    conditions = {name for plan in bot.rules.plans.plans for name in plan.conditions}
    care_traits.refresh(bot.database, conditions, bot.today(bot.clock.now()))
    now = bot.clock.now()
    given = handover.begin_due(
        bot.database, bot.scheme_cache, bot.rules, bot.settings, today=bot.today(now), now=now
    )
    return given + planning_pass.plan_changed(bot.database, bot.rules, now)


def remind(bot: Tierbot) -> int:
    """Write the morning digests and greetings that are due, and what cannot wait for a digest."""
    return morning.send_due(_sending(bot), bot.rng)


def escalate(bot: Tierbot) -> int:
    """Report steps past their limits to managers, and those that stay undone after that to the emergency group.

    Managers are told of complaints and broken promises as well.
    """
    settings, sending = bot.settings, _sending(bot)
    late = escalation.escalate_late(sending, settings.emergency_channel or settings.alert_channel)
    return late + complaints.tell_managers(sending) + promises.tell_managers(sending)


def tell_weeks(bot: Tierbot) -> int:
    """Tell managers, once a week, what became of the care of their teams."""
    return weekly.tell_weeks(_sending(bot), WeeklyOptions.of(bot.settings))


def brief_visits(bot: Tierbot) -> int:
    """Write, in the evening before planned visits, the briefs that people want."""
    return evening.send_due(bot.database, bot.scheme_cache, bot.rules, bot.settings, bot.clock.now())


def follow_proposals(bot: Tierbot) -> int:
    """Remind of proposals that wait, ask admins as well, and end those that nobody decides about."""
    return upkeep.follow(bot.database, bot.scheme_cache, bot.settings, bot.clock.now())


def _sending(bot: Tierbot) -> Sending:
    return Sending.of(bot.settings, bot.database, bot.scheme_cache, bot.rules, bot.clock.now())


def deliver(bot: Tierbot) -> int:
    """Send what is due in the outbox, for a limited time: a slow Slack must not look like a job that hangs."""
    worker = _worker(bot)
    rights.look_up_recipients(worker, bot.gateway.users)
    return sender.deliver(worker)


def redraw(bot: Tierbot) -> int:
    """Update the messages in Slack that show care steps which have changed, for a limited time."""
    return redraws.redraw(_worker(bot), lambda: bot.rules)


def _worker(bot: Tierbot) -> Worker:
    until = _uptime() + LONGEST_PASS
    return Worker(
        database=bot.database,
        slack=bot.gateway,
        clock=bot.clock,
        rng=bot.rng,
        monotonic=_uptime,
        options=_options(bot),
        stopping=lambda: bot.stopping.is_set() or _uptime() > until,
    )


def _uptime() -> float:
    """Monotonic seconds, those the machine slept included where the system counts them."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def watch_channels(bot: Tierbot) -> int:
    """Look at the channels that get messages, at most once an hour, and tell admins what is wrong with them."""
    return channels.watch(bot.database, bot.gateway, _options(bot), bot.clock.now())


def _options(bot: Tierbot) -> WorkerOptions:
    settings = bot.settings
    return WorkerOptions(
        settle=timedelta(seconds=settings.settle_seconds),
        pace=Pace(workspace=settings.messages_per_minute),
        fallback_channel=settings.alert_channel,
        emergency_channel=settings.emergency_channel,
        admins=settings.admins,
        language=settings.language,
        # A shifted clock is no evidence about the machine's.
        watch_clock=isinstance(bot.clock, SystemClock),
    )


def anchor_audit(bot: Tierbot) -> int:
    """Write the number of rows of the audit and its last hash to the log, once a day, and to a channel."""
    now, settings = bot.clock.now(), bot.settings
    return audit_log.anchor(bot.database, bot.today(now), now, settings.audit_channel, settings.language)


def do_housekeeping(bot: Tierbot) -> int:
    """Write the heartbeat, check for a time jump, and delete traces that need not be kept."""
    now = bot.clock.now()
    plausible = time_jump.note(bot.database, now)
    if not plausible:
        log.error(
            "time.jumped",
            sentence="More than 7 days since the last sign of life: nothing is said. See: tierbot catch-up --show",
        )
    with bot.database.write() as session:
        processes.beat(session, HeartbeatRole.WORKER, bot.boot_id, now)
        if plausible:  # a clock a year ahead would delete today's
            processes.forget_requests(session, now - timedelta(days=bot.settings.keep_requests_days))
            processes.forget_heartbeats(session, now - TRACES_KEPT)
            acts.forget(session, now - TRACES_KEPT)
            stale_messages.forget(session, now - TRACES_KEPT)
            usage.forget_before(session, (now - TRACES_KEPT).date())
            usage.forget_asked_before(session, now - ASKED_KEPT)
        send_state.forget_idle(session, read_send_state(session, bot.clock).now, BUCKETS_KEPT)
    return 0


def forget(bot: Tierbot) -> int:
    """Delete what is kept for a limited time, and end an erasure that could not write its marks or rewrite the file."""
    now = bot.clock.now()
    rewriting.finish(bot.database)
    deleted = retention.apply(
        bot.database,
        retention.rules_of(bot.settings),
        data_dir=bot.settings.data_dir,
        today=bot.today(now),
        now=now,
    )
    marks.save(bot.database, bot.settings.data_dir)
    return deleted


# In this order one pass completes a change: a grading leads to touches, touches to messages, messages are sent.
JOBS = (
    Job(name="people", every=timedelta(minutes=5), work=match_people, patience=LONG_WORK, notifies=False),
    Job(name="grade", every=timedelta(minutes=5), work=grade, patience=LONG_WORK),
    Job(name="regrade", every=timedelta(seconds=10), work=regrade, patience=LONG_WORK),
    Job(name="care", every=timedelta(seconds=30), work=plan_care, patience=LONG_WORK),
    Job(name="remind", every=timedelta(seconds=15), work=remind, patience=LONG_WORK),
    Job(name="escalate", every=timedelta(minutes=1), work=escalate, patience=LONG_WORK),
    Job(name="weekly", every=timedelta(minutes=1), work=tell_weeks, patience=LONG_WORK),
    Job(name="briefs", every=timedelta(minutes=5), work=brief_visits, patience=LONG_WORK),
    Job(name="proposals", every=timedelta(minutes=1), work=follow_proposals),
    Job(name="channels", every=timedelta(minutes=5), work=watch_channels),
    Job(name="audit", every=timedelta(minutes=5), work=anchor_audit),
    Job(name="deliver", every=timedelta(seconds=1), work=deliver),
    Job(name="redraw", every=timedelta(seconds=1), work=redraw),
    Job(name="forget", every=timedelta(hours=1), work=forget, patience=LONG_WORK),
    Job(name="house", every=timedelta(seconds=30), work=do_housekeeping, notifies=False, vital=True),
)

Beat = Callable[[Job, Exception | None], None]


class _FromNow(IntervalTrigger):  # type: ignore[misc]
    """Counts the interval from now.

    APScheduler counts it from the last time, one interval after another, also those that were missed: after a jump of
    a year that took 40 s and 1.6 GB.
    """

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        following: datetime = now + self.interval
        return following


def tick(bot: Tierbot) -> dict[str, int]:
    """One pass over all jobs; returns how much each did. The first failure is raised when the pass is over."""
    done: dict[str, int] = {}
    failure: Exception | None = None
    for job in JOBS:
        done[job.name], error = _attempt(bot, job)
        failure = failure or error
    if failure is not None:
        raise failure
    return done


def drain(bot: Tierbot, patience: timedelta = timedelta(minutes=3)) -> int:
    """Send what only the pace holds back, waiting for it; returns how many were tried.

    One pass sends no more than a burst to a place. Under cron the rest would wait for the next pass.
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
    """Runs every job at once and then on its interval, in memory; not started yet. Calls `beat` when a job ends."""
    ticking = BackgroundScheduler(
        timezone=UTC,
        jobstores={"default": MemoryJobStore()},
        job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
    )
    now = SystemClock().now()  # the scheduler uses the machine's clock, whatever the bot's is
    for job in JOBS:
        ticking.add_job(
            _run,
            _FromNow(seconds=job.every.total_seconds(), timezone=UTC),
            args=(bot, job, beat),
            id=job.name,
            # At once, so that a start after a night off does not wait for the longest interval.
            next_run_time=now,
        )
    return ticking


def follow_clock(ticking: BackgroundScheduler) -> None:
    """Run the jobs at once whose next times are too far ahead, because the machine's clock was set back."""
    found = ticking.get_jobs()
    now = SystemClock().now()
    for job in found:
        if job.next_run_time > now + job.trigger.interval:
            job.modify(next_run_time=now)


def _work(bot: Tierbot, job: Job) -> int:
    if job.notifies and time_jump.held(bot.database, bot.clock.now()):
        return 0
    return job.work(bot)


def _attempt(bot: Tierbot, job: Job) -> tuple[int, Exception | None]:
    """How much a job did, and its failure, which is logged, and stored for the doctor."""
    done = 0
    failure: Exception | None = None
    try:
        done = _work(bot, job)
    except BotError as error:
        log.error("job.failed", job=job.name, error=type(error).__name__, sentence=error.text())
        failure = error
    except Exception as error:
        log.error("job.failed", job=job.name, error=type(error).__name__, exc_info=error)
        failure = error
    failing.note(bot.database, job.name, failure, bot.clock.now())
    return done, failure


def _run(bot: Tierbot, job: Job, beat: Beat) -> None:
    done, failure = _attempt(bot, job)
    if done:
        log.info("job.done", job=job.name, count=done)
    beat(job, failure)
