"""Recurring work: one pass completes a change, and no failure of one job stops another."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.triggers.interval import IntervalTrigger
from sqlmodel import col, select

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import FixedClock, SystemClock
from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, LIN_WEI, PEOPLE
from bot.jobs import JOBS, Job, scheduler, tick
from bot.services import tombstones
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.ops import doctor, metrics
from bot.services.privacy import marks
from bot.settings import Settings
from db import processes
from db.book.people import Person
from db.book.tombstones import Subject
from db.care.touches import Touch
from db.engine import Database
from db.graded.runs import GradingRun
from db.outbox.messages import OutboxMessage
from db.processes import Heartbeat
from tests import factories

MONDAY = date(2026, 3, 2)
SUNDAY = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in Shanghai
DAY = timedelta(days=1)
Start = Callable[[], Tierbot]


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """By default a logged exception is formatted with every local variable, which takes seconds."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.LogfmtRenderer()]
    )


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(SUNDAY)


@pytest.fixture
def workspace(clock: FixedClock) -> Iterator[Workspace]:
    with Workspace(users=PEOPLE, channels=CHANNELS, now=clock.now) as running:
        yield running


@pytest.fixture
def start(database: Database, workspace: Workspace, clock: FixedClock, tmp_path: Path) -> Iterator[Start]:
    """Wires a bot on the test's database; each call stands for a process."""
    running: list[Tierbot] = []

    def start_one() -> Tierbot:
        settings = Settings(
            _env_file=None,
            TIERBOT_DATA_DIR=tmp_path,
            TIERBOT_DATABASE_URL=database.url,
            SLACK_BOT_TOKEN="xoxb-local",
            SLACK_API_URL=workspace.api_url,
            TIERBOT_TIMEZONE="Asia/Shanghai",
            TIERBOT_ALERT_CHANNEL="#managers",
        )
        running.append(build(settings, clock=clock))
        return running[-1]

    yield start_one
    for bot in running:
        bot.close()


def put_acme(database: Database, *, last_call: date = MONDAY - 30 * DAY) -> int:
    """ACME of tier A belongs to Lin Wei, known by e-mail address only; a revisit is due 30 days after the last call."""
    with database.write() as session:
        lin_wei = factories.person(session, "lin.wei", slack=False, timezone=None)
        acme = factories.customer(session, "ACME", owner_id=lin_wei)
        factories.contact(session, acme, last_call, "call")
        factories.graded(session, {acme: "A"}, as_of=date(2026, 2, 28))
    return acme


def test_one_pass_turns_a_change_into_a_message_in_slack(
    start: Start, database: Database, clock: FixedClock, workspace: Workspace
) -> None:
    put_acme(database)
    bot = start()
    assert tick(bot) == {
        "people": 1,
        "grade": 0,
        "regrade": 0,
        "care": 2,
        "remind": 0,
        "escalate": 0,
        "weekly": 0,
        "briefs": 0,
        "proposals": 0,
        "channels": 0,
        "audit": 0,
        "deliver": 0,
        "redraw": 0,
        "forget": 0,
        "house": 0,
    }
    clock.advance(timedelta(hours=20, minutes=59))  # one minute to nine in Shanghai
    assert tick(bot)["remind"] == 0
    clock.advance(timedelta(minutes=1))
    done = tick(bot)
    assert (done["remind"], done["deliver"]) == (1, 1)
    (message,) = workspace.messages(workspace.dm(LIN_WEI.id))
    assert "ACME" in message.text
    assert set(tick(bot).values()) == {0}


def test_two_processes_ticking_at_once_send_one_reminder(
    start: Start, database: Database, clock: FixedClock, workspace: Workspace
) -> None:
    put_acme(database)
    bots = [start() for _ in range(3)]
    tick(bots[0])
    clock.advance(timedelta(hours=21))
    together = threading.Barrier(len(bots))
    failures: list[Exception] = []

    def run(bot: Tierbot) -> None:
        together.wait()
        try:
            tick(bot)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=[bot]) for bot in bots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(workspace.messages(workspace.dm(LIN_WEI.id))) == 1


