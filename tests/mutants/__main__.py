"""`make mutants`: removes each guard in a copy of the product and runs the tests that must fail then.

A guard whose tests stay green without it is one that nothing would miss. The exit code is 1 if there is any.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.table import ROOT, Guard, faults, guards

MOST_SECONDS = 300  # that the tests of one guard may take; without a guard some would never end
_YEAR = 31_536_000


class Outcome(StrEnum):
    """What the tests said."""

    KILLED = "killed"
    GREEN = "GREEN"  # nothing would miss it
    BROKEN = "BROKEN"  # the tests could not run, which proves nothing


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A guard, how its tests ended, and the last lines of what they printed."""

    guard: Guard
    outcome: Outcome
    said: str


_changes = count(1)


def run(guard: Guard, folder: Path) -> Ran:
    """Remove a guard in this copy, run its tests, and put it back."""
    path = folder / guard.file
    text = guard.remove(folder)
    try:
        _touch(path)
        code, said = _pytest(folder, guard.tests, guard.postgresql)
    finally:
        path.write_text(text, encoding="utf-8")
        _touch(path)
    outcome = {0: Outcome.GREEN, 1: Outcome.KILLED}.get(code, Outcome.BROKEN)
    return Ran(guard=guard, outcome=outcome, said=said)


def baseline(chosen: list[Guard], folder: Path) -> str:
    """Run the tests with every guard in place; what failed, empty if nothing."""
    said = ""
    for postgresql in (False, True):
        tests = tuple(dict.fromkeys(test for g in chosen if g.postgresql == postgresql for test in g.tests))
        if tests:
            code, printed = _pytest(folder, tests, postgresql)
            said += printed if code else ""
    return said


def _touch(path: Path) -> None:
    """Give a file a time that it never had: Python trusts its compiled copy by time and size."""
    at = path.stat().st_mtime - _YEAR + next(_changes)
    os.utime(path, (at, at))


def _pytest(folder: Path, tests: tuple[str, ...], postgresql: bool) -> tuple[int, str]:
    """Exit code and last lines; tests that do not end have failed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-q",
        "-x",
        "--no-header",
        "--tb=line",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-k", "postgresql" if postgresql else "not postgresql", *tests]
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "",
        "DATABASES": "all",
    }
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return 1, f"did not end in {MOST_SECONDS} s"
    return process.returncode, "\n".join(printed.strip().splitlines()[-4:])


def _copy(folder: Path) -> None:
    """What git would commit of the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        source = ROOT / name
        if name and source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def main() -> int:
    """Print a line for each guard, then how many were killed."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--only", default="", metavar="REGEX", help="guards with such a name or file")
    parser.add_argument("--jobs", type=int, default=2, help="guards at a time")
    parser.add_argument(
        "--no-baseline", action="store_true", help="do not run the tests with all guards first"
    )
    given = parser.parse_args()
    everything = guards()
    if problems := faults(everything):
        print("\n".join(problems))
        return 1
    chosen = [g for g in everything if re.search(given.only, f"{g.name} {g.file}", re.IGNORECASE)]
    with tempfile.TemporaryDirectory(prefix="tierbot-mutants-") as scratch:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.jobs):
            _copy(Path(scratch) / str(number))
            copies.put(Path(scratch) / str(number))
        if not given.no_baseline and (failed := baseline(chosen, Path(scratch) / "0")):
            print(f"With every guard in place these tests fail:\n{failed}")
            return 1

        def in_a_copy(guard: Guard) -> Ran:
            folder = copies.get()
            try:
                return run(guard, folder)
            finally:
                copies.put(folder)

        with ThreadPoolExecutor(given.jobs) as threads:
            ran = []
            for one in threads.map(in_a_copy, chosen):
                ran.append(one)
                print(f"{one.outcome:7} {one.guard.name} ({one.guard.file})", flush=True)
                if one.outcome != Outcome.KILLED:
                    print("        " + one.said.replace("\n", "\n        "), flush=True)
    killed = sum(one.outcome == Outcome.KILLED for one in ran)
    print(
        f"{killed} of {len(ran)} guards killed: the others would not be missed."
        if killed < len(ran)
        else f"{killed} of {len(ran)} guards killed."
    )
    return 0 if killed == len(ran) else 1


if __name__ == "__main__":
    sys.exit(main())
