"""What people ask, in a book of 1,000,000 customers: cards, searches, lists, briefs and Home tabs, and 50 people at once.

Cards are asked for through the real Bolt app, as in the bench `tier`. What Tierbot answers after the acknowledgement is
measured from the question to the finished payload. `BENCH_ASKED=100000` measures another number of customers.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from pypinyin import lazy_pinyin
from sqlalchemy import text, true

from bot.app import build
from bot.clock import SystemClock
from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.services.ask import bounds
from bot.slack import blocks
from bot.slack.dependencies import Dependencies
from bot.slack.gateway import web_client
from bot.slack.listeners import tier_command
from bot.slack.pressed import home_tab
from bot.slack.server import front
from bot.wording.message_base import Message
from db.book.people import Person, Team
from db.book.trade import order_totals
from db.engine import Database, open_database
from tests import factories, postgres
from tests.bench import bench_tier, books
from tests.bench.bench_claims import DURABLE, BenchDatabase
from tests.bench.measurement import Table, milliseconds, percentile

CUSTOMERS = int(os.environ.get("BENCH_ASKED", "1000000"))
OF_A_PERSON, IN_A_TEAM = 2_000, 10
AT_ONCE = 50  # people
QUESTIONS = 20  # of each of them
LISTS = (
    "list A",
    "list sort by revenue",
    "which A customers have I not visited for 30 days",
    "谁快升 A 了",
    "at-risk",
    "value at risk",
)


Ask = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Somebody who asks, and the customers they may ask about, by id."""

    what: str
    user_id: str
    customers: range


def main(small: bool) -> Iterator[Table]:
    customers, rounds = (200, 2) if small else (CUSTOMERS, 100)
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name, ExitStack() as stack:
        databases = [BenchDatabase(folder=Path(name))]
        try:
            server = stack.enter_context(postgres.server(DURABLE))
            databases.append(BenchDatabase(folder=Path(name), server=server))
        except postgres.NoServer as reason:
            sys.stdout.write(f"No PostgreSQL: {reason}\n")
        for one in databases:
            with one.fresh() as url:
                yield from measure(one.name, url, customers, rounds)


