"""Presses that are delivered repeatedly, under a lock or over a broken connection: F12, F13 and S01.

With real processes of the bot, over Socket Mode and over signed HTTP.
"""

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from bot.wording.actions import Action
from db.engine import Database
from tests import factories
from tests.faults.installation import Installation
from tests.faults.processes import wait_until
from tests.faults.report import Outcome
from tests.faults.slack import CHANNELS

USER, ROOM = "U0LINWEI", CHANNELS[0].id
SECRET = "local-signing-secret"
WAYS = ("socket", "http")


@dataclass(kw_only=True)
class Office:
    """Processes of `tierbot run --role web`, and the code of a customer its user may see."""

    installation: Installation
    way: str
    code: str
    ports: list[int] = field(default_factory=list)
    health_ports: list[int] = field(default_factory=list)

    def page(self, name: str) -> tuple[int, str]:
        """Status and text of a page of the newest process; 0 when there is none."""
        try:
            with urlopen(f"http://127.0.0.1:{self.health_ports[-1]}/{name}", timeout=60) as answer:
                return answer.status, answer.read().decode().strip()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode().strip()
        except OSError:
            return 0, ""

    def ask(self) -> Any:
        return self.installation.slack.post("command", user=USER, channel=ROOM, name="/tier", text=self.code)

    def messages(self) -> list[Any]:
        found: list[Any] = self.installation.slack.get(f"messages?channel={ROOM}&viewer={USER}")["messages"]
        return found

    def card(self) -> Any:
        """A new card that waits for *Post*; the answer to an earlier press may come after it."""
        self.ask()
        card = [message for message in self.messages() if str(Action.SHARE) in str(message["blocks"])][-1]
        self.click(card, Action.SHARE)
        wait_until(lambda: str(Action.POST) in str(self._now(card)["blocks"]), 40, 0.02)
        return card

    def share(self, card: Any) -> Any:
        return self.click(card, Action.POST)

    def click(self, card: Any, action: Action) -> Any:
        return self.installation.slack.post(
            "click", user=USER, channel=ROOM, ts=card["ts"], action_id=str(action)
        )

    def _now(self, card: Any) -> Any:
        return next(message for message in self.messages() if message["ts"] == card["ts"])

    def shared(self) -> int:
        return sum(message["only_for"] is None for message in self.messages())

    def notices(self) -> int:
        """How often Slack notified the person that the bot did not respond."""
        return sum(message["user"] == "USLACKBOT" for message in self.messages())

    def settle(self, shared: int) -> None:
        """Wait until so many cards are shared, and a second longer for one too many."""
        wait_until(lambda: self.shared() >= shared, 40, 0.02)
        time.sleep(1)


def _fill(database: Database) -> str:
    with database.write() as session:
        owner = factories.person(session, "LINWEI")
        customer = factories.customer(session, "Acme Pumps", owner_id=owner, code="K1")
        factories.graded(session, {customer: "A"}, as_of=date(2026, 2, 28))
    return "K1"


@contextmanager
def answering(
    installation: Installation,
    way: str = "socket",
    processes: int = 1,
    fill: Callable[[Database], str] = _fill,
) -> Iterator[Office]:
    """Processes that answer; `fill` puts people and customers into the book and gives the code of a customer."""
    office = Office(installation=installation, way=way, code=installation.using(fill))
    with ExitStack() as stack:
        for _ in range(processes):
            stack.enter_context(running(office))
        if way == "socket":
            wait_until(lambda: installation.slack.get("faults")["connected"] >= processes, 60)
        else:
            wait_until(lambda: all(map(_listens, office.ports)), 60)
            installation.slack.post(
                "delivery", request_url=f"http://127.0.0.1:{office.ports[0]}/slack/events"
            )
        yield office


