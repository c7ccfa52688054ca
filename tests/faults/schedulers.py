"""Several schedulers at once: F15."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from typing import Any

from sqlmodel import Session

from bot import jobs
from bot.app import build
from bot.clock import FixedClock
from bot.settings import Settings
from db.engine import Database
from tests import factories
from tests.faults.installation import Installation, utc
from tests.faults.processes import spawn, wait
from tests.faults.report import Outcome
from tests.faults.slack import CHANNELS
from tests.faults.worker import note, redirect_output

DAY = timedelta(days=1)
FIRST = date(2026, 3, 2)
PERIOD_BEFORE = date(2026, 1, 31)  # so that February is due to be graded in the first pass
MOVERS = 5  # customers whose tiers change in it
OWNERS = ("lin.wei", "anna.schmidt", "omar.haddad")
GAPS = (30, 60)  # days between revisits of tiers A and B, as the shipped plan has them
PATIENCE = 240.0  # seconds for all the days


def together(installation: Installation, *, quick: bool) -> Outcome:
    """F15: 1, 2 and 5 processes that do all jobs at the same time must plan the same occurrences."""
    days, customers = (2, 6) if quick else (5, 30)
    found: dict[int, set[str]] = {}
    outcome = Outcome(figures={})
    for processes in (1, 2, 5):
        with installation.fresh(installation.seed + processes) as here:
            here.using(lambda database: _fill(database, customers, days))
            outcome.require(_run(here, processes, days), f"{processes} schedulers did not end well")
            found[processes] = {
                row[0]
                for row in here.query("SELECT dedupe_key FROM touch")
                if int(row[0].split(":")[1]) <= customers  # without the movers
            }
            reminders = here.query("SELECT id FROM outbox WHERE kind LIKE 'care_%'")
            alerts = here.query("SELECT id FROM outbox WHERE kind = 'tier_change'")
            gradings = here.query(
                "SELECT id FROM grading_run WHERE as_of = '2026-02-28' AND status = 'published'"
            )
            touched = here.query("SELECT DISTINCT outbox_id FROM touch_message")
            copies = Counter((post.id, post.key) for post in here.slack.arrived())
            doubled = sum(many - 1 for many in copies.values())
            missing = len(reminders) + len(alerts) - len(copies)
            outcome.figures[f"with {processes}"] = (
                f"{len(found[processes])} occurrences, {len(gradings)} grading, {len(copies)} sent"
            )
            outcome.require(len(gradings) == 1, f"{len(gradings)} gradings of one period by {processes}")
            outcome.require(
                len(alerts) == MOVERS, f"{len(alerts)} of {MOVERS} tier changes announced by {processes}"
            )
            outcome.require(not doubled, f"{doubled} sent twice by {processes}")
            outcome.require(not missing, f"{missing} of {len(reminders)} reminders not sent by {processes}")
            outcome.require(len(touched) == len(reminders), f"digests that show no touch: {processes}")
            days_of = Counter(row[0] for row in here.query("SELECT dedupe_key FROM outbox"))
            outcome.require(max(days_of.values()) == 1, f"two digests of a person on one day: {processes}")
            failures = here.failures()
            outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    outcome.require(bool(found[1]), "nothing was due")
    outcome.require(found[2] == found[1], "two schedulers planned other occurrences than one")
    outcome.require(found[5] == found[1], "five schedulers planned other occurrences than one")
    return outcome


def _fill(database: Database, customers: int, days: int) -> None:
    with database.write() as session:
        owners = [factories.person(session, name, slack=False) for name in OWNERS]
        tiers = {
            _customer(session, number, owners[number % len(owners)], days): "AB"[number % 2]
            for number in range(customers)
        }
        for customer, tier in tiers.items():
            _score(session, customer, {"A": 80, "B": 50}[tier])
        for number in range(MOVERS):
            mover = factories.customer(session, f"Mover {number}")
            tiers[mover] = "A"
            _score(session, mover, 50)
        factories.graded(session, tiers, as_of=PERIOD_BEFORE)


def _score(session: Session, customer: int, value: int) -> None:
    for field in ("quality", "service"):
        factories.fact(session, customer, field, value)


def _customer(session: Session, number: int, owner: int, days: int) -> int:
    """A customer with a care step due within these days, by the shipped plan."""
    customer = factories.customer(session, f"Customer {number}", owner_id=owner)
    factories.contact(session, customer, FIRST - (GAPS[number % 2] - number // 2 % days) * DAY, "call")
    return customer


def _run(installation: Installation, processes: int, days: int) -> bool:
    moments = [
        utc(day.year, day.month, day.day, hour)
        for day in (FIRST + number * DAY for number in range(days))
        for hour in (8, 9, 10)
    ]
    return tick_together(installation, processes, moments)


def tick_together(
    installation: Installation,
    processes: int,
    moments: Sequence[datetime],
    before: Callable[[Database, int], None] = lambda database, number: None,
) -> bool:
    """At each moment all processes do all jobs at once, after one of them did `before`; whether all ended well."""
    gate = get_context("fork").Barrier(processes)
    nothing: Callable[[Database, int], None] = lambda database, number: None  # noqa: E731
    running = [
        spawn(lambda work=before if number == 0 else nothing: _tick_at(installation, moments, gate, work))
        for number in range(processes)
    ]
    statuses = [wait(pid, PATIENCE) for pid in running]
    return statuses == [0] * processes


def _tick_at(
    installation: Installation,
    moments: Sequence[datetime],
    gate: Any,
    before: Callable[[Database, int], None],
) -> None:
    redirect_output(installation.folder)
    clock = FixedClock(moments[0])
    os.environ.clear()  # only the settings below count
    settings = Settings(
        _env_file=None,
        TIERBOT_DATA_DIR=installation.folder,
        TIERBOT_DATABASE_URL=installation.url,
        SLACK_BOT_TOKEN="xoxb-local",
        SLACK_API_URL=installation.slack.api_url,
        TIERBOT_TIMEZONE="UTC",
        TIERBOT_ALERT_CHANNEL=CHANNELS[0].id,
    )
    bot = build(settings, clock=clock)
    for number, moment in enumerate(moments):
        clock.advance(moment - clock.now())
        before(bot.database, number)
        gate.wait(60)
        try:
            jobs.tick(bot)
        except Exception as error:
            note(installation.folder / "failures", f"{type(error).__name__}: {error}".splitlines()[0])
        gate.wait(PATIENCE)
    bot.close()
