"""A whole run, rows to rows, compared with a pandas pipeline and ORM objects; movement and attribution with scoring.

Every customer has orders over two years and some recorded facts; the second snapshot is timed, so that there is a
previous state. The pipeline and the objects do less: no coverage, no dates, no movement, no explanation.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grading.engine.scoring import Grading, grade
from grading.explain.attribution import attribute
from grading.scheme.model import Map, Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests import postgres
from tests.bench import grading_worker
from tests.bench.bench_claims import DURABLE
from tests.bench.bench_scoring import bare_pass, generate
from tests.bench.measurement import Table, in_process, peak_mib
from tests.grading.frames import empty_state, move

DAY, BEFORE = date(2026, 10, 31), date(2026, 9, 30)
WORKER = "tests.bench.grading_worker"
FIGURES_AIM = 0.3  # times the processor time of the run that they follow
FIGURES_LONGEST = 0.25  # seconds of a write transaction


def main(small: bool, customers: int | None = None, rows: int | None = None) -> list[Table]:
    rows = rows or (1_000 if small else 1_000_000)
    customers = customers or (200 if small else 100_000)
    sample = 20 if small else 1_000
    tables = [in_memory(rows, sample=2 * sample)]
    with tempfile.TemporaryDirectory() as name:
        tables.append(whole_run("SQLite", f"sqlite:///{Path(name) / 'book.db'}", customers, sample))
    try:
        with postgres.server(DURABLE) as server, postgres.new_database(server) as url:
            tables.append(whole_run("PostgreSQL", postgres.text_of(url), customers, sample))
    except postgres.NoServer as reason:
        tables[-1].notes += (f"PostgreSQL is left out: {reason}.",)
    return tables


def scheme_of() -> Scheme:
    return parse_scheme(preset_text("b2b_accounts"), source="b2b_accounts.yaml")


def in_memory(rows: int, sample: int) -> Table:
    """Scoring, DataFrame.apply per row, movement with gates, attribution: processor time, in turn."""
    scheme = scheme_of()
    before, facts = generate(scheme, rows, 0.15, seed=7), generate(scheme, rows, 0.15, seed=8)
    matrix = [
        facts[i.id].cat.codes.to_numpy(dtype=float) if isinstance(i.score, Map) else facts[i.id].to_numpy()
        for i in scheme.indicators
    ]
    state = move(grade(before, scheme, BEFORE), scheme, empty_state(before.index, scheme), snapshot=1).state
    graded: list[Grading] = []
    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        start = time.process_time()
        work()
        times.setdefault(name, []).append(time.process_time() - start)

    for _ in range(3):
        timed("np.interp per column", lambda: bare_pass(scheme, matrix))
        graded.clear()
        timed("scoring", lambda: graded.append(grade(facts, scheme, DAY)))
        timed("movement and gates", lambda: move(graded[0], scheme, state, snapshot=2))
    peak = peak_mib()
    few = facts.head(sample)
    timed("tutorial", lambda: apply_per_row(few, scheme))
    times["DataFrame.apply per row"] = [times.pop("tutorial")[0] * rows / len(few)]
    part = min(rows, 200_000)
    timed(
        "attribution",
        lambda: attribute(
            before.head(part),
            before.head(part),
            facts.head(part),
            old_scheme=scheme,
            new_scheme=scheme,
            old_day=BEFORE,
            new_day=DAY,
        ),
    )
    times["attribution"] = [times["attribution"][0] * rows / part]
    table = Table(
        title=f"Grading {rows:,} customers by the B2B preset, in memory",
        columns=("what", "s", "beside scoring"),
        notes=(
            "Aims: scoring at most 3 times np.interp; movement and gates at most 2 times scoring.",
            f"The tutorial's way on {len(few):,} and attribution on {part:,} customers, extrapolated."
            f" Peak memory {peak:,.0f} MiB, facts of two days included.",
        ),
    )
    scoring = statistics.median(times["scoring"])
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        table.add(name, f"{middle:.3f}", f"{middle / scoring:.2f}")
    return table


def apply_per_row(facts: pd.DataFrame, scheme: Scheme) -> pd.Series:
    """Scores row by row, as in tutorials: without coverage, dates, interval and gates."""

    def score(row: pd.Series) -> float:
        total = 0.0
        for dimension in scheme.dimensions:
            for indicator in dimension.indicators:
                value = row[indicator.id]
                if isinstance(indicator.score, Map):
                    points = indicator.score.values.get(value, 0.0)
                else:
                    pairs = getattr(indicator.score, "knots", ((0.0, 0.0), (5.0, 100.0)))
                    points = np.interp(value, [x for x, _ in pairs], [s for _, s in pairs])
                if points == points:
                    total += points * indicator.weight * dimension.weight / 10_000
        return total

    def tier(total: float) -> str:
        return next((tier.id for tier in scheme.tiers if total >= tier.at), scheme.tiers[-1].id)

    return facts.apply(score, axis=1).apply(tier)


def whole_run(database: str, url: str, customers: int, sample: int) -> Table:
    table = Table(
        title=f"A whole run over {customers:,} customers, {database}, rows to rows",
        columns=(
            "what",
            "s per 100,000",
            "processor s per 100,000",
            "peak MiB",
            "beside tierbot, processor",
            "by the clock",
        ),
    )
    created = in_process(WORKER, "make", url, customers, timeout=3_600)
    found = {way: in_process(WORKER, way, url, customers, timeout=3_600) for way in ("tierbot", "pandas")}
    found["objects"] = in_process(WORKER, "objects", url, sample)
    one = in_process(WORKER, "one", url, customers)
    ours = found["tierbot"]
    for way, done in found.items():
        graded = sample if way == "objects" else customers
        per = {key: done[key] * 100_000 / graded for key in ("wall", "cpu")}
        ratios = [f"{per[key] / (ours[key] * 100_000 / customers):.1f}" for key in ("cpu", "wall")]
        table.add(way, f"{per['wall']:.1f}", f"{per['cpu']:.1f}", f"{done['peak']:,.0f}", *ratios)
    asked = ours["asked"]
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in ours["steps"].items())
    table.notes = (
        "Aims: pandas at least 8, objects at least 50 times; under 3 GiB; no write transaction over 0.5 s.",
        "The processor's seconds are the client's: those of PostgreSQL's server are in the clock's alone.",
        f"Longest write transaction {ours['longest'] * 1000:.0f} ms; {ours['changes']:,} changes,"
        f" {ours['told']:,} messages. Processor seconds of tierbot: {steps}.",
        figures_note(ours, "figures", customers),
        figures_note(ours, "without_news", customers),
        f"/tier at-risk afterwards: {asked['own']:.1f} ms for a person with {grading_worker.OWNED:,} customers,"
        f" {asked['book']:.1f} ms for the whole book.",
        f"{created['bytes']:.0f} bytes an assessment, indexes included. Objects on {sample:,} customers, extrapolated.",
        f"One customer again after a new order: {one['regrade']:.1f} ms, {one['regrade'] / one['commit']:.1f} times"
        f" the commit of one row ({one['commit']:.2f} ms); aim 3.",
    )
    return table


def figures_note(ours: dict[str, Any], which: str, customers: int) -> str:
    """Figures of accounts beside the run that they follow, and whether the aims are met."""
    one = ours[which]
    ratio = one["cpu"] / ours["cpu"]
    verdict = "met" if ratio <= FIGURES_AIM and one["longest"] <= FIGURES_LONGEST else "MISSED"
    name = {"figures": "Figures of a month later", "without_news": "Figures once more on the same day"}[which]
    return (
        f"{name}, {one['written']:,} of {customers:,} changed: {ratio:.2f} times the run's processor time,"
        f" {one['wall'] / ours['wall']:.2f} by the clock; longest write transaction {one['longest'] * 1000:.0f} ms;"
        f" aims {FIGURES_AIM} times and {FIGURES_LONGEST * 1000:.0f} ms: {verdict}."
    )


if __name__ == "__main__":
    for shown in main(False, customers=int(sys.argv[1]), rows=int(sys.argv[2])):
        sys.stdout.write(f"{shown}\n")
