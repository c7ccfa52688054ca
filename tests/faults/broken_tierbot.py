"""The product's process with a defect: `python -m tests.faults.broken_tierbot KIND FILE`.

The defect KIND is active while FILE exists. Time is compressed: a job comes every half a second and may take 6 s
instead of 90; with `real-` before KIND the product's own intervals stay.
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from apscheduler.schedulers import base
from apscheduler.schedulers.background import BackgroundScheduler

from bot import cli, jobs
from bot.app import Tierbot
from bot.cli import run
from bot.clock import SystemClock
from bot.jobs import Job
from db import schema
from tests.faults.worker import QUICK

FAST = timedelta(seconds=0.5)
# More on a busy machine, where the first jobs of a process that is not broken take longer.
PATIENCE = timedelta(seconds=float(os.environ.get("FAULT_PATIENCE", "6")))


def replace_jobs(by: Callable[[Job], Job]) -> None:
    vars(jobs)["JOBS"] = tuple(map(by, jobs.JOBS))


def compress() -> None:
    run.LOOK_SECONDS = 0.2
    replace_jobs(lambda job: replace(job, every=FAST, patience=PATIENCE))


def quick_options(**given: Any) -> Any:
    return replace(QUICK, watch_clock=given["watch_clock"])


def raise_in_jobs(broken: Path) -> None:
    """Every job raises."""
    work = jobs._work

    def fail(bot: Tierbot, job: Job) -> int:
        if broken.exists():
            raise MemoryError
        return work(bot, job)

    jobs._work = fail


def hang_in_sending(broken: Path) -> None:
    """Sending never ends."""

    def hang(work: Callable[[Tierbot], int], bot: Tierbot) -> int:
        if broken.exists():
            threading.Event().wait()
        return work(bot)

    replace_jobs(lambda job: replace(job, work=partial(hang, job.work)) if job.name == "deliver" else job)


def end_scheduler(broken: Path) -> None:
    """The scheduler's thread ends, while its `running` stays true."""
    process = BackgroundScheduler._process_jobs

    def die(self: BackgroundScheduler) -> Any:
        if broken.exists():
            raise SystemExit
        return process(self)

    BackgroundScheduler._process_jobs = die


def shift_clock(broken: Path) -> None:
    """The clock is wrong by the seconds in the file, the scheduler's too."""
    now = SystemClock.now

    def wrong(self: object) -> datetime:
        text = broken.read_text() if broken.exists() else ""
        return now(SystemClock()) + timedelta(seconds=float(text or 0))

    SystemClock.now = wrong  # type: ignore[method-assign]
    vars(base)["datetime"] = type("WrongTime", (datetime,), {"now": wrong})


def wait_longer(broken: Path) -> None:
    """Jobs may take longer: a migration holds the database's lock while they wait."""
    replace_jobs(lambda job: replace(job, patience=3 * PATIENCE))


def know_more(broken: Path) -> None:
    """A newer version, which has one revision more."""
    wait_longer(broken)
    schema.VERSIONS.append(broken.parent / "newer")
    vars(schema)["HEAD"] = "9999"


KINDS: dict[str, Callable[[Path], None]] = {
    "raises": raise_in_jobs,
    "hangs": hang_in_sending,
    "dies": end_scheduler,
    "shifted": shift_clock,
    "older": wait_longer,
    "newer": know_more,
    "none": lambda broken: None,
}


if __name__ == "__main__":
    kind, file = sys.argv[1:3]
    sys.argv[1:] = sys.argv[3:]
    if not kind.startswith("real-"):
        compress()
    vars(jobs)["WorkerOptions"] = quick_options
    KINDS[kind.removeprefix("real-")](Path(file))
    cli.main()
