"""Percentiles, tables, and variants in processes of their own, for every bench."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
SCHEDULED = Path("/proc/self/schedstat")  # of the main thread: nanoseconds on a core, and waiting for one


@dataclass(kw_only=True)
class Table:
    """The figures of one run."""

    title: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        lines.insert(1, tuple("-" * width for width in widths))
        body = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in lines
        ]
        return "\n".join([f"\n## {self.title}\n", *body, "", *self.notes])


def percentile(values: Sequence[float], percent: float) -> float:
    """The measured value at a rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


def in_process(module: str, *arguments: object, timeout: float = 600) -> dict[str, Any]:
    """Run one variant in a process of its own; its last line of output is JSON with its figures."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {arguments}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def waited() -> float:
    """Seconds that this process was ready to run while other work held the cores; 0 where Linux does not count them."""
    return int(SCHEDULED.read_text().split()[1]) / 1e9 if SCHEDULED.exists() else 0.0


def peak_mib() -> float:
    """The peak memory of this process.

    Where Linux shows it for the program alone: `ru_maxrss` begins with that of the process that started this one.
    """
    if STATUS.exists():
        lines = STATUS.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
