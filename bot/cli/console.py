"""What every command shares: printing, progress, dates, and the wired bot.

Nothing else in this package prints: here the control characters of data are written out, so that none reaches a terminal.
"""

import csv
import getpass
import inspect
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bot import logs, settings
from bot.app import Tierbot, build, create_if_empty, require_schema, secrets_in
from bot.clock import Clock
from bot.errors import ENGLISH, N_, BadInput, BotError, NotFound, Phrase, ngettext, translated
from bot.logs import visible
from bot.masking import mask_values
from bot.services.access import Actor, actor_of
from bot.services.imports.read.cells.guards import harmless
from bot.settings import Settings
from bot.wording import catalogue
from bot.wording.rendering import MINUS
from db.address import without_secrets
from db.audit import Door
from db.book import people

_OUT = Console(highlight=False, emoji=False, soft_wrap=True)
_ERR = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

YEARS = range(1900, 2200)  # of days that somebody may mean
NARROW = 12  # a column whose cells are all at most so wide is not wrapped

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
_ACTING = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="EMAIL", help="The person who acts; without it, the operator of the machine."
    ),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print the list as CSV, with every column.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Business date, as 2026-03-31.")]


class _Speech:
    words = ENGLISH


class _Sight:
    masked = True


def show_personal() -> None:
    """Mask nothing in what this command prints from here on: who looks at it has been recorded."""
    _Sight.masked = False


def _seen(value: Any) -> Any:
    """What is to be printed, with the personal texts in it masked."""
    return mask_values(value) if _Sight.masked else value


def speak(language: str) -> None:
    """Say everything from here on in this language."""
    _Speech.words = ENGLISH if language == "en" else catalogue.catalogue(language)


def _(msgid: str, /, **values: Any) -> str:
    """A sentence in the installation's language."""
    return Phrase(msgid, **values).text(_Speech.words)


def in_language(value: Any) -> Any:
    """A phrase in the installation's language; any other value as it is."""
    return translated(value, _Speech.words)


def error_text(error: BotError) -> str:
    """An error's sentence in the installation's language."""
    return error.text(_Speech.words)


def is_chinese() -> bool:
    """Whether names of schemes are shown in Chinese."""
    return _Speech.words is not ENGLISH


def customers(count: int) -> Phrase:
    """So many customers."""
    return ngettext("%(count)s customer", "%(count)s customers", count)


def listed(parts: Iterable[Any]) -> str:
    """Words or phrases in a row."""
    return ("、" if is_chinese() else ", ").join(str(in_language(part)) for part in parts)


def say(*lines: str) -> None:
    """Print lines, phrases among them in the installation's language."""
    for line in lines:
        _OUT.print(visible(_seen(in_language(line))), markup=False)


def warn(*lines: str) -> None:
    """Print lines on standard error, phrases among them in the installation's language."""
    for line in lines:
        _ERR.print(visible(_seen(in_language(line))), markup=False)


def announce(line: str) -> None:
    """Print a line on standard error if possible: a full disk or a closed pipe must not end a process that runs."""
    with suppress(OSError, SystemExit):  # rich ends the process over a broken pipe
        warn(line)
        _ERR.file.flush()


@contextmanager
def opened(
    *, clock: Clock | None = None, check_schema: bool = True, create: bool = True
) -> Iterator[Tierbot]:
    """The wired bot, its database checked, closed afterwards.

    An empty database gets its tables first. Not with `create` off, for commands that only make sense with a database
    that is in use: there an empty one means a wrong folder or address.
    """
    bot = build(load_settings(), clock=clock)
    try:
        if check_schema:
            if create and create_if_empty(bot.database):
                warn(_("Created the database %(place)s.", place=_place(bot)))
            require_schema(bot.database)
        yield bot
    finally:
        bot.close()


def load_settings() -> Settings:
    """The settings; from here on the log and the language are theirs."""
    loaded = settings.load()
    logs.configure(loaded.log_level, secrets_in(loaded))
    speak(loaded.language)
    _Sight.masked = True
    return loaded


def _place(bot: Tierbot) -> str:
    """Where the database is, as its user would write it."""
    if not bot.database.is_sqlite:
        return without_secrets(bot.settings.url)
    file, here = bot.database.file.absolute(), Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error, if that is a terminal."""
    if not _ERR.is_terminal:
        yield None
        return
    columns = (
        TextColumn(visible(title), markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_ERR, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def operator() -> str:
    """The machine's account: who acts where no `--as` names a person."""
    return f"operator:{getpass.getuser()}"


def console_actor(settings: Settings) -> Actor:
    """The operator: who may run commands on the machine may see every customer."""
    return Actor(
        person_id=0,
        name=operator(),
        role="admin",
        team_id=None,
        led_teams=frozenset(),
        slack_user_id="",
        language=settings.language,
        timezone=settings.timezone,
        door=Door.COMMAND_LINE,
    )


class _Acting:
    email: str | None = None


def named_actor(bot: Tierbot) -> Actor:
    """The person that --as names, with their rights, else the operator. Raises NotFound for somebody not in the book."""
    if _Acting.email is None:
        return console_actor(bot.settings)
    with bot.database.read() as session:
        person = people.row_by_email(session, _Acting.email, bot.clock.now())
    if person is None:
        raise NotFound(
            N_("--as %(email)s: nobody in the book has this address. See: tierbot import people"),
            email=_Acting.email,
        )
    return replace(actor_of(person, bot.settings), door=Door.COMMAND_LINE, operator=operator())


