"""What every command shares: printing, progress, dates, and the wired bot."""

import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.clock import Clock
from bot.errors import N_, BadInput

if TYPE_CHECKING:  # --help loads nothing but this
    from bot.app import Tierbot
    from bot.services.access import Actor

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def announce(line: str) -> None:
    """A word on standard error, if it can be had: a full disk or a closed pipe ends no process that runs."""
    with suppress(OSError, SystemExit):  # rich ends the process over a broken pipe
        err.print(line)
        err.file.flush()


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Business date, as 2026-03-31.")]
SchemeName = Annotated[str | None, typer.Option("--scheme", help="A scheme file, or the name of a preset.")]


@contextmanager
def opened(*, clock: Clock | None = None, check_schema: bool = True) -> Iterator["Tierbot"]:
    """The wired bot, its database checked, closed afterwards."""
    from bot import settings as settings_module
    from bot.app import build, require_schema
    from bot.logs import configure

    settings = settings_module.load()
    configure(settings.log_level)
    bot = build(settings, clock=clock)
    try:
        if check_schema:
            require_schema(bot.database)
        yield bot
    finally:
        bot.close()


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error, when somebody is looking."""
    if not err.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn(title),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def whoami() -> str:
    return f"cli:{getpass.getuser()}"


def named_actor(bot: "Tierbot") -> "Actor":
    """Whoever may run commands on the machine, by the name of its account: decisions say who took them."""
    from bot.cli import presentation

    return replace(presentation.console_actor(bot.settings), name=whoami())


def to_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(N_("%(text)s is not a date. Write it as 2026-03-31."), text=text) from None


def table(columns: list[str], rows: list[list[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*[_unmarked(cell) for cell in row])
    return table


def _unmarked(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
