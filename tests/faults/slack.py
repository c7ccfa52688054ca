"""The local workspace in a process of its own, and its control interface."""

import json
import os
import signal
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import PEOPLE
from bot.demo.workspace.records import Channel, User
from tests.faults.processes import end, spawn

Now = Callable[[], datetime]
CROWD = tuple(
    User(
        id=f"U0CROWD{number:03}",
        name=f"crowd{number:03}",
        real_name=f"Crowd {number}",
        email=f"crowd{number:03}@example.com",
    )
    for number in range(50)
)
CHANNELS = tuple(Channel(id=f"C0ROOM{number:03}", name=f"room-{number:03}") for number in range(100))


@dataclass(frozen=True)
class Arrived:
    """A message that Slack has stored, with its metadata."""

    id: int
    key: str
    channel: str
    ts: str
    text: str


class Slack:
    """A Slack that can fail, served by a process of its own until `close`."""

    def __init__(self, seed: int, now: Now | None = None) -> None:
        reading, writing = os.pipe()
        self.pid = spawn(lambda: _serve(seed, now, writing))
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.url = pipe.readline().strip()
        if not self.url:
            raise RuntimeError("the workspace did not start")

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def get(self, name: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/control/{name}", timeout=30) as answer:
            return json.load(answer)

    def post(self, name: str, /, **given: Any) -> Any:
        request = urllib.request.Request(f"{self.url}/control/{name}", json.dumps(given).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def switch(self, *faults: dict[str, Any]) -> None:
        """Switch on these faults and no others."""
        self.post("faults", clear=[], switch=list(faults), forget_rates=True)

    def struck(self) -> Counter[str]:
        return Counter(self.get("faults")["struck"])

    def late(self) -> int:
        return int(self.get("faults")["late"])

    def arrived(self) -> list[Arrived]:
        """Every stored message of ours, in order."""
        found = []
        for post in self.get("ledger")["posts"]:
            payload = (post["metadata"] or {}).get("event_payload") or {}
            found.append(
                Arrived(int(payload["id"]), str(payload["key"]), post["channel"], post["ts"], post["text"])
            )
        return found

    def rates(self) -> Any:
        return self.get("ledger")["rates"]

    def close(self) -> None:
        end(self.pid, signal.SIGTERM)


def _serve(seed: int, now: Now | None, writing: int) -> None:
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with Workspace(users=(*PEOPLE, *CROWD), channels=CHANNELS, now=now, seed=seed, control=True) as workspace:
        with os.fdopen(writing, "w") as pipe:
            pipe.write(f"{workspace.url}\n")
        ended.wait()