def measure(name: str, url: str, customers: int, rounds: int) -> Iterator[Table]:
    named = books.create(url, customers=customers, seed=1)
    database = open_database(url)
    people = fill(database, customers)
    database.close()
    with Workspace(users=PEOPLE, channels=CHANNELS) as workspace:
        settings = bench_tier.settings_for(url, workspace)
        bot = build(settings)
        # Nobody has to pause: at each look at the clock wrong guesses are long forgotten.
        leaps = count(0.0, 2 * bounds.GUESSES_COUNT)
        bot.__dict__["bounds"] = bounds.Bounds(bot.database, settings, bot.clock, lambda: next(leaps))
        try:
            app = front(bot.deps, web_client(settings), lambda: "bench").app
            empty = bench_tier.dispatching(bench_tier.empty_app(settings, False), verified_by_bolt=True)
            askers = (
                Asker(what="an account manager", user_id="U0P0", customers=range(1, customers + 1, people)),
                Asker(what="an admin", user_id="U0CHIEF", customers=range(1, customers + 1)),
            )
            yield cards(name, app, empty, askers[0], named, rounds)
            yield searches(name, bot.deps, askers, named, rounds)
            yield pages(name, bot.deps, askers, named, max(rounds // 10, 2))
            yield at_once(name, app, empty, customers, people, 1 if rounds < 10 else QUESTIONS)
        finally:
            bot.close()


def fill(database: Database, customers: int) -> int:
    """Give the customers to people in teams, with orders, an invoice, contacts and figures; the number of those people."""
    people = customers // OF_A_PERSON + 1  # 501: each has customers with names of both kinds
    with database.write() as session:
        first = 0
        for number in range(people):
            if number % IN_A_TEAM == 0:
                session.add(team := Team(name=f"Team {number // IN_A_TEAM}"))
                session.flush()
            person = factories.person(session, f"P{number}", team_id=team.id)
            first = first or person
        lead = factories.person(session, "LEAD", role="team_lead")
        factories.person(session, "CHIEF", role="admin")
        session.get_one(Team, session.get_one(Person, first).team_id).lead_id = lead
        session.flush()
        for statement in _statements(customers, first, people, is_sqlite=database.is_sqlite):
            session.execute(text(statement))
        order_totals.add(session.connection(), true())
    books.analyze(database)
    return people


def _statements(customers: int, first: int, people: int, *, is_sqlite: bool) -> list[str]:
    def since(days: str) -> str:
        today = SystemClock().now().date() - timedelta(days=1)
        return f"date('{today}', '-' || ({days}) || ' days')" if is_sqlite else f"DATE '{today}' - ({days})"

    def numbers(copies: int) -> str:
        if not is_sqlite:
            return f"generate_series(1, {customers}) AS g(i), generate_series(1, {copies}) AS h(j)"
        counted = "SELECT 1 UNION ALL SELECT {0} + 1 FROM {1} WHERE {0} < {2}"
        rows, columns = counted.format("i", "g", customers), counted.format("j", "h", copies)
        return f"(WITH RECURSIVE g(i) AS ({rows}), h(j) AS ({columns}) SELECT i, j FROM g, h)"  # noqa: S608

    at, no = ("'2026-01-01 00:00:00'", "0") if is_sqlite else ("TIMESTAMP '2026-01-01'", "false")
    inserted = {
        "customer_order (customer_id, source, external_id, ordered_on, amount, currency)": (
            3,
            f"i, 'bench', i || '-' || j, {since('(i * 31 + j * 120) % 700')}, ((i * 7) % 9000 + 100) * 10000, 'CNY'",
        ),
        "invoice (customer_id, source, external_id, invoiced_on, due_on, amount, currency)": (
            1,
            f"i, 'bench', 'i' || i, {since('i % 90 + 30')}, {since('i % 90')}, ((i * 7) % 9000 + 100) * 10000, 'CNY'",
        ),
        "activity (customer_id, source, external_id, kind, happened_on, note, recorded_at)": (
            2,
            "i, 'bench', i || '-' || j, CASE WHEN j = 1 THEN 'visit' ELSE 'call' END,"
            f" {since('(i * 37 + j * 50) % 200')}, 'They asked for an offer.', {at}",
        ),
        "customer_figures (customer_id, as_of, last_order, usual_gap_days, order_days, order_days_24m, watch_from,"
        " currency, revenue, revenue_before, basis, worth, fall, owed_currency, exposure, overdue, oldest_due, stale)": (
            1,
            f"i, {since('0')}, {since('(i * 31) % 700')}, 120, 3, 3, CASE WHEN i % 9 = 0 THEN {since('5')} END, 'CNY',"
            " ((i * 31) % 100000) * 10000, ((i * 17) % 100000) * 10000, 'revenue', ((i * 17) % 50000) * 10000, 0, 'CNY',"
            f" ((i * 7) % 9000 + 100) * 10000, 0, {since('i % 90')}, {no}",
        ),
    }  # fmt: skip
    return [
        f"UPDATE ownership SET person_id = {first} + ((customer_id - 1) % {people})",  # noqa: S608 - our own words
        "UPDATE customer SET region = 'R' || (id % 20)",
        *(f"INSERT INTO {into} SELECT {what} FROM {numbers(copies)}" for into, (copies, what) in inserted.items()),  # noqa: S608
    ]  # fmt: skip


def cards(
    name: str,
    app: Any,
    empty: bench_tier.Ask,
    asker: Asker,
    named: list[str],
    rounds: int,
) -> Table:
    ask = bench_tier.dispatching(app, user_id=asker.user_id)
    drawn = random.Random(2).choices(asker.customers, k=2 * rounds)
    typed = {
        "empty listener, default": (empty, ["ACME"] * rounds),
        "/tier CODE": (ask, [books.code(number) for number in drawn[:rounds]]),
        "/tier exact name": (ask, [named[number - 1] for number in drawn[rounds:]]),
    }
    times = bench_tier.take_turns(typed, rounds)
    table = Table(
        title=f"Cards on {name}, {len(named):,} customers, {rounds} of each in turn, through Bolt",
        columns=("what", "median ms", "p99 ms", "median / empty default listener"),
        notes=("Aim: at most 0.3.",),
    )
    base = percentile([taken for taken, _ in times["empty listener, default"]], 50)
    for what, both in times.items():
        taken = [taken for taken, _ in both]
        median = percentile(taken, 50)
        table.add(what, milliseconds(median), milliseconds(percentile(taken, 99)), f"{median / base:.2f}")
    return table


def searches(
    name: str, deps: Dependencies, askers: tuple[Asker, ...], named: list[str], rounds: int
) -> Table:
    table = Table(
        title=f"Searches on {name}, {len(named):,} customers, {rounds} of each in turn",
        columns=("who", "what", "median ms", "p99 ms", "more than by exact name, ms"),
        notes=("Aim: at most 10 ms more.",),
    )
    for asker in askers:
        rng = random.Random(3)
        drawn = [named[number - 1] for number in rng.choices(asker.customers, k=8 * rounds)]
        latin = [one for one in drawn if one.isascii()]
        chinese = [one.removesuffix("有限公司") for one in drawn if not one.isascii()]
        typed = {
            "exact name": latin,
            "typo": [one[:2] + one[3] + one[2] + one[4:] for one in latin[rounds:]],
            "pinyin": ["".join(lazy_pinyin(one)) for one in chinese],
            "two words of the name": [" ".join(one.split()[1:3]) for one in latin[2 * rounds :]],
            "part of a Chinese name": [one[2:] for one in chinese[rounds:]],
        }
        ask = partial(answered, deps, asker.user_id)
        times = in_turn({what: (ask, texts) for what, texts in typed.items()}, rounds)
        base = percentile(times["exact name"], 50)
        for what, taken in times.items():
            median = percentile(taken, 50)
            table.add(
                asker.what,
                what,
                milliseconds(median),
                milliseconds(percentile(taken, 99)),
                milliseconds(median - base),
            )
    return table


def pages(name: str, deps: Dependencies, askers: tuple[Asker, ...], named: list[str], rounds: int) -> Table:
    """Lists, briefs and Home tabs; a lead has ten people."""
    account_manager, admin = askers
    lead = Asker(what=f"the lead of {IN_A_TEAM}", user_id="U0LEAD", customers=account_manager.customers)
    table = Table(
        title=f"Lists, briefs and Home tabs on {name}, {len(named):,} customers, {rounds} of each in turn",
        columns=("who", "what", "median ms", "slowest ms"),
        notes=(f"An account manager has {len(account_manager.customers):,} customers.",),
    )
    for asker in (account_manager, lead, admin):
        drawn = random.Random(4).choices(asker.customers, k=2 * rounds)
        codes = [books.code(number) for number in drawn]
        texts = {
            **{one: [one] * rounds for one in LISTS},
            "CODE brief": [f"{one} brief" for one in codes],
            "CODE why": [f"{one} why" for one in codes],
            "compare": [f"compare {one} {other}" for one, other in pairwise(codes)],
            **({} if asker is account_manager else {"team": ["team"] * rounds}),
        }
        ask = partial(answered, deps, asker.user_id)
        typed: dict[str, tuple[Ask, list[str]]] = {what: (ask, some) for what, some in texts.items()}
        typed["Home tab"] = (partial(home, deps, asker.user_id), [""] * rounds)
        for what, taken in in_turn(typed, rounds).items():
            table.add(asker.what, what, milliseconds(percentile(taken, 50)), milliseconds(max(taken)))
    return table


def at_once(name: str, app: Any, empty: bench_tier.Ask, customers: int, people: int, questions: int) -> Table:
    """Many people ask for cards at the same time, each one question after the other."""
    table = Table(
        title=f"{AT_ONCE} people at once on {name}, {customers:,} customers, {questions} questions of each",
        columns=("what", "median ms", "p99 ms", "answers a second", "median / empty default listener"),
    )

    def person(number: int, ask: bench_tier.Ask) -> list[float]:
        rng, taken = random.Random(number), []
        for _ in range(questions):
            code = books.code(rng.choice(range(1 + number % people, customers + 1, people)))
            begun = time.perf_counter()
            response = ask(code)
            taken.append(time.perf_counter() - begun)
            if response.status != 200 or (ask is not empty and '"blocks"' not in str(response.body)):
                raise AssertionError(f"no card for {code}: {response.body}")
        return taken

    medians = []
    for what, asks in {
        "empty listener, default": [empty] * AT_ONCE,
        "/tier CODE": [
            bench_tier.dispatching(app, user_id=f"U0P{number % people}") for number in range(AT_ONCE)
        ],
    }.items():
        begun = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            taken = [one for found in pool.map(person, range(AT_ONCE), asks) for one in found]
        whole = time.perf_counter() - begun
        medians.append(percentile(taken, 50))
        table.add(
            what,
            milliseconds(medians[-1]),
            milliseconds(percentile(taken, 99)),
            f"{len(taken) / whole:,.0f}",
            f"{medians[-1] / medians[0]:.2f}",
        )
    return table


def answered(deps: Dependencies, user_id: str, typed: str) -> dict[str, Any]:
    """The payload that answers a question, wherever it is answered."""
    actor = deps.identify(user_id)
    with deps.database.read() as session:
        found = tier_command.question(deps, session, actor, typed)
    message = found if isinstance(found, Message) else tier_command.looked_up(deps, actor, found)
    return blocks.payload(deps.renderer, message, actor.language)


def home(deps: Dependencies, user_id: str, _: str) -> object:
    return home_tab.composed(deps, user_id)


def in_turn(typed: dict[str, tuple[Ask, list[str]]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call; the first ones warm up."""
    times: dict[str, list[float]] = {what: [] for what in typed}
    for place in range(-2, rounds):
        for what, (ask, texts) in typed.items():
            begun = time.perf_counter()
            ask(texts[max(place, 0)])
            if place >= 0:
                times[what].append(time.perf_counter() - begun)
    return times
