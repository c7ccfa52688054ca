"""The three walks of docs/architecture.md, taken through the real product and recorded call by call.

`python -m tests.walks` prints how many files each walk enters and how often it comes back to a file it had left;
`python -m tests.walks tier` prints every call of one of them.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from bot import jobs
from bot.clock import ShiftedClock, local_date
from bot.demo import controls, history, story
from bot.demo.book.files import SEED
from bot.demo.book.stories import write_new_orders
from bot.demo.workspace import StoredMessage
from bot.demo.workspace.default_team import ANNA_SCHMIDT
from bot.services.care.working_people import FirmTime
from bot.services.delivery import time_jump
from bot.wording.actions import Action

ROOT = Path(__file__).parent.parent
PRODUCT = ("bot/", "grading/", "db/")
DEMO = ("bot/demo/", "bot/server.py")  # the local Slack, and the server under it


@dataclass
class Walk:
    """Calls of product functions, the demo's own left out, in the order in which they began in any thread."""

    calls: list[tuple[str, str]] = field(default_factory=list)  # file, function
    recording: bool = False

    def record(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not self.recording:
            return
        code = frame.f_code
        if code.co_filename.startswith(str(ROOT)):
            file = code.co_filename.removeprefix(f"{ROOT}/")
            if file.startswith(PRODUCT) and not file.startswith(DEMO):
                self.calls.append((file, code.co_qualname))

    @property
    def files(self) -> list[str]:
        """Distinct files in the order in which they are entered."""
        return list(dict.fromkeys(file for file, _ in self.calls))

    @property
    def returns(self) -> int:
        """How often a file is entered again after another file was entered."""
        entered = [
            file
            for number, (file, _) in enumerate(self.calls)
            if file != self.calls[number - 1][0] or not number
        ]
        return len(entered) - len(self.files)


@dataclass
class Walker:
    """A running demo whose scheduler stands still, and the recorder of every thread started since."""

    demo: story.Demo
    walk: Walk
    anna: str

    def record(self, *steps: Callable[[], Any]) -> Walk:
        """The calls of some steps, one after the other."""
        self.walk.calls = []
        self.walk.recording = True
        sys.setprofile(self.walk.record)
        try:
            for step in steps:
                step()
        finally:
            sys.setprofile(None)
            self.walk.recording = False
        return Walk(calls=self.walk.calls)

    def ask(self) -> None:
        workspace = self.demo.workspace
        assert workspace.command(self.anna, workspace.dm(self.anna), "/tier", "ACME").ok

    def new_orders(self, name: str) -> Callable[[], None]:
        """A step that imports orders which move a customer, grades it again and sends the alert."""
        bot = self.demo.bot
        folder = Path(bot.settings.data_dir)
        today = local_date(bot.clock.now(), bot.settings.zone)
        path = write_new_orders(folder / "book", today=today, seed=SEED, story=name)

        def bring() -> None:
            history.import_rows(bot, path)
            jobs.regrade(bot)
            jobs.deliver(bot)
            jobs.drain(bot)

        return bring

    def next_morning(self) -> None:
        """Let a day pass and plan its care, without reminding anybody yet."""
        bot = self.demo.bot
        assert isinstance(bot.clock, ShiftedClock)
        before = bot.clock.now()
        working = FirmTime.of(bot.settings).working_time(before)
        morning = controls.morning_after(before, 1, [working], [bot.settings.zone])
        bot.clock.advance(morning - before + timedelta(hours=9))
        time_jump.catch_up(bot.database, bot.clock)
        jobs.plan_care(bot)

    def remind(self) -> None:
        jobs.remind(self.demo.bot)
        jobs.deliver(self.demo.bot)
        jobs.drain(self.demo.bot)  # the pace lets three go at once

    def press_done(self) -> None:
        workspace = self.demo.workspace
        user, message, block, element = next(self._reminders())
        before = message.blocks
        value = element["options"][0]["value"] if "options" in element else None
        pressed = element["action_id"]
        assert workspace.click(user, message, pressed, value, block_id=block.get("block_id")).ok
        workspace.wait_for(lambda: self._blocks(user, message.ts) != before, 30)

    def _blocks(self, user: str, ts: str) -> Any:
        workspace = self.demo.workspace
        return next(one.blocks for one in workspace.messages(workspace.dm(user), user) if one.ts == ts)

    def _reminders(self) -> Iterator[tuple[str, StoredMessage, dict[str, Any], dict[str, Any]]]:
        workspace = self.demo.workspace
        for user in workspace.state.users.values():
            for message in reversed(workspace.messages(workspace.dm(user.id), user.id)):
                for block in message.blocks or []:
                    for element in block.get("elements") or []:
                        if element.get("action_id") in (Action.DONE, Action.DONE_AS):
                            yield user.id, message, block, element


@contextmanager
def walker() -> Iterator[Walker]:
    """Threads that the demo starts are recorded from their first call on; this one only in a walk, because it is slow."""
    walk = Walk()
    threading.setprofile(walk.record)
    try:
        with tempfile.TemporaryDirectory() as folder:
            demo = story.start(Path(folder) / "demo")
            try:
                demo.scheduler.shutdown(wait=True)  # a job that runs meanwhile is no part of a walk
                demo.scheduler.start(paused=True)  # for `stop`
                demo.connection.reports.end()
                yield Walker(demo=demo, walk=walk, anna=ANNA_SCHMIDT.id)
            finally:
                demo.stop()
    finally:
        threading.setprofile(None)


def take_all() -> dict[str, Walk]:
    """Each walk once, after one of its kind that is not recorded: what is loaded once is no part of it."""
    with walker() as here:
        here.ask()
        walks = {"tier": here.record(here.ask)}
        here.new_orders("big_return")()
        walks["alert"] = here.record(here.new_orders("acme_wins"))
        here.next_morning()
        here.remind()
        here.press_done()
        here.next_morning()
        walks["done"] = here.record(here.remind, here.press_done)
        return walks


if __name__ == "__main__":
    taken = take_all()
    for name, one in taken.items():
        print(f"{name}: {len(one.files)} files, {one.returns} returns, {len(one.calls)} calls")
    for name in sys.argv[1:]:
        print(*(f"{file} {function}" for file, function in taken[name].calls), sep="\n")