@contextmanager
def running(office: Office, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of `tierbot run --role web` with further settings, from when it starts until it has ended."""
    installation = office.installation
    office.health_ports.append(_free_port())
    environment = installation.environment(TIERBOT_HEALTH_PORT=str(office.health_ports[-1]), **more)
    if office.way == "socket":
        environment["SLACK_APP_TOKEN"] = "xapp-local"
    else:
        office.ports.append(_free_port())
        environment |= {"SLACK_SIGNING_SECRET": SECRET, "TIERBOT_PORT": str(office.ports[-1])}
    with (installation.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--role", "web"], env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def repeated_presses(installation: Installation, *, quick: bool) -> Outcome:
    """F12: every press is delivered four times, some out of order; it has one effect.

    Over Socket Mode the copies go to another process; over HTTP they are exact replays of the signed request.
    """
    outcome = Outcome(figures={})
    for way in WAYS:
        with (
            installation.fresh(installation.seed) as here,
            answering(here, way, 2 if way == "socket" else 1) as office,
        ):
            _repeat(office, outcome, 5 if quick else 60)
    return outcome


def _repeat(office: Office, outcome: Outcome, presses: int) -> None:
    slack, refused, twice = office.installation.slack, 0, 0
    slack.switch(
        {"kind": "deliver_twice", "copies": 3, "methods": ["interactive"]},
        {"kind": "out_of_order", "probability": 0.2, "seconds": 0.2, "methods": ["interactive"]},
    )
    for number in range(presses):
        card = office.card()
        refused += not office.share(card)["ok"]
        if number % 5 == 0:  # a double click, unless the first one has removed the button
            with suppress(HTTPError):
                refused += not office.share(card)["ok"]
                twice += 1
    office.settle(presses)
    struck, shared = slack.struck()["deliver_twice"], office.shared()
    way = office.way
    outcome.figures |= {
        f"{way}: presses": presses,
        f"{way}: double clicks": twice,
        f"{way}: delivered": presses + twice + 3 * struck,
        f"{way}: effects": shared,
    }
    outcome.require(struck > 0, f"{way}: nothing was delivered twice")
    outcome.require(shared == presses, f"{way}: {shared} effects of {presses} presses")
    outcome.require(not refused and not office.notices(), f"{way}: {refused} presses were refused")


def locked_presses(installation: Installation, *, quick: bool) -> Outcome:
    """F13: /tier and presses are acknowledged at once while another process holds a lock they need."""
    outcome = Outcome(figures={})
    for way in WAYS:
        with installation.fresh(installation.seed) as here, answering(here, way) as office:
            _press_under_locks(office, outcome, quick=quick)
    return outcome


def _press_under_locks(office: Office, outcome: Outcome, *, quick: bool) -> None:
    holds, seconds, at_a_time = (2, 1.0, 3) if quick else (4, 5.0, 10)
    asked: list[float] = []
    pressed: list[float] = []
    refused = 0
    for _ in range(holds):
        cards = [office.card() for _ in range(at_a_time)]
        with held(office.installation.url):
            until = time.monotonic() + seconds
            while time.monotonic() < until or cards:
                if cards:
                    pressed.append(time.monotonic())
                    refused += not office.share(cards.pop())["ok"]
                    pressed[-1] = time.monotonic() - pressed[-1]
                asked.append(time.monotonic())
                refused += not office.ask()["ok"]
                asked[-1] = time.monotonic() - asked[-1]
                time.sleep(0.01)
        office.settle(len(pressed))
    way, shared = office.way, office.shared()
    for what, taken in (("command", asked), ("press", pressed)):
        taken.sort()
        outcome.figures |= {
            f"{way}: {what} count": len(taken),
            f"{way}: {what} ack p50 s": round(median(taken), 3),
            f"{way}: {what} ack p99 s": round(taken[int(len(taken) * 0.99)], 3),
        }
        outcome.require(taken[-1] < 1, f"{way}: a {what} was acknowledged after {taken[-1]:.1f} s")
    outcome.figures[f"{way}: lock held s"] = seconds
    outcome.require(shared == len(pressed), f"{way}: {shared} effects of {len(pressed)} presses")
    outcome.require(not refused, f"{way}: {refused} were not acknowledged in time")


@contextmanager
def held(url: str, table: str = "inbox") -> Iterator[None]:
    """Another process holds SQLite's writer lock, or on PostgreSQL a table: by default the one every press writes to."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        holder = sqlite3.connect(address.database or "", timeout=30, isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
        finally:
            holder.close()
        return
    with psycopg.connect(
        address.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        connection.execute(SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(Identifier(table)))
        yield
        connection.rollback()


BREAKS = {
    "socket_reset": 2,
    "socket_stall": 6,
    "socket_garbage": 2,
    "socket_broken": 2,
}  # kind -> most seconds


def broken_connections(installation: Installation, *, quick: bool) -> Outcome:
    """S01: every Socket Mode connection is broken at once; how long until a command is answered again."""
    outcome = Outcome(figures={})
    with answering(installation) as office:
        office.ask()
        for kind, most in BREAKS.items():
            taken = [_seconds_until_answered(office, kind) for _ in range(1 if quick else 10)]
            outcome.figures[f"{kind} s"] = f"{median(taken):.1f}, at most {max(taken):.1f}"
            outcome.require(max(taken) < most, f"after {kind} no answer for {max(taken):.1f} s")
    return outcome


def _seconds_until_answered(office: Office, kind: str) -> float:
    """People ask five times a second: one whose command is lost waits for three seconds."""
    answered = Event()

    def ask() -> None:
        if office.ask()["ok"]:
            answered.set()

    with ThreadPoolExecutor(200) as people:
        office.installation.slack.post("faults", strike=[{"kind": kind}])
        began = time.monotonic()
        for _ in range(150):
            people.submit(ask)
            if answered.wait(0.2):
                break
        return time.monotonic() - began
