"""The command line: the only module that prints.

Exit codes: 0 done; 1 a fault of ours; 2 input or settings are wrong; 3 not found; 4 not allowed; 5 done already or by
somebody else; 6 something must be set up first; 7 rows were rejected and --strict was given.
"""

import getpass
import json
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.table import Table

from bot import settings as settings_module
from bot.app import Tierbot, build, require_schema
from bot.clock import Clock, FixedClock, local_date
from bot.errors import N_, BadInput, BotError, NotFound
from bot.logs import configure
from db import schema

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Customer tiering in Slack: ask for a tier, be reminded of care, hear of tier changes.",
)
import_app = typer.Typer(no_args_is_help=True, help="Bring data in from CSV files, and take it back.")
scheme_app = typer.Typer(no_args_is_help=True, help="Check grading schemes, or have one proposed.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(import_app, name="import")
app.add_typer(scheme_app, name="scheme")
app.add_typer(db_app, name="db")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Business date, as 2026-03-31.")]
SchemeName = Annotated[str | None, typer.Option("--scheme", help="A scheme file, or the name of a preset.")]


def main() -> None:
    """Run a command; every error becomes one sentence and an exit code."""
    configure("info")  # until the settings say otherwise: structlog's own way shows the values of variables
    try:
        app()
    except BotError as error:
        err.print(error.text(), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        reference = secrets.token_hex(4)
        structlog.get_logger().error("cli.failed", reference=reference, exc_info=error)
        err.print(
            f"Something went wrong inside Tierbot. The log above has the details, reference {reference}."
        )
        sys.exit(1)


@contextmanager
def opened(*, clock: Clock | None = None, check_schema: bool = True) -> Iterator[Tierbot]:
    """The wired bot, its database checked, closed afterwards."""
    settings = settings_module.load()
    configure(settings.log_level)
    bot = build(settings, clock=clock)
    try:
        if check_schema:
            require_schema(bot.database)
        yield bot
    finally:
        bot.close()


@app.command()
def run() -> None:
    """Answer in Slack, remind and alert, until stopped. Brings the database up to date first."""
    from bot import jobs
    from bot.slack.gateway import web_client
    from bot.slack.server import bolt_app, connect

    with opened(check_schema=False) as bot:
        if bot.settings.slack_bot_token is None:
            raise BadInput(N_("SLACK_BOT_TOKEN is not set. Take it from your Slack app's page, under OAuth."))
        schema.upgrade(bot.database)
        bot.gateway.check_token()
        _warm_up(bot)
        slack = bolt_app(bot.desk, web_client(bot.settings), lambda: f"{bot.chance.getrandbits(32):08x}")
        connection = connect(slack, bot.desk)
        scheduler = jobs.scheduler(bot)
        scheduler.start()
        err.print("Tierbot is running. Ctrl+C stops it.")
        _until_stopped()
        scheduler.shutdown(wait=True)
        connection.close()


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the page on 127.0.0.1.")] = 8137,
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo's files go; an earlier demo in it is emptied.")
    ] = None,
) -> None:
    """Try everything in a local workspace: no Slack account, no network, invented data."""
    from bot.demo import story

    configure("warning")
    err.print("Setting up the local workspace …")
    running = story.start(folder, port=port, say=lambda line: err.print(line, markup=False))
    out.print(f"\nOpen {running.workspace.url} and type /tier ACME. Ctrl+C ends the demo.", markup=False)
    _until_stopped()
    running.stop()


@app.command()
def tick(
    at: Annotated[
        str | None, typer.Option(help="Act as if it were this time, e.g. 2026-03-31T09:00+08:00.")
    ] = None,
) -> None:
    """One pass over everything due, then stop: what cron would call."""
    from bot import jobs

    with opened(clock=FixedClock(_instant(at)) if at else None) as bot:
        done = jobs.tick(bot)
        out.print(", ".join(f"{name} {count}" for name, count in done.items()), markup=False)


