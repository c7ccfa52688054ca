"""`import`: data in from CSV files, and back out."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.app import Tierbot, require_schema
from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    load_settings,
    named_actor,
    opened,
    print_json,
    print_records,
    print_table,
    progress_bar,
    reads_file,
    say,
)
from bot.cli.output import presentation, profile
from bot.cli.output.vocabulary import word
from bot.cli.tree import CliCommand, CliGroup
from bot.clock import SystemClock
from bot.errors import BadInput
from bot.services import imports
from bot.services.imports import KindOption
from bot.services.imports.profile import profile_file
from db import schema
from db.engine import file_of


def command_group() -> typer.Typer:
    """A command for each import kind, `profile`, `undo` and `list`."""
    options = {option.name: option for kind in imports.KINDS.values() for option in kind.options}
    group = typer.Typer(cls=CliGroup, no_args_is_help=True)
    for name in imports.KINDS:
        group.command(name, cls=CliCommand)(_import_command(name, list(options.values())))
    group.command("profile", cls=CliCommand)(reads_file(import_profile))
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
        currency: Annotated[str | None, typer.Option(help="ISO currency, where the file has none.")] = None,
        reading: imports.ImportOptions,
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
        forget_only: Annotated[
            list[str] | None,
            typer.Option(metavar="NAME", help="Of these, forget one option, finding or field."),
        ] = None,
        again: Annotated[
            list[str] | None,
            typer.Option(
                metavar="CODE", help="Take back a customer (code) or person (address) who was erased."
            ),
        ] = None,
        dry_run: Annotated[bool, typer.Option(help="Only show what would happen.")] = False,
        strict: Annotated[
            bool, typer.Option(help="Exit with 7 when any row was rejected, not only when all were.")
        ] = False,
        as_json: AsJson = False,
        **kind_options: Any,
    ) -> None:
        with opened() as bot:
            options = replace(
                reading,
                source=source,
                currency=currency,
                only=tuple(only or ()),
                skip=tuple(skip or ()),
                negative=tuple(negative or ()),
                forget=forget,
                forget_only=tuple(forget_only or ()),
                again=tuple(again or ()),
                dry_run=dry_run,
                timezone=bot.settings.timezone,
                firm_currency=bot.settings.currency,
                admins=bot.settings.admins,
                complaint_kinds=bot.settings.complaints,
                gift_rules=bot.settings.gifts,
                survey_scales=bot.settings.surveys,
                profile_fields=bot.settings.customer_profile,
                kind_options=kind_options,
            )
            with progress_bar(_("Importing %(kind)s", kind=word("import", kind))) as progress:
                report = imports.import_file(
                    bot.database,
                    kind=kind,
                    path=file,
                    clock=bot.clock,
                    actor=named_actor(bot),
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
    return acts(reads_file(bring_in))


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
    currency: Annotated[str | None, typer.Option(help="ISO currency, where the file has none.")] = None,
    reading: imports.ImportOptions,
    as_json: AsJson = False,
) -> None:
    """Say what a file is, and the command that imports it; nothing is stored."""
    loaded = load_settings()
    options = replace(
        reading,
        source=source,
        currency=currency,
        timezone=loaded.timezone,
        firm_currency=loaded.currency,
        complaint_kinds=loaded.complaints,
        gift_rules=loaded.gifts,
        survey_scales=loaded.surveys,
        profile_fields=loaded.customer_profile,
    )
    book = file_of(loaded.url)
    if book is not None and not book.exists():  # opening it would create its folder
        found = profile_file(None, path=file, clock=SystemClock(), options=options, kind=kind)
    else:
        with opened(check_schema=False) as bot:
            database = bot.database if _has_tables(bot) else None
            found = profile_file(database, path=file, clock=bot.clock, options=options, kind=kind)
    if as_json:
        print_json(profile.profile_json(found))
    else:
        say(*profile.profile_lines(found))
    if found.problem:
        sys.exit(BadInput.exit_code)


def _has_tables(bot: Tierbot) -> bool:
    """Whether the database has tables; those that are there must fit."""
    if schema.current(bot.database) is None:
        return False
    require_schema(bot.database)
    return True


@acts
def import_undo(
    batch: Annotated[int, typer.Argument(help="The import's number; see tierbot import list.")],
) -> None:
    """Take an import back."""
    with opened() as bot:
        report = imports.undo(
            bot.database, batch, clock=bot.clock, actor=named_actor(bot), admins=bot.settings.admins
        )
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
