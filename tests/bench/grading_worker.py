"""One way of grading a book, in a process of its own; prints its figures as JSON."""

from __future__ import annotations

import bisect
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from sqlalchemy import event
from sqlmodel import Session, col, func, select

from bot.services import alerts
from bot.services.access import Actor
from bot.services.ask.risk.at_risk import at_risk
from bot.services.grade import book_pass, figures, runs
from bot.services.grade import regrades as regrade
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from db.book.facts import Fact
from db.book.trade import order_totals
from db.book.trade.orders import Order
from db.engine import Database, open_database
from db.graded import retention
from db.graded.runs import Assessment, GradingRun
from db.processes import set_cursor
from db.schema import upgrade
from grading.scheme.model import Map, Points, Scheme
from tests.bench.measurement import peak_mib

BEFORE, DAY, TODAY = date(2026, 9, 30), date(2026, 10, 31), date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
FACT = "customer_id, field, measured_on, value, source, recorded_at"
ORDERS = 8  # a customer, over two years
OWNED = 2_000  # customers of a person
RECORDED = (
    "customisation_level",
    "industry_outlook",
    "expansion_plan",
    "satisfaction",
    "debt_ratio",
    "ocf_to_current_liabilities",
    "net_margin",
    "annual_sales",
    "market_share",
    "industry_position",
    "credit_grade",
)


def create(database: Database, customers: int) -> dict[str, float]:
    """A book with orders and facts, graded once; bytes of an assessment with its indexes."""
    upgrade(database)
    with database.write() as session:
        file = store.find("b2b_accounts", None)
        store.put_in_force(session, file, actor="bench", effective_from=BEFORE, now=NOW)
    with database.writer.begin() as connection:
        fill(partial(copy_rows, connection.connection.cursor()), file.scheme, customers)
        order_totals.recount(connection)
    if not database.is_sqlite:
        with database.writer.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    run(database, BEFORE, notify=False)
    with database.read() as session:
        return {"bytes": retention.bytes_each(session) or float("nan")}


