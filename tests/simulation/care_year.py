"""A simulated year of care: a book under a shipped plan, the real jobs, and people who answer or do not.

Time passes from one local morning to the next, because nothing happens between them but what people do then.
"""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import chain, count
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from bot.app import Tierbot
from bot.clock import FixedClock, local_instant
from bot.jobs import escalate, plan_care, remind
from bot.services import alerts
from bot.services.access import Actor
from bot.services.care.plan import DEFAULT, CarePlan
from bot.services.care.plan_file import load_all
from bot.services.care.schedule import CareRules
from bot.services.care.working_people import FirmTime
from bot.services.delivery.messenger import Answer, Reference
from bot.services.delivery.sender import deliver
from bot.services.delivery.worker import Worker, WorkerOptions
from bot.services.ops.connection import ConnectionWatch
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.message_base import Message
from db.book.customers import Customer, Ownership, present_owner
from db.book.facts import Activity
from db.book.imports import ImportBatch
from db.book.people import Person, Team
from db.engine import Database
from db.graded.changes import StoredTierChange
from db.graded.runs import Assessment
from grading.scheme import presets
from tests import factories
from tests.services.care.service_recount import Said, service_text
from tests.services.delivery.ledger import Ledger
from tests.simulation.care_people import AT_ONCE, KINDS, Colleague, Presses, Received, answers_to
from tests.simulation.parts import PARTS
from tests.simulation.parts.gifts import gift_rules

