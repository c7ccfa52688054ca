"""`import`: data in from CSV files, and back out."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.app import Tierbot, require_schema
from bot.cli.console import (
    Accepted,
    AsCsv,
    AsJson,
    Century,
    DateOrder,
    DecimalSign,
    Delimiter,
    Encoding,
    HeaderLine,
    Mapped,
    _,
    columns_of,
    opened,
    print_json,
    print_records,
    print_table,
    progress_bar,
    say,
    whoami,
)
from bot.cli.output import presentation, profile
from bot.cli.output.vocabulary import word
from bot.cli.tree import CliCommand, CliGroup
from bot.errors import BadInput
from bot.services import imports
from bot.services.imports import KindOption
from bot.services.imports.profile import profile_file
from db import schema


def command_group() -> typer.Typer:
    """A command for each import kind, `profile`, `undo` and `list`."""
    options = {option.name: option for kind in imports.KINDS.values() for option in kind.options}
    group = typer.Typer(cls=CliGroup, no_args_is_help=True)
    for name in imports.KINDS:
        group.command(name, cls=CliCommand)(_import_command(name, list(options.values())))
    group.command("profile", cls=CliCommand)(import_profile)
    group.command("undo", cls=CliCommand)(import_undo)
    group.command("list", cls=CliCommand)(import_list)
    return group


def _import_command(kind: str, options: list[KindOption]) -> Callable[..., None]:
    """The command of one kind; it has the options of all kinds."""

    def bring_in(
        *,
        file: Annotated[Path, typer.Argument(help="The CSV file.")],
        source: Annotated[
            str, typer.Option(help="Which system it comes from; keys are unique per source.")
        ] = "file",
        mapped: Mapped = None,
        currency: Annotated[str | None, typer.Option(help="ISO currency, where the file has none.")] = None,
        encoding: Encoding = None,
        delimiter: Delimiter = None,
        header_line: HeaderLine = None,
        date_order: DateOrder = None,
        century: Century = None,
        decimal: DecimalSign = None,
        accepted: Accepted = None,
        only: Annotated[
            list[str] | None,
            typer.Option(metavar="COLUMN=WORD,…", help="Only rows with one of these words count."),
        ] = None,
        skip: Annotated[
            list[str] | None,
            typer.Option(metavar="COLUMN=WORD,…", help="Rows with one of these words do not count."),
        ] = None,
        negative: Annotated[
            list[str] | None,
            typer.Option(
                metavar="COLUMN=WORD,…", help="Amounts of rows with one of these words are negative."
            ),
        ] = None,
        forget: Annotated[
            bool, typer.Option(help="Forget the columns and answers given for this source before.")
        ] = False,
        dry_run: Annotated[bool, typer.Option(help="Only show what would happen.")] = False,
        strict: Annotated[
            bool, typer.Option(help="Exit with 7 when any row was rejected, not only when all were.")
        ] = False,
        as_json: AsJson = False,
        **kind_options: Any,
    ) -> None:
        with opened() as bot:
            options = imports.ImportOptions(
                source=source,
                columns=columns_of(mapped or []),
                currency=currency,
                encoding=encoding,
                delimiter=delimiter,
                header_line=header_line,
                date_order=date_order,
                century=century,
                decimal=decimal,
                accepted=tuple(accepted or ()),
                only=tuple(only or ()),
                skip=tuple(skip or ()),
                negative=tuple(negative or ()),
                forget=forget,
                dry_run=dry_run,
                timezone=bot.settings.timezone,
                firm_currency=bot.settings.currency,
                kind_options=kind_options,
            )
            with progress_bar(_("Importing %(kind)s", kind=word("import", kind))) as progress:
                report = imports.import_file(
                    bot.database,
                    kind=kind,
                    path=file,
                    clock=bot.clock,
                    actor=whoami(),
                    options=options,
                    rejects_dir=bot.settings.data_dir / "rejects",
                    progress=progress,
                )
        if as_json:
            print_json(presentation.import_json(report))
        else:
            say(*presentation.import_lines(report))
        if report.rejected and (strict or not (report.accepted or dry_run)):
            sys.exit(7)

    bring_in.__doc__ = f"Bring in {kind} from a CSV file."
    bring_in.__signature__ = _with_options(bring_in, options)  # type: ignore[attr-defined]
    return bring_in


def _with_options(command: Callable[..., None], options: list[KindOption]) -> inspect.Signature:
    """The signature that typer reads, with these options before --dry-run."""
    signature = inspect.signature(command)
    common = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    place = [one.name for one in common].index("dry_run")
    special = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=option.default,
            annotation=Annotated[option.type, typer.Option(help=option.help, metavar=option.metavar)],
        )
        for option in options
    ]
    return signature.replace(parameters=[*common[:place], *special, *common[place:]])


def import_profile(
    file: Annotated[Path, typer.Argument(help="The CSV file.")],
    *,
    source: Annotated[str, typer.Option(help="Which system it comes from.")] = "file",
    kind: Annotated[str | None, typer.Option(help="What it is, where the guess is wrong.")] = None,
    mapped: Mapped = None,
    currency: Annotated[str | None, typer.Option(help="ISO currency, where the file has none.")] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    header_line: HeaderLine = None,
    date_order: DateOrder = None,
    century: Century = None,
    decimal: DecimalSign = None,
    accepted: Accepted = None,
    as_json: AsJson = False,
) -> None:
    """Say what a file is, and the command that imports it; nothing is stored."""
    with opened(check_schema=False) as bot:
        options = imports.ImportOptions(
            source=source,
            columns=columns_of(mapped or []),
            currency=currency,
            encoding=encoding,
            delimiter=delimiter,
            header_line=header_line,
            date_order=date_order,
            century=century,
            decimal=decimal,
            accepted=tuple(accepted or ()),
            timezone=bot.settings.timezone,
            firm_currency=bot.settings.currency,
        )
        database = bot.database if _is_there(bot) else None
        found = profile_file(database, path=file, clock=bot.clock, options=options, kind=kind)
    if as_json:
        print_json(profile.profile_json(found))
    else:
        say(*profile.profile_lines(found))
    if found.problem:
        sys.exit(BadInput.exit_code)


def _is_there(bot: Tierbot) -> bool:
    """Whether there is a database; one that is there must fit."""
    if bot.database.is_sqlite and not bot.database.file.exists():
        return False
    if schema.current(bot.database) is None:
        return False
    require_schema(bot.database)
    return True


def import_undo(
    batch: Annotated[int, typer.Argument(help="The import's number; see tierbot import list.")],
) -> None:
    """Take an import back."""
    with opened() as bot:
        report = imports.undo(bot.database, batch, clock=bot.clock, actor=whoami())
    say(
        _(
            "Import %(number)s is taken back. Rows removed: %(removed)s, restored: %(restored)s.",
            number=batch,
            removed=f"{report.removed:,}",
            restored=f"{report.restored:,}",
        )
    )


def import_list(as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """The latest imports."""
    with opened() as bot:
        found = imports.history(bot.database)
        if as_json or as_csv:
            print_records([one.model_dump() for one in found], as_csv)
            return
        rows = []
        for one in found:
            counts = f"{one.accepted:,}", f"{one.rejected:,}"
            at = f"{one.started_at:%Y-%m-%d %H:%M}"
            rows.append(
                [one.id, word("import", one.kind), one.file_name, *counts, word("import", one.status), at]
            )
        print_table(
            [_("number"), _("kind"), _("file"), _("accepted"), _("rejected"), _("status"), _("at (UTC)")],
            rows,
        )
