"""Tierbot in separate processes: commands that end, and commands that run until they are stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

COMMAND_SECONDS = 90
_ALL = """\
import json, sys
from bot.cli import app
for command in json.loads(sys.argv[1]):
    app(command, standalone_mode=False)
"""
Found = TypeVar("Found")


def wait_until(found: Callable[[], Found | None], what: str, seconds: float) -> Found:
    """Poll until something is true and return it."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return value


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True)
class Running:
    """A process that runs until it is stopped. Its output goes to a file."""

    process: subprocess.Popen[bytes]
    log: Path
    file: IO[bytes]

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` has ended it."""
        return self.file.closed

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self, number: signal.Signals, seconds: float = 10) -> int:
        """Send a signal and wait; the exit code. A process that has not ended by then is killed, and fails."""
        if self.alive:
            os.kill(self.process.pid, number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"signal {number} did not end it within {seconds} s:\n{self.output()}"
            ) from None
        finally:
            self.file.close()


@dataclass(kw_only=True)
class Tierbot:
    """`python -m bot` in a folder without a `.env`, with these settings and no others."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    started: list[Running] = field(default_factory=list)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command; `finish` waits for it."""
        return self._begin("-m", "bot", *arguments)

    def _begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def finish(self, process: subprocess.Popen[str]) -> Done:
        try:
            out, err = process.communicate(timeout=COMMAND_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        return Done(code=process.returncode, out=out, err=err)

    def call(self, *arguments: str) -> Done:
        """Run a command to its end."""
        return self.finish(self.begin(*arguments))

    def manage(self, *arguments: str) -> str:
        """Run a command that must succeed; what it printed."""
        done = self.call(*arguments)
        assert done.code == 0, (
            f"tierbot {' '.join(arguments)} ended with {done.code}:\n{done.out}\n{done.err}"
        )
        return done.out

    def manage_all(self, *commands: list[str]) -> str:
        """Run commands that must succeed in one process, because starting one takes most of the time."""
        done = self.finish(self._begin("-c", _ALL, json.dumps(commands)))
        assert done.code == 0, f"{commands} ended with {done.code}:\n{done.out}\n{done.err}"
        return done.out

    def keep_running(self, *arguments: str) -> Running:
        """Start a command that runs until it is stopped."""
        log = self.folder / f"{arguments[0]}-{len(self.started)}.log"
        file = log.open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        running = Running(process=process, log=log, file=file)
        self.started.append(running)
        return running

    def end_all(self) -> None:
        """Kill what is still running, each process by its id."""
        for running in self.started:
            if running.alive:
                running.process.kill()
                running.process.wait()
            running.file.close()

    def _environment(self) -> dict[str, str]:
        names = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default", **self.settings}
