"""python -m tests.bench [--small] [NAME ...]: run benches and print their ratios."""

import argparse
import importlib
import sys
import time

from tests.bench.measurement import Table

BENCHES = (
    "tier",
    "startup",
    "imports",
    "claims",
    "scoring",
    "grading",
    "aggregates",
    "audit",
    "care",
    "due",
    "lists",
    "ask",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", default=[], metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--small", action="store_true", help="only check that they run")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {unknown[0]}; the benches are {', '.join(BENCHES)}")
    for name in given.names or BENCHES:
        begin = time.perf_counter()
        found = importlib.import_module(f"tests.bench.bench_{name}").main(given.small)
        for table in [found] if isinstance(found, Table) else found:
            sys.stdout.write(f"{table}\n")
            sys.stdout.flush()
        sys.stdout.write(f"\n{name}: {time.perf_counter() - begin:.0f} s\n")
        sys.stdout.flush()


main()
