"""`python -m tests.faults`: a row for each fault, database and seed; exit code 1 when a promise is broken."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from multiprocessing import get_context

from sqlalchemy import URL

from tests import postgres
from tests.faults.report import line
from tests.faults.table import BOTH, FAULTS, attempt

SMOKE = ("F01", "F02", "F05", "F21")  # what --quick tries by default: half a minute


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--database", choices=(*BOTH, "both"), default="both")
    parser.add_argument("--only", default="", help="some of the faults, as F01,F02")
    parser.add_argument(
        "--quick", action="store_true", help="a handful of kills and messages, of a few faults"
    )
    parser.add_argument("--seed", type=int, default=20260302)
    parser.add_argument(
        "--seeds", type=int, default=1, help="try each fault with so many seeds from --seed on"
    )
    parser.add_argument("--jobs", type=int, default=1, help="try so many at the same time")
    given = parser.parse_args()
    wanted = given.only.split(",") if given.only else list(SMOKE if given.quick else FAULTS)
    if unknown := [code for code in wanted if code not in FAULTS]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    print(
        f"seed {given.seed}" if given.seeds == 1 else f"seeds {given.seed} to {given.seed + given.seeds - 1}"
    )
    held: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(given.jobs, get_context("spawn")))
        servers: dict[str, URL | None] = {}
        for kind in BOTH if given.database == "both" else (given.database,):
            servers[kind] = stack.enter_context(postgres.server()) if kind == "postgresql" else None
        running = {
            pool.submit(attempt, code, kind, server, seed, quick=given.quick): (code, kind, seed)
            for kind, server in servers.items()
            for seed in range(given.seed, given.seed + given.seeds)
            for code in wanted
            if kind in FAULTS[code].databases
        }
        for done in as_completed(running):
            code, kind, seed = running[done]
            seconds, outcome = done.result()
            name = FAULTS[code].name if given.seeds == 1 else f"seed {seed}: {FAULTS[code].name}"
            print(line(code, name, kind, seconds, outcome), flush=True)
            tried[code, kind] += 1
            held[code, kind] += not outcome.broken
    if given.seeds > 1:
        for code, kind in sorted(tried):
            print(f"{code}  {kind:<10}  {held[code, kind]} of {tried[code, kind]} held")
    broken = tried.total() - held.total()
    print("every promise held" if not broken else f"{broken} promises broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
