"""What people do, delivered oddly or while the database is locked: F12 and F13, with the real bot over Socket Mode."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from statistics import median
from typing import Any

from sqlalchemy import make_url

from bot.messages import Action
from db.engine import Database
from tests import factories
from tests.faults.ground import Ground
from tests.faults.report import Outcome
from tests.faults.slack import CHANNELS

USER, ROOM = "U0LINWEI", CHANNELS[0].id


@contextmanager
def _answering(ground: Ground) -> Iterator[str]:
    """`tierbot run --role web`, connected; gives the code of a customer its user may see."""

    def fill(database: Database) -> str:
        with database.write() as session:
            owner = factories.person(session, "LINWEI")
            customer = factories.customer(session, "Acme Pumps", owner_id=owner)
            factories.graded(session, {customer: "A"}, as_of=date(2026, 2, 28))
        return f"{ground.ask(f'SELECT code FROM customer WHERE id = {customer:d}')[0][0]}"  # noqa: S608

    code = ground.using(fill)
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "TIERBOT_DATA_DIR": str(ground.folder),
        "TIERBOT_DATABASE_URL": ground.url,
        "SLACK_BOT_TOKEN": "xoxb-local",
        "SLACK_APP_TOKEN": "xapp-local",
        "SLACK_API_URL": ground.slack.api_url,
        "TIERBOT_HEALTH_PORT": "0",
    }
    with (ground.folder / "log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--role", "web"], env=environment, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 60
        while not ground.slack.get("faults")["connected"] and time.monotonic() < until:
            time.sleep(0.1)
        yield code
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _ask(ground: Ground, code: str) -> Any:
    return ground.slack.post("command", user=USER, channel=ROOM, name="/tier", text=code)


def _messages(ground: Ground) -> list[Any]:
    found: list[Any] = ground.slack.get(f"messages?channel={ROOM}&viewer={USER}")["messages"]
    return found


def repeated(ground: Ground, *, quick: bool) -> Outcome:
    """F12: every press is delivered four times and some out of order; it has one effect."""
    presses = 5 if quick else 60
    refused = 0
    with _answering(ground) as code:
        ground.slack.switch(
            {"kind": "deliver_twice", "copies": 3, "methods": ["interactive"]},
            {"kind": "out_of_order", "probability": 0.2, "seconds": 0.2, "methods": ["interactive"]},
        )
        for _ in range(presses):
            _ask(ground, code)
            card = [message for message in _messages(ground) if message["only_for"] == USER][-1]
            pressed = ground.slack.post(
                "click", user=USER, channel=ROOM, ts=card["ts"], action_id=str(Action.SHARE)
            )
            refused += not pressed["ok"]
        time.sleep(2)
        shared = sum(message["only_for"] is None for message in _messages(ground))
        struck = ground.slack.struck()
    outcome = Outcome(
        figures={"presses": presses, "delivered": presses + 3 * struck["deliver_twice"], "effects": shared}
    )
    outcome.require(struck["deliver_twice"] > 0, "nothing was delivered twice")
    outcome.require(shared == presses, f"{shared} effects of {presses} presses")
    outcome.require(not refused, f"{refused} presses were refused")
    return outcome


def acknowledged(ground: Ground, *, quick: bool) -> Outcome:
    """F13: /tier is answered and presses are taken while another process holds the writer lock."""
    holds, seconds = (2, 1.0) if quick else (4, 5.0)
    asked: list[float] = []
    pressed: list[float] = []
    refused = 0
    file = make_url(ground.url).database or ""
    with _answering(ground) as code:
        _ask(ground, code)
        card = [message for message in _messages(ground) if message["only_for"] == USER][-1]
        for _ in range(holds):
            holder = sqlite3.connect(file, timeout=30, isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + seconds / 2
            while time.monotonic() < until:
                began = time.monotonic()
                refused += not _ask(ground, code)["ok"]
                asked.append(time.monotonic() - began)
            holder.execute("ROLLBACK")
            holder.close()
        for _ in range(holds):
            blocker = subprocess.Popen(
                [sys.executable, "-c", _HOLD, file, str(seconds)], stdout=subprocess.PIPE
            )
            assert blocker.stdout is not None
            blocker.stdout.readline()
            began = time.monotonic()
            refused += not ground.slack.post(
                "click", user=USER, channel=ROOM, ts=card["ts"], action_id=str(Action.SHARE)
            )["ok"]
            pressed.append(time.monotonic() - began)
            blocker.wait()
            blocker.stdout.close()
        time.sleep(1)
        shared = sum(
            message["only_for"] is None and not message.get("is_notice") for message in _messages(ground)
        )
    outcome = Outcome(
        figures={
            "commands": len(asked),
            "ack p50 s": round(median(asked), 3),
            "ack p99 s": round(sorted(asked)[int(len(asked) * 0.99)], 3),
            "presses": len(pressed),
            "done": shared,
            f"longest ack of a press, lock held {seconds} s": round(max(pressed), 2),
        }
    )
    outcome.require(shared == len(pressed), f"{shared} effects of {len(pressed)} presses")
    outcome.require(max(asked) < 1, f"a command was answered after {max(asked):.1f} s")
    outcome.require(max(pressed) < 3, f"a press was acknowledged after {max(pressed):.1f} s")
    outcome.require(not refused, f"{refused} were not acknowledged in time")
    return outcome


_HOLD = """\
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
held.execute("ROLLBACK")
"""