def copy_rows(cursor: Any, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows in the fastest way of either database."""
    if hasattr(cursor, "copy"):
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    places = ", ".join("?" * len(columns.split(",")))
    cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)  # noqa: S608


def fill(put: Callable[..., None], scheme: Scheme, customers: int) -> None:
    rng, at = np.random.default_rng(7), NOW.replace(tzinfo=None).isoformat(sep=" ")
    numbers = range(1, customers + 1)
    put(
        "customer",
        "id, code, name, record_type, archived, version, created_at",
        ((number, f"C{number}", f"C{number}", "account", False, 1, at) for number in numbers),
    )
    people = range(1, customers // OWNED + 2)
    put(
        "person",
        "id, email, name, role, active",
        ((n, f"p{n}@example.com", f"P{n}", "account_manager", True) for n in people),
    )
    put(
        "ownership",
        "customer_id, person_id, role, starts_on",
        ((number, 1 + number // OWNED, "primary", "2020-01-01") for number in numbers),
    )
    days = [(DAY - timedelta(days=age)).isoformat() for age in range(730)]
    size = rng.lognormal(18, 1.2, customers)
    for turn in range(ORDERS):
        age = rng.integers(0, 730, customers).tolist()
        amounts = (size * rng.uniform(0.3, 2, customers)).astype(int).tolist()
        put(
            "customer_order",
            "customer_id, source, external_id, ordered_on, amount, cost, currency",
            (
                (n, "erp", f"{turn}-{n}", days[a], m, int(m * 0.7), "CNY")
                for n, a, m in zip(numbers, age, amounts, strict=True)
            ),
        )
    curves = {indicator.id: indicator.score for indicator in scheme.indicators}
    for name in RECORDED:
        curve = curves.get(name)
        if isinstance(curve, Points):
            values = rng.uniform(curve.knots[0][0], curve.knots[-1][0], customers).round(4).tolist()
        elif isinstance(curve, Map):
            values = rng.choice([str(value) for value in curve.values], customers).tolist()
        else:
            values = rng.choice(["A", "B", "C"] if curve is None else ["1", "3", "5"], customers).tolist()
        put(
            "fact",
            FACT,
            (
                (n, name, "2026-09-15", str(value), "crm", at)
                for n, value in zip(numbers, values, strict=True)
            ),
        )
    # News since the first snapshot: a bad credit grade caps at once.
    put(
        "fact", FACT, ((n, "credit_grade", "2026-10-15", "D", "crm", at) for n in range(1, customers + 1, 50))
    )


def run(database: Database, day: date, *, notify: bool) -> runs.RunReport:
    scheme_cache = SchemeCache()
    notify_managers = partial(
        alerts.enqueue_alerts, scheme_cache=scheme_cache, default_channel="#managers", language="en"
    )
    return runs.grade_book(
        database,
        scheme_cache,
        for_purpose="account",
        as_of=day,
        today=day + timedelta(days=1),
        now=NOW,
        notify=notify_managers if notify else None,
    )


@contextmanager
def transactions(database: Database) -> Iterator[list[float]]:
    """How long each write transaction of the block held the database."""
    found: list[float] = []
    begun: list[float] = []
    event.listen(database.writer, "begin", lambda _: begun.append(time.perf_counter()))
    event.listen(database.writer, "commit", lambda _: found.append(-begun[-1]))
    event.listen(database.writer, "checkin", lambda *_: ended(found))
    yield found


def ended(found: list[float]) -> None:
    if found and found[-1] < 0:
        found[-1] += time.perf_counter()


def tierbot(database: Database, profile: str = "") -> dict[str, Any]:
    steps = {"read": 0.0}
    profiler = cProfile.Profile() if profile else None
    warm()
    original = book_pass.prepare

    def timed_prepare(*args: Any, **options: Any) -> Any:
        start = time.process_time()
        done = original(*args, **options)
        steps["read"] = time.process_time() - start
        return done

    book_pass.prepare = timed_prepare
    written: dict[str, float] = {}
    write_book = figures.write_book

    def timed_figures(*args: Any) -> int:
        start, cpu, before = time.perf_counter(), time.process_time(), len(found)
        done = write_book(*args)
        written.update(
            wall=time.perf_counter() - start,
            cpu=time.process_time() - cpu,
            longest=max(found[before:]),
            written=done,
        )
        return done

    figures.write_book = timed_figures
    start, cpu = time.perf_counter(), time.process_time()
    with transactions(database) as found:
        if profiler:
            profiler.enable()
        report = run(database, DAY, notify=True)
        if profiler:
            profiler.disable()
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    used = time.process_time() - cpu - written["cpu"]
    wall = time.perf_counter() - start - written["wall"]
    longest, after_month = max(found), dict(written)
    with transactions(database) as found, runs.uncollected():
        timed_figures(database, SchemeCache(), TODAY)
    book_pass.prepare, figures.write_book = original, write_book
    return {
        "wall": wall,
        "cpu": used,
        "figures": after_month,
        "without_news": written,
        "asked": at_risk_times(database),
        "peak": peak_mib(),
        "longest": longest,
        "changes": len(report.changes),
        "told": report.told,
        "steps": {"reading and grading": steps["read"], "writing": used - steps["read"]},
    }


def at_risk_times(database: Database, rounds: int = 9) -> dict[str, float]:
    """Milliseconds of the answer to /tier at-risk, in the middle: of the whole book and of one person's customers."""
    cache, found = SchemeCache(), {}
    for name, role in (("book", "finance"), ("own", "account_manager")):
        actor = Actor(
            person_id=1,
            name="Anna",
            role=role,
            team_id=None,
            led_teams=frozenset(),
            slack_user_id="U1",
            language="en",
            timezone="UTC",
        )
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            with database.read() as session:
                at_risk(session, cache, actor, TODAY)
            times.append((time.perf_counter() - start) * 1000)
        found[name] = sorted(times)[rounds // 2]
    return found


def warm() -> None:
    """Import what a running service has imported already."""
    import bot.frames
    import bot.services.grade.figure_columns  # noqa: F401
    import grading.engine.movement  # noqa: F401


def pipeline(database: Database) -> dict[str, Any]:
    """read_sql, pivot, cut, to_sql: only the tiers and their changes."""
    import pandas as pd

    warm()
    scheme = store.find("b2b_accounts", None).scheme
    start, cpu = time.perf_counter(), time.process_time()
    with database.reader.connect() as connection:
        orders = pd.read_sql("SELECT customer_id, ordered_on, amount, cost FROM customer_order", connection)
        facts = pd.read_sql(
            "SELECT customer_id, field, measured_on, value FROM fact WHERE superseded_at IS NULL", connection
        )
        before = pd.read_sql("SELECT customer_id, tier FROM assessment WHERE run_id = 1", connection)
    facts = facts.sort_values("measured_on").drop_duplicates(["customer_id", "field"], keep="last")
    orders["ordered_on"] = pd.to_datetime(orders["ordered_on"])
    year = orders[orders["ordered_on"] > pd.Timestamp(DAY) - pd.DateOffset(years=1)]
    sums = year.groupby("customer_id").agg(
        net_revenue_12m=("amount", "sum"), cost=("cost", "sum"), order_frequency_12m=("amount", "count")
    )
    sums["gross_margin_rate"] = 1 - sums["cost"] / sums["net_revenue_12m"]
    sums["net_revenue_12m"] /= 10_000
    sums["avg_order_amount"] = sums["net_revenue_12m"] / sums["order_frequency_12m"]
    wide = sums.join(facts.pivot(index="customer_id", columns="field", values="value"), how="outer")
    total = pd.Series(0.0, index=wide.index)
    weight = pd.Series(0.0, index=wide.index)
    for dimension in scheme.dimensions:
        for indicator in dimension.indicators:
            if indicator.id not in wide or not isinstance(indicator.score, Points):
                continue
            knots = indicator.score.knots
            bins = [-np.inf, *(x for x, _ in knots[1:]), np.inf]
            scores = pd.cut(
                pd.to_numeric(wide[indicator.id]), bins, labels=[s for _, s in knots], ordered=False
            ).astype(float)
            share = indicator.weight * dimension.weight / 10_000
            total += scores.fillna(0) * share
            weight += scores.notna() * share
    score = total / weight
    bounds = [-np.inf, *(tier.at for tier in reversed(scheme.tiers[:-1])), np.inf]
    tier = pd.cut(score, bounds, labels=[tier.id for tier in reversed(scheme.tiers)], right=False)
    results = pd.DataFrame(
        {"customer_id": wide.index, "score": score.to_numpy(), "tier": tier.astype(str).to_numpy()}
    )
    merged = results.merge(before, on="customer_id", suffixes=("", "_before"))
    changed = merged[merged["tier"] != merged["tier_before"]]
    with database.writer.begin() as connection:
        wide.assign(score=score, tier=tier.astype(str)).to_sql(
            "pandas_result", connection, if_exists="replace"
        )
        changed.to_sql("pandas_change", connection, if_exists="replace")
    return {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu, "peak": peak_mib()}


def objects(database: Database, sample: int) -> dict[str, Any]:
    """Rows as ORM objects, one customer after the other: only the tiers."""
    warm()
    scheme = store.find("b2b_accounts", None).scheme
    start, cpu = time.perf_counter(), time.process_time()
    with Session(database.writer) as session, session.begin():
        graded = GradingRun(
            purpose="objects",
            kind="snapshot",
            as_of=DAY,
            scheme_version_id=1,
            status="running",
            started_at=NOW,
        )
        session.add(graded)
        session.flush()
        assert graded.id is not None
        for customer in range(1, sample + 1):
            bought = session.exec(
                select(Order).where(
                    Order.customer_id == customer, Order.ordered_on > DAY - timedelta(days=365)
                )
            ).all()
            known: dict[str, Any] = {
                fact.field: fact.value
                for fact in session.exec(select(Fact).where(Fact.customer_id == customer))
            }
            known["net_revenue_12m"] = float(sum(order.amount for order in bought))
            known["order_frequency_12m"] = len(bought)
            before = session.exec(
                select(Assessment).where(Assessment.customer_id == customer, Assessment.run_id == 1)
            ).one()
            score = score_of(known, scheme)
            tier = next(tier.id for tier in scheme.tiers if score >= tier.at)
            session.add(
                Assessment(
                    run_id=graded.id,
                    customer_id=customer,
                    scheme_version_id=1,
                    tier=tier,
                    score=score,
                    coverage=1,
                    certain=before.tier == tier,
                    tier_since=DAY,
                    inputs=json.dumps(known).encode(),
                )
            )
    return {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu, "peak": peak_mib()}


def score_of(known: dict[str, Any], scheme: Scheme) -> float:
    total = weight = 0.0
    for dimension in scheme.dimensions:
        for indicator in dimension.indicators:
            if indicator.id in known and isinstance(indicator.score, Points):
                xs = [x for x, _ in indicator.score.knots]
                place = max(0, bisect.bisect_right(xs, float(known[indicator.id])) - 1)
                share = indicator.weight * dimension.weight / 10_000
                total, weight = total + indicator.score.knots[place][1] * share, weight + share
    return total / weight if weight else 0.0


def one(database: Database, rounds: int = 15) -> dict[str, float]:
    """Milliseconds of re-grading one customer whose new order moves it, and of a commit of one row."""
    commits, regrades = [], []
    scheme_cache = SchemeCache()
    notify_managers = partial(
        alerts.enqueue_alerts, scheme_cache=scheme_cache, default_channel="#managers", language="en"
    )
    with database.read() as session:
        newest = session.exec(select(func.max(GradingRun.id)).where(GradingRun.status == "published")).one()
        low = session.exec(
            select(Assessment.customer_id)
            .where(Assessment.run_id == newest, Assessment.tier == "B")
            .order_by(col(Assessment.score))
            .limit(rounds)
        ).all()
    for number, customer in enumerate(low):
        start = time.perf_counter()
        with database.write() as session:
            set_cursor(session, "bench", str(number))
        commits.append(time.perf_counter() - start)
        with database.write() as session:
            fact = Fact(
                customer_id=customer,
                field="credit_grade",
                measured_on=TODAY,
                value="D",
                source="new",
                recorded_at=NOW,
            )
            session.add(fact)
        start = time.perf_counter()
        report = regrade.regrade(
            database,
            scheme_cache,
            [customer],
            for_purpose="account",
            today=TODAY,
            now=NOW,
            notify=notify_managers,
        )
        regrades.append(time.perf_counter() - start)
        assert report is not None
        assert report.customers == 1
    return {"regrade": float(np.median(regrades)) * 1000, "commit": float(np.median(commits)) * 1000}


def main(way: str, url: str, number: str, *rest: str) -> None:
    database = open_database(url)
    match way:
        case "make":
            found: dict[str, Any] = create(database, int(number))
        case "tierbot":
            found = tierbot(database, *rest)
        case "pandas":
            found = pipeline(database)
        case "objects":
            found = objects(database, int(number))
        case _:
            found = one(database)
    database.close()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
