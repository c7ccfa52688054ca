"""Mornings of people whose clocks change, and of a firm whose processes stand still: F18 and F19.

Real processes do the jobs of care at given moments; nothing is sent, because what is written is what counts.
"""

import os
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from bot import jobs
from bot.app import build
from bot.clock import FixedClock, local_date
from bot.services.care.working_people import FirmTime, working_times
from bot.services.delivery import time_jump
from bot.settings import Settings
from db import processes
from db.book.people import Person, Team
from db.care.touches import StepKind, Touch, TouchState
from db.engine import Database
from tests import factories
from tests.faults.installation import Installation
from tests.faults.processes import spawn, wait
from tests.faults.report import Outcome
from tests.faults.worker import note, redirect_output

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CARE = ("care", "remind", "escalate", "weekly")  # the jobs that run
PATIENCE = 600.0  # seconds for all moments of a run
# A step of each working day, and a greeting three days before Christmas.
PLAN = """\
plan: daily
version: 1
tiers:
  default:
    - {id: call, kind: revisit, name: {en: Call, zh: 电话}, every_days: 1, at_most_days: 900, counts: [call], again_days: 1}
    - {id: greet, kind: greeting, name: {en: Greeting, zh: 问候}, occasions: [christmas], days_before: 3}
"""


def changed_clocks(installation: Installation, *, quick: bool) -> Outcome:
    """F18: two processes, every hour around the changes of a year's clocks; people in every zone, some of whom move.

    Each of them leads a team, and is told of its week on Monday.
    """
    outcome = Outcome(figures={})
    rng = random.Random(installation.seed)
    year, zones = 2026, _zones_that_change(2026)
    chosen = rng.sample(sorted(zones), 12) if quick else sorted(zones)
    windows: dict[date, list[str]] = defaultdict(list)
    for zone in chosen:
        for day in zones[zone]:
            windows[day - timedelta(days=(day.weekday() - 4) % 7)].append(zone)  # from the Friday before
    starts = sorted(windows, key=lambda start: -len(windows[start]))[: 1 if quick else None]
    cases = digests = weeklies = 0
    for number, start in enumerate(sorted(starts)):
        with installation.fresh(installation.seed + number) as here:
            names = sorted(set(windows[start]))
            here.using(lambda database, names=names, start=start: _hire(database, names, start))
            begin = datetime(start.year, start.month, start.day, tzinfo=UTC)
            moments = [begin + hour * HOUR for hour in range(5 * 24)]
            moves = {moments[60]: rng.sample(range(1, len(names) + 1), max(1, len(names) // 10))}
            outcome.require(_run(here, 2, moments, moves), f"the processes of {start} did not end well")
            written = Counter(
                (int(key.split(":")[2]), key.split(":")[3])
                for (key,) in here.query("SELECT dedupe_key FROM outbox WHERE kind = 'care_digest'")
            )
            digests += written.total()
            stayed = set(range(1, len(names) + 1)) - {person for some in moves.values() for person in some}
            expected = here.using(lambda database, moments=moments: _mornings(database, moments))
            wanted = {(person, str(day)) for person, day in expected if person in stayed}
            cases += len(wanted)
            found = {key for key in written if key[0] in stayed}
            outcome.require(not wanted - found, f"{len(wanted - found)} mornings without a digest: {start}")
            outcome.require(not found - wanted, f"{len(found - wanted)} digests out of turn: {start}")
            outcome.require(max(written.values()) == 1, f"two digests for one date: {start}")
            weeklies += _require_weeklies(outcome, here, start, {key for key in expected if key[0] in stayed})
            failures = here.failures()
            outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    outcome.figures |= {
        "zones": len(chosen),
        "weeks": len(starts),
        "mornings": cases,
        "digests": digests,
        "weeklies": weeklies,
        "in": year,
    }
    return outcome


def _require_weeklies(
    outcome: Outcome, here: Installation, start: date, mornings: set[tuple[int, date]]
) -> int:
    """Each lead was told once of each week, on the first working morning from Monday on; how many were told."""
    written = Counter(
        (int(key.split(":")[2]), key.split(":")[3], key.split(":")[5])
        for (key,) in here.query("SELECT dedupe_key FROM outbox WHERE kind = 'care_weekly'")
    )
    monday = start + 3 * DAY
    of_monday = {person: min(day for one, day in mornings if one == person and day >= monday)
                 for person, day in mornings if day >= monday}  # fmt: skip
    wanted = {(person, str(monday - 7 * DAY), str(day)) for person, day in of_monday.items()}
    stayed = {person for person, _ in mornings}
    found = {key for key in written if key[0] in stayed}
    outcome.require(found == wanted, f"{len(found ^ wanted)} weeks not told, or told out of turn: {start}")
    told = Counter((person, first_day) for person, first_day, _ in written.elements())
    outcome.require(max(told.values(), default=0) == 1, f"a week told twice: {start}")
    return written.total()


def standstills(installation: Installation, *, quick: bool) -> Outcome:
    """F19: nothing runs for ten minutes, for two days and for three weeks, over the days of a greeting."""
    outcome = Outcome(figures={})
    cases = {
        "10 min": (
            datetime(2026, 12, 22, 8, 55, tzinfo=UTC),
            datetime(2026, 12, 22, 9, 5, tzinfo=UTC),
            "reminded",
        ),
        "2 days": (datetime(2026, 12, 22, 8, tzinfo=UTC), datetime(2026, 12, 24, 10, tzinfo=UTC), "reminded"),
        "3 weeks": (datetime(2026, 12, 14, 8, tzinfo=UTC), datetime(2027, 1, 4, 10, tzinfo=UTC), "missed"),
    }
    people, customers = (3, 6) if quick else (30, 300)
    for name, (down, up, greeting) in cases.items():
        with installation.fresh(installation.seed) as here:
            here.using(lambda database, down=down: _book(database, people, customers, down))
            outcome.require(_run(here, 1, [down - 26 * HOUR, down - HOUR]), f"{name}: the process before")
            before = _count(here, "care_digest")
            outcome.require(_run(here, 2, [up, up + timedelta(minutes=1)]), f"{name}: the processes after")
            if up - down > time_jump.LONGEST_JUMP:
                outcome.require(
                    _count(here, "care_digest") == before, f"{name}: written without a person's word"
                )
                here.using(lambda database, up=up: time_jump.catch_up(database, FixedClock(up)))
                outcome.require(_run(here, 2, [up, up + timedelta(minutes=1)]), f"{name}: after catching up")
            digests = _count(here, "care_digest") - before
            rows = here.query("SELECT kind, state, reason, count(*) FROM touch GROUP BY kind, state, reason")
            silent = here.using(lambda database, up=up: _not_shown(database, up))
            greeted = [row for row in rows if row[0] == "greeting" and row[1] == greeting]
            unexplained = sum(row[3] for row in rows if row[1] in ("missed", "cancelled") and not row[2])
            outcome.figures[name] = (
                f"{digests} digests, {sum(row[3] for row in greeted)} greetings {greeting}, {silent} silent"
            )
            outcome.require(digests == people, f"{name}: {digests} digests for {people} people")
            outcome.require(
                sum(row[3] for row in greeted) >= customers, f"{name}: greetings are {rows}, not {greeting}"
            )
            outcome.require(not silent, f"{name}: {silent} due steps that nobody was shown")
            outcome.require(not unexplained, f"{name}: {unexplained} rows without a reason")
            failures = here.failures()
            outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    return outcome


def _zones_that_change(year: int) -> dict[str, list[date]]:
    """Zone -> the days of a year on which its clocks change."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    found: dict[str, list[date]] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = [(begin + day * DAY).astimezone(zone).utcoffset() for day in range(366)]
        days = [
            (begin + day * DAY).date()
            for day, (before, after) in enumerate(pairwise(offsets))
            if before != after
        ]
        if days and "/" in name and not name.startswith("Etc/"):
            found[name] = days
    return found


def _hire(database: Database, zones: Sequence[str], start: date) -> None:
    """A person in each zone with a customer that is called every working day."""
    with database.write() as session:
        tiers = {}
        for number, zone in enumerate(zones):
            team = factories.team(session, f"T{number}")
            owner = factories.person(session, f"P{number}", role="team_lead", team_id=team, timezone=zone)
            session.get_one(Team, team).lead_id = owner
            customer = _customer(session, number, owner, start)
            _skip(session, customer, datetime(start.year, start.month, start.day, tzinfo=UTC) - 2 * DAY)
            tiers[customer] = "A"
        factories.graded(session, tiers, as_of=start - 30 * DAY)


def _skip(session: Session, customer: int, at: datetime) -> None:
    """A step that was skipped: what the weekly of the Monday after it tells of."""
    session.add(
        Touch(
            dedupe_key=f"skipped:{customer}", customer_id=customer, step="once", kind=StepKind.ONCE, tier="A",
            due_on=at.date(), remind_at=at, state=TouchState.SKIPPED, reason="They are away", closed_at=at, created_at=at,
        )
    )  # fmt: skip


def _book(database: Database, people: int, customers: int, down: datetime) -> None:
    with database.write() as session:
        owners = [factories.person(session, f"P{number}", timezone="UTC") for number in range(people)]
        tiers = {
            _customer(session, number, owners[number % people], down.date()): "A"
            for number in range(customers)
        }
        factories.graded(session, tiers, as_of=down.date() - 30 * DAY)
        processes.set_cursor(session, time_jump.CURSOR, (down - 26 * HOUR).isoformat())


def _customer(session: Session, number: int, owner: int, start: date) -> int:
    customer = factories.customer(session, f"Customer {number}", owner_id=owner, country="DE")
    factories.contact(session, customer, start - 20 * DAY, "call")
    return customer


def _mornings(database: Database, moments: Sequence[datetime]) -> set[tuple[int, date]]:
    """Person and local date of every morning between these moments, by each person's own clock."""
    settings = Settings(_env_file=None)
    found = set()
    with database.read() as session:
        for person, working in working_times(session, None, FirmTime.of(settings), moments[0]).items():
            first, last = (local_date(at, working.zone) for at in (moments[0], moments[-1]))
            for day in (first + number * DAY for number in range((last - first).days + 1)):
                if working.is_working_day(day) and moments[0] <= working.morning(day) <= moments[-1]:
                    found.add((person, day))
    return found


def _not_shown(database: Database, now: datetime) -> int:
    """How many steps were due and not shown."""
    due = Touch.kind == StepKind.REVISIT, Touch.state == TouchState.PLANNED, col(Touch.remind_at) <= now
    with database.read() as session:
        return session.exec(select(func.count()).where(*due)).one()


def _count(installation: Installation, kind: str) -> int:
    return int(installation.query(f"SELECT count(*) FROM outbox WHERE kind = '{kind}'")[0][0])  # noqa: S608


def _run(
    installation: Installation,
    many: int,
    moments: Sequence[datetime],
    moves: dict[datetime, list[int]] | None = None,
) -> bool:
    """Let processes do the jobs of care at these moments, all at the same time; some people move at some of them."""
    (installation.folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    gate = get_context("fork").Barrier(many)
    running = [
        spawn(lambda number=number: _tick_at(installation, moments, gate, moves if number == 0 else {}))
        for number in range(many)
    ]
    return [wait(pid, PATIENCE) for pid in running] == [0] * many


def _tick_at(
    installation: Installation,
    moments: Sequence[datetime],
    gate: Any,
    moves: dict[datetime, list[int]] | None,
) -> None:
    redirect_output(installation.folder)
    clock = FixedClock(moments[0])
    os.environ.clear()  # only the settings below count
    settings = Settings(
        _env_file=None,
        TIERBOT_DATA_DIR=installation.folder,
        TIERBOT_DATABASE_URL=installation.url,
        TIERBOT_CARE_PLAN=installation.folder / "plan.yaml",
        SLACK_BOT_TOKEN="xoxb-local",
        SLACK_API_URL=installation.slack.api_url,
    )
    bot = build(settings, clock=clock)
    for moment in moments:
        clock.advance(moment - clock.now())
        gate.wait(120)
        if moves and moment in moves:
            with bot.database.write() as session:
                session.exec(
                    update(Person)
                    .where(col(Person.id).in_(moves[moment]))
                    .values(timezone="Pacific/Honolulu")
                )
        for job in jobs.JOBS:
            try:
                if job.name == "house" or (
                    job.name in CARE and not time_jump.held(bot.database, clock.now())
                ):
                    job.work(bot)
            except Exception as error:
                note(installation.folder / "failures", f"{type(error).__name__}: {error}".splitlines()[0])
    bot.close()
