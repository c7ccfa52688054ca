"""Time from start to the first answer, imports, and peak memory of each kind of process.

The processes are real: `tierbot run` against the local Slack server over Socket Mode, and commands of the CLI.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from bot.demo.workspace import Command, Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, GENERAL, PEOPLE
from bot.slack.manifest import COMMANDS
from tests.bench import books
from tests.bench.measurement import Table
from tests.e2e.processes import Running, Tierbot, wait_until

HEAVY = [
    "pandas",
    "numpy",
    "sqlmodel",
    "sqlalchemy.orm",
    "slack_bolt",
    "slack_sdk",
    "jinja2",
    "apscheduler",
    "alembic",
    "babel",
    "rapidfuzz",
]
HEAVY += ["pypinyin", "opencc", "starlette", "uvicorn", "rich.table", "psycopg"]
READY = "Tierbot is running"
SECONDS = 120


def main(small: bool) -> list[Table]:
    customers, rounds = (60, 1) if small else (2_000, 5)
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name:
        folder = Path(name)
        books.create(f"sqlite:///{folder / 'book.db'}", customers=customers, seed=1)
        typed = [Command(name=c.name, usage_hint=c.usage, description=c.description) for c in COMMANDS]
        with Workspace(users=PEOPLE, channels=CHANNELS, commands=typed) as workspace:
            settings = {
                "TIERBOT_DATABASE_URL": f"sqlite:///{folder / 'book.db'}",
                "SLACK_API_URL": workspace.api_url,
                "SLACK_BOT_TOKEN": "xoxb-local",
                "SLACK_APP_TOKEN": "xapp-local",
                "TIERBOT_HEALTH_PORT": "0",
            }
            bot = Tierbot(folder=folder, settings=settings)
            try:
                return [commands(bot, rounds), starts(workspace, bot, rounds), imports(workspace, bot)]
            finally:
                bot.end_all()


def commands(bot: Tierbot, rounds: int) -> Table:
    """Seconds of whole commands, in turn with a Python that does nothing."""
    table = Table(
        title=f"Commands, {rounds} rounds in turn",
        columns=("what", "s (median)", "beside bare Python", "heavy imports"),
    )
    variants: dict[str, list[str]] = {
        "python -c pass": ["-c", "pass"],
        "tierbot --help": ["-m", "bot", "--help"],
        f"tierbot tier {books.code(1)}": ["-m", "bot", "tier", books.code(1)],
    }
    times: dict[str, list[float]] = {what: [] for what in variants}
    for _ in range(rounds):
        for what, arguments in variants.items():
            begin = time.perf_counter()
            python(bot, *arguments)
            times[what].append(time.perf_counter() - begin)
    bare = statistics.median(times["python -c pass"])
    for what, arguments in variants.items():
        seconds = statistics.median(times[what])
        loaded = heavy(python(bot, "-X", "importtime", *arguments))
        table.add(what, f"{seconds:.2f}", f"{seconds / bare:.1f}", ", ".join(loaded) or "none")
    return table


def starts(workspace: Workspace, bot: Tierbot, rounds: int) -> Table:
    """Seconds until a process is connected and has answered, and its peak memory."""
    table = Table(
        title="Start-up to first answer, and peak memory of a process",
        columns=("process", "ready s (median)", "first answer s (median)", "peak MiB"),
    )
    for role in ("all", "web", "worker"):
        ready, answered, peak = [], [], 0.0
        for _ in range(rounds if role == "all" else 1):
            begin = time.perf_counter()
            process = bot.keep_running("run", "--role", role)
            wait_until(partial(says, process, READY), f"{role} ready", SECONDS)
            ready.append(time.perf_counter() - begin)
            if role != "worker":
                ask(workspace)
                answered.append(time.perf_counter() - begin)
            time.sleep(2)  # what the first ticks take
            peak = max(peak, peak_of(process.process.pid))
            process.process.kill()
            process.process.wait()
            workspace.disconnect_app()
        first = f"{statistics.median(answered):.2f}" if answered else "answers nobody"
        table.add(f"tierbot run --role {role}", f"{statistics.median(ready):.2f}", first, f"{peak:.0f}")
    return table


def imports(workspace: Workspace, bot: Tierbot) -> Table:
    """When `tierbot run` imports heavy modules."""
    profiled = Tierbot(folder=bot.folder, settings={**bot.settings, "PYTHONPROFILEIMPORTTIME": "1"})
    try:
        process = profiled.keep_running("run")
        wait_until(lambda: says(process, READY), "ready", SECONDS)
        before = process.output().split(READY)[0]
        ask(workspace)
        after = process.output().split(READY)[1]
    finally:
        profiled.end_all()
    table = Table(title="What tierbot run imports when", columns=("when", "heavy modules"))
    table.add("until it is connected", ", ".join(heavy(before)))
    table.add(
        "until the first answer",
        ", ".join(name for name in heavy(after) if name not in heavy(before)) or "none",
    )
    return table


def ask(workspace: Workspace) -> None:
    outcome = workspace.command(ANNA_SCHMIDT.id, GENERAL.id, "/tier", books.code(1))
    if not outcome.ok:
        raise RuntimeError(f"no answer: {outcome}")


def says(process: Running, text: str) -> bool:
    if not process.alive:
        raise RuntimeError(process.output())
    return text in process.output()


def heavy(log: str) -> list[str]:
    """The heavy modules in a log of -X importtime."""
    named = {line.rsplit("|", 1)[-1].strip() for line in log.splitlines() if line.startswith("import time:")}
    return [name for name in HEAVY if name in named]


def python(bot: Tierbot, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=bot.folder,
        env=bot._environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return done.stderr


def peak_of(pid: int) -> float:
    """MiB, by the kernel's own mark; 0 where there is none."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024
