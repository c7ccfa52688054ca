"""Histories of a book of customers: schedulers in any order of transactions, changing facts and people, passing days."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, delete

from bot.app import Tierbot
from bot.clock import FixedClock, local_date
from bot.errors import BotError
from bot.jobs import JOBS
from bot.services import alerts
from bot.services.care import schedule as care
from bot.services.care.plan import CarePlan
from bot.services.care.plan_file import load_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.services.delivery import time_jump
from bot.services.delivery.sender import deliver
from bot.services.delivery.worker import Worker, WorkerOptions
from bot.services.grade import book_pass, runs
from bot.services.ops.connection import ConnectionWatch
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from db import processes
from db.book import imports
from db.book.customers import Ownership
from db.book.facts import Activity, Fact
from db.book.imports import ImportBatch
from db.book.people import Person
from db.care import planning
from db.engine import Database
from db.graded import runs as graded_runs
from tests import factories
from tests.services.delivery.ledger import Ledger
from tests.simulation.sandbox import Process, Sandbox
from tests.simulation.schedule_answers import ACTS, answer

# Before the change to summer time and the end of a month.
START = datetime.fromisoformat("2026-03-27T06:00:00+00:00")
PEOPLE = {"Anna": "Europe/Berlin", "Lin": "Asia/Shanghai"}
ZONES = ("Europe/Berlin", "Asia/Shanghai", "America/New_York", "Pacific/Auckland")
CUSTOMERS = 3
LONG_AGO = date(2026, 1, 10)
MEASURED = date(2026, 3, 1)
DAY = timedelta(days=1)


def fill(database: Database) -> None:
    """Three customers of two people, graded once."""
    with database.write() as session:
        owners = [factories.person(session, name, timezone=zone) for name, zone in PEOPLE.items()]
        ids = [
            factories.customer(session, f"Customer {number}", owner_id=owners[number % 2], country="DE")
            for number in range(CUSTOMERS)
        ]
        for number, customer in enumerate(ids):
            factories.fact(session, customer, "quality", 50)
            factories.fact(session, customer, "service", 50)
            # Revisits are due from the second day on, so that a kill may come at any step of a reminder.
            factories.contact(session, customer, date(2026, 1, 27) + timedelta(days=number), "visit")
        factories.graded(session, dict.fromkeys(ids, "B"), as_of=date(2026, 2, 28))
        processes.set_cursor(session, time_jump.CURSOR, START.isoformat())


class Schedule:
    """A history of the schedule: a script calls its methods, and `check` runs after each."""

    def __init__(self, sandbox: Sandbox) -> None:
        sandbox.reset()
        self.sandbox = sandbox
        self.clock = FixedClock(START)
        self.slack = Ledger(self.clock.now)
        self.plan = _plans()[0]
        self.processes: dict[int, Process] = {}
        self.working: Process | None = None
        self.newest = ""
        self.presses = 0
        self.count: Counter[str] = Counter()
        sandbox.database.observers.append(self._on_step)

    def tick(self, who: int, stop: int = 0, dies: bool = False, job: str = "") -> None:
        """A scheduler begins or continues a pass, until its end or for `stop` ends of transactions.

        With a job only the ends of its own transactions count.
        """
        process = self.processes.get(who)
        whole = process is None and not stop
        if process is None:
            bot = self._bot()
            begun: Process = Process(lambda: self._pass(bot, begun), [])
            process = self.processes[who] = begun
            self.count["passes"] += 1
        steps = iter(range(1, stop + 1))
        self.working = process
        # Inside a transaction a scheduler is only killed, never paused.
        reached = process.run(
            lambda step: (
                stop > 0
                and job in ("", process.doing)
                and (dies or step != "commit.before")
                and next(steps, stop) == stop
            )
        )
        if not reached:
            del self.processes[who]
        elif dies:
            self.count["kills"] += 1
            self.count[f"at {process.stopped_at}"] += 1
            del self.processes[who]
            process.kill()
        else:
            self.count[f"at {process.stopped_at}"] += 1
        self.working = None
        if whole and not self.processes:
            self._check_nothing_skipped()

    def wait(self, hours: float) -> None:
        """Time passes, or the clock is set back."""
        self.clock.advance(timedelta(hours=hours))

    def grade(self) -> None:
        """A person starts a grading."""
        bot = self._bot()
        now = self.clock.now()
        try:
            runs.grade_book(
                bot.database, bot.scheme_cache, for_purpose="account", as_of=None, today=now.date(), now=now,
                notify=bot.notify,
            )  # fmt: skip
            self.count["gradings"] += 1
        except BotError:
            self.count["refused"] += 1

    def fact(self, customer: int, value: int) -> None:
        """An import brings a fact of a day that is over by any clock."""
        with self.sandbox.database.write() as session:
            session.exec(
                delete(Fact).where(col(Fact.customer_id) == customer, col(Fact.measured_on) == MEASURED)
            )
            fact = factories.fact(session, customer, "quality", value, MEASURED)
            session.get_one(Fact, fact).batch_id = self._import(session)

    def contact(self, customer: int, days_ago: int) -> None:
        with self.sandbox.database.write() as session:
            day = self.clock.now().date() - timedelta(days=days_ago)
            contact = factories.contact(session, customer, day, "call")
            session.get_one(Activity, contact).batch_id = self._import(session)

    def person(self, person: int, zone: str, active: bool) -> None:
        with self.sandbox.database.write() as session:
            row = session.get_one(Person, person)
            row.timezone, row.active = zone, active

    def give(self, customer: int, person: int) -> None:
        """A customer gets another owner."""
        with self.sandbox.database.write() as session:
            owner = session.get_one(Ownership, customer)
            owner.person_id, owner.batch_id = person, self._import(session)

    def press(self, number: int, act: str) -> None:
        """The account manager of a step answers it, or takes an answer back."""
        states = ", ".join(f"'{state}'" for state in ACTS[act])
        found = self.sandbox.rows(f"SELECT id FROM touch WHERE state IN ({states}) ORDER BY due_on, id")  # noqa: S608
        if not found:
            return
        self.presses += 1
        bot = self._bot()
        touch_id = found[number % min(len(found), CUSTOMERS)][0]
        done = answer(bot.database, bot.settings, bot.rules, touch_id, act, self.presses, self.clock.now())
        self.count["answers" if done else "answers refused"] += 1

    def new_plan(self, number: int) -> None:
        self.plan = _plans()[number]

    def catch_up(self) -> None:
        time_jump.catch_up(self.sandbox.database, self.clock)
        self.newest = ""

    def check(self) -> None:
        """After every step."""
        rows = self.sandbox.rows
        sign = (rows("SELECT value FROM cursor WHERE name = 'time'") or [("",)])[0][0]
        assert sign >= self.newest, "the noted time went backwards"
        self.newest = sign
        messages = {row[0]: row for row in rows("SELECT id, dedupe_key, kind, body_json FROM outbox")}
        assert len({row[1] for row in messages.values()}) == len(messages), "a key has two rows"
        self._check_touches(messages)
        self._check_changes(messages)
        arrived = Counter(entry.reference.id for entry in self.slack.entries)
        assert set(arrived) <= set(messages), "Slack has a message without a row"
        assert all(many == 1 for many in arrived.values()), "a message was sent twice"

    def end(self) -> None:
        """All schedulers go on, jumps are accepted and days pass: what was due is sent in working hours."""
        for who in sorted(self.processes):
            self.tick(who)
        self.catch_up()
        begun = self.clock.now().isoformat().replace("T", " ")[:26]
        self.tick(0)
        for moment in _working_hours_after(self.clock.now()):
            self.clock.advance(moment - self.clock.now())
            self.catch_up()
            self.tick(0)
            self.check()
        late = self.sandbox.rows(
            f"SELECT dedupe_key FROM touch WHERE state IN ('planned', 'snoozed') AND remind_at <= '{begun}'"  # noqa: S608
        )
        assert late == [], f"{late} were never sent"
        arrived = {entry.reference.id for entry in self.slack.entries}
        states = self.sandbox.rows("SELECT id, state, error_class FROM outbox")
        for row_id, state, reason in states:
            assert state == "sent" or (state == "dead" and reason in ("left", "not_theirs")), (
                f"message {row_id} is stuck, {state}"
            )
            assert (row_id in arrived) == (state == "sent"), f"message {row_id} is {state}"
        self.count.update(
            histories=1, messages=len(states), sent=len(arrived), dead=len(states) - len(arrived)
        )
        self.count["changes"] += len(self.sandbox.rows("SELECT 1 FROM tier_change"))
        self.count["reminders"] += len(self.sandbox.rows("SELECT 1 FROM outbox WHERE kind LIKE 'care_%'"))

    def _check_nothing_skipped(self) -> None:
        """After a whole pass neither grading nor planning again changes anything: the cursors mark finished work."""
        bot, now = self._bot(), self.clock.now()
        if time_jump.held(bot.database, now):
            return
        today = local_date(now, bot.settings.zone)
        with bot.database.read() as session:
            last = graded_runs.last_published(session, "account")
            behind = last is not None and last.as_of > today  # the clock was set back
            # Nothing is regraded until a run that has started is published or given up.
            if behind or graded_runs.is_running(session, "account"):
                return
            found = book_pass.prepare(
                session, bot.scheme_cache, for_purpose="account", as_of=today, today=today,
                customer_ids=imports.customers_touched(session, after=0),
            )  # fmt: skip
        assert not found.changes, "an import changed a tier and nothing was regraded"
        with bot.database.write() as session:
            graded = planning.graded_customers(session, graded_runs.latest_run_ids(session))
            changed = care.plan_customers(session, bot.rules, graded, now)
            session.rollback()
        assert changed == 0, f"{changed} touches of customers that were not planned again are wrong"

    def _check_touches(self, messages: dict[int, Any]) -> None:
        touches = self.sandbox.rows(
            "SELECT id, dedupe_key, state, outbox_id, customer_id, step, occasion FROM touch"
        )
        opened = Counter(row[4:] for row in touches if row[2] in ("planned", "reminded", "snoozed"))
        assert all(many == 1 for many in opened.values()), "one step is open twice"
        assert len({row[1] for row in touches}) == len(touches), "an occurrence has two rows"
        digests = Counter(row[1] for row in messages.values() if row[2] == "care_digest")
        assert all(many == 1 for many in digests.values()), "a person got two digests on one day"
        named = set(self.sandbox.rows("SELECT touch_id, outbox_id FROM touch_message"))
        for touch_id, key, state, outbox_id, *_ in touches:
            if state == "reminded":
                assert outbox_id in messages, f"{key} is reminded and in no message"
                assert (touch_id, outbox_id) in named, f"nothing says that {key} is in its message"

    def _check_changes(self, messages: dict[int, Any]) -> None:
        """Every tier change between two published gradings is recorded once and in exactly one message."""
        rows = self.sandbox.rows
        tiers: dict[int, dict[int, str]] = {}
        days = dict(rows("SELECT id, as_of FROM grading_run WHERE status = 'published' ORDER BY id"))
        for run, customer, tier in rows("SELECT run_id, customer_id, tier FROM assessment ORDER BY run_id"):
            tiers.setdefault(run, {})[customer] = tier
        moved, present = list[tuple[Any, ...]](), dict[int, str]()
        for run, day in sorted(days.items()):
            for customer, tier in tiers.get(run, {}).items():
                if (before := present.get(customer, tier)) != tier:
                    moved.append((customer, day, before, tier))
                present[customer] = tier
        changes = rows("SELECT customer_id, as_of, from_tier, to_tier, outbox_id FROM tier_change")
        assert sorted(row[:4] for row in changes) == sorted(moved), "a tier change is not recorded once"
        for customer, day, before, after, outbox_id in changes:
            assert outbox_id in messages, f"no message about customer {customer}"
            body = json.loads(messages[outbox_id][3])
            key = f"tier_change:account:{customer}:{day}:{before}>{after}"
            assert messages[outbox_id][1] == key, f"{messages[outbox_id][1]} is about {key}"
            assert str(customer) in json.dumps(body)
        announced = Counter(row[4] for row in changes)
        for row_id, key, kind, _ in messages.values():
            assert kind != "tier_change" or announced[row_id] == 1, f"{key} is about no change"

    def _import(self, session: Session) -> int:
        """The batch of a file imported now."""
        now = self.clock.now()
        batch = ImportBatch(
            kind="test", source="test", file_name="f", file_sha256="x", actor="a", started_at=now, published_at=now
        )  # fmt: skip
        session.add(batch)
        session.flush()
        return batch.id or 0

    def _on_step(self, step: str) -> None:
        if self.working is not None:
            self.working.reach(step)

    def _pass(self, bot: Tierbot, process: Process) -> None:
        """One pass over all jobs, like `jobs.tick`."""
        for job in JOBS:
            process.doing = job.name
            if job.name == "people" or (job.notifies and time_jump.held(bot.database, bot.clock.now())):
                continue
            if job.name == "deliver":
                self._deliver(bot)
                continue
            try:
                job.work(bot)
            except BotError:
                self.count["refused"] += 1

    def _deliver(self, bot: Tierbot) -> None:
        worker = Worker(
            database=bot.database,
            slack=self.slack,
            clock=bot.clock,
            rng=bot.rng,
            monotonic=lambda: self.clock.now().timestamp(),
            options=WorkerOptions(pace=None, watch_clock=False),
        )
        deliver(worker)

    def _bot(self) -> Tierbot:
        bot = _wired(self.sandbox.database)
        return replace(
            bot,
            clock=self.clock,
            to_slack=lambda: cast(Any, self.slack),
            load_rules=lambda: replace(bot.rules, plans=CarePlans((self.plan,))),
        )


def _working_hours_after(now: datetime) -> list[datetime]:
    """Times of a Tuesday and a Wednesday to come that are in the working hours of each of the zones and of the firm."""
    tuesday = (now + (1 + -now.weekday() % 7) * DAY).date()
    days = (tuesday, tuesday + DAY)
    return [datetime.combine(day, hour, UTC) for day in days for hour in (time(9, 30), time(21, 30))]


@cache
def _plans() -> tuple[CarePlan, CarePlan]:
    shipped = load_plan(None)
    return shipped, shipped.model_copy(update={"tiers": {"A": shipped.tiers["A"], "B": shipped.tiers["A"]}})


@cache
def _settings() -> Settings:
    return Settings(_env_file=None, SLACK_BOT_TOKEN="xoxb-simulated", TIERBOT_ALERT_CHANNEL="C0MANAGERS")


def _wired(database: Database) -> Tierbot:
    scheme_cache = SchemeCache()
    return Tierbot(
        settings=_settings(),
        database=database,
        scheme_cache=scheme_cache,
        load_rules=lambda: CareRules(
            plans=CarePlans((_plans()[0],)), zone=ZoneInfo("Europe/Berlin"), remind_at=time(9)
        ),
        renderer=cast(Any, None),
        to_slack=lambda: cast(Any, None),
        clock=FixedClock(START),
        notify=partial(
            alerts.enqueue_alerts, scheme_cache=scheme_cache, default_channel="C0MANAGERS", language="en"
        ),
        rng=random.Random(1),
        boot_id="simulated",
        connection=ConnectionWatch("simulated", FixedClock(START)),
    )
