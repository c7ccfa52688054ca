"""`make year`: a simulated year of care under every shipped plan, and what became of every step that was due."""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bot.services.care.plan_file import load_all
from tests.simulation.care_account import CLASSES, Account, account_of
from tests.simulation.care_year import Plot, Year
from tests.simulation.parts import PARTS
from tests.simulation.sandbox import Sandbox
from tests.simulation.scripts import silence_logs

# Heading of a column -> what it counts.
COLUMNS = {
    "owed": "owed",
    **{name: name for name in CLASSES},
    "manager": "to manager",
    "group": "to group",
    "digests": "care_digest",
    "urgent": "care_urgent",
    "greetings": "care_greeting",
    **{heading: counted for part in PARTS for heading, counted in part.columns.items()},
    "silent": "silent",
}
MOST_WRONG = 20  # that are printed of a plan


def run(plot: Plot) -> Account:
    """Play a year; what became of its steps."""
    silence_logs()
    sandbox = Sandbox()
    try:
        year = Year(plot, sandbox.database)
        year.play()
        return account_of(year)
    finally:
        sandbox.close()


def row(name: str, count: Counter[str]) -> str:
    return f"{name:<16}" + "".join(
        f"{count[counted]:>{len(heading) + 2},}" for heading, counted in _widened(COLUMNS)
    )


def _widened(columns: dict[str, str]) -> list[tuple[str, str]]:
    return [(heading.rjust(8), counted) for heading, counted in columns.items()]


def main() -> int:
    options = argparse.ArgumentParser(prog="make year", description=__doc__)
    options.add_argument("--customers", type=int, default=1000)
    options.add_argument("--days", type=int, default=365)
    options.add_argument("--seed", type=int, default=20260105)
    options.add_argument("--plan", action="append", help="the id of a plan; all of them unless given")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = options.parse_args()
    began = time.monotonic()
    plots = [
        Plot(plan=plan, customers=given.customers, days=given.days, seed=given.seed)
        for plan in given.plan or [plan.plan for plan in load_all(None).plans]
    ]
    print(f"{given.customers:,} customers, {given.days} days, seed {given.seed}")
    print(" " * 16 + "".join(f"  {heading}" for heading, _ in _widened(COLUMNS)), flush=True)
    wrong = 0
    with ProcessPoolExecutor(given.processes, mp_context=get_context("fork")) as pool:
        for plot, account in zip(plots, pool.map(run, plots), strict=True):
            print(row(plot.plan, account.count), flush=True)
            for sentence in account.wrong[:MOST_WRONG]:
                print(f"    {sentence}")
            wrong += len(account.wrong)
    print(f"{time.monotonic() - began:.0f} s; wrong: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
