"""L01: fifty people ask at once, while a large file is imported and Slack answers 429; then one of them floods."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from statistics import median
from threading import Event

from db.engine import Database
from tests import factories
from tests.faults.installation import Installation
from tests.faults.presses import ROOM, WAYS, answering
from tests.faults.report import Outcome
from tests.faults.slack import CROWD, Slack

PATIENCE = 3.0  # seconds until Slack says that the app did not respond
PAUSE = 2.0  # seconds between two questions of a person, on average
FLOOD = 8  # questions of one person that are under way at the same time
STORM = {"kind": "rate_limited", "probability": 0.3, "retry_after": "1"}


def crowd(installation: Installation, *, quick: bool) -> Outcome:
    """L01: how long acknowledgements take, over Socket Mode and over HTTP; each must come before Slack gives up."""
    outcome = Outcome(figures={})
    for way in WAYS:
        with installation.fresh(installation.seed) as here, answering(here, way, fill=_fill):
            _measure(here, way, outcome, quick=quick)
    return outcome


def _measure(here: Installation, way: str, outcome: Outcome, *, quick: bool) -> None:
    rows, seconds, messages = (2_000, 3.0, 20) if quick else (200_000, 30.0, 300)
    everybody = [user.id for user in CROWD]
    _note(outcome, f"{way}: alone", _ask(here.slack, everybody, seconds))
    orders = _orders(here.folder / "orders.csv", rows, Random(here.seed))
    here.slack.switch(STORM)
    here.enqueue(messages)
    with _running(here, "run", "--role", "worker"):
        began = time.monotonic()
        with _running(here, "import", "orders", str(orders), "--currency", "EUR") as importing:
            taken = _ask(here.slack, everybody, seconds, until=lambda: importing.poll() is not None)
        outcome.figures[f"{way}: import s"] = round(time.monotonic() - began)
        outcome.require(importing.returncode == 0, f"{way}: the import ended with {importing.returncode}")
        _note(outcome, f"{way}: beside an import and 429", taken)
    here.slack.switch()
    flooding, others = everybody[0], everybody[1:]
    with _flood(here.slack, flooding) as count:
        _note(outcome, f"{way}: beside one who floods", _ask(here.slack, others, seconds))
    outcome.figures[f"{way}: questions of the flood"] = len(count)


def _note(outcome: Outcome, what: str, taken: list[float]) -> None:
    """Figures of the seconds until acknowledgements; one that came too late breaks the promise."""
    taken.sort()
    outcome.figures |= {
        f"{what}: questions": len(taken),
        f"{what}: p50 s": round(median(taken), 3),
        f"{what}: p99 s": round(taken[int(len(taken) * 0.99)], 3),
    }
    late = sum(one >= PATIENCE for one in taken)
    outcome.require(not late, f"{what}: {late} questions were not acknowledged in time")


def _ask(slack: Slack, users: list[str], seconds: float, until: object = None) -> list[float]:
    """Every user asks now and then; the seconds until each acknowledgement."""
    end = time.monotonic() + seconds

    def person(number: int) -> list[float]:
        rng, taken = Random(number), []
        while time.monotonic() < end or (callable(until) and not until()):
            time.sleep(rng.uniform(0, 2 * PAUSE))
            taken.append(_seconds(slack, users[number], f"K{number:03}"))
        return taken

    with ThreadPoolExecutor(len(users)) as pool:
        return [one for taken in pool.map(person, range(len(users))) for one in taken]


def _seconds(slack: Slack, user: str, code: str) -> float:
    """How long the acknowledgement of a question takes; at least the patience of Slack where it never comes."""
    began = time.monotonic()
    answer = slack.post("command", user=user, channel=ROOM, name="/tier", text=code)
    return max(time.monotonic() - began, 0.0 if answer["ok"] else PATIENCE)


@contextmanager
def _flood(slack: Slack, user: str) -> Iterator[list[float]]:
    """One user asks without a pause, several times at once; the seconds that each took."""
    ended, taken = Event(), list[float]()

    def ask() -> None:
        while not ended.is_set():
            taken.append(_seconds(slack, user, "K000"))

    with ThreadPoolExecutor(FLOOD) as pool:
        for _ in range(FLOOD):
            pool.submit(ask)
        try:
            yield taken
        finally:
            ended.set()


@contextmanager
def _running(here: Installation, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with (here.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments], env=here.environment(), stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _fill(database: Database) -> str:
    """A person and a graded customer for everybody; the code of the first."""
    with database.write() as session:
        graded = {}
        for number, user in enumerate(CROWD):
            owner = factories.person(session, user.id.removeprefix("U0"))
            graded[factories.customer(session, f"Acme {number}", owner_id=owner, code=f"K{number:03}")] = "A"
        factories.graded(session, graded, as_of=date(2026, 2, 28))
    return "K000"


def _orders(path: Path, rows: int, rng: Random) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write("order_no,customer,date,amount\n")
        for number in range(rows):
            day = date(2025, 1 + number % 12, 1 + number % 28)
            file.write(
                f"S{number:07},K{rng.randrange(len(CROWD)):03},{day},{rng.randrange(100, 99_999) / 100}\n"
            )
    return path