def acts(command: Callable[..., None]) -> Callable[..., None]:
    """The command with --as, which names the person that `named_actor` gives."""

    @wraps(command)
    def with_person(*args: Any, acting: str | None = None, **given: Any) -> None:
        _Acting.email = acting
        command(*args, **given)

    signature = inspect.signature(command)
    option = inspect.Parameter("acting", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_ACTING)
    with_person.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), option]
    )
    return with_person


def to_day(text: str) -> date:
    """A date from an argument. Raises BadInput."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(N_("%(text)s is not a date. Write it as 2026-03-31."), text=text) from None
    if day.year not in YEARS:
        raise BadInput(
            N_("%(text)s is too far away. Choose a day from %(first)s to %(last)s."),
            text=text,
            first=YEARS[0],
            last=YEARS[-1],
        )
    return day


def utc(at: datetime) -> str:
    """An instant as it is printed."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table; None is an empty cell. On a terminal wide cells are wrapped; elsewhere each row is one line."""
    titles = list(columns)
    cells = [
        ["" if cell is None else _on_a_line(_seen(str(in_language(cell)))) for cell in row] for row in rows
    ]
    widths = [max(map(cell_len, column)) for column in zip(titles, *cells, strict=True)]
    if not _OUT.is_terminal:
        for row in [titles, *cells]:
            padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
            say("  ".join(padded).rstrip())
        return
    narrow = [width <= NARROW for width in widths]
    room = _OUT.width - sum(width + 2 for width, kept in zip(widths, narrow, strict=True) if kept)
    fits = room >= NARROW * narrow.count(False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, kept in zip(titles, narrow, strict=True):
        table.add_column(title, no_wrap=kept and fits, overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    _OUT.print(table, soft_wrap=False)


def _on_a_line(cell: str) -> str:
    return " ".join(visible(cell).splitlines())


def number(value: float | Decimal | None, form: str, unknown: str = "") -> str:
    """A number in a format of Python's, as people are shown it. What rounds to 0 has no sign."""
    if value is None:
        return unknown
    text = format(value, form)
    return text.replace("-", MINUS) if re.search("[1-9]", text) else text.lstrip("+-")


def print_records(rows: list[dict[str, Any]], as_csv: bool) -> None:
    """Print a list for scripts: as CSV, else as JSON."""
    if as_csv:
        _print_csv(rows)
    else:
        print_json(rows)


def _print_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    """The names of --json are the columns; lists are joined, and what is deeper is JSON."""
    found = _seen(list(rows))
    names = list(dict.fromkeys(name for row in found for name in row))
    if names:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_csv_cell(row.get(name)) for name in names] for row in found)
        print_text(text.getvalue())


def _csv_cell(value: Any) -> object:
    if isinstance(value, list | tuple) and not any(isinstance(one, dict | list | tuple) for one in value):
        value = "; ".join(map(str, value))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return harmless(value) if isinstance(value, str) else value


def print_json(value: Any) -> None:
    """Print a value for scripts; dates and decimals become text."""
    text = json.dumps(_seen(value), ensure_ascii=False, indent=2, default=str)
    # The same value for a script: JSON writes the lower control characters out itself.
    sys.stdout.write(re.sub(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", _json_escape, text) + "\n")


def _json_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def print_text(text: str) -> None:
    """Print a file's content as it is; on a terminal with its control characters written out."""
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)


_SHARED: dict[str, Any] = {
    "mapped": Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field."),
    ],
    "encoding": Annotated[str | None, typer.Option(help="Encoding, when it cannot be told.")],
    "delimiter": Annotated[str | None, typer.Option(help="Separator: comma, semicolon or tab.")],
    "header_line": Annotated[
        int | None,
        typer.Option("--header-line", metavar="LINE", min=1, help="The line of the header, below titles."),
    ],
    "date_order": Annotated[Any, typer.Option(help="dmy or mdy, when dates leave it open; ymd for 26/3/5.")],
    "century": Annotated[
        int | None,
        typer.Option(
            metavar="YEAR", help="First of the hundred years that years of two digits are from: 2000."
        ),
    ],
    "decimal": Annotated[
        Any, typer.Option("--decimal", help="point or comma, when numbers leave open what 1,234 means.")
    ],
    "accepted": Annotated[
        list[str] | None,
        typer.Option("--yes", metavar="FINDING", help="Accept what the file check asks."),
    ],
}


def reads_file(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options in the place of its parameter `reading`, which gets them as ImportOptions."""

    @wraps(command)
    def with_options(*args: Any, **given: Any) -> None:
        shared = {name: given.pop(name) for name in _SHARED}
        mapped, accepted = shared.pop("mapped"), shared.pop("accepted")
        from bot.services.imports.report import ImportOptions  # for commands that read a file only

        reading = ImportOptions(columns=columns_of(mapped or []), accepted=tuple(accepted or ()), **shared)
        command(*args, reading=reading, **given)

    signature = inspect.signature(command)
    parameters: list[inspect.Parameter] = []
    for one in signature.parameters.values():
        if one.name != "reading":
            parameters.append(one)
            continue
        parameters += (
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
            for name, annotation in _SHARED.items()
        )
    with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return with_options


def columns_of(pairs: list[str]) -> dict[str, str]:
    """Field -> column of --map."""
    columns = {}
    for pair in pairs:
        name, separator, column = pair.partition("=")
        if not separator or not name or not column:
            raise BadInput(N_("--map %(pair)s: write it as field=column."), pair=pair)
        columns[name.strip()] = column.strip()
    return columns