def test_a_failing_job_stops_no_other_and_its_error_is_raised_at_the_end_of_the_pass(
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_acme(database)

    def fail(_: Tierbot) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "JOBS", (Job(name="broken", every=DAY, work=fail), *JOBS))
    bot = start()
    with pytest.raises(ZeroDivisionError):
        tick(bot)
    with database.read() as session:
        assert len(session.exec(select(Touch)).all()) == 2
        assert session.exec(select(Heartbeat.boot_id)).all() == [bot.boot_id]


def test_the_doctor_and_the_metrics_know_a_job_that_keeps_failing_until_it_works_again(
    start: Start, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads to no message, so that nothing else shows it to another process."""
    failure: list[Exception] = [ZeroDivisionError("ACME")]

    def fail(_: Tierbot) -> int:
        if failure:
            raise failure[0]
        return 0

    monkeypatch.setattr(jobs, "JOBS", (Job(name="broken", every=DAY, work=fail), *JOBS))
    bot = start()

    def known() -> list[tuple[str, str]]:
        findings = doctor.examine(bot.database, bot.settings, doctor.Slack(team="Local"), clock.now())
        return [(one.level, one.found) for one in findings if one.about == "jobs"]

    def measured() -> dict[tuple[str, ...], float]:
        with bot.database.read() as session:
            found = metrics.measure(session, clock.now())
        return dict(next(one.samples for one in found if one.name == "job_failing_seconds"))

    for times in range(3):
        assert measured() == {}, times
        with pytest.raises(ZeroDivisionError):
            tick(bot)
        clock.advance(timedelta(minutes=5))
    alive = ("problem", "last sign of life 5 min ago")
    assert known() == [alive, ("problem", "the job broken has failed for 15 min: ZeroDivisionError")]
    assert measured() == {("broken",): 900.0}
    failure.clear()
    tick(bot)
    assert known() == [("ok", "last sign of life 0 s ago")]
    assert measured() == {}


def test_the_scheduler_runs_every_job_on_its_interval_and_stores_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: dict[str, threading.Event] = {}

    def counted(job: Job) -> Job:
        ran[job.name] = threading.Event()

        def work(_: Tierbot) -> int:
            ran[job.name].set()
            raise ZeroDivisionError  # which must not end the job

        return replace(job, work=work)

    monkeypatch.setattr(jobs, "JOBS", tuple(counted(job) for job in JOBS))
    ticking = scheduler(start())
    ticking.start(paused=True)
    try:
        assert str(ticking.timezone) == "UTC"
        assert isinstance(ticking._lookup_jobstore("default"), MemoryJobStore)
        kept = {job.id: job for job in ticking.get_jobs()}
        assert set(kept) == {job.name for job in JOBS}
        for job in JOBS:
            one = kept[job.name]
            assert (one.max_instances, one.coalesce, one.misfire_grace_time) == (1, True, None)
            assert isinstance(one.trigger, IntervalTrigger)
            assert one.trigger.interval == job.every
        ticking.resume()
        assert all(event.wait(10) for event in ran.values())
        assert set(kept) == {job.id for job in ticking.get_jobs()}
    finally:
        ticking.shutdown(wait=True)


def test_care_is_planned_again_only_when_something_has_changed(start: Start, database: Database) -> None:
    acme = put_acme(database)
    bot = start()
    assert jobs.plan_care(bot) > 0
    assert jobs.plan_care(bot) == 0
    with database.write() as session:
        factories.graded(session, {acme: "B"}, as_of=MONDAY)
    assert jobs.plan_care(bot) > 0
    assert jobs.plan_care(bot) == 0
    changed = replace(bot.rules, plans=CarePlans(()))
    assert jobs.plan_care(replace(bot, load_rules=lambda: changed)) > 0  # all of it is cancelled


def test_a_zone_learned_from_slack_moves_the_planned_morning(
    start: Start, database: Database, workspace: Workspace
) -> None:
    with database.write() as session:
        anna = factories.person(session, "anna.schmidt", slack=False, timezone=None)
        acme = factories.customer(session, "ACME", owner_id=anna)
        factories.contact(session, acme, MONDAY, "call")
        factories.graded(session, {acme: "A"}, as_of=MONDAY)
    bot = start()
    jobs.plan_care(bot)
    with database.read() as session:
        assert revisit_hour(session.exec(select(Touch)).all()) == 9 - 8  # in Shanghai, the firm's zone
    tick(bot)
    with database.read() as session:
        assert session.get_one(Person, anna).slack_user_id == ANNA_SCHMIDT.id
        assert revisit_hour(session.exec(select(Touch)).all()) == 9 - 2  # in Berlin, in April


def revisit_hour(touches: object) -> int:
    (hour,) = {touch.remind_at.hour for touch in touches if touch.step == "revisit"}  # type: ignore[attr-defined]
    return int(hour)


def test_finished_periods_are_graded_at_night_once(
    start: Start, database: Database, clock: FixedClock
) -> None:
    with database.write() as session:
        acme = factories.customer(session, "ACME")
        for field in ("quality", "service"):
            factories.fact(session, acme, field, 50)
    bot = start()
    with database.write() as session:
        factories.graded(session, {acme: "A"}, as_of=date(2026, 1, 31))
    clock.advance(datetime(2026, 3, 31, 17, 59, tzinfo=UTC) - clock.now())  # 01:59 on 1 April in Shanghai
    assert jobs.grade(bot) == 0
    clock.advance(timedelta(minutes=1))
    assert [jobs.grade(bot) for _ in range(3)] == [1, 0, 0]
    with database.read() as session:
        (alert,) = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))).all()
    assert (alert.kind, alert.address) == ("tier_change", "channel:#managers")


def test_old_heartbeats_are_deleted(start: Start, database: Database, clock: FixedClock) -> None:
    first, second = start(), start()
    jobs.do_housekeeping(first)
    for days in (6, 2):
        clock.advance(days * DAY)
        jobs.do_housekeeping(second)
    with database.read() as session:
        assert session.exec(select(Heartbeat.boot_id)).all() == [second.boot_id]


def test_a_clock_that_is_a_year_ahead_deletes_no_traces(
    start: Start, database: Database, clock: FixedClock
) -> None:
    bot, request = start(), processes.InboundKey("T1", "press", "1")
    jobs.do_housekeeping(bot)
    with database.write() as session:
        processes.take_request(session, request, clock.now())
    clock.advance(365 * DAY)
    jobs.do_housekeeping(bot)
    with pytest.raises(processes.Repeated), database.write() as session:
        processes.take_request(session, request, clock.now())


def test_a_clock_that_jumps_makes_every_job_run_once_and_at_once(start: Start) -> None:
    """Whether it was set forward by a year, which are 31 million seconds for the job that sends, or back."""
    ticking = scheduler(start())
    ticking.start(paused=True)
    try:
        for job in ticking.get_jobs():
            assert job._get_run_times(job.next_run_time + 365 * DAY) == [job.next_run_time]
            job.modify(next_run_time=job.next_run_time + 365 * DAY)
        before = SystemClock().now()
        jobs.follow_clock(ticking)
        assert all(before <= job.next_run_time <= SystemClock().now() for job in ticking.get_jobs())
        jobs.follow_clock(ticking)
        first = {job.id: job.next_run_time for job in ticking.get_jobs()}
        jobs.follow_clock(ticking)
        assert {job.id: job.next_run_time for job in ticking.get_jobs()} == first
    finally:
        ticking.shutdown(wait=False)


def test_the_nightly_grading_deletes_assessments_that_are_kept_no_longer(
    start: Start, clock: FixedClock, database: Database
) -> None:
    with database.write() as session:
        acme = factories.customer(session)
        for day in (date(2025, 10, 31), date(2025, 11, 30), date(2026, 1, 31)):
            factories.graded(session, {acme: "A"}, as_of=day)
    bot = start()

    def kept() -> list[date]:
        with database.read() as session:
            runs = select(col(GradingRun.as_of)).where(GradingRun.status == "published")
            return list(session.exec(runs.order_by(col(GradingRun.id))).all())

    jobs.grade(bot)
    assert len(kept()) >= 3
    jobs.grade(replace(bot, settings=bot.settings.model_copy(update={"keep_assessments_months": 2})))
    assert kept()[0] == date(2025, 11, 30)  # the run before January


def test_the_marks_of_an_erasure_that_could_not_write_them_are_written_within_the_hour(
    start: Start, database: Database
) -> None:
    bot = start()
    with database.write() as session:
        tombstones.mark(session.connection(), Subject.CUSTOMER, [(tombstones.CODE, "K1")], SUNDAY)
    assert marks.load(bot.settings.data_dir) == []
    assert jobs.forget(bot) == 0
    assert len(marks.load(bot.settings.data_dir)) == 1