@app.command()
def grade(
    scheme: SchemeName = None,
    as_of: AsOf = None,
    purpose: Annotated[str, typer.Option(help="account, prospect or credit.")] = "account",
    dry_run: Annotated[bool, typer.Option(help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Grade the whole book. With --scheme, that scheme is put in force from the day graded."""
    from bot.services import grading, schemes

    with opened() as bot:
        now = bot.clock.now()
        today = local_date(now, bot.settings.zone)
        day = _day(as_of) if as_of else None
        if scheme is not None:
            if dry_run:
                raise BadInput(
                    N_("--dry-run shows the scheme in force. Grade with --scheme first, or leave one out.")
                )
            file = schemes.find(scheme, bot.settings.schemes_dir)
            purpose = schemes.purpose(file.scheme)
            with bot.database.write() as session:
                schemes.put_in_force(
                    session, file, actor=_actor(), effective_from=day or grading.default_day(today), now=now
                )
        with _progress("Grading") as progress:
            report = grading.grade_book(
                bot.database,
                bot.shelf,
                for_purpose=purpose,
                as_of=day,
                today=today,
                now=now,
                tell=bot.tell,
                dry_run=dry_run,
                progress=progress,
            )
        if as_json:
            _print_json(grading.report_json(report))
            return
        out.print(
            f"{report.kind.capitalize()} as of {report.as_of} with {report.scheme} version {report.scheme_version}:"
            f" {report.customers:,} customers."
        )
        out.print(_table(["tier", "customers"], [[tier, f"{n:,}"] for tier, n in report.tiers.items()]))
        if report.unreadable_facts:
            err.print(
                f"{report.unreadable_facts} recorded facts do not fit their field's type and count as missing."
            )
        if report.silent:
            out.print("First grading: nobody was alerted.")
        else:
            out.print(f"{len(report.changes)} customers changed tier, {report.told} messages go out.")
            if dry_run and report.changes:
                out.print(
                    _table(
                        ["customer", "from", "to"],
                        [list(row) for row in grading.named_changes(bot.database, report)],
                    )
                )


@app.command()
def tier(
    name: Annotated[str, typer.Argument(help="Code, name, part of a name, or pinyin.")],
    as_json: AsJson = False,
) -> None:
    """What /tier NAME would answer an admin."""
    from bot.messages import TierCard
    from bot.services import lookup, present

    with opened() as bot:
        actor = present.console_actor(bot.settings)
        message = lookup.answer(bot.database, bot.shelf, bot.rules, actor, name)
        if as_json:
            if isinstance(message, TierCard):
                _print_json(lookup.explained(bot.database, bot.shelf, actor, message))
            else:
                _print_json(present.listed(message))
        else:
            out.print(present.as_text(bot.gateway.slots(message, bot.settings.language)), markup=False)
        if not present.is_answer(message):
            sys.exit(NotFound.exit_code)


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="CSV: code, name, one column per field of the scheme.")],
    scheme: Annotated[str, typer.Option(help="A scheme file, or the name of a preset.")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Business date, as 2026-03-31.")],
    strict: Annotated[bool, typer.Option(help="Exit with 7 when rows were rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Grade a flat table without a database."""
    from bot.services import flat, schemes

    settings = settings_module.load()
    configure(settings.log_level)
    chosen = schemes.find(scheme, settings.schemes_dir)
    report = flat.score_table(file, chosen.scheme, _day(as_of))
    for line in report.rejected:
        err.print(f"rejected: {line}", markup=False)
    if report.ignored:
        err.print(f"ignored columns: {', '.join(report.ignored)}", markup=False)
    if as_json:
        _print_json(report.customers)
    else:
        rows = [
            [
                item["code"],
                item["name"],
                item["tier"],
                "" if item["score"] is None else f"{item['score']:.{chosen.scheme.display_decimals}f}",
                f"{item['coverage']:.0%}",
                ", ".join(item["gates"]),
            ]
            for item in report.customers
        ]
        out.print(_table(["code", "name", "tier", "score", "coverage", "gates"], rows))
    if strict and report.rejected:
        sys.exit(7)


@app.command()
def check() -> None:
    """Read settings, schemes, care plan, templates and database; say every problem, and what is not applied yet."""
    from bot.services import checks

    found = checks.check_all()
    for notice in found.notices:
        out.print(f"note: {notice}", markup=False)
    for problem in found.problems:
        err.print(problem, markup=False)
    if found.problems:
        err.print(f"{len(found.problems)} problem{'s' if len(found.problems) > 1 else ''}.")
        sys.exit(BadInput.exit_code)
    out.print("Everything that was checked is in order.")


@app.command()
def manifest(
    http: Annotated[
        str | None, typer.Option(help="Request URL, for HTTP mode instead of Socket Mode.")
    ] = None,
) -> None:
    """The app manifest to paste where Slack asks for one."""
    from bot.slack.manifest import manifest as build_manifest

    _print_json(build_manifest(socket_mode=http is None, request_url=http or ""))


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Create the tables, or bring them up to date."""
    with opened(check_schema=False) as bot:
        before = schema.current(bot.database)
        schema.upgrade(bot.database)
        after = schema.current(bot.database)
        out.print(
            f"Database at revision {after}."
            if before == after
            else f"Database: {before or 'empty'} → {after}."
        )


@scheme_app.command("check")
def scheme_check(
    names: Annotated[list[str] | None, typer.Argument(help="Files or preset names; none: all.")] = None,
) -> None:
    """Read schemes and report every problem with file, line, key and remedy."""
    from bot.services import checks

    settings = settings_module.load()
    found = checks.check_schemes(names or [], settings.schemes_dir)
    for notice in found.notices:
        out.print(f"note: {notice}", markup=False)
    for problem in found.problems:
        err.print(problem, markup=False)
    if found.problems:
        sys.exit(BadInput.exit_code)
    out.print(f"{found.read} schemes are in order.")


@scheme_app.command("propose")
def scheme_propose(
    preset: Annotated[str, typer.Argument(help="The preset to start from, e.g. orders_only.")],
    as_of: AsOf = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="File to write; without it the scheme is printed.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite the file.")] = False,
) -> None:
    """Write a scheme whose money and count knots come from your own customers' quantiles."""
    from bot.services import proposing

    with opened() as bot:
        day = _day(as_of) if as_of else None
        today = local_date(bot.clock.now(), bot.settings.zone)
        text = proposing.propose_scheme(
            bot.database, preset, bot.settings.schemes_dir, as_of=day, today=today
        )
    if target is None:
        sys.stdout.write(text)
        return
    if target.exists() and not force:
        raise BadInput(N_("%(file)s exists already. Choose another name, or --force."), file=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    out.print(f"Wrote {target}. Read it, change what you know better, then: tierbot grade --scheme {target}")


def _import_command(kind: str) -> Callable[..., None]:
    def bring_in(
        file: Annotated[Path, typer.Argument(help="The CSV file.")],
        source: Annotated[
            str, typer.Option(help="Which system it comes from; keys are unique per source.")
        ] = "file",
        mapped: Annotated[
            list[str] | None,
            typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field."),
        ] = None,
        currency: Annotated[str | None, typer.Option(help="ISO currency, where the file has none.")] = None,
        encoding: Annotated[str | None, typer.Option(help="Encoding, when it cannot be told.")] = None,
        delimiter: Annotated[str | None, typer.Option(help="Separator: comma, semicolon or tab.")] = None,
        date_order: Annotated[Any, typer.Option(help="dmy or mdy, when dates leave it open.")] = None,
        create_customers: Annotated[
            bool, typer.Option(help="Orders: make a customer of each unknown code.")
        ] = False,
        dry_run: Annotated[bool, typer.Option(help="Only show what would happen.")] = False,
        strict: Annotated[bool, typer.Option(help="Exit with 7 when rows were rejected.")] = False,
        as_json: AsJson = False,
    ) -> None:
        from bot.services import imports, present

        with opened() as bot:
            options = imports.ImportOptions(
                source=source,
                columns=_mapping(mapped or []),
                currency=currency,
                encoding=encoding,
                delimiter={"comma": ",", "semicolon": ";", "tab": "\t"}.get(delimiter or "", delimiter),
                date_order=date_order,
                dry_run=dry_run,
                create_customers=create_customers,
            )
            with _progress(f"Importing {kind}") as progress:
                report = imports.import_file(
                    bot.database,
                    kind=kind,
                    path=file,
                    clock=bot.clock,
                    actor=_actor(),
                    options=options,
                    rejects_dir=bot.settings.data_dir / "rejects",
                    progress=progress,
                )
        if as_json:
            _print_json(present.import_json(report))
        else:
            for line in present.import_lines(report):
                out.print(line, markup=False)
        if strict and report.rejected:
            sys.exit(7)

    bring_in.__doc__ = f"Bring in {kind} from a CSV file."
    return bring_in


for _kind in ("customers", "orders", "activities", "facts", "people", "teams"):
    import_app.command(_kind)(_import_command(_kind))


@import_app.command("undo")
def import_undo(
    batch: Annotated[int, typer.Argument(help="The import's number; see tierbot import list.")],
) -> None:
    """Take an import back."""
    from bot.services import imports

    with opened() as bot:
        report = imports.undo(bot.database, batch, clock=bot.clock, actor=_actor())
        out.print(
            f"Import {batch} is taken back: {report.removed:,} rows removed, {report.restored:,} restored."
        )


@import_app.command("list")
def import_list() -> None:
    """The latest imports."""
    from bot.services import imports

    with opened() as bot:
        rows = [
            [
                str(b.id),
                b.kind,
                b.file_name,
                f"{b.accepted:,}",
                f"{b.rejected:,}",
                b.status,
                f"{b.started_at:%Y-%m-%d %H:%M}",
            ]
            for b in imports.history(bot.database)
        ]
        out.print(_table(["number", "kind", "file", "accepted", "rejected", "status", "at (UTC)"], rows))


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None] | None]:
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


def _warm_up(bot: Tierbot) -> None:
    """Make one card before anybody can ask.

    What it imports, parses and compiles took over the 3 seconds that Slack waits for an answer on a busy machine.
    """
    import grading.explanation  # noqa: F401 - what the first card of an empty database will need
    from bot.services import lookup, present
    from db import customers

    with bot.database.read() as session:
        anybody = customers.anybody(session)
        if anybody is not None:
            actor = present.console_actor(bot.settings)
            card = lookup.card(session, bot.shelf, bot.rules, actor, anybody)
            bot.gateway.payload(card, bot.settings.language)


def _until_stopped() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _mapping(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        name, separator, column = pair.partition("=")
        if not separator or not name or not column:
            raise BadInput(N_("--map %(pair)s: write it as field=column."), pair=pair)
        columns[name.strip()] = column.strip()
    return columns


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(N_("%(text)s is not a date. Write it as 2026-03-31."), text=text) from None


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(N_("%(text)s is not a time. Write it as 2026-03-31T09:00+08:00."), text=text) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=settings_module.load().zone)
    return at


def _table(columns: list[str], rows: list[list[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*[_unmarked(cell) for cell in row])
    return table


def _unmarked(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