ZONES = ("Asia/Shanghai", "Asia/Riyadh", "Europe/Berlin")
COUNTRIES = ("CN", "DE", "US", "SA", "IN", None)
CONTACTS = ("visit", "call", "meeting", "training", "review", "survey")
BOOK = 25  # customers of a person
TEAM = 8  # account managers
ALERTS, GROUP = "C0ALERTS", "C0GROUP"
A_DAY = timedelta(days=1)
FIRST = date(2026, 1, 5)  # a Monday
SERVICE = (  # what a tier is promised, by its place among the tiers
    {"visits": 24, "calls": 52, "trainings": 4, "reviews": 12, "surveys": 6, "response": 0},
    {"visits": 12, "calls": 24, "reviews": 4, "surveys": 2, "response": 2},
    {"visits": 4, "calls": 6, "surveys": 1, "response": 4},
)
NO_TIERS = frozenset({DEFAULT, "new", "unrated"})
SETTINGS = Settings(
    _env_file=None,
    TIERBOT_CURRENCY="EUR",
    SLACK_BOT_TOKEN="xoxb-simulated",
    TIERBOT_ALERT_CHANNEL=ALERTS,
    TIERBOT_EMERGENCY_CHANNEL=GROUP,
    TIERBOT_TIMEZONE="Europe/Berlin",
)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What a simulated year is of."""

    plan: str
    customers: int = 1000
    days: int = 365
    seed: int = 20260105
    zones: tuple[str, ...] = ZONES
    busy: int = 1  # how many times as much happens as usual

    @property
    def end(self) -> date:
        return FIRST + self.days * A_DAY


class Recorder(Ledger):
    """A Slack in memory that keeps the messages themselves."""

    received: list[Received]

    def send(
        self,
        where: str,
        message: Message,
        language: str | None,
        reference: Reference,
        *,
        possible_repeat: bool = False,
    ) -> Answer:
        now = self.slack_time()
        self.received.append(Received(where=where, message=message, outbox_id=reference.id, at=now))
        return Answer(outcome="sent", ts=f"{now.timestamp():.6f}", channel=where, slack_time=now)


class Year:
    """A year that is being played."""

    def __init__(self, plot: Plot, database: Database) -> None:
        self.plot = plot
        self.database = database
        self.rng = random.Random(f"{plot.seed}:{plot.plan}")
        self.clock = FixedClock(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - A_DAY)
        self.colleagues: dict[str, Colleague] = {}  # by Slack user
        self.customers: dict[int, str] = {}  # id -> tier
        self.credit: dict[int, str] = {}  # id -> credit grade
        self.changed_hands: set[int] = set()
        self.changed_tier: dict[int, date] = {}  # when its present tier was first graded
        self.graded_in: dict[int, list[tuple[date, str]]] = {}  # id -> from when it was in which tier
        self.received: list[Received] = []
        plans = load_all(None)
        plan = next(plan for plan in plans.plans if plan.plan == plot.plan)
        self.grades: tuple[str, ...] = ()
        if plan.by == "credit":  # its steps come on top of those of another plan
            self.grades = tuple(plan.tiers)
            plan = next(plan for plan in plans.plans if not plan.schemes)
        self.plan = plan
        self.tiers = tuple(tier for tier in plan.tiers if tier not in NO_TIERS) or ("A", "B", "C")
        self.rules = CareRules(
            plans=plans,
            zone=SETTINGS.zone,
            remind_at=time(9),
            firm=FirmTime.of(SETTINGS),
            gifts=gift_rules(self.tiers),
            currency=SETTINGS.currency,
        )
        self.presses = Presses(database, self.rules, SETTINGS)
        self.service: Said = dict(zip(self.tiers, SERVICE, strict=False))
        self._scheme = _scheme_text(plan, self.tiers, self.service)
        self._to_do: list[Any] = []  # heap of (when, number, answer)
        self._numbers = count()
        self._bot = _wired(self)
        self.first = FIRST
        self.parts = tuple(part(self) for part in PARTS)
        with database.write() as session:
            self._owners = self._hire(session)
            for part in self.parts:
                part.begin(session)
            for _ in range(plot.customers):
                self._add_customer(session)
            self._grade(session, FIRST - A_DAY)

    def play(self) -> None:
        """Every morning of every zone, and what happens on the way."""
        today = FIRST - A_DAY
        for moment in self._moments():
            self.clock.advance(moment - self.clock.now())
            if moment.date() != today:
                today = moment.date()
                self._live(today)
            self._answer()
            self._pass()
            self.clock.advance(AT_ONCE)
            self._answer()

    def _moments(self) -> Iterator[datetime]:
        """Of each day a minute after each zone's time for reminders."""
        zones = sorted({colleague.zone for colleague in self.colleagues.values()} | {SETTINGS.timezone})
        for number in range(self.plot.days):
            day = FIRST + number * A_DAY
            yield from sorted({local_instant(day, 9, 1, ZoneInfo(zone)) for zone in zones})

    def _pass(self) -> None:
        """The jobs in their order; then people read what they got."""
        bot = self._bot
        for job in (plan_care, remind, escalate):
            job(bot)
        new = len(self.received)
        deliver(self._worker())
        # Messages of one pass are stored in no certain order; people draw in the same one, whenever the year is played.
        for received in sorted(self.received[new:], key=lambda one: (one.where, str(one.message))):
            colleague = self.colleagues.get(received.where)
            if colleague is None:
                continue
            answers = answers_to(self.presses, colleague, received, self.rng)
            for at, answer in chain(answers, *(part.answers(colleague, received) for part in self.parts)):
                heapq.heappush(self._to_do, (at, next(self._numbers), answer))

    def _worker(self) -> Worker:
        slack = Recorder(self.clock.now)
        slack.received = self.received
        return Worker(
            database=self.database,
            slack=slack,
            clock=self.clock,
            rng=random.Random(1),
            monotonic=lambda: self.clock.now().timestamp(),
            options=WorkerOptions(
                pace=None, watch_clock=False, fallback_channel=ALERTS, emergency_channel=GROUP
            ),
        )

    def _answer(self) -> None:
        """What people do up to now."""
        while self._to_do and self._to_do[0][0] <= self.clock.now():
            heapq.heappop(self._to_do)[2](self.clock.now())

    def _live(self, today: date) -> None:
        """A day of the firm: imported contacts, handovers, and with each month new customers and tiers."""
        with self.database.write() as session:
            batch = _batch(session, self.clock.now())
            for customer in self.rng.sample(sorted(self.customers), max(1, len(self.customers) // 200)):
                number = factories.contact(session, customer, today - A_DAY, self.rng.choice(CONTACTS))
                session.get_one(Activity, number).batch_id = batch
            if today.day == 15:
                self._hand_over(session, today, batch)
            if today.day == 1:
                for _ in range(max(1, self.plot.customers // 100)):
                    self._add_customer(session)
                self._grade(session, today - A_DAY)
        for part in self.parts:
            part.live(today)

    def actor_for(self, customer: int) -> Actor:
        """The account manager of a customer."""
        with self.database.read() as session:
            owner = session.exec(select(Ownership.person_id).where(present_owner(customer))).one()
        return self.presses.actor(self._colleague(owner), self.clock.now())

    def lead_of(self, customer: int) -> Colleague:
        """The lead of the team of a customer's account manager."""
        lead = (
            select(Team.lead_id)
            .join(Person, col(Person.team_id) == col(Team.id))
            .join(Ownership, col(Ownership.person_id) == col(Person.id))
            .where(present_owner(customer))
        )
        with self.database.read() as session:
            return self._colleague(session.exec(lead).one() or 0)

    def _colleague(self, person_id: int) -> Colleague:
        return next(one for one in self.colleagues.values() if one.person_id == person_id)

    def _hire(self, session: Session) -> list[int]:
        """People of every kind in every zone, in teams with leads, who answer too."""
        owners: list[int] = []
        for number in range(max(6, self.plot.customers // BOOK)):
            if number % TEAM == 0:
                team = factories.team(session, f"Team {number // TEAM}")
                lead = self._person(
                    session, f"Lead{number // TEAM}", number, team, "prompt", role="team_lead"
                )
                session.get_one(Team, team).lead_id = lead
            owners.append(self._person(session, f"Owner{number}", number, team, KINDS[number % 3]))
        self._person(session, "Finance", 0, team, "slow", role="finance")
        return owners

    def _person(
        self, session: Session, name: str, number: int, team: int, kind: str, role: str = "account_manager"
    ) -> int:
        zone = self.plot.zones[number // 3 % len(self.plot.zones)]
        person = factories.person(session, name, team_id=team, timezone=zone, role=role)
        user = f"U0{name.upper()}"
        self.colleagues[user] = Colleague(person_id=person, slack_user_id=user, zone=zone, kind=kind)
        return person

    def _add_customer(self, session: Session) -> None:
        turn, number = divmod(len(self.customers), len(self._owners))
        owner = self._owners[number]
        purpose = "prospect" if self.plot.plan == "prospects" else "account"
        customer = factories.customer(
            session,
            f"Customer {len(self.customers)}",
            owner_id=owner,
            country=self.rng.choice(COUNTRIES),
            record_type=purpose,
            code=f"K{len(self.customers) + 1}",
            since=FIRST - timedelta(days=self.rng.randrange(2000)),
        )
        session.get_one(Customer, customer).created_at = self.clock.now()
        self.customers[customer] = self.tiers[turn % len(self.tiers)]  # each owner has customers of each tier
        for part in self.parts:
            part.join(session, customer)
        if self.rng.random() < 0.8:
            day = self.clock.now().date() - timedelta(days=self.rng.randrange(1, 120))
            factories.contact(session, customer, day, self.rng.choice(CONTACTS[:3]))

    def _grade(self, session: Session, as_of: date) -> None:
        """A grading in which one in twenty customers has another tier."""
        changes = []
        for customer, before in self.customers.items():
            if self.rng.random() < 0.05:
                tier = self.rng.choice(self.tiers)
                if tier != before:
                    self.changed_tier[customer] = as_of + A_DAY
                    if customer in self.graded_in:
                        changes.append((customer, before, tier))
                self.customers[customer] = tier
        purpose = "prospect" if self.plot.plan == "prospects" else "account"
        run = factories.graded(session, self.customers, as_of=as_of, purpose=purpose, text=self._scheme)
        self._store_tiers(session, run, changes, as_of, purpose)
        if self.grades:
            for customer in self.customers:
                if customer not in self.credit or self.rng.random() < 0.05:
                    self.credit[customer] = self.rng.choice(self.grades)
                    self.changed_tier[customer] = as_of + A_DAY
            text = presets.preset_text("credit_assessment")
            factories.graded(session, self.credit, as_of=as_of, purpose="credit", text=text)

    def _store_tiers(
        self,
        session: Session,
        run: int,
        changes: list[tuple[int, str, str]],
        as_of: date,
        purpose: str,
    ) -> None:
        """Since when each customer is in its tier, and its changes, as a grading stores them."""
        for customer, before, tier in changes:
            self.graded_in[customer].append((as_of, tier))
            session.add(
                StoredTierChange(
                    customer_id=customer,
                    purpose=purpose,
                    run_id=run,
                    as_of=as_of,
                    from_tier=before,
                    to_tier=tier,
                )
            )
        for customer, tier in self.customers.items():
            self.graded_in.setdefault(customer, [(as_of, tier)])
        rows = session.exec(select(Assessment).where(Assessment.run_id == run))
        for row in rows:
            row.tier_since = self.graded_in[row.customer_id][-1][0]

    def _hand_over(self, session: Session, today: date, batch: int) -> None:
        for customer in self.rng.sample(sorted(self.customers), max(1, len(self.customers) // 50)):
            row = session.exec(select(Ownership).where(present_owner(customer))).one()
            row.ends_on, row.batch_id = today, batch
            session.flush()
            number = factories.own(session, customer, self.rng.choice(self._owners), since=today)
            session.get_one(Ownership, number).batch_id = batch
            self.changed_hands.add(customer)


def _batch(session: Session, now: datetime) -> int:
    batch = ImportBatch(
        kind="test", source="test", file_name="f", file_sha256="x", actor="a", started_at=now, published_at=now
    )  # fmt: skip
    session.add(batch)
    session.flush()
    return batch.id or 0


def _scheme_text(plan: CarePlan, tiers: tuple[str, ...], service: Said) -> str:
    """A scheme that the plan is for, with its tiers and what they are promised."""
    plain = factories.PLAIN_SCHEME
    head = plain[: plain.index("tiers:")].replace(
        "scheme: plain", f"scheme: {next(iter(plan.schemes), 'plain')}"
    )
    if plan.plan == "prospects":
        head = head.replace("record_type: account", "record_type: prospect")
    rows = ""
    for number, tier in enumerate(tiers):
        at = 90 - 90 * number // max(1, len(tiers) - 1)
        promised = f", {service_text(service[tier])}" if tier in service else ""
        rows += f"  - {{id: {tier}, at: {at}, name: {{en: {tier}, zh: {tier}}}{promised}}}\n"
    return f"{head}tiers:\n{rows}gates: []\n"


def _wired(year: Year) -> Tierbot:
    cache = SchemeCache()
    return Tierbot(
        settings=SETTINGS,
        database=year.database,
        scheme_cache=cache,
        load_rules=lambda: year.rules,
        renderer=cast(Any, None),
        to_slack=lambda: cast(Any, None),
        clock=year.clock,
        notify=partial(alerts.enqueue_alerts, scheme_cache=cache, default_channel=ALERTS, language="en"),
        rng=random.Random(1),
        boot_id="simulated",
        connection=ConnectionWatch("simulated", year.clock),
    )
